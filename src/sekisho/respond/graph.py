"""The attack chain as an SVG picture: causes above, effects below, one row a step, no script needed."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sekisho.model.incident import Edge, Incident, Node
from sekisho.respond.wording import Words, safe

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 196, 50, 26, 46, 14  # px
LABEL_COLUMNS = 23  # half-width columns that fit in a box
PER_ROW = 6
LABEL_HEIGHT = 12  # px
SWEEPS = 6


@dataclass(frozen=True, slots=True)
class Box:
    """One node as placed."""

    node: Node
    label: str
    title: str
    kind: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """One edge as drawn."""

    path: str
    label: str
    title: str
    x: int
    y: int
    layer: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything the template draws."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def picture(incident: Incident, words: Words) -> Picture:
    """Place an incident's nodes in rows by cause and effect, and its edges between them."""
    rows = _rows(incident.nodes, incident.edges)
    _untangle(rows, incident.edges)
    wide = max((len(row) for row in rows), default=0)
    full = wide * (WIDTH + GAP_X) - GAP_X
    boxes: dict[str, Box] = {}
    for number, row in enumerate(rows):
        left = (full - (len(row) * (WIDTH + GAP_X) - GAP_X)) // 2
        for index, node in enumerate(row):
            x, y = MARGIN + left + index * (WIDTH + GAP_X), MARGIN + number * (HEIGHT + GAP_Y)
            kind = words.word("layer", node.layer) if node.type not in KINDS else words.word("type", KINDS[node.type])
            boxes[node.id] = Box(node, fit(safe(node.label)), safe(node.label), kind, x, y)
    lines = _lines(incident.edges, boxes, words)
    height = len(rows) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    return Picture(full + 2 * MARGIN, max(height, 2 * MARGIN), tuple(boxes.values()), tuple(lines))


KINDS = {
    "sender": "mailbox",
    "mailbox": "mailbox",
    "process": "process",
    "file": "file",
    "written": "path",
    "registry": "registry",
    "address": "address",
    "host": "host",
    "account": "account",
    "order": "order",
}  # a node's type and the word for it (catalogue: ``type.*``)


def fit(label: str, columns: int = LABEL_COLUMNS) -> str:
    """Cut a label in its middle to so many columns; Japanese letters take two."""
    if _columns(label) <= columns:
        return label
    head = tail = ""
    for left, right in zip(label, reversed(label), strict=True):
        if _columns(head + left + tail) > columns - 1:
            break
        head += left
        if _columns(head + right + tail) > columns - 1:
            break
        tail = right + tail
    return f"{head}…{tail}"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _rows(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[list[Node]]:
    """Rank nodes by the longest path from a cause; a cycle's back edge is ignored; long rows wrap."""
    after: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        after[edge.source].append(edge.target)
    rank = {node.id: 0 for node in nodes}
    order = _topological([node.id for node in nodes], after)
    place = {key: index for index, key in enumerate(order)}
    for key in order:
        for target in after[key]:
            if target in rank and place[target] > place[key]:
                rank[target] = max(rank[target], rank[key] + 1)
    by_rank: dict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        by_rank[rank[node.id]].append(node)
    rows = []
    for number in sorted(by_rank):
        row = by_rank[number]
        rows += [row[start : start + PER_ROW] for start in range(0, len(row), PER_ROW)]
    return rows


def _topological(keys: Sequence[str], after: dict[str, list[str]]) -> list[str]:
    """Order causes before effects (reverse post-order, without recursion)."""
    done: list[str] = []
    state: dict[str, int] = {}
    for start in keys:
        stack = [(start, iter(after[start]))]
        if state.get(start):
            continue
        state[start] = 1
        while stack:
            key, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                done.append(key)
            elif not state.get(following):
                state[following] = 1
                stack.append((following, iter(after[following])))
    return done[::-1]


def _untangle(rows: list[list[Node]], edges: Sequence[Edge]) -> None:
    """Order each row by where its neighbours stand, so that few lines cross (barycentre sweeps)."""
    beside: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        beside[edge.source].append(edge.target)
        beside[edge.target].append(edge.source)
    for _ in range(SWEEPS):
        place = {node.id: index - len(row) / 2 for row in rows for index, node in enumerate(row)}
        for row in rows:
            centre = {
                node.id: _mean([place[key] for key in beside[node.id] if key in place], place[node.id]) for node in row
            }
            row.sort(key=lambda node: centre[node.id])
            place.update({node.id: index - len(row) / 2 for index, node in enumerate(row)})


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _lines(edges: Sequence[Edge], boxes: dict[str, Box], words: Words) -> list[Line]:
    """Draw one line between two boxes, however many edges they share, with its words where no other line's stand."""
    joined: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        if edge.source in boxes and edge.target in boxes:
            joined[edge.source, edge.target].append(edge)
    arrived: dict[str, int] = defaultdict(int)
    lines = []
    for (source, target), group in joined.items():
        lines.append(_line(group, boxes[source], boxes[target], arrived[target], words))
        arrived[target] += 1
    return lines


def _line(group: Sequence[Edge], source: Box, target: Box, before: int, words: Words) -> Line:
    x1, y1 = source.x + WIDTH // 2, source.y + HEIGHT
    x2, y2 = target.x + WIDTH // 2, target.y
    if target.y <= source.y:  # sideways or upwards: leave from the side
        y1, y2 = source.y + HEIGHT // 2, target.y + HEIGHT // 2
    bend = max(18, abs(y2 - y1) // 2)
    path = f"M{x1},{y1} C{x1},{y1 + bend} {x2},{y2 - bend} {x2},{y2 - 5}"
    label = ", ".join(dict.fromkeys(words.word("edge", edge.relation) for edge in group))
    why = "; ".join(dict.fromkeys(f"{words.say(edge.why)} {words.time(edge.at_ns)}".strip() for edge in group))
    title = f"{safe(source.node.label)} → {safe(target.node.label)}: {why}"
    # Beside the arrow's end, where lines that share a start have parted; above the words of lines that end there too.
    return Line(path, label, title, x2 + (x1 - x2) // 5 + 5, y2 - 12 - LABEL_HEIGHT * before, target.node.layer)
