"""Sigma filters: one more condition for rules that stay as they are, joined to each of them by "and".

Source: Sigma filters specification 2.1.0, and its change 2.2 (``rules: any``). Of its condition the schema says
"selection or not selection": it is joined as written, so what shall not be found is written ``not selection``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sekisho.detect import _document as read
from sekisho.detect._tree import All, Node, fields_of
from sekisho.detect._written import Table
from sekisho.detect.compiled import Compiled
from sekisho.model.errors import RuleError
from sekisho.model.event import Logsource

ANY = "any"
NOT_SELECTIONS = ("rules",)


@dataclass(frozen=True, slots=True)
class Filter:
    """One checked filter."""

    title: str
    path: str
    line: int
    logsource: Logsource
    """Of the rules it is for; empty words mean any."""
    rules: frozenset[str] | None
    """Ids and names; None for every rule of the logsource."""
    tree: Node


def detection(path: str, document: Table) -> Table:
    """Give a filter's document as a rule's: its selections and condition as ``detection``.

    Raises:
        RuleError: it has no title, logsource, rules or condition.
    """
    for key in ("title", "logsource"):
        if document.get(key) is None:
            raise RuleError(f"{key} is missing", path, document.line)
    table = document["filter"]
    if not isinstance(table, Table):
        raise RuleError("filter must be a mapping", path, document.line_of("filter"))
    value = table.get("rules")
    names = value if isinstance(value, list) else [value]
    if value is None or any(one is None or isinstance(one, (list, dict)) for one in names):
        reason = "filter.rules must be any, or a list of rule ids or names"
        raise RuleError(reason, path, table.line_of("rules"))
    if table.get("condition") in (None, "", []):
        raise RuleError("filter has no condition", path, table.line)
    made = Table(document.line)
    made["detection"] = Table(table.line)
    made["detection"].update({key: value for key, value in table.items() if key not in NOT_SELECTIONS})
    made["detection"].lines.update(table.lines)
    made.lines["detection"] = document.line_of("filter")
    made["logsource"], made.lines["logsource"] = document["logsource"], document.line_of("logsource")
    return made


def filter_of(path: str, document: Table, logsource: Logsource, tree: Node) -> Filter:
    """Give a filter of its parts, once :func:`detection` has checked the document."""
    table = document["filter"]
    value, line = table["rules"], table.line_of("rules")
    named = frozenset(str(one) for one in (value if isinstance(value, list) else [value]))
    every = not named or (isinstance(value, str) and value.lower() == ANY)
    return Filter(read.text(path, document, "title"), path, line, logsource, None if every else named, tree)


def apply(
    compiled: Sequence[Compiled], filters: Sequence[Filter], names: Mapping[str, str]
) -> tuple[list[Compiled], list[RuleError]]:
    """Join filters to the rules they are for.

    Args:
        compiled: the rules.
        filters: in the order read.
        names: rule id to name, of rules that have one.

    Returns:
        The rules in the same order, and an error for each rule that a filter names in vain.
    """
    used: list[set[str]] = [set() for _ in filters]
    made = [_joined(one, filters, names.get(one.rule.id, ""), used) for one in compiled]
    failed = []
    for one, hit in zip(filters, used, strict=True):
        if one.rules is None and not hit:
            failed.append(RuleError(f"filter {one.title!r}: no rule reads its logsource", one.path, one.line))
        missing = ", ".join(sorted((one.rules or frozenset()) - hit))
        if missing:
            reason = f"filter {one.title!r}: no rule of its logsource has the id or name {missing}"
            failed.append(RuleError(reason, one.path, one.line))
    return made, failed


def _joined(one: Compiled, filters: Iterable[Filter], name: str, used: Sequence[set[str]]) -> Compiled:
    trees = []
    for place, candidate in enumerate(filters):
        if not candidate.logsource.reads(one.rule.logsource):
            continue
        called = {ANY} if candidate.rules is None else candidate.rules & {one.rule.id, name}
        if called:
            used[place] |= called
            trees.append(candidate.tree)
    if not trees:
        return one
    tree = All((one.tree, *trees))
    return Compiled(replace(one.rule, fields=tuple(sorted({field or "*" for field in fields_of(tree)}))), tree)
