"""The fast matcher against the plain one, and what bounds its memory."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sekisho.detect import engine
from sekisho.detect._tree import (
    KEYWORD,
    All,
    AtLeast,
    Cidr,
    Compare,
    Empty,
    Leaf,
    Not,
    OneOf,
    Present,
    Regex,
    Same,
    Text,
    fields_of,
)
from sekisho.detect._values import pattern_of, pieces_of
from sekisho.detect.compiled import Compiled
from sekisho.detect.engine import Engine
from sekisho.detect.oracle import explain
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource
from sekisho.model.rule import Rule

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FIELDS = ["a", "a", "b", "B", "EventID"]
LETTERS = "aAbß1-/*ΣσςK\ud800\x01 é"
POOL = [
    "",
    "a",
    "A",
    "b",
    "ab",
    "aB-a",
    "/a",
    "a/b",
    "ß",
    "SS",
    "Σας",
    "1",
    "true",
    "a\ud800",
    "\x01a",
    "ba ab",
    "*",
    "a*b",
    "K",
]
PATTERNS = [
    *POOL[1:],
    "*",
    "a*",
    "*b",
    "?",
    "a?",
    "*a*",
    "a*b",
    "?b*",
    "*-*",
    "-a",
    "s?",
    "\\*",
    "a\\*b",
    "*a*b*",
    "σ*",
    "k",
    "??*",
]
words = st.one_of(st.sampled_from(POOL), st.text(alphabet=LETTERS, max_size=4))
ODD = [0, 1, 1.0, 5, -1, True, False, None, 5.5, "5", "192.0.2.1", "2024-01-02T03:04"]
values = st.one_of(
    words, words, words, st.sampled_from(ODD), st.lists(st.one_of(words, st.sampled_from(ODD)), max_size=3)
)
records = st.fixed_dictionaries(
    {"a": values},
    optional=dict.fromkeys(["b", "B", "c", "C", "d"], values) | {"EventID": st.sampled_from([1, "1", 5, "A", [5]])},
)
modes = st.sampled_from(["equal", "start", "end", "in"])


@st.composite
def texts(draw, *, keyword=False):
    cased, dashes = draw(st.booleans()), draw(st.booleans())
    pieces = pieces_of(draw(st.sampled_from(PATTERNS)))
    around = draw(st.sampled_from([(0, 0), (0, 1), (1, 0), (1, 1)]))
    test = pattern_of([*([0] * around[0]), *pieces, *([0] * around[1])], cased=cased, dashes=dashes)
    return Empty() if test == Text("equal", "", cased, dashes) and not keyword else test


regexes = st.builds(
    Regex,
    st.sampled_from(["a", "^a", "b$", "[ab]+1?", "(?!a)b", "a|b", "ab?", "b+a", "a.b", "Σ.?ς", "(b)a b", "a{2}"]),
    st.sampled_from(["", "i", "ims"]),
)
anywhere = st.one_of(texts(keyword=True), regexes, st.just(Cidr("192.0.2.0/24")))
singles = st.one_of(
    texts(),
    regexes,
    st.just(Empty()),
    st.builds(Present, st.booleans()),
    st.just(Cidr("192.0.2.0/24")),
    st.builds(
        Compare,
        st.sampled_from(["eq", "lt", "lte", "gt", "gte"]),
        st.sampled_from([0, 1, 5]),
        st.sampled_from(["", "hour", "day"]),
    ),
    st.builds(Same, st.sampled_from(FIELDS), modes, st.booleans()),
)


def leaves(field, tests):
    groups = st.one_of(tests, tests, st.builds(OneOf, st.lists(tests, min_size=2, max_size=3).map(tuple)))
    return st.builds(
        Leaf, field, st.lists(groups, min_size=1, max_size=4).map(tuple), st.sampled_from([False, False, True])
    )


ids = st.builds(
    lambda texts: Leaf("EventID", tuple(Text("equal", text) for text in texts)),
    st.lists(st.sampled_from("15a"), min_size=1, max_size=2),
)
leaf = st.one_of(
    leaves(st.sampled_from(FIELDS), singles),
    leaves(st.sampled_from(FIELDS), texts()),
    leaves(st.just(KEYWORD), anywhere),
    ids,
)
trees = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.one_of(inner.map(Not), leaf.map(lambda one: Not(one, one.field))),
        st.lists(inner, min_size=1, max_size=3).flatmap(
            lambda nodes: st.builds(AtLeast, st.integers(1, len(nodes)), st.just(tuple(nodes)))
        ),
    ),
    max_leaves=6,
)
SOURCES = [Logsource("p"), Logsource("p", "x"), Logsource("p", "", "s")]


def rules_of(found):
    return tuple(
        Compiled(
            Rule(
                str(at),
                "t",
                "low",
                "",
                (),
                SOURCES[at % 3],
                "t.yml",
                1,
                tuple(sorted({one or "*" for one in fields_of(tree)})),
                0.0,
            ),
            tree,
        )
        for at, tree in enumerate(found)
    )


@settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(trees, min_size=1, max_size=6), st.lists(records, min_size=1, max_size=6))
def test_agrees_with_the_oracle(found, rows):
    compiled = rules_of(found)
    fast = Engine(compiled)
    for logsource in (Logsource("p", "x", "s"), Logsource("p", "y")):
        for row in [*rows, *rows]:  # again, from the memos
            event = Event(logsource, row)
            expected = [
                (one.rule.id, why)
                for one in compiled
                if one.rule.logsource.reads(logsource) and (why := explain(one.tree, row)) is not None
            ]
            assert [(match.rule.id, match.evidence) for match in fast.match(event)] == expected


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=10))
def test_globs_agree(pattern, text):
    """The plain matcher, the fast one and a third, recursive one."""

    def slow(pieces, rest):
        if not pieces:
            return not rest
        head, *tail = pieces
        if head == "*":
            return any(slow(tail, rest[at:]) for at in range(len(rest) + 1))
        return bool(rest) and head in ("?", rest[0]) and slow(tail, rest[1:])

    test = pattern_of(pieces_of(pattern))
    compiled = rules_of([Leaf("a", (test,))])
    expected = slow(list(pattern), text)
    assert bool(Engine(compiled).match(Event(Logsource("p"), {"a": text}))) is expected
    assert (explain(compiled[0].tree, {"a": text}) is not None) is expected


def test_equal_keys_of_other_types_do_not_share_a_memo():
    fast = Engine(rules_of([Leaf("a", (Text("equal", "1"),)), Leaf("a", (Text("equal", "true"),))]))
    for _ in range(2):
        for value, expected in ((1, "0"), (True, None), (1.0, "0"), ("1", "0")):
            found = [one.rule.id for one in fast.match(Event(Logsource("p"), {"a": value}))]
            assert found == ([expected] if expected else [])


def rules(selections):
    return load(
        [
            (f"{at}.yml", f"title: t{at}\nlogsource: {{product: p}}\ndetection:\n  s: {one}\n  condition: s\n")
            for at, one in enumerate(selections)
        ]
    )


def test_event_ids_route_as_number_and_text_and_without_case_of_the_name():
    found = rules(["{EventID: 4624, a: x}", "{EventID: [1, 2], a: x}", "{a: x}"])
    for fields, expected in (
        ({"EventID": 4624, "a": "x"}, ["t0", "t2"]),
        ({"EventID": "4624", "a": "x"}, ["t0", "t2"]),
        ({"eventid": 4624, "a": "x"}, ["t0", "t2"]),
        ({"EventID": [4624, 2], "a": "x"}, ["t0", "t1", "t2"]),
        ({"EventID": 9, "a": "x"}, ["t2"]),
        ({"EventID": None, "a": "x"}, ["t2"]),
        ({"EventID": "None", "a": "x"}, ["t2"]),
        ({"a": "x"}, ["t2"]),
        ({}, []),
    ):
        for _ in range(2):
            assert [one.title for one in found.match(Event(Logsource("p"), fields))] == expected


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(engine, "MEMO_CHARS", 1000)
    monkeypatch.setattr(engine, "MAX_SHAPES", 20)
    monkeypatch.setattr(engine, "MAX_LOGSOURCES", 5)
    found = rules(["{a|contains: needle}"])
    for at in range(300):
        event = Event(Logsource("p", f"c{at % 9}"), {"a": f"{'needle' if at % 2 else 'hay'} {at}", f"x{at}": "y"})
        assert bool(found.match(event)) is bool(at % 2)
    inside = found._engine
    assert inside is not None
    assert inside.budget.chars <= 1000
    assert inside.budget.shapes <= 20
    assert len(inside.buckets) <= 5
    kept = sum(len(text) for memo in inside.budget.memos for text in memo)
    assert kept <= 1000


def test_a_huge_value_is_searched_but_not_kept():
    found = rules(["{a|contains: needle}"])
    event = Event(Logsource("p"), {"a": "x" * 1_000_000 + "needle"})
    assert found.match(event)
    assert all(not memo for memo in found._engine.budget.memos)


def test_odd_values_do_not_break_it():
    found = rules(["{a|contains: needle}", "[needle]"])
    for value in (
        b"needle",
        {"needle": 1},
        ["needle", ["needle"]],
        10**5000,
        float("inf"),
        float("nan"),
        "\ud800needle",
    ):
        found.match(Event(Logsource("p"), {"a": value, "": "x", "é" * 10: value}))
    assert len(found.match(Event(Logsource("p"), {"a": "\udcffneedle"}))) == 2


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_agrees_with_the_oracle_on_real_events():
    """Every third public Windows rule on records of each regression log."""
    from sekisho.normalize.windows import normalize
    from sekisho.sources import Row, evtx

    paths = sorted((SHARED / "sigma" / "rules" / "windows").rglob("*.yml"))[::3]
    found = load((str(path), path.read_text(encoding="utf-8")) for path in paths)
    matched = 0
    for path in sorted((SHARED / "sigma" / "regression_data").rglob("*.evtx"))[::4]:
        rows = (row for row in evtx.read(path) if isinstance(row, Row))
        for event in list(normalize(rows, str(path)))[:2]:
            expected = [
                (one.rule.id, why)
                for one in found.compiled
                if one.rule.logsource.reads(event.logsource) and (why := explain(one.tree, event.fields)) is not None
            ]
            assert [(one.rule_id, one.evidence) for one in found.match(event)] == expected
            matched += len(expected)
    assert matched > 5


def test_what_rules_did_is_counted_where_they_were_asked():
    found = rules(["{EventID: 1, a|contains: needle}", "{EventID: 2, a: x}", "{b|contains: needle, c: x}"])
    found.engine.timed = True
    for fields in (
        {"EventID": 1, "a": "a needle"},
        {"EventID": 1, "a": "hay", "b": "needle"},
        {"EventID": "1", "a": "hay", "c": "x"},
        {"EventID": 2, "a": "hay"},
    ):
        found.match(Event(Logsource("p"), fields))
    by_title = {one.title: found.engine.statistics().uses[one.id] for one in found.rules}
    assert {title: (use.routed, use.checked, use.matched) for title, use in by_title.items()} == {
        "t0": (3, 1, 1),
        "t1": (1, 0, 0),
        "t2": (4, 1, 0),
    }
    assert by_title["t2"].present == {"b", "c"}
    assert by_title["t0"].seconds > 0 == by_title["t1"].seconds


def test_what_costs_is_measured_only_when_asked_for_and_changes_no_finding():
    timed, plain = (rules(["{a|contains: needle}", "{a: x}"]) for _ in range(2))
    timed.engine.timed = True
    for text in ("a needle", "x", "hay"):
        event = Event(Logsource("p"), {"a": text})
        assert timed.match(event) == plain.match(event)
    (use, _) = plain.engine.statistics().uses.values()
    assert (use.routed, use.seconds) == (3, 0.0)


def test_records_told_before_are_credited_by_logsource_id_and_names():
    found = rules(["{EventID: 1, a: x}", "{b: x}"])
    found.engine.credit(Logsource("p"), {"EventID": 1, "A": "-"}, 5)
    found.engine.credit(Logsource("p"), {"EventID": 2, "b": "-"}, 3)
    found.engine.credit(Logsource("q"), {"EventID": 1, "a": "-"}, 9)
    found.engine.credit(Logsource("p"), {"EventID": 3}, 0)
    uses = found.engine.statistics().uses
    assert {one.title: (uses[one.id].routed, uses[one.id].present) for one in found.rules} == {
        "t0": (5, {"EventID", "a"}),
        "t1": (8, {"b"}),
    }
