"""Small regressions: weights go where the data are, and no further than the prior lets them."""

import math

import pytest

from sekisho.model.fitting import fit_choice, fit_odds


def test_a_choice_moves_weights_to_what_was_chosen_and_the_prior_holds_them():
    choices = [([(1.0, 0.0), (0.0, 1.0)], 0)] * 30
    loose, tight = (fit_choice(choices, (0.0, 0.0), strength) for strength in (0.1, 1000.0))
    assert loose[0] > 1 > -1 > loose[1]
    assert abs(tight[0]) < 0.1


def test_odds_find_the_share():
    made = fit_odds([(1.0,)] * 10, [True] * 8 + [False] * 2, (0.0,), (1e-6,))
    assert made[0] == pytest.approx(math.log(4), abs=0.01)


def test_scores_that_part_completely_stay_finite():
    made = fit_odds([(1.0, 100.0), (1.0, -100.0)], [True, False], (0.0, 0.0), (0.01, 0.01))
    assert all(map(math.isfinite, made))
