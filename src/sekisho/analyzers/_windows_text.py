"""Strings, GUIDs and times as Windows structures store them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sekisho.model.errors import MalformedError

FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
# Two full-width letters in a row: one alone is what an accented Western letter and its neighbour look like in cp932.
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uff01-\uff5e]{2}")
_HALF_WIDTH = re.compile(r"[\uff61-\uff9f\ue000-\uf8ff]")


def ansi(raw: bytes) -> str:
    """Give text stored in the writer's own ANSI code page, which no field names.

    Windows-1252 unless the bytes are Japanese beyond doubt: valid cp932, two full-width letters in a row, and no
    half-width katakana, which is how Cyrillic and Chinese bytes read there.
    """
    if raw.isascii():
        return raw.decode("ascii")
    try:
        japanese = raw.decode("cp932")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
    if _JAPANESE.search(japanese) and not _HALF_WIDTH.search(japanese):
        return japanese
    return raw.decode("cp1252", "replace")


def ansi_z(data: bytes, at: int, end: int) -> str:
    """Give the ANSI string at ``at`` up to its NUL or ``end``."""
    stop = data.find(b"\0", at, end)
    return ansi(data[at : end if stop < 0 else stop])


def utf16(raw: bytes) -> str:
    """Give UTF-16LE text; what cannot be decoded becomes U+FFFD."""
    return raw.decode("utf-16-le", "replace")


def utf16_z(data: bytes, at: int, end: int) -> str:
    """Give the UTF-16LE string at ``at`` up to its NUL character or ``end``."""
    return utf16(utf16_z_bytes(data, at, end))


def utf16_z_bytes(data: bytes, at: int, end: int) -> bytes:
    """Give the bytes of the UTF-16 string at ``at`` without its NUL character; linear in their number."""
    end = at + (min(end, len(data)) - at) // 2 * 2
    stop = at
    while True:
        stop = data.find(b"\0\0", stop, end)
        if stop < 0:
            return data[at:end]
        if (stop - at) % 2 == 0:
            return data[at:stop]
        stop += 1


def guid(raw: bytes) -> str:
    """Give a GUID in upper case, as registries and reports spell it."""
    if len(raw) != 16:
        raise MalformedError(f"GUID of {len(raw)} bytes")
    return str(UUID(bytes_le=raw)).upper()


def filetime(ticks: int) -> datetime | None:
    """Give the UTC time of a FILETIME (100 ns since 1601); None for unset or impossible ones."""
    if ticks == 0:
        return None
    try:
        return FILETIME_EPOCH + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return None


def fat_time(value: int) -> datetime | None:
    """Give the UTC time of a FAT date (low word) and time (high word); None for unset or impossible ones.

    Source: MS-DOS date and time, as DosDateTimeToFileTime reads them.
    """
    date, time = value & 0xFFFF, value >> 16
    try:
        return datetime(
            1980 + (date >> 9),
            date >> 5 & 15,
            date & 31,
            time >> 11,
            time >> 5 & 63,
            (time & 31) * 2,
            tzinfo=UTC,
        )
    except ValueError:
        return None


def iso(moment: datetime) -> str:
    """Give a time as ISO 8601 to the second."""
    return moment.isoformat(timespec="seconds")
