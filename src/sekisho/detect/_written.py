"""What rules are written in: mappings that know their lines, and numbers that know how they were written.

Apart from the reading of YAML, which a run with cached rules does not need.
"""

from __future__ import annotations

from typing import Any


class Table(dict[str, Any]):
    """A mapping that knows the line of each of its keys, counted from 1."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        """Start an empty mapping that begins at ``line``."""
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """Give the line of a key, or of the mapping when it has no such key."""
        return self.lines.get(key, self.line)


class Numeral(int):
    """An integer not written as Python would write it (``0x1F``, ``007``): the text counts as well."""

    text: str

    def __new__(cls, value: int, text: str) -> Numeral:
        """Keep how the number was written."""
        self = super().__new__(cls, value)
        self.text = text
        return self


class Real(float):
    """A number with a point or an exponent, and how it was written (``1.10`` may be a version)."""

    text: str

    def __new__(cls, text: str) -> Real:
        """Keep how the number was written."""
        self = super().__new__(cls, text)
        self.text = text
        return self
