"""A case is told: steps in the order they happened, each with the evidence it rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ntpath import basename, splitext

from ahocorasick_rs import AhoCorasick

from sekisho.correlate import deeds
from sekisho.correlate.cases import Case
from sekisho.correlate.deeds import Deed
from sekisho.correlate.history import CLOCK_SLACK_NS
from sekisho.correlate.joins import NAME_MAX_CHARS, Carried, Join, addresses_of, bodies
from sekisho.correlate.links import TELLING
from sekisho.correlate.processes import Process, deeds_of, destination_of, targets
from sekisho.model.artifact import Analysis, Artifact
from sekisho.model.event import Event
from sekisho.model.finding import Finding
from sekisho.model.incident import Step, Text
from sekisho.model.url import Url
from sekisho.model.verdict import BAD, Judgement

WAVES_TOLD = 10  # mails of one case that are no copies of one another
FILE_STEPS = 12  # artifacts of one mail that are told one by one
WRITES_TOLD, CONNECTIONS_TOLD = 6, 8  # per process
RUNNERS_TOLD = 50  # processes that ran one file; more are drawn by nobody
TEXT_COMPARED = 300  # characters of a command line that a story shows at least; equal ones are not told twice
OWN_FILES = ("__psscriptpolicytest_",)  # PowerShell writes these by itself to learn what policy applies
UNFOLDED = frozenset({"decoded", "macro", "overlay"})  # relations of what is no file of its own
RUNNABLE = frozenset(
    ".exe .dll .ocx .scr .com .pif .bat .cmd .vbs .vbe .js .jse .wsf .hta .ps1 .psm1 .lnk .msi .cpl .sys .jar "
    ".iso".split()
)


@dataclass(slots=True)
class Telling:
    """What every chapter of a story needs to look up."""

    case: Case
    judged: Mapping[str, Judgement]
    trees: Mapping[str, Sequence[Analysis]]
    """All analyses of a mail's tree, by the mail's address."""
    findings_at: dict[str, list[Finding]] = field(default_factory=lambda: defaultdict(list))
    """By event id and by artifact address."""
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    """Of the case's mails and files, by address."""
    urls: dict[str, list[tuple[Analysis, int, int]]] = field(default_factory=lambda: defaultdict(list))
    """Address or host -> (file that holds it, its place among the file's URLs from 1, their number)."""
    message: Analysis | None = None
    """The mail that the story starts from."""
    deeds: list[Deed] = field(default_factory=list)
    """What the case's records tell."""
    ran: dict[str, list[Process]] = field(default_factory=dict)
    """Processes of the case by the name of a written file that they name or are."""

    def __post_init__(self) -> None:
        """Index findings, artifacts and URLs."""
        self.artifacts.update({one.analysis.address: one.analysis.artifact for one in self.case.carried})
        for message in self.case.messages:
            self.artifacts.update({one.address: one.artifact for one in self.trees.get(message.address, ())})
        for finding in self.case.findings:
            self.findings_at[finding.event_id].append(finding)
            if finding.record in self.judged:
                self.findings_at[finding.record].append(finding)
        for one in self.case.carried:
            urls = one.analysis.urls
            for index, url in enumerate(urls, 1):
                self.urls[(url.ip or url.host).lower()].append((one.analysis, index, len(urls)))
        self.message = self._main_message()
        self.deeds = deeds.deeds(self.case.records)
        self.ran = runners(self.case)

    def _main_message(self) -> Analysis | None:
        """Give the mail that the story starts from: the opened one, else the first to arrive."""
        opened = {one.artifact for one in self.case.opened} or {one.artifact for one in self.case.joins}
        for join in self.case.joins:
            if join.artifact in opened:
                for one in self._best_of(join):
                    if one.message is not None:
                        return one.message
        return self.case.messages[0] if self.case.messages else None

    def file_of(self, address: str) -> str:
        """Give the name of the file that an artifact is or was unfolded from."""
        found = self.artifacts.get(address)
        while found is not None and found.relation in UNFOLDED and found.parent in self.artifacts:
            found = self.artifacts[found.parent]
        return found.name if found is not None else ""

    def _best_of(self, join: Join) -> list[Carried]:
        """Give the copies of a joined file, the one in the acting user's own mailbox first."""
        same = [one for one in self.case.joins if one.event is join.event]
        best = max(one.weight for one in same)
        at = {one.artifact for one in same if one.weight == best}
        return [one for one in self.case.carried if one.analysis.address in at]


def steps(telling: Telling) -> list[Step]:
    """Tell mail, files, then what happened on hosts, servers and network, in order of time within each.

    Where a server was attacked before the mail was sent, the story begins there.
    """
    mails = waves(telling.case.messages)
    mine = next((ones for ones in mails if telling.message in ones), [])
    delivery = [_delivery(telling.message, mine, telling)] if telling.message is not None else []
    others = [_delivery(ones[0], ones, telling) for ones in mails if ones is not mine][:WAVES_TOLD]
    mail = [*delivery, *_files(telling)]
    before: list[Step] = []
    after: list[Step] = []
    came = delivery[0].at_ns if delivery else None
    for step in _told_in_order(telling, others):
        early = came is not None and step.at_ns is not None and step.at_ns < came - CLOCK_SLACK_NS
        (before if early and step.layer != "endpoint" else after).append(step)
    return [*before, *mail, *after]


def waves(messages: Iterable[Analysis]) -> list[list[Analysis]]:
    """Give messages that are copies of one another together: by Message-ID, else by sender and subject."""
    groups: dict[tuple[str, ...], list[Analysis]] = defaultdict(list)
    for one in messages:
        identifier = str(one.first("message_id"))
        key = (identifier,) if identifier else (str(one.first("sender.address")), str(one.first("subject")))
        groups[key].append(one)
    return list(groups.values())


def before_mail(deed: Deed, telling: Telling) -> bool:
    """Tell whether a deed came before the case's first mail."""
    first = min((one.at_ns for one in telling.case.carried if one.at_ns is not None), default=None)
    return first is not None and deed.at_ns is not None and deed.at_ns < first - CLOCK_SLACK_NS


def first_grave(telling: Telling) -> Deed | None:
    """Give the first deed that a rule finds telling, by itself or as one of those that a correlation stands on."""
    joined = {key for finding in telling.case.findings if finding.weight >= TELLING for key in finding.of}
    for one in telling.deeds:
        if sum(finding.weight for finding in one.findings) >= TELLING:
            return one
        if any(record.event.id in joined for record in one.records):
            return one
    return None


def techniques(findings: Iterable[Finding], *base: str) -> tuple[str, ...]:
    """Give the ATT&CK techniques of findings, each once, after the ones the step itself means."""
    return tuple(dict.fromkeys([*base, *(technique for finding in findings for technique in finding.attack)]))


def mailbox_of(message: Analysis) -> tuple[str, ...]:
    """Give the mailboxes a copy was delivered to, else everyone it was addressed to."""
    delivered = [str(value) for value in message.values("delivered_to")]
    return tuple(dict.fromkeys(delivered or [str(value) for value in message.values("recipients")]))


def links_of(telling: Telling) -> dict[str, tuple[Url, Analysis]]:
    """Give the addresses that the case's hostile files hold, or its mails where no file of theirs is hostile."""
    case = telling.case
    found: dict[str, tuple[Url, Analysis]] = {}
    holders = [one.analysis for one in case.carried if one.judgement.verdict in BAD and one.analysis is not one.message]
    with_file = {one.message.address for one in case.carried if one.message and one.analysis is not one.message}
    for message in case.messages:
        if message.address not in with_file:
            holders += bodies(telling.trees.get(message.address, ()))
    for holder in holders:
        for url in holder.urls:
            found.setdefault(url.canonical or url.raw, (url, holder))
    return found


def places_of(telling: Telling) -> frozenset[str]:
    """Give the hosts and addresses that the case's mails and files lead to, lower case."""
    return frozenset((url.ip or url.host).lower() for url, _ in links_of(telling).values())


def followed(telling: Telling, relays: Collection[str] = ()) -> list[Deed]:
    """Give the deeds by which somebody went where the case's mails lead; to look a name up is not to go there.

    ``relays`` are the company's own gateways, which try links before anybody reads a mail.
    """
    places = places_of(telling)
    return [
        one
        for one in telling.deeds
        if one.layer == "network"
        and one.kind != "network.asked"
        and one.actor not in relays
        and site_of(one.target) in places
    ]


def site_of(target: str) -> str:
    """Give the host of what a deed went to."""
    return target.partition("/")[0].partition(":")[0]


def recipients(messages: Iterable[Analysis]) -> list[str]:
    """Give every mailbox that mails reached or were addressed to, in order of first sight."""
    found: dict[str, None] = {}
    for message in messages:
        for value in [*message.values("delivered_to"), *message.values("recipients")]:
            found.setdefault(str(value).lower())
    return list(found)


def _delivery(message: Analysis, copies: Sequence[Analysis], telling: Telling) -> Step:
    mine = telling.findings_at.get(message.address, [])
    boxes = mailbox_of(message)
    reached = recipients(telling.case.messages if message is telling.message else copies)
    others = [box for box in reached if box not in {one.lower() for one in boxes[:1]}]
    has_file = any(one.message is not None for one in telling.case.carried if one.analysis.artifact.relation != "body")
    values = (
        ("subject", message.first("subject")),
        ("sender", message.first("sender.address")),
        ("sender_name", message.first("sender.name")),
        ("mailbox", boxes[0] if boxes else ""),
        ("others", len(others)),
        ("findings", tuple(finding.id for finding in mine)),
    )
    at = next((one.at_ns for one in telling.case.carried if one.message is message), None)
    base = "T1566.001" if has_file else "T1566.002"
    evidence = (message.id, *(finding.id for finding in mine), *(one.id for one in copies if one is not message))
    evidence = evidence[: deeds.EVIDENCE]
    return Step(at, "mail", Text("step.mail.delivered", values), techniques(mine, base), evidence)


def _files(telling: Telling) -> list[Step]:
    """Tell the hostile path through one mail, parents before children."""
    above = telling.message.artifact.depth if telling.message is not None else 0
    return [_file(one, telling.findings_at.get(one.address, []), above) for one in hostile_files(telling)][:FILE_STEPS]


def hostile_files(telling: Telling) -> list[Analysis]:
    """Give what is told of the mail's tree, or of the lone files: hostile, no body, unfolded only where it leads on."""
    message, case = telling.message, telling.case
    lone = [one.analysis for one in case.carried if one.message is None]
    tree = [*telling.trees.get(message.address, ()), *lone] if message is not None else lone
    return [
        one
        for one in tree
        if one is not message
        and one.address in telling.judged
        and telling.judged[one.address].verdict in BAD
        and one.artifact.relation != "body"
        and (one.artifact.relation not in ("macro", "decoded") or leads_on(one, telling))
    ]


def leads_on(one: Analysis, telling: Telling) -> bool:
    """Tell whether an unfolded layer is worth telling: it holds addresses, or a host was seen running it."""
    return bool(one.urls) or any(join.artifact == one.address for join in telling.case.joins)


def _file(one: Analysis, mine: Sequence[Finding], above: int) -> Step:
    values = (
        ("name", one.artifact.name),
        ("relation", one.artifact.relation),
        ("size", one.size_bytes),
        ("media_type", one.media_type),
        ("password", one.first("archive.password") or one.first("office.password")),
        ("urls", tuple(url.canonical or url.raw for url in one.urls)),
        ("findings", tuple(finding.id for finding in mine)),
    )
    evidence = (one.id, *(finding.id for finding in mine))
    return Step(None, "file", Text("step.file.found", values), techniques(mine), evidence, one.artifact.depth - above)


def _told_in_order(telling: Telling, others: Sequence[Step]) -> list[Step]:
    case = telling.case
    told = [(step.at_ns or 0, step) for step in others]
    told += [(step.at_ns or 0, step) for step in map(_saved, _saves(case.joins))]
    opened = {one.process.key: one for one in sorted(case.opened, key=_by_directness, reverse=True)}
    for process in case.processes.values():
        steps_of = _process(process, opened.get(process.key), telling)
        told += [(max(step.at_ns or 0, process.starts_ns), step) for step in steps_of]
    told += [(step.at_ns or 0, step) for step in map(deeds.step, telling.deeds)]
    return [step for _, step in sorted(told, key=lambda pair: pair[0])]


def _by_directness(join: Join) -> tuple[int, float]:
    """Order joins by how directly they show an opening: by name, by bytes, by a command the file holds."""
    return ("opened", "hash", "command").index(join.how), -join.weight


def _saves(joins: Iterable[Join]) -> list[list[Join]]:
    """Group saves by file and host: the write itself and the stream that Windows marks downloads with."""
    groups: dict[tuple[str, str], list[Join]] = defaultdict(list)
    for one in joins:
        if one.how == "saved":
            path = str(one.event.fields.get("TargetFilename")).partition(":Zone")[0].lower()
            groups[one.process.host, path].append(one)
    return list(groups.values())


def _saved(joins: Sequence[Join]) -> Step:
    first = joins[0]
    values = (
        ("image", first.process.name),
        ("path", first.event.fields.get("TargetFilename")),
        ("host", first.process.host),
        ("user", first.process.user or first.event.user),
    )
    evidence = tuple(dict.fromkeys(one.event.id for one in joins))
    return Step(first.event.time_ns, "endpoint", Text("step.endpoint.saved", values), (), evidence)


def _process(process: Process, join: Join | None, telling: Telling) -> list[Step]:
    told = []
    by_event = telling.findings_at
    if process.creation is not None:
        mine = by_event.get(process.creation.id, [])
        told.append(_started(process, join, mine, telling))
    writes = targets(process.actions, "file_event", "TargetFilename")
    told += [step for path, events in writes.items() if (step := _wrote(process, path, events, telling))][:WRITES_TOLD]
    told += [
        _set(process, path, events, telling)
        for path, events in targets(process.actions, "registry_set", "TargetObject").items()
    ]
    told += _network(process, telling)[:CONNECTIONS_TOLD]
    return told + _others(process, telling)


def _started(process: Process, join: Join | None, mine: Sequence[Finding], telling: Telling) -> Step:
    assert process.creation is not None
    values = [
        ("image", process.name),
        ("command", process.command_line or process.image),
        ("unfolded", _hidden(process)),
        ("parent", process.parent.name if process.parent else ""),
        ("user", process.user),
        ("host", process.host),
        ("findings", tuple(finding.id for finding in mine)),
    ]
    key, base = "step.endpoint.started", tuple[str, ...]()
    if join is not None and (process.parent is None or process.parent.key not in telling.case.processes):
        values.append(("name", telling.file_of(join.artifact) or join.value))
        key, base = ("step.endpoint.opened", ("T1204.002",)) if join.how == "opened" else ("step.endpoint.ran", ())
    twins = [event for event in process.actions if event.logsource.category == "process_creation"]
    mine = [*mine, *(finding for event in twins for finding in telling.findings_at.get(event.id, []))]
    evidence = [process.creation.id, *(event.id for event in twins)]
    parent = process.parent
    if parent is not None and parent.creation is not None and parent.key not in telling.case.processes:
        evidence.append(parent.creation.id)  # the program it was started through, which is no part of the case itself
    evidence += [finding.id for finding in mine]
    return Step(
        process.at_ns, "endpoint", Text(key, tuple(values)), techniques(mine, *base), tuple(dict.fromkeys(evidence))
    )


def runners(case: Case) -> dict[str, list[Process]]:
    """Give the processes of a case that name a file written in it on their command lines, or are it, by file name.

    One scan of all command lines for all names: the cost is that of the events.
    """
    names = {
        basename(str(event.fields.get("TargetFilename") or "")).lower()
        for process in case.processes.values()
        for event in process.actions
        if event.logsource.category == "file_event"
    }
    patterns = sorted(name for name in names if 0 < len(name) <= NAME_MAX_CHARS)
    found: dict[str, list[Process]] = defaultdict(list)
    if patterns:
        scan = AhoCorasick(patterns)
        for process in case.processes.values():
            for number in {match[0] for match in scan.find_matches_as_indexes(process.text, overlapping=True)}:
                found[patterns[number]].append(process)
    return found


def ran(path: str, writer: Process, telling: Telling) -> list[Process]:
    """Give the other processes that ran a written file."""
    ones = telling.ran.get(basename(path).lower(), ())
    return [one for one in ones[:RUNNERS_TOLD] if one is not writer]


def _hidden(process: Process) -> str:
    """Give what a disguised command line comes to: what it does, when that is known, else its plain text."""
    if deeds := deeds_of(process):
        return "; ".join(deeds)
    shown, hidden = " ".join(process.command_line.split()), " ".join(process.unfolded.split())
    return hidden if hidden[:TEXT_COMPARED] != shown[:TEXT_COMPARED] else ""


def _wrote(process: Process, path: str, events: Sequence[Event], telling: Telling) -> Step | None:
    """Tell of a written file that can run, that a rule found, or that a process of the case names."""
    mine = [finding for event in events for finding in telling.findings_at.get(event.id, [])]
    name = basename(path).lower()
    started = bool(ran(path, process, telling))
    if name.startswith(OWN_FILES) and not mine:
        return None
    if not (mine or started or splitext(name)[1] in RUNNABLE):
        return None
    values = (("image", process.name), ("path", path), ("findings", tuple(finding.id for finding in mine)))
    evidence = (events[0].id, *(finding.id for finding in mine))
    return Step(events[0].time_ns, "endpoint", Text("step.endpoint.wrote", values), techniques(mine), evidence)


def _set(process: Process, path: str, events: Sequence[Event], telling: Telling) -> Step:
    mine = [finding for event in events for finding in telling.findings_at.get(event.id, [])]
    details = events[-1].fields.get("Details")
    values = (
        ("image", process.name),
        ("path", path),
        ("details", details),
        ("findings", tuple(finding.id for finding in mine)),
    )
    base = ("T1547.001",) if "\\currentversion\\run" in path.lower() else ()
    evidence = (events[0].id, *(finding.id for finding in mine))
    return Step(
        events[0].time_ns, "endpoint", Text("step.endpoint.persisted", values), techniques(mine, *base), evidence
    )


def _network(process: Process, telling: Telling) -> list[Step]:
    told = []
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in process.actions:
        if event.logsource.category == "network_connection":
            groups[destination_of(event), str(event.fields.get("DestinationPort"))].append(event)
        elif event.logsource.category == "dns_query":
            groups[destination_of(event), ""].append(event)
    for (target, port), events in groups.items():
        mine = [finding for event in events for finding in telling.findings_at.get(event.id, [])]
        known = next(
            (telling.urls[value] for event in events for value in addresses_of(event) if value in telling.urls), []
        )
        holder, place, number = known[0] if known else (None, 0, 0)
        values = (
            ("image", process.name),
            ("target", target),
            ("port", port),
            ("times", len(events)),
            ("holder", telling.file_of(holder.address) if holder else ""),
            ("place", place),
            ("number", number),
            ("findings", tuple(finding.id for finding in mine)),
        )
        key = "step.network.connected" if port else "step.network.resolved"
        evidence = (events[0].id, *(finding.id for finding in mine), *((holder.id,) if holder else ()))
        told.append(Step(events[0].time_ns, "network", Text(key, values), techniques(mine), evidence))
    return told


def _others(process: Process, telling: Telling) -> list[Step]:
    """Tell of whatever else rules found on a process: loaded modules, access to others, script blocks."""
    told_kinds = {"process_creation", "file_event", "create_stream_hash", "registry_set"}
    told_kinds |= {"network_connection", "dns_query"}
    groups: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for event in process.actions:
        mine = telling.findings_at.get(event.id, [])
        if mine and event.logsource.category not in told_kinds:
            groups[tuple(finding.rule_id for finding in mine)].append(event)
    told = []
    for events in groups.values():
        mine = telling.findings_at[events[0].id]
        values = (("image", process.name), ("times", len(events)), ("findings", tuple(finding.id for finding in mine)))
        evidence = (events[0].id, *(finding.id for finding in mine))
        told.append(
            Step(events[0].time_ns, "endpoint", Text("step.endpoint.found", values), techniques(mine), evidence)
        )
    return told
