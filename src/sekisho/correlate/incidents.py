"""Findings, files and host history become incidents: :func:`correlate` is this room's one door."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sekisho.correlate import advice, chart, story
from sekisho.correlate.cases import Case, Given, cases
from sekisho.correlate.deeds import Deed
from sekisho.correlate.history import CLOCK_SLACK_NS, History, account
from sekisho.correlate.hubs import Hubs
from sekisho.correlate.identity import bare_host, custom, told
from sekisho.correlate.joins import Carried, join, sought
from sekisho.correlate.links import TELLING, Link
from sekisho.correlate.observables import ACTOR, OBJECT, account_of, outside, sightings
from sekisho.correlate.processes import urls_of
from sekisho.correlate.reach import Everyone, reached
from sekisho.correlate.records import Marker
from sekisho.correlate.sought import Scanner
from sekisho.correlate.wanted import of_mails
from sekisho.correlate.weeding import Weeder, telling
from sekisho.model.artifact import Analysis
from sekisho.model.finding import LEVELS, Finding
from sekisho.model.freemail import FREEMAIL
from sekisho.model.ids import stable_id
from sekisho.model.incident import Entity, Identity, Incident, Merge, Offset, Reached, Related, Step, Text
from sekisho.model.observable import Observable
from sekisho.model.verdict import BAD, Verdict

# What breadth and confidence add to severity in the score; severity leads, as in the products analysts know.
# Source: the score of Trend Vision One's Workbench is model severity times impact scope.
SHARE_SEVERITY, SHARE_CONFIDENCE, SHARE_BREADTH = 0.5, 0.3, 0.2
MERGES_TOLD, RELATED_TOLD, IDENTITIES_TOLD, TIES_OF_ONE, ENTITIES_OF_ONE = 200, 20, 40, 3, 30
WIDE = 20  # mailboxes and hosts from which on breadth counts whole


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user says about the evidence."""

    own: frozenset[str] = frozenset()
    """Domains of the company, lower case; those of mailboxes that mails were delivered to are added."""
    relays: frozenset[str] = frozenset()
    """Addresses of its servers, gateways and proxies."""
    apart: frozenset[str] = frozenset()
    """Ids of merges to undo (``Merge.id``)."""
    whole: bool = False
    """Keep whatever was logged of every host: the plain way, which the one that lets go is held against."""


def correlate(
    carried: Sequence[Carried], history: History, findings: Sequence[Finding], choices: Choices | None = None
) -> tuple[Incident, ...]:
    """Give the incidents that the evidence holds, the gravest first.

    Args:
        carried: every mail and file with its judgement, in a stable order.
        history: the events of the hosts; linked here.
        findings: everything rules found, in any order.
        choices: what the user says; nothing by default.
    """
    choices = choices or Choices()
    judged = {one.analysis.address: one.judgement for one in carried}
    trees: dict[str, list[Analysis]] = defaultdict(list)
    for one in carried:
        if one.message is not None:
            trees[one.message.address].append(one.analysis)
    hubs = Hubs(choices.own | own_domains(carried), choices.relays)
    named = Scanner(sought(carried, of_mails(carried, hubs)))
    history.link(None if choices.whole else Weeder(named, telling(findings, TELLING)))
    given = Given(carried, join(carried, history), history, findings, judged, trees, hubs, choices.apart)
    grouped, everyone = cases(given), Everyone(carried)
    made = [_incident(case, given, grouped.marker, everyone) for case in grouped.cases]
    return tuple(sorted(made, key=lambda one: (-one.score, one.first_at_ns or 0, one.id)))


def own_domains(carried: Iterable[Carried]) -> frozenset[str]:
    """Give the domains of the mailboxes that copies were delivered to, those of free mail services left out."""
    boxes = {str(box) for one in carried if one.analysis is one.message for box in one.analysis.values("delivered_to")}
    return frozenset({box.rpartition("@")[2].lower() for box in boxes} - FREEMAIL - {""})


def _incident(case: Case, given: Given, marker: Marker, everyone: Everyone) -> Incident:
    telling = story.Telling(case, given.judged, given.trees)
    steps = tuple(story.steps(telling))
    nodes, edges = chart.draw(telling)
    times = [step.at_ns for step in steps if step.at_ns is not None]
    visits = story.followed(telling, given.hubs.addresses)
    severity = _severity(case, visited=bool(visits))
    entities = tuple(_entities(telling, steps))
    root, root_text = _root(case, telling)
    trees = given.trees
    unread = [one.artifact.name for message in case.messages for one in trees.get(message.address, ()) if one.unscanned]
    reach = reached(telling, everyone, marker)
    sources = {record.event.source for record in case.records}
    return Incident(
        id=stable_id("i", case.first_key),
        verdict=case.verdict,
        probability=round(case.probability, 4),
        severity=severity,
        score=round(_score(case, severity, len(reach)), 4),
        title=_title(case, telling, reach if visits else ()),
        root_cause=root,
        root_text=root_text,
        first_at_ns=min(times, default=None),
        last_at_ns=max(times, default=None),
        steps=steps,
        entities=entities,
        nodes=nodes,
        edges=edges,
        findings=tuple(finding.id for finding in case.findings),
        recommendations=advice.recommendations(telling),
        unknown=advice.unknown(telling, given.history, list(dict.fromkeys(unread))),
        merges=tuple(map(_merge, case.merges[:MERGES_TOLD])),
        identities=tuple(_identities(entities, marker)),
        clocks=tuple(
            Offset(one.source, round(one.offset_ns / 1e9, 1), one.things, one.evidence)
            for source, one in marker.clocks.items()
            if source in sources
        ),
        reached=reach,
        related=tuple(
            dict.fromkeys(
                Related(stable_id("i", key), _why(one), one.value) for one, key in case.refused[:RELATED_TOLD]
            )
        ),
    )


def _merge(link: Link) -> Merge:
    return Merge(link.id, _why(link), link.value, round(link.weight, 3), link.at_ns, link.evidence)


def _why(link: Link) -> Text:
    """Give the sentence for a link; the finding of a rule that joined is worded as such."""
    values: tuple[tuple[str, Any], ...] = (("value", link.value),)
    return Text(f"why.merge.{link.how}", (("findings", (link.value,)),) if link.how == "rule" else values)


def _identities(entities: Iterable[Entity], marker: Marker) -> Iterable[Identity]:
    """Give who is who among mailboxes, accounts, machines and addresses of an incident."""
    asked, found = set(), []
    for entity in entities:
        value = bare_host(entity.value) if entity.type == "host" else entity.value.lower()
        kind = "account" if entity.type == "user" else entity.type
        what = Observable(kind, account_of(entity.value) if kind == "account" else value)
        if kind not in ("mailbox", "account", "host", "ip") or not what.value or what in asked:
            continue
        asked.add(what)
        found += marker.identities.ties(what)[:TIES_OF_ONE]
        if kind == "mailbox" and marker.hubs.is_own(what.value) and account_of(what.value):
            named = custom(what.value)
            if marker.identities.ties(named.right) and not marker.identities.ties(what):
                found.append(named)
    for tie in told(found)[:IDENTITIES_TOLD]:
        evidence = (tie.evidence,) if tie.evidence else ()
        yield Identity(tie.left, tie.right, tie.confidence, Text(f"why.tie.{tie.why}"), evidence)


def _severity(case: Case, *, visited: bool) -> str:
    """Grade by how far it got: delivered, opened, called out; findings on hosts and servers by their own level.

    Where a link is all there is, to follow it is to open it.
    """
    levels = [finding.level for record in case.records for finding in record.findings]
    if case.messages or case.carried:
        if case.processes:
            levels.append("critical" if advice.destinations(case) else "high")
        else:
            graded = ("medium", "high") if case.verdict is Verdict.MALICIOUS else ("low", "medium")
            levels.append(graded[visited])
    else:
        levels += [finding.level for finding in case.findings]
    return max(levels, key=LEVELS.index, default="low")


def _score(case: Case, severity: str, reach: int) -> float:
    servers = {record.event.host or record.event.source for record in case.records if record.findings}
    breadth = min(
        1.0, (max(reach, len(story.recipients(case.messages))) + len(advice.victims(case)) + len(servers)) / WIDE
    )
    share = LEVELS.index(severity) / (len(LEVELS) - 1)
    return SHARE_SEVERITY * share + SHARE_CONFIDENCE * case.probability + SHARE_BREADTH * breadth


def _root_file(case: Case, telling: story.Telling) -> Analysis | None:
    """Give the file that was opened, else the most telling hostile file nearest to the mail."""
    message = telling.message
    mine = [one for one in case.carried if one.message is message and one.analysis is not message]
    opened = {one.artifact for one in case.opened}
    real = [one for one in mine if one.analysis.artifact.relation in ("attachment", "member", "input", "embedded")]
    real.sort(key=lambda one: (one.analysis.address not in opened, -_own_weight(one), one.analysis.artifact.depth))
    return real[0].analysis if real else message


def _own_weight(one: Carried) -> float:
    """Give the weight of a file's own heaviest reason, leaving out what it only contains."""
    return max(
        (reason.weight for reason in one.judgement.reasons if not reason.signal.startswith("child:")), default=0.0
    )


def _root(case: Case, telling: story.Telling) -> tuple[str, Text]:
    message, file = telling.message, _root_file(case, telling)
    deed = story.first_grave(telling)
    if deed is not None and (file is None or story.before_mail(deed, telling)) and not _process_first(case, deed):
        done = (("actor", deed.actor), ("target", deed.target or deed.first.source), ("detail", deed.detail))
        mine = deed.findings or [one for one in case.findings if deed.first.id in one.of]
        return deed.first.id, Text("root.record", (*done, ("findings", tuple(one.id for one in mine[:1]))))
    if file is not None:
        values = (
            ("name", file.artifact.name),
            ("subject", message.first("subject") if message else ""),
            ("sender", message.first("sender.address") if message else ""),
            ("address", file.address),
        )
        key = "root.file" if message is None else "root.mail" if file is message else "root.attachment"
        return file.id, Text(key, values)
    known = [process for process in case.processes.values() if process.creation]
    first = next((one for one in known if one.parent is None or one.parent.key not in case.processes), None)
    if first is not None and first.creation is not None:
        return first.creation.id, Text(
            "root.process", (("image", first.name), ("command", first.command_line), ("host", first.host))
        )
    return "", Text("root.unknown")


def _process_first(case: Case, deed: Deed) -> bool:
    """Tell whether a host's processes began it: a program that a server's own started did not."""
    times = [one.at_ns for one in case.processes.values() if one.at_ns is not None and one.parent is None]
    at = deed.at_ns
    return at is not None and bool(times) and min(times) < at - CLOCK_SLACK_NS


def _title(case: Case, telling: story.Telling, reach: Sequence[Reached]) -> Text:
    """Name an incident by what was done; ``reach`` tells of those who followed its links, if anybody did."""
    file, hosts = _root_file(case, telling), list(advice.victims(case))
    deed = story.first_grave(telling)
    if deed is not None and (file is None or story.before_mail(deed, telling)):
        # The gravest thing that was done to a server names the incident; what came of it stands in the story.
        grave = [one for one in case.findings if one.record not in telling.judged]
        named = (one.first.host for one in telling.deeds if one.layer == "server" and one.findings and one.first.host)
        server = bare_host(next(named, "")) or deed.target
        names = (("host", server or deed.first.source), ("more", 0))
        return Text("title.host", (("kind", "process"), *names, ("findings", (grave[0].id,) if grave else ())))
    what = _kind(file) if file is not None else "process"
    visitors = [one.value for one in reach if one.state == "contacted"]
    if not case.processes and visitors and file is telling.message:
        return Text("title.followed", (("kind", what), ("host", visitors[0]), ("more", len(visitors) - 1)))
    if not case.processes:
        return Text("title.delivered", (("kind", what), ("count", len(story.recipients(case.messages)))))
    key = "title.opened" if file is not None else "title.host"
    if file is not None and file is telling.message:
        key = "title.linked" if story.links_of(telling) else "title.called"
    main = next((finding for finding in case.findings), None)
    values = (("kind", what), ("host", hosts[0] if hosts else ""), ("more", max(0, len(hosts) - 1)))
    return Text(key, (*values, ("findings", (main.id,) if main else ())))


def _kind(file: Analysis) -> str:
    """Give the word for what was opened (catalogue: ``kind.*``)."""
    names = set(file.analyzers)
    if "lnk" in names:
        return "shortcut"
    if file.values("xlm.calls") or file.values("xlm.sheet"):
        return "xlm"
    if str(file.first("macro.grade", "none")) != "none":
        return "vba"
    if names & {"eml", "msg"}:
        return "mail"
    if names & {"vbscript", "jscript", "powershell", "cmd"}:
        return "script"
    return "html" if "html" in names else "archive" if "zip" in names else "file"


def _entities(telling: story.Telling, steps: Sequence[Step]) -> Iterable[Entity]:
    case = telling.case
    made: dict[Entity, None] = {}
    for message in case.messages:
        made.setdefault(Entity("mailbox", str(message.first("sender.address")), "sender"))
        made.setdefault(Entity("message", str(message.first("message_id")) or message.address, "message"))
    openers = {account(process.user) for process in case.processes.values() if process.user}
    for box in story.recipients(case.messages):
        made.setdefault(Entity("mailbox", box, "opener" if account(box) in openers else "recipient"))
    for process in case.processes.values():
        if process.user:
            made.setdefault(Entity("user", process.user, "opener" if case.messages else "account"))
        if process.host:
            made.setdefault(Entity("host", process.host, "victim"))
        made.setdefault(Entity("process", process.command_line or process.image, "ran"))
        for address in urls_of(process):
            made.setdefault(Entity("url", address, "contacted"))
    for one in case.carried:
        if one.judgement.verdict in BAD and one.analysis is not one.message and one.analysis.sha256:
            made.setdefault(Entity("file", one.analysis.artifact.name, "carried"))
            made.setdefault(Entity("sha256", one.analysis.sha256, "carried"))
    for address in story.links_of(telling):
        made.setdefault(Entity("url", address, "carried"))
    for deed in telling.deeds:
        for entity in _of_deed(deed):
            made.setdefault(entity)
    for step in steps:
        path = dict(step.what.values).get("path")
        if path:
            made.setdefault(Entity("path", str(path), "registry" if "persisted" in step.what.key else "written"))
    for value in advice.destinations(case):
        made.setdefault(
            Entity("ip" if value.replace(".", "").isdigit() or ":" in value else "domain", value, "contacted")
        )
    return [entity for entity in made if entity.value]


def _of_deed(deed: Deed) -> Iterable[Entity]:
    """Give the entities of a deed that a rule finds telling, and whom an attack's addresses were asked by."""
    grave = sum(finding.weight for finding in deed.findings) >= TELLING
    if deed.layer == "network":
        yield Entity(deed.target_type, deed.target, "contacted")
        if deed.actor_type == "ip" and not outside(deed.actor):
            yield Entity("ip", deed.actor, "source")
        return
    if not grave:
        return
    for record in deed.records[:ENTITIES_OF_ONE]:
        for what, role in sightings(record.event):
            if what.type == "ip" and role == ACTOR:
                yield Entity("ip", what.value, "attacker" if outside(what.value) else "source")
            elif what.type == "account" and role == ACTOR:
                yield Entity("user", what.value, "account")
            elif what.type == "mailbox" and role == OBJECT:
                yield Entity("mailbox", what.value, "accessed")
            elif what.type == "file":
                yield Entity("file", what.value, "served")
        if record.event.host:
            yield Entity("host", record.event.host, "server" if deed.layer == "server" else "victim")
