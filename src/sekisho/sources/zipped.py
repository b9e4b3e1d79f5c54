"""A ZIP that holds nothing but logs: Windows event exports, or the logs and tables of other products."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import cast
from zipfile import BadZipFile, ZipExtFile, ZipFile, ZipInfo

from sekisho.model.artifact import Artifact
from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, delimited, extended, json_logs, source
from sekisho.sources._packed import until_break
from sekisho.sources.json_stream import BLOCK_BYTES
from sekisho.sources.jsonl import holds_windows, read_text

MAGIC = b"PK\x03\x04"
ENCRYPTED = 0x1
HEAD_BYTES = 64 * 1024
MAX_MEMBERS = 1_000
MAX_RATIO = 500
"""Unpacked to packed; event exports that were measured lie between 15 and 60."""
FREE_BYTES = 1 << 30
"""Below this much unpacked, the ratio is not asked for."""
_BROKEN = (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


ReadParts = Callable[[Iterator[bytes]], Iterator[Row | Gap]]
_READERS: tuple[tuple[Callable[[bytes, Path], bool], ReadParts], ...] = (
    (extended.recognise, extended.read_parts),
    (json_logs.recognise_records, json_logs.read_parts),
    (delimited.recognise_records, delimited.read_parts),
)
_AS_LINES = Path("member.jsonl")
"""How members are called when they are asked what they are: one record is enough, the others tell that it is a log."""


def recognise(head: bytes, path: Path) -> bool:
    """Tell a ZIP whose every member is an event export; any other ZIP is evidence to be opened as a file."""
    return _every_member(head, path, _is_log)


def recognise_records(head: bytes, path: Path) -> bool:
    """Tell a ZIP whose every member is a log of another kind, all in forms that are read in blocks."""
    return _every_member(head, path, lambda archive, member: _reader_of(archive, member) is not None)


def _every_member(head: bytes, path: Path, is_log: Callable[[ZipFile, ZipInfo], bool]) -> bool:
    if not head.startswith(MAGIC):
        return False
    try:
        with ZipFile(path) as archive:
            members = _members(archive)
            return 0 < len(members) <= MAX_MEMBERS and all(is_log(archive, member) for member in members)
    except _BROKEN:
        return False


def _reader_of(archive: ZipFile, member: ZipInfo) -> ReadParts | None:
    if member.flag_bits & ENCRYPTED:
        return None
    with archive.open(member) as file:
        head = file.read(HEAD_BYTES)
    return next((partial(_to_break, read) for recognise, read in _READERS if recognise(head, _AS_LINES)), None)


def _to_break(read: ReadParts, parts: Iterator[bytes]) -> Iterator[Row | Gap]:
    """Give what a reader finds up to where the stream breaks, and a gap there."""
    last = "start"
    broken: list[str] = []
    for row in read(until_break(parts, broken)):
        last = row.record
        yield row
    for reason in broken:
        yield Gap(f"after {last}", reason)


def _members(archive: ZipFile) -> list[ZipInfo]:
    """Give the members that are files, without what macOS adds to them."""
    return [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and not member.filename.startswith("__MACOSX/")
        and PurePosixPath(member.filename).name != ".DS_Store"
    ]


def _is_log(archive: ZipFile, member: ZipInfo) -> bool:
    if member.flag_bits & ENCRYPTED:
        return False
    with archive.open(member) as file:
        return holds_windows(islice(iter(lambda: file.read(64 * 1024), b""), 1))


@source("zipped", recognise=recognise, event_class="windows")
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every member as an export of its own, in archive order.

    Yields:
        Rows and gaps as of a plain export; each record is ``member:record``.

    Raises:
        SourceError: the file cannot be opened as a ZIP.
    """
    return _read(path, lambda archive, member: read_text)


@source("zipped-records", recognise=recognise_records, event_class="records")
def read_records(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every member as a log of its own, in archive order; see :func:`read`."""
    return _read(path, _reader_of)


def _read(path: Path, reader_of: Callable[[ZipFile, ZipInfo], ReadParts | None]) -> Iterator[Row | Gap]:
    try:
        archive = ZipFile(path)
    except _BROKEN as error:
        raise SourceError(f"no readable ZIP: {error}", str(path)) from error
    with archive:
        for member in _members(archive)[:MAX_MEMBERS]:
            try:
                reader = reader_of(archive, member)
            except _BROKEN as error:
                yield Gap(member.filename, str(error))
                continue
            if reader is None:
                yield Gap(member.filename, "no log")
                continue
            for row in reader(_unpack(archive, member)):
                record = f"{member.filename}:{row.record}"
                yield Row(record, row.fields, row.text) if isinstance(row, Row) else Gap(record, row.reason)


def _unpack(archive: ZipFile, member: ZipInfo) -> Iterator[bytes]:
    """Give a member in blocks, and no more than a log could have been packed to.

    Raises:
        EOFError: the member breaks or grows beyond MAX_RATIO.
    """
    allowed, given = max(FREE_BYTES, member.compress_size * MAX_RATIO), 0
    try:
        with cast(ZipExtFile, archive.open(member)) as file:
            while block := file.read1(BLOCK_BYTES):
                given += len(block)
                if given > allowed:
                    raise EOFError(f"more than {MAX_RATIO} times its packed size")
                yield block
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
        raise EOFError(str(error)) from error
