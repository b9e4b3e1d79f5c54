"""The glance at a record's JSON: never "no" where a keyword is in a value."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.detect.glance import FOLDING, MAX_WORDS, glance

WORDS = ["kiwi", "a::b", "\\mimi.dll", "x y", "/sys/k", "ss"]
PIECES = [
    *WORDS,
    "KIWI",
    "KİWI",
    "ſſ",
    "ß",
    "Kiwi",
    "ﬁ",
    "日本",
    '"',
    "\\",
    "/",
    "\n",
    "\x7f",
    "u0041",
    "\\u006b",
    "k",
    "i",
]
texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
values = st.recursive(
    st.one_of(texts, texts, st.integers(0, 9)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(texts, inner, max_size=2)),
    max_leaves=4,
)


def leaves(value):
    if isinstance(value, dict):
        return [one for inner in value.values() for one in leaves(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in leaves(inner)]
    return [value] if isinstance(value, str) else []


def spelled(text, odd):
    """Write JSON as some writers do: slashes escaped, letters that need no escape, hexadecimal digits large."""
    if odd == 1:
        return text.replace("/", "\\/")
    if odd == 2:
        return text.replace("k", "\\u006b").replace("s", "\\u0073")
    return re.sub(r"(?<=\\u)[0-9a-f]{4}", lambda found: found[0].upper(), text) if odd == 3 else text


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(st.dictionaries(st.just("f"), values, min_size=1), st.booleans(), st.sampled_from([0, 0, 1, 2, 3]))
def test_it_never_denies_a_keyword_that_is_there(record, escaped, odd):
    look = glance(WORDS)
    text = spelled(json.dumps(record, ensure_ascii=escaped), odd)
    if json.loads(text) != record:  # an escaped backslash before a "u" was no escape
        return
    there = any(word in value.casefold() for value in leaves(record) for word in WORDS)
    for given_text in (text, text.encode()):
        assert look(given_text) or not there


def test_it_denies_what_is_not_there():
    look = glance(["kiwi", "\\mimi.dll"])
    for text in ('{"a": "C:\\\\users\\\\x", "b": "Windows"}', '{"Message": "日本語 é"}', "{}"):
        assert not look(text)
        assert not look(text.encode())
    assert look('{"a": "C:\\\\MIMI.dll"}')


def test_half_a_surrogate_pair_is_looked_at_closely():
    assert glance(["kiwi"])('{"a": "\ud800 kiwi"}')


@pytest.mark.parametrize("word", ["é", 'a"b', "a\nb", "\x7f"])
def test_words_that_a_writer_may_escape_cannot_be_told(word):
    assert glance(["plain", word]) is None


def test_too_many_words_cannot_be_told_and_none_are_never_there():
    assert glance([f"w{n}" for n in range(MAX_WORDS + 1)]) is None
    assert glance([])('{"a": "kiwi"}') is False


def test_the_folding_characters_are_all_of_unicode():
    holding = {chr(n) for n in range(128, 0x110000) if any(ord(one) < 128 for one in chr(n).casefold())}
    assert set(FOLDING) == holding


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(
    st.lists(st.text("ks/\\ab .-{}'0u4", min_size=1, max_size=4), min_size=1, max_size=4),
    st.text('kKsSiI/\\abAB .-{}"0u4\u017f\u212a\u00df\u0130\ufb01\u01f0\n\x7f\u65e5', max_size=10),
    st.data(),
)
def test_any_character_may_be_escaped(words, value, data):
    look = glance(words)
    odd = data.draw(st.lists(st.booleans(), min_size=len(value), max_size=len(value)))
    body = "".join(f"\\u{ord(one):04{'xX'[at % 2]}}" if escape else json.dumps(one, ensure_ascii=False)[1:-1]
                   for at, (one, escape) in enumerate(zip(value, odd, strict=True)))  # fmt: skip
    text = f'{{"f": "{body}"}}'
    assert json.loads(text) == {"f": value}
    there = any(word in value.casefold() for word in words)
    assert look is None or (look(text) and look(text.encode())) or not there


@pytest.mark.parametrize("word", ["{0a1b", "0a1b}", "{0a1b}"])
def test_the_braces_of_a_guid_may_be_missing(word):
    look = glance([word])
    assert look('{"id": "0A1B"}') and look(b'{"id": "{0A1B}"}')
    assert not look('{"id": "0a1c"}')
    assert glance(["plain", "{}"]) is None
