"""A small console for tests of incidents: results of literals, indexed, with people who look and decide."""

from __future__ import annotations

import re
import shutil

from fastapi.testclient import TestClient

from sekisho.app.console.accounts import Role
from sekisho.app.console.audit import SYSTEM, Actor
from sekisho.app.console.indexing import index
from sekisho.app.web.access import COOKIE
from sekisho.app.web.desk import Settings, open_desk
from sekisho.app.web.server import create
from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence, Finding
from sekisho.model.ids import stable_id
from sekisho.model.incident import Edge, Entity, Incident, Merge, Node, Reached, Recommendation, Step, Text
from sekisho.model.result import Result
from sekisho.model.verdict import Judgement, Verdict

BASE = "http://127.0.0.1:8765"
ANNA, BEN = Actor("anna", "192.0.2.7"), Actor("ben")
START_NS = 1_653_000_000_000_000_000  # 2022-05-19T22:40:00Z
MINUTE_NS = 60_000_000_000
WMI = Logsource("windows", "process_creation", "sysmon")


def event(number, image=r"C:\Windows\System32\regsvr32.exe", host="PC-0142.corp.example", source="case/logs/a.jsonl"):
    """Give a process start, ``number`` minutes after the start."""
    fields = {"Image": image, "CommandLine": f"{image} /s {number}", "User": r"CORP\user01"}
    return Event(WMI, fields, START_NS + number * MINUTE_NS, host, r"CORP\user01", source, str(number))


def finding(on, rule="11111111-1111-4111-8111-111111111111", title="Loader started", level="high"):
    """Give a rule's match on an event's image."""
    key = stable_id("f", rule, on.id)
    shown = (Evidence("Image", on.fields["Image"]),)
    where = (on.source, on.record, on.time_ns)
    return Finding(
        key, rule, title, level, ("T1218.010",), *where, shown, on.id, on.host, on.user, "endpoint", 3.5, (("ja", "ローダを起動"),)
    )  # fmt: skip


def incident(key, events, findings, *, severity="high", score=0.5, title="beacon.example", merges=()):
    """Give an incident whose steps are some events, on one mailbox and one machine."""
    steps = tuple(
        Step(
            one.time_ns,
            "endpoint",
            Text(
                "step.endpoint.started",
                (
                    ("parent", "EXCEL.EXE"),
                    ("command", one.fields["CommandLine"]),
                    ("host", one.host),
                    ("findings", tuple(f.id for f in findings if f.event_id == one.id)),
                ),
            ),
            ("T1218.010",),
            (one.id, *(f.id for f in findings if f.event_id == one.id)),
        )
        for one in events
    )
    nodes = tuple(Node(f"n{one.id[1:]}", "process", one.fields["Image"], "endpoint") for one in events)
    why = Text("why.edge.started")
    edges = tuple(
        Edge(a.id, b.id, "started", one.time_ns, why, (one.id,))
        for a, b, one in zip(nodes, nodes[1:], events, strict=False)
    )
    return Incident(
        id=key,
        verdict=Verdict.MALICIOUS,
        probability=0.9,
        severity=severity,
        score=score,
        title=Text("title.opened", (("kind", "xlm"), ("host", title), ("more", 0), ("findings", ()))),
        root_cause=events[0].id,
        root_text=Text("root.file", (("address", "C:\\x.xls"),)),
        first_at_ns=events[0].time_ns,
        last_at_ns=events[-1].time_ns,
        steps=steps,
        entities=(Entity("host", events[0].host, "victim"), Entity("mailbox", "user01@corp.example", "opener")),
        nodes=nodes,
        edges=edges,
        findings=tuple(one.id for one in findings),
        recommendations=(
            Recommendation("isolate", (events[0].host,), Text("why.isolate", (("count", 1),)), (events[0].id,)),
        ),
        unknown=(),
        merges=tuple(
            Merge(one, Text("why.merge.ip", (("value", "203.0.113.7"),)), "203.0.113.7", 0.7, None, (events[0].id,)) for one in merges
        ),
        reached=(
            Reached("mailbox", "user01@corp.example", "opened", events[0].time_ns, Text("why.reached.copy", (("value", "u"),)), (events[0].id,)),
        ),
    )  # fmt: skip


def mail(address="case/box.mbox » 3", name="請求書<b>.xls"):
    """Give a mail with an attachment, as read."""
    held = Artifact("mail.eml", b"", address)
    part = Artifact(name, b"", f"{address} » {name}", address, 1, "attachment")
    judged = Judgement(Verdict.MALICIOUS, 0.9)
    head = (Feature("subject", "見積の件"), Feature("sender.address", "a@partner.example"))
    read = (Analysis(held, "1" * 64, 900, "message/rfc822", ("eml",), head), judged)
    return read, (Analysis(part, "2" * 64, 700, "application/vnd.ms-excel", ("ole",), ()), judged)


def result(incidents, events, findings, artifacts=()):
    """Give a result of these."""
    kept = tuple(artifacts), tuple(findings), tuple(incidents), tuple(events)
    return Result(Verdict.MALICIOUS, (), *kept, 1, (), {"total": 0.1})


A, B, C = "iaaaaaaaaaaaa", "ibbbbbbbbbbbb", "icccccccccccc"
EVENTS = tuple(event(number) for number in range(6))
FINDINGS = tuple(finding(one) for one in EVENTS)


def plain():
    """Give a result of three incidents: A with three events, B with two, C with one, which is gravest."""
    return result(
        [
            incident(A, EVENTS[:3], FINDINGS[:3], merges=("g111111111111", "g222222222222")),
            incident(B, EVENTS[3:5], FINDINGS[3:5], title="gate.example"),
            incident(C, EVENTS[5:], FINDINGS[5:], severity="critical", score=0.9, title="PC-0007.corp.example"),
        ],
        EVENTS,
        FINDINGS,
    )


def desk_with(folder, found=None):
    """Give a desk with one investigated case, and the case's id; anna and ben are analysts, vera looks."""
    desk = open_desk(Settings(folder))
    for name, role in (("root", Role.ADMIN), ("anna", Role.ANALYST), ("ben", Role.ANALYST), ("vera", Role.VIEWER)):
        desk.accounts.add(name, role, "", SYSTEM)
    key = desk.cases.create("The week", SYSTEM)
    index(desk.database, key, plain() if found is None else found)
    return desk, key


def copied(folder, made):
    """Give a console of its own over a desk that was made once."""
    shutil.copytree(made, folder / "desk")
    return create(open_desk(Settings(folder / "desk")))


class Browser(TestClient):
    """Somebody who is signed in; forms carry the key of their session."""

    def __init__(self, app, name="anna", look="en|light|UTC"):
        super().__init__(app, base_url=BASE, follow_redirects=False)
        self.cookies.set(COOKIE, app.state.desk.accounts.begin(name, "testclient"))
        self.cookies.set("sekisho_look", look)
        self.csrf = re.search(r'name="csrf" content="([^"]*)"', self.get("/incidents").text)[1]

    def submit(self, url, **fields):
        """Send a form."""
        return self.post(url, data={"csrf": self.csrf, **fields})


def program(app, *scopes, name="anna"):
    """Give a program that shows a token."""
    _, secret = app.state.desk.accounts.make_token(name, "test", frozenset(scopes), 1, SYSTEM)
    return TestClient(app, base_url=BASE, headers={"authorization": f"Bearer {secret}"}, follow_redirects=False)
