"""The Navigator layer, checked against the documented format, and the tactics."""

import jsonschema

from sekisho.app.rules._texts import Texts
from sekisho.app.rules.coverage import layer, tactics_of
from sekisho.detect.rules import load

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
FLAG = {"type": "boolean"}
METADATA = {
    "type": "array",
    "items": {"type": "object", "required": ["name", "value"], "properties": {"name": TEXT, "value": TEXT}},
}
# Source: ATT&CK Navigator, layer file format 4.5: required properties, types and closed sets of values.
FORMAT = {
    "type": "object",
    "required": ["name", "domain", "versions"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "description": TEXT,
        "domain": {"enum": ["enterprise-attack", "mobile-attack", "ics-attack"]},
        "versions": {
            "type": "object",
            "required": ["navigator", "layer"],
            "properties": {"attack": TEXT, "navigator": {"pattern": r"^(4\.9|[5-9])\."}, "layer": {"const": "4.5"}},
        },
        "sorting": {"enum": [0, 1, 2, 3]},
        "hideDisabled": FLAG,
        "layout": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "layout": {"enum": ["side", "flat", "mini"]},
                "showID": FLAG,
                "showName": FLAG,
                "showAggregateScores": FLAG,
                "countUnscored": FLAG,
                "aggregateFunction": {"enum": ["average", "min", "max", "sum"]},
                "expandedSubtechniques": {"enum": ["none", "all", "annotated"]},
            },
        },
        "techniques": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["techniqueID"],
                "additionalProperties": False,
                "properties": {
                    "techniqueID": {"pattern": r"^T\d{4}(\.\d{3})?$"},
                    "tactic": TEXT,
                    "comment": TEXT,
                    "enabled": FLAG,
                    "score": NUMBER,
                    "color": TEXT,
                    "metadata": METADATA,
                    "showSubtechniques": FLAG,
                },
            },
        },
        "gradient": {
            "type": "object",
            "required": ["colors", "minValue", "maxValue"],
            "properties": {
                "colors": {"type": "array", "minItems": 2, "items": {"pattern": "^#[0-9a-f]{6}$"}},
                "minValue": NUMBER,
                "maxValue": NUMBER,
            },
        },
        "legendItems": {
            "type": "array",
            "items": {"type": "object", "required": ["label", "color"], "properties": {"label": TEXT, "color": TEXT}},
        },
        "metadata": METADATA,
    },
}
ONE = """title: Rule {number}
level: {level}
tags: [attack.defense_evasion, attack.Execution, attack.t1218, {tag}]
logsource: {{product: windows}}
detection: {{a: {{B: c}}, condition: a}}
"""


def rules(count=2):
    texts = [
        (
            f"{number}.yml",
            ONE.format(number=number, level="high" if number else "low", tag="attack.t1218.005" if number else "x.y"),
        )
        for number in range(count)
    ]
    return load(texts).rules


def test_the_layer_has_the_documented_form():
    for language in ("en", "ja"):
        jsonschema.Draft202012Validator(FORMAT).validate(layer(rules(), "mine", Texts(language)))


def test_a_technique_scores_its_rules():
    made = layer(rules(), "mine", Texts("en"))
    assert [(one["techniqueID"], one["score"], one["comment"]) for one in made["techniques"]] == [
        ("T1218", 2, "Rule 0\nRule 1"),
        ("T1218.005", 1, "Rule 1"),
    ]
    assert made["techniques"][0]["metadata"] == [{"name": "high", "value": "1"}, {"name": "low", "value": "1"}]
    assert made["gradient"]["maxValue"] > made["gradient"]["minValue"]


def test_many_rules_are_counted_and_not_all_named():
    (one, *_) = layer(rules(30), "mine", Texts("en"))["techniques"]
    assert (one["score"], one["comment"].count("\n"), one["comment"].splitlines()[-1]) == (30, 20, "(+10)")


def test_no_rules_make_an_empty_layer():
    jsonschema.Draft202012Validator(FORMAT).validate(layer([], "mine", Texts("en")))


def test_tactics_are_read_in_any_spelling():
    assert tactics_of(rules()[0]) == ["defense-evasion", "execution"]
