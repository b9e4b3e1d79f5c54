"""Windows programs as the loader reads them: headers, sections, imports, exports, debug entries, resources.

Source: Microsoft, "PE Format" (COFF header, optional header, section table, .idata, .edata, .rsrc, debug directory).
"""

from __future__ import annotations

import hashlib
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from sekisho.analyzers._pe_ordinals import NAMES
from sekisho.model.errors import MalformedError

EXPORTS, IMPORTS, RESOURCES, CERTIFICATES, DEBUG, CLR = 0, 1, 2, 4, 6, 14
SECTIONS, SYMBOLS, NODES, LIBRARIES = 96, 20_000, 5_000, 1_000
NAME_BYTES = 512
IS_DLL = 0x2000
INVALID = "*invalid*"
_LIBRARY_ENDINGS = ("ocx", "sys", "dll")


@dataclass(frozen=True, slots=True)
class Section:
    """One row of the section table."""

    name: str
    rva: int
    virtual_bytes: int
    at: int
    size_bytes: int
    flags: int


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: its path of types, names and languages, and its bytes' place."""

    path: tuple[str | int, ...]
    rva: int
    size_bytes: int


@dataclass(slots=True)
class Image:
    """A program whose headers have been read."""

    data: bytes
    machine: int = 0
    stamp: int = 0
    flags: int = 0
    subsystem: int = 0
    entry_rva: int = 0
    is_wide: bool = False
    checksum_at: int = 0
    directory_at: int = 0
    """Offset of the data directories."""
    directories: list[tuple[int, int]] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    symbols: tuple[int, int] = (0, 0)
    """Where a linker's symbols stand, which GNU's puts behind the program."""
    _starts: list[int] = field(default_factory=list)
    _sorted: list[Section] = field(default_factory=list)

    def index(self) -> None:
        """Order the sections for looking addresses up."""
        self._sorted = sorted(self.sections, key=lambda one: one.rva)
        self._starts = [one.rva for one in self._sorted]

    def directory(self, number: int) -> tuple[int, int]:
        """Give address and size of a data directory, zeros when there is none."""
        return self.directories[number] if number < len(self.directories) else (0, 0)

    def section_of(self, rva: int) -> Section | None:
        """Give the section that an address lies in."""
        found = bisect_right(self._starts, rva) - 1
        if found < 0:
            return None
        one = self._sorted[found]
        return one if rva < one.rva + max(one.virtual_bytes, one.size_bytes) else None

    def offset(self, rva: int) -> int:
        """Give where an address stands in the file, past its end when it does not."""
        one = self.section_of(rva)
        if one is not None:
            inside = rva - one.rva
            return one.at // 0x200 * 0x200 + inside if inside < one.size_bytes else len(self.data)
        return rva if not self._starts or rva < self._starts[0] else len(self.data)

    def take(self, rva: int, count: int) -> bytes:
        """Give the bytes at an address, fewer where the file has no more."""
        at = self.offset(rva)
        return self.data[at : at + count]

    def text(self, rva: int) -> str:
        """Give a zero-ended name, :data:`INVALID` when it is no printable ASCII."""
        raw = self.take(rva, NAME_BYTES).split(b"\0", 1)[0]
        if not raw:
            return ""
        return raw.decode("latin-1") if raw.isascii() and min(raw) > 32 and max(raw) < 127 else INVALID

    @property
    def end(self) -> int:
        """Offset after the last section's bytes: what follows is no part of the program."""
        ends = [one.at + one.size_bytes for one in self.sections if one.size_bytes and one.at]
        return min(max(ends, default=len(self.data)), len(self.data))


def header_at(data: bytes) -> int:
    """Give where the PE header stands, -1 without one."""
    at = int.from_bytes(data[60:64], "little")
    return at if data[:2] == b"MZ" and data[at : at + 4] == b"PE\0\0" else -1


def read_image(data: bytes) -> Image:
    """Read the headers.

    Raises:
        MalformedError: there is no PE header, or it is cut.
    """
    at = header_at(data)
    if at < 0:
        raise MalformedError("no PE header", 60)
    image = Image(data)
    try:
        image.machine, count, image.stamp, symbols, number, size, image.flags = struct.unpack_from(
            "<HHIIIHH", data, at + 4
        )
        if symbols:
            names_at = symbols + 18 * number
            image.symbols = (symbols, names_at + int.from_bytes(data[names_at : names_at + 4], "little"))
        start = at + 24
        image.is_wide = data[start : start + 2] == b"\x0b\x02"
        image.entry_rva = struct.unpack_from("<I", data, start + 16)[0]
        image.checksum_at = start + 64
        image.subsystem = struct.unpack_from("<H", data, start + 68)[0]
        image.directory_at = start + (112 if image.is_wide else 96)
        (number,) = struct.unpack_from("<I", data, image.directory_at - 4)
        image.directories = [
            struct.unpack_from("<II", data, image.directory_at + 8 * index) for index in range(min(number, 16))
        ]
        for index in range(min(count, SECTIONS)):
            image.sections.append(_section(data, start + size + 40 * index))
    except struct.error as error:
        image.index()
        raise MalformedError(f"header is cut: {error}", at) from error
    image.index()
    return image


def _section(data: bytes, at: int) -> Section:
    name, virtual, rva, size, raw = struct.unpack_from("<8sIIII", data, at)
    (flags,) = struct.unpack_from("<I", data, at + 36)
    return Section(name.rstrip(b"\0").decode("latin-1"), rva, virtual, raw, size, flags)


def imports(image: Image) -> Iterator[tuple[str, list[str]]]:
    """Give each imported library with the functions taken from it, ordinals by name where they have one."""
    rva, _ = image.directory(IMPORTS)
    left = SYMBOLS
    for _ in range(LIBRARIES if rva else 0):
        row = image.take(rva, 20)
        if len(row) < 20 or not any(row):
            return
        lookup, _, _, name, addresses = struct.unpack("<IIIII", row)
        library = image.text(name)
        symbols = list(_symbols(image, lookup or addresses, library, left)) if library else []
        if not symbols and lookup and addresses:
            symbols = list(_symbols(image, addresses, library, left)) if library else []
        left -= len(symbols)
        if symbols:
            yield library, symbols
        rva += 20


def _symbols(image: Image, rva: int, library: str, left: int) -> Iterator[str]:
    width, flag = (8, 1 << 63) if image.is_wide else (4, 1 << 31)
    names = NAMES.get(library.lower(), {})
    for _ in range(max(0, left)):
        raw = image.take(rva, width)
        value = int.from_bytes(raw, "little")
        if len(raw) < width or not value:
            return
        if value & flag:
            ordinal = value & 0xFFFF
            yield names.get(ordinal) or f"ord{ordinal}"
        elif name := image.text((value & 0x7FFFFFFF) + 2):
            yield name
        rva += width


def import_hash(found: list[tuple[str, list[str]]]) -> str:
    """Give the import hash, empty without imports.

    Source: Mandiant, "Tracking Malware with Import Hashing" (2014), as pefile's ``get_imphash`` computes it.
    """
    words = []
    for library, symbols in found:
        stem, dot, ending = library.lower().rpartition(".")
        base = stem if dot and ending in _LIBRARY_ENDINGS else library.lower()
        words += [f"{base}.{symbol.lower()}" for symbol in symbols]
    return hashlib.md5(",".join(words).encode("latin-1"), usedforsecurity=False).hexdigest() if words else ""


@dataclass(frozen=True, slots=True)
class Exports:
    """What a library offers."""

    name: str
    stamp: int
    count: int
    names: tuple[str, ...]


def exports(image: Image) -> Exports | None:
    """Give the export directory, None without one."""
    rva, size = image.directory(EXPORTS)
    row = image.take(rva, 40) if rva and size else b""
    if len(row) < 40:
        return None
    _, stamp, _, _, name, _, count, named, _, names, _ = struct.unpack("<IIHHIIIIIII", row)
    raw = image.take(names, 4 * min(named, SYMBOLS))
    places = (int.from_bytes(raw[at : at + 4], "little") for at in range(0, len(raw) - 3, 4))
    found = tuple(text for text in map(image.text, places) if text)
    return Exports(image.text(name), stamp, count, found)


def ordinals(image: Image) -> dict[int, str]:
    """Give the names that a library's own export table gives its ordinals."""
    row = image.take(image.directory(EXPORTS)[0], 40)
    if len(row) < 40:
        return {}
    base, _, named, _, names, numbers = struct.unpack_from("<IIIIII", row, 16)
    found = {}
    for index in range(min(named, SYMBOLS)):
        number = int.from_bytes(image.take(numbers + 2 * index, 2), "little")
        found[base + number] = image.text(int.from_bytes(image.take(names + 4 * index, 4), "little"))
    return found


def debug_entries(image: Image) -> Iterator[tuple[int, int, bytes]]:
    """Give kind, time stamp and bytes of each debug entry."""
    rva, size = image.directory(DEBUG)
    for index in range(min(size // 28, 32) if rva else 0):
        row = image.take(rva + 28 * index, 28)
        if len(row) < 28:
            return
        _, stamp, _, _, kind, length, _, at = struct.unpack("<IIHHIIII", row)
        yield kind, stamp, image.data[at : at + min(length, 4_096)]


def resources(image: Image) -> tuple[int, list[Resource]]:
    """Give the time stamp of the resource tree and its leaves in reading order."""
    root, _ = image.directory(RESOURCES)
    if not root:
        return 0, []
    leaves: list[Resource] = []
    pending: list[tuple[int, tuple[str | int, ...]]] = [(0, ())]
    seen, room = set(), NODES
    stamp = int.from_bytes(image.take(root + 4, 4), "little")
    while pending and room > 0:
        at, path = pending.pop(0)
        head = image.take(root + at, 16)
        if len(head) < 16 or at in seen or len(path) > 3:
            continue
        seen.add(at)
        count = sum(struct.unpack_from("<HH", head, 12))
        rows = image.take(root + at + 16, 8 * min(count, room))
        room -= len(rows) // 8
        for index in range(0, len(rows) - 7, 8):
            key, value = struct.unpack_from("<II", rows, index)
            here = (*path, _resource_name(image, root, key))
            if value >> 31:
                pending.append((value & 0x7FFFFFFF, here))
            elif len(leaf := image.take(root + value, 8)) == 8:
                leaves.append(Resource(here, *struct.unpack("<II", leaf)))
    return stamp, leaves


def _resource_name(image: Image, root: int, key: int) -> str | int:
    if not key >> 31:
        return key
    at = root + (key & 0x7FFFFFFF)
    count = int.from_bytes(image.take(at, 2), "little")
    return image.take(at + 2, 2 * min(count, 128)).decode("utf-16-le", "replace")


def rich_header(data: bytes) -> tuple[str, list[tuple[int, int, int]]]:
    """Give the MD5 of the decoded linker stamp and its rows (product, build, count), empty without one.

    Source: the layout published by Kaspersky ("The devil's in the Rich header", 2018); hash as pefile's.
    """
    end = data.find(b"Rich", 0x40, max(0x40, min(header_at(data), 0x1000)))
    if end < 0 or len(data) < end + 8:
        return "", []
    key = data[end + 4 : end + 8]
    start = data.rfind(bytes(one ^ two for one, two in zip(b"DanS", key, strict=True)), 0x40, end)
    if start < 0:
        return "", []
    plain = bytes(byte ^ key[index & 3] for index, byte in enumerate(data[start:end]))
    rows = [struct.unpack_from("<HHI", plain, at) for at in range(16, len(plain) - 7, 8)]
    return hashlib.md5(plain, usedforsecurity=False).hexdigest(), [(two, one, count) for one, two, count in rows]
