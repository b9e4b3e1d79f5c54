"""7z archives: names even where members are encrypted, members by any password at hand, solid blocks as streams."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from sekisho.analyzers import analyzer
from sekisho.analyzers._archive import NAME_FEATURES, NAMES_HIDDEN, NOT_FOUND, Named, Room, name_features, texts
from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._passwords import candidates
from sekisho.analyzers._seven_zip_coders import ENCRYPTION, Chunks, Keys, name_of, unpack
from sekisho.analyzers._seven_zip_header import (
    ENCODED,
    HEADER,
    MAGIC,
    START_BYTES,
    Directory,
    Entry,
    Folder,
    Streams,
    number,
    read_directory,
    read_streams,
)
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT, MIB

HEADER_BYTES = 16 * MIB
"""Most that a packed header may unpack to; the names of 50,000 files need a third of it."""
HEADERS = 4
"""Headers packed in headers; writers pack once."""
MAX_FAILURES = 4
"""Blocks that every password is tried on in vain; after them only those that opened another one are."""
LINK_BYTES = 1_000
SFX_BYTES = 4 * MIB
"""How far behind the start of a program its archive is looked for; 7-Zip's own stubs have up to 400 KiB."""


def start_of(data: bytes) -> int:
    """Give where the archive begins, -1 without one: at the start, or behind a program with a valid start header."""
    if data.startswith(MAGIC):
        return 0
    at = data.find(MAGIC, 0, SFX_BYTES) if data.startswith(b"MZ") else -1
    while at >= 0:
        head = data[at : at + START_BYTES]
        if len(head) == START_BYTES and zlib.crc32(head[12:]) == int.from_bytes(head[8:12], "little"):
            return at
        at = data.find(MAGIC, at + 1, SFX_BYTES)
    return -1


@dataclass(slots=True)
class _Unpacking:
    """What unpacking one archive has used up, and learned."""

    data: memoryview
    """From the archive's first byte on."""
    passwords: list[str]
    keys: Keys = field(default_factory=Keys)
    room: Room = field(default_factory=Room)
    opened_with: list[str] = field(default_factory=list)
    failures: int = 0
    header_encrypted: bool = False


@analyzer(  # no media type: what an archive hangs on (a program) is told by content
    "7z",
    recognise=lambda artifact: start_of(artifact.data) >= 0,
    features=(
        *NAME_FEATURES,
        "archive.header_encrypted",
        "archive.prefix_bytes",
        "archive.trailing_bytes",
        "archive.password",
        "archive.crc_mismatch",
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the header, then unpack each member within the limits.

    Yields:
        Features of the header first, so that names stand whatever happens later; then a child for each file, with
        ``unscanned`` set when it could not be opened; then a child ``trailing`` for bytes after the end.

    Raises:
        MalformedError: the header or a stream is broken or of a method that is not read; the rest has been yielded.
        LimitError: there are more members than ``children``, they unpack to too much, or passwords cost too much.

    Source: 7zFormat.txt and Methods.txt of the LZMA SDK (public domain).
    """
    start = start_of(artifact.data)
    if start > 0:
        yield Feature("archive.prefix_bytes", start)
    state = _Unpacking(memoryview(artifact.data)[start:], candidates(artifact.passwords))
    header, end = _start_header(state.data)
    problem: MalformedError | LimitError | None = None
    directory = _directory(header, state)
    if state.header_encrypted:
        yield Feature("archive.header_encrypted", True)
    if directory is None:
        yield Feature("archive.encrypted", True)
        yield artifact.child(NAMES_HIDDEN, b"", unscanned=NOT_FOUND.format(len(state.passwords)))
    else:
        yield from name_features(_named(directory))
        problem = yield from _members(artifact, directory, state)
    yield from (Feature("archive.password", password) for password in state.opened_with)
    trailing = bytes(state.data[end:])
    if trailing.strip(b"\0"):
        yield Feature("archive.trailing_bytes", len(trailing), start + end)
        yield artifact.child("trailing", trailing, relation="overlay")
    if problem is not None:
        raise problem


def _start_header(data: memoryview) -> tuple[bytes, int]:
    """Give the header and where the archive ends.

    Raises:
        MalformedError: it is not there, as in the first of several volumes.
    """
    if len(data) < START_BYTES:
        raise MalformedError("7z start header is cut", len(data))
    at = START_BYTES + int.from_bytes(data[12:20], "little")
    size = int.from_bytes(data[20:28], "little")
    if not size:
        return b"", START_BYTES
    if at + size > len(data):
        raise MalformedError(f"7z header lies behind the end, at byte {at}: cut, or one of several volumes", len(data))
    return bytes(data[at : at + size]), at + size


def _directory(header: bytes, state: _Unpacking) -> Directory | None:
    """Read the header, unpacking it where it is packed; None when no password opened it.

    Raises:
        MalformedError: it is broken.
        LimitError: it is too large.
    """
    if not header:
        return Directory(Streams(0, [], [], []), [])
    for _ in range(HEADERS):
        cursor = Cursor(header)
        kind = number(cursor)
        if kind == HEADER:
            return read_directory(cursor)
        if kind != ENCODED:
            break
        streams = read_streams(cursor)
        if not streams.folders:
            break
        if streams.folders[0].size > HEADER_BYTES:
            raise LimitError("header_bytes", HEADER_BYTES)
        encrypted = _is_encrypted(streams.folders[0])
        state.header_encrypted |= encrypted
        password = _password(streams, 0, state) if encrypted else ""
        if password is None:
            return None
        header = b"".join(_chunks(streams, 0, password, state))
    raise MalformedError("7z header is of no known kind")


def _is_encrypted(folder: Folder) -> bool:
    return any(coder.method == ENCRYPTION for coder in folder.coders)


def _methods(folder: Folder) -> str:
    """Give what a folder is packed with, the outermost step first, without its cipher."""
    return "+".join(name_of(coder) for coder in folder.coders if coder.method != ENCRYPTION)


def _named(directory: Directory) -> list[Named]:
    """Give the entries with what their folders say of them."""
    holders = (folder for folder, held in zip(*_parts(directory), strict=True) for _ in held)
    made = []
    for entry in directory.entries:
        folder = next(holders, None) if entry.has_stream else None
        cipher = "aes-256" if folder and _is_encrypted(folder) else ""
        made.append(Named(entry.name, None, entry.is_directory, cipher, _methods(folder) or "store" if folder else ""))
    return made


def _parts(directory: Directory) -> tuple[list[Folder], list[list[tuple[int, int | None]]]]:
    return directory.streams.folders, directory.streams.members


def _chunks(streams: Streams, index: int, password: str | None, state: _Unpacking) -> Chunks:
    """Give the plain bytes of one folder.

    Raises:
        MalformedError: its packed bytes are not in the file, or broken.
    """
    first = sum(len(folder.packed) for folder in streams.folders[:index])
    at = START_BYTES + streams.pack_at + sum(streams.pack_sizes[:first])
    packed = []
    for size in streams.pack_sizes[first : first + len(streams.folders[index].packed)]:
        if at + size > len(state.data):
            raise MalformedError("7z packed stream is cut", at)
        packed.append(state.data[at : at + size])
        at += size
    return unpack(streams.folders[index], packed, password, state.keys)


def _password(streams: Streams, index: int, state: _Unpacking) -> str | None:
    """Give the password that opens a folder: its first file comes out with the right checksum.

    Raises:
        MalformedError: it is packed with a method that is not read, whatever the password.
        LimitError: trying cost too much.
    """
    folder = streams.folders[index]
    size, crc = next(((size, crc) for size, crc in streams.members[index] if size), (folder.size, folder.crc))
    known = state.opened_with if state.failures >= MAX_FAILURES else [*state.opened_with, *state.passwords]
    for password in dict.fromkeys(text for one in known for text in texts(one)):
        try:
            found = _checksum(_chunks(streams, index, password, state), size)
        except MalformedError as error:
            if error.what.endswith("not read"):
                raise
            continue
        if crc is None or found == crc:
            if password not in state.opened_with:
                state.opened_with.insert(0, password)
            return password
    state.failures += 1
    return None


def _checksum(chunks: Chunks, size: int) -> int:
    crc, left = 0, size
    while left > 0:
        chunk = next(chunks, b"")[:left]
        if not chunk:
            break
        crc, left = zlib.crc32(chunk, crc), left - len(chunk)
    return crc


class _Block:
    """One folder's unpacked bytes, handed out file by file."""

    def __init__(self, chunks: Chunks, problem: MalformedError | LimitError | None = None, reason: str = "") -> None:
        """``problem`` or ``reason`` tell why there are no bytes."""
        self._chunks, self._held = chunks, b""
        self.problem, self.reason = problem, reason or str(problem or "")

    def take(self, size: int, room: Room) -> bytes:
        """Give the next file; after a break in the stream the reason stands for all that follow.

        Raises:
            MalformedError: the stream breaks in it.
            LimitError: it is too large.
        """
        part = self._part(size)
        try:
            return room.collect(part)
        except LimitError as error:
            if error.limit == "member_bytes":
                self._skip(part, room)
                raise
            self.problem, self.reason = error, str(error)
            raise
        except MalformedError as error:
            self.problem, self.reason = error, str(error)
            raise

    def _skip(self, part: Chunks, room: Room) -> None:
        try:
            room.skip(part)
        except (MalformedError, LimitError) as error:
            self.problem, self.reason = error, str(error)

    def _part(self, size: int) -> Chunks:
        left = size
        while left > 0:
            chunk = self._held or next(self._chunks, b"")
            if not chunk:
                raise MalformedError("7z block ends before its last file")
            self._held = chunk[left:]
            left -= min(left, len(chunk))
            yield chunk[: len(chunk) - len(self._held)]


def _block(streams: Streams, index: int, state: _Unpacking) -> _Block:
    try:
        password = _password(streams, index, state) if _is_encrypted(streams.folders[index]) else ""
        if password is None:
            return _Block(iter(()), None, NOT_FOUND.format(len(state.passwords)))
        return _Block(_chunks(streams, index, password, state))
    except MalformedError as error:
        prefix = "encrypted: " if _is_encrypted(streams.folders[index]) else ""
        return _Block(iter(()), error, f"{prefix}{error}")
    except LimitError as error:
        return _Block(iter(()), error)


def _members(
    artifact: Artifact, directory: Directory, state: _Unpacking
) -> Generator[Feature | Artifact, None, MalformedError | LimitError | None]:
    """Give a child for each file; returns the first thing that went wrong."""
    problem: MalformedError | LimitError | None = None
    places = ((index, *part) for index, parts in enumerate(directory.streams.members) for part in parts)
    block, opened, files = _Block(iter(())), -1, 0
    for entry in directory.entries:
        place = next(places, None) if entry.has_stream else None
        if entry.is_directory:
            continue
        files += 1
        if files > DEFAULT.children:
            return problem or LimitError("children", DEFAULT.children)
        if place is None:
            reason = "7z header names no stream for it" if entry.has_stream else ""
            yield artifact.child(entry.name, b"", unscanned=reason)
            continue
        index, size, crc = place
        if index != opened:
            block, opened = _block(directory.streams, index, state), index
        try:
            data = b"" if block.reason else block.take(size, state.room)
        except (MalformedError, LimitError) as error:
            problem = problem or error
            yield artifact.child(entry.name, b"", unscanned=str(error))
            continue
        if block.reason:
            problem = problem or block.problem
            yield artifact.child(entry.name, b"", unscanned=block.reason)
            continue
        yield from _checked(artifact, entry, data, crc, state)
    return problem


def _checked(
    artifact: Artifact, entry: Entry, data: bytes, crc: int | None, state: _Unpacking
) -> Iterator[Feature | Artifact]:
    if crc is not None and crc != zlib.crc32(data):
        yield Feature("archive.crc_mismatch", entry.name)
    if entry.is_link:
        yield Feature("archive.link", f"{entry.name} -> {data[:LINK_BYTES].decode('utf-8', 'replace')}")
    yield artifact.child(entry.name, data, passwords=tuple(state.opened_with))
