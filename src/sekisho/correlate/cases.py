"""Which mails, files, processes and records belong together: groups first, judged and told later.

A group grows from a file that a host opened, or from processes that rules found, along what caused what: started,
wrote and then ran, ran a command the file holds. Then records of servers and networks join by what they share
(:mod:`sekisho.correlate.links`). Sharing a value is never enough to merge two groups that each have a beginning;
sharing the same hostile bytes, the same process or the same Message-ID is.

Longer than most files: the order in which units are united is one decision, and reads best in one place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from sekisho.correlate.groups import ENTERED, FILE, MAIL, SERVER, Groups
from sekisho.correlate.history import History
from sekisho.correlate.hubs import Hubs
from sekisho.correlate.joins import DAY_NS, Carried, Join, bodies
from sekisho.correlate.lineage import Spread, with_ancestors
from sekisho.correlate.links import KINDS, TELLING, Link, Mark, links, rarity, worth
from sekisho.correlate.processes import Process, by_descent, is_pseudo
from sekisho.correlate.records import Marker, Record, begins, collect, enters, loose, names_of, saving, touching
from sekisho.correlate.wanted import of_mails
from sekisho.correlate.weeding import telling
from sekisho.correlate.witnesses import compare
from sekisho.model.artifact import Analysis
from sekisho.model.event import Event
from sekisho.model.finding import Finding
from sekisho.model.observable import Observable
from sekisho.model.verdict import BAD, Judgement, Verdict, probability, verdict_of, weight_of

OPENED_WEIGHT = 1.5  # log-odds that a hostile file's being opened adds; see docs/decisions/0003-verdicts.md
ONE_WAVE_NS = 3 * DAY_NS  # mission article 3: variants of one campaign came on following days
VOICE = "T1566.004"  # ATT&CK: spearphishing voice
SHARED_BYTES = 64  # equal contents below this size are chance, not one campaign


@dataclass(slots=True)
class Case:
    """One incident in the making."""

    messages: list[Analysis] = field(default_factory=list)
    """Mails, in order of arrival and address."""
    carried: list[Carried] = field(default_factory=list)
    """Files of these mails (or lone files) that matter: hostile, or opened."""
    joins: list[Join] = field(default_factory=list)
    processes: dict[str, Process] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    """Events of servers, networks and mail flow, in order of time."""
    merges: list[Link] = field(default_factory=list)
    """What united it, first what united its largest parts."""
    refused: list[tuple[Link, str]] = field(default_factory=list)
    """What it shares with another case without being one with it, and that case's ``first_key``."""
    findings: list[Finding] = field(default_factory=list)
    probability: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """Give the word for the probability."""
        return verdict_of(self.probability)

    @property
    def first_key(self) -> str:
        """Give a name that stays the same over runs, to order and identify by."""
        files = [one.analysis.address for one in self.carried] + [one.address for one in self.messages]
        return min(files or self.processes or [one.key for one in self.records] or [""])

    @property
    def opened(self) -> list[Join]:
        """Give the joins at which a file was run or loaded, first one first."""
        return [one for one in self.joins if one.how in ("opened", "command", "hash") and not one.process.is_hub]


@dataclass(frozen=True, slots=True)
class Given:
    """What cases are made of."""

    carried: Sequence[Carried]
    joins: Sequence[Join]
    history: History
    findings: Sequence[Finding]
    judged: Mapping[str, Judgement]
    trees: Mapping[str, Sequence[Analysis]]
    """All analyses of a mail's tree, by the mail's address."""
    hubs: Hubs = field(default_factory=Hubs)
    apart: Collection[str] = frozenset()
    """Ids of merges that the user has undone."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """Cases, and how their names and times were read."""

    cases: list[Case]
    """Those worth telling, the gravest first."""
    marker: Marker


def cases(given: Given) -> Grouped:
    """Group everything into cases."""
    by_event: dict[str, list[Finding]] = defaultdict(list)
    by_record: dict[str, list[Finding]] = defaultdict(list)
    for finding in given.findings:
        by_event[finding.event_id].append(finding)
        by_record[finding.record].append(finding)
    groups, carried, history = Groups(given.apart), given.carried, given.history
    for one in carried:
        _add_file(one, groups)
    _link_bytes(carried, groups)
    _link_numeric(carried, groups)
    _link_fileless(given, groups)
    spread = Spread(history.processes)
    running = _running(carried, given.joins, spread, by_event)
    told = [one for one in given.joins if one.artifact in running and _told(one, running[one.artifact])]
    joins = _link_running(running, told, groups)
    of_rules = [finding for finding in given.findings if finding.of]
    joined = {key for finding in of_rules for key in finding.of}
    tells = telling(given.findings, TELLING)
    found = {
        one.key: one
        for one in history.processes()
        if not is_pseudo(one) and any(event.id in tells for event in history.found_in(one))
    }
    _link_found(found, groups)
    for one in carried:
        if one.judgement.verdict in BAD:
            groups.begin(f"file:{one.analysis.address}", FILE if one.message is None else MAIL)
    grown = with_ancestors(found.values())
    for group in running.values():
        grown.update(group)
    explained = {key for group in running.values() for key in group}
    contacting, more = _contacting(carried, given.joins, spread, explained, groups)
    grown.update(more)
    hostile = of_mails(carried, given.hubs)
    records = collect([*loose(history), *touching(history, grown, hostile)], by_event, joined)
    records |= collect(saving(history, grown, names_of(unique(records), hostile)), by_event, joined)
    for link in _by_rule(of_rules, records, {key: history.found_in(one) for key, one in grown.items()}, by_event):
        groups.merge_weighed([[link]])
    for record in unique(records):
        if begins(record):
            groups.begin(record.key, SERVER)
            if enters(record):
                groups.begin(record.key, ENTERED)
    marker = Marker(history.identities, given.hubs)
    marker.clocks = compare(carried, grown.values(), unique(records), marker)
    for record in unique(records):
        record.at_ns = marker.time(record.event)
    marks = _marks(given, marker, records, grown, by_event, by_record)
    groups.merge_weighed(worth([*contacting, *links(marks, groups.rooted, _counts(history))]))
    joins += [
        one
        for one in given.joins
        if one.how == "address"
        and one.artifact not in running
        and groups.find(f"file:{one.artifact}") == groups.find(f"process:{one.process.key}")
    ]
    made = _made(groups, carried, joins, grown, records)
    for case in made:
        _collect_findings(case, by_event, by_record)
        case.probability = _judge(case, given.judged)
    # On hosts and servers alone, one rule of level high is a finding to look at; an incident needs more.
    kept = [case for case in made if case.verdict in (BAD if case.carried else (Verdict.MALICIOUS,))]
    return Grouped(sorted(kept, key=lambda case: (-case.probability, case.first_key)), marker)


def _counts(history: History) -> dict[Observable, int]:
    return {what: len(parties) for what, parties in history.shared.items()}


def _marks(
    given: Given,
    marker: Marker,
    records: Mapping[str, Record],
    grown: Mapping[str, Process],
    by_event: Mapping[str, list[Finding]],
    by_address: Mapping[str, list[Finding]],
) -> Iterator[Mark]:
    """Give the marks of all units: hostile mails and lone files, processes with findings, records."""
    hostile: dict[str, list[Analysis]] = defaultdict(list)
    mails: dict[str, Carried] = {}
    for one in given.carried:
        if one.judgement.verdict not in BAD:
            continue
        if one.message is None:
            yield from marker.of_lone_file(one.analysis)
        elif one.analysis is one.message:
            mails[one.message.address] = one
        else:
            hostile[one.message.address].append(one.analysis)
    for address, mail in mails.items():
        files = hostile[address] or bodies(given.trees.get(address, ()))
        call = any(VOICE in finding.attack for finding in by_address.get(address, ()))
        yield from marker.of_mail(mail.analysis, files, mail.at_ns, mail.mailboxes, call=call)
    weights = {key: sum(one.weight for one in ones) for key, ones in by_event.items()}
    for process in grown.values():
        yield from marker.of_process(process, weights)
    for record in unique(records):
        yield from marker.of_record(record)


def unique(records: Mapping[str, Record]) -> list[Record]:
    """Give each record once."""
    return list({one.key: one for one in records.values()}.values())


def _by_rule(
    found: Iterable[Finding],
    records: Mapping[str, Record],
    found_in: Mapping[str, Sequence[Event]],
    by_event: Mapping[str, list[Finding]],
) -> Iterator[Link]:
    """Give a link for each two neighbours among the events that a correlation rule joined.

    ``found_in`` has the events of processes that rules found, by the key of the process.
    """
    unit: dict[str, str] = {key: one.key for key, one in records.items()}
    for key, events in found_in.items():
        unit.update((event.id, f"process:{key}") for event in events)
    for finding in sorted(found, key=lambda one: (-one.weight, one.time_ns or 0, one.id)):
        if finding.weight < TELLING:
            continue
        keys = []
        for key in finding.of:
            here = unit.get(key) or next(
                (f"file:{one.record}" for one in by_event.get(key, ()) if one.layer in ("mail", "file")), ""
            )
            if here:
                keys.append((here, key))
        for (left, first), (right, second) in pairwise(keys):
            if left != right:
                yield Link(left, right, "rule", finding.id, 0.95, (first, second, finding.id), finding.time_ns)


def _add_file(one: Carried, groups: Groups) -> None:
    """A file goes with its mail."""
    key = f"file:{one.analysis.address}"
    groups.find(key)
    if one.message is not None:
        groups.join(key, f"mail:{one.message.address}")


def _link_bytes(carried: Sequence[Carried], groups: Groups) -> None:
    """Join hostile files of the same bytes."""
    last: dict[str, Carried] = {}
    for one in carried:
        if one.judgement.verdict not in BAD or one.analysis.size_bytes < SHARED_BYTES:
            continue
        before = last.get(one.analysis.sha256)
        if before is not None:
            evidence = (before.analysis.id, one.analysis.id)
            left, right = f"file:{before.analysis.address}", f"file:{one.analysis.address}"
            groups.merge(Link(left, right, "bytes", one.analysis.sha256, 1.0, evidence, one.at_ns, proves=True))
        last[one.analysis.sha256] = one


def _link_fileless(given: Given, groups: Groups) -> None:
    """Join hostile mails without a hostile file that are copies or variants of one another, within days.

    Copies share their Message-ID; one wave shares the address it links to, or its sender and the site it links to.
    """
    with_file = {one.message.address for one in given.carried if one.message and _is_hostile_file(one)}
    last: dict[tuple[str, ...], Carried] = {}
    mails = [one for one in given.carried if one.analysis is one.message and one.judgement.verdict in BAD]
    for one in sorted(mails, key=lambda mail: (mail.at_ns or 0, mail.analysis.address)):
        if one.analysis.address in with_file:
            continue
        for key in _wave_keys(one.analysis, given):
            before = last.get(key)
            if before is not None and abs((one.at_ns or 0) - (before.at_ns or 0)) <= ONE_WAVE_NS:
                left, right = f"mail:{before.analysis.address}", f"mail:{one.analysis.address}"
                evidence = (before.analysis.id, one.analysis.id)
                groups.merge(Link(left, right, f"wave.{key[0]}", key[-1], 0.9, evidence, one.at_ns, proves=True))
            last[key] = one


def _is_hostile_file(one: Carried) -> bool:
    return one.analysis is not one.message and one.judgement.verdict in BAD and one.analysis.artifact.relation != "body"


def _wave_keys(message: Analysis, given: Given) -> Iterator[tuple[str, ...]]:
    if identifier := str(message.first("message_id")):
        yield "message", identifier
    sender = str(message.first("sender.address")).lower()
    for url in {url: None for part in bodies(given.trees.get(message.address, ())) for url in part.urls}:
        host = (url.ip or url.host).lower()
        if not host or given.hubs.is_hub(Observable("ip" if url.ip else "domain", host)):
            continue
        yield "url", url.canonical or url.raw
        if sender:
            yield "sender", sender, host


def _link_numeric(carried: Sequence[Carried], groups: Groups) -> None:
    """Join hostile files that spell one IP address as a number, within days of each other.

    Honest files do not spell addresses so, which makes the shared value rare; names of hacked sites are not, since
    one list of them serves many waves.
    """
    by_ip: dict[str, list[Carried]] = defaultdict(list)
    for one in carried:
        if one.judgement.verdict in BAD:
            for url in one.analysis.urls:
                if url.ip and "-ip" in url.hidden_by:
                    by_ip[url.ip].append(one)
    for ip, files in by_ip.items():
        files.sort(key=lambda one: (one.at_ns or 0, one.analysis.address))
        for before, after in pairwise(files):
            if abs((after.at_ns or 0) - (before.at_ns or 0)) <= ONE_WAVE_NS:
                left, right = f"file:{before.analysis.address}", f"file:{after.analysis.address}"
                evidence = (before.analysis.id, after.analysis.id)
                groups.merge(Link(left, right, "number", ip, 0.9, evidence, after.at_ns, proves=True))


def _running(
    carried: Sequence[Carried], joins: Sequence[Join], spread: Spread, by_event: Mapping[str, list[Finding]]
) -> dict[str, dict[str, Process]]:
    """Give, for each file that matters and was opened, the processes that follow from it.

    Hostile files come first. A file that looked clean matters only when its opening led to findings that no
    hostile file explains: Word opening the minutes beside the lure does not drag the minutes in.
    """
    hostile = {one.analysis.address for one in carried if one.judgement.verdict in BAD}
    roots: dict[str, list[Process]] = defaultdict(list)
    for one in joins:
        if one.how == "saved" or one.process.is_hub:
            roots.setdefault(one.artifact, [])
        elif one.how != "address":
            roots[one.artifact].append(one.process)
    running = {address: spread(roots[address]) for address in roots if address in hostile}
    explained = {key for processes in running.values() for key in processes}
    for address in sorted(roots.keys() - hostile):
        group = spread(roots[address])
        weights = [_weigh(process, by_event) for key, process in group.items() if key not in explained]
        if verdict_of(probability(weights)) in BAD:
            running[address] = group
    return running


def _link_running(running: Mapping[str, Mapping[str, Process]], joins: Sequence[Join], groups: Groups) -> list[Join]:
    """Unite files with the processes that follow from them; give the joins of those that were united."""
    best: dict[str, Join] = {}
    for one in joins:
        known = best.get(one.artifact)
        if known is None or (one.process.key in running[one.artifact], one.weight) > (
            known.process.key in running[one.artifact],
            known.weight,
        ):
            best[one.artifact] = one
    undone = set()
    for address, processes in running.items():
        keys = [f"process:{key}" for key in processes]
        for key in keys[1:]:
            groups.join(keys[0], key)
        how = best.get(address)
        if not keys:
            continue
        if how is None:
            groups.join(f"file:{address}", keys[0])
        elif not groups.merge(
            Link(f"file:{address}", keys[0], f"join.{how.how}", how.value, min(1.0, how.weight), (how.event.id,),
                 how.event.time_ns, proves=True)
        ):  # fmt: skip
            undone.add(address)
    return [one for one in joins if one.artifact not in undone]


def _told(join: Join, processes: Mapping[str, Process]) -> bool:
    """Tell whether a join is part of its file's own story: saves are, and what its own processes did."""
    return join.how == "saved" or join.process.is_hub or join.process.key in processes


def _contacting(
    carried: Sequence[Carried], joins: Sequence[Join], spread: Spread, explained: Collection[str], groups: Groups
) -> tuple[list[Link], dict[str, Process]]:
    """Give links of hostile files with the processes that contact an address of theirs, and these processes.

    Two campaigns may use one address; a process that one of them started is not the other's for that. So these are
    links to be weighed against others, not facts.
    """
    hostile = {one.analysis.address for one in carried if one.judgement.verdict in BAD}
    came = {one.analysis.address: one.at_ns for one in carried}
    found: list[Link] = []
    grown: dict[str, Process] = {}
    hosts: dict[str, set[str]] = defaultdict(set)
    holders: dict[str, set[str]] = defaultdict(set)
    asked = [one for one in joins if one.how == "address" and one.artifact in hostile]
    for one in asked:
        hosts[one.value].add(one.process.host)
        holders[one.value].add(groups.find(f"file:{one.artifact}"))
    for one in asked:
        if one.process.is_hub or one.process.key in explained:
            continue
        group = spread([one.process])
        grown.update(group)
        soon = abs((one.event.time_ns or 0) - (came.get(one.artifact) or 0)) <= DAY_NS
        weight = KINDS["domain"].weight * rarity(len(hosts[one.value])) + (one.identity if soon else 0.0)
        left, right = f"file:{one.artifact}", f"process:{one.process.key}"
        link = Link(left, right, "join.address", one.value, weight, (one.event.id,), one.event.time_ns)
        found.append(replace(link, doubtful=len(holders[one.value]) > 1))
        found += [
            Link(right, f"process:{key}", "join.address", one.value, 1.0, (one.event.id,), one.event.time_ns)
            for key in group
            if key != one.process.key
        ]
    return found, grown


def _weigh(process: Process, by_event: Mapping[str, list[Finding]]) -> float:
    return sum(finding.weight for event in process.events for finding in by_event.get(event.id, ()))


def _link_found(found: Mapping[str, Process], groups: Groups) -> None:
    """Join processes with findings that descend from one another or from one ancestor below the hubs."""
    for process in with_ancestors(found.values()).values():
        if process.parent is not None and not process.parent.is_hub:
            groups.join(f"process:{process.key}", f"process:{process.parent.key}")


def _collect_findings(
    case: Case, by_event: Mapping[str, list[Finding]], by_record: Mapping[str, list[Finding]]
) -> None:
    kept: dict[str, Finding] = {}
    for process in case.processes.values():
        for event in process.events:
            for finding in by_event.get(event.id, ()):
                kept[finding.id] = finding
    for record in case.records:
        kept.update((finding.id, finding) for finding in record.findings)
    for address in [*[one.address for one in case.messages], *[one.analysis.address for one in case.carried]]:
        for finding in by_record.get(address, ()):
            kept[finding.id] = finding
    case.findings = sorted(kept.values(), key=lambda one: (-one.weight, one.time_ns or 0, one.id))


def _judge(case: Case, judged: Mapping[str, Judgement]) -> float:
    """Weigh the worst file or mail, what rules found on the hosts, and that a hostile file was opened."""
    addresses = [*[one.address for one in case.messages], *[one.analysis.address for one in case.carried]]
    worst = max(
        (judged[address] for address in addresses if address in judged),
        key=lambda judgement: judgement.probability,
        default=None,
    )
    weights = [weight_of(worst.probability)] if worst and worst.reasons else []
    by_rule: dict[str, float] = {}
    for finding in case.findings:
        if finding.record not in judged:
            by_rule[finding.rule_id] = max(by_rule.get(finding.rule_id, 0.0), finding.weight)
    if weights and case.opened:
        weights.append(OPENED_WEIGHT)
    return probability([*weights, *by_rule.values()])


def _made(
    groups: Groups,
    carried: Sequence[Carried],
    joins: Sequence[Join],
    grown: Mapping[str, Process],
    records: Mapping[str, Record],
) -> list[Case]:
    """Give a case per group."""
    made: dict[str, Case] = defaultdict(Case)
    opened = {one.artifact for one in joins}
    same: set[tuple[str, str]] = set()
    for one in carried:
        root = groups.find(f"file:{one.analysis.address}")
        if one.judgement.verdict in BAD or one.analysis.address in opened:
            made[root].carried.append(one)
        if one.message is not None and one.analysis is one.message and (root, one.analysis.sha256) not in same:
            same.add((root, one.analysis.sha256))  # the same file twice in the evidence is one copy
            made[root].messages.append(one.message)
    for process in grown.values():
        made[groups.find(f"process:{process.key}")].processes[process.key] = process
    for record in unique(records):
        made[groups.find(record.key)].records.append(record)
    for join in sorted(joins, key=lambda one: (one.event.time_ns or 0, one.artifact, one.how)):
        made[groups.find(f"file:{join.artifact}")].joins.append(join)
    for _, link in sorted(groups.merges, key=lambda pair: -pair[0]):
        made[groups.find(link.left)].merges.append(link)
    arrived = {one.analysis.address: one.at_ns or 0 for one in carried}
    for case in made.values():
        case.messages.sort(key=lambda message: (arrived[message.address], message.address))
        case.processes = {process.key: process for process in by_descent(case.processes.values())}
        case.records.sort(key=lambda one: (one.at_ns or 0, one.event.source, one.event.id))
    for link in groups.refused:
        left, right = groups.find(link.left), groups.find(link.right)
        if left != right:
            made[left].refused.append((link, made[right].first_key))
            made[right].refused.append((link, made[left].first_key))
    return list(made.values())
