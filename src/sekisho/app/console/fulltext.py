"""Text becomes words that can be found: Latin words as they are, Japanese as pairs of letters.

SQLite's own tokenisers take a run of Japanese for one word or drop words of two letters, which is most of them.
"""

from __future__ import annotations

import re
import unicodedata

MOST_CHARS = 20_000  # of one text; what follows is seldom looked for
_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〆ヶー]+|[^\W_]+")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〆ヶー]")


def terms(text: str) -> str:
    """Give the words of a text, apart by blanks, for the index."""
    folded = unicodedata.normalize("NFKC", text[:MOST_CHARS]).casefold()
    return " ".join(word for run in _RUN.findall(_split(folded)) for word in _pairs(run))


def query(text: str) -> str:
    """Give what finds the texts that hold all words of a question; empty when it has none.

    A run of Japanese is looked for as a phrase of its pairs; a single letter as the beginning of a pair.
    """
    folded = unicodedata.normalize("NFKC", text[:500]).casefold()
    wanted = []
    for run in _RUN.findall(_split(folded)):
        if _JAPANESE.match(run) and len(run) == 1:
            wanted.append(f"{run}*")
        else:
            wanted.append('"' + " ".join(_pairs(run, index=False)) + '"')
    return " AND ".join(wanted[:20])


def row_of(key: str) -> int:
    """Give the row of a message's words: its id as a number, so that they are found without a scan."""
    return int(key[1:], 16)


def _split(text: str) -> str:
    """Part Japanese from the rest, which would be taken for one word with it."""
    return re.sub(f"({_JAPANESE.pattern}+)", r" \1 ", text)


def _pairs(run: str, *, index: bool = True) -> list[str]:
    if not _JAPANESE.match(run):
        return [run[:64]]
    pairs = [run[at : at + 2] for at in range(len(run) - 1)] or [run]
    return [*pairs, run[-1]] if index and len(run) > 1 else pairs
