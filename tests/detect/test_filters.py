"""Sigma filters: one more condition for the rules they name."""

import pytest

from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource

WINDOWS = Logsource("windows", "process_creation")
RULE = """title: {0}
id: id-{0}
name: {0}
logsource: {{product: {1}, category: process_creation}}
detection:
  s: {{Image|endswith: '.exe'}}
  condition: s
"""
FILTER = """title: Administrators
logsource: {product: windows, category: process_creation}
filter:
  rules: [one]
  selection: {User|startswith: adm_}
  condition: not selection
"""
EVENT = Event(WINDOWS, {"Image": "a.exe", "User": "adm_sato"})


def found(*filters, event=EVENT):
    texts = [
        (
            "r.yml",
            "---\n".join(
                RULE.format(name, product)
                for name, product in (("one", "windows"), ("two", "windows"), ("mac", "macos"))
            ),
        )
    ]
    rules = load([*texts, *((f"f{number}.yml", text) for number, text in enumerate(filters))])
    return [one.title for one in rules.match(event)], [error.reason for error in rules.failed]


def test_a_filter_by_name_or_id():
    assert found() == (["one", "two"], [])
    assert found(FILTER) == (["two"], [])
    assert found(FILTER.replace("[one]", "[id-one, two]")) == ([], [])
    assert found(FILTER, event=Event(WINDOWS, {"Image": "a.exe", "User": "sato"})) == (["one", "two"], [])


def test_a_condition_is_joined_as_written():
    assert found(FILTER.replace("not selection", "selection"), event=Event(WINDOWS, {"Image": "a.exe"}))[0] == ["two"]


def test_any_rule_of_the_logsource():
    assert found(FILTER.replace("[one]", "any")) == ([], [])
    assert found(FILTER.replace("[one]", "any").replace("windows", "macos")) == (["one", "two"], [])


def test_several_filters_and_selections():
    more = FILTER.replace("  selection:", "  filter_a: {Image: b.exe}\n  filter_b:").replace(
        "not selection", "not 1 of filter_*"
    )
    assert found(FILTER, more) == (["two"], [])


def test_fields_of_a_filter_are_fields_of_the_rule():
    rules = load([("r.yml", RULE.format("one", "windows")), ("f.yml", FILTER)])
    assert rules.rules[0].fields == ("Image", "User")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("[one]", "[one, ghost]"), "no rule of its logsource has the id or name ghost"),
        (("[one]", "[mac]"), "no rule of its logsource has the id or name mac"),
        (("product: windows", "product: zeek"), "no rule of its logsource has the id or name one"),
        (("  rules: [one]\n", ""), "filter.rules must be any, or a list"),
        (("[one]", "{a: b}"), "filter.rules must be any, or a list"),
        (("  condition: not selection\n", ""), "filter has no condition"),
        (("not selection", "not other"), "condition names selection 'other', which is not there"),
        (("title: Administrators\n", ""), "title is missing"),
        (("logsource: {product: windows, category: process_creation}\n", ""), "logsource is missing"),
    ],
)
def test_refused(change, reason):
    assert change[0] in FILTER
    _, failed = found(FILTER.replace(*change))
    assert len(failed) == 1
    assert reason in failed[0]


def test_not_a_mapping():
    assert found("title: t\nlogsource: {product: p}\nfilter: [a]\n")[1] == ["filter must be a mapping"]
