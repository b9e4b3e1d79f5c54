"""What is known of a thing, by API."""

import pytest

from tests.app.searching import HASH, INCIDENT, fill, visit


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    desk = fill(tmp_path_factory.mktemp("desk"))
    made = visit(desk)
    made.headers["x-csrf-token"] = made.get("/hunt").text.split('name="csrf" content="')[1].split('"')[0]
    yield made
    desk.database.close()


def test_everything_known_is_given(client):
    told = client.get("/api/v1/entities/sha256", params={"value": HASH}).json()
    assert told["uses"] == 2
    assert [one["id"] for one in told["incidents"]] == [INCIDENT]
    assert told["messages"][0]["subject"] == "請求書の送付"
    assert any(one["value"] == "bad.example" for one in told["related"])
    assert client.get("/api/v1/entities/ip", params={"value": "none"}).json()["uses"] == 0


def test_notes_are_written_and_removed(client):
    made = client.post("/api/v1/entities/ip/notes", params={"value": "203.0.113.9"}, json={"text": "known"})
    assert made.status_code == 201
    assert client.get("/api/v1/entities/ip", params={"value": "203.0.113.9"}).json()["notes"][0]["text"] == "known"
    assert client.delete(f"/api/v1/entities/notes/{made.json()['id']}").status_code == 204
    assert client.delete("/api/v1/entities/notes/1").status_code == 404
    assert client.delete("/api/v1/entities/notes/99999999999999999999").status_code == 422
    assert client.post("/api/v1/entities/ip/notes", params={"value": "x"}, json={"text": " "}).status_code == 400
