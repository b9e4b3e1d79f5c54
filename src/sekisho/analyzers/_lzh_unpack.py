"""The compressions lh4 to lh7 of LHA: an LZ77 with three prefix codes in each block.

Source: the published notes on LHA's method lh5 (static Huffman over a sliding window).
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.analyzers._prefix_codes import Bits, table
from sekisho.model.errors import LimitError, MalformedError

WINDOWS = {"lh4": 12, "lh5": 13, "lh6": 15, "lh7": 16}
"""Bits of the window by method."""
LITERALS, SHORTEST, LONGEST = 510, 3, 256
SYMBOLS = 3_000_000
"""Symbols of one archive: 2 s at the measured 1.5 million a second, which is 3.9 MB/s of a program."""
BLOCK_COST = 500
"""What the codes of a block cost, in symbols."""
_PIECE = 65_536
_WIDTH = 16


class Symbols:
    """How many symbols may still be decoded."""

    def __init__(self, left: int = SYMBOLS) -> None:
        self.left = left

    def spend(self, count: int) -> None:
        """Charge for a block.

        Raises:
            LimitError: too much has been done.
        """
        self.left -= count
        if self.left < 0:
            raise LimitError("lzh_symbols", SYMBOLS)


def unpack(data: bytes, method: str, size: int, symbols: Symbols) -> Iterator[bytes]:
    """Give a member's bytes in pieces.

    Raises:
        MalformedError: the stream is broken or cut.
        LimitError: ``symbols`` are used up.
    """
    bits, window = Bits(data), WINDOWS[method]
    out, done, keep = bytearray(), 0, 1 << window
    while done + len(out) < size:
        count = bits.take(16) or 65_536
        literals, distances = _codes(bits, window)
        symbols.spend(count + BLOCK_COST)
        # A block has at most 64 Ki symbols of at most 256 bytes: 16 MiB stand in memory before they are handed out.
        _block(bits, out, (count, min(size - done, len(out) + count * LONGEST)), literals, distances)
        if len(out) > keep + _PIECE:
            yield bytes(out[:-keep])
            done += len(out) - keep
            del out[:-keep]
    yield bytes(out[: size - done])


def _block(bits: Bits, out: bytearray, most: tuple[int, int], literals: list[int], distances: list[int]) -> None:
    """Append a block of so many symbols, or up to so many bytes.

    The reader's state is in local names: calls for each symbol would make it four times slower.
    """
    data, value, have, at = bits.data, bits.value, bits.count, bits.at
    append, end = out.append, most[1]
    for _ in range(most[0]):
        if have < 48:
            if at > len(data) + 64:
                raise MalformedError("compressed data is cut", len(data))
            value = (value & (1 << have) - 1) << 48 | int.from_bytes(data[at : at + 6].ljust(6, b"\0"), "big")
            have, at = have + 48, at + 6
        entry = literals[value >> have - 16 & 65535]
        if entry < 8192:  # a byte, or -1
            if entry < 0:
                raise MalformedError("code word is not in use", at)
            have -= entry & 31
            append(entry >> 5)
        else:
            have -= entry & 31
            length = (entry >> 5) - 256 + SHORTEST
            entry = distances[value >> have - 16 & 65535]
            if entry < 0:
                raise MalformedError("code word is not in use", at)
            have -= entry & 31
            distance = slot = entry >> 5
            if slot > 1:
                have -= slot - 1
                distance = (1 << slot - 1) + (value >> have & (1 << slot - 1) - 1)
            start = len(out) - distance - 1
            if start < 0:  # the window begins as blanks
                out += b" " * length
            elif distance >= length:
                out += out[start : start + length]
            else:
                out += (out[start:] * (length // (distance + 1) + 1))[:length]
        if len(out) >= end:
            break
    bits.value, bits.count, bits.at = value, have, at


def _codes(bits: Bits, window: int) -> tuple[list[int], list[int]]:
    """Read the codes that a block begins with."""
    widths = _widths(bits, 19, 5, 3)
    code = table(widths, _WIDTH) if isinstance(widths, list) else _one(widths)
    literals = _literals(bits, code)
    slots = window + 1
    found = _widths(bits, slots, 4 if window < 15 else 5, -1)
    return literals, table(found, _WIDTH) if isinstance(found, list) else _one(found)


def _one(symbol: int) -> list[int]:
    """Give the code of a single symbol, which takes no bits."""
    return [symbol << 5] * (1 << _WIDTH)


def _widths(bits: Bits, most: int, field: int, gap_at: int) -> list[int] | int:
    """Give word lengths by symbol, or the one symbol there is."""
    count = bits.take(field)
    if count == 0:
        return bits.take(field)
    widths: list[int] = []
    while len(widths) < count:
        width = bits.take(3)
        if width == 7:
            while bits.take(1):
                width += 1
                if width > _WIDTH:
                    raise MalformedError("LZH code word is too long", bits.at)
        widths.append(width)
        if len(widths) == gap_at:
            widths += [0] * bits.take(2)
    if count > most:
        raise MalformedError("LZH code has too many symbols", bits.at)
    return widths[:most]


def _literals(bits: Bits, code: list[int]) -> list[int]:
    count = bits.take(9)
    if count == 0:
        return _one(bits.take(9))
    widths: list[int] = []
    while len(widths) < count:
        symbol = bits.symbol(code, _WIDTH)
        if symbol > 2:
            widths.append(symbol - 2)
        else:
            widths += [0] * (1 if symbol == 0 else bits.take(4) + 3 if symbol == 1 else bits.take(9) + 20)
    if count > LITERALS or max(widths) > _WIDTH:
        raise MalformedError("LZH code has too many symbols", bits.at)
    return table(widths, _WIDTH)
