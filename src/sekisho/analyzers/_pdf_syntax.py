"""The objects of a PDF as they are written: names, strings, numbers, arrays, dictionaries, references.

Source: ISO 32000-1 (PDF 1.7) 7.2 lexical conventions, 7.3 objects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sekisho.model.errors import LimitError, MalformedError

TOKENS = 1_500_000
"""Tokens of one file, long strings counted more than once: 5 s of CPU at worst; 17 to 36 pages of LaTeX have 0.01 M
(measured)."""
DEPTH = 100
"""Arrays and dictionaries inside each other: far beyond what page trees and destinations need."""
STRING_BYTES = 1_000_000
"""Longest string; a longer one has lost its end."""
COST_BYTES = 64
"""Bytes of a string that cost as much as a token."""

_TOKEN = re.compile(
    rb"(?:[\0\t\n\f\r ]++|%[^\r\n]*+)*+"
    rb"(?:/([^\0\t\n\f\r ()<>\[\]{}/%]*+)|(<<|>>|[\[\]])|(\()|<([^<>]*+)>?|([^\0\t\n\f\r ()<>\[\]{}/%]++)|[{})>]++)"
)
_ESCAPED_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")
_PARENTHESES = re.compile(rb"[()\\]")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|[\r\n])|(.))|\r\n?", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_NOT_HEX = bytes(sorted(set(range(256)) - set(b"0123456789abcdefABCDEF")))
_NUMBER = re.compile(rb"[+-]?(?:\d{1,18}\.?\d{0,18}|\.\d{1,18})")
_WORDS: dict[bytes, Any] = {b"true": True, b"false": False, b"null": None}
_ENDS = (b"endobj", b"obj", b"stream", b"endstream", b"xref", b"startxref", b"trailer")


class Name(str):
    """A name without its slash, ``#xx`` undone."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to an indirect object."""

    number: int
    generation: int = 0


Value = Any
"""None, bool, int, float, bytes (a string), Name, Ref, list or dict[str, Value]."""


class Reader:
    """Reads values out of bytes; its budget is shared by everything that one file contains."""

    def __init__(self) -> None:
        self.budget = TOKENS

    def value(self, data: bytes, at: int) -> tuple[Value, int]:
        """Give the value that starts at an offset and where it ends.

        What is missing at the end is taken as closed; a number is given as it stands (``1 0 R`` as a reference).

        Raises:
            LimitError: the file has more tokens than ``TOKENS``.
            MalformedError: nested deeper than ``DEPTH``, or no value there.
        """
        stack: list[tuple[bytes, list[Value]]] = []
        top: list[Value] = []
        while True:
            self.budget -= 1
            if self.budget < 0:
                raise LimitError("steps", TOKENS)
            match = _TOKEN.match(data, at)
            if match is None:
                return _closed(stack, top), len(data)
            name, mark, literal, hexa, word = match.groups()
            start, at = at, match.end()
            value: Any
            if mark in (b"<<", b"["):
                if len(stack) >= DEPTH:
                    raise MalformedError("objects nested too deeply", start)
                stack.append((mark, top))
                top = []
                continue
            if mark is not None:
                if not stack:
                    return None, at
                kind, inner = stack.pop()
                value = _dictionary(top) if kind == b"<<" else top
                top = inner
            elif word is not None:
                if word in _ENDS:
                    return _closed(stack, top), match.start(5)
                if word == b"R" and len(top) >= 2 and isinstance(top[-1], int) and isinstance(top[-2], int):
                    generation, number = top.pop(), top.pop()
                    value = Ref(number, generation)
                else:
                    value = _word(word)
            elif name is not None:
                value = name_of(name)
            elif literal is not None:
                value, at = self._literal(data, at)
            elif hexa is not None:
                self.spend(len(hexa) // COST_BYTES)
                digits = hexa.translate(None, _NOT_HEX)
                value = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
            else:
                continue
            if stack:
                top.append(value)
            elif isinstance(value, int) and not isinstance(value, bool) and (ref := _REFERENCE.match(data, at)):
                return Ref(value, int(ref[1])), ref.end()
            else:
                return value, at

    def spend(self, count: int) -> None:
        """Take from the budget.

        Raises:
            LimitError: nothing is left of it.
        """
        self.budget -= count
        if self.budget < 0:
            raise LimitError("steps", TOKENS)

    def _literal(self, data: bytes, at: int) -> tuple[bytes, int]:
        """Give a string in parentheses, which may nest, and the offset behind it."""
        start, depth, limit = at, 1, min(len(data), at + STRING_BYTES)
        while depth:
            match = _PARENTHESES.search(data, at, limit)
            self.spend(1)
            if match is None:
                at = limit
                break
            at = match.end()
            if match.group() == b"(":
                depth += 1
            elif match.group() == b")":
                depth -= 1
            else:
                at += 1
        self.spend((at - start) // COST_BYTES)
        raw = data[start : at if depth else at - 1]
        return (_ESCAPE.sub(_unescaped, raw) if b"\\" in raw or b"\r" in raw else raw), at


_REFERENCE = re.compile(rb"[\0\t\n\f\r ]{1,16}(\d{1,5})[\0\t\n\f\r ]{1,16}R(?![A-Za-z0-9])")


def name_of(raw: bytes) -> Name:
    """Give a name without its ``#xx``."""
    if b"#" in raw:
        raw = _ESCAPED_NAME.sub(lambda match: bytes((int(match[1], 16),)), raw)
    return Name(raw[:1_000].decode("latin-1"))


def text_of(raw: bytes) -> str:
    """Decode a text string.

    Source: ISO 32000-2 7.9.2.2: UTF-16 or UTF-8 with a byte order mark, else PDFDocEncoding (near enough cp1252).
    """
    if raw[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return raw.decode("utf-16", "replace")
    if raw[:3] == b"\xef\xbb\xbf":
        return raw[3:].decode("utf-8", "replace")
    return raw.decode("cp1252", "replace")


def _word(word: bytes) -> Value:
    if word in _WORDS:
        return _WORDS[word]
    if not _NUMBER.fullmatch(word):
        return None
    return float(word) if b"." in word else int(word)


def _closed(stack: list[tuple[bytes, list[Value]]], top: list[Value]) -> Value:
    """Close what is still open."""
    value: Value = None
    for kind, inner in reversed(stack):
        value = _dictionary(top) if kind == b"<<" else top
        top = inner
        top.append(value)
    return value


def _dictionary(items: list[Value]) -> dict[str, Value]:
    """Pair keys and values; what stands where a key should be is passed over."""
    found: dict[str, Value] = {}
    at = 0
    while at + 1 < len(items):
        key = items[at]
        if isinstance(key, Name):
            found[str(key)] = items[at + 1]
            at += 2
        else:
            at += 1
    return found


def _unescaped(match: re.Match[bytes]) -> bytes:
    octal, newline, other = match.groups()
    if octal:
        return bytes((int(octal, 8) & 0xFF,))
    if newline:
        return b""
    return _CONTROLS.get(other, other) if other else b"\n"
