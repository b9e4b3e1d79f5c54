"""Tags as a browser's tokeniser reads them, wherever in a text they begin.

An injected text does not say where in a page it will land. So tags are read from any place at which one can begin, and
attributes from any place at which a value can end; which of them a page would get to is the caller's question.

Source: WHATWG, HTML Living Standard, 13.2.5 (tokenisation): tag open, tag name, the attribute states, comment and raw
text states. Vertical tab and form feed part attributes as they did in Internet Explorer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_TAGS = 4_000
"""Of one text that are looked at."""
MAX_ATTRIBUTES = 64
MAX_VALUE_CHARS = 8_192
"""Of one attribute: an open quote would have each tag read the whole rest."""
_BLANK = " \t\n\r\f\v"
_OPEN = re.compile(r"<[a-zA-Z]")
_NAME = re.compile(rf"[^{_BLANK}/>]{{1,100}}")
_BETWEEN = re.compile(rf"[{_BLANK}/]{{0,4096}}")
_ATTRIBUTE = re.compile(rf"=?[^{_BLANK}/>=]{{0,300}}")
_EQUALS = re.compile(rf"[{_BLANK}]{{0,200}}=[{_BLANK}]{{0,200}}")
_UNQUOTED = re.compile(rf"[^{_BLANK}>]{{0,{MAX_VALUE_CHARS}}}")
_BREAK = re.compile(rf"[{_BLANK}/]")
MAX_RAW_CHARS = 16_384
"""Of a script or style that are looked at."""
MAX_ENDS = 4
_END = re.compile(rf"</([a-zA-Z][^{_BLANK}/>]{{0,40}})(?=[{_BLANK}/>])")
RAW = frozenset({"script", "style", "textarea", "title", "xmp", "noembed", "noframes", "iframe"})


class Attribute(NamedTuple):
    """One attribute as written."""

    name: str
    """Lower case."""
    value: str
    at: int
    end: int


class Tag(NamedTuple):
    """A start tag, or the rest of one that the text broke into."""

    name: str
    """Lower case; empty for the rest of a tag."""
    attributes: tuple[Attribute, ...]
    at: int
    end: int
    """Behind its ``>``, or the end of the text."""


_Memo = dict[int, tuple[Attribute | None, int]]
"""What was read at a place: tags inside the values of others end in the same attributes as those."""


def tags(text: str) -> Iterator[Tag]:
    """Give every start tag that may begin in a text, in order; those inside values and comments of others too."""
    at = 0
    memo: _Memo = {}
    for _ in range(MAX_TAGS):
        found = _OPEN.search(text, at)
        if found is None:
            return
        at = found.start() + 1
        name = _NAME.match(text, at)
        assert name is not None  # a letter stands there
        attributes, end = _attributes(text, name.end(), memo)
        yield Tag(name[0].lower(), attributes, found.start(), end)


def rests(text: str) -> Iterator[tuple[str, Tag]]:
    """Give what a text makes of the tag that it lands in, when it ends a value there.

    Yields:
        The quote that the value was in (empty for none), and the attributes that follow, for the first MAX_ENDS places
        at which such a value may end.
    """
    for quote in ('"', "'", "`", ""):
        at = -1
        for _ in range(MAX_ENDS):
            if quote:
                at = text.find(quote, at + 1)
            else:
                found = _BREAK.search(text, at + 1)
                at = found.start() if found else -1
            if at < 0:
                break
            attributes, end = _attributes(text, at + len(quote), {})
            if attributes:
                yield quote, Tag("", attributes, at, end)
                if not quote:
                    break


def raw_content(text: str, tag: Tag) -> str:
    """Give what stands between a raw-text element's start and end tag, or the end of the text."""
    last = min(len(text), tag.end + MAX_RAW_CHARS)
    end = _END.search(text, tag.end, last)
    while end is not None and end[1].lower() != tag.name:
        end = _END.search(text, end.end(), last)
    return text[tag.end : end.start() if end else last]


def in_content(text: str) -> frozenset[int]:
    """Give where tags begin for a page that the text lands in as plain content."""
    places: list[int] = []
    at, last = 0, len(text)
    for _ in range(MAX_TAGS):
        at = text.find("<", at)
        if at < 0:
            break
        if _OPEN.match(text, at):
            places.append(at)
            name = _NAME.match(text, at + 1)
            assert name is not None
            _, at = _attributes(text, name.end(), {})
            if (word := name[0].lower()) in RAW:
                end = text.lower().find(f"</{word}", at) if len(places) < 50 else -1
                at = end if end >= 0 else last
        elif text.startswith("<!--", at):
            end = -1 if not text.startswith(("<!-->", "<!--->"), at) else text.index(">", at)
            end = end if end >= 0 else text.find("-->", at + 4)
            at = end + 1 if end >= 0 else last
        elif at + 1 < last and text[at + 1] in "!?/":
            end = text.find(">", at)
            at = end + 1 if end >= 0 else last
        else:
            at += 1
    return frozenset(places)


def _attributes(text: str, at: int, memo: _Memo) -> tuple[tuple[Attribute, ...], int]:
    found: list[Attribute] = []
    while len(found) < MAX_ATTRIBUTES:
        known = memo.get(at)
        if known is None:
            known = memo[at] = _attribute(text, at)
        one, at = known
        if one is None:
            break
        found.append(one)
    return tuple(found), at


def _attribute(text: str, at: int) -> tuple[Attribute | None, int]:
    """Give the next attribute and where it ends, or where the tag does."""
    at = _skip(text, at)
    if at >= len(text):
        return None, len(text)
    if text[at] == ">":
        return None, at + 1
    name = _ATTRIBUTE.match(text, at)
    start, at = at, name.end() if name and name.end() > at else at + 1
    word, value = text[start:at].lower(), ""
    if equals := _EQUALS.match(text, at):
        value, at = _value(text, equals.end())
    return Attribute(word, value, start, at), at


def _value(text: str, at: int) -> tuple[str, int]:
    quote = text[at : at + 1]
    if quote in ('"', "'"):
        end = text.find(quote, at + 1, at + 1 + MAX_VALUE_CHARS)
        if end >= 0:
            return text[at + 1 : end], end + 1
        return text[at + 1 : at + 1 + MAX_VALUE_CHARS], min(len(text), at + 1 + MAX_VALUE_CHARS)
    found = _UNQUOTED.match(text, at)
    assert found is not None  # it matches nothing too
    return found[0], found.end()


def _skip(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    assert found is not None  # it matches nothing too
    return found.end()
