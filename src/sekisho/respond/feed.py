"""Block lists that gateways and firewalls read: one value a line, and the same as CSV with who blocked it and when."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO

from sekisho.model.indicator import canonical
from sekisho.respond.blocklist import STARTS_FORMULA

KINDS = ("ip", "domain", "url", "sha256")
LONGEST = 2_000  # characters of one line. Source: gateways cut or refuse longer URLs; RFC 9110, 4.1 asks for 8000
COLUMNS = ("type", "value", "since", "until", "by", "action", "reason")


@dataclass(frozen=True, slots=True)
class Blocked:
    """One blocked value."""

    kind: str
    """One of KINDS."""
    value: str
    since_at: int
    """Seconds UTC."""
    until_at: int | None
    by: str
    action: str
    reason: str


def listable(kind: str, value: str) -> str | None:
    """Give a value as it can stand on a line of a list; None when it cannot.

    A value comes from a mail: one that holds a line break or a blank would become another entry.
    """
    if kind not in KINDS:
        return None
    kept = canonical(kind, value)
    if kept is None or len(kept) > LONGEST or not kept.isprintable() or any(char.isspace() for char in kept):
        return None
    return kept if kept.isascii() or kind == "url" else None


def lines(blocked: Iterable[Blocked]) -> bytes:
    """Give a list's values, one a line."""
    values = sorted({one.value for one in blocked if listable(one.kind, one.value) == one.value})
    return "".join(f"{value}\n" for value in values).encode()


def table(blocked: Iterable[Blocked]) -> bytes:
    """Give a list as CSV; what a spreadsheet would calculate is quoted."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in blocked:
        until = _moment(one.until_at) if one.until_at else ""
        cells = (one.kind, one.value, _moment(one.since_at), until, one.by, one.action, one.reason)
        writer.writerow([f"'{cell}" if cell.startswith(STARTS_FORMULA) else cell for cell in cells])
    return out.getvalue().encode("utf-8", "backslashreplace")


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
