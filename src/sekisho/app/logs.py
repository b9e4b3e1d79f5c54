"""Logs are read, normalised and matched in jailed workers, on all cores; large files in several pieces at once.

A log is written by whoever broke into the host that wrote it, and a parser in C cannot be stopped from within. So a
worker that falls silent or dies costs the rest of its piece, named, and a new one goes on with the next.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from sekisho.analyzers.command_line import unfold
from sekisho.app.gaps import Gaps
from sekisho.app.intake import Intake
from sekisho.app.worker import Worker, why
from sekisho.correlate.history import History, Kept, nothing
from sekisho.correlate.sought import Sought
from sekisho.detect.beacons import BEACON, Beacons, Heard
from sekisho.detect.ruleset import RuleSet, finding
from sekisho.detect.statistics import Statistics
from sekisho.model.errors import LimitError, SourceError
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Finding
from sekisho.model.injection import find_injection
from sekisho.model.limits import Limits
from sekisho.model.observable import Observable
from sekisho.normalize import ocsf, records, syslog, windows
from sekisho.normalize.commands import unfolded
from sekisho.normalize.completed import completed
from sekisho.normalize.windows_repeats import Repeats
from sekisho.sources import Gap, Row, Span

EVENTS_PER_PART = 5_000  # a worker reports at least this often, which also bounds what one message holds
PART_S = 10.0  # and at least so often: an attacker can write lines that take a tenth of a second each to look at
SILENT_S = 120.0  # a worker that reports nothing for this long hangs: at the slowest measured rate a part takes 3 s
PIECE_BYTES = 64 * 1024 * 1024  # some 30,000 to 60,000 events: half a minute's work lost when a run is interrupted

COMMANDS_KEPT = 2_000  # command lines unfolded: several logs of one host tell of the same process
TEXTS_KEPT = 20_000
"""Texts looked at for script: names of browsers and search words come again and again."""
NOWHERE = Logsource()


class Part(NamedTuple):
    """What a worker found in a stretch of one piece."""

    read: int
    """Events in this stretch."""
    kept: Kept
    found: list[tuple[Event, list[Finding]]]
    """Empty when ``Asked.digest`` made something else of them."""
    gaps: Gaps
    last: bool
    """True when the piece is done."""
    statistics: Statistics | None = None
    """What the rules did in the whole piece: with the last part, when asked for."""
    unknown: int = 0
    """Events of which the logsource is not known, so that hardly a rule reads them."""
    digest: Any = None
    """What ``Asked.digest`` gave."""
    packed: Any = None
    """What ``Asked.pack`` gave."""
    heard: Heard | None = None
    """Connections of the whole piece, to look for steady beats in: with the last part, when a rule asks for them."""


class Piece(NamedTuple):
    """A file, or a stretch of a large one."""

    intake: Intake
    span: Span | None = None
    """None: the whole file."""
    number: int = 0
    """Of the pieces of its file, from 0."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What workers are to give."""

    story: bool = True
    """Keep what a story needs of every event; else only findings are wanted."""
    statistics: bool = False
    logsource: Logsource | None = None
    """Of records that do not say themselves what they are."""
    jobs: int = 1
    """Workers that share the machine."""
    digest: Callable[[list[tuple[Event, list[Finding]]]], Any] | None = None
    """Makes of the findings of a part what is wanted of them, in the worker: to hand over whole events costs more."""
    pack: Callable[[list[Event]], Any] | None = None
    """Makes of all events of a part, found or not, what is kept of them; only where a story is asked for."""
    wanted: frozenset[Observable] = frozenset()
    """What hostile mails and findings name: records of any log that name it too are part of the story."""
    only_wanted: bool = False
    """Keep nothing but those records."""
    sought: Sought | None = None
    """What names an event of a host into the story; None where all events are wanted as they are."""


@dataclass(slots=True)
class Log:
    """One file under way or done."""

    intake: Intake
    read: int = 0
    gaps: Gaps = field(default_factory=Gaps)
    unknown: int = 0


def read_logs(
    found: Sequence[Intake], rules: RuleSet, *, jobs: int, limits: Limits, asked: Asked | None = None
) -> Iterator[tuple[Log, Part]]:
    """Read every log; parts come as they are ready.

    Yields:
        The file with its counts so far, and what is new. The last part of each file has ``last`` set.
    """
    logs: dict[str, Log] = {one.shown: Log(one) for one in found}
    open_pieces: dict[str, int] = dict.fromkeys(logs, 0)
    planned: set[str] = set()
    gaps: dict[str, dict[int, Gaps]] = {}

    def pieces() -> Iterator[Piece]:
        for one in found:
            following = cut(one)
            piece = next(following)
            for other in following:
                open_pieces[one.shown] += 1
                yield piece
                piece = other
            open_pieces[one.shown] += 1
            planned.add(one.shown)  # before its last piece is given away: that may be done before the next is asked for
            yield piece

    for piece, part in read_pieces(pieces(), rules, jobs=jobs, limits=limits, asked=asked or Asked(), files=found):
        name = piece.intake.shown
        log = logs[name]
        log.read += part.read
        log.unknown += part.unknown
        if part.last:
            open_pieces[name] -= 1
            gaps.setdefault(name, {})[piece.number] = part.gaps
        last = part.last and name in planned and not open_pieces[name]
        if last:
            for _, some in sorted(gaps.pop(name).items()):
                log.gaps.join(some)
        yield log, part._replace(last=last)


def cut(one: Intake, size: int = PIECE_BYTES) -> Iterator[Piece]:
    """Cut a file into pieces where its kind allows that and it is large enough to be worth it."""
    assert one.source is not None
    spans: Iterator[Span] = iter(())
    if one.source.split is not None and _size(one) > 2 * size and not _needs_order(one):
        spans = one.source.split(one.path, size)
    number = -1
    for number, span in enumerate(spans):
        yield Piece(one, span, number)
    if number < 0:
        yield Piece(one)


def _size(one: Intake) -> int:
    try:
        return one.path.stat().st_size
    except OSError:
        return 0  # reading it says why


def _needs_order(one: Intake) -> bool:
    """Tell whether times in a log are local, so that what one record tells of the zone counts for those around it."""
    assert one.source is not None
    try:
        for item in one.source.read(one.path):
            if isinstance(item, Row):
                return one.source.event_class == "windows" and windows.Reader("").zone_is_unknown(item.fields)
    except SourceError:
        pass
    return True


def read_pieces(
    pieces: Iterable[Piece], rules: RuleSet, *, jobs: int, limits: Limits, asked: Asked, files: Sequence[Intake]
) -> Iterator[tuple[Piece, Part]]:
    """Read pieces on so many workers; the last part of each has ``last`` set, also when its worker died."""
    waiting = iter(pieces)
    ahead: deque[Piece] = deque()
    readable = [str(one.path) for one in files]
    workers: list[_Reader] = []

    def following() -> Piece | None:
        return ahead.popleft() if ahead else next(waiting, None)

    try:
        ended = False
        while workers or not ended:
            while not ended and len(workers) < jobs:
                piece = following()
                if piece is None:
                    ended = True
                    break
                workers.append(_Reader(rules, limits, readable, asked))
                workers[-1].give(piece)
            for worker in _ready(workers) if workers else ():
                done, part = worker.piece, worker.collect()
                if worker.lost:
                    workers.remove(worker)
                elif part.last:
                    piece = None if ended else following()
                    if piece is not None:
                        worker.give(piece)  # before what it found is looked at, so that it does not wait for that
                    else:
                        ended = True
                        workers.remove(worker)
                        worker.end()
                yield done, part
    finally:
        for worker in workers:
            worker.end()


class _Reader(Worker):
    """A worker and the piece it has in hand."""

    def __init__(self, rules: RuleSet, limits: Limits, readable: Sequence[str], asked: Asked) -> None:
        super().__init__(partial(_serve, rules, asked), limits, readable)
        self.limits, self.lost = limits, False
        self.piece: Piece

    def give(self, piece: Piece) -> None:
        """Start on a piece."""
        self.piece, self.deadline = piece, time.monotonic() + SILENT_S
        self.pipe.send(piece)

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
        return Part(0, nothing(), [], gaps, last=True)


def _ready(workers: Sequence[_Reader]) -> list[_Reader]:
    """Wait until a worker has something to say or has been silent too long."""
    now = time.monotonic()
    pipes = wait([one.pipe for one in workers], max(0.0, min(one.deadline for one in workers) - now))
    now = time.monotonic()
    return [one for one in workers if one.pipe in pipes or now >= one.deadline]


def _serve(rules: RuleSet, asked: Asked, pipe: Connection) -> None:
    gc.freeze()  # rules and modules stay for good: not looked through again, and their pages stay the parent's
    repeats = remembering(rules, asked.jobs)
    while True:
        piece: Piece = pipe.recv()
        for part in read_piece(piece, rules, asked, repeats):
            pipe.send(part)


def hears_beats(rules: RuleSet) -> bool:
    """Tell whether any rule asks for steady beats; else nothing is kept for them."""
    return any(one.logsource.reads(BEACON) and any(one.logsource) for one in rules.rules)


def remembering(rules: RuleSet, share: int = 1) -> Repeats:
    """Give an empty memory of records that match none of the rules, one of so many."""
    return Repeats(lambda draft: rules.engine.reads(draft.logsource, draft.fields), share)


def read_piece(
    piece: Piece, rules: RuleSet, asked: Asked | None = None, repeats: Repeats | None = None
) -> Iterator[Part]:
    """Read one piece in parts; what could not be read stands in the last one.

    ``repeats`` is what earlier pieces left in memory; it must come from :func:`remembering` the same rules.
    """
    asked = asked or Asked()
    assert piece.intake.source is not None
    gaps = Gaps()
    look = _Look(rules, asked, piece.intake, repeats or remembering(rules))
    rules.engine.timed = asked.statistics
    before = rules.engine.statistics() if asked.statistics else None
    matched = look.quick if not asked.story and piece.intake.source.event_class == "windows" else look.all
    due = time.monotonic() + PART_S
    windows_only = not asked.story and piece.intake.source.event_class == "windows"
    matched = look.quick if windows_only and rules.indicators is None else look.all  # any field may hold an indicator
    try:
        for event, found in matched(_rows(piece, gaps)):
            look.take(event, found)
            if look.count >= EVENTS_PER_PART or (look.count % 64 == 0 and time.monotonic() > due):
                yield look.part(Gaps(), last=False)
                due = time.monotonic() + PART_S
    except SourceError as error:
        gaps.add(Gap("", error.reason))
    except OSError as error:
        gaps.add(Gap("", f"cannot be read: {error.strerror or error}"))
    except MemoryError:
        gaps.add(Gap("", "the rest was not read: out of memory"))
    statistics = None
    if before is not None:
        look.credit()
        statistics = rules.engine.statistics().since(before)
    heard = look.beacons.take() if look.beacons is not None else None
    yield look.part(gaps, last=True)._replace(statistics=statistics, heard=heard)


class _Look:
    """What a worker gathers until it reports."""

    def __init__(self, rules: RuleSet, asked: Asked, intake: Intake, repeats: Repeats) -> None:
        self.rules, self.asked, self.intake, self.repeats = rules, asked, intake, repeats
        self.history = History(asked.wanted, only_wanted=asked.only_wanted, sought=asked.sought)
        self.found: list[tuple[Event, list[Finding]]] = []
        self.events: list[Event] = []
        self.count = self.unknown = 0
        self.unfold = lru_cache(maxsize=COMMANDS_KEPT)(unfold)
        self.find = lru_cache(maxsize=TEXTS_KEPT)(find_injection)
        self.beacons = Beacons() if hears_beats(rules) else None

    def take(self, event: Event | None, found: list[Finding]) -> None:
        """Keep what a record gave; ``count`` was raised by who gave it."""
        if event is None:
            return
        if self.beacons is not None:
            self.beacons.add(event)
        if self.asked.story:
            self.history.add(event, found=bool(found))
        if self.asked.pack is not None:
            self.events.append(event)
        if found:
            self.found.append((event, found))

    def part(self, gaps: Gaps, *, last: bool) -> Part:
        """Give what was gathered and start anew."""
        found, digest = self.found, None
        if self.asked.digest is not None:
            found, digest = [], self.asked.digest(found)
        packed = self.asked.pack(self.events) if self.asked.pack is not None else None
        part = Part(self.count, self.history.take(), found, gaps, last, None, self.unknown, digest, packed)
        self.found, self.events, self.count, self.unknown = [], [], 0, 0
        return part

    def all(self, rows: Iterator[Row]) -> Iterator[tuple[Event | None, list[Finding]]]:
        """Give every event with its findings."""
        match = self.rules.match
        for event in self._events(rows):
            known = completed(event, self.unfold, self.find)
            self.count += 1
            self.unknown += event.logsource == NOWHERE
            yield known, match(known)

    def quick(self, rows: Iterator[Row]) -> Iterator[tuple[Event | None, list[Finding]]]:
        """Give the Windows events that have findings, and nothing for a part's worth of others now and then."""
        reader = windows.Reader(self.intake.shown)
        repeats = self.repeats
        repeats.begin()
        seen, remember, draft_of, matches = repeats.seen, repeats.remember, reader.draft, self.rules.engine.matches
        for record, raw, text in reader.prepared(rows):
            self.count += 1
            if self.count >= EVENTS_PER_PART:
                yield None, []
            if text and seen(raw, text):
                continue
            draft = draft_of(raw)
            fields = unfolded(draft.logsource, draft.fields, self.unfold)
            found = matches(draft.logsource, fields, silent=repeats.silent if text else False)
            if found:
                event = reader.finish(draft._replace(fields=fields), record)
                yield event, [finding(one, event) for one in found]
            else:
                if not (text and repeats.taught):
                    reader.learn(draft)
                if text:
                    remember(raw, draft)

    def credit(self) -> None:
        """Count for the rules the records that were known before a rule was asked."""
        for kind in self.repeats.kinds:
            self.rules.engine.credit(kind.draft.logsource, kind.draft.fields, kind.count)
            kind.count = 0

    def _events(self, rows: Iterator[Row]) -> Iterator[Event]:
        return normalized(self.intake, rows, self.asked.logsource)


def events_of(one: Intake, gaps: Gaps, logsource: Logsource | None = None) -> Iterator[Event]:
    """Give the events of one log as they are, without a worker around its reader: for logs that are trusted."""
    return normalized(one, _rows(Piece(one), gaps), logsource)


def normalized(one: Intake, rows: Iterator[Row], logsource: Logsource | None) -> Iterator[Event]:
    """Give the events of a log's rows; ``logsource`` is that of records that do not say theirs."""
    assert one.source is not None
    source, kind = one.shown, one.source.event_class
    if kind == "windows":
        return windows.normalize(rows, source=source)
    if kind == "ocsf":
        return ocsf.normalize(rows, source=source)
    if kind == "syslog":
        return syslog.normalize(rows, source=source)
    return records.normalize(rows, source=source, logsource=logsource)


def _rows(piece: Piece, gaps: Gaps) -> Iterator[Row]:
    source = piece.intake.source
    assert source is not None
    if piece.span is None:
        items: Iterator[Any] = source.read(piece.intake.path)
    else:
        assert source.read_span is not None
        items = source.read_span(piece.intake.path, piece.span)
    for item in items:
        if isinstance(item, Row):
            yield item
        elif isinstance(item, Gap):
            gaps.add(item)
