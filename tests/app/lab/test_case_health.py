"""The health lures: what is planted is in the evidence, beside honest mails about the same."""

import json

import pytest

from sekisho.app import ruleset
from sekisho.app.lab.case_health import BOOKING, COMMAND, FORM, HOST, LINK, SOCIETY_SITE
from sekisho.app.lab.cases import CASES, make
from sekisho.app.lab.measure import measure
from sekisho.app.lab.mixed import attack_of
from sekisho.app.pipeline import Options, investigate
from sekisho.model.verdict import Verdict

STEPS = {
    "health-lure": {
        "lure-japanese", "lure-english", "link-followed", "name-asked", "password-sent", "second-reader",
    },
    "health-lure-document": {
        "result-mail", "opened", "page-written", "page-started", "download", "loader", "announced", "stays", "command",
    },
    "health-lure-benign": set(),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(STEPS))
def test_steps_and_honest_mails_of_the_same_day(case):
    files, steps = CASES[case].told()
    assert {one.key for one in steps} == STEPS[case]
    assert {one.source for one in steps} <= set(files)
    senders = [data.split(b"\r\n", 1)[0].decode() for path, data in files.items() if path.endswith(".eml")]
    for honest in ("kenko@corp.example", "info@kenpo.example", "noreply@tele-clinic.example"):
        assert f"Return-Path: <{honest}>" in senders


def test_who_follows_the_link_and_who_fills_in_the_form():
    files = CASES["health-lure"].files()
    proxy = files["evidence/proxy/access.log"].decode().splitlines()
    asked = [line.split()[3:7:2] for line in proxy if HOST in line]
    assert [host for host, _ in asked] == ["10.0.12.42"] * 3 + ["10.0.12.77"] * 2
    assert sum(f"POST {FORM}" in line for line in proxy) == 1
    assert sum(f" {LINK} " in line for line in proxy) == 2


def test_the_document_calls_every_five_minutes():
    files = CASES["health-lure-document"].files()
    shown = [json.loads(line) for line in files["evidence/zeek/ssl.log"].splitlines()]
    assert sum(row["id.resp_h"] == COMMAND.address for row in shown) == 24


def test_the_twin_has_pages_that_ask_for_passwords_too():
    proxy = CASES["health-lure-benign"].files()["evidence/proxy/access.log"].decode()
    assert proxy.count(f"POST {BOOKING}/login") == proxy.count(f"POST http://{SOCIETY_SITE}/vaccine/login") == 3


@pytest.mark.parametrize("case", ["health-lure", "health-lure-document"])
def test_every_step_is_told_in_one_incident_and_nothing_honest(case, tmp_path, monkeypatch):
    monkeypatch.chdir(make(case, tmp_path))
    result = investigate(["evidence"], ruleset.load([], cache=False), Options(jobs=2))
    measured = measure(result, [attack_of(CASES[case])])
    (told,) = measured.told
    assert (told.missed, told.unrelated, told.root_right, told.split, measured.others) == ((), (), True, 0, ())


def test_the_link_was_followed_and_who_filled_in_the_form_is_to_change_the_password(tmp_path, monkeypatch):
    monkeypatch.chdir(make("health-lure", tmp_path))
    (incident,) = investigate(["evidence"], ruleset.load([], cache=False), Options(jobs=2)).incidents
    assert incident.title.key == "title.followed"
    assert incident.severity == "high"
    assert [one.targets for one in incident.recommendations if one.action == "reset"] == [("user01",)]
    states = {one.value: one.state for one in incident.reached}
    assert states == {
        "user01@corp.example": "contacted", "user02@corp.example": "contacted", "user03@corp.example": "received",
        "user04@corp.example": "received",
    }  # fmt: skip


def test_the_twin_is_clean(tmp_path, monkeypatch):
    monkeypatch.chdir(make("health-lure-benign", tmp_path))
    result = investigate(["evidence"], ruleset.load([], cache=False), Options(jobs=2))
    assert (result.verdict, result.incidents) == (Verdict.CLEAN, ())
    assert {one.level for one in result.findings} <= {"informational", "low"}
    assert not [one for one in result.inputs if one.failed]
