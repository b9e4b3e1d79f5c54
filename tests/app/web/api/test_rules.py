"""The API of rules: what the pages do, for programs."""

import pytest

from tests.app.web.small_desk import Program, app_of, desk_with

RULE = """title: Odd
id: 00000000-0000-4000-8000-00000000000b
status: test
description: A program of this name ran.
references: [https://example.com/]
author: CSIRT
date: 2026-01-01
logsource: {product: windows, category: process_creation}
detection: {selection: {Image|endswith: '\\odd.exe'}, condition: selection}
falsepositives: [Unknown]
level: high
"""
PLACE = "/api/v1/rules/00000000-0000-4000-8000-00000000000b"


@pytest.fixture(scope="module")
def app(tmp_path_factory, lab_result):
    return app_of(desk_with(tmp_path_factory.mktemp("desk"), lab_result)[0])


@pytest.fixture
def program(app):
    return Program(app, "read", "triage")


def test_rules_are_listed_and_told(program):
    listed = program.get("/api/v1/rules?level=critical&limit=2").json()
    assert len(listed["rules"]) == 2
    told = program.get(f"/api/v1/rules/{listed['rules'][0]['id']}").json()
    assert told["text"].startswith("title:")
    assert program.get("/api/v1/rules/nosuch").status_code == 404
    assert program.get("/api/v1/rules/coverage").json()[0]["techniques"]
    assert program.get("/api/v1/rules/coverage/layer").json()["domain"] == "enterprise-attack"


def test_a_rule_is_checked_kept_tried_tuned_and_taken_away(program):
    assert program.post("/api/v1/rules/check", json={"text": RULE}).json()["usable"]
    assert program.put("/api/v1/rules/files/bad.yml", json={"text": "title: x"}).status_code == 400
    assert program.put("/api/v1/rules/files/odd.yml", json={"text": RULE}).json()["rules"] == 1
    key = PLACE.rpartition("/")[2]
    event = '{"Image": "C:\\\\odd.exe"}'
    assert program.post("/api/v1/rules/try", json={"rule": key, "event": event}).json()["matched"] == 1
    seen = program.get("/api/v1/rules/tuning").json()["seen"]
    given = {"action": "level", "level": "low", "reason": "ours", "hosts": ["PC-1"], "seen": seen}
    tuned = program.post(f"{PLACE}/tuning", json=given)
    assert tuned.json()["entries"][0]["rules"] == [key]
    assert program.get(PLACE).json()["state"] == "tuned"
    assert program.post(f"{PLACE}/tuning", json=given).status_code == 409
    assert program.put("/api/v1/rules/tuning", json={"text": "- x", "seen": tuned.json()["seen"]}).status_code == 400
    assert program.delete("/api/v1/rules/tuning/1").json()["entries"] == []
    assert program.delete("/api/v1/rules/tuning/1").status_code == 400
    assert program.delete(PLACE).status_code == 204
    assert program.get(PLACE).status_code == 404


def test_half_letters_and_nothing_at_all_are_refused(program):
    for body in ('{"rule": "x", "event": "\\ud800"}', '{"rule": "x", "event": "\\u0000"}', "{}", "[]", "nul\0l"):
        answer = program.post("/api/v1/rules/try", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 404, 422), body


def test_who_may_only_read_changes_nothing(app):
    reader = Program(app, "read")
    assert reader.get("/api/v1/rules").status_code == 200
    assert reader.put("/api/v1/rules/files/odd.yml", json={"text": RULE}).status_code == 403
    assert reader.put("/api/v1/rules/tuning", json={"text": "", "seen": ""}).status_code == 403
