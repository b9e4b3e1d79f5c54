"""A rule ready to run, in a form that loads fast: its tree is unpacked when a first event asks for it."""

from __future__ import annotations

import marshal
import pickle
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from ahocorasick_rs import AhoCorasick

from sekisho.detect._closures import Check, closure
from sekisho.detect._reasons import Reasons, reasons
from sekisho.detect._tree import KEYWORD, Node, fields_of
from sekisho.detect._witness import Cost, Literal, literals_of, required, witness_of
from sekisho.model.event import Logsource
from sekisho.model.rule import Rule

ROUTED_BY = "EventID"
FEW_VALUES, ALWAYS = 100.0, 10_000.0
_NAMES = tuple(one.name for one in fields(Rule))
_LOGSOURCE = _NAMES.index("logsource")

Plan = tuple[tuple[tuple[str, str, str], ...] | None, tuple[str, ...] | None]
"""Rarest literals of which one must be there (None: no such literals), as (field, mode, text), and the event ids of
which one is needed (None: any)."""


class Compiled:
    """A rule, its checked detection, and what the matcher needs to know before it looks at the detection."""

    __slots__ = ("_check", "_packed", "_reasons", "_tree", "plan", "rule")

    def __init__(self, rule: Rule, tree: Node | None = None, packed: bytes = b"", plan: Plan | None = None) -> None:
        """Give a tree or, from a cache, the packed one together with the plan made for it."""
        self.rule = rule
        self._tree, self._packed, self.plan = tree, packed, plan
        self._check: Check | None = None
        self._reasons: Reasons | None = None

    @property
    def tree(self) -> Node:
        """The detection that both matchers interpret."""
        if self._tree is None:
            self._tree = pickle.loads(self._packed)
        return self._tree

    @property
    def check(self) -> Check:
        """The function that tells whether a record matches."""
        if self._check is None:
            self._check = closure(self.tree)
        return self._check

    @property
    def reasons(self) -> Reasons:
        """The function that says why a record that matches does."""
        if self._reasons is None:
            self._reasons = reasons(self.tree)
        return self._reasons

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields it reads by name."""
        return tuple(name for name in self.rule.fields if name != "*")

    @property
    def anywhere(self) -> bool:
        """Tell whether it looks for keywords in the whole record."""
        return "*" in self.rule.fields


def plan(compiled: Iterable[Compiled]) -> None:
    """Choose the witnesses of those rules that have no plan yet."""
    waiting = [one for one in compiled if one.plan is None]
    cost = costs(waiting)
    for one in waiting:
        witness = witness_of(one.tree, cost)
        ids = required(one.tree, ROUTED_BY)
        literals = None if witness is None else tuple(dict.fromkeys((f, m, t) for f, m, t in witness))
        one.plan = (literals, None if ids is None else tuple(sorted(ids)))


def costs(compiled: Iterable[Compiled]) -> Cost:
    """Estimate how common literals are in records, by the rules alone; only the order matters.

    A literal that many other literals hold is common, and so is each value of a field for which all rules together
    write few (``EventType``, ``Initiated``, ``SignatureStatus``): it has few. Shorter literals break ties. The event id
    tells nothing, because events are routed by it.
    """
    literals = [literal for one in compiled for literal in literals_of(one.tree)]
    texts = Counter(literal.text for literal in literals)
    if not texts:
        return lambda literal: 0.0
    names = list(texts)
    held: Counter[int] = Counter()
    automaton = AhoCorasick([clean(name) for name in names])
    for text, count in texts.items():
        for at in {hit[0] for hit in automaton.find_matches_as_indexes(clean(text), overlapping=True)}:
            held[at] += count
    found = {name: held[at] + 8.0 / len(name) for at, name in enumerate(names)}
    values = Counter(field for field, _ in {(literal.field, literal.text) for literal in literals})
    fields = {field: FEW_VALUES / count for field, count in values.items()} | {ROUTED_BY: ALWAYS}
    return lambda one: found[one.text] * (0.25 if one.mode == "equal" else 1.0) + fields[one.field]


def clean(text: str) -> str:
    """Replace halves of surrogate pairs, which the scanner's UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


def pack(compiled: Iterable[Compiled]) -> bytes:
    """Write rules with their plans so that :func:`unpack` reads thousands of them in some hundredths of a second."""
    compiled = tuple(compiled)
    plan(compiled)
    rows: list[tuple[Any, ...]] = []
    for one in compiled:
        values = [getattr(one.rule, name) for name in _NAMES]
        values[_LOGSOURCE] = tuple(one.rule.logsource)
        packed = one._packed or pickle.dumps(one.tree, pickle.HIGHEST_PROTOCOL)
        rows.append((values, packed, one.plan))
    return marshal.dumps(rows)


def unpack(packed: bytes) -> tuple[Compiled, ...]:
    """Read what :func:`pack` wrote; only ever from a cache of the user's own."""
    found = []
    for values, tree, planned in marshal.loads(packed):
        values[_LOGSOURCE] = Logsource(*values[_LOGSOURCE])
        found.append(Compiled(Rule(*values), packed=tree, plan=planned))
    return tuple(found)


__all__ = ["KEYWORD", "ROUTED_BY", "Compiled", "Literal", "clean", "costs", "fields_of", "pack", "plan", "unpack"]
