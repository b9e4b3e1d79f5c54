"""``sekisho advisory``: one incident of a result as a notice, a sheet for experts, or a letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sekisho.app.exchange.export import Wish, chosen
from sekisho.model.errors import SekishoError
from sekisho.model.finding import Finding
from sekisho.model.result import Result
from sekisho.respond import advisory
from sekisho.respond._discreet import Hide, hider, keep
from sekisho.respond._page import Page, html, markdown
from sekisho.respond.observed import discreet, pick
from sekisho.respond.wording import Words


@dataclass(frozen=True, slots=True)
class Asked:
    """What kind of notice."""

    reader: str
    """One of ``respond.advisory.READERS``."""
    form: str = "md"
    """md html pdf."""
    issuer: str = ""
    contact: str = ""
    partner: str = ""
    addressee: str = ""
    day: str = ""
    """ISO date; today where empty."""
    zone: str = "UTC"


def write(result: Result, wish: Wish, asked: Asked) -> tuple[bytes, list[str]]:
    """Give a notice of the gravest chosen incident, and what else the user should know.

    Raises:
        SekishoError: there is no incident, no such partner, or a date or zone that is none.
    """
    incidents = chosen(result, wish.incidents)
    if not incidents:
        raise SekishoError("the result holds no incident to tell of")
    incident = incidents[0]
    words = words_of(wish, asked, result.findings)
    picked = pick(result, (incident,), wish.own, exercise=wish.exercise)
    named = wish.internal or asked.reader == "mail-admin"
    letter = letter_of(wish, asked, keep if named else hider((incident,)))
    facts = advisory.gather(result, incident, discreet(picked, letter.hide))
    page = advisory.page(facts, asked.reader, words, letter)
    notes = []
    if asked.reader == "partner" and not asked.partner and len(advisory.partners(facts)) > 1:
        notes.append(words.get("advisory.others", names=", ".join(list(advisory.partners(facts))[1:])))
    return written(page, asked.form), notes


def words_of(wish: Wish, asked: Asked, findings: Sequence[Finding] = ()) -> Words:
    """Give the words of a notice.

    Raises:
        SekishoError: there is no such zone.
    """
    return Words(wish.language, findings, _zone(asked.zone))


def letter_of(wish: Wish, asked: Asked, hide: Hide) -> advisory.Letter:
    """Give who tells it to whom, and when.

    Raises:
        SekishoError: a date or zone that is none.
    """
    day = _day(asked.day, wish, asked.zone)
    return advisory.Letter(day, asked.issuer, asked.contact, asked.partner, asked.addressee, wish.tlp, hide)


def written(page: Page, form: str) -> bytes:
    """Give a page as ``md``, ``html`` or ``pdf``."""
    if form == "pdf":
        from sekisho.respond._pdf import pdf

        return pdf(page)
    return (html if form == "html" else markdown)(page).encode("utf-8", "backslashreplace")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SekishoError(f"--timezone {name}: no such zone; use a name such as Asia/Tokyo") from error


def _day(text: str, wish: Wish, zone: str) -> date:
    if not text:
        return datetime.fromtimestamp(wish.now_ns // 1_000_000_000, _zone(zone)).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SekishoError(f"--date {text}: write YYYY-MM-DD") from error
