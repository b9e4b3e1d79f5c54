"""What scores of attacks and of honest mail are worth: recall at a false positive rate, AUC, calibration, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb, exp, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BOOTSTRAPS = 1_000
Z95 = 1.959964


def threshold(honest: Array, rate: float) -> float:
    """Give the lowest score at or above which no more than ``rate`` of honest mail lies; ties count against us."""
    allowed = int(np.floor(rate * len(honest) + 1e-9))
    worst = np.sort(honest)[::-1]
    return float(np.nextafter(worst[allowed], np.inf)) if allowed < len(worst) else float(worst[-1])


def recall(attacks: Array, honest: Array, rate: float) -> float:
    """Give the share of attacks at or above that score."""
    return float(np.mean(attacks >= threshold(honest, rate)))


def auc(attacks: Array, honest: Array) -> float:
    """Give the chance that an attack scores higher than an honest mail, ties half."""
    both = np.concatenate([attacks, honest])
    order = np.argsort(both, kind="stable")
    ranks = np.empty(len(both))
    ordered = both[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(ordered)) + 1, [len(both)]])
    for start, end in pairwise(starts):
        ranks[order[start:end]] = (start + end + 1) / 2
    count = len(attacks)
    return float((ranks[:count].sum() - count * (count + 1) / 2) / (count * len(honest)))


def bootstrap(scores: Array, hostile: Array, group: Array, rate: float, seed: int = 1) -> tuple[float, float]:
    """Give the 95 % interval of the recall when campaigns, not mails, are drawn anew, with the threshold drawn too."""
    dice = np.random.default_rng(seed)
    members = [np.flatnonzero(group == one) for one in np.unique(group)]
    attacks = [one for one in members if hostile[one[0]]]
    honest = [one for one in members if not hostile[one[0]]]
    found = []
    for _ in range(BOOTSTRAPS):
        a = np.concatenate([attacks[at] for at in dice.integers(len(attacks), size=len(attacks))])
        h = np.concatenate([honest[at] for at in dice.integers(len(honest), size=len(honest))])
        found.append(recall(scores[a], scores[h], rate))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Give the 95 % interval of a share. Source: Wilson 1927, score interval."""
    if not total:
        return 0.0, 1.0
    share, square = hits / total, Z95**2
    middle = share + square / (2 * total)
    spread = Z95 * sqrt(share * (1 - share) / total + square / (4 * total**2))
    return max(0.0, (middle - spread) / (1 + square / total)), min(1.0, (middle + spread) / (1 + square / total))


@dataclass(frozen=True, slots=True)
class Bin:
    """Mails whose probability fell between two bounds."""

    low: float
    high: float
    mails: float
    said: float
    was: float


def reliability(chance: Array, hostile: Array, shares: Array, bounds: Sequence[float]) -> list[Bin]:
    """Give what was said and what was, by probability; ``shares`` brings the classes to the deployed base rate."""
    bins = []
    for low, high in pairwise(bounds):
        inside = (chance >= low) & ((chance < high) | (high == bounds[-1]))
        total = float(shares[inside].sum())
        if total > 0:
            said = float(shares[inside] @ chance[inside] / total)
            bins.append(Bin(low, high, total, said, float(shares[inside] @ hostile[inside] / total)))
    return bins


def calibration_error(bins: Sequence[Bin]) -> float:
    """Give the expected calibration error: the mean distance of said and was, weighted by mails."""
    return sum(one.mails * abs(one.said - one.was) for one in bins) / sum(one.mails for one in bins)


def fisher(a: int, n: int, b: int, m: int) -> float:
    """Give the two-sided probability of a split at least as uneven as a of n against b of m. Source: Fisher 1922."""
    total, hits = n + m, a + b
    all_ways = comb(total, hits)
    seen = comb(n, a) * comb(m, b) / all_ways
    ways = (comb(n, k) * comb(m, hits - k) / all_ways for k in range(max(0, hits - m), min(n, hits) + 1))
    return min(1.0, sum(way for way in ways if way <= seen * (1 + 1e-9)))


def logistic(z: float) -> float:
    """Give the probability of log-odds."""
    return 1.0 / (1.0 + exp(-max(-500.0, min(500.0, z))))
