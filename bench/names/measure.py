#!/usr/bin/env python3
"""Measure how well the surprise of a name's letters tells names that people chose from random ones.

Run: .venv/bin/python bench/names/measure.py [folder]   (default: ../shared/data)

Chosen: the registered domains that the DNS log of Zeek's sample data asks for, in two halves by hash; the thresholds
of the rules were chosen on the first. Random: labels of four generators, seeded.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from string import ascii_lowercase, digits

from sekisho.model.registered import registered_domain
from sekisho.normalize._name_letters import surprise

LIMITS = (5.0, 5.5, 6.0)
COUNT = 5_000


def main() -> int:
    """Print the share of each set at or above each limit."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[3] / "shared" / "data"
    log = root / "zeek" / "zed-sample" / "dns.json.gz"
    if not log.is_file():
        sys.stderr.write(f"{log}: not there\n")
        return 2
    chosen = domains(log)
    halves = [[name for name in chosen if sha256(name.encode()).digest()[0] % 2 == half] for half in (0, 1)]
    sys.stdout.write(f"{'set':28}{'names':>7}" + "".join(f"{f'>= {limit}':>9}" for limit in LIMITS) + "\n")
    for title, names in (("chosen, half looked at", halves[0]), ("chosen, half held back", halves[1]), *generated()):
        show(title, (name.partition(".")[0] for name in names))
    return 0


def domains(log: Path) -> list[str]:
    """Give each domain asked for once."""
    found = set()
    with gzip.open(log, "rt", encoding="utf-8") as lines:
        for line in lines:
            query = json.loads(line).get("query", "")
            if "." in query.strip("."):
                found.add(registered_domain(query))
    return sorted(found)


def generated() -> Iterable[tuple[str, list[str]]]:
    """Give random labels by how they were made."""
    dice = random.Random(20261128)
    yield "12 to 18 letters", made(dice, ascii_lowercase, 12, 19)
    yield "8 to 11 letters", made(dice, ascii_lowercase, 8, 12)
    yield "letters and digits", made(dice, ascii_lowercase + digits, 12, 19)
    yield "hexadecimal", made(dice, "0123456789abcdef", 12, 33)


def made(dice: random.Random, letters: str, least: int, most: int) -> list[str]:
    """Give labels of these letters."""
    return ["".join(dice.choices(letters, k=dice.randrange(least, most))) for _ in range(COUNT)]


def show(title: str, labels: Iterable[str]) -> None:
    """Print one row; labels that say nothing are left out."""
    scores = [score for score in map(surprise, labels) if score is not None]
    shares = "".join(f"{sum(score >= limit for score in scores) / len(scores):9.3f}" for limit in LIMITS)
    sys.stdout.write(f"{title:28}{len(scores):7}{shares}\n")


if __name__ == "__main__":
    sys.exit(main())
