"""Tags as browsers read them, wherever they begin."""

import random

import pytest

from sekisho.model.markup import MAX_TAGS, in_content, raw_content, rests, tags


def attributes(text):
    (tag,) = tags(text)
    return tag.name, [(one.name, one.value) for one in tag.attributes]


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("<b>", "b", []),
        ("<IMG SRC=a>", "img", [("src", "a")]),
        ("<img/src=a/onerror=b>", "img", [("src", "a/onerror=b")]),
        ("<img src='a b' x>", "img", [("src", "a b"), ("x", "")]),
        ('<img src="a>b"c=d>', "img", [("src", "a>b"), ("c", "d")]),
        ("<img src = a\tonload\n=\nb>", "img", [("src", "a"), ("onload", "b")]),
        ("<img =x=y>", "img", [("=x", "y")]),
        ("<img src=>", "img", [("src", "")]),
        ("<img src='a", "img", [("src", "a")]),
        ("<img ////a=b", "img", [("a", "b")]),
        ("<x:y z", "x:y", [("z", "")]),
    ],
)
def test_names_and_values(text, name, found):
    assert attributes(text) == (name, found)


@pytest.mark.parametrize("text", ["", "<", "< b>", "<1>", "<新館>", "</b>", "a<", "<!-- x -->", "<?x?>", "A < B"])
def test_what_no_browser_takes_for_a_tag(text):
    assert not list(tags(text))


def test_places_are_those_of_the_text():
    (tag,) = tags("ab<i x=1>c")
    assert (tag.at, tag.end) == (2, 9)
    assert (tag.attributes[0].at, tag.attributes[0].end) == (5, 8)


def test_a_page_reaches_what_lies_in_no_comment_value_or_raw_text():
    text = "<a t='<b>'><!-- <c> --><script><d></script><e><!--><f><textarea><g>"
    reached = {text[at + 1] for at in in_content(text)}
    assert reached == {"a", "s", "e", "f", "t"}
    assert [tag.name for tag in tags(text)] == ["a", "b", "c", "script", "d", "e", "f", "textarea", "g"]


def test_raw_text_ends_at_its_own_end_tag():
    (script, _) = tags("<script>a</scripts></x><b></SCRIPT >c")
    assert raw_content("<script>a</scripts></x><b></SCRIPT >c", script) == "a</scripts></x><b>"


def test_the_rest_of_a_tag_begins_behind_the_quote():
    found = {quote: [(one.name, one.value) for one in tag.attributes] for quote, tag in rests("x\" a=b c='d'>e")}
    assert found['"'] == [("a", "b"), ("c", "d")]
    assert found[""] == [("a", "b"), ("c", "d")]


def test_hostile_text_costs_no_more_than_its_length():
    for text in ("<a " * 100_000, '<a x="' * 50_000, "<!--" * 50_000, "'" * 100_000, "<script>" * 30_000):
        assert len(list(tags(text))) <= MAX_TAGS
        in_content(text)
        list(rests(text))


def test_any_text_is_read():
    dice = random.Random(5)
    for _ in range(500):
        text = "".join(dice.choice("<>/='\"`! -abscript\n\0") for _ in range(dice.randrange(80)))
        for tag in tags(text):
            assert 0 <= tag.at < tag.end <= len(text)
            raw_content(text, tag)
        in_content(text)
        list(rests(text))
