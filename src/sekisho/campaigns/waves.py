"""Waves: how probable it is that two sightings are of one wave, what one crew sends within a day or so.

A campaign may last for weeks and is a chain of waves. Whether two sightings belong to one campaign is weighed by
``weights``; here the same evidence gives a measured probability of the narrower question.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sekisho.campaigns.weights import NEAR_DAYS, probability
from sekisho.model.campaign import Guess

EVIDENCE, NEAR, FAR = 0.25, -2.9, -12.9
"""What one unit of shared evidence is worth, and log-odds before it within NEAR_DAYS and beyond. Source: a logistic
regression on pairs of dated tracker notes up to March 2022, 185 pairs of one wave among 59,685; shared traits depend on
each other, so that a quarter of their sum is left."""
KNOWN_EVIDENCE, KNOWN_NEAR, KNOWN_FAR, AGREEMENT = 0.18, -1.2, -10.6, 0.4
"""The same where earlier labels tell which crews the two may be of, and what their agreement is worth."""
LEAST_AGREEMENT = 0.001


def chance(evidence: float, days: float | None, agreement: float | None = None) -> float:
    """Give the probability that two sightings are of one wave.

    Args:
        evidence: log-odds of what they share, without prior and time.
        days: between them; None when one has no date, which counts as far.
        agreement: of :func:`agreement`; None when nothing is known of their crews.
    """
    return probability(log_odds(evidence, days, agreement))


def log_odds(evidence: float, days: float | None, agreement: float | None = None) -> float:
    """Give the log-odds of :func:`chance`."""
    near = days is not None and days <= NEAR_DAYS
    if agreement is None:
        return EVIDENCE * evidence + (NEAR if near else FAR)
    return KNOWN_EVIDENCE * evidence + AGREEMENT * agreement + (KNOWN_NEAR if near else KNOWN_FAR)


def agreement(one: Sequence[Guess], two: Sequence[Guess]) -> float | None:
    """Give the logarithm of the chance that two sightings carry the same label, from guesses on each.

    Never below that of LEAST_AGREEMENT; None when nothing was guessed of one of them.
    """
    if not one or not two:
        return None
    other = {guess.name: guess.probability for guess in two}
    return math.log(LEAST_AGREEMENT + sum(guess.probability * other.get(guess.name, 0.0) for guess in one))
