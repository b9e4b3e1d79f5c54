"""Reading correlation rules: what they say, what they refer to, and a place and reason for each that cannot run."""

import pickle
import time
from pathlib import Path

import pytest

from sekisho.detect._bounds import Term
from sekisho.detect.rules import load
from sekisho.model.rule import WEIGHTS

BASE = """title: Failed logon
id: 1111
name: failed
level: medium
logsource: {product: p}
detection:
  s: {f: a}
  condition: s
"""
OTHER = BASE.replace("1111", "2222").replace("failed", "other").replace("Failed", "Other")
MANY = """---
title: Many failed logons
id: 3333
name: many
status: Test
tags: [attack.t1110, attack.credential-access]
correlation:
  type: event_count
  rules: [failed]
  group-by: [User, Host]
  timespan: 10m
  condition: {gte: 3}
falsepositives: [unknown]
"""


def refused(text, path="r.yml"):
    (error,) = load([(path, text)]).failed
    return error


def test_what_a_correlation_says():
    rules = load([("r.yml", BASE + MANY)])
    assert not rules.failed
    (one,) = rules.correlations
    assert (one.id, one.name, one.title, one.status) == ("3333", "many", "Many failed logons", "test")
    assert one.attack == ("T1110",)
    assert one.tags == ("attack.t1110", "attack.credential-access")
    assert (one.kind, one.rules, one.labels) == ("event_count", ("1111",), ("failed",))
    assert one.group_by == ("User", "Host")
    assert one.timespan_ns == 600 * 10**9
    assert one.bounds == (("gte", 3.0),)
    assert (one.path, one.line) == ("r.yml", 10)
    assert one.falsepositives == ("unknown",)
    assert not one.generate


def test_level_is_that_of_its_rules_unless_it_says_so():
    (one,) = load([("r.yml", BASE + MANY)]).correlations
    assert (one.level, one.weight) == ("medium", WEIGHTS["medium"])
    (one,) = load([("r.yml", BASE + MANY + "level: high\nsekisho: {title_ja: 多数}\n")]).correlations
    assert (one.level, one.weight, one.texts) == ("high", WEIGHTS["high"], (("ja", "多数"),))
    (one,) = load([("r.yml", BASE + MANY + "sekisho: {weight: 0.25}\n")]).correlations
    assert one.weight == 0.25


def test_a_set_pickles_with_its_correlations():
    rules = pickle.loads(pickle.dumps(load([("r.yml", BASE + MANY)])))
    assert [one.id for one in rules.correlations] == ["3333"]
    assert rules.silent == {"1111"}
    assert not rules.without(["3333"]).silent


def test_files_may_come_in_any_order():
    rules = load([("b.yml", MANY), ("a.yml", BASE)])
    assert not rules.failed
    assert rules.correlations[0].rules == ("1111",)


def test_correlations_come_after_those_they_build_on():
    outer = MANY.replace("3333", "4444").replace("name: many", "name: outer").replace("[failed]", "[many]")
    rules = load([("r.yml", outer + MANY + "---\n" + BASE)])
    assert [one.name for one in rules.correlations] == ["many", "outer"]
    assert rules.silent == {"1111", "3333"}


@pytest.mark.parametrize(
    ("change", "reason", "line"),
    [
        (("type: event_count", "type: count"), "correlation type 'count' is not one of event_count", 16),
        (("  type: event_count\n", ""), "correlation has no type", 16),
        (("  timespan: 10m\n", ""), "correlation has no timespan", 16),
        (("timespan: 10m", "timespan: 10"), "timespan '10' is not a number above 0", 19),
        (("timespan: 10m", "timespan: 0s"), "timespan '0s' is not a number above 0", 19),
        (("timespan: 10m", "timespan: [1m]"), "timespan must be text", 19),
        (("rules: [failed]", "rules: [missing]"), "rule 'missing', which it joins, is not there", 10),
        (("rules: [failed]", "rules: [failed, failed]"), "names a rule twice", 17),
        (("rules: [failed]", "rules: ['1111', failed]"), "names a rule twice, by its id and its name", 10),
        (("rules: [failed]", "rules: []"), "correlation names no rules", 17),
        (("rules: [failed]", "rules: {a: b}"), "rules must be a name or a list of names", 17),
        (("group-by: [User, Host]", "group-by: [[a]]"), "group-by must be a name or a list of names", 18),
        (("  condition: {gte: 3}\n", ""), "correlation has no condition", 16),
        (("{gte: 3}", "{gte: x}"), "condition.gte must be a number", 20),
        (("{gte: 3}", "{gte: '3'}"), "condition.gte must be a number", 20),
        (("{gte: 3}", "{gte: true}"), "condition.gte must be a number", 20),
        (("{gte: 3}", "{gte: 1e999}"), "condition.gte is too large", 20),
        (("{gte: 3}", "{gte: 100001}"), "condition.gte is more than 100000", 20),
        (("{gte: 3}", "{least: 3}"), "condition.least is none of", 20),
        (("{gte: 3}", "{}"), "condition compares with no number", 20),
        (("{gte: 3}", "{gte: 0}"), "condition holds when nothing has happened", 20),
        (("{gte: 3}", "{lt: 1}"), "condition can never hold", 20),
        (("{gte: 3}", "{gt: 3, lt: 4}"), "condition can never hold", 20),
        (("{gte: 3}", "{gte: 3, field: User}"), "condition of event_count takes no field", 20),
        (("{gte: 3}", "{gte: 3, percentile: 5}"), "condition of event_count takes no percentile", 20),
        (("{gte: 3}", "failed and failed"), "condition of event_count must be a mapping", 20),
        (("{gte: 3}", "[3]"), "condition must be a mapping", 20),
        (("event_count", "value_count"), "condition of value_count needs a field", 20),
        (("event_count", "value_sum"), "condition of value_sum needs a field", 20),
        (("event_count", "temporal"), "condition can never hold", 20),
        (("falsepositives: [unknown]", "level: urgent"), "level 'urgent' is not one of", 21),
        (("title: Many failed logons", "level: low"), "title is missing", 10),
        (("  timespan", "  aliases: {a: b}\n  timespan"), "alias 'a' must map rules to fields", 19),
        (("  timespan", "  aliases: {a: {failed: 1}}\n  timespan"), "alias 'a' has no field name for 'failed'", 19),
        (("  timespan", "  aliases: {a: {other: x}}\n  timespan"), "rule 'other', which it joins, is not there", 10),
        (("  timespan", "  generate: maybe\n  timespan"), "generate must be true or false", 19),
        (("  timespan", "  groupby: a\n  timespan"), "correlation.groupby is unknown", 19),
        (("id: 3333", "id: 1111"), "rule id 1111 is taken by r.yml", 10),
        (("name: many", "name: failed"), "name 'failed' is there twice in this file", 10),
    ],
)
def test_refused(change, reason, line):
    assert change[0] in MANY
    error = refused(BASE + MANY.replace(*change))
    assert reason in error.reason
    assert (error.path, error.line) == ("r.yml", line)


def test_an_alias_for_a_rule_that_is_not_joined():
    text = BASE + "---\n" + OTHER + MANY.replace("  timespan", "  aliases: {a: {other: x}}\n  timespan")
    assert "alias 'a' is for 'other', which is none of the rules" in refused(text).reason


def test_value_conditions():
    table = MANY.replace("event_count", "value_percentile")
    assert "needs a percentile" in refused(BASE + table.replace("{gte: 3}", "{field: n, gte: 3}")).reason
    assert (
        "not within 0 to 100" in refused(BASE + table.replace("{gte: 3}", "{field: n, gte: 3, percentile: 101}")).reason
    )
    assert (
        "one field only" in refused(BASE + table.replace("{gte: 3}", "{field: [n, m], gte: 3, percentile: 9}")).reason
    )
    (one,) = load([("r.yml", BASE + table.replace("{gte: 3}", "{field: n, gte: -3.5, percentile: 99.9}"))]).correlations
    assert (one.field, one.bounds, one.percentile) == (("n",), (("gte", -3.5),), 99.9)


def temporal(condition, kind="temporal"):
    text = MANY.replace("event_count", kind).replace("  rules: [failed]\n", "").replace("{gte: 3}", condition)
    return BASE + "---\n" + OTHER + text


def test_condition_texts():
    (one,) = load([("r.yml", temporal("other and not failed"))]).correlations
    assert one.labels == ("other", "failed")
    assert one.terms == (Term((0,), frozenset({1})),)
    (one,) = load([("r.yml", temporal("(failed or other) and not (failed and other)"))]).correlations
    assert set(one.terms) == {Term((0,), frozenset({1})), Term((1,), frozenset({0}))}


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("not failed", "condition holds when nothing has happened"),
        ("failed or not other", "condition holds when nothing has happened"),
        ("failed and not failed", "condition can never hold"),
        ("failed and", "condition ends too early"),
        ("failed and (other", "condition leaves a bracket open"),
        ("failed and missing", "rule 'missing', which it joins, is not there"),
    ],
)
def test_refused_condition_texts(condition, reason):
    assert reason in refused(temporal(condition)).reason


def test_a_rule_that_the_condition_leaves_out():
    text = temporal("failed").replace("  type:", "  rules: [failed, other]\n  type:")
    assert "condition does not say anything of 'other'" in refused(text).reason


def test_a_condition_that_stands_for_too_much():
    names = [f"r{number}" for number in range(12)]
    bases = "---\n".join(BASE.replace("1111", f"id-{name}").replace("failed", name) for name in names)
    condition = (
        " and ".join(f"({one} or {other})" for one, other in zip(names[::2], names[1::2], strict=True))
        + " and (r0 or r2)"
    )
    text = bases + MANY.replace("event_count", "temporal").replace("  rules: [failed]\n", "").replace(
        "{gte: 3}", condition + " and 5 of r*"
    )
    started = time.perf_counter()
    assert "stands for more than 64 alternatives" in refused(text).reason
    assert time.perf_counter() - started < 1


def chained(*pairs):
    texts = [
        MANY.replace("3333", f"id-{name}").replace("name: many", f"name: {name}").replace("[failed]", f"[{to}]")
        for name, to in pairs
    ]
    return load([("r.yml", BASE + "".join(texts))])


def test_a_circle_is_named_and_others_run():
    rules = chained(("a", "b"), ("b", "c"), ("c", "a"), ("fine", "failed"), ("outside", "a"))
    assert [one.name for one in rules.correlations] == ["fine"]
    assert len(rules.failed) == 4
    for error in rules.failed:
        assert "in a circle: a -> b -> c -> a" in error.reason
    assert "circle: a -> a" in chained(("a", "a")).failed[0].reason


def test_a_chain_has_a_bound():
    rules = chained(*((f"c{number}", f"c{number + 1}") for number in range(200)), ("c200", "failed"))
    assert 1 <= len(rules.correlations) <= 30
    assert len(rules.failed) + len(rules.correlations) == 201
    assert all("30 deep" in error.reason or "cannot be used" in error.reason for error in rules.failed)


def test_a_base_rule_that_cannot_run_is_named():
    rules = load([("r.yml", BASE.replace("condition: s", "condition: t") + MANY)])
    assert not rules.correlations
    assert [error.reason for error in rules.failed if "cannot be used" in error.reason] == [
        "rule 'failed', which it joins, cannot be used: r.yml:8: condition names selection 't', which is not there"
    ]


def test_a_name_in_several_files():
    again = BASE.replace("1111", "5555").replace("Failed logon", "Another")
    rules = load([("a.yml", BASE + MANY), ("b.yml", again)])
    assert rules.correlations[0].rules == ("1111",)  # that of the same file
    rules = load([("a.yml", BASE), ("b.yml", again), ("c.yml", MANY)])
    assert "rule 'failed' is in several files: a.yml, b.yml; refer to its id" in rules.failed[0].reason


GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "correlation.md"


def test_the_examples_of_the_guide_load():
    examples = GUIDE.read_text(encoding="utf-8").split("```yaml\n")[1:]
    mail, guessed, own = (one.partition("```")[0] for one in examples)
    rules = load([("guessed.yml", guessed)])
    assert not rules.failed
    assert [one.title for one in rules.correlations] == ["Many failed logons", "Password guessed"]
    bases = "---\n".join(
        BASE.replace("1111", f"id-{name}").replace("failed", name)
        for name in ("macro_auto_exec", "office_starts_script")
    )
    assert not load([("mail.yml", f"{mail}---\n{bases}")]).failed
    assert not load(
        [("own.yml", own), ("r.yml", BASE.replace("{product: p}", "{product: windows, category: process_creation}"))]
    ).failed
