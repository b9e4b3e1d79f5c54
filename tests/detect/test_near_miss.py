"""Why a rule matches or does not, in agreement with the plain matcher."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.detect._tree import (
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
from sekisho.detect.near_miss import Group, Item, distance, explain_why, missing, names_of
from sekisho.detect.oracle import explain
from sekisho.detect.rules import load, rule_documents

RULE = """
title: Remote page
logsource: {product: windows, category: process_creation}
detection:
  image:
    Image|endswith: '\\mshta.exe'
  remote:
    CommandLine|contains: ['://', 'javascript:']
  filter:
    ParentImage|endswith: '\\setup.exe'
  condition: image and remote and not filter
"""


def opened(text=RULE):
    (compiled,) = load([("r.yml", text)]).compiled
    (document,) = rule_documents("r.yml", text)
    return compiled.tree, names_of(compiled.tree, document["detection"])


def test_a_near_miss_names_the_selection_the_value_and_what_was_wanted():
    tree, names = opened()
    told = explain_why(tree, {"Image": r"C:\x\MSHTA.exe", "CommandLine": "mshta javascript.hta"}, names)
    assert not told.matched
    assert told.needed == 1
    assert told.missing == ("ParentImage",)
    image, remote, negated = told.root.parts
    assert (image.name, image.holds, image.found) == ("image", True, (r"C:\x\MSHTA.exe",))
    assert (remote.name, remote.holds, remote.of) == ("remote", False, 2)
    assert [one.value for one in remote.wanted] == ["javascript:", "://"], "the closest first"
    assert negated.holds
    assert (negated.least, negated.parts[0].name, negated.parts[0].holds) == (0, "filter", False)


def test_a_match_needs_nothing():
    tree, names = opened()
    told = explain_why(tree, {"Image": "x\\mshta.exe", "CommandLine": "mshta http://192.0.2.1/"}, names)
    assert told.matched
    assert told.needed == 0
    assert [one.holds for one in told.items()] == [True, True, False]


def test_what_is_negated_counts_when_it_holds():
    tree, _ = opened()
    fields = {"Image": "x\\mshta.exe", "CommandLine": "://", "ParentImage": "c:\\setup.exe"}
    assert explain_why(tree, fields).needed == 1
    assert distance(tree, fields) == 1
    assert distance(tree, {"ParentImage": "c:\\setup.exe"}) == 3
    assert missing(tree, {"parentimage": "c:\\setup.exe"}) == 2


def test_the_cheapest_branches_count_for_one_of_several():
    leaves = tuple(Leaf(name, (Text("equal", "1"),)) for name in "abcd")
    tree = AtLeast(2, (All(leaves[:3]), leaves[3], Not(leaves[0])))
    assert distance(tree, {"a": "1"}) == 2  # d, and a no more
    assert distance(tree, {"a": "1", "b": "1"}) == 2
    assert distance(tree, {}) == 1  # d


def test_keywords_show_the_values_that_hold_them():
    tree = Leaf(KEYWORD, (Text("in", "needle"), Text("in", "thread")))
    told = explain_why(tree, {"a": "hay", "b": "Needles"})
    assert (told.root.field, told.root.found, told.root.wanted[0].value) == ("*", ("Needles",), "needle")
    assert explain_why(tree, {"a": "hay"}).root.found == ()


def test_every_kind_of_test_is_worded():
    tests = (
        Glob(("a", 0, "b*", 1)),
        Regex("x+", "i"),
        Cidr("192.0.2.0/24"),
        Compare("gte", 5.0, "hour"),
        Same("B", "end", cased=True),
    )
    wanted = [explain_why(Leaf("A", (test,)), {"A": "z"}).root.wanted[0] for test in tests]
    assert [(one.how, one.value) for one in wanted] == [
        ("like", "a*b\\*?"),
        ("re", "(?i)x+"),
        ("cidr", "192.0.2.0/24"),
        ("gte", "5"),
        ("same", "B"),
    ]
    assert (wanted[3].part, wanted[4].mode, wanted[4].cased) == ("hour", "end", True)
    assert explain_why(Leaf("A", (Empty(), Present(wanted=False))), {}).matched
    assert explain_why(Leaf("A", (Text("start", ""),)), {"A": "z"}).root.wanted[0].how == "any"


def test_long_lists_are_cut_and_counted():
    tree = Leaf("A", tuple(Text("equal", f"value {number}") for number in range(100)))
    told = explain_why(tree, {"A": [f"other {number}" for number in range(50)]}).root
    assert (len(told.wanted), told.of, len(told.found)) == (5, 100, 10)


def test_names_are_given_up_where_the_shapes_differ():
    tree, _ = opened()
    assert names_of(tree, {"a": 1, "condition": "a"}) == {id(tree): "a"}
    assert names_of(tree, {"a": 1, "b": 2, "condition": "a or b"}) == {}
    assert names_of(tree, {"a": 1, "condition": "a and ("}) == {}


TEXTS = st.sampled_from(["", "a", "A", "ab", "b", "1", "12"])
TESTS = st.one_of(
    st.builds(Text, st.sampled_from(["equal", "start", "end", "in"]), TEXTS.map(str.casefold)),
    st.builds(Compare, st.sampled_from(["lt", "gte", "eq"]), st.sampled_from([1.0, 12.0])),
    st.builds(Present, st.booleans()),
    st.builds(OneOf, st.lists(st.builds(Text, st.just("in"), TEXTS), min_size=1, max_size=2).map(tuple)),
    st.just(Empty()),
    st.just(Glob(("a", 1))),
    st.just(Same("B", "equal")),
)
LEAVES = st.builds(Leaf, st.sampled_from("AB"), st.lists(TESTS, min_size=1, max_size=3).map(tuple), st.booleans())


def joined(nodes):
    several = st.lists(nodes, min_size=1, max_size=4).map(tuple)
    least = several.flatmap(lambda some: st.builds(AtLeast, st.integers(1, len(some)), st.just(some)))
    return st.one_of(st.builds(All, several), least, st.builds(Not, nodes))


TREES = st.recursive(LEAVES, joined, max_leaves=10)
VALUES = st.one_of(TEXTS, st.none(), st.integers(0, 20), st.lists(TEXTS, max_size=3))
RECORDS = st.dictionaries(st.sampled_from(["A", "a", "B"]), VALUES)


@settings(max_examples=300, deadline=None)
@given(TREES, RECORDS)
def test_it_agrees_with_the_plain_matcher_in_every_part(tree, fields):
    told = explain_why(tree, fields)
    assert told.matched == (explain(tree, fields) is not None)
    assert (distance(tree, fields) == 0) == told.matched
    assert distance(tree, fields) == told.needed
    waiting = [(tree, told.root)]
    while waiting:
        node, part = waiting.pop()
        assert part.holds == (explain(node, fields) is not None)
        if isinstance(part, Item):
            continue
        assert isinstance(part, Group)
        waiting += zip([node.node] if isinstance(node, Not) else node.nodes, part.parts, strict=True)
