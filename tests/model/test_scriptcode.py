"""What can be a script and reaches into a page, and what is prose."""

import random

import pytest

from sekisho.model.scriptcode import MAX_CHARS, code_of


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("alert(1)", "alert"),
        ("alert`1`", "alert"),
        ("a=1;eval ('x')", "eval"),
        ("document.cookie", "document.cookie"),
        ("document /*x*/ . cookie", "document.cookie"),
        ("window['al'+'ert'](1)", "window"),
        ("location='//a.example'", "location"),
        ("location.href = a", "location.href"),
        ("[].sort.call`${alert}1`", "call"),
        ("[]['filter']['constructor']('x')()", "]("),
        ("new Function('x')()", "Function"),
        ("import('//a.example')", "import"),
    ],
)
def test_a_script_that_reaches(text, reached):
    code = code_of(text)
    assert code.reads
    if reached != "import":
        assert reached in code.reaches


def test_code_of_signs_alone():
    assert code_of("[][(![]+[])[+[]]+([![]]+[][[]])[+!+[]+[+[]]]]").reaches


@pytest.mark.parametrize(
    "text",
    [
        "Ordinary words side by side",
        "function (of the thing)",
        "東京都港区(本社)",
        "alert の意味",
        "Promise(約束)",
        "The document. cookie (2)",
        "see the window (left)",
        "50% off, today!",
        "well! (yes)",
    ],
)
def test_prose_is_no_script(text):
    code = code_of(text)
    assert not (code.reads and code.reaches)


@pytest.mark.parametrize(
    "text", ["", "a", "A-1", "x=y", "f(x)=x+1", "history.jp", "window.co.jp", "self-pickup", "size.M"]
)
def test_harmless_code_reaches_nothing(text):
    assert not code_of(text).reaches


def test_any_text_is_read():
    dice = random.Random(5)
    for _ in range(500):
        code_of("".join(dice.choice("alert(1)['\"`${}];/*\\\n.= \0") for _ in range(dice.randrange(80))))
    assert code_of("((" * MAX_CHARS).reads
