"""Placeholder files."""

import pytest

from sekisho.detect.placeholders import values
from sekisho.detect.rules import load
from sekisho.model.errors import RuleError
from sekisho.model.event import Event, Logsource

RULE = """
title: One
logsource: {product: windows}
detection:
  selection:
    User|expand: '%admins%'
  condition: selection
"""


def test_names_and_values():
    text = "admins: [root, 007]\n'%hosts%': dc01\n---\nnumbers: [1.10]\n"
    assert values("p.yml", text) == {"admins": ("root", "007"), "hosts": ("dc01",), "numbers": ("1.10",)}
    assert values("p.yml", "") == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [("[a]", 0), ("a: []", 1), ("b: x\na: {b: c}", 2), ("a: [null]", 1), ("a: x\n'%a%': y", 2), ("a: [b", 2)],
)
def test_what_is_no_list_of_values_is_refused_with_its_line(text, line):
    with pytest.raises(RuleError) as raised:
        values("p.yml", text)
    assert (raised.value.path, raised.value.line) == ("p.yml", line)


def test_a_rule_runs_with_its_values_and_not_without():
    assert load([("r.yml", RULE)]).failed
    loaded = load([("r.yml", RULE)], values("p.yml", "admins: [Root, bob]"))
    match = [bool(loaded.match(Event(Logsource("windows"), {"User": user}))) for user in ("root", "bob", "eve")]
    assert match == [True, True, False]
