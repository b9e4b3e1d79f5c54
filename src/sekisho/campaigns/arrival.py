"""Arrival: an early warning, per family, that what runs elsewhere has reached a country.

Each day brings, per family, how many of the things seen (sender domains, recipients, detections) were of the country.
The share of the last two weeks is held against the background, which is estimated on an earlier time only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

WINDOW_DAYS = 14
PRIOR = math.log(1.0 / 200.0)
"""Log-odds on any day that a family has just arrived: about twice a year."""
RETURNED, RETURNED_DAYS = math.log(1.0 / 10.0), 180
"""The same for a family that came back elsewhere so many days ago at most: what surges spreads.

Source: the founding reports on Emotet 2019 and IcedID 2021, which reached Japan within months.
"""
ALARM_AT = 2 / 3
"""Two to one: a warning that is wrong one time in three costs less than one that comes a week late."""
LEAST_HITS, LEAST_HIT_DAYS = 3, 2
"""One mail, or one report, is no arrival."""
SPREAD = 20.0
"""Sightings that a family's own background counts for beside the one of all families."""
CLUMP = 1.5
"""How much hits come in clumps: log-odds are divided by it, as mails of one wave are not independent."""
SMALLEST = 0.0005
"""Background share that is assumed at least, in whatever time nothing was seen."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one day of one family showed."""

    day: date
    family: str
    hits: int
    """Of the country."""
    total: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A warning, and what it rests on."""

    family: str
    at: date
    probability: float
    odds: float
    """Log-odds (natural), prior included."""
    hits: int
    total: int
    """Of the window that raised it."""
    background: float
    """Share expected."""
    first_hit: date
    """First of the hits in the window."""
    peak: date | None
    """Day around which most hits were seen later; None when the alarm day is the peak."""
    peak_hits: int

    @property
    def lead_days(self) -> int:
        """Days from the alarm to the peak."""
        return 0 if self.peak is None else (self.peak - self.at).days


def background(samples: Iterable[Sample], before: date) -> dict[str, float]:
    """Give the share expected of each family, and of any other under the empty name, from the time before a day."""
    hits: dict[str, int] = {}
    totals: dict[str, int] = {}
    for one in samples:
        if one.day < before:
            for name in (one.family, ""):
                hits[name] = hits.get(name, 0) + one.hits
                totals[name] = totals.get(name, 0) + one.total
    pooled = max(SMALLEST, (hits.get("", 0) + 0.5) / (totals.get("", 0) + 1.0)) if totals else 0.01
    told = {name: max(SMALLEST, (hits[name] + pooled * SPREAD) / (totals[name] + SPREAD)) for name in totals if name}
    return {**told, "": pooled}


def arrivals(samples: Iterable[Sample], since: date, returns: Mapping[str, date] | None = None) -> tuple[Arrival, ...]:
    """Give the first warning of each family from a day on, in order of time; the background is what came before it.

    ``returns`` tells when a family came back in the world after a silence, where it did.
    """
    rows = sorted(samples, key=lambda one: (one.day, one.family, one.hits, one.total))
    expected = background(rows, since)
    back = returns or {}
    families = sorted({one.family for one in rows})
    found = [
        warning
        for family in families
        if (
            warning := _first(
                [one for one in rows if one.family == family],
                expected.get(family, expected[""]),
                since,
                back.get(family),
            )
        )
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.family)))


def _first(rows: list[Sample], share: float, since: date, returned: date | None) -> Arrival | None:
    for at in sorted({one.day for one in rows if one.day >= since}):
        window = [one for one in rows if max(since, at - timedelta(days=WINDOW_DAYS - 1)) <= one.day <= at]
        hits, total = sum(one.hits for one in window), sum(one.total for one in window)
        hit_days = sorted(one.day for one in window if one.hits)
        if hits < LEAST_HITS or len(set(hit_days)) < LEAST_HIT_DAYS:
            continue
        recent = returned is not None and 0 <= (at - returned).days <= RETURNED_DAYS
        odds = (RETURNED if recent else PRIOR) + _evidence(hits, total, share) / CLUMP
        probability = 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, odds))))
        if probability >= ALARM_AT:
            peak, most = _peak(rows, at)
            return Arrival(rows[0].family, at, probability, odds, hits, total, share, hit_days[0], peak, most)
    return None


def _evidence(hits: int, total: int, share: float) -> float:
    """Give the log Bayes factor of an unknown larger share against the background's (beta prior 1, 4)."""
    missed = max(0, total - hits)
    beta = math.lgamma(1 + hits) + math.lgamma(4 + missed) - math.lgamma(5 + hits + missed)
    prior = math.lgamma(1) + math.lgamma(4) - math.lgamma(5)
    if hits <= share * total:
        return min(0.0, beta - prior - hits * math.log(share) - missed * math.log1p(-share))
    return beta - prior - hits * math.log(share) - missed * math.log1p(-share)


def _peak(rows: list[Sample], at: date) -> tuple[date | None, int]:
    """Give the middle of the week with most hits from the alarm on."""
    weeks: dict[date, int] = {}
    for one in rows:
        if one.day > at and one.hits:
            start = one.day - timedelta(days=one.day.weekday())
            weeks[start] = weeks.get(start, 0) + one.hits
    if not weeks:
        return None, 0
    best = min(weeks, key=lambda day: (-weeks[day], day))
    return max(best + timedelta(days=3), at), weeks[best]
