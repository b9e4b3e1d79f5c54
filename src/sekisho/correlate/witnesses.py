"""Witnesses: what mails and machines on one side and other logs on the other both saw, to compare their clocks by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from sekisho.correlate.clocks import Seen, Shift, shifts
from sekisho.correlate.identity import bare_host
from sekisho.correlate.joins import Carried, addresses_of
from sekisho.correlate.observables import ACTOR, OBJECT, of_message, sightings
from sekisho.correlate.processes import Process
from sekisho.correlate.records import Marker, Record
from sekisho.model.event import Event

CONTACTS = ("domain", "ip")
OUR_SIDE = frozenset(("sysmon", "security"))  # a machine's own logs tell its own time


def compare(
    carried: Sequence[Carried], processes: Iterable[Process], records: Iterable[Record], marker: Marker
) -> dict[str, Shift]:
    """Give the logs whose clocks are off, by source; mails' Received lines and machines' logs are taken for right."""
    theirs: list[Seen] = []
    logons: list[Seen] = []
    for record in records:
        if record.event.time_ns is None:
            continue
        side = logons if record.event.logsource.service in OUR_SIDE else theirs
        side += _of_record(record.event, marker)
    if not theirs:
        return {}
    things = {one.thing for one in theirs}
    ours = [*logons, *_of_mails(carried, things), *_of_processes(processes, things, marker)]
    return shifts(ours, theirs)


def _of_record(event: Event, marker: Marker) -> Iterator[Seen]:
    seen = sightings(event)
    party = marker.party(event, seen)
    at = event.time_ns or 0
    accounts = [what.value for what, role in seen if what.type == "account" and role == ACTOR]
    addresses = [what.value for what, role in seen if what.type == "ip" and role == ACTOR]
    for what, role in seen:
        if what.type in ("message", "order"):
            yield Seen(event.source, (what.type, what.value), at, event.id)
        elif what.type in CONTACTS and role == OBJECT and party:
            yield Seen(event.source, ("contact", party, what.value), at, event.id)
    for account in accounts:
        for address in addresses:
            yield Seen(event.source, ("logon", account, address), at, event.id)


def _of_mails(carried: Iterable[Carried], things: Collection[tuple[str, ...]]) -> Iterator[Seen]:
    for one in carried:
        if one.analysis is one.message and one.at_ns is not None:
            for what, _ in of_message(one.analysis):
                if what.type in ("message", "order") and (what.type, what.value) in things:
                    yield Seen(one.analysis.address, (what.type, what.value), one.at_ns, one.analysis.id)


def _of_processes(processes: Iterable[Process], things: Collection[tuple[str, ...]], marker: Marker) -> Iterator[Seen]:
    for process in processes:
        for event in process.actions:
            if event.logsource.category not in ("network_connection", "dns_query") or event.time_ns is None:
                continue
            party = marker.owner(bare_host(event.host))
            for value in addresses_of(event):
                if ("contact", party, value) in things:
                    yield Seen(event.source, ("contact", party, value), event.time_ns, event.id)
