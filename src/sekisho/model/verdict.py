"""Verdicts, the reasons they carry, and how reasons weigh together.

Weights are log-odds. Signals on one thing are not independent, so each further one counts half of the one
before it: three medium rules that see the same trick never outweigh one that sees the payload.
``docs/decisions/0003-verdicts.md`` has the measurements behind the constants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log
from typing import Any

PRIOR = -3.0  # log-odds of an attack before anything is known: about 1 in 21
DISCOUNT = 0.5  # what each further signal counts of the one before
MALICIOUS_AT, SUSPICIOUS_AT = 0.90, 0.50  # probability
SUREST = 0.99  # no sum of rules is surer than this: rules can be wrong together


class Verdict(StrEnum):
    """The four words; unscanned is never clean."""

    MALICIOUS = "malicious"
    SUSPICIOUS = "suspicious"
    UNSCANNED = "unscanned"
    CLEAN = "clean"

    @property
    def rank(self) -> int:
        """Higher is worse, for taking the worst of several."""
        return {"malicious": 3, "suspicious": 2, "unscanned": 1, "clean": 0}[self.value]


BAD = (Verdict.MALICIOUS, Verdict.SUSPICIOUS)
"""The words that a story is told about."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One signal, how much it weighs, and where to see it."""

    signal: str
    """Rule id, or ``child:<verdict>`` when a part decides."""
    text: str
    weight: float
    """Log-odds."""
    evidence: tuple[Any, ...]
    """(field, value) pairs or addresses."""
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its probability and its reasons, heaviest first."""

    verdict: Verdict
    probability: float
    reasons: tuple[Reason, ...] = ()


def probability(weights: Iterable[float]) -> float:
    """Give the probability of an attack from log-odds weights, the heaviest counted whole."""
    return min(SUREST, 1.0 / (1.0 + exp(-PRIOR - discounted(weights))))


def discounted(weights: Iterable[float]) -> float:
    """Give what log-odds weights come to together, the heaviest counted whole."""
    total, share = 0.0, 1.0
    for weight in sorted(weights, reverse=True):
        total += weight * share
        share *= DISCOUNT
    return total


def weight_of(chance: float) -> float:
    """Give the weight that one signal alone would need for this probability; the inverse of :func:`probability`."""
    return log(chance / max(1e-12, 1.0 - chance)) - PRIOR


def verdict_of(chance: float) -> Verdict:
    """Give the word for a probability; ``unscanned`` is the caller's to decide."""
    if chance >= MALICIOUS_AT:
        return Verdict.MALICIOUS
    return Verdict.SUSPICIOUS if chance >= SUSPICIOUS_AT else Verdict.CLEAN
