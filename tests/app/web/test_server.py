import sqlite3

import pytest

from sekisho.app.web import api, pages
from sekisho.app.web.access import Viewer
from sekisho.app.web.server import routers


def test_every_file_of_the_folders_has_a_router():
    assert len(list(routers(pages))) >= 4
    assert len(list(routers(api))) >= 2


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/nowhere", 404, "nothing here"),
        ("/cases/c000000000000", 404, "nothing here"),
        ("/cases?page=x", 422, "not done"),
    ],
)
def test_a_page_that_cannot_be_shown_says_why_and_what_next(browser, path, status, text):
    answer = browser().get(path)
    assert answer.status_code == status
    assert text in answer.text
    assert 'href="/"' in answer.text


def test_programs_get_the_reason_as_json(browser):
    client = browser()
    assert client.get("/api/v1/nowhere").json() == {"error": "missing", "detail": "Not Found"}
    answer = client.post("/api/v1/cases", json={"nome": "x"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    client.cookies.clear()
    answer = client.get("/api/v1/cases")
    assert (answer.status_code, answer.json()["error"]) == (401, "signed-out")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_full_disk_is_said_and_nothing_is_changed(desk, browser, monkeypatch):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    client = browser()
    monkeypatch.setattr(desk.cases, "create", full)
    answer = client.post("/api/v1/cases", json={"name": "x"})
    assert (answer.status_code, answer.json()["error"]) == (503, "unkept")
    assert "full" in answer.json()["detail"]
    assert desk.database.count("SELECT count(*) FROM cases") == 1


def test_the_api_is_described_and_the_description_is_for_those_who_may_look(browser):
    client = browser()
    told = client.get("/api/v1/openapi.json").json()
    assert "/api/v1/cases" in told["paths"]
    assert not any(path.startswith("/cases") for path in told["paths"])
    client.cookies.clear()
    assert client.get("/api/v1/openapi.json").status_code == 401
    assert client.get("/docs").status_code == 404


def test_pages_are_marked_for_somebody():
    assert Viewer.__metadata__[0].dependency.role.word == "viewer"


def test_what_was_typed_is_not_lost_with_a_session(desk, people, browser):
    client = browser("analyst")
    incident = desk.database.one("SELECT id FROM incidents")["id"]
    with desk.database.change() as base:
        base.execute("DELETE FROM sessions")
    given = {"text": "A long comment <b>on</b> what happened", "password": "correct horse battery", "csrf": "x" * 40}
    answer = client.post(f"/incidents/{incident}/comments", data=given)
    assert answer.status_code == 401
    assert "A long comment &lt;b&gt;on&lt;/b&gt; what happened" in answer.text
    assert "correct horse" not in answer.text
    assert "xxxx" not in answer.text
    assert desk.database.count("SELECT count(*) FROM comments") == 0
