"""Evidence: exactly what made a condition true."""

import pytest

from sekisho.detect.oracle import explain
from sekisho.detect.rules import load
from sekisho.model.finding import Evidence

RULE = "title: t\nlogsource: {product: p}\ndetection:\n  s: {f: a}\n  t: {g|contains: [b, c]}\n  n: {h: null}\n  k: [word, 7]\n  d: {f|neq: z}\n  all:\n    f|contains|all: [x, y]\n  condition: "


def evidence(condition, fields):
    (one,) = load([("t.yml", RULE + condition)]).compiled
    found = explain(one.tree, fields)
    return None if found is None else [(item.field, item.value) for item in found]


@pytest.mark.parametrize(
    ("condition", "fields", "expected"),
    [
        ("s", {"f": "A"}, [("f", "A")]),
        ("s", {"f": "b"}, None),
        ("s and t", {"f": "a", "g": "xbx"}, [("f", "a"), ("g", "xbx")]),
        ("s or t", {"f": "a", "g": "b"}, [("f", "a"), ("g", "b")]),
        ("s or t", {"f": "a", "g": "x"}, [("f", "a")]),
        ("s and not t", {"f": "a", "g": "x"}, [("f", "a")]),
        ("not t", {"g": "x"}, []),
        ("n", {"f": "a"}, [("h", None)]),
        ("n", {"h": ""}, [("h", "")]),
        ("k", {"f": "a word", "g": 7, "x": "no"}, [("f", "a word"), ("g", 7)]),
        ("t", {"g": ["x", "b", "cc"]}, [("g", "b"), ("g", "cc")]),
        ("d", {"f": "y"}, [("f", "y")]),
        ("d", {"g": "y"}, []),
        ("all", {"f": ["x", "y"]}, [("f", "x"), ("f", "y")]),
        ("all", {"f": "xy"}, [("f", "xy")]),
        ("s", {"F": "a"}, [("F", "a")]),
    ],
)
def test_evidence(condition, fields, expected):
    assert evidence(condition, fields) == expected


def test_evidence_is_the_event_s_own_value():
    (one,) = load([("t.yml", RULE + "k")]).compiled
    assert explain(one.tree, {"n": 7}) == (Evidence("n", 7),)
