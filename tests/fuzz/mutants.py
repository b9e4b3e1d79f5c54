#!/usr/bin/env python3
"""Break files in many ways and see that no analyser breaks: seeded mutants through the jailed workers that analyse mail.

    .venv/bin/python tests/fuzz/mutants.py --count 100000 --jobs 2

Every mutant must come back analysed or with a foreseen reason. An unforeseen error, a worker that died or ran out of
time, or a lost input is printed with the seed's name and the mutant's number, from which ``--only NUMBER`` makes it again.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from seeds import seeds  # beside this file, which is no package

from sekisho.app.examine import examine
from sekisho.model.artifact import Artifact
from sekisho.model.limits import DEFAULT

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
WORDS = (
    b"<script>",
    b"\r\n\r\n",
    b"--b\r\n",
    b"\0" * 64,
    b"A" * 300,
    b"\xff\xfe",
    b"=?iso-2022-jp?B?",
    b"(" * 200,
    b"[" * 200,
)
LIMITS = replace(DEFAULT, wall_s=30.0, cpu_s=20)
"""Looser in time than those of a mail: what is looked for is no end at all, and the machine may be busy."""


BREAKS = ("failed on this input", "ended by", "wall_s", "cpu_s", "out of memory")


def mutant(number: int, known: Sequence[Artifact], seed: int) -> Artifact:
    """Give the mutant of a number: one seed with up to eight changes, the same every time."""
    dice = Random(f"{seed}:{number}")
    origin = dice.choice(known)
    data = bytearray(origin.data)
    for _ in range(dice.choice((1, 1, 2, 3, 5, 8))):
        if data:
            dice.choice(CHANGES)(data, dice, known)
    name = f"{number}-{origin.name}"
    return replace(origin, name=origin.name, data=bytes(data), address=name, parent=None, depth=0)


def _flip(data: bytearray, dice: Random, _: Sequence[Artifact]) -> None:
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _byte(data: bytearray, dice: Random, _: Sequence[Artifact]) -> None:
    data[dice.randrange(len(data))] = dice.randrange(256)


def _number(data: bytearray, dice: Random, _: Sequence[Artifact]) -> None:
    width, order = dice.choice((1, 2, 4, 8)), dice.choice(("little", "big"))
    at = dice.randrange(len(data))
    data[at : at + width] = (dice.choice(NUMBERS) & ((1 << 8 * width) - 1)).to_bytes(width, order)


def _near_start(data: bytearray, dice: Random, known: Sequence[Artifact]) -> None:
    head = data[:512]
    dice.choice((_flip, _byte, _number))(head, dice, known)
    data[:512] = head


def _cut(data: bytearray, dice: Random, _: Sequence[Artifact]) -> None:
    del data[dice.randrange(len(data)) :]


def _drop(data: bytearray, dice: Random, _: Sequence[Artifact]) -> None:
    at = dice.randrange(len(data))
    del data[at : at + dice.choice((1, 4, 16, 512))]


def _repeat(data: bytearray, dice: Random, _: Sequence[Artifact]) -> None:
    at = dice.randrange(len(data))
    piece = bytes(data[at : at + dice.choice((4, 64, 1024))])
    data[at:at] = piece * dice.choice((1, 2, 50))


def _insert(data: bytearray, dice: Random, _: Sequence[Artifact]) -> None:
    at = dice.randrange(len(data))
    data[at:at] = dice.choice(WORDS)


def _splice(data: bytearray, dice: Random, known: Sequence[Artifact]) -> None:
    other = dice.choice(known).data
    at = dice.randrange(len(other))
    data[dice.randrange(len(data)) :] = other[at : at + 65_536]


CHANGES = (_flip, _byte, _number, _number, _near_start, _near_start, _cut, _drop, _repeat, _insert, _splice)


def run(numbers: Sequence[int], seed: int, jobs: int, folder: Path | None = None) -> tuple[Counter[str], list[str]]:
    """Analyse the mutants of these numbers; gives how they ended, and a line for each that broke something."""
    known = seeds(folder)
    ends: Counter[str] = Counter()
    broken: list[str] = []
    made: Iterator[Artifact] = (mutant(number, known, seed) for number in numbers)
    for root, tree in examine(made, jobs=jobs, limits=LIMITS):
        ends["read" if not any(one.unscanned for one in tree) else "named"] += 1
        broken += (
            f"{root.address}: {one.address}: {reason}"
            for one in tree
            for reason in (*one.notes, one.unscanned)
            if any(word in reason for word in BREAKS)
        )
    lost = len(numbers) - sum(ends.values())
    if lost:
        broken.append(f"{lost} inputs gave nothing")
    return ends, sorted(set(broken))


def main() -> int:
    """Run and print what broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="files of other formats to make mutants of as well")
    parser.add_argument("--only", type=int, help="one mutant by its number")
    chosen = parser.parse_args()
    started = time.monotonic()
    numbers = range(chosen.count) if chosen.only is None else (chosen.only,)
    ends, broken = run(numbers, chosen.seed, chosen.jobs, chosen.folder)
    for line in broken:
        print(line)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024
    counts = ", ".join(f"{count} {word}" for word, count in sorted(ends.items()))
    print(
        f"{sum(ends.values())} mutants: {counts}; {len(broken)} broke something; {time.monotonic() - started:.0f} s, {peak} MiB"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
