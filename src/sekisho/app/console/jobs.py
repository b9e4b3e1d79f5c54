"""Jobs: investigations wait in the database and run one after another in a process of their own.

A job changes nothing until it is done, so one that was killed with its server or without it is simply run again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sekisho.app.console.audit import SYSTEM, Actor, note
from sekisho.app.console.database import Database
from sekisho.app.console.vault import VARIABLE

ATTEMPTS = 3  # of one job whose process died
POLL_S = 0.5
ENDED_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Job:
    """One investigation of a case, waiting, running or over."""

    id: int
    kind: str
    case_id: str
    asked_by: str
    asked_at: int
    started_at: int | None
    ended_at: int | None
    state: str
    """queued running done failed."""
    attempts: int
    stage: str
    """rules files logs."""
    done: int
    total: int
    """0 when unknown."""
    what: str
    error: str


class Jobs:
    """The jobs in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, case_id: str, by: Actor, kind: str = "investigate") -> int:
        """Have a case investigated; one that waits already serves for both."""
        with self._database.change() as base:
            waiting = base.execute(
                "SELECT id FROM jobs WHERE case_id = ? AND kind = ? AND state = 'queued'", (case_id, kind)
            ).fetchone()
            if waiting:
                return int(waiting["id"])
            made = base.execute(
                "INSERT INTO jobs (kind, case_id, asked_by, asked_at, state) VALUES (?, ?, ?, ?, 'queued')",
                (kind, case_id, by.name, int(time.time())),
            )
            note(base, by, "job.ask", case_id, kind=kind)
            return int(made.lastrowid or 0)

    def get(self, number: int) -> Job | None:
        """Give a job."""
        row = self._database.one("SELECT * FROM jobs WHERE id = ?", number)
        return Job(**row) if row is not None else None

    def recent(self, most: int = 50, case_id: str = "") -> list[Job]:
        """Give jobs, those that run or wait first, then the latest."""
        rows = self._database.all(
            "SELECT * FROM jobs WHERE ? IN ('', case_id) "
            "ORDER BY CASE state WHEN 'running' THEN 0 WHEN 'queued' THEN 1 ELSE 2 END, id DESC LIMIT ?",
            case_id,
            most,
        )
        return [Job(**row) for row in rows]

    def begin(self) -> Job | None:
        """Take the job that has waited longest; None when none waits."""
        with self._database.change() as base:
            row = base.execute("SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1").fetchone()
            if row is None:
                return None
            base.execute(
                "UPDATE jobs SET state = 'running', started_at = ?, attempts = attempts + 1, error = '' WHERE id = ?",
                (int(time.time()), row["id"]),
            )
        return self.get(row["id"])

    def report(self, number: int, stage: str, done: int, total: int, what: str) -> None:
        """Say how far a job is."""
        with self._database.change() as base:
            base.execute(
                "UPDATE jobs SET stage = ?, done = ?, total = ?, what = ? WHERE id = ?",
                (stage, done, total, what[-300:], number),
            )

    def end(self, number: int, error: str = "") -> None:
        """Say that a job is over."""
        with self._database.change() as base:
            base.execute(
                "UPDATE jobs SET state = ?, ended_at = ?, error = ? WHERE id = ?",
                ("failed" if error else "done", int(time.time()), error[:2000], number),
            )
            base.execute(
                "DELETE FROM jobs WHERE state IN ('done', 'failed') AND id <= (SELECT max(id) FROM jobs) - ?",
                (ENDED_KEPT,),
            )

    def recover(self) -> None:
        """Let jobs wait again whose process is gone; after several attempts they have failed."""
        with self._database.change() as base:
            lost = "the process was ended while it ran"
            base.execute(
                "UPDATE jobs SET state = 'failed', ended_at = ?, error = ? WHERE state = 'running' AND attempts >= ?",
                (int(time.time()), lost, ATTEMPTS),
            )
            again = base.execute("UPDATE jobs SET state = 'queued' WHERE state = 'running'")
            if again.rowcount:
                note(base, SYSTEM, "job.recover", "", count=again.rowcount)


class Supervisor:
    """Runs the jobs of a database, one at a time, until it is told to stop."""

    def __init__(self, database: Database, arguments: Sequence[str] = ()) -> None:
        """``arguments``: options of ``investigate`` that every job is run with."""
        self._database, self._jobs = database, Jobs(database)
        self._arguments = list(arguments)
        self._stop, self._thread = threading.Event(), threading.Thread(target=self._run, name="jobs", daemon=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, with what an earlier server left unfinished."""
        self._jobs.recover()
        self._thread.start()

    def stop(self) -> None:
        """End the running job, which is run again by the next server, and wait until all is quiet."""
        self._stop.set()
        if (process := self._process) is not None:
            _kill(process)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.is_set():
            job = self._jobs.begin()
            if job is None:
                self._stop.wait(POLL_S)
                continue
            code, said = self._work(job)
            if self._stop.is_set():
                break
            if code < 0 and job.attempts < ATTEMPTS:  # killed, perhaps for its memory
                with self._database.change() as base:
                    base.execute("UPDATE jobs SET state = 'queued' WHERE id = ?", (job.id,))
            elif code:
                self._jobs.end(job.id, said or f"the process ended with {code}")
        self._database.close()

    def _work(self, job: Job) -> tuple[int, str]:
        """Run a job and give its exit code and what it said last."""
        command = [sys.executable, "-m", "sekisho.app.console.work", str(self._database.folder), str(job.id)]
        with subprocess.Popen(
            [*command, *self._arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith(VARIABLE)},
            start_new_session=True,
        ) as process:
            self._process = process
            assert process.stderr is not None
            said = process.stderr.read()[-4000:]
            code = process.wait()
            self._process = None
        lines = said.decode("utf-8", "replace").strip().splitlines()
        return code, lines[-1] if lines else ""


def _kill(process: subprocess.Popen[Any]) -> None:
    """End a job with the workers it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
