"""Compare the plain matcher with the fast paths, row by row, over real logs and with every public rule.

"plain": each rule that reads an event's logsource is asked by ``oracle.explain``; the findings of ``RuleSet.match`` must
be the same, in the same order, each with the same evidence. "quick": a run that wants no story passes over records
that repeat what matched nothing; what it gives must be what ``RuleSet.match`` gives for every row, whole findings
compared. One memory of repeats serves a whole corpus, as in a run with one job. "generated": events made from each rule
as ``tests/detect/test_oracle.py`` makes them; the rule itself is asked plainly about each, and all rules about some.

Every row is compared; ``--sample N`` bounds the plain comparison to the first N rows of each kind (channel, event id
and field names) in each file, ``--every N`` to each Nth row. LOGS are paths, ``generated``, or evtx, otrf, regression
for those beside the project. Rules: ../shared/data/sigma, ../shared/data/tm-v1-sigma fitted by pipelines/tm-v1.yml, and
our own; a name that they use with ``expand`` gets a value, so that none is left out. It takes minutes, on all cores.

Run: .venv/bin/python tests/oracle/compare_matchers.py [--sample N] [--every N] [--jobs N] [LOGS ...]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import NamedTuple

from sekisho.analyzers.command_line import unfold
from sekisho.app import ruleset
from sekisho.app.intake import Intake, walk
from sekisho.app.logs import Asked, Piece, read_piece, remembering
from sekisho.detect import pipelines
from sekisho.detect.compiled import Compiled
from sekisho.detect.oracle import explain
from sekisho.detect.rules import RuleSet, load
from sekisho.model.errors import SourceError
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Finding
from sekisho.model.limits import DEFAULT
from sekisho.normalize import ocsf, records, windows
from sekisho.normalize.commands import enrich
from sekisho.sources import Row

sys.path.append(str(Path(__file__).parents[1] / "detect"))
from test_oracle import events as events_for  # tests are no package

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
CORPORA = {"evtx": "evtx", "otrf": "otrf", "regression": "sigma/regression_data"}
PLACEHOLDERS = {"known_cdcs": ["dc.corp.example", "192.0.2.10"]}
STRIPE_BYTES = 500_000  # larger files are shared between tasks, each of which reads them whole
STRIPES = 4
GENERATED = "generated"
CHUNKS = 40  # tasks that share the generated events
ASKED_ALL = 20  # of so many generated events one is put to all rules
SHOWN = 200  # differences


class Task(NamedTuple):
    """One stripe of a file for the plain comparison, or a whole corpus for the quick one."""

    corpus: str
    files: tuple[Intake, ...]
    stripe: int = 0
    stripes: int = 1
    quick: bool = False


class Outcome(NamedTuple):
    """What a task compared."""

    task: Task
    events: int
    compared: int
    pairs: int
    findings: int
    differences: list[str]


def main() -> int:
    """Compare, show progress, print a table and every difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=[*CORPORA, GENERATED])
    parser.add_argument("--sample", type=int, default=0, help="rows of each kind and file; 0: every row")
    parser.add_argument("--every", type=int, default=1, help="each so many rows; 1: every row")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rules", default=str(SHARED / "sigma"))
    given = parser.parse_args()
    settled = ruleset.texts([str(ruleset.own_rules()), given.rules])[0]
    fitting = pipelines.load(ruleset.pipeline_texts(["tm-v1"]))
    rules = load(ruleset.texts([str(SHARED / "tm-v1-sigma")])[0], PLACEHOLDERS, fitting, settled)
    print(f"{len(rules)} rules, {len(rules.failed)} cannot run", *rules.failed, sep="\n  ")
    tasks = [task for corpus in given.logs for task in tasks_of(place(corpus))]
    outcomes: list[Outcome] = []
    started = time.monotonic()
    # Forked, so that each process has the rules without loading them.
    with multiprocessing.get_context("fork").Pool(given.jobs, prepare, (rules, given.sample, given.every)) as pool:
        for outcome in pool.imap_unordered(run, tasks):
            outcomes.append(outcome)
            if sys.stderr.isatty() or len(outcomes) % 50 == 0:
                found = sum(len(one.differences) for one in outcomes)
                told = f"{len(outcomes)} of {len(tasks)} tasks, {found} differences"
                print(told, end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr)
    report(outcomes)
    rows = "every row" if given.every == 1 else f"every {given.every}th row"
    rows += f" of the first {given.sample} of each kind and file" if given.sample else ""
    print(f"plain: {rows}; quick: every row; {time.monotonic() - started:.0f} s with {given.jobs} processes")
    return 1 if any(one.differences for one in outcomes) else 0


def place(corpus: str) -> str:
    """Give the path of a corpus."""
    return str(SHARED / CORPORA[corpus]) if corpus in CORPORA else corpus


def tasks_of(corpus: str) -> Iterator[Task]:
    """Give the quick comparison of a corpus, then its files for the plain one, the largest first."""
    if corpus == GENERATED:
        yield from (Task(corpus, (), stripe, CHUNKS) for stripe in range(CHUNKS))
        return
    files = [one for one in walk([corpus], DEFAULT) if one.source is not None and one.source.event_class]
    known = [one for one in files if one.source is not None and one.source.event_class == "windows"]
    yield Task(corpus, tuple(known), quick=True)
    for one in sorted(files, key=lambda one: -one.path.stat().st_size):
        count = STRIPES if one.path.stat().st_size > STRIPE_BYTES else 1
        for stripe in range(count):
            yield Task(corpus, (one,), stripe, count)


def report(outcomes: list[Outcome]) -> None:
    """Print the table, then the differences, the commonest rules first."""
    print(f"{'corpus':32} {'path':6} {'events':>9} {'compared':>9} {'pairs':>12} {'findings':>9} {'differ':>7}")
    for corpus in dict.fromkeys(one.task.corpus for one in outcomes):
        for quick in (False,) if corpus == GENERATED else (False, True):
            some = [one for one in outcomes if one.task.corpus == corpus and one.task.quick == quick]
            events = sum(one.events for one in some if one.task.stripe == 0 or corpus == GENERATED)
            compared, pairs, findings = (
                sum(getattr(one, name) for one in some) for name in ("compared", "pairs", "findings")
            )
            differ = sum(len(one.differences) for one in some)
            name = "/".join(Path(corpus).parts[-2:])
            path = "quick" if quick else "plain"
            print(f"{name:32} {path:6} {events:9,} {compared:9,} {pairs:12,} {findings:9,} {differ:7,}")
    told = Counter(text for one in outcomes for text in one.differences)
    for text, count in told.most_common(SHOWN):
        print(f"{count:6} {text}")
    if len(told) > SHOWN:
        print(f"       and {len(told) - SHOWN} more")


class Bench:
    """What one process keeps between its tasks."""

    def __init__(self, rules: RuleSet, sample: int, every: int) -> None:
        self.rules, self.sample, self.every = rules, sample, every
        self.readers: dict[Logsource, list[Compiled]] = {}
        self.unfold = lru_cache(maxsize=2_000)(unfold)

    def reading(self, logsource: Logsource) -> list[Compiled]:
        """Give the rules whose logsource reads an event's."""
        if logsource not in self.readers:
            self.readers[logsource] = [one for one in self.rules.compiled if one.rule.logsource.reads(logsource)]
        return self.readers[logsource]

    def events(self, one: Intake) -> Iterator[Event]:
        """Give the events of a file as a run with a story has them."""
        assert one.source is not None
        rows, kind = _rows(one), one.source.event_class
        if kind == "windows":
            events = windows.normalize(rows, source=one.shown)
        elif kind == "ocsf":
            events = ocsf.normalize(rows, source=one.shown)
        else:
            events = records.normalize(rows, source=one.shown)
        return (enrich(event, self.unfold) for event in events)

    def plain(self, task: Task) -> Outcome:
        """Ask every rule about every row of a stripe."""
        events = compared = pairs = findings = 0
        differences: list[str] = []
        kinds: Counter[tuple[object, ...]] = Counter()
        for event in self.events(task.files[0]):
            events += 1
            if self.sample:
                channel, number = event.fields.get("Channel"), event.fields.get("EventID")
                kind = (event.logsource, str(channel), str(number), *event.fields)
                kinds[kind] += 1
                if kinds[kind] > self.sample:
                    continue
            if events % self.every or events // self.every % task.stripes != task.stripe:
                continue
            asked = self.reading(event.logsource)
            found, differ = self.compare(event, asked)
            compared, pairs, findings = compared + 1, pairs + len(asked), findings + found
            differences += differ
        return Outcome(task, events, compared, pairs, findings, differences)

    def generated(self, task: Task) -> Outcome:
        """Ask rules about events made from them."""
        events = pairs = findings = 0
        differences: list[str] = []
        for at, one in enumerate(self.rules.compiled[task.stripe :: task.stripes]):
            for event in events_for(one, Random(f"{one.rule.id} {at}")):
                events += 1
                asked = self.reading(event.logsource) if events % ASKED_ALL == 0 else [one]
                found, differ = self.compare(event, asked)
                pairs, findings = pairs + len(asked), findings + found
                differences += differ
        return Outcome(task, events, events, pairs, findings, differences)

    def compare(self, event: Event, asked: list[Compiled]) -> tuple[int, Iterator[str]]:
        """Compare both matchers on some of the rules: how many match, and how they differ."""
        answers = ((one.rule.id, explain(one.tree, event.fields)) for one in asked)
        slow = {rule_id: repr(found) for rule_id, found in answers if found is not None}
        wanted = {one.rule.id for one in asked}
        fast = {one.rule_id: repr(one.evidence) for one in self.rules.match(event) if one.rule_id in wanted}
        return len(slow), self.disagreeing(slow, fast, f"{event.source} record {event.record}")

    def disagreeing(self, slow: dict[str, str], fast: dict[str, str], place: str) -> Iterator[str]:
        """Name the rules on which two answers about one event differ."""
        if slow == fast and list(slow) != list(fast):
            yield f"another order: {place}"
        for rule_id in slow.keys() | fast.keys():
            if slow.get(rule_id) != fast.get(rule_id):
                what = "only plain" if rule_id not in fast else "only fast" if rule_id not in slow else "evidence of"
                yield f"{what} {self.named(rule_id)}: {place}"

    def quick(self, task: Task) -> Outcome:
        """Run files one after the other without a story and compare with what each row of them gives."""
        events = pairs = findings = 0
        differences: list[str] = []
        memory = remembering(self.rules)
        for one in task.files:
            usual: list[Finding] = []
            for event in self.events(one):
                events += 1
                pairs += len(self.reading(event.logsource))
                usual += self.rules.match(event)
            parts = list(read_piece(Piece(one), self.rules, Asked(story=False), memory))
            told = [finding for part in parts for _, some in part.found for finding in some]
            findings += len(usual)
            read = sum(part.read for part in parts)
            if events_differ := read - sum(1 for _ in _rows(one)):
                differences.append(f"{events_differ:+} events read: {one.shown}")
            if list(map(repr, usual)) != list(map(repr, told)):
                differences += self.differing(usual, told)
        return Outcome(task, events, events, pairs, findings, differences)

    def differing(self, usual: list[Finding], told: list[Finding]) -> Iterator[str]:
        """Name what only one of two runs found, or found otherwise."""
        left, right = Counter(map(repr, usual)), Counter(map(repr, told))
        if left == right:
            yield next(
                f"another order from {one.source} record {one.record}"
                for one, other in zip_longest(usual, told)
                if repr(one) != repr(other)
            )
        for what, found, other in (("only in full", usual, right), ("only quick", told, left)):
            for one in found:
                if not other[repr(one)]:
                    yield f"{what} {self.named(one.rule_id)}: {one.source} record {one.record}"

    def named(self, rule_id: str) -> str:
        """Give the title and id of a rule."""
        return next(f"{one.title} ({one.id})" for one in self.rules.rules if one.id == rule_id)


def _rows(one: Intake) -> Iterator[Row]:
    """Give the records of a file up to where it breaks."""
    assert one.source is not None
    try:
        yield from (item for item in one.source.read(one.path) if isinstance(item, Row))
    except SourceError:
        return


_bench: list[Bench] = []


def prepare(rules: RuleSet, sample: int, every: int) -> None:
    """Start a process."""
    _bench.append(Bench(rules, sample, every))


def run(task: Task) -> Outcome:
    """Run one task in a process of the pool."""
    bench = _bench[0]
    return bench.generated(task) if task.corpus == GENERATED else bench.quick(task) if task.quick else bench.plain(task)


if __name__ == "__main__":
    sys.exit(main())
