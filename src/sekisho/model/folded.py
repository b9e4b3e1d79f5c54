"""Text as a reader takes it, so that words can be looked for however their letters are disguised.

Source: UAX #15 (NFKC); UTS #39 confusables, the part of Greek, Cyrillic and Latin letters that look like plain ones in
the fonts mail programs use.
"""

from __future__ import annotations

import re
import unicodedata

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufe00-\ufe0f\ufeff"
)
"""Characters that nobody sees, as the inside of a character class."""
_UNSEEN = re.compile(f"[{INVISIBLE}]+")
_LOOKALIKE = {
    **dict(zip("αβγεηικνορτυχωϲϳ", "abyenikvoptuxwcj", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abezhikmnoptyx", strict=True)),
    **dict(zip("абвеёкмнорстухіїјѕԁһԛԝ", "abbeekmhopctyxiijsdhqw", strict=True)),
    **dict(zip("АВЕКМНОРСТУХІЈЅ", "abekmhopctyxijs", strict=True)),
    **dict(zip("ɑɡɩıłøđħƒʟɪ", "agiilodhfli", strict=True)),
}
_FOREIGN = "\u00c0-\u024f\u0250-\u02af\u0370-\u03ff\u0400-\u052f\u1e00-\u1eff"
_LETTERS = re.compile(f"[{_FOREIGN}]+")


def _table() -> dict[int, str]:
    table = {}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFKD", chr(code)).rstrip("\u0300-\u036f")[0]
        if base.isascii():
            table[code] = base.lower()
    return table | {ord(letter): plain for letter, plain in _LOOKALIKE.items()}


_TABLE = _table()
_HIDDEN_INSIDE = re.compile(f"[^\\W_][{INVISIBLE}]+[^\\W_]")
_LOOKS = "".join(letter for letter in _LOOKALIKE if ord(letter) >= 0x370)
_MIXED = re.compile(
    f"[A-Za-z][{_LOOKS}]{{1,3}}[A-Za-z]|(?<![^\\W_])[{_LOOKS}][A-Za-z]{{2}}|[A-Za-z]{{2}}[{_LOOKS}](?![^\\W_])"
)
_MATH = re.compile("[\U0001d400-\U0001d7ff]{2}|[\u24b6-\u24e9]{3}|[\U0001f130-\U0001f189]{3}")
LONG_WORD = 12
"""Characters above which a soft hyphen inside a word is honest typesetting."""
_FOREIGN_MARKS = "\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0730-\u074a\u07a6-\u07b0\u0816-\u082d"
_MARKED = re.compile(f"(?<=[A-Za-z])[{_FOREIGN_MARKS}]+")
"""Marks of Cyrillic, Hebrew, Arabic, Syriac, Thaana and Samaritan on Latin letters, where no language has them."""
_TRICKS = ((_UNSEEN, _HIDDEN_INSIDE), (re.compile(f"[{_LOOKS}]"), _MIXED), (_MATH, _MATH), (_MARKED, _MARKED))
"""What tells cheaply whether a pattern can match at all, and the pattern."""
_JOINED = re.compile("[\u0600-\u0e7f\u1000-\u109f\u1780-\u17ff]")


def fold(text: str) -> str:
    """Give a text in lower case without accents, invisible characters, wide forms and look-alike letters.

    Kana and ideographs keep their marks. Words of Greek and Russian turn into nonsense: nothing looks for them.
    """
    if text.isascii():
        return text.lower()
    text = _MARKED.sub("", _UNSEEN.sub("", unicodedata.normalize("NFKC", text)))
    return _LETTERS.sub(lambda run: run[0].translate(_TABLE), text).lower()


def disguised(text: str) -> list[str]:
    """Give up to ten words of a text that are written so that programs do not find them and readers do not notice.

    Unseen characters inside a word, Latin words with single Greek or Cyrillic letters or with marks of scripts that no
    Latin word bears, and mathematical or enclosed letters for plain ones. Scripts that need joiners are left alone.
    """
    if text.isascii():
        return []
    found: dict[str, None] = {}
    for gate, pattern in _TRICKS:
        if not gate.search(text):
            continue
        for match in pattern.finditer(text):
            word = _around(text, match.start(), match.end())
            hyphenated = "\u00ad" in word and len(word) > LONG_WORD
            if pattern is _MARKED or (not hyphenated and not _JOINED.search(word)):
                found[word] = None
            if len(found) >= 10:
                return list(found)
    return list(found)


def _around(text: str, start: int, end: int) -> str:
    while start > 0 and end - start < 60 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and end - start < 60 and not text[end].isspace():
        end += 1
    return text[start:end]
