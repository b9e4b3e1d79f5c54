"""When a transformation of a pipeline applies: conditions on the rule, on one detection item, on one field name.

Source: pySigma documentation, "Processing Pipelines", "Conditions" (https://sigmahq-pysigma.readthedocs.io).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any, NamedTuple

from sekisho.detect._draft import Draft, Item, PipelineError, texts_in
from sekisho.detect._regex import searcher
from sekisho.detect._tree import ANY, KEYWORD, ONE, All, Leaf, Node, Not
from sekisho.model.finding import LEVELS

STATUSES = ("unsupported", "deprecated", "experimental", "test", "stable")  # Sigma's, the least reliable first
DATE = re.compile(r"(\d{4})[-/](\d\d?)[-/](\d\d?)")
ORDERS: dict[str, Callable[[Any, Any], bool]] = {"eq": eq, "ne": ne, "gte": ge, "gt": gt, "lte": le, "lt": lt}
EQUALITY = frozenset({"eq", "ne"})
MEMBERSHIP = frozenset({"in", "not_in"})

Check = Callable[[Any], Any]
"""Gives an argument in the form it is used; raises ValueError."""


class Subject(NamedTuple):
    """What a condition is asked about; a name alone for the rule's list of fields and for references to fields."""

    draft: Draft
    item: Item | None = None
    field: str = KEYWORD


class Kind(NamedTuple):
    """One kind of condition or transformation: what it does and the arguments it takes."""

    run: Callable[..., Any]
    required: Mapping[str, Check] = {}
    optional: Mapping[str, Check] = {}
    together: Callable[..., Any] | None = None
    """Checks the arguments with regard to each other; raises ValueError."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Conditions of one kind and how they are joined; without any it is open."""

    tests: Mapping[str, tuple[Callable[..., Any], Mapping[str, Any]]]
    tree: Node | None
    """Over leaves that name ``tests``."""

    def holds(self, subject: Subject) -> bool:
        """Tell whether the conditions hold."""
        return self.tree is None or self._holds(self.tree, subject)

    def _holds(self, node: Node, subject: Subject) -> bool:
        if isinstance(node, Leaf):
            run, arguments = self.tests[node.field]
            return bool(run(subject, **arguments))
        if isinstance(node, Not):
            return not self._holds(node.node, subject)
        if isinstance(node, All):
            return all(self._holds(one, subject) for one in node.nodes)
        return sum(self._holds(one, subject) for one in node.nodes) >= node.least


OPEN = Gate({}, None)


# Arguments


def text(value: Any) -> str:
    """Accept a text."""
    if isinstance(value, (list, dict)) or value is None or isinstance(value, bool):
        raise PipelineError("must be text")
    return str(getattr(value, "text", value))


def texts(value: Any) -> tuple[str, ...]:
    """Accept a text or a list of texts."""
    return tuple(text(one) for one in value) if isinstance(value, list) else (text(value),)


def scalar(value: Any) -> Any:
    """Accept anything that a field may be compared with."""
    if isinstance(value, (list, dict)):
        raise PipelineError("must be one text, number, true, false or null")
    return value


def flag(value: Any) -> bool:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise PipelineError("must be true or false")
    return value


def one_of(*words: str) -> Check:
    """Accept one of some words."""

    def check(value: Any) -> str:
        if value not in words:
            raise PipelineError(f"must be one of {', '.join(words)}")
        return str(value)

    return check


def starts(value: Any) -> Callable[[str], bool]:
    """Accept a regular expression; gives a function that tells whether a text begins with a match."""
    return searcher(f"^(?:{text(value)})", "")


def some(**given: Any) -> None:
    """Refuse arguments of which none is there."""
    if not given:
        raise PipelineError("names no category, product or service")


# Conditions on the rule


def _logsource(subject: Subject, **wanted: str) -> bool:
    return any(
        all(one.get(name, "").lower() == word.lower() for name, word in wanted.items())
        for one in subject.draft.logsources
    )


def _contains_item(subject: Subject, field: str, value: Any) -> bool:
    return any(item.field == field and _matches_value(item, value) for item in subject.draft.items())


def _contains_field(subject: Subject, field: str) -> bool:
    return any(item.field == field for item in subject.draft.items())


def _attribute(subject: Subject, attribute: str, value: Any, op: str = "eq") -> bool:
    """Compare an attribute of the rule by its kind: level and status by rank, dates by day, lists by membership."""
    draft = subject.draft
    found = draft.attributes.get(attribute, draft.document.get(attribute))
    if found is None:
        return False
    if isinstance(found, dict):
        raise PipelineError(f"rule_attribute cannot compare {attribute}, which is a mapping")
    if isinstance(found, list):
        held = text(value) in texts_in(found)
        return {"in": held, "not_in": not held, "ne": True}.get(op, False)
    ranks = {"level": LEVELS, "status": STATUSES}.get(attribute)
    if ranks is not None:
        return _ranked(ranks, attribute, found, value, op)
    if op in MEMBERSHIP:
        raise PipelineError(f"rule_attribute: {attribute} is no list, so {op} says nothing about it")
    ours, theirs = (_comparable(one) for one in (found, value))
    if op not in EQUALITY and (isinstance(ours, str) or type(ours) is not type(theirs)):
        raise PipelineError(f"rule_attribute: {attribute} is text and has no order, so {op} says nothing about it")
    return ORDERS[op](ours, theirs)


def _ranked(ranks: tuple[str, ...], attribute: str, found: Any, value: Any, op: str) -> bool:
    low, wanted = str(found).lower(), str(value).lower()
    if wanted not in ranks:
        raise PipelineError(f"rule_attribute: {value!r} is no {attribute}; there are {', '.join(ranks)}")
    return low in ranks and op in ORDERS and ORDERS[op](ranks.index(low), ranks.index(wanted))


def _comparable(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    found = DATE.fullmatch(str(value))
    return tuple(map(int, found.groups())) if found else str(value)


# Conditions on a detection item


def _matches_string(subject: Subject, cond: str, pattern: Callable[[str], bool], negate: bool = False) -> bool:
    """Without a text among the values nothing matches, so only the negated condition holds."""
    item = subject.item
    if item is None:
        return False
    found = [isinstance(one, str) and item.is_text and pattern(shown(item.pieces(one))) for one in item.values]
    return (all(found) if cond == "all" else any(found)) is not negate


def _matches_any_value(subject: Subject, cond: str, value: Any) -> bool:
    return subject.item is not None and _matches_value(subject.item, value, every=cond == "all")


def _wildcard(subject: Subject, cond: str) -> bool:
    item = subject.item
    if item is None:
        return False
    found = [
        isinstance(one, str) and item.is_text and any(isinstance(piece, int) for piece in item.pieces(one))
        for one in item.values
    ]
    return all(found) if cond == "all" else any(found)


def _is_null(subject: Subject, cond: str) -> bool:
    found = [one is None for one in subject.item.values] if subject.item else [False]
    return all(found) if cond == "all" else any(found)


# Conditions on a field name


def _included(subject: Subject, fields: tuple[str, ...], mode: str = "plain") -> bool:
    if subject.field == KEYWORD:
        return False
    if mode == "plain":
        return subject.field in fields
    return any(starts(pattern)(subject.field) for pattern in fields)


def _excluded(subject: Subject, fields: tuple[str, ...], mode: str = "plain") -> bool:
    return not _included(subject, fields, mode)


# Conditions of every kind


def _rule_applied(subject: Subject, processing_item_id: str) -> bool:
    return processing_item_id in subject.draft.applied


def _item_applied(subject: Subject, processing_item_id: str) -> bool:
    return subject.item is not None and processing_item_id in subject.item.applied


def _state(subject: Subject, key: str, val: Any, op: str = "eq") -> bool:
    held = subject.draft.state
    if key not in held:
        return False
    try:
        return ORDERS[op](held[key], val)
    except TypeError as error:
        raise PipelineError(f"processing_state: {key} cannot be compared with {val!r} by {op}") from error


def shown(pieces: list[str | int]) -> str:
    r"""Give a value as pipelines' regular expressions see it: wildcards bare, literal ``*`` and ``?`` as ``\*``."""
    signs = {ANY: "*", ONE: "?"}
    return "".join(
        signs[one] if isinstance(one, int) else one.replace("*", "\\*").replace("?", "\\?") for one in pieces
    )


def _matches_value(item: Item, value: Any, *, every: bool = False) -> bool:
    """Tell whether any or every value is this one, of the same type; texts with regard to case."""

    def same(one: Any) -> bool:
        if isinstance(value, str) and isinstance(one, str):
            return item.pieces(one) == Item("", (), (), 0).pieces(value) if item.is_text else one == value
        return isinstance(one, bool) is isinstance(value, bool) and not isinstance(one, str) and one == value

    return bool(item.values) and (all if every else any)(same(one) for one in item.values)


ANY_OR_ALL = one_of("any", "all")
STATE = Kind(_state, {"key": text, "val": scalar}, {"op": one_of(*ORDERS)})
FIELDS: tuple[Mapping[str, Check], Mapping[str, Check], Callable[..., Any]] = (
    {"fields": texts},
    {"mode": one_of("plain", "re")},
    lambda fields, mode="plain": [starts(one) for one in fields] if mode == "re" else None,
)
RULE: dict[str, Kind] = {
    "logsource": Kind(_logsource, {}, {"category": text, "product": text, "service": text}, some),
    "contains_detection_item": Kind(_contains_item, {"field": text, "value": scalar}),
    "contains_field": Kind(_contains_field, {"field": text}),
    "is_sigma_rule": Kind(lambda subject: "correlation" not in subject.draft.document),
    "is_sigma_correlation_rule": Kind(lambda subject: "correlation" in subject.draft.document),
    "rule_attribute": Kind(
        _attribute, {"attribute": text, "value": scalar}, {"op": one_of(*ORDERS, *sorted(MEMBERSHIP))}
    ),
    "tag": Kind(lambda subject, tag: tag in texts_in(subject.draft.document.get("tags")), {"tag": text}),
    "processing_item_applied": Kind(_rule_applied, {"processing_item_id": text}),
    "processing_state": STATE,
}
ITEM: dict[str, Kind] = {
    "match_string": Kind(_matches_string, {"cond": ANY_OR_ALL, "pattern": starts}, {"negate": flag}),
    "match_value": Kind(_matches_any_value, {"cond": ANY_OR_ALL, "value": scalar}),
    "contains_wildcard": Kind(_wildcard, {"cond": ANY_OR_ALL}),
    "is_null": Kind(_is_null, {"cond": ANY_OR_ALL}),
    "processing_item_applied": Kind(_item_applied, {"processing_item_id": text}),
    "processing_state": STATE,
}
FIELD: dict[str, Kind] = {
    "include_fields": Kind(_included, *FIELDS),
    "exclude_fields": Kind(_excluded, *FIELDS),
    "processing_item_applied": Kind(_item_applied, {"processing_item_id": text}),
    "processing_state": STATE,
}
