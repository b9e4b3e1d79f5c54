"""What the condition of a correlation says: numbers to compare with, or a text over its rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import floor, isfinite
from typing import Any, NamedTuple

from sekisho.detect._condition import ConditionError, condition_tree
from sekisho.detect._tree import All, AtLeast, Leaf, Node, Not
from sekisho.detect._written import Table
from sekisho.model.errors import RuleError

TEMPORAL = frozenset({"temporal", "temporal_ordered"})
VALUES = frozenset(
    {"value_count", "value_sum", "value_avg", "value_min", "value_max", "value_median", "value_percentile"}
)
COUNTS = frozenset({"event_count", "value_count", *TEMPORAL})
OPERATORS = frozenset({"gt", "gte", "lt", "lte", "eq", "neq"})
MAX_RULES = 100  # of one correlation
MAX_FIELDS = 20  # to group by, or to count the values of
MAX_THRESHOLD = 100_000  # this many hits of each group are kept
MAX_TERMS = 64  # alternatives that a condition text stands for


class Term(NamedTuple):
    """One way for a condition text to hold: positions in ``Correlation.rules``."""

    all: tuple[int, ...]
    """These have found something, ascending."""
    none: frozenset[int]
    """These have not."""


def names_of(path: str, table: Table, key: str) -> tuple[str, ...]:
    """Read one name or a list of them, each once."""
    value, line = table.get(key), table.line_of(key)
    values = value if isinstance(value, list) else [] if value is None else [value]
    if any(isinstance(one, (list, dict)) or one in (None, "") for one in values):
        raise RuleError(f"{key} must be a name or a list of names", path, line)
    names = tuple(str(one) for one in values)
    most = MAX_RULES if key == "rules" else MAX_FIELDS
    if len(names) > most:
        raise RuleError(f"{key} has more than {most} names", path, line)
    return names if key == "rules" else tuple(dict.fromkeys(names))


class Condition(NamedTuple):
    rules: tuple[str, ...]
    bounds: tuple[tuple[str, float], ...] = ()
    terms: tuple[Term, ...] = ()
    field: tuple[str, ...] = ()
    percentile: float = 50.0


def condition_of(path: str, table: Table, kind: str) -> Condition:
    """Read rules and condition together: a condition text may name the rules on its own."""
    rules = names_of(path, table, "rules")
    condition, line = table.get("condition"), table.line_of("condition")
    if isinstance(condition, str):
        if kind not in TEMPORAL:
            raise RuleError(f"condition of {kind} must be a mapping such as gte: 10", path, line)
        return _in_words(path, line, condition, rules)
    if not rules:
        raise RuleError("correlation names no rules", path, table.line_of("rules"))
    if kind != "temporal_ordered" and len(set(rules)) < len(rules):
        raise RuleError("correlation names a rule twice", path, table.line_of("rules"))
    if condition is None:
        if kind not in TEMPORAL:
            raise RuleError("correlation has no condition", path, table.line)
        return Condition(rules, (("gte", float(len(rules))),))
    if not isinstance(condition, Table):
        raise RuleError("condition must be a mapping such as gte: 10", path, line)
    return _in_numbers(path, condition, kind, rules)


def _in_numbers(path: str, condition: Table, kind: str, rules: tuple[str, ...]) -> Condition:
    field = names_of(path, condition, "field")
    if kind in VALUES and not field:
        raise RuleError(f"condition of {kind} needs a field", path, condition.line)
    if kind not in VALUES and field:
        raise RuleError(f"condition of {kind} takes no field", path, condition.line_of("field"))
    if len(field) > 1 and kind != "value_count":
        raise RuleError(f"condition of {kind} takes one field only", path, condition.line_of("field"))
    bounds = []
    for key, value in condition.items():
        line = condition.line_of(key)
        if key in ("field", "percentile"):
            continue
        if key not in OPERATORS:
            raise RuleError(f"condition.{key} is none of {', '.join(sorted(OPERATORS))}", path, line)
        bounds.append((key, _number(path, line, key, value)))
        if kind in ("event_count", "value_count") and bounds[-1][1] > MAX_THRESHOLD:
            raise RuleError(f"condition.{key} is more than {MAX_THRESHOLD}", path, line)
    if not bounds:
        raise RuleError("condition compares with no number: gt gte lt lte eq neq", path, condition.line)
    if kind in COUNTS:
        _check_counts(path, condition.line, bounds, len(rules) if kind in TEMPORAL else MAX_THRESHOLD + 1)
    percentile = 50.0
    if kind == "value_percentile":
        if condition.get("percentile") is None:
            raise RuleError("condition of value_percentile needs a percentile (0 to 100)", path, condition.line)
        line = condition.line_of("percentile")
        percentile = _number(path, line, "percentile", condition["percentile"])
        if not 0 <= percentile <= 100:
            raise RuleError("condition.percentile is not within 0 to 100", path, line)
    elif "percentile" in condition:
        raise RuleError(f"condition of {kind} takes no percentile", path, condition.line_of("percentile"))
    return Condition(rules, tuple(bounds), field=field, percentile=percentile)


def _check_counts(path: str, line: int, bounds: Sequence[tuple[str, float]], most: int) -> None:
    """Refuse what holds always or never; a count is at least 1, because only findings open a window."""
    if all(operator in ("gt", "gte") and compare(operator, 0, number) for operator, number in bounds):
        raise RuleError("condition holds when nothing has happened", path, line)
    counts = {1, most} | {floor(number) + step for _, number in bounds for step in (-1, 0, 1)}
    if not any(1 <= count <= most and holds(bounds, count) for count in counts):
        raise RuleError("condition can never hold", path, line)


def _number(path: str, line: int, key: str, value: Any) -> float:
    if isinstance(value, (str, bool)) or not isinstance(value, (int, float)):
        raise RuleError(f"condition.{key} must be a number", path, line)
    try:
        number = float(value)
    except OverflowError as error:
        raise RuleError(f"condition.{key} is too large a number", path, line) from error
    if not isfinite(number):
        raise RuleError(f"condition.{key} is too large a number", path, line)
    return number


def holds(bounds: Iterable[tuple[str, float]], value: float) -> bool:
    """Tell whether a value satisfies all bounds."""
    return all(compare(operator, value, number) for operator, number in bounds)


def compare(operator: str, value: float, number: float) -> bool:
    """Tell whether a value stands in a relation of OPERATORS to a number."""
    if operator in ("eq", "neq"):
        return (value == number) is (operator == "eq")
    if operator in ("gt", "gte"):
        return value > number or (operator == "gte" and value == number)
    return value < number or (operator == "lte" and value == number)


def _in_words(path: str, line: int, condition: str, rules: tuple[str, ...]) -> Condition:
    """Read a condition text into alternatives: each a set of rules that must, and one of rules that must not be."""
    if not rules:
        words = re.findall(r"[^\s()]+", condition)
        rules = tuple(dict.fromkeys(word for word in words if word.lower() not in ("and", "or", "not")))
    if len(set(rules)) < len(rules):
        raise RuleError("correlation names a rule twice", path, line)
    if not rules or len(rules) > MAX_RULES:
        raise RuleError(f"condition names no rule, or more than {MAX_RULES}", path, line)
    try:
        tree = condition_tree(condition, {rule: Leaf(rule, ()) for rule in rules})
        at = {rule: place for place, rule in enumerate(rules)}
        found = _alternatives(tree, at, wanted=True)
    except ConditionError as error:
        raise RuleError(str(error).replace("selection", "rule"), path, line) from error
    used = {place for yes, no in found for place in yes | no}
    for rule, place in at.items():
        if place not in used:
            raise RuleError(f"condition does not say anything of {rule!r}", path, line)
    terms = [Term(tuple(sorted(yes)), no) for yes, no in found if not yes & no]
    if any(not term.all for term in terms):
        raise RuleError("condition holds when nothing has happened", path, line)
    if not terms:
        raise RuleError("condition can never hold", path, line)
    return Condition(rules, terms=tuple(dict.fromkeys(terms)))


Alternative = tuple[frozenset[int], frozenset[int]]


def _alternatives(tree: Node, at: Mapping[str, int], *, wanted: bool) -> list[Alternative]:
    """Give the disjunctive normal form of a condition, or of its negation."""
    if isinstance(tree, Leaf):
        here = frozenset({at[tree.field]})
        return [(here, frozenset())] if wanted else [(frozenset(), here)]
    if isinstance(tree, Not):
        return _alternatives(tree.node, at, wanted=not wanted)
    if isinstance(tree, All):
        least = len(tree.nodes) if wanted else 1
    else:
        assert isinstance(tree, AtLeast)
        # Not "two of three" is: two of three are not.
        least = tree.least if wanted else len(tree.nodes) - tree.least + 1
    parts = [_alternatives(node, at, wanted=wanted) for node in tree.nodes]
    found: dict[Alternative, None] = {}
    for chosen in combinations(parts, least):
        for one in _products(chosen):
            found[one] = None
            if len(found) > MAX_TERMS:
                raise ConditionError(f"condition stands for more than {MAX_TERMS} alternatives")
    return list(found)


def _products(parts: Sequence[Sequence[Alternative]]) -> list[Alternative]:
    made: list[Alternative] = [(frozenset(), frozenset())]
    for part in parts:
        made = list(dict.fromkeys((yes | more, no | less) for yes, no in made for more, less in part))
        if len(made) > MAX_TERMS:
            raise ConditionError(f"condition stands for more than {MAX_TERMS} alternatives")
    return made
