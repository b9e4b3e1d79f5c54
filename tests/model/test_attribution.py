"""The wording scale, and unknown where it is the likelier answer."""

import pytest

from sekisho.model.attribution import Attribution, Hypothesis, band


@pytest.mark.parametrize(
    ("probability", "word"),
    [
        (1.0, "almost_certain"),
        (0.95, "almost_certain"),
        (0.8, "very_likely"),
        (0.55, "likely"),
        (0.25, "possible"),
        (0.249, "unlikely"),
        (0.0, "unlikely"),
    ],
)
def test_steps_of_the_scale(probability, word):
    assert band(probability) == word


def test_the_first_place_is_named_only_above_unknown():
    top = Hypothesis("G1", "n", "actor", 0.4, 1, 0, None, None, ())
    assert Attribution("", "actor", None, "", (), (top,), unknown=0.5).band == "unknown"
    assert Attribution("", "actor", None, "", (), (top,), unknown=0.3).band == "possible"
    assert Attribution("", "actor", None, "", (), (), unknown=1.0).band == "unknown"
