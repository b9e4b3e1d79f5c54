"""People's names as senders write them: order, spaces, width, accents and letters of other scripts do not matter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from sekisho.model.lookalike import shape
from sekisho.model.organisation import Person

NAME_CHARS = 200
_WORD = re.compile(r"[^\W\d_]+")
_FAR_EAST = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3々]")
# Long vowels are written in many ways: Ohno, Ono, Ōno, Oono; Satou, Sato.
_LONG = ((re.compile("oo|ou|oh(?![aeiouy])"), "o"), (re.compile("uu"), "u"))


@lru_cache(maxsize=8_192)
def words_of(name: str) -> tuple[str, ...]:
    """Give the words of a name in a form that equal names share, sorted; Far Eastern ones keep their letters."""
    found = []
    for word in _WORD.findall(unicodedata.normalize("NFKC", name[:NAME_CHARS]).casefold()):
        if _FAR_EAST.search(word):
            found.append(word)
            continue
        plain = shape(word)
        for pattern, short in _LONG:
            plain = pattern.sub(short, plain)
        found.append(plain)
    return tuple(sorted(found))


def same_name(shown: str, written: str) -> bool:
    """Tell whether a shown name holds a person's name: all its words in any order, or its letters in one run.

    A name of one word must be the whole of what is shown: half the world is called Suzuki.
    """
    theirs, wanted = words_of(shown), words_of(written)
    if not wanted or not theirs:
        return False
    if len(wanted) > 1:
        if set(wanted) <= set(theirs):
            return True
        joined = "".join(unicodedata.normalize("NFKC", shown[:NAME_CHARS]).casefold().split())
        far = [
            word for word in _WORD.findall(unicodedata.normalize("NFKC", written).casefold()) if _FAR_EAST.search(word)
        ]
        return len(far) == len(wanted) and ("".join(far) in joined or "".join(reversed(far)) in joined)
    return theirs == wanted or "".join(theirs) == wanted[0] or (len(wanted[0]) > 2 and _run(shown) == wanted[0])


def _run(shown: str) -> str:
    return "".join(_WORD.findall(unicodedata.normalize("NFKC", shown[:NAME_CHARS]).casefold()))


def person_named(shown: str, people: Sequence[Person]) -> Person | None:
    """Give the person whose name somebody shows as theirs."""
    return next((one for one in people if any(same_name(shown, name) for name in one.names)), None)
