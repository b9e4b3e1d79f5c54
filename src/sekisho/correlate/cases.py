"""Which mails, files and processes belong together: groups first, judged and told later.

A group grows from a file that a host opened, or from processes that rules found, along what caused what: started,
wrote and then ran, ran a command the file holds. Sharing a value is never enough to merge two groups; sharing the
same hostile bytes or the same process is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from ntpath import basename

from sekisho.correlate.history import History, Process, by_descent, members
from sekisho.correlate.joins import DAY_NS, Carried, Join
from sekisho.model.artifact import Analysis
from sekisho.model.finding import Finding
from sekisho.model.verdict import BAD, Judgement, Verdict, probability, verdict_of, weight_of

OPENED_WEIGHT = 1.5  # log-odds that a hostile file's being opened adds; see docs/decisions/0003-verdicts.md
ONE_WAVE_NS = 3 * DAY_NS  # mission article 3: variants of one campaign came on following days
SHARED_BYTES = 64  # equal contents below this size are chance, not one campaign
RUNNABLE_BY_PATH_CHARS = 8  # a written path shorter than this is no evidence that a command line names it


@dataclass(slots=True)
class Case:
    """One incident in the making."""

    messages: list[Analysis] = field(default_factory=list)
    """Mails, in order of arrival and address."""
    carried: list[Carried] = field(default_factory=list)
    """Files of these mails (or lone files) that matter: hostile, or opened."""
    joins: list[Join] = field(default_factory=list)
    processes: dict[str, Process] = field(default_factory=dict)
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
        return min(files or self.processes or [""])

    @property
    def opened(self) -> list[Join]:
        """Give the joins at which a file was run or loaded, first one first."""
        return [one for one in self.joins if one.how in ("opened", "command", "hash") and not one.process.is_hub]


def cases(
    carried: Sequence[Carried],
    joins: Sequence[Join],
    history: History,
    findings: Iterable[Finding],
    judged: Mapping[str, Judgement],
) -> list[Case]:
    """Group everything into cases worth telling, the gravest first."""
    by_event: dict[str, list[Finding]] = defaultdict(list)
    by_record: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_event[finding.event_id].append(finding)
        by_record[finding.record].append(finding)
    groups = _Groups()
    for one in carried:
        groups.add_file(one)
    _link_numeric(carried, groups)
    running = _running(carried, joins, history, by_event)
    joins = [one for one in joins if one.artifact in running and _told(one, running[one.artifact])]
    for address, processes in running.items():
        for process in processes.values():
            groups.link(f"file:{address}", f"process:{process.key}")
    found = {process.key: process for process in history.processes() if _weigh(process, by_event) > 0}
    _link_found(found, groups)
    made = groups.cases(carried, joins, running, found)
    for case in made:
        _collect_findings(case, by_event, by_record)
        case.probability = _judge(case, judged)
    # On hosts alone, one rule of level high is a finding to look at; an incident needs more.
    kept = [case for case in made if case.verdict in (BAD if case.carried else (Verdict.MALICIOUS,))]
    return sorted(kept, key=lambda case: (-case.probability, case.first_key))


def _link_numeric(carried: Sequence[Carried], groups: _Groups) -> None:
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
    for files in by_ip.values():
        files.sort(key=lambda one: (one.at_ns or 0, one.analysis.address))
        for before, after in pairwise(files):
            if abs((after.at_ns or 0) - (before.at_ns or 0)) <= ONE_WAVE_NS:
                groups.link(f"file:{before.analysis.address}", f"file:{after.analysis.address}")


def _running(
    carried: Sequence[Carried], joins: Sequence[Join], history: History, by_event: Mapping[str, list[Finding]]
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
    runners = _runners(history) if joins else {}
    running = {address: _spread(roots[address], runners) for address in roots if address in hostile}
    explained = {key for processes in running.values() for key in processes}
    for address, contacting in _by_address(joins, hostile, explained).items():
        running.setdefault(address, {}).update(_spread(contacting, runners))
    explained.update(key for group in running.values() for key in group)
    for address in sorted(roots.keys() - hostile):
        group = _spread(roots[address], runners)
        weights = [_weigh(process, by_event) for key, process in group.items() if key not in explained]
        if verdict_of(probability(weights)) in BAD:
            running[address] = group
    return running


def _told(join: Join, processes: Mapping[str, Process]) -> bool:
    """Tell whether a join is part of its file's own story: saves are, and what its own processes did."""
    return join.how == "saved" or join.process.is_hub or join.process.key in processes


def _by_address(joins: Sequence[Join], hostile: set[str], explained: set[str]) -> dict[str, list[Process]]:
    """Give the processes that contact an address of a hostile file and that no file's opening explains.

    Two campaigns may use one address; a process that one of them started is not the other's for that.
    """
    found: dict[str, list[Process]] = defaultdict(list)
    for one in joins:
        known = one.process.is_hub or one.process.key in explained
        if one.how == "address" and one.artifact in hostile and not known:
            found[one.artifact].append(one.process)
    return found


def _runners(history: History) -> dict[tuple[str, str], list[Process]]:
    """Index processes by the base names that their command lines and images mention."""
    index: dict[tuple[str, str], list[Process]] = defaultdict(list)
    for process in history.processes():
        text = f"{process.command_line} {process.unfolded} {process.image}".replace("/", "\\")
        words = {basename(word.strip("\"',;()")).lower() for word in text.replace('"', " ").split()}
        words.add(process.name.lower())
        for word in words:
            if "." in word:
                index[process.host.lower(), word.partition(",")[0]].append(process)
    return index


def _spread(roots: Sequence[Process], runners: Mapping[tuple[str, str], list[Process]]) -> dict[str, Process]:
    """Follow what roots started, and who ran what these wrote (file-write lineage)."""
    found: dict[str, Process] = {}
    todo = list(roots)
    while todo:
        for process in members([todo.pop()]).values():
            if process.key in found:
                continue
            found[process.key] = process
            for event in process.actions:
                if event.logsource.category != "file_event":
                    continue
                path = str(event.fields.get("TargetFilename") or "")
                name = basename(path).lower()
                if len(path) < RUNNABLE_BY_PATH_CHARS or "." not in name:
                    continue
                for runner in runners.get((process.host.lower(), name), ()):
                    later = (runner.at_ns or 0) >= (event.time_ns or 0)
                    if later and runner.key not in found and not runner.is_hub:
                        todo.append(runner)
    return found


def _weigh(process: Process, by_event: Mapping[str, list[Finding]]) -> float:
    return sum(finding.weight for event in process.events for finding in by_event.get(event.id, ()))


def _link_found(found: Mapping[str, Process], groups: _Groups) -> None:
    """Join processes with findings that descend from one another or from one ancestor below the hubs."""
    for process in with_ancestors(found.values()).values():
        if process.parent is not None and not process.parent.is_hub:
            groups.link(f"process:{process.key}", f"process:{process.parent.key}")


def with_ancestors(processes: Iterable[Process]) -> dict[str, Process]:
    """Give processes and their ancestors below the programs that start everybody's programs, by key."""
    found: dict[str, Process] = {}
    for process in processes:
        current: Process | None = process
        while current is not None and current.key not in found:
            found[current.key] = current
            current = current.parent if current.parent is not None and not current.parent.is_hub else None
    return found


def _collect_findings(
    case: Case, by_event: Mapping[str, list[Finding]], by_record: Mapping[str, list[Finding]]
) -> None:
    kept: dict[str, Finding] = {}
    for process in case.processes.values():
        for event in process.events:
            for finding in by_event.get(event.id, ()):
                kept[finding.id] = finding
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
        if finding.layer not in ("mail", "file"):
            by_rule[finding.rule_id] = max(by_rule.get(finding.rule_id, 0.0), finding.weight)
    if weights and case.opened:
        weights.append(OPENED_WEIGHT)
    return probability([*weights, *by_rule.values()])


class _Groups:
    """Union-find over files, mails and processes."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, key: str) -> str:
        self._parent.setdefault(key, key)
        while self._parent[key] != key:
            self._parent[key] = self._parent[self._parent[key]]
            key = self._parent[key]
        return key

    def link(self, left: str, right: str) -> None:
        first, second = sorted((self.find(left), self.find(right)))
        self._parent[second] = first

    def add_file(self, one: Carried) -> None:
        """A file goes with its mail; hostile files of the same bytes go together."""
        key = f"file:{one.analysis.address}"
        self.find(key)
        if one.message is not None:
            self.link(key, f"mail:{one.message.address}")
        if one.judgement.verdict in BAD and one.analysis.size_bytes >= SHARED_BYTES:
            self.link(key, f"bytes:{one.analysis.sha256}")

    def cases(
        self,
        carried: Sequence[Carried],
        joins: Sequence[Join],
        running: Mapping[str, Mapping[str, Process]],
        found: Mapping[str, Process],
    ) -> list[Case]:
        """Give a case per group that holds a hostile file or a process with findings."""
        made: dict[str, Case] = defaultdict(Case)
        opened = {one.artifact for one in joins}
        for one in carried:
            root = self.find(f"file:{one.analysis.address}")
            if one.judgement.verdict in BAD or one.analysis.address in opened:
                made[root].carried.append(one)
            if one.message is not None and one.analysis is one.message:
                made[root].messages.append(one.message)
        grown = with_ancestors(found.values())
        for group in running.values():
            grown.update(group)
        for process in grown.values():
            made[self.find(f"process:{process.key}")].processes[process.key] = process
        for join in sorted(joins, key=lambda one: (one.event.time_ns or 0, one.artifact, one.how)):
            made[self.find(f"file:{join.artifact}")].joins.append(join)
        arrived = {one.analysis.address: one.at_ns or 0 for one in carried}
        for case in made.values():
            case.messages.sort(key=lambda message: (arrived[message.address], message.address))
            case.processes = {process.key: process for process in by_descent(case.processes.values())}
        return list(made.values())
