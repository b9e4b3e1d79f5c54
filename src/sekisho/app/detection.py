"""Rules over logs of any size: findings to a file, counts to the screen, and memory that does not grow with either."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import sekisho
from sekisho.app import captures, intake
from sekisho.app.gaps import Gaps
from sekisho.app.logs import Asked, Part, Piece, cut, read_pieces
from sekisho.app.spool import ASSEMBLED, WRITTEN, Packed, Spool, packed
from sekisho.detect.beacons import Beacons, Heard
from sekisho.detect.correlator import Correlator, in_order
from sekisho.detect.ruleset import RuleSet
from sekisho.detect.statistics import Statistics, Use
from sekisho.detect.tuning import Counts as Tuned
from sekisho.detect.tuning import Tuning
from sekisho.model.detection import Counts, Detections
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import LEVELS, Finding
from sekisho.model.limits import DEFAULT, Limits
from sekisho.model.result import Input, RuleFailure
from sekisho.respond import document
from sekisho.respond.wording import Words
from sekisho.sources import Gap

NO_LOG = "no log of events: sekisho scan analyses it"
FED = 10_000  # hits given to the correlations at a time

Progress = Callable[[str, int, int, str], None]
"""Told (stage, done, total, name); total is 0 when unknown."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run."""

    jobs: int = 1
    limits: Limits = DEFAULT
    tuning: Tuning = field(default_factory=Tuning)
    tuning_text: str = ""
    """What the tuning was read from: an interrupted run goes on only under the same."""
    logsource: Logsource | None = None
    """Of records that do not say themselves what they are."""
    level: str = LEVELS[0]
    """Findings below it are left out."""
    events: bool = False
    """Write the whole event with each finding."""
    statistics: bool = False
    language: str = "en"
    captures: str = ""
    """The installed program that reads packet captures, one of ``captures.PROGRAMS``; empty: none does."""
    out: Path | None = None
    """Where findings go, one JSON object a line; None: they are counted only."""


class Told(NamedTuple):
    """What a run keeps of the findings of a part."""

    counts: Counts
    tuned: Tuned
    lines: list[bytes]
    hits: list[tuple[Event, Finding]]
    """Those that correlations join."""
    packed: Sequence[Packed] = ()
    """The same as the spool keeps them, where they come from a worker."""


class Teller:
    """Makes findings what a run keeps of them: in the workers, because events are large and lines are small."""

    def __init__(self, rules: RuleSet, options: Options) -> None:
        self.rules, self.options = rules, options
        self.words = Words(options.language)
        self.shown = frozenset(LEVELS[LEVELS.index(options.level) :])

    def tell(self, found: Iterable[tuple[Event, list[Finding]]]) -> Told:
        """Tune findings, count them and write them down."""
        told = Told(Counts(), Counter(), [], [])
        for event, some in found:
            left = self.options.tuning.apply(event, some, told.tuned)
            told.hits.extend((event, one) for one in left if one.rule_id in self.rules.joined)
            self.write(left, event, told)
        return told

    def digest(self, found: Iterable[tuple[Event, list[Finding]]]) -> Told:
        """Do the same in a worker, which hands no event over."""
        told = self.tell(found)
        return told._replace(hits=[], packed=[packed(hit) for hit in told.hits])

    def write(self, findings: Iterable[Finding], event: Event | None, told: Told) -> None:
        """Count and write down the findings on an event that are to be shown."""
        given = event if self.options.events else None
        for one in findings:
            if one.level in self.shown and one.rule_id not in self.rules.silent:
                told.counts.add(one, self.options.language)
                told.lines.append(document.line(one, self.words, given))


class Run:
    """One run: what it has done so far."""

    def __init__(self, rules: RuleSet, options: Options, spool: Spool, progress: Progress) -> None:
        self.rules, self.options, self.spool, self.progress = rules, options, spool, progress
        self.teller = Teller(rules, options)
        self.counts = Counts()
        self.statistics = Statistics()
        self.tuned: Tuned = Counter()
        self.order: list[Piece] = []
        self.notes: list[str] = []
        self.resumed = 0
        self.inputs: dict[str, tuple[str, int, dict[int, Gaps]]] = {}
        self.beacons = Beacons()
        self._heard: list[tuple[Event, Finding]] = []
        """Findings on steady beats that correlations join, in the order of time."""
        self._under_way: dict[tuple[str, int], tuple[Counts, Tuned]] = {}

    def pieces(self, found: Iterable[intake.Intake]) -> Iterator[Piece]:
        """Give the pieces that are still to be read."""
        for one in found:
            assert one.source is not None
            self.inputs[one.shown] = (one.source.name, 0, {})
            for piece in cut(one):
                self.order.append(piece)
                noted = self.spool.done(piece)
                if noted is None:
                    yield piece
                else:
                    self.resumed += 1
                    self._add(piece, noted)

    def take(self, piece: Piece, part: Part) -> None:
        """Take one part of a piece."""
        key = piece.intake.shown, piece.number
        counts, tuned = self._under_way.setdefault(key, (Counts(), Counter()))
        counts.events += part.read
        counts.unknown += part.unknown
        told: Told | None = part.digest
        if told is not None:
            counts.join(told.counts)
            tuned.update(told.tuned)
            self.spool.write(piece, told.lines, told.packed)
        if part.last:
            del self._under_way[key]
            noted = {
                "counts": counts.document(),
                "tuned": [[*key, count] for key, count in tuned.items()],
                "gaps": [part.gaps.count, [[gap.record, gap.reason] for gap in part.gaps.named]],
                "statistics": _written(part.statistics),
                "heard": part.heard.document() if part.heard is not None else None,
            }
            self.spool.finish(piece, noted)
            self._add(piece, noted)

    def _add(self, piece: Piece, noted: dict[str, Any]) -> None:
        counts = Counts.of(noted["counts"])
        self.counts.join(counts)
        for entry, rule_id, count in noted["tuned"]:
            self.tuned[entry, rule_id] += count
        self.statistics.add(_read(noted["statistics"]))
        if noted["heard"] is not None:
            self.beacons.give(Heard.of(noted["heard"]))
        name, events, gaps = self.inputs[piece.intake.shown]
        count, named = noted["gaps"]
        gaps[piece.number] = Gaps([Gap(record, reason) for record, reason in named], count)
        self.inputs[piece.intake.shown] = (name, events + counts.events, gaps)

    @property
    def read(self) -> int:
        """Events read so far."""
        return self.counts.events + sum(counts.events for counts, _ in self._under_way.values())

    def derive(self) -> list[bytes]:
        """Match what only all pieces together show; gives the lines of what was found."""
        engine = self.rules.engine
        before, engine.timed = engine.statistics(), self.options.statistics
        found = [(event, some) for event in self.beacons.events() if (some := self.rules.match(event))]
        if self.options.statistics:
            self.statistics.add(engine.statistics().since(before))
        told = self.teller.tell(found)
        self.counts.join(told.counts)
        self.tuned.update(told.tuned)
        self._heard = sorted(told.hits, key=in_order)
        self.notes += self.beacons.notes()
        return told.lines

    def correlate(self) -> Iterator[bytes]:
        """Join the findings of all pieces; gives the lines of what correlations found."""
        if not self.rules.correlations:
            return
        engine = Correlator(self.rules.correlations)
        hits = merge(self.spool.hits(self.order), self._heard, key=in_order)
        while some := list(islice(hits, FED)):
            yield from self._correlated(engine.feed(some))
        yield from self._correlated(engine.finish())
        self.notes += engine.outcome(()).notes()

    def _correlated(self, found: Iterable[Finding]) -> Iterator[bytes]:
        shown = [one for one in found if one.rule_id not in self.rules.silent]
        told = Told(self.counts, self.tuned, [], [])
        self.teller.write(self.options.tuning.apply(None, shown, self.tuned), None, told)
        yield from told.lines


def detect(paths: Sequence[str], rules: RuleSet, options: Options, progress: Progress) -> tuple[Detections, Statistics]:
    """Run every rule over every log below the paths.

    Raises:
        OSError: findings cannot be written.
    """
    started = time.perf_counter()
    with captures.replayed(_evidence(paths, options), options.captures, options.limits) as walked:
        return _detected(walked, rules, options, progress, started)


def _detected(
    walked: Sequence[intake.Intake], rules: RuleSet, options: Options, progress: Progress, started: float
) -> tuple[Detections, Statistics]:
    """Run every rule over every log of the evidence."""
    loaded = rules.without(options.tuning.disabled)
    logs = [one for one in walked if not one.skipped and one.source and one.source.event_class != "artifact"]
    others = [one for one in walked if one.skipped or not one.source or one.source.event_class == "artifact"]
    with _spool(loaded, options) as spool:
        run = Run(loaded, options, spool, progress)
        asked = Asked(False, options.statistics, options.logsource, options.jobs, run.teller.digest)
        for piece, part in read_pieces(
            run.pieces(logs), loaded, jobs=options.jobs, limits=options.limits, asked=asked, files=logs
        ):
            run.take(piece, part)
            progress("events", run.read, 0, piece.intake.shown)
        derived = run.derive()
        if options.out is None:
            for _ in run.correlate():
                pass
        else:
            _assemble(run, options.out, derived)
            spool.remove()
    inputs = [
        Input(shown, name, events, _gaps(gaps) or "", failed=any(gaps.values()))
        for shown, (name, events, gaps) in run.inputs.items()
    ]
    inputs += [Input(one.shown, "unknown", 0, one.skipped or NO_LOG, one.failed) for one in others]
    failed = tuple(RuleFailure(one.path, one.line, one.reason) for one in rules.failed)
    found = Detections(
        run.counts,
        tuple(sorted(inputs, key=lambda one: one.path)),
        len(loaded),
        failed,
        len(options.tuning.disabled),
        options.tuning.uses(run.tuned, [*rules.rules, *rules.correlations]),
        tuple(run.notes),
        run.resumed,
        round(time.perf_counter() - started, 3),
    )
    return found, run.statistics


@contextmanager
def _spool(rules: RuleSet, options: Options) -> Iterator[Spool]:
    told = {
        "sekisho": sekisho.__version__,
        "written": WRITTEN,
        "rules": rules.digest,
        "tuning": [options.tuning_text, [one.expired for one in options.tuning.entries]],
        "logsource": repr(options.logsource),
        "level": options.level,
        "events": options.events,
        "statistics": options.statistics,
        "language": options.language,
    }
    if options.out is not None:
        with closing(Spool(parts_of(options.out), told)) as spool:
            yield spool
        return
    with (
        tempfile.TemporaryDirectory(prefix="sekisho-") as folder,
        closing(Spool(Path(folder) / "parts", told)) as spool,
    ):
        yield spool


def parts_of(out: Path) -> Path:
    """Give the folder that holds the findings of a run under way, beside the file they end up in."""
    return out.with_name(f"{out.name}.parts")


def _evidence(paths: Sequence[str], options: Options) -> Iterator[intake.Intake]:
    """Give the files below the paths but for what an interrupted run left there."""
    ours = parts_of(options.out).resolve() if options.out else None
    for one in intake.walk(paths, options.limits):
        if ours is None or ours not in one.path.resolve().parents:
            yield one


def _assemble(run: Run, out: Path, derived: Iterable[bytes]) -> None:
    """Write the findings of all pieces in the order of the logs, then those on what all show, then correlations'."""
    unfinished = parts_of(out) / ASSEMBLED
    with unfinished.open("wb") as file:
        run.spool.copy_lines(run.order, file)
        for line in chain(derived, run.correlate()):
            file.write(line + b"\n")
    unfinished.replace(out)


def _gaps(found: dict[int, Gaps]) -> str | None:
    joined = Gaps()
    for _, one in sorted(found.items()):
        joined.join(one)
    return joined.text()


def _written(statistics: Statistics | None) -> dict[str, Any]:
    uses = statistics.uses if statistics else {}
    return {rule_id: [*use[:-1], sorted(use.present)] for rule_id, use in uses.items()}


def _read(written: dict[str, Any]) -> Statistics:
    uses = {}
    for rule_id, (routed, checked, matched, seconds, present) in written.items():
        uses[rule_id] = Use(routed, checked, matched, seconds, frozenset(present))
    return Statistics(uses)
