"""How the signals on a mail weigh together."""

import random

import pytest

from sekisho.model.mailmodel import NOT_FITTED, MailModel
from sekisho.model.verdict import PRIOR, SUREST, Verdict, probability, verdict_of, weight_of

MODEL = MailModel({"a": 2.0, "b": 1.0, "c": 4.0}, ((0.0, PRIOR), (2.5, 0.0), (5.0, 2.1973)))


def test_fitted_weights_add_up_and_meet_the_operating_points():
    assert verdict_of(MODEL.probability([2.0])) is Verdict.CLEAN
    assert verdict_of(MODEL.probability([2.0, 1.0])) is Verdict.SUSPICIOUS
    assert verdict_of(MODEL.probability([4.0, 1.0])) is Verdict.MALICIOUS
    assert MODEL.probability([2.5]) == pytest.approx(0.5)


def test_without_fitted_signals_a_mail_is_weighed_like_a_file():
    for weights in ([], [0.5], [3.5, 1.5], [6.0], [1.5, 1.5, 1.5]):
        assert MODEL.probability([], weights) == pytest.approx(probability(weights))
        assert NOT_FITTED.probability([], weights) == pytest.approx(probability(weights))


def test_a_file_weighs_what_its_probability_says():
    assert MODEL.probability([], [weight_of(0.95)]) == pytest.approx(0.95)
    assert MODEL.probability([2.0], [weight_of(0.95)]) > 0.95


def test_a_further_signal_never_lowers_the_probability():
    dice = random.Random(5)
    for _ in range(500):
        points = sorted(dice.uniform(0.1, 9) for _ in range(2))
        model = MailModel({}, ((0.0, PRIOR), (points[0], 0.0), (points[1] + 0.1, 2.2)))
        fitted = [dice.choice((0.0, dice.uniform(0, 4))) for _ in range(dice.randrange(5))]
        others = [dice.uniform(0, 6) for _ in range(dice.randrange(4))]
        before, more = model.probability(fitted, others), dice.uniform(0, 3)
        assert model.probability([*fitted, more], others) >= before
        assert model.probability(fitted, [*others, more]) >= before


def test_nothing_is_certain_and_order_does_not_matter():
    assert MODEL.probability([100.0], [100.0]) == SUREST
    assert MODEL.probability([0.1, 0.2, 0.3]) == MODEL.probability([0.3, 0.1, 0.2])
