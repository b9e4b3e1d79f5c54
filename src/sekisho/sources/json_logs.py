"""Logs of any product as JSON: OCSF events, and objects that say when they happened; plain, gzip or Zstandard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson

from sekisho.model.artifact import Artifact
from sekisho.sources import Gap, Row, source
from sekisho.sources._columns import has_time, is_ocsf
from sekisho.sources._packed import open_file, peek, unpack, until_break
from sekisho.sources.json_stream import BLOCK_BYTES, as_utf8, records
from sekisho.sources.jsonl import SAMPLE_RECORDS, is_windows, starts_like_json

# Keys under which services put an array of records.
# Source: CloudTrail log files (Records), Azure diagnostic settings (records), Microsoft Graph (value), Kubernetes
# EventList and Google Reports API (items), Google Cloud Logging (entries), OneLogin (data), Defender's hunting
# API (Results), GitLab and others.
ENVELOPES = (
    "Records",
    "records",
    "value",
    "events",
    "Events",
    "items",
    "entries",
    "data",
    "logs",
    "results",
    "Results",
)
LINES = (".jsonl", ".ndjson")
"""File names that promise one object a line: a single object is then a log of one record."""
MIN_RECORDS = 2
_STRING = rb'"(?:[^"\\\x00-\x1f]|\\.){0,999}+"'
_OPENING = re.compile(
    rb"\s*\{\s*(?:" + _STRING + rb"\s*:\s*(?:" + _STRING + rb"|[-+.\w]{1,40}|\{\s*\}|\[\s*\])\s*,\s*){0,16}"
    rb'"(?:' + "|".join(ENVELOPES).encode() + rb')"\s*:\s*(?=\[\s*\{)'
)


def recognise_ocsf(head: bytes, path: Path) -> bool:
    """Tell OCSF events by the attributes that each of them has."""
    return _kind(head, path.name.lower().endswith(LINES)) == "ocsf"


def recognise_records(head: bytes, path: Path) -> bool:
    """Tell a log by two objects or more that say when they happened; a lone JSON document is none."""
    return _kind(head, path.name.lower().endswith(LINES)) == "records"


@lru_cache(maxsize=1)  # both sources ask for the same head
def _kind(head: bytes, lines: bool) -> str:
    head = peek(head)
    if not starts_like_json(head):
        return ""
    sample = list(islice(_records(iter([head])), SAMPLE_RECORDS))
    rows = [item.fields for item in sample if isinstance(item, Row)]
    # Where the first object could not be read whole, the objects found are parts of a document.
    if not rows or not isinstance(sample[0], Row) or any(map(is_windows, rows)):
        return ""
    if any(map(is_ocsf, rows)):
        return "ocsf"
    enveloped = "." in sample[0].record
    if all(map(_names_its_log, rows)):
        return "records"
    if len(rows) < MIN_RECORDS and not lines and not enveloped:
        return ""
    return "records" if sum(map(_has_time, rows)) * 2 > len(rows) else ""


def _names_its_log(fields: Mapping[str, Any]) -> bool:
    """Tell a record of Zeek or Suricata, which says itself what log it is of: one is enough.

    Source: Zeek, json-streaming-logs; Suricata, "EVE JSON Format".
    """
    return ("_path" in fields and ("ts" in fields or "_write_ts" in fields)) or (
        "event_type" in fields and "timestamp" in fields
    )


def _has_time(fields: Mapping[str, Any]) -> bool:
    return has_time(fields) or any(isinstance(inner, dict) and has_time(inner) for inner in fields.values())


@source("json-ocsf", recognise=recognise_ocsf, event_class="ocsf")
def read_ocsf(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every OCSF event; see :func:`read`."""
    return read(path)


@source("json-records", recognise=recognise_records, event_class="records")
def read_records(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every object of a log; see :func:`read`."""
    return read(path)


def read(path: Path) -> Iterator[Row | Gap]:
    """Read every JSON object of a log, also those inside an envelope such as ``{"Records": [...]}``.

    Yields:
        A row per record, in file order. Its record is the line number, or the ordinal of the object where objects span
        lines; with ``.1``, ``.2`` … for the records of an envelope. A gap for each line that is no object and for a
        compressed stream that breaks.

    Raises:
        SourceError: the file cannot be opened.
    """
    broken: list[str] = []
    last = "start"
    with open_file(path) as file:
        for item in _records(until_break(unpack(file), broken)):
            last = item.record
            yield item
    for reason in broken:
        yield Gap(f"after {last}", reason)


def read_parts(parts: Iterator[bytes]) -> Iterator[Row | Gap]:
    """Give the records of a log that comes in blocks."""
    return _records(parts)


def _records(parts: Iterator[bytes]) -> Iterator[Row | Gap]:
    text = as_utf8(parts)
    first = b""
    for part in text:
        first += part
        if len(first) >= BLOCK_BYTES:
            break
    opening = _OPENING.match(first)
    if opening and not _is_whole(first.lstrip().partition(b"\n")[0]):
        return _inside(chain([first[opening.end() :]], text))
    return _opened(records(chain([first], text)))


def _is_whole(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except ValueError:
        return False
    return True


def _inside(array: Iterator[bytes]) -> Iterator[Row | Gap]:
    """Give the records of an envelope that is too large to be held; what closes it is no gap."""
    held: Gap | None = None
    for item in _opened(records(array)):
        if held is not None:
            yield held
        held = None
        if isinstance(item, Gap):
            held = Gap(f"1.{item.record}", item.reason)
        else:
            yield Row(f"1.{item.record}", item.fields)
    if held is not None and "skipped to the next" not in held.reason:
        yield held


def _opened(rows: Iterable[Row | Gap]) -> Iterator[Row | Gap]:
    for row in rows:
        inner = _contents(row.fields) if isinstance(row, Row) else None
        if inner is None:
            yield row
        else:
            for number, fields in enumerate(inner, 1):
                yield Row(f"{row.record}.{number}", fields)


def _contents(fields: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Give the records of an envelope; None for a record, which says itself when it happened."""
    for name in ENVELOPES:
        inner = fields.get(name)
        if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner) and not has_time(fields):
            return inner
    return None
