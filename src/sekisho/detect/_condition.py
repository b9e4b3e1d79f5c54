"""The condition of a rule: text in, a tree over its selections out, without recursion."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sekisho.detect._tree import All, AtLeast, Node, Not
from sekisho.detect._values import glob, pieces_of

MAX_CHARS = 10_000
MAX_DEPTH = 50
MAX_NODES = 10_000  # selections a condition refers to, each time counted
TOKEN = re.compile(r"\s*([()|]|[^\s()|]+)")
BINDS = {"or": 1, "and": 2, "not": 3}
QUANTITIES = frozenset({"all", "any"})


class ConditionError(ValueError):
    """The condition cannot be read; worded for people."""


def condition_tree(text: str, selections: Mapping[str, Node]) -> Node:
    """Read one condition.

    Raises:
        ConditionError: grammar, a selection that is not there, an aggregation, or too large.

    Source: Sigma rules specification 2.0, "Condition": ``or`` binds least, then ``and``, ``not``, ``x of``.
    """
    if len(text) > MAX_CHARS:
        raise ConditionError(f"condition of more than {MAX_CHARS} characters")
    tokens = [found.group(1) for found in TOKEN.finditer(text)]
    if "|" in tokens:
        raise ConditionError("aggregation in a condition ('| count() ...') is deprecated: use a correlation rule")
    if not tokens:
        raise ConditionError("condition is empty")
    return _Parser(selections).parse(tokens)


class _Parser:
    """Dijkstra's shunting-yard: operands and operators on two stacks."""

    def __init__(self, selections: Mapping[str, Node]) -> None:
        self.selections = selections
        self.operands: list[tuple[Node, int]] = []  # node and its depth
        self.operators: list[str] = []
        self.referred = 0

    def parse(self, tokens: list[str]) -> Node:
        at, wanted = 0, True  # True while an operand must follow
        while at < len(tokens):
            token, word = tokens[at], tokens[at].lower()
            at += 1
            if wanted and word in ("(", "not"):
                self.operators.append(word)
            elif wanted and self._is_quantity(tokens, at):
                self._push(self._quantified(word, tokens[at + 1] if at + 1 < len(tokens) else ""))
                at, wanted = at + 2, False
            elif wanted and word not in BINDS and word != ")":
                self._push(self._selection(token))
                wanted = False
            elif not wanted and word in ("and", "or"):
                self._reduce(BINDS[word])
                self.operators.append(word)
                wanted = True
            elif not wanted and word == ")":
                self._reduce(0)
                if not self.operators:
                    raise ConditionError("condition closes a bracket that is not open")
                self.operators.pop()
            else:
                raise ConditionError(f"condition has {token!r} where it cannot be")
        if wanted:
            raise ConditionError("condition ends too early")
        self._reduce(0)
        if self.operators:
            raise ConditionError("condition leaves a bracket open")
        return self.operands.pop()[0]

    def _is_quantity(self, tokens: list[str], at: int) -> bool:
        word = tokens[at - 1].lower()
        return at < len(tokens) and tokens[at].lower() == "of" and (word in QUANTITIES or word.isdecimal())

    def _push(self, node: Node, depth: int = 1) -> None:
        if depth > MAX_DEPTH:
            raise ConditionError(f"condition nested deeper than {MAX_DEPTH}")
        self.operands.append((node, depth))

    def _reduce(self, floor: int) -> None:
        """Apply the operators that bind at least as tightly as ``floor``, down to the last open bracket."""
        while self.operators and self.operators[-1] != "(" and BINDS[self.operators[-1]] >= max(floor, 1):
            operator = self.operators.pop()
            right, depth = self.operands.pop()
            if operator == "not":
                self._push(Not(right), depth + 1)
                continue
            left, other = self.operands.pop()
            self._push(*_joined(operator, left, other, right, depth))

    def _refer(self, count: int) -> None:
        self.referred += count
        if self.referred > MAX_NODES:
            raise ConditionError(f"condition refers to selections more than {MAX_NODES} times")

    def _selection(self, name: str) -> Node:
        self._refer(1)
        if name not in self.selections:
            raise ConditionError(f"condition names selection {name!r}, which is not there")
        return self.selections[name]

    def _quantified(self, quantity: str, pattern: str) -> Node:
        names = self._named(pattern)
        self._refer(len(names))
        if not names:
            raise ConditionError(f"no selection is called {pattern!r}, which the condition asks for")
        nodes = tuple(self.selections[name] for name in names)
        if quantity == "all":
            return nodes[0] if len(nodes) == 1 else All(nodes)
        count = 1 if quantity == "any" else int(quantity[:9])
        if not 1 <= count <= len(nodes):
            raise ConditionError(f"condition asks for {count} of {len(nodes)} selections")
        return nodes[0] if len(nodes) == 1 else AtLeast(count, nodes)

    def _named(self, pattern: str) -> list[str]:
        """Give the selections a pattern means; those with a leading underscore only when it has one too."""
        shown = [name for name in self.selections if pattern.startswith("_") or not name.startswith("_")]
        if pattern.lower() == "them":
            return shown
        if "*" not in pattern:
            return [pattern] if pattern in self.selections else []
        found = glob(pieces_of(pattern.replace("?", "\\?")))
        return [name for name in shown if found(name)]


def _joined(operator: str, left: Node, left_depth: int, right: Node, right_depth: int) -> tuple[Node, int]:
    """Join two nodes; a chain of the same operator stays flat, so that its length is no depth."""
    if operator == "and":
        if isinstance(left, All) and left_depth > 1:
            return All((*left.nodes, right)), max(left_depth, right_depth + 1)
        return All((left, right)), max(left_depth, right_depth) + 1
    if isinstance(left, AtLeast) and left.least == 1 and left_depth > 1:
        return AtLeast(1, (*left.nodes, right)), max(left_depth, right_depth + 1)
    return AtLeast(1, (left, right)), max(left_depth, right_depth) + 1
