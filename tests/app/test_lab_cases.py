"""The main job on every lab case: the whole chain and nothing else, and each benign twin clean."""

import json
from pathlib import Path

import pytest

from sekisho.app import ruleset
from sekisho.app.lab import cases
from sekisho.app.pipeline import Options, investigate
from sekisho.respond.document import document
from sekisho.respond.wording import Words

WHOLE = {name: case for name, case in cases.CASES.items() if name.startswith("emotet")}
"""Cases whose truth is a story of mail and endpoint; those with server and network logs state planted steps."""
ATTACKS = sorted(name for name in WHOLE if not name.endswith("-benign"))
TWINS = sorted(name for name in WHOLE if name.endswith("-benign"))


@pytest.fixture(scope="module")
def rules():
    return ruleset.load([], cache=False)


def run(case, folder, rules, monkeypatch):
    """Give the truth and the JSON document of one investigated case."""
    made = cases.make(case, folder)
    monkeypatch.chdir(made)
    truth = json.loads(Path("truth.json").read_text())
    result = investigate(["evidence"], rules, Options(jobs=2))
    return truth, document(result, Words("en", result.findings))


@pytest.mark.parametrize("case", ATTACKS)
def test_attack_is_told_whole_and_alone(case, tmp_path, rules, monkeypatch):
    truth, told = run(case, tmp_path, rules, monkeypatch)
    assert told["verdict"] == truth["verdict"] == "malicious"
    assert len(told["incidents"]) == 1
    incident = told["incidents"][0]
    assert incident["verdict"] == "malicious"

    artifacts = {one["id"]: one for one in told["artifacts"]}
    events = {one["id"]: one for one in told["events"]}
    assert artifacts[incident["root_cause"]]["address"] == truth["root_cause"]["address"]

    in_story = [events[key] for step in incident["steps"] for key in step["evidence"] if key in events]
    told_lines = {(one["source"], int(one["record"])) for one in in_story if one["logsource"]["product"] == "windows"}
    story = {(path, line) for path, lines in truth["events"].items() for line in lines["story"]}
    context = {(path, line) for path, lines in truth["events"].items() for line in lines["context"]}
    assert told_lines <= story | context, "nothing unrelated"
    assert story <= told_lines, "nothing left out"
    ran = [one["fields"] for one in in_story if one["logsource"]["category"] == "process_creation"]
    wanted = {one["guid"] for one in truth["process_chain"]}
    assert wanted <= {fields.get("ProcessGuid") for fields in ran}

    contacted = {
        one["fields"].get("DestinationIp") for one in in_story if one["logsource"]["category"] == "network_connection"
    }
    assert contacted == {one["address"] for one in truth["network"]}

    mailboxes = {one["value"] for one in incident["entities"] if one["type"] == "mailbox" and one["role"] != "sender"}
    assert mailboxes == set(truth["recipients"])
    openers = {one["value"] for one in incident["entities"] if one["type"] == "mailbox" and one["role"] == "opener"}
    assert openers == {truth["opener"]["mailbox"]}
    hosts = {one["value"].split(".")[0] for one in incident["entities"] if one["type"] == "host"}
    assert hosts == {truth["opener"]["host"]}
    urls = {one["value"] for one in incident["entities"] if one["type"] == "url"}
    assert set(truth["urls"]) <= urls
    layers = {step["layer"] for step in incident["steps"]}
    assert {"mail", "file", "endpoint", "network"} <= layers
    assert {"isolate", "quarantine", "block", "reset"} <= {one["action"] for one in incident["recommendations"]}


@pytest.mark.parametrize("case", TWINS)
def test_benign_twin_is_clean(case, tmp_path, rules, monkeypatch):
    _, told = run(case, tmp_path, rules, monkeypatch)
    assert told["incidents"] == []
    assert told["verdict"] == "clean", [
        (one["address"], one["verdict"], one["unscanned"]) for one in told["artifacts"] if one["verdict"] != "clean"
    ] + [one for one in told["inputs"] if one["failed"]]


def test_all_cases_in_one_folder_stay_apart(tmp_path, rules, monkeypatch):
    """The same company, host and hacked sites, five waves, five incidents, and the twins in none."""
    for case in WHOLE:
        cases.make(case, tmp_path)
    monkeypatch.chdir(tmp_path)
    result = investigate(["."], rules, Options(jobs=2))
    told = document(result, Words("en", result.findings))
    artifacts = {one["id"]: one["address"] for one in told["artifacts"]}
    roots = sorted(artifacts[one["root_cause"]] for one in told["incidents"])
    wanted = [f"{case}/{json.loads(Path(case, 'truth.json').read_text())['root_cause']['address']}" for case in ATTACKS]
    assert roots == sorted(wanted)


def test_same_evidence_gives_the_same_bytes(tmp_path, rules, monkeypatch):
    _, first = run(ATTACKS[0], tmp_path, rules, monkeypatch)
    _, second = run(ATTACKS[0], tmp_path, rules, monkeypatch)
    first.pop("timing"), second.pop("timing")
    assert first == second
