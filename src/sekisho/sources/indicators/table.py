"""Tables of indicators, line by line and of any size: CSV, TSV, and feeds whose first lines are comments.

Each line is read for itself. A cell that goes on over several lines costs those lines, not the rest of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from sekisho.model.errors import SourceError
from sekisho.model.indicator import KINDS, guess
from sekisho.sources import Gap
from sekisho.sources.indicators import NOTE_CHARS, Told, percent, seconds

LINE_CHARS = 64 * 1024
CELLS = 200
# Names of columns. Source: headers of MISP's CSV export, abuse.ch feeds, OpenPhish, TAXII-less vendor lists, our own.
_COLUMNS = {
    "value": "value",
    "indicator": "value",
    "indicator_value": "value",
    "ioc": "value",
    "ioc_value": "value",
    "observable": "value",
    "type": "kind",
    "ioc_type": "kind",
    "indicator_type": "kind",
    "kind": "kind",
    "confidence": "confidence",
    "confidence_level": "confidence",
    "first_seen": "first_at",
    "first_seen_utc": "first_at",
    "dateadded": "first_at",
    "date": "first_at",
    "last_seen": "last_at",
    "last_online": "last_at",
    "last_seen_utc": "last_at",
    "valid_until": "until_at",
    "expiration": "until_at",
    "expires": "until_at",
    "source": "source",
    "reporter": "source",
    "description": "note",
    "comment": "note",
    "malware": "note",
    "threat": "note",
    "tags": "note",
    "to_ids": "to_ids",
}
_VALUE_NAMES = {
    "ip": "ip",
    "ip_address": "ip",
    "dst_ip": "ip",
    "domain": "domain",
    "hostname": "domain",
    "url": "url",
    "email": "email",
    "md5": "md5",
    "md5_hash": "md5",
    "sha1": "sha1",
    "sha1_hash": "sha1",
    "sha256": "sha256",
    "sha256_hash": "sha256",
    "file_name": "file",
    "filename": "file",
}
# What feeds call the kinds of values.
_KINDS = {
    "ipv4": "ip",
    "ipv6": "ip",
    "ipv4-addr": "ip",
    "ip-dst": "ip",
    "ip-src": "ip",
    "ip:port": "ip",
    "ip_port": "ip",
    "fqdn": "domain",
    "hostname": "domain",
    "domain-name": "domain",
    "uri": "url",
    "email-src": "email",
    "sha-256": "sha256",
    "sha256_hash": "sha256",
    "sha-1": "sha1",
    "sha1_hash": "sha1",
    "md5_hash": "md5",
    "filename": "file",
    "file_name": "file",
}
Layout = tuple[str, dict[int, str], dict[int, str]]
"""Delimiter; column to what it says; column to the kind of value it holds."""


def recognise(head: bytes, path: Path) -> bool:
    """Tell by a line of known column names, or by lines of several cells of which one is a value."""
    if head.lstrip()[:1] in (b"{", b"["):
        return False
    lines = [line for line in head.decode("utf-8", "replace").splitlines()[:60] if line.strip()]
    if any(_layout(line) for line in lines):
        return True
    data = [line for line in lines if not line.startswith("#")][:5]
    return len(data) > 0 and all(len(_cells(line, ",")) > 1 and any(map(_is_value, _cells(line, ","))) for line in data)


def read(path: Path) -> Iterator[Told | Gap]:
    """Give the values of each line, in order.

    Raises:
        SourceError: the file cannot be opened.
    """
    layout: Layout | None = None
    try:
        file = path.open(encoding="utf-8-sig", errors="replace", newline="")
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", str(path)) from error
    with file:
        number, going_on = 0, False
        while line := file.readline(LINE_CHARS):
            ended = line.endswith(("\n", "\r"))
            if going_on:
                going_on = not ended
                continue
            number += 1
            if not ended and len(line) >= LINE_CHARS:
                going_on = True
                yield Gap(str(number), f"line is longer than {LINE_CHARS} characters")
                continue
            text = line.strip()
            if layout is None and (known := _layout(text)) is not None:
                layout = known
            elif text and not text.startswith(("#", "//")):
                yield from _line(number, text, layout)


def _layout(line: str) -> Layout | None:
    """Give the layout that a line of column names tells; None when it is no such line."""
    for delimiter in (",", "\t", ";", "|"):
        names = [cell.strip().strip('"#').strip().lower().replace(" ", "_") for cell in _cells(line, delimiter)]
        said = {at: _COLUMNS[name] for at, name in enumerate(names) if name in _COLUMNS}
        held = {at: _VALUE_NAMES[name] for at, name in enumerate(names) if name in _VALUE_NAMES}
        if "value" in said.values() or held:
            return delimiter, said, held
    return None


def _line(number: int, text: str, layout: Layout | None) -> Iterator[Told | Gap]:
    delimiter, said, held = layout or (",", {}, {})
    cells = [cell.strip().strip('"') for cell in _cells(text, delimiter)]
    facts = {name: cells[at] for at, name in reversed(said.items()) if at < len(cells)}
    if facts.get("to_ids") in ("0", "false", "False"):
        return
    found = [(kind, cells[at]) for at, kind in held.items() if at < len(cells) and cells[at]]
    if "value" in facts:
        written = facts.get("kind", "").lower()
        kind = written if written in KINDS else _KINDS.get(written, "")
        value = facts["value"]
        if written in ("ip:port", "ip_port", "ip-dst|port"):
            value = value.rpartition(":")[0] or value
        found.append((kind, value))
    if layout is None:
        found = [("", cell) for cell in cells if _is_value(cell)][:1]
    if not any(value for _, value in found):
        yield Gap(str(number), "no value in this line")
        return
    for kind, value in found:
        yield Told(
            value[:4096],
            str(number),
            kind,
            percent(facts.get("confidence")),
            seconds(facts.get("first_at")),
            seconds(facts.get("last_at")),
            seconds(facts.get("until_at")),
            facts.get("source", "")[:NOTE_CHARS],
            facts.get("note", "")[:NOTE_CHARS],
        )


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])[:CELLS]
    except csv.Error:
        return line.split(delimiter)[:CELLS]


def _is_value(cell: str) -> bool:
    return guess(cell) is not None
