"""The database inside a Windows Installer file: stream names, the pool of strings, and rows of its tables.

Source: Microsoft, "Installer Database Reference"; the storage form as Wine's msi library documents it in its own
words and as files show it (names in base 64 beyond U+3800, columns one after the other, integers with an offset).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sekisho.analyzers._compound import Compound, Path
from sekisho.analyzers._ovba import codec_of
from sekisho.model.errors import LimitError, MalformedError

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
_PAIR, _SINGLE, _TABLE = 0x3800, 0x4800, 0x4840
_IS_STRING, _IS_NULLABLE, _IS_BINARY = 0x0800, 0x1000, 0x0900
STRINGS, ROWS, COLUMNS = 500_000, 20_000, 64
_CATALOGUE = (("Table", _IS_STRING), ("Number", 2), ("Name", _IS_STRING), ("Type", 2))
Row = dict[str, str | int]


def stream_name(packed: str) -> str:
    """Give the name that a stream of an installer has unpacked; tables begin with ``!``."""
    out = []
    for letter in packed:
        code = ord(letter)
        if code == _TABLE:
            out.append("!")
        elif _PAIR <= code < _SINGLE:
            out.append(_LETTERS[code - _PAIR & 0x3F] + _LETTERS[code - _PAIR >> 6 & 0x3F])
        elif _SINGLE <= code < _TABLE:
            out.append(_LETTERS[code - _SINGLE])
        else:
            out.append(letter)
    return "".join(out)


@dataclass(slots=True)
class Database:
    """An open installer."""

    compound: Compound
    streams: dict[str, Path] = field(default_factory=dict)
    """Streams at the top by unpacked name."""
    strings: list[str] = field(default_factory=list)
    reference_bytes: int = 2
    columns: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    flaw: MalformedError | LimitError | None = None

    def rows(self, table: str) -> list[Row]:
        """Give a table's rows, empty when it is absent; one that is cut gives no rows and a flaw."""
        columns = self.columns.get(table, [])
        data = self.stream(f"!{table}")
        if not columns or not data:
            return []
        widths = [self._width(kind) for _, kind in columns]
        count, rest = divmod(len(data), sum(widths))
        if rest:
            self.flaw = self.flaw or MalformedError(f"table {table} is cut", len(data))
        if count > ROWS:
            self.flaw = LimitError("steps", ROWS)
        found: list[Row] = [{} for _ in range(min(count, ROWS))]
        start = 0
        for (name, kind), width in zip(columns, widths, strict=True):
            for index, row in enumerate(found):
                at = start + index * width
                row[name] = self._value(data[at : at + width], kind)
            start += count * width
        return found

    def stream(self, name: str) -> bytes:
        """Give the bytes of a stream, empty with a flaw when its sectors are broken."""
        try:
            return self.compound.read(*self.streams[name]) if name in self.streams else b""
        except MalformedError as error:
            self.flaw = self.flaw or error
            return b""

    def _width(self, kind: int) -> int:
        if kind & ~_IS_NULLABLE & 0xFFF == _IS_BINARY:
            return 2
        if kind & _IS_STRING:
            return self.reference_bytes
        return 4 if kind & 0xFF == 4 else 2

    def _value(self, raw: bytes, kind: int) -> str | int:
        number = int.from_bytes(raw, "little")
        if kind & ~_IS_NULLABLE & 0xFFF != _IS_BINARY and kind & _IS_STRING:
            return self.strings[number] if number < len(self.strings) else ""
        return number - (1 << 8 * len(raw) - 1) if number else 0


def open_database(data: bytes) -> Database:
    """Read the strings and the columns of all tables.

    Raises:
        MalformedError: it is no compound file.
    """
    compound = Compound(data)
    database = Database(compound)
    for path, entry in compound.entries.items():
        if entry.is_stream and len(path) == 1:
            database.streams.setdefault(stream_name(path[0]), path)
    _read_strings(database)
    database.columns["_Columns"] = list(_CATALOGUE)
    for row in database.rows("_Columns"):
        table = str(row["Table"])
        if len(database.columns.setdefault(table, [])) < COLUMNS and table != "_Columns":
            database.columns[table].append((str(row["Name"]), int(row["Type"]) & 0xFFFF))
    return database


def _read_strings(database: Database) -> None:
    pool, data = database.stream("!_StringPool"), database.stream("!_StringData")
    head = int.from_bytes(pool[:4], "little")
    database.reference_bytes = 3 if head >> 31 else 2
    page = head & 0x7FFFFFFF
    codec = "utf-8" if page in (0, 65001) else codec_of(page)
    database.strings = [""]
    at, start = 4, 0
    while at + 4 <= len(pool):
        length, used = int.from_bytes(pool[at : at + 2], "little"), int.from_bytes(pool[at + 2 : at + 4], "little")
        at += 4
        if not length and used:  # too long for two bytes: the next entry is the length
            length = int.from_bytes(pool[at : at + 4], "little")
            at += 4
        database.strings.append(data[start : start + length].decode(codec, "replace"))
        start += length
        if len(database.strings) > STRINGS:
            database.flaw = LimitError("steps", STRINGS)
            return
