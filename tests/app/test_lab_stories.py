"""All attacks of the lab at once in one company: one incident each, none merged, none split, nothing beside them."""

import pytest

from sekisho.app import ruleset
from sekisho.app.lab import cases, mixed
from sekisho.app.lab.measure import measure
from sekisho.app.pipeline import Options, investigate

# Measured: 0.963 at least. What is not planted there is the form that a hijacked browser opens before it sends a file.
LEAST_PRECISION = 0.95


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
    low = [one for one in measured.told if one.precision < LEAST_PRECISION]
    assert {one.case: one.unrelated[:5] for one in low} == {}


def test_every_root_is_right(measured):
    assert [one.case for one in measured.told if not one.root_right] == []


def test_none_is_merged_and_none_is_split(measured):
    split = {one.case: one.split for one in measured.told if one.split}
    assert (measured.merged, split) == (0, {})


def test_the_twins_and_the_noise_raise_no_alarm(measured):
    assert [(one.id, one.severity) for one in measured.false_alarms] == []


def test_merges_are_undone_by_their_ids(tmp_path):
    """Mail and host share several things: without the first, the next unites them, and without all they are two."""
    folder = cases.make("emotet-vba", tmp_path)
    rules = ruleset.load([], cache=False)
    apart: tuple[str, ...] = ()
    for _ in range(6):
        told = investigate([str(folder / "evidence")], rules, Options(jobs=2, apart=apart)).incidents
        ids = [one.id for incident in told for one in incident.merges if one.why.key != "why.merge.bytes"]
        assert not set(ids) & set(apart)
        if not ids:
            break
        apart += tuple(ids)
    assert {one.title.key for one in told} == {"title.delivered", "title.host"}
