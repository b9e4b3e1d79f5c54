"""Hunts by API."""

import pytest

from tests.app.searching import fill, visit


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    desk = fill(tmp_path_factory.mktemp("desk"))
    made = visit(desk)
    page = made.get("/hunt").text
    made.headers["x-csrf-token"] = page.split('name="csrf" content="')[1].split('"')[0]
    yield made
    desk.database.close()


def ask(client, path="", **given):
    return client.post(f"/api/v1/hunt{path}", json={"question": "Image|contains:cmd", **given})


def test_answers_counts_and_times(client):
    told = ask(client, limit=4).json()
    assert (len(told["events"]), told["more"]) == (4, True)
    assert told["events"][0]["fields"]["Image"] == "C:\\Windows\\cmd8.exe"
    counted = ask(client, "/counts?by=@host", limit=5).json()
    assert counted["counts"] == [{"value": "PC-0142.corp.example", "count": 9}]
    times = ask(client, "/times").json()
    assert times["total"] == 9
    assert sum(one["count"] for one in times["bars"]) == 9
    assert client.get("/api/v1/hunt/logsources").json()[0] == {
        "logsource": "windows/process_creation/sysmon",
        "events": 9,
    }


def test_a_mistake_is_told_with_its_place(client):
    answer = ask(client, question="a Image|endwith:x")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "character 3: unknown modifier 'endwith'"


@pytest.mark.parametrize(
    "given",
    [
        {"question": ""},
        {"limit": 0},
        {"limit": 10**30},
        {"last": "8d"},
        {"question": "a" * 9_000},
    ],
)
def test_what_is_no_hunt_is_refused(client, given):
    assert ask(client, **given).status_code in (400, 422)


@pytest.mark.parametrize("given", [{"since": "x"}, {"question": "("}, {"question": "\x00\x00", "since": "0001-01-01"}])
def test_odd_hunts_are_answered_or_refused(client, given):
    assert ask(client, **given).status_code in (200, 400)


def test_half_a_letter_is_refused(client):
    body = b'{"question": "\\ud800"}'
    assert client.post("/api/v1/hunt", content=body, headers={"content-type": "application/json"}).status_code == 422
