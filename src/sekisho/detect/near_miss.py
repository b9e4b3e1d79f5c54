"""Why a rule matches a record or does not: every selection and value looked at, and how far away a match is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import nsmallest
from typing import Any, Literal, TypeAlias

from sekisho.detect._condition import ConditionError, condition_tree
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
    Node,
    Not,
    OneOf,
    Present,
    Regex,
    Same,
    Test,
    Text,
    fields_of,
)
from sekisho.detect._values import key_of, text_of
from sekisho.detect.oracle import Field, field_of, passed

SHOWN_WANTED = 5  # written values kept of an item, closest first; the rest are counted
SHOWN_FOUND = 10  # values kept of a field that is a list
COMPARED_WANTED, COMPARED_CHARS = 200, 300  # looked at to say which written value is closest
NOT_SELECTIONS = frozenset({"condition", "timeframe"})

How: TypeAlias = Literal[
    "any",
    "equal",
    "start",
    "end",
    "in",
    "like",
    "re",
    "cidr",
    "eq",
    "lt",
    "lte",
    "gt",
    "gte",
    "same",
    "empty",
    "exists",
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One value that a rule asks for."""

    how: How
    value: str
    """As it is compared: without regard to case unless ``cased``; a field's name for ``same``."""
    holds: bool
    cased: bool = False
    part: str = ""
    """The part of a date that is compared: minute hour day week month year."""
    mode: str = ""
    """How two fields compare for ``same``: equal start end in."""


@dataclass(frozen=True, slots=True)
class Item:
    """One field of a selection and what the record has for it."""

    field: str
    """As the record spells it, else as the rule does; ``*`` for keywords."""
    holds: bool
    present: bool
    """False when the record has no such field; True for keywords."""
    found: tuple[Any, ...]
    """The record's values, those that decided first; at most SHOWN_FOUND. For keywords, the values that hold them."""
    wanted: tuple[Wanted, ...]
    """What passed, else what came closest, first; at most SHOWN_WANTED."""
    of: int
    """How many values the rule asks for."""
    every: bool
    """All of them must hold, each by any value of the field."""
    name: str = ""
    """The selection, when the item is all of it."""

    @property
    def to_hold(self) -> int:
        """Items that would have to change for this to hold."""
        return 0 if self.holds else 1

    @property
    def to_fail(self) -> int:
        """Items that would have to change for this not to hold."""
        return 1 if self.holds else 0


@dataclass(frozen=True, slots=True)
class Group:
    """Several parts of a detection and how they are joined."""

    least: int
    """So many parts must hold; 0 stands for ``not`` (one part, which must not hold)."""
    parts: tuple[Item | Group, ...]
    holds: bool
    to_hold: int
    to_fail: int
    name: str = ""
    """The selection that this is; empty for a part of the condition or of a selection."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rule's detection makes of one record, whatever the logsource of either."""

    root: Item | Group

    @property
    def matched(self) -> bool:
        """Tell whether the detection is true for the record."""
        return self.root.holds

    @property
    def needed(self) -> int:
        """Count the items that would have to turn out otherwise for a match; 0 when it matched."""
        return self.root.to_hold

    def items(self) -> Iterable[Item]:
        """Give every item, in the rule's order."""
        waiting: list[Item | Group] = [self.root]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Item):
                yield part
            else:
                waiting += reversed(part.parts)

    @property
    def missing(self) -> tuple[str, ...]:
        """Give the fields that the rule reads and the record has not."""
        return tuple(dict.fromkeys(one.field for one in self.items() if not one.present))


def explain_why(tree: Node, fields: Mapping[str, Any], names: Mapping[int, str] | None = None) -> Explanation:
    """Explain a detection on a record; it holds exactly when :func:`sekisho.detect.oracle.explain` says so.

    Args:
        tree: a rule's detection.
        fields: the record.
        names: selections by the identity of their nodes (:func:`names_of`).
    """
    return Explanation(_part(tree, fields, names or {}))


def distance(tree: Node, fields: Mapping[str, Any]) -> int:
    """Count the items that would have to turn out otherwise for a match, without saying which."""
    return _costs(tree, fields)[0]


def missing(tree: Node, fields: Mapping[str, Any]) -> int:
    """Count the fields that a detection reads and a record has not."""
    return sum(bool(name) and key_of(fields, name) is None for name in fields_of(tree))


def names_of(tree: Node, detection: Mapping[str, Any]) -> dict[int, str]:
    """Name the nodes of a rule's tree that are its selections.

    Args:
        tree: the rule's detection as it was read.
        detection: the mapping it was read from.

    Returns:
        Selection by ``id()`` of its node; empty where the tree does not have the shape of the condition.
    """
    return {id(node): name for name, node in selections_of(tree, detection)}


def selections_of(tree: Node, detection: Mapping[str, Any]) -> list[tuple[str, Node]]:
    """Give the selections that the condition uses and their nodes in the tree; empty where the shapes differ."""
    shape = shape_of(detection)
    found: list[tuple[str, Node]] = []
    waiting: list[tuple[Node, Node]] = [] if shape is None else [(shape, tree)]
    while waiting:
        mark, node = waiting.pop()
        if isinstance(mark, Leaf):
            found.append((mark.field, node))
        elif isinstance(mark, Not) and isinstance(node, Not):
            waiting.append((mark.node, node.node))
        elif isinstance(mark, (All, AtLeast)) and isinstance(node, type(mark)) and len(mark.nodes) == len(node.nodes):
            waiting += zip(mark.nodes, node.nodes, strict=True)
        else:
            return []
    return found


def shape_of(detection: Mapping[str, Any]) -> Node | None:
    """Give the condition as a tree whose leaves are called like the selections; None when it cannot be read."""
    marks: dict[str, Node] = {name: Leaf(name, ()) for name in detection if name not in NOT_SELECTIONS}
    written = detection.get("condition")
    try:
        shapes = [condition_tree(str(one), marks) for one in (written if isinstance(written, list) else [written])]
    except ConditionError:
        return None
    return shapes[0] if len(shapes) == 1 else AtLeast(1, tuple(shapes))


def _part(node: Node, fields: Mapping[str, Any], names: Mapping[int, str]) -> Item | Group:
    name = names.get(id(node), "")
    if isinstance(node, Leaf):
        return _item(node, fields, name)
    if isinstance(node, Not):
        part = _part(node.node, fields, names)
        return Group(0, (part,), not part.holds, part.to_fail, part.to_hold, name)
    parts = tuple(_part(one, fields, names) for one in node.nodes)
    least = len(parts) if isinstance(node, All) else node.least
    holds, fails = _joined(least, [(one.to_hold, one.to_fail) for one in parts])
    return Group(least, parts, holds == 0, holds, fails, name)


def _joined(least: int, costs: list[tuple[int, int]]) -> tuple[int, int]:
    """Give the cheapest ways to make so many parts hold, and to keep them from it."""
    to_hold = sum(nsmallest(least, (cost for cost, _ in costs)))
    return to_hold, sum(nsmallest(len(costs) - least + 1, (cost for _, cost in costs)))


def _costs(node: Node, fields: Mapping[str, Any]) -> tuple[int, int]:
    if isinstance(node, Leaf):
        return (0, 1) if _holds(node, fields) else (1, 0)
    if isinstance(node, Not):
        to_hold, to_fail = _costs(node.node, fields)
        return to_fail, to_hold
    costs = [_costs(one, fields) for one in node.nodes]
    return _joined(len(costs) if isinstance(node, All) else node.least, costs)


def _holds(leaf: Leaf, fields: Mapping[str, Any]) -> bool:
    field = field_of(leaf, fields)
    answers = (passed(test, field, fields) is not None for test in leaf.tests)
    return all(answers) if leaf.every else any(answers)


def _item(leaf: Leaf, fields: Mapping[str, Any], name: str) -> Item:
    field = field_of(leaf, fields)
    answers = [passed(test, field, fields) for test in leaf.tests]
    held = [answer is not None for answer in answers]
    pairs = [pair for answer in answers if answer for pair in answer]
    decided = [value for _, value in pairs if value is not None]
    anywhere = leaf.field == KEYWORD
    values = decided if anywhere else [*decided, *(one.value for one in field.read)]
    return Item(
        field="*" if anywhere else field.name,
        holds=all(held) if leaf.every else any(held),
        present=anywhere or field.present,
        found=_once(values),
        wanted=_shown(leaf, held, field, anywhere=anywhere),
        of=len(leaf.tests),
        every=leaf.every,
        name=name,
    )


def _once(values: list[Any]) -> tuple[Any, ...]:
    seen = {(type(value), str(value)): value for value in values}
    return tuple(seen.values())[:SHOWN_FOUND]


def _shown(leaf: Leaf, held: list[bool], field: Field, *, anywhere: bool) -> tuple[Wanted, ...]:
    """Give what decides first: of "any of" what passed, of "all of" what did not; then what came closest."""
    text = "" if anywhere or not field.read else field.read[0].folded[:COMPARED_CHARS]
    ranked = sorted(
        range(len(leaf.tests)),
        key=lambda at: (held[at] == leaf.every, -_closeness(leaf.tests[at], text) if at < COMPARED_WANTED else 0.0),
    )
    return tuple(_wanted(leaf.tests[at], text, holds=held[at]) for at in ranked[:SHOWN_WANTED])


def _closeness(test: Test | OneOf, text: str) -> float:
    """Give how much of a written text is in a value, from 0 to 1."""
    if isinstance(test, OneOf):
        return max(_closeness(one, text) for one in test.tests[:SHOWN_WANTED])
    if isinstance(test, Glob):
        literal = max((one for one in test.pieces if isinstance(one, str)), key=len, default="")
        return _closeness(Text("in", literal), text)
    if not isinstance(test, Text) or not text or not test.text:
        return 0.0
    wanted = test.text.casefold()[:COMPARED_CHARS]
    matcher = SequenceMatcher(None, text, wanted, autojunk=False)
    if test.mode == "in":
        return matcher.find_longest_match().size / len(wanted)
    part = {"start": text[: len(wanted)], "end": text[-len(wanted) :]}.get(test.mode, text)
    matcher.set_seq1(part)
    return matcher.ratio()


def _wanted(test: Test | OneOf, text: str, *, holds: bool) -> Wanted:
    match test:
        case OneOf():
            return _wanted(max(test.tests[:COMPARED_WANTED], key=lambda one: _closeness(one, text)), text, holds=holds)
        case Text() if not test.text:
            return Wanted("any", "", holds)
        case Text():
            return Wanted(test.mode, test.text, holds, test.cased)
        case Glob():
            return Wanted("like", _glob(test.pieces), holds, test.cased)
        case Regex():
            return Wanted("re", f"(?{test.flags}){test.pattern}" if test.flags else test.pattern, holds, cased=True)
        case Cidr():
            return Wanted("cidr", test.network, holds)
        case Compare():
            return Wanted(test.operator, text_of(test.number), holds, part=test.part)
        case Same():
            return Wanted("same", test.field, holds, test.cased, mode=test.mode)
        case Empty():
            return Wanted("empty", "", holds)
        case Present():
            return Wanted("exists", "true" if test.wanted else "false", holds)


def _glob(pieces: tuple[str | int, ...]) -> str:
    """Write a pattern as rules do."""
    wildcards = ("*" if one == ANY else "?" for one in pieces)
    escaped = (one.replace("*", "\\*").replace("?", "\\?") if isinstance(one, str) else "" for one in pieces)
    return "".join(text or wildcard for text, wildcard in zip(escaped, wildcards, strict=True))
