"""Learning, strictly forward in time: each year's reports are judged by what earlier years taught."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby

from sekisho.attribute import ranker, signals
from sekisho.attribute.ranker import PRIOR_KNOWN, PRIOR_WEIGHTS, Model, Ranking
from sekisho.attribute.reference import replay
from sekisho.model.attribution import Knowledge
from sekisho.model.fitting import fit_choice, fit_odds

ITEMS, CANDIDATES, EXAMPLES = 3, 5, 20
"""A report teaches with this many items, once this many actors are on record; a year is learnt from this many of
them. Source: own setting; with one or two items there is nothing to rank by."""
STRENGTH, KNOWN_STRENGTH, CALIBRATION_STRENGTH = 10.0, (0.01, 3.0, 3.0), (2.0, 2.0)
"""How strongly priors hold. Source: own setting; on reports before 2020, 3 to 100 give the weights the same answers."""


@dataclass(frozen=True, slots=True)
class Example:
    """One report as a question: whose is it, by what earlier reports say?"""

    at: date
    url: str
    actor: str
    items: tuple[str, ...]
    rows: dict[str, tuple[float, ...]]
    """Candidate -> signals."""
    coverage: dict[str, float]
    depth: dict[str, int]
    """Candidate -> different items on record."""

    @property
    def known(self) -> bool:
        """Tell whether any earlier report is about its actor."""
        return self.actor in self.rows


@dataclass(slots=True)
class _Past:
    """What the years so far showed out of sample."""

    stood: list[tuple[float, float, bool]] = field(default_factory=list)
    """(standing out, coverage, known)."""
    firsts: list[tuple[float, bool]] = field(default_factory=list)
    """(raw log-odds of the first place, right)."""


def examples(knowledge: Knowledge, until: date | None = None) -> Iterator[Example]:
    """Give every report with enough items as a question to the reports of earlier days."""
    tools = tools_of(knowledge)
    for reference, todays in replay(knowledge):
        for report in todays:
            if report.date is None or (until and report.date > until):
                return
            if len(report.items) >= ITEMS and len(reference.actors) >= CANDIDATES:
                rows = ranker.summed(signals.read(reference, report.items, report.date, tools))
                depth = {name: len(actor.counts) for name, actor in reference.actors.items()}
                coverage = ranker.covered(reference, report.items)
                yield Example(report.date, report.url, report.actor, report.items, rows, coverage, depth)


def tools_of(knowledge: Knowledge) -> frozenset[str]:
    """Give the software that anyone can get."""
    return frozenset(key for key, named in knowledge.names.items() if named.kind == "tool")


def forward(
    asked: Iterable[Example], narrow: Callable[[Example], Example] | None = None
) -> Iterator[tuple[Example, Model, Ranking]]:
    """Answer each example by a model of earlier years alone.

    Args:
        asked: by day.
        narrow: what is asked instead, of fewer candidates; weights are learnt from the whole examples all the same.
            One without candidates is not asked.
    """
    seen: list[Example] = []
    past, model = _Past(), Model()
    for _, group in groupby(asked, key=lambda one: one.at.year):
        year = list(group)
        model = _learn(seen, past, model)
        for one in map(narrow, year) if narrow else year:
            if one.rows:
                ranking = ranker.rank(model, one.rows, one.coverage)
                _remember(past, one, ranking)
                yield one, model, ranking
        seen += year


def learn(knowledge: Knowledge, until: date | None = None) -> Model:
    """Give the model that all reports up to a day teach; nearly empty knowledge gives the prior."""
    asked = list(examples(knowledge, until))
    past, model = _Past(), Model()
    for one, latest, ranking in forward(asked):
        model = latest
        _remember(past, one, ranking)
    return _learn(asked, past, model)


def _remember(past: _Past, one: Example, ranking: Ranking) -> None:
    top = ranking.order[0]
    name = ranking.names[top]
    past.stood.append((ranker.standing_out(ranking.scores), one.coverage[name], one.known))
    raw = min(max(ranking.known * ranking.among[top], 1e-6), 1 - 1e-6)
    past.firsts.append((math.log(raw / (1 - raw)), name == one.actor))


def _learn(seen: Sequence[Example], past: _Past, before: Model) -> Model:
    """Learn weights from all examples, and the two maps from how earlier models did out of sample."""
    if len(seen) < EXAMPLES:
        return before
    choices = [(list(one.rows.values()), list(one.rows).index(one.actor)) for one in seen if one.known]
    weights = fit_choice(choices, PRIOR_WEIGHTS, STRENGTH, before.weights)
    scale = tuple(_spread([one[i] for one in past.stood]) for i in (0, 1))
    rows = [
        (1.0, (out - scale[0][0]) / scale[0][1], (covered - scale[1][0]) / scale[1][1])
        for out, covered, _ in past.stood
    ]
    known = fit_odds(rows, [one[2] for one in past.stood], PRIOR_KNOWN, KNOWN_STRENGTH)
    odds = [(1.0, one[0]) for one in past.firsts]
    constant, slope = fit_odds(odds, [one[1] for one in past.firsts], (0.0, 1.0), CALIBRATION_STRENGTH)
    return replace(
        before, weights=weights, known=known, scale=scale, calibration=(constant, slope), learnt_from=len(seen)
    )


def _spread(values: Sequence[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    return mean, math.sqrt(sum((one - mean) ** 2 for one in values) / len(values)) or 1.0
