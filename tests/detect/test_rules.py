"""Reading rules: what a rule says about itself, and a place and reason for each that cannot run."""

import random
from pathlib import Path

import pytest

from sekisho.detect.rules import load
from sekisho.model.errors import RuleError
from sekisho.model.event import Event, Logsource
from sekisho.model.rule import WEIGHTS

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
GOOD = """
title: Shortcut starts a script host
id: 6f5e9a52-0000-4000-8000-000000000001
status: Test
description: |
    More about it.
references: [https://docs.example/a]
tags: [attack.execution, attack.t1204.002, attack.T1059, car.2013-07-001, attack.t1204.002]
logsource: {product: Windows, category: process_creation, definition: not evaluated}
detection:
    selection: {Image|endswith: '\\cmd.exe', ParentImage: a}
    words: [b]
    condition: selection or words
falsepositives: unknown
level: high
sekisho: {weight: 2.5, title_ja: ショートカットがスクリプトを起動}
"""
MINIMAL = "title: t\nlogsource: {product: p}\ndetection:\n  s: {f: a}\n  condition: s\n"


def only(text):
    """Give the one failure of a text without any rule that can run."""
    found = load([("folder/r.yml", text)])
    assert not found.rules
    (error,) = found.failed
    assert isinstance(error, RuleError)
    assert error.path == "folder/r.yml"
    return error


def test_what_a_rule_says():
    (rule,) = load([("r.yml", GOOD)]).rules
    assert rule.id == "6f5e9a52-0000-4000-8000-000000000001"
    assert rule.title == "Shortcut starts a script host"
    assert (rule.level, rule.status, rule.weight) == ("high", "test", 2.5)
    assert rule.attack == ("T1204.002", "T1059")
    assert rule.logsource == Logsource("windows", "process_creation", "")
    assert (rule.path, rule.line) == ("r.yml", 2)
    assert rule.fields == ("*", "Image", "ParentImage")
    assert rule.texts == (("ja", "ショートカットがスクリプトを起動"),)
    assert rule.references == ("https://docs.example/a",)
    assert rule.falsepositives == ("unknown",)


def test_defaults():
    (rule,) = load([("r.yml", MINIMAL)]).rules
    assert rule.level == "low"
    assert rule.weight == WEIGHTS["low"]
    assert rule.id.startswith("r")
    assert rule.id == load([("elsewhere.yml", MINIMAL)]).rules[0].id


@pytest.mark.parametrize("status", ["unsupported", "deprecated", "experimental", "stable"])
def test_any_status_loads(status):
    assert load([("r.yml", MINIMAL + f"status: {status}\n")]).rules[0].status == status


@pytest.mark.parametrize("level", WEIGHTS)
def test_weight_by_level(level):
    assert load([("r.yml", MINIMAL + f"level: {level}\n")]).rules[0].weight == WEIGHTS[level]


@pytest.mark.parametrize(
    ("change", "reason", "line"),
    [
        (("title: t\n", ""), "title is missing", 1),
        (("title: t", "title: [a]"), "title must be text", 1),
        (("logsource: {product: p}\n", ""), "logsource is missing", 1),
        (("{product: p}", "windows"), "logsource must be a mapping", 2),
        (("{product: p}", "{definition: d}"), "names no product", 2),
        (("{product: p}", "{product: [p]}"), "product must be text", 2),
        (("detection:\n  s: {f: a}\n  condition: s\n", ""), "detection is missing", 1),
        (("detection:\n  s: {f: a}\n  condition: s\n", "detection: x"), "detection must be a mapping", 3),
        (("  condition: s\n", ""), "has no condition", 3),
        (("condition: s", "condition: []"), "has no condition", 3),
        (("condition: s", "condition: 5"), "must be text", 5),
        (("condition: s", "condition: s and t"), "'t', which is not there", 5),
        (("condition: s", "condition: s | count() > 5"), "aggregation", 5),
        (("{f: a}", "{f|kontains: a}"), "selection 's', 'f|kontains': unknown modifier 'kontains'", 4),
        (("{f: a}", "{f|re: '(a'}"), "not a regular expression", 4),
        (("{f: a}", "{f|re: '(a+)+$(?=b)'}"), "repeats something", 4),
        (("{f: a}", "{f: {g: a}}"), "a value must be text", 4),
        (("{f: a}", "{f: []}"), "list of values is empty", 4),
        (("{f: a}", "{}"), "selection 's' is empty", 4),
        (("{f: a}", "[]"), "list of values is empty", 4),
        (("{f: a}", ""), "null cannot be searched", 4),
        (("{f: a}", "{f|expand: '%who%'}"), "placeholder %who% has no values", 4),
        (("title: t", "title: t\nlevel: urgent"), "level 'urgent' is not one of", 2),
        (("title: t", "title: t\nsekisho: {weight: 99}"), "sekisho.weight is unknown or of the wrong kind", 2),
        (("title: t", "title: t\nsekisho: {titel_ja: a}"), "sekisho.titel_ja is unknown", 2),
        (("title: t", "title: t\nsekisho: a"), "sekisho must be a mapping", 2),
        (("title: t", "title: t\ntitle: u"), "key 'title' is there twice", 2),
        (("title: t", "title: t\ncorrelation: {type: event_count}"), "correlation names no rules", 2),
        (("  s: {f: a}\n  condition: s", "  s: {f: [a, {b: c}]}\n  condition: s"), "a value must be text", 4),
    ],
)
def test_refused(change, reason, line):
    error = only(MINIMAL.replace(*change))
    assert reason in str(error)
    assert error.line == line
    assert str(error).startswith(f"folder/r.yml:{line}: ")


def test_line_of_a_field_in_a_long_selection():
    text = MINIMAL.replace("  s: {f: a}", "  s:\n    f: a\n    g: b\n    h|lt: c")
    assert only(text).line == 7


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- a\n- b\n", "no mapping"),
        ("just words", "no mapping"),
        ("title: x\nfilter: {}\nlogsource: {product: p}", "filter.rules must be any"),
        ("a: " + "x" * 1_000_001, "more than 1000000 characters"),
    ],
)
def test_not_a_rule(text, reason):
    assert reason in str(only(text))


def test_many_values_are_refused():
    lists = "".join(f"  s{n}:\n    f: [{','.join(f'v{n}x{m}' for m in range(7000))}]\n" for n in range(3))
    text = f"title: t\nlogsource: {{product: p}}\ndetection:\n{lists}  condition: 1 of s*\n"
    assert "more than 20000 values" in str(only(text))


def test_others_go_on():
    bad = MINIMAL.replace("condition: s", "condition: t")
    found = load([("a.yml", bad), ("b.yml", "x: ["), ("c.yml", MINIMAL), ("d.yml", "")])
    assert len(found) == 1
    assert [(one.path, one.line) for one in found.failed] == [("a.yml", 5), ("b.yml", 1)] or found.failed[
        1
    ].path == "b.yml"


def test_documents_before_a_break_are_kept():
    found = load([("a.yml", MINIMAL + "---\n" + MINIMAL.replace("title: t", "title: u") + "---\nx: [")])
    assert [rule.line for rule in found.rules] == [1, 7]
    assert len(found.failed) == 1


def test_same_id_twice_names_the_first():
    found = load([("a.yml", MINIMAL + "id: x\n"), ("b.yml", MINIMAL + "id: x\n")])
    assert [rule.path for rule in found.rules] == ["a.yml"]
    assert str(found.failed[0]) == "b.yml:1: rule id x is taken by a.yml:1"


def test_action_global():
    """Sigma 1.0: documents after it are laid over it."""
    text = """
action: global
title: shared
id: one
logsource: {product: p}
detection:
  condition: s
---
logsource: {service: first}
detection:
  s: {f: a}
---
logsource: {service: second}
detection:
  s: {f: b}
"""
    found = load([("a.yml", text)])
    assert not found.failed
    assert [rule.logsource for rule in found.rules] == [Logsource("p", "", "first"), Logsource("p", "", "second")]
    assert len({rule.id for rule in found.rules}) == 2
    assert [f.title for f in found.match(Event(Logsource("p", "", "second"), {"f": "b"}))] == ["shared"]


def test_condition_list_is_or():
    """Sigma rules specification 2.0, "Condition"."""
    text = MINIMAL.replace("s: {f: a}", "s: {f: a}\n  t: {f: b}").replace("condition: s", "condition: [s, t]")
    found = load([("a.yml", text)])
    assert all(found.match(Event(Logsource("p"), {"f": value})) for value in "ab")
    assert not found.match(Event(Logsource("p"), {"f": "c"}))


def test_mutated_rules_never_break_the_load():
    rng = random.Random(7)
    event = Event(Logsource("windows", "process_creation"), {"Image": "C:\\cmd.exe", "ParentImage": "a"})
    for _ in range(400):
        text = list(GOOD)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(text))
            text[at] = rng.choice([*"|:-[]{}*\\'\"&%!\n\t ", text[at] * 2, "", "not ", "\x00", "\ud800"])
        found = load([("r.yml", "".join(text)[: rng.randint(50, 2000)])])
        assert all(error.path == "r.yml" for error in found.failed)
        found.match(event)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_public_rules_load():
    """Everything loads but the two rules whose placeholder needs the user's own list."""
    paths = sorted(p for p in (SHARED / "sigma").rglob("*.yml") if "regression_data" not in p.parts)
    texts = [(str(path), path.read_text(encoding="utf-8")) for path in paths]
    found = load(texts)
    assert len(found) + len(found.failed) == len(texts)
    assert [error.reason for error in found.failed if "placeholder %known_cdcs%" not in error.reason] == []
    assert len(found.failed) == 2
    waiting = {error.path for error in found.failed}
    given = load([(path, text) for path, text in texts if path in waiting], {"known_cdcs": ["dc.example"]})
    assert (len(given), given.failed) == (2, ())
    more = load(
        (str(path), path.read_text(encoding="utf-8")) for path in sorted((SHARED / "tm-v1-sigma").rglob("*.yml"))
    )
    assert len(more) > 0
    assert not more.failed
