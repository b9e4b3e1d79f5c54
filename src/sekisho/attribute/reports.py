"""Reports: the uses of a knowledge base, put together by the source that says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sekisho.model.attribution import Knowledge, Report

ALIKE, COMPARED = 0.8, 5
"""A report repeats an earlier one of the same actor from this share of common items on, if both have so many. Source:
own setting; two independent reports of one intrusion rarely agree in four of five techniques."""


def reports(knowledge: Knowledge) -> tuple[Report, ...]:
    """Give one report for each source and actor, oldest first, undated ones before all.

    A campaign's uses count for the actor it is attributed to; campaigns without one are left out. A source with
    several dates has the first of them.
    """
    items: dict[tuple[str, str], set[str]] = defaultdict(set)
    dates: dict[str, date] = {}
    for use in knowledge.uses:
        actor = knowledge.campaigns.get(use.source, use.source)
        for citation in use.citations:
            if citation.date is not None:
                dates[citation.url] = min(dates.get(citation.url, citation.date), citation.date)
            if kind(knowledge, actor) == "actor":
                items[citation.url, actor].add(use.target)
    made = [Report(url, dates.get(url), actor, tuple(sorted(found))) for (url, actor), found in items.items()]
    return tuple(sorted(made, key=lambda one: (one.date or date.min, one.url, one.actor)))


def software_uses(knowledge: Knowledge) -> tuple[tuple[date | None, str, str], ...]:
    """Give (day first reported, software, technique), undated ones first."""
    found: list[tuple[date | None, str, str]] = []
    for use in knowledge.uses:
        if kind(knowledge, use.source) in ("malware", "tool") and kind(knowledge, use.target) == "technique":
            days = [one.date for one in use.citations if one.date is not None]
            if days or not use.citations or all(one.date is None for one in use.citations):
                found.append((min(days) if days else None, use.source, use.target))
    return tuple(sorted(found, key=lambda one: (one[0] or date.min, one[1], one[2])))


def mentions(knowledge: Knowledge) -> dict[str, frozenset[str]]:
    """Give the software that each source describes by its own techniques, whoever used it."""
    found: dict[str, set[str]] = defaultdict(set)
    for use in knowledge.uses:
        if kind(knowledge, use.source) in ("malware", "tool"):
            for citation in use.citations:
                found[citation.url].add(use.source)
    return {url: frozenset(names) for url, names in found.items()}


def repeats(given: Iterable[Report]) -> dict[tuple[str, str], str]:
    """Find reports that say what an earlier one said: (source, actor) -> the earlier source."""
    earlier: dict[str, list[Report]] = defaultdict(list)
    found: dict[tuple[str, str], str] = {}
    for one in given:
        mine = set(one.items)
        if len(mine) < COMPARED:
            continue
        for old in earlier[one.actor]:
            common = len(mine.intersection(old.items))
            if common >= ALIKE * (len(mine) + len(old.items) - common):
                found[one.url, one.actor] = old.url
                break
        else:
            earlier[one.actor].append(one)
    return found


def kind(knowledge: Knowledge, key: str) -> str:
    """Give what an id stands for, empty when nobody named it."""
    named = knowledge.names.get(key)
    return named.kind if named else ""
