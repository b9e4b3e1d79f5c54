"""The plain matcher: one rule, one record, read straight off the tree.

It is slow and says exactly why a rule matched. The fast engine asks it for the evidence of its matches and is tested
against it; the two share what values mean (``_values``, ``_regex``), not how rules are routed or run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sekisho.detect._regex import searcher
from sekisho.detect._tree import (
    ANY,
    KEYWORD,
    All,
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
    ValueTest,
)
from sekisho.detect._values import compares, fold, in_network, key_of, number_of, part_of, text_of
from sekisho.model.finding import Evidence

Pair = tuple[str, Any]


def explain(tree: Node, fields: Mapping[str, Any], *, given: bool = False) -> tuple[Evidence, ...] | None:
    """Give the values that make a detection true for a record, or None when it is false.

    Args:
        tree: a rule's detection.
        fields: the record.
        given: the detection is known to be true, so that what is negated in it need not be looked at.

    Returns:
        One evidence for each field and value that a positive selection matched on, in the rule's order, none
        twice; a field that had to be missing shows the value None. May be empty when all of a condition is negated.
    """
    found = _node(tree, fields, given)
    if found is None:
        return None
    pairs = {(field, type(value), str(value)): (field, value) for field, value in found}
    return tuple(Evidence(field, value) for field, value in pairs.values())


def _node(node: Node, fields: Mapping[str, Any], given: bool = False) -> list[Pair] | None:
    if isinstance(node, Leaf):
        return leaf(node, fields)
    if isinstance(node, Not):
        if not given and _node(node.node, fields) is not None:
            return None
        key = key_of(fields, node.shown) if node.shown else None
        return [] if key is None else [(key, fields[key])]
    answers = [_node(one, fields, given and isinstance(node, All)) for one in node.nodes]
    found = [one for one in answers if one is not None]
    needed = len(answers) if isinstance(node, All) else node.least
    return [pair for one in found for pair in one] if len(found) >= needed else None


def leaf(one: Leaf, fields: Mapping[str, Any]) -> list[Pair] | None:
    """Give what a leaf matched on, or None when it does not hold."""
    field = field_of(one, fields)
    answers = [passed(test, field, fields) for test in one.tests]
    if one.every and any(one is None for one in answers):
        return None
    found = [pair for one in answers if one is not None for pair in one]
    return found if any(one is not None for one in answers) else None


def field_of(leaf: Leaf, fields: Mapping[str, Any]) -> Field:
    """Read what a leaf looks at: one field, or every value of the record for keywords."""
    key = None if leaf.field == KEYWORD else key_of(fields, leaf.field)
    if leaf.field == KEYWORD:
        read = [_Read(name, one) for name, value in fields.items() for one in _elements(value)]
    else:
        read = [] if key is None else [_Read(key, one) for one in _elements(fields[key])]
    return Field(key or leaf.field, key is not None, fields.get(key) if key else None, read)


class _Read:
    """One value of a record, its text folded once."""

    __slots__ = ("folded", "key", "text", "value")

    def __init__(self, key: str, value: Any) -> None:
        self.key, self.value = key, value
        self.text = text_of(value)
        self.folded = self.text.casefold()


class Field(NamedTuple):
    """What a record has for one leaf."""

    name: str
    """The record's own spelling; the rule's when the record has no such field."""
    present: bool
    value: Any
    read: list[_Read]


def passed(test: Test | OneOf, field: Field, fields: Mapping[str, Any]) -> list[Pair] | None:
    """Give what one written value matched; a field that is right to be missing gives the value None."""
    if type(test) is Text and not test.cased and not test.dashes:  # nearly all of them
        mode, text = test.mode, test.text
        return [(one.key, one.value) for one in field.read if compares(mode, one.folded, text)] or None
    if isinstance(test, OneOf):
        answers = [passed(one, field, fields) for one in test.tests]
        return next((one for one in answers if one is not None), None)
    if isinstance(test, Present):
        return [(field.name, field.value)] if test.wanted == field.present else None
    if isinstance(test, Empty):
        return None if any(one.text for one in field.read) else [(field.name, field.value)]
    return [(one.key, one.value) for one in field.read if _holds(test, one, fields)] or None


def _elements(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        yield from (one for one in value if one is not None)
    elif value is not None:
        yield value


def _holds(test: ValueTest, read: _Read, fields: Mapping[str, Any]) -> bool:
    """Tell whether one value passes one test."""
    text = read.text
    match test:
        case Text():
            return compares(test.mode, _formed(read, test), test.text)
        case Glob():
            return _glob(test.pieces, _formed(read, test))
        case Regex():
            return searcher(test.pattern, test.flags)(text)
        case Cidr():
            return in_network(test.network, text)
        case Compare():
            number = part_of(test.part, text) if test.part else number_of(read.value)
            return number is not None and _compares(test.operator, number, test.number)
        case Same():
            key = key_of(fields, test.field)
            others = () if key is None else _elements(fields[key])
            mine = fold(text, cased=test.cased, dashes=False)
            return any(compares(test.mode, mine, fold(text_of(one), cased=test.cased, dashes=False)) for one in others)


def _formed(read: _Read, test: Text | Glob) -> str:
    return fold(read.text, cased=test.cased, dashes=test.dashes) if test.cased or test.dashes else read.folded


def _compares(operator: str, number: float, wanted: float) -> bool:
    if operator == "eq":
        return number == wanted
    if operator in ("lt", "lte"):
        return number < wanted or (operator == "lte" and number == wanted)
    return number > wanted or (operator == "gte" and number == wanted)


def _glob(pieces: tuple[str | int, ...], text: str) -> bool:
    """Match from left to right; at a mismatch, the last run of any characters takes more."""
    at = piece = 0
    star, taken = -1, 0  # piece behind the last run, and where it ends in the text
    while True:
        if piece < len(pieces) and pieces[piece] == ANY:
            piece += 1
            star, taken = piece, at
            continue
        if piece == len(pieces) and at == len(text):
            return True
        wanted = pieces[piece] if piece < len(pieces) else None
        if isinstance(wanted, str) and text.startswith(wanted, at):
            at += len(wanted)
            piece += 1
        elif wanted is not None and not isinstance(wanted, str) and at < len(text):
            at += 1
            piece += 1
        elif star < 0 or taken >= len(text):
            return False
        else:
            first = pieces[star] if star < len(pieces) else None
            taken = text.find(first, taken + 1) if isinstance(first, str) else taken + 1
            if taken < 0:
                return False
            at, piece = taken, star
