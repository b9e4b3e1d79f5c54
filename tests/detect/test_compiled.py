"""Rules in the form that loads fast."""

import pickle
from dataclasses import fields, replace

from sekisho.detect._tree import Leaf, Text
from sekisho.detect._witness import literals_of
from sekisho.detect.compiled import ROUTED_BY, Compiled, clean, costs, pack, plan, unpack
from sekisho.detect.engine import Engine
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource
from sekisho.model.rule import Rule

RULES = """
title: One
id: 11111111-1111-4111-8111-111111111111
name: one
description: Says it in words.
references: [https://example.com/a]
falsepositives: [backup]
tags: [attack.t1059.001, attack.execution]
status: test
level: high
logsource: {product: windows, category: process_creation}
sekisho: {weight: 2.5, title_ja: 一つ}
detection:
  s: {EventType: SetValue, TargetObject|contains: '\\very\\rare\\key'}
  k: [mimikatz]
  condition: s or k
---
title: Two
logsource: {product: windows}
detection:
  s: {EventID: 4688, Image|endswith: '\\evil.exe'}
  condition: s
"""


def rules():
    return load([("r.yml", RULES)])


def test_every_part_of_a_rule_comes_back():
    made = rules()
    back = unpack(pack(made.compiled))
    assert [one.rule for one in back] == [one.rule for one in made.compiled]
    assert [one.tree for one in back] == [one.tree for one in made.compiled]
    assert [one.plan for one in back] == [one.plan for one in made.compiled]
    assert isinstance(back[0].rule.logsource, Logsource)
    assert back[0].rule.texts == (("ja", "一つ"),)
    assert back[0].anywhere and back[0].fields == ("EventType", "TargetObject")


def test_a_set_from_the_cache_finds_the_same():
    made = rules()
    back = pickle.loads(pickle.dumps(made))
    event = Event(Logsource("windows"), {"EventID": 4688, "Image": "C:\\evil.exe"})
    assert [one.rule_id for one in back.match(event)] == [one.rule_id for one in made.match(event)]
    assert len(back.match(event)) == 1


def test_a_plan_is_chosen_once():
    made = rules().compiled
    plan(made)
    before = [one.plan for one in made]
    plan([made[1]])
    assert [one.plan for one in made] == before
    assert made[1].plan == ((("Image", "end", "\\evil.exe"),), ("4688",))


def test_values_of_fields_that_have_few_cost_more_than_rare_paths():
    paths = ", ".join(f"'\\key{n}'" for n in range(200))
    many = f"""
title: Many
logsource: {{product: windows}}
detection:
  s: {{TargetObject|contains: [{paths}]}}
  condition: s
"""
    made = load([("m.yml", many), ("r.yml", RULES)]).compiled
    plan(made)
    assert ("TargetObject", "in", "\\very\\rare\\key") in made[1].plan[0]
    assert "EventType" not in {field for field, _, _ in made[1].plan[0]}
    cost = costs(made)
    found = {literal.field: cost(literal) for one in made for literal in literals_of(one.tree)}
    assert max(found, key=found.get) == ROUTED_BY


def test_half_a_surrogate_pair_is_replaced():
    assert clean("a\ud800b") == "a?b"


def test_no_field_of_a_rule_is_left_out():
    """Each is given a value of its own, so that a field added later is seen here when it does not come back."""
    kinds = {"str": "{}", "int": 1, "float": 0.5, "tuple[str, ...]": ("{}", "日本")}
    kinds |= {"tuple[tuple[str, str], ...]": (("ja", "{}"),), "Logsource": Logsource("p", "c", "s")}
    given = {
        one.name: value.format(one.name) if isinstance(value := kinds[one.type], str) else value for one in fields(Rule)
    }
    made = Compiled(Rule(**given), rules().compiled[1].tree)
    (back,) = unpack(pack([made]))
    assert back.rule == made.rule
    assert all(type(getattr(back.rule, name)) is type(value) for name, value in given.items())


def test_half_a_surrogate_pair_in_any_text_comes_back():
    (one, _) = rules().compiled
    rule = replace(one.rule, title="\ud800", texts=(("ja", "a\udcff"),), fields=("a",))
    made = Compiled(rule, Leaf("a", (Text("in", "x\ud800y"),)))
    (back,) = unpack(pack([made]))
    assert (back.rule, back.tree, back.plan) == (rule, made.tree, made.plan)
    for fast in (Engine([made]), Engine([back])):
        for value, found in (("-X\ud800Y-", 1), ("x?y", 0), ("x\ufffdy", 0)):
            event = Event(Logsource("windows", "process_creation"), {"a": value})
            assert len(fast.match(event)) == found


def test_a_tree_is_unpacked_when_it_is_asked_for(monkeypatch):
    from sekisho.detect import compiled as module

    packed, unpickled = pack(rules().compiled), []
    loads = pickle.loads
    monkeypatch.setattr(module.pickle, "loads", lambda data: unpickled.append(data) or loads(data))
    back = unpack(packed)
    assert [one.rule.title for one in unpack(pack(back))] == ["One", "Two"]
    assert not unpickled
    assert back[1].tree is back[1].tree
    assert back[1].check is back[1].check
    assert len(unpickled) == 1


def test_a_matcher_of_unpacked_rules_keeps_their_plan():
    made = rules().compiled
    plan(made)
    back = unpack(pack(made))
    plan(back[1:])  # with other rules around it another one might be chosen
    assert [one.plan for one in back] == [one.plan for one in made]
