"""The entries of a tuning file, as they are written and checked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sekisho.detect._modifiers import ModifierError, Placeholders, leaf_of
from sekisho.detect._tree import All, AtLeast, Node
from sekisho.detect._values import glob, pieces_of, text_of
from sekisho.detect._written import Table
from sekisho.detect.correlations import Correlation
from sekisho.model.errors import RuleError
from sekisho.model.finding import LEVELS
from sekisho.model.result import Tuned
from sekisho.model.rule import Rule

MAX_CHARS = 1_000_000  # of one file: some ten thousand entries
ACTIONS = ("exclude", "level", "disable")
KEYS = ("rule", "action", "level", "host", "user", "match", "until", "reason")
WHERE = ("host", "user", "match")
LOGSOURCE = ("product", "category", "service")
EVERY_RULE = frozenset({"any", "*"})
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One checked entry."""

    number: int
    """From 1, in its file."""
    path: str
    line: int
    reason: str
    action: str
    """One of ACTIONS."""
    level: str = ""
    """The new level, for action ``level``."""
    until: date | None = None
    """The last day it applies."""
    expired: bool = False
    rules: frozenset[str] | None = None
    """Ids of the rules it selects; None for every rule."""
    unknown: tuple[str, ...] = ()
    """What it names that is no loaded rule."""
    where: Node | None = None
    """Over the fields ``host`` and ``user``."""
    match: Node | None = None
    """Over the event's fields."""


class Reader:
    """Collects entries and failures."""

    def __init__(self, index: Index, today: date, placeholders: Placeholders) -> None:
        self.index, self.today, self.placeholders = index, today, placeholders
        self.entries: list[Entry] = []
        self.failed: list[Tuned] = []

    def read(self, path: str, text: str) -> None:
        """Read all entries of one file."""
        try:
            for number, written in enumerate(_written(path, text), 1):
                self._keep(path, number, written)
        except RuleError as error:
            self.failed.append(_failed(0, error))

    def _keep(self, path: str, number: int, written: Any) -> None:
        try:
            self.entries.append(self._entry(path, number, written))
        except RuleError as error:
            self.failed.append(_failed(number, error))

    def _entry(self, path: str, number: int, written: Any) -> Entry:
        if not isinstance(written, Table):
            raise RuleError(f"entry {number} is no mapping", path)
        for key in written:
            if key not in KEYS:
                raise RuleError(f"{key!r} is none of {', '.join(KEYS)}", path, written.line_of(key))
        reason = written.get("reason")
        if not isinstance(reason, str) or not reason.strip():
            raise RuleError("reason is missing: say why the entry is there", path, written.line_of("reason"))
        action, level = _action(path, written)
        until = _until(path, written)
        chosen, unknown = self._rules(path, written)
        if chosen is None and not any(key in written for key in WHERE):
            line = written.line_of("rule")
            raise RuleError("an entry for every rule must say where: host, user or match", path, line)
        return Entry(
            number=number,
            path=path,
            line=written.line,
            reason=reason.strip(),
            action=action,
            level=level,
            until=until,
            expired=until is not None and until < self.today,
            rules=chosen,
            unknown=unknown,
            where=_where(path, written),
            match=self._match(path, written),
        )

    def _rules(self, path: str, written: Table) -> tuple[frozenset[str] | None, tuple[str, ...]]:
        """Give the rules that an entry selects, None for all of them, and what it names in vain."""
        line = written.line_of("rule")
        value = written.get("rule")
        values = value if isinstance(value, list) else [value]
        if value is None or not values:
            raise RuleError("rule is missing: an id, title, tag, path, logsource, or any", path, line)
        chosen: set[str] = set()
        unknown = []
        for one in values:
            if isinstance(one, str) and one.strip().lower() in EVERY_RULE:
                return None, ()
            found = self._selected(path, one, line)
            chosen |= found
            if not found:
                unknown.append(_words(one) if isinstance(one, Table) else str(one))
        return frozenset(chosen), tuple(unknown)

    def _selected(self, path: str, value: Any, line: int) -> frozenset[str]:
        if isinstance(value, str) and value.strip():
            return self.index.named(value.strip())
        if not isinstance(value, Table):
            raise RuleError("rule must be text, a logsource, or a list of these", path, line)
        wrong = [key for key, word in value.items() if key not in LOGSOURCE or not isinstance(word, str)]
        if wrong or not value:
            raise RuleError(f"a logsource is made of texts for {', '.join(LOGSOURCE)}", path, value.line)
        return self.index.reading({key: word.strip().lower() for key, word in value.items()})

    def _match(self, path: str, written: Table) -> Node | None:
        if "match" not in written:
            return None
        value, line = written["match"], written.line_of("match")
        tables = value if isinstance(value, list) else [value]
        if not tables or not all(isinstance(one, Table) and one for one in tables):
            raise RuleError("match must be a mapping of fields, or a list of these", path, line)
        nodes = [self._fields(path, one) for one in tables]
        return nodes[0] if len(nodes) == 1 else AtLeast(1, tuple(nodes))

    def _fields(self, path: str, table: Table) -> Node:
        return All(tuple(_leaf(path, key, one, table, self.placeholders) for key, one in table.items()))


class Index:
    """Finds rules by id, title, tag, path and logsource."""

    def __init__(self, rules: Iterable[Rule | Correlation]) -> None:
        self.rules = tuple(rules)
        self.names: dict[str, set[str]] = defaultdict(set)
        self.folded: list[tuple[str, str, list[str]]] = []
        """(id, path from a slash on, other names) of each rule, for wildcards."""
        for rule in self.rules:
            names = [name.casefold() for name in (rule.id, rule.title, *rule.tags)]
            path = rule.path.casefold()
            self.folded.append((rule.id, f"/{path}", names))
            for name in (*names, *_tails(path)):
                self.names[name].add(rule.id)

    def named(self, text: str) -> frozenset[str]:
        """Give the rules that a text names: as written, else with its wildcards."""
        folded = text.casefold()
        if folded in self.names:
            return frozenset(self.names[folded])
        pieces = pieces_of(folded)
        if all(isinstance(piece, str) for piece in pieces):
            return frozenset(self.names.get("".join(map(str, pieces)), ()))
        is_name, is_path = glob(pieces), glob(pieces_of(f"*/{folded}"))
        return frozenset(key for key, path, names in self.folded if is_path(path) or any(map(is_name, names)))

    def reading(self, words: Mapping[str, str]) -> frozenset[str]:
        """Give the rules whose logsource has these words; correlations have none."""
        return frozenset(
            rule.id
            for rule in self.rules
            if isinstance(rule, Rule) and all(getattr(rule.logsource, key) == word for key, word in words.items())
        )


def _written(path: str, text: str) -> Iterator[Any]:
    """Give the entries of a file as they are written."""
    if len(text) > MAX_CHARS:
        raise RuleError(f"text of more than {MAX_CHARS} characters", path)
    empty = True
    from sekisho.detect._yaml import documents  # most runs have no tuning file, and YAML takes its time to import

    for document in documents(path, text):
        if not isinstance(document, list):
            raise RuleError("not a list of tuning entries", path, getattr(document, "line", 0))
        empty = empty and not document
        yield from document
    if empty:
        raise RuleError("holds no tuning entry", path)


def _tails(path: str) -> Iterator[str]:
    """Give a path and all its ends that begin behind a slash."""
    while path:
        yield path
        path = path.partition("/")[2]


def _action(path: str, written: Table) -> tuple[str, str]:
    """Give an entry's action and its new level."""
    level = written.get("level")
    action = written.get("action", "exclude" if level is None else "level")
    if action not in ACTIONS:
        raise RuleError(f"action must be one of {', '.join(ACTIONS)}", path, written.line_of("action"))
    if action != "level" and level is not None:
        raise RuleError(f"level cannot stand with action {action}", path, written.line_of("level"))
    if action == "level" and level not in LEVELS:
        raise RuleError(f"level must be one of {', '.join(LEVELS)}", path, written.line_of("level"))
    for key in WHERE if action == "disable" else ():
        if key in written:
            line = written.line_of(key)
            raise RuleError(f"a disabled rule runs nowhere: {key} needs action exclude or level", path, line)
    return str(action), str(level or "")


def _until(path: str, written: Table) -> date | None:
    value = written.get("until")
    if value is None and "until" not in written:
        return None
    try:
        if isinstance(value, str) and DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:  # digits in the right places, and no such day
        pass
    raise RuleError("until must be a date such as 2027-03-31", path, written.line_of("until"))


def _where(path: str, written: Table) -> Node | None:
    leaves = []
    for key in ("host", "user"):
        if key in written:
            values = written[key] if isinstance(written[key], list) else [written[key]]
            if any(one is None or isinstance(one, bool) for one in values):
                raise RuleError(f"{key} must be text or a list of texts", path, written.line_of(key))
            leaves.append(_leaf(path, key, values, written, {}))
    return All(tuple(leaves)) if leaves else None


def _leaf(path: str, key: str, value: Any, table: Table, placeholders: Placeholders) -> Node:
    try:
        return leaf_of(key, value, placeholders)
    except ModifierError as error:
        raise RuleError(f"{key!r}: {error}", path, table.line_of(key)) from error


def _failed(number: int, error: RuleError) -> Tuned:
    return Tuned(number, error.path, error.line, "failed", error=error.reason)


def _words(table: Table) -> str:
    return ", ".join(f"{key}: {text_of(value)}" for key, value in table.items())
