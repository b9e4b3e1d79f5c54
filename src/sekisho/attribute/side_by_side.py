"""Old against new: two samples or incidents, feature by feature, each weighed by how rare it is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rapidfuzz.distance import Indel

from sekisho.model.comparison import KINDS, Compared, Comparison, Features, Kind

VALUES, VALUE_CHARS = 400, 1_000
"""Values of a kind, and characters of a value, that are compared; the rest is counted."""
ALIKE_LEAST = 0.6
"""Below this likeness, what is compared speaks against. Source: own setting; lists that share six of ten entries in
one order are what analysts call practically the same."""
BACKGROUND = 2.0
"""Pseudo-samples of the corpus, so that a value of no other sample is not infinitely rare. Source: own setting."""


def compare(old: Features, new: Features, corpus: Sequence[Features] = ()) -> Comparison:
    """Compare two samples or incidents.

    Args:
        old: known.
        new: in question.
        corpus: other samples, none of the same actor as far as is known: what many of them have weighs little.
    """
    rows = tuple(row for kind in KINDS if (row := _row(kind, old, new, _counts(kind, corpus), len(corpus))))
    total = sum(row.weight for row in rows)
    return Comparison(old.name, new.name, rows, total, len(corpus), _left_out(old, new))


def _counts(kind: Kind, corpus: Sequence[Features]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in corpus:
        found.update({_folded(value) for value in one.values.get(kind.name, ())[:VALUES]})
    return found


def _row(kind: Kind, old: Features, new: Features, counts: Mapping[str, int], corpus: int) -> Compared | None:
    one, other = (_bounded(given.values.get(kind.name, ())) for given in (old, new))
    if not one and not other:
        return None
    if not one or not other:  # what one side lacks was perhaps never looked for: it says nothing
        return Compared(kind.name, one, other, (), 0.0, 0.0)
    left, right = ({_folded(value): value for value in side} for side in (one, other))
    common = tuple(left[key] for key in left if key in right)
    likeness = _likeness(kind, one, other)
    rarity = sum(_rarity(key, counts, corpus) for key in left if key in right)
    if kind.ordered or kind.fuzzy:
        for_it = (
            kind.most * max(0.0, (likeness - ALIKE_LEAST) / (1 - ALIKE_LEAST)) * _common_rarity(counts, left, corpus)
        )
    else:
        for_it = kind.most * (1 - math.exp(-rarity / 3)) * math.sqrt(likeness)
    against = kind.against * (1 - likeness) if likeness < ALIKE_LEAST else 0.0
    return Compared(kind.name, one, other, common, likeness, for_it - against)


def _common_rarity(counts: Mapping[str, int], left: Mapping[str, str], corpus: int) -> float:
    """Give 1 where the corpus has none of a side's values, less the more it has of them."""
    if not left or not corpus:
        return 1.0
    return 1 - sum(counts.get(key, 0) for key in left) / len(left) / corpus


def _likeness(kind: Kind, one: Sequence[str], other: Sequence[str]) -> float:
    """Give how alike two lists are, 0 to 1: in order, by characters, or as sets."""
    left, right = ([_folded(value) for value in side] for side in (one, other))
    if kind.ordered:
        return Indel.normalized_similarity(left, right)
    if kind.fuzzy:
        return max(Indel.normalized_similarity(a, b) for a in left[:8] for b in right[:8])
    return len(set(left) & set(right)) / len(set(left) | set(right))


def _rarity(value: str, counts: Mapping[str, int], corpus: int) -> float:
    return math.log((corpus + BACKGROUND) / (counts.get(value, 0) + 1)) + 0.3


def _bounded(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value[:VALUE_CHARS] for value in values if value.strip()))[:VALUES]


def _folded(value: str) -> str:
    return " ".join(value.casefold().split())


def _left_out(old: Features, new: Features) -> tuple[str, ...]:
    known = {kind.name for kind in KINDS}
    return tuple(sorted(name for name in {*old.values, *new.values} if name not in known))


def ordered(rows: Sequence[Compared]) -> Iterator[Compared]:
    """Give rows, heaviest first, whichever way they speak."""
    yield from sorted(rows, key=lambda row: (-abs(row.weight), row.kind))
