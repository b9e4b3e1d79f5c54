"""Serialised property storage: the typed values that Explorer keeps beside an item.

Source: [MS-PROPSTORE] 2.2 serialized property store, 2.3 storage, 2.3.1 values; [MS-OLEPS] 2.15 typed property value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._windows_text import ansi, filetime, guid, iso, utf16
from sekisho.model.errors import MalformedError

STORAGE_VERSION = 0x53505331  # "1SPS"
NAMED_FORMAT = "D5CDD505-2E9C-101B-9397-08002B2CF9AE"  # values carry a name in place of a number
INTEGERS = {
    0x02: ("VT_I2", 2, True),
    0x03: ("VT_I4", 4, True),
    0x0B: ("VT_BOOL", 2, False),
    0x10: ("VT_I1", 1, True),
    0x11: ("VT_UI1", 1, False),
    0x12: ("VT_UI2", 2, False),
    0x13: ("VT_UI4", 4, False),
    0x14: ("VT_I8", 8, True),
    0x15: ("VT_UI8", 8, False),
    0x16: ("VT_INT", 4, True),
    0x17: ("VT_UINT", 4, False),
}
VT_LPSTR, VT_LPWSTR, VT_FILETIME, VT_CLSID = 0x1E, 0x1F, 0x40, 0x48
OTHERS = {
    0x00: "VT_EMPTY",
    0x08: "VT_BSTR",
    0x1E: "VT_LPSTR",
    0x1F: "VT_LPWSTR",
    0x40: "VT_FILETIME",
    0x41: "VT_BLOB",
    0x42: "VT_STREAM",
    0x48: "VT_CLSID",
}


@dataclass(frozen=True, slots=True)
class Property:
    """One value of a property store."""

    format_id: str
    """GUID of the property set, upper case."""
    id: int
    """Number in the set; 0 for a named one."""
    name: str
    """Set only in the format of named values."""
    type: str
    """``VT_LPWSTR``; ``VT_0x1011`` for one without a name here."""
    value: str | int | None
    """None for a type that is not read."""
    at: int


def read_properties(data: bytes, at: int, end: int) -> Iterator[Property]:
    """Give the properties of a store lying between two offsets.

    Raises:
        MalformedError: a size or version is impossible; what was read before stands.
    """
    store = Cursor(data, at, end)
    while store.left >= 4:
        start = store.at
        size = store.uint(4, "property storage size")
        if size == 0:
            return
        if size < 24 or start + size > store.end:
            raise MalformedError(f"property storage of {size} bytes in {store.end - start}", start)
        if store.uint(4) != STORAGE_VERSION:
            raise MalformedError("property storage without its version", start + 4)
        yield from _values(data, store.at, start + size)
        store.at = start + size


def _values(data: bytes, at: int, end: int) -> Iterator[Property]:
    storage = Cursor(data, at, end)
    format_id = guid(storage.take(16, "property format"))
    while storage.left >= 4:
        start = storage.at
        size = storage.uint(4, "property size")
        if size == 0:
            return
        if size < 9 or start + size > storage.end:
            raise MalformedError(f"property of {size} bytes in {storage.end - start}", start)
        yield _property(format_id, Cursor(data, storage.at, start + size), start)
        storage.at = start + size


def _property(format_id: str, cursor: Cursor, at: int) -> Property:
    number, name = cursor.uint(4), ""
    cursor.take(1)  # reserved
    if format_id == NAMED_FORMAT:
        number, name = 0, utf16(cursor.take(number, "property name")).rstrip("\0")
    kind = cursor.uint(2, "property type")
    cursor.take(2, "property type")
    label = INTEGERS[kind][0] if kind in INTEGERS else OTHERS.get(kind, f"VT_0x{kind:04X}")
    return Property(format_id, number, name, label, _typed(kind, cursor), at)


def _typed(kind: int, cursor: Cursor) -> str | int | None:
    if kind in INTEGERS:
        _, width, signed = INTEGERS[kind]
        return cursor.sint(width) if signed else cursor.uint(width)
    if kind == VT_LPWSTR:
        return utf16(cursor.take(cursor.uint(4) * 2, "property text")).rstrip("\0")
    if kind == VT_LPSTR:
        return ansi(cursor.take(cursor.uint(4), "property text")).rstrip("\0")
    if kind == VT_FILETIME:
        moment = filetime(cursor.uint(8))
        return iso(moment) if moment else None
    if kind == VT_CLSID:
        return guid(cursor.take(16, "property class"))
    return None
