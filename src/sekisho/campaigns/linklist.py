"""Lists of phishing links: a CSV of when, which link and which brand it imitates, each row read as one sighting.

Source: JPCERT/CC, phishurl-list (columns ``date``, ``URL``, ``description``). The list names no time zone; nearly all
rows of 2019 to 2022 lie between 8 and 19 o'clock, so they are taken as Japan's office hours.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sekisho.campaigns.traits import Evidence, traits
from sekisho.model.campaign import Sighting
from sekisho.model.ids import stable_id
from sekisho.model.urltext import refang

HEAD = ("date", "url", "description")
ROWS = 200_000
"""Of one list; four years of JPCERT/CC's are 108,000."""
LINE_CHARS, BRAND_CHARS, TITLE_CHARS = 8_000, 80, 300
JAPAN = timezone(timedelta(hours=9))


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that is no sighting."""

    row: int
    """Line in the file, from 1."""
    reason: str


def recognise(head: str) -> bool:
    """Tell whether a text begins with the columns of such a list."""
    first = head.removeprefix("\ufeff").partition("\n")[0]
    return tuple(one.strip().lower() for one in first.split(",")) == HEAD


def read(text: str, name: str) -> Iterator[Sighting | Unread]:
    """Give a sighting for each row, or why it is none; a list cut short by ROWS ends with the latter."""
    for row, line in enumerate(text.splitlines(), 1):
        if row == 1 or not line.strip():
            continue
        if row > ROWS:
            yield Unread(row, f"more than {ROWS} rows")
            return
        yield _sighting(line, row, name)


def _sighting(line: str, row: int, name: str) -> Sighting | Unread:
    if len(line) > LINE_CHARS:
        return Unread(row, f"longer than {LINE_CHARS} characters")
    try:
        cells = next(csv.reader([line]), [])
    except csv.Error as error:
        return Unread(row, str(error))
    if len(cells) != len(HEAD):
        return Unread(row, f"{len(cells)} columns")
    when, link, brand = (one.strip() for one in cells)
    brand = brand[:BRAND_CHARS]
    found = traits(Evidence(urls=(refang(link),), brand=brand.lower()))
    if not any(trait.kind.startswith("url.") for trait in found):
        return Unread(row, "no link")
    key = stable_id("s", "link", link, when)
    return Sighting(key, "report", _seconds(when), link[:TITLE_CHARS], f"{name}:{row}", found, brand=brand)


def _seconds(text: str) -> int | None:
    """Give UTC seconds of a day with or without its time; None for anything else."""
    for shape in ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y-%m-%d"):
        try:
            return int(datetime.strptime(text, shape).replace(tzinfo=JAPAN).timestamp())
        except (ValueError, OverflowError):
            continue
    return None
