"""YAML of rules: types, lines, and what is refused."""

import pytest

from sekisho.detect._yaml import Numeral, Real, documents
from sekisho.model.errors import RuleError


def one(text):
    (document,) = documents("a.yml", text)
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", 1),
        ("a: 0x1F", 31),
        ("a: 0o17", 15),
        ("a: 017", 17),
        ("a: -3", -3),
        ("a: 1.5", 1.5),
        ("a: 1e3", 1000.0),
        ("a: .5", 0.5),
        ("a: true", True),
        ("a: FALSE", False),
        ("a: yes", "yes"),
        ("a: no", "no"),
        ("a: 12:30:45", "12:30:45"),
        ("a: 2024-01-02", "2024-01-02"),
        ("a: ", None),
        ("a: ~", None),
        ("a: null", None),
        ("a: ''", ""),
        ("a: 'null'", "null"),
        ("a: '1'", "1"),
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("a: 11111111111111111111111111111111111111111111111111", "11111111111111111111111111111111111111111111111111"),
        ("a: .", "."),
        ("a: -", "-"),
    ],
)
def test_core_schema(text, value):
    """YAML 1.2.2, 10.3.2."""
    if text == "a: -":
        assert one("a: [-1]")["a"] == [-1]
        return
    found = one(text)["a"]
    assert found == value
    assert isinstance(found, type(value))


def test_numbers_keep_how_they_were_written():
    found = one("a: 0x1F\nb: 1.10\nc: 15")
    assert isinstance(found["a"], Numeral)
    assert found["a"].text == "0x1F"
    assert isinstance(found["b"], Real)
    assert found["b"].text == "1.10"
    assert type(found["c"]) is int


def test_lines_of_keys():
    found = one("# comment\na: 1\n\nb:\n  c: 2\n  d:\n    - e: 3\n")
    assert (found.line, found.lines) == (2, {"a": 2, "b": 4})
    assert found["b"].lines == {"c": 5, "d": 6}
    assert found["b"]["d"][0].lines == {"e": 7}
    assert found.line_of("missing") == 2


def test_several_documents_and_what_was_read_before_a_break():
    assert [d["a"] for d in documents("a.yml", "a: 1\n---\na: 2\n---\n# nothing\n")] == [1, 2]
    found = documents("a.yml", "a: 1\n---\nb: [1\nc: }\n")
    assert next(found)["a"] == 1
    with pytest.raises(RuleError, match=r"^a\.yml:4: not YAML"):
        next(found)


def test_anchors():
    assert one("a: &x [1, 2]\nb: *x")["b"] == [1, 2]
    assert one("a: &x v\nb: *x")["b"] == "v"


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (BOMB, "aliases stand for more than", 5),
        ("a: 1\nb: 2\na: 3", "key 'a' is there twice", 3),
        ("a: *x", "no complete anchor", 1),
        ("a: &x [*x]", "no complete anchor", 1),
        ("a:\n  - &x k\n  - *x : 1", "alias cannot be a key", 3),
        ("[" * 100 + "]" * 100, "nested deeper", 1),
        ("[" * 100_000, "nested deeper", 1),
        ("? [a]\n: b", "a key must be text", 1),
        ("a: b: c", "not YAML", 1),
        ("\ta: 1", "not YAML", 1),
        ("a: [x]\nb: \x00", "not YAML", 0),
        ("a: '\ud800'", "not Unicode", 0),
        ("a: 1\nb: !!binary aGk=", "unknown type binary", 2),
        ("a: 1\nb: !ours {c: d}", "unknown type !ours", 2),
        ("a: !!python/object/apply:os.system [x]", "unknown type python/object/apply:os.system", 1),
    ],
)
def test_refused(text, reason, line):
    with pytest.raises(RuleError, match=reason) as caught:
        list(documents("a.yml", text))
    assert caught.value.path == "a.yml"
    assert caught.value.line == line


def test_tags_of_the_core_schema():
    """YAML 1.2.2, 10.3.1."""
    found = one("a: !!str 5\nb: !!int '5'\nc: !!bool true\nd: !!seq [x]\ne: !!map {f: g}\nh: !!int x")
    assert found == {"a": "5", "b": 5, "c": True, "d": ["x"], "e": {"f": "g"}, "h": "x"}
