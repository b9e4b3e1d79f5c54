"""The checked form of a rule's detection: what both matchers interpret.

Tests look at one value of a field, leaves at one field, the other nodes at nodes. All are tuples, so a set of some
thousand rules unpickles in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

Mode: TypeAlias = Literal["equal", "start", "end", "in"]
ANY, ONE = 0, 1  # wildcards in ``Glob.pieces``: any run of characters, exactly one
KEYWORD = ""  # the field name of a leaf that looks at every value of the record


class Text(NamedTuple):
    """The value's text equals, starts with, ends with or holds a text."""

    mode: Mode
    text: str
    """Case-folded unless ``cased``; dashes folded when ``dashes``."""
    cased: bool = False
    dashes: bool = False
    """``- / – — ―`` are all the same."""


class Glob(NamedTuple):
    """The whole of the value's text follows a pattern that no ``Text`` can say."""

    pieces: tuple[str | int, ...]
    """Texts, ANY and ONE; never two ANY or two texts side by side."""
    cased: bool = False
    dashes: bool = False


class Regex(NamedTuple):
    """A regular expression is found in the value's text."""

    pattern: str
    flags: str
    """Any of ``ims``, sorted."""


class Cidr(NamedTuple):
    """The value is an address in a network."""

    network: str


class Compare(NamedTuple):
    """The value, or one part of the date that it is, compares with a number."""

    operator: Literal["eq", "lt", "lte", "gt", "gte"]
    number: float
    part: Literal["", "minute", "hour", "day", "week", "month", "year"] = ""


class Same(NamedTuple):
    """The value compares with the value of another field of the record."""

    field: str
    mode: Mode
    cased: bool = False


class Empty(NamedTuple):
    """The field is missing, null, or empty in all its values."""


class Present(NamedTuple):
    """The record has the field, whatever its value, or has not."""

    wanted: bool


ValueTest: TypeAlias = Text | Glob | Regex | Cidr | Compare | Same
Test: TypeAlias = ValueTest | Empty | Present


class OneOf(NamedTuple):
    """One written value that became several by a modifier: any of them."""

    tests: tuple[Test, ...]


class Leaf(NamedTuple):
    """One field and the values written for it."""

    field: str
    tests: tuple[Test | OneOf, ...]
    every: bool = False
    """True when all tests must hold, each by any value of the field; else any of them."""


class All(NamedTuple):
    """Every node holds."""

    nodes: tuple[Node, ...]


class AtLeast(NamedTuple):
    """So many of the nodes hold; 1 is a plain "or"."""

    least: int
    nodes: tuple[Node, ...]


class Not(NamedTuple):
    """The node does not hold."""

    node: Node
    shown: str = ""
    """Field whose value is evidence although the node is negated (``neq``)."""


Node: TypeAlias = Leaf | All | AtLeast | Not


def leaves_of(tree: Node) -> Iterator[Leaf]:
    """Give every leaf of a tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Leaf):
            yield node
        elif isinstance(node, Not):
            waiting.append(node.node)
        else:
            waiting.extend(node.nodes)


def fields_of(tree: Node) -> set[str]:
    """Give every field a tree reads; KEYWORD stands for all of them."""
    found: set[str] = set()
    for leaf in leaves_of(tree):
        found.add(leaf.field)
        for test in leaf.tests:
            parts = test.tests if isinstance(test, OneOf) else (test,)
            found.update(part.field for part in parts if isinstance(part, Same))
    return found
