"""A rule on an event: what is pasted is bounded, checked and explained."""

import random

import pytest

from sekisho.app.console import trying
from sekisho.model.errors import LimitError, SekishoError
from sekisho.model.event import Logsource

RULE = """title: Odd Program
id: 00000000-0000-4000-8000-000000000009
status: test
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|endswith: '\\odd.exe'
    CommandLine|contains: [a, b]
  condition: selection
level: high
"""
WINDOWS = Logsource("windows", "process_creation", "")


def attempt(events, logsource=WINDOWS):
    return trying.attempt(trying.pasted(RULE), trying.events_of(events, logsource), "en")


def test_a_match_and_a_near_miss_are_told_apart():
    told = attempt('[{"Image": "C:\\\\x.exe"}, {"Image": "C:\\\\odd.exe", "CommandLine": "a"}]')
    assert (told.events, told.matched) == (2, 1)
    first, second = told.shown
    assert (first.number, first.matched) == (2, True)
    assert (second.number, second.matched, second.missing) == (1, False, ("CommandLine",))
    assert {line.name for line in first.lines} >= {"selection"}


def test_another_log_source_never_matches():
    told = attempt('{"Image": "C:\\\\odd.exe", "CommandLine": "a"}', Logsource("linux", "process_creation", ""))
    assert (told.matched, told.shown[0].routed) == (0, False)


def test_a_log_source_is_read_with_empty_parts():
    assert trying.logsource_of("", WINDOWS) == WINDOWS
    assert trying.logsource_of("Windows/*/security", WINDOWS) == Logsource("windows", "", "security")
    with pytest.raises(SekishoError):
        trying.logsource_of("<b>", WINDOWS)


def test_what_is_too_long_is_refused():
    with pytest.raises(LimitError):
        trying.pasted("#" * (trying.RULE_CHARS + 1))
    with pytest.raises(LimitError):
        trying.events_of(" " * (trying.EVENT_CHARS + 1), WINDOWS)
    assert len(trying.events_of("{}\n" * 5000, WINDOWS)) == trying.MOST_EVENTS


def test_a_rule_that_cannot_run_is_not_usable():
    assert trying.check(RULE, "a.yml", "ja").usable
    broken = trying.check(RULE.replace("condition: selection", "condition: other"), "a.yml", "en")
    assert not broken.usable
    assert broken.doubts
    assert not trying.check("", "a.yml", "en").usable


def test_only_foreseen_errors_come_out_of_broken_rules_and_events():
    dice = random.Random(7)
    event = '{"Image": ["C:\\\\odd.exe"], "CommandLine": {"a": 1}}'
    for _ in range(120):
        texts = []
        for seed in (RULE, event):
            letters = list(seed)
            for _ in range(dice.randrange(0, 4)):
                letters[dice.randrange(len(letters))] = chr(dice.choice((0, 34, 39, 58, 91, 123, 0xD800, 0x2028)))
            texts.append("".join(letters))
        try:
            trying.check(texts[0], "a.yml", "en")
            trying.attempt(trying.pasted(texts[0]), trying.events_of(texts[1], WINDOWS), "en")
        except SekishoError:
            continue
