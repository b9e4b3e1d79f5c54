"""How the signals on one mail weigh together: fitted weights, and one map from their sum to log-odds.

Rules that saw training mail add up as they are, because the fit has shared out what they say twice. All others, a
user's own among them, keep the weight of their level and are discounted as on files. The map is monotone and no weight
is negative, so a further signal never lowers a probability. ``docs/decisions/0005-mail-verdict.md`` says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import exp

from sekisho.model.verdict import PRIOR, SUREST, discounted


@dataclass(frozen=True, slots=True)
class MailModel:
    """Weights of mail rules as ``knowledge/mail-model.json`` has them; empty, every rule keeps its own."""

    weights: Mapping[str, float] = field(default_factory=dict)
    """Rule id -> log-odds, none below 0."""
    knots: tuple[tuple[float, float], ...] = ((0.0, PRIOR), (1.0, PRIOR + 1.0))
    """(sum of weights, log-odds), both rising; straight between them and beyond the last."""

    def probability(self, fitted: Iterable[float], others: Iterable[float] = ()) -> float:
        """Give the probability that a mail is an attack.

        Args:
            fitted: weights of its signals that are in ``weights``.
            others: weights of its other signals, and of its worst file.
        """
        total = self._mapped(sum(sorted(fitted))) + discounted(others)
        return min(SUREST, 1.0 / (1.0 + exp(-total)))

    def _mapped(self, score: float) -> float:
        pieces = list(pairwise(self.knots))
        (left, low), (right, high) = next((piece for piece in pieces if score < piece[1][0]), pieces[-1])
        return low + (score - left) * (high - low) / (right - left)


NOT_FITTED = MailModel()
"""Nothing was learnt: rules weigh what their levels say, as on files."""
