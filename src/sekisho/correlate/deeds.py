"""Deeds: records of servers, networks and mail flow told as who did what to whom, alike ones as one.

A burst of four hundred failed logins is one sentence that counts them, not four hundred. What a rule finds telling
keeps its own path or subject; what only fills in the picture is counted together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ntpath import basename
from typing import Any

from sekisho.correlate.identity import bare_host
from sekisho.correlate.links import TELLING
from sekisho.correlate.observables import ACTOR, OBJECT, RECEIVER, TARGET, sightings
from sekisho.correlate.records import Record
from sekisho.model.event import Event
from sekisho.model.finding import Finding
from sekisho.model.incident import Step, Text

PAUSE_NS = 3600 * 1_000_000_000  # the same deed after an hour's pause is told again
EVIDENCE = 100  # records named as evidence of one step; the rest are counted
STEPS = 200  # of one case; the gravest are told
PATH_CHARS = 300
# Logsource (category, else service) -> what its records are told as (catalogue: ``step.*``) and their layer.
TOLD: Mapping[str, tuple[str, str]] = {
    "webserver": ("server.request", "server"),
    "httpproxy": ("server.request", "server"),
    "ecp": ("server.command", "server"),
    "msexchange-management": ("server.command", "server"),
    "authentication": ("server.login", "server"),
    "order": ("server.order", "server"),
    "csp_violation": ("record.found", "server"),
    "mailflow": ("mail.sent", "mail"),
    "message_tracking": ("mail.sent", "mail"),
    "proxy": ("network.requested", "network"),
    "http": ("network.requested", "network"),
    "dns": ("network.asked", "network"),
    "firewall": ("network.flow", "network"),
    "ssl": ("network.flow", "network"),
    "tls": ("network.flow", "network"),
    "network_connection": ("network.flow", "network"),
    "dns_query": ("network.asked", "network"),
    "file_event": ("record.saved", "endpoint"),
    "create_stream_hash": ("record.saved", "endpoint"),
    "process_creation": ("record.started", "endpoint"),
    "conn": ("network.flow", "network"),
    "beacon": ("network.flow", "network"),
    "session": ("server.read", "server"),
    "mailbox": ("server.read", "server"),
    "flow": ("network.flow", "network"),
}
LOGONS = frozenset(("4624", "4625", "4648", "4771", "4776"))  # Source: Microsoft, security auditing events
SUBJECTS = ("message-subject", "subject", "Subject")
PATHS = ("cs-uri-stem", "UrlStem", "path", "request")
QUERIES = ("cs-uri-query", "UrlQuery")
METHODS, SENDS = ("cs-method", "method", "http_method", "http.http_method"), ("POST", "PUT")  # RFC 9110, 9.3.3, 9.3.4
COMMANDS = ("Cmdlet", "CmdletParameters", "Command", "Parameters", "EventData", "Data", "Message")


@dataclass(frozen=True, slots=True)
class Deed:
    """Alike records of one stretch of time."""

    kind: str
    """Key below ``step.``: server.request, mail.sent ..."""
    layer: str
    actor: str
    """Address, account or mailbox that did it, as the records name it; may be empty."""
    actor_type: str
    target: str
    """Server, site or mailbox it was done to; may be empty."""
    target_type: str
    detail: str
    """Path, subject, command or result."""
    records: tuple[Record, ...]
    findings: tuple[Finding, ...]
    targets: int = 1
    """How many mailboxes or accounts it was done to, where they are told together."""

    @property
    def first(self) -> Event:
        """The first record."""
        return self.records[0].event

    @property
    def at_ns(self) -> int | None:
        """When the first of it happened."""
        return self.records[0].at_ns

    @property
    def evidence(self) -> tuple[str, ...]:
        """Ids of the records, as many as are named, and of the findings."""
        events = (one.event.id for one in self.records[:EVIDENCE])
        return tuple(dict.fromkeys([*events, *(one.id for one in self.findings)]))


def deeds(records: Sequence[Record]) -> list[Deed]:
    """Give what records tell, in order of time; at most some hundred, the gravest where there are more."""
    groups: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    latest: dict[tuple[Any, ...], int] = {}
    part: dict[tuple[Any, ...], int] = defaultdict(int)
    told: dict[tuple[Any, ...], tuple[str, ...]] = {}
    for record in records:
        about = _about(record)
        at = record.at_ns or 0
        rules = tuple(sorted(one.rule_id for one in record.findings if not one.of))
        key = (_alike(about, record), rules)
        if at - latest.get(key, at) > PAUSE_NS:
            part[key] += 1
        latest[key] = at
        groups[key, part[key]].append(record)
        told.setdefault((key, part[key]), about)
    made = [_deed(told[key], ones) for key, ones in groups.items()]
    if len(made) > STEPS:
        made = sorted(made, key=lambda one: -sum(finding.weight for finding in one.findings))[:STEPS]
    return sorted(made, key=lambda one: (one.at_ns or 0, one.first.source, one.first.id))


def _alike(about: tuple[str, ...], record: Record) -> tuple[str, ...]:
    """Give what is the same in deeds that are told as one: a query differs each time, and whom a burst goes to."""
    kind, *_ = about
    detail = about[-1].partition("?")[0]
    if kind == "mail.sent":
        return about[:4]
    if kind == "server.login" and detail == "failed" and record.weight < TELLING:
        return (*about[:4], detail)
    return (*about[:-1], detail)


def step(deed: Deed) -> Step:
    """Tell one deed."""
    values = (
        ("actor", deed.actor),
        ("target", deed.target),
        ("targets", deed.targets),
        ("detail", deed.detail),
        ("times", len(deed.records)),
        ("until_ns", deed.records[-1].at_ns if len(deed.records) > 1 else None),
        ("findings", tuple(finding.id for finding in deed.findings)),
    )
    techniques = tuple(dict.fromkeys(one for finding in deed.findings for one in finding.attack))
    key = f"step.{deed.kind}.many" if deed.targets > 1 else f"step.{deed.kind}"
    return Step(deed.at_ns, deed.layer, Text(key, values), techniques, deed.evidence)


def _deed(about: tuple[str, ...], records: Sequence[Record]) -> Deed:
    found = {one.id: one for record in records for one in record.findings}
    findings = tuple(sorted(found.values(), key=lambda one: (-one.weight, one.id)))
    kind, layer, actor, actor_type, target, target_type, detail = about
    targets = 1
    if kind == "mail.sent" or (kind == "server.login" and detail == "failed"):
        reached = {what for record in records for what, role in sightings(record.event) if role in (TARGET, RECEIVER)}
        of_one = "mailbox" if kind == "mail.sent" else "account"
        targets = max(1, sum(what.type == of_one for what in reached))
    return Deed(kind, layer, actor, actor_type, target, target_type, detail, tuple(records), findings, targets)


def _about(record: Record) -> tuple[str, ...]:
    """Give kind, layer, actor and its type, target and its type, and detail of a record."""
    event = record.event
    kind, layer = told_as(event)
    if kind == "network.requested" and _field(event.fields, METHODS).upper() in SENDS:
        kind = "network.sent"
    seen = sightings(event)
    by = {(what.type, role): what.value for what, role in reversed(seen)}
    telling = record.weight >= TELLING
    fields = event.fields
    server = bare_host(event.host)
    actor = _first(by, ("ip", ACTOR), ("account", ACTOR), ("mailbox", ACTOR))
    target, detail = ("host", server), ""
    if kind == "server.request":
        path = _field(fields, PATHS)
        query = _field(fields, QUERIES)
        status = _field(fields, ("sc-status", "HttpStatus"))
        shown = f"{_field(fields, ('cs-method', 'Method'))} {path}{f'?{query}' if query and telling else ''}".strip()
        detail = f"{shown[:PATH_CHARS]} → {status}" if status else shown[:PATH_CHARS]
        target = ("host", server or basename(event.source))
        if not telling:
            detail = "…"  # what fills in the picture is counted, whatever it asked for
    elif kind == "server.command":
        actor = _first(by, ("account", ACTOR), ("ip", ACTOR))
        actor = actor if actor[1] else ("account", event.user)
        words = [word for name in COMMANDS if (word := _field(fields, (name,)))]
        detail = " ".join(words[:2])[:PATH_CHARS]
    elif kind == "server.login":
        who = _first(by, ("account", ACTOR), ("account", TARGET), ("mailbox", ACTOR), ("mailbox", TARGET))
        target, detail = who, "failed" if ("account", TARGET) in by or ("mailbox", TARGET) in by else "succeeded"
        actor = _first(by, ("ip", ACTOR)) if ("ip", ACTOR) in by else ("host", server)
    elif kind == "server.read":
        actor = _first(by, ("account", ACTOR), ("mailbox", ACTOR), ("ip", ACTOR))
        count = _field(fields, ("fetched", "messages"))
        detail = f"{_field(fields, ('action',))} {count}".strip()
    elif kind == "server.order":
        actor, target = _first(by, ("ip", ACTOR)), ("order", by.get(("order", OBJECT), ""))
        detail = _evidence_of(record)
    elif kind == "mail.sent":
        actor = _first(by, ("mailbox", ACTOR), ("account", ACTOR), ("ip", ACTOR))
        target = _first(by, ("mailbox", RECEIVER))
        detail = _field(fields, SUBJECTS)[:PATH_CHARS]
    elif kind in ("record.saved", "record.started"):
        actor = ("process", f"{basename(str(fields.get('Image') or ''))} ({server})")
        detail = str(fields.get("TargetFilename") or fields.get("CommandLine") or "").partition(":Zone")[0][:PATH_CHARS]
    elif layer == "network" and fields.get("Image"):
        actor = ("process", f"{basename(str(fields['Image']))} ({server})")
        target = _first(by, ("domain", OBJECT), ("ip", OBJECT))
    elif layer == "network":
        target = _first(by, ("url", OBJECT), ("domain", OBJECT), ("ip", OBJECT))
    else:
        actor = _first(by, ("account", ACTOR), ("ip", ACTOR))
        shown_as = event.logsource.category or event.logsource.service
        detail = f"{shown_as}: {_evidence_of(record)}" if record.findings else shown_as
    return kind, layer, actor[1], actor[0], target[1], target[0], detail


def _evidence_of(record: Record) -> str:
    """Give the field and value that made the gravest rule match: what is worth seeing of a row of any kind."""
    grave = max(record.findings, key=lambda one: one.weight, default=None)
    shown = [f"{one.field}: {one.value}" for one in grave.evidence[:2]] if grave is not None else []
    return "; ".join(shown)[:PATH_CHARS]


def told_as(event: Event) -> tuple[str, str]:
    """Give what a record is told as and the layer that it is evidence of."""
    source = event.logsource
    if str(event.fields.get("EventID")) in LOGONS and source.service == "security":
        return "server.login", "endpoint"
    known = TOLD.get(source.category) or TOLD.get(source.service)
    if known is not None:
        return known
    if source.product in ("zeek", "suricata", "network"):
        return "network.flow", "network"
    server = source.product in ("exchange", "imap", "shop", "apache", "nginx")
    return "record.found", "server" if server else "endpoint"


def _first(by: Mapping[tuple[str, str], str], *wanted: tuple[str, str]) -> tuple[str, str]:
    return next(((kind, by[kind, role]) for kind, role in wanted if by.get((kind, role))), ("", ""))


def _field(fields: Mapping[str, Any], names: Iterable[str]) -> str:
    for name in names:
        value = fields.get(name)
        if value not in (None, "", "-", []):
            return " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return ""
