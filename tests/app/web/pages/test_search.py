"""The search page."""

import pytest

from tests.app.searching import HOSTILE, INCIDENT, fill, visit


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    desk = fill(tmp_path_factory.mktemp("desk"))
    yield visit(desk)
    desk.database.close()


def test_what_is_called_exactly_so_opens_at_once(client):
    answer = client.get("/search", params={"q": "hxxp://bad[.]example/a?b=1"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/entities/url?value=http%3A%2F%2Fbad.example%2Fa%3Fb%3D1"
    assert client.get("/search", params={"q": INCIDENT}).headers["location"] == f"/incidents/{INCIDENT}"
    assert client.get("/search", params={"q": INCIDENT, "all": "true"}).status_code == 200


def test_hits_come_in_groups_in_the_readers_language(client):
    text = client.get("/search", params={"q": "請求", "lang": "ja"}).text
    assert "請求書の送付" in text
    assert "/messages/a000000000001" in text
    assert "メール <span" in text


def test_nothing_found_is_said(client):
    assert "Nothing is called so" in client.get("/search", params={"q": "zzz"}).text
    assert "Write a name" in client.get("/search").text


def test_what_is_looked_for_never_acts(client):
    text = client.get("/search", params={"q": HOSTILE}).text
    assert "<img src=x" not in text
    assert client.get("/search", params={"q": "alert"}).text.count("<img src=x") == 0


@pytest.mark.parametrize("text", ["\x00", "%", "a" * 500, "'; DROP TABLE incidents; --", "NEAR(", "*"])
def test_odd_input_has_an_answer(client, text):
    assert client.get("/search", params={"q": text}).status_code == 200
