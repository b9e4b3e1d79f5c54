"""Compound files (OLE2) through olefile, its many errors made into one.

Source: [MS-CFB].
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

import olefile

from sekisho.model.errors import MalformedError
from sekisho.model.limits import DEFAULT

MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
ENTRIES = 10_000
"""Directory entries listed; a workbook of Excel's own largest size has some hundreds."""
DEPTH = 64
"""Storages in storages that are followed; in a directory that runs in a circle there is no end of them."""
STORAGE, STREAM = 1, 2
_TABLES, _TABLES_AT = Struct("<I24xI"), 44
_SHIFT_AT, _SHIFTS = 30, range(7, 13)
"""Sectors are 2 to the power of this large; 9 and 12 are the only ones that anybody writes."""

Path = tuple[str, ...]

_ERRORS = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)
"""What olefile 0.47 raises on damaged files besides its own OSError (3,000 mutated fixtures)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream or storage."""

    path: Path
    is_stream: bool
    size_bytes: int
    clsid: str
    """Upper case with dashes, empty when zero."""


class Compound:
    """An open compound file."""

    def __init__(self, data: bytes) -> None:
        """Read the directory.

        Raises:
            MalformedError: it is not a compound file, or its directory cannot be read.
        """
        _check(data)
        self._bytes = len(data)
        try:
            self._file = olefile.OleFileIO(io.BytesIO(data))
            self.entries = {entry.path: entry for entry in self._walk()}
        except _ERRORS as error:
            raise MalformedError(f"compound file: {error}"[:200]) from error
        self._folded = {tuple(part.lower() for part in path): path for path in self.entries}

    def _walk(self) -> Iterator[Entry]:
        root = self._file.root
        root.size = min(root.size, self._bytes)  # olefile follows a chain of sectors for as long as the size says
        yield Entry((), False, 0, root.clsid or "")
        pending = [(root, ())]
        seen = 0
        while pending:
            storage, path = pending.pop()
            for child in storage.kids:
                seen += 1
                if seen > ENTRIES:
                    return
                here: Path = (*path, child.name)
                child.size = min(child.size, self._bytes)
                if child.entry_type == STREAM:
                    yield Entry(here, True, child.size, "")
                elif child.entry_type == STORAGE:
                    yield Entry(here, False, 0, child.clsid or "")
                    if len(here) < DEPTH:
                        pending.append((child, here))  # type: ignore[arg-type]

    def find(self, *path: str) -> Path | None:
        """Give the path as spelled in the file, compared without case, None when absent."""
        return self._folded.get(tuple(part.lower() for part in path))

    def read(self, *path: str) -> bytes:
        """Give a stream's bytes, as many as there are; empty when it is absent or unreadable.

        Raises:
            MalformedError: its chain of sectors is broken.
        """
        found = self.find(*path)
        if found is None or not self.entries[found].is_stream:
            return b""
        try:
            data: bytes = self._file.openstream(list(found)).read(DEFAULT.member_bytes)
        except _ERRORS as error:
            raise MalformedError(f"stream {'/'.join(found)}: {error}"[:200]) from error
        return data

    def try_read(self, *path: str) -> bytes:
        """Give a stream's bytes, empty when it is absent or broken."""
        try:
            return self.read(*path)
        except MalformedError:
            return b""

    def streams(self, under: Path = ()) -> Iterator[Entry]:
        """Give the streams that lie directly in a storage."""
        depth = len(under)
        for path, entry in self.entries.items():
            if entry.is_stream and len(path) == depth + 1 and path[:depth] == under:
                yield entry

    def problems(self) -> list[str]:
        """Give what olefile found odd while reading."""
        return [str(message) for _, message in getattr(self._file, "parsing_issues", [])]


def _check(data: bytes) -> None:
    """See that a header is one that olefile can follow in bounded memory.

    Raises:
        MalformedError: its sectors have a size that there is none of, or its tables are larger than the file.

    Source: [MS-CFB] 2.2.
    """
    if len(data) < _TABLES_AT + _TABLES.size:
        return  # olefile says what is missing
    shift = int.from_bytes(data[_SHIFT_AT : _SHIFT_AT + 2], "little")
    if shift not in _SHIFTS:
        raise MalformedError(f"compound file: sectors of 2 to the power of {shift} bytes", _SHIFT_AT)
    sectors = (len(data) >> shift) + 1
    if max(_TABLES.unpack_from(data, _TABLES_AT)) > sectors:
        raise MalformedError("compound file: its tables are larger than the file", _TABLES_AT)
