"""What the rule checker says, and what it must not say."""

from pathlib import Path

import pytest

from sekisho.detect.lint import CODES, Known, check, named, warnings
from sekisho.detect.rules import load
from sekisho.model.event import Logsource

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
PROCESS = Logsource("windows", "process_creation", "sysmon")
KNOWN = Known(
    frozenset({PROCESS, Logsource("windows", "", "security"), Logsource("", "proxy")}),
    {PROCESS: frozenset({"Image", "CommandLine", "ParentImage", "EventID", "User"})},
)
HEAD = """title: One
id: 0d3f9a3e-5f1b-4e3a-9a52-9d1f0c8b7a61
status: test
level: high
logsource: {product: windows, category: process_creation}
"""


def codes(text, path="one.yml"):
    loaded = load([(path, text)])
    return [one.code for one in check([(path, text)], loaded, KNOWN)]


def detection(selection, condition="selection", head=HEAD):
    return f"{head}detection:\n  selection:\n    {selection}\n  condition: {condition}\n"


GOOD = detection("Image|endswith: '\\mshta.exe'")


def test_a_good_rule_has_nothing_said_about_it():
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("selection", "code"),
    [
        ("Imagee: a.exe", "field_unknown"),
        ("CommandLine|fieldref: Imag", "field_unknown"),
        ("Image : x", None),
        ("'Image |endswith': x", "field_blanks"),
        ("CommandLine: '*word*'", "wildcards_both"),
        ("CommandLine: ['*a*', 'b*']", None),
        ("CommandLine: '*a*b*'", None),
        ("CommandLine: '*'", None),
        ("CommandLine|contains: 'word*'", "wildcard_needless"),
        ("CommandLine|startswith: '*word'", None),
        ("CommandLine|endswith: '*word'", "wildcard_needless"),
        ("CommandLine|contains: 'a*b'", None),
        ("Image: 'C:\\Temp\\*'", "wildcard_escaped"),
        ("Image: 'C:\\Temp\\\\*'", None),
        ("CommandLine|contains: 'dir \\*'", None),
        ("Image|endswith|all: '\\a.exe'", "all_single"),
        ("CommandLine|contains|all: [a, b]", None),
        ("CommandLine: ' -x'", "value_blanks"),
        ("CommandLine|contains: ' -x '", None),
        ("CommandLine|contains: [Word, WORD]", "value_twice"),
        ("CommandLine|contains|cased: [Word, WORD]", None),
        ("CommandLine|base64|contains: [Word, WORD]", None),
        ("CommandLine|contains|cased: '1.2'", "cased_needless"),
        ("CommandLine|contains|cased: 'a1'", None),
        ("CommandLine|re: 'a(?=b)c'", "regex_slow"),
        ("CommandLine|re: 'a?'", "regex_any"),
        ("CommandLine|re: '^$'", None),
        ("CommandLine|contains: FILL_IN", "unfilled"),
    ],
)
def test_values(selection, code):
    assert codes(detection(selection)) == ([code] if code else [])


def test_values_of_one_item_are_one_problem():
    text = detection("CommandLine: ['*a*', '*b*', '*c*']")
    (one,) = check([("one.yml", text)], load([("one.yml", text)]), KNOWN)
    assert (one.line, dict(one.values)) == (8, {"value": "*a*", "more": " (+2)", "key": "CommandLine"})


@pytest.mark.parametrize(
    ("detection", "code"),
    [
        ("{a: {Image: x}, b: {Image: y}, condition: a}", "selection_unused"),
        ("{a: {Image: x}, _b: {Image: y}, condition: a}", None),
        ("{a1: {Image: x}, a2: {Image: y}, condition: 1 of a*}", None),
        ("{a: {Image: x}, condition: not a}", "only_negated"),
        ("{a: {Image: null}, b: {User: x}, condition: a and b}", None),
        ("{a: {Image: x}, b: {User: y}, condition: a and b and not a}", "never"),
        ("{a: {Image: x}, b: {Image: x}, condition: a and not b}", "never"),
        ("{a: {Image: x}, condition: a or not a}", "always"),
        ("{a: {Image: x, User: z}, b: {Image: y}, condition: a and b}", "conflict"),
        ("{a: {Image: x, User: z}, b: {Image: y}, condition: a or b}", None),
        ("{a: {EventID: [1, 2]}, b: {EventID: [2, 3]}, condition: a and b}", None),
        ("{a: {EventID|all: [1, 2]}, condition: a}", "conflict"),
    ],
)
def test_conditions(detection, code):
    assert codes(f"{HEAD}detection: {detection}\n") == ([code] if code else [])


@pytest.mark.parametrize(
    ("line", "changed", "code"),
    [
        ("id: 0d3f9a3e-5f1b-4e3a-9a52-9d1f0c8b7a61\n", "", "id_missing"),
        ("id: 0d3f9a3e-5f1b-4e3a-9a52-9d1f0c8b7a61", "id: my-rule", "id_form"),
        ("status: test", "status: done", "status_unknown"),
        ("level: high\n", "", "level_missing"),
        ("level: high", "level: high\ndate: 2026/01/31", "date_form"),
        ("level: high", "level: high\nmodified: 2026-02-31", "date_form"),
        ("level: high", "level: high\ndate: 2026-01-31", None),
        ("level: high", "level: high\ntags: [attack.t1059.001, attack.defense_evasion, cve.2021-44228]", None),
        ("level: high", "level: high\ntags: [attack.g0016, attack.stealth, tlp.amber, car.2016-04-005]", None),
        ("level: high", "level: high\ntags: [attack.t1059.1]", "tactic_unknown"),
        ("level: high", "level: high\ntags: [attack.executon]", "tactic_unknown"),
        ("level: high", "level: high\ntags: [execution]", "tag_form"),
        ("level: high", "level: high\ntags: [cve.2021.44228]", "tag_form"),
        ("process_creation", "process_create", "logsource_unknown"),
        ("logsource:", "taxonomy: other\nlogsource:", None),
        ("title: One", "title: FILL_IN", "unfilled"),
        ("level: high", "level: highest", "cannot_run"),
    ],
)
def test_heads(line, changed, code):
    assert codes(GOOD.replace(line, changed)) == ([code] if code else [])


def test_close_words_are_offered():
    text = detection("CommandLin|contains: a").replace("process_creation", "proces_creation")
    found = check([("one.yml", text)], load([("one.yml", text)]), KNOWN)
    assert {dict(one.values)["close"] for one in found} == {"windows/process_creation/sysmon"}
    (field,) = check(
        [("one.yml", detection("CommandLin|contains: a"))],
        load([("one.yml", detection("CommandLin|contains: a"))]),
        KNOWN,
    )
    assert (field.line, dict(field.values)["close"]) == (8, "CommandLine")


def test_file_names_and_ids_that_are_taken():
    assert codes(GOOD, "My Rule.yml") == ["file_name"]
    texts = [("one.yml", GOOD), ("two.yml", GOOD)]
    (one,) = check(texts, load(texts), KNOWN)
    assert (one.severity, one.code, one.path, one.line) == ("error", "cannot_run", "two.yml", 1)
    assert "taken by one.yml:1" in dict(one.values)["reason"]


def test_services_without_known_fields_are_not_judged():
    assert codes(GOOD.replace("category: process_creation", "service: security").replace("Image", "Anything")) == []


@pytest.mark.parametrize("text", ["", "[]", "a: b: c", "detection: 1", "- x", "title: {a: b}\nlogsource: x\ntags: x"])
def test_whatever_the_text_is_nothing_breaks(text):
    assert all(one.code in CODES for one in check([("one.yml", text)], load([("one.yml", text)]), KNOWN))
    assert all(one.code in CODES for one in warnings("one.yml", text, {}, KNOWN))


def test_logsources_are_named_in_short():
    assert named(Logsource("windows", "", "security")) == "windows/*/security"
    assert named(Logsource("windows", "process_creation")) == "windows/process_creation"
    assert named(Logsource("", "proxy")) == "*/proxy"
    assert named(Logsource("windows")) == "windows"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_public_rules_are_rarely_doubtful():
    from sekisho.app.rules.taxonomy import known

    paths = sorted((SHARED / "sigma" / "rules" / "windows" / "process_creation").rglob("*.yml"))[:400]
    texts = [(str(path), path.read_text(encoding="utf-8")) for path in paths]
    found = list(check(texts, load(texts), known()))
    assert texts
    assert len(found) < len(texts) / 50
