"""Regular expressions: what runs where, and that nothing hangs."""

import pytest

from sekisho.detect._regex import literal_of, searcher

LONG = "a" * 100_000


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"(?i)\.exe$", "A.EXE", True),
        (r"(?<!x)y", "xy", False),
        (r"(?<!x)y", "zy", True),
        (r"(['\"])a\1", "'a'", True),
        (r"(?P<q>['\"])a(?P=q)", "'a\"", False),
        (r"^(?!.*foo).*bar$", "bar", True),
        (r"(?=.*a)(?=.*b)c", "cab", True),
        (r"(?#note)[]x](?!y)", "]", True),
        (r"[^]x]+(?!y)", "abc", True),
        (r"a{2,3}(?!b)", "aac", True),
        (r"(?:ab){2}(?!c)", "ababd", True),
        (r"(?(1)a|b)", "b", True),
        (r"ä", "Ä", False),
        ("(" * 4000 + ")" * 4000, LONG, True),
        # "$" as PCRE has it, in RE2 and in Python's engine.
        ("ab$", "ab\n", True),
        ("ab$", "ab\n\n", False),
        ("ab$", "ab\nc", False),
        (r"(?:\.exe|a$)", "xa\n", True),
        (r"ab$(?<!x)", "ab\n", True),
        (r"ab\$", "ab\n", False),
        ("ab[$]", "ab\n", False),
        ("ab[$]", "ab$", True),
        (r"(?m)ab$", "ab\nc", True),
        (r"\Qb$\E", "ab\n", False),
        ("ab$c", "ab\nc", False),
    ],
)
def test_search(pattern, text, found):
    if pattern.startswith("(?(1)"):
        with pytest.raises(ValueError, match="not a regular expression"):
            searcher(pattern, "")
        return
    assert searcher(pattern, "")(text) is found


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$(?=x)",
        r"(a|aa)+$(?<!a)",
        r"(a*)*b(?!c)",
        r"(?=(a+)+b)a",
        r"(a?){30}a{30}(?!b)",
        r"(?:(a|b)*c)+(?=d)",
        r"(?x) (a+)+ (?=b)",
        r"a*a*(?=b)",
        r"(?!b)a*a*b",
        r"(.*)(.*)(.*)(.*)(.*)\1x",
    ],
)
def test_patterns_without_a_bound_are_refused(pattern):
    with pytest.raises(ValueError, match=r"repeat|verbose"):
        searcher(pattern, "")


@pytest.mark.parametrize(
    "pattern",
    [r"(a+)+$", r"(a|aa)+$", r"(.*a){20}b", r"^(?!.*b)(?!.*c).*d", r"(?<!b).*c", r".*(?=b)", "(a{1,100}){1,9}b"],
)
def test_hostile_text_takes_bounded_time(pattern):
    search = searcher(pattern, "")
    search(LONG)
    search("ab" * 50_000)


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("abc", "abc"),
        (r"\\cmd\.exe$", "\\cmd.exe"),
        (r"ab?cde", "cde"),
        (r"abc*d", "ab"),
        (r"abc+d", "abc"),
        (r"ab{0,3}c", "a"),
        (r"ab{2}cd", "ab"),
        (r"x{y", "x{y"),
        (r"ab|cd", ""),
        (r"(ab|cd)efg", "efg"),
        (r"(?:ab(cd)?)ef", "ef"),
        (r"(?i)Abc", "Abc"),
        (r"a[bc\]]defg", "defg"),
        (r"[[:alpha:]]xy", "xy"),
        (r"[]ab]xy", "xy"),
        (r"\sab\dc", "ab"),
        (r"\x41bc", ""),
        (r"(?<!a)bcd", ""),
        (r"(a)\1bcd", ""),
        (r"(?x) a b c", ""),
        (r"(?P<name>a)bc", "bc"),
        (r"^\w+$", ""),
        (r"a+?bc", "bc"),
        ("", ""),
    ],
)
def test_literal_that_every_match_holds(pattern, literal):
    assert literal_of(pattern) == literal
