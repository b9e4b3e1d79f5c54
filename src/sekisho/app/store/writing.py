"""Events on their way into the store: gathered, written as Parquet, and said to be there input by input."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sekisho.app.store.state import DAY_NS, Segment, State, Stored
from sekisho.app.store.tables import MAX_COLUMNS, OWN, TIME, Packed, unpack
from sekisho.model.event import Logsource

GATHERED_ROWS = 200_000
"""Of all logsources together, from which on they are written: some 100 MB of logs."""
ROW_GROUP = 32_768
OWN_DAY_ROWS = 1_000
"""Of one logsource, from which on a day gets files of its own; fewer share a month's, and fewer still a year's."""
YEARS = range(1990, 2101)
"""Times outside are a broken clock's or an attacker's, and share one folder with what has no time."""
COMPRESSION = "zstd"


@dataclass(slots=True)
class _Open:
    """An input that is being read."""

    tables: list[tuple[Logsource, pa.Table]] = field(default_factory=list)
    rows: int = 0
    segments: list[Segment] = field(default_factory=list)
    """Written already, because it is large; nothing says so yet."""


class Writer:
    """Takes events of several inputs at a time, and closes each with the row that makes it count."""

    def __init__(self, state: State) -> None:
        """Write into a store that is open to write."""
        self.state = state
        self._open: dict[str, _Open] = defaultdict(_Open)
        self._ready: list[Stored] = []
        self._tables: list[tuple[Logsource, pa.Table]] = []
        self._segments: list[Segment] = []
        self._rows = 0

    def take(self, path: str, packed: Iterable[Packed]) -> None:
        """Add events of an input, told by its path."""
        under_way = self._open[path]
        for one in packed:
            made = unpack(one)
            under_way.tables.append((one.logsource, made))
            under_way.rows += made.num_rows
        if under_way.rows >= GATHERED_ROWS:
            under_way.segments += self._written(under_way.tables)
            under_way.tables, under_way.rows = [], 0

    def finish(self, stored: Stored) -> None:
        """Close an input; with others it is said to be there when enough has come together, or at the end."""
        done = self._open.pop(stored.path, None) or _Open()
        self._ready.append(stored)
        self._tables += done.tables
        self._segments += done.segments
        self._rows += done.rows
        if self._rows >= GATHERED_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is gathered of closed inputs, and say so."""
        segments = [*self._segments, *self._written(self._tables)]
        self.state.add(self._ready, segments)
        self._ready, self._tables, self._segments, self._rows = [], [], [], 0

    def _written(self, tables: Iterable[tuple[Logsource, pa.Table]]) -> list[Segment]:
        grouped: dict[Logsource, list[pa.Table]] = defaultdict(list)
        for logsource, made in tables:
            grouped[logsource].append(made)
        return [
            self._segment(logsource, place, rows)
            for logsource, some in grouped.items()
            for joined in _joined(some)
            for place, rows in _by_time(joined)
        ]

    def _segment(self, logsource: Logsource, place: str, rows: pa.Table) -> Segment:
        """Write one file; it is whole on the disk before it has its name."""
        name = f"{folder_of(logsource)}/{place}/{uuid4().hex}.parquet"
        path = self.state.events / name
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            pq.write_table(rows, file, compression=COMPRESSION, row_group_size=ROW_GROUP, write_statistics=[TIME])
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        span = pc.min_max(rows.column(TIME)).as_py()
        return Segment(name, logsource, rows.num_rows, path.stat().st_size, span["min"], span["max"])


def folder_of(logsource: Logsource) -> str:
    """Name the folder of a logsource: its words come from logs, so only plain letters of them go into a path."""
    words = (
        "".join(one if (one.isascii() and one.isalnum()) or one in "_-" else "_" for one in word) for word in logsource
    )
    return ".".join(word[:64] or "any" for word in words)


def _joined(tables: list[pa.Table]) -> Iterator[pa.Table]:
    """Put tables of one logsource together as long as their columns stay within what one table may have."""
    some: list[pa.Table] = []
    names: set[str] = set()
    for one in tables:
        wider = names | set(one.column_names)
        if some and len(wider) > MAX_COLUMNS + len(OWN):
            yield pa.concat_tables(some, promote_options="default")
            some, wider = [], set(one.column_names)
        some.append(one)
        names = wider
    if some:
        yield pa.concat_tables(some, promote_options="default")


def _by_time(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Cut a table into what goes into each folder, in order of time."""
    rows = rows.sort_by(TIME)
    days = pc.divide(rows.column(TIME), DAY_NS)
    counts = pc.value_counts(days).to_pylist()
    per_day = sorted(
        ((one["values"], one["counts"]) for one in counts), key=lambda pair: (pair[0] is None, pair[0] or 0)
    )
    places = _places(per_day)
    at = 0
    for place, count in places:
        yield place, rows.slice(at, count)
        at += count


def _places(per_day: list[tuple[Any, int]]) -> list[tuple[str, int]]:
    """Give folders with the number of rows for each, in the order of the days."""
    years: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for day, count in per_day:
        words = _words(day)
        years[words[0]].append((words[1], words[2], count))
    made: list[tuple[str, int]] = []
    for year, days in years.items():
        if sum(count for *_, count in days) < OWN_DAY_ROWS:
            made.append((year, sum(count for *_, count in days)))
            continue
        months: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for month, one, count in days:
            months[month].append((one, count))
        for month, some in months.items():
            whole = sum(count for _, count in some)
            made += some if whole >= OWN_DAY_ROWS * len(some) else [(month, whole)]
    return made


def _words(day: Any) -> tuple[str, str, str]:
    """Give year, month and day as folder names."""
    if day is not None:
        try:
            date = datetime.fromtimestamp(day * 86_400, UTC)
        except (OverflowError, ValueError, OSError):
            return ("undated",) * 3
        if date.year in YEARS:
            return f"{date:%Y}", f"{date:%Y-%m}", f"{date:%Y-%m-%d}"
    return ("undated",) * 3


def digest_of(path: Path) -> str:
    """Give the SHA-256 of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    from hashlib import file_digest

    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
