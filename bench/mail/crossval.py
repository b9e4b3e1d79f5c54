"""Learning on some campaigns and measuring on others, weights and thresholds included.

Nested: in each fold the strength of the prior and the map from score to log-odds come from folds inside the training
mails, so nothing that is reported was tuned on what it is reported on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import campaigns
import fired
import numpy as np
from logistic import Array, Fit, fit
from measures import threshold

from sekisho.model.verdict import MALICIOUS_AT, PRIOR, SUSPICIOUS_AT

FOLDS, INNER, SEED = 5, 4, 20240115
STRENGTHS = (0.25, 1.0, 4.0)
RATES = (0.01, 0.001)
"""False positives that ``suspicious`` and ``malicious`` may cost."""
HAM_SETS = ("spamassassin_corpus", "modern_ham_derived")


@dataclass(frozen=True, slots=True)
class Mails:
    """All mails of a variant as numbers."""

    rows: list[fired.Row]
    rules: list[str]
    """Id of each column."""
    titles: dict[str, str]
    signals: Array
    means: Array
    """Weight by level, of each column."""
    files: Array
    """Log-odds of each mail's worst file."""
    hostile: Array
    group: Array
    shares: Array
    """How much each mail counts in a fit: campaigns alike, and the two honest sets alike."""
    sent_at: Array

    def only(self, columns: Sequence[int]) -> Mails:
        """Give the same mails with some of the signals."""
        kept = list(columns)
        return Mails(
            self.rows,
            [self.rules[at] for at in kept],
            self.titles,
            self.signals[:, kept],
            self.means[kept],
            *(self.files, self.hostile, self.group, self.shares, self.sent_at),
        )


def load(variant: str, group: Array | None = None) -> Mails:
    """Give the mails of a variant; groups are told on the neutral one and handed over for the others."""
    rows = fired.rows(variant)
    known = {rule.id: rule for rule in fired.rules().rules}
    used = sorted({one for row in rows for one in row.signals})
    at = {rule: index for index, rule in enumerate(used)}
    signals = np.zeros((len(rows), len(used)))
    for index, row in enumerate(rows):
        signals[index, [at[one] for one in row.signals]] = 1.0
    if group is None:
        group = np.array(campaigns.groups([row.signature for row in rows]), dtype=float)
    hostile = np.array([float(row.hostile) for row in rows])
    return Mails(
        rows,
        used,
        {key: known[key].title for key in used},
        signals,
        np.array([known[key].weight for key in used]),
        np.array([row.file_weight for row in rows]),
        hostile,
        group,
        _shares(rows, group),
        np.array([row.sent_at for row in rows]),
    )


def _shares(rows: Sequence[fired.Row], group: Array) -> Array:
    """Let each campaign count once, and each honest set as much as the other."""
    sizes = {(one, row.folder): 0 for one, row in zip(group, rows, strict=True)}
    for one, row in zip(group, rows, strict=True):
        sizes[one, row.folder] += 1
    shares = np.array([1.0 / sizes[one, row.folder] for one, row in zip(group, rows, strict=True)])
    folder = np.array([row.folder for row in rows])
    honest = sum(shares[folder == name].sum() for name in HAM_SETS)
    for name in HAM_SETS:
        if (folder == name).any():
            shares[folder == name] *= honest / len(HAM_SETS) / shares[folder == name].sum()
    return shares


@dataclass(frozen=True, slots=True)
class Model:
    """What one training gave."""

    fit: Fit
    strength: float
    knots: tuple[tuple[float, float], ...]


def train(mails: Mails, rows: Array, strength: float | None = None) -> Model:
    """Learn from some mails: strength of the prior and thresholds by folds among them, weights from all of them."""
    folds = _folds(mails, rows, INNER)
    strengths = STRENGTHS if strength is None else (strength,)
    scored = {one: _out_of_fold(mails, rows, folds, one) for one in strengths}
    best = min(strengths, key=lambda one: _log_loss(mails, rows, *scored[one]))
    scores, _ = scored[best]
    honest = scores[mails.hostile[rows] == 0]
    final = _fit(mails, rows, best)
    return Model(final, best, knots([threshold(honest, rate) for rate in RATES]))


def knots(found: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Give the map from a sum of weights to log-odds through the two operating points."""
    suspicious = max(MIN_SUSPICIOUS, found[0])
    malicious = max(suspicious + MIN_STEP, found[1])
    points = [(0.0, PRIOR), (suspicious, _odds(SUSPICIOUS_AT)), (malicious, _odds(MALICIOUS_AT))]
    return tuple((round(score, 3), round(log_odds, 4)) for score, log_odds in points)


MIN_SUSPICIOUS, MIN_STEP = 1.5, 1.0
"""A map never says more than this: less than one medium rule is no suspicion, whatever honest mail is at hand."""


def mapped(model: Model, scores: Array) -> Array:
    """Give log-odds of sums of weights; the product's ``MailModel`` does the same."""
    given = np.empty_like(scores)
    for (left, low), (right, high) in pairwise(model.knots):
        inside = (scores >= left) | (left == 0.0)
        given[inside] = low + (scores[inside] - left) * (high - low) / (right - left)
    return given


def _odds(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


def _fit(mails: Mails, rows: Array, strength: float) -> Fit:
    return fit(mails.signals[rows], mails.hostile[rows], mails.shares[rows], mails.means, strength)


def _out_of_fold(mails: Mails, rows: Array, folds: Array, strength: float) -> tuple[Array, Array]:
    """Give sums of weights, and intercepts, of mails that the weights were not learnt from."""
    scores, intercepts = np.zeros(len(rows)), np.zeros(len(rows))
    for fold in range(int(folds.max()) + 1):
        held = folds == fold
        made = _fit(mails, rows[~held], strength)
        scores[held], intercepts[held] = mails.signals[rows[held]] @ made.weights, made.intercept
    return scores, intercepts


def _log_loss(mails: Mails, rows: Array, scores: Array, intercepts: Array) -> float:
    z = scores + intercepts
    return float(mails.shares[rows] @ (np.logaddexp(0.0, z) - mails.hostile[rows] * z))


def _folds(mails: Mails, rows: Array, count: int) -> Array:
    """Deal whole campaigns to folds, set by set, so that every fold has its part of each."""
    dice = np.random.default_rng(SEED)
    fold = np.zeros(len(rows), dtype=int)
    dealt: dict[float, int] = {}
    for folder in dict.fromkeys(row.folder for row in mails.rows):
        mine = [at for at, row in enumerate(rows) if mails.rows[row].folder == folder]
        sizes: dict[float, int] = {}
        for at in mine:
            sizes[mails.group[rows[at]]] = sizes.get(mails.group[rows[at]], 0) + 1
        names = sorted(sizes)
        dice.shuffle(names)
        filled = [0] * count
        for name in sorted(names, key=lambda one: -sizes[one]):
            if name not in dealt:
                dealt[name] = int(np.argmin(filled))
            filled[dealt[name]] += sizes[name]
        for at in mine:
            fold[at] = dealt[mails.group[rows[at]]]
    return fold


@dataclass(frozen=True, slots=True)
class Scored:
    """Mails measured by models that did not learn from their campaigns."""

    rows: Array
    scores: Array
    """Sum of weights, and the worst file's."""
    log_odds: Array
    """As the product would say, deployed prior and map included."""
    models: list[Model]


def grouped(mails: Mails, strength: float | None = None) -> Scored:
    """Measure every mail once, by campaigns."""
    rows = np.arange(len(mails.rows))
    folds = _folds(mails, rows, FOLDS)
    return _measured(mails, [(rows[folds != fold], rows[folds == fold]) for fold in range(FOLDS)], strength)


def by_time(mails: Mails, blocks: int = 4, strength: float | None = None) -> Scored:
    """Learn from earlier attacks and measure later ones: each block but the first, by all before it.

    A campaign belongs to the time of its first mail. Honest mail has no such order here and is dealt by campaigns.
    """
    first: dict[float, float] = {}
    for at in np.flatnonzero(mails.hostile):
        key = mails.group[at]
        first[key] = min(first.get(key, np.inf), mails.sent_at[at])
    attacks = np.flatnonzero(mails.hostile)
    began = np.array([first[mails.group[at]] for at in attacks])
    bounds = np.quantile(began, np.linspace(0, 1, blocks + 1)[1:-1])
    block = np.searchsorted(bounds, began, side="right")
    honest = np.flatnonzero(mails.hostile == 0)
    deal = _folds(mails, honest, blocks - 1)
    pairs = [
        (
            np.concatenate([attacks[block < at], honest[deal != at - 1]]),
            np.concatenate([attacks[block == at], honest[deal == at - 1]]),
        )
        for at in range(1, blocks)
    ]
    return _measured(mails, pairs, strength)


def _measured(mails: Mails, pairs: Sequence[tuple[Array, Array]], strength: float | None) -> Scored:
    rows, scores, log_odds, models = [], [], [], []
    for learn, held in pairs:
        model = train(mails, learn, strength)
        score = mails.signals[held] @ model.fit.weights
        rows.append(held)
        scores.append(score + mails.files[held])
        log_odds.append(mapped(model, score) + mails.files[held])
        models.append(model)
    return Scored(np.concatenate(rows), np.concatenate(scores), np.concatenate(log_odds), models)
