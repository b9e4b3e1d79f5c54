"""Rules in the form that loads fast."""

import pickle

from sekisho.detect._witness import literals_of
from sekisho.detect.compiled import ROUTED_BY, clean, costs, pack, plan, unpack
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource

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
