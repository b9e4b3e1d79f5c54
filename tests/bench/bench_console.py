"""Answers of the console under load: ``./dev bench console`` or ``python tests/bench/bench_console.py [events [users]]``.

Not a test. A desk with a million events, 50,000 messages and 500 incidents is made from one small lab case whose rows
are repeated under other ids, times and subjects; then as many users as told (20) open the main pages one after another for
SECONDS, each over a connection of its own, looking at each for PAUSE_S on average. The median and the 95th percentile
of each page are printed; then how many pages a second the console gives when nobody pauses, and hunts over all events,
one at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote

import httpx2
from bench_store import EVENTS, made

from sekisho.app.console.accounts import Role
from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.database import Database
from sekisho.app.console.fulltext import row_of, terms
from sekisho.app.store.state import State, Stored
from sekisho.app.store.tables import pack
from sekisho.app.store.writing import Writer
from sekisho.app.web.access import COOKIE
from sekisho.app.web.desk import Desk, Settings, open_desk

MESSAGES, INCIDENTS, USERS, SECONDS, DAY_S = 50_000, 500, 20, 40, 86_400
PAUSE_S = 1.0  # a user who reads nothing and only clicks
HUNTS = ("CommandLine|contains:needle", "needle", "subject|contains:請求書", "Image|endswith:\\regsvr32.exe")
SUBJECTS = ("請求書の送付", "見積書の件", "Re: meeting", "ご注文の確認", "Invoice", "税務署からのお知らせ")


def case(folder: Path) -> Desk:
    """Give a console with the founding lab case investigated."""
    lab = folder / "lab"
    run = [sys.executable, "-m"]
    subprocess.run(
        [*run, "sekisho.app.cli", "lab", "make", "emotet-lnk-vbs", "--out", str(lab)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    desk = open_desk(Settings(folder / "desk"))
    key = desk.cases.create("bench", SYSTEM)
    root = lab / "emotet-lnk-vbs" / "evidence"
    for path in sorted(root.rglob("*")):
        if path.is_file():
            desk.cases.add(key, str(path.relative_to(root)), [path.read_bytes()], SYSTEM)
    job = desk.jobs.ask(key, SYSTEM)
    subprocess.run([*run, "sekisho.app.console.work", str(folder / "desk"), str(job)], check=True)
    return desk


def multiplied(base: Database) -> None:
    """Repeat the case's messages and incidents until there are as many as told."""
    dice, now = random.Random(5), int(time.time())
    tables = {
        name: [dict(row) for row in base.all(f"SELECT * FROM {name}")]
        for name in ("messages", "incidents", "findings", "entities")
    }
    touched = defaultdict(list)
    for row in tables["entities"]:
        touched[row["ref"]].append(row)

    def put(table: str, rows: list[dict]) -> None:
        names = list(rows[0])
        base.base.executemany(
            f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            [tuple(row[name] for name in names) for row in rows],
        )

    def another(prefix: str, *parts: object) -> str:
        return prefix + hashlib.sha256(repr(parts).encode()).hexdigest()[:12]

    with base.change():
        for begin in range(0, MESSAGES, 1000):
            messages, entities, words = [], [], []
            for number in range(begin, begin + 1000):
                row = dict(tables["messages"][number % len(tables["messages"])])
                old, row["id"], row["at"] = row["id"], another("a", number), now - dice.randrange(60 * DAY_S)
                row["subject"] = f"{dice.choice(SUBJECTS)} {number}"
                row["incident"] = "" if dice.random() < 0.97 else row["incident"]
                row["sender"] = f"user{dice.randrange(4000)}@partner{dice.randrange(900)}.example"
                row["verdict"] = dice.choices(["clean", "suspicious", "malicious", "unscanned"], [90, 4, 4, 2])[0]
                messages.append(row)
                words.append({"rowid": row_of(row["id"]), "text": terms(row["subject"] + " " + row["sender"])})
                for one in touched[old][:14]:
                    value = one["value"] if dice.random() < 0.2 else f"{dice.randrange(30_000)}-{one['value']}"
                    entities.append({**one, "ref": row["id"], "value": value, "at": row["at"]})
            put("messages", messages)
            put("words", words)
            put("entities", entities)
        for number in range(INCIDENTS):
            row = dict(tables["incidents"][0])
            old, row["id"] = row["id"], another("i", number)
            row["severity"], row["rank"] = dice.choice([("critical", 4), ("high", 3), ("medium", 2), ("low", 1)])
            row["first_at"] = now - dice.randrange(60 * DAY_S)
            row["last_at"] = row["first_at"] + 3600
            put("incidents", [row])
            put(
                "triage",
                [{"incident": row["id"], "state": dice.choice(["new", "progress", "closed"]), "changed_at": now}],
            )
            put("entities", [{**one, "ref": row["id"]} for one in touched[old]])
            put(
                "findings",
                [{**one, "id": another("f", number, one["id"]), "incident": row["id"]} for one in tables["findings"]],
            )
    base.base.execute("PRAGMA optimize")


def with_events(folder: Path, count: int) -> None:
    """Fill the store with events."""
    with State(folder, write=True) as state:
        writer = Writer(state)
        for number, part in enumerate(made(count)):
            writer.take(str(number), pack(part))
            writer.finish(
                Stored(hashlib.sha256(str(number).encode()).hexdigest(), str(number), "bench", 1, len(part), None)
            )
        writer.flush()


def served(desk: Desk) -> tuple[subprocess.Popen[str], str]:
    """Start the console on its own, as people start it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "sekisho.app.cli",
        "serve",
        "--data",
        str(desk.settings.folder),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, f"http://127.0.0.1:{port}"
        time.sleep(0.05)


def paths(base: Database) -> list[tuple[str, str]]:
    """Give the pages that are asked for, each with what it is called."""
    ids = [row["id"] for row in base.all("SELECT id FROM incidents ORDER BY id LIMIT 40")]
    mails = [row["id"] for row in base.all("SELECT id FROM messages WHERE kind = 'mail' ORDER BY id LIMIT 40")]
    host = base.one("SELECT kind, value FROM entities WHERE kind = 'host' LIMIT 1")
    assert host is not None
    key = base.all("SELECT id FROM cases")[0]["id"]
    return [
        ("overview", "/"),
        ("incidents", "/incidents"),
        ("incidents, page 8", "/incidents?state=&page=8"),
        *(("incident", f"/incidents/{one}") for one in ids[:3]),
        ("messages", "/messages"),
        ("messages, malicious", "/messages?verdict=malicious"),
        ("messages, 請求", f"/messages?q={quote('請求')}"),
        *(("message", f"/messages/{one}") for one in mails[:3]),
        ("entity", f"/entities/{host['kind']}?value={quote(host['value'])}"),
        ("search, 請求書", f"/search?q={quote('請求書')}"),
        ("search, address", f"/search?q={quote('user7@partner7.example')}"),
        ("rules", "/rules"),
        ("campaigns", "/campaigns"),
        ("actions", "/actions"),
        ("cases", "/cases"),
        ("case", f"/cases/{key}"),
    ]


@dataclass
class Load:
    """Users of a console, and how long each page took them, in seconds."""

    address: str
    secrets: list[str]
    wanted: list[tuple[str, str]]
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def run(self, seconds: float, pause_s: float) -> float:
        """Have all users open pages for some time, and give how many pages a second that were."""
        self.times.clear()
        until = time.monotonic() + seconds
        threads = [
            threading.Thread(target=self._user, args=(secret, until, number, pause_s))
            for number, secret in enumerate(self.secrets)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        return sum(map(len, self.times.values())) / seconds

    def _user(self, secret: str, until: float, seed: int, pause_s: float) -> None:
        dice = random.Random(seed)
        with httpx2.Client(base_url=self.address, cookies={COOKIE: secret}, timeout=60) as client:
            time.sleep(dice.random() * pause_s)
            while time.monotonic() < until:
                name, path = dice.choice(self.wanted)
                begun = time.perf_counter()
                answer = client.get(path)
                name = name if answer.status_code == 200 else f"{name} ({answer.status_code})"
                self.times[name].append(time.perf_counter() - begun)
                time.sleep(dice.uniform(0.5, 1.5) * pause_s)


def shown(name: str, times: list[float]) -> None:
    """Print a page's times in milliseconds."""
    late = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    print(f"{name:24} {len(times):6} {median(times) * 1000:8.0f} {late * 1000:8.0f}", flush=True)


def measured(address: str, desk: Desk, secrets: list[str]) -> None:
    """Print what users and hunts see."""
    load = Load(address, secrets, paths(desk.database))
    load.run(5, 0.2)  # templates and caches are warm
    rate = load.run(SECONDS, PAUSE_S)
    print(f"{len(secrets)} users, {MESSAGES} messages, {INCIDENTS} incidents: {rate:.1f} pages/s")
    print(f"{'page':24} {'asked':>6} {'median':>8} {'95 %':>8}  ms")
    for name, some in sorted(load.times.items()):
        shown(name, some)
    shown("all", [one for some in load.times.values() for one in some])
    print(f"nobody pauses: {load.run(SECONDS / 2, 0):.1f} pages/s")
    shown("all", [one for some in load.times.values() for one in some])
    with httpx2.Client(base_url=address, cookies={COOKIE: secrets[0]}, timeout=60) as client:
        for question in HUNTS:
            some = []
            for _ in range(5):
                begun = time.perf_counter()
                client.get("/hunt", params={"q": question}).raise_for_status()
                some.append(time.perf_counter() - begun)
            shown(f"hunt {question[:19]}", some)


def main() -> None:
    """Make the desk and measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    users = int(sys.argv[2]) if len(sys.argv) > 2 else USERS
    folder, process = Path(tempfile.mkdtemp(prefix="bench-console-")), None
    try:
        desk = case(folder)
        multiplied(desk.database)
        with_events(desk.settings.folder, count)
        desk.accounts.add("bench", Role.ADMIN, "correct horse battery", SYSTEM)
        secrets = [desk.accounts.begin("bench", "127.0.0.1") for _ in range(users)]
        desk.database.base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        process, address = served(desk)
        print(f"{count} events")
        measured(address, desk, secrets)
    finally:
        if process is not None:
            process.terminate()
            process.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
