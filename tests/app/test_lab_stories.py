"""All attacks of the lab at once in one company: one incident each, none merged, none split, nothing beside them."""

import pytest

from sekisho.app import ruleset
from sekisho.app.lab import mixed
from sekisho.app.lab.measure import measure
from sekisho.app.pipeline import Options, investigate


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Give the attacks of a mixed week and how well they are told."""
    folder = mixed.make(tmp_path_factory.mktemp("lab"))
    _, attacks = mixed.week()
    result = investigate([str(folder / "evidence")], ruleset.load([], cache=False), Options(jobs=2))
    return measure(result, attacks, f"{folder}/")


def test_every_step_of_every_attack_is_told(measured):
    assert {one.case: one.missed for one in measured.told if one.missed} == {}


def test_nothing_unrelated_is_told(measured):
    assert {one.case: one.unrelated for one in measured.told if one.unrelated} == {}


def test_every_root_is_right(measured):
    assert [one.case for one in measured.told if not one.root_right] == []


def test_none_is_merged_and_none_is_split(measured):
    assert (measured.merged, {one.case: one.split for one in measured.told if one.split}) == (0, {})


def test_the_twins_and_the_noise_raise_no_alarm(measured):
    assert [(one.id, one.severity) for one in measured.false_alarms] == []
