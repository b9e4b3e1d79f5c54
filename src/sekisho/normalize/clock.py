"""Times of log records: text or numbers to UTC nanoseconds, and local times whose zone must be found out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sekisho.normalize._clock_texts import moment

SECOND_NS = 10**9
QUARTER_NS = 15 * 60 * SECOND_NS
"""Every zone in use is a multiple of this away from UTC. Source: IANA time zone database."""
MAX_DELAY_NS = 120 * SECOND_NS
"""A log writer that lags more than this does not tell the zone."""
MAX_ZONE_NS = 14 * 3600 * SECOND_NS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # differences of naive times only
_FRACTION = re.compile(r"\.(\d{7,9})")
_MICROSOFT_JSON = re.compile(r"/Date\((-?\d{1,17})[^)]*\)/")
_NUMERAL = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)
_SECONDS_DIGITS = 11
"""Longer numerals are milliseconds and finer: their fractions are below what other logs tell."""
_MICROSECONDS = 6
_LONGEST_MICRO = len("2022-04-25T10:00:00.000000Z")


def parse(value: Any) -> tuple[int | None, bool]:
    """Give a time in nanoseconds since 1970, and whether it carried its zone.

    Takes ISO 8601 text, ``/Date(ms)/``, what :mod:`sekisho.normalize._clock_texts` reads, and numbers of seconds,
    milli-, micro- or nanoseconds, told by their size, also as text.
    A time without zone is given as if it were UTC. None for anything else.
    """
    if type(value) is str:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return _odd_text(value)
        if moment.tzinfo is None:
            span, known = moment - _NAIVE_EPOCH, False
        else:
            span, known = moment - _EPOCH, True
        ns = (span.days * 86_400 + span.seconds) * SECOND_NS + span.microseconds * 1_000
        if len(value) > _LONGEST_MICRO:
            ns += _beyond_micro(value)
        # 1612111210123 reads as a day in 1612.
        return (_number(int(value)), True) if ns < 0 and value.isdecimal() else (ns, known)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value), True
    return None, True


def _beyond_micro(text: str) -> int:
    """Give the nanoseconds that datetime cannot hold."""
    found = _FRACTION.search(text)
    return int(found[1][_MICROSECONDS:].ljust(3, "0")) if found else 0


def _odd_text(text: str) -> tuple[int | None, bool]:
    if _NUMERAL.fullmatch(text):
        whole, _, fraction = text.partition(".")
        beyond_ns = int(fraction.ljust(9, "0")) if len(whole) <= _SECONDS_DIGITS else 0
        number = _number(int(whole))
        return None if number is None else number + beyond_ns, True
    found = _MICROSOFT_JSON.match(text)
    if found:
        return int(found[1]) * 1_000_000, True
    named = moment(text)
    if named is None:
        return None, True
    when, beyond_ns, known = named
    return int((when - _EPOCH).total_seconds()) * SECOND_NS + beyond_ns, known


def _number(value: float) -> int | None:
    """Scale by size: seconds reach 1e11 only in the year 5138."""
    if not abs(value) < 1e19:  # also refuses nan
        return None
    for limit, scale in ((1e11, SECOND_NS), (1e14, 1_000_000), (1e17, 1_000)):
        if abs(value) < limit:
            return round(value * scale) if isinstance(value, float) else value * scale
    return int(value)


class Zones:
    """Offsets of local clocks, learned from records that carry both a local time and UTC."""

    def __init__(self) -> None:
        self._offsets: dict[str, int] = {}
        self._last: int | None = None

    def learn(self, host: str, local_ns: int, utc_ns: int) -> None:
        """Note what a host's clock reads at a moment that is known in UTC, give or take a short delay."""
        known = self._offsets.get(host)
        if known is not None and -MAX_DELAY_NS <= local_ns - utc_ns - known <= MAX_DELAY_NS:
            return
        offset = round((local_ns - utc_ns) / QUARTER_NS) * QUARTER_NS
        if abs(local_ns - utc_ns - offset) <= MAX_DELAY_NS and abs(offset) <= MAX_ZONE_NS:
            self._last = offset
            if host in self._offsets or len(self._offsets) < 10_000:
                self._offsets[host] = offset

    def known(self, host: str) -> bool:
        """Tell whether this host's own offset was seen."""
        return host in self._offsets

    def utc(self, host: str, local_ns: int) -> int:
        """Give a local time as UTC: by the host's own offset, else the last one seen in the file, else as it is."""
        offset = self._offsets.get(host, self._last)
        return local_ns - (offset or 0)
