"""Tables of text (CSV and its kin): one row a record, Windows events or any other log; plain, gzip or Zstandard."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from io import StringIO
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from sekisho.model.artifact import Artifact
from sekisho.sources import Gap, Row, source
from sekisho.sources._columns import is_time, is_time_name
from sekisho.sources._packed import open_file, peek, unpack, until_break
from sekisho.sources._windows_tables import is_event_viewer, shape_of
from sekisho.sources.json_stream import as_utf8
from sekisho.sources.jsonl import is_windows

DELIMITERS = ",\t;|"
ENCODINGS = ("utf-8", "cp932", "cp1252")
"""Tried in this order: what is no UTF-8 is most often a Japanese export, else a western one."""
HEAD_BYTES = 64 * 1024
SAMPLE_ROWS = 16
MIN_ROWS = 2
MAX_COLUMNS = 4_096
MAX_LINE_BYTES = 4 << 20
"""Longest line, and longest field over several lines; the largest cell a spreadsheet holds is 32,767 characters."""
OVERFLOW = "extra_columns"
"""Where the cells go that a row has beyond its header."""
_NAME = re.compile(r"[\w@$#*%][\w@$#*%.:/()\[\]{} &?+\-]{0,99}")
_PREAMBLE = re.compile(r"#TYPE |sep=.$")
"""First lines that are no header. Source: PowerShell, Export-Csv; Excel, ``sep=``."""


class Layout(NamedTuple):
    """How a table is written."""

    delimiter: str
    names: tuple[str, ...]
    """Each once; a second ``x`` is ``x_2``."""
    header: int
    """Line number of the header, from 1."""
    is_windows: bool
    newline: str = "\n"


def recognise_windows(head: bytes, path: Path) -> bool:
    """Tell a table of Windows events by its column names."""
    layout = layout_of(head)
    return layout is not None and layout.is_windows


def recognise_records(head: bytes, path: Path) -> bool:
    """Tell a table of any other log: a header, rows as long as it, and a column of dates with times."""
    layout = layout_of(head)
    return layout is not None and not layout.is_windows


@lru_cache(maxsize=1)  # each source of this folder asks for the same head
def layout_of(head: bytes) -> Layout | None:
    """Give the layout of a log that is a table, None for anything else."""
    text = b"".join(as_utf8([peek(head)[:HEAD_BYTES]]))
    if not text or text[0] in b"{[<" or b"\0" in text.partition(b"\n")[0]:
        return None
    newline = "\n" if b"\n" in text else "\r"
    lines = decode(text).split(newline)
    if len(text) >= HEAD_BYTES - 2 or len(head) >= HEAD_BYTES:
        lines.pop()  # it may be cut
    at = 0
    while at < len(lines) and (_PREAMBLE.match(lines[at].rstrip("\r")) or not lines[at].strip()):
        at += 1
    for delimiter in sorted(DELIMITERS, key=lambda one: -lines[at].count(one)) if lines[at:] else ():
        if delimiter in lines[at]:
            found = _table(lines[at:], delimiter, at + 1, newline)
            if found:
                return found
    return None


def _table(lines: list[str], delimiter: str, at: int, newline: str) -> Layout | None:
    rows = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
    header = [name.strip() for name in next(readable(rows), [])]
    if not 1 < len(header) <= MAX_COLUMNS or not all(_NAME.fullmatch(name) for name in header if name):
        return None
    if not any(header) or any(map(is_time, header)):
        return None
    sample = [row for row in islice(readable(rows), SAMPLE_ROWS) if row]
    viewer = is_event_viewer(header)
    names = unique(header)
    even = [row for row in sample if len(row) == len(header) + viewer]
    if len(even) < min(MIN_ROWS, len(sample)) or len(even) * 2 < len(sample) or not even:
        return None
    windows = viewer or any(is_windows({n: c for n, c in zip(names, row, strict=False) if c}) for row in even)
    if not windows and (len(even) < MIN_ROWS or not _has_time_column(names, even)):
        return None
    return Layout(delimiter, names, at, windows, newline)


def readable(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Give the rows that the reader takes."""
    while True:
        try:
            yield next(rows)
        except csv.Error:
            continue
        except StopIteration:
            return


def _has_time_column(names: tuple[str, ...], rows: list[list[str]]) -> bool:
    for index, name in enumerate(names):
        cells = [row[index] for row in rows if row[index]]
        if cells and all(map(is_time, cells)) and (is_time_name(name) or not any(map(str.isdigit, cells))):
            return True
    return False


def unique(header: list[str]) -> tuple[str, ...]:
    """Give the names of columns, each once: those without one are numbered, as are those that come again."""
    names: dict[str, None] = {}
    for number, name in enumerate(header, 1):
        name = name or f"column_{number}"
        once, count = name, 1
        while once in names:
            count += 1
            once = f"{name}_{count}"
        names[once] = None
    return tuple(names)


@source("csv-records", recognise=recognise_records, event_class="records")
def read_records(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every row of a table; see :func:`read`."""
    return read(path)


@source("csv-windows", recognise=recognise_windows, event_class="windows")
def read_windows(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every row of a table of Windows events; see :func:`read`."""
    return read(path)


def read(path: Path) -> Iterator[Row | Gap]:
    """Read every row of a table.

    Yields:
        A row per record, in file order; its record is the number of the line it begins in, the header's being 1.
        Empty cells are left out: a table cannot tell them from missing ones, and for a Sigma rule both are null. Cells
        beyond the header stand under ``extra_columns``. A gap for what cannot be read: a line or field that is too
        long, a compressed stream that breaks, an end inside a row.

    Raises:
        SourceError: the file cannot be opened.
    """
    return read_as(path, layout_of)


def read_as(path: Path, find_layout: Callable[[bytes], Layout | None]) -> Iterator[Row | Gap]:
    """Read a table whose layout is told from its first bytes by a function; see :func:`read`."""
    broken: list[str] = []
    with open_file(path) as file:
        yield from read_parts(until_break(unpack(file), broken), find_layout)
    for reason in broken:
        yield Gap("end", reason)


def read_parts(
    parts: Iterator[bytes], find_layout: Callable[[bytes], Layout | None] | None = None
) -> Iterator[Row | Gap]:
    """Give the rows of a table that comes in blocks."""
    parts = as_utf8(parts)
    first = b""
    for part in parts:
        first += part
        if len(first) >= HEAD_BYTES:
            break
    layout = (find_layout or layout_of)(first[:HEAD_BYTES])
    if layout is None:
        yield Gap("1", "no table with a header")
    else:
        yield from _rows(chain([first], parts), layout)


def _rows(parts: Iterable[bytes], layout: Layout) -> Iterator[Row | Gap]:
    csv.field_size_limit(MAX_LINE_BYTES)  # of the whole process, which reads no CSV elsewhere
    long: list[str] = []
    lines = chain.from_iterable(_lines(parts, layout.newline, long))
    for _ in range(layout.header - 1):
        next(lines, "")
    table = csv.reader(lines, delimiter=layout.delimiter)
    next(table, None)
    shape = shape_of(layout.names) if layout.is_windows else None
    names, width = layout.names, len(layout.names)
    skipped, last = layout.header - 1, table.line_num
    short = ""
    while True:
        try:
            for cells in table:
                record, last = str(skipped + last + 1), table.line_num
                if len(cells) == width:
                    fields: dict[str, Any] = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
                    short = ""
                elif cells:
                    fields = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
                    if len(cells) > width:
                        fields[OVERFLOW] = cells[width:]
                    short = record if len(cells) < width else ""
                else:
                    fields = {}
                if long:
                    yield from (Gap(record, long.pop()) for _ in range(len(long)))
                if fields:
                    yield Row(record, fields if shape is None else shape(fields))
        except csv.Error as error:
            first, last = skipped + last + 1, table.line_num
            if "limit" in str(error):
                skipped += _to_closing_quote(lines)
            yield Gap(str(first), f"lines {first} to {skipped + last}: {error}")
        else:
            break
    yield from (Gap(str(skipped + last + 1), reason) for reason in long)
    if short:
        yield Gap(short, "file ends inside a row")


def _to_closing_quote(lines: Iterator[str]) -> int:
    """Pass over the rest of a quoted field; give the number of lines passed."""
    passed = 0
    for line in lines:
        passed += 1
        if line.count('"') % 2:
            break
    return passed


def _lines(parts: Iterable[bytes], newline: str, long: list[str]) -> Iterator[StringIO]:
    """Give stretches of whole lines; a line that is too long becomes an empty one and a note in ``long``."""
    mark = newline.encode()
    held: list[bytes] = []
    size, skipping = 0, False
    for part in parts:
        cut = part.rfind(mark) + 1
        if not cut:
            held.append(part)
            size += len(part)
            if size > MAX_LINE_BYTES:
                held, size, skipping = [], 0, True
            continue
        if skipping:
            long.append(f"line is longer than {MAX_LINE_BYTES >> 20} MiB")
            yield StringIO("\n")
            start = part.find(mark) + 1
        else:
            start = 0
        yield StringIO(_text(b"".join([*held, part[start:cut]]), newline), newline="\n")
        held, size, skipping = [part[cut:]], len(part) - cut, False
    if skipping:
        long.append(f"line is longer than {MAX_LINE_BYTES >> 20} MiB")
    rest = b"".join(held)
    if rest.strip(b"\0"):
        yield StringIO(_text(rest, newline), newline="\n")


def _text(block: bytes, newline: str) -> str:
    text = decode(block)
    return text if newline == "\n" else text.replace(newline, "\n")


def decode(block: bytes) -> str:
    """Give text in the encoding that fits all of it, else line by line; what fits none keeps a mark in its place."""
    for encoding in ENCODINGS[:2]:
        try:
            return block.decode(encoding)
        except UnicodeDecodeError:
            continue
    return "\n".join(map(_decode_line, block.split(b"\n")))


def _decode_line(line: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("utf-8", "replace")
