import os
import signal
import subprocess
import sys
import time

import pytest

from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.jobs import ATTEMPTS, Jobs, Supervisor


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def case(desk):
    return desk.database.one("SELECT id FROM cases")["id"]


def test_one_job_that_waits_serves_for_all_who_ask(desk, case):
    jobs = Jobs(desk.database)
    first = jobs.ask(case, SYSTEM)
    assert jobs.ask(case, SYSTEM) == first
    assert jobs.begin().id == first
    assert jobs.ask(case, SYSTEM) != first  # what was added since needs another


def test_jobs_run_in_the_order_they_were_asked_for(desk, case):
    jobs = Jobs(desk.database)
    other = desk.cases.create("second", SYSTEM)
    asked = [jobs.ask(case, SYSTEM), jobs.ask(other, SYSTEM)]
    assert [jobs.begin().id, jobs.begin().id] == asked
    assert jobs.begin() is None


def test_a_job_whose_process_is_gone_waits_again_but_not_for_ever(desk, case):
    jobs = Jobs(desk.database)
    number = jobs.ask(case, SYSTEM)
    for attempt in range(1, ATTEMPTS + 1):
        assert jobs.begin().attempts == attempt
        jobs.recover()
    assert jobs.get(number).state == "failed"
    assert "ended" in jobs.get(number).error


def test_the_supervisor_does_what_waits(desk, case):
    number = desk.jobs.ask(case, SYSTEM)
    desk.supervisor.start()
    until(lambda: desk.jobs.get(number).state in ("done", "failed"))
    desk.supervisor.stop()
    assert (desk.jobs.get(number).state, desk.jobs.get(number).error) == ("done", "")


def test_a_job_that_cannot_be_done_says_why(desk, case):
    supervisor = Supervisor(desk.database, ["--rules", "/nowhere/rules.yml"])
    number = desk.jobs.ask(case, SYSTEM)
    supervisor.start()
    until(lambda: desk.jobs.get(number).state in ("done", "failed"))
    supervisor.stop()
    assert desk.jobs.get(number).state == "failed"
    assert "/nowhere/rules.yml" in desk.jobs.get(number).error


def counts(desk):
    tables = ("cases", "files", "incidents", "messages", "findings", "entities", "words", "triage")
    store = subprocess.run(
        [sys.executable, "-m", "sekisho.app.cli", "store", "status", "--data", str(desk.settings.folder)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {table: desk.database.count(f"SELECT count(*) FROM {table}") for table in tables}, store


def test_killed_at_any_moment_nothing_is_lost_and_nothing_doubled(desk, case):
    before = counts(desk)
    with desk.database.change() as base:  # as if it had been uploaded and never investigated
        for table in ("incidents", "messages", "findings", "entities", "words", "triage"):
            base.execute(f"DELETE FROM {table}")
    number = desk.jobs.ask(case, SYSTEM)
    for wait in (0.3, 1.5):
        command = [
            sys.executable,
            "-m",
            "sekisho.app.console.work",
            str(desk.settings.folder),
            str(number),
            "--jobs",
            "1",
        ]
        assert desk.jobs.begin() is not None
        with subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL) as process:
            time.sleep(wait)
            os.killpg(process.pid, signal.SIGKILL)
        with desk.database.change() as base:
            base.execute("UPDATE jobs SET attempts = 0 WHERE id = ?", (number,))
        desk.jobs.recover()
    desk.supervisor.start()
    until(lambda: desk.jobs.get(number).state in ("done", "failed"))
    desk.supervisor.stop()
    assert desk.jobs.get(number).state == "done"
    assert counts(desk) == before


def test_a_job_ends_with_the_server_that_was_killed(desk, case):
    number = desk.jobs.ask(case, SYSTEM)
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from sekisho.app.console.database import Database\nfrom sekisho.app.console.jobs import Supervisor\n"
        "Supervisor(Database(Path(sys.argv[1]))).start()\ntime.sleep(100)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(desk.settings.folder)]) as server:
        until(lambda: desk.jobs.get(number).stage)
        server.kill()
    time.sleep(0.5)
    found = subprocess.run(["pgrep", "-f", f"console.work {desk.settings.folder} {number}"], capture_output=True)
    assert found.stdout == b""
    desk.jobs.recover()
    assert desk.jobs.get(number).state == "queued"
