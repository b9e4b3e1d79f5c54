"""Prefix codes whose words are read from the high end of bytes, as RAR and LZH write them."""

from __future__ import annotations

from collections.abc import Sequence

from sekisho.model.errors import MalformedError

LENGTH_BITS = 5
"""An entry of a table is ``symbol << 5 | length``; -1 stands where no word leads."""
LENGTH_MASK = (1 << LENGTH_BITS) - 1


def table(lengths: Sequence[int], width: int = 15) -> list[int]:
    """Give the table of a canonical code by the next ``width`` bits.

    Raises:
        MalformedError: it has more words than fit.
    """
    by_length: list[list[int]] = [[] for _ in range(width + 1)]
    for symbol, length in enumerate(lengths):
        if length:
            by_length[length].append(symbol)
    found: list[int] = []
    size = 1 << width
    for length in range(1, width + 1):
        span = 1 << (width - length)
        for symbol in by_length[length]:
            found += [symbol << LENGTH_BITS | length] * span
        if len(found) > size:
            raise MalformedError("prefix code has too many words")
    found += [-1] * (size - len(found))
    return found


class Bits:
    """Bits taken from the high end of bytes; zeros stand behind the end, for a while.

    It serves headers and other short parts; inner loops keep the same state in local names.
    """

    __slots__ = ("at", "count", "data", "value")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at
        self.value = self.count = 0

    def need(self, count: int) -> None:
        """Have at least ``count`` bits at hand, up to 48.

        Raises:
            MalformedError: the data ended long ago.
        """
        while self.count < count:
            if self.at > len(self.data) + 64:
                raise MalformedError("compressed data is cut", len(self.data))
            piece = self.data[self.at : self.at + 6].ljust(6, b"\0")
            self.value = (self.value & (1 << self.count) - 1) << 48 | int.from_bytes(piece, "big")
            self.count += 48
            self.at += 6

    def take(self, count: int) -> int:
        """Give the next ``count`` bits, up to 32."""
        if self.count < count:
            self.need(count)
        self.count -= count
        return self.value >> self.count & (1 << count) - 1

    def symbol(self, code: list[int], width: int = 15) -> int:
        """Give the next symbol.

        Raises:
            MalformedError: no word begins so.
        """
        if self.count < width:
            self.need(width)
        entry = code[self.value >> self.count - width & (1 << width) - 1]
        if entry < 0:
            raise MalformedError("code word is not in use", self.at)
        self.count -= entry & LENGTH_MASK
        return entry >> LENGTH_BITS

    def align(self) -> None:
        """Go on to the next whole byte."""
        self.count &= ~7

    @property
    def place(self) -> int:
        """Bits consumed since the start of the data."""
        return self.at * 8 - self.count
