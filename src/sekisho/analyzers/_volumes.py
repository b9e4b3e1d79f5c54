"""What a disk holds: partitions of either table, and the file system in each.

Source: UEFI 2.10, 5.2 MBR and 5.3 GPT; extended partitions as MS-DOS chains them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.analyzers import _fat, _image, _ntfs, _udf
from sekisho.analyzers._disk import Disk, Flat, Window
from sekisho.analyzers._image import Contents, Room
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import MalformedError
from sekisho.model.limits import DEFAULT

EXTENDED = frozenset({0x05, 0x0F, 0x85})
PROTECTIVE = 0xEE
MAX_PARTITIONS = 32
RESERVED = bytes.fromhex("16e3c9e35c0bb84d817df92df00215ae")
"""Microsoft's reserved partition, which holds no file system."""
OTHERS = (
    (3, b"-FVE-FS-", "encrypted: BitLocker"),
    (0x438, b"\x53\xef", "ext file systems are not read"),
    (0x400, b"H+", "HFS+ is not read"),
    (0x400, b"HX", "HFS+ is not read"),
    (0x20, b"NXSB", "APFS is not read"),
    (0, b"XFSB", "XFS is not read"),
    (3, b"ReFS", "ReFS is not read"),
)
FEATURES = (
    *_image.FEATURES,
    "image.partition",
    "image.deleted_entry",
    "image.alternate_stream",
    "image.zone_identifier",
)


@dataclass(frozen=True, slots=True)
class Partition:
    """One stretch of a disk."""

    kind: str
    """Type as its table says it."""
    window: Window


def filesystem(disk: Disk) -> str:
    """Tell by its first sectors which reader a volume is for, empty when none is."""
    boot = _head(disk, 0, 512)
    if _ntfs.is_ntfs(boot):
        return "NTFS"
    if _fat.is_exfat(boot) or _fat.is_fat(boot):
        return "FAT"
    return "UDF" if _head(disk, 0x8001, 5) == b"BEA01" else ""


def _head(disk: Disk, at: int, count: int) -> bytes:
    try:
        return disk.read(at, count)
    except MalformedError:
        return b""


def partitions(disk: Disk) -> list[Partition]:
    """Give the partitions; the whole disk when a file system begins right at its start."""
    if filesystem(disk):
        return [Partition("", Window(disk, 0, disk.size))]
    boot = _head(disk, 0, 512)
    if boot[510:] != b"\x55\xaa":
        return []
    for sector in (512, 4_096):
        if _head(disk, sector, 8) == b"EFI PART":
            return list(_gpt(disk, sector))[:MAX_PARTITIONS]
    found = list(_mbr(disk, boot, 512))[:MAX_PARTITIONS]
    if any(filesystem(one.window) for one in found):
        return found
    wide = list(_mbr(disk, boot, 4_096))[:MAX_PARTITIONS]  # virtual disks may count in larger sectors
    return wide if any(filesystem(one.window) for one in wide) else found


def _mbr(disk: Disk, boot: bytes, sector: int) -> Iterator[Partition]:
    for kind, start, count in _slots(boot):
        if kind in EXTENDED:
            yield from _chained(disk, start, sector)
        elif kind and kind != PROTECTIVE:
            yield from _part(disk, f"0x{kind:02x}", start * sector, count * sector)


def _slots(boot: bytes) -> Iterator[tuple[int, int, int]]:
    for at in range(446, 510, 16):
        raw = boot[at : at + 16]
        if raw[0] in (0, 0x80) and raw[4]:
            yield raw[4], int.from_bytes(raw[8:12], "little"), int.from_bytes(raw[12:16], "little")


def _chained(disk: Disk, first: int, sector: int) -> Iterator[Partition]:
    at = first
    for _ in range(MAX_PARTITIONS):
        boot = _head(disk, at * sector, 512)
        if boot[510:] != b"\x55\xaa":
            return
        following = 0
        for kind, start, count in _slots(boot):
            if kind in EXTENDED:
                following = first + start
            else:
                yield from _part(disk, f"0x{kind:02x}", (at + start) * sector, count * sector)
        if not following:
            return
        at = following


def _gpt(disk: Disk, sector: int) -> Iterator[Partition]:
    head = _head(disk, sector, 92)
    table, count, size = (int.from_bytes(head[at : at + width], "little") for at, width in ((72, 8), (80, 4), (84, 4)))
    if not 128 <= size <= 4_096:
        return
    for index in range(min(count, 128)):
        raw = _head(disk, table * sector + index * size, 128)
        kind = raw[:16]
        if not kind.strip(b"\0") or kind == RESERVED:
            continue
        first, last = (int.from_bytes(raw[at : at + 8], "little") for at in (32, 40))
        name = raw[56:128].decode("utf-16-le", "replace").split("\0")[0]
        yield from _part(disk, name or "GPT", first * sector, (last - first + 1) * sector)


def _part(disk: Disk, kind: str, start: int, size: int) -> Iterator[Partition]:
    """Give a partition that begins on the disk; one that claims to end beyond it is cut there."""
    if 0 < start < disk.size and size > 0:
        yield Partition(kind, Window(disk, start, min(size, disk.size - start)))


def contents(partition: Partition) -> Contents:
    """Read the file system of a partition; never raises."""
    kind = filesystem(partition.window)
    if kind == "NTFS":
        return _ntfs.read(partition.window)
    if kind == "FAT":
        return _fat.read(partition.window)
    found = _udf.read(partition.window) if kind else None
    if found:
        return found
    unread = Contents("unknown")
    for at, mark, reason in OTHERS:
        if _head(partition.window, at, len(mark)) == mark:
            unread.broke(MalformedError(reason))
    unread.broke(MalformedError(f"no file system known in partition of type {partition.kind}", partition.window.start))
    return unread


def unpack(artifact: Artifact, disk: Disk) -> Iterator[Feature | Artifact]:
    """Give the features of every volume and its files; names begin with the partition's number when there are several.

    Raises:
        MalformedError: something is broken or not read; everything else has been yielded.
        LimitError: there are more entries, children or bytes than the limits allow.
    """
    found = partitions(disk)
    if not found:
        raise MalformedError("no partition and no file system")
    volumes = [contents(one) for one in found]
    room = Room(problem=next((one.problem for one in volumes if one.problem), None))
    for partition, one in zip(found, volumes, strict=True):
        if partition.kind:
            yield Feature("image.partition", f"{partition.kind}: {one.filesystem}", partition.window.start)
        yield Feature("image.filesystem", one.filesystem)
        for name, value in one.facts[: DEFAULT.children]:
            yield Feature(name, value)
    yield Feature("archive.members", sum(len(one.members) for one in volumes))
    labels = [f"{index}/" if len(found) > 1 else "" for index in range(1, len(found) + 1)]
    for label, one in zip(labels, volumes, strict=True):
        yield from _image.named(one.members, label, one.hidden_folders)
    for label, one in zip(labels, volumes, strict=True):
        yield from _image.children(artifact, one.members, room, label)
    if isinstance(disk, Flat):
        yield from _trailing(artifact, found, volumes)
    if room.problem:
        raise room.problem


def _trailing(artifact: Artifact, found: list[Partition], volumes: list[Contents]) -> Iterator[Feature | Artifact]:
    """Give what follows the last volume, unless a second copy of the partition table belongs there."""
    if any(artifact.data.startswith(b"EFI PART", sector) for sector in (512, 4_096)):
        return
    ends = [
        one.window.start + min(volume.size_bytes or one.window.size, one.window.size)
        for one, volume in zip(found, volumes, strict=True)
    ]
    rest = artifact.data[max(ends) :]
    if rest.strip(b"\0"):
        yield Feature("image.trailing_bytes", len(rest), max(ends))
        yield artifact.child("trailing", rest, relation="overlay")
