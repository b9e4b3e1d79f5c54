"""The ranker: probabilities that add up, and none of these as an answer."""

import pytest

from sekisho.attribute.ranker import Model, rank, standing_out

ZERO = (0.0,) * 9


def row(**values):
    return (values.get("technique", 0.0), values.get("malware", 0.0), *ZERO[2:])


def test_probabilities_and_unknown_add_up_to_one():
    rows = {"G1": row(malware=3), "G2": row(technique=1), "G3": ZERO}
    made = rank(Model(), rows, {"G1": 0.5, "G2": 0.1, "G3": 0.0})
    assert [made.names[i] for i in made.order] == ["G1", "G2", "G3"]
    assert sum(made.among) == pytest.approx(1)
    assert sum(made.probabilities) < 1
    assert made.probabilities[0] > made.probabilities[1] > made.probabilities[2] > 0


def test_nothing_on_record_is_all_unknown():
    made = rank(Model(), {}, {})
    assert (made.names, made.known) == ((), 0.0)


def test_the_more_is_on_record_the_more_it_is_known():
    rows = {"G1": row(malware=3), "G2": ZERO}
    low, high = (rank(Model(), rows, {"G1": share, "G2": 0.0}).known for share in (0.0, 1.0))
    assert low < high


def test_standing_out_is_the_distance_from_the_middle():
    assert standing_out([0.0, 0.0, 0.0]) == 0
    assert standing_out([0.0, 0.1, 0.2, 5.0]) > standing_out([0.0, 0.1, 0.2, 0.3])
