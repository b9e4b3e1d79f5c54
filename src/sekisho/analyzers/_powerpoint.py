"""Storages inside a PowerPoint 97-2003 document stream: VBA projects, embedded objects, controls.

Source: [MS-PPT] 2.3.1 RecordHeader, 2.10.34 ExOleObjStg, 2.10.35 and 2.10.36 (compressed and not).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from sekisho.analyzers._compound import MAGIC
from sekisho.model.limits import DEFAULT

STREAM = "PowerPoint Document"
_EX_OLE_OBJECT = 0x1011
_HEADER = 8
_RECORDS = 20_000  # top-level records read; a record is a slide or an edit


def stored_objects(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Give (offset, compound file) of every stored object, decompressed."""
    at = 0
    for _ in range(_RECORDS):
        if at + _HEADER > len(stream):
            return
        instance = int.from_bytes(stream[at : at + 2], "little") >> 4
        kind = int.from_bytes(stream[at + 2 : at + 4], "little")
        size = int.from_bytes(stream[at + 4 : at + 8], "little")
        body = at + _HEADER
        if kind == _EX_OLE_OBJECT:
            data = _unpacked(stream[body + 4 : body + size]) if instance == 1 else stream[body : body + size]
            if data.startswith(MAGIC):
                yield at, data
        at = body + size


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, DEFAULT.member_bytes)
    except zlib.error:
        return b""
