"""Signals: how far what was seen speaks for each actor, item by item, before the signals are weighed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sekisho.attribute.reference import Actor, Reference, is_software, parent

NAMES = ("technique", "malware", "tool", "activity", "silence", "parent", "relatives", "likeness", "coreported")
TECHNIQUE, MALWARE, TOOL, ACTIVITY, SILENCE, PARENT, RELATIVES, LIKENESS, COREPORTED = range(len(NAMES))
PSEUDO_TECHNIQUES, PSEUDO_SOFTWARE = 50.0, 200.0
"""Pseudo-counts that draw an actor's shares to everybody's (Dirichlet smoothing). Source: measured, see
docs/decisions/0013-attribution.md."""
SHARPNESS = 8.0
"""How much more a nearly equal report counts than a half equal one. Source: as above; 4 to 14 give the same."""
YEARS_OF_UNDATED = 5.0
"""How long an actor counts as silent of whom no report has a date. Source: half of the time that reports span."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one item adds to one signal of one actor."""

    signal: int
    """Index into NAMES."""
    item: str
    value: float


def read(reference: Reference, items: Sequence[str], at: date, tools: frozenset[str]) -> dict[str, tuple[Part, ...]]:
    """Give the parts of every actor on record.

    Args:
        reference: earlier reports.
        items: ids of what was seen, each once.
        at: the day it is asked.
        tools: the ids of software that anyone can get.
    """
    seen = list(dict.fromkeys(items))
    asked = _Asked(seen, at, tools, _relatives(reference, seen))
    alike = _alike(reference, seen)
    return {
        name: tuple(_parts(reference, actor, asked, alike.get(name, ("", 0.0))))
        for name, actor in reference.actors.items()
    }


def sums(parts: Sequence[Part]) -> tuple[float, ...]:
    """Add the parts up: one number for each of NAMES."""
    total = [0.0] * len(NAMES)
    for one in parts:
        total[one.signal] += one.value
    return tuple(total)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is the same for every actor."""

    items: Sequence[str]
    at: date
    tools: frozenset[str]
    relatives: Mapping[str, float]


def _parts(reference: Reference, actor: Actor, asked: _Asked, alike: tuple[str, float]) -> Iterator[Part]:
    for item in asked.items:
        if is_software(item):
            signal = TOOL if item in asked.tools else MALWARE
            yield Part(signal, item, _ratio(actor.counts[item], actor.total, reference.share(item), PSEUDO_SOFTWARE))
            if item in actor.beside and not actor.counts[item]:
                yield Part(COREPORTED, item, 1.0)
            continue
        yield Part(TECHNIQUE, item, _ratio(actor.counts[item], actor.total, reference.share(item), PSEUDO_TECHNIQUES))
        whole = _ratio(actor.parents[parent(item)], actor.total, reference.parent_share(item), PSEUDO_TECHNIQUES)
        yield Part(PARENT, item, whole)
    scale = math.sqrt(len(asked.relatives) + 1)
    for item, share in asked.relatives.items():
        yield Part(RELATIVES, item, _ratio(actor.counts[item], actor.total, share, PSEUDO_TECHNIQUES) / scale)
    yield Part(LIKENESS, alike[0], alike[1])
    yield Part(ACTIVITY, "", math.log(len(actor.reports)))
    years = YEARS_OF_UNDATED if actor.last is None else max(0, (asked.at - actor.last).days) / 365
    yield Part(SILENCE, "", math.log(years + 0.1))


def _ratio(count: float, total: float, share: float, pseudo: float) -> float:
    """Give the log-odds that an item is this actor's rather than anybody's."""
    return math.log((count + pseudo * share) / (total + pseudo) / share)


def _relatives(reference: Reference, items: Sequence[str]) -> dict[str, float]:
    """Give what the seen software is reported to do besides what was seen, with everybody's share of it."""
    found: set[str] = set()
    for item in items:
        if is_software(item):
            found |= reference.software.get(item, set())
    return {item: reference.share(item) for item in sorted(found.difference(items))}


def _alike(reference: Reference, items: Sequence[str]) -> dict[str, tuple[str, float]]:
    """Give each actor's likest report, and how alike its reports are: the cosine of rarities, averaged."""
    weights = {item: reference.rarity(item) ** 2 for item in items}
    norm = math.sqrt(sum(weights.values())) or 1.0
    found: dict[str, tuple[str, float]] = {}
    for name, actor in reference.actors.items():
        total, best, url = 0.0, 0.0, ""
        for report in actor.reports:
            common = sum(weights.get(item, 0.0) for item in report.items)
            if common:
                cosine = common / norm / reference.norm(report)
                total += math.expm1(SHARPNESS * cosine)
                if cosine > best:
                    best, url = cosine, report.url
        found[name] = url, math.log1p(total / len(actor.reports))
    return found
