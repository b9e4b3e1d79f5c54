"""Records: events of every log that is no process's own, as units that links can join.

A record is kept for a finding on it, because a correlation stands on it, or because it names what is already known to
be hostile. The same record in two files, or told by two logs in the same words, is one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ntpath import basename

from sekisho.correlate.clocks import Shift
from sekisho.correlate.held import WRITES, written
from sekisho.correlate.history import History
from sekisho.correlate.hubs import Hubs
from sekisho.correlate.identity import Identities, bare_host
from sekisho.correlate.links import GRAVE, Mark
from sekisho.correlate.observables import ACTOR, OBJECT, fetched_names, of_file, of_message, of_text, outside, sightings
from sekisho.correlate.processes import Process, is_pseudo
from sekisho.model.artifact import Analysis
from sekisho.model.event import Event
from sekisho.model.finding import Finding
from sekisho.model.observable import Observable, Sighting

# Programs that serve the web: what they start or write belongs to a request. Source: ATT&CK T1505.003, data sources.
WEB_WORKERS = frozenset(
    "w3wp.exe httpd.exe nginx.exe php-cgi.exe php.exe tomcat.exe tomcat9.exe java.exe umworkerprocess.exe httpd nginx "
    "apache2 php-fpm php".split()
)
# What a written file can be run as by its name. Source: Windows' PATHEXT, and what regsvr32 and rundll32 are given.
RUN = (".exe", ".dll", ".ocx", ".scr", ".com", ".bat", ".cmd", ".vbs", ".js", ".wsf", ".hta", ".ps1", ".msi", ".dat")
NAME_CHARS = 6  # a shorter name than a.exe is nobody's own
# Products, categories and services of logs in which an account acts as itself, not as whoever sits at a machine.
ACCOUNT_LOGS = frozenset(
    "exchange imap m365 azure okta onelogin webserver httpproxy ecp msexchange-management authentication session "
    "mailbox mailflow message_tracking smtp shop".split()
)
# Where programs lie that every machine has. Source: Windows' default folders.
INSTALLED = ("c:\\windows\\", "c:\\program files\\", "c:\\program files (x86)\\")
# Ports by which one machine works on another. Source: Microsoft, "Service overview and network port requirements".
ADMIN_PORTS = frozenset(("135", "139", "445", "3389", "5985", "5986"))
# Exploited services, guessed and stolen passwords. Source: ATT&CK, tactics initial access and credential access.
WAYS_IN = ("T1190", "T1133", "T1110", "T1212", "T1539")
# Logs whose grave records on one machine within minutes are taken for one attack on it.
SERVER_LOGS = frozenset(("webserver", "httpproxy", "ecp", "oabgenerator", "msexchange-management", "order", "upload"))


@dataclass(slots=True)
class Record:
    """One event, however often it was logged, with what rules say of it."""

    event: Event
    findings: list[Finding] = field(default_factory=list)
    twins: list[str] = field(default_factory=list)
    """Ids of the same record elsewhere."""
    at_ns: int | None = None
    """When it happened by the clocks of mails and machines."""

    @property
    def key(self) -> str:
        """Name of the unit."""
        return f"record:{self.event.id}"

    @property
    def weight(self) -> float:
        """Log-odds of all that rules say."""
        return sum(one.weight for one in self.findings)


def collect(
    events: Iterable[Event], by_event: Mapping[str, Sequence[Finding]], joined: Collection[str], context: bool = True
) -> dict[str, Record]:
    """Give the records worth looking at by event id; the ids of twins lead to the one that is kept.

    Args:
        events: events that belong to no process.
        by_event: findings that are shown, by event.
        joined: ids of events that correlations stand on.
        context: keep events without either, which name something hostile.
    """
    found: dict[str, Record] = {}
    by_content: dict[int, Record] = {}
    for event in events:
        mine = by_event.get(event.id, ())
        if not (mine or context or event.id in joined):
            continue
        content = _content(event)
        known = by_content.get(content)
        if known is None:
            known = by_content[content] = Record(event, at_ns=event.time_ns)
        elif known.event.id != event.id:
            known.twins.append(event.id)
        rules = {one.rule_id for one in known.findings}
        known.findings += [one for one in mine if one.rule_id not in rules]
        found[event.id] = known
    return found


def _content(event: Event) -> int:
    """Give what equal records share: what and when, not where it was found."""
    told = tuple(sorted((name, str(value)) for name, value in event.fields.items() if not name.startswith("_")))
    return hash((event.logsource, event.time_ns, event.host, told))


def begins(record: Record) -> bool:
    """Tell whether a record is an attack on a server that an incident can begin with: grave, and from outside."""
    source = record.event.logsource
    if record.weight < GRAVE or not {source.category, source.service} & {*SERVER_LOGS, "authentication"}:
        return False
    return any(what.type == "ip" and role == ACTOR and outside(what.value) for what, role in sightings(record.event))


def enters(record: Record) -> bool:
    """Tell whether what rules found on a record is a way in, not only what is done once inside."""
    return any(one.startswith(WAYS_IN) for finding in record.findings for one in finding.attack)


class Marker:
    """Gives the marks of units: their observables with time and party."""

    def __init__(self, identities: Identities, hubs: Hubs, clocks: Mapping[str, Shift] | None = None) -> None:
        """Names are resolved by ``identities``, times corrected by ``clocks``; hubs are left out."""
        self.identities, self.hubs, self.clocks = identities, hubs, clocks or {}
        self._owners: dict[str, str] = {}

    def time(self, event: Event) -> int | None:
        """Give when an event happened by the clocks of mails and machines."""
        shift = self.clocks.get(event.source)
        return event.time_ns if shift is None or event.time_ns is None else event.time_ns - shift.offset_ns

    def party_of(self, event: Event) -> str:
        """Give on whose behalf an event was logged."""
        return self.party(event, sightings(event))

    def of_record(self, record: Record) -> Iterator[Mark]:
        """Give the marks of a record."""
        event, weight = record.event, record.weight
        seen, at = sightings(event), self.time(event)
        party = self.party(event, seen)
        shown = (str(one.value) for finding in record.findings for one in finding.evidence)
        of_accounts, way_in = not ACCOUNT_LOGS.isdisjoint(event.logsource), enters(record)
        inside = (one for text in shown if "//" in text for one in of_text(text))
        for what, role in dict.fromkeys([*seen, *inside]):
            role = ACTOR if what.type == "fetched" else role
            if what.type in ("account", "mailbox") and not of_accounts:
                continue  # who works at a machine acts in everything there; what its programs do tells more
            for mark in self._mark(record.key, what, role, at, party, weight, event.id):
                yield replace(mark, enters=True) if way_in else mark
        host = bare_host(event.host)
        if event.logsource.product == "windows" and host and weight:
            for name in {name for text in map(str, event.fields.values()) for name in fetched_names(text)}:
                yield Mark(record.key, Observable("written", f"{host}|{name}"), OBJECT, at, party, weight, event.id)
            if weight >= GRAVE:
                yield Mark(record.key, Observable("lateral", host), OBJECT, at, party, weight, event.id)
        elif event.logsource.category in ("file_event", "create_stream_hash"):
            path = str(event.fields.get("TargetFilename") or "").partition(":Zone")[0]
            for name in fetched_names(basename(path)):
                yield Mark(record.key, Observable("fetched", name), OBJECT, at, party, weight, event.id)
        if event.logsource.category in SERVER_LOGS or event.logsource.service in SERVER_LOGS:
            where = Observable("server", host or self._server(event))
            yield Mark(record.key, where, OBJECT, at, party, weight, event.id)

    def _server(self, event: Event) -> str:
        """Give the machine whose log leaves its name out: by its own address, else the log stands for it."""
        own = str(event.fields.get("s-ip") or event.fields.get("server-ip") or "")
        return (own and self.identities.host_of(own, event.time_ns)) or event.source

    def of_mail(
        self, message: Analysis, files: Iterable[Analysis], at_ns: int | None, boxes: Sequence[str], *, call: bool
    ) -> Iterator[Mark]:
        """Give the marks of a hostile mail and what it carries; a mail of one's own account is that account's act.

        ``call`` says that the mail asks to be telephoned, so that what its reader then does has no link to show for it.
        """
        unit = f"mail:{message.address}"
        party = next(iter(self._accounts(boxes)), "")
        if call:
            for account in self._accounts(boxes):
                yield Mark(unit, Observable("callback", account), ACTOR, at_ns, account, GRAVE, message.id)
        for what, role in of_message(message):
            yield from self._mark(unit, what, role, at_ns, party, GRAVE, message.id)
        for file in files:
            for what, role in of_file(file):
                part = ACTOR if what.type == "fetched" else role
                yield from self._mark(unit, what, part, at_ns, party, GRAVE, file.id)

    def of_lone_file(self, file: Analysis) -> Iterator[Mark]:
        """Give the marks of a hostile file that no mail brought."""
        for what, role in of_file(file):
            yield from self._mark(f"file:{file.address}", what, role, None, "", GRAVE, file.id)

    def of_process(self, process: Process, weights: Mapping[str, float]) -> Iterator[Mark]:
        """Give the marks of a process: what it contacted and wrote, and that a web server started it."""
        unit, party = f"process:{process.key}", self.owner(bare_host(process.host))
        worker = process.name.lower() in WEB_WORKERS or (
            process.parent is not None and process.parent.name.lower() in WEB_WORKERS
        )
        for event in process.events:
            weight = weights.get(event.id, 0.0)
            known = (process.image or "").lower().startswith(INSTALLED)
            for what, role in sightings(event):
                if what.type == "sha256" and known:
                    continue  # of a program that every machine has
                if what.type in ("ip", "domain", "url", "file", "sha256") and (what.type != "ip" or role == OBJECT):
                    yield from self._mark(unit, what, role, event.time_ns, party, weight, event.id)
            yield from self._effects(unit, process, event, party, weight)
            if weight >= GRAVE:
                yield Mark(unit, Observable("callback", party), OBJECT, event.time_ns, party, weight, event.id)
            if worker and weight:
                where = Observable("server", bare_host(process.host))
                yield Mark(unit, where, OBJECT, event.time_ns, party, weight, event.id)

    def _effects(self, unit: str, process: Process, event: Event, party: str, weight: float) -> Iterator[Mark]:
        """Give what an event of a process may be the cause or the effect of elsewhere."""
        host, at = bare_host(process.host), event.time_ns
        category, fields = event.logsource.category, event.fields
        if category == "process_creation":
            for name in fetched_names(str(fields.get("CommandLine") or "")):
                yield Mark(unit, Observable("fetched", name), OBJECT, at, party, weight, event.id)
                yield Mark(unit, Observable("written", f"{host}|{name}"), OBJECT, at, party, weight, event.id)
        elif category == "file_event":
            name = basename(str(fields.get("TargetFilename") or "")).lower()
            if name.endswith(RUN) and len(name) >= NAME_CHARS:
                yield Mark(unit, Observable("written", f"{host}|{name}"), ACTOR, at, party, weight, event.id)
        elif category == "network_connection" and str(fields.get("DestinationPort")) in ADMIN_PORTS:
            there = self.identities.host_of(str(fields.get("DestinationIp") or ""), at)
            there = there or bare_host(str(fields.get("DestinationHostname") or ""))
            if there and there != host:
                yield Mark(unit, Observable("lateral", there), ACTOR, at, party, weight, event.id)

    def party(self, event: Event, seen: Sequence[Sighting]) -> str:
        """Give on whose behalf a record was made: a person where the logs show one, else a machine or an address."""
        account = next((what.value for what, role in seen if what.type == "account" and role == ACTOR), "")
        if account:
            return account
        box = next((what for what, role in seen if what.type == "mailbox" and role == ACTOR), None)
        if box is not None:
            return self.plain(box).value
        address = next((what.value for what, role in seen if what.type == "ip" and role == ACTOR), "")
        if address and not outside(address):
            return self.owner(self.identities.host_of(address, event.time_ns)) or address
        return address or self.owner(bare_host(event.host))

    def plain(self, what: Observable) -> Observable:
        """Give the account that a mailbox of the company belongs to, any other observable as it is."""
        if what.type == "mailbox" and self.hubs.is_own(what.value):
            return Observable("account", next(iter(self._accounts([what.value])), what.value))
        return what

    def _accounts(self, boxes: Iterable[str]) -> Iterator[str]:
        for box in boxes:
            ties = self.identities.ties(Observable("mailbox", box.lower()))
            named = next((tie.right.value for tie in ties if tie.right.type == "account"), "")
            yield named or box.partition("@")[0].lower()

    def owner(self, host: str) -> str:
        """Give who works at a machine when one account alone does, else the machine."""
        if host not in self._owners:
            self._owners[host] = self._find_owner(host)
        return self._owners[host]

    def _find_owner(self, host: str) -> str:
        if not host:
            return ""
        ties = self.identities.ties(Observable("host", host))
        people = {tie.left.value for tie in ties if tie.left.type == "account"}
        desks = {tie.left.value for tie in ties if tie.left.type == "account" and tie.why == "logon"} or people
        return next(iter(desks)) if len(desks) == 1 else host

    def _mark(
        self, unit: str, what: Observable, role: str, at_ns: int | None, party: str, weight: float, evidence: str
    ) -> Iterator[Mark]:
        plain = self.plain(what)
        if not self.hubs.is_hub(plain):
            yield Mark(unit, plain, role, at_ns, party, weight, evidence)


def touching(history: History, told: Collection[str], hostile: Collection[Observable]) -> Iterator[Event]:
    """Give where other processes, browsers above all, started with, asked for or contacted a hostile mail's address."""
    if not hostile:
        return
    for process in history.processes():
        if process.key in told:
            continue
        for event in process.events:
            category = event.logsource.category
            if category in ("network_connection", "dns_query"):
                if any(what in hostile for what, role in sightings(event) if role == OBJECT):
                    yield event
            elif category == "process_creation" and any(
                what in hostile for what, _ in of_text(process.command_line if "//" in process.command_line else "")
            ):
                yield event


def names_of(records: Iterable[Record], hostile: Iterable[Observable]) -> frozenset[str]:
    """Give the names of files that records show being fetched, or that hostile links lead to."""
    fetched = {what.value for record in records for what, _ in sightings(record.event) if what.type == "fetched"}
    for what in hostile:
        if what.type == "url":
            fetched.update(fetched_names(what.value.partition("?")[0].rpartition("/")[2]))
    return frozenset(fetched)


def saving(history: History, told: Collection[str], names: Collection[str]) -> Iterator[Event]:
    """Give the writes by which other processes, browsers above all, saved files of some names."""
    if not names:
        return
    for process in history.processes():
        if process.key in told:
            continue
        for event in process.actions:
            if event.logsource.category in WRITES and written(event) in names:
                yield event
    yield from history.saves(names)


def loose(history: History) -> Iterator[Event]:
    """Give the events that belong to no process, and those of the pseudo-processes."""
    yield from history.loose()
    for process in history.processes():
        if is_pseudo(process):
            yield from process.events
