"""Times of logs that leave out the year: found by the order of the lines and by when the file was last written.

Syslog's own format has no year (RFC 3164, 4.1.2). The newest line of a log is not later than the file's last change,
and a log is written in order: its year turns where December is followed by January. A file that jumps about in the
calendar is no chronicle; there, each line gets the latest year that does not put it after the last change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

SECOND_NS = 10**9
DAY_S = 86_400
SLACK_S = 26 * 3600
"""A clock's local time may be this much ahead of UTC: fourteen hours of zone, and half a day of a clock gone wrong."""
TURN_DAYS = 300
"""A jump this far back in the calendar is the turn of the year."""
DISORDER_DAYS = 7
"""Lines of several hosts come late by minutes, not by days; a jump back between the two is disorder."""
MAX_TURNS = 30
LOOKED_AT = 100
"""Lines of a stretch of a file that tell whether its times leave out the year."""
MONTHS = {name: n for n, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_DATE = re.compile(
    rb"^[^\n]{0,120}?\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(\d{1,2}) \d\d:\d\d:", re.MULTILINE
)
MAX_DAYS = 4_096
"""Remembered days."""
_REST = re.compile(r"(?:[.,](\d{1,9}))? ?(Z|[+-]\d\d:?\d\d)?")
_GZIP_TIME_AT = 4
_EPOCH = date(1970, 1, 1).toordinal()
_LEAP = 2024  # a year in which every day that a line may name exists


class Order(NamedTuple):
    """How the lines of a file follow one another in the calendar."""

    turns: int
    """How often the year turns; -1 where the file is no chronicle."""
    last: tuple[int, int]
    """Month and day of the newest line."""


def written_at(path: Path, file: BinaryIO) -> float:
    """Give when a file was last written, in seconds since 1970: of a gzip file what it says of its contents.

    Source: RFC 1952, 2.3.1 (MTIME, zero where unknown).
    """
    place = file.tell()
    file.seek(0)
    head = file.read(8)
    file.seek(place)
    if head[:2] == b"\x1f\x8b" and (inside := int.from_bytes(head[_GZIP_TIME_AT:8], "little")):
        return float(inside)
    return path.stat().st_mtime


def scan(parts: Iterable[bytes]) -> Order:
    """Look through a file for the dates of its lines."""
    turns, disorder = 0, False
    before: tuple[bytes, bytes] | None = None
    place, newest = 0, (1, 1)
    held = b""
    for part in parts:
        block = held + part
        cut = block.rfind(b"\n") + 1
        held = block[cut:][:65_536]
        if not any(map(_DATE.match, block.split(b"\n", LOOKED_AT)[:LOOKED_AT])):
            continue  # every time has its year
        for found in _DATE.findall(block[:cut] or block):
            if found == before:
                continue
            before = found
            month, day = MONTHS[found[0].decode()], int(found[1])
            if not 1 <= day <= 31:
                continue
            here = month * 31 + day
            if place and here < place - DISORDER_DAYS:
                if place - here >= TURN_DAYS:
                    turns += 1
                else:
                    disorder = True
            elif place and here > place + TURN_DAYS:
                continue  # a late line of the year before
            elif place and here < place:
                continue
            place, newest = here, (month, day)
    return Order(-1 if disorder or turns > MAX_TURNS else turns, newest)


class Years:
    """Gives the years of one file, line by line and in order."""

    def __init__(self, order: Order, written_at_s: float) -> None:
        """``written_at_s``: when the file was last written, in seconds since 1970, UTC."""
        self._limit_ns = int((written_at_s + SLACK_S) * SECOND_NS)
        self._latest = datetime.fromtimestamp(max(0.0, min(written_at_s + SLACK_S, 2**34)), UTC).year
        self._days: dict[tuple[str, str], int | None] = {}
        self._ordered = order.turns >= 0
        self._year = self._newest_year(order.last) - max(order.turns, 0)
        self._place = self._month = 0

    def ns(
        self, month: str, day: str, hour: str, minute: str, second: str, fraction: str | None, year: str | None
    ) -> int | None:
        """Give a time in nanoseconds since 1970 as if it were UTC; None where there is no such time."""
        key = (month, day)
        start = self._days.get(key, 0) if year is None else _day_ns(int(year), MONTHS[month], int(day))
        if start == 0:
            start = self._days[key] = self._start(month, day)
        if start is None:
            return None
        within = (int(hour) * 3600 + int(minute) * 60 + int(second)) * SECOND_NS
        return start + within + (int(fraction.ljust(9, "0")) if fraction else 0)

    def _start(self, month: str, day: str) -> int | None:
        """Give the day that a line names; asked once for each run of lines of one day."""
        number, of_month = MONTHS[month], int(day)
        if not self._ordered:
            return self._not_after(number, of_month)
        if number != self._month:
            self._month = number
            self._days.clear()  # the same day may come again in another year
        here = number * 31 + of_month
        year = self._year
        if self._place and here < self._place - TURN_DAYS:
            self._year = year = year + 1
        elif self._place and here > self._place + TURN_DAYS:
            return _day_ns(year - 1, number, of_month)
        self._place = here
        return _day_ns(year, number, of_month)

    def _newest_year(self, last: tuple[int, int]) -> int:
        start = self._not_after(*last)
        return self._latest if start is None else (date.fromordinal(start // (DAY_S * SECOND_NS) + _EPOCH)).year

    def _not_after(self, month: int, day: int) -> int | None:
        """Give the latest such day that does not begin after the file was last written."""
        for year in range(self._latest, self._latest - 9, -1):  # 29 February comes at least every eight years
            start = _day_ns(year, month, day)
            if start is not None and start <= self._limit_ns:
                return start
        return None


def _day_ns(year: int, month: int, day: int) -> int | None:
    try:
        return (date(year, month, day).toordinal() - _EPOCH) * DAY_S * SECOND_NS
    except ValueError:
        return None


class IsoTimes:
    """Reads ISO times; days and zones are looked up, because a log has many lines of one day."""

    def __init__(self) -> None:
        self._days: dict[str, int | None] = {}
        self._zones: dict[str, int] = {}

    def ns(self, text: str) -> tuple[int | None, bool]:
        """Give a time in nanoseconds since 1970, and whether it carried its zone.

        Without zone it is given as if it were UTC; None where there is no such time. ``text`` must look like
        ``2024-05-01T10:00:00``, with a fraction, with ``Z`` or ``+09:00``, and perhaps a blank before that.
        """
        day = text[:10]
        start = self._days.get(day, -1)
        if start == -1:
            if len(self._days) >= MAX_DAYS:
                self._days.clear()
            start = self._days[day] = _day_ns(int(day[:4]), int(day[5:7]), int(day[8:]))
        if start is None:
            return None, True
        ns = start + (int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])) * SECOND_NS
        rest = text[19:]
        if not rest:
            return ns, False
        found = _REST.fullmatch(rest)
        if found is None:
            return ns, False
        if found[1]:
            ns += int(found[1].ljust(9, "0"))
        zone = found[2]
        if not zone:
            return ns, False
        offset = self._zones.get(zone)
        if offset is None:
            digits = zone[1:].replace(":", "")
            offset = 0 if zone == "Z" else (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * SECOND_NS
            offset = self._zones[zone] = -offset if zone[0] == "-" else offset
        return ns - offset, True
