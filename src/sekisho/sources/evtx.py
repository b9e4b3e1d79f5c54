"""Windows event logs (.evtx): one row a record, in file order."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import Any

import orjson
from evtx import PyEvtxParser

from sekisho.model.artifact import Artifact
from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, Span, source

MAGIC, CHUNK_MAGIC = b"ElfFile\x00", b"ElfChnk\x00"
HEADER_BYTES, CHUNK_BYTES, CHUNK_HEADER_BYTES = 4096, 65536, 512
CHUNK_COUNT_AT = 42
RECORD_IDS_AT = 24
"""First and last event record id of a chunk, in its header."""
LISTS_AT, LIST_ITEM_BYTES = 128, 8
"""64 lists of strings and 32 of templates; each item begins with the offset of the next."""
MAX_ITEMS = 8_192
"""Items of all lists of one chunk: as many as fit when each is as small as can be."""
_LINK, _LISTS, _RECORD_IDS = Struct("<I"), Struct("<96I"), Struct("<QQ")
_BROKEN = (RuntimeError, OSError, ValueError, OverflowError)
"""What the library raises, and the JSON reader at its output."""
PAGE_BITS, PAGE_MASK, MAX_PAGES = 10, 1023, 65_536
"""Ids seen are kept as bits, 1,024 to a page; beyond so many pages every record is named with its place."""
MAX_ERRORS = 3_000
"""Broken places after which a chunk is given up; the smallest record takes 28 of its 65,024 bytes."""


def recognise(head: bytes, path: Path) -> bool:
    """Tell an event log by its file header."""
    return head.startswith(MAGIC)


def split_chunks(path: Path, size: int) -> Iterator[Span]:
    """Cut a log into spans of about ``size`` bytes where no event record id occurs in two chunks."""
    step, ids = max(1, size // CHUNK_BYTES), []
    try:
        with path.open("rb") as file:
            total = file.seek(0, 2)
            file.seek(0)
            announced = _announced(file.read(HEADER_BYTES).ljust(HEADER_BYTES, b"\0"))
            whole, rest = divmod(total - HEADER_BYTES, CHUNK_BYTES)
            if rest or announced > whole:
                return  # a cut log
            for number in range(whole):
                file.seek(HEADER_BYTES + number * CHUNK_BYTES)
                head = file.read(CHUNK_HEADER_BYTES).ljust(CHUNK_HEADER_BYTES, b"\0")
                if head.startswith(CHUNK_MAGIC):  # Windows makes a log larger before it has records for it
                    ids.append(_RECORD_IDS.unpack_from(head, RECORD_IDS_AT))
    except OSError:
        return  # reading it as a whole says why
    ids.sort()  # a log that is full begins again at its first chunk
    if any(last < first for first, last in ids) or any(one[1] >= other[0] for one, other in pairwise(ids)):
        return  # joined logs, broken chunks: only who has read it all knows what is a repetition
    for at in range(0, whole, step):
        end = min(at + step, whole)
        yield Span(HEADER_BYTES + at * CHUNK_BYTES, HEADER_BYTES + end * CHUNK_BYTES, at + 1)


def read_span(path: Path, span: Span) -> Iterator[Row | Gap]:
    """Read the records of some chunks.

    Raises:
        SourceError: the file cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(error.strerror or "cannot be opened", str(path)) from error
    with file:
        header, naming = file.read(HEADER_BYTES), _Names()
        file.seek(span.start)
        for number in range(span.first, span.first + (span.end - span.start) // CHUNK_BYTES):
            yield from _chunk(header, file.read(CHUNK_BYTES), number, naming)


@source("evtx", recognise=recognise, event_class="windows", split=split_chunks, read_span=read_span)
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every record that still can be read.

    Yields:
        A row per record, in file order, its fields being ``{"Event": {"System": …, "EventData": …}}`` and its record
        the event record id; a gap for each broken record or chunk and for a file that ends too early.

    Raises:
        SourceError: the file cannot be opened or is no event log.

    Source: libyal, "Windows XML Event Log (EVTX) format", file header and chunk.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(error.strerror or "cannot be opened", str(path)) from error
    naming = _Names()
    with file:
        header = file.read(HEADER_BYTES)
        if not header.startswith(MAGIC):
            raise SourceError("no event log", str(path))
        if len(header) < HEADER_BYTES:
            yield Gap("header", f"file is cut: {len(header)} of {HEADER_BYTES} header bytes present")
        header = header.ljust(HEADER_BYTES, b"\0")
        announced, number, whole = _announced(header), 0, 0
        for number, chunk in enumerate(iter(lambda: file.read(CHUNK_BYTES), b""), 1):
            whole += len(chunk) == CHUNK_BYTES
            yield from _chunk(header, chunk, number, naming)
        if announced > whole:
            yield Gap("end", f"file is cut: {announced} chunks announced, {whole} whole ones present")


def _announced(header: bytes) -> int:
    return int.from_bytes(header[CHUNK_COUNT_AT : CHUNK_COUNT_AT + 2], "little")


def _chunk(header: bytes, chunk: bytes, number: int, naming: _Names) -> Iterator[Row | Gap]:
    """Give the records of one chunk; what is missing of the last one is made up with zeros."""
    if chunk.startswith(CHUNK_MAGIC) and len(chunk) > CHUNK_HEADER_BYTES:
        one = header[:CHUNK_COUNT_AT] + b"\x01\x00" + header[CHUNK_COUNT_AT + 2 :]
        yield from _records(one + _unlooped(chunk.ljust(CHUNK_BYTES, b"\0")), number, naming)
    elif number <= _announced(header) and (len(chunk) == CHUNK_BYTES or chunk.strip(b"\0")):
        yield Gap(f"chunk {number}", "no chunk of records")


def _unlooped(chunk: bytes) -> bytes:
    """Give a chunk whose lists of strings and templates end: the library follows them for ever in a circle."""
    steps, follow = 0, _LINK.unpack_from
    for at in _LISTS.unpack_from(chunk, LISTS_AT):
        while at:
            steps += 1
            if steps > MAX_ITEMS or not CHUNK_HEADER_BYTES <= at < CHUNK_BYTES - LIST_ITEM_BYTES:
                return _patched(chunk)
            (at,) = follow(chunk, at)
    return chunk


def _patched(chunk: bytes) -> bytes:
    """End each list where it turns back on itself or leaves the chunk."""
    patched = bytearray(chunk)
    for slot, at in enumerate(_LISTS.unpack_from(patched, LISTS_AT)):
        link, seen = LISTS_AT + 4 * slot, set()
        while at:
            if at in seen or not CHUNK_HEADER_BYTES <= at < CHUNK_BYTES - LIST_ITEM_BYTES:
                _LINK.pack_into(patched, link, 0)
                break
            seen.add(at)
            link, at = at, _LINK.unpack_from(patched, at)[0]
    return bytes(patched)


def _records(log: bytes, number: int, naming: _Names) -> Iterator[Row | Gap]:
    """Give the records of a log of one chunk."""
    errors, last, loads = 0, "", orjson.loads
    try:
        records = PyEvtxParser(BytesIO(log), number_of_threads=1).records_json()
    except _BROKEN as error:
        yield Gap(f"chunk {number}", _first_line(error))
        return
    while errors < MAX_ERRORS:
        try:
            record: Any
            for record in records:
                fields = loads(record["data"])
                last = naming.name(fields, record["event_record_id"])
                yield Row(last, fields, record["data"])
        except _BROKEN as error:  # the library goes on after its errors
            errors += 1
            yield Gap(f"chunk {number} after {last}" if last else f"chunk {number}", _first_line(error))
        else:
            return
    yield Gap(f"chunk {number}", f"more than {MAX_ERRORS} broken places: the rest was not read")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300] or type(error).__name__


class _Names:
    """Gives each record the EventRecordID that Event Viewer shows, with its place added where that is not unique.

    Logs collected from several hosts and logs that were joined repeat their ids.
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def name(self, fields: dict[str, Any], in_file: int) -> str:
        """Give the record's name: ``4711``, or ``4711@12`` for the second of that id, 12 being its id in the file."""
        try:
            shown = int(fields["Event"]["System"]["EventRecordID"])
        except (KeyError, TypeError, ValueError):
            return f"@{in_file}"
        page, bit = shown >> PAGE_BITS, 1 << (shown & PAGE_MASK)
        seen = self._seen.get(page, 0)
        if seen & bit or len(self._seen) > MAX_PAGES:
            return f"{shown}@{in_file}"
        self._seen[page] = seen | bit
        return str(shown)
