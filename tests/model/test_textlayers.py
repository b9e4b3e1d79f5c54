"""The codings under which a text may hide: each undone by itself, and one upon another."""

import random

import pytest

from sekisho.model.textlayers import MAX_CHARS, NAMES, ROUNDS, layers

TAG = "<script>"


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("%3Cscript%3E", ("percent",)),
        ("%u003cscript%u003E", ("percent",)),
        ("%C0%BCscript%C0%BE", ("percent",)),
        ("%253Cscript%253E", ("percent", "percent")),
        ("&lt;script&gt;", ("entity",)),
        ("&ltscript&#62", ("entity",)),
        ("&#x3c;script&#0062;", ("entity",)),
        ("&amp;lt;script&amp;gt;", ("entity", "entity")),
        (r"\u003cscript\x3e", ("escape",)),
        (r"\74script\u{3e}", ("escape",)),
        ("\xc0\xbcscript\xc0\xbe", ("overlong",)),
        ("＜ｓｃｒｉｐｔ＞", ("full-width",)),
        ("〈script〉", ("best-fit",)),
        ("+ADw-script+AD4-", ("utf-7",)),
        ("<scr\0ipt>", ("unseen",)),
        ("<scr\u200bipt>", ("unseen",)),
        ("\xbcscript\xbe", ("high-bit",)),
        ("<scr<script>ipt>", ("split",)),
        ("%26lt;script%26gt;", ("percent", "entity")),
    ],
)
def test_each_coding_is_undone_and_named(text, how):
    assert (TAG, how) in [tuple(layer) for layer in layers(text)]


@pytest.mark.parametrize(
    "text", ["", "東京都港区1-2-3", "A<B", "100%", "A & B", "1+1=2", "C++ と C#", "ｱｵｿﾞﾗ", "¼ inch", "a\\b"]
)
def test_ordinary_text_has_one_reading(text):
    assert [layer.text for layer in layers(text)] == [text]


def test_bytes_are_read_as_a_shop_in_japan_sends_them():
    assert [layer.text for layer in layers("%E6%9C%AC")][-1] == "本"
    assert [layer.text for layer in layers("%96%7B")][-1] == "本"


def test_a_text_coded_over_and_over_ends():
    coded = TAG
    for _ in range(ROUNDS + 3):
        coded = coded.replace("&", "&amp;").replace("<", "&lt;")
    assert len(list(layers(coded))) <= ROUNDS * len(NAMES) + 1


def test_a_long_text_is_cut():
    assert len(next(layers("a" * (MAX_CHARS + 9))).text) == MAX_CHARS


def test_no_reading_comes_twice_whatever_the_text():
    dice = random.Random(5)
    marks = list("%&\\<>;#xu+-/*0123456789ABCDabcdefltg\0\u200b＜〈\xbc\xc0")
    for _ in range(300):
        text = "".join(dice.choice(marks) for _ in range(60))
        found = [layer.text for layer in layers(text)]
        assert len(found) == len(set(found))
