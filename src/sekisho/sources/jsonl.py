"""Windows events exported as JSON: one a line, one array or pretty-printed; plain, gzip or Zstandard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sekisho.model.artifact import Artifact
from sekisho.sources import Gap, Row, Span, source
from sekisho.sources._packed import PACKED_ERRORS, open_file, peek, unpack, until_break
from sekisho.sources._windows_tables import evtxecmd
from sekisho.sources.json_stream import as_utf8, read_lines, records, split_lines

SAMPLE_RECORDS = 16
# A flat record is a Windows event when it names its event id and where it was logged.
# Source: field names of NXLog im_msvistalog, OTRF Security-Datasets, Splunk WinEventLog, Get-WinEvent, EvtxECmd.
_ID_NAMES = frozenset({"EventID", "EventId", "EventCode", "event_id", "Id"})
_LOG_NAMES = frozenset(
    {"Channel", "LogName", "SourceName", "ProviderName", "Provider_Name", "ProviderGuid", "log_name"}
)
_LINUX_CHANNEL = "Linux-Sysmon/Operational"
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
        system = event["System"]
        return ("EventID" in system or "Channel" in system) and system.get("Channel") != _LINUX_CHANNEL
    if isinstance(record.get("winlog"), dict) or "winlog.channel" in record or "winlog.event_id" in record:
        return True
    names = record.keys()
    return not _ID_NAMES.isdisjoint(names) and not _LOG_NAMES.isdisjoint(names)


def holds_windows(parts: Iterable[bytes]) -> bool:
    """Tell whether the first bytes of a text hold a Windows event among its first records."""
    try:
        for row in islice(records(as_utf8(parts)), SAMPLE_RECORDS):
            if isinstance(row, Row) and is_windows(row.fields):
                return True
    except PACKED_ERRORS:
        pass
    return False


def recognise(head: bytes, path: Path) -> bool:
    """Tell Windows events by their own field names; other JSON belongs to other sources."""
    head = peek(head)
    return starts_like_json(head) and holds_windows([head])


def starts_like_json(head: bytes) -> bool:
    """Tell whether a text could be JSON objects."""
    start = next(as_utf8([head[:256]]), b"").lstrip()
    return start.startswith((b"{", b"["))


def read_span(path: Path, span: Span) -> Iterator[Row | Gap]:
    """Read one stretch of an export of one object a line."""
    return _unwrapped(read_lines(path, span))


@source("jsonl", recognise=recognise, event_class="windows", split=split_lines, read_span=read_span)
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every JSON object of an export.

    Yields:
        A row per object, in file order; its record is the line number, or the ordinal of the object where objects
        span lines. A gap for each line that is no object and for a compressed stream that breaks.

    Raises:
        SourceError: the file cannot be opened.
    """
    with open_file(path) as file:
        yield from _unwrapped(read_text(unpack(file)))


def _unwrapped(rows: Iterator[Row | Gap]) -> Iterator[Row | Gap]:
    """Unwrap the events of EvtxECmd; which tool wrote a file is asked once, all other exports are the hot path."""
    first = next(rows, None)
    if first is None:
        return iter(())
    wrapped = isinstance(first, Row) and _is_evtxecmd(first.fields)
    return chain([_whole(first)], map(_whole, rows) if wrapped else rows)


def _is_evtxecmd(fields: Mapping[str, Any]) -> bool:
    return "Payload" in fields and "EventId" in fields and "Provider" in fields


def _whole(item: Row | Gap) -> Row | Gap:
    """Give the event that EvtxECmd wrote as text into its ``Payload``; anything else as it is."""
    if isinstance(item, Row) and _is_evtxecmd(item.fields):
        return Row(item.record, evtxecmd(item.fields))
    return item


def read_text(parts: Iterator[bytes]) -> Iterator[Row | Gap]:
    """Give the records of a stream, and a gap where the stream itself breaks."""
    last = "start"
    broken: list[str] = []
    for row in records(as_utf8(until_break(parts, broken))):
        last = row.record
        yield row
    for reason in broken:
        yield Gap(f"after {last}", reason)
