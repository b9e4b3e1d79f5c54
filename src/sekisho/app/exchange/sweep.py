"""``sekisho sweep``: what was learnt today is looked for in what was collected before.

Evidence is read as ``investigate`` reads it; results of earlier runs give the events and artifacts that they hold; a
store of events gives all that it keeps. Findings in a store are handed on as they come and not kept: a store may be
larger than memory, and so may what a careless rule finds in it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.app import ruleset
from sekisho.app.exchange import results
from sekisho.app.exchange.store import Seen, Store
from sekisho.app.pipeline import Options, investigate
from sekisho.app.store.state import EVENTS, State
from sekisho.detect import rules
from sekisho.detect.correlator import correlate
from sekisho.detect.indicators import Index, rule_of
from sekisho.detect.ruleset import RuleSet
from sekisho.model.artifact import SEPARATOR, Analysis
from sekisho.model.errors import SourceError
from sekisho.model.event import Event
from sekisho.model.finding import LEVELS, Finding
from sekisho.model.indicator import Indicator
from sekisho.model.result import Input, Result
from sekisho.normalize import artifacts
from sekisho.respond.wording import Words, safe

if TYPE_CHECKING:
    from sekisho.app.store.hunt import Progress

SHOWN = 100
"""Indicators and rules told on the screen; all are in ``--out``."""
HOSTS = 100
"""Of one indicator or rule, that are remembered to be told."""
HITS = 50_000
"""Findings in a store, the latest, that correlations join: some 200 MB with their events."""
BATCH = 1_000
"""Findings in a store that are handed on at a time."""
Keep = Callable[[list[Finding], Mapping[str, Indicator]], None]
"""Takes findings, some at a time, and the indicators by the id under which their findings stand."""


@dataclass(slots=True)
class Group:
    """What one indicator or rule found."""

    sample: Finding
    """The first that was met."""
    count: int = 0
    hosts: dict[str, None] = field(default_factory=dict)
    first_ns: int | None = None
    last_ns: int | None = None

    def add(self, one: Finding) -> None:
        """Count a finding."""
        self.count += 1
        if one.host and len(self.hosts) < HOSTS:
            self.hosts[one.host] = None
        if one.time_ns is not None:
            self.first_ns = one.time_ns if self.first_ns is None else min(self.first_ns, one.time_ns)
            self.last_ns = one.time_ns if self.last_ns is None else max(self.last_ns, one.time_ns)


@dataclass(slots=True)
class Outcome:
    """What was found."""

    findings: list[Finding] = field(default_factory=list)
    """In evidence and results, in the order of their sources and records."""
    groups: dict[str, Group] = field(default_factory=dict)
    """All that was found, by the id of the indicator or rule."""
    total: int = 0
    """Findings."""
    indicators: dict[str, Indicator] = field(default_factory=dict)
    """By the id under which their findings stand."""
    events: int = 0
    rules: int = 0
    unread: list[Input] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    """(path, reason) of rules that cannot run."""
    notes: list[str] = field(default_factory=list)
    """What correlations could not use."""

    def add(self, found: Iterable[Finding]) -> None:
        """Count findings."""
        for one in found:
            self.total += 1
            group = self.groups.get(one.rule_id)
            if group is None:
                group = self.groups[one.rule_id] = Group(one)
            group.add(one)


@dataclass(frozen=True, slots=True)
class Kept:
    """A store of events to look into."""

    folder: Path
    progress: Progress = lambda *_: None


def run(
    paths: Sequence[str],
    store: str,
    rule_paths: Sequence[str],
    *,
    jobs: int = 1,
    now: int | None = None,
    kept: Kept | None = None,
    keep: Keep = lambda *_: None,
) -> Outcome:
    """Look for the indicators of a store and for rules in evidence, in results and in a store of events.

    Args:
        paths: evidence and result documents, mixed.
        store: of indicators; empty for none.
        rule_paths: rule files and folders; our own rules are not run again.
        jobs: worker processes.
        now: UTC seconds that decide what is old; the clock's where None.
        kept: a store of events, beside the paths or alone.
        keep: takes what evidence and results showed, then what the store does, the latest first, then correlations.

    Raises:
        SourceError: there is no such store, of indicators or of events.
    """
    if kept is not None:
        with State(kept.folder):
            pass  # what is no store is named before anything is read
    active: list[Indicator] = []
    if store:
        with Store(store) as opened:
            active = opened.active(int(time.time()) if now is None else now)
    index = Index(active)
    index.ready()
    texts, unreadable = ruleset.texts(rule_paths)
    known = rules.load(texts).looking_for(index)
    outcome = Outcome(indicators={rule_of(one): one for one in active}, rules=len(known) + len(known.correlations))
    outcome.failed = [(one.path, one.reason) for one in (*known.failed, *unreadable)]
    evidence: list[str] = []
    for path in paths:
        if not (Path(path).is_file() and results.is_result(path)):
            evidence.append(path)
            continue
        try:
            _result(results.read(path), known, outcome)
        except SourceError as error:
            outcome.unread.append(Input(path, "result", 0, error.reason, failed=True))
    if evidence:
        found = investigate(evidence, known, Options(jobs=jobs))
        outcome.findings += found.findings
        outcome.events += sum(one.records for one in found.inputs)
        outcome.unread += [one for one in found.inputs if one.failed]
    unique = {one.id: one for one in outcome.findings}
    outcome.findings = sorted(unique.values(), key=lambda one: (one.source, one.record, one.rule_id))
    outcome.add(outcome.findings)
    keep(outcome.findings, outcome.indicators)
    if kept is not None:
        _kept(kept, known, outcome, keep)
    return outcome


def _kept(kept: Kept, known: RuleSet, outcome: Outcome, keep: Keep) -> None:
    """Look into a store of events; what evidence showed already is left out."""
    from sekisho.app.store.hunt import Looked  # with it comes pyarrow, which other sweeps do without
    from sekisho.app.store.sweep import sweep

    told = {one.id for one in outcome.findings}
    looked, hits = Looked(), _Hits(known)
    some: list[Finding] = []

    def hand_on(found: list[Finding]) -> None:
        outcome.add(found)
        keep(found, outcome.indicators)

    with State(kept.folder) as state:
        for event, found in sweep(state, known, looked, kept.progress):
            hits.add(event, found)
            some += [one for one in found if one.rule_id not in known.silent and one.id not in told]
            if len(some) >= BATCH:
                hand_on(some)
                some = []
    joined = hits.correlated(outcome.notes)
    hand_on([*some, *(one for one in joined if one.rule_id not in known.silent and one.id not in told)])
    outcome.events += looked.rows
    outcome.unread += [
        Input(str(kept.folder / EVENTS / path), "store", 0, reason, failed=True)
        for path, _, reason in (one.partition(": ") for one in looked.lost)
    ]


class _Hits:
    """The latest findings that correlations join, with their events."""

    def __init__(self, known: RuleSet) -> None:
        self.known = known
        self.kept: list[tuple[Event, Finding]] = []
        self.dropped = 0

    def add(self, event: Event, found: Iterable[Finding]) -> None:
        """Keep what a correlation joins, as long as there is room."""
        some = [(event, one) for one in found if one.rule_id in self.known.joined]
        room = max(0, HITS - len(self.kept))
        self.kept += some[:room]
        self.dropped += len(some[room:])

    def correlated(self, notes: list[str]) -> list[Finding]:
        """Give what correlations find; notes get a line for each thing that they could not use."""
        if not self.known.correlations:
            return []
        made = correlate(self.known.correlations, self.kept)
        notes += made.notes()
        if self.dropped:
            notes.append(f"{self.dropped} older findings were not correlated, a limit was reached")
        return list(made.findings)


def _result(result: Result, known: RuleSet, outcome: Outcome) -> None:
    for event in _events(result):
        outcome.events += 1
        outcome.findings += known.match(event)


def _events(result: Result) -> Iterator[Event]:
    """Give the events that a result holds, and those of its files and mails."""
    yield from result.events
    seen = {one.id for one in result.events}
    trees: dict[str, list[Analysis]] = defaultdict(list)
    by_address = {one.address: one for one, _ in result.artifacts}
    for one, _ in result.artifacts:
        root = one
        for _ in range(100):
            parent = by_address.get(root.artifact.parent or "")
            if parent is None:
                break
            root = parent
        trees[root.address].append(one)
    for address, tree in trees.items():
        for event in artifacts.events(tree, address.partition(SEPARATOR)[0]):
            if event.id not in seen:
                yield event


def record(findings: Iterable[Finding], indicators: Mapping[str, Indicator], store: str) -> None:
    """Count in the store of indicators what was seen, each place once however often it is swept.

    Raises:
        SourceError: it cannot be written.
    """
    seen = [
        Seen(told.kind, told.value, one.id, (one.time_ns or 0) // 1_000_000_000)
        for one in findings
        if (told := indicators.get(one.rule_id)) is not None
    ]
    if seen:
        with Store(store, write=True) as opened:
            opened.sighted(seen)


def told(outcome: Outcome, words: Words) -> list[str]:
    """Give lines for the screen: by indicator and rule, gravest first, then what could not be read."""
    order = sorted(
        outcome.groups.values(), key=lambda one: (-LEVELS.index(one.sample.level), -one.count, one.sample.rule_id)
    )
    lines = [_line(group, outcome.indicators.get(group.sample.rule_id), words) for group in order[:SHOWN]]
    if len(order) > SHOWN:
        lines.append(words.get("export.more", count=len(order) - SHOWN))
    unread = [(one.path, one.skipped or "") for one in outcome.unread] + outcome.failed
    lines += [words.get("sweep.unread", path=path, reason=reason) for path, reason in unread[:SHOWN]]
    lines += [safe(one) for one in outcome.notes[:SHOWN]]
    counts = {"events": outcome.events, "indicators": len(outcome.indicators), "rules": outcome.rules}
    lines.append(words.get("sweep.summary", findings=outcome.total, **counts))
    return lines


def _line(group: Group, indicator: Indicator | None, words: Words) -> str:
    source, place = group.sample.source, group.sample.record
    facts = {
        "times": group.count,
        "hosts": words.listed(list(group.hosts)) if group.hosts else words.get("sweep.no_host"),
        "first": words.time(group.first_ns, date=True) or "-",
        "last": words.time(group.last_ns, date=True) or "-",
        "place": place if place.startswith(source) else f"{source}#{place}",
        "title": group.sample.title_in(words.language),
        "level": words.word("severity", group.sample.level),
    }
    if indicator is None:
        return words.get("sweep.rule", **facts)
    return words.get("sweep.hit", what=facts.pop("title"), value=indicator.value, source=indicator.source, **facts)
