"""The IcedID and BazarCall cases: every planted step is found, nothing else is called severe, and the twin is clean."""

import json
from pathlib import Path

import pytest

from sekisho.app import ruleset
from sekisho.app.lab import planted
from sekisho.app.lab.case_icedid import COMMAND, STAGES, cookie
from sekisho.app.lab.cases import CASES, make
from sekisho.app.pipeline import Options, investigate
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import LEVELS
from sekisho.model.verdict import Verdict
from sekisho.normalize.requests import described

SEVERE = LEVELS[2:]
STEPS = {
    "icedid-thread": {"thread_mail", "opened", "download", "loader", "announced", "payload", "command"},
    "bazarcall": {"callback_mail", "workbook", "opened", "download", "loader", "command"},
}


def run(case, folder, monkeypatch):
    made = make(case, folder)
    monkeypatch.chdir(made)
    return investigate(["evidence"], ruleset.load([], cache=False), Options(jobs=2)), made


def places(result):
    """Give the places of what each severe finding stands on."""
    events = {event.id: event for event in result.events}
    for one in result.findings:
        if one.level in SEVERE:
            of = [(events[key].source, events[key].record) for key in one.of if key in events]
            yield one, set(of) or {(one.source, one.record)}


@pytest.mark.parametrize("case", sorted(STEPS))
def test_every_planted_step_is_found_and_nothing_else(case, tmp_path, monkeypatch):
    result, made = run(case, tmp_path, monkeypatch)
    assert result.verdict is Verdict.MALICIOUS
    keys = {(one.source, one.record): one.key for one in planted.read(made)}
    assert set(keys.values()) == STEPS[case]
    mails = {path for path, record in keys if not record}
    found = set()
    for finding, where in places(result):
        steps = {keys.get((path.partition(" » ")[0], "")) or keys.get((path, record)) for path, record in where}
        assert None not in steps, (finding.title, where - keys.keys())
        found |= steps
    assert found >= STEPS[case] - {"opened"}, "opening a file is ordinary"
    assert mails
    inside = {key for incident in result.incidents for step in incident.steps for key in step.evidence}
    told = {keys.get((event.source, event.record)) for event in result.events if event.id in inside}
    assert {"opened", "download", "loader", "command"} <= told


def test_the_twin_with_all_that_looks_odd_is_clean(tmp_path, monkeypatch):
    result, _ = run("icedid-bazarcall-benign", tmp_path, monkeypatch)
    assert (result.verdict, result.incidents) == (Verdict.CLEAN, ())
    assert {one.level for one in result.findings} <= {"informational", "low"}
    assert not [one for one in result.inputs if one.failed]
    assert sum(one.records for one in result.inputs) > 9_000


def test_the_cookie_says_who_asks_as_requests_read_it():
    fields = {"c-uri": "/", "cs-method": "GET", "cs-cookie": cookie("PC-0142", "user01")}
    event = described(Event(Logsource("", "proxy", ""), fields))
    assert (event.fields["cookie.host"], event.fields["cookie.user"]) == ("PC-0142", "user01")


def test_what_the_cases_say_of_the_network_is_in_its_logs():
    files = CASES["icedid-thread"].files()
    proxy = files["evidence/proxy/access.log"].decode()
    assert [proxy.count(f"http://{address}/44270.") for address in STAGES] == [1, 1, 1]
    shown = [json.loads(line) for line in files["evidence/zeek/ssl.log"].splitlines()]
    assert sum(row["id.resp_h"] == COMMAND.address for row in shown) == 40
    assert Path("README.txt").name in files
