"""Canonical Huffman codes as one table: as many bits as the longest code has give symbol and length."""

from __future__ import annotations

from collections.abc import Sequence

from sekisho.model.errors import MalformedError

LENGTH_BITS = 5
LENGTH_MASK = (1 << LENGTH_BITS) - 1


def table(lengths: Sequence[int]) -> tuple[list[int], int]:
    """Give the table and how many bits index it; an entry is ``symbol << 5 | length``, 0 where no code leads.

    Raises:
        MalformedError: there are more codes than the lengths leave room for.
    """
    widest = max(lengths, default=0)
    by_length: list[list[int]] = [[] for _ in range(widest + 1)]
    for symbol, length in enumerate(lengths):
        by_length[length].append(symbol)
    entries: list[int] = []
    for length in range(1, widest + 1):
        for symbol in by_length[length]:
            entries += [symbol << LENGTH_BITS | length] * (1 << widest - length)
            if len(entries) > 1 << widest:
                raise MalformedError("Huffman code is oversubscribed")
    return entries + [0] * ((1 << widest) - len(entries)), widest
