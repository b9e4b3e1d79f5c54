"""Labels: which family, distributor or theme a sighting's mail stage points to, learned from labelled ones before it.

A multinomial model over traits whose counts fade with time, so that it follows crews that change their ways. It knows
only what it was taught; a label that nothing speaks for is ``unknown``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sekisho.model.campaign import Guess, Trait

HALF_LIFE_DAYS = 45.0
"""After which a labelled sighting counts half. Measured on tracker notes up to March 2022: 45 and 90 days do alike."""
SMOOTH = 0.05
"""Sightings that a label counts for that has faded."""
BACKGROUND = 3.0
"""Sightings that what is usual counts for, beside a label's own: a label seen once says little."""
PRIOR_POWER = 0.7
"""How far the share of a label among recent sightings counts."""
SPREAD = 1.0
"""What each trait's log-odds are multiplied by, as traits of one mail depend on each other."""
UNKNOWN_BELOW = 0.35
"""Probability under which the best label is called unknown."""
SHOWN = 6
_DAY_S = 86_400


@dataclass(slots=True)
class Labels:
    """Labelled sightings seen so far, by label and trait, each with the time it was seen."""

    what: str
    """family distributor theme."""
    seen: list[tuple[int, str, frozenset[Trait]]] = field(default_factory=list)

    def learn(self, traits: Iterable[Trait], name: str, at_s: int) -> None:
        """Add one labelled sighting."""
        self.seen.append((at_s, name, frozenset(traits)))

    def guess(self, traits: Iterable[Trait], at_s: int) -> tuple[Guess, ...]:
        """Rank labels for a sighting by what was seen before its time, likeliest first; empty when nothing was.

        Probabilities add up to one over the labels known.
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
            scores[name] = prior + SPREAD * sum(value for _, value in ledger)
            ledgers[name] = ledger
        return self._ranked(scores, ledgers)

    def _ranked(self, scores: dict[str, float], ledgers: dict[str, list[tuple[Trait, float]]]) -> tuple[Guess, ...]:
        best = max(scores.values())
        whole = sum(math.exp(one - best) for one in scores.values())
        ranked = sorted(scores, key=lambda one: (-scores[one], one))
        told = []
        for name in ranked:
            ledger = sorted(ledgers[name], key=lambda pair: (-abs(pair[1]), pair[0]))[:SHOWN]
            told.append(Guess(self.what, name, math.exp(scores[name] - best) / whole, tuple(ledger)))
        return tuple(told)


def _ledger(
    hits: dict[Trait, dict[str, float]], name: str, total: float, everything: float
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
