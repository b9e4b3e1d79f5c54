"""Indicators in events: whole values only, in every spelling a log has, and never by chance."""

import pickle
import random

import pytest

from sekisho.detect import rules
from sekisho.detect.indicators import MOST, Index, level_of
from sekisho.model.event import Event, Logsource
from sekisho.model.indicator import Indicator

PROXY = Logsource("", "proxy", "")


def event(**fields):
    return Event(PROXY, fields, 1_000, "PC1", "u", "proxy.log", "7")


def found(kind, value, text):
    return bool(Index([Indicator(kind, value)]).find(event(x=text)))


@pytest.mark.parametrize(
    ("kind", "value", "text", "there"),
    [
        ("ip", "10.1.1.1", "10.1.1.1", True),
        ("ip", "10.1.1.1", "tcp://10.1.1.1:8080/x", True),
        ("ip", "10.1.1.1", "110.1.1.1", False),
        ("ip", "10.1.1.1", "10.1.1.10", False),
        ("ip", "10.1.1.1", "10.1.1.1.example", False),
        ("ip", "2001:db8::1", "[2001:db8::1]:443", True),
        ("ip", "2001:db8::1", "2001:db8::12", False),
        ("domain", "evil.example", "WWW.EVIL.example", True),
        ("domain", "evil.example", "http://evil.example/a", True),
        ("domain", "evil.example", "evil.example.", True),
        ("domain", "evil.example", "notevil.example", False),
        ("domain", "evil.example", "evil.example.com", False),
        ("domain", "evil.example", "not-evil.example", False),
        ("url", "http://evil.example/a", "https://evil.example/a", True),
        ("url", "http://evil.example/a", "GET http://evil.example/a HTTP/1.1", True),
        ("url", "http://evil.example/a", "http://evil.example/abc", False),
        ("url", "http://evil.example/", "http://evil.example/abc", False),
        ("url", "http://evil.example/a", "http://notevil.example/a", False),
        ("email", "bad@evil.example", "<BAD@evil.example>", True),
        ("email", "bad@evil.example", "notbad@evil.example", False),
        ("sha256", "1" * 64, "SHA1=22,SHA256=" + "1" * 64, True),
        ("md5", "1" * 32, "1" * 64, False),
        ("file", "qwer.dll", "C:\\ProgramData\\QWER.dll,KitKat", True),
        ("file", "qwer.dll", "xqwer.dll", False),
        ("file", "qwer.dll", "qwer.dll.mui", False),
    ],
)
def test_a_value_is_there_when_it_stands_by_itself(kind, value, text, there):
    assert found(kind, value, text) is there


def test_a_second_place_counts_when_the_first_was_chance():
    assert found("domain", "evil.example", "notevil.example and evil.example")


def test_lists_are_looked_through_and_the_field_is_named():
    (hit,) = Index([Indicator("domain", "evil.example")]).find(event(a="x", n=5, query=["b", "c.evil.example"]))
    assert (hit.field, hit.value) == ("query", "c.evil.example")


def test_values_do_not_run_over_from_one_field_to_the_next():
    assert not Index([Indicator("domain", "evil.example")]).find(event(a="evil", b=".example"))


def test_findings_stand_beside_those_of_rules():
    index = Index([Indicator("ip", "45.76.12.34", 90, source="feed")])
    (one,) = rules.load([]).looking_for(index).match(event(dst="45.76.12.34"))
    assert (one.title, one.title_in("ja"), one.level) == ("Known Bad Address", "既知の悪性アドレス", "high")
    assert [(item.field, item.value) for item in one.evidence] == [("dst", "45.76.12.34"), ("indicator", "45.76.12.34")]
    again = pickle.loads(pickle.dumps(rules.load([]).looking_for(index)))
    assert again.match(event(dst="45.76.12.34"))[0].id == one.id
    assert not rules.load([]).match(event(dst="45.76.12.34"))


@pytest.mark.parametrize(
    ("kind", "confidence", "level"),
    [("ip", 90, "high"), ("ip", 60, "medium"), ("url", 20, "low"), ("file", 100, "medium"), ("email", 50, "low")],
)
def test_levels_follow_confidence_and_names_stay_weak(kind, confidence, level):
    assert level_of(Indicator(kind, "x.example", confidence)) == level


def test_short_values_are_not_looked_for_and_many_hits_are_bounded():
    assert len(Index([Indicator("file", "a.b")])) == 0
    many = [Indicator("domain", f"e{number}.example") for number in range(200)]
    assert len(Index(many).find(event(x=" ".join(one.value for one in many)))) == MOST


def test_it_agrees_with_looking_for_each_value_alone():
    dice = random.Random(23)
    indicators = [Indicator("domain", f"{dice.choice('abc')}{dice.choice('abc')}.example") for _ in range(9)]
    unique = list({one.value: one for one in indicators}.values())
    for _ in range(500):
        text = "".join(dice.choice(["aa", "ab", "b", ".example", "-", " ", "."]) for _ in range(12))
        together = {hit.indicator.value for hit in Index(unique).find(event(x=text))}
        assert together == {one.value for one in unique if found("domain", one.value, text)}


def test_many_values_are_scanned_as_one_and_each_told_by_its_place():
    index = Index([Indicator("domain", "evil.example"), Indicator("ip", "10.1.1.1")])
    texts = [
        "plain",
        "www.EVIL.example",
        "",
        "notevil.example",
        "10.1.1.1",
        "10.1.1.10",
        "x" * 1_000_001,
        "\u0130 10.1.1.1",
    ]
    assert index.holding(texts) == {1, 4, 7}
    assert index.holding([]) == set()
    assert Index([]).holding(texts) == set()
