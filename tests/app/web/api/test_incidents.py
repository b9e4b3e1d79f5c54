"""Incidents for programs: the same rules as on the pages, every error foreseen."""

import importlib.util
from pathlib import Path

import pytest

from sekisho.app.console import triage

PATH = Path(__file__).parents[2] / "console/incident_desk.py"
SPEC = importlib.util.spec_from_file_location("incident_desk", PATH)
desks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(desks)
A, B, C = desks.A, desks.B, desks.C


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    desks.desk_with(folder)[0].database.close()
    return folder


@pytest.fixture
def app(tmp_path, made):
    console = desks.copied(tmp_path, made)
    yield console
    console.state.desk.database.close()


API = "/api/v1/incidents"


@pytest.fixture
def told(app):
    return desks.program(app, "read", "triage")


def test_incidents_are_listed_and_read(told):
    page = told.get(API, params={"limit": 2}).json()
    assert (page["total"], [one["id"] for one in page["incidents"]]) == (3, [C, B])
    whole = told.get(f"{API}/{A}", params={"language": "ja"}).json()
    assert whole["triage"]["version"] == 0
    assert "開封" in whole["incident"]["title"]
    assert len(whole["findings"]) == 3
    assert told.get(f"{API}/i000000000000").status_code == 404
    assert told.get(f"{API}/nonsense").status_code == 422


def test_a_change_needs_the_version_that_was_read(told):
    done = told.patch(f"{API}/{A}", json={"version": 0, "state": "progress", "assignee": "anna"})
    assert (done.status_code, done.json()["version"]) == (200, 1)
    late = told.patch(f"{API}/{A}", json={"version": 0, "state": "contained"})
    assert late.status_code == 409
    assert "anna changed" in late.json()["detail"]
    assert told.patch(f"{API}/{A}", json={"version": 1, "state": "closed"}).status_code == 400
    assert told.patch(f"{API}/{A}", json={"version": 1, "sate": "closed"}).status_code == 422
    assert told.patch(f"{API}/i000000000000", json={"version": 0}).status_code == 404
    assert [one["action"] for one in told.get(f"{API}/{A}/history").json()] == ["incident.triage"]


def test_several_change_together(told, app):
    both = [{"id": A, "version": 0}, {"id": B, "version": 0}]
    given = {"incidents": both, "state": "closed", "disposition": "duplicate", "reason": "of C"}
    assert told.post(f"{API}/triage", json=given).status_code == 204
    assert told.post(f"{API}/triage", json=given).status_code == 409
    assert [triage.of(app.state.desk.database, one)["state"] for one in (A, B)] == ["closed", "closed"]


def test_comments(told):
    assert told.post(f"{API}/{A}/comments", json={"text": "検体を確認"}).status_code == 201
    assert [one["text"] for one in told.get(f"{API}/{A}/comments").json()] == ["検体を確認"]
    assert told.post(f"{API}/{A}/comments", json={"text": "\x00"}).status_code == 400
    assert told.post(f"{API}/i000000000000/comments", json={"text": "x"}).status_code == 404


def test_merge_split_and_their_undoing(told, app):
    assert told.post(f"{API}/{A}/merge", json={"incidents": [C]}).json() == {"id": C}
    assert told.get(f"{API}/{C}").json()["parts"] == [A]
    assert told.post(f"{API}/{C}/unmerge", json={"part": A}).status_code == 204
    assert told.post(f"{API}/{C}/unmerge", json={"part": A}).status_code == 404
    assert told.post(f"{API}/{A}/merge", json={"incidents": [A]}).status_code == 400
    merges = {"merges": ["g111111111111"]}
    assert told.post(f"{API}/{A}/split", json=merges).json() == {"job": 1}
    assert told.post(f"{API}/{A}/unsplit", json=merges).json() == {"job": 1}
    assert told.post(f"{API}/{A}/unsplit", json=merges).status_code == 404


def test_exclusions(told):
    (proposed,) = told.get(f"{API}/{A}/exclusions").json()["proposed"]
    given = {name: proposed[name] for name in ("rule", "host", "user", "match")} | {"reason": "ours"}
    effect = told.post(f"{API}/{A}/exclusions/preview", json=given).json()
    assert (effect["findings"], effect["of"], effect["incidents"][0]) == (6, 6, {"id": A, "loses": 3, "has": 3})
    assert told.post(f"{API}/{A}/exclusions", json=given).json()["entry"] == effect["entry"]
    (kept,) = told.get(f"{API}/{A}/exclusions").json()["kept"]
    assert told.post(f"{API}/{A}/exclusions/undo", json={"number": kept["number"]}).status_code == 204
    assert told.post(f"{API}/{A}/exclusions/undo", json={"number": kept["number"]}).status_code == 400
    assert told.post(f"{API}/{A}/exclusions", json={**given, "until": "1999-01-01"}).status_code == 400


def test_a_reader_changes_nothing(app):
    reader = desks.program(app, "read")
    assert reader.get(API).status_code == 200
    assert reader.patch(f"{API}/{A}", json={"version": 0}).status_code == 403
    for path in ("comments", "merge", "unmerge", "split", "unsplit", "exclusions", "exclusions/undo"):
        assert reader.post(f"{API}/{A}/{path}", json={}).status_code == 403, path
