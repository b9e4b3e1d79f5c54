"""Activity: when a series fell silent and came back, when it surged, and how sure that is.

A silence is judged by how long this series was ever silent while active. Gaps between active days are taken as a
renewal process with a heavy tail (Lomax), fitted to each source's own gaps and shrunk to what is usual, so that a
series seen now and then must be silent far longer than one seen daily. Days on which a source reported nothing at all,
of any series, are not silence: nobody looked. Sources that see one series multiply their odds, at a discount,
as they read one another.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

DAILY_HAZARD = 1.0 / 200.0
"""Chance a day that an active series stops. Source: botnets with public records paused about twice a year."""
TAIL = 3.0
"""Shape of the Lomax tail; smaller is heavier. Gaps of tracker notes of active families fit 2.5 to 4."""
USUAL_GAP_DAYS, USUAL_WEIGHT = 6.0, 4.0
"""Mean gap before anything is known, and how many gaps that counts for."""
OBSERVED_DAYS = 10
"""A source that reported nothing of anything for longer than this did not look."""
LEAST_DAYS = 20
"""Active days in the year before, below which a series is too thin to call silent."""
RECENT_DAYS = 365
QUIET_AT = 0.95
"""Probability from which a silence is called dormancy."""
LEAST_SILENCE_DAYS = 34
"""No silence of fewer days is called dormancy: two trackers agree on none that is shorter."""
SHARED = 0.5
"""How far the log-odds of each further source count."""
ALONE = -1.5
"""Log-odds when a single source knows the series: it may have lost interest where the series went on."""
SURGE_DAYS, BASE_DAYS, SURGE_ODDS = 7, 56, 6.9
"""A week is held against the eight weeks before; log-odds of a thousand to one raise an alarm."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A series silent between two active days."""

    after: date
    """Last active day before it."""
    until: date | None
    """First active day after it; None while it lasts."""
    days: int
    """Silent days, to the end of the record while it lasts."""
    watched_days: int
    """Of these, days on which the source with the longest record looked."""
    probability: float
    """That the series was dormant and not merely unseen."""
    called_at: date | None
    """Day on which the silence was long enough to be called dormancy."""
    returned_at: date | None
    """Day of the return alarm."""
    sources: tuple[tuple[str, float], ...]
    """(source, log-odds) of each that saw the series before."""

    @property
    def delay_days(self) -> int | None:
        """Days from the first activity to the return alarm."""
        return None if self.returned_at is None or self.until is None else (self.returned_at - self.until).days


@dataclass(frozen=True, slots=True)
class Surge:
    """A week with far more than the weeks before it."""

    at: date
    count: int
    expected: float
    odds: float
    """Log-odds (natural) of a tenfold rate against the usual one."""


Days = Mapping[str, Sequence[date]]
"""Active days by source; order and repeats do not matter."""


def silences(series: Days, watched: Days, end: date | None = None) -> tuple[Silence, ...]:
    """Find the dormancies of one series, in order of time.

    Args:
        series: its active days.
        watched: days on which each source reported anything at all.
        end: last day of the record; the last active day of any source where it is None.
    """
    active = {source: sorted(set(days)) for source, days in series.items() if days}
    looked = {source: sorted({*watched.get(source, ()), *active.get(source, ())}) for source in {*watched, *active}}
    all_days = sorted({day for days in active.values() for day in days})
    last = end or max((days[-1] for days in looked.values() if days), default=None)
    if not all_days or last is None:
        return ()
    found = []
    for place, after in enumerate(all_days):
        until = all_days[place + 1] if place + 1 < len(all_days) else None
        stop = until or last + timedelta(days=1)
        if (stop - after).days - 1 < LEAST_SILENCE_DAYS:
            continue
        called = _called(active, looked, after, stop)
        if called is None:
            continue
        odds, watched_days = _odds(active, looked, after, stop)
        total = _total(odds, (stop - after).days)
        found.append(
            Silence(
                after,
                until,
                (stop - after).days - 1,
                watched_days,
                _probability(total),
                called,
                until,
                tuple(sorted(odds.items(), key=lambda pair: (-pair[1], pair[0]))),
            )
        )
    return tuple(found)


def _called(active: Days, looked: Days, after: date, stop: date) -> date | None:
    """Give the first day on which a silence would have been called, on what was known by then."""
    low, high = LEAST_SILENCE_DAYS + 1, (stop - after).days

    def enough(length: int) -> bool:
        odds, _ = _odds(active, looked, after, after + timedelta(days=length))
        return bool(odds) and _probability(_total(odds, length)) >= QUIET_AT

    if not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return after + timedelta(days=low)


def _odds(active: Days, looked: Days, after: date, stop: date) -> tuple[dict[str, float], int]:
    """Give the log-odds for dormancy of each source that knew the series well, and the most days that one looked."""
    told, most = {}, 0
    for source, days in active.items():
        first = bisect_right(days, after - timedelta(days=RECENT_DAYS))
        recent = days[first : bisect_right(days, after)]
        if len(recent) < LEAST_DAYS:
            continue
        silent = watched_days(looked[source], recent[-1], stop)
        gaps = [watched_days(looked[source], one, two) for one, two in pairwise(recent)]
        mean = (sum(gaps) + USUAL_GAP_DAYS * USUAL_WEIGHT) / (len(gaps) + USUAL_WEIGHT)
        longest = max(gaps, default=0)
        scale = max(mean, longest / 4.0) * (TAIL - 1)
        told[source] = TAIL * math.log1p(silent / scale)
        most = max(most, silent)
    return told, most


def _total(odds: Mapping[str, float], days: int) -> float:
    """Add up sources, strongest first, each further one at a discount, and the prior."""
    prior = math.log(1.0 - math.exp(-DAILY_HAZARD * days)) + DAILY_HAZARD * days
    factor, total = 1.0, prior + (ALONE if len(odds) < 2 else 0.0)
    for value in sorted(odds.values(), reverse=True):
        total += value * factor
        factor *= SHARED
    return total


def watched_days(looked: Sequence[date], after: date, until: date) -> int:
    """Count the days between two on which a source looked: those within OBSERVED_DAYS after a report of its own."""
    some = [after, *looked[bisect_right(looked, after) : bisect_right(looked, until - timedelta(days=1))], until]
    return sum(min((two - one).days, OBSERVED_DAYS) for one, two in pairwise(some)) - 1


def _probability(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, score))))


def surges(counts: Mapping[date, int]) -> tuple[Surge, ...]:
    """Find the days on which a week's count became far larger than the eight weeks before it make likely.

    The usual rate has a gamma prior, so the count is negative binomial; a series with no record of eight weeks raises
    none. One alarm is given for a surge: the next can come only after the rate was usual again.
    """
    days = sorted(day for day, count in counts.items() if count > 0)
    found, quiet = [], True
    if not days:
        return ()
    for step in range((days[-1] - days[0]).days + 1):
        at = days[0] + timedelta(days=step)
        if step < BASE_DAYS + SURGE_DAYS:
            continue
        week = _sum(counts, days, at - timedelta(days=SURGE_DAYS), at)
        base = _sum(counts, days, at - timedelta(days=SURGE_DAYS + BASE_DAYS), at - timedelta(days=SURGE_DAYS))
        shape, rate = base + 0.5, BASE_DAYS / SURGE_DAYS
        odds = _negative_binomial(week, shape, rate / 10.0) - _negative_binomial(week, shape, rate)
        if odds >= SURGE_ODDS and quiet:
            found.append(Surge(at, week, shape / rate, odds))
        quiet = odds < 0
    return tuple(found)


def _sum(counts: Mapping[date, int], days: Sequence[date], after: date, until: date) -> int:
    return sum(counts[day] for day in days[bisect_right(days, after) : bisect_right(days, until)])


def _negative_binomial(count: int, shape: float, rate: float) -> float:
    """Give the log-probability of a count whose Poisson rate is gamma distributed."""
    chance = rate / (rate + 1.0)
    return (
        math.lgamma(count + shape)
        - math.lgamma(shape)
        - math.lgamma(count + 1)
        + shape * math.log(chance)
        + count * math.log(1.0 - chance)
    )


def merged(rows: Iterable[tuple[str, str, date]]) -> dict[str, dict[str, set[date]]]:
    """Give active days by series and source from (source, series, day); a source repeating itself adds nothing."""
    told: dict[str, dict[str, set[date]]] = {}
    for source, series, day in rows:
        told.setdefault(series, {}).setdefault(source, set()).add(day)
    return told
