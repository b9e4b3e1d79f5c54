"""Text logs of servers: rows in any order, a file in the order of time, and which lines show a planted step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sekisho.app.lab.planted import Planted


@dataclass(frozen=True, slots=True)
class _Line:
    at: datetime
    text: str
    key: str


class TextLog:
    """One log file of a case."""

    def __init__(self, path: str, layer: str, head: tuple[str, ...] = (), *, newline: str = "\r\n") -> None:
        """Begin a log.

        Args:
            path: below the evidence folder.
            layer: of the steps that its lines show.
            head: lines above the first row.
            newline: Windows servers write both characters.
        """
        self.path, self.layer = path, layer
        self._head, self._newline = head, newline
        self._lines: list[_Line] = []

    def add(self, at: datetime, text: str, key: str = "") -> None:
        """Add a row; a key counts it as a planted step."""
        self._lines.append(_Line(at, text, key))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._lines)

    def data(self) -> bytes:
        """Give the file."""
        rows = (*self._head, *(line.text for line in self._ordered()))
        return (self._newline.join(rows) + self._newline).encode()

    def planted(self) -> list[Planted]:
        """Give the planted steps by line number of the file."""
        rows = enumerate(self._ordered(), len(self._head) + 1)
        return [Planted(row.key, self.layer, f"evidence/{self.path}", str(line)) for line, row in rows if row.key]

    def _ordered(self) -> list[_Line]:
        return sorted(self._lines, key=lambda line: line.at)
