"""The story in the terminal: complete in both languages, without anything a terminal would obey."""

from dataclasses import replace
from io import StringIO
from string import Formatter

import pytest
from rich.console import Console

from sekisho.model.result import Tuned
from sekisho.respond import terminal
from sekisho.respond._merged import merges
from sekisho.respond.wording import LANGUAGES, Words, catalogue


def printed(show, result, language="en"):
    out = StringIO()
    console = Console(file=out, width=120, no_color=True, markup=False, highlight=False, emoji=False)
    show(result, Words(language, result.findings), console)
    return out.getvalue()


def test_story_tells_the_chain_in_order(lab_result):
    text = printed(terminal.story, lab_result)
    places = [
        text.index(word)
        for word in ("MALICIOUS", "ACH Form.xls", "EXCEL.EXE", "mshta.exe", "rundll32.exe", "Root cause", "Do now")
    ]
    assert places == sorted(places)
    assert "http://" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_story_is_told_in_every_language(lab_result, language):
    text = printed(terminal.story, lab_result, language)
    assert {"en": "Not known", "ja": "不明な点"}[language] in text
    assert "step." not in text
    names = {name for key in catalogue(language).values() for _, name, _, _ in Formatter().parse(key) if name}
    assert not [name for name in names if f"{{{name}}}" in text]


def test_files_show_verdict_reasons_and_urls(lab_result):
    text = printed(terminal.files, lab_result)
    assert "Numeric Spelling of an IP Address in a File" in text
    assert "hex-ip" in text


def test_a_skipped_file_is_named(lab_result):
    first, *rest = lab_result.inputs
    spoiled = replace(lab_result, inputs=(replace(first, skipped="cannot be read: \x1b[31mno", failed=True), *rest))
    text = printed(terminal.story, spoiled)
    assert "cannot be read" in text
    assert "\x1b" not in text


def test_tuning_shows_first_what_needs_a_look(lab_result):
    good = tuple(Tuned(n, "t.yml", n, "active", "exclude", f"reason {n}", suppressed=2) for n in range(1, 9))
    idle = Tuned(9, "t.yml", 9, "unused", "exclude", "idle")
    broken = Tuned(10, "t.yml", 0, "failed", error="no \x1b[31mmapping")
    partly = Tuned(11, "t.yml", 11, "active", "level", "partly", changed=1, unknown=("old\x1b[0m",))
    text = printed(terminal.scan, replace(lab_result, tuning=(*good, idle, broken, partly), rules_disabled=3))
    lines = text[text.index("findings suppressed") :].splitlines()
    assert lines[0] == (
        "findings suppressed by tuning: 16 · given another level: 1 · rules disabled: 3 · entries in use: 9 · unused: 1"
        " · cannot be used: 1"
    )
    assert lines[1] == "  t.yml: cannot be used · no ‹001B›[31mmapping"
    assert lines[2] == "  t.yml:11: in use (1 times) · old‹001B›[0m · partly"
    assert lines[3] == "  t.yml:1: in use (2 times) · reason 1"
    assert lines[9] == "  and 2 more"
    assert "idle" not in text


def test_merges_that_say_the_same_are_told_once(lab_result):
    incident = next(one for one in lab_result.incidents if len(one.merges) > 2)
    words = Words("en", lab_result.findings)
    told = merges(incident, words)
    assert len({one.text for one in told}) == len(told) < len(incident.merges)
    assert any("times)" in one.text and len(one.ids.split()) > 1 for one in told)
