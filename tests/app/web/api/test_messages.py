"""The API of messages."""

import importlib.util
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sekisho.app.console.accounts import Role
from sekisho.app.console.audit import SYSTEM
from sekisho.app.web.server import create

SPEC = importlib.util.spec_from_file_location("mail_desk", Path(__file__).parents[2] / "console" / "mail_desk.py")
mail_desk = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mail_desk)
NONE = "a000000000000"


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    mails = {
        "a.eml": mail_desk.mail(files=[("run.vbs", mail_desk.SCRIPT)]),
        "b.eml": mail_desk.mail("Re: 見積書の件", number=2, minutes=4, answers="<m1@partner.example>"),
    }
    desk, key = mail_desk.desk_with(tmp_path_factory.mktemp("desk"), mails)
    desk.supervisor.start = desk.supervisor._jobs.recover  # jobs wait: this is about calls
    desk.supervisor.stop = lambda: None
    desk.accounts.add("program", Role.RESPONDER, "a long password", SYSTEM)
    scopes = {name: desk.accounts.make_token("program", name, frozenset([name]), 1, SYSTEM)[1] for name in SCOPES}
    with TestClient(create(desk), base_url="http://127.0.0.1:8765/") as client:

        def ask(path, scope="read", method="GET", **more):
            headers = {"authorization": f"Bearer {scopes[scope]}"}
            return client.request(method, f"/api/v1{path}", headers=headers, **more)

        yield ask, key
    desk.database.close()


SCOPES = ("read", "triage", "respond")


def first(ask):
    return ask("/messages").json()[-1]["id"]


def test_messages_are_listed_the_latest_first(console):
    ask, key = console
    assert [one["subject"] for one in ask("/messages").json()] == ["Re: 見積書の件", "見積書の件"]
    assert len(ask(f"/messages?case={key}&limit=1&offset=1").json()) == 1
    assert ask("/messages?text=nothing").json() == []
    assert ask("/messages?until=5").json() == []


def test_a_message_comes_with_its_artifacts(console):
    ask, _ = console
    told = ask(f"/messages/{first(ask)}").json()
    assert told["subject"] == "見積書の件"
    assert told["artifacts"][0]["name"] == "a.eml"


def test_thread_parts_content_and_source(console):
    ask, _ = console
    key = first(ask)
    assert [(one["subject"], one["why"]) for one in ask(f"/messages/{key}/thread").json()] == [
        ("Re: 見積書の件", "thread")
    ]
    parts = ask(f"/messages/{key}/parts").json()
    assert [(one["depth"], one["name"]) for one in parts] == [
        *((0, "a.eml"), (1, "body.html"), (1, "run.vbs"), (2, "Run")),
    ]
    content = ask(f"/messages/{key}/content?language=ja").json()
    assert "<img" not in content["pages"][0]["html"]
    assert len(content["hops"]) == 2
    source = ask(f"/messages/{key}/parts/{parts[2]['id']}/source").json()
    assert source == {"text": mail_desk.SCRIPT.decode()}


def test_a_part_in_a_zip_needs_the_scope_to_respond(console):
    ask, _ = console
    key = first(ask)
    path = f"/messages/{key}/parts/{key}/zip"
    assert ask(path).status_code == 403
    assert ask(path, "respond").content.startswith(b"PK")


def test_a_password_makes_a_job(console):
    ask, key = console
    path, given = f"/cases/{key}/passwords", {"word": "秘密"}
    assert ask(path, "read", "POST", json=given).status_code == 403
    assert ask(path, "triage", "POST", json=given).json()["new"] is True
    assert ask(path, "triage", "POST", json=given).json()["new"] is False
    assert ask(path, "triage", "POST", json={"word": "a\nb"}).status_code == 400
    assert ask("/cases/c000000000000/passwords", "triage", "POST", json=given).status_code == 404


def test_errors_are_foreseen(console):
    ask, _ = console
    key = first(ask)
    for path in ("", "/thread", "/content", "/parts", f"/parts/{NONE}/source"):
        assert ask(f"/messages/{NONE}{path}").status_code == 404
    assert ask(f"/messages/{key}/parts/{NONE}/source").status_code == 404
    assert ask(f"/messages/{key}/parts/{NONE}/zip", "respond").status_code == 404
    assert ask("/messages/x").status_code == 422
    assert ask("/messages?since=-1").status_code == 422
    assert ask("/messages?since=99999999999999999999").status_code == 422
    assert ask("/messages?text=%ED%A0%80%00").status_code == 200
    assert ask("/messages?offset=5000&limit=500").json() == []
