"""How signals weigh together."""

import pytest

from sekisho.model.rule import WEIGHTS
from sekisho.model.verdict import SUREST, Verdict, probability, verdict_of, weight_of


def verdict(*levels):
    return verdict_of(probability(WEIGHTS[level] for level in levels))


@pytest.mark.parametrize(
    ("levels", "word"),
    [
        ((), "clean"),
        (("low",), "clean"),
        (("low",) * 20, "clean"),
        (("medium",), "clean"),
        (("medium", "medium", "medium"), "clean"),
        (("high",), "suspicious"),
        (("high", "medium"), "suspicious"),
        (("high", "high"), "malicious"),
        (("critical",), "malicious"),
    ],
)
def test_levels_give_words(levels, word):
    assert verdict(*levels) == word


def test_order_does_not_matter_and_more_never_weighs_less():
    assert probability([3, 1, 2]) == probability([1, 2, 3]) > probability([2, 3])


def test_nothing_is_certain():
    assert probability([6.0] * 100) == SUREST < 1


def test_a_child_weighs_what_its_probability_says():
    assert probability([weight_of(0.7)]) == pytest.approx(0.7)


def test_words_are_ranked():
    assert sorted(Verdict, key=lambda word: word.rank) == ["clean", "unscanned", "suspicious", "malicious"]
