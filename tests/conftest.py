"""Fixtures that several rooms share: an end to every hang, and one lab case, and one console with a case in it."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

PASSWORD = "correct horse battery"
HANG_S = 120  # no test measures speed, but none may run for ever; the slowest takes some seconds


def pytest_make_parametrize_id(val, argname):
    """Name samples by their number: some hold the time they were made at, and every process must call them the same."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(autouse=True)
def no_hang():
    """Fail a test that does not come back."""

    def give_up(*_):
        raise TimeoutError(f"still running after {HANG_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, HANG_S)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def lab_case(tmp_path_factory):
    """Give the folder of one lab case, as ``sekisho lab make`` writes it."""
    from sekisho.app.lab import cases

    return cases.make("emotet-xlm-hexip", tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="session")
def lab_result(lab_case):
    """Give the result of investigating it."""
    from sekisho.app import ruleset
    from sekisho.app.pipeline import Options, investigate

    here = os.getcwd()
    os.chdir(lab_case)
    try:
        return investigate(["evidence"], ruleset.load([], cache=False), Options(jobs=2))
    finally:
        os.chdir(here)


@pytest.fixture(scope="session")
def kept_desk(tmp_path_factory):
    """The folder of a console with one small case in it, investigated by the real worker; nobody writes to it."""
    from sekisho.app.console.audit import SYSTEM
    from sekisho.app.web.desk import Settings, open_desk

    folder = tmp_path_factory.mktemp("desk")
    evidence = folder / "lab"
    made = [sys.executable, "-m", "sekisho.app.cli", "lab", "make", "emotet-lnk-vbs", "--out", str(evidence)]
    subprocess.run(made, check=True, capture_output=True)
    desk = open_desk(Settings(folder / "desk"))
    case = desk.cases.create("青空商事", SYSTEM)
    root = evidence / "emotet-lnk-vbs" / "evidence"
    for path in sorted(root.rglob("*")):
        if path.is_file():
            desk.cases.add(case, str(path.relative_to(root)), [path.read_bytes()], SYSTEM)
    desk.jobs.ask(case, SYSTEM)
    while (job := desk.jobs.begin()) is not None:  # the investigation, and what it asks for in its turn
        work = [sys.executable, "-m", "sekisho.app.console.work", str(folder / "desk"), str(job.id), "--jobs", "1"]
        subprocess.run(work, check=True, capture_output=True)
    desk.database.base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    desk.database.close()
    return folder / "desk"


@pytest.fixture
def desk(kept_desk, tmp_path):
    """An open console of one's own; its jobs do not run unless its application does."""
    from sekisho.app.web.desk import Settings, open_desk

    shutil.copytree(kept_desk, tmp_path / "desk")
    opened = open_desk(Settings(tmp_path / "desk"))
    yield opened
    opened.database.close()


@pytest.fixture
def people(desk):
    """One account for each role, named after it."""
    from sekisho.app.console.accounts import Role
    from sekisho.app.console.audit import SYSTEM

    for role in Role:
        desk.accounts.add(role.word, role, PASSWORD, SYSTEM)
    return {role.word: role for role in Role}


@pytest.fixture
def browser(desk):
    """Gives what a signed-in browser sends to the console, without a browser: ``browser("analyst")``."""
    from starlette.testclient import TestClient

    from sekisho.app.web.access import COOKIE, CSRF_HEADER
    from sekisho.app.web.server import create

    app, opened = create(desk), []

    def sign_in(name="local"):
        client = TestClient(
            app, base_url="http://127.0.0.1:8765", follow_redirects=False, raise_server_exceptions=False
        )
        secret = desk.accounts.begin(name, "127.0.0.1")
        client.cookies.set(COOKIE, secret)
        client.headers[CSRF_HEADER] = desk.accounts.visitor(secret, "127.0.0.1").csrf
        opened.append(client)
        return client

    yield sign_in
    for client in opened:
        client.close()
