"""The story in the terminal: complete in both languages, without anything a terminal would obey."""

from dataclasses import replace
from io import StringIO
from string import Formatter

import pytest
from rich.console import Console

from sekisho.respond import terminal
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
