"""The page of one thing."""

import re

import pytest

from sekisho.app.console.entities import KINDS, known, related
from sekisho.app.web.pages.entities import graph
from sekisho.app.web.shown import Look
from tests.app.searching import HASH, HOSTILE, INCIDENT, fill, visit


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = fill(tmp_path_factory.mktemp("desk"))
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def client(desk):
    return visit(desk)


def test_everything_known_is_on_the_page(client):
    text = client.get("/entities/host", params={"value": "PC-0142.corp.example"}).text
    for part in (
        "PC-0142.corp[.]example",
        f"/incidents/{INCIDENT}",
        "attacked host",
        "Odd shell",
        "/entities/host/events?",
        "kind=host",
    ):
        assert part in text
    text = client.get("/entities/sha256", params={"value": HASH, "lang": "ja"}).text
    assert "請求書の送付" in text
    assert "一緒に現れるもの" in text


def test_events_come_as_a_piece(client):
    piece = client.get("/entities/domain/events", params={"value": "bad.example"})
    assert piece.text.count('class="whole"') == 3
    assert "<html" not in piece.text
    assert "No stored event" in client.get("/entities/domain/events", params={"value": "none.example"}).text


def test_a_note_is_written_and_removed(client):
    page = client.get("/entities/ip", params={"value": "203.0.113.9"}).text
    key = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    sent = client.post("/entities/ip/notes?value=203.0.113.9", data={"csrf": key, "text": HOSTILE})
    assert sent.status_code == 303
    page = client.get(sent.headers["location"]).text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    removal = re.search(r'action="(/entities/ip/notes/\d+/remove[^"]*)"', page)[1].replace("&amp;", "&")
    assert client.post(removal, data={"csrf": key}).status_code == 303
    assert client.post(removal, data={"csrf": key}).status_code == 404
    assert client.post("/entities/ip/notes?value=x", data={"text": "forged"}).status_code == 403


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [HOSTILE, "\x00", "javascript:alert(1)", "a" * 400])
def test_every_kind_has_a_page_whatever_it_is_called(client, kind, value):
    answer = client.get(f"/entities/{kind}", params={"value": value})
    assert answer.status_code == 200
    assert "<img src=x" not in answer.text
    assert 'href="javascript' not in answer.text


def test_there_are_no_other_kinds(client):
    assert client.get("/entities/spell", params={"value": "x"}).status_code == 422
    assert client.get("/entities/ip").status_code == 422


def test_the_graph_has_the_thing_in_its_middle(desk):
    one = known(desk.database, "ip", "203.0.113.9")
    made = graph(one, related(desk.database, "ip", "203.0.113.9"), Look("en"))
    assert made["nodes"][0]["root"]
    assert {edge["source"] for edge in made["edges"]} == {"n0"}
    assert all(node["href"].startswith("/entities/") for node in made["nodes"][1:])
