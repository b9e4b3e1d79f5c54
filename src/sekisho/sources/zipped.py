"""A ZIP that holds nothing but Windows event exports, as Security-Datasets ships them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import cast
from zipfile import BadZipFile, ZipExtFile, ZipFile, ZipInfo

from sekisho.model.artifact import Artifact
from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, source
from sekisho.sources.json_stream import BLOCK_BYTES
from sekisho.sources.jsonl import holds_windows, read_text

MAGIC = b"PK\x03\x04"
ENCRYPTED = 0x1
MAX_MEMBERS = 1_000
MAX_RATIO = 500
"""Unpacked to packed; event exports that were measured lie between 15 and 60."""
FREE_BYTES = 1 << 30
"""Below this much unpacked, the ratio is not asked for."""
_BROKEN = (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


def recognise(head: bytes, path: Path) -> bool:
    """Tell a ZIP whose every member is an event export; any other ZIP is evidence to be opened as a file."""
    if not head.startswith(MAGIC):
        return False
    try:
        with ZipFile(path) as archive:
            members = _members(archive)
            return 0 < len(members) <= MAX_MEMBERS and all(_is_log(archive, member) for member in members)
    except _BROKEN:
        return False


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
    try:
        archive = ZipFile(path)
    except _BROKEN as error:
        raise SourceError(f"no readable ZIP: {error}", str(path)) from error
    with archive:
        for member in _members(archive)[:MAX_MEMBERS]:
            for row in read_text(_unpack(archive, member)):
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
