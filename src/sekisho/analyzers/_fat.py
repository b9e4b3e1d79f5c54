"""FAT12, FAT16, FAT32 and exFAT file systems.

Source: Microsoft, "FAT: General Overview of On-Disk Format" 1.03 (boot sector, short and long names); Microsoft, "exFAT
file system specification" (3 boot sector, 7 directory entries).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from sekisho.analyzers import _disk
from sekisho.analyzers._disk import Disk, Extent
from sekisho.analyzers._image import Contents, Member, too_deep
from sekisho.model.errors import LimitError, MalformedError

SECTORS = (512, 1_024, 2_048, 4_096)
HIDDEN, SYSTEM, LABEL, DIRECTORY, LONG_NAME = 0x02, 0x04, 0x08, 0x10, 0x0F
DELETED, END = 0xE5, 0x00
LOWER_STEM, LOWER_ENDING = 0x08, 0x10
FIRST_CLUSTER = 2
MAX_FOLDER_BYTES = 2 * 1024 * 1024
"""Most that either system lets a folder have is 65,536 entries of 32 bytes."""
EXFAT_FILE, EXFAT_STREAM, EXFAT_NAME, EXFAT_LABEL, EXFAT_IN_USE = 0x85, 0xC0, 0xC1, 0x83, 0x80
NO_CHAIN = 0x02


@dataclass(frozen=True, slots=True)
class _Volume:
    """Where things lie on a volume, in bytes."""

    disk: Disk
    kind: str
    fat_at: int
    entry_bits: int
    heap_at: int
    """First byte of cluster 2."""
    cluster_bytes: int
    clusters: int
    root_cluster: int
    size_bytes: int
    root: Extent | None = None
    """The root folder of FAT12 and FAT16, which no cluster holds."""

    def chain(self, cluster: int, contiguous_bytes: int = 0) -> Iterator[Extent]:
        """Give the clusters of a file, without end when they form a loop: who reads stops at the file's size."""
        if contiguous_bytes:
            self.place(cluster)
            yield self.place(cluster), contiguous_bytes
            return
        while True:
            yield self.place(cluster), self.cluster_bytes
            cluster = self.following(cluster)
            if cluster >= (1 << min(self.entry_bits, 28)) - 8:
                return

    def place(self, cluster: int) -> int:
        """Give where a cluster lies.

        Raises:
            MalformedError: there is no such cluster.
        """
        if not FIRST_CLUSTER <= cluster < self.clusters + FIRST_CLUSTER:
            raise MalformedError(f"{self.kind} cluster {cluster} does not exist")
        return self.heap_at + (cluster - FIRST_CLUSTER) * self.cluster_bytes

    def following(self, cluster: int) -> int:
        """Give what the allocation table says comes after a cluster."""
        bit = cluster * self.entry_bits
        raw = self.disk.read(self.fat_at + bit // 8, max(2, self.entry_bits // 8))
        value = int.from_bytes(raw, "little") >> bit % 8
        return value & ((1 << min(self.entry_bits, 28)) - 1)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    attributes: int
    cluster: int
    size_bytes: int
    deleted: bool = False
    contiguous: bool = False
    held_bytes: int | None = None
    """Bytes that were written; the rest of an exFAT file reads as zeros."""


def is_fat(boot: bytes) -> bool:
    """Tell whether a boot sector is of FAT: it has no magic, so its numbers must make sense together."""
    sector, reserved = int.from_bytes(boot[11:13], "little"), int.from_bytes(boot[14:16], "little")
    return (
        len(boot) >= 512
        and boot[0] in (0xEB, 0xE9)
        and boot[510:512] == b"\x55\xaa"
        and sector in SECTORS
        and boot[13] in (1, 2, 4, 8, 16, 32, 64, 128)
        and reserved > 0
        and 1 <= boot[16] <= 2
        and boot[21] >= 0xF0
    )


def is_exfat(boot: bytes) -> bool:
    """Tell whether a boot sector is of exFAT."""
    return boot[3:11] == b"EXFAT   " and boot[510:512] == b"\x55\xaa"


def read(disk: Disk) -> Contents:
    """Walk the file system; never raises."""
    contents = Contents("FAT")
    try:
        boot = disk.read(0, 512)
        volume = _exfat(disk, boot) if is_exfat(boot) else _fat(disk, boot)
        contents.filesystem, contents.size_bytes = volume.kind, volume.size_bytes
        if not is_exfat(boot) and (maker := boot[3:11].decode("latin-1").strip(" \0")):
            contents.facts.append(("image.system", maker))
        _walk(volume, contents)
    except (MalformedError, LimitError) as error:
        contents.broke(error)
    return contents


def _u(raw: bytes, at: int, width: int) -> int:
    return int.from_bytes(raw[at : at + width], "little")


def _fat(disk: Disk, boot: bytes) -> _Volume:
    """Place the areas of a FAT volume; the count of clusters alone decides which FAT it is."""
    sector, tables = _u(boot, 11, 2), boot[16]
    cluster_bytes = boot[13] * sector
    table_bytes = (_u(boot, 22, 2) or _u(boot, 36, 4)) * sector
    fat_at = _u(boot, 14, 2) * sector
    root_at = fat_at + tables * table_bytes
    root_bytes = _u(boot, 17, 2) * 32
    heap_at = root_at + -(-root_bytes // sector) * sector
    total = (_u(boot, 19, 2) or _u(boot, 32, 4)) * sector
    if not table_bytes or total <= heap_at:
        raise MalformedError("FAT boot sector")
    clusters = (total - heap_at) // cluster_bytes
    bits = 12 if clusters < 4_085 else 16 if clusters < 65_525 else 32
    if not _u(boot, 22, 2):
        bits = 32
    root = None if bits == 32 else (root_at, root_bytes)
    return _Volume(disk, f"FAT{bits}", fat_at, bits, heap_at, cluster_bytes, clusters, _u(boot, 44, 4), total, root)


def _exfat(disk: Disk, boot: bytes) -> _Volume:
    if not (9 <= boot[108] <= 12 and boot[108] + boot[109] <= 25):
        raise MalformedError("exFAT boot sector")
    sector = 1 << boot[108]
    heap_at = _u(boot, 88, 4) * sector
    return _Volume(
        disk,
        "exFAT",
        fat_at=_u(boot, 80, 4) * sector,
        entry_bits=32,
        heap_at=heap_at,
        cluster_bytes=sector << boot[109],
        clusters=_u(boot, 92, 4),
        root_cluster=_u(boot, 96, 4),
        size_bytes=_u(boot, 72, 8) * sector,
    )


def _walk(volume: _Volume, contents: Contents) -> None:
    seen: set[int] = set()
    start: Extent | int = volume.root or volume.root_cluster
    pending: list[tuple[str, Extent | int]] = [("", start)]
    parse = _exfat_entries if volume.kind == "exFAT" else _fat_entries
    while pending:
        folder, place = pending.pop()
        if isinstance(place, int):
            if place in seen or too_deep(folder):
                contents.broke(MalformedError(f"folder {folder or '/'} lies in itself or too deep"))
                continue
            seen.add(place)
        below = []
        for entry in parse(_folder(volume, place, contents), contents):
            if entry.deleted:
                contents.facts.append(("image.deleted_entry", folder + entry.name))
            elif entry.attributes & LABEL:
                contents.facts.append(("image.label", entry.name))
            elif entry.attributes & DIRECTORY:
                below.append((f"{folder}{entry.name}/", entry.cluster))
                if entry.attributes & (HIDDEN | SYSTEM):
                    contents.hidden_folders.add(f"{folder}{entry.name}/")
            else:
                contents.members.append(_member(volume, folder + entry.name, entry))
        pending += reversed(below)


def _folder(volume: _Volume, place: Extent | int, contents: Contents) -> Iterator[bytes]:
    """Give a folder's entries of 32 bytes up to the one that ends it; a loop of clusters ends it too."""
    extents = iter([place]) if isinstance(place, tuple) else volume.chain(place)
    seen: set[int | None] = set()
    left = MAX_FOLDER_BYTES
    try:
        for start, length in extents:
            if start in seen or left <= 0:
                contents.broke(MalformedError("a folder's clusters form a loop", start))
                return
            seen.add(start)
            raw = bytearray()
            _disk.copy(volume.disk, [(start, length)], min(length, left), raw)
            left -= len(raw)
            for at in range(0, len(raw) - 31, 32):
                if raw[at] == END:
                    return
                contents.spend()
                yield bytes(raw[at : at + 32])
    except MalformedError as error:
        contents.broke(error)


def _member(volume: _Volume, name: str, entry: _Entry) -> Member:
    load = partial(_load, volume, entry)
    return Member(name, entry.size_bytes, load, hidden=bool(entry.attributes & (HIDDEN | SYSTEM)))


def _load(volume: _Volume, entry: _Entry, out: bytearray) -> None:
    if not entry.size_bytes:
        return
    held = entry.size_bytes if entry.held_bytes is None else min(entry.held_bytes, entry.size_bytes)
    whole = entry.size_bytes if entry.contiguous else 0
    _disk.copy(volume.disk, volume.chain(entry.cluster, whole), held, out)
    out += bytes(entry.size_bytes - held)


def _fat_entries(slots: Iterator[bytes], contents: Contents) -> Iterator[_Entry]:
    """Join long names with the short entry that follows them; both stay readable when they were deleted."""
    pieces: list[str] = []
    for raw in slots:
        deleted = raw[0] == DELETED
        if raw[11] & 0x3F == LONG_NAME:
            if raw[0] & 0x40 and not deleted:
                pieces = []
            pieces.append((raw[1:11] + raw[14:26] + raw[28:32]).decode("utf-16-le", "replace"))
            pieces = pieces[-20:]  # no name has more than 255 characters
            continue
        long = "".join(reversed(pieces)).split("\0")[0].rstrip("\uffff")
        pieces = []
        if raw[11] & LABEL:
            yield _Entry(raw[:11].decode("cp437").strip(), LABEL, 0, 0, deleted)
            continue
        short = _short_name(raw)
        if short in (".", ".."):
            continue
        cluster = _u(raw, 20, 2) << 16 | _u(raw, 26, 2)
        yield _Entry(long or short, raw[11], cluster, _u(raw, 28, 4), deleted)


def _short_name(raw: bytes) -> str:
    first = b"\xe5" if raw[0] == 0x05 else b"_" if raw[0] == DELETED else raw[:1]
    stem = (first + raw[1:8]).decode("cp437").rstrip()
    ending = raw[8:11].decode("cp437").rstrip()
    if raw[12] & LOWER_STEM:
        stem = stem.lower()
    if raw[12] & LOWER_ENDING:
        ending = ending.lower()
    return f"{stem}.{ending}" if ending else stem


def _exfat_entries(slots: Iterator[bytes], contents: Contents) -> Iterator[_Entry]:
    """Join a file's entry, its stream entry and its names."""
    attributes, deleted, name, stream = 0, False, "", b""
    open_set = False
    for raw in slots:
        kind = raw[0] | EXFAT_IN_USE
        if kind == EXFAT_FILE:
            if open_set and stream:
                yield _exfat_entry(name, attributes, stream, deleted)
            open_set, attributes, deleted, name, stream = True, _u(raw, 4, 2), not raw[0] & EXFAT_IN_USE, "", b""
        elif kind == EXFAT_STREAM and open_set:
            stream = raw
        elif kind == EXFAT_NAME and len(name) < 255:
            name += raw[2:32].decode("utf-16-le", "replace")
        elif raw[0] == EXFAT_LABEL:
            yield _Entry(raw[2 : 2 + 2 * min(raw[1], 11)].decode("utf-16-le", "replace"), LABEL, 0, 0)
    if open_set and stream:
        yield _exfat_entry(name, attributes, stream, deleted)


def _exfat_entry(name: str, attributes: int, stream: bytes, deleted: bool) -> _Entry:
    return _Entry(
        name=name[: stream[3]],
        attributes=attributes & ~LABEL,
        cluster=_u(stream, 20, 4),
        size_bytes=_u(stream, 24, 8),
        deleted=deleted,
        contiguous=bool(stream[1] & NO_CHAIN),
        held_bytes=_u(stream, 8, 8),
    )
