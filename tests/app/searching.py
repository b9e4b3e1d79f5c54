"""A small console with events, mails, incidents and what they name, for tests of its search."""

from pathlib import Path

import orjson
from starlette.testclient import TestClient

from sekisho.app.console.database import packed
from sekisho.app.console.fulltext import row_of, terms
from sekisho.app.store.state import State, Stored
from sekisho.app.store.tables import pack
from sekisho.app.store.writing import DAY_NS, Writer
from sekisho.app.web.desk import Settings, open_desk
from sekisho.app.web.server import create
from sekisho.model.event import Event, Logsource

START = 19_100 * DAY_NS
AT = START // 1_000_000_000
PROCESS = Logsource("windows", "process_creation", "sysmon")
DNS = Logsource("zeek", "dns", "dns")
CASE, INCIDENT = "c00000000000a", "i00000000000a"
HOSTILE = '<img src=x onerror=alert(1)>"\u202e{{7*7}}'
SUBJECTS = ["請求書の送付", "見積書を送ります", "税務署からのお知らせ", "Quarterly report", HOSTILE]
HASH = "ab" * 32


def events():
    """Give process creations of nine days, and names that were asked for."""
    for n in range(9):
        line = f'cmd{n}.exe /c "{HOSTILE}"' if n == 5 else f"cmd{n}.exe /c dir"
        fields = {"Image": f"C:\\Windows\\cmd{n}.exe", "CommandLine": line, "n": n}
        yield Event(PROCESS, fields, START + n * DAY_NS, "PC-0142.corp.example", "CORP\\user01", "evidence/a", str(n))
    for n in range(3):
        yield Event(DNS, {"query": "bad.example", "answers": ["203.0.113.9"]}, START + n, "", "", "evidence/d", str(n))


def fill(folder: Path):
    """Make a console in a folder and put into it what tests look for."""
    with State(folder, write=True) as state:
        writer = Writer(state)
        made = list(events())
        writer.take("evidence/a", pack(made))
        writer.finish(Stored("a", "evidence/a", "log", 1, len(made), None))
        writer.flush()
    desk = open_desk(Settings(folder))
    with desk.database.change() as base:
        base.execute(
            "INSERT INTO cases (id, name, created_at, created_by, changed_at) VALUES (?, '請求の件', 1, 'x', 1)",
            (CASE,),
        )
        base.execute(
            "INSERT INTO files (case_id, path, digest, bytes, added_at, added_by) VALUES (?, 'mail/請求書.eml', ?, 1, 1, 'x')",
            (CASE, "cd" * 32),
        )
        document = packed({"incident": {"identities": [tie("user01", "pc-0142")]}, "findings": {}, "events": {}})
        row = (
            INCIDENT,
            CASE,
            "high",
            3,
            "malicious",
            0.8,
            "shortcut opened on PC-0142",
            "ショートカットを開封",
            AT,
            AT + 60,
            1,
            1,
            "T1204.002",
            packed([]),
            document,
            document,
        )
        base.execute("INSERT INTO incidents VALUES (" + ", ".join("?" * 16) + ")", row)
        base.execute("INSERT INTO triage (incident, changed_at) VALUES (?, 1)", (INCIDENT,))
        base.execute(
            "INSERT INTO comments (incident, at, who, text) VALUES (?, 1, 'suzuki', '税関を装う一連のメール')",
            (INCIDENT,),
        )
        finding = (
            CASE,
            "f00000000000a",
            "r1",
            "high",
            "endpoint",
            "Odd shell",
            "不審なシェル",
            AT,
            "PC-0142.corp.example",
            "CORP\\user01",
            "a",
            "1",
            "",
            INCIDENT,
            "[]",
        )
        base.execute("INSERT INTO findings VALUES (" + ", ".join("?" * 15) + ")", finding)
        for n, subject in enumerate(SUBJECTS):
            _message(base, n, subject)
        touched = [
            ("host", "PC-0142.corp.example", "incident", INCIDENT, "victim"),
            ("user", "CORP\\user01", "incident", INCIDENT, "opener"),
            ("ip", "203.0.113.9", "incident", INCIDENT, "contacted"),
            ("domain", "bad.example", "incident", INCIDENT, "contacted"),
            ("url", "http://bad.example/a?b=1", "incident", INCIDENT, "contacted"),
            ("sha256", HASH, "incident", INCIDENT, "carried"),
            ("host", "PC-0142.corp.example", "finding", "f00000000000a", "host"),
            ("path", "C:\\odd.exe", "finding", "f00000000000a", "event"),
        ]
        base.executemany(
            "INSERT INTO entities VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(kind, value, CASE, owner, ref, role, AT) for kind, value, owner, ref, role in touched],
        )
    return desk


def tie(left, right):
    """Give a document's tie between an account and a host."""
    return {
        "left": {"type": "account", "value": left},
        "right": {"type": "host", "value": right},
        "confidence": 95,
        "why": "logon record",
        "facts": {"key": "why.tie.logon"},
        "evidence": [],
    }


def _message(base, n, subject):
    key = f"a{n + 1:012x}"
    at, incident = AT + n * 60, INCIDENT if n == 0 else ""
    row = (
        key,
        CASE,
        "mail",
        f"m.mbox#{n}",
        f"<m{n}@a.example>",
        subject,
        "boss@partner.example",
        "Boss",
        orjson.dumps(["user01@corp.example"]).decode(),
        at,
        "malicious" if n == 0 else "clean",
        0.9,
        1,
        0,
        0,
        incident,
        packed([]),
    )
    base.execute("INSERT INTO messages VALUES (" + ", ".join("?" * 17) + ")", row)
    base.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (row_of(key), terms(subject)))
    named = [
        ("mailbox", "boss@partner.example", "sender"),
        ("mailbox", "user01@corp.example", "recipient"),
        ("message", f"<m{n}@a.example>", "message"),
    ]
    if n == 0:
        named += [("sha256", HASH, "attachment"), ("file", "invoice.lnk", "attachment")]
    base.executemany(
        "INSERT INTO entities VALUES (?, ?, ?, 'message', ?, ?, ?)",
        [(kind, value, CASE, key, role, at) for kind, value, role in named],
    )


def visit(desk):
    """Give a browser that has the console open."""
    client = TestClient(create(desk), base_url="http://127.0.0.1:8765", follow_redirects=False)
    client.get(f"/start?key={desk.key}")
    return client
