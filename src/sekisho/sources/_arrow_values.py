"""Arrow columns of any type to columns of plain values: text, numbers, booleans, None, and lists of these.

Everything that Arrow can cast is cast in C; what is left for Python is to take the values out. Imported only where a
Parquet file is read, because pyarrow is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
import pyarrow.types as kinds

Column = tuple[str, Sequence[Any], bool]
"""Dotted name, values, and whether these are maps: lists of (key, value)."""
MAX_DEPTH = 16
TOO_DEEP = "(nested too deep)"


def columns(batch: pa.RecordBatch) -> Iterator[Column]:
    """Give every column that holds values, those inside structs under dotted names; equal names get ``_2`` and on."""
    seen: dict[str, int] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        for inner, values, is_map in _column(name, column, 0):
            seen[inner] = seen.get(inner, 0) + 1
            yield (inner if seen[inner] == 1 else f"{inner}_{seen[inner]}"), values, is_map


def _column(name: str, column: pa.Array, depth: int) -> Iterator[Column]:
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        column, kind = column.storage, column.storage.type
    if kinds.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if kinds.is_null(kind):
        return
    if depth > MAX_DEPTH and kinds.is_nested(kind):
        yield name, [TOO_DEEP] * len(column), False
    elif kinds.is_struct(kind):
        for child, values in zip(kind, column.flatten(), strict=True):
            yield from _column(f"{name}.{child.name}", values, depth + 1)
    elif kinds.is_map(kind):
        yield name, _pairs(column, depth), True
    elif kinds.is_nested(kind):
        yield from _lists(name, column, depth)
    else:
        yield name, _plain(column), False


def _lists(name: str, column: pa.Array, depth: int) -> Iterator[Column]:
    """Give a list of values as lists, a list of structs as one such column for each of their members."""
    if kinds.is_union(column.type):
        yield name, [None if value is None else str(value) for value in column.to_pylist()], False
        return
    lengths = pc.list_value_length(column).to_pylist()
    for inner, values, is_map in _column(name, column.flatten(), depth + 1):
        taken = iter(values)
        yield inner, [None if count is None else _take(taken, count, is_map) for count in lengths], False


def _take(values: Iterator[Any], count: int, is_map: bool) -> list[Any] | None:
    """Give the next so many values as one flat list without nulls; None for an empty one."""
    found: list[Any] = []
    for _ in range(count):
        value = next(values)
        if is_map:
            found += [f"{key}={one}" for key, one in value or ()]
        elif isinstance(value, list):
            found += value
        elif value is not None:
            found.append(value)
    return found or None


def _pairs(column: pa.MapArray, depth: int) -> list[Any]:
    entries = pa.struct([("key", column.type.key_type), ("value", column.type.item_type)])
    listed = column.cast(pa.list_(entries))
    lengths = listed.value_lengths().to_pylist()
    keys, values = listed.flatten().flatten()
    names = next((found for _, found, _ in _column("key", keys, depth + 1)), [])
    several = [(inner, found) for inner, found, _ in _column("", values, depth + 1)]
    given: list[Any] = []
    at = 0
    for count in lengths:
        span = range(at, at + (count or 0))
        given.append([(f"{names[index]}{inner}", found[index]) for index in span for inner, found in several])
        at += count or 0
    return given


def _plain(column: pa.Array) -> Sequence[Any]:
    """Give the values of a column that is not nested."""
    kind = column.type
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kind == pa.string_view():
        return _texts(column)
    if kinds.is_integer(kind) or kinds.is_boolean(kind):
        return _values(column)
    if kinds.is_floating(kind):
        return [_number(value) for value in column.to_pylist()]
    if kinds.is_timestamp(kind):
        return _times(column)
    if kinds.is_duration(kind):
        return _values(column.cast(pa.int64()))
    if kinds.is_decimal(kind) or kinds.is_temporal(kind):
        return _or_each(lambda: column.cast(pa.string()).to_pylist(), column)
    return _texts(column)


def _values(column: pa.Array) -> Sequence[Any]:
    values: Sequence[Any] = column.to_pylist()
    return values


def _times(column: pa.Array) -> Sequence[Any]:
    """Give ISO 8601 text to the unit that the file has, with ``Z`` where the file says that it is UTC."""
    zone = column.type.tz
    naive = column.cast(pa.timestamp(column.type.unit))
    texts = _values(naive.cast(pa.string()))
    return [None if text is None else f"{text}Z" for text in texts] if zone else texts


def _number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def _texts(column: pa.Array) -> Sequence[Any]:
    """Give text; bytes that are no UTF-8 as hexadecimal."""
    if kinds.is_string(column.type) or kinds.is_large_string(column.type) or column.type == pa.string_view():
        try:
            return _values(column)
        except UnicodeDecodeError:
            column = column.cast(pa.large_binary())
    return [_text(value) for value in column.to_pylist()]


def _text(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value if value is None or isinstance(value, (str, int, float)) else str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def _or_each(cast: Callable[[], Sequence[Any]], column: pa.Array) -> Sequence[Any]:
    """Cast a column whole, or take its values one by one where Arrow has no such cast."""
    try:
        return cast()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return [None if value is None else str(value) for value in column.to_pylist()]
