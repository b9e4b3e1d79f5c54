"""What a reader sees of HTML, as lines of text.

Source: HTML Living Standard 15.3 (which elements break a line); lexbor does the parsing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser

ELEMENTS = 200_000
"""Start tags read of one document; the heaviest newsletter of the test sets has 3,000."""
NESTING = 3_000
"""Elements left open at one place. Browsers flatten beyond 512; lexbor takes quadratic time (0.6 s at 20,000)."""
ATTRIBUTES = 2_000
"""Attributes of one tag; lexbor compares each with all before it (16 s at 50,000)."""
_LONG_TAG = 8_000
_BREAK = re.compile(
    rb"<(?=/?(?:p|br|div|tr|td|th|li|[uo]l|h[1-6r]|table|blockquote|pre|d[td]|section|center)[\s/>])", re.I
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_UNSEEN = ["script", "style", "head", "template", "noscript", "object", "svg"]
_MARKS = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_INVISIBLE = re.compile(f"[{_MARKS}]+")
_SINGLE = frozenset("br img meta link input hr p li td tr th tbody option col area base wbr source dt dd".split())

_META = re.compile(
    rb"<(?:meta\s[^>]{0,300}?charset|\?xml[^>]{0,100}?encoding)\s*=\s*[\"']?([A-Za-z0-9_:.-]{2,40})", re.I
)


def meta_charset(data: bytes) -> str:
    """Give the charset that a document declares within its first 2,048 bytes, empty when none.

    Source: HTML Living Standard 13.2.3.2 (a declared UTF-16 cannot be true, as the declaration was readable).
    """
    found = _META.search(data[:2_048])
    label = found[1].decode("ascii") if found else ""
    return "utf-8" if label.lower().startswith("utf-16") else label


@lru_cache(maxsize=2)  # a mail and then its body, which most often come to one worker one after the other
def visible_text(source: str, *, links: bool = True) -> str:
    """Give the text of an HTML source, a line for each block; scripts, styles and unseen characters left out.

    ``links`` tells whether the texts of links belong to it.
    """
    data = bounded(source)[0].encode("utf-8", "replace")
    if b"<pre" not in data:
        data = b" ".join(data.split())
    tree = LexborHTMLParser(_BREAK.sub(b"\n<", data).decode("utf-8"))
    tree.strip_tags(_UNSEEN if links else [*_UNSEEN, "a"])
    return lines(tree.body.text(deep=True, separator="")) if tree.body else ""


def lines(text: str) -> str:
    """Give a text without unseen characters, empty lines and blanks around lines."""
    seen = _INVISIBLE.sub("", text) if any(mark in text for mark in _MARKS) else text
    return "\n".join(filter(None, map(str.strip, seen.split("\n"))))


@lru_cache(maxsize=1)  # a page is asked for as a whole, then for its text
def bounded(source: str) -> tuple[str, bool]:
    """Give as much of a source as can be parsed in bounded time, and whether that is less than all."""
    if len(source) > _LONG_TAG and (end := _crowded(source)) >= 0:
        return source[:end], True
    if source.count("<") - source.count("</") <= NESTING:
        return source, False
    nested, opened = 0, dict[str, int]()
    for count, match in enumerate(_TAG.finditer(source)):
        tag = match[2].lower()
        if tag not in _SINGLE:
            step = 1 if not match[1] else -1 if opened.get(tag) else 0
            opened[tag] = opened.get(tag, 0) + step
            nested += step
        if nested > NESTING or count > ELEMENTS:
            return source[: match.start()], True
    return source, False


def _crowded(source: str) -> int:
    """Give where the first tag with more than ATTRIBUTES starts, -1 when there is none.

    A long stretch without ``<`` may be text as well: what counts is before its first ``>``, and quoted values, which
    may hold one.
    """
    pieces, at = source.split("<"), 0
    if max(map(len, pieces)) <= _LONG_TAG:
        return -1
    for piece in pieces:
        if len(piece) > _LONG_TAG:
            tag = piece.partition(">")[0]
            words = len(piece.split()) if "=" in tag else 0
            if len(tag.split()) > ATTRIBUTES or piece.count('="') + piece.count("='") > ATTRIBUTES or words > 20_000:
                return max(at - 1, 0)
        at += len(piece) + 1
    return -1
