"""Evidence: exactly what made a condition true; and the engine agrees, on events made from real rules."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import pytest

from sekisho.detect._regex import literal_of
from sekisho.detect._tree import (
    ANY,
    KEYWORD,
    All,
    AtLeast,
    Cidr,
    Compare,
    Empty,
    Glob,
    Leaf,
    Not,
    OneOf,
    Present,
    Regex,
    Same,
    Text,
)
from sekisho.detect._values import network_of
from sekisho.detect.oracle import explain
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

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


# Events made from rules: what satisfies a rule, what only nearly does, and values of other kinds in its fields.

EVERY = 5  # of so many public rules one is taken
EVENTS = 8  # for each rule
BLOCKS = 4  # tests that each take their share, so that none is long
MISSING = object()


@cache
def public_rules():
    paths = sorted(path for path in (SHARED / "sigma").rglob("*.yml") if "regression_data" not in path.parts)[::EVERY]
    texts = [(str(path), path.read_text(encoding="utf-8")) for path in paths]
    return load(texts, {"known_cdcs": ["dc.corp.example"]})


class Maker:
    """Makes records that satisfy a rule, or would but for a change."""

    def __init__(self, random):
        self.random = random

    def record(self, tree):
        wanted = {}
        self.gather(tree, wanted)
        fields = {name: self.joined(tests) for name, tests in wanted.items()}
        for name, tests in wanted.items():
            for test in tests:
                if isinstance(test, Same) and (value := fields.get(test.field, "same")) is not MISSING:
                    fields[name] = fields[test.field] = value
        return {name: value for name, value in fields.items() if value is not MISSING}

    def gather(self, node, wanted):
        """Choose tests that make a node true."""
        if isinstance(node, Leaf):
            chosen = node.tests if node.every else [self.random.choice(node.tests)]
            name = "Message" if node.field == KEYWORD else node.field
            tests = [self.random.choice(one.tests) if isinstance(one, OneOf) else one for one in chosen]
            wanted.setdefault(name, []).extend(tests)
        elif isinstance(node, All):
            for one in node.nodes:
                self.gather(one, wanted)
        elif isinstance(node, AtLeast):
            for one in self.random.sample(node.nodes, node.least):
                self.gather(one, wanted)
        elif isinstance(node, Not) and self.random.random() < 0.1:
            self.gather(node.node, wanted)

    def joined(self, tests):
        """Give one value for all that is wanted of a field."""
        if any(isinstance(one, Empty) for one in tests):
            return self.random.choice([None, "", MISSING, []])
        parts = [(self.place(one), value) for one in tests if (value := self.value(one)) is not None]
        if any(isinstance(one, Present) and not one.wanted for one in tests):
            return MISSING
        if not parts:
            return "x"
        if len(parts) == 1:
            return parts[0][1]
        if self.random.random() < 0.2:
            return [value for _, value in parts]
        whole = [value for place, value in parts if place == "equal"]
        if whole:
            return whole[0]
        return "".join(str(value) for _, value in sorted(parts, key=lambda part: ("start", "in", "end").index(part[0])))

    @staticmethod
    def place(test):
        if isinstance(test, Text):
            return test.mode
        return "equal" if isinstance(test, (Glob, Cidr, Compare)) else "in"

    def value(self, test):
        random = self.random
        match test:
            case Text():
                before = random.choice(["", "C:\\x\\", "y "]) if test.mode in ("in", "end") else ""
                after = random.choice(["", " z", "\\w"]) if test.mode in ("in", "start") else ""
                return before + self.shown(test.text, test) + after
            case Glob():
                gaps = ["", "q", "\\Users\\"]
                return "".join(
                    self.shown(piece, test) if isinstance(piece, str) else random.choice(gaps) if piece == ANY else "k"
                    for piece in test.pieces
                )
            case Regex():
                return literal_of(test.pattern)
            case Cidr():
                network = network_of(test.network)
                return str(network[random.randrange(network.num_addresses)])
            case Compare():
                number = test.number + {"gt": 1, "lt": -1}.get(test.operator, 0)
                return number if random.random() < 0.5 else str(number)
        return None

    def shown(self, text, test):
        """Undo what folding did, in some way."""
        if test.dashes:
            text = "".join(self.random.choice("-/–—―") if char == "-" else char for char in text)
        if test.cased:
            return text
        return self.random.choice([str, str.upper, str.title, str.swapcase])(text)

    def changed(self, fields):
        """Change one field, or the name of one."""
        random, fields = self.random, dict(fields)
        name = random.choice(list(fields))
        value = fields.pop(name)
        text = value if isinstance(value, str) else str(value)
        forms = [
            None, "", [], 7, "7", 1.0, True, False, [None, value, ""], ["a", text], (value,), "x" + text, text + "x",
            text[1:], text[:-1], text.swapcase(), text[::-1], text.replace("\\", "/"), text.replace("-", "/"),
            text + "\n", "\ud800" + text, text * 2,
        ]  # fmt: skip
        way = random.random()
        if way < 0.7:
            fields[name] = random.choice(forms)
        elif way < 0.8:
            fields[name.swapcase()] = value
        elif way < 0.9:
            fields = {name.upper(): random.choice(forms), name: value, **fields}
        return fields


def events(one, random):
    """Give events for a rule: half as they should be, half with a change."""
    maker, wanted = Maker(random), one.rule.logsource
    logsource = Logsource(wanted.product or "windows", wanted.category or "any", wanted.service or "any")
    for number in range(EVENTS):
        fields = maker.record(one.tree)
        if (found := fields.get("EventID")) is not None and str(found).isdecimal() and random.random() < 0.7:
            fields["EventID"] = int(found)
        if fields and number % 2:
            fields = maker.changed(fields)
        order = random.sample(list(fields), len(fields))
        yield Event(logsource, {name: fields[name] for name in order})


def compare(rules, chosen):
    """Give how many of the events made from the chosen rules are hits, and how many there are."""
    hits = made = 0
    for at, one in chosen:
        for number, event in enumerate(events(one, Random(f"{one.rule.id} {at}"))):
            fast = {found.rule_id: found.evidence for found in rules.match(event)}
            again = {found.rule_id: found.evidence for found in rules.match(replace(event, fields=dict(event.fields)))}
            assert repr(fast) == repr(again)
            asked = rules.compiled if number == at % 40 else [one]
            for other in asked:
                slow = explain(other.tree, event.fields) if other.rule.logsource.reads(event.logsource) else None
                assert repr(fast.get(other.rule.id)) == repr(slow), (other.rule.title, event)
            made += 1
            hits += one.rule.id in fast
    return hits, made


def test_the_engine_agrees_on_events_made_from_our_own_rules():
    paths = sorted((Path(__file__).parents[2] / "rules").rglob("*.yml"))
    rules = load([(str(path), path.read_text(encoding="utf-8")) for path in paths])
    hits, made = compare(rules, enumerate(rules.compiled))
    assert made > 300
    assert made * 0.4 < hits < made * 0.95, (hits, made)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_engine_agrees_on_events_made_from_public_rules(block):
    rules = public_rules()
    hits, made = compare(rules, [*enumerate(rules.compiled)][block::BLOCKS])
    assert made > 1000
    assert made * 0.4 < hits < made * 0.95, (hits, made)
