"""Logs that name their columns in a comment: W3C extended logs (IIS, proxies, CDNs), Exchange's own logs, and Zeek.

Source: W3C Working Draft WD-logfile-960323 (directives and fields); Microsoft Learn, "W3C Logging" (IIS) and "Message
tracking" (``#Log-type``); Zeek, "Log Formats" (``#separator`` to ``#types``).
"""

from __future__ import annotations

import csv
import mmap
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sekisho.model.artifact import Artifact
from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, Span, source
from sekisho.sources._packed import open_file, peek, unpack, until_break
from sekisho.sources.json_stream import as_utf8, line_spans, stretch

MAX_LINE_CHARS = 4 << 20
MAX_QUOTED_LINES = 1_000
"""Lines that one quoted row may span."""
MAX_COLUMNS = 2_048
HEAD_BYTES = 1 << 16
HEAD_LINES = 60
"""Lines that the directive with the names is looked for in; Exchange writes six before the first row."""
LOG_TYPE, PATH = "_log_type", "_path"
"""Fields that the header gives to each row: Exchange's kind of log, and Zeek's name of it as in its JSON logs."""
IIS_FIELDS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status "
    "sc-substatus sc-win32-status time-taken"
)
"""What IIS writes unless told otherwise. Source: Microsoft Learn, "Configure Logging in IIS" (W3C fields, defaults)."""
_IIS_ROW = re.compile(
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [\da-fA-F.:%]+ [A-Z_-]{1,32} /\S* \S+ \d{1,5} \S+ "
    rb"[\da-fA-F.:%]+ \S+ \S+ \d{3} \d+ \d+ \d+\r?"
)
"""A row of it, for files that were cut and have lost the lines above."""
_FIELDS = re.compile(rb"#fields[:\t]", re.IGNORECASE)
_WORDS = re.compile(r'"((?:[^"]|"")*)"|(\S+)')
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")
_WHOLE_NUMBERS = frozenset({"count", "int", "port"})
_FRACTIONS = frozenset({"double", "interval", "time"})
_MANY = re.compile(r"(?:set|vector)\[(\w+)\]")


def recognise(head: bytes, path: Path) -> bool:
    """Tell by a directive that names columns, among the first lines and before anything but directives.

    A log of IIS that was cut and has lost them is told by a row, where IIS was left as it comes.
    """
    text = b"".join(as_utf8([peek(head)]))
    lines = text.splitlines()[:HEAD_LINES]
    if any(map(_IIS_ROW.fullmatch, lines[:2])):
        return True
    for number, line in enumerate(lines):
        if _FIELDS.match(line):
            return True
        if line[:1] != b"#" and not (number == 0 and b"," in line) and line.strip():
            return False  # Exchange 2013 and later write the names once more, above all directives
    return False


@dataclass(slots=True)
class _Layout:
    """What the directives read so far say about the rows below them."""

    delimiter: str = " "
    names: tuple[str, ...] = ()
    given: dict[str, str] = field(default_factory=dict)
    unset: str = "-"
    empty: str = ""
    between: str = ","
    types: tuple[str, ...] = ()

    def take(self, line: str) -> str:
        """Read one directive; gives what is wrong with it, empty when nothing is."""
        if line[:6] == "#types" and self.delimiter in line:
            self.types = tuple(line.split(self.delimiter)[1:])
            return ""
        name, value = self._directive(line)
        if name == "fields":
            return self._name(value)
        if name == "separator":
            self.delimiter = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), value)[:1] or "\t"
        elif name == "log-type":
            self.given[LOG_TYPE] = value
        elif name == "path":
            self.given[PATH] = value
        elif name in ("unset_field", "empty_field", "set_separator"):
            setattr(self, {"unset_field": "unset", "empty_field": "empty", "set_separator": "between"}[name], value)
        return ""

    def _directive(self, line: str) -> tuple[str, str]:
        body = line[1:]
        found = re.match(r"([\w-]{1,40})(?::|[\t ])", body) or re.match(r"([\w-]{1,40})", body)
        if not found:
            return "", ""
        value = body[found.end() :]
        return found[1].lower(), value[1:] if value[:1] == self.delimiter != "," else value.strip()

    def _name(self, value: str) -> str:
        if self.delimiter == "\t":
            names = value.split("\t")
        else:
            self.delimiter = "," if "," in value and " " not in value.strip().replace(", ", ",") else " "
            self.unset = "-" if self.delimiter == " " else ""
            names = value.replace(",", " ").split()
        self.types = ()
        if not names or len(names) > MAX_COLUMNS:
            return f"the directive names {len(names)} columns"
        self.names = tuple(names)
        return ""

    def row(self, cells: list[str]) -> dict[str, Any] | None:
        """Give the fields of a row, None when it has not as many cells as there are columns."""
        if len(cells) != len(self.names):
            return None
        if self.types:
            return {**self.given, **self._typed(cells)}
        unset = self.unset
        return {**self.given, **{n: c for n, c in zip(self.names, cells, strict=True) if c and c != unset}}

    def _typed(self, cells: list[str]) -> dict[str, Any]:
        kinds = (*self.types, *("string",) * (len(cells) - len(self.types)))
        return {
            name: self._value(cell, kind)
            for name, cell, kind in zip(self.names, cells, kinds, strict=False)
            if cell != self.unset
        }

    def _value(self, cell: str, kind: str) -> Any:
        if many := _MANY.fullmatch(kind):
            return [] if cell == self.empty else [self._value(one, many[1]) for one in cell.split(self.between)]
        try:
            if kind in _WHOLE_NUMBERS:
                return int(cell)
            if kind in _FRACTIONS:
                return float(cell)
        except ValueError:
            return cell
        if kind == "bool":
            return {"T": True, "F": False}.get(cell, cell)
        if cell == self.empty:
            return ""
        return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), cell) if "\\x" in cell else cell


def split(path: Path, size: int) -> Iterator[Span]:
    """Cut a plain file whose rows are lines into spans; nothing for one that commas part, where quotes hold lines."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            layout = _heading(head)
            if next(as_utf8([head]), b"") == head and layout.names and layout.delimiter != ",":
                yield from line_spans(file, size)
    except OSError:
        return  # reading it as a whole says why


def read_span(path: Path, span: Span) -> Iterator[Row | Gap]:
    """Read one stretch of a file, by the directives that stand above it.

    Raises:
        SourceError: the file cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(error.strerror or "cannot be opened", str(path)) from error
    with file:
        layout = _above(file, span.start) if span.start else _Layout()
        file.seek(span.start)
        lines = _lines(stretch(file, span.end - span.start))
        yield from _rows(((number + span.first - 1, line) for number, line in lines), layout)


def _heading(head: bytes) -> _Layout:
    """Read the directives that a text begins with."""
    layout = _Layout()
    for line in head.split(b"\n")[:HEAD_LINES]:
        if line[:1] == b"#":
            layout.take(_text(line))
    return layout


def _above(file: BinaryIO, start: int) -> _Layout:
    """Give what the directives before an offset say: those at the top, then the last block that names columns."""
    layout = _heading(file.read(HEAD_BYTES))
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        named = max(text.rfind(b"\n" + word, 0, start) for word in (b"#Fields", b"#fields", b"#FIELDS"))
        if named < 0:
            return layout
        at = named + 1
        while (before := text.rfind(b"\n", 0, at - 1) + 1) < at and text[before : before + 1] == b"#":
            at = before
        while at < start and text[at : at + 1] == b"#":
            end = text.find(b"\n", at, start)
            end = start if end < 0 else end
            layout.take(_text(text[at:end]))
            at = end + 1
    return layout


@source("extended", recognise=recognise, event_class="records", split=split, read_span=read_span)
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every row of a log whose columns stand in a directive.

    Yields:
        A row per line, in file order, under the log's own column names; its record is the line number. Values that
        the format marks as missing are left out; Zeek's types become numbers, truth values and lists. Directives in
        the middle (IIS writes them at each start) hold from there on. A gap for each line that has not as many values
        as there are columns, that is too long, or that stands before any directive names columns.

    Raises:
        SourceError: the file cannot be opened.
    """
    broken: list[str] = []
    with open_file(path) as file:
        yield from read_parts(until_break(unpack(file), broken))
    for reason in broken:
        yield Gap("end", reason)


def read_parts(parts: Iterator[bytes]) -> Iterator[Row | Gap]:
    """Give the rows of a log that comes in blocks."""
    return _rows(_lines(as_utf8(parts)))


def _rows(numbered: Iterator[tuple[int, str]], layout: _Layout | None = None) -> Iterator[Row | Gap]:
    layout, lines = layout or _Layout(), _Lines(numbered)
    for number, line in lines:
        if line[:1] == "#":
            if wrong := layout.take(line):
                yield Gap(str(number), wrong)
            continue
        if not line.strip("\0 \t"):
            continue  # IIS reserves room that it has not written to
        if len(line) > MAX_LINE_CHARS:
            yield Gap(str(number), f"line is longer than {MAX_LINE_CHARS >> 20} Mi characters")
            continue
        if not layout.names and _IIS_ROW.fullmatch(line.encode("utf-8", "replace")):
            layout.take(f"#Fields: {IIS_FIELDS}")
        if not layout.names:
            if number > 1 or "," not in line:
                yield Gap(str(number), "stands before any #Fields")
            continue
        fields = layout.row(_cells(line, layout, lines))
        yield (
            Gap(str(number), f"not as many values as the {len(layout.names)} columns")
            if fields is None
            else Row(str(number), fields)
        )


class _Lines:
    """Lines that can be given back, so that a quote without an end costs its own line and none after it."""

    def __init__(self, numbered: Iterator[tuple[int, str]]) -> None:
        self._numbered = numbered
        self._back: deque[tuple[int, str]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        return self._back.popleft() if self._back else next(self._numbered)

    def give_back(self, lines: list[tuple[int, str]]) -> None:
        """Have these lines read next."""
        self._back.extendleft(reversed(lines))


def _cells(line: str, layout: _Layout, lines: _Lines) -> list[str]:
    """Give the values of a row; where commas part them, quotes may hold commas and line breaks."""
    if layout.delimiter == ",":
        return _separated(line, lines) if '"' in line else line.split(",")
    cells = line.split(layout.delimiter)
    if len(cells) == len(layout.names) or layout.delimiter != " ":
        return cells
    if "\t" in line:
        return line.split("\t")
    return [quoted or plain for quoted, plain in _WORDS.findall(line)]


def _separated(line: str, lines: _Lines) -> list[str]:
    """Give the values of a row with quotes, and read on while one is open.

    Lines are given back only where the whole is no row that a program would write. A row with line breaks in quotes
    and a wrong number of values stays one row: its author must not get to make up others, or directives.
    """
    held: list[tuple[int, str]] = []
    chars, odd = len(line), line.count('"') % 2
    while odd and len(held) < MAX_QUOTED_LINES and chars <= MAX_LINE_CHARS:
        following = next(lines, None)
        if following is None:
            break
        held.append(following)
        chars += len(following[1]) + 1
        odd ^= following[1].count('"') % 2
    if held:
        cells = [] if odd else _parsed("\n".join([line, *(text for _, text in held)]), strict=True)
        if cells:
            return cells
        lines.give_back(held)
    return _parsed(line)


def _parsed(text: str, *, strict: bool = False) -> list[str]:
    """Give the values of one row, none where it is not well formed."""
    csv.field_size_limit(2 * MAX_LINE_CHARS)
    try:
        return next(csv.reader([text], strict=strict), [])
    except csv.Error:
        return []


def _lines(parts: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Give each line with its number from 1; of one that is too long, what tells that it is."""
    number, held = 0, b""
    for part in parts:
        block = held + part
        cut = block.rfind(b"\n") + 1
        for line in block[:cut].split(b"\n")[:-1]:
            number += 1
            yield number, _text(line)
        held = block[cut:]
        if len(held) > 2 * MAX_LINE_CHARS:  # the rest of the line is cut off, and what is kept is over the limit
            held = held[: 2 * MAX_LINE_CHARS]
    if held:
        yield number + 1, _text(held)


def _text(line: bytes) -> str:
    line = line.removesuffix(b"\r")
    try:
        return line.decode()
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("cp932")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
