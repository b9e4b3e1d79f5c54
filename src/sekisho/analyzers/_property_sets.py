"""Property sets of compound files: title, author, times and the rest.

Source: [MS-OLEPS] 2.21 PropertySetStream, 2.20 PropertySet, 2.15 TypedPropertyValue; [MS-OSHARED] 2.3.3.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

from sekisho.analyzers._ovba import codec_of

PROPERTIES = 200  # of one set; Office writes about twenty
TEXT_BYTES = 65_536
_CODE_PAGE = 1
_I2, _I4, _BOOL, _LPSTR, _LPWSTR, _FILETIME = 0x02, 0x03, 0x0B, 0x1E, 0x1F, 0x40
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def read_properties(data: bytes) -> dict[int, str | int]:
    """Give the first set's properties by number; times as ISO 8601 in UTC. What does not parse is left out."""
    if len(data) < 48 or data[:2] != b"\xfe\xff":
        return {}
    at = int.from_bytes(data[44:48], "little")
    try:
        count = struct.unpack_from("<I", data, at + 4)[0]
        places = [struct.unpack_from("<II", data, at + 8 + 8 * index) for index in range(min(count, PROPERTIES))]
    except struct.error:
        return {}
    numbers = dict(places)
    code_page = _value(data, at + numbers[_CODE_PAGE], 1252) if _CODE_PAGE in numbers else 1252
    codec_page = code_page & 0xFFFF if isinstance(code_page, int) else 1252
    found: dict[int, str | int] = {}
    for number, offset in places:
        value = _value(data, at + offset, codec_page)
        if value is not None:
            found[number] = value
    return found


def _value(data: bytes, at: int, code_page: int) -> str | int | None:
    try:
        kind = struct.unpack_from("<I", data, at)[0] & 0xFFFF
        if kind in (_I2, _BOOL):
            return int(struct.unpack_from("<h", data, at + 4)[0])
        if kind == _I4:
            return int(struct.unpack_from("<i", data, at + 4)[0])
        if kind == _FILETIME:
            return _time(struct.unpack_from("<Q", data, at + 4)[0])
        if kind in (_LPSTR, _LPWSTR):
            size = struct.unpack_from("<I", data, at + 4)[0] * (2 if kind == _LPWSTR else 1)
            raw = data[at + 8 : at + 8 + min(size, TEXT_BYTES)]
            codec = "utf-16-le" if kind == _LPWSTR else codec_of(code_page)
            return raw.decode(codec, "replace").rstrip("\0")
    except struct.error:
        pass
    return None


def _time(ticks: int) -> str | None:
    if not 0 < ticks < 2**62:
        return None
    try:
        return (_EPOCH + timedelta(microseconds=ticks // 10)).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return None
