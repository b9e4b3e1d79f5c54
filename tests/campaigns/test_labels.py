import pytest

from sekisho.campaigns.labels import CHECKED, Labels, answer
from sekisho.model.campaign import Guess, Trait

DAY = 86_400
ZIP, LINK, HTML = Trait("file.extension", "zip"), Trait("url.path", "/l/w-n7-8"), Trait("file.extension", "html")


def taught():
    labels = Labels("family")
    for day in range(10):
        labels.learn([ZIP], "one", day * DAY)
        labels.learn([LINK], "two", day * DAY)
    return labels


def test_traits_speak_for_a_label_and_say_so():
    first, second = taught().guess([LINK], 11 * DAY)
    assert (first.name, second.name) == ("two", "one")
    assert first.probability + second.probability == pytest.approx(1)
    assert first.evidence[0][0] == LINK and first.evidence[0][1] > 0 > second.evidence[0][1]


def test_only_what_came_before_counts():
    labels = taught()
    labels.learn([HTML], "two", 20 * DAY)
    assert labels.guess([HTML], 20 * DAY) == labels.guess([Trait("brand", "never seen")], 20 * DAY)
    assert labels.guess([ZIP], 0) == ()


def test_order_of_learning_does_not_matter():
    labels = taught()
    labels.seen.reverse()
    told = [(one.name, pytest.approx(one.probability)) for one in labels.guess([ZIP, LINK], 11 * DAY)]
    assert told == [(one.name, one.probability) for one in taught().guess([ZIP, LINK], 11 * DAY)]


def test_unknown_is_an_answer():
    labels = Labels("family")
    for number in range(9):
        labels.learn([Trait("brand", str(number))], f"f{number}", number * DAY)
    assert answer(labels.guess([HTML], 30 * DAY)).name == "unknown"
    assert answer(()).name == "unknown"
    assert answer(taught().guess([LINK], 11 * DAY)).name == "two"


def checked(right, wrong, probability=0.99):
    labels = taught()
    guesses = [Guess("family", "one", probability), Guess("family", "two", 1 - probability)]
    for name, count in (("one", right), ("two", wrong)):
        for _ in range(count):
            labels.check(guesses, name, 12 * DAY)
    return labels, guesses


def test_probabilities_follow_how_often_earlier_answers_were_right():
    labels, guesses = checked(60, 40)
    told = labels.calibrated(guesses, 13 * DAY)
    assert told[0].probability == pytest.approx(0.6, abs=0.05)
    assert told[1].probability <= told[0].probability
    assert [one.name for one in told] == ["one", "two"]


def test_a_first_place_stays_first_however_wrong_it_was():
    labels, guesses = checked(2, 98)
    first, second = labels.calibrated(guesses, 13 * DAY)
    assert first.probability < 0.1 and second.probability == first.probability


def test_few_or_later_answers_calibrate_nothing():
    labels, guesses = checked(0, CHECKED - 1)
    assert labels.calibrated(guesses, 13 * DAY) == tuple(guesses)
    labels, guesses = checked(0, CHECKED)
    assert labels.calibrated(guesses, 12 * DAY) == tuple(guesses)
    assert labels.calibrated(guesses, 13 * DAY) != tuple(guesses)
    assert labels.calibrated((), 13 * DAY) == ()
