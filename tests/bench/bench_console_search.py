"""How fast hunts, searches and entity pages answer in the console: ``./dev bench console_search``.

Not a test. A console with a million events (or as many as the first argument says), 50,000 messages and 500 incidents
is made first; then each page is asked for REPEATS times through HTTP in the same process, one after another. Median,
slowest and CPU time are printed.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import orjson
from starlette.testclient import TestClient

from sekisho.app.console.database import Database, packed
from sekisho.app.console.fulltext import row_of, terms
from sekisho.app.store.state import State, Stored
from sekisho.app.store.tables import pack
from sekisho.app.store.writing import Writer
from sekisho.app.web.desk import Settings, open_desk
from sekisho.app.web.server import create

sys.path.insert(0, str(Path(__file__).parent))
from bench_store import EVENTS, START, made

MESSAGES, INCIDENTS, REPEATS = 50_000, 500, 7
AT = START // 1_000_000_000
SUBJECTS = ("請求書の送付", "見積書の件", "Quarterly report", "打ち合わせの日程", "税務申告について", "Invoice")
PAGES = (
    "/hunt",
    "/hunt?q=CommandLine|contains:needle",
    "/hunt?q=needle",
    "/hunt?q=Image|endswith:\\regsvr32.exe CommandLine|contains:..\\",
    "/hunt?q=subject|contains:請求書",
    "/hunt?q=@host:pc-17 Image|contains:cmd",
    "/hunt?q=Image|exists:true",
    "/hunt?q=ProcessId|gt:64990",
    "/hunt/times?q=subject|contains:請求書",
    "/hunt/times?q=Image|contains:app7",
    "/hunt?q=Image|contains:app7&by=Image",
    "/search?q=請求",
    "/search?q=税",
    "/search?q=invoice",
    "/search?q=u17",
    "/entities/domain?value=partner.example",
    "/entities/mailbox?value=u17@corp.example",
    "/entities/mailbox?value=everybody@corp.example",
    "/entities/host?value=PC-17",
    "/entities/host/events?value=PC-17",
    "/entities/sha256/events?value=" + "0" * 64,
    "/hunt/saved",
)


def fill(database: Database) -> None:
    """Put messages, incidents and what they name into a console."""
    dice = random.Random(4)
    document = packed({"incident": {"identities": []}, "filler": [dice.random() for _ in range(2_000)]})
    tree = packed([{"features": {"body.text": ["text " * 200]}}])
    touch = "INSERT OR IGNORE INTO entities VALUES (?, ?, 'c0', ?, ?, ?, ?)"
    with database.change() as base:
        base.execute("INSERT INTO cases (id, name, created_at, created_by, changed_at) VALUES ('c0', 'a', 1, 'x', 1)")
        for n in range(INCIDENTS):
            key, at = f"i{n:012x}", AT + n * 9_000
            base.execute(
                "INSERT INTO incidents VALUES (?, 'c0', 'high', 3, 'malicious', 0.5, ?, ?, ?, ?, 1, 1, '', ?, ?, ?)",
                (key, f"shortcut opened on PC-{n}", f"PC-{n} で開封", at, at, packed([]), document, document),
            )
            base.execute("INSERT INTO triage (incident, changed_at) VALUES (?, 1)", (key,))
            named = [("host", f"PC-{n % 40}", "victim"), ("mailbox", f"u{n % 90}@corp.example", "opener")]
            named += [("ip", f"203.0.113.{dice.randrange(250)}", "contacted") for _ in range(20)]
            base.executemany(touch, [(kind, value, "incident", key, role, at) for kind, value, role in named])
        for n in range(MESSAGES):
            key, at = f"a{dice.getrandbits(47):012x}", AT + n * 100
            sender, subject = f"a{dice.randrange(3_000)}@partner.example", f"{dice.choice(SUBJECTS)} {n}"
            to = [f"u{dice.randrange(500)}@corp.example", "everybody@corp.example"]
            row = (key, "c0", "mail", f"m#{n}", f"<{n}@x>", subject, sender, "", orjson.dumps(to).decode(), at, "clean")
            base.execute(f"INSERT OR IGNORE INTO messages VALUES ({'?, ' * 11} 0.1, 1, 1, 0, '', ?)", (*row, tree))
            base.execute("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?)", (row_of(key), terms(subject)))
            named = [
                ("mailbox", sender, "sender"),
                ("domain", "partner.example", "sender"),
                ("message", f"<{n}@x>", "message"),
            ]
            named += [("mailbox", one, "recipient") for one in to]
            named += [("sha256", f"{dice.getrandbits(256):064x}", "attachment")]
            base.executemany(touch, [(kind, value, "message", key, role, at) for kind, value, role in named])
            if n % 5 == 0:
                base.execute(
                    "INSERT OR IGNORE INTO findings VALUES ('c0', ?, ?, 'low', 'endpoint', 'T', 'T', ?, ?, '', '', '', '', '', '[]')",
                    (f"f{n:012x}", f"rule{n % 400}", at, f"PC-{n % 500}"),
                )
                base.execute(touch, ("host", f"PC-{n % 500}", "finding", f"f{n:012x}", "host", at))


def main() -> None:
    """Make a console, then ask for its pages."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as folder:
        with State(Path(folder), write=True) as state:
            writer = Writer(state)
            for part in made(count):
                writer.take("bench", pack(part))
            writer.finish(Stored("bench", "bench", "jsonl", 1, count, None))
            writer.flush()
        desk = open_desk(Settings(Path(folder)))
        fill(desk.database)
        client = TestClient(create(desk), base_url="http://127.0.0.1:8765", follow_redirects=False)
        client.get(f"/start?key={desk.key}")
        for path in PAGES:
            spent, busy = [], time.process_time()
            for _ in range(REPEATS):
                at = time.perf_counter()
                answer = client.get(path)
                spent.append(time.perf_counter() - at)
            busy = (time.process_time() - busy) / REPEATS
            told = f"{median(spent) * 1000:6.0f} ms, slowest {max(spent) * 1000:6.0f} ms, CPU {busy * 1000:6.0f} ms"
            print(f"{path[:70]:70} {answer.status_code} {told}, {len(answer.content) / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
