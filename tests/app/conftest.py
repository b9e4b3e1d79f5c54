"""A console's folder with one small case in it, investigated by the real worker; made once, copied for each test."""

import shutil
import subprocess
import sys

import pytest

from sekisho.app.console.accounts import Role
from sekisho.app.console.audit import SYSTEM
from sekisho.app.web.desk import Settings, open_desk

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def kept_desk(tmp_path_factory):
    """The folder that the others are copies of; nobody writes to it."""
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
    job = desk.jobs.ask(case, SYSTEM)
    work = [sys.executable, "-m", "sekisho.app.console.work", str(folder / "desk"), str(job), "--jobs", "1"]
    subprocess.run(work, check=True, capture_output=True)
    desk.database.base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    desk.database.close()
    return folder / "desk"


@pytest.fixture
def desk(kept_desk, tmp_path):
    """An open console of one's own; its jobs do not run unless its application does."""
    shutil.copytree(kept_desk, tmp_path / "desk")
    opened = open_desk(Settings(tmp_path / "desk"))
    yield opened
    opened.database.close()


@pytest.fixture
def people(desk):
    """One account for each role, named after it."""
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
