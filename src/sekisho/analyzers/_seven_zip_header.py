"""The header of a 7z archive: which streams are packed how, and which files they hold.

Source: 7zFormat.txt and Methods.txt of the LZMA SDK (public domain).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.analyzers._cursor import Cursor
from sekisho.model.errors import LimitError, MalformedError

MAGIC = b"7z\xbc\xaf\x27\x1c"
START_BYTES = 32
END, HEADER, ARCHIVE, ADDITIONAL, MAIN, FILES, PACK, UNPACK, SUBSTREAMS, SIZE, CRC = range(11)
FOLDER, UNPACK_SIZES, COUNTS, EMPTY_STREAM, EMPTY_FILE, ANTI, NAMES = range(11, 18)
ATTRIBUTES, ENCODED = 0x15, 0x17
FOLDERS, ENTRIES, CODERS, STREAMS = 20_000, 50_000, 8, 8
"""Most of each that is read; real archives have one folder for many files and up to five coders in it."""
IS_FOLDER, IS_UNIX, UNIX_TYPE, UNIX_LINK = 0x10, 0x8000, 0xF000, 0xA000


@dataclass(frozen=True, slots=True)
class Coder:
    """One step of unpacking."""

    method: str
    """Id as hexadecimal digits."""
    inputs: int
    properties: bytes


@dataclass(frozen=True, slots=True)
class Folder:
    """Coders that turn packed streams into one unpacked stream."""

    coders: tuple[Coder, ...]
    binds: dict[int, int]
    """Input stream to the coder whose output it takes."""
    packed: tuple[int, ...]
    """Input streams that take packed streams, in their order."""
    sizes: tuple[int, ...] = ()
    """Unpacked bytes by coder."""
    crc: int | None = None

    @property
    def main(self) -> int:
        """Coder whose output is the folder's."""
        taken = set(self.binds.values())
        return next((index for index in range(len(self.coders)) if index not in taken), 0)

    @property
    def size(self) -> int:
        """Unpacked bytes of the whole."""
        return self.sizes[self.main]


@dataclass(slots=True)
class Streams:
    """Packed streams and what comes out of them."""

    pack_at: int
    pack_sizes: list[int]
    folders: list[Folder]
    members: list[list[tuple[int, int | None]]]
    """By folder: size and checksum of each file in it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or directory."""

    name: str
    has_stream: bool
    is_directory: bool
    is_link: bool


@dataclass(frozen=True, slots=True)
class Directory:
    """What a plain header says."""

    streams: Streams
    entries: list[Entry]


def number(cursor: Cursor) -> int:
    """Give an integer of one to nine bytes: leading one bits of the first byte count the bytes after it."""
    first = cursor.uint(1)
    value, mask = 0, 0x80
    for index in range(8):
        if not first & mask:
            return value | (first & (mask - 1)) << 8 * index
        value |= cursor.uint(1) << 8 * index
        mask >>= 1
    return value


def _count(cursor: Cursor, most: int, what: str) -> int:
    found = number(cursor)
    if found > most:
        raise LimitError(what, most)
    return found


def _bits(cursor: Cursor, count: int) -> list[bool]:
    raw = cursor.take((count + 7) // 8, "bit vector")
    return [bool(raw[index >> 3] & 0x80 >> (index & 7)) for index in range(count)]


def _known(cursor: Cursor, count: int) -> list[bool]:
    return [True] * count if cursor.uint(1) else _bits(cursor, count)


def _digests(cursor: Cursor, count: int) -> list[int | None]:
    return [cursor.uint(4, "checksum") if known else None for known in _known(cursor, count)]


def _skip_to(cursor: Cursor, wanted: int) -> None:
    """Pass over properties of no interest until the wanted one."""
    while (kind := number(cursor)) != wanted:
        if kind == END:
            raise MalformedError(f"7z header lacks property {wanted}", cursor.at)
        cursor.take(number(cursor), "property")


def read_streams(cursor: Cursor) -> Streams:
    """Read the description of packed streams and folders.

    Raises:
        MalformedError: it contradicts itself or is cut.
        LimitError: it has more of something than is read.
    """
    streams = Streams(0, [], [], [])
    crcs_at_end: list[list[tuple[int, int | None]]] | None = None
    while (kind := number(cursor)) != END:
        if kind == PACK:
            _pack_info(cursor, streams)
        elif kind == UNPACK:
            streams.folders = list(_folders(cursor))
        elif kind == SUBSTREAMS:
            crcs_at_end = list(_substreams(cursor, streams.folders))
        else:
            raise MalformedError(f"7z stream property {kind} is unknown", cursor.at)
    streams.members = crcs_at_end or [[(folder.size, folder.crc)] for folder in streams.folders]
    if sum(len(folder.packed) for folder in streams.folders) > len(streams.pack_sizes):
        raise MalformedError("7z folders take more packed streams than there are", cursor.at)
    return streams


def _pack_info(cursor: Cursor, streams: Streams) -> None:
    streams.pack_at = number(cursor)
    count = _count(cursor, FOLDERS, "packed_streams")
    while (kind := number(cursor)) != END:
        if kind == SIZE:
            streams.pack_sizes = [number(cursor) for _ in range(count)]
        elif kind == CRC:
            _digests(cursor, count)
        else:
            cursor.take(number(cursor), "property")


def _folders(cursor: Cursor) -> Iterator[Folder]:
    _skip_to(cursor, FOLDER)
    count = _count(cursor, FOLDERS, "folders")
    if cursor.uint(1):
        raise MalformedError("7z folders in another stream are not read", cursor.at)
    made = [_folder(cursor) for _ in range(count)]
    _skip_to(cursor, UNPACK_SIZES)
    sizes = [tuple(number(cursor) for _ in folder.coders) for folder in made]
    crcs: list[int | None] = [None] * count
    while (kind := number(cursor)) != END:
        if kind == CRC:
            crcs = _digests(cursor, count)
        else:
            cursor.take(number(cursor), "property")
    for folder, size, crc in zip(made, sizes, crcs, strict=True):
        yield Folder(folder.coders, folder.binds, folder.packed, size, crc)


def _folder(cursor: Cursor) -> Folder:
    coders: list[Coder] = []
    for _ in range(_count(cursor, CODERS, "coders")):
        flags = cursor.uint(1)
        method = cursor.take(flags & 0xF, "method").hex()
        inputs, outputs = 1, 1
        if flags & 0x10:
            inputs, outputs = _count(cursor, STREAMS, "streams"), _count(cursor, STREAMS, "streams")
        if outputs != 1 or not inputs:
            raise MalformedError("7z coder with other than one output", cursor.at)
        properties = cursor.take(number(cursor), "coder properties") if flags & 0x20 else b""
        coders.append(Coder(method, inputs, properties))
    if not coders:
        raise MalformedError("7z folder without coders", cursor.at)
    inputs = sum(coder.inputs for coder in coders)
    binds = {number(cursor): number(cursor) for _ in range(len(coders) - 1)}
    if any(taker >= inputs or giver >= len(coders) for taker, giver in binds.items()):
        raise MalformedError("7z folder binds streams that it has not", cursor.at)
    free = [index for index in range(inputs) if index not in binds]
    packed = tuple(free) if len(free) == 1 else tuple(number(cursor) for _ in free)
    return Folder(tuple(coders), binds, packed)


def _substreams(cursor: Cursor, folders: list[Folder]) -> Iterator[list[tuple[int, int | None]]]:
    counts = [1] * len(folders)
    kind = number(cursor)
    if kind == COUNTS:
        counts = [_count(cursor, ENTRIES, "members") for _ in folders]
        if sum(counts) > ENTRIES:
            raise LimitError("members", ENTRIES)
        kind = number(cursor)
    sizes: list[list[int]] = []
    for folder, count in zip(folders, counts, strict=True):
        known = [number(cursor) for _ in range(count - 1)] if kind == SIZE else [0] * (count - 1)
        rest = folder.size - sum(known)
        if rest < 0:
            raise MalformedError("7z members are larger than their folder", cursor.at)
        sizes.append([*known, rest] if count else [])
    if kind == SIZE:
        kind = number(cursor)
    whole = [count == 1 and folder.crc is not None for folder, count in zip(folders, counts, strict=True)]
    missing = sum(count for count, known in zip(counts, whole, strict=True) if not known)
    crcs: list[int | None] = [None] * missing
    while kind != END:
        if kind == CRC:
            crcs = _digests(cursor, missing)
        else:
            cursor.take(number(cursor), "property")
        kind = number(cursor)
    at = 0
    for folder, parts, is_known in zip(folders, sizes, whole, strict=True):
        if is_known:
            yield [(parts[0], folder.crc)]
            continue
        yield list(zip(parts, crcs[at : at + len(parts)], strict=True))
        at += len(parts)


def read_directory(cursor: Cursor) -> Directory:
    """Read a plain header, its first byte already taken.

    Raises:
        MalformedError: it contradicts itself or is cut.
        LimitError: it has more of something than is read.
    """
    streams, entries = Streams(0, [], [], []), list[Entry]()
    while (kind := number(cursor)) != END:
        if kind == ARCHIVE:
            while number(cursor) != END:
                cursor.take(number(cursor), "archive property")
        elif kind == ADDITIONAL:
            read_streams(cursor)
        elif kind == MAIN:
            streams = read_streams(cursor)
        elif kind == FILES:
            entries = _files(cursor)
        else:
            raise MalformedError(f"7z header property {kind} is unknown", cursor.at)
    return Directory(streams, entries)


def _files(cursor: Cursor) -> list[Entry]:
    count = _count(cursor, ENTRIES, "members")
    names, empty = [""] * count, [False] * count
    empty_files: list[bool] = []
    attributes = [0] * count
    while (kind := number(cursor)) != END:
        size = number(cursor)
        inner = Cursor(cursor.take(size, "file property"))
        if kind == EMPTY_STREAM:
            empty = _bits(inner, count)
        elif kind == EMPTY_FILE:
            empty_files = _bits(inner, sum(empty))
        elif kind == NAMES and not inner.uint(1):
            names = _names(inner.take(inner.left), count)
        elif kind == ATTRIBUTES:
            known = _known(inner, count)
            if not inner.uint(1):
                attributes = [inner.uint(4) if there else 0 for there in known]
    made: list[Entry] = []
    at = 0
    for name, without, bits in zip(names, empty, attributes, strict=True):
        is_file = not without or (at < len(empty_files) and empty_files[at])
        at += without
        is_link = bool(bits & IS_UNIX) and bits >> 16 & UNIX_TYPE == UNIX_LINK
        made.append(Entry(name, not without, not is_file or bool(bits & IS_FOLDER and without), is_link))
    return made


def _names(raw: bytes, count: int) -> list[str]:
    names = raw.decode("utf-16-le", "replace").split("\0")[:count]
    return names + [""] * (count - len(names))
