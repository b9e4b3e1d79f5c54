"""What must be in a record for a rule to match: literals, event ids, fields. Each answer may only err towards yes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from sekisho.detect._regex import literal_of
from sekisho.detect._tree import (
    KEYWORD,
    All,
    Empty,
    Glob,
    Leaf,
    Mode,
    Node,
    Not,
    OneOf,
    Present,
    Regex,
    Test,
    Text,
)

MIN_LITERAL = 2  # characters of an ASCII one that may stand anywhere in a value
MIN_ANCHORED = 1  # characters of one at the start or end of a value


class Literal(NamedTuple):
    """A case-folded text that stands in a field, at its start, at its end, or is all of it."""

    field: str
    mode: Mode
    text: str


Witness: TypeAlias = tuple[Literal, ...]
"""The rule cannot match a record that has none of these."""
Cost: TypeAlias = Callable[[Literal], float]
"""How often a literal is expected in records; only the order matters."""


def witness_of(node: Node, cost: Cost) -> Witness | None:
    """Give the rarest witness of a node, or None when it has none."""
    return min(needs(node, cost), key=lambda one: sum(map(cost, one)), default=None)


def needs(node: Node, cost: Cost) -> Iterator[Witness]:
    """Give every witness of a node worth comparing: a record that matches has one literal of each."""
    if isinstance(node, Leaf):
        per_test = [_test_witness(node.field, test) for test in node.tests]
        if node.every:
            yield from (one for one in per_test if one is not None)
        elif None not in per_test:
            yield tuple(literal for one in per_test if one is not None for literal in one)
    elif isinstance(node, All):
        for one in node.nodes:
            yield from needs(one, cost)
    elif not isinstance(node, Not):
        chosen = [witness_of(one, cost) for one in node.nodes]
        if None not in chosen:
            yield tuple(literal for one in chosen if one is not None for literal in one)


def _test_witness(field: str, test: Test | OneOf) -> Witness | None:
    if isinstance(test, OneOf):
        parts = [_test_witness(field, one) for one in test.tests]
        return None if None in parts else tuple(literal for one in parts if one is not None for literal in one)
    if isinstance(test, Text):
        literal = Literal(field, test.mode, test.text.casefold())
        if test.dashes:
            literal = Literal(field, "in", _longest(test.text.casefold().split("-")))
    elif isinstance(test, Glob):
        pieces = [piece.casefold() for piece in test.pieces if isinstance(piece, str)]
        if test.dashes:
            pieces = [part for piece in pieces for part in piece.split("-")]
        literal = Literal(field, "in", _longest(pieces))
    elif isinstance(test, Regex):
        literal = Literal(field, "in", literal_of(test.pattern).casefold())
    else:
        return None
    shortest = MIN_LITERAL if literal.mode == "in" and literal.text.isascii() else MIN_ANCHORED
    return (literal,) if len(literal.text) >= shortest else None


def _longest(texts: Iterable[str]) -> str:
    return max(texts, key=len, default="")


def literals_of(node: Node) -> Iterator[Literal]:
    """Give every literal that could be part of a witness of the node."""
    if isinstance(node, Leaf):
        for test in node.tests:
            yield from _test_witness(node.field, test) or ()
    elif not isinstance(node, Not):
        for one in node.nodes:
            yield from literals_of(one)


def required(node: Node, field: str) -> frozenset[str] | None:
    """Give the case-folded texts of which a field must have one, or None when it may have any."""
    if isinstance(node, Leaf):
        return _required_leaf(node) if node.field == field else None
    if isinstance(node, Not):
        return None
    parts = [required(one, field) for one in node.nodes]
    if isinstance(node, All):
        return min((one for one in parts if one is not None), key=len, default=None)
    return None if None in parts else frozenset(text for one in parts if one is not None for text in one)


def _required_leaf(leaf: Leaf) -> frozenset[str] | None:
    texts: set[str] = set()
    for outer in leaf.tests:
        for test in outer.tests if isinstance(outer, OneOf) else (outer,):
            if not isinstance(test, Text) or test.mode != "equal" or test.dashes:
                return None
            texts.add(test.text.casefold())
    return frozenset(texts)


def possible(node: Node, present: Collection[str]) -> bool:
    """Tell whether a node can hold for a record with just these of the fields that rules read."""
    return _answer(node, present) is not False


def _answer(node: Node, present: Collection[str]) -> bool | None:
    """Give what a node is for any such record; None when the values decide."""
    if isinstance(node, Leaf):
        return _leaf_answer(node, present)
    if isinstance(node, Not):
        inner = _answer(node.node, present)
        return None if inner is None else not inner
    answers = [_answer(one, present) for one in node.nodes]
    needed = len(answers) if isinstance(node, All) else node.least
    if answers.count(True) >= needed:
        return True
    return None if len(answers) - answers.count(False) >= needed else False


def _leaf_answer(leaf: Leaf, present: Collection[str]) -> bool | None:
    if leaf.field == KEYWORD or leaf.field in present:
        return None
    answers = [_missing(test) for test in leaf.tests]
    return all(answers) if leaf.every else any(answers)


def _missing(test: Test | OneOf) -> bool:
    """Tell whether a test passes on a field that is missing."""
    if isinstance(test, OneOf):
        return any(map(_missing, test.tests))
    return isinstance(test, Empty) or (isinstance(test, Present) and not test.wanted)
