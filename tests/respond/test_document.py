"""The JSON contract: valid by its schema, whole, and every reference leads somewhere."""

import json
from pathlib import Path

import jsonschema
import pytest

from sekisho.respond import document
from sekisho.respond.wording import LANGUAGES, Words

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "reference" / "result.schema.json").read_text())


@pytest.fixture(scope="module")
def told(lab_result):
    return json.loads(document.dump(lab_result, Words("en", lab_result.findings)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_result_follows_its_schema(lab_result, language):
    made = json.loads(document.dump(lab_result, Words(language, lab_result.findings)))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(made, SCHEMA)


def test_every_evidence_id_is_in_the_document(told):
    known = {one["id"] for name in ("artifacts", "findings", "events") for one in told[name]}
    for incident in told["incidents"]:
        used = {key for step in incident["steps"] for key in step["evidence"]}
        used |= {key for edge in incident["graph"]["edges"] for key in edge["evidence"]}
        used |= {key for one in incident["recommendations"] for key in one["evidence"]}
        used |= {incident["root_cause"], *incident["findings"]}
        assert used <= known
    assert {one["event"] for one in told["findings"]} <= known


def test_ids_are_unique(told):
    for name in ("artifacts", "findings", "events", "incidents"):
        ids = [one["id"] for one in told[name]]
        assert len(set(ids)) == len(ids), name


def test_evidence_is_raw_and_sentences_are_defanged(told):
    urls = {url["canonical"] for one in told["artifacts"] for url in one["urls"]}
    assert "http://203.0.113.10/fer/fe3.html" in urls
    hidden = {url["raw"]: url for one in told["artifacts"] for url in one["urls"] if url["hidden_by"]}
    assert any(url["ip"] == "203.0.113.10" and "hex-ip" in url["hidden_by"] for url in hidden.values())
    said = " ".join(step["what"] for incident in told["incidents"] for step in incident["steps"])
    assert "http://" not in said


def test_moment_keeps_microseconds_and_none():
    assert document.moment(1_650_845_642_120_000_000) == "2022-04-25T00:14:02.120000Z"
    assert document.moment(1_650_845_642_000_000_000) == "2022-04-25T00:14:02Z"
    assert document.moment(None) is None
