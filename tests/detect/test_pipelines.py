"""Processing pipelines: each transformation and condition in pySigma's form, and a place for each fault."""

from pathlib import Path
from random import Random

import pytest

from sekisho.detect import pipelines
from sekisho.detect._yaml import documents
from sekisho.detect.rules import load
from sekisho.model.errors import RuleError
from sekisho.model.event import Event, Logsource

RULE = """
title: t
id: 00000000-0000-4000-8000-000000000001
logsource: {product: windows, category: process_creation}
status: test
level: high
date: 2024-05-06
tags: [attack.t1059]
author: someone
fields: [a, z]
detection:
    s: %s
    condition: s
"""


def pipeline(*steps, head=""):
    """A pipeline of steps written as YAML flow mappings."""
    return pipelines.load([("p.yml", head + "transformations:\n" + "".join(f"- {step}\n" for step in steps))])


def fitted(selection, *steps, head=""):
    """Give the document of a rule with one selection as the steps make it."""
    (document,) = documents("r.yml", RULE % selection)
    before = repr(document)
    made = pipelines.apply(pipeline(*steps, head=head), "r.yml", document)
    assert repr(document) == before
    return made


def selection(written, *steps, head=""):
    return fitted(written, *steps, head=head)["detection"]["s"]


def refused(text):
    with pytest.raises(RuleError) as caught:
        pipelines.load([("p.yml", text)])
    assert caught.value.path == "p.yml"
    return f"{caught.value.line}: {caught.value.reason}"


# Transformations of field names


@pytest.mark.parametrize(
    ("step", "written", "expected"),
    [
        ("{type: field_name_mapping, mapping: {a: b}}", "{a|contains: x}", {"b|contains": ["x"]}),
        ("{type: field_name_mapping, mapping: {A: b}}", "{a: x}", {"a": ["x"]}),
        ("{type: field_name_mapping, mapping: {a: null}}", "{a: x}", {"a": ["x"]}),
        ("{type: field_name_mapping, mapping: {a: [null]}}", "{a: x}", {"": ["x"]}),
        ("{type: field_name_mapping, mapping: {a: [b, c]}}", "{a: x}", [{"b": ["x"]}, {"c": ["x"]}]),
        ("{type: field_name_mapping, mapping: {a: b, c: b}}", "{a: x, c: y}", [{"b": ["x"]}, {"b": ["y"]}]),
        ("{type: field_name_mapping, mapping: {r: q}}", "{a|fieldref: r}", {"a|fieldref": ["q"]}),
        ("{type: field_name_mapping, mapping: {r: [q, p]}}", "{a|fieldref: r}", {"a|fieldref": ["q", "p"]}),
        (
            "{type: field_name_prefix_mapping, mapping: {win.: [w1., w2.]}}",
            "{win.a: 1}",
            [{"w1.a": [1]}, {"w2.a": [1]}],
        ),
        ("{type: field_name_prefix_mapping, mapping: {x: ''}}", "{xy: 1}", {"y": [1]}),
        ("{type: field_name_prefix, prefix: k.}", "{a: 1}", {"k.a": [1]}),
        ("{type: field_name_prefix, prefix: k.}", "[word]", {"": ["word"]}),
        ("{type: field_name_suffix, suffix: .k}", "{a: 1}", {"a.k": [1]}),
        ("{type: field_name_transform, transform_func: lower, mapping: {B: C}}", "{Ab: 1}", {"ab": [1]}),
        ("{type: field_name_transform, transform_func: lower, mapping: {B: C}}", "{B: 1}", {"C": [1]}),
    ],
)
def test_field_names(step, written, expected):
    assert selection(written, step) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{a: null}", [{"b": [None]}, {"c": [None]}]),
        ("{a: ''}", [{"b": [""]}, {"c": [""]}]),
        ("{a|exists: false}", [{"b|exists": [False]}, {"c|exists": [False]}]),
        ("{a|neq: x}", [{"b|neq": ["x"]}, {"c|neq": ["x"]}]),
    ],
)
def test_absence_must_hold_for_every_name(written, expected):
    made = selection(written, "{type: field_name_mapping, mapping: {a: [b, c]}}")
    assert type(made).__name__ == "Every"
    assert made == expected


def test_absence_among_values():
    made = selection("{a: [null, x]}", "{type: field_name_mapping, mapping: {a: [b, c]}}")
    assert made == [{"b": ["x"]}, {"c": ["x"]}, [{"b": [None]}, {"c": [None]}]]
    assert [type(made).__name__, type(made[2]).__name__] == ["list", "Every"]


def test_a_name_that_is_present_in_one_field():
    made = selection("{a|exists: true}", "{type: field_name_mapping, mapping: {a: [b, c]}}")
    assert type(made) is list
    assert made == [{"b|exists": [True]}, {"c|exists": [True]}]


def test_a_mapping_to_nothing_fails_the_rule():
    with pytest.raises(RuleError, match="'a' is mapped to an empty list"):
        fitted("{a: 1}", "{type: field_name_mapping, mapping: {a: []}}")


def test_the_list_of_fields_is_mapped_too():
    assert fitted("{a: 1}", "{type: field_name_mapping, mapping: {a: [b, c]}}")["fields"] == ["b", "c", "z"]


# Transformations of items and values


@pytest.mark.parametrize(
    ("step", "written", "expected"),
    [
        ("{type: replace_string, regex: x, replacement: y}", "{a: xax}", {"a": ["yay"]}),
        ("{type: replace_string, regex: x, replacement: y}", "{a|contains: x, b: 1}", [{"a": ["*y*"]}, {"b": [1]}]),
        ("{type: replace_string, regex: '(a)(?P<n>b)', replacement: '\\2\\g<n>\\1é'}", "{f: xab}", {"f": ["xbbaé"]}),
        ("{type: replace_string, regex: '\\\\', replacement: /}", "{a|contains: '\\b\\'}", {"a": ["*/b/*"]}),
        ("{type: replace_string, regex: x, replacement: y}", "{a|contains: '\\x\\'}", {"a": ["*\\y\\\\*"]}),
        ("{type: replace_string, regex: '^\\\\\\\\', replacement: '//'}", "{a: '\\\\\\\\x'}", {"a": ["//x"]}),
        ("{type: replace_string, regex: a, replacement: b}", "{a: 'a\\*a'}", {"a": ["b\\*b"]}),
        ("{type: replace_string, regex: x, replacement: '*'}", "{a: axa}", {"a": ["a*a"]}),
        ("{type: replace_string, regex: x, replacement: '*', skip_special: true}", "{a: '*x'}", {"a": ["*\\*"]}),
        (
            "{type: replace_string, regex: x, replacement: '?', skip_special: true, interpret_special: true}",
            "{a: '*x'}",
            {"a": ["*?"]},
        ),
        ("{type: replace_string, regex: '1', replacement: '2'}", "{a|re: '1'}", {"a|re": ["1"]}),
        ("{type: replace_string, regex: '1', replacement: '2'}", "{a|base64: '1'}", {"a|base64": ["1"]}),
        ("{type: replace_string, regex: '1', replacement: '2'}", "{a: [1, null, '1']}", {"a": [1, None, "2"]}),
        ("{type: replace_string, regex: k, replacement: q}", "[kw, 5]", {"": ["qw", 5]}),
        ("{type: map_string, mapping: {x: ['1', 2*]}}", "{a: [x, z]}", {"a": ["1", "2*", "z"]}),
        ("{type: map_string, mapping: {x: z}}", "{a: X}", {"a": ["X"]}),
        ("{type: map_string, mapping: {x*: z}}", "{a|startswith: x}", {"a": ["z"]}),
        ("{type: map_string, mapping: {x: z}}", "{a|contains|all: [x, y]}", {"a|contains|all": ["x", "y"]}),
        ("{type: map_string, mapping: {'*x*': z}}", "{a|contains|all: [x, 5]}", {"a|all": ["z", "*5*"]}),
        ("{type: case, method: upper}", "{a: 'Ab*'}", {"a": ["AB*"]}),
        ("{type: case}", "{a: 'Ab*'}", {"a": ["ab*"]}),
        ("{type: case, method: snake_case}", "{a: 'FooBar\\Baz'}", {"a": ["foo_bar\\_baz"]}),
        ("{type: regex, method: plain}", "{a: Ab}", {"a|cased": ["Ab"]}),
        ("{type: regex}", "{a: Ab}", {"a": ["Ab"]}),
        ("{type: set_value, value: v*}", "{a|contains|all: [x, y]}", {"a|all": ["v*"]}),
        ("{type: set_value, value: '1', force_type: num}", "{a|re: x}", {"a": [1]}),
        ("{type: set_value, value: 1, force_type: str}", "{a: x}", {"a": ["1"]}),
        ("{type: set_value, value: null}", "{a: x}", {"a": [None]}),
        ("{type: convert_type, target_type: num}", "{a: ['12', 3]}", {"a": [12, 3]}),
        ("{type: convert_type, target_type: str}", "{a: [12, x, null, true]}", {"a": ["12", "x", None, True]}),
        (
            "{type: extract_fields, regex: '(?P<t>[a-z]+):(?P<v>[0-9.a-z]*)', field_prefix: r}",
            "{a: ['dw:1', 'q:1.5', 'z:01', 'n:none', 'e:', plain]}",
            [
                [{"r.t": ["dw"]}, {"r.v": [1]}],
                [{"r.t": ["q"]}, {"r.v": [1.5]}],
                [{"r.t": ["z"]}, {"r.v": ["01"]}],
                [{"r.t": ["n"]}, {"r.v": [None]}],
                {"r.t": ["e"]},
            ],
        ),
        (
            "{type: extract_fields, regex: '(?P<t>[a-z]+):', preserve_unmatched: true}",
            "{a: ['dw:', plain]}",
            [{"t": ["dw"]}, {"a": ["plain"]}],
        ),
        ("{type: extract_fields, regex: '(?P<t>[a-z]+):'}", "{a: plain}", {"a": ["plain"]}),
    ],
)
def test_values(step, written, expected):
    assert selection(written, step) == expected


MD5, SHA1 = "987b65cd9b9f4e9a1afd8f8b48cf64a7", "5f1cbc3d99558307bc1250d084fa968521482025"
HASHES = "type: hashes_fields, valid_hash_algos: [MD5, SHA1, IMPHASH]"


@pytest.mark.parametrize(
    ("step", "written", "expected"),
    [
        (f"{{{HASHES}, field_prefix: F}}", f"{{Hashes|contains: md5={MD5}}}", {"FMD5": [MD5]}),
        (f"{{{HASHES}}}", f"{{Hashes: ['MD5={MD5}', 'SHA1|{SHA1}']}}", [{"MD5": [MD5]}, {"SHA1": [SHA1]}]),
        (f"{{{HASHES}}}", f"{{Hash: [{MD5}, none, {SHA1}]}}", [{"MD5": [MD5]}, {"SHA1": [SHA1]}]),
        (f"{{{HASHES}, drop_algo_prefix: true, field_prefix: h}}", f"{{Hashes: ['MD5={MD5}']}}", {"h": [MD5]}),
        (f"{{{HASHES}, field_to_parse: h}}", f"{{h: 'MD5={MD5}'}}", {"MD5": [MD5]}),
        (f"{{{HASHES}}}", "{Hashes|contains: MD5=987b}", {"MD5": ["987b*"]}),
        (f"{{{HASHES}}}", "{other: MD5=987b}", {"other": ["MD5=987b"]}),
    ],
)
def test_hashes(step, written, expected):
    assert selection(written, step) == expected


def test_all_hashes_stay_all():
    made = selection(f"{{Hashes|contains|all: ['MD5={MD5}', 'SHA1={SHA1}']}}", f"{{{HASHES}}}")
    assert type(made).__name__ == "Every"


@pytest.mark.parametrize(
    ("step", "written", "expected"),
    [
        ("{type: value_placeholders}", "{a|expand: 'x%p%y'}", ["xay", "xb*y"]),
        ("{type: value_placeholders}", "{a|expand: '%n%%p%'}", ["5a", "5b*"]),
        ("{type: value_placeholders, include: [p]}", "{a|expand: '%q%%p%'}", ["%q%a", "%q%b*"]),
        ("{type: value_placeholders, exclude: [q]}", "{a|expand: '%q%'}", ["%q%"]),
        ("{type: value_placeholders}", "{a|expand: ['%per%', 3]}", ["50\\%", 3]),
        ("{type: wildcard_placeholders}", "{a|expand: '%q%x'}", ["*x"]),
        ("{type: value_placeholders}", "{a|expand: '%dir%%any%'}", ["C:\\\\*"]),
        ("{type: query_expression_placeholders, expression: '{field}', exclude: [q]}", "{a|expand: '%q%'}", ["%q%"]),
    ],
)
def test_placeholders(step, written, expected):
    head = "vars: {p: [a, b*], n: 5, per: '50%', dir: 'C:\\', any: '*'}\n"
    assert selection(written, step, head=head) == {"a|expand": expected}


def test_without_expand_nothing_is_a_placeholder():
    assert selection("{a: '%p%'}", "{type: wildcard_placeholders}") == {"a": ["%p%"]}


def test_placeholders_left_over_take_the_values_of_the_run():
    text = RULE % "{a|expand: '%p%-%q%'}"
    fit = pipeline("{type: value_placeholders, include: [p]}", head="vars: {p: 50%}\n")
    (rule_set,) = [load([("r.yml", text)], {"q": ["z"]}, fit)]
    assert rule_set.match(Event(Logsource("windows", "process_creation"), {"a": "50%-z"}))


@pytest.mark.parametrize(
    ("step", "written", "reason"),
    [
        ("{type: rule_failure, message: not here}", "{a: 1}", "not here"),
        ("{type: detection_item_failure, message: not so}", "{a: 1}", "not so"),
        ("{type: strict_field_mapping_failure}", "{b: 1, a: 1}", "fields are not mapped: a, b"),
        ("{type: convert_type, target_type: num}", "{a: zz}", "'zz' is not a number"),
        ("{type: value_placeholders}", "{a|expand: '%q%'}", "%q% is not among the vars"),
        ("{type: query_expression_placeholders, expression: x}", "{a|expand: '%q%'}", "%q% asks for a look-up outside"),
        ("{type: file_placeholders, path: /etc/hosts}", "{a|expand: '%q%'}", "%q% asks for a look-up outside"),
        ("{type: http_placeholders, url: 'https://docs.example/'}", "{a|expand: '%q%'}", "asks for a look-up outside"),
        ("{type: command_placeholders, cmd: id}", "{a|expand: '%q%'}", "asks for a look-up outside"),
        (f"{{{HASHES}}}", "{Hashes: none}", "has no hash that is one of MD5, SHA1, IMPHASH"),
        ("{type: add_condition, name: s, conditions: {q: 1}}", "{a: 1}", "has a selection 's' of its own"),
        ("{type: drop_detection_item}", "{a: 1}", "drop everything"),
    ],
)
def test_only_the_rule_fails(step, written, reason):
    good = RULE.replace("1\n", "2\n", 1).replace("level: high", "level: low")
    texts = [("r.yml", RULE % written), ("good.yml", good % "{other: 1}")]
    fit = pipeline(step[:-1] + ", rule_conditions: [{type: rule_attribute, attribute: level, value: high}]}")
    found = load(texts, pipelines=fit)
    assert [rule.path for rule in found.rules] == ["good.yml"]
    (error,) = found.failed
    assert reason in str(error)
    assert error.path == "r.yml"


def test_strict_mapping_accepts_what_was_mapped():
    strict = "{type: strict_field_mapping_failure}"
    mapped = "{type: field_name_mapping, mapping: {a: a, b: [c, d]}}"
    assert selection("{a: 1, b: 2}", mapped, strict) == [{"a": [1]}, [{"c": [2]}, {"d": [2]}]]
    assert selection("[word]", strict) == {"": ["word"]}


# Dropping


@pytest.mark.parametrize(
    ("condition", "left"),
    [("s or t", True), ("s and t", True), ("not s and t", True), ("1 of *", True), ("all of them", True), ("s", False)],
)
def test_what_is_dropped_decides_nothing(condition, left):
    text = RULE.replace("condition: s", f"t: {{b: 1}}\n    condition: {condition}") % "{a: 1}"
    fit = pipeline("{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [a]}]}")
    found = load([("r.yml", text)], pipelines=fit)
    events = [Event(Logsource("windows", "process_creation"), {"a": a, "b": b}) for a in (0, 1) for b in (0, 1)]
    assert [bool(found.match(one)) for one in events] == ([False, True] * 2 if left else [False] * 4)
    assert bool(found.failed) is not left


def test_the_rest_of_a_selection_stays():
    step = "{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [a]}]}"
    assert selection("{a: 1, b: 2}", step) == {"b": [2]}
    assert selection("[{a: 1}, {b: 2}]", step) == {"b": [2]}


# Transformations of the rule


def test_add_condition():
    made = fitted("{a: 1}", "{type: add_condition, conditions: {x: [1, y*], z|contains: q}}")["detection"]
    assert made["condition"] == "_added_0 and (s)"
    assert made["_added_0"] == [{"x": [1, "y*"]}, {"z|contains": ["q"]}]


def test_add_conditions_with_names_and_templates():
    steps = (
        "{type: add_condition, name: where, template: true, conditions: {x: '$product/$service', y: ['$category', 4]}}",
        "{type: add_condition, name: neg, negated: true, conditions: {q: 2}}",
        "{type: field_name_mapping, mapping: {q: r}}",
    )
    made = fitted("{a: 1}", *steps)["detection"]
    assert made["condition"] == "not neg and (where and (s))"
    assert made["where"] == [{"x": ["windows/"]}, {"y": ["process_creation", 4]}]
    assert made["neg"] == {"r": [2]}


def test_every_condition_of_a_list_gets_what_is_added():
    text = RULE.replace("condition: s", "condition: [s, not s]") % "{a: 1}"
    (document,) = documents("r.yml", text)
    made = pipelines.apply(pipeline("{type: add_condition, name: n, conditions: {q: 1}}"), "r.yml", document)
    assert made["detection"]["condition"] == ["n and (s)", "n and (not s)"]


def test_change_logsource_replaces_all_of_it():
    made = fitted("{a: 1}", "{type: change_logsource, service: sysmon}")
    assert made["logsource"] == {"service": "sysmon"}


def test_the_list_of_fields():
    assert fitted("{a: 1}", "{type: add_field, field: [q, r]}")["fields"] == ["a", "z", "q", "r"]
    assert fitted("{a: 1}", "{type: remove_field, field: z}")["fields"] == ["a"]
    assert fitted("{a: 1}", "{type: set_field, fields: [q]}")["fields"] == ["q"]


def test_nest_and_order_of_priorities():
    first = "priority: 5\ntransformations:\n- {type: field_name_mapping, mapping: {a: b}}\n"
    second = "priority: 9\ntransformations:\n- type: nest\n  items:\n  - {type: field_name_mapping, mapping: {b: c}}\n"
    (document,) = documents("r.yml", RULE % "{a: 1}")
    made = pipelines.apply(pipelines.load([("2", second), ("1", first)]), "r.yml", document)
    assert made["detection"]["s"] == {"c": [1]}


def test_what_a_pipeline_wrote_can_be_read_again():
    first = fitted("{a: 1, c: null, d: 2}", "{type: field_name_mapping, mapping: {a: [b, c], c: [x, y]}}")
    drop = "{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [d]}]}"
    again = pipelines.apply(pipeline(drop), "r.yml", first)["detection"]["s"]
    assert again == [[{"b": [1]}, {"c": [1]}], {"x": [None]}, {"y": [None]}]
    assert [type(again).__name__, type(again[0]).__name__] == ["Every", "list"]


# Conditions


def marks(condition, written="{a: x, b|contains: y}", *before, sort="rule", rest="", head=""):
    """Give the fields of a selection to which a conditional step was applied."""
    step = f"{{type: field_name_suffix, suffix: '!', {sort}_conditions: {condition}{rest}}}"
    made = selection(written, *before, step, head=head)
    parts = made if isinstance(made, list) else [made]
    return [key.split("!")[0] for part in parts for key in part if "!" in key]


APPLIED = "{id: m, type: field_name_mapping, mapping: {a: q}}"
STATE = "{type: set_state, key: k, val: 5}"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("{type: logsource, category: process_creation}", True),
        ("{type: logsource, product: Windows}", True),
        ("{type: logsource, product: windows, service: x}", False),
        ("{type: contains_detection_item, field: a, value: x}", True),
        ("{type: contains_detection_item, field: a, value: X}", False),
        ("{type: contains_detection_item, field: b, value: y}", False),
        ("{type: contains_detection_item, field: b, value: '*y*'}", True),
        ("{type: contains_detection_item, field: n, value: 1}", True),
        ("{type: contains_detection_item, field: n, value: '1'}", False),
        ("{type: contains_field, field: a}", True),
        ("{type: contains_field, field: A}", False),
        ("{type: is_sigma_rule}", True),
        ("{type: is_sigma_correlation_rule}", False),
        ("{type: rule_attribute, attribute: level, value: medium, op: gte}", True),
        ("{type: rule_attribute, attribute: level, value: high, op: gt}", False),
        ("{type: rule_attribute, attribute: status, value: experimental, op: gt}", True),
        ("{type: rule_attribute, attribute: date, value: '2024/05/01', op: gt}", True),
        ("{type: rule_attribute, attribute: title, value: t}", True),
        ("{type: rule_attribute, attribute: title, value: T, op: ne}", True),
        ("{type: rule_attribute, attribute: tags, value: attack.t1059, op: in}", True),
        ("{type: rule_attribute, attribute: tags, value: attack.t1, op: not_in}", True),
        ("{type: rule_attribute, attribute: tags, value: attack.t1059}", False),
        ("{type: rule_attribute, attribute: nothing, value: x, op: ne}", False),
        ("{type: rule_attribute, attribute: own, value: yes}", True),
        ("{type: tag, tag: attack.t1059}", True),
        ("{type: tag, tag: attack.T1059}", False),
        ("{type: processing_item_applied, processing_item_id: own}", True),
        ("{type: processing_item_applied, processing_item_id: nope}", False),
        ("{type: processing_state, key: k, val: 5}", True),
        ("{type: processing_state, key: k, val: 3, op: gt}", True),
        ("{type: processing_state, key: k, val: 5, op: ne}", False),
        ("{type: processing_state, key: nothing, val: 5, op: ne}", False),
    ],
)
def test_rule_conditions(condition, holds):
    own = "{id: own, type: set_custom_attribute, attribute: own, value: 'yes'}"
    found = marks(f"[{condition}]", "{a: x, b|contains: y, n: [1, 2]}", own, STATE)
    assert found == (["a", "b", "n"] if holds else [])


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        ("{type: match_string, cond: any, pattern: x}", ["a", "c"]),
        ("{type: match_string, cond: all, pattern: x}", ["a"]),
        ("{type: match_string, cond: any, pattern: x, negate: true}", ["b", "d", "e", "f"]),
        ("{type: match_string, cond: any, pattern: '\\*y'}", ["b"]),
        ("{type: match_value, cond: any, value: xz}", ["c"]),
        ("{type: match_value, cond: any, value: 1}", ["c", "d"]),
        ("{type: match_value, cond: all, value: 1}", ["d"]),
        ("{type: match_value, cond: any, value: null}", ["e"]),
        ("{type: contains_wildcard, cond: any}", ["b"]),
        ("{type: contains_wildcard, cond: all}", ["b"]),
        ("{type: is_null, cond: any}", ["e"]),
        ("{type: is_null, cond: all}", []),
        ("{type: processing_item_applied, processing_item_id: m}", ["q"]),
        ("{type: processing_state, key: k, val: 5}", ["a", "b", "c", "d", "e", "f"]),
    ],
)
def test_detection_item_conditions(condition, fields):
    written = "{a: xy, b|contains: y, c: [xz, 1], d: 1, e: [null, z], f|re: x}"
    before = [APPLIED, STATE] if "applied" in condition else [STATE]
    assert marks(f"[{condition}]", written, *before, sort="detection_item") == fields


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        ("{type: include_fields, fields: [abc]}", ["abc"]),
        ("{type: include_fields, fields: ['ab.*'], mode: re}", ["abc"]),
        ("{type: include_fields, fields: ['(?i)ab'], mode: re}", ["abc", "Abd"]),
        ("{type: include_fields, fields: [b], mode: re}", []),
        ("{type: exclude_fields, fields: [abc]}", ["Abd"]),
        ("{type: processing_item_applied, processing_item_id: m}", ["q"]),
        ("{type: processing_state, key: k, val: 5}", ["abc", "Abd"]),
    ],
)
def test_field_name_conditions(condition, fields):
    mapped = APPLIED.replace("{a: q}", "{abc: q}")
    before = [mapped] if "applied" in condition else [STATE]
    assert marks(f"[{condition}]", "{abc: 1, Abd: 2}", *before, sort="field_name") == fields


def test_keywords_have_no_field_to_include():
    drop = "{type: drop_detection_item, field_name_conditions: [{type: %s, fields: [x]}]}"
    assert selection("[word]", drop % "include_fields") == {"": ["word"]}
    assert selection("[word]", drop % "exclude_fields") == []


YES, NO = "{type: contains_field, field: a}", "{type: contains_field, field: nope}"


@pytest.mark.parametrize(
    ("conditions", "rest", "holds"),
    [
        (f"[{YES}, {NO}]", "", False),
        (f"[{YES}, {NO}]", ", rule_cond_op: or", True),
        (f"[{YES}, {NO}]", ", rule_cond_not: true", True),
        (f"{{y: {YES}, n: {NO}}}", ", rule_cond_expr: y and not n", True),
        (f"{{y: {YES}, n: {NO}}}", ", rule_cond_expr: y and (not y or n)", False),
        (f"{{y: {YES}, n: {NO}}}", ", rule_cond_expr: y and not n, rule_cond_not: true", False),
        (f"{{y: {YES}, n: {NO}}}", "", False),
        ("[]", ", rule_cond_not: true", True),
    ],
)
def test_how_conditions_are_joined(conditions, rest, holds):
    assert bool(marks(conditions, "{a: x}", rest=rest)) is holds


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("{type: rule_attribute, attribute: level, value: zz}", "'zz' is no level"),
        ("{type: rule_attribute, attribute: title, value: t, op: gt}", "title is text and has no order"),
        ("{type: rule_attribute, attribute: title, value: t, op: in}", "title is no list"),
        ("{type: rule_attribute, attribute: logsource, value: t}", "logsource, which is a mapping"),
        ("{type: processing_state, key: k, val: x, op: gt}", "cannot be compared"),
    ],
)
def test_conditions_that_cannot_be_asked_of_a_rule(condition, reason):
    with pytest.raises(RuleError, match=reason):
        marks(f"[{condition}]", "{a: x}", STATE)


# Faults of a pipeline


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nme: x", "1: pipeline refused: unknown key 'nme'; did you mean 'name'?"),
        ("- a", "0: pipeline refused: not one mapping"),
        ("name: [a", "2: not YAML: did not find expected ',' or ']'"),
        ("\npriority: high", "2: pipeline refused: priority must be a whole number"),
        ("vars: [a]", "1: pipeline refused: vars must be a mapping of names to a value or a list of values"),
        ("transformations: {}\n", None),
        ("transformations: {a: 1}", "1: pipeline refused: transformations must be a list"),
        ("transformations:\n- x", "1: pipeline refused: a transformation must be a mapping"),
        ("transformations:\n- id: a", "2: pipeline refused: transformation has no type"),
        (
            "transformations:\n- id: a\n  type: field_name_maping\n",
            "3: pipeline refused: unknown transformation 'field_name_maping'; did you mean 'field_name_mapping'?",
        ),
        (
            "transformations:\n- type: nest\n  items:\n  - type: dropping\n",
            "4: pipeline refused: unknown transformation 'dropping'",
        ),
        (
            "transformations:\n- type: field_name_mapping\n  maping: {a: b}\n",
            "3: pipeline refused: field_name_mapping: unknown argument 'maping'; did you mean 'mapping'?",
        ),
        (
            "transformations:\n- type: field_name_mapping\n",
            "2: pipeline refused: field_name_mapping: argument 'mapping' is missing",
        ),
        (
            "transformations:\n- type: field_name_mapping\n  mapping: x\n",
            "3: pipeline refused: field_name_mapping: mapping must be a mapping of names",
        ),
        (
            "transformations:\n- type: replace_string\n  regex: '(?=x)'\n  replacement: y\n",
            "3: pipeline refused: replace_string: regex is no regular expression that RE2 can run, "
            "which has no lookaround: invalid perl operator: (?=",
        ),
        (
            "transformations:\n- type: replace_string\n  regex: x\n  replacement: \\1\n",
            "2: pipeline refused: replace_string: replacement has '\\\\1', which stands for nothing",
        ),
        (
            "transformations:\n- type: extract_fields\n  regex: x\n",
            "3: pipeline refused: extract_fields: regex must have a named group, (?P<name>...)",
        ),
        (
            "transformations:\n- type: change_logsource\n",
            "2: pipeline refused: change_logsource: names no category, product or service",
        ),
        (
            "transformations:\n- type: case\n  method: title\n",
            "3: pipeline refused: case: method must be one of lower, upper, snake_case",
        ),
        (
            "transformations:\n- type: wildcard_placeholders\n  include: [a]\n  exclude: [b]\n",
            "2: pipeline refused: wildcard_placeholders: include and exclude cannot be used together",
        ),
        (
            "transformations:\n- type: case\n  rule_conditions:\n  - type: logsorce\n",
            "4: pipeline refused: unknown condition 'logsorce'; did you mean 'logsource'?",
        ),
        (
            "transformations:\n- type: case\n  rule_conditions:\n  - {type: logsource}\n",
            "4: pipeline refused: logsource: names no category, product or service",
        ),
        (
            "transformations:\n- type: [case]\n",
            "2: pipeline refused: unknown transformation \"['case']\"; did you mean 'case'?",
        ),
        (
            "transformations:\n- type: case\n  rule_conditions: 1\n",
            "3: pipeline refused: rule_conditions must be a list or a mapping of names",
        ),
        (
            "transformations:\n- type: case\n  rule_conditions: x\n",
            "3: pipeline refused: rule_conditions must be a list or a mapping of names",
        ),
        (
            "transformations:\n- type: case\n  rule_conditions: [{type: is_sigma_rule}]\n  rule_cond_expr: a\n",
            "4: pipeline refused: rule_cond_expr needs rule_conditions with names",
        ),
        (
            "transformations:\n- type: case\n  rule_conditions: {a: {type: is_sigma_rule}}\n  rule_cond_expr: a and b\n",
            "4: pipeline refused: rule_cond_expr: condition names condition 'b', which is not there",
        ),
        (
            "transformations:\n- type: case\n  rule_conditions: {a: {type: is_sigma_rule}, b: {type: is_sigma_rule}}\n"
            "  rule_cond_expr: a\n",
            "4: pipeline refused: rule_cond_expr leaves out b",
        ),
        (
            "transformations:\n- type: case\n  rule_conditions: []\n  rule_cond_op: xor\n",
            "4: pipeline refused: rule_cond_op must be and or or",
        ),
        (
            "transformations:\n- type: case\n  rule_conditions: {}\n  rule_cond_op: or\n  rule_cond_expr: a\n",
            "4: pipeline refused: rule_cond_op and rule_cond_expr exclude each other",
        ),
    ],
)
def test_a_pipeline_with_a_fault_is_refused(text, expected):
    if expected is None:
        assert pipelines.load([("p.yml", text)])[0].steps == ()
    else:
        assert refused(text) == expected


@pytest.mark.parametrize("name", ["tm-v1", "windows"])
def test_spoiled_pipelines_are_refused_or_run(name):
    """Whatever stands in a pipeline: it is refused, or rules load or fail by name; nothing else comes out."""
    text = (Path(__file__).parents[2] / "pipelines" / f"{name}.yml").read_text(encoding="utf-8")
    random = Random(7)
    words = ["[", "{", "~", "1", "true", "''", "type: nest", "(", "*", "re", "[[1]]", "{a: {b: c}}"]
    lines = text.splitlines()
    ran = 0
    for _ in range(60):
        spoiled = lines[lines.index("transformations:") :]
        at = random.randrange(1, len(spoiled))
        head, _, tail = spoiled[at].partition(": ")
        spoiled[at] = random.choice([f"{head}: {random.choice(words)}", tail, spoiled[at].replace(":", "", 1)])
        try:
            fit = pipelines.load([("p.yml", "\n".join(spoiled))])
        except RuleError:
            continue
        found = load([("r.yml", RULE % "{Image: a, eventSubId: TELEMETRY_PROCESS_CREATE}")], pipelines=fit)
        assert len(found) + len(found.failed) == 1
        ran += 1
    assert 0 < ran < 60


def test_what_shapes_queries_is_noted():
    (one,) = pipelines.load([("p.yml", "name: n\nallowed_backends: [x]\npostprocessing: [{type: embed}]\n")])
    assert one.name == "n"
    assert one.notes == (
        "p.yml: postprocessing shape the query text of a back end; there is none here, so they are left out",
    )


def test_limits():
    assert "more than 1000 transformations" in refused("transformations:\n" + "- type: case\n" * 1001)
    doubling = ["{type: field_name_mapping, mapping: {a: [a, b], b: [a, b]}}"] * 20
    with pytest.raises(RuleError, match="more than 20000 detection items"):
        fitted("{a: 1}", *doubling)
    assert "more than 1000000 characters" in refused("name: " + "x" * 1_000_001)


# In a rule set


def test_without_pipelines_nothing_changes():
    text = RULE % "{a: 1}"
    (document,) = documents("r.yml", text)
    assert pipelines.apply((), "r.yml", document) is document
    (plain,), (with_none,) = load([("r.yml", text)]).compiled, load([("r.yml", text)], pipelines=()).compiled
    assert (plain.rule, plain.tree) == (with_none.rule, with_none.tree)


def test_settled_rules_are_left_alone():
    fit = pipeline("{type: field_name_prefix, prefix: x.}")
    other = RULE.replace("000000000001", "000000000002")
    found = load([("r.yml", RULE % "{a: 1}")], pipelines=fit, settled=[("own.yml", other % "{a: 1}")])
    assert [(rule.path, rule.fields) for rule in found.rules] == [("own.yml", ("a",)), ("r.yml", ("x.a",))]


def test_filters_follow_their_rules():
    fit = pipeline("{type: field_name_mapping, mapping: {a: b}}", "{type: change_logsource, product: zz}")
    exclude = """
title: f
logsource: {product: windows, category: process_creation}
filter:
    rules: any
    selection: {a|endswith: z}
    condition: not selection
"""
    found = load([("r.yml", RULE % "{a|startswith: x}"), ("f.yml", exclude)], pipelines=fit)
    assert not found.failed
    events = [Event(Logsource("zz"), {"b": value}) for value in ("xy", "xz")]
    assert [bool(found.match(one)) for one in events] == [True, False]


CORRELATION = """
title: c
correlation:
    type: value_count
    rules: [named]
    group-by: [a, al, w]
    timespan: 1h
    condition: {gte: 2, field: a}
    aliases: {al: {named: a}}
"""


def correlated(*steps, logsources=()):
    (document,) = documents("c.yml", CORRELATION)
    before = repr(document)
    made = pipelines.map_correlation(pipeline(*steps), "c.yml", document, logsources)["correlation"]
    assert repr(document) == before
    return made["group-by"], made["condition"]["field"], made["aliases"]


def test_correlations_are_mapped():
    step = "{type: field_name_mapping, mapping: {a: b}}"
    assert correlated(step) == (["b", "al", "w"], "b", {"al": {"named": "b"}})


def test_a_group_may_be_by_several_fields_but_a_value_is_one():
    assert correlated("{type: field_name_mapping, mapping: {w: [x, y]}}")[0] == ["a", "al", "x", "y"]
    with pytest.raises(RuleError, match=r"'a' becomes several \(b, c\)"):
        correlated("{type: field_name_mapping, mapping: {a: [b, c]}}")


def test_logsource_of_a_correlation_is_that_of_its_rules():
    step = "{type: field_name_mapping, mapping: {a: b}, rule_conditions: [{type: logsource, product: windows}]}"
    assert correlated(step)[1] == "a"
    assert correlated(step, logsources=[Logsource("linux"), Logsource("windows", "x")])[1] == "b"


def test_is_sigma_correlation_rule():
    step = "{type: field_name_mapping, mapping: {a: b}, rule_conditions: [{type: is_sigma_correlation_rule}]}"
    assert correlated(step)[1] == "b"
    assert selection("{a: 1}", step) == {"a": [1]}


def test_a_rule_set_maps_correlations_once_all_rules_are_known():
    step = "{type: field_name_mapping, mapping: {a: b}, rule_conditions: [{type: logsource, product: windows}]}"
    rule = RULE.replace("title: t", "title: t\nname: named") % "{a|startswith: x}"
    found = load([("c.yml", CORRELATION), ("r.yml", rule)], pipelines=pipeline(step))
    assert not found.failed
    (correlation,) = found.correlations
    assert correlation.field == ("b",)
