"""The reference: what was reported of each actor before a day, counted so that one report can be added at a time."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import groupby

from sekisho.attribute.reports import mentions, repeats, reports, software_uses
from sekisho.model.attribution import Citation, Knowledge, Report


class Actor:
    """What is on record about one actor."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.counts: Counter[str] = Counter()
        """Item -> reports that have it."""
        self.parents: Counter[str] = Counter()
        """The same with sub-techniques counted for their technique."""
        self.total = 0
        self.beside: set[str] = set()
        """Software that one of its reports describes, whether or not it says who used it."""
        self.last: date | None = None

    def cited(self, item: str) -> tuple[Citation, ...]:
        """Give the reports that say this actor uses an item, newest first."""
        found = [Citation(one.url, one.date) for one in self.reports if item in one.items]
        return tuple(reversed(found))


class Reference:
    """Counts over all reports added so far."""

    def __init__(self, mentioned: Mapping[str, frozenset[str]]) -> None:
        """``mentioned``: the software each source describes (:func:`reports.mentions`)."""
        self.actors: dict[str, Actor] = {}
        self.counts: Counter[str] = Counter()
        self.parents: Counter[str] = Counter()
        self.total = 0
        self.reports = 0
        self.software: dict[str, set[str]] = defaultdict(set)
        """Software -> techniques that it is reported to use."""
        self.repeated: dict[tuple[str, str], str] = {}
        """(source, actor) -> the earlier source that it repeats; such reports are not counted."""
        self._mentioned = mentioned
        self._norms: dict[tuple[str, str], float] = {}

    def add(self, report: Report) -> None:
        """Count one more report."""
        actor = self.actors.setdefault(report.actor, Actor())
        actor.reports.append(report)
        actor.counts.update(report.items)
        actor.total += len(report.items)
        self.counts.update(report.items)
        self.total += len(report.items)
        self.reports += 1
        self._norms.clear()
        for item in report.items:
            actor.parents[parent(item)] += 1
            self.parents[parent(item)] += 1
            if is_software(item):
                actor.beside.add(item)
        actor.beside.update(self._mentioned.get(report.url, ()))
        if report.date is not None and (actor.last is None or report.date > actor.last):
            actor.last = report.date

    def share(self, item: str) -> float:
        """Give an item's share of everything reported, smoothed so that nothing has none."""
        return (self.counts[item] + 0.5) / (self.total + 0.5 * (len(self.counts) + 1))

    def parent_share(self, item: str) -> float:
        """Give the share of an item's technique with all its sub-techniques."""
        return (self.parents[parent(item)] + 0.5) / (self.total + 0.5 * (len(self.counts) + 1))

    def rarity(self, item: str) -> float:
        """Give the logarithm of one over the share of reports that have an item."""
        return math.log((self.reports + 1) / (self.counts[item] + 0.5))

    def norm(self, report: Report) -> float:
        """Give the length of a report's vector of rarities, kept until the next report is added."""
        key = report.url, report.actor
        if key not in self._norms:
            self._norms[key] = math.sqrt(sum(self.rarity(item) ** 2 for item in report.items))
        return self._norms[key]


def build(
    knowledge: Knowledge, before: date | None = None, *, without: Iterable[str] = (), once: bool = True
) -> Reference:
    """Count every report before a day.

    Args:
        knowledge: what is known.
        before: only reports of earlier days; undated ones are left out then, for nobody can tell.
        without: sources to leave out.
        once: leave out reports that repeat an earlier one.
    """
    left_out = set(without)
    made = Reference(mentions(knowledge))
    used = [
        one
        for one in reports(knowledge)
        if one.url not in left_out and (before is None or (one.date is not None and one.date < before))
    ]
    repeated = repeats(used) if once else {}
    for one in used:
        if (one.url, one.actor) not in repeated:
            made.add(one)
    made.repeated.update(repeated)
    for day, software, technique in software_uses(knowledge):
        if before is None or (day is not None and day < before):
            made.software[software].add(technique)
    return made


def replay(knowledge: Knowledge) -> Iterable[tuple[Reference, tuple[Report, ...]]]:
    """Give each day's reports with the reference of the days before it; undated reports never occur."""
    made = Reference(mentions(knowledge))
    dated = [(one.date, one) for one in reports(knowledge) if one.date is not None]
    software = [one for one in software_uses(knowledge) if one[0] is not None]
    at = 0
    for day, group in groupby(dated, key=lambda pair: pair[0]):
        while at < len(software) and (software[at][0] or day) < day:
            made.software[software[at][1]].add(software[at][2])
            at += 1
        todays = tuple(one for _, one in group)
        yield made, todays
        for one in todays:
            made.add(one)


def parent(item: str) -> str:
    """Give a sub-technique's technique, anything else as it is."""
    return item.partition(".")[0]


def is_software(item: str) -> bool:
    """Tell software from techniques by its id. Source: ATT&CK's ids, ``S`` for software and ``T`` for techniques."""
    return item.startswith("S")
