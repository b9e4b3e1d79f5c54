"""Wanted: what is known to be hostile, so that records which name it are kept though no rule matched them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sekisho.correlate.hubs import Hubs
from sekisho.correlate.joins import Carried, bodies
from sekisho.correlate.observables import of_file, of_message, outside, values
from sekisho.model.artifact import Analysis
from sekisho.model.incident import Incident
from sekisho.model.observable import Observable
from sekisho.model.verdict import BAD

MOST = 50_000  # values of one run; a mailbox of spam holds some thousands
KINDS = frozenset(("message", "sha256", "url", "domain", "ip", "file"))
ROLES = frozenset(("contacted", "attacker", "served", "carried"))
ENTITY_KINDS = frozenset(("ip", "domain", "sha256"))


def of_mails(carried: Sequence[Carried], hubs: Hubs) -> frozenset[Observable]:
    """Give what hostile mails and files name: their ids, their files and the addresses these hold."""
    parts: dict[str, list[Analysis]] = defaultdict(list)
    for one in carried:
        if one.message is not None and one.analysis.artifact.relation == "body":
            parts[one.message.address].append(one.analysis)
    found: set[Observable] = set()
    for one in carried:
        if one.judgement.verdict not in BAD or len(found) >= MOST:
            continue
        found |= values(of_file(one.analysis))
        if one.analysis is one.message:
            found |= values(of_message(one.analysis))
            for part in bodies(parts[one.analysis.address]):
                found |= values(of_file(part))
    return frozenset(_usable(found, hubs))


def of_incidents(incidents: Iterable[Incident], hubs: Hubs) -> frozenset[Observable]:
    """Give what incidents turned out to touch, for a second look at the logs."""
    found = {
        Observable(entity.type, entity.value.lower())
        for incident in incidents
        for entity in incident.entities
        if entity.role in ROLES and entity.type in ENTITY_KINDS
    }
    return frozenset(sorted(_usable(found, hubs))[:MOST])


def _usable(found: Iterable[Observable], hubs: Hubs) -> Iterable[Observable]:
    for what in found:
        if what.type in KINDS and not hubs.is_hub(what) and (what.type != "ip" or outside(what.value)):
            yield what
