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
