"""Compiled HTML help (CHM): its files, the page it opens, and who compiled it.

Source: the unofficial CHM specification (M. Russotto) and "Microsoft's HTML Help (.chm) format" (P. Wise), facts only;
LZX as in ``_lzx``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from sekisho.analyzers import _image, analyzer
from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._image import Contents, Member, Room
from sekisho.analyzers._lzx import FRAME_BYTES, Budget, Lzx
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT, MIB

MAGIC = b"ITSF\x03\0\0\0"
STORAGE = "::DataSpace/Storage/MSCompressed/"
CONTROL, CONTENT = STORAGE + "ControlData", STORAGE + "Content"
RESETS = STORAGE + "Transform/{7FC28940-9D31-11D0-9B27-00A0C91E9C7C}/InstanceData/ResetTable"
PLAIN, COMPRESSED = 0, 1
"""The two sections that files lie in."""
MAX_CHUNKS = 2_000
MAX_INTERVAL = 64
"""Frames between two resets; the compiler of Microsoft writes 2."""
SYSTEM = {1: "chm.contents", 2: "chm.start_page", 3: "chm.title", 9: "chm.compiler"}
"""Entries of ``#SYSTEM`` that are text."""
PAGES = (".htm", ".html")
SHORTCUT = re.compile(
    rb"""<param\s{1,20}name\s{0,5}=\s{0,5}["']?item1["']?\s{1,20}value\s{0,5}=\s{0,5}(?:"([^"]{1,4000})"|'([^']{1,4000})')""",
    re.IGNORECASE,
)
"""What the viewer's own control starts on its command ShortCut: window class, program, parameters."""
MAX_SHORTCUTS = 20


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    section: int
    at: int
    size_bytes: int


@dataclass(slots=True)
class _Book:
    data: bytes
    content_at: int
    entries: dict[str, _Entry] = field(default_factory=dict)
    window_bits: int = 0
    interval: int = 0
    """Frames between two resets."""
    frames: list[int] = field(default_factory=list)
    """Where each frame begins in the file; last the end."""
    plain_bytes: int = 0
    budget: Budget = field(default_factory=Budget)
    unpacked: dict[int, bytes] = field(default_factory=dict)
    """What came out by number of the interval."""


@analyzer(
    "chm",
    magic=MAGIC,
    media_type="application/vnd.ms-htmlhelp",
    features=(*_image.FILE_FEATURES[:2], "archive.traversal", *SYSTEM.values(), "chm.language", "chm.shortcut"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the directory, then hand out the files of the author.

    Yields:
        ``chm.start_page`` and what else the compiler noted, ``archive.member`` for each file, then a child for each;
        the tables that only the viewer reads are left out. A page that starts a program through the viewer's control
        gives ``chm.shortcut`` and a child ``kind="cmd"``.

    Raises:
        MalformedError: something is broken; everything else has been yielded.
        LimitError: there are more files or bytes than the limits allow.
    """
    cursor = Cursor(artifact.data, 0x14)
    yield Feature("chm.language", cursor.uint(4, "header"))
    cursor.take(0x30, "header")  # two class ids and the place of the first header section
    directory_at, _, content_at = cursor.uint(8), cursor.uint(8), cursor.uint(8)
    book, contents = _Book(artifact.data, content_at), Contents("CHM")
    try:
        _directory(book, directory_at, contents)
        _compression(book)
    except (MalformedError, LimitError) as error:
        contents.broke(error)
    yield from _system(book, contents)
    members = [_member(book, one) for one in book.entries.values() if _is_authors(one)]
    yield Feature("archive.members", len(members))
    yield from _image.named(members)
    room = Room(problem=contents.problem)
    for child in _image.children(artifact, members, room):
        yield child
        if child.name.lower().endswith(PAGES):
            yield from _shortcuts(artifact, child.data)
    if room.problem:
        raise room.problem


def _shortcuts(artifact: Artifact, page: bytes) -> Iterator[Feature | Artifact]:
    """Give what a page starts. Source: Microsoft HTML Help 1.4, "About the Shortcut command"."""
    if b"shortcut" not in page.lower():
        return
    for found in list(SHORTCUT.finditer(page))[:MAX_SHORTCUTS]:
        _, _, command = html.unescape(_text(found[1] or found[2])).partition(",")
        program, _, parameters = command.partition(",")
        line = f"{program} {parameters}".strip()
        yield Feature("chm.shortcut", line)
        yield artifact.child("shortcut", line.encode("utf-8", "replace"), relation="decoded", kind="cmd")


def _is_authors(entry: _Entry) -> bool:
    """Tell whether a file is the author's: tables of the compiler have names with marks, and folders end in one."""
    return not entry.name.startswith(("::", "/#", "/$")) and not entry.name.endswith("/")


def _member(book: _Book, entry: _Entry) -> Member:
    return Member(entry.name.removeprefix("/"), entry.size_bytes, partial(_load, book, entry))


def _directory(book: _Book, at: int, contents: Contents) -> None:
    """Read every chunk that lists names; the index over them is not needed."""
    head = Cursor(book.data, at)
    if head.take(4, "directory") != b"ITSP":
        raise MalformedError("CHM without its directory", at)
    head.take(4)
    head_bytes = head.uint(4)
    head.take(4)
    chunk_bytes = head.uint(4)
    head.take(24)
    count = head.uint(4)
    if not 64 <= chunk_bytes <= MIB:
        raise MalformedError(f"CHM chunk of {chunk_bytes} bytes", at + 16)
    if count > MAX_CHUNKS:
        contents.broke(LimitError("chunks", MAX_CHUNKS))
    for index in range(min(count, MAX_CHUNKS)):
        start = at + head_bytes + index * chunk_bytes
        if book.data.startswith(b"PMGL", start):
            free = int.from_bytes(book.data[start + 4 : start + 8], "little")
            _chunk(book, Cursor(book.data, start + 20, start + chunk_bytes - free), contents)


def _chunk(book: _Book, cursor: Cursor, contents: Contents) -> None:
    while cursor.left > 0:
        contents.spend()
        name = cursor.take(_packed(cursor), "name").decode("utf-8", "replace")
        section, at, size = _packed(cursor), _packed(cursor), _packed(cursor)
        book.entries.setdefault(name, _Entry(name, section, at, size))


def _packed(cursor: Cursor) -> int:
    """Give a number of seven bits a byte, highest first."""
    value = 0
    for _ in range(9):
        byte = cursor.uint(1, "number")
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value
    raise MalformedError("number without an end", cursor.at)


def _compression(book: _Book) -> None:
    """Read how section 1 is compressed; help files without any have no such entries."""
    if CONTENT not in book.entries:
        return
    control, table = (Cursor(_stored(book, name)) for name in (CONTROL, RESETS))
    control.take(4)
    if control.take(4) != b"LZXC":
        raise MalformedError("CHM compression is not LZX")
    unit = FRAME_BYTES if control.uint(4) == 2 else 1
    interval, window = control.uint(4) * unit, control.uint(4) * unit
    table.take(4)
    count = table.uint(4)
    table.take(4)
    head_bytes = table.uint(4)
    book.plain_bytes, packed_bytes, frame_bytes = table.uint(8), table.uint(8), table.uint(8)
    if frame_bytes != FRAME_BYTES or not FRAME_BYTES <= interval <= MAX_INTERVAL * FRAME_BYTES:
        raise MalformedError("CHM frames of an unknown size")
    book.window_bits, book.interval = window.bit_length() - 1, interval // FRAME_BYTES
    table.at = head_bytes
    start = book.content_at + book.entries[CONTENT].at
    book.frames = [start + table.uint(8) for _ in range(min(count, table.left // 8))] + [start + packed_bytes]


def _stored(book: _Book, name: str) -> bytes:
    if name not in book.entries or book.entries[name].section != PLAIN:
        raise MalformedError(f"CHM without {name.rpartition('/')[2]}")
    out = bytearray()
    _load(book, book.entries[name], out)
    return bytes(out)


def _load(book: _Book, entry: _Entry, out: bytearray) -> None:
    """Append a file's bytes, from either section."""
    if entry.size_bytes > DEFAULT.member_bytes:
        raise LimitError("member_bytes", DEFAULT.member_bytes)
    if entry.section == PLAIN:
        start = book.content_at + entry.at
        out += book.data[start : start + entry.size_bytes]
    elif entry.section == COMPRESSED and book.interval:
        at, interval_bytes = entry.at, book.interval * FRAME_BYTES
        while len(out) < entry.size_bytes:
            index, inside = divmod(at, interval_bytes)
            piece = _interval(book, index)[inside : inside + entry.size_bytes - len(out)]
            if not piece:
                break
            out += piece
            at += len(piece)
    if len(out) < entry.size_bytes:
        raise MalformedError("the content ends before the file", entry.at)


def _interval(book: _Book, index: int) -> bytes:
    """Give the plain bytes between two resets, each unpacked once."""
    if index not in book.unpacked:
        first = index * book.interval
        last = min(first + book.interval, len(book.frames) - 1)
        out = bytearray()
        try:
            reader = Lzx(book.window_bits, book.budget)
            for frame in range(first, last):
                size = min(FRAME_BYTES, book.plain_bytes - frame * FRAME_BYTES)
                if size <= 0:
                    break
                out += _frame(reader, book.data[book.frames[frame] : book.frames[frame + 1]], size)
        finally:
            book.unpacked[index] = bytes(out)
    return book.unpacked[index]


def _frame(reader: Lzx, raw: bytes, size: int) -> bytes:
    """Give the plain bytes of one frame; compilers fill the last one up, or end it where the text does."""
    start = len(reader.history)
    try:
        return reader.frame(raw, FRAME_BYTES)[:size]
    except MalformedError:
        if size == FRAME_BYTES or len(reader.history) < start + size:
            raise
        return bytes(reader.history[start : start + size])


def _system(book: _Book, contents: Contents) -> Iterator[Feature]:
    """Give what the compiler noted: the start page, the title, and itself."""
    if "/#SYSTEM" not in book.entries:
        return
    raw = bytearray()
    try:
        _load(book, book.entries["/#SYSTEM"], raw)
    except (MalformedError, LimitError) as error:
        contents.broke(error)
    cursor = Cursor(bytes(raw), 4)
    while cursor.left >= 4:
        code, size = cursor.uint(2), cursor.uint(2)
        text = cursor.take(min(size, cursor.left)).split(b"\0")[0]
        if code in SYSTEM and text:
            yield Feature(SYSTEM[code], _text(text))


def _text(raw: bytes) -> str:
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")
