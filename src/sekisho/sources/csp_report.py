"""Reports that browsers send when a page breaks its content security policy, as collectors keep them.

Source: W3C, "Content Security Policy Level 3", 5.3 (``csp-report``) and 5.4 (members); W3C, "Reporting API", 3.1 (an
array of reports with ``type``, ``age``, ``url`` and ``body``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from sekisho.model.artifact import Artifact
from sekisho.sources import Gap, Row, source
from sekisho.sources._packed import open_file, peek, unpack, until_break
from sekisho.sources.json_stream import as_utf8, records
from sekisho.sources.jsonl import SAMPLE_RECORDS, starts_like_json

WRAPPERS = ("body", "payload", "message", "report", "data", "json")
"""Members under which collectors keep what a browser sent, as an object or as JSON text."""
MAX_TEXT_CHARS = 64 * 1024
_MARK = re.compile(rb"csp-report|csp-violation")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def recognise(head: bytes, path: Path) -> bool:
    """Tell by what the reports name themselves."""
    head = peek(head)
    if not starts_like_json(head) or not _MARK.search(head):
        return False
    sample = list(islice(records(as_utf8([head])), SAMPLE_RECORDS))
    rows = [item.fields for item in sample if isinstance(item, Row)]
    return bool(rows) and sum(any(True for _ in _reports(row)) for row in rows) * 2 > len(rows)


@source("csp-report", recognise=recognise, event_class="records")
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every report.

    Yields:
        A row per report, in file order, with the members named as in ``csp-report`` (``document-uri``,
        ``blocked-uri``, ``effective-directive`` …) and, under their own names, what the collector noted beside them
        (time, client). Its record is the line number, or the ordinal of the object where objects span lines; with
        ``.1``, ``.2`` … for several reports in one. A gap for what is no report.

    Raises:
        SourceError: the file cannot be opened.
    """
    broken: list[str] = []
    with open_file(path) as file:
        for item in records(as_utf8(until_break(unpack(file), broken))):
            if isinstance(item, Gap):
                yield item
                continue
            found = list(_reports(item.fields))
            if not found:
                yield Gap(item.record, "holds no report")
            for number, fields in enumerate(found, 1):
                yield Row(item.record if len(found) == 1 else f"{item.record}.{number}", fields)
    for reason in broken:
        yield Gap("end", reason)


def _reports(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    beside = {
        name: value for name, value in record.items() if isinstance(value, (str, int, float)) and name not in WRAPPERS
    }
    for one in _inside(record):
        report = one.get("csp-report")
        if isinstance(report, dict):
            yield {**beside, **_named(report)}
        elif one.get("type") == "csp-violation" and isinstance(one.get("body"), dict):
            own = {name: one[name] for name in ("age", "user_agent", "url") if name in one}
            yield {**beside, **own, **_named(one["body"])}


def _inside(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the record itself if it is a report, else those that a collector wrapped."""
    if "csp-report" in record or record.get("type") == "csp-violation":
        yield record
        return
    for name in WRAPPERS:
        value = record.get(name)
        if isinstance(value, str) and value[:1] in ("{", "[") and len(value) <= MAX_TEXT_CHARS:
            try:
                value = orjson.loads(value)
            except ValueError:
                continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and ("csp-report" in one or one.get("type") == "csp-violation"):
                yield one


def _named(report: Mapping[str, Any]) -> dict[str, Any]:
    """Give the members as in ``csp-report``; the Reporting API writes ``blockedURL`` for ``blocked-uri``."""
    fields: dict[str, Any] = {}
    for name, value in report.items():
        if name.endswith("URL"):
            name = f"{name[:-3]}Uri"
        fields[_CAPITAL.sub("-", name).lower()] = value
    return {"sample" if name == "script-sample" else name: value for name, value in fields.items()}
