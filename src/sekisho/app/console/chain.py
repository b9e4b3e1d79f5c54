"""The attack as a graph that can be read: nodes in columns from cause to effect, none upon another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

Document = dict[str, Any]
MOST_NODES = 300  # drawn singly; what is more is drawn by kind
COLUMN, ROW = 218, 58  # px between places; a box is 150 x 40
PER_COLUMN = 12  # a longer column is folded, so that a graph stays as wide as a screen
SWEEPS = 4
COLLAPSED = "group"


def placed(nodes: Sequence[Document], edges: Sequence[Document]) -> tuple[list[Document], list[Document]]:
    """Give nodes with ``x`` and ``y``, and edges, few enough to be drawn.

    Args:
        nodes: ``id type label layer verdict`` each.
        edges: ``source target relation at`` each, the earliest first.

    Returns:
        Nodes with ``x``, ``y`` (px), ``count`` (how many one stands for) and ``members`` (labels, at most 200); edges
        with ``count``.
    """
    drawn, lines = collapsed(nodes, edges) if len(nodes) > MOST_NODES else (_single(nodes), [*edges])
    columns = _columns(drawn, lines)
    _untangle(columns, lines)
    x, out = 0, []
    tallest = max((min(len(one), PER_COLUMN) for one in columns), default=0)
    for column in columns:
        for start in range(0, len(column), PER_COLUMN):
            some = column[start : start + PER_COLUMN]
            top = (tallest - len(some)) * ROW // 2
            out += [{**node, "x": x, "y": top + at * ROW} for at, node in enumerate(some)]
            x += COLUMN
    return out, lines


def _single(nodes: Sequence[Document]) -> list[Document]:
    return [{**one, "count": 1, "members": []} for one in nodes]


def collapsed(nodes: Sequence[Document], edges: Sequence[Document]) -> tuple[list[Document], list[Document]]:
    """Draw nodes of one kind that hang on the same nodes as one; if that is not enough, all of a kind as one."""
    near: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        near[edge["source"]].add(f">{edge['target']}")
        near[edge["target"]].add(f"<{edge['source']}")
    keys = {one["id"]: f"{one['type']} {one['layer']} {sorted(near[one['id']])}" for one in nodes}
    if len(set(keys.values())) > MOST_NODES:
        keys = {one["id"]: f"{one['type']} {one['layer']}" for one in nodes}
    groups: dict[str, list[Document]] = defaultdict(list)
    for one in nodes:
        groups[keys[one["id"]]].append(one)
    drawn, new = [], {}
    for number, some in enumerate(groups.values()):
        alone = len(some) == 1
        key = some[0]["id"] if alone else f"{COLLAPSED}{number}"
        new.update({one["id"]: key for one in some})
        worst = next((one["verdict"] for one in some if one["verdict"] == "malicious"), some[0]["verdict"])
        members = [] if alone else [one["label"] for one in some[:200]]
        drawn.append({**some[0], "id": key, "verdict": worst, "count": len(some), "members": members})
    lines: dict[tuple[str, str, str], Document] = {}
    for edge in edges:
        place = (new.get(edge["source"], ""), new.get(edge["target"], ""), edge["relation"])
        if not all(place[:2]) or (place[0] == place[1] and place[0].startswith(COLLAPSED)):
            continue
        if place in lines:
            lines[place]["count"] += 1
        else:
            lines[place] = {**edge, "source": place[0], "target": place[1], "count": 1}
    return drawn, list(lines.values())


def _columns(nodes: Sequence[Document], edges: Sequence[Document]) -> list[list[Document]]:
    """Rank nodes by the longest way from a cause; an edge that would close a circle ranks nothing."""
    known = {one["id"] for one in nodes}
    after: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        if edge["source"] in known and edge["target"] in known and edge["source"] != edge["target"]:
            after[edge["source"]].append(edge["target"])
    order = _order([one["id"] for one in nodes], after)
    place = {key: at for at, key in enumerate(order)}
    rank = dict.fromkeys(order, 0)
    before: dict[str, list[str]] = defaultdict(list)
    for key in order:
        for target in after[key]:
            if place[target] > place[key]:
                rank[target] = max(rank[target], rank[key] + 1)
                before[target].append(key)
    for key in reversed(order):  # a cause stands beside its first effect, not at the far left
        later = [rank[target] for target in after[key] if place[target] > place[key]]
        if later and not before[key]:
            rank[key] = max(rank[key], min(later) - 1)
    columns: list[list[Document]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for one in nodes:
        columns[rank[one["id"]]].append(one)
    return [one for one in columns if one]


def _order(keys: Sequence[str], after: dict[str, list[str]]) -> list[str]:
    """Give causes before effects; without recursion, for a chain may be long."""
    done: list[str] = []
    seen: set[str] = set()
    for start in keys:
        if start in seen:
            continue
        seen.add(start)
        stack = [(start, iter(after[start]))]
        while stack:
            key, rest = stack[-1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                stack.pop()
                done.append(key)
            else:
                seen.add(following)
                stack.append((following, iter(after[following])))
    return done[::-1]


def _untangle(columns: list[list[Document]], edges: Sequence[Document]) -> None:
    """Order each column by where its neighbours stand, so that fewer lines cross."""
    near: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        near[edge["source"]].append(edge["target"])
        near[edge["target"]].append(edge["source"])
    for sweep in range(SWEEPS):
        place = {one["id"]: at / max(len(column), 1) for column in columns for at, one in enumerate(column)}
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = {
                one["id"]: sum(place[key] for key in near[one["id"]] if key in place) / len(near[one["id"]])
                if near[one["id"]]
                else place[one["id"]]
                for one in column
            }
            column.sort(key=lambda one: wanted[one["id"]])
            place.update({one["id"]: at / len(column) for at, one in enumerate(column)})
