"""The graph placed: causes left of effects, no box upon another, many nodes drawn by kind."""

import itertools
import random

from sekisho.app.console import chain


def node(key, kind="process", layer="endpoint", verdict=None):
    return {"id": key, "type": kind, "label": key, "layer": layer, "verdict": verdict}


def edge(source, target, relation="started"):
    return {"source": source, "target": target, "relation": relation, "at": None, "evidence": ["e0"]}


def test_causes_stand_left_of_effects():
    nodes = [node(one) for one in ("child", "root", "grandchild", "sibling")]
    edges = [edge("root", "child"), edge("child", "grandchild"), edge("root", "sibling")]
    x = {one["id"]: one["x"] for one in chain.placed(nodes, edges)[0]}
    assert x["root"] < x["child"] == x["sibling"] < x["grandchild"]


def test_a_late_cause_stands_beside_its_effect():
    nodes = [node(one) for one in "abcd"]
    x = {one["id"]: one["x"] for one in chain.placed(nodes, [edge("a", "b"), edge("b", "c"), edge("d", "c")])[0]}
    assert x["d"] == x["b"]


def test_no_box_lies_upon_another_whatever_the_graph():
    dice = random.Random(5)
    for _ in range(60):
        keys = [f"n{number}" for number in range(dice.randrange(1, 60))]
        edges = [edge(dice.choice(keys), dice.choice([*keys, "lost"])) for _ in range(dice.randrange(90))]
        nodes, _ = chain.placed([node(key) for key in keys], edges)
        places = [(one["x"], one["y"]) for one in nodes]
        assert len(set(places)) == len(places) == len(keys)
        assert all(x % chain.COLUMN == 0 for x, _ in places)


def test_a_circle_and_a_long_chain_end():
    assert len(chain.placed([node("a"), node("b")], [edge("a", "b"), edge("b", "a"), edge("a", "a")])[0]) == 2
    keys = [f"n{number}" for number in range(290)]
    nodes, _ = chain.placed([node(one) for one in keys], [edge(a, b) for a, b in itertools.pairwise(keys)])
    assert nodes[-1]["x"] == 289 * chain.COLUMN


def test_many_nodes_are_drawn_by_kind():
    nodes = [node("root")] + [node(f"n{number}", "address", "network") for number in range(400)]
    nodes[7]["verdict"] = "malicious"
    edges = [edge("root", f"n{number}", "connected") for number in range(400)]
    drawn, lines = chain.placed(nodes, edges)
    assert [(one["type"], one["count"], one["verdict"]) for one in drawn] == [
        ("process", 1, None),
        ("address", 400, "malicious"),
    ]
    assert len(drawn[1]["members"]) == 200
    assert [(one["relation"], one["count"]) for one in lines] == [("connected", 400)]


def test_nodes_that_share_nothing_are_drawn_by_kind_at_last():
    keys = [f"n{number}" for number in range(2000)]
    nodes = [node(one, "process" if at % 2 else "file") for at, one in enumerate(keys)]
    drawn, lines = chain.placed(nodes, [edge(a, b) for a, b in itertools.pairwise(keys)])
    assert (len(drawn), len(lines)) == (2, 2)
    assert chain.placed([], []) == ([], [])
