"""The API of indicators and sweeps."""

import pytest

from tests.app.web.small_desk import Program, app_of, desk_with


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return app_of(desk_with(tmp_path_factory.mktemp("desk"))[0])


@pytest.fixture
def program(app):
    return Program(app, "read", "triage", "admin")


def test_indicators_are_taken_listed_and_forgotten(program, app):
    given = {"text": "evil[.]example 10.0.0.1", "exercise": True, "source": "ISAC", "dry": True}
    assert program.post("/api/v1/indicators/import", json=given).json()["kept"] == 1
    assert program.get("/api/v1/indicators").json()["total"] == 0
    assert not list((app.state.desk.database.folder / "incoming").iterdir())
    assert program.post("/api/v1/indicators/import", json={**given, "dry": False}).json()["refused"] == {"private": 1}
    (one,) = program.get("/api/v1/indicators?kind=domain&q=EVIL").json()["indicators"]
    assert (one["value"], one["source"]) == ("evil.example", "ISAC")
    asked = program.post("/api/v1/sweeps", json={}).json()["id"]
    assert program.get(f"/api/v1/sweeps/{asked}").json()["hits"] == []
    assert program.get("/api/v1/sweeps").json()[0]["id"] == asked
    assert program.delete("/api/v1/indicators?kind=domain&value=evil.example").status_code == 204
    assert program.delete("/api/v1/indicators?kind=domain&value=evil.example").status_code == 404
    assert program.post("/api/v1/indicators/expire").json() == {"forgotten": 0}


def test_what_is_wrong_is_said(program, app):
    assert program.get("/api/v1/sweeps/s000000000000").status_code == 404
    assert program.post("/api/v1/sweeps", json={"indicators": False}).status_code == 400
    assert program.get("/api/v1/indicators?offset=99999999999999999999").status_code == 422
    assert Program(app, "read").post("/api/v1/indicators/import", json={"text": "x"}).status_code == 403
