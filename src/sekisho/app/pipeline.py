"""The one way data flows: evidence in, one result out."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from sekisho.app import captures, intake, mailmodel
from sekisho.app.examine import Pool
from sekisho.app.gaps import Gaps
from sekisho.app.logs import Asked, read_logs
from sekisho.app.second_look import second_look
from sekisho.correlate.history import History
from sekisho.correlate.hubs import Hubs
from sekisho.correlate.incidents import Choices, correlate, own_domains
from sekisho.correlate.joins import Carried, sought
from sekisho.correlate.sought import Sought
from sekisho.correlate.story import mailbox_of
from sekisho.correlate.wanted import of_incidents, of_mails
from sekisho.detect import correlator
from sekisho.detect.beacons import Beacons
from sekisho.detect.ruleset import RuleSet
from sekisho.detect.tuning import Counts, Tuning
from sekisho.detect.verdict import judge
from sekisho.model.artifact import SEPARATOR, Analysis, Artifact
from sekisho.model.errors import SourceError
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import LEVELS, Finding
from sekisho.model.history import Memory
from sekisho.model.limits import DEFAULT, Limits
from sekisho.model.mailmodel import MailModel
from sekisho.model.observable import Observable
from sekisho.model.organisation import NOBODY, Organisation
from sekisho.model.result import Input, Result, RuleFailure
from sekisho.model.verdict import Judgement, Verdict
from sekisho.normalize import artifacts, mail
from sekisho.sources import Gap

PARTS_NAMED = 5  # unread parts of one file; the rest are counted
REOPEN_BYTES = 256 * 1024 * 1024  # of files kept at hand while passwords may still turn up in another mail
# Kinds of file that are read fully by looking at their type: nothing inside them runs.
PLAIN = ("text/", "image/", "audio/", "video/", "font/")

LOG_IN_SCAN = "a log of events: sekisho investigate reads it"

Progress = Callable[[str, int, int, str], None]
"""Told (stage, done, total, name); total is 0 when unknown."""


Matched = list[tuple[Event, list[Finding]]]


class Keeper(Protocol):
    """Keeps every event of a run, found or not."""

    @property
    def pack(self) -> Callable[[list[Event]], Any]:
        """What makes events ready to be kept; it runs in the workers."""

    def take(self, path: str, packed: Any) -> None:
        """Keep events of an input."""

    def finish(self, one: Input) -> None:
        """Close an input, which has given all it has."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run."""

    jobs: int = 1
    limits: Limits = DEFAULT
    passwords: tuple[str, ...] = ()
    """To try on encrypted files before any found in the mails."""
    logs: bool = True
    """False: everything is analysed as a file (``scan``)."""
    tuning: Tuning = field(default_factory=Tuning)
    """What the user's tuning files say about findings."""
    logsource: Logsource | None = None
    """Of records that do not say themselves what they are."""
    apart: tuple[str, ...] = ()
    """Ids of merges that are not to be made."""
    organisation: Organisation = NOBODY
    """Whose mail it is."""
    memory: Memory | None = None
    """Who wrote before, and what about."""
    mail_model: MailModel | None = None
    """What the signals of mails weigh; None for the model that ships with Sekisho."""
    keeper: Keeper | None = None
    """What keeps the events; None where nobody asks for them later."""
    without: Collection[str] = ()
    """Paths, as shown, that are left out."""
    captures: str = ""
    """The installed program that reads packet captures, one of ``captures.PROGRAMS``; empty: none does."""


@dataclass(slots=True)
class Run:
    """What one run has gathered so far."""

    rules: RuleSet
    options: Options
    progress: Progress
    whole: RuleSet
    """With the rules that tuning disables."""
    inputs: list[Input] = field(default_factory=list)
    trees: list[tuple[str, list[Analysis]]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    """What tuning has left of them."""
    hits: list[tuple[Event, Finding]] = field(default_factory=list)
    """Findings that correlations join, those of silent rules included."""
    notes: list[str] = field(default_factory=list)
    tuned: Counts = field(default_factory=Counter)
    events: dict[str, Event] = field(default_factory=dict)
    history: History = field(default_factory=History)
    judged: dict[str, Judgement] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def clock(self, stage: str) -> Iterator[None]:
        """Add the seconds spent to a stage."""
        started = time.perf_counter()
        yield
        self.timing[stage] = round(self.timing.get(stage, 0.0) + time.perf_counter() - started, 4)


def investigate(
    paths: Sequence[str], rules: RuleSet, options: Options | None = None, progress: Progress = lambda *_: None
) -> Result:
    """Read everything below ``paths`` and tell what happened."""
    options = options or Options()
    run = Run(rules.without(options.tuning.disabled), options, progress, rules)
    started = time.perf_counter()
    found = [one for one in intake.walk(paths, run.options.limits) if one.shown not in options.without]
    if not run.options.logs:
        found = [_not_scanned(one) if _is_log(one) and not one.skipped else one for one in found]
    with captures.replayed(found, options.captures, options.limits) as evidence:
        return _told(run, evidence, started)


def _told(run: Run, found: Sequence[intake.Intake], started: float) -> Result:
    """Read all evidence and tell what happened."""
    options = run.options
    run.inputs += [Input(one.shown, "unknown", 0, one.skipped, one.failed) for one in found if one.skipped]
    with run.clock("files"):
        _files(run, [one for one in found if not one.skipped and not _is_log(one)])
    carried, logs = _carried(run), [one for one in found if not one.skipped and _is_log(one)]
    hubs = Hubs(options.organisation.domains | own_domains(carried), options.organisation.relays)
    wanted = of_mails(carried, hubs)
    with run.clock("logs"):
        _logs(run, logs, wanted, sought(carried, wanted))
    choices = Choices(options.organisation.domains, options.organisation.relays, frozenset(options.apart))
    with run.clock("correlation"), _uncollected():
        _join(run)
        incidents = correlate(carried, run.history, run.findings, choices)
    with run.clock("second look"):
        more = of_incidents(incidents, hubs) - wanted
        new = second_look(
            run.history, logs, more, jobs=options.jobs, limits=options.limits, logsource=options.logsource
        )
    if new:
        with run.clock("correlation"), _uncollected():
            incidents = correlate(carried, run.history, run.findings, choices)
    run.timing["total"] = round(time.perf_counter() - started, 4)
    shown = {key for incident in incidents for step in incident.steps for key in step.evidence}
    shown |= {key for incident in incidents for edge in incident.edges for key in edge.evidence}
    for event in run.history.kept():
        if event.id in shown:
            run.events.setdefault(event.id, event)
    return Result(
        verdict=_verdict(run, [incident.verdict for incident in incidents]),
        inputs=tuple(sorted(run.inputs, key=lambda one: one.path)),
        artifacts=tuple((one, run.judged[one.address]) for _, tree in run.trees for one in tree),
        findings=tuple(sorted(run.findings, key=lambda one: (one.source, one.record, one.rule_id))),
        incidents=incidents,
        events=tuple(sorted(run.events.values(), key=lambda one: (one.time_ns or 0, one.id))),
        rules_loaded=len(run.rules) + len(run.rules.correlations),
        rules_failed=tuple(RuleFailure(one.path, one.line, one.reason) for one in run.whole.failed),
        timing=run.timing,
        rules_disabled=len(options.tuning.disabled),
        tuning=options.tuning.uses(run.tuned, [*run.whole.rules, *run.whole.correlations]),
        notes=tuple(run.notes),
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave circles of objects alone for a while: to look for them among all that is kept cost a fifth of correlation.

    What correlation lets go of holds no circles.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _not_scanned(one: intake.Intake) -> intake.Intake:
    return replace(one, skipped=LOG_IN_SCAN, failed=True)


def _is_log(one: intake.Intake) -> bool:
    return one.source is not None and one.source.event_class != "artifact"


def _files(run: Run, found: Sequence[intake.Intake]) -> None:
    """Analyse mails and files, open what neighbours hold the password of, match and judge."""
    limits, total = run.options.limits, len(found)
    again: list[Artifact] = []
    matched: dict[str, Matched] = {}
    held = 0
    with Pool(run.options.jobs, limits, run.options.organisation) as pool:
        for done, (root, tree) in enumerate(pool.run(_artifacts(run, found)), 1):
            run.progress("files", done, total, root.address)
            if _locked(tree) and held + len(root.data) <= REOPEN_BYTES:
                again.append(root)
                held += len(root.data)
            else:  # while the workers are at the next ones
                tree, matched[root.address] = _looked_at(run, root.address, tree)
            run.trees.append((root.address, tree))
        run.trees.sort(key=lambda pair: pair[0])
        if again:
            _reopen(run, again, pool)
    for at, (address, tree) in enumerate(run.trees):
        if address not in matched:
            tree, matched[address] = _looked_at(run, address, tree)
            run.trees[at] = address, tree
        known = len(run.findings)
        for event, some in matched.pop(address):
            _keep(run, event, some)
        mails = {one.address for one in tree if artifacts.is_message(one)}
        run.judged.update(judge(tree, run.findings[known:], mails, run.options.mail_model or mailmodel.own()))
        if run.options.keeper is not None:
            _kept(run.options.keeper, address, tree)
        if SEPARATOR not in address:
            run.inputs.append(_input(address, tree, logs=run.options.logs))
    if run.options.keeper is not None:
        for one in run.inputs:
            run.options.keeper.finish(one)


def _kept(keeper: Keeper, address: str, tree: Sequence[Analysis]) -> None:
    """Keep what a mail or file shows, as events."""
    source = _source_of(address)
    keeper.take(source, keeper.pack(list(artifacts.events(tree, source))))


def _looked_at(run: Run, address: str, tree: Sequence[Analysis]) -> tuple[list[Analysis], Matched]:
    """Give a tree with what whole mails show, and the rules that match in it."""
    whole = mail.with_facts(artifacts.graded(tree), run.options.organisation, run.options.memory)
    events = artifacts.events(whole, _source_of(address))
    return whole, [(event, some) for event in events if (some := run.rules.match(event))]


def _artifacts(run: Run, found: Iterable[intake.Intake]) -> Iterator[Artifact]:
    """Give the roots to analyse: each file, or each message of a mailbox file."""
    for one in found:
        try:
            if one.source is None:
                yield intake.artifact(one, run.options.passwords)
            else:
                yield from _mailbox(run, one)
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            run.inputs.append(Input(one.shown, "unknown", 0, reason, failed=True))


def _mailbox(run: Run, one: intake.Intake) -> Iterator[Artifact]:
    """Give the messages of a mailbox file; a file of one message is that mail itself."""
    assert one.source is not None
    count, gaps, first = 0, Gaps(), None
    try:
        for item in one.source.read(one.path):
            if isinstance(item, Artifact):
                count += 1
                if count == 1:
                    first = item
                    continue
                for message in (first, item) if first is not None else (item,):
                    yield _placed(message, f"{one.shown}{SEPARATOR}{message.name}", run)
                first = None
            elif isinstance(item, Gap):
                gaps.add(item)
    except SourceError as error:
        gaps.add(Gap("", error.reason))
    if first is not None:
        yield _placed(replace(first, name=intake.shown_name(one.path.name)), one.shown, run)
    if count != 1 or gaps:
        run.inputs.append(Input(one.shown, one.source.name, count, gaps.text(), failed=bool(gaps)))


def _placed(message: Artifact, address: str, run: Run) -> Artifact:
    return replace(message, address=address, passwords=run.options.passwords)


def _locked(tree: Sequence[Analysis]) -> bool:
    return any(one.artifact.unscanned.startswith("encrypted") for one in tree)


def _reopen(run: Run, locked: Sequence[Artifact], pool: Pool) -> None:
    """Try the passwords that other mails hold: the same correspondents' first, then anyone's."""
    offers: list[tuple[set[str], tuple[str, ...]]] = []
    for _, tree in run.trees:
        words = tuple(str(value) for one in tree for value in one.values("password.candidate"))
        if words:
            offers.append((_correspondents(tree), words))
    if not offers:
        return
    at = {address: index for index, (address, _) in enumerate(run.trees)}
    roots = []
    for root in locked:
        mine = _correspondents(run.trees[at[root.address]][1])
        near = sorted(offers, key=lambda offer: not mine & offer[0])
        found = dict.fromkeys(word for _, offered in near for word in offered)
        roots.append(replace(root, passwords=tuple(found)[: run.options.limits.passwords]))
    for root, tree in pool.run(iter(roots)):
        known = run.trees[at[root.address]][1]
        if sum(bool(one.unscanned) for one in tree) < sum(bool(one.unscanned) for one in known):
            run.trees[at[root.address]] = (root.address, tree)


def _correspondents(tree: Sequence[Analysis]) -> set[str]:
    names = ("sender.address", "recipients", "reply_to")
    return {str(value).lower() for one in tree for name in names for value in one.values(name)}


def _source_of(address: str) -> str:
    return address.partition(SEPARATOR)[0]


def _input(address: str, tree: Sequence[Analysis], *, logs: bool) -> Input:
    root = tree[0]
    kind = root.analyzers[0] if root.analyzers else root.media_type
    reasons = [
        one.unscanned if one is root else f"{one.address.removeprefix(address + SEPARATOR)}: {one.unscanned}"
        for one in tree
        if one.unscanned
    ]
    if reasons:
        more = f" (and {len(reasons) - PARTS_NAMED} more)" if len(reasons) > PARTS_NAMED else ""
        return Input(address, kind, len(tree), "; ".join(reasons[:PARTS_NAMED]) + more, failed=True)
    # Where logs are looked for, text that nothing reads may be one; on its own it is only text.
    if not root.analyzers and ((logs and root.media_type.startswith("text/")) or not root.media_type.startswith(PLAIN)):
        return Input(address, kind, 0, f"nothing here reads {root.media_type}")
    return Input(address, kind, len(tree))


def _logs(run: Run, found: Sequence[intake.Intake], wanted: frozenset[Observable], named: Sought) -> None:
    """Read all logs, keep what rules found and what a story needs."""
    done = read = 0
    beacons = Beacons()
    options, keeper = run.options, run.options.keeper
    pack = keeper.pack if keeper is not None else None
    asked = Asked(logsource=options.logsource, pack=pack, wanted=wanted, sought=named)
    for log, part in read_logs(found, run.rules, jobs=options.jobs, limits=options.limits, asked=asked):
        run.history.give(part.kept)
        for event, matched in part.found:
            _keep(run, event, matched)
        read += part.read
        if keeper is not None and part.packed is not None:
            keeper.take(log.intake.shown, part.packed)
        if part.heard is not None:
            beacons.give(part.heard)
        if part.last:
            done += 1
            assert log.intake.source is not None
            kind = log.intake.source.name
            run.inputs.append(Input(log.intake.shown, kind, log.read, log.gaps.text(), failed=bool(log.gaps)))
            if keeper is not None:
                keeper.finish(run.inputs[-1])
        run.progress("logs", done, len(found), f"{read} events, {log.intake.shown}")
    run.notes += beacons.notes()
    for event in beacons.events():
        if matched := run.rules.match(event):
            run.history.add(event, found=True)
            _keep(run, event, matched)


def _keep(run: Run, event: Event, found: Sequence[Finding]) -> None:
    """Keep what tuning leaves of an event's findings, and the event if that is anything."""
    left = run.options.tuning.apply(event, found, run.tuned)
    if run.rules.correlations:
        run.hits += ((event, one) for one in left if one.rule_id in run.rules.joined)
        left = [one for one in left if one.rule_id not in run.rules.silent]
    if left:
        run.findings += left
        run.events[event.id] = event


def _join(run: Run) -> None:
    """Add what correlations find in the findings of all layers, with the events it stands on."""
    if not run.hits:
        return
    outcome = correlator.correlate(run.rules.correlations, run.hits)
    run.notes += outcome.notes()
    events = {finding.event_id: event for event, finding in run.hits}
    for one in outcome.findings:
        if one.rule_id not in run.rules.silent and (left := run.options.tuning.apply(None, [one], run.tuned)):
            run.findings += left
            run.events.update({key: events[key] for key in one.of})


def _carried(run: Run) -> list[Carried]:
    """Give every mail and file with its judgement, its mail, and when that arrived."""
    made = []
    for _, tree in run.trees:
        by_address = {one.address: one for one in tree}
        for one in tree:
            message = artifacts.message_of(one, by_address)
            at = artifacts.time_ns(message)
            boxes = mailbox_of(message) if message is not None else ()
            made.append(Carried(one, run.judged[one.address], message, at, boxes))
    return made


def _verdict(run: Run, incidents: Sequence[Verdict]) -> Verdict:
    """Give the worst word of all; a severe finding of logs that no incident holds is suspicious."""
    words = [*incidents, *(judgement.verdict for judgement in run.judged.values())]
    not_judged = (one for one in run.findings if one.of or one.layer not in ("mail", "file"))
    if any(LEVELS.index(one.level) >= LEVELS.index("high") for one in not_judged):
        words.append(Verdict.SUSPICIOUS)
    if any(one.failed for one in run.inputs):
        words.append(Verdict.UNSCANNED)
    return max(words, key=lambda word: word.rank, default=Verdict.CLEAN)
