"""Findings, files and host history become incidents: :func:`correlate` is this room's one door."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sekisho.correlate import advice, chart, story
from sekisho.correlate.cases import Case, cases
from sekisho.correlate.history import History, account, urls_of
from sekisho.correlate.joins import Carried, join
from sekisho.model.artifact import Analysis
from sekisho.model.finding import LEVELS, Finding
from sekisho.model.ids import stable_id
from sekisho.model.incident import Entity, Incident, Step, Text
from sekisho.model.verdict import BAD, Judgement, Verdict

# What breadth and confidence add to severity in the score; severity leads, as in the products analysts know.
# Source: the score of Trend Vision One's Workbench is model severity times impact scope.
SHARE_SEVERITY, SHARE_CONFIDENCE, SHARE_BREADTH = 0.5, 0.3, 0.2
WIDE = 20  # mailboxes and hosts from which on breadth counts whole


def correlate(carried: Sequence[Carried], history: History, findings: Sequence[Finding]) -> tuple[Incident, ...]:
    """Give the incidents that the evidence holds, the gravest first.

    Args:
        carried: every mail and file with its judgement, in a stable order.
        history: the events of the hosts; linked here.
        findings: everything rules found, in any order.
    """
    history.link()
    judged = {one.analysis.address: one.judgement for one in carried}
    trees: dict[str, list[Analysis]] = defaultdict(list)
    for one in carried:
        if one.message is not None:
            trees[one.message.address].append(one.analysis)
    found = cases(carried, join(carried, history), history, findings, judged)
    made = [_incident(case, history, judged, trees) for case in found]
    return tuple(sorted(made, key=lambda one: (-one.score, one.first_at_ns or 0, one.id)))


def _incident(
    case: Case, history: History, judged: Mapping[str, Judgement], trees: Mapping[str, Sequence[Analysis]]
) -> Incident:
    telling = story.Telling(case, judged, trees)
    steps = tuple(story.steps(telling))
    nodes, edges = chart.draw(telling)
    times = [step.at_ns for step in steps if step.at_ns is not None]
    severity = _severity(case)
    entities = tuple(_entities(case, steps))
    root, root_text = _root(case, telling)
    unread = [one.artifact.name for message in case.messages for one in trees.get(message.address, ()) if one.unscanned]
    return Incident(
        id=stable_id("i", case.first_key),
        verdict=case.verdict,
        probability=round(case.probability, 4),
        severity=severity,
        score=round(_score(case, severity), 4),
        title=_title(case, telling),
        root_cause=root,
        root_text=root_text,
        first_at_ns=min(times, default=None),
        last_at_ns=max(times, default=None),
        steps=steps,
        entities=entities,
        nodes=nodes,
        edges=edges,
        findings=tuple(finding.id for finding in case.findings),
        recommendations=advice.recommendations(case),
        unknown=advice.unknown(case, history, list(dict.fromkeys(unread))),
    )


def _severity(case: Case) -> str:
    """Grade by how far it got: delivered, opened, called out; host findings alone by their own level."""
    if case.messages or case.carried:
        if not case.processes:
            return "medium" if case.verdict is Verdict.MALICIOUS else "low"
        return "critical" if advice.destinations(case) else "high"
    return max((finding.level for finding in case.findings), key=LEVELS.index, default="low")


def _score(case: Case, severity: str) -> float:
    breadth = min(1.0, (len(story.recipients(case)) + len(advice.victims(case))) / WIDE)
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


def _title(case: Case, telling: story.Telling) -> Text:
    file, hosts = _root_file(case, telling), list(advice.victims(case))
    what = _kind(file) if file is not None else "process"
    if not case.processes:
        return Text("title.delivered", (("kind", what), ("count", len(story.recipients(case)))))
    key = "title.opened" if file is not None else "title.host"
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


def _entities(case: Case, steps: Sequence[Step]) -> Iterable[Entity]:
    made: dict[Entity, None] = {}
    for message in case.messages:
        made.setdefault(Entity("mailbox", str(message.first("sender.address")), "sender"))
        made.setdefault(Entity("message", str(message.first("message_id")) or message.address, "message"))
    openers = {account(process.user) for process in case.processes.values() if process.user}
    for box in story.recipients(case):
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
        if one.judgement.verdict in BAD:
            if one.analysis is not one.message and one.analysis.sha256:
                made.setdefault(Entity("file", one.analysis.artifact.name, "carried"))
                made.setdefault(Entity("sha256", one.analysis.sha256, "carried"))
            for url in one.analysis.urls:
                made.setdefault(Entity("url", url.canonical or url.raw, "carried"))
    for step in steps:
        path = dict(step.what.values).get("path")
        if path:
            made.setdefault(Entity("path", str(path), "registry" if "persisted" in step.what.key else "written"))
    for value in advice.destinations(case):
        made.setdefault(
            Entity("ip" if value.replace(".", "").isdigit() or ":" in value else "domain", value, "contacted")
        )
    return [entity for entity in made if entity.value]
