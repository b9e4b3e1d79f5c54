"""Times as people's programs write them, other than ISO 8601: spreadsheets, web servers, mails, Event Viewer."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

MAX_CHARS = 64
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_CLOCK = (
    r"(?P<half_before>午前|午後)?\s*(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp]\.?[Mm]\.?))?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?\]?"
)
_FORMS = tuple(
    re.compile(form + _CLOCK, re.ASCII)
    for form in (
        r"\[?(?P<year>\d{4})[/.-](?P<month>\d\d?)[/.-](?P<day>\d\d?)[T ,]+",
        r"\[?(?P<first>\d\d?)(?P<mark>[/.-])(?P<then>\d\d?)[/.-](?P<year>\d{4})[T ,]+",
        r"\[?(?:[A-Z][a-z]{2},? )?(?P<day>\d\d?)[ /-](?P<name>[A-Z][a-z]{2})[ /-](?P<year>\d{4})[: ]+",
        r"(?:[A-Z][a-z]{2},? )?(?P<name>[A-Z][a-z]{2}) +(?P<day>\d\d?),? (?P<year>\d{4})[ @,]+",
    )
)
_NOON = 12


def moment(text: str) -> tuple[datetime, int, bool] | None:
    """Give the time that a text names to the second, the nanoseconds beyond, and whether the text told its zone.

    A time without zone is given as if it were UTC. ``1/2/2026`` is read only when it can be told which is the month:
    by a number above 12, by AM or PM (the United States write the month first), by dots or dashes (day first).
    """
    if len(text) > MAX_CHARS:
        return None
    text = text.strip()
    found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    part = found.groupdict()
    half = (part["half"] or part["half_before"] or "").lower()
    day_and_month = _day_and_month(part, us=bool(part["half"]))
    if day_and_month is None:
        return None
    hour = int(part["hour"])
    if half:
        hour = hour % _NOON + (_NOON if half[0] in "p午" and half != "午前" else 0)
    day, month = day_and_month
    try:
        when = datetime(
            int(part["year"]), month, day, hour, int(part["minute"]), int(part["second"] or 0), tzinfo=UTC
        ) - _offset(part["zone"])
    except (ValueError, OverflowError):
        return None
    return when, int((part["fraction"] or "0").ljust(9, "0")), part["zone"] is not None


def _day_and_month(part: dict[str, str | None], *, us: bool) -> tuple[int, int] | None:
    if part.get("name"):
        month = _MONTHS.get(str(part["name"]).lower())
        return None if month is None else (int(part["day"] or 0), month)
    if part.get("month"):
        return int(part["day"] or 0), int(part["month"] or 0)
    first, then = int(part["first"] or 0), int(part["then"] or 0)
    if first > _NOON or part["mark"] != "/":
        return first, then
    return (then, first) if us or then > _NOON or first == then else None


def _offset(zone: str | None) -> timedelta:
    if not zone or zone[0] not in "+-":
        return timedelta()
    digits = zone[1:].replace(":", "")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -span if zone[0] == "-" else span
