"""What happened: processes on hosts with what they started, wrote, set and contacted, and records of other logs.

Events stream in. Of those, only what can carry a story is kept: what a rule matched, a few fields of what processes do,
and records that name something known to be hostile. What processes do is held as few bytes (:mod:`.held`) until it is
known which hosts a story may be about: those with a telling finding, or where something sought was named. Of these,
some at a time are linked and weeded (:mod:`.weeding`), so memory grows with what is told, not with what was logged.

Longer than most files: what is kept, and when it may be let go, is one decision.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from sekisho.correlate.held import WRITES, Held, checksum, hold, release, written
from sekisho.correlate.identity import Identities, Seen, bare_host
from sekisho.correlate.observables import sightings
from sekisho.correlate.processes import Forest, Process, Rank, is_pseudo_image
from sekisho.correlate.sought import Scanner, Sought
from sekisho.correlate.weeding import Weeder, weed
from sekisho.model.event import Event
from sekisho.model.observable import Observable

# Fields kept of each category; an event of another category is kept only when a rule matched it.
KEPT = {
    "process_creation": (
        "Image", "CommandLine", "CommandLine.unfolded", "CommandLine.calls", "CommandLine.url", "ParentImage",
        "ParentCommandLine", "ProcessGuid", "ParentProcessGuid", "ProcessId", "ParentProcessId", "Hashes", "User",
        "CurrentDirectory",
    ),
    "file_event": ("Image", "TargetFilename", "ProcessGuid", "ProcessId", "User"),
    "create_stream_hash": ("Image", "TargetFilename", "ProcessGuid", "ProcessId", "Hash", "Contents", "User"),
    "network_connection": (
        "Image", "DestinationIp", "DestinationPort", "DestinationHostname", "ProcessGuid", "ProcessId", "User",
    ),
    "dns_query": ("Image", "QueryName", "QueryResults", "ProcessGuid", "ProcessId", "User"),
    "registry_set": ("Image", "TargetObject", "Details", "ProcessGuid", "ProcessId", "User"),
}  # fmt: skip
# Of these, artifacts are told, not records. Mail flow is a log like any other.
OF_ARTIFACTS = ("message", "attachment", "url")
PARTIES_COUNTED = 64  # a value that so many share is a hub; how many more does not matter
# Registry values worth keeping without a finding: what survives a restart.
# Source: ATT&CK T1547.001, T1543.003, T1053.005.
PERSISTENCE = ("\\currentversion\\run", "\\currentversion\\runonce", "\\winlogon\\", "\\schedule\\taskcache\\")
SERVICE_VALUES = ("\\imagepath", "\\servicedll")  # the rest below a service's key starts nothing
CONTEXT_OF_ONE = 500  # records that one worker keeps for one hostile value; more tell nothing new and are counted
# By these a record without a program's path may still belong to a process. Source: Sysmon's and Security's schemas.
NUMBERS = ("ProcessGuid", "SourceProcessGUID", "SourceProcessGuid", "ProcessId", "SourceProcessId", "System_ProcessID")
LINKED_AT_ONCE = 20_000  # events of whole hosts: some 30 MB as objects, of which few are kept
UNPACKED_TIMES = 3  # how often a part is unpacked at most, on average
CLOCK_SLACK_NS = 10 * 60 * 1_000_000_000  # clocks of a mail server and a workstation differ by minutes at most


class History:
    """Collects events as they stream by and links them once asked."""

    def __init__(
        self, wanted: Collection[Observable] = (), *, only_wanted: bool = False, sought: Sought | None = None
    ) -> None:
        """Start empty.

        Args:
            wanted: records that name something of it are kept though no rule matched them.
            only_wanted: nothing else is.
            sought: what names an event of a host into a story; then what is handed on is packed. None: it is not.
        """
        self.wanted, self.only_wanted = frozenset(wanted), only_wanted
        self._scanner = Scanner(sought) if sought is not None else None
        shown = sorted({what.value.lower() for what in self.wanted})
        self._scan = AhoCorasick(shown) if shown else None
        self._context: dict[Observable, int] = {}
        self._events: list[_Taken] = []
        self._parts: list[tuple[list[tuple[int, Event]], Held | None]] = []
        self._hits: set[tuple[str, int]] = set()
        """(host, place in the sought patterns)."""
        self._needs: set[str] = set()
        """Hosts of which all is linked, since a record there leaves open whether it is a process's own."""
        self._processes: dict[str, Process] = {}
        self._gone: list[Event] = []
        """Writes that were let go and lie in no packed part."""
        self._brought: dict[str, Event] = {}
        self._linked = False
        self._loose: list[Event] = []
        self._recalled: set[str] | None = None
        self._layers: Layers | None = None
        self.coverage: dict[tuple[str, str], Coverage] = {}
        """By (host, log)."""
        self.accounts: dict[str, set[str]] = {}
        """Bare account names seen acting, by host."""
        self.kinds: dict[str, set[str]] = {}
        """Categories of events seen, by host."""
        self.shared: dict[Observable, set[str]] = {}
        """Parties that touched a wanted value, some dozens at most."""
        self.found: set[tuple[str, str]] = set()
        """(source, record) of events that rules matched: to pass over all others without making their ids."""
        self.identities = Identities()

    def add(self, event: Event, *, found: bool = False) -> None:
        """Take note of one event; ``found`` says that a rule matched it."""
        if event.logsource.product == "email" and event.logsource.category in OF_ARTIFACTS:
            return
        if self.only_wanted:
            if event.logsource.category not in KEPT and self._is_context(event):
                self._events.append(_Taken(event))
            return
        self.identities.learn(event)
        kind = event.logsource.service or event.logsource.category
        covered = self.coverage.get((event.host, kind))
        if covered is None:
            covered = self.coverage[event.host, kind] = Coverage()
        covered.take(event)
        self.kinds.setdefault(event.host, set()).add(event.logsource.category)
        if event.user and event.host:
            self.accounts.setdefault(event.host, set()).add(account(event.user))
        wanted = KEPT.get(event.logsource.category)
        if found:
            self._keep(event, found=True)
            self.found.add((event.source, event.record))
        elif wanted is not None and _tells(event):
            fields = event.fields
            self._keep(replace(event, fields={name: fields[name] for name in wanted if name in fields}), found=False)
        elif wanted is None and self.wanted and self._is_context(event):
            self._keep(event, found=True)

    def _keep(self, event: Event, *, found: bool) -> None:
        """Keep an event, and note what its host may be needed for."""
        if self._scanner is None:
            self._events.append(_Taken(event))
            return
        fields, category, host = event.fields, event.logsource.category, event.host.lower()
        touched = False
        if category in KEPT and (hits := self._scanner.hits(event)):
            touched = True
            self._hits.update((host, number) for number in hits)
        image = str(fields.get("Image") or fields.get("SourceImage") or "")
        open_whose = category != "process_creation" and not image
        if open_whose and any(fields.get(name) not in (None, "") for name in NUMBERS):
            self._needs.add(host)
            open_whose = False
        stays = found or category not in KEPT or open_whose or is_pseudo_image(image)
        self._events.append(_Taken(event, touched, not stays))

    def take(self) -> Kept:
        """Give what was collected so far and start anew: how a worker hands its share on."""
        ties = self.identities.take()
        stay = [(index, one.event) for index, one in enumerate(self._events) if not one.packs]
        held = hold([(index, one.event, one.touched) for index, one in enumerate(self._events) if one.packs])
        noted = (self._hits, self._needs)
        kept = Kept(stay, held, *noted, self.coverage, self.accounts, self.kinds, self.found, self.shared, ties)
        self.found, self._hits, self._needs = set(), set(), set()
        self._events, self.coverage, self.accounts, self.kinds, self.shared = [], {}, {}, {}, {}
        return kept

    def give(self, kept: Kept) -> None:
        """Add what another history collected."""
        self._parts.append((kept.stay, kept.held))
        self._hits |= kept.hits
        self._needs |= kept.needs
        for key, covered in kept.coverage.items():
            self.coverage.setdefault(key, Coverage()).join(covered)
        for host, names in kept.accounts.items():
            self.accounts.setdefault(host, set()).update(names)
        for host, kinds in kept.kinds.items():
            self.kinds.setdefault(host, set()).update(kinds)
        self.found |= kept.found
        for what, parties in kept.shared.items():
            known_parties = self.shared.setdefault(what, set())
            if len(known_parties) < PARTIES_COUNTED:
                known_parties.update(parties)
        self.identities.give(kept.ties)

    def recall(self, kept: Kept) -> int:
        """Add records that a second look found, once linked; give how many are new."""
        if self._recalled is None:
            self._recalled = {event.id for event in self._loose}
        new = [event for _, event in kept.stay if event.id not in self._recalled]
        self._recalled.update(event.id for event in new)
        self._loose += new
        for what, parties in kept.shared.items():
            self.shared.setdefault(what, set()).update(parties)
        return len(new)

    @property
    def layers(self) -> Layers:
        """What logs there are, indexed once: every incident asks for it."""
        if self._layers is None:
            self._layers = Layers.of(self)
        return self._layers

    def link(self, weeder: Weeder | None = None) -> None:
        """Build the process forest, once, after the last event.

        Args:
            weeder: tells what may be let go; None keeps all that was added.
        """
        self._layers = None
        if self._linked:
            return
        self._linked = True
        self._parts.append(([(index, one.event) for index, one in enumerate(self._events)], None))
        self._events = []
        stay: dict[str, list[Ranked]] = defaultdict(list)
        for number, (ones, _) in enumerate(self._parts):
            for index, one in ones:
                stay[one.host.lower()].append(_ranked(number, index, one))
        held = {number: one for number, (_, one) in enumerate(self._parts) if one is not None}
        self._parts = [([], one) for one in held.values()]
        marked = self._marked(stay, weeder)
        loose: list[tuple[Rank, Event]] = []
        for batch, numbers in self._batches(stay, held, self._relevant(stay, held, weeder, marked)):
            forest = Forest()
            mine = [one for host in batch for one in stay.pop(host, ())]
            stayed = {id(one[-1]) for one in mine}
            touched = {key for key in stayed if key in marked.touched}
            for number in numbers:
                for index, event, touches in release(held[number], batch):
                    starts = event.logsource.category == "process_creation"
                    mine.append((event.time_ns or 0, not starts, number, index, event))  # as _ranked does
                    if touches:
                        touched.add(id(event))
            mine.sort()
            forest.plant(mine)
            gone: list[Event] = []
            if weeder is not None:
                forest.processes, gone = weed(forest.processes, marked.telling, touched)
            forest.finish()
            self._processes.update(forest.processes)
            self._gone += [one for one in gone if id(one) in stayed and one.logsource.category in WRITES]
            loose += forest.loose
        self._processes = dict(sorted(self._processes.items(), key=lambda item: item[1].rank))
        self._loose = [event for _, event in sorted(loose, key=lambda one: one[0])]

    def _marked(self, stay: Mapping[str, Sequence[Ranked]], weeder: Weeder | None) -> _Marked:
        """Give which of the events that were not packed matter, by ``id()``."""
        if weeder is None:
            return _Marked(frozenset(), frozenset())
        events = [one[-1] for ones in stay.values() for one in ones]
        telling = {id(one) for one in events if (one.source, one.record) in self.found and weeder.tells(one)}
        if weeder.scanner.sought.patterns:
            return _Marked(telling, {id(one) for one in events if weeder.scanner.hits(one)})
        return _Marked(telling, frozenset())

    def _relevant(
        self,
        stay: Mapping[str, Sequence[Ranked]],
        held: Mapping[int, Held],
        weeder: Weeder | None,
        marked: _Marked,
    ) -> set[str]:
        """Give the hosts of which packed events may be told."""
        hosts = {host for one in held.values() for host in one.hosts}
        if weeder is None:
            return hosts
        sought = weeder.scanner.sought
        telling = {host for host, ones in stay.items() if any(id(one[-1]) in marked.telling for one in ones)}
        # A file that looks honest matters everywhere once something telling follows from it on one host.
        kin = {sought.kin[number] for host, number in self._hits if host in telling}
        named = {
            host
            for host, number in self._hits
            if sought.patterns[number] in sought.hostile or sought.kin[number] in kin
        }
        return hosts & (telling | named | self._needs)

    def _batches(
        self, stay: Mapping[str, Sequence[Ranked]], held: Mapping[int, Held], relevant: Collection[str]
    ) -> list[tuple[set[str], list[int]]]:
        """Give hosts to link at once, with the numbers of the parts that hold packed events of theirs.

        Where the records of many hosts lie mixed, more are linked at once, so that no part is unpacked too often.
        """
        sizes = Counter({host: len(ones) for host, ones in stay.items()})
        where: dict[str, list[int]] = defaultdict(list)
        for number, one in held.items():
            for host, count in one.hosts.items():
                if host in relevant:
                    where[host].append(number)
                    sizes[host] += count
        limit, all_of = LINKED_AT_ONCE, sum(sizes.values())
        while True:
            batches = _cut(sizes, where, limit)
            if limit >= all_of or sum(len(numbers) for _, numbers in batches) <= UNPACKED_TIMES * len(held):
                return batches
            limit *= 2

    def saves(self, names: Collection[str]) -> list[Event]:
        """Give the writes of files of some names that were let go or never looked at, once linked."""
        checksums = frozenset(map(checksum, names))
        packed = (
            event
            for _, held in self._parts
            if held is not None and held.writes(checksums)
            for _, event, _ in release(held)
            if event.logsource.category in WRITES
        )
        found = [event for event in (*self._gone, *packed) if written(event) in names]
        if found:
            here = {(one.source, one.record, one.parts) for one in self._writes() if written(one) in names}
            found = [one for one in found if (one.source, one.record, one.parts) not in here]
            found.sort(key=lambda one: (one.time_ns or 0, one.source, one.record))
        self._brought.update((event.id, event) for event in found)
        return found

    def _writes(self) -> Iterator[Event]:
        for process in self._processes.values():
            yield from (event for event in process.actions if event.logsource.category in WRITES)
        yield from (event for event in self._loose if event.logsource.category in WRITES)

    def processes(self) -> Iterator[Process]:
        """Give every process seen, in order of first sight."""
        return iter(self._processes.values())

    def kept(self) -> Iterator[Event]:
        """Give every event kept, once linked."""
        for process in self._processes.values():
            yield from process.events
        yield from self._loose
        yield from self._brought.values()

    def found_in(self, process: Process) -> list[Event]:
        """Give the events of a process that rules matched."""
        return [event for event in process.events if (event.source, event.record) in self.found]

    def loose(self) -> Iterator[Event]:
        """Give the events kept that belong to no process, once linked."""
        return iter(self._loose)

    def _is_context(self, event: Event) -> bool:
        """Tell whether a record names something wanted, and count who touched that."""
        # Each wanted value stands in the record as it is written, but for case: most records are passed over by that.
        text = "\n".join(map(str, event.fields.values())).lower()
        if self._scan is None or not self._scan.find_matches_as_indexes(text):
            return False
        seen = sightings(event)
        hits = [one.what for one in seen if one.what in self.wanted]
        if not hits:
            return False
        party = next((one.what.value for one in seen if one.role == "actor" and one.what not in hits), "") or event.host
        keep = False
        for what in hits:
            parties = self.shared.setdefault(what, set())
            if len(parties) < PARTIES_COUNTED and party:
                parties.add(party)
            count = self._context[what] = self._context.get(what, 0) + 1
            keep = keep or count <= CONTEXT_OF_ONE
        return keep


Ranked = tuple[int, bool, int, int, Event]
"""A record with its rank: time, whether it is no start of a process, its part and its place in that."""


class _Taken(NamedTuple):
    """One event, as a worker keeps it until it hands its share on."""

    event: Event
    touched: bool = False
    """It names something sought."""
    packs: bool = False
    """It is to be packed, since no rule matched it and it is some process's own."""


class _Marked(NamedTuple):
    """Events that matter, by ``id()``."""

    telling: Collection[int]
    """Of what rules found, what may be told."""
    touched: Collection[int]
    """What names something sought."""


def _ranked(part: int, index: int, event: Event) -> Ranked:
    return event.time_ns or 0, event.logsource.category != "process_creation", part, index, event


def _cut(sizes: Mapping[str, int], where: Mapping[str, Sequence[int]], limit: int) -> list[tuple[set[str], list[int]]]:
    """Cut hosts into batches of so many events, in the order of the parts that hold them."""
    batches: list[tuple[set[str], list[int]]] = []
    batch: set[str] = set()
    size = 0
    ordered = sorted(sizes, key=lambda name: (where[name][0] if name in where else -1, name))
    for place, host in enumerate(ordered, 1):
        batch.add(host)
        size += sizes[host]
        if size >= limit or place == len(ordered):
            batches.append((batch, sorted({number for name in batch for number in where.get(name, ())})))
            batch, size = set(), 0
    return batches


@dataclass(slots=True)
class Coverage:
    """From when to when one log of one host has records."""

    first_ns: int | None = None
    last_ns: int | None = None
    count: int = 0

    def take(self, event: Event) -> None:
        """Widen by one event."""
        self.count += 1
        self._widen(event.time_ns)

    def join(self, other: Coverage) -> None:
        """Widen by what was seen elsewhere."""
        self.count += other.count
        self._widen(other.first_ns)
        self._widen(other.last_ns)

    def _widen(self, at_ns: int | None) -> None:
        if at_ns is None:
            return
        if self.first_ns is None or at_ns < self.first_ns:
            self.first_ns = at_ns
        if self.last_ns is None or at_ns > self.last_ns:
            self.last_ns = at_ns


ENDPOINT_KINDS = frozenset({"process_creation", "file_event", "ps_script"})
"""Categories of which a host's log tells what was opened and run there."""


class Layers(NamedTuple):
    """What logs the evidence has."""

    logs: frozenset[str]
    hosts: frozenset[str]
    of_host: dict[str, dict[str, Coverage]]
    """Coverage by log, by host."""
    accounts: frozenset[str]
    """Bare names seen acting anywhere."""
    with_processes: frozenset[str]
    """Bare names of machines whose processes are logged."""
    kinds: frozenset[str]
    """Categories of events seen anywhere."""
    watched: int
    """Hosts whose own logs tell what was opened and run there; a sensor on the network tells of hosts, but not that."""

    @classmethod
    def of(cls, history: History) -> Layers:
        """Index what a history saw."""
        of_host: dict[str, dict[str, Coverage]] = defaultdict(dict)
        for (host, log), covered in sorted(history.coverage.items()):
            of_host[host][log] = covered
        return cls(
            frozenset(log for _, log in history.coverage),
            frozenset(host for host, _ in history.coverage),
            of_host,
            frozenset().union(*history.accounts.values()),
            frozenset(bare_host(host) for host, kinds in history.kinds.items() if "process_creation" in kinds),
            frozenset().union(*history.kinds.values()),
            sum(bool(kinds & ENDPOINT_KINDS) for kinds in history.kinds.values()),
        )


class Kept(NamedTuple):
    """What one history collected, to be given to another."""

    stay: list[tuple[int, Event]]
    """What is not packed, with its place among all."""
    held: Held | None
    hits: set[tuple[str, int]]
    needs: set[str]
    coverage: dict[tuple[str, str], Coverage]
    accounts: dict[str, set[str]]
    kinds: dict[str, set[str]]
    found: set[tuple[str, str]]
    """(source, record) of what rules matched."""
    shared: dict[Observable, set[str]]
    ties: dict[tuple[Observable, Observable], Seen]


def nothing() -> Kept:
    """Give what a history that saw nothing collected."""
    return History().take()


def account(name: str) -> str:
    r"""Give the bare account of ``CORP\user01``, ``user01@corp.example`` or ``user01``."""
    return name.rpartition("\\")[2].partition("@")[0].lower()


def _tells(event: Event) -> bool:
    if event.logsource.category != "registry_set":
        return True
    target = str(event.fields.get("TargetObject") or "").lower()
    if "\\services\\" in target:
        return target.endswith(SERVICE_VALUES)
    return any(part in target for part in PERSISTENCE)
