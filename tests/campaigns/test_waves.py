import math

import pytest

from sekisho.campaigns import waves
from sekisho.model.campaign import Guess


def guesses(**names):
    return [Guess("family", name, probability) for name, probability in names.items()]


def test_more_evidence_and_nearness_make_one_wave():
    assert waves.chance(30.0, 1.0) > 0.9 > waves.chance(10.0, 1.0) > waves.chance(0.0, 1.0)
    assert waves.chance(30.0, 20.0) < 0.05
    assert waves.chance(30.0, None) == waves.chance(30.0, 20.0)


def test_crews_that_agree_speak_for_one_wave():
    same = waves.agreement(guesses(emotet=0.9, qakbot=0.1), guesses(emotet=0.8, qakbot=0.2))
    other = waves.agreement(guesses(emotet=1.0), guesses(qakbot=1.0))
    assert same == pytest.approx(math.log(0.741))
    assert other == pytest.approx(math.log(waves.LEAST_AGREEMENT))
    assert waves.chance(10.0, 0.5, same) > waves.chance(10.0, 0.5, other)


def test_nothing_known_of_one_is_no_agreement():
    assert waves.agreement([], guesses(emotet=1.0)) is None
    assert waves.chance(10.0, 0.5, None) == waves.chance(10.0, 0.5)
