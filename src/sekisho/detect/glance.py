"""A glance at a record's JSON text: may one of these keywords stand in any of its values?

It answers at memory speed and without reading the values. It may say yes too often, never no where a keyword is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ahocorasick_rs import AhoCorasick, BytesAhoCorasick, MatchKind

MAX_WORDS = 2_000
"""More of them leave the library no fast way through a text."""
# A writer may leave these as they are or escape them, so the words that hold them cannot be looked for in the text.
FOLDING = tuple(
    "\N{LATIN SMALL LETTER LONG S}\N{KELVIN SIGN}\N{LATIN SMALL LETTER SHARP S}\N{LATIN CAPITAL LETTER SHARP S}"
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}\N{LATIN SMALL LETTER N PRECEDED BY APOSTROPHE}"
    "\N{LATIN SMALL LETTER J WITH CARON}\u1e96\u1e97\u1e98\u1e99\u1e9a\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)
"""The characters outside ASCII that hold an ASCII one when case-folded. Source: Unicode, CaseFolding.txt."""
_ESCAPED = frozenset('"\x7f').union(map(chr, range(32)))


def glance(words: Sequence[str]) -> Callable[[bytes | str], bool] | None:
    """Give the function that tells whether one of the case-folded words may stand in a value of a JSON text.

    None when it cannot be told from the text: words that are no plain ASCII, and too many of them.

    Source: RFC 8259, section 7: what must and what may be escaped in a string.
    """
    if len(words) > MAX_WORDS or not all(word.isascii() and _ESCAPED.isdisjoint(word) for word in words):
        return None
    if not words:
        return lambda text: False
    words = [word.strip("{}") for word in words]  # GUIDs are written with and without their braces
    if "" in words:
        return None
    # Ways to write a character that need not be escaped: then the text says nothing about the value.
    escapes = ["\\u", "\\/"] if any("/" in word for word in words) else ["\\u"]
    written = [word.replace("\\", "\\\\") for word in words]
    texts, data = _finder(written), _finder_of_bytes(written)
    escaped, escaped_data = _finder(escapes), _finder_of_bytes(escapes)
    odd, odd_data = _finder(FOLDING), _finder_of_bytes(FOLDING)

    def may(text: bytes | str) -> bool:
        if isinstance(text, str):
            if texts(text.lower()) or (not text.isascii() and odd(text)):
                return True
            return escaped(text) and _is_escaped(text, escapes)
        if data(text.lower()) or (not text.isascii() and odd_data(text)):
            return True
        return escaped_data(text) and _is_escaped(text.decode("utf-8", "replace"), escapes)

    return may


def _finder(words: Sequence[str]) -> Callable[[str], bool]:
    automaton = AhoCorasick(words, matchkind=MatchKind.LeftmostFirst)

    def find(text: str) -> bool:
        try:
            return bool(automaton.find_matches_as_indexes(text))
        except UnicodeError:  # half a surrogate pair
            return True

    return find


def _finder_of_bytes(words: Sequence[str]) -> Callable[[bytes], bool]:
    automaton = BytesAhoCorasick([word.encode() for word in words], matchkind=MatchKind.LeftmostFirst)
    return lambda text: bool(automaton.find_matches_as_indexes(text))


def _is_escaped(text: str, escapes: Sequence[str]) -> bool:
    r"""Tell whether characters are escaped that need not be: not so for the ``u`` of ``\\users``."""
    rest = text.replace("\\\\", "")
    return any(one in rest for one in escapes)
