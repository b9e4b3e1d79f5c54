"""What to do now, and what the evidence cannot tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ntpath import basename

from sekisho.correlate.cases import Case
from sekisho.correlate.deeds import Deed
from sekisho.correlate.history import CLOCK_SLACK_NS, Coverage, History, account
from sekisho.correlate.identity import bare_host
from sekisho.correlate.joins import Carried
from sekisho.correlate.links import TELLING
from sekisho.correlate.observables import ACTOR, outside, sightings
from sekisho.correlate.processes import Process, destination_of
from sekisho.correlate.records import Record
from sekisho.correlate.story import OWN_FILES, RUNNABLE, Telling, followed, links_of, mailbox_of, ran, recipients
from sekisho.model.event import Event
from sekisho.model.incident import Recommendation, Text
from sekisho.model.verdict import Verdict

TARGETS = 50  # shown per recommendation
# Addresses and names that lead nowhere outside the host. Source: RFC 1122, RFC 4291, RFC 5771, RFC 6761.
NOWHERE = ("127.", "::1", "0.0.0.0", "fe80:", "169.254.", "224.", "239.", "255.", "ff02:", "localhost", "wpad")
NETWORK_KINDS = frozenset({"proxy", "firewall", "dns", "tls", "webserver"})
QUIET_NS = 10 * 60 * 1_000_000_000  # a log that ends sooner than this after the last step hides what came next


def recommendations(telling: Telling) -> tuple[Recommendation, ...]:
    """Give what to do, most urgent first, each with what it is based on."""
    return tuple(one for one in _actions(telling) if one.targets)


def unknown(telling: Telling, history: History, unscanned: Sequence[str]) -> tuple[Text, ...]:
    """Name the layers, hosts and spans about which the evidence is silent.

    Args:
        telling: the case in question.
        history: what logs there were at all.
        unscanned: addresses of parts of the case's mails that could not be read.
    """
    return tuple(_gaps(telling, history, unscanned))


def destinations(case: Case) -> dict[str, Event]:
    """Give the addresses and names that the case's processes contacted, with the first event of each."""
    found: dict[str, Event] = {}
    for process in case.processes.values():
        for event in process.actions:
            value = destination_of(event)
            if value and not value.lower().startswith(NOWHERE):
                found.setdefault(value, event)
    return found


def victims(case: Case) -> dict[str, list[Process]]:
    """Give the processes of the case by host."""
    hosts: dict[str, list[Process]] = {}
    for process in case.processes.values():
        if process.host:
            hosts.setdefault(process.host, []).append(process)
    return hosts


def _actions(telling: Telling) -> Iterator[Recommendation]:
    case = telling.case
    hosts = victims(case)
    started = tuple(process.creation.id for process in case.processes.values() if process.creation)[:TARGETS]
    yield Recommendation("isolate", tuple(hosts), Text("why.isolate", (("count", len(case.processes)),)), started)
    mails = tuple(message.id for message in case.messages)
    boxes = tuple(
        dict.fromkeys(box for message in case.messages for box in (mailbox_of(message) or (message.address,)))
    )
    yield Recommendation("quarantine", boxes[:TARGETS], Text("why.quarantine", (("count", len(case.messages)),)), mails)
    contacted = destinations(case)
    yield Recommendation(
        "block",
        tuple(contacted)[:TARGETS],
        Text("why.block.contacted"),
        tuple(event.id for event in contacted.values()),
    )
    came_from = _intruders(telling)
    yield Recommendation(
        "block", tuple(came_from)[:TARGETS], Text("why.block.came_from"), tuple(came_from.values())[:TARGETS]
    )
    holders = links_of(telling)
    held = {address: holder.id for address, (_, holder) in holders.items()}
    yield Recommendation("block", tuple(held)[:TARGETS], Text("why.block.carried"), tuple(dict.fromkeys(held.values())))
    if case.messages and not any(_is_file(one) for one in case.carried):
        # Where no file is to be blocked, the sites are: other links of the wave lead there under other paths.
        sites = {url.ip or url.host: holder.id for url, holder in holders.values() if url.host}
        evidence = tuple(dict.fromkeys(sites.values()))
        yield Recommendation("block", tuple(sites)[:TARGETS], Text("why.block.sites"), evidence)
    users = dict.fromkeys(
        process.user for process in case.processes.values() if process.user and not _is_system(process.user)
    )
    yield Recommendation("reset", tuple(users), Text("why.reset"), started)
    taken = _taken(telling)
    yield Recommendation("reset", tuple(taken)[:TARGETS], Text("why.reset.server"), tuple(taken.values())[:TARGETS])
    sent = _sent(telling)
    yield Recommendation("reset", tuple(sent)[:TARGETS], Text("why.reset.sent"), tuple(sent.values())[:TARGETS])
    dropped = {
        str(event.fields.get("TargetFilename")): event.id
        for process in case.processes.values()
        for event in _dropped(process, telling)
    }
    yield Recommendation("collect", tuple(dropped)[:TARGETS], Text("why.collect"), tuple(dropped.values())[:TARGETS])
    served = _served(telling)
    yield Recommendation(
        "collect", tuple(served)[:TARGETS], Text("why.collect.served"), tuple(served.values())[:TARGETS]
    )
    hashes = {one.analysis.sha256: one.analysis.id for one in case.carried if _is_file(one)}
    yield Recommendation("hunt", tuple(hashes)[:TARGETS], Text("why.hunt"), tuple(hashes.values())[:TARGETS])


def _is_file(one: Carried) -> bool:
    """Tell whether this is a hostile file that could lie elsewhere, not a text we unfolded from it."""
    whole = one.analysis.artifact.relation in ("attachment", "member", "embedded", "overlay")
    return whole and one.judgement.verdict is Verdict.MALICIOUS and bool(one.analysis.sha256)


def _dropped(process: Process, telling: Telling) -> Iterator[Event]:
    """Give the files a process wrote that can run by their name, or that another process of the case ran."""
    for event in process.actions:
        path = str(event.fields.get("TargetFilename") or "").lower()
        if event.logsource.category != "file_event" or basename(path).startswith(OWN_FILES):
            continue
        if path.endswith(tuple(RUNNABLE)) or ran(path, process, telling):
            yield event


def _intruders(telling: Telling) -> dict[str, str]:
    """Give the outside addresses that telling deeds came from, with a record of each."""
    found: dict[str, str] = {}
    for record in _telling_records(telling):
        for what, role in sightings(record.event):
            if what.type == "ip" and role == ACTOR and outside(what.value):
                found.setdefault(what.value, record.event.id)
    return found


def _taken(telling: Telling) -> dict[str, str]:
    """Give the accounts that telling deeds were done with, with a record of each; failed logins take none."""
    found: dict[str, str] = {}
    for record in _telling_records(telling):
        for what, role in sightings(record.event):
            if what.type == "account" and role == ACTOR and not _is_system(what.value):
                found.setdefault(what.value, record.event.id)
    return found


def _sent(telling: Telling) -> dict[str, str]:
    """Give the accounts that sent data where the case's mails lead, with a record of each."""
    found: dict[str, str] = {}
    for deed in followed(telling):
        for record in deed.records if deed.kind == "network.sent" else ():
            for what, role in sightings(record.event):
                if what.type == "account" and role == ACTOR and not _is_system(what.value):
                    found.setdefault(what.value, record.event.id)
    return found


def _served(telling: Telling) -> dict[str, str]:
    """Give the files a server runs that telling deeds wrote or asked for."""
    found: dict[str, str] = {}
    for record in _telling_records(telling):
        for what, _ in sightings(record.event):
            if what.type == "file":
                found.setdefault(what.value, record.event.id)
    return found


def _telling_records(telling: Telling) -> Iterator[Record]:
    return (record for record in telling.case.records if record.weight >= TELLING)


def _is_system(user: str) -> bool:
    return account(user) in ("system", "local service", "network service", "-", "") or user.endswith("$")


def _gaps(telling: Telling, history: History, unscanned: Sequence[str]) -> Iterator[Text]:
    case = telling.case
    layers = history.layers
    on_server = [one for one in telling.deeds if one.layer == "server" and one.findings]
    if not case.messages and not on_server:
        yield Text("unknown.mail.none")
    yield from _server_gaps(telling, on_server, history)
    if not case.messages and not case.carried and on_server:
        pass  # a server was attacked: nothing was to be opened on a host
    elif not history.coverage:
        yield Text("unknown.endpoint.none")
    elif not case.processes:
        watched = layers.watched
        yield Text("unknown.endpoint.not_opened", (("hosts", watched),)) if watched else Text("unknown.endpoint.none")
    silent = [box for box in recipients(case.messages) if account(box) not in layers.accounts]
    if silent and history.coverage:
        yield Text("unknown.recipients", (("count", len(silent)), ("mailboxes", tuple(silent[:TARGETS]))))
    if case.processes and layers.kinds.isdisjoint(NETWORK_KINDS):
        yield Text("unknown.network.none")
    for host in victims(case):
        if not history.kinds.get(host, set()) & {"network_connection", "dns_query"}:
            yield Text("unknown.network.host", (("host", host),))
        if "file_event" not in history.kinds.get(host, set()):
            yield Text("unknown.file.host", (("host", host),))
    first = min((one.at_ns for one in case.carried if one.at_ns is not None), default=None)
    last = max((event.time_ns or 0 for process in case.processes.values() for event in process.actions), default=0)
    for host in victims(case):
        logs = layers.of_host.get(host, {})
        late = {log: one.first_ns for log, one in logs.items() if _starts_late(one, first)}
        if late:
            at = min(value for value in late.values() if value is not None)
            yield Text("unknown.log.starts", (("host", host), ("log", ", ".join(late)), ("at_ns", at)))
        ends = [one.last_ns for one in logs.values() if one.last_ns is not None]
        if last and ends and max(ends) < last + QUIET_NS:
            yield Text("unknown.log.ends", (("host", host), ("log", ", ".join(logs)), ("at_ns", max(ends))))
    if unscanned:
        yield Text("unknown.unscanned", (("count", len(unscanned)), ("names", tuple(unscanned[:TARGETS]))))


def _server_gaps(telling: Telling, on_server: Sequence[Deed], history: History) -> Iterator[Text]:
    """Name what an attack on a server leaves open: what ran there, and what was sent from the accounts it took."""
    if not on_server:
        return
    logs = history.layers.logs
    names = dict.fromkeys(bare_host(one.first.host) for one in on_server if one.first.host)
    silent = [name for name in names if name not in history.layers.with_processes]
    if silent:
        yield Text("unknown.server.endpoint", (("hosts", tuple(silent)),))
    if not logs & {"webserver", "proxy", "httpproxy"}:
        yield Text("unknown.server.requests")
    if _taken(telling) and not logs & {"mailflow", "message_tracking"} and not telling.case.messages:
        yield Text("unknown.server.mailflow")


def _starts_late(covered: Coverage, mail_ns: int | None) -> bool:
    return mail_ns is not None and covered.first_ns is not None and covered.first_ns > mail_ns + CLOCK_SLACK_NS
