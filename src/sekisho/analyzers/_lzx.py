"""LZX decompression, as cabinets, help files and WIM images use it.

Source: [MS-PATCH] 2 (LZX DELTA, without its delta); Microsoft, "LZX data compression format" (Cabinet SDK); for WIM the
differences that [MS-XCA] and Microsoft's "Windows Imaging File Format" note: no translation header, short block sizes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import accumulate

from sekisho.analyzers import _huffman
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

FRAME_BYTES = 32_768
VERBATIM, ALIGNED, PLAIN = 1, 2, 3
SLOTS = {15: 30, 16: 32, 17: 34, 18: 36, 19: 38, 20: 42, 21: 50}
"""Position slots by the window's bits. Source: Cabinet SDK, table of position slots."""
EXTRA_BITS = tuple(0 if slot < 4 else min(slot // 2 - 1, 17) for slot in range(51))
BASES = tuple(accumulate((1 << bits for bits in EXTRA_BITS), initial=0))
LENGTH_SYMBOLS, PRETREE_SYMBOLS, ALIGNED_SYMBOLS = 249, 20, 8
WIM_FILE_BYTES = 12_000_000
"""What every WIM chunk takes as the file's size to translate calls by."""
LAST_TRANSLATED = 1 << 30
LZX_BYTES, LZX_BLOCKS = 12 * MIB, 3_000
"""What may be unpacked of one artifact."""


@dataclass(slots=True)
class Budget:
    """What our decoders may still do for one artifact, whose analysis has 8 s of processor time.

    Measured: 4 to 15 MB/s, and half a millisecond for the trees of a block; honest files have one or two a frame.
    """

    bytes_left: int = LZX_BYTES
    blocks_left: int = LZX_BLOCKS

    def spend(self, count: int) -> None:
        """Charge bytes that are about to be unpacked.

        Raises:
            LimitError: they are too many.
        """
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise LimitError("lzx_bytes", LZX_BYTES)

    def spend_block(self) -> None:
        """Charge the trees of one block.

        Raises:
            LimitError: there are too many.
        """
        self.blocks_left -= 1
        if self.blocks_left < 0:
            raise LimitError("lzx_blocks", LZX_BLOCKS)


class Lzx:
    """One stream, frame by frame; what later frames refer to is kept."""

    def __init__(self, window_bits: int, budget: Budget, *, wim: bool = False) -> None:
        """``wim``: the variant of WIM images.

        Raises:
            MalformedError: no such window exists.
        """
        if window_bits not in SLOTS:
            raise MalformedError(f"LZX window of {window_bits} bits")
        self.window_bits, self.budget, self.wim = window_bits, budget, wim
        self.history = bytearray()
        """Everything that came out so far, calls not yet translated."""
        self.reset()

    def reset(self) -> None:
        """Forget everything but the history, as help files do at every interval."""
        self.recent = [1, 1, 1]
        self.main_lengths = [0] * (256 + 8 * SLOTS[self.window_bits])
        self.length_lengths = [0] * LENGTH_SYMBOLS
        self.begun = False
        self.translate_bytes = WIM_FILE_BYTES if self.wim else 0
        self.translated_from = len(self.history)
        self.kind = self.block_left = 0
        self.block_bytes = 0
        self.main: tuple[list[int], int] = ([], 0)
        self.length: tuple[list[int], int] = ([], 0)
        self.aligned: tuple[list[int], int] = ([], 0)

    def frame(self, data: bytes, size: int) -> bytes:
        """Give the ``size`` plain bytes of one frame.

        Raises:
            MalformedError: the stream is broken.
            LimitError: the budget is used up.
        """
        self.budget.spend(size)
        if size > (1 << self.window_bits if self.wim else FRAME_BYTES):
            raise MalformedError(f"LZX frame of {size} bytes")
        self._open(data)
        start = len(self.history)
        try:
            self._fill(data, start + size)
        except IndexError as error:
            raise MalformedError("LZX stream is cut or broken") from error
        return self._translated(bytes(self.history[start:]), start - self.translated_from)

    def _open(self, data: bytes) -> None:
        count = len(data) // 2
        self.words = [*struct.unpack_from(f"<{count}H", data), *(data[2 * count :]), 0, 0, 0, 0]
        self.at = self.buffer = self.bits = 0

    def _fill(self, data: bytes, end: int) -> None:
        if not self.begun:
            self.begun = True
            if not self.wim and self._take(1):
                self.translate_bytes = self._take(16) << 16 | self._take(16)
        history = self.history
        while len(history) < end:
            if not self.block_left:
                self._block(data)
            count = min(self.block_left, end - len(history))
            self.block_left -= count
            if self.kind == PLAIN:
                self._plain(data, count)
            else:
                self._matches(len(history) + count)

    def _take(self, count: int) -> int:
        """Give the next 1 to 24 bits."""
        while self.bits < count:
            self.buffer = (self.buffer & 0xFFFFFFFF) << 16 | self.words[self.at]
            self.at += 1
            self.bits += 16
        self.bits -= count
        return self.buffer >> self.bits & (1 << count) - 1

    def _block(self, data: bytes) -> None:
        """Read a block's head and its trees."""
        self.budget.spend_block()
        self.kind = self._take(3)
        if self.wim:
            self.block_left = FRAME_BYTES if self._take(1) else self._take(16 if self.window_bits < 16 else 24)
        else:
            self.block_left = self._take(24)
        self.block_bytes = self.block_left
        if self.kind not in (VERBATIM, ALIGNED, PLAIN) or not self.block_left:
            raise MalformedError(f"LZX block of kind {self.kind} and {self.block_left} bytes")
        if self.kind == PLAIN:
            start = 2 * ((16 * self.at - self.bits) // 16 + 1)  # at least one bit is passed over
            head = data[start : start + 12]
            if len(head) < 12:
                raise MalformedError("LZX stream is cut")
            self.recent = list(struct.unpack("<III", head))
            self._seek(start + 12)
            return
        if self.kind == ALIGNED:
            self.aligned = _huffman.table([self._take(3) for _ in range(ALIGNED_SYMBOLS)])
        self._lengths(self.main_lengths, 0, 256)
        self._lengths(self.main_lengths, 256, len(self.main_lengths))
        self.main = _huffman.table(self.main_lengths)
        self._lengths(self.length_lengths, 0, LENGTH_SYMBOLS)
        self.length = _huffman.table(self.length_lengths)

    def _seek(self, byte: int) -> None:
        self.at, self.buffer, self.bits = byte // 2, 0, 0

    def _lengths(self, lengths: list[int], start: int, end: int) -> None:
        """Read code lengths as differences from the block before."""
        codes = _huffman.table([self._take(4) for _ in range(PRETREE_SYMBOLS)])
        at = start
        while at < end:
            code = self._symbol(codes)
            if code == 17:
                run, value = self._take(4) + 4, 0
            elif code == 18:
                run, value = self._take(5) + 20, 0
            elif code == 19:
                run = self._take(1) + 4
                value = (lengths[at] - self._symbol(codes)) % 17
            else:
                run, value = 1, (lengths[at] - code) % 17
            run = min(run, end - at)
            lengths[at : at + run] = [value] * run
            at += run

    def _symbol(self, codes: tuple[list[int], int]) -> int:
        entries, widest = codes
        while self.bits < widest:
            self.buffer = (self.buffer & 0xFFFFFFFF) << 16 | self.words[self.at]
            self.at += 1
            self.bits += 16
        entry = entries[self.buffer >> self.bits - widest & (1 << widest) - 1]
        if not entry:
            raise MalformedError("LZX code that no tree has")
        self.bits -= entry & _huffman.LENGTH_MASK
        return entry >> _huffman.LENGTH_BITS

    def _plain(self, data: bytes, count: int) -> None:
        start = 2 * self.at
        piece = data[start : start + count]
        if len(piece) < count:
            raise MalformedError("LZX stream is cut")
        self.history += piece
        if not self.block_left:
            count += self.block_bytes & 1  # a whole block is padded to an even count
        self._seek(start + count)

    def _matches(self, end: int) -> None:
        """Decode literals and matches up to ``end``.

        In one piece, because nearly all time is spent here: names in place of attributes, bits taken by hand.
        """
        history, words, append = self.history, self.words, self.history.append
        main, main_bits = self.main
        lengths, length_bits = self.length
        aligned, aligned_bits = self.aligned if self.kind == ALIGNED else ([], 0)
        main_mask, length_mask, aligned_mask = (1 << main_bits) - 1, (1 << length_bits) - 1, (1 << aligned_bits) - 1
        near, middle, far = self.recent
        at, buffer, bits = self.at, self.buffer, self.bits
        size = len(history)
        while size < end:
            if bits < 32:
                buffer = (buffer & 0xFFFFFFFF) << 32 | words[at] << 16 | words[at + 1]
                at, bits = at + 2, bits + 32
            entry = main[buffer >> bits - main_bits & main_mask]
            bits -= entry & 31
            symbol = entry >> 5
            if symbol < 256:
                if not entry:
                    raise MalformedError("LZX code that no tree has")
                append(symbol)
                size += 1
                continue
            length, slot = symbol & 7, symbol - 256 >> 3
            if length == 7:
                if bits < 32:
                    buffer = (buffer & 0xFFFFFFFF) << 32 | words[at] << 16 | words[at + 1]
                    at, bits = at + 2, bits + 32
                entry = lengths[buffer >> bits - length_bits & length_mask]
                if not entry:
                    raise MalformedError("LZX code that no tree has")
                bits -= entry & 31
                length += entry >> 5
            length += 2
            if slot > 2:
                extra = EXTRA_BITS[slot]
                if bits < 32:
                    buffer = (buffer & 0xFFFFFFFF) << 32 | words[at] << 16 | words[at + 1]
                    at, bits = at + 2, bits + 32
                distance = BASES[slot] - 2
                if aligned_bits and extra >= 3:
                    bits -= extra - 3
                    distance += (buffer >> bits & (1 << extra - 3) - 1) << 3
                    entry = aligned[buffer >> bits - aligned_bits & aligned_mask]
                    if not entry:
                        raise MalformedError("LZX code that no tree has")
                    bits -= entry & 31
                    distance += entry >> 5
                elif extra:
                    bits -= extra
                    distance += buffer >> bits & (1 << extra) - 1
                near, middle, far = distance, near, middle
            elif slot == 0:
                distance = near
            elif slot == 1:
                distance = middle
                near, middle = middle, near
            else:
                distance = far
                near, far = far, near
            if not 0 < distance <= size or size + length > end:
                raise MalformedError("LZX match beyond its window")
            start = size - distance
            if distance >= length:
                history += history[start : start + length]
            else:
                history += (history[start:] * (length // distance + 1))[:length]
            size += length
        self.recent = [near, middle, far]
        self.at, self.buffer, self.bits = at, buffer, bits
        if 2 * at - bits // 8 > 2 * (len(words) - 4) + 2:
            raise MalformedError("LZX stream is cut")

    def _translated(self, plain: bytes, position: int) -> bytes:
        """Turn the absolute targets of calls back to relative ones, as programs hold them."""
        size = self.translate_bytes
        if not size or len(plain) <= 10 or position >= LAST_TRANSLATED or 0xE8 not in plain:
            return plain
        out = bytearray(plain)
        at, last = out.find(0xE8), len(out) - 10
        while 0 <= at < last:
            target = int.from_bytes(out[at + 1 : at + 5], "little", signed=True)
            here = position + at
            if -here <= target < size:
                value = target - here if target >= 0 else target + size
                out[at + 1 : at + 5] = (value & 0xFFFFFFFF).to_bytes(4, "little")
            at = out.find(0xE8, at + 5)
        return bytes(out)
