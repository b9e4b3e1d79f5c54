"""Logs are read, normalised and matched in jailed workers, one file each at a time, on all cores.

A log is written by whoever broke into the host that wrote it, and a parser in C cannot be stopped from within. So a
worker that falls silent or dies costs the rest of its file, named, and a new one goes on with the next.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import NamedTuple

from sekisho.analyzers.command_line import unfold
from sekisho.app.gaps import Gaps
from sekisho.app.intake import Intake
from sekisho.app.worker import Worker, why
from sekisho.correlate.history import History, Kept
from sekisho.detect.rules import RuleSet
from sekisho.model.errors import LimitError, SourceError
from sekisho.model.event import Event
from sekisho.model.finding import Finding
from sekisho.model.limits import Limits
from sekisho.normalize import windows
from sekisho.normalize.commands import enrich
from sekisho.sources import Gap, Row

EVENTS_PER_PART = 5_000  # a worker reports at least this often, which also bounds what one message holds
SILENT_S = 120.0  # a worker that reports nothing for this long hangs: at the slowest measured rate a part takes 3 s


class Part(NamedTuple):
    """What a worker found in a stretch of one file."""

    read: int
    """Events in this stretch."""
    kept: Kept
    found: list[tuple[Event, list[Finding]]]
    gaps: Gaps
    last: bool
    """True when the file is done."""


@dataclass(slots=True)
class Log:
    """One file under way or done."""

    intake: Intake
    read: int = 0
    gaps: Gaps = field(default_factory=Gaps)


def read_logs(found: Sequence[Intake], rules: RuleSet, *, jobs: int, limits: Limits) -> Iterator[tuple[Log, Part]]:
    """Read every log; parts come as they are ready, a file's own parts in order.

    Yields:
        The file with its counts so far, and what is new. The last part of each file has ``last`` set.
    """
    waiting = deque(Log(one) for one in found)
    readable = [str(one.path) for one in found]
    workers: list[_Reader] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                workers.append(_Reader(rules, limits, readable))
                workers[-1].give(waiting.popleft())
            for worker in _ready(workers):
                part = worker.collect()
                log = worker.log
                log.read += part.read
                log.gaps.join(part.gaps)
                yield log, part
                if worker.lost:
                    workers.remove(worker)
                elif part.last and waiting:
                    worker.give(waiting.popleft())
                elif part.last:
                    workers.remove(worker)
                    worker.end()
    finally:
        for worker in workers:
            worker.end()


class _Reader(Worker):
    """A worker and the file it has in hand."""

    def __init__(self, rules: RuleSet, limits: Limits, readable: Sequence[str]) -> None:
        super().__init__(partial(_serve, rules), limits, readable)
        self.limits, self.lost = limits, False
        self.log: Log

    def give(self, log: Log) -> None:
        """Start on a file."""
        self.log, self.deadline = log, time.monotonic() + SILENT_S
        self.pipe.send(log.intake)

    def collect(self) -> Part:
        """Take the next part; a worker that died or fell silent gives a last one that says so."""
        try:
            if self.pipe.poll():
                part: Part = self.pipe.recv()
                self.deadline = time.monotonic() + SILENT_S
                return part
            reason = str(LimitError("silent_s", SILENT_S))
            self.end()
        except (EOFError, OSError):
            reason = why(self.end(), self.limits)
        self.lost = True
        gaps = Gaps()
        gaps.add(Gap("", f"the rest was not read: {reason}"))
        return Part(0, Kept([], {}, {}, {}), [], gaps, last=True)


def _ready(workers: Sequence[_Reader]) -> list[_Reader]:
    """Wait until a worker has something to say or has been silent too long."""
    now = time.monotonic()
    pipes = wait([one.pipe for one in workers], max(0.0, min(one.deadline for one in workers) - now))
    now = time.monotonic()
    return [one for one in workers if one.pipe in pipes or now >= one.deadline]


def _serve(rules: RuleSet, pipe: Connection) -> None:
    while True:
        one: Intake = pipe.recv()
        for part in read_log(one, rules):
            pipe.send(part)


def read_log(one: Intake, rules: RuleSet) -> Iterator[Part]:
    """Read one file in parts; what could not be read stands in the last one."""
    gaps = Gaps()
    history = History()
    found: list[tuple[Event, list[Finding]]] = []
    count = 0
    try:
        for event in windows.normalize(_rows(one, gaps), source=one.shown):
            known = enrich(event, unfold)
            matched = rules.match(known)
            history.add(known, found=bool(matched))
            if matched:
                found.append((known, matched))
            count += 1
            if count == EVENTS_PER_PART:
                yield Part(count, history.take(), found, Gaps(), last=False)
                found, count = [], 0
    except SourceError as error:
        gaps.add(Gap("", error.reason))
    except OSError as error:
        gaps.add(Gap("", f"cannot be read: {error.strerror or error}"))
    except MemoryError:
        gaps.add(Gap("", "the rest was not read: out of memory"))
    yield Part(count, history.take(), found, gaps, last=True)


def _rows(one: Intake, gaps: Gaps) -> Iterator[Row]:
    assert one.source is not None
    for item in one.source.read(one.path):
        if isinstance(item, Row):
            yield item
        elif isinstance(item, Gap):
            gaps.add(item)
