"""Sentences: the same in every language's catalogue, safe to show, and complete."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from sekisho.model.incident import Text
from sekisho.respond.wording import LANGUAGES, Words, catalogue, safe

SOURCE = Path(__file__).parents[2] / "src" / "sekisho"
KEY = re.compile(r"(?:step|root|title|unknown|why|label|who|action|edge|role|type|kind|layer)\.[a-z_.]*[a-z]")


def placeholders(template):
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_languages_have_the_same_keys_and_placeholders():
    english = catalogue("en")
    for language in LANGUAGES:
        other = catalogue(language)
        assert other.keys() == english.keys()
        for key, template in other.items():
            assert placeholders(template) == placeholders(english[key]), key


def test_every_key_used_in_the_code_is_in_the_catalogue():
    keys = set()
    for path in [*SOURCE.glob("correlate/*.py"), *SOURCE.glob("respond/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEY.fullmatch(node.value):
                keys.add(node.value)
    assert len(keys) > 40
    assert keys - catalogue("en").keys() == set()


def test_japanese_texts_keep_to_the_glossary():
    """Source: the faults listed in the translation report that the field's largest platform received in 2026."""
    texts = " ".join(catalogue("ja").values())
    for wrong in ("摂取", "目撃", "である。"):
        assert wrong not in texts


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("http://203.0.113.10/a", "hxxp://203.0.113[.]10/a"),
        ("a\x1b[31mred", "a‹001B›[31mred"),
        ("invoice\u202excod.exe", "invoice‹202E›xcod.exe"),
        ("two\nlines", "two lines"),
        ("form.lnk" + " " * 110 + "-enc", "form.lnk ‹110 ␠› -enc"),
        ("請求書.xls", "請求書.xls"),
    ],
)
def test_shown_text_can_do_nothing(raw, shown):
    assert safe(raw) == shown


def test_sentence_is_worded_in_both_languages():
    values = (
        ("user", "CORP\\user01"),
        ("name", "a.lnk"),
        ("host", "PC-1"),
        ("parent", "explorer.exe"),
        ("command", "cmd"),
    )
    text = Text("step.endpoint.opened", values)
    assert Words("en").say(text) == "CORP\\user01 opened a.lnk on PC-1: explorer.exe → cmd"
    assert Words("ja").say(text) == "PC-1 で CORP\\user01 が a.lnk を開封: explorer.exe → cmd"


def test_long_lists_are_counted():
    assert Words("en").listed(["a", "b", "c"], 2) == "a · b · and 1 more"
