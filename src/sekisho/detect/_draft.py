"""A rule while pipelines work on it: selections as small frozen trees that are replaced, never changed.

A draft is read from a rule's document and written back as a new one, so a document that several rules share stays as
it was. A selection is a tree of ``Item`` (one field, its modifiers and values) and ``Group`` (and, or); one that
pipelines emptied is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sekisho.detect._modifiers import ENCODERS, MODES, TYPES
from sekisho.detect._tree import ANY, KEYWORD
from sekisho.detect._values import pieces_of, text_of
from sekisho.detect._written import Table

MAX_ITEMS = 20_000  # of one rule: one-to-many mappings multiply
LOGSOURCE = ("category", "product", "service")
NOT_SELECTIONS = frozenset({"condition", "timeframe"})

Pieces: TypeAlias = list[str | int]


class PipelineError(ValueError):
    """A pipeline cannot be used on a rule, or not at all; worded for people."""


class Every(list[Any]):
    """In a document that a pipeline wrote: values that must all hold, where a plain list means any of them."""


@dataclass(frozen=True, slots=True)
class Item:
    """One field with its modifiers and values; an empty field looks at every value of the record."""

    field: str
    modifiers: tuple[str, ...]
    values: tuple[Any, ...]
    line: int
    applied: frozenset[str] = frozenset()
    """Ids of the transformations that were applied to it."""
    mapped: bool = False
    """A transformation of field names chose its field."""

    @property
    def key(self) -> str:
        """Give the item's key as a rule writes it."""
        return "|".join((self.field, *self.modifiers))

    @property
    def is_text(self) -> bool:
        """Tell whether its texts are looked for as written: not encoded first, not of another type."""
        return not (TYPES | ENCODERS) & set(self.modifiers)

    def pieces(self, value: Any) -> Pieces:
        """Give a value as literal texts and wildcards, with those that ``contains`` and the like stand for."""
        mode = next((MODES[one] for one in self.modifiers if one in MODES), "equal")
        written: list[str | int] = pieces_of(value) if isinstance(value, str) else [text_of(value)]
        if mode in ("in", "end") and written[:1] != [ANY]:
            written = [ANY, *written]
        if mode in ("in", "start") and written[-1:] != [ANY]:
            written = [*written, ANY]
        return written


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of which every one must hold, or any."""

    every: bool
    parts: tuple[Part, ...]
    line: int = 0


Part: TypeAlias = Item | Group


@dataclass(slots=True)
class Draft:
    """One rule, its logsource, selections and conditions, and what pipelines remember about it."""

    document: Table
    """As written; read only."""
    variables: Mapping[str, Any]
    logsources: list[dict[str, str]]
    """Of the rule; of all rules that a correlation refers to."""
    selections: dict[str, Part | None] = field(default_factory=dict)
    conditions: list[Any] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    """The rule's own list of fields worth showing."""
    attributes: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    applied: set[str] = field(default_factory=set)
    """Ids of the transformations whose rule conditions held."""

    def items(self) -> Iterator[Item]:
        """Give every item of every selection."""
        waiting = [part for part in self.selections.values() if part is not None]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Item):
                yield part
            else:
                waiting.extend(part.parts)

    def rewrite(self, change: Callable[[Item], Part | None]) -> None:
        """Put what ``change`` gives in the place of each item; None leaves it out.

        Raises:
            PipelineError: the rule has grown too large.
        """
        for name, part in self.selections.items():
            if part is not None:
                self.selections[name] = _rewritten(part, change)
        if sum(1 for _ in self.items()) > MAX_ITEMS:
            raise PipelineError(f"pipelines make more than {MAX_ITEMS} detection items of this rule")

    def written(self) -> Table:
        """Give the rule as a document again."""
        made = copied(self.document)
        made["logsource"] = copied(self.document["logsource"])
        for name in LOGSOURCE:
            made["logsource"].pop(name, None)
        made["logsource"].update(self.logsources[0])
        written = self.document["detection"]
        made["detection"] = detection = Table(written.line)
        detection.lines.update(written.lines)
        for name, part in self.selections.items():
            detection[name] = Every() if part is None else _document_of(part)
        if "timeframe" in written:
            detection["timeframe"] = written["timeframe"]
        detection["condition"] = self.conditions if isinstance(written["condition"], list) else self.conditions[0]
        if self.fields or "fields" in made:
            made["fields"] = list(self.fields)
        return made


def draft_of(document: Any, variables: Mapping[str, Any]) -> Draft | None:
    """Read a rule; None when it is not shaped as one, which whoever checks rules will say better."""
    if not isinstance(document, Table):
        return None
    logsource, detection = document.get("logsource"), document.get("detection")
    if not isinstance(logsource, Table) or not isinstance(detection, Table) or not detection.get("condition"):
        return None
    draft = Draft(document, variables, [{name: str(logsource[name]) for name in LOGSOURCE if logsource.get(name)}])
    for name, value in detection.items():
        if name not in NOT_SELECTIONS:
            dropped = isinstance(value, Every) and not value
            draft.selections[name] = None if dropped else part_of(value, detection.line_of(name))
    written = detection["condition"]
    draft.conditions = list(written) if isinstance(written, list) else [written]
    draft.fields = texts_in(document.get("fields"))
    return draft


def texts_in(value: Any) -> list[str]:
    """Give the texts of a value that may be one, a list, or missing."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [str(one) for one in values if not isinstance(one, (list, dict))]


def part_of(value: Any, line: int) -> Part:
    """Read a selection: a mapping is "and", a list is "or", bare values are keywords."""
    if isinstance(value, Table):
        items = [_item(key, one, value.line_of(key)) for key, one in value.items()]
        return grouped(True, items, value.line) if items else Group(True, (), value.line)
    if isinstance(value, Every):
        return grouped(True, [part_of(one, line) for one in value], line)
    values = value if isinstance(value, list) else [value]
    words = tuple(one for one in values if not isinstance(one, (list, dict)))
    parts = [part_of(one, line) for one in values if isinstance(one, (list, dict))]
    if words or not parts:
        parts.insert(0, Item(KEYWORD, (), words, line))
    return parts[0] if len(parts) == 1 else Group(False, tuple(parts), line)


def _item(key: str, value: Any, line: int) -> Item:
    name, *modifiers = key.split("|")
    values = tuple(value) if isinstance(value, list) else (value,)
    return Item(name.strip(), tuple(one.strip().lower() for one in modifiers), values, line)


def _rewritten(part: Part, change: Callable[[Item], Part | None]) -> Part | None:
    if isinstance(part, Item):
        return change(part)
    parts = [made for one in part.parts if (made := _rewritten(one, change)) is not None]
    if not parts and part.parts:
        return None
    return grouped(part.every, parts, part.line)


def grouped(every: bool, parts: Iterable[Part], line: int) -> Part:
    """Join parts; one stays itself, and groups of the same kind become one, so that a chain of steps stays flat."""
    flat: list[Part] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Group) and part.every is every else [part])
    return flat[0] if len(flat) == 1 else Group(every, tuple(flat), line)


def _document_of(part: Part) -> Any:
    if isinstance(part, Item):
        table = Table(part.line)
        table[part.key] = list(part.values)
        table.lines[part.key] = part.line
        return table
    if not part.parts:
        return Table(part.line)  # as it was written: an empty selection, which is an error
    parts = [_document_of(one) for one in part.parts]
    return Every(parts) if part.every else parts


def copied(table: Table) -> Table:
    """Give a mapping of its own with the same values and lines."""
    copy = Table(table.line)
    copy.update(table)
    copy.lines.update(table.lines)
    return copy
