"""Lines of syslog inside JSON, of hosts that run a mail server: journalctl --output json, and Docker's json-file logs.

Other hosts' journals are read as records of any product (``json-records``).

Source: systemd.journal-fields(7); systemd, "Journal Export Formats", JSON; Docker, "JSON File logging driver".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from sekisho.model.artifact import Artifact
from sekisho.sources import Gap, Row, source
from sekisho.sources._packed import open_file, peek, unpack, until_break
from sekisho.sources._years import IsoTimes, Order, Years
from sekisho.sources.json_stream import as_utf8, records
from sekisho.sources.jsonl import SAMPLE_RECORDS, starts_like_json
from sekisho.sources.syslog import MAX_LINE_CHARS, is_mail, rows

SAMPLE = SAMPLE_RECORDS * 16
"""Records looked at: a journal holds more than its mail server."""
_TIMES = ("_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP")
"""Microseconds since 1970: when the program wrote it, when the journal got it."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_MICRO_NS = 1_000
_NO_YEARS = Years(Order(-1, (1, 1)), 0.0)


def recognise(head: bytes, path: Path) -> bool:
    """Tell by a line of a mail server in one of the two shapes."""
    head = peek(head)
    if not starts_like_json(head):
        return False
    found = (item.fields for item in islice(records(as_utf8([head])), SAMPLE) if isinstance(item, Row))
    return any(is_mail(row.fields["program"]) for fields in found if (row := _row("", fields, IsoTimes())) is not None)


@source("journal", recognise=recognise, event_class="syslog")
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every record of a journal or of a container's log.

    Yields:
        A row per record, in file order, with what :func:`sekisho.sources.syslog.read` gives and, of a journal, its own
        fields; its record is the line number or the ordinal of the object. A gap for what is no such record.

    Raises:
        SourceError: the file cannot be opened.
    """
    broken: list[str] = []
    iso, last = IsoTimes(), "start"
    with open_file(path) as file:
        for item in records(as_utf8(until_break(unpack(file), broken))):
            last = item.record
            if isinstance(item, Gap):
                yield item
                continue
            yield _row(item.record, item.fields, iso) or Gap(item.record, "no line of syslog")
    for reason in broken:
        yield Gap(f"after {last}", reason)


def _row(record: str, fields: Mapping[str, Any], iso: IsoTimes) -> Row | None:
    if "MESSAGE" in fields:
        return _of_journal(record, fields)
    line, time = fields.get("log"), fields.get("time")
    if type(line) is not str or type(time) is not str or "stream" not in fields or len(line) > MAX_LINE_CHARS:
        return None
    found = next(rows([line.rstrip("\n")], _NO_YEARS), None)
    if not isinstance(found, Row):
        return None
    # The container's own time has year and zone.
    time_ns, zoned = iso.ns(time) if _TIME.match(time) else (None, True)
    return Row(record, {**found.fields, "time_ns": time_ns, "is_local": not zoned})


def _of_journal(record: str, fields: Mapping[str, Any]) -> Row | None:
    message = _text(fields["MESSAGE"])
    program = _text(fields.get("SYSLOG_IDENTIFIER") or fields.get("_COMM") or "")
    if message is None or program is None or len(message) > MAX_LINE_CHARS:
        return None
    micros = next((str(fields[name]) for name in _TIMES if str(fields.get(name, "")).isdecimal()), "")
    return Row(
        record,
        {
            **fields,
            "time_ns": int(micros[:18]) * _MICRO_NS if micros else None,
            "is_local": False,
            "host": _text(fields.get("_HOSTNAME")) or "",
            "program": program,
            "pid": str(fields.get("SYSLOG_PID") or fields.get("_PID") or ""),
            "message": message,
        },
    )


def _text(value: Any) -> str | None:
    """Give a field as text; what is no UTF-8 comes as a list of bytes."""
    if type(value) is str:
        return value
    if type(value) is list and all(type(one) is int and 0 <= one < 256 for one in value):
        return bytes(value).decode("utf-8", "backslashreplace")
    return None
