"""Every form of condition and selection, with the heading of Sigma rules specification 2.0 it comes from."""

import itertools

import pytest

from sekisho.detect._condition import ConditionError, condition_tree
from sekisho.detect._tree import Leaf, Text
from sekisho.detect.oracle import explain
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource

NAMES = ("sel_a", "sel_b", "filter", "_hidden", "other-1")
SELECTIONS = {name: Leaf(name, (Text("equal", "1"),)) for name in NAMES}


def holds(condition, true):
    return explain(condition_tree(condition, SELECTIONS), dict.fromkeys(true, "1")) is not None


FORMS = [
    ("sel_a", lambda a, b, f, h, o: a, "search identifier"),
    ("_hidden", lambda a, b, f, h, o: h, "search identifier with an underscore, named"),
    ("  sel_a\n  or sel_b ", lambda a, b, f, h, o: a or b, "Logical AND/OR, on several lines"),
    ("sel_a and sel_b", lambda a, b, f, h, o: a and b, "Logical AND/OR"),
    ("sel_a or sel_b", lambda a, b, f, h, o: a or b, "Logical AND/OR"),
    ("sel_a AND NOT sel_b", lambda a, b, f, h, o: a and not b, "Logical AND/OR, in capitals"),
    ("not sel_a", lambda a, b, f, h, o: not a, "Negation"),
    ("not not sel_a", lambda a, b, f, h, o: a, "Negation, twice"),
    ("not (sel_a and sel_b)", lambda a, b, f, h, o: not (a and b), "Negation of brackets"),
    ("not (not sel_a or not sel_b)", lambda a, b, f, h, o: a and b, "Negation, nested"),
    ("sel_a and not 1 of filter*", lambda a, b, f, h, o: a and not f, "Negation of a pattern"),
    ("(sel_a)", lambda a, b, f, h, o: a, "Brackets"),
    ("(sel_a or sel_b) and filter", lambda a, b, f, h, o: (a or b) and f, "Brackets before precedence"),
    ("(sel_a or sel_b) and (filter or not other-1)", lambda a, b, f, h, o: (a or b) and (f or not o), "Brackets"),
    ("((sel_a and (sel_b or filter)) or (other-1))", lambda a, b, f, h, o: (a and (b or f)) or o, "Brackets, nested"),
    ("sel_a or sel_b and filter", lambda a, b, f, h, o: a or (b and f), "Operator Precedence: and before or"),
    ("sel_a and sel_b or filter and other-1", lambda a, b, f, h, o: (a and b) or (f and o), "Operator Precedence"),
    ("sel_a and sel_b and filter or other-1", lambda a, b, f, h, o: (a and b and f) or o, "Operator Precedence"),
    ("not sel_a and sel_b", lambda a, b, f, h, o: (not a) and b, "Operator Precedence: not before and"),
    ("not sel_a or sel_b", lambda a, b, f, h, o: (not a) or b, "Operator Precedence: not before or"),
    ("not 1 of sel_* or filter", lambda a, b, f, h, o: not (a or b) or f, "Operator Precedence: x of before not"),
    ("not all of sel_* and filter", lambda a, b, f, h, o: not (a and b) and f, "Operator Precedence: x of before not"),
    ("1 of them", lambda a, b, f, h, o: a or b or f or o, "1/all of them: none with an underscore"),
    ("any of them", lambda a, b, f, h, o: a or b or f or o, "1/all of them, in another word"),
    ("all of them", lambda a, b, f, h, o: a and b and f and o, "1/all of them: none with an underscore"),
    ("2 of them", lambda a, b, f, h, o: a + b + f + o >= 2, "1/all of them, another number"),
    ("1 of sel_*", lambda a, b, f, h, o: a or b, "1/all of search-identifier-pattern"),
    ("all of sel_*", lambda a, b, f, h, o: a and b, "1/all of search-identifier-pattern"),
    ("any of sel_*", lambda a, b, f, h, o: a or b, "1/all of search-identifier-pattern, in another word"),
    ("2 of sel_*", lambda a, b, f, h, o: a and b, "1/all of search-identifier-pattern, another number"),
    ("1 of *", lambda a, b, f, h, o: a or b or f or o, "1/all of search-identifier-pattern: no underscore"),
    ("1 of _*", lambda a, b, f, h, o: h, "1/all of search-identifier-pattern: an underscore asked for"),
    ("1 of *_a or 1 of *ther*1", lambda a, b, f, h, o: a or o, "1/all of search-identifier-pattern: * anywhere"),
    ("1 of filter", lambda a, b, f, h, o: f, "1/all of search-identifier-pattern: without *"),
    (
        "all of sel_* and not 1 of filter*",
        lambda a, b, f, h, o: a and b and not f,
        "1/all of search-identifier-pattern",
    ),
    ("SEL_A", None, "search identifier: case counts"),
]


@pytest.mark.parametrize(("condition", "meaning", "section"), FORMS)
def test_truth_table(condition, meaning, section):
    if meaning is None:
        with pytest.raises(ConditionError, match="is not there"):
            holds(condition, ())
        return
    for values in itertools.product((False, True), repeat=len(NAMES)):
        true = [name for name, value in zip(NAMES, values, strict=True) if value]
        assert holds(condition, true) is bool(meaning(*values)), (condition, true, section)


RULE = "title: t\nlogsource: {product: windows}\ndetection:\n"
# detection, record, matches, section
DETECTIONS = [
    ("  a: {f: 1}\n  b: {g: 1}\n  condition: [a, b]", {"g": 1}, True, "Condition: a list is OR"),
    ("  a: {f: 1}\n  b: {g: 1}\n  condition: [a and b, not a]", {"f": 1}, False, "Condition: a list is OR"),
    ("  a: {f: 1}\n  b: {g: 1}\n  condition: [a and b, not a]", {"g": 2}, True, "Condition: a list is OR"),
    ("  a: {f: x, g: y}\n  condition: a", {"f": "x"}, False, "Maps: AND"),
    ("  a: {f: x, g: [y, z]}\n  condition: a", {"f": "x", "g": "z"}, True, "Maps: AND, values OR"),
    ("  a: [{f: x}, {g: y, h: z}]\n  condition: a", {"f": "x"}, True, "Lists of maps: OR"),
    ("  a: [{f: x}, {g: y, h: z}]\n  condition: a", {"g": "y"}, False, "Lists of maps: each AND"),
    ("  a: [one, two]\n  condition: a", {"m": "it is TWO"}, True, "Lists of strings: keywords, OR"),
    ("  a: [one, two]\n  condition: not a", {"m": "one"}, False, "Lists of strings, negated"),
    ("  a: {'|all': [one, two]}\n  condition: a", {"m": "two", "n": "one"}, True, "Keywords search: all"),
    ("  a: {'|all': [one, two]}\n  condition: a", {"m": "two"}, False, "Keywords search: all"),
    ("  a: one\n  condition: a", {"m": "one"}, True, "Keywords search: a single one"),
    ("  a: [{f: x}, word]\n  condition: a", {"m": "a word"}, True, "Lists: maps and strings"),
    ("  a: {f: x}\n  n: {g: null}\n  condition: a and not n", {"f": "x"}, False, "Special Field Values: not null"),
    ("  a: {f: x}\n  n: {g: null}\n  condition: a and not n", {"f": "x", "g": 0}, True, "Special Field Values"),
    ("  a: {f: x}\n  n: {g: ''}\n  condition: a and n", {"f": "x", "g": ""}, True, "Special Field Values: empty"),
    ("  a: {f: 4624}\n  condition: a", {"f": "4624"}, True, "Maps: numbers"),
    ("  a: {f: '*.exe'}\n  condition: a", {"f": "C:\\A.EXE"}, True, "String Wildcard"),
    ("  a: {f: 'x?.exe'}\n  condition: a", {"f": "x.exe"}, False, "String Wildcard"),
    ("  a: {f: 'x\\*'}\n  condition: a", {"f": "x*"}, True, "Escaping"),
    ("  a: {f: 'x\\*'}\n  condition: a", {"f": "xy"}, False, "Escaping"),
    ("  a: {f: 'x\\\\*'}\n  condition: a", {"f": "x\\y"}, True, "Escaping: backslash, then wildcard"),
    ("  a: {f|exists: true}\n  condition: not a", {"g": 1}, True, "Field Existence"),
    ("  _a: {f: x}\n  b: {g: y}\n  condition: 1 of them", {"f": "x"}, False, "1/all of them: no underscore"),
    ("  _a: {f: x}\n  b: {g: y}\n  condition: _a or b", {"f": "x"}, True, "search identifier with an underscore"),
    ("  a1: {f: x}\n  a2: [y]\n  condition: all of a*", {"f": "x", "m": "xy"}, True, "1/all of a pattern: kinds mixed"),
]


@pytest.mark.parametrize(("detection", "fields", "matches", "section"), DETECTIONS)
def test_detection(detection, fields, matches, section):
    rules = load([("t.yml", RULE + detection)])
    assert not rules.failed, rules.failed[0]
    assert (explain(rules.compiled[0].tree, fields) is not None) is matches, section
    assert bool(rules.match(Event(Logsource("windows"), fields))) is matches, section


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
