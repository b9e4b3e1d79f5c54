"""The bench that measures attribution: its figures on literals, and its protocol on a small world."""

import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from sekisho.attribute.learning import examples
from sekisho.model.attribution import Citation, Knowledge, Named, Use

BENCH = Path(__file__).parents[1] / "bench" / "attribution"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    sys.modules.pop("run", None)
    import run

    yield run
    sys.modules.pop("run", None)


def world():
    names = {f"G{n:04}": Named(f"G{n:04}", "actor", "") for n in range(7)}
    uses = []
    for number in range(49):
        group, day = number % 7, date(2014, 1, 1) + timedelta(days=45 * number)
        items = [f"T1{group * 6 + (number + k) % 6:03}" for k in range(5)]
        cited = (Citation(f"https://{number}.example", day),)
        for item in items:
            names[item] = Named(item, "technique", "")
            uses.append(Use(f"G{group:04}", item, cited))
    return Knowledge("k", names, tuple(uses), {})


def test_figures_on_literals(bench):
    assert bench.calibration_error([(0.8, True), (0.8, True), (0.8, False)]) == pytest.approx(0.4 / 3)
    assert bench.coverage([(0.9, True), (0.8, True), (0.7, False), (0.6, False)]) == 0.5
    assert bench.coverage([(0.9, False)]) == 0
    assert bench.auroc([2.0, 1.0], [0.0, 1.0]) == 0.875
    assert bench._rank({"a": 1.0, "b": 1.0, "c": 2.0}, "a") == 2.5
    assert bench._rank({"a": 1.0}, "z") == 0


def test_a_clear_world_is_answered_and_first_reports_are_unknown(bench):
    known, until = world(), date(2021, 12, 31)
    answers = bench.ask(list(examples(known, until)), bench.unigram(known, until), "hard")
    assert [one.rank for one in answers[:2]] == [0.0, 0.0], "the sixth and seventh actor were new then"
    assert all(one.right for one in answers[2:])
    assert all(one.baseline == 1 for one in answers[2:])
