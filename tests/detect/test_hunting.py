"""Questions: what they mean, what they need, and what is said of those that cannot be read."""

import contextlib
import random

import pytest

from sekisho.detect import rules
from sekisho.detect.hunting import narrowed, needed, of_rule, parse, term
from sekisho.model.errors import RuleError
from sekisho.model.event import Event, Logsource

EVENT = Event(
    Logsource("windows", "process_creation"),
    {
        "Image": "C:\\Windows\\System32\\regsvr32.exe",
        "CommandLine": 'regsvr32.exe -s "..\\x.ocx"',
        "EventID": 1,
        "size": 7,
        "件名": "請求書の件",
        "urls": ["http://a.example/", "http://b.example/x"],
    },
)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("Image|endswith:\\regsvr32.exe", True),
        ("image|ENDSWITH:\\REGSVR32.exe", True),
        ("Image|endswith:(\\cmd.exe \\regsvr32.exe)", True),
        ("Image|endswith:( \\cmd.exe  \\mshta.exe )", False),
        ('CommandLine|contains:"-s "', True),
        ('CommandLine|contains:""', True),
        ('CommandLine|contains:"-s ""..\\x"', True),
        ("ocx", True),
        ("ocx hta", False),
        ("ocx or hta", True),
        ("not hta", True),
        ("ocx not hta", True),
        ("ocx not (hta or regsvr32)", False),
        ("(hta or ocx) Image:*sys*", True),
        ("hta or ocx and nothing", False),
        ("EventID:1", True),
        ("size|gt:6", True),
        ("size|gt:7", False),
        ("size|lt:7.5", True),
        ("nothing|exists:false", True),
        ("Image|exists:true", True),
        ('CommandLine|re:"\\.\\.\\\\\\w+\\.ocx"', True),
        ("件名|contains:請求", True),
        ("請求書", True),
        ("http://b.example/x", True),
        ("urls|contains:b.example", True),
        ("urls:http://a.example/", True),
        ("AND OR", None),
    ],
)
def test_questions(text, answers):
    if answers is None:
        with pytest.raises(RuleError):
            parse(text)
    else:
        assert parse(text).answers(EVENT) is answers


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ('"open', "character 1"),
        ("a:", "has no value"),
        ("a and", "ends too early"),
        ("(a", "bracket open"),
        ("a)", "not open"),
        ("Image|foo:bar", "unknown modifier"),
        ("a:(b c:d)", "a term inside a list"),
        ("a:(b", "not closed"),
        ("a:()", "not closed, or empty"),
        ("x " * 201, "more than 200 terms"),
        ("x" * 5_000, "longer than"),
        ("a|re:(", "not closed, or empty"),
        ('a|re:"("', "t0"),
    ],
)
def test_what_cannot_be_read_is_said(text, said):
    with pytest.raises(RuleError, match="query") as error:
        parse(text)
    assert said in str(error.value)


def test_needs_are_literals_of_each_part():
    needs = parse("Image|endswith:\\x.exe (a.b|contains:left or a.b|contains:right)").needs
    assert [{one.text for one in need} for need in needs] == [{"\\x.exe"}, {"left", "right"}]
    assert not parse("not a:b").needs


def test_only_foreseen_errors_come_out():
    dice = random.Random(3)
    parts = [
        "a",
        ":",
        "|",
        "contains",
        "(",
        ")",
        '"',
        "\\",
        "*",
        "?",
        " ",
        "not",
        "and",
        "or",
        "re",
        "1",
        "\0",
        "請",
        "%",
    ]
    for _ in range(1_500):
        text = "".join(dice.choice(parts) for _ in range(dice.randrange(1, 14)))
        with contextlib.suppress(RuleError):
            parse(text).answers(EVENT)


def test_what_any_of_several_rules_needs():
    texts = [
        ("title: A\nlogsource: {product: windows}\ndetection: {one: {Image: [cmd.exe, x.exe], n: 1}, condition: one}"),
        ("title: B\nlogsource: {product: windows}\ndetection: {one: {Url|contains: evil}, condition: one}"),
        ("title: C\nlogsource: {product: windows}\ndetection: {one: {n|gt: 3}, condition: one}"),
    ]
    known = rules.load([(f"{n}.yml", text) for n, text in enumerate(texts)]).compiled
    assert {one.text for one in needed(known[:2]) or ()} == {"cmd.exe", "x.exe", "evil"}
    assert needed(known) is None
    assert needed([]) == ()


RULE = r"""
title: T
logsource: {product: windows, category: process_creation}
detection:
  one: {Image|endswith: \regsvr32.exe}
  two: {CommandLine|contains: ..\}
  condition: one and two
"""


def test_a_rule_is_a_question_to_its_logsource():
    question = of_rule(RULE)
    assert question.answers(EVENT)
    assert question.logsource == ("windows", "process_creation", "")
    assert set(question.fields) == {"Image", "CommandLine"}
    assert question.needs


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (RULE.replace("one and two", "one and three"), "three"),
        (RULE.replace("endswith", "endwith"), "unknown modifier"),
        (RULE + "---\n" + RULE.replace("title: T", "title: U"), "one rule"),
        ("detection: [", "."),
    ],
)
def test_what_is_no_single_rule_is_refused_with_its_reason(text, reason):
    with pytest.raises(RuleError, match=reason):
        of_rule(text)


def test_a_term_finds_the_very_value_it_was_written_for():
    dice = random.Random(5)
    for _ in range(800):
        value = "".join(dice.choice('\\*?"() ab請:|\n') for _ in range(dice.randrange(8)))
        question = parse(f"x:1 or {term('f', value)}")
        assert question.answers(Event(Logsource(), {"f": value}))
        for other in (f"z{value}", f"{value}z", value.replace("*", "q").replace("?", "q")):
            assert other == value or not question.answers(Event(Logsource(), {"f": other}))


def test_a_field_that_no_question_can_name_has_no_term():
    assert term("a b", "1") == ""
    assert term("c-ip", "192.0.2.1") == "c-ip:192.0.2.1"


def test_a_narrowed_question_keeps_what_it_meant():
    assert narrowed("a b", "f:1") == "a b f:1"
    assert narrowed("a or b", "f:1", without=True) == "(a or b) not f:1"
    assert narrowed("", "f:1") == "f:1"
