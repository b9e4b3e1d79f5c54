"""Compound file (OLE2) writer: named streams in, the bytes of a version 3 file out."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
SECTOR_BYTES, MINI_SECTOR_BYTES, MINI_CUTOFF_BYTES = 512, 64, 4096
FREE, END_OF_CHAIN, FAT_SECTOR, DIFAT_SECTOR, NO_STREAM = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC, 0xFFFFFFFF
STORAGE, STREAM, ROOT = 1, 2, 5
RED, BLACK = 0, 1
ENTRIES_PER_SECTOR = SECTOR_BYTES // 4
HEADER_DIFAT = 109  # FAT sector numbers that fit in the header
MAX_NAME = 31  # characters; the 32nd is the terminator
NO_CLSID = bytes(16)


@dataclass(slots=True)
class _Entry:
    """One directory entry while the file is laid out."""

    name: str
    kind: int
    data: bytes = b""
    clsid: bytes = NO_CLSID
    children: dict[str, _Entry] = field(default_factory=dict)
    colour: int = BLACK
    left: int = NO_STREAM
    right: int = NO_STREAM
    child: int = NO_STREAM
    start: int = END_OF_CHAIN
    size_bytes: int = 0
    number: int = 0


def write_compound(
    streams: Mapping[str, bytes],
    *,
    root_clsid: bytes = NO_CLSID,
    storage_clsids: Mapping[str, bytes] | None = None,
) -> bytes:
    """Give a compound file that holds ``streams``.

    Args:
        streams: bytes by path, storages joined with ``/`` (``Macros/VBA/dir``).
        root_clsid: class of the root in file order (GUID, little-endian parts).
        storage_clsids: class by storage path; the storages named here exist even without streams.

    Raises:
        ValueError: a name is empty, longer than 31 characters or used as stream and storage.

    Source: [MS-CFB] 2.2 header, 2.3 FAT, 2.4 mini FAT, 2.5 DIFAT, 2.6 directory.
    """
    root = _tree(streams, storage_clsids or {})
    root.clsid = root_clsid
    entries = _numbered(root)
    body = _Body()
    _place_streams(root, entries, body)
    directory_at = body.append(_directory(entries))
    return body.finish(directory_at)


def _tree(streams: Mapping[str, bytes], clsids: Mapping[str, bytes]) -> _Entry:
    root = _Entry("Root Entry", ROOT)
    for path, clsid in clsids.items():
        _storage(root, path.split("/")).clsid = clsid
    for path, data in streams.items():
        *folders, name = path.split("/")
        parent = _storage(root, folders)
        if name in parent.children:
            raise ValueError(f"two entries named {path}")
        parent.children[name] = _Entry(_checked(name), STREAM, bytes(data), size_bytes=len(data))
    return root


def _storage(root: _Entry, folders: list[str]) -> _Entry:
    for name in folders:
        root = root.children.setdefault(name, _Entry(_checked(name), STORAGE))
        if root.kind == STREAM:
            raise ValueError(f"{name} is both a stream and a storage")
    return root


def _checked(name: str) -> str:
    if not 0 < len(name.encode("utf-16-le")) // 2 <= MAX_NAME:
        raise ValueError(f"name of 1 to {MAX_NAME} characters expected: {name!r}")
    return name


def _order(entry: _Entry) -> tuple[int, bytes]:
    """Siblings sort by length, then by upper-case code units ([MS-CFB] 2.6.4)."""
    return len(entry.name.encode("utf-16-le")), entry.name.upper().encode("utf-16-be")


def _numbered(root: _Entry) -> list[_Entry]:
    """Number the entries, each storage before its children, and link each storage's tree."""
    entries, pending = [root], [root]
    while pending:
        storage = pending.pop(0)
        siblings = sorted(storage.children.values(), key=_order)
        for sibling in siblings:
            sibling.number = len(entries)
            entries.append(sibling)
        storage.child = _balance(siblings, 0, len(siblings).bit_length() - 1)
        pending += [sibling for sibling in siblings if sibling.kind == STORAGE]
    return entries


def _balance(siblings: list[_Entry], depth: int, last_level: int) -> int:
    """Link sorted siblings into a balanced tree and give the number of its root.

    Splitting in the middle fills all levels but the last, so red on the last one alone keeps the rules.
    """
    if not siblings:
        return NO_STREAM
    middle = len(siblings) // 2
    node = siblings[middle]
    node.colour = RED if depth == last_level and depth > 0 else BLACK
    node.left = _balance(siblings[:middle], depth + 1, last_level)
    node.right = _balance(siblings[middle + 1 :], depth + 1, last_level)
    return node.number


class _Body:
    """The sectors after the header and the FAT that chains them."""

    def __init__(self) -> None:
        self.sectors = bytearray()
        self.fat: list[int] = []
        self.mini_fat_at, self.mini_fat_sectors = END_OF_CHAIN, 0

    def append(self, data: bytes, pad: bytes = b"\0") -> int:
        """Store ``data`` as one chain and give its first sector."""
        if not data:
            return END_OF_CHAIN
        first, wanted = len(self.fat), -(-len(data) // SECTOR_BYTES)
        self.sectors += data.ljust(wanted * SECTOR_BYTES, pad)
        self.fat += [*range(first + 1, first + wanted), END_OF_CHAIN]
        return first

    def finish(self, directory_at: int) -> bytes:
        """Append FAT and DIFAT and put the header in front."""
        used = len(self.fat)
        fat_sectors, difat_sectors = _table_sectors(used)
        self.fat += [FAT_SECTOR] * fat_sectors + [DIFAT_SECTOR] * difat_sectors
        self.fat += [FREE] * (fat_sectors * ENTRIES_PER_SECTOR - len(self.fat))
        numbers = list(range(used, used + fat_sectors))
        difat_at = used + fat_sectors
        table = struct.pack(f"<{len(self.fat)}I", *self.fat)
        header = self._header(directory_at, numbers, difat_at if difat_sectors else END_OF_CHAIN, difat_sectors)
        return header + bytes(self.sectors) + table + _difat(numbers[HEADER_DIFAT:], difat_at, difat_sectors)

    def _header(self, directory_at: int, fat: list[int], difat_at: int, difat_sectors: int) -> bytes:
        shown = (fat[:HEADER_DIFAT] + [FREE] * HEADER_DIFAT)[:HEADER_DIFAT]
        head = SIGNATURE + NO_CLSID + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
        counts = (0, len(fat), directory_at, 0, MINI_CUTOFF_BYTES)
        minis = (self.mini_fat_at, self.mini_fat_sectors, difat_at, difat_sectors)
        return head + struct.pack("<9I", *counts, *minis) + struct.pack(f"<{HEADER_DIFAT}I", *shown)


def _table_sectors(used: int) -> tuple[int, int]:
    """Count the FAT and DIFAT sectors that describe ``used`` sectors and themselves."""
    for fat_sectors in count(1):
        difat_sectors = -(-max(0, fat_sectors - HEADER_DIFAT) // (ENTRIES_PER_SECTOR - 1))
        if fat_sectors * ENTRIES_PER_SECTOR >= used + fat_sectors + difat_sectors:
            return fat_sectors, difat_sectors
    raise AssertionError("unreachable")


def _difat(numbers: list[int], first: int, sectors: int) -> bytes:
    step, out = ENTRIES_PER_SECTOR - 1, bytearray()
    for index in range(sectors):
        part = numbers[index * step : (index + 1) * step]
        following = first + index + 1 if index + 1 < sectors else END_OF_CHAIN
        out += struct.pack(f"<{ENTRIES_PER_SECTOR}I", *part, *[FREE] * (step - len(part)), following)
    return bytes(out)


def _place_streams(root: _Entry, entries: list[_Entry], body: _Body) -> None:
    """Store large streams in sectors and small ones in the mini stream, which hangs on the root."""
    mini, mini_fat = bytearray(), list[int]()
    for entry in entries:
        if entry.kind != STREAM or not entry.data:
            continue
        if entry.size_bytes >= MINI_CUTOFF_BYTES:
            entry.start = body.append(entry.data)
            continue
        entry.start, wanted = len(mini_fat), -(-entry.size_bytes // MINI_SECTOR_BYTES)
        mini += entry.data.ljust(wanted * MINI_SECTOR_BYTES, b"\0")
        mini_fat += [*range(entry.start + 1, entry.start + wanted), END_OF_CHAIN]
    if not mini:
        return
    root.start, root.size_bytes = body.append(bytes(mini)), len(mini)
    body.mini_fat_at = body.append(struct.pack(f"<{len(mini_fat)}I", *mini_fat), b"\xff")
    body.mini_fat_sectors = -(-len(mini_fat) // ENTRIES_PER_SECTOR)


def _directory(entries: list[_Entry]) -> bytes:
    out = b"".join(_packed(entry) for entry in entries)
    unused = bytes(68) + struct.pack("<3I", NO_STREAM, NO_STREAM, NO_STREAM) + bytes(48)
    return out + unused * (-len(entries) % (SECTOR_BYTES // len(unused)))


def _packed(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le") + b"\0\0"
    start = 0 if entry.kind == STORAGE else entry.start  # a storage has no stream: zeroes ([MS-CFB] 2.6.1)
    links = struct.pack("<HBB3I", len(name), entry.kind, entry.colour, entry.left, entry.right, entry.child)
    return name.ljust(64, b"\0") + links + entry.clsid + bytes(20) + struct.pack("<IQ", start, entry.size_bytes)
