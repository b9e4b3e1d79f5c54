"""Small regressions in plain Python: a choice among candidates, and a yes or no, each with a prior on its weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

Row = Sequence[float]
STEPS, STEP_LIMIT, CLOSE, FAINT = 30, 1.5, 1e-4, 1e-5


def softmax(scores: Sequence[float]) -> list[float]:
    """Give probabilities that are proportional to the exponentials of the scores."""
    top = max(scores)
    raised = [math.exp(one - top) for one in scores]
    total = sum(raised)
    return [one / total for one in raised]


def sigmoid(value: float) -> float:
    """Give the probability of log-odds."""
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, value))))


def dot(one: Row, other: Row) -> float:
    """Give the inner product."""
    return sum(a * b for a, b in zip(one, other, strict=True))


def fit_choice(
    choices: Sequence[tuple[Sequence[Row], int]], prior: Row, strength: float, start: Row | None = None
) -> tuple[float, ...]:
    """Fit a conditional logit: which of its candidates each choice took.

    Args:
        choices: candidates' rows, and which one it was.
        prior: what the weights are without any choice.
        strength: how strongly they are held there: the inverse of the prior's variance.
        start: weights to begin with; the answer does not depend on them.
    """
    weights = list(start or prior)
    size = len(weights)
    for _ in range(STEPS):
        gradient = [-strength * (one - mean) for one, mean in zip(weights, prior, strict=True)]
        curve = [[strength if i == j else 0.0 for j in range(size)] for i in range(size)]
        for rows, taken in choices:
            chances = softmax([dot(row, weights) for row in rows])
            likely = [(p, row) for p, row in zip(chances, rows, strict=True) if p > FAINT]
            means = [sum(p * row[i] for p, row in likely) for i in range(size)]
            for i in range(size):
                gradient[i] += rows[taken][i] - means[i]
            for p, row in likely:
                apart = [row[i] - means[i] for i in range(size)]
                for i in range(size):
                    scaled, line = p * apart[i], curve[i]
                    for j in range(size):
                        line[j] += scaled * apart[j]
        if _move(weights, curve, gradient):
            break
    return tuple(weights)


def fit_odds(rows: Sequence[Row], yes: Sequence[bool], prior: Row, strength: Row) -> tuple[float, ...]:
    """Fit a logistic regression with a prior on each weight; rows bring their own constant."""
    weights = list(prior)
    size = len(weights)
    for _ in range(STEPS):
        gradient = [-s * (w - m) for s, w, m in zip(strength, weights, prior, strict=True)]
        curve = [[strength[i] if i == j else 0.0 for j in range(size)] for i in range(size)]
        for row, is_so in zip(rows, yes, strict=True):
            p = sigmoid(dot(row, weights))
            for i in range(size):
                gradient[i] += (is_so - p) * row[i]
                for j in range(size):
                    curve[i][j] += p * (1 - p) * row[i] * row[j]
        if _move(weights, curve, gradient):
            break
    return tuple(weights)


def _move(weights: list[float], curve: list[list[float]], gradient: list[float]) -> bool:
    """Take one bounded Newton step in place; tell whether it was too small to matter."""
    step = _solve(curve, gradient)
    largest = max(abs(one) for one in step)
    scale = min(1.0, STEP_LIMIT / largest) if largest else 1.0
    for i, one in enumerate(step):
        weights[i] += scale * one
    return largest < CLOSE


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a positive definite system by elimination."""
    size = len(right)
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, size):
            factor = rows[k][i] / rows[i][i]
            for j in range(i, size + 1):
                rows[k][j] -= factor * rows[i][j]
    answer = [0.0] * size
    for i in reversed(range(size)):
        answer[i] = (rows[i][size] - sum(rows[i][j] * answer[j] for j in range(i + 1, size))) / rows[i][i]
    return answer
