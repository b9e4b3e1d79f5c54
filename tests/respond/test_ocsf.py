"""OCSF findings: the attributes that the classes require, with their types."""

import json

import jsonschema
import pytest

from sekisho.respond import ocsf
from sekisho.respond.observed import pick
from sekisho.respond.wording import Words

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
# Source: OCSF 1.5.0, required attributes of the two classes and of the objects they hold.
BASE = {
    "type": "object",
    "required": ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"],
    "properties": {
        "activity_id": WHOLE,
        "category_uid": {"const": 2},
        "class_uid": {"enum": [2004, 2005]},
        "severity_id": {"enum": [0, 1, 2, 3, 4, 5, 6, 99]},
        "time": WHOLE,
        "type_uid": {"enum": [200401, 200501]},
        "metadata": {
            "type": "object",
            "required": ["product", "version"],
            "properties": {"version": {"const": "1.5.0"}, "product": {"type": "object", "required": ["vendor_name"]}},
        },
        "finding_info": {"type": "object", "required": ["title", "uid"], "properties": {"title": TEXT, "uid": TEXT}},
        "finding_info_list": {"type": "array", "minItems": 1, "items": {"required": ["title", "uid"]}},
        "observables": {
            "type": "array",
            "items": {"required": ["type_id"], "properties": {"type_id": WHOLE, "value": TEXT}},
        },
        "confidence_score": {"type": "integer", "minimum": 0, "maximum": 100},
    },
    "if": {"properties": {"class_uid": {"const": 2005}}},
    "then": {"required": ["finding_info_list"]},
    "else": {"required": ["finding_info"]},
}


@pytest.fixture(scope="module")
def told(lab_result):
    picked = pick(lab_result, lab_result.incidents, exercise=True)
    data = ocsf.lines(lab_result, lab_result.incidents, picked, Words("en", lab_result.findings), 10**18)
    return [json.loads(line) for line in data.splitlines()]


def test_each_line_has_what_its_class_requires(told):
    validator = jsonschema.Draft202012Validator(BASE)
    for one in told:
        validator.validate(one)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(told[0] | {"class_uid": 1})


def test_the_incident_comes_first_and_names_its_findings(told, lab_result):
    incident, *findings = told
    assert incident["class_uid"] == 2005
    assert {one["uid"] for one in incident["finding_info_list"]} == {one["finding_info"]["uid"] for one in findings}
    assert {one["finding_info"]["uid"] for one in findings} == set(lab_result.incidents[0].findings)
    assert incident["time"] == lab_result.incidents[0].last_at_ns // 1_000_000
    assert {"name": "contacted", "type_id": 2, "value": "198.51.100.23"} in incident["observables"]


def test_without_an_incident_all_findings_are_told(lab_result):
    picked = pick(lab_result, ())
    data = ocsf.lines(lab_result, (), picked, Words("ja"), 0)
    assert len(data.splitlines()) == len(lab_result.findings)


def test_techniques_name_parent_and_child(told):
    attacks = {json.dumps(one.get("sub_technique", one["technique"])) for one in told[0]["attacks"]}
    assert any('"T1218.005"' in one and '"Mshta"' in one for one in attacks)
