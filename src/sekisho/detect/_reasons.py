"""A detection tree becomes functions that say why a record matches: what ``oracle.explain`` says, but faster.

Most values are one text or number of which a leaf's condition tells everything; for lists, missing fields and keywords
the plain matcher is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sekisho.detect import oracle
from sekisho.detect._closures import Row, closure
from sekisho.detect._tree import KEYWORD, All, Empty, Leaf, Node, Not, OneOf, Present, Test
from sekisho.detect._values import key_of
from sekisho.model.finding import Evidence

Reasons: TypeAlias = Callable[[Row], list[oracle.Pair] | None]
"""Gives what was matched on in a record, or None where the node does not hold."""


def reasons(node: Node, *, given: bool = True) -> Reasons:
    """Build the function for a node; ``given``: it is asked only where it is known to hold."""
    if isinstance(node, Leaf):
        return _leaf(node)
    if isinstance(node, Not):
        return _not(node, given=given)
    parts = tuple(reasons(one, given=given and isinstance(node, All)) for one in node.nodes)
    needed = len(parts) if isinstance(node, All) else node.least

    def find(row: Row) -> list[oracle.Pair] | None:
        pairs: list[oracle.Pair] = []
        held = 0
        for one in parts:
            found = one(row)
            if found is not None:
                held += 1
                pairs += found
        return pairs if held >= needed else None

    return find


def evidence(pairs: list[oracle.Pair] | None) -> tuple[Evidence, ...]:
    """Give each field and value once, in the rule's order."""
    if not pairs:
        return ()
    if len(pairs) == 1:
        return (Evidence(*pairs[0]),)
    once = {(field, type(value), str(value)): (field, value) for field, value in pairs}
    return tuple([Evidence(field, value) for field, value in once.values()])


def _not(node: Not, *, given: bool) -> Reasons:
    inner = None if given else closure(node.node)
    shown = node.shown

    def find(row: Row) -> list[oracle.Pair] | None:
        if inner is not None and inner(row):
            return None
        key = key_of(row.fields, shown) if shown else None
        return [] if key is None else [(key, row.fields[key])]

    return find


def _leaf(leaf: Leaf) -> Reasons:
    field = leaf.field
    if field == KEYWORD or not leaf.tests or not all(map(_needs_value, leaf.tests)):
        return lambda row: oracle.leaf(leaf, row.fields)
    holds = closure(leaf)

    def find(row: Row) -> list[oracle.Pair] | None:
        key = row.keys.get(field)
        if key is None:
            return None
        value: Any = row.fields[key]
        if isinstance(value, (list, tuple)):
            return oracle.leaf(leaf, row.fields)
        return [(key, value)] if value is not None and holds(row) else None

    return find


def _needs_value(test: Test | OneOf) -> bool:
    if isinstance(test, OneOf):
        return all(map(_needs_value, test.tests))
    return not isinstance(test, (Empty, Present))
