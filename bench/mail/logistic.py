"""Logistic regression with opinions: weights stay near what each rule's level says, and none falls below zero.

Minimised: the weighted log-loss plus ``strength / 2`` times the squared distance of each weight from its prior mean (a
Gaussian prior; the intercept is free), by Newton steps on the weights that are not held at a bound. No dice, so the
same input gives the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEPS, CLOSE = 100, 1e-8


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model."""

    intercept: float
    weights: Array

    def log_odds(self, signals: Array) -> Array:
        """Give the log-odds of each row."""
        return self.intercept + signals @ self.weights


def fit(
    signals: Array,
    hostile: Array,
    shares: Array,
    means: Array,
    strength: float,
    *,
    lowest: float = 0.0,
    rise: float = np.inf,
) -> Fit:
    """Fit weights.

    Args:
        signals: 0 or 1, a row a mail and a column a signal.
        hostile: 1 for attacks.
        shares: how much each row counts.
        means: prior mean of each weight.
        strength: 1 / variance of the prior.
        lowest: below which no weight may fall; minus infinity for plain regression.
        rise: by how much a weight may exceed its prior mean, which it may double at most; infinite: freely.
    """
    columns = np.hstack([np.ones((len(signals), 1)), signals])
    centre = np.concatenate([[0.0], means])
    pull = np.concatenate([[1e-6], np.full(len(means), strength)])
    floor = np.concatenate([[-np.inf], np.full(len(means), lowest)])
    roof = np.concatenate([[np.inf], means + (np.minimum(rise, means) if np.isfinite(rise) else rise)])
    at = np.concatenate([[_log_odds(float(shares @ hostile / shares.sum()))], np.maximum(means, lowest)])
    loss = _loss(columns, hostile, shares, centre, pull, at)
    for _ in range(STEPS):
        chance = _logistic(columns @ at)
        slope = columns.T @ (shares * (chance - hostile)) + pull * (at - centre)
        free = ((at > floor) | (slope < 0)) & ((at < roof) | (slope > 0))
        curve = columns[:, free].T @ (columns[:, free] * (shares * chance * (1 - chance))[:, None])
        step = np.zeros_like(at)
        step[free] = np.linalg.solve(curve + np.diag(pull[free]), slope[free])
        size = 1.0
        while size > 1e-6:
            moved = np.clip(at - size * step, floor, roof)
            found = _loss(columns, hostile, shares, centre, pull, moved)
            if found <= loss:
                break
            size /= 2
        else:
            break
        done = loss - found < CLOSE
        at, loss = moved, found
        if done:
            break
    return Fit(float(at[0]), at[1:])


def _loss(columns: Array, hostile: Array, shares: Array, centre: Array, pull: Array, at: Array) -> float:
    z = columns @ at
    return float(shares @ (np.logaddexp(0.0, z) - hostile * z) + 0.5 * (pull @ (at - centre) ** 2))


def _logistic(z: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -500, 500))))


def _log_odds(chance: float) -> float:
    return float(np.log(chance / (1.0 - chance)))
