"""The API of campaigns, attribution and exports."""

import pytest

from sekisho.app.console import campaigns
from tests.app.web.small_desk import Program, app_of, desk_with


@pytest.fixture(scope="module")
def app(tmp_path_factory, lab_result):
    desk, case = desk_with(tmp_path_factory.mktemp("desk"), lab_result)
    campaigns.feed(desk.database, case, lab_result)
    campaigns.refresh(desk.database)
    return app_of(desk)


@pytest.fixture
def program(app):
    return Program(app, "read", "triage")


def test_campaigns_are_listed_told_named_and_decided(program):
    (one, *_) = program.get("/api/v1/campaigns").json()
    place = f"/api/v1/campaigns/{one['id']}"
    told = program.get(place).json()
    assert len(told["members"]) == told["size"] == one["size"]
    assert program.get(f"{place}/attribution").json()["answers"]
    assert program.put(f"{place}/label", json={"family": "emotet"}).status_code == 202
    assert program.put(f"{place}/label", json={}).status_code == 400
    first, second = (each["sighting"] for each in told["members"][:2])
    decision = {"verdict": "apart", "first": first, "second": second}
    assert program.post("/api/v1/campaigns/decisions", json=decision).status_code == 202
    assert program.post("/api/v1/campaigns/decisions", json={**decision, "second": "x"}).status_code == 400
    assert program.delete("/api/v1/campaigns/decisions/last").status_code == 202
    assert program.delete("/api/v1/campaigns/decisions/last").status_code == 400


def test_trends_and_what_is_not_there(program):
    assert program.get("/api/v1/campaigns/trends?by=all").json()["series"]
    for place in (
        "campaigns/c000000000000",
        "campaigns/c000000000000/attribution",
        "incidents/i000000000000/attribution",
    ):
        assert program.get(f"/api/v1/{place}").status_code == 404
    assert program.put("/api/v1/campaigns/c000000000000/label", json={"family": "x"}).status_code == 404


def test_an_incident_is_exported(program, app, lab_result):
    key = lab_result.incidents[0].id
    answer = program.get(f"/api/v1/incidents/{key}/export/misp?exercise=true")
    assert answer.json()["Event"] if isinstance(answer.json(), dict) else answer.json()
    assert program.get("/api/v1/incidents/i000000000000/export/csv").status_code == 404
    assert Program(app, "read").get(f"/api/v1/incidents/{key}/export/csv").status_code == 403
