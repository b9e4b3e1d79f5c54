"""The ranker: signals become probabilities, with "none of these" as an answer of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sekisho.attribute import signals
from sekisho.attribute.reference import Reference
from sekisho.attribute.signals import Part
from sekisho.model.fitting import Row, dot, sigmoid, softmax

PRIOR_WEIGHTS = (0.7, 1.5, 0.3, 0.8, -0.5, -0.5, 0.5, 0.7, 1.3)
"""Weights of signals.NAMES before anything is learnt. Source: measured on reports before 2020, rounded; see
docs/decisions/0013-attribution.md."""
PRIOR_KNOWN = (1.2, 0.6, 0.6)
"""Constant and weights of (standing out, coverage), standardised, for "the reference knows it". Source: own
setting; learnt from twenty reports on."""
PRIOR_SCALE = ((2.2, 0.9), (0.45, 0.25))
"""(mean, deviation) of standing out and of coverage. Source: own setting, as above."""


@dataclass(frozen=True, slots=True)
class Model:
    """What is learnt from earlier reports."""

    weights: tuple[float, ...] = PRIOR_WEIGHTS
    """One for each of signals.NAMES."""
    known: tuple[float, ...] = PRIOR_KNOWN
    scale: tuple[tuple[float, float], ...] = PRIOR_SCALE
    calibration: tuple[float, float] = (0.0, 1.0)
    """Constant and slope that take the raw log-odds of the first place to calibrated ones."""
    learnt_from: int = 0
    """Reports; 0 when nothing was learnt and probabilities are a guess."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates with their probabilities."""

    names: tuple[str, ...]
    scores: tuple[float, ...]
    among: tuple[float, ...]
    """Probability of each if it is one of them."""
    known: float
    """Probability that it is one of them."""
    probabilities: tuple[float, ...]
    """Calibrated; what they lack to 1 is "none of these"."""

    @property
    def order(self) -> list[int]:
        """Give indices, most probable first, names where equal."""
        return sorted(range(len(self.names)), key=lambda i: (-self.scores[i], self.names[i]))


def rank(model: Model, rows: Mapping[str, Row], coverage: Mapping[str, float]) -> Ranking:
    """Give probabilities for candidates.

    Args:
        model: what was learnt.
        rows: candidate -> its signals (:func:`signals.sums`).
        coverage: candidate -> share of what was seen that is on record for it.
    """
    names = tuple(sorted(rows))
    if not names:
        return Ranking((), (), (), 0.0, ())
    scores = tuple(dot(rows[name], model.weights) for name in names)
    among = tuple(softmax(scores))
    top = max(range(len(names)), key=lambda i: scores[i])
    known = sigmoid(dot(standing(model.scale, scores, coverage[names[top]]), model.known))
    constant, slope = model.calibration
    raw = min(max(known * among[top], 1e-6), 1 - 1e-6)
    first = sigmoid(constant + slope * math.log(raw / (1 - raw)))
    rest = (1 - first) / (1 - raw)
    probabilities = tuple(first if i == top else known * p * rest for i, p in enumerate(among))
    return Ranking(names, scores, among, known, probabilities)


def standing(scale: Sequence[tuple[float, float]], scores: Sequence[float], coverage: float) -> tuple[float, ...]:
    """Give what "the reference knows it" depends on: a constant, how the first stands out, and its coverage."""
    values = (standing_out(scores), coverage)
    return (1.0, *((value - mean) / deviation for value, (mean, deviation) in zip(values, scale, strict=True)))


def standing_out(scores: Sequence[float]) -> float:
    """Give the first's distance from the middle in units of what nine of ten candidates spread over."""
    ordered = sorted(scores)
    last = len(ordered) - 1
    middle, low, high = (ordered[round(last * share)] for share in (0.5, 0.1, 0.9))
    return (ordered[-1] - middle) / (high - low + 0.3)


def covered(reference: Reference, items: Sequence[str]) -> dict[str, float]:
    """Give the share of items that is on record for each actor."""
    count = max(1, len(items))
    return {name: sum(actor.counts[item] > 0 for item in items) / count for name, actor in reference.actors.items()}


def summed(parts: Mapping[str, Sequence[Part]]) -> dict[str, tuple[float, ...]]:
    """Give each actor's signals."""
    return {name: signals.sums(found) for name, found in parts.items()}
