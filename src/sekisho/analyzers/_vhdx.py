"""VHDX: where the blocks of a virtual disk lie.

Source: [MS-VHDX] 2.2 headers and regions, 2.5 block allocation table, 2.6 metadata.
"""

from __future__ import annotations

import struct
from uuid import UUID

from sekisho.analyzers._disk import Blocks
from sekisho.model.errors import MalformedError

MAGIC = b"vhdxfile"
KIB, MIB = 1 << 10, 1 << 20
REGIONS_AT, HEADERS_AT = (192 * KIB, 256 * KIB), (64 * KIB, 128 * KIB)
TABLE, METADATA = UUID("2dc27766-f623-4200-9d64-115e9bfd4a08"), UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e")
PARAMETERS, DISK_SIZE = UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b"), UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8")
SECTOR_SIZE = UUID("8141bf1d-a96f-4709-ba47-f233a8faab5f")
HAS_PARENT = 0x02
PRESENT, PARTLY = 6, 7
MAX_ENTRIES = 2_047
"""Entries of a region or metadata table."""


def read(data: bytes) -> tuple[Blocks, list[tuple[str, str | int]], MalformedError | None]:
    """Give the disk, what it says of itself, and what of it is missing.

    Raises:
        MalformedError: there are no tables to read it by.
    """
    regions = next((found for at in REGIONS_AT if (found := _regions(data, at))), {})
    if TABLE not in regions or METADATA not in regions:
        raise MalformedError("VHDX without its regions", REGIONS_AT[0])
    items = _items(data, regions[METADATA])
    if not {PARAMETERS, DISK_SIZE, SECTOR_SIZE}.issubset(items):
        raise MalformedError("VHDX without its metadata", regions[METADATA])
    block, flags = struct.unpack("<II", items[PARAMETERS][:8].ljust(8, b"\0"))
    size, sector = (int.from_bytes(items[item][:8], "little") for item in (DISK_SIZE, SECTOR_SIZE))
    if not MIB <= block <= 256 * MIB or block & (block - 1) or sector not in (512, 4_096):
        raise MalformedError("VHDX parameters out of range", regions[METADATA])
    facts: list[tuple[str, str | int]] = [("image.kind", "VHDX"), ("image.virtual_bytes", size)]
    if maker := data[8:520].decode("utf-16-le", "replace").split("\0")[0]:
        facts.append(("image.application", maker))
    problem = None
    if flags & HAS_PARENT:
        problem = MalformedError("what lies in the parent disk is not here")
    elif _has_log(data):
        problem = MalformedError("the disk was not closed; its log is not replayed")
    ratio, table = (1 << 23) * sector // block, regions[TABLE]

    def place(index: int) -> int | None:
        at = table + 8 * (index + index // ratio)  # a bitmap's entry follows each group of blocks
        entry = int.from_bytes(data[at : at + 8], "little")
        return entry >> 20 << 20 if entry & 7 in (PRESENT, PARTLY) else None

    return Blocks(data, size, block, place), facts, problem


def _regions(data: bytes, at: int) -> dict[UUID, int]:
    if data[at : at + 4] != b"regi":
        return {}
    found = {}
    for index in range(min(int.from_bytes(data[at + 8 : at + 12], "little"), MAX_ENTRIES)):
        raw = data[at + 16 + 32 * index : at + 48 + 32 * index]
        if len(raw) == 32:
            found[UUID(bytes_le=raw[:16])] = int.from_bytes(raw[16:24], "little")
    return found


def _items(data: bytes, at: int) -> dict[UUID, bytes]:
    if data[at : at + 8] != b"metadata":
        return {}
    found = {}
    for index in range(min(int.from_bytes(data[at + 10 : at + 12], "little"), MAX_ENTRIES)):
        raw = data[at + 32 + 32 * index : at + 64 + 32 * index]
        if len(raw) == 32:
            start = at + int.from_bytes(raw[16:20], "little")
            found[UUID(bytes_le=raw[:16])] = data[start : start + min(int.from_bytes(raw[20:24], "little"), KIB)]
    return found


def _has_log(data: bytes) -> bool:
    """Tell whether the newer header names a log that would have to be replayed."""
    headers = [data[at : at + 80] for at in HEADERS_AT if data[at : at + 4] == b"head"]
    newest = max(headers, key=lambda raw: int.from_bytes(raw[8:16], "little"), default=b"")
    return bool(newest[48:64].strip(b"\0"))
