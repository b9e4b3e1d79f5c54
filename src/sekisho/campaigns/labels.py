"""Labels: which family, distributor or theme a sighting's mail stage points to, learned from labelled ones before it.

A multinomial model over traits whose counts fade with time, so that it follows crews that change their ways. It knows
only what it was taught; a label that nothing speaks for is ``unknown``. Its probabilities are calibrated by how often
its own earlier answers were right.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sekisho.model.campaign import Guess, Trait
from sekisho.model.fitting import fit_odds, sigmoid

HALF_LIFE_DAYS = 45.0
"""After which a labelled sighting counts half. Measured on tracker notes up to March 2022: 45 and 90 days do alike."""
SMOOTH = 0.05
"""Sightings that a label counts for that has faded."""
BACKGROUND = 3.0
"""Sightings that what is usual counts for, beside a label's own: a label seen once says little."""
PRIOR_POWER = 0.7
"""How far the share of a label among recent sightings counts."""
UNKNOWN_BELOW = 0.35
"""Probability under which the best label is called unknown."""
SHOWN = 6
CHECKED = 20
"""Answers known right or wrong from which probabilities are calibrated. Source: own setting."""
CALIBRATION, CALIBRATION_STRENGTH = (-0.3, 0.5), (2.0, 10.0)
"""What calibration starts from, and how strongly that holds: answers are surer than they should be. Source: rounded
from tracker notes up to March 2022, whose own are (-0.6, 0.4)."""
APART_S = 43_200
"""Seconds before a sighting from which labels may answer for it: what came the same day is no earlier knowledge."""
MOST_ODDS = 6.0
"""Log-odds beyond which a raw answer is no surer."""
_DAY_S = 86_400


@dataclass(slots=True)
class Labels:
    """Labelled sightings seen so far, by label and trait, each with the time it was seen."""

    what: str
    """family distributor theme."""
    seen: list[tuple[int, str, frozenset[Trait]]] = field(default_factory=list)
    answered: list[tuple[int, float, bool]] = field(default_factory=list)
    """(time, raw log-odds, right) of first answers whose truth came to be known."""

    def learn(self, traits: Iterable[Trait], name: str, at_s: int) -> None:
        """Add one labelled sighting."""
        self.seen.append((at_s, name, frozenset(traits)))

    def check(self, guesses: Sequence[Guess], name: str, at_s: int) -> None:
        """Note how raw guesses of a sighting did, now that its label is known."""
        if guesses:
            self.answered.append((at_s, _log_odds(guesses[0].probability), guesses[0].name == name))

    def guess(self, traits: Iterable[Trait], at_s: int) -> tuple[Guess, ...]:
        """Rank labels for a sighting by what was seen before its time, likeliest first; empty when nothing was.

        Probabilities are raw and add up to one over the labels known.
        """
        mine = frozenset(traits)
        totals: dict[str, float] = defaultdict(float)
        hits: dict[Trait, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for when, name, theirs in self.seen:
            if when >= at_s:
                continue
            worth = 0.5 ** ((at_s - when) / _DAY_S / HALF_LIFE_DAYS)
            totals[name] += worth
            for trait in mine & theirs:
                hits[trait][name] += worth
        if not totals:
            return ()
        everything = sum(totals.values())
        scores, ledgers = {}, {}
        for name, total in totals.items():
            ledger = _ledger(hits, name, total, everything)
            prior = PRIOR_POWER * math.log((total + SMOOTH) / (everything + SMOOTH * len(totals)))
            scores[name] = prior + sum(value for _, value in ledger)
            ledgers[name] = ledger
        return self._ranked(scores, ledgers)

    def calibrated(self, guesses: Sequence[Guess], at_s: int) -> tuple[Guess, ...]:
        """Give raw guesses with probabilities that earlier answers bear out; as they are while too few are known.

        What they lack to one is a label never seen.
        """
        earlier = [(odds, right) for when, odds, right in self.answered if when < at_s]
        if not guesses or len(earlier) < CHECKED:
            return tuple(guesses)
        rows = [(1.0, odds) for odds, _ in earlier]
        constant, slope = fit_odds(rows, [right for _, right in earlier], CALIBRATION, CALIBRATION_STRENGTH)
        raw = guesses[0].probability
        first = sigmoid(constant + slope * _log_odds(raw))
        rest = (1.0 - first) / max(1.0 - raw, 1e-9)
        told = [first, *(min(first, one.probability * rest) for one in guesses[1:])]
        return tuple(Guess(one.what, one.name, value, one.evidence) for one, value in zip(guesses, told, strict=True))

    def _ranked(self, scores: dict[str, float], ledgers: dict[str, list[tuple[Trait, float]]]) -> tuple[Guess, ...]:
        best = max(scores.values())
        whole = sum(math.exp(one - best) for one in scores.values())
        ranked = sorted(scores, key=lambda one: (-scores[one], one))
        told = []
        for name in ranked:
            ledger = sorted(ledgers[name], key=lambda pair: (-abs(pair[1]), pair[0]))[:SHOWN]
            told.append(Guess(self.what, name, math.exp(scores[name] - best) / whole, tuple(ledger)))
        return tuple(told)


def _log_odds(probability: float) -> float:
    """Give log-odds, neither below -MOST_ODDS nor above MOST_ODDS."""
    inner = min(max(probability, 1e-9), 1.0 - 1e-9)
    return max(-MOST_ODDS, min(MOST_ODDS, math.log(inner / (1.0 - inner))))


def _ledger(
    hits: Mapping[Trait, Mapping[str, float]], name: str, total: float, everything: float
) -> list[tuple[Trait, float]]:
    """Give the log-odds that each trait adds for a label, against how often it is seen with any."""
    told = []
    for trait, by_name in hits.items():
        mine, among = by_name.get(name, 0.0), sum(by_name.values()) / everything
        told.append((trait, math.log((mine + BACKGROUND * among) / (total + BACKGROUND) / among)))
    return told


def answer(guesses: Sequence[Guess]) -> Guess:
    """Give the best guess, or ``unknown`` with what is left when it is too weak."""
    if not guesses:
        return Guess("", "unknown", 1.0)
    best = guesses[0]
    if best.probability < UNKNOWN_BELOW:
        return Guess(best.what, "unknown", 1.0 - best.probability, best.evidence)
    return best
