"""Events to try a rule on, from whatever the user has: events as JSON, a log, or a mail or file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson

from sekisho.analyzers.command_line import unfold
from sekisho.app import intake
from sekisho.app.examine import examine
from sekisho.app.intake import Intake
from sekisho.app.logs import SILENT_S, normalized
from sekisho.app.worker import Worker, why
from sekisho.model.artifact import Artifact
from sekisho.model.errors import LimitError, SourceError
from sekisho.model.event import Event, Logsource
from sekisho.model.injection import find_injection
from sekisho.model.limits import DEFAULT
from sekisho.normalize import artifacts, injections, mail, records
from sekisho.normalize.commands import FIELDS
from sekisho.normalize.completed import completed
from sekisho.sources import Gap, Row
from sekisho.sources.jsonl import is_windows

PLAIN_BYTES = 64 * 1024 * 1024  # of events as JSON; larger files are logs
UNFOLDED = frozenset((*FIELDS, *injections.FIELDS))  # an event that has one of these says itself what unfolding gave
JSON_SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
NOT_JSON = "not JSON objects: give one event, a list of events, or one a line"
SAMPLED = 20  # objects looked at to tell what a JSON file holds
BATCH = 500  # events a worker sends at once


def read(given: str, logsource: Logsource, notes: list[str]) -> Iterator[Event]:
    """Give the events of a file, in order; ``-`` is standard input.

    Args:
        given: path. JSON objects that are no log records are events in Sigma's field names.
        logsource: taken for such events, which do not say what they are.
        notes: gets a line for each part that could not be read.

    Raises:
        SourceError: the file cannot be read or holds nothing that could be an event.
    """
    if given == "-":
        yield from plain_events(sys.stdin.buffer.read(PLAIN_BYTES), "-", logsource)
        return
    path = Path(given)
    try:
        small = path.stat().st_size <= PLAIN_BYTES and path.is_file()
        data = path.read_bytes() if small else b""
    except OSError as error:
        raise SourceError(error.strerror or "cannot be read", given) from error
    found = _objects(data) if data.lstrip()[:1] in (b"{", b"[") else None
    if found is not None and not _is_log(found):
        yield from _plain(found, given, logsource)
        return
    one = intake.recognise(path, intake.shown_name(given), DEFAULT)
    if one.skipped:
        raise SourceError(one.skipped, given)
    if one.source is None and found:  # of web servers Sigma's words are the log's own, and no time makes it no log
        yield from _plain(found, given, logsource)
        return
    if one.source is None and path.suffix.lower() in JSON_SUFFIXES:
        raise SourceError(NOT_JSON, given)
    if one.source is None or one.source.event_class == "artifact":
        yield from _from_artifacts(one, notes)
    else:
        yield from _from_log(one, logsource, notes)


def _is_log(found: list[dict[str, Any]]) -> bool:
    """Tell whether JSON objects are records as some product writes them, and not events in Sigma's words.

    A record says when it happened. The columns of a web log are Sigma's words too, so names alone do not tell.
    """
    some = found[:SAMPLED]
    if any(map(is_windows, some)):
        return True
    written = records.normalize((Row("", one) for one in some), "")
    return any(one.logsource != Logsource() and one.time_ns is not None for one in written)


def plain_events(data: bytes, source: str, logsource: Logsource) -> Iterator[Event]:
    """Give events that are written as JSON: one object, a list of them, or one a line; records count from 1.

    Raises:
        SourceError: it is nothing of this.
    """
    found = _objects(data)
    if found is None:
        raise SourceError(NOT_JSON, source)
    yield from _plain(found, source, logsource)


def _plain(found: list[dict[str, Any]], source: str, logsource: Logsource) -> Iterator[Event]:
    for number, fields in enumerate(found, 1):
        event = Event(logsource, fields, source=source, record=str(number))
        yield event if UNFOLDED & fields.keys() else completed(event, unfold, find_injection)


def _objects(data: bytes) -> list[dict[str, Any]] | None:
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            value = [orjson.loads(line) for line in data.splitlines() if line.strip()]
        except orjson.JSONDecodeError:
            return None
    listed = value if isinstance(value, list) else [value]
    return listed if all(isinstance(one, dict) for one in listed) else None


def _from_artifacts(one: Intake, notes: list[str]) -> Iterator[Event]:
    """Analyse a mail, a mailbox or a file and give what rules for ``product: email`` read."""
    if one.source is None:
        roots = iter([intake.artifact(one, ())])
    else:
        roots = (item for item in _items(one, notes) if isinstance(item, Artifact))
    for root, tree in examine(roots):
        notes += [f"{part.address}: {part.unscanned}" for part in tree if part.unscanned]
        yield from artifacts.events(mail.with_facts(artifacts.graded(tree)), root.address)


def _items(one: Intake, notes: list[str]) -> Iterator[Row | Artifact]:
    assert one.source is not None
    for item in one.source.read(one.path):
        if isinstance(item, Gap):
            notes.append(f"{one.shown} {item.record}: {item.reason}".replace(" :", ":"))
        else:
            yield item


def _from_log(one: Intake, logsource: Logsource, notes: list[str]) -> Iterator[Event]:
    """Read a log in a jailed worker."""
    worker = Worker(partial(_serve, one, logsource), DEFAULT, [str(one.path)])
    ended = False
    try:
        while worker.pipe.poll(SILENT_S):
            batch: list[Event] | tuple[str, ...] = worker.pipe.recv()
            if isinstance(batch, tuple):
                notes += batch
                return
            yield from batch
        raise SourceError(str(LimitError("silent_s", SILENT_S)), one.shown)
    except (EOFError, OSError) as error:
        ended = True
        raise SourceError(why(worker.end(), DEFAULT), one.shown) from error
    finally:
        if not ended:
            worker.end()


def _serve(one: Intake, logsource: Logsource, pipe: Connection) -> None:
    notes: list[str] = []
    batch: list[Event] = []
    try:
        for event in _normalized(one, logsource, notes):
            batch.append(completed(event, unfold, find_injection))
            if len(batch) == BATCH:
                pipe.send(batch)
                batch = []
    except SourceError as error:
        notes.append(str(error))
    pipe.send(batch)
    pipe.send(tuple(notes))
    pipe.poll(None)  # stay until the reader is done


def _normalized(one: Intake, logsource: Logsource, notes: list[str]) -> Iterator[Event]:
    rows = (item for item in _items(one, notes) if isinstance(item, Row))
    assert one.source is not None
    found = normalized(one, rows, None)
    if one.source.event_class != "records":
        return found
    # What nothing recognises is taken for what the rule is about.
    return (replace(event, logsource=logsource) if event.logsource == Logsource() else event for event in found)
