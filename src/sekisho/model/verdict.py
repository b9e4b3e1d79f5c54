"""Verdicts and the reasons they carry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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
