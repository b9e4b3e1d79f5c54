"""Pipelines are read: pySigma's YAML form in, checked steps out, and a place for every fault.

Source: pySigma documentation, "Processing Pipelines", "Specifying Processing Pipelines as YAML".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from sekisho.detect import _gates
from sekisho.detect._condition import ConditionError, condition_tree
from sekisho.detect._field_steps import FIELD_STEPS
from sekisho.detect._gates import OPEN, Gate, Kind
from sekisho.detect._item_steps import ITEM_STEPS
from sekisho.detect._rule_steps import RULE_STEPS
from sekisho.detect._tree import All, AtLeast, Leaf, Node, Not, fields_of
from sekisho.detect._written import Table
from sekisho.detect._yaml import documents
from sekisho.model.errors import RuleError

MAX_CHARS = 1_000_000  # of one pipeline
MAX_STEPS = 1_000  # of one pipeline, nested ones included; the largest public one has some 150
QUERY_STAGES = ("postprocessing", "finalizers")
KEYS = ("name", "priority", "vars", "allowed_backends", "transformations", *QUERY_STAGES)
NEST = "nest"
SORTS = (("rule", _gates.RULE), ("detection_item", _gates.ITEM), ("field_name", _gates.FIELD))
STEPS = {**RULE_STEPS, **ITEM_STEPS, **FIELD_STEPS, NEST: Kind(lambda: None)}


@dataclass(frozen=True, slots=True)
class Step:
    """One transformation with its arguments, checked, and the conditions under which it applies."""

    id: str
    type: str
    arguments: Mapping[str, Any]
    rule: Gate
    item: Gate
    field: Gate
    line: int
    steps: tuple[Step, ...] = ()
    """Those of ``nest``."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One file's transformations, in order."""

    name: str
    path: str
    priority: int
    variables: Mapping[str, Any]
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    """What of the file has no meaning here, worded for people."""


class Reader:
    """Reads one pipeline and knows the place of each of its faults."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.count = 0

    def pipeline(self, text: str) -> Pipeline:
        """Read the text of one pipeline.

        Raises:
            RuleError: at the first thing that is unknown or wrong.
        """
        if len(text) > MAX_CHARS:
            self._refuse(f"more than {MAX_CHARS} characters", 0)
        found = list(documents(self.path, text))
        if len(found) != 1 or not isinstance(found[0], Table):
            self._refuse("not one mapping", 0)
        document: Table = found[0]
        for key in document:
            if key not in KEYS:
                self._refuse(_unknown("key", key, KEYS), document.line_of(key))
        priority = document.get("priority", 0)
        if not isinstance(priority, int) or isinstance(priority, bool):
            self._refuse("priority must be a whole number", document.line_of("priority"))
        variables = document.get("vars") or {}
        if not isinstance(variables, dict) or any(isinstance(one, dict) for one in variables.values()):
            self._refuse("vars must be a mapping of names to a value or a list of values", document.line_of("vars"))
        return Pipeline(
            str(document.get("name") or ""),
            self.path,
            priority,
            variables,
            self.steps(document.get("transformations") or [], document.line_of("transformations")),
            tuple(
                f"{self.path}: {key} shape the query text of a back end; there is none here, so they are left out"
                for key in QUERY_STAGES
                if document.get(key)
            ),
        )

    def steps(self, value: Any, line: int) -> tuple[Step, ...]:
        """Read a list of transformations."""
        if not isinstance(value, list):
            self._refuse("transformations must be a list", line)
        return tuple(self.step(one, line) for one in value)

    def step(self, table: Any, line: int) -> Step:
        """Read one transformation."""
        self.count += 1
        if not isinstance(table, Table):
            self._refuse("a transformation must be a mapping", line)
        if self.count > MAX_STEPS:
            self._refuse(f"more than {MAX_STEPS} transformations", table.line)
        given = dict(table)
        name, identity = given.pop("type", None), given.pop("id", None)
        kind = self.kind(table, "transformation", name, STEPS)
        gates = {sort: self.gate(table, given, sort, kinds) for sort, kinds in SORTS}
        inner = self.steps(given.pop("items", None), table.line_of("items")) if name == NEST else ()
        return Step(
            id=f"{table.line}" if identity is None else str(identity),
            type=str(name),
            arguments=self.arguments(table, str(name), kind, given),
            rule=gates["rule"],
            item=gates["detection_item"],
            field=gates["field_name"],
            line=table.line,
            steps=inner,
        )

    def kind(self, table: Table, what: str, name: Any, kinds: Mapping[str, Kind]) -> Kind:
        """Find what a ``type`` names."""
        if name is None:
            self._refuse(f"{what} has no type", table.line)
        if not isinstance(name, str) or name not in kinds:
            self._refuse(_unknown(what, str(name), kinds), table.line_of("type"))
        return kinds[name]

    def arguments(self, table: Table, name: str, kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check what a transformation or condition was given."""
        known = {**kind.required, **kind.optional}
        made = {}
        for key, value in given.items():
            if key not in known:
                self._refuse(f"{name}: {_unknown('argument', key, known)}", table.line_of(key))
            if value is None and key in kind.optional:
                continue
            try:
                made[key] = known[key](value)
            except ValueError as error:
                self._refuse(f"{name}: {key} {error}", table.line_of(key))
        for key in kind.required:
            if key not in given:
                self._refuse(f"{name}: argument {key!r} is missing", table.line)
        try:
            if kind.together is not None:
                kind.together(**made)
        except ValueError as error:
            self._refuse(f"{name}: {error}", table.line)
        return made

    def gate(self, table: Table, given: dict[str, Any], sort: str, kinds: Mapping[str, Kind]) -> Gate:
        """Read the conditions of one sort, and take their keys out of ``given``."""
        key = f"{sort}_conditions"
        written = given.pop(key, None)
        joined, negated, text = (given.pop(f"{sort}_cond_{end}", None) for end in ("op", "not", "expr"))
        if joined not in (None, "and", "or"):
            self._refuse(f"{sort}_cond_op must be and or or", table.line_of(f"{sort}_cond_op"))
        if negated not in (None, True, False):
            self._refuse(f"{sort}_cond_not must be true or false", table.line_of(f"{sort}_cond_not"))
        if joined and text is not None:
            self._refuse(f"{sort}_cond_op and {sort}_cond_expr exclude each other", table.line_of(f"{sort}_cond_op"))
        if written is not None and not isinstance(written, (list, dict)):
            self._refuse(f"{key} must be a list or a mapping of names", table.line_of(key))
        named = written if isinstance(written, dict) else {str(at): one for at, one in enumerate(written or [])}
        if text is not None and not isinstance(written, dict):
            self._refuse(f"{sort}_cond_expr needs {key} with names", table.line_of(f"{sort}_cond_expr"))
        if not named:
            return OPEN
        tests = {name: self.condition(one, table.line_of(key), kinds) for name, one in named.items()}
        leaves: dict[str, Node] = {name: Leaf(name, ()) for name in tests}
        if text is not None:
            tree = self.expression(text, leaves, table, f"{sort}_cond_expr")
        else:
            nodes = tuple(leaves.values())
            tree = AtLeast(1, nodes) if joined == "or" else All(nodes)
        return Gate(tests, Not(tree) if negated else tree)

    def condition(self, table: Any, line: int, kinds: Mapping[str, Kind]) -> tuple[Any, Mapping[str, Any]]:
        """Read one condition."""
        if not isinstance(table, Table):
            self._refuse("a condition must be a mapping", line)
        given = dict(table)
        name = given.pop("type", None)
        kind = self.kind(table, "condition", name, kinds)
        return kind.run, self.arguments(table, str(name), kind, given)

    def expression(self, text: Any, leaves: Mapping[str, Node], table: Table, key: str) -> Node:
        """Read how named conditions are joined."""
        try:
            tree = condition_tree(str(text), leaves)
        except ConditionError as error:
            self._refuse(f"{key}: {error}".replace("selection", "condition"), table.line_of(key))
        unused = sorted(leaves.keys() - fields_of(tree))
        if unused:
            self._refuse(f"{key} leaves out {', '.join(unused)}", table.line_of(key))
        return tree

    def _refuse(self, reason: str, line: int) -> NoReturn:
        raise RuleError(f"pipeline refused: {reason}", self.path, line)


def _unknown(what: str, word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, known, 1)
    return f"unknown {what} {word!r}" + (f"; did you mean {near[0]!r}?" if near else "")
