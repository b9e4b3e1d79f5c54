"""Search and saved searches by API."""

import pytest

from tests.app.searching import fill, visit


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    desk = fill(tmp_path_factory.mktemp("desk"))
    made = visit(desk)
    made.headers["x-csrf-token"] = made.get("/hunt").text.split('name="csrf" content="')[1].split('"')[0]
    yield made
    desk.database.close()


def test_everything_is_searched(client):
    told = client.get("/api/v1/search", params={"q": "請求"}).json()
    assert {one["kind"] for one in told["groups"]} == {"messages", "files"}
    told = client.get("/api/v1/search", params={"q": "203.0.113[.]9"}).json()
    assert told["exact"] == [{"kind": "ip", "value": "203.0.113.9"}]
    assert client.get("/api/v1/search", params={"q": ""}).status_code == 422


def test_a_search_is_kept_changed_and_removed(client):
    given = {"name": "cmd", "question": "Image|contains:cmd", "shared": True, "alert": True}
    key = client.post("/api/v1/searches", json=given).json()["id"]
    told = client.get(f"/api/v1/searches/{key}").json()
    assert (told["name"], len(told["hits"])) == ("cmd", 9)
    assert client.put(f"/api/v1/searches/{key}", json={"name": "b", "question": "x"}).status_code == 204
    assert [one["name"] for one in client.get("/api/v1/searches").json()] == ["b"]
    assert client.delete(f"/api/v1/searches/{key}").status_code == 204
    assert client.delete(f"/api/v1/searches/{key}").status_code == 404
    assert client.get(f"/api/v1/searches/{key}").status_code == 404
    assert client.put(f"/api/v1/searches/{key}", json=given).status_code == 404


def test_what_cannot_be_kept_is_refused(client):
    assert client.post("/api/v1/searches", json={"name": "x", "question": "a or or"}).status_code == 400
    assert client.post("/api/v1/searches", json={"name": "", "question": "a"}).status_code == 422
    half = b'{"name": "\\ud800", "question": "a"}'
    answer = client.post("/api/v1/searches", content=half, headers={"content-type": "application/json"})
    assert answer.status_code == 422
