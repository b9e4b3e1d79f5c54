"""What of a result may be looked for or blocked elsewhere, how strongly, and what must not be, with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from sekisho.model.artifact import Analysis
from sekisho.model.event import Event
from sekisho.model.finding import LEVELS
from sekisho.model.incident import Incident
from sekisho.model.indicator import canonical
from sekisho.model.organisation import Organisation
from sekisho.model.result import Result
from sekisho.model.verdict import BAD, Verdict
from sekisho.model.warninglists import why_not

WHOLE = ("attachment", "member", "embedded", "overlay", "input")
"""Relations of artifacts that lie somewhere as files of their own; what we unfolded does not."""
CLICKED = ("href", "form", "text")
"""Where in a mail a link stands that a reader may follow."""
MOST = 5_000
"""Values of one export; what exceeds them is counted."""
# How far a value may be trusted to mean an attack wherever it is seen. Who sends may be a stolen account, a sending
# host serves others too, and names are chosen freely; what a hostile process asked for or carried is the attack's own.
# An address that a server was attacked from may be handed to somebody else tomorrow.
STRONG = {"contacted": 90, "carried": 85, "dropped": 90, "linked": 70, "attacker": 60}
WEAK = {
    "attacker": 40,
    "sender": 30,
    "sent_from": 30,
    "named": 20,
    "written": 40,
    "contacted": 40,
    "carried": 40,
    "linked": 35,
}


@dataclass(frozen=True, slots=True)
class Observed:
    """A value seen in an attack."""

    kind: str
    """One of ``model.indicator.KINDS``."""
    value: str
    role: str
    """attacker contacted carried dropped linked written sender sent_from named (catalogue: ``observed.*``)."""
    strong: bool
    """Fit to block or to raise an alarm by itself."""
    confidence: int
    evidence: tuple[str, ...]
    """Ids of artifacts and events."""
    first_ns: int | None = None
    last_ns: int | None = None
    name: str = ""
    """Of the file that a hash belongs to; hostile."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A value that is not exported."""

    kind: str
    value: str
    reason: str
    """One of ``model.warninglists.REASONS``, ``no_value`` or ``victim``."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What is exported, strongest first, and what is not."""

    observed: tuple[Observed, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def strong(self) -> tuple[Observed, ...]:
        """Give what may be blocked."""
        return tuple(one for one in self.observed if one.strong)


def own_names(organisation: Organisation) -> frozenset[str]:
    """Give the names and addresses that an organisation must never block: its own, its servers', its partners'."""
    return frozenset((*organisation.domains, *organisation.partners, *organisation.relays))


def pick(
    result: Result, incidents: Sequence[Incident], own: frozenset[str] = frozenset(), *, exercise: bool = False
) -> Picked:
    """Give the values of incidents, or of all malicious files where there is no incident.

    Args:
        result: what the incidents are part of.
        incidents: those to tell of; empty for all malicious artifacts.
        own: names and addresses of one's own and of partners.
        exercise: let values pass that are reserved for documentation.
    """
    found: dict[tuple[str, str], Observed] = {}
    left: dict[tuple[str, str], LeftOut] = {}
    for one in _all(result, incidents):
        value = canonical(one.kind, one.value)
        key = one.kind, value or one.value
        if value is None:
            left.setdefault(key, LeftOut(one.kind, one.value, "no_value"))
        elif reason := why_not(one.kind, value, own, exercise=exercise):
            left.setdefault(key, LeftOut(one.kind, value, reason))
        elif key in found:
            found[key] = _joined(found[key], replace(one, value=value))
        elif len(found) < MOST:
            found[key] = replace(one, value=value)
    order = sorted(found.values(), key=lambda one: (not one.strong, -one.confidence))
    return Picked(tuple(order), tuple(left.values()))


def discreet(picked: Picked, hide: Callable[[str], str]) -> Picked:
    """Give what outsiders may see: values that name a victim, such as links with a reader's address, are left out."""
    kept, left = [], list(picked.left_out)
    for one in picked.observed:
        plain = unquote(one.value)
        if hide(plain) == plain:
            kept.append(one)
        else:
            left.append(LeftOut(one.kind, hide(plain), "victim"))
    return Picked(tuple(kept), tuple(left))


def _joined(old: Observed, new: Observed) -> Observed:
    """Give one of two sightings of a value: the stronger role, the whole span, all evidence."""
    best = new if (new.strong, new.confidence) > (old.strong, old.confidence) else old
    times = [at for one in (old, new) for at in (one.first_ns, one.last_ns) if at is not None]
    return replace(
        best,
        evidence=tuple(dict.fromkeys(old.evidence + new.evidence)),
        first_ns=min(times, default=None),
        last_ns=max(times, default=None),
        name=old.name or new.name,
    )


def _made(
    kind: str, value: str, role: str, evidence: tuple[str, ...], at: int | None, *, strong: bool, name: str = ""
) -> Observed:
    table = STRONG if strong and role in STRONG else WEAK
    return Observed(kind, value, role, strong and role in STRONG, table[role], evidence, at, at, name)


def _all(result: Result, incidents: Sequence[Incident]) -> Iterator[Observed]:
    analyses = {one.id: one for one, _ in result.artifacts}
    verdicts = {one.id: judgement.verdict for one, judgement in result.artifacts}
    if not incidents:
        for key, one in analyses.items():
            if verdicts[key] is Verdict.MALICIOUS:
                yield from _artifact(one, verdicts[key], None)
        return
    events = {one.id: one for one in result.events}
    by_address = {one.address: one for one in analyses.values()}
    children = _children(analyses.values())
    for incident in incidents:
        hosts = _accused(result, incident)
        for key in used(incident):
            if key in analyses:
                for one in _tree(analyses[key], children):
                    at = _sent_ns(one, by_address, incident)
                    yield from _artifact(one, verdicts[one.id], at)
                    if one.artifact.relation == "body" and verdicts[key] is Verdict.MALICIOUS:
                        yield from _links(one, hosts, at)
        yield from _contacts(incident)
        yield from _dropped(incident, events)


def used(incident: Incident) -> tuple[str, ...]:
    """Give the ids of all evidence that an incident stands on, in the order it is told."""
    keys = [key for step in incident.steps for key in step.evidence]
    keys += [key for edge in incident.edges for key in edge.evidence]
    keys += [key for one in incident.recommendations for key in one.evidence]
    return tuple(dict.fromkeys((*keys, *incident.findings)))


def _children(analyses: Iterable[Analysis]) -> dict[str, list[Analysis]]:
    found: dict[str, list[Analysis]] = defaultdict(list)
    for one in analyses:
        if one.artifact.parent:
            found[one.artifact.parent].append(one)
    return found


def _tree(root: Analysis, children: dict[str, list[Analysis]]) -> Iterator[Analysis]:
    waiting, seen = [root], set()
    while waiting:
        one = waiting.pop()
        if one.address in seen:
            continue  # a document written by hand may call a file its own parent
        seen.add(one.address)
        yield one
        waiting += children.get(one.address, [])


def _artifact(one: Analysis, verdict: Verdict, at: int | None) -> Iterator[Observed]:
    if one.media_type == "message/rfc822" or "eml" in one.analyzers or "msg" in one.analyzers:
        yield from _message(one, at)
        return
    hostile, whole = verdict in BAD, one.artifact.relation in WHOLE
    if whole and hostile and one.sha256:
        strong = verdict is Verdict.MALICIOUS
        yield _made("sha256", one.sha256, "carried", (one.id,), at, strong=strong, name=one.artifact.name)
        if one.artifact.relation != "overlay":
            yield _made("file", one.artifact.name, "named", (one.id,), at, strong=False)
    if hostile:
        for url in one.urls:
            yield _made("url", url.canonical or url.raw, "carried", (one.id,), at, strong=verdict is Verdict.MALICIOUS)


def _accused(result: Result, incident: Incident) -> set[str]:
    """Give the hosts of links that grave findings of an incident's mails name."""
    mine, found = set(incident.findings), set()
    for one in result.findings:
        if one.id not in mine or LEVELS.index(one.level) < LEVELS.index("high"):
            continue
        for item in one.evidence:
            if item.field.startswith("link.") or item.field == "brand.link_hosts":
                values = item.value if isinstance(item.value, list | tuple) else [item.value]
                found |= {value.lower() for value in values if isinstance(value, str) and "." in value}
    return found


def _links(body: Analysis, hosts: set[str], at: int | None) -> Iterator[Observed]:
    """Give where a hostile mail leads.

    To be blocked only what a finding names and what is no site's first page: such mails link to honest sites too.
    """
    for url in body.urls:
        if url.where in CLICKED:
            inner = url.canonical.partition("://")[2].partition("/")[2].strip("/?#")
            strong = bool(inner) and url.host.lower() in hosts
            yield _made("url", url.canonical or url.raw, "linked", (body.id,), at, strong=strong)


def _message(one: Analysis, at: int | None) -> Iterator[Observed]:
    for value in one.values("sender.address"):
        yield _made("email", str(value), "sender", (one.id,), at, strong=False)
    for value in one.values("origin.ip"):
        yield _made("ip", str(value), "sent_from", (one.id,), at, strong=False)


def _sent_ns(one: Analysis, by_address: dict[str, Analysis], incident: Incident) -> int | None:
    """Give when the mail that holds an artifact arrived, as far as the incident's story tells."""
    roots = set()
    here: Analysis | None = one
    while here is not None and here.id not in roots:
        roots.add(here.id)
        here = by_address.get(here.artifact.parent or "")
    times = (step.at_ns for step in incident.steps if step.layer == "mail" and roots & set(step.evidence))
    return next((at for at in times if at is not None), incident.first_at_ns)


def _contacts(incident: Incident) -> Iterator[Observed]:
    """Give what the incident's processes spoke to or asked for on their command lines, and where it came from."""
    told: dict[str, bool] = {}
    for step in incident.steps:
        facts = dict(step.what.values)
        target = str(facts.get("target") or "")
        if step.layer != "network" or not target:
            continue
        sure = bool(facts.get("place")) or any(key.startswith("f") for key in step.evidence)
        told[target.lower()] = told.get(target.lower(), False) or sure
        evidence = tuple(key for key in step.evidence if key[:1] in "ae")
        kind = "ip" if canonical("ip", target) else "domain"
        yield _made(kind, target, "contacted", evidence, step.at_ns, strong=sure)
    for entity in incident.entities:
        if entity.role == "attacker" and entity.type == "ip":
            yield _made("ip", entity.value, "attacker", (), incident.last_at_ns, strong=True)
        if entity.role != "contacted":
            continue
        if entity.type == "url":
            yield _made("url", entity.value, "contacted", (), incident.last_at_ns, strong=True)
        elif entity.type in ("ip", "domain") and entity.value.lower() not in told:
            yield _made(entity.type, entity.value, "contacted", (), incident.last_at_ns, strong=False)


def _dropped(incident: Incident, events: dict[str, Event]) -> Iterator[Observed]:
    """Give names of files that the incident's processes wrote, and hashes of those that ran or were loaded."""
    written = {entity.value.lower() for entity in incident.entities if entity.role == "written"}
    for value in sorted(written):
        yield _made("file", value, "written", (), incident.last_at_ns, strong=False)
    for key in used(incident):
        event = events.get(key)
        if event is None:
            continue
        path = str(event.fields.get("ImageLoaded") or event.fields.get("Image") or "").lower()
        if path in written and (hashes := str(event.fields.get("Hashes") or "")):
            for algorithm, _, value in (part.partition("=") for part in hashes.split(",")):
                if algorithm.strip().lower() == "sha256":
                    name = path.rpartition("\\")[2]
                    yield _made("sha256", value.strip(), "dropped", (key,), event.time_ns, strong=True, name=name)
