"""Rows of a stored file that may answer a question: its columns are searched for literals that every answer holds.

All of this is done in C, which lets other threads work meanwhile. It may only err towards yes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sekisho.app.store.state import ANY
from sekisho.app.store.tables import HOST, OWN, REST, SOURCE, TIME, TYPES, USER, field_of
from sekisho.detect.hunting import Witness
from sekisho.model.event import Logsource

ASKED_OWN = (HOST, USER, SOURCE)
"""Columns of the event itself that a question may name."""
# Characters that fold to several, or to plain letters, in a way that the search in columns does not know; a value with
# one of them is always left to the engine. Source: Unicode CaseFolding.txt, status F and T.
ODD_FOLDS = "ß\u0130\u0149\u01f0\u0390\u03b0\u0587\u1e96-\u1e9e\u1f50-\u1ffc\ufb00-\ufb17"
MOST_DISTINCT = 0.5
"""Share of a column that its dictionary takes up, above which it is read as plain texts. Measured on 15,000 rows:
command lines 2.2 ms plain and 5.3 ms by dictionary, paths of programs 1.9 ms and 0.6 ms."""
_UNSAFE = re.compile(r'[\\"\x00-\x1f\x7f]+')
"""What JSON writes in another way; lists lie in columns as JSON."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which events are looked at."""

    logsource: Logsource = ANY
    """Empty words mean any."""
    since_ns: int | None = None
    until_ns: int | None = None
    """Both included."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of one row group that are worth asking about, in their order."""

    rows: pa.Table
    """With the columns that were wanted."""
    numbers: pa.Array | None
    """Their places in the group; None when they are all of it."""


def candidates(
    path: Path, group: int, needs: Sequence[Witness], wanted: Collection[str] | None, where: Where
) -> Candidates:
    """Give the rows of a row group that hold all that is needed, with the wanted columns (None: all).

    Raises:
        OSError, pa.ArrowException: the file cannot be read.
    """
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        mask = _mask(path, file, group, needs, where)
        columns = names if wanted is None else [name for name in names if name in wanted]
        if mask is None:
            return Candidates(file.read_row_group(group, columns), None)
        numbers = pc.indices_nonzero(mask)
        if not len(numbers):
            return Candidates(file.schema_arrow.empty_table().select(columns), numbers)
        return Candidates(file.read_row_group(group, columns).filter(mask), numbers)


def columns_of(fields: Collection[str], names: Sequence[str]) -> list[str]:
    """Give the columns that must be read to know the values of fields, which may differ in case."""
    folded = {one.casefold() for one in fields}
    return [
        name
        for name in names
        if name in (TIME, TYPES, REST)
        or (name in ASKED_OWN and name in folded)
        or (name not in OWN and field_of(name).casefold() in folded)
    ]


def _mask(path: Path, file: pq.ParquetFile, group: int, needs: Sequence[Witness], where: Where) -> pa.Array | None:
    """Tell which rows of a row group are worth asking about; None when all are."""
    names = file.schema_arrow.names
    mask: pa.Array | None = None
    if where.since_ns is not None or where.until_ns is not None:
        times = file.read_row_group(group, [TIME]).column(TIME).combine_chunks()
        if where.since_ns is not None:
            mask = _both(mask, pc.greater_equal(times, where.since_ns))
        if where.until_ns is not None:
            mask = _both(mask, pc.less_equal(times, where.until_ns))
        mask = pc.fill_null(mask, False)
    searched = {name for need in needs for name in _columns(need, names)}
    repeating = sorted(searched & _repeating(file, group))
    with pq.ParquetFile(path, read_dictionary=repeating) as opened:
        for need in needs:
            if mask is not None and not pc.any(mask).as_py():
                return mask
            if all(piece_of(one.text) for one in need):  # else one of the literals cannot be searched for
                mask = _both(mask, holding(opened, group, need, names))
    return mask


def _repeating(file: pq.ParquetFile, group: int) -> set[str]:
    """Give the columns of few distinct values, told by the size of their dictionaries."""
    found: set[str] = set()
    chunks = file.metadata.row_group(group)
    for at, name in enumerate(file.schema_arrow.names):
        chunk = chunks.column(at)
        if name != TIME and chunk.has_dictionary_page:
            size = chunk.data_page_offset - chunk.dictionary_page_offset
            if 0 <= size <= MOST_DISTINCT * chunk.total_compressed_size or size < 1024:
                found.add(name)
    return found


def holding(file: pq.ParquetFile, group: int, need: Witness, names: Sequence[str]) -> pa.Array:
    """Tell which rows hold one of the literals."""
    per_column: dict[str, list[str]] = {}
    for one in need:
        for name in _columns((one,), names):
            per_column.setdefault(name, []).append(piece_of(one.text))
    found = pa.array([False] * file.metadata.row_group(group).num_rows)
    rows = file.read_row_group(group, list(per_column))
    for name, pieces in per_column.items():
        has = _has(rows.column(name), list(dict.fromkeys(pieces)))
        if has is not None:
            found = pc.or_(found, has)
    return found


def _has(column: pa.ChunkedArray, pieces: Sequence[str]) -> pa.Array | None:
    """Tell which rows of a column hold one of the texts, asking once for each distinct value; None when none does."""
    pattern = f"(?is){'|'.join(map(re.escape, pieces))}|[{ODD_FOLDS}]"
    made, some = [], False
    for chunk in column.chunks:
        repeats = pa.types.is_dictionary(chunk.type)
        texts = chunk.dictionary if repeats else chunk
        if not _worth(texts, pieces):
            made.append(pa.array([False] * len(chunk), pa.bool_()))
            continue
        some = True
        known = pc.match_substring_regex(texts, pattern)
        made.append(pc.fill_null(pc.take(known, chunk.indices) if repeats else known, False))
    return pa.concat_arrays(made) if some else None


def _worth(texts: pa.Array, pieces: Sequence[str]) -> bool:
    """Tell whether one of the texts may stand in an array: its bytes are searched as one where they are all ASCII."""
    data = texts.buffers()[2]
    if data is None:
        return False
    whole = data.to_pybytes()
    if not whole.isascii():
        return True
    whole = whole.lower()
    return any(piece.encode() in whole for piece in pieces)


def _columns(need: Witness, names: Sequence[str]) -> Iterator[str]:
    """Give the columns in which a literal of the need may stand."""
    fields = {one.field.casefold() for one in need}
    anywhere = "" in fields
    for name in names:
        if name == REST:
            yield name
        elif name in ASKED_OWN:
            if name in fields or (anywhere and name != SOURCE):
                yield name
        elif name not in OWN and (anywhere or field_of(name).casefold() in fields):
            yield name


def piece_of(text: str) -> str:
    """Give what of a literal can be searched for, empty when nothing."""
    return max(_UNSAFE.split(text), key=len)


def _both(one: pa.Array | None, other: pa.Array) -> pa.Array:
    return other if one is None else pc.and_(one, other)
