"""TAR archives: old, ustar, GNU and pax; links are named and never followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.analyzers import analyzer
from sekisho.analyzers._archive import NAME_FEATURES, Named, Room, name_features
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT, MIB

BLOCK, MARK_AT = 512, 257
HEADERS = 20_000
"""Headers of one archive that are read."""
LONG_BYTES = 1 * MIB
"""Most of a long name or of extended fields that is read."""
FILES, HARD_LINK, SOFT_LINK, FOLDER, SPARSE = b"\x000789S", b"1", b"2", b"5", b"S"
LONG_NAME, LONG_LINK, EXTENDED, GLOBAL = b"L", b"K", b"x", b"g"
_MORE_SPARSE, _MORE_SPARSE_NEXT = 482, 504
"""Offsets of the mark that another block with a map of holes follows, in a header and in such a block."""


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    at: int
    kind: bytes
    link: str
    data_at: int
    size: int


def is_tar(artifact: Artifact) -> bool:
    """Tell whether a header with its mark or its right checksum stands at the start."""
    data = artifact.data
    if data.startswith(b"ustar", MARK_AT):
        return True  # broken or not: what is called TAR by its mark must not pass for read
    return len(data) >= BLOCK and data[0] != 0 and _is_header(data[:BLOCK])


def _is_header(block: bytes) -> bool:
    """Source: POSIX pax, "ustar Interchange Format": the sum of all bytes, its own field as blanks."""
    field = block[148:156].strip(b" \0")
    if not field or len(field) > 7 or field.strip(b"01234567"):
        return False
    return sum(block) - sum(block[148:156]) + 8 * 32 == int(field, 8)


@analyzer(
    "tar",
    media_type="application/x-tar",
    recognise=is_tar,
    features=(*NAME_FEATURES, "archive.trailing_bytes"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read all headers, then hand out the files.

    Yields:
        Features of the headers, ``archive.link`` for each link; a child for each file, of sparse ones what is stored;
        then a child ``trailing`` for bytes after the end.

    Raises:
        MalformedError: a header is broken, or a file is cut; what was read before stands.
        LimitError: there are more files than ``children``, or they are too large.

    Source: POSIX pax (ustar and extended headers); GNU tar manual, "Basic Tar Format".
    """
    entries, end, problem = _read(artifact.data)
    yield from name_features([Named(one.name, one.at, one.kind == FOLDER, "", "", one.link) for one in entries])
    room, files = Room(), 0
    for entry in entries:
        if entry.kind not in FILES:
            continue
        files += 1
        if files > DEFAULT.children:
            problem = problem or LimitError("children", DEFAULT.children)
            break
        try:
            yield artifact.child(entry.name, _data(artifact.data, entry, room))
        except (MalformedError, LimitError) as error:
            problem = problem or error
            yield artifact.child(entry.name, b"", unscanned=str(error))
    trailing = artifact.data[end:]
    if problem is None and trailing.strip(b"\0"):
        yield Feature("archive.trailing_bytes", len(trailing), end)
        yield artifact.child("trailing", trailing, relation="overlay")
    if problem is not None:
        raise problem


def _data(data: bytes, entry: _Entry, room: Room) -> bytes:
    end = entry.data_at + entry.size
    if end > len(data):
        raise MalformedError("TAR member is cut", entry.data_at)
    return room.collect(data[at : min(at + MIB, end)] for at in range(entry.data_at, end, MIB))


def _read(data: bytes) -> tuple[list[_Entry], int, MalformedError | LimitError | None]:
    """Give all entries, where the archive ends, and why reading stopped before that."""
    entries: list[_Entry] = []
    at, long, common = 0, dict[str, str](), dict[str, str]()
    for _ in range(HEADERS):
        block = data[at : at + BLOCK]
        if at and (len(block) < BLOCK or not any(block)):
            return entries, _end(data, at), None
        if len(block) < BLOCK or not _is_header(block):
            return entries, at, MalformedError("TAR header is broken", at)
        try:
            entry = _entry(data, at, {**common, **long})
        except MalformedError as error:
            return entries, at, error
        after = entry.data_at + -(-entry.size // BLOCK) * BLOCK
        body = data[entry.data_at : entry.data_at + min(entry.size, LONG_BYTES)]
        if entry.kind == EXTENDED:
            long |= _fields(body)
        elif entry.kind == GLOBAL:
            common |= _fields(body)
        elif entry.kind in (LONG_NAME, LONG_LINK):
            long["path" if entry.kind == LONG_NAME else "linkpath"] = _text(body)
        else:
            entries.append(entry)
            long = {}
        at = after
    return entries, at, LimitError("members", HEADERS)


def _end(data: bytes, at: int) -> int:
    """Give where the blocks of zeros that end an archive do."""
    rest = data[at:]
    return len(data) - len(rest.lstrip(b"\0")) if rest.strip(b"\0") else len(data)


def _entry(data: bytes, at: int, fields: dict[str, str]) -> _Entry:
    block = data[at : at + BLOCK]
    name, kind = _text(block[:100]), block[156:157]
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    if kind in (EXTENDED, GLOBAL, LONG_NAME, LONG_LINK):
        return _Entry(name, at, kind, "", at + BLOCK, _number(block[124:136], at))
    name = fields.get("GNU.sparse.name") or fields.get("path") or name
    link = fields.get("linkpath") or _text(block[157:257])
    digits = fields.get("size", "")
    size = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else _number(block[124:136], at)
    if kind in (HARD_LINK, SOFT_LINK, FOLDER):
        size = 0 if kind != HARD_LINK or not fields.get("size") else size
    elif kind not in FILES:
        size = 0
    if kind in b"\x000" and name.endswith("/"):
        kind, size = FOLDER, 0  # as tar wrote folders before it had a mark for them
    data_at, more = at + BLOCK, kind == SPARSE and bool(block[_MORE_SPARSE])
    while more and data_at + BLOCK <= len(data):
        more = bool(data[data_at + _MORE_SPARSE_NEXT])
        data_at += BLOCK
    return _Entry(name, at, kind, link if kind in (HARD_LINK, SOFT_LINK) else "", data_at, size)


def _number(field: bytes, at: int) -> int:
    """Give a number in octal digits, or in binary where its first bit is set."""
    if field[0] & 0x80:
        value = int.from_bytes(field[1:], "big")
        if field[0] & 0x40 or value >> 63:
            raise MalformedError("TAR size is negative", at)
        return value
    digits = field.partition(b"\0")[0].strip(b" \0")
    if digits.strip(b"01234567"):
        raise MalformedError("TAR size is no number", at)
    return int(digits or b"0", 8)


def _text(raw: bytes) -> str:
    raw = raw.partition(b"\0")[0]
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _fields(body: bytes) -> dict[str, str]:
    """Give extended fields: lines that begin with their own length."""
    found: dict[str, str] = {}
    at = 0
    while at < len(body):
        digits = body[at : at + 8].partition(b" ")[0]
        if not digits.isdigit() or int(digits) <= len(digits) + 1:
            break
        key, _, value = body[at + len(digits) + 1 : at + int(digits) - 1].partition(b"=")
        found[_text(key)] = _text(value)
        at += int(digits)
    return found
