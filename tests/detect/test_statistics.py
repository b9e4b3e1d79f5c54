"""What each rule did in a run."""

from sekisho.detect.rules import load
from sekisho.detect.statistics import Statistics, Use
from sekisho.model.event import Event, Logsource

RULES = """
title: Hit
id: hit
logsource: {product: p}
detection:
  s: {a|contains: needle, b: x}
  f: {missing: y}
  condition: s and not f
---
title: Other
id: other
logsource: {product: q}
detection:
  s: {a: needle}
  condition: s
"""
P = Logsource("p")


def counted(events, timed=True):
    rules = load([("r.yml", RULES)])
    rules.engine.timed = timed
    for fields in events:
        rules.match(Event(P, fields))
    return rules


def test_events_are_counted_where_they_come_to():
    rules = counted([{"a": "a needle", "b": "x"}, {"a": "needle"}, {"a": "hay", "b": "x"}])
    uses = rules.engine.statistics().uses
    assert set(uses) == {"hit"}
    use = uses["hit"]
    assert (use.routed, use.checked, use.matched) == (3, 2, 1)
    assert use.seconds > 0
    assert use.present == {"a", "b"}


def test_the_document_names_fields_that_never_came():
    rules = counted([{"a": "hay"}])
    told = rules.engine.statistics().document(1, {one.id: one.fields for one in rules.rules})
    assert told["schema"] == "sekisho-stats/1" and told["events"] == 1
    assert told["rules"]["hit"]["missing"] == ["b", "missing"]
    assert told["rules"]["other"] == {"routed": 0, "checked": 0, "matched": 0, "seconds": 0, "missing": []}


def test_records_told_before_are_credited():
    rules = counted([{"a": "hay", "b": "x"}])
    rules.engine.credit(P, {"a": "hay", "b": "x"}, 41)
    assert rules.engine.statistics().uses["hit"].routed == 42


def test_what_memory_forgot_still_counts(monkeypatch):
    from sekisho.detect import engine

    monkeypatch.setattr(engine, "MAX_SHAPES", 5)
    rules = counted([{"a": "hay", f"x{n}": "y"} for n in range(30)])
    assert rules.engine.statistics().uses["hit"].routed == 30


def test_a_later_state_less_an_earlier_one_and_sums_of_workers():
    rules = counted([{"a": "needle", "b": "x"}])
    before = rules.engine.statistics()
    for _ in range(2):
        rules.match(Event(P, {"a": "needle", "b": "x"}))
    grown = rules.engine.statistics().since(before)
    assert (grown.uses["hit"].routed, grown.uses["hit"].matched) == (2, 2)
    total = Statistics()
    total.add(before)
    total.add(grown)
    assert total.uses["hit"][:3] == rules.engine.statistics().uses["hit"][:3]
    assert rules.engine.statistics().since(rules.engine.statistics()).uses == {}
    assert Use(1, 1, 0, 0.5, frozenset("a")).plus(Use(2, 0, 0, 0.25, frozenset("b"))) == Use(
        3, 1, 0, 0.75, frozenset("ab")
    )


def test_keywords_are_no_missing_field_and_a_rule_without_events_misses_nothing():
    told = Statistics({"k": Use(2, 0, 0, 0.0000004, frozenset({"a"}))}).document(
        7, {"k": ("*", "a", "b"), "z": ("c",), "never": ("*",)}
    )
    assert list(told["rules"]) == ["k", "never", "z"]
    assert told["rules"]["k"] == {"routed": 2, "checked": 0, "matched": 0, "seconds": 0.0, "missing": ["b"]}
    assert told["rules"]["z"]["missing"] == told["rules"]["never"]["missing"] == []


def test_sums_do_not_change_what_was_added():
    one, two = Statistics({"a": Use(1, 1, 1)}), Statistics({"a": Use(2), "b": Use(3)})
    one.add(two)
    one.add(one.since(two))
    assert two.uses == {"a": Use(2), "b": Use(3)}
    assert {name: use.routed for name, use in one.uses.items()} == {"a": 4, "b": 3}
