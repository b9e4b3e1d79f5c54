"""Block lists as CSV: only what is strong enough to block, one value a row."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from sekisho.model.indicator import Indicator
from sekisho.respond.document import moment
from sekisho.respond.observed import LeftOut, Observed
from sekisho.respond.wording import Words

COLUMNS = ("type", "value", "role", "confidence", "first_seen", "last_seen", "evidence")
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet calculate a cell. Source: OWASP, "CSV Injection"."""


def rows(observed: Sequence[Observed], words: Words) -> bytes:
    """Give the list as UTF-8 CSV with a line of names; empty but for that where there is nothing to block."""
    lines = [
        (
            one.kind,
            one.value,
            words.word("observed", one.role),
            str(one.confidence),
            moment(one.first_ns) or "",
            moment(one.last_ns) or "",
            " ".join(one.evidence[:5]),
        )
        for one in observed
        if one.strong
    ]
    return _csv([COLUMNS, *lines])


def left_out(found: Sequence[LeftOut], words: Words) -> list[str]:
    """Give a line for each value that is not exported, with its reason."""
    return [words.get("export.left_out", value=one.value, why=words.word("left_out", one.reason)) for one in found]


def of_indicators(found: Sequence[Indicator]) -> bytes:
    """Give stored indicators as CSV in the columns that importing reads."""
    names = ("type", "value", "confidence", "first_seen", "last_seen", "valid_until", "source", "description")
    lines = [
        (
            one.kind,
            one.value,
            str(one.confidence),
            *(moment(at * 1_000_000_000) or "" if at is not None else "" for at in _times(one)),
            one.source,
            one.note,
        )
        for one in found
    ]
    return _csv([names, *lines])


def _times(one: Indicator) -> tuple[int | None, ...]:
    return one.first_at, one.last_at, one.until_at


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for line in lines:
        writer.writerow([f"'{cell}" if cell.startswith(STARTS_FORMULA) else cell for cell in line])
    return out.getvalue().encode("utf-8", "backslashreplace")
