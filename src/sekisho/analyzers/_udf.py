"""UDF file systems, revisions 1.02 to 2.60: physical, sparable and metadata partitions; no virtual ones of CD-R.

Source: ECMA-167 3rd edition: 3/10 volume descriptors, 4/14 file structures; OSTA UDF 2.60: 2.2.4 logical volume,
2.2.8 and 2.2.10 partition maps, 2.1.1 compressed Unicode.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial

from sekisho.analyzers import _disk
from sekisho.analyzers._disk import Disk, Extent
from sekisho.analyzers._image import Contents, Member, too_deep
from sekisho.model.errors import LimitError, MalformedError

PRIMARY, ANCHOR, POINTER, IMPLEMENTATION, PARTITION, LOGICAL, TERMINATOR = 1, 2, 3, 4, 5, 6, 8
FILE_SET, FILE_ID, MORE_EXTENTS, FILE_ENTRY, EXTENDED_ENTRY = 256, 257, 258, 261, 266
SHORT, LONG, EXTENDED, INLINE = 0, 1, 2, 3
"""How a file entry lists extents. Source: ECMA-167 4/14.6.8."""
HIDDEN, DIRECTORY, DELETED, PARENT = 0x01, 0x02, 0x04, 0x08
"""File characteristics. Source: ECMA-167 4/14.4.3."""
FOLDER, STREAM_FOLDER = 4, 13
SECTORS = (2_048, 512, 4_096, 1_024)
ANCHOR_SECTOR = 256
MAX_DESCRIPTORS = 256
MAX_EXTENTS = 50_000
"""Extents of one file."""
MAX_METADATA_EXTENTS = 1_000
"""Extents of the metadata file, through which every look-up goes."""
MAX_HOPS = 100
"""Blocks in which one file's list of extents goes on."""
MAX_FOLDER_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class _Volume:
    """The one logical volume, as its descriptors give it."""

    disk: Disk
    block_bytes: int
    partitions: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Number to first sector and count of sectors."""
    logical: bytes = b""
    metadata: dict[int, list[Extent]] = field(default_factory=dict)
    """Reference of a metadata partition to the extents of its metadata file."""
    references: list[tuple[str, int, int]] = field(default_factory=list)
    """Kind, partition number and place of the metadata file, by partition reference."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file entry."""

    kind: int
    size_bytes: int
    extents: tuple[Extent, ...]
    inline: bytes | None
    streams: tuple[int, int, int]
    """Length, block and partition reference of the folder of named streams."""


def read(disk: Disk) -> Contents | None:
    """Walk the file system, None when there is no anchor; never raises."""
    found = _anchor(disk)
    if found is None:
        return None
    contents = Contents("UDF")
    try:
        volume = _volume(disk, *found, contents)
        _walk(volume, contents)
    except (MalformedError, LimitError) as error:
        contents.broke(error)
    return contents


def _anchor(disk: Disk) -> tuple[int, bytes] | None:
    """Give the sector size and the descriptor that leads to all others; it lies at 256 or at the end."""
    loose = None
    for sector in SECTORS:
        last = disk.size // sector - 1
        for place in (ANCHOR_SECTOR, last, last - ANCHOR_SECTOR, 512):
            if not 16 < place <= last:
                continue
            raw = disk.read(place * sector, sector)
            if _tag(raw) == ANCHOR:
                if _u32(raw, 12) == place:  # where it says it lies tells the sector size
                    return sector, raw
                loose = loose or (sector, raw)
    return loose


def _tag(raw: bytes) -> int:
    """Give a descriptor's kind, 0 when its head does not add up. Source: ECMA-167 3/7.2."""
    if len(raw) < 16 or sum(raw[:4], sum(raw[5:16])) & 0xFF != raw[4]:
        return 0
    return int.from_bytes(raw[:2], "little")


def _u32(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 4], "little")


def _u16(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 2], "little")


def _long(raw: bytes, at: int) -> tuple[int, int, int]:
    """Give length, block and partition reference. Source: ECMA-167 4/14.14.2."""
    return _u32(raw, at) & 0x3FFFFFFF, _u32(raw, at + 4), _u16(raw, at + 8)


def _volume(disk: Disk, sector: int, anchor: bytes, contents: Contents) -> _Volume:
    """Read the sequence of volume descriptors, the reserve when the main one leads nowhere."""
    volume = _Volume(disk, sector)
    for at in (16, 24):
        _sequence(volume, sector, _u32(anchor, at), _u32(anchor, at + 4), contents)
        if volume.logical and volume.partitions:
            break
    if not volume.logical or not volume.partitions:
        raise MalformedError("UDF without a logical volume")
    volume.block_bytes = _u32(volume.logical, 212)
    if volume.block_bytes not in SECTORS:
        raise MalformedError(f"UDF block of {volume.block_bytes} bytes")
    if label := _dstring(volume.logical[84:212]):
        contents.facts.append(("image.label", label))
    if revision := _u16(volume.logical, 240):
        contents.filesystem = f"UDF {revision >> 8:x}.{revision & 0xFF:02x}"
    _maps(volume)
    return volume


def _sequence(volume: _Volume, sector: int, length: int, first: int, contents: Contents) -> None:
    end = min(first + min(length // sector, MAX_DESCRIPTORS), volume.disk.size // sector)
    for place in range(first, end):
        raw = volume.disk.read(place * sector, sector)
        kind = _tag(raw)
        if kind == PARTITION:
            volume.partitions.setdefault(_u16(raw, 22), (_u32(raw, 188) * sector, _u32(raw, 192) * sector))
        elif kind == LOGICAL and not volume.logical:
            volume.logical = raw
        elif kind == PRIMARY:
            contents.facts += _primary(raw)
        elif kind in (TERMINATOR, 0):
            return


def _primary(raw: bytes) -> Iterator[tuple[str, str]]:
    """Give what the author's program wrote about itself. Source: ECMA-167 3/10.1."""
    application = raw[345:368].rstrip(b"\0").decode("latin-1")
    system = raw[389:412].rstrip(b"\0").decode("latin-1")
    if application:
        yield "image.application", application
    if system:
        yield "image.system", system
    if time := _time(raw[376:388]):
        yield "image.created_at", time


def _maps(volume: _Volume) -> None:
    """Read the partition maps, then where each metadata partition's blocks lie. Source: UDF 2.2.4."""
    at = 440
    for _ in range(min(_u32(volume.logical, 268), 16)):
        kind, length = volume.logical[at : at + 2] if at + 2 <= len(volume.logical) else (0, 0)
        raw = volume.logical[at : at + length]
        if kind == 1 and length == 6:
            volume.references.append(("physical", _u16(raw, 4), 0))
        elif kind == 2 and length == 64:
            name = raw[5:28].rstrip(b"\0 ").decode("latin-1")
            volume.references.append((name, _u16(raw, 38), _u32(raw, 40)))
        else:
            raise MalformedError("UDF partition map", at)
        at += length
    for reference, (name, number, file_at) in enumerate(volume.references):
        if name == "*UDF Metadata Partition":
            start, size = volume.partitions.get(number, (0, 0))
            raw = volume.disk.read(start + file_at * volume.block_bytes, volume.block_bytes)
            lone = _Volume(volume.disk, volume.block_bytes, volume.partitions, references=[("physical", number, 0)])
            extents = _parse_entry(lone, raw, 0).extents
            if len(extents) > MAX_METADATA_EXTENTS:
                raise LimitError("extents", MAX_METADATA_EXTENTS)
            volume.metadata[reference] = list(extents)
            if not size:
                raise MalformedError("UDF metadata partition without its partition")


def _place(volume: _Volume, reference: int, block: int, length: int) -> list[Extent]:
    """Turn blocks of a partition into places on the disk.

    Raises:
        MalformedError: the partition does not exist, is of a kind that is not read, or is shorter.
    """
    if reference >= len(volume.references):
        raise MalformedError(f"UDF partition {reference} does not exist")
    kind, number, _ = volume.references[reference]
    if kind == "*UDF Virtual Partition":
        raise MalformedError("UDF virtual partitions are not read")
    start, at = volume.partitions.get(number, (0, 0))[0], block * volume.block_bytes
    if kind != "*UDF Metadata Partition":
        return [(start + at, length)]
    places: list[Extent] = []
    for where, size in volume.metadata.get(reference, []):
        if at < size and length > 0:
            count = min(length, size - at)
            places.append((None if where is None else where + at, count))
            at, length = 0, length - count
        else:
            at -= min(at, size)
    if length > 0:
        raise MalformedError("UDF block beyond the metadata partition")
    return places


def _block(volume: _Volume, reference: int, block: int) -> bytes:
    out = bytearray()
    _disk.copy(volume.disk, _place(volume, reference, block, volume.block_bytes), volume.block_bytes, out)
    return bytes(out)


def _parse_entry(volume: _Volume, raw: bytes, reference: int) -> _Entry:
    """Read a file entry. Source: ECMA-167 4/14.9 and 4/14.17."""
    tag = _tag(raw)
    if tag not in (FILE_ENTRY, EXTENDED_ENTRY):
        raise MalformedError(f"UDF file entry has tag {tag}")
    head = 176 if tag == FILE_ENTRY else 216
    attributes, listed = _u32(raw, head - 8), _u32(raw, head - 4)
    size = int.from_bytes(raw[56:64], "little")
    start = head + attributes
    area = raw[start : start + listed]
    form = _u16(raw, 34) & 7
    streams = _long(raw, 152) if tag == EXTENDED_ENTRY else (0, 0, 0)
    if form == INLINE:
        return _Entry(raw[27], size, (), area[:size], streams)
    extents: list[Extent] = []
    for _ in range(MAX_HOPS):
        following = _extents(volume, area, form, reference, extents)
        if following is None:
            return _Entry(raw[27], size, tuple(extents), None, streams)
        more = _block(volume, *following)
        if _tag(more) != MORE_EXTENTS:
            raise MalformedError("UDF list of extents is broken")
        area = more[24 : 24 + _u32(more, 20)]
    raise LimitError("extents", MAX_EXTENTS)


def _extents(volume: _Volume, area: bytes, form: int, reference: int, extents: list[Extent]) -> tuple[int, int] | None:
    """Append extents; give partition reference and block of where the list goes on.

    Source: ECMA-167 4/14.14: short, long and extended descriptors; the upper two bits of a length say what it is.
    """
    step = {SHORT: 8, LONG: 16, EXTENDED: 20}.get(form)
    if step is None:
        raise MalformedError(f"UDF extents of form {form}")
    for at in range(0, len(area) - step + 1, step):
        kind, length = _u32(area, at) >> 30, _u32(area, at) & 0x3FFFFFFF
        if not length:
            return None
        if form == SHORT:
            place = reference, _u32(area, at + 4)
        else:
            place = _u16(area, at + step - 8), _u32(area, at + step - 12)
        if kind == 3:
            return place
        extents += [(None, length)] if kind else _place(volume, *place, length)
        if len(extents) > MAX_EXTENTS:
            raise LimitError("extents", MAX_EXTENTS)
    return None


def _walk(volume: _Volume, contents: Contents) -> None:
    _, block, reference = _long(volume.logical, 248)
    file_set = _block(volume, reference, block)
    if _tag(file_set) != FILE_SET:
        raise MalformedError("UDF without a file set")
    _, block, reference = _long(file_set, 400)
    pending = [("", reference, block)]
    seen: set[tuple[int, int]] = set()
    while pending:
        folder, reference, block = pending.pop()
        if (reference, block) in seen or too_deep(folder):
            contents.broke(MalformedError(f"folder {folder or '/'} lies in itself or too deep"))
            continue
        seen.add((reference, block))
        try:
            entry = _parse_entry(volume, _block(volume, reference, block), reference)
            below = list(_folder(volume, folder, entry, contents))
        except MalformedError as error:
            contents.broke(error)
            continue
        pending += reversed(below)


def _folder(volume: _Volume, folder: str, entry: _Entry, contents: Contents) -> Iterator[tuple[str, int, int]]:
    """Take in the files of one folder and give the folders below. Source: ECMA-167 4/14.4."""
    raw = bytearray(entry.inline or b"")
    if entry.inline is None:
        try:
            _disk.copy(volume.disk, entry.extents, min(entry.size_bytes, MAX_FOLDER_BYTES), raw)
        except MalformedError as error:
            contents.broke(error)
    contents.spend(len(raw) // volume.block_bytes)
    at = 0
    while at + 38 <= len(raw):
        contents.spend()
        head = bytes(raw[at : at + 38])
        if _tag(head) != FILE_ID:
            raise MalformedError("UDF file identifier")
        flags, name_bytes, extra = head[18], head[19], _u16(head, 36)
        _, block, reference = _long(head, 20)
        start = at + 38 + extra
        name = _unicode(bytes(raw[start : start + name_bytes]))
        at = (start + name_bytes + 3) & ~3
        if flags & PARENT or (flags & DELETED and not block):
            continue
        if flags & DELETED:
            contents.facts.append(("image.deleted_entry", folder + name))
        elif flags & DIRECTORY:
            if flags & HIDDEN:
                contents.hidden_folders.add(f"{folder}{name}/")
            yield f"{folder}{name}/", reference, block
        else:
            yield from _take(volume, folder + name, reference, block, bool(flags & HIDDEN), contents)


def _take(
    volume: _Volume, name: str, reference: int, block: int, hidden: bool, contents: Contents
) -> Iterator[tuple[str, int, int]]:
    """Take in one file; give the folder of its named streams when it has one."""
    try:
        entry = _parse_entry(volume, _block(volume, reference, block), reference)
    except (MalformedError, LimitError) as error:
        contents.broke(error)
        contents.members.append(Member(name, 0, partial(_fail, error), hidden, (reference, block)))
        return
    contents.spend(len(entry.extents) // 16)
    if entry.inline is not None:
        load = partial(_take_inline, entry.inline, entry.size_bytes)
        key: tuple[object, ...] = (reference, block)
    else:
        load = partial(_disk.copy, volume.disk, entry.extents, entry.size_bytes)
        key = (entry.extents[0][0], entry.size_bytes) if entry.size_bytes and entry.extents else (name.lower(),)
    contents.members.append(Member(name, entry.size_bytes, load, hidden, key))
    if entry.streams[0]:
        yield f"{name}:", entry.streams[2], entry.streams[1]


def _take_inline(raw: bytes, size: int, out: bytearray) -> None:
    out += raw
    if len(raw) < size:
        raise MalformedError("UDF file entry is shorter than its data")


def _fail(error: MalformedError | LimitError, _out: bytearray) -> None:
    raise error


def _dstring(raw: bytes) -> str:
    """Give a string whose length is its field's last byte."""
    return _unicode(raw[: raw[-1]]) if raw else ""


def _unicode(raw: bytes) -> str:
    """Give text behind its one byte that tells the width. Source: UDF 2.1.1."""
    if raw[:1] in (b"\x08", b"\xfe"):
        return raw[1:].decode("latin-1")
    return raw[1:].decode("utf-16-be", "replace").rstrip("\0") if raw[:1] in (b"\x10", b"\xff") else ""


def _time(raw: bytes) -> str:
    """Give a timestamp; a zone of -2047 is none. Source: ECMA-167 1/7.3."""
    minutes = (_u16(raw, 0) & 0xFFF ^ 0x800) - 0x800
    try:
        zone = timezone(timedelta(minutes=minutes if minutes != -2_047 else 0))
        return datetime(_u16(raw, 2), raw[4], raw[5], raw[6], raw[7], raw[8], tzinfo=zone).isoformat()
    except (ValueError, IndexError):
        return ""
