#!/usr/bin/env python3
"""Write src/sekisho/normalize/_name_letters.py: how surprising each letter after another is in names that people chose.

Run: .venv/bin/python bench/names/train.py

Learnt from words of English prose (docstrings of Python's own library, and this project's guides), from pairs of them
written together as domain names are, and from Japanese syllables in romaji. No list of domain names is used.
"""

from __future__ import annotations

import ast
import math
import random
import re
import sysconfig
from collections import Counter
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUT = ROOT / "src" / "sekisho" / "normalize" / "_name_letters.py"
LETTERS = "abcdefghijklmnopqrstuvwxyz0-."  # 0: any digit; .: begin and end
CONSONANTS = ("", "k", "s", "t", "n", "h", "m", "y", "r", "w", "g", "z", "d", "b", "p", "sh", "ch", "ts", "f", "j",
              "ky", "ry", "ny")  # fmt: skip
SMOOTHING = 0.5
STEP = 0.1  # bits


def prose() -> Counter[str]:
    """Count the words of the docstrings and guides."""
    words: Counter[str] = Counter()
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                words.update(re.findall(r"[a-z]{3,14}", text.lower()))
    for path in sorted((ROOT / "docs" / "guide").glob("*.md")):
        words.update(re.findall(r"[a-z]{3,14}", path.read_text(encoding="utf-8").lower()))
    return words


def samples() -> list[tuple[str, float]]:
    """Give what is learnt from, with how much it counts."""
    dice = random.Random(7)
    words = prose()
    found = [(word, math.sqrt(count)) for word, count in sorted(words.items())]
    common = [word for word, count in sorted(words.items()) if count >= 5]
    found += [(dice.choice(common) + dice.choice(common), 1.0) for _ in range(len(common))]
    found += [(f"{dice.choice(common)}-{dice.choice(common)}", 0.5) for _ in range(len(common) // 4)]
    found += [(f"{dice.choice(common)}{dice.randrange(1, 400)}", 0.5) for _ in range(len(common) // 4)]
    syllables = [consonant + vowel for consonant in CONSONANTS for vowel in "aiueo"] + ["n"]
    found += [("".join(dice.choices(syllables, k=dice.randrange(2, 6))), 1.0) for _ in range(len(common))]
    return found


def main() -> None:
    """Write the table."""
    counts = {one: dict.fromkeys(LETTERS, SMOOTHING) for one in LETTERS}
    for text, weight in samples():
        folded = f".{re.sub('[0-9]', '0', text)}."
        for before, after in pairwise(folded):
            counts[before][after] += weight
    rows = []
    for before in LETTERS:
        total = sum(counts[before].values())
        steps = (round(-math.log2(counts[before][after] / total) / STEP) for after in LETTERS)
        rows.append(" ".join(map(str, steps)))
    table = "\n".join(rows)
    OUT.write_text(TEMPLATE.format(letters=LETTERS, table=table), encoding="utf-8")


TEMPLATE = '''"""How surprising each letter after another is in chosen names; written by ``bench/names/train.py``.

Source: bigrams of English prose and of Japanese syllables, see there; no list of domain names was learnt from.
"""

from __future__ import annotations

_LETTERS = "{letters}"
"""``0`` stands for any digit, ``.`` for begin and end."""
_STEPS = """
{table}
"""
"""Tenths of a bit: a row for each letter, in it how surprising each letter is after that one."""
_TENTHS = {{
    before + after: int(step)
    for before, row in zip(_LETTERS, _STEPS.split("\\n")[1:], strict=False)
    for after, step in zip(_LETTERS, row.split(), strict=True)
}}
_DIGITS = str.maketrans("123456789", "000000000")
MIN_CHARS = 7
"""Shorter labels say nothing: anybody registers four letters."""


def surprise(label: str) -> float | None:
    """Give the mean surprise of a label's letters in bits, None for what is too short or no ASCII name.

    Nine of ten names that people chose stay below 5.5, nine of ten random ones reach it: ``bench/names/measure.py``.
    """
    folded = label.lower().translate(_DIGITS)
    if len(folded) < MIN_CHARS or folded.startswith("xn--"):
        return None
    text = f".{{folded}}."
    try:
        total = sum(_TENTHS[text[at : at + 2]] for at in range(len(text) - 1))
    except KeyError:
        return None
    return round(total / (len(text) - 1) / 10, 1)
'''


if __name__ == "__main__":
    main()
