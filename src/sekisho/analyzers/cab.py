"""Cabinets: MSZIP, LZX and stored folders; names that lead out of the folder, and what lies beside the files.

Source: [MS-CAB] 2 structures; [MS-MCI] MSZIP; "LZX data compression format" (Cabinet SDK).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from sekisho.analyzers import _image, analyzer
from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._image import Member, Room
from sekisho.analyzers._lzx import Budget, Lzx
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

MAGIC = b"MSCF\0\0\0\0"
HAS_PREVIOUS, HAS_NEXT, HAS_RESERVE = 0x01, 0x02, 0x04
HIDDEN, SYSTEM, UTF8 = 0x02, 0x04, 0x80
STORED, MSZIP, QUANTUM, LZX = 0, 1, 2, 3
METHODS = {STORED: "store", MSZIP: "mszip", QUANTUM: "quantum", LZX: "lzx"}
CONTINUED = 0xFFFD
"""From this number on a file's folder begins or ends in another cabinet."""
BLOCK_BYTES = 32_768


@dataclass(slots=True)
class _Folder:
    """One run of compressed blocks, unpacked as far as somebody asks for."""

    data: bytes
    at: int
    blocks: int
    method: int
    window_bits: int
    reserve: int
    budget: Budget
    plain: bytearray = field(default_factory=bytearray)
    lzx: Lzx | None = None
    problem: MalformedError | LimitError | None = None

    def upto(self, end: int) -> bytearray:
        """Give the unpacked bytes, at least up to ``end`` unless there are fewer; the reason is in ``problem``."""
        while self.blocks and len(self.plain) < end and not self.problem:
            try:
                self._block()
            except (MalformedError, LimitError) as error:
                self.problem = error
        return self.plain

    def _block(self) -> None:
        cursor = Cursor(self.data, self.at)
        cursor.take(4, "checksum")
        packed, size = cursor.uint(2, "block size"), cursor.uint(2, "block size")
        cursor.take(self.reserve, "reserve")
        raw = cursor.take(packed, "cabinet block")
        self.plain += self._unpacked(raw, size)
        if len(self.plain) > DEFAULT.unpacked_bytes:
            raise LimitError("unpacked_bytes", DEFAULT.unpacked_bytes)
        self.at, self.blocks = cursor.at, self.blocks - 1

    def _unpacked(self, raw: bytes, size: int) -> bytes:
        if self.method == STORED:
            return raw
        if self.method == MSZIP:
            return _inflated(raw, size, bytes(self.plain[-BLOCK_BYTES:]))
        if self.method != LZX:
            raise MalformedError(f"compression method {METHODS.get(self.method, self.method)} is not read")
        self.lzx = self.lzx or Lzx(self.window_bits, self.budget)
        return self.lzx.frame(raw, size)


@dataclass(frozen=True, slots=True)
class _Header:
    files_at: int
    folders: int
    files: int
    end_at: int
    reserve: bytes
    block_reserve: int
    folder_reserve: int
    neighbours: tuple[tuple[str, str], ...]
    """Feature and name of the cabinets before and after."""
    folders_at: int


@analyzer(
    "cab",
    magic=MAGIC,
    media_type="application/vnd.ms-cab-compressed",
    features=(
        *_image.FILE_FEATURES[:-1],
        "archive.method",
        "archive.reserved_bytes",
        "archive.trailing_bytes",
        "archive.previous_volume",
        "archive.next_volume",
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the directory, then unpack each file within the limits.

    Yields:
        Features of the directory; a child for each file, with ``unscanned`` when it lies in another cabinet or its
        compression is not read; then a child ``trailing`` for bytes after the end.

    Raises:
        MalformedError: something is broken or not read; everything else has been yielded.
        LimitError: there are more files or bytes than the limits allow.
    """
    data = artifact.data
    header = _header(data)
    folders = list(_folders(data, header))
    room = Room()
    members = list(_members(data, header, folders, room))
    yield Feature("archive.members", header.files)
    for method in dict.fromkeys(folder.method for folder in folders):
        yield Feature("archive.method", METHODS.get(method, str(method)))
    yield from (Feature(name, value) for name, value in header.neighbours)
    if header.reserve.strip(b"\0"):
        yield Feature("archive.reserved_bytes", len(header.reserve), 40)
    yield from _image.named(members)
    yield from _image.children(artifact, members, room)
    trailing = data[header.end_at :]
    if trailing.strip(b"\0"):
        yield Feature("archive.trailing_bytes", len(trailing), header.end_at)
        yield artifact.child("trailing", trailing, relation="overlay")
    if room.problem:
        raise room.problem


def _header(data: bytes) -> _Header:
    cursor = Cursor(data, 8)
    end_at, _, files_at, _ = (cursor.uint(4) for _ in range(4))
    cursor.take(2, "version")
    folders, files, flags = cursor.uint(2), cursor.uint(2), cursor.uint(2)
    cursor.take(4, "set")
    reserve, folder_reserve, block_reserve = b"", 0, 0
    if flags & HAS_RESERVE:
        size, folder_reserve, block_reserve = cursor.uint(2), cursor.uint(1), cursor.uint(1)
        reserve = cursor.take(size, "reserve")
    neighbours = []
    for flag, feature in ((HAS_PREVIOUS, "archive.previous_volume"), (HAS_NEXT, "archive.next_volume")):
        if flags & flag:
            neighbours.append((feature, _name(_text(cursor), 0)))
            _text(cursor)  # the label of its disk
    return _Header(
        files_at, folders, files, end_at, reserve, block_reserve, folder_reserve, tuple(neighbours), cursor.at
    )


def _text(cursor: Cursor) -> bytes:
    """Give text up to its zero, at most 256 bytes. Source: [MS-CAB] 2.4."""
    end = cursor.data.find(b"\0", cursor.at, cursor.at + 257)
    if end < 0:
        raise MalformedError("cabinet name without an end", cursor.at)
    raw = cursor.take(end - cursor.at)
    cursor.take(1)
    return raw


def _folders(data: bytes, header: _Header) -> Iterator[_Folder]:
    cursor = Cursor(data, header.folders_at)
    budget = Budget()
    for _ in range(header.folders):
        at, blocks, method = cursor.uint(4), cursor.uint(2), cursor.uint(2)
        cursor.take(header.folder_reserve)
        yield _Folder(data, at, blocks, method & 0xF, method >> 8 & 0x1F, header.block_reserve, budget)


def _members(data: bytes, header: _Header, folders: list[_Folder], room: Room) -> Iterator[Member]:
    cursor = Cursor(data, header.files_at)
    try:
        for _ in range(header.files):
            size, start, index = cursor.uint(4), cursor.uint(4), cursor.uint(2)
            cursor.take(4, "time")
            attributes = cursor.uint(2)
            name = _name(_text(cursor), attributes)
            folder = folders[index] if index < len(folders) else None
            load = partial(_load, folder, start, size, index)
            yield Member(name, size, load, hidden=bool(attributes & (HIDDEN | SYSTEM)))
    except MalformedError as error:
        room.problem = error


def _name(raw: bytes, attributes: int) -> str:
    """Give a name; without its flag it is in the code page of its maker, which is not told."""
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            if attributes & UTF8:
                break
    return raw.decode("utf-8", "replace") if attributes & UTF8 else raw.decode("latin-1")


def _load(folder: _Folder | None, start: int, size: int, index: int, out: bytearray) -> None:
    if folder is None:
        kind = "a file that lies partly in another cabinet" if index >= CONTINUED else f"folder {index} does not exist"
        raise MalformedError(kind)
    plain = folder.upto(start + size)
    out += plain[start : start + size]
    if len(out) < size:
        raise folder.problem or MalformedError("the folder ends before the file")


def _inflated(raw: bytes, size: int, before: bytes) -> bytes:
    """Give a block of MSZIP: deflate that goes on with the window of the block before."""
    if raw[:2] != b"CK":
        raise MalformedError("MSZIP block without its mark")
    reader = zlib.decompressobj(-15, zdict=before) if before else zlib.decompressobj(-15)
    try:
        plain = reader.decompress(raw[2:], BLOCK_BYTES)
    except zlib.error as error:
        raise MalformedError(f"MSZIP block: {error}") from error
    if len(plain) != size:
        raise MalformedError(f"MSZIP block gives {len(plain)} of {size} bytes")
    return plain
