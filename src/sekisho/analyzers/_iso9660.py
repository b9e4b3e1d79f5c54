"""ISO 9660 directories with their Joliet and Rock Ridge names.

Source: ECMA-119 (ISO 9660) 8.4 primary descriptor, 9.1 directory records; Joliet specification 1.0; IEEE P1281 (SUSP)
and P1282 (Rock Ridge) 4.1.4 ``NM``; El Torito specification 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial

from sekisho.analyzers import _disk
from sekisho.analyzers._image import Contents, Member, too_deep
from sekisho.model.errors import LimitError, MalformedError

SECTOR = 2_048
FIRST_DESCRIPTOR = 16
MAX_DESCRIPTORS = 64
BOOT, PRIMARY, SUPPLEMENTARY, TERMINATOR = 0, 1, 2, 255
HIDDEN, DIRECTORY, ASSOCIATED, MULTI_EXTENT = 0x01, 0x02, 0x04, 0x80
JOLIET = (b"%/@", b"%/C", b"%/E")
MAX_CONTINUATIONS = 8
TEXTS = (
    ("image.system", 8, 40),
    ("image.label", 40, 72),
    ("image.publisher", 318, 446),
    ("image.preparer", 446, 574),
    ("image.application", 574, 702),
)
"""Fields of a volume descriptor. Source: ECMA-119 8.4."""
TIMES = (("image.created_at", 813), ("image.modified_at", 830))


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One volume descriptor of interest."""

    raw: bytes
    at: int

    @property
    def joliet(self) -> bool:
        """Its names are UCS-2."""
        return self.raw[0] == SUPPLEMENTARY and self.raw[88:120].startswith(JOLIET)

    @property
    def block_bytes(self) -> int:
        """Size of a logical block."""
        return int.from_bytes(self.raw[128:130], "little")

    @property
    def space_bytes(self) -> int:
        """How far the volume claims to reach."""
        return int.from_bytes(self.raw[80:84], "little") * self.block_bytes

    @property
    def root(self) -> bytes:
        """The directory record of the root."""
        return self.raw[156:190]

    def text(self, start: int, end: int) -> str:
        """Give a padded text field."""
        raw = self.raw[start:end]
        return raw.decode("utf-16-be" if self.joliet else "latin-1", "replace").rstrip(" \0").strip()


@dataclass(frozen=True, slots=True)
class _Record:
    name: bytes
    block: int
    size_bytes: int
    flags: int
    interleaved: bool
    system_use: bytes
    at: int


def descriptors(data: bytes) -> list[Descriptor]:
    """Give the volume descriptors in order, those between descriptors of other standards included."""
    found = []
    for sector in range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + MAX_DESCRIPTORS):
        raw = data[sector * SECTOR : (sector + 1) * SECTOR]
        if len(raw) < SECTOR or raw[1:6] not in (b"CD001", b"BEA01", b"NSR02", b"NSR03", b"TEA01", b"BOOT2"):
            break
        if raw[1:6] == b"CD001":
            found.append(Descriptor(raw, sector * SECTOR))
    return found


def facts(descriptor: Descriptor) -> Iterator[tuple[str, str]]:
    """Give what the author's program wrote about itself and the time."""
    for name, start, end in TEXTS:
        if text := descriptor.text(start, end):
            yield name, text
    for name, at in TIMES:
        if text := _long_time(descriptor.raw[at : at + 17]):
            yield name, text


def boot_system(descriptor: Descriptor) -> str:
    """Give the boot system of a boot record, such as El Torito."""
    return descriptor.raw[7:39].rstrip(b"\0 ").decode("latin-1").removesuffix(" SPECIFICATION")


def unreferenced(data: bytes, found: list[Descriptor], trees: list[Contents], end: int) -> bytes:
    """Give the sectors before ``end`` that hold something and that nothing on the disc refers to, joined."""
    known = [(0, FIRST_DESCRIPTOR * SECTOR)] + [run for tree in trees for run in tree.used]
    for one in found:
        known.append((one.at, one.at + SECTOR))
        if one.raw[0] == BOOT:
            known.append((catalog_at(one), catalog_at(one) + SECTOR))
        elif one.raw[0] in (PRIMARY, SUPPLEMENTARY):
            known += _path_tables(one)
    end = min(end, len(data))
    free = bytearray(b"\1") * -(-end // SECTOR)
    for start, stop in known:
        first, last = start // SECTOR, min(-(-stop // SECTOR), len(free))
        free[first:last] = bytes(max(0, last - first))
    parts, at = [], free.find(1)
    while at >= 0:
        piece = data[at * SECTOR : (at + 1) * SECTOR]
        if piece.strip(b"\0"):
            parts.append(piece)
        at = free.find(1, at + 1)
    return b"".join(parts)


def _path_tables(one: Descriptor) -> Iterator[tuple[int, int]]:
    """Give where the path tables lie: each kind of computer has its own, perhaps twice. Source: ECMA-119 8.4.14."""
    size = int.from_bytes(one.raw[132:136], "little")
    little, big = (140, 144), (148, 152)
    blocks = [int.from_bytes(one.raw[at : at + 4], "little") for at in little]
    blocks += [int.from_bytes(one.raw[at : at + 4], "big") for at in big]
    yield from ((block * one.block_bytes, block * one.block_bytes + size) for block in blocks if block)


def catalog_at(descriptor: Descriptor) -> int:
    """Give where the catalog of a boot record lies. Source: El Torito 2.0, figure 7."""
    return int.from_bytes(descriptor.raw[71:75], "little") * SECTOR


def read(data: bytes, descriptor: Descriptor) -> Contents:
    """Walk one directory tree; never raises."""
    contents = Contents("Joliet" if descriptor.joliet else "ISO 9660")
    try:
        _walk(_disk.Flat(data), descriptor, contents)
    except (MalformedError, LimitError) as error:
        contents.broke(error)
    return contents


def _walk(disk: _disk.Flat, descriptor: Descriptor, contents: Contents) -> None:
    block_bytes = descriptor.block_bytes
    if block_bytes not in (512, 1_024, SECTOR):
        raise MalformedError(f"logical block of {block_bytes} bytes", descriptor.at + 128)
    skip = 0
    seen: set[int] = set()
    pending = [("", _record(descriptor.root, 0, descriptor.at + 156))]
    while pending:
        folder, record = pending.pop()
        if record is None or record.block in seen or too_deep(folder):
            contents.broke(MalformedError(f"folder {folder or '/'} lies in itself or too deep"))
            continue
        seen.add(record.block)
        contents.used.append((record.block * block_bytes, record.block * block_bytes + record.size_bytes))
        below = []
        for parts in _files(_records(disk, block_bytes, record, contents)):
            if parts[0].name == b"\0" and not folder:
                skip = _susp_skip(parts[0].system_use)
                _rock_ridge_name(disk, block_bytes, parts[0].system_use, contents)  # says which extensions there are
            if parts[0].name in (b"\0", b"\1", b""):
                continue
            name = _name(disk, descriptor, parts[0], skip, contents)
            if parts[0].flags & DIRECTORY:
                below.append((f"{folder}{name}/", parts[0]))
                if parts[0].flags & HIDDEN:
                    contents.hidden_folders.add(f"{folder}{name}/")
            else:
                contents.members.append(_member(disk, block_bytes, folder + name, parts))
                contents.used += [(one.block * block_bytes, one.block * block_bytes + one.size_bytes) for one in parts]
        pending += reversed(below)


def _records(disk: _disk.Flat, block_bytes: int, folder: _Record, contents: Contents) -> Iterator[_Record]:
    """Give the records of one folder; none crosses a sector, and a zero length skips to the next one."""
    start = folder.block * block_bytes
    end = min(start + folder.size_bytes, disk.size)
    if start >= disk.size or start + folder.size_bytes > disk.size:
        contents.broke(MalformedError("a folder lies beyond the end of the image", start))
    at = start
    while at < end:
        contents.spend()
        length = disk.data[at]
        if not length:
            at += SECTOR - (at - start) % SECTOR
            continue
        record = _record(disk.data[at : min(at + length, end)], length, at)
        if record is None:
            contents.broke(MalformedError("directory record", at))
            return
        yield record
        at += length


def _record(raw: bytes, length: int, at: int) -> _Record | None:
    if len(raw) < 34 or len(raw) < length or 33 + raw[32] > len(raw):
        return None
    used = 33 + raw[32]
    return _Record(
        name=raw[33:used],
        block=int.from_bytes(raw[2:6], "little") + raw[1],  # extended attributes come before the data
        size_bytes=int.from_bytes(raw[10:14], "little"),
        flags=raw[25],
        interleaved=bool(raw[26] or raw[27]),
        system_use=raw[used + (used & 1) :],
        at=at,
    )


def _files(records: Iterator[_Record]) -> Iterator[list[_Record]]:
    """Join the records that are sections of one file."""
    parts: list[_Record] = []
    for record in records:
        if parts and parts[0].name != record.name:
            yield parts
            parts = []
        parts.append(record)
        if not record.flags & MULTI_EXTENT:
            yield parts
            parts = []
    if parts:
        yield parts


def _member(disk: _disk.Flat, block_bytes: int, name: str, parts: list[_Record]) -> Member:
    extents = [(part.block * block_bytes, part.size_bytes) for part in parts]
    size = sum(length for _, length in extents)
    load = _refuse if any(part.interleaved for part in parts) else partial(_disk.copy, disk, extents, size)
    key = (extents[0][0], size) if size else (name.lower(),)
    return Member(name, size, load, hidden=bool(parts[0].flags & (HIDDEN | ASSOCIATED)), key=key)


def _refuse(_out: bytearray) -> None:
    raise MalformedError("interleaved files are not read")


def _name(disk: _disk.Flat, descriptor: Descriptor, record: _Record, skip: int, contents: Contents) -> str:
    """Give the name that people see; version number and the empty extension's dot are not shown by any system."""
    if descriptor.joliet:
        return _without_version(record.name.decode("utf-16-be", "replace"))
    plain = _without_version(record.name.decode("latin-1"))
    long = _rock_ridge_name(disk, descriptor.block_bytes, record.system_use[skip:], contents)
    if not long:
        return plain
    if contents.filesystem == "ISO 9660":
        contents.filesystem = "ISO 9660 with Rock Ridge"
    if not record.flags & DIRECTORY and _ending(plain) != _ending(long):
        contents.facts.append(("archive.mismatch", f"{plain}: {long} by Rock Ridge"))
        return plain  # Windows knows no Rock Ridge
    return long


def _without_version(name: str) -> str:
    stem, mark, version = name.rpartition(";")
    return (stem if mark and version.isdigit() else name).rstrip(".") or name


def _ending(name: str) -> str:
    """Give the extension as short names spell it."""
    _, dot, ending = name.rpartition(".")
    return "".join(letter if letter.isalnum() else "_" for letter in ending.upper()[:3]) if dot else ""


def _susp_skip(system_use: bytes) -> int:
    """Give how many bytes stand before the entries, from the first record of the root. Source: IEEE P1281 5.3."""
    for at in (0, 14):  # CD-ROM XA attributes are 14 bytes
        if system_use[at : at + 6] == b"SP\x07\x01\xbe\xef":
            return system_use[at + 6] if len(system_use) > at + 6 else 0
    return 0


def _rock_ridge_name(disk: _disk.Flat, block_bytes: int, area: bytes, contents: Contents) -> str:
    """Join a long name's parts, which may go on elsewhere."""
    raw = b""
    for _ in range(MAX_CONTINUATIONS):
        following = b""
        at = 0
        while at + 4 <= len(area) and (length := area[at + 2]) >= 4:
            entry = area[at : at + length]
            if entry[:2] == b"NM" and len(entry) >= 5 and not entry[4] & 0x06:  # not "." and ".."
                raw += entry[5:]
            elif entry[:2] == b"CE" and len(entry) >= 28:
                block, offset, count = (int.from_bytes(entry[field : field + 4], "little") for field in (4, 12, 20))
                start = block * block_bytes + offset
                following = disk.data[start : start + min(count, SECTOR)]
                contents.used.append((start, start + min(count, SECTOR)))
            elif entry[:2] == b"ST":
                break
            at += length
        if not following:
            break
        area = following
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _long_time(raw: bytes) -> str:
    """Give a time of 16 digits and an offset in quarters of an hour; empty when it is not set."""
    digits = raw[:16]
    if len(raw) < 17 or not digits.isdigit() or not int(digits[:4]):
        return ""
    quarters = int.from_bytes(raw[16:17], "little", signed=True)
    try:
        zone = timezone(timedelta(minutes=15 * quarters))
        return datetime.strptime(digits[:14].decode(), "%Y%m%d%H%M%S").replace(tzinfo=zone).isoformat()
    except ValueError:
        return ""
