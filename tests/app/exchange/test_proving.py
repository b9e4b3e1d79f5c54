"""Generated rules are offered only when they hit the incident and nothing honest."""

import json
from dataclasses import replace

import pytest

from sekisho.app.exchange import proving
from sekisho.respond.observed import pick
from sekisho.respond.sigma import Draft, drafts
from sekisho.respond.wording import Words

WINDOWS = {"product": "windows", "category": "process_creation"}


def draft(title, selection, hit=(), behaviour="b", logsource=WINDOWS):
    document = {
        "title": title,
        "id": f"0b6c2f8e-6a8a-4f0e-9b0a-{abs(hash(title)) % 10**12:012}",
        "status": "experimental",
        "logsource": logsource,
        "detection": {"selection": selection, "condition": "selection"},
        "level": "high",
    }
    return Draft(behaviour, document, hit)


@pytest.fixture(scope="module")
def incident(lab_result):
    return lab_result.incidents[0]


@pytest.fixture(scope="module")
def proofs(lab_result, incident, lab_case):
    picked = pick(lab_result, lab_result.incidents, frozenset({"corp.example"}), exercise=True)
    hand = [
        draft("every shell", {"Image|endswith": "\\cmd.exe"}, behaviour="shells"),
        draft("every program", {"Image|contains": "\\"}, behaviour="all"),
        draft("nothing", {"Image": "no such"}, incident.steps[5].evidence[:1], behaviour="none"),
        draft("broken", {"Image|nosuch": "x"}, behaviour="broken"),
    ]
    evidence = [str(lab_case / "evidence" / "endpoint")]
    return proving.prove(
        [*hand, *drafts(lab_result, incident, picked.observed)], lab_result, incident, evidence, jobs=2
    )


def test_what_hits_honest_events_is_refused_with_an_example(proofs):
    by_title = {one.draft.title: one for one in proofs}
    assert by_title["every program"].reason == "hits_others"
    assert len(by_title["every program"].wrong) > 100
    assert by_title["nothing"].reason == "misses"
    assert by_title["broken"].reason == "cannot_run"


def test_offered_rules_hit_the_incident_and_nothing_else(proofs):
    good = proving.offered(proofs)
    titles = {one.draft.title for one in good}
    assert {"Excel Starts Cmd", "Mshta Starts Powershell", "Connection to an Address of the Incident"} <= titles
    assert all(one.hits >= 1 for one in good if one.draft.must_hit)
    assert all(one.others > 3_000 and not one.wrong for one in good)


def test_one_rule_a_behaviour_is_offered(proofs):
    good = proving.offered(proofs)
    assert len({one.draft.behaviour for one in good}) == len(good)


def test_each_draft_that_is_refused_is_named_in_both_languages(proofs):
    for language, word in (("en", "not offered: every program"), ("ja", "不採用: every program")):
        told = proving.notes(proofs, Words(language), evidence=True)
        assert any(line.startswith(word) for line in told)


def test_without_evidence_it_says_so(lab_result, incident):
    told = proving.notes([], Words("en"), evidence=False)
    assert told == [
        "tested only against what the result holds; name the evidence with --evidence to test against all of it"
    ]


def test_no_drafts_cost_nothing(lab_result, incident):
    assert proving.prove([], lab_result, replace(incident), ()) == []


def test_benign_evidence_is_written(tmp_path):
    proving.write_benign(tmp_path)
    logs = list(tmp_path.rglob("*.jsonl"))
    assert len(logs) >= 5
    assert json.loads(logs[0].read_text().splitlines()[0])
