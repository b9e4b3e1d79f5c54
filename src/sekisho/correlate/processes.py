"""Processes: what ran on hosts, who started it, and what it wrote, set and contacted, linked from records of logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ntpath import basename
from typing import Any

from sekisho.model.event import Event

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
Rank = tuple[int, ...]
"""Order of records: by time, starts before all else of one instant, then as they came."""


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
    rank: Rank = ()
    """Where the first record that names it stands among all, by time: what processes are told in order of."""
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


class Forest:
    """Links the records of some hosts into processes; what belongs to no process is left over."""

    def __init__(self) -> None:
        """Start empty."""
        self.processes: dict[str, Process] = {}
        self.loose: list[tuple[Rank, Event]] = []
        self._latest: dict[tuple[str, str], Process] = {}
        """The last process that had a number, by host and number."""
        self._now: tuple[Any, ...] = ()

    def plant(self, ranked: Iterable[tuple[int, bool, int, int, Event]]) -> None:
        """Take every record of these hosts, each after its rank, in order."""
        for self._now in ranked:
            if self._now[1]:
                self._acted(self._now[-1])
            else:
                self._created(self._now[-1])
        for process in self.processes.values():
            if not process.generation:
                _descend(process)

    def finish(self) -> None:
        """Make the texts to look names up in: of those processes that were not let go."""
        for process in self.processes.values():
            process.text = f"{process.command_line} {process.image}".lower()

    def _created(self, event: Event) -> None:
        fields = event.fields
        key = _key(event.host, fields.get("ProcessGuid"), fields.get("ProcessId"), event)
        process = self.processes.get(key)
        if process is not None and process.creation is not None:
            process.actions.append(event)  # the same creation told by a second log
            return
        if process is None:
            process = self._twin(event) or self._new(key, event.host, str(fields.get("Image") or ""))
        if process.creation is not None:
            process.actions.append(event)
            return
        process.image = str(fields.get("Image") or process.image)
        process.command_line = str(fields.get("CommandLine") or "")
        process.unfolded = _text(fields.get("CommandLine.unfolded"))
        process.user = event.user or str(fields.get("User") or "")
        process.at_ns, process.creation, process.hashes = event.time_ns, event, str(fields.get("Hashes") or "").lower()
        self._latest[_pid_key(event.host, fields.get("ProcessId"))] = process
        self._adopt(process, fields)

    def _twin(self, event: Event) -> Process | None:
        """Find the process that another log (Security 4688 beside Sysmon 1) told of within two seconds."""
        known = self._latest.get(_pid_key(event.host, event.fields.get("ProcessId")))
        if known is None or known.at_ns is None or event.time_ns is None:
            return None
        close = abs(known.at_ns - event.time_ns) < 2_000_000_000
        return known if close and known.name.lower() == name_of(str(event.fields.get("Image"))).lower() else None

    def _adopt(self, process: Process, fields: Any) -> None:
        guid = fields.get("ParentProcessGuid")
        parent = self.processes.get(_guid_key(process.host, guid)) if guid else None
        if parent is None:
            parent = self._latest.get(_pid_key(process.host, fields.get("ParentProcessId")))
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

    def _acted(self, event: Event) -> None:
        fields = event.fields
        guid = fields.get("ProcessGuid") or fields.get("SourceProcessGUID") or fields.get("SourceProcessGuid")
        pid = fields.get("ProcessId") or fields.get("SourceProcessId")
        if pid in (None, "") and event.logsource.service == "powershell":
            pid = fields.get("System_ProcessID")  # PowerShell logs its script blocks itself
        process = self.processes.get(_guid_key(event.host, guid)) if guid else None
        if process is None and pid not in (None, ""):
            process = self._latest.get(_pid_key(event.host, pid))
        image = str(fields.get("Image") or fields.get("SourceImage") or "")
        if process is None and image:
            process = self._new(_key(event.host, guid, pid, event), event.host, image)
            process.user = event.user
        if process is None:
            self.loose.append((self._now[:-1], event))
        else:
            process.actions.append(event)

    def _new(self, key: str, host: str, image: str) -> Process:
        process = self.processes[key] = Process(key, host, image, rank=self._now[:-1])
        return process


@lru_cache(maxsize=65_536)
def name_of(image: str) -> str:
    """Give a program's file name."""
    return basename(image) or image


def is_pseudo(process: Process) -> bool:
    """Tell whether a process stands for the system itself, whose acts have no more in common than the machine."""
    return is_pseudo_image(process.image)


def is_pseudo_image(image: str) -> bool:
    """Tell the same of a program's path."""
    return name_of(image).lower() in ("system", "registry") or basename(image).lower() == "ntoskrnl.exe"


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


def _text(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value or "")


def _key(host: str, guid: Any, pid: Any, event: Event) -> str:
    return _guid_key(host, guid) if guid else f"{host.lower()}|{pid}|{event.time_ns}"


def _guid_key(host: str, guid: Any) -> str:
    return f"{host.lower()}|{str(guid).strip('{}').lower()}"


def _pid_key(host: str, pid: Any) -> tuple[str, str]:
    text = str(pid)
    return host.lower(), str(int(text, 16)) if text.lower().startswith("0x") else text
