"""Parquet files: one row a record; Windows events, OCSF events (Amazon Security Lake) or any other log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sekisho.model.artifact import Artifact
from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, source
from sekisho.sources._columns import OCSF_KEYS
from sekisho.sources._packed import open_file
from sekisho.sources.jsonl import is_windows

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

MAGIC = b"PAR1"
FOOTER_BYTES = 8
"""Length of the metadata and MAGIC again. Source: Apache Parquet format, "File Format"."""
SCHEMA_BYTES = 1 << 20
"""Of the metadata searched for column names; the schema comes before the row groups."""
BUFFER_BYTES = 256 * 1024
"""Read ahead of each column; columns times this is what a file of many columns costs."""
BATCH_ROWS = 4_096
BATCH_BYTES = 16 << 20
"""Aimed at, by what the metadata says a row takes."""
_WINDOWS_NAMES = (
    "EventID", "EventId", "EventCode", "event_id", "Id", "Channel", "LogName", "SourceName", "ProviderName",
    "Provider_Name", "ProviderGuid", "log_name",
)  # fmt: skip
_BROKEN = (ValueError, OSError, RuntimeError, NotImplementedError, TypeError, KeyError, IndexError, MemoryError)
"""What pyarrow's own errors derive from."""


def recognise_windows(head: bytes, path: Path) -> bool:
    """Tell a table of Windows events by its column names."""
    return head.startswith(MAGIC) and _kind(path) == "windows"


def recognise_ocsf(head: bytes, path: Path) -> bool:
    """Tell a table of OCSF events by the columns that each of them has."""
    return head.startswith(MAGIC) and _kind(path) == "ocsf"


def recognise_records(head: bytes, path: Path) -> bool:
    """Tell any other Parquet file, a broken one too."""
    return head.startswith(MAGIC) and _kind(path) == "records"


@lru_cache(maxsize=1)  # three sources ask for the same file
def _kind(path: Path) -> str:
    """Look for column names in the metadata without parsing it: this process is not the one that may break.

    It is the one that jailed workers come from, so what reads the file is imported here: 110 ms and 90 MB that most
    runs are spared, because they meet no such file.
    """
    from sekisho.sources import _arrow_values  # noqa: F401

    schema = _schema_bytes(path)
    if all(_names(schema, name) for name in OCSF_KEYS):
        return "ocsf"
    present = {name: 1 for name in _WINDOWS_NAMES if _names(schema, name)}
    return "windows" if is_windows(present) else "records"


def _names(schema: bytes, name: str) -> bool:
    """Tell whether a string stands in the metadata; before it stands its length (below 128 in one byte)."""
    return bytes([len(name)]) + name.encode() in schema


def _schema_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - FOOTER_BYTES))
            length = int.from_bytes(file.read(4), "little")
            file.seek(max(0, size - FOOTER_BYTES - length))
            return file.read(min(length, SCHEMA_BYTES))
    except OSError:
        return b""


@source("parquet-ocsf", recognise=recognise_ocsf, event_class="ocsf")
def read_ocsf(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every OCSF event; see :func:`read`."""
    return read(path)


@source("parquet-records", recognise=recognise_records, event_class="records")
def read_records(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every row of a log; see :func:`read`."""
    return read(path)


@source("parquet-windows", recognise=recognise_windows, event_class="windows")
def read_windows(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every row of a table of Windows events; see :func:`read`."""
    return read(path)


def read(path: Path) -> Iterator[Row | Gap]:
    """Read every row of a Parquet file.

    Yields:
        A row per record, in file order; its record is the number of the row in the file, from 1. Columns inside
        structs have dotted names, maps give one such name a key, lists of structs lists of values; nulls are left
        out. A gap for each row group that breaks, after the rows before the break.

    Raises:
        SourceError: the file cannot be opened or its metadata cannot be read.
    """
    import pyarrow.parquet as pq

    with open_file(path) as file:
        try:
            table = pq.ParquetFile(file, pre_buffer=False, buffer_size=BUFFER_BYTES)
            sizes = [table.metadata.row_group(group) for group in range(table.num_row_groups)]
            counts = [(group.num_rows, group.total_byte_size) for group in sizes]
        except _BROKEN as error:
            raise SourceError(f"no readable Parquet metadata: {_first_line(error)}", str(path)) from error
        number = 0
        for group, (count, size) in enumerate(counts):
            yield from _group(table, group, number, _batch_rows(count, size))
            number += max(0, count)


def _batch_rows(count: int, size: int) -> int:
    return max(1, min(BATCH_ROWS, BATCH_BYTES * max(1, count) // max(1, size)))


def _group(table: ParquetFile, group: int, number: int, batch_rows: int) -> Iterator[Row | Gap]:
    """Give the rows of one row group; ``number`` rows come before it."""
    first = number
    try:
        for batch in table.iter_batches(batch_rows, row_groups=[group], use_threads=False):
            for fields in _records(batch):
                number += 1
                yield Row(str(number), fields)
    except _BROKEN as error:
        reason = f"row group {group + 1} breaks after {number - first} rows: {_first_line(error)}"
        yield Gap(f"after {number}" if number else "start", reason)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:300] or type(error).__name__


def _records(batch: Any) -> Iterator[dict[str, Any]]:
    """Give the rows of a batch: column by column into Python values, which is five times as fast as row by row."""
    from sekisho.sources._arrow_values import columns

    names: list[str] = []
    values: list[Sequence[Any]] = []
    maps: list[tuple[str, Sequence[Any]]] = []
    for name, column, is_map in columns(batch):
        if is_map:
            maps.append((name, column))
        else:
            names.append(name)
            values.append(column)
    rows = zip(*values, strict=True) if values else iter([()] * batch.num_rows)
    for index, row in enumerate(rows):
        fields = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for name, column in maps:
            for key, value in column[index] or ():
                if value is not None:
                    fields[f"{name}.{key}"] = value
        yield fields
