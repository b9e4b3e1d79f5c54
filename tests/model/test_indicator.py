"""Indicator values: one spelling each, defanged forms read, and nothing that is no value."""

import random

import pytest

from sekisho.model.indicator import KINDS, Indicator, canonical, guess, host_of, joined

H = "116fe93eb50494a7f7d37d0bd26a760e71cfa9f9cd0a5148f03cbef2c0cf18ab"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("203.0.113.9", ("ip", "203.0.113.9")),
        ("203[.]0[.]113[.]9", ("ip", "203.0.113.9")),
        ("2001:DB8::1", ("ip", "2001:db8::1")),
        ("evil[.]example", ("domain", "evil.example")),
        ("Evil.Example.", ("domain", "evil.example")),
        ("日本語.example", ("domain", "xn--wgv71a119e.example")),
        ("hxxp://evil[.]example/a/b?c=1#d", ("url", "http://evil.example/a/b?c=1")),
        ("hxxps[:]//evil[.]example", ("url", "https://evil.example/")),
        ("evil.example/a.hta", ("url", "http://evil.example/a.hta")),
        ("http://0xcb00710a/fer/fe3.html", ("url", "http://203.0.113.10/fer/fe3.html")),
        ("bad[at]evil[.]example", ("email", "bad@evil.example")),
        (H.upper(), ("sha256", H)),
        ("d41d8cd98f00b204e9800998ecf8427e", ("md5", "d41d8cd98f00b204e9800998ecf8427e")),
        ("  evil.example\t", ("domain", "evil.example")),
    ],
)
def test_spellings_of_one_value_become_one(text, expected):
    assert guess(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".*",
        "*",
        "a",
        "%",
        "*.example",
        "203.0.113.0/24",
        "1.2.3",
        "999.1.1.1",
        "http://",
        "http:///x",
        "-.example",
        "x" * 5000,
        "evil..example",
        "evil.example:8080",
        "a b.example",
        "g" * 64,
        "ab" * 17,
        "@evil.example",
        "\x00",
        "../../etc",
    ],
)
def test_patterns_ranges_and_halves_are_no_value(text):
    assert guess(text) is None


def test_file_names_lose_folder_and_case():
    assert canonical("file", "C:\\ProgramData\\QWER.dll") == "qwer.dll"
    assert canonical("file", "C:\\") is None
    assert canonical("file", "a\x00b") is None
    assert canonical("nothing", "a.example") is None


def test_hosts_of_values():
    assert host_of("url", "http://203.0.113.10:8080/x") == "203.0.113.10"
    assert host_of("url", "http://[2001:db8::1]:8080/x") == "2001:db8::1"
    assert host_of("url", "http://google.com@evil.example/x@y") == "evil.example"
    assert host_of("url", "http://a.example/x") == "a.example"
    assert host_of("email", "a@b.example") == "b.example"
    assert host_of("sha256", H) == ""


def test_two_tellers_make_one_with_the_widest_span():
    old = Indicator("ip", "203.0.113.9", 80, 100, 200, 1_000, "a", "old", 2)
    new = Indicator("ip", "203.0.113.9", 60, 50, None, 900, "b", "", 1)
    assert joined(old, new) == Indicator("ip", "203.0.113.9", 80, 50, 200, 1_000, "b", "old", 3)


def test_any_text_gives_a_value_that_stays_itself_or_nothing():
    dice, letters = random.Random(3), "ab1.:/@[]%-_ \\x(){}*?#\u3042\u3002\uff0ehttp"
    for _ in range(3000):
        text = "".join(dice.choice(letters) for _ in range(dice.randrange(0, 40)))
        found = guess(text)
        if found:
            assert found[0] in KINDS
            assert canonical(*found) == found[1], text
