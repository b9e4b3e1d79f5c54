"""Learning on some campaigns and measuring on others, weights and thresholds included.

Nested: in each fold the strength of the prior and the map from score to log-odds come from folds inside the training
mails, so nothing that is reported was tuned on what it is reported on. Weights are always learnt on neutral mails: what
only raw ones show (authentication, traces) separates our sets for reasons of their age, so such rules keep the weight
of their level, here as in the product. A signal of a neutral mail counts where the raw mail shows it too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import campaigns
import fired
import numpy as np
from logistic import Array, Fit, fit
from measures import threshold

from sekisho.model.rule import WEIGHTS
from sekisho.model.verdict import MALICIOUS_AT, PRIOR, SUSPICIOUS_AT, discounted

FOLDS, INNER, SEED = 5, 4, 20240115
STRENGTHS = (0.25, 1.0, 4.0)
RATES = (0.01, 0.001)
"""False positives that ``suspicious`` and ``malicious`` may cost."""
HAM_SETS = ("spamassassin_corpus", "modern_ham_derived")
RISE = 1.0
"""Log-odds by which mails may raise a weight above its rule's level, doubling it at most; they may lower it to nothing.

Our honest mail is of another age or made of templates: much that today's honest mail does (shorteners, file storage,
new top-level domains) it cannot do, so it shows too few false positives, never too many.
"""
SUPPORT, COMMON = 3, 0.01
"""Attack campaigns that a rule must have fired on to be learnt, or the share of an honest set. A stray honest mail says
nothing on a signal of attacks that our mails do not hold, such as answers to stolen conversations."""
MIN_SUSPICIOUS, MIN_MALICIOUS = WEIGHTS["medium"] + RISE + 0.01, WEIGHTS["high"] + RISE + 0.01
"""Whatever our honest mail allows: no rule of level medium alone makes a mail suspicious, no high one malicious."""


@dataclass(frozen=True, slots=True)
class Mails:
    """All mails of a variant as numbers."""

    rows: list[fired.Row]
    rules: list[str]
    """Id of each column: rules that are learnt."""
    signals: Array
    means: Array
    """Weight by level, of each column."""
    loose: Array
    """Log-odds of each mail's rules that are not learnt, and of its worst file."""
    hostile: Array
    group: Array
    shares: Array
    """How much each mail counts in a fit: campaigns alike, and the two honest sets alike."""
    sent_at: Array

    def only(self, columns: Sequence[int]) -> Mails:
        """Give the same mails with some of the signals."""
        kept = list(columns)
        names, means = [self.rules[at] for at in kept], self.means[kept]
        rest = (self.loose, self.hostile, self.group, self.shares, self.sent_at)
        return Mails(self.rows, names, self.signals[:, kept], means, *rest)


def load(variant: str, like: Mails | None = None) -> Mails:
    """Give the mails of a variant; columns and groups are those of ``like``, else what the mails show."""
    rows = fired.rows(variant) if variant == "raw" else settled(fired.rows(variant), fired.rows("raw"))
    weight = {rule.id: rule.weight for rule in fired.rules().rules}
    if like is None:
        group = np.array(campaigns.groups([row.signature for row in rows]), dtype=float)
        rules = _learnt(rows, group)
    else:
        group, rules = like.group, like.rules
    column = {rule: index for index, rule in enumerate(rules)}
    signals = np.zeros((len(rows), len(rules)))
    for index, row in enumerate(rows):
        signals[index, [column[one] for one in row.signals if one in column]] = 1.0
    others = [[row.file_weight, *(weight[one] for one in row.signals if one not in column)] for row in rows]
    return Mails(
        rows=rows,
        rules=rules,
        signals=signals,
        means=np.array([weight[key] for key in rules]),
        loose=np.array([discounted(one) for one in others]),
        hostile=np.array([float(row.hostile) for row in rows]),
        group=group,
        shares=_shares(rows, group),
        sent_at=np.array([row.sent_at for row in rows]),
    )


def _learnt(rows: Sequence[fired.Row], group: Array) -> list[str]:
    """Give the rules that the mails can say something about."""
    seen = {(one, at) for row, at in zip(rows, group, strict=True) if row.hostile for one in row.signals}
    attacks = Counter(one for one, _ in seen)
    sizes = Counter(row.folder for row in rows)
    honest = Counter((one, row.folder) for row in rows if not row.hostile for one in row.signals)
    common = {one for (one, folder), count in honest.items() if count >= COMMON * sizes[folder]}
    return sorted(common | {one for one, count in attacks.items() if count >= SUPPORT})


def settled(neutral: Sequence[fired.Row], raw: Sequence[fired.Row]) -> list[fired.Row]:
    """Give neutral mails with the signals that the mail as it came shows too.

    What fires on the neutral form alone comes of making it: a date that no longer fits the dates quoted below, readers
    who no longer stand in any field, a list that no longer names itself.
    """
    given = {row.key: set(row.signals) for row in raw}
    return [replace(row, signals=[one for one in row.signals if one in given[row.key]]) for row in neutral]


def _shares(rows: Sequence[fired.Row], group: Array) -> Array:
    """Let each campaign count once, and each honest set as much as the other."""
    sizes = Counter((one, row.folder) for one, row in zip(group, rows, strict=True))
    shares = np.array([1.0 / sizes[one, row.folder] for one, row in zip(group, rows, strict=True)])
    folder = np.array([row.folder for row in rows])
    honest = sum(shares[folder == name].sum() for name in HAM_SETS)
    for name in HAM_SETS:
        shares[folder == name] *= honest / len(HAM_SETS) / shares[folder == name].sum()
    return shares


@dataclass(frozen=True, slots=True)
class Model:
    """What one training gave."""

    fit: Fit
    strength: float
    knots: tuple[tuple[float, float], ...]

    def log_odds(self, mails: Mails, rows: Any) -> Array:
        """Give what the product would say of some mails."""
        return mapped(self.knots, mails.signals[rows] @ self.fit.weights) + mails.loose[rows]


def train(mails: Mails, rows: Any, strength: float | None = None) -> Model:
    """Learn from some mails: strength of the prior and thresholds by folds among them, weights from all of them."""
    inner = folds(mails, rows, INNER)
    strengths = STRENGTHS if strength is None else (strength,)
    scored = {one: _out_of_fold(mails, rows, inner, one) for one in strengths}
    best = min(strengths, key=lambda one: _log_loss(mails, rows, *scored[one]))
    honest = scored[best][0][mails.hostile[rows] == 0]
    return Model(_fit(mails, rows, best), best, knots([threshold(honest, rate) for rate in RATES]))


def knots(found: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Give the map from a sum of weights to log-odds through the two operating points."""
    suspicious = max(MIN_SUSPICIOUS, found[0])
    malicious = max(MIN_MALICIOUS, suspicious + 1.0, found[1])
    points = [(0.0, PRIOR), (suspicious, _odds(SUSPICIOUS_AT)), (malicious, _odds(MALICIOUS_AT))]
    return tuple((round(score, 4), round(log_odds, 4)) for score, log_odds in points)


def mapped(points: Sequence[tuple[float, float]], scores: Array) -> Array:
    """Give log-odds of sums of weights; the product's ``MailModel`` does the same."""
    given = np.empty_like(scores)
    for (left, low), (right, high) in pairwise(points):
        inside = (scores >= left) | (left == points[0][0])
        given[inside] = low + (scores[inside] - left) * (high - low) / (right - left)
    return given


def _odds(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


def _fit(mails: Mails, rows: Any, strength: float) -> Fit:
    return fit(mails.signals[rows], mails.hostile[rows], mails.shares[rows], mails.means, strength, rise=RISE)


def _out_of_fold(mails: Mails, rows: Any, inner: Any, strength: float) -> tuple[Array, Array]:
    """Give sums of weights, and intercepts, of mails that the weights were not learnt from."""
    scores, intercepts = np.zeros(len(rows)), np.zeros(len(rows))
    for fold in range(int(inner.max()) + 1):
        held = inner == fold
        made = _fit(mails, rows[~held], strength)
        scores[held], intercepts[held] = mails.signals[rows[held]] @ made.weights, made.intercept
    return scores, intercepts


def _log_loss(mails: Mails, rows: Any, scores: Array, intercepts: Array) -> float:
    z = scores + intercepts
    return float(mails.shares[rows] @ (np.logaddexp(0.0, z) - mails.hostile[rows] * z))


def folds(mails: Mails, rows: Any, count: int) -> Any:
    """Deal whole campaigns to folds, set by set, so that every fold has its part of each."""
    dice = np.random.default_rng(SEED)
    fold = np.zeros(len(rows), dtype=int)
    dealt: dict[float, int] = {}
    for folder in dict.fromkeys(row.folder for row in mails.rows):
        mine = [at for at, row in enumerate(rows) if mails.rows[row].folder == folder]
        sizes = Counter(float(mails.group[rows[at]]) for at in mine)
        names = sorted(sizes)
        dice.shuffle(names)
        filled = [0] * count
        for name in sorted(names, key=lambda one: -sizes[one]):
            if name not in dealt:
                dealt[name] = int(np.argmin(filled))
            filled[dealt[name]] += sizes[name]
        for at in mine:
            fold[at] = dealt[float(mails.group[rows[at]])]
    return fold


@dataclass(frozen=True, slots=True)
class Scored:
    """Mails measured by models that did not learn from their campaigns."""

    rows: Any
    """Indices into the mails."""
    log_odds: Array
    """As the product would say, deployed prior and map included."""
    hostile: Array
    group: Array
    models: list[Model]

    @property
    def attacks(self) -> Array:
        """Give the log-odds of attacks."""
        return self.log_odds[self.hostile == 1]

    @property
    def honest(self) -> Array:
        """Give the log-odds of honest mail."""
        return self.log_odds[self.hostile == 0]


def grouped(mails: Mails, tested: Mails | None = None, strength: float | None = None) -> Scored:
    """Measure every mail once, by campaigns; ``tested`` has the same mails in another variant."""
    rows = np.arange(len(mails.rows))
    fold = folds(mails, rows, FOLDS)
    pairs = [(rows[fold != at], rows[fold == at]) for at in range(FOLDS)]
    return _measured(mails, tested or mails, pairs, strength)


def by_time(mails: Mails, tested: Mails | None = None, strength: float | None = None, blocks: int = 4) -> Scored:
    """Learn from earlier attacks and measure later ones: each block but the first, by all before it.

    A campaign belongs to the time of its first mail. Honest mail has no such order here and is dealt by campaigns.
    """
    attacks, honest = np.flatnonzero(mails.hostile), np.flatnonzero(mails.hostile == 0)
    first: dict[float, float] = {}
    for at in attacks:
        key = float(mails.group[at])
        first[key] = min(first.get(key, np.inf), float(mails.sent_at[at]))
    began = np.array([first[float(mails.group[at])] for at in attacks])
    bounds = np.quantile(began, np.linspace(0, 1, blocks + 1)[1:-1])
    block = np.searchsorted(bounds, began, side="right")
    deal = folds(mails, honest, blocks - 1)
    pairs = [
        (
            np.concatenate([attacks[block < at], honest[deal != at - 1]]),
            np.concatenate([attacks[block == at], honest[deal == at - 1]]),
        )
        for at in range(1, blocks)
    ]
    return _measured(mails, tested or mails, pairs, strength)


def _measured(mails: Mails, tested: Mails, pairs: Sequence[tuple[Any, Any]], strength: float | None) -> Scored:
    models = [train(mails, learn, strength) for learn, _ in pairs]
    rows = np.concatenate([held for _, held in pairs])
    log_odds = [model.log_odds(tested, held) for model, (_, held) in zip(models, pairs, strict=True)]
    return Scored(rows, np.concatenate(log_odds), tested.hostile[rows], tested.group[rows], models)
