"""A console over one investigated lab case, and visitors of it."""

import re

from fastapi.testclient import TestClient

from sekisho.app.console.accounts import Role
from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.indexing import index
from sekisho.app.web.access import COOKIE
from sekisho.app.web.desk import Settings, open_desk
from sekisho.app.web.server import create

BASE = "http://127.0.0.1:8765"


class Browser(TestClient):
    """Somebody who is signed in; forms carry the key of their session."""

    def __init__(self, app, name="anna"):
        super().__init__(app, base_url=BASE, follow_redirects=False)
        self.desk, self.name = app.state.desk, name
        self.cookies.set(COOKIE, self.desk.accounts.begin(name, "testclient"))
        self.cookies.set("sekisho_look", "en|light|UTC")
        self.csrf = re.search(r'name="csrf" content="([^"]*)"', self.get("/rules/try").text)[1]

    def submit(self, url, files=None, **fields):
        """Send a form."""
        return self.post(url, data={"csrf": self.csrf, **fields}, files=files)


class Program(TestClient):
    """A program that shows a token."""

    def __init__(self, app, *scopes, name="anna"):
        _, secret = app.state.desk.accounts.make_token(name, "test", frozenset(scopes), 1, SYSTEM)
        super().__init__(app, base_url=BASE, headers={"authorization": f"Bearer {secret}"}, follow_redirects=False)
        self.secret = secret


def desk_with(folder, result=None):
    """Give a desk with one case, its result indexed, an administrator anna and a viewer vera."""
    desk = open_desk(Settings(folder))
    for name, role in (("anna", Role.ADMIN), ("vera", Role.VIEWER)):
        desk.accounts.add(name, role, "", SYSTEM, f"{name}@corp.example")
    key = desk.cases.create("case", SYSTEM)
    if result is not None:
        index(desk.database, key, result)
    return desk, key


def app_of(desk):
    """Give the application; its jobs do not run."""
    return create(desk)
