"""YAML as rules use it: values by the 1.2 core schema, the line of every key, and no bomb of any kind.

libyaml reads the text; the values are built here from its events, without recursion, because PyYAML's own
constructors keep no lines, let the second of two equal keys win in silence, and expand aliases without a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from sekisho.detect._written import Numeral, Real, Table
from sekisho.model.errors import RuleError

MAX_DEPTH = 40  # mappings in lists in mappings; the deepest of 3,753 public rules has 6
MAX_EXPANDED = 20_000  # values that aliases stand for, in one text
RESOLVED = frozenset({"int", "float", "bool", "null"})  # types of the core schema; what is none of it stays text
TYPES = RESOLVED | {"", "!", "str", "seq", "map"}
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
NUMBER = re.compile(
    r"[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?|(\.[0-9]+)([eE][-+]?[0-9]+)?)"
)
NUMBER_STARTS = frozenset("+-.0123456789")
MAX_DIGITS = 40  # a longer run of digits is an identifier, not a number


def documents(path: str, text: str) -> Iterator[Any]:
    """Give the documents of one YAML text, in order, empty ones left out.

    Yields:
        ``Table``, list, str, int, float, bool or None.

    Raises:
        RuleError: at the first place where the text cannot be read; documents before it were given.

    Source: YAML 1.2.2, section 10.3 (core schema), which the Sigma rules specification 2.0 "Yaml File" names.
    """
    builder = _Builder(path)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if builder.take(event):
                yield builder.document
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
        raise RuleError(f"not YAML: {problem}", path, mark.line + 1 if mark else 0) from error
    except UnicodeError as error:
        raise RuleError("not YAML: text is not Unicode", path) from error


class _Builder:
    """Builds one document after the other from parser events, on an explicit stack."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.expanded = 0
        self._start()

    def _start(self) -> None:
        self.document: Any = None
        self.stack: list[Any] = []
        self.keys: list[tuple[str, int] | None] = []  # the key that waits for its value, for each open mapping
        self.anchors: dict[str, tuple[Any, int]] = {}  # name -> value, values it holds
        self.opened: list[tuple[str | None, int]] = []  # anchor and count of values at its start
        self.count = 0

    def take(self, event: Any) -> bool:
        """Take one event; True when ``document`` is complete."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._open(event, Table(event.start_mark.line + 1))
        elif kind is yaml.SequenceStartEvent:
            self._open(event, [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._start()
        elif kind is yaml.DocumentEndEvent:
            return self.document is not None
        return False

    def _scalar(self, event: Any) -> None:
        text = event.value
        if self.stack and type(self.stack[-1]) is Table and self.keys[-1] is None:
            self._key(text, event)
            return
        value = _plain(text) if event.implicit[0] or self._tag(event) in RESOLVED else text
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self._put(value)

    def _key(self, text: str, event: Any) -> None:
        table, line = self.stack[-1], event.start_mark.line + 1
        if text in table:
            raise RuleError(f"key {text!r} is there twice", self.path, line)
        table.lines[text] = line
        self.keys[-1] = (text, line)

    def _tag(self, event: Any) -> str:
        """Give the type that a value is said to have; one that nobody here can build must not pass as plain text."""
        tag = str(event.tag or "").removeprefix("tag:yaml.org,2002:")
        if tag not in TYPES:
            raise RuleError(f"value of unknown type {tag}", self.path, event.start_mark.line + 1)
        return tag

    def _open(self, event: Any, value: Any) -> None:
        line = event.start_mark.line + 1
        self._tag(event)
        if self.stack and type(self.stack[-1]) is Table and self.keys[-1] is None:
            raise RuleError("a key must be text", self.path, line)
        if len(self.stack) >= MAX_DEPTH:
            raise RuleError(f"nested deeper than {MAX_DEPTH}", self.path, line)
        self.stack.append(value)
        self.keys.append(None)
        self.opened.append((event.anchor, self.count))

    def _close(self) -> None:
        value = self.stack.pop()
        self.keys.pop()
        anchor, before = self.opened.pop()
        if anchor:
            self.anchors[anchor] = (value, self.count - before + 1)
        self._put(value)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor not in self.anchors:
            raise RuleError(f"alias *{event.anchor} has no complete anchor before it", self.path, line)
        value, size = self.anchors[event.anchor]
        self.count += size
        self.expanded += size
        if self.expanded > MAX_EXPANDED:
            raise RuleError(f"aliases stand for more than {MAX_EXPANDED} values", self.path, line)
        if self.stack and type(self.stack[-1]) is Table and self.keys[-1] is None:
            raise RuleError("an alias cannot be a key", self.path, line)
        self._put(value)

    def _put(self, value: Any) -> None:
        self.count += 1
        if not self.stack:
            self.document = value
        elif type(top := self.stack[-1]) is Table:
            key = self.keys[-1]
            if key is not None:
                top[key[0]] = value
                self.keys[-1] = None
        else:
            top.append(value)


def _plain(text: str) -> Any:
    """Resolve a plain scalar: null, boolean, number or text."""
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if text[0] not in NUMBER_STARTS or len(text) > MAX_DIGITS or not (found := NUMBER.fullmatch(text)):
        return text
    if any(found.groups()):
        return Real(text)
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    radix = {"0x": 16, "0o": 8}.get(digits[:2], 10)
    value = int(sign + digits, radix)
    return value if str(value) == text else Numeral(value, text)
