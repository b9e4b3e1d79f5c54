"""Who else: every recipient, opener and machine of the same attack in the data, and how far it got with each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sekisho.correlate.history import account
from sekisho.correlate.identity import bare_host
from sekisho.correlate.joins import Carried
from sekisho.correlate.records import Marker
from sekisho.correlate.story import Telling, mailbox_of, places_of, site_of
from sekisho.model.artifact import Analysis
from sekisho.model.history import subject_of
from sekisho.model.incident import Reached, Text

STATES = ("received", "opened", "ran", "contacted")
SHAPE_CHARS = 12  # a shorter subject is shared by honest mails of one sender
TOLD = 500  # mailboxes and machines of one incident


class Everyone:
    """All mails by what a wave has in common: files, links, and the sender with the shape of the subject."""

    def __init__(self, carried: Iterable[Carried]) -> None:
        """Index every mail once, whatever its verdict."""
        self._mails: dict[tuple[str, ...], list[tuple[Analysis, int | None]]] = defaultdict(list)
        for one in carried:
            message = one.message
            if message is None:
                continue
            keys = _shape(message) if one.analysis is message else [("sha256", one.analysis.sha256)]
            for key in keys:
                self._mails[key].append((message, one.at_ns))

    def like(self, telling: Telling) -> dict[str, tuple[Analysis, int | None, str]]:
        """Give the other mails of a case's wave by address, with what shows it: sha256 or shape."""
        mine = {message.address for message in telling.case.messages}
        known = {message.sha256 for message in telling.case.messages}
        keys: dict[tuple[str, ...], None] = {}
        for one in telling.case.carried:
            if one.analysis is not one.message and one.analysis.sha256 and one.analysis.artifact.relation != "body":
                keys.setdefault(("sha256", one.analysis.sha256))
        for message in telling.case.messages:
            keys.update(dict.fromkeys(_shape(message)))
        found: dict[str, tuple[Analysis, int | None, str]] = {}
        for key in keys:
            for message, at in self._mails.get(key, ())[:TOLD]:
                if message.address not in mine and message.sha256 not in known:
                    found.setdefault(message.address, (message, at, key[0]))
        return found


def reached(telling: Telling, everyone: Everyone, marker: Marker) -> tuple[Reached, ...]:
    """Give everybody whom a case got to, the furthest first."""
    found: dict[str, Reached] = {}
    times = {one.message.address: one.at_ns for one in telling.case.carried if one.message is not None}
    for message in telling.case.messages:
        for box in mailbox_of(message):
            _add(found, account(box), "mailbox", box, "received", times.get(message.address), "copy", (message.id,))
    for message, at, how in everyone.like(telling).values():
        for box in mailbox_of(message):
            _add(found, account(box), "mailbox", box, "received", at, how, (message.id,))
    for join in telling.case.opened:
        user = join.process.user or join.event.user
        key = account(user) if user else bare_host(join.process.host)
        _add(found, key, "host", join.process.host, "opened", join.event.time_ns, "opened", (join.event.id,))
    for process in telling.case.processes.values():
        if process.creation is None or not process.host:
            continue
        key = account(process.user)
        key = key if key in found else bare_host(process.host)
        _add(found, key, "host", process.host, "ran", process.at_ns, "ran", (process.creation.id,))
    _contacts(found, telling, marker)
    ordered = sorted(found.values(), key=lambda one: (-STATES.index(one.state), one.at_ns or 0, one.value))
    return tuple(ordered[:TOLD])


def _contacts(found: dict[str, Reached], telling: Telling, marker: Marker) -> None:
    """Add who contacted what the attack's mails and files hold, by the records of proxies, resolvers and sensors."""
    places = places_of(telling)
    for deed in telling.deeds:
        if deed.layer != "network":
            continue
        if site_of(deed.target) not in places and not deed.findings:
            continue
        for record in deed.records:
            party = marker.party_of(record.event)
            if party:
                at = record.at_ns
                _add(found, party, "host", deed.actor or party, "contacted", at, "contacted", (record.event.id,))


def _shape(message: Analysis) -> list[tuple[str, ...]]:
    sender, subject = str(message.first("sender.address")).lower(), subject_of(str(message.first("subject")))
    return [("shape", sender, subject)] if sender and len(subject) >= SHAPE_CHARS else []


def _add(
    found: dict[str, Reached],
    key: str,
    kind: str,
    value: str,
    state: str,
    at_ns: int | None,
    why: str,
    evidence: Sequence[str],
) -> None:
    """Keep the furthest state of each; a person keeps the name that came first, which is the mailbox."""
    known = found.get(key)
    if known is not None and STATES.index(known.state) >= STATES.index(state):
        return
    named = known if known is not None and known.type == "mailbox" else None
    shown = (named.type, named.value) if named else (kind, value)
    text = Text(f"why.reached.{why}", (("value", value),))
    found[key] = Reached(*shown, state, at_ns, text, tuple(evidence))
