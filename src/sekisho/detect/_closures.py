"""A detection tree becomes nested functions over a record whose texts are folded once."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from sekisho.detect._regex import searcher
from sekisho.detect._tree import (
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
)
from sekisho.detect._values import compares, fold, glob, in_network, number_of, part_of, text_of

TEXTS_KEPT, LONGEST_KEPT = 512, 1_000
"""Answers of each costly test that are kept, and characters of a text that it is worth for."""


class Row:
    """One record as tests see it; texts are made on first use."""

    __slots__ = ("_exact", "_folded", "_forms", "fields", "keys")

    def __init__(self, fields: Mapping[str, Any], keys: Mapping[str, str]) -> None:
        """``keys`` gives the record's own spelling of each field it has that rules read."""
        self.fields, self.keys = fields, keys
        self._exact: dict[str, tuple[str, ...]] = {}
        self._folded: dict[str, tuple[str, ...]] = {}
        self._forms: dict[tuple[str, bool, bool], tuple[str, ...]] = {}

    def values(self, field: str) -> tuple[Any, ...]:
        """Give the values of a field, of all fields for KEYWORD."""
        if field == KEYWORD:
            return tuple(one for value in self.fields.values() for one in _elements(value))
        key = self.keys.get(field)
        return () if key is None else _elements(self.fields[key])

    def exact(self, field: str) -> tuple[str, ...]:
        """Give the texts of a field's values."""
        if (texts := self._exact.get(field)) is None:
            texts = self._exact[field] = tuple(map(text_of, self.values(field)))
        return texts

    def folded(self, field: str) -> tuple[str, ...]:
        """Give the case-folded texts of a field's values."""
        texts = self._folded.get(field)
        if texts is None:
            key = self.keys.get(field)
            value = None if key is None else self.fields[key]
            texts = (value.casefold(),) if type(value) is str else tuple(map(str.casefold, self.exact(field)))
            self._folded[field] = texts
        return texts

    def formed(self, field: str, cased: bool, dashes: bool) -> tuple[str, ...]:
        """Give the texts of a field's values in the form that tests of this kind compare."""
        if (texts := self._forms.get((field, cased, dashes))) is None:
            found = (fold(text, cased=cased, dashes=dashes) for text in self.exact(field))
            texts = self._forms[field, cased, dashes] = tuple(found)
        return texts


Check: TypeAlias = Callable[[Row], bool]


def _elements(value: Any) -> tuple[Any, ...]:
    if isinstance(value, (list, tuple)):
        return tuple(one for one in value if one is not None)
    return () if value is None else (value,)


def closure(node: Node) -> Check:
    """Build the function that answers a node."""
    if isinstance(node, Leaf):
        return _every(node) if node.every else _any(node.field, node.tests)
    if isinstance(node, Not):
        inner = closure(node.node)
        return lambda row: not inner(row)
    checks = tuple(map(closure, sorted(node.nodes, key=_effort)))
    if isinstance(node, All):
        return _all_of(checks)
    return _one_of(checks) if node.least == 1 else _some_of(checks, node)


def _effort(node: Node) -> int:
    """Order nodes so that cheap ones decide first: plain texts, other tests, keywords, nested nodes."""
    if not isinstance(node, Leaf):
        return 3
    if node.field == KEYWORD:
        return 2
    return int(any(not isinstance(test, Text) or not _plain(test) for test in node.tests))


def _all_of(checks: tuple[Check, ...]) -> Check:
    def check(row: Row) -> bool:
        for one in checks:  # noqa: SIM110 - all() over a generator costs twice as much here
            if not one(row):
                return False
        return True

    return check


def _one_of(checks: tuple[Check, ...]) -> Check:
    def check(row: Row) -> bool:
        for one in checks:  # noqa: SIM110
            if one(row):
                return True
        return False

    return check


def _some_of(checks: tuple[Check, ...], node: AtLeast) -> Check:
    return lambda row: sum(one(row) for one in checks) >= node.least


def _every(leaf: Leaf) -> Check:
    texts = [one.text for one in leaf.tests if isinstance(one, Text) and one.mode == "in" and _plain(one)]
    if len(texts) < len(leaf.tests):
        return _all_of(tuple(_any(leaf.field, (test,)) for test in leaf.tests))
    field = leaf.field

    def check(row: Row) -> bool:
        found = row.folded(field)
        if len(found) == 1:
            text = found[0]
            for one in texts:  # noqa: SIM110
                if one not in text:
                    return False
            return True
        return all(any(one in text for text in found) for one in texts)

    return check


def _plain(test: Text) -> bool:
    return not test.cased and not test.dashes


def _any(field: str, tests: tuple[Test | OneOf, ...]) -> Check:
    """Any of the tests: plain texts of one kind together, every other test by itself."""
    flat = [test for outer in tests for test in (outer.tests if isinstance(outer, OneOf) else (outer,))]
    plain = [test for test in flat if isinstance(test, Text) and _plain(test)]
    others = [test for test in flat if not isinstance(test, (Text, Cidr)) or (type(test) is Text and not _plain(test))]
    checks = [_single(field, test) for test in others]
    if networks := tuple(test.network for test in flat if isinstance(test, Cidr)):
        checks.append(_addresses(field, networks))
    if equals := frozenset(test.text for test in plain if test.mode == "equal"):
        checks.insert(0, lambda row: not equals.isdisjoint(row.folded(field)))
    if starts := tuple(test.text for test in plain if test.mode == "start"):
        checks.insert(0, _by(field, lambda text: text.startswith(starts)))
    if ends := tuple(test.text for test in plain if test.mode == "end"):
        checks.insert(0, _by(field, lambda text: text.endswith(ends)))
    if inside := tuple(test.text for test in plain if test.mode == "in"):
        checks.append(_holding(field, inside))
    return checks[0] if len(checks) == 1 else _one_of(tuple(checks))


def _holding(field: str, texts: tuple[str, ...]) -> Check:
    def check(row: Row) -> bool:
        for text in row.folded(field):
            for one in texts:
                if one in text:
                    return True
        return False

    return check


def _by(field: str, passes: Callable[[str], bool]) -> Check:
    def check(row: Row) -> bool:
        for text in row.folded(field):  # noqa: SIM110
            if passes(text):
                return True
        return False

    return check


def _single(field: str, test: Test) -> Check:
    """One test that is not a plain text."""
    match test:
        case Empty():
            return lambda row: not any(row.exact(field))
        case Present():
            return lambda row: (field in row.keys) == test.wanted
        case Compare():
            return _compare(field, test)
        case Same():
            return _same(field, test)
        case Cidr():
            return _addresses(field, (test.network,))
        case Regex():
            return _regex(field, test)
        case Glob():
            found = glob(test.pieces)
            return lambda row: any(map(found, row.formed(field, test.cased, test.dashes)))
        case Text():
            return lambda row: any(
                compares(test.mode, text, test.text) for text in row.formed(field, test.cased, test.dashes)
            )


def _addresses(field: str, networks: tuple[str, ...]) -> Check:
    def inside(text: str) -> bool:
        return any(in_network(one, text) for one in networks)

    return _kept(field, inside)


def _regex(field: str, test: Regex) -> Check:
    return _kept(field, searcher(test.pattern, test.flags))


def _kept(field: str, passes: Callable[[str], bool]) -> Check:
    """Ask something costly of each text of a field, of short ones only once."""
    known = lru_cache(TEXTS_KEPT)(passes)

    def check(row: Row) -> bool:
        for text in row.exact(field):  # noqa: SIM110
            if known(text) if len(text) <= LONGEST_KEPT else passes(text):
                return True
        return False

    return check


def _compare(field: str, test: Compare) -> Check:
    holds = getattr(operator, {"lte": "le", "gte": "ge"}.get(test.operator, test.operator))

    def numbers(row: Row) -> list[float | None]:
        if test.part:
            return [part_of(test.part, text) for text in row.exact(field)]
        return [number_of(value) for value in row.values(field)]

    return lambda row: any(number is not None and holds(number, test.number) for number in numbers(row))


def _same(field: str, test: Same) -> Check:
    if test.cased:
        return lambda row: any(
            compares(test.mode, text, other) for text in row.exact(field) for other in row.exact(test.field)
        )
    return lambda row: any(
        compares(test.mode, text, other) for text in row.folded(field) for other in row.folded(test.field)
    )
