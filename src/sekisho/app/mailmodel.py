"""The weights of mail signals are read once, from the file that ships with Sekisho."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path

import sekisho
from sekisho.model.mailmodel import NOT_FITTED, MailModel

NAME = "mail-model.json"


def knowledge() -> Path:
    """Give the folder of dated facts that ship with Sekisho: in the wheel, else in the checkout."""
    package = Path(sekisho.__file__).parent
    packed = package / "_knowledge"
    return packed if packed.is_dir() else package.parent.parent / "knowledge"


@cache
def own() -> MailModel:
    """Give the fitted model; without its file every rule weighs what its level says."""
    path = knowledge() / NAME
    return parse(path.read_text(encoding="utf-8")) if path.is_file() else NOT_FITTED


def parse(text: str) -> MailModel:
    """Read a model as ``bench/mail/fit.py`` writes it.

    Raises:
        ValueError: a weight is negative, or the map does not rise.
    """
    document = json.loads(text)
    weights = {key: float(one["weight"]) for key, one in document["rules"].items() if one["fitted"]}
    knots = tuple((float(score), float(log_odds)) for score, log_odds in document["map"])
    if min(weights.values(), default=0.0) < 0:
        raise ValueError(f"{NAME}: a negative weight")
    rising = all(a < b and x < y for (a, x), (b, y) in pairwise(knots))
    if len(knots) < 2 or not rising:
        raise ValueError(f"{NAME}: the map does not rise")
    return MailModel(weights, knots)
