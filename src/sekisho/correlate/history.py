"""What happened: processes on hosts with what they started, wrote, set and contacted, and records of other logs.

Events stream in. Of those, only what can carry a story is kept: what a rule matched, a few fields of what processes do,
and records that name something known to be hostile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ntpath import basename
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick

from sekisho.correlate.identity import Identities, Seen, bare_host
from sekisho.correlate.observables import sightings
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
# Processes that start everybody's programs: a story passes through them but never spreads over them.
HUBS = frozenset(
    "explorer.exe services.exe svchost.exe wininit.exe winlogon.exe userinit.exe smss.exe csrss.exe system lsass.exe "
    "taskeng.exe taskhostw.exe wmiprvse.exe dllhost.exe sihost.exe runtimebroker.exe outlook.exe thunderbird.exe "
    "chrome.exe msedge.exe firefox.exe iexplore.exe conhost.exe werfault.exe".split()
)
# Of these, the ones that malware starts anew to hide in, and what starts them then.
# Source: ATT&CK T1055.012 and its examples (Qakbot S0650: explorer.exe, msra.exe, mobsync.exe; IcedID: svchost.exe).
HIDDEN_IN = frozenset(
    ("explorer.exe", "svchost.exe", "dllhost.exe", "iexplore.exe", "werfault.exe", "runtimebroker.exe")
)
LOADERS = frozenset(
    "regsvr32.exe rundll32.exe mshta.exe wscript.exe cscript.exe powershell.exe pwsh.exe msbuild.exe installutil.exe "
    "winword.exe excel.exe powerpnt.exe onenote.exe eqnedt32.exe".split()
)
UNSET = (None, "", "-")  # how logs write that a field has no value
CONTEXT_OF_ONE = 500  # records that one worker keeps for one hostile value; more tell nothing new and are counted
CLOCK_SLACK_NS = 10 * 60 * 1_000_000_000  # clocks of a mail server and a workstation differ by minutes at most


@dataclass(slots=True, eq=False)
class Process:
    """One process on one host and everything seen of it."""

    key: str
    host: str
    image: str
    command_line: str = ""
    unfolded: str = ""
    user: str = ""
    at_ns: int | None = None
    parent: Process | None = None
    creation: Event | None = None
    hashes: str = ""
    children: list[Process] = field(default_factory=list)
    actions: list[Event] = field(default_factory=list)
    """Files written, registry values set, connections, queries and other events with findings, in time order."""
    starts_ns: int = 0
    """When it started, and never before the one that started it: two logs' clocks differ by moments."""
    generation: int = 0
    """How many ancestors are known."""
    text: str = ""
    """Command line and image, lower case, to look names up in."""

    @property
    def events(self) -> list[Event]:
        """Give its creation, when that was seen, and its actions."""
        return [self.creation, *self.actions] if self.creation is not None else self.actions

    @property
    def name(self) -> str:
        """Give the executable's file name."""
        return name_of(self.image)

    @property
    def is_hub(self) -> bool:
        """Tell whether this is one of the programs that start everybody's programs.

        One that a loader or interpreter started is a program to hide in, not the user's shell.
        """
        name = self.name.lower()
        if name not in HUBS:
            return False
        return name not in HIDDEN_IN or self.parent is None or self.parent.name.lower() not in LOADERS


class History:
    """Collects events as they stream by and links them once asked."""

    def __init__(self, wanted: Collection[Observable] = (), *, only_wanted: bool = False) -> None:
        """Start empty; records that name something ``wanted`` are kept though no rule matched them, or those alone."""
        self.wanted, self.only_wanted = frozenset(wanted), only_wanted
        shown = sorted({what.value.lower() for what in self.wanted})
        self._scan = AhoCorasick(shown) if shown else None
        self._context: dict[Observable, int] = {}
        self._events: list[Event] = []
        self._processes: dict[str, Process] = {}
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
                self._events.append(event)
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
            self._events.append(event)
            self.found.add((event.source, event.record))
        elif wanted is not None and _tells(event):
            fields = event.fields
            self._events.append(replace(event, fields={name: fields[name] for name in wanted if name in fields}))
        elif wanted is None and self.wanted and self._is_context(event):
            self._events.append(event)

    def take(self) -> Kept:
        """Give what was collected so far and start anew: how a worker hands its share on."""
        ties = self.identities.take()
        kept = Kept(self._events, self.coverage, self.accounts, self.kinds, self.found, self.shared, ties)
        self.found = set()
        self._events, self.coverage, self.accounts, self.kinds, self.shared = [], {}, {}, {}, {}
        return kept

    def give(self, kept: Kept) -> None:
        """Add what another history collected."""
        self._events += kept.events
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
        new = [event for event in kept.events if event.id not in self._recalled]
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

    def link(self) -> None:
        """Build the process forest; call once, after the last event."""
        self._layers = None
        self._events.sort(key=lambda event: (event.time_ns or 0, event.logsource.category != "process_creation"))
        latest: dict[tuple[str, str], Process] = {}
        for event in self._events:
            if event.logsource.category == "process_creation":
                self._created(event, latest)
            else:
                self._acted(event, latest)
        self._events = []
        for process in self._processes.values():
            process.text = f"{process.command_line} {process.image}".lower()
            if not process.generation:
                _descend(process)

    def processes(self) -> Iterator[Process]:
        """Give every process seen, in order of first sight."""
        return iter(self._processes.values())

    def kept(self) -> Iterator[Event]:
        """Give every event kept, once linked."""
        for process in self._processes.values():
            yield from process.events
        yield from self._loose

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

    def _created(self, event: Event, latest: dict[tuple[str, str], Process]) -> None:
        fields = event.fields
        key = _key(event.host, fields.get("ProcessGuid"), fields.get("ProcessId"), event)
        process = self._processes.get(key)
        if process is not None and process.creation is not None:
            process.actions.append(event)  # the same creation told by a second log
            return
        if process is None:
            process = self._twin(event, latest) or self._new(key, event.host, str(fields.get("Image") or ""))
        if process.creation is not None:
            process.actions.append(event)
            return
        process.image = str(fields.get("Image") or process.image)
        process.command_line = str(fields.get("CommandLine") or "")
        process.unfolded = _text(fields.get("CommandLine.unfolded"))
        process.user = event.user or str(fields.get("User") or "")
        process.at_ns, process.creation, process.hashes = event.time_ns, event, str(fields.get("Hashes") or "").lower()
        latest[_pid_key(event.host, fields.get("ProcessId"))] = process
        self._adopt(process, fields, latest)

    def _twin(self, event: Event, latest: dict[tuple[str, str], Process]) -> Process | None:
        """Find the process that another log (Security 4688 beside Sysmon 1) told of within two seconds."""
        known = latest.get(_pid_key(event.host, event.fields.get("ProcessId")))
        if known is None or known.at_ns is None or event.time_ns is None:
            return None
        close = abs(known.at_ns - event.time_ns) < 2_000_000_000
        return known if close and known.name.lower() == name_of(str(event.fields.get("Image"))).lower() else None

    def _adopt(self, process: Process, fields: Any, latest: dict[tuple[str, str], Process]) -> None:
        guid = fields.get("ParentProcessGuid")
        parent = self._processes.get(_guid_key(process.host, guid)) if guid else None
        if parent is None:
            parent = latest.get(_pid_key(process.host, fields.get("ParentProcessId")))
        image = str(fields.get("ParentImage") or "")
        if parent is not None and image and parent.name.lower() != name_of(image).lower():
            parent = None  # the number was used again
        if parent is None and (guid or image):
            key = _guid_key(process.host, guid) if guid else f"{process.host.lower()}|parent-of|{process.key}"
            parent = self._new(key, process.host, image)
            parent.command_line = str(fields.get("ParentCommandLine") or "")
        if parent is not None and parent is not process:
            process.parent = parent
            parent.children.append(process)

    def _acted(self, event: Event, latest: dict[tuple[str, str], Process]) -> None:
        fields = event.fields
        guid = fields.get("ProcessGuid") or fields.get("SourceProcessGUID") or fields.get("SourceProcessGuid")
        pid = fields.get("ProcessId") or fields.get("SourceProcessId")
        if pid in (None, "") and event.logsource.service == "powershell":
            pid = fields.get("System_ProcessID")  # PowerShell logs its script blocks itself
        process = self._processes.get(_guid_key(event.host, guid)) if guid else None
        if process is None and pid not in (None, ""):
            process = latest.get(_pid_key(event.host, pid))
        image = str(fields.get("Image") or fields.get("SourceImage") or "")
        if process is None and image:
            process = self._new(_key(event.host, guid, pid, event), event.host, image)
            process.user = event.user
        if process is None:
            self._loose.append(event)
        else:
            process.actions.append(event)

    def _new(self, key: str, host: str, image: str) -> Process:
        process = self._processes[key] = Process(key, host, image)
        return process


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

    events: list[Event]
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


@lru_cache(maxsize=65_536)
def name_of(image: str) -> str:
    """Give a program's file name."""
    return basename(image) or image


def account(name: str) -> str:
    r"""Give the bare account of ``CORP\user01``, ``user01@corp.example`` or ``user01``."""
    return name.rpartition("\\")[2].partition("@")[0].lower()


def members(roots: Iterable[Process]) -> dict[str, Process]:
    """Give processes and all they started, hubs left out, by key."""
    found: dict[str, Process] = {}
    todo = list(roots)
    while todo:
        process = todo.pop()
        if process.key not in found:
            found[process.key] = process
            todo += [child for child in process.children if not child.is_hub]
    return found


def urls_of(process: Process) -> list[str]:
    """Give the URLs on a process's command line, canonical, as unfolding found them."""
    return _listed(process, "CommandLine.url")


def deeds_of(process: Process) -> list[str]:
    """Give what a hidden command line does in the end, other than starting itself: ``downloads X``, ``writes X``."""
    shown = process.command_line.strip('" ')[:40]
    deeds = [one for one in _listed(process, "CommandLine.calls") if shown not in one]
    return deeds if any(one.startswith(("downloads ", "writes ")) for one in deeds) else []


def _listed(process: Process, name: str) -> list[str]:
    found = process.creation.fields.get(name) if process.creation is not None else None
    return [str(one) for one in found] if isinstance(found, list) else [str(found)] if found else []


def by_descent(processes: Iterable[Process]) -> list[Process]:
    """Give processes by time of start, every one after its ancestors."""
    return sorted(processes, key=lambda process: (process.starts_ns, process.generation, process.key))


def _descend(process: Process) -> None:
    """Set start and generation of a process and of the ancestors that have none yet; a circle ends where it closes."""
    line, walked = [process], {process.key}
    while (parent := line[-1].parent) is not None and not parent.generation and parent.key not in walked:
        walked.add(parent.key)
        line.append(parent)
    for one in reversed(line):
        above = one.parent
        one.starts_ns = max(one.at_ns or 0, above.starts_ns if above is not None else 0)
        one.generation = (above.generation if above is not None else 0) + 1


def destination_of(event: Event) -> str:
    """Give the host name or address that a connection went to or a query asked for; empty for any other event."""
    if event.logsource.category == "network_connection":
        name = event.fields.get("DestinationHostname")
        value = name if name not in UNSET else event.fields.get("DestinationIp")
    else:
        value = event.fields.get("QueryName") if event.logsource.category == "dns_query" else None
    return str(value or "")


def targets(events: Iterable[Event], category: str, name: str) -> dict[str, list[Event]]:
    """Group events of one category by one field's value, empty values left out."""
    groups: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        value = event.fields.get(name)
        if event.logsource.category == category and value not in UNSET:
            groups[str(value)].append(event)
    return groups


def _tells(event: Event) -> bool:
    if event.logsource.category != "registry_set":
        return True
    target = str(event.fields.get("TargetObject") or "").lower()
    if "\\services\\" in target:
        return target.endswith(SERVICE_VALUES)
    return any(part in target for part in PERSISTENCE)


def _text(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value or "")


def _key(host: str, guid: Any, pid: Any, event: Event) -> str:
    return _guid_key(host, guid) if guid else f"{host.lower()}|{pid}|{event.time_ns}"


def _guid_key(host: str, guid: Any) -> str:
    return f"{host.lower()}|{str(guid).strip('{}').lower()}"


def _pid_key(host: str, pid: Any) -> tuple[str, str]:
    text = str(pid)
    return host.lower(), str(int(text, 16)) if text.lower().startswith("0x") else text
