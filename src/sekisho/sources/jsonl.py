"""Windows events exported as JSON: one a line, one array or pretty-printed, plain or gzip."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from sekisho.model.artifact import Artifact
from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, source
from sekisho.sources.json_stream import BLOCK_BYTES, GZIP_MAGIC, as_utf8, blocks, inflate, records

SAMPLE_RECORDS = 16
# A flat record is a Windows event when it names its event id and where it was logged.
# Source: field names of NXLog im_msvistalog, OTRF Security-Datasets, Splunk WinEventLog, Get-WinEvent, EvtxECmd.
_ID_NAMES = frozenset({"EventID", "EventId", "EventCode", "event_id", "Id"})
_LOG_NAMES = frozenset(
    {"Channel", "LogName", "SourceName", "ProviderName", "Provider_Name", "ProviderGuid", "log_name"}
)
_WRAPPERS = ("_source", "result")
"""Keys under which Elasticsearch and Splunk exports put the record itself."""


def is_windows(record: Mapping[str, Any]) -> bool:
    """Tell whether a JSON object is a Windows event in one of the shapes that the normaliser reads."""
    for wrapper in _WRAPPERS:
        inner = record.get(wrapper)
        if isinstance(inner, dict):
            record = inner
    event = record.get("Event", record)
    if isinstance(event, dict) and isinstance(event.get("System"), dict):
        return "EventID" in event["System"] or "Channel" in event["System"]
    if isinstance(record.get("winlog"), dict) or "winlog.channel" in record or "winlog.event_id" in record:
        return True
    names = record.keys()
    return not _ID_NAMES.isdisjoint(names) and not _LOG_NAMES.isdisjoint(names)


def holds_windows(parts: Iterable[bytes]) -> bool:
    """Tell whether the first bytes of a text hold a Windows event among its first records."""
    kept: list[bytes] = []
    text = as_utf8(_keep(parts, kept))
    try:
        for row in islice(records(text), SAMPLE_RECORDS):
            if isinstance(row, Row) and is_windows(row.fields):
                return True
    except (zlib.error, EOFError):
        pass
    return False


def _keep(parts: Iterable[bytes], kept: list[bytes]) -> Iterator[bytes]:
    for part in parts:
        kept.append(part)
        yield part


def recognise(head: bytes, path: Path) -> bool:
    """Tell Windows events by their own field names; other JSON belongs to other sources."""
    if head.startswith(GZIP_MAGIC):
        head = _peek_gzip(head)
    return holds_windows([head]) if _starts_like_json(head) else False


def _starts_like_json(head: bytes) -> bool:
    start = next(as_utf8([head[:256]]), b"").lstrip()
    return start.startswith((b"{", b"["))


def _peek_gzip(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head, BLOCK_BYTES)
    except zlib.error:
        return b""


@source("jsonl", recognise=recognise, event_class="windows")
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every JSON object of an export.

    Yields:
        A row per object, in file order; its record is the line number, or the ordinal of the object where objects
        span lines. A gap for each line that is no object and for a compressed stream that breaks.

    Raises:
        SourceError: the file cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(error.strerror or "cannot be opened", str(path)) from error
    with file:
        packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        yield from read_text(inflate(file) if packed else blocks(file))


def read_text(parts: Iterator[bytes]) -> Iterator[Row | Gap]:
    """Give the records of a stream, and a gap where the stream itself breaks."""
    last = "start"
    broken: list[str] = []
    for row in records(as_utf8(_until_break(parts, broken))):
        last = row.record
        yield row
    for reason in broken:
        yield Gap(f"after {last}", reason)


def _until_break(parts: Iterator[bytes], broken: list[str]) -> Iterator[bytes]:
    """Give the parts up to a break and note it: what was read before it is still cut into records."""
    try:
        yield from parts
    except (zlib.error, EOFError, OSError) as error:
        broken.append(f"compressed stream breaks: {error}")
