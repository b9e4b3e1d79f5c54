"""Conditions, by Sigma rules specification 2.0 "Condition"."""

import itertools

import pytest

from sekisho.detect._condition import ConditionError, condition_tree
from sekisho.detect._tree import Leaf, Text
from sekisho.detect.oracle import explain

NAMES = ("sel_a", "sel_b", "filter", "_hidden", "other-1")
SELECTIONS = {name: Leaf(name, (Text("equal", "1"),)) for name in NAMES}


def holds(condition, true):
    return explain(condition_tree(condition, SELECTIONS), dict.fromkeys(true, "1")) is not None


@pytest.mark.parametrize(
    ("condition", "meaning"),
    [
        ("sel_a", lambda a, b, f, h, o: a),
        ("sel_a and sel_b", lambda a, b, f, h, o: a and b),
        ("sel_a or sel_b and filter", lambda a, b, f, h, o: a or (b and f)),
        ("not sel_a and sel_b", lambda a, b, f, h, o: (not a) and b),
        ("not (sel_a and sel_b)", lambda a, b, f, h, o: not (a and b)),
        ("not not sel_a", lambda a, b, f, h, o: a),
        ("sel_a and not 1 of filter*", lambda a, b, f, h, o: a and not f),
        ("(sel_a or sel_b) and (filter or not other-1)", lambda a, b, f, h, o: (a or b) and (f or not o)),
        ("1 of sel_*", lambda a, b, f, h, o: a or b),
        ("all of sel_*", lambda a, b, f, h, o: a and b),
        ("any of sel_*", lambda a, b, f, h, o: a or b),
        ("2 of them", lambda a, b, f, h, o: a + b + f + o >= 2),
        ("1 of them", lambda a, b, f, h, o: a or b or f or o),
        ("all of them", lambda a, b, f, h, o: a and b and f and o),
        ("1 of _*", lambda a, b, f, h, o: h),
        ("1 of *_a or 1 of *ther*1", lambda a, b, f, h, o: a or o),
        ("1 of filter", lambda a, b, f, h, o: f),
        ("SEL_A", None),
        ("sel_a AND NOT sel_b", lambda a, b, f, h, o: a and not b),
        ("not 1 of sel_* or filter", lambda a, b, f, h, o: not (a or b) or f),
        ("sel_a and sel_b and filter or other-1", lambda a, b, f, h, o: (a and b and f) or o),
        ("  sel_a\n  or sel_b ", lambda a, b, f, h, o: a or b),
    ],
)
def test_truth_table(condition, meaning):
    if meaning is None:
        with pytest.raises(ConditionError, match="is not there"):
            holds(condition, ())
        return
    for values in itertools.product((False, True), repeat=len(NAMES)):
        true = [name for name, value in zip(NAMES, values, strict=True) if value]
        assert holds(condition, true) is bool(meaning(*values)), (condition, true)


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("", "empty"),
        ("sel_a and", "ends too early"),
        ("and sel_a", "where it cannot be"),
        ("sel_a sel_b", "where it cannot be"),
        ("(sel_a", "leaves a bracket open"),
        ("sel_a)", "not open"),
        ("()", "where it cannot be"),
        ("nothing", "'nothing', which is not there"),
        ("1 of nothing*", "no selection is called"),
        ("1 of", "no selection is called"),
        ("all of nothing", "no selection is called"),
        ("0 of sel_*", "asks for 0 of 2"),
        ("3 of sel_*", "asks for 3 of 2"),
        ("99999999999999999999 of sel_*", "of 2"),
        ("sel_a | count() by f > 5", "aggregation"),
        ("sel_a|count() > 5", "aggregation"),
        ("not " * 60 + "sel_a", "nested deeper"),
        ("not (" * 60 + "sel_a" + ")" * 60, "nested deeper"),
        ("(" * 6000, "more than 10000|too early"),
        ("x" * 10_001, "more than 10000"),
        ("sel_a and (" * 60 + "sel_a" + ")" * 60, "nested deeper"),
    ],
)
def test_refused(condition, reason):
    with pytest.raises(ConditionError, match=reason):
        condition_tree(condition, SELECTIONS)


def test_long_chains_and_brackets_are_no_depth():
    chain = " or ".join(["sel_a"] * 900)
    assert holds(chain, ["sel_a"])
    assert holds("(" * 2000 + "sel_a" + ")" * 2000, ["sel_a"])


def test_many_references_are_refused():
    many = {f"s{at}": SELECTIONS["sel_a"] for at in range(200)}
    with pytest.raises(ConditionError, match="more than 10000 times"):
        condition_tree(" or ".join(["1 of s*"] * 100), many)


def test_stars_in_a_name_pattern_take_linear_time():
    names = {"a" * 200 + "b": SELECTIONS["sel_a"]}
    with pytest.raises(ConditionError, match="no selection"):
        condition_tree("1 of " + "*a" * 100 + "*c", names)
