"""Rules against their samples."""

import json
from pathlib import Path

import pytest

from sekisho.app.rules.prove import prove

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
RULE = r"""title: One
logsource: {product: windows, category: process_creation}
detection:
  a: {Image|endswith: '\mshta.exe'}
  condition: a
"""
HIT = {"Image": "c:\\mshta.exe"}
LOGGED = {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", **HIT}
INFO = "regression_tests_info: [{path: data/log.json, match_count: %s}]"


@pytest.fixture
def rule(tmp_path):
    path = tmp_path / "one.yml"
    path.write_text(RULE)
    return path


def write(folder, name, text):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def lines(*records):
    return "".join(json.dumps(one) + "\n" for one in records)


def test_a_log_is_judged_as_a_whole(rule, tmp_path):
    write(tmp_path / "one", "hit.jsonl", lines({**LOGGED, "Image": "x"}, LOGGED))
    write(tmp_path / "one", "miss.jsonl", lines({**LOGGED, "Image": "x"}))
    (proof,) = prove([str(rule)])
    assert (proof.passed, proof.count("hit"), proof.count("miss")) == (True, "1/1", "1/1")
    write(tmp_path / "one", "miss.jsonl", lines(LOGGED))
    write(tmp_path / "one", "hit.jsonl", lines({**LOGGED, "EventID": 11}, {**LOGGED, "Image": "near"}))
    (proof,) = prove([str(rule)])
    assert [(one.passed, one.code) for one in proof.outcomes] == [(False, "test.too_few"), (False, "test.match")]
    assert proof.outcomes[0].why.event.fields["Image"] == "near", "events of other logsources are not near"


WEB_RULE = """title: Web
logsource: {category: webserver}
detection:
  a: {injection.kind: script, cs-method: GET}
  condition: a
"""


def test_web_requests_in_sigmas_words_need_no_time_and_are_looked_at_for_script(tmp_path):
    path = tmp_path / "web.yml"
    path.write_text(WEB_RULE)
    request = {"cs-method": "GET", "cs-uri-stem": "/a", "cs-uri-query": "q=%3Cscript%3E"}
    write(tmp_path / "web", "hit.json", lines(request))
    write(tmp_path / "web", "miss.json", lines({**request, "cs-uri-query": "q=%3C3"}))
    (proof,) = prove([str(path)])
    assert (proof.passed, proof.count("hit"), proof.count("miss")) == (True, "1/1", "1/1")


@pytest.mark.parametrize(
    ("wanted", "passed", "code"), [(2, True, ""), (3, False, "test.too_few"), (1, True, "test.too_many")]
)
def test_a_public_rule_must_match_as_often_as_it_says(rule, tmp_path, wanted, passed, code):
    rule.write_text(RULE + "regression_tests_path: data/info.yml\n")
    write(tmp_path / "data", "info.yml", INFO % wanted)
    write(tmp_path / "data", "log.json", json.dumps([LOGGED, {**LOGGED, "Image": "x"}, LOGGED]))
    (proof,) = prove([str(rule)])
    assert [(one.passed, one.code) for one in proof.outcomes] == [(passed, code)]


def test_what_cannot_be_used_fails(rule, tmp_path):
    write(tmp_path / "one", "hit.json", "{")
    (tmp_path / "two.yml").write_text(RULE.replace("endswith", "endwith").replace("One", "Two"))
    one, two = prove([str(tmp_path)])
    assert [outcome.code for outcome in one.outcomes] == ["test.unreadable"]
    assert (two.rule, two.passed) == (None, False)
    assert two.path.endswith("two.yml:4")


def test_samples_that_are_named_and_not_there_are_no_failure(rule):
    rule.write_text(RULE + "regression_tests_path: data/info.yml\n")
    (proof,) = prove([str(rule)])
    assert (proof.passed, proof.outcomes, proof.absent) == (True, (), "data/info.yml")


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_public_rules_pass_their_regression_tests():
    proofs = prove([str(SHARED / "sigma" / "rules" / "windows" / "registry")])
    tested = [one for one in proofs if one.outcomes]
    assert len(tested) > 5
    assert all(one.passed for one in tested)


GUESSED = """title: Guessed
correlation: {type: temporal_ordered, rules: [many, logon], group-by: [user], timespan: 10m}
---
title: Many
name: many
correlation: {type: event_count, rules: [failed], group-by: [user], timespan: 5m, condition: {gte: 2}}
---
title: Failed
name: failed
logsource: {product: windows, service: security}
detection: {a: {EventID: 4625}, condition: a}
---
title: Logon
name: logon
logsource: {product: windows, service: security}
detection: {a: {EventID: 4624}, condition: a}
"""


def moments(*told, user="sato"):
    return [
        {"time": f"2024-05-01T09:{at}Z", "logsource": "windows//security", "user": user, "fields": {"EventID": number}}
        for at, number in told
    ]


def test_a_correlation_is_tried_on_timelines(tmp_path):
    (tmp_path / "guessed.yml").write_text(GUESSED)
    failed = [("00:00", 4625), ("01:00", 4625)]
    samples = {
        "hit.timeline.json": moments(("02:00", 4624), *failed),
        "miss.timeline.json": moments(("02:00", 4624), failed[0]),
        "miss1.timeline.json": moments(*failed, ("12:00", 4624)),
        "miss2.timeline.json": [*moments(*failed), *moments(("02:00", 4624), user="mori")],
    }
    for name, told in samples.items():
        write(tmp_path / "guessed", name, json.dumps(told))
    proofs = {one.rule.title: one for one in prove([str(tmp_path)])}
    assert proofs["Guessed"].passed
    assert (proofs["Guessed"].count("hit"), proofs["Guessed"].count("miss")) == ("1/1", "3/3")
    assert not any(proofs[title].outcomes for title in ("Many", "Failed", "Logon"))
    write(tmp_path / "guessed", "hit.timeline.json", json.dumps(samples["miss.timeline.json"]))
    write(tmp_path / "guessed", "miss.timeline.json", json.dumps(samples["hit.timeline.json"]))
    proof = next(one for one in prove([str(tmp_path)]) if one.outcomes)
    assert [one.code for one in proof.outcomes] == ["test.no_match", "test.match", "", ""]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("{}", "not a list of events with times"),
        ("[]", "not a list of events with times"),
        ("[1]", "event 1: give time, logsource and fields, and host and user where known"),
        (json.dumps([{**moments(("00:00", 1))[0], "more": 1}]), "event 1: give time, logsource and fields, and host"),
        (json.dumps([{**moments(("00:00", 1))[0], "time": "noon"}]), "event 1: no time"),
        (json.dumps([{**moments(("00:00", 1))[0], "logsource": "a/b/c/d"}]), "event 1: write logsource as product"),
    ],
)
def test_what_is_no_timeline_fails(tmp_path, text, reason):
    (tmp_path / "guessed.yml").write_text(GUESSED)
    write(tmp_path / "guessed", "hit.timeline.json", text)
    proof = next(one for one in prove([str(tmp_path)]) if one.outcomes)
    assert proof.outcomes[0].code == "test.unreadable"
    assert dict(proof.outcomes[0].values)["reason"].startswith(reason)
