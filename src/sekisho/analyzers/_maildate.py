"""Dates of mail headers as aware UTC times, in every spelling that mail programs have sent.

Source: RFC 5322 3.3 and 4.3 (obsolete zones), RFC 850 and asctime spellings, ISO 8601.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_CLOCK = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{1,2})(?:[:.](?P<second>\d{1,2}))?(?:[.,]\d{1,9})?\s*(?P<half>[AaPp][Mm])?"
_ZONE = r"\s*(?P<zone>(?:GMT|UTC)?[+-]\d{1,2}:?\d{2}|[A-Za-z]{1,5}\b)?"
_PATTERNS = (
    re.compile(
        rf"(?P<day>\d{{1,2}})[\s-]+(?P<month>[A-Za-z]{{3}})[a-z]*\.?,?[\s-]+(?P<year>\d{{2,4}}),?\s+{_CLOCK}{_ZONE}"
    ),
    re.compile(rf"(?P<year>\d{{4}})[-/.年]\s?(?P<month>\d{{1,2}})[-/.月]\s?(?P<day>\d{{1,2}})日?[T\s]*{_CLOCK}{_ZONE}"),
    re.compile(
        rf"(?P<month>[A-Za-z]{{3}})[a-z]*\.?\s+(?P<day>\d{{1,2}}),?\s+"
        rf"(?:{_CLOCK.replace('P<', 'P<a')}{_ZONE.replace('P<', 'P<a')}\s+)?"
        rf"(?P<year>\d{{4}})(?:,?\s+{_CLOCK})?{_ZONE}"
    ),
    re.compile(rf"(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>\d{{2,4}}),?\s+{_CLOCK}{_ZONE}"),
)
_ZONES = {
    **{"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "jst": 9, "kst": 9},
    **{"cet": 1, "cest": 2, "met": 1, "mest": 2, "eet": 2, "eest": 3, "bst": 1, "msk": 3, "msd": 4, "hkt": 8, "sgt": 8},
    **{"aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "ist": 5.5, "hst": -10, "akst": -9, "akdt": -8, "brt": -3},
}
DATE_CHARS = 200
"""Characters of a field that are looked at."""


def utc(text: str) -> str:
    """Give ``2022-04-25T01:02:03Z`` for the date in a text, empty when there is none; without a zone it is UTC."""
    for pattern in _PATTERNS:
        match = pattern.search(text[:DATE_CHARS])
        if match and (stamp := _stamp({key: value for key, value in match.groupdict().items() if value})):
            return stamp
    return ""


def _stamp(parts: dict[str, str]) -> str:
    parts = {key.removeprefix("a") if key.startswith("a") else key: value for key, value in parts.items()}
    month = int(parts["month"]) if parts["month"].isdigit() else _MONTHS.get(parts["month"].lower(), 0)
    if "hour" not in parts:
        return ""
    year, hour = int(parts["year"]), int(parts["hour"])
    if year < 100:
        year += 2000 if year < 70 else 1900
    elif year < 1000:
        year += 1900  # RFC 5322 4.3
    half = parts.get("half", "").lower()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    second = min(int(parts.get("second", "0")), 59)
    try:
        local = datetime(year, month, int(parts["day"]), hour, int(parts["minute"]), second, tzinfo=UTC)
        return (local - _offset(parts.get("zone", ""))).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return ""


def _offset(zone: str) -> timedelta:
    if match := re.search(r"([+-])(\d{1,2}):?(\d{2})$", zone):
        away = timedelta(hours=int(match[2]), minutes=int(match[3]))
        if away >= timedelta(hours=24):
            return timedelta()
        return -away if match[1] == "-" else away
    return timedelta(hours=_ZONES.get(zone.lower(), 0))
