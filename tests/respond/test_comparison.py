"""A comparison shown: a table old against new, on the screen and as a page, with what limits it."""

import json
from io import StringIO

import pytest
from rich.console import Console

from sekisho.model.comparison import KINDS, Compared, Comparison
from sekisho.respond.comparison import dump, page, show
from sekisho.respond.wording import Words

MADE = Comparison(
    "old",
    "new",
    (
        Compared("mutex", ("m",), (), (), 0.0, 0.0),
        Compared("extensions", ("hwp", "doc"), ("HWP", "xlsx"), ("hwp",), 0.5, -0.4),
        Compared("paths", ("C:\\<b>",), ("C:\\<b>",), ("C:\\<b>",), 1.0, 1.8),
    ),
    1.4,
    0,
    ("colour",),
)


def printed(language):
    out = StringIO()
    show(MADE, Words(language), Console(file=out, width=160, highlight=False, markup=False))
    return out.getvalue()


def test_the_table_has_the_heaviest_row_first_and_marks_what_is_common():
    text = printed("en")
    assert text.index("paths") < text.index("list of extensions") < text.index("mutex")
    for part in ("+1.8", "-0.4", "= hwp", "(nothing known)", "weak likeness", "it names nobody", "--corpus", "colour"):
        assert part in text


def test_japanese_says_the_same():
    for part in ("パス", "拡張子リスト", "弱い類似", "特定の名を示すものではありません"):
        assert part in printed("ja")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_kind_and_grade_has_its_words(language):
    words = Words(language)
    for key in [f"compare.{one.name}" for one in KINDS]:
        assert words.get(key)
    for grade in ("strong", "notable", "weak", "none", "different"):
        assert words.get(f"compare.grade.{grade}")


def test_the_page_escapes_what_it_is_given():
    text = page(MADE, Words("en"))
    assert "<b>weak" not in text
    assert "C:\\&lt;b&gt;" in text


def test_json_holds_it_all():
    told = json.loads(dump(MADE, Words("en")))
    assert (told["grade"], told["weight"], len(told["rows"])) == ("weak", 1.4, 3)
