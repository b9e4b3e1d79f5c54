"""LZH archives, still mailed in Japan: names in Shift_JIS, members stored or packed by any of LHA's later methods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.analyzers import analyzer
from sekisho.analyzers._archive import NAME_FEATURES, Named, Room, name_features
from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._lzh_unpack import WINDOWS, Symbols, unpack
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT, MIB

HEADERS = 10_000
"""Members of one archive that are read."""
CHECKED_BYTES = 8 * MIB
"""Bytes whose checksum is looked at, in pure Python; it only tells of damage."""
FOLDER = "lhd"
STORED = ("lh0", "lz4")
NAME, PATH, UNICODE_NAME, UNICODE_PATH = 0x01, 0x02, 0x44, 0x45
"""Kinds of extended headers."""
EXTENDED = 100
_SEPARATOR = 0xFF


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    at: int
    method: str
    data_at: int
    packed: int
    size: int
    crc: int


def is_lzh(artifact: Artifact) -> bool:
    """Tell whether a method stands where the first header has it; level 3 is named, not read."""
    head = artifact.data[:22]
    return len(head) == 22 and head[2:4] == b"-l" and head[6:7] == b"-" and head[20] <= 3 and head[4:6].isalnum()


@analyzer(
    "lzh",
    media_type="application/x-lzh-compressed",
    recognise=is_lzh,
    features=(*NAME_FEATURES, "archive.trailing_bytes", "archive.crc_mismatch"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read all headers, then unpack the files.

    Yields:
        Features of the headers; a child for each file, with ``unscanned`` set when it could not be unpacked; then a
        child ``trailing`` for bytes after the end.

    Raises:
        MalformedError: a header or a stream is broken, or a method is not read; the rest has been yielded.
        LimitError: there are more files than ``children``, or they unpack to too much.

    Source: the published notes on LHA's headers of levels 0 to 2 and on the method lh5.
    """
    members, end, problem = _read(artifact.data)
    yield from name_features([Named(one.name, one.at, one.method == FOLDER, "", one.method) for one in members])
    room, symbols, files, checked = Room(), Symbols(), 0, 0
    for member in members:
        if member.method == FOLDER:
            continue
        files += 1
        if files > DEFAULT.children:
            problem = problem or LimitError("children", DEFAULT.children)
            break
        try:
            data = _data(artifact.data, member, room, symbols)
        except (MalformedError, LimitError) as error:
            problem = problem or error
            yield artifact.child(member.name, b"", unscanned=str(error))
            continue
        checked += len(data)
        if checked <= CHECKED_BYTES and crc16(data) != member.crc:
            yield Feature("archive.crc_mismatch", member.name, member.at)
        yield artifact.child(member.name, data)
    trailing = artifact.data[end:]
    if trailing.strip(b"\0\x1a"):
        yield Feature("archive.trailing_bytes", len(trailing), end)
        yield artifact.child("trailing", trailing, relation="overlay")
    if problem is not None:
        raise problem


def _data(data: bytes, member: _Member, room: Room, symbols: Symbols) -> bytes:
    packed = data[member.data_at : member.data_at + member.packed]
    if len(packed) < member.packed:
        raise MalformedError("LZH member is cut", member.data_at)
    if member.method in STORED:
        return room.collect([packed[: member.size]])
    if member.method not in WINDOWS:
        raise MalformedError(f"compression method {member.method} is not read")
    return room.collect(unpack(packed, member.method, member.size, symbols))


def crc16(data: bytes) -> int:
    """Give the checksum of LHA: CRC-16 with the polynomial 0xA001, from zero."""
    crc = 0
    table = _CRC
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc


def _crc_table() -> tuple[int, ...]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        found.append(value)
    return tuple(found)


_CRC = _crc_table()


def _read(data: bytes) -> tuple[list[_Member], int, MalformedError | LimitError | None]:
    """Give all members, where the archive ends, and why reading stopped before that."""
    members: list[_Member] = []
    at = 0
    try:
        while at < len(data) and data[at]:
            if len(members) >= HEADERS:
                return members, len(data), LimitError("members", HEADERS)
            member = _member(data, at)
            members.append(member)
            at = member.data_at + member.packed
    except MalformedError as error:
        return members, at if members else len(data), None if members and at >= len(data) else error
    return members, min(at + 1, len(data)), None


def _member(data: bytes, at: int) -> _Member:
    cursor = Cursor(data, at)
    head = cursor.take(21, "LZH header")
    level, method = head[20], head[3:6].decode("latin-1")
    if head[2:3] != b"-" or head[6:7] != b"-" or level > 2:
        raise MalformedError("LZH header is broken", at)
    packed, size = int.from_bytes(head[7:11], "little"), int.from_bytes(head[11:15], "little")
    name = b"" if level == 2 else cursor.take(cursor.uint(1), "LZH name")
    crc = cursor.uint(2)
    fields: dict[int, bytes] = {}
    if level == 0:
        data_at = at + head[0] + 2
    else:
        cursor.take(1)  # system
        cursor.at = at + head[0] + 2 - 2 if level == 1 else cursor.at
        start = cursor.at + 2
        _extended(cursor, fields)
        data_at = at + int.from_bytes(head[:2], "little") if level == 2 else cursor.at
        packed -= cursor.at - start if level == 1 else 0
    if data_at <= at or packed < 0:
        raise MalformedError("LZH header sizes contradict each other", at)
    return _Member(_name(name, fields, method), at, method, data_at, packed, size, crc)


def _extended(cursor: Cursor, fields: dict[int, bytes]) -> None:
    """Take the chain of extended headers, each of which begins behind the size that the one before gave."""
    for _ in range(EXTENDED):
        size = cursor.uint(2, "LZH extended header")
        if size == 0:
            return
        if size < 3:
            raise MalformedError("LZH extended header is too short", cursor.at)
        kind = cursor.uint(1)
        fields.setdefault(kind, cursor.take(size - 3, "LZH extended header"))
    raise MalformedError("LZH extended headers without end", cursor.at)


def _name(name: bytes, fields: dict[int, bytes], method: str) -> str:
    """Give path and name; folders in extended headers are set apart by 0xFF."""
    if UNICODE_NAME in fields or UNICODE_PATH in fields:
        path = fields.get(UNICODE_PATH, b"").decode("utf-16-le", "replace").replace("\uffff", "/")
        own = fields.get(UNICODE_NAME, b"").decode("utf-16-le", "replace")
    else:
        path = _text(b"/".join(fields.get(PATH, b"").split(bytes([_SEPARATOR]))))
        own = _text(fields.get(NAME, name)).replace("\\", "/")
    whole = f"{path.rstrip('/')}/{own}" if path else own
    return whole if method != FOLDER else whole.rstrip("/") + "/"


def _text(raw: bytes) -> str:
    raw = raw.partition(b"\0")[0]
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")
