"""Compression of RAR 5: blocks of an LZ77 with five prefix codes, and four filters behind it.

Pure Python: see ``STEPS`` for what it costs.

Source: the published descriptions of the RAR 5 stream in the documentation and tests of libarchive and The Unarchiver.
"""

from __future__ import annotations

from itertools import pairwise

from sekisho.analyzers._prefix_codes import Bits, table
from sekisho.analyzers._rar_filters import Filter, apply, arm, delta, e8, e8e9
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

LITERALS, DISTANCES, LOW, REPEATS = 306, 64, 16, 44
FILTER, AGAIN, OLD, NEW = 256, 257, 258, 262
STEPS = 10_000_000
"""Symbols of one archive at most, roughly; measured at 1.9 to 3.5 million a second, 2.8 to 3.4 MB/s of a program."""
MAX_WINDOW = 64 * MIB
"""History kept for solid archives; one member never has more than 50 MiB."""
MAX_FILTERS = 8_192
MAX_FILTER_BYTES = 4 * MIB
"""Source: what the format allows for one filter."""
_KINDS = (delta, e8, e8e9, arm)


class Steps:
    """How many symbols may still be decoded."""

    def __init__(self, left: int = STEPS) -> None:
        self.left = left

    def spend(self, count: int) -> None:
        """Charge for work done.

        Raises:
            LimitError: too much has been done.
        """
        self.left -= count
        if self.left < 0:
            raise LimitError("rar_symbols", STEPS)


class Unpacker:
    """Unpacks the members of one archive, in order where they are solid."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._reset()

    def _reset(self) -> None:
        self._out = bytearray()
        self._old = [0, 0, 0, 0]
        self._last = 0
        self._codes: list[list[int]] = []
        self._filters: list[Filter] = []

    def unpack(self, data: bytes, size: int, *, solid: bool, longest: int, wide: bool = False) -> bytes:
        """Give a member's bytes, as many as it declares and at most ``longest``.

        Raises:
            MalformedError: the stream is broken or cut.
            LimitError: it has more bytes than ``longest``, or too many symbols.
        """
        if not solid:
            self._reset()
        del self._out[:-MAX_WINDOW]
        start = len(self._out)
        self._filters = []
        data, at = bytes(data) + bytes(8), 0
        end = start + min(size, longest + 1)
        last = False
        try:
            while not last and len(self._out) < end:
                at, last = self._block(data, at, end, wide=wide)
        except ValueError as error:  # a code word that is not in use is no byte, and a shift by it is negative
            raise MalformedError("RAR stream is broken", at) from error
        if len(self._out) - start > longest:
            raise LimitError("member_bytes", longest)
        return apply(self._filters, self._out, start)[:size]

    def _block(self, data: bytes, at: int, end: int, *, wide: bool) -> tuple[int, bool]:
        """Take one block; gives where the next begins and whether this was the last."""
        if at + 3 > len(data) - 8:
            raise MalformedError("RAR block is cut", at)
        flags, check = data[at], data[at + 1]
        width = (flags >> 3 & 3) + 1
        raw = data[at + 2 : at + 2 + width]
        for byte in raw:
            check ^= byte
        if check != 0x5A ^ flags or width > 3:
            raise MalformedError("RAR block header is broken", at)
        at += 2 + width
        size = int.from_bytes(raw, "little")
        if at + size > len(data) - 8:
            raise MalformedError("RAR block is cut", at)
        bits = Bits(data, at)
        if flags & 0x80:
            self._codes = _read_codes(bits, wide=wide)
        if not self._codes:
            raise MalformedError("RAR block without codes", at)
        self._symbols(bits, (at + size) * 8 - 7 + (flags & 7), end)
        return at + size, bool(flags & 0x40)

    def _symbols(self, bits: Bits, stop: int, end: int) -> None:
        """Decode until a block's last bit or the member's last byte.

        It is long because it is the inner loop: calls would halve its speed.
        """
        data, out, old, last = bits.data, self._out, self._old, self._last
        main, far, low, repeat = self._codes
        value, count, at = bits.value, bits.count, bits.at
        append, charge = out.append, len(out)
        while at * 8 - count < stop and len(out) < end:
            value = (value & (1 << count) - 1) << 48 | int.from_bytes(data[at : at + 6].ljust(6, b"\0"), "big")
            count, at = count + 48, at + 6
            self._steps.spend(min(len(out) - charge, 48) + 1)
            charge = len(out)
            floor = max(14, at * 8 - stop)
            while count > floor:
                entry = main[value >> count - 15 & 32767]
                count -= entry & 31
                symbol = entry >> 5
                if symbol < 256:
                    append(symbol)
                    continue
                if count < 48:
                    value = (value & (1 << count) - 1) << 48 | int.from_bytes(data[at : at + 6].ljust(6, b"\0"), "big")
                    count, at = count + 48, at + 6
                    floor = max(14, at * 8 - stop)
                if symbol >= NEW:
                    slot = symbol - NEW
                    if slot < 8:
                        length = slot + 2
                    else:
                        extra = (slot >> 2) - 1
                        count -= extra
                        length = (4 | slot & 3) << extra | value >> count & (1 << extra) - 1
                        length += 2
                    entry = far[value >> count - 15 & 32767]
                    count -= entry & 31
                    slot = entry >> 5
                    if slot < 4:
                        distance = slot + 1
                        if slot < 0:
                            raise MalformedError("code word is not in use", at)
                    else:
                        if count < 48:
                            value = (value & (1 << count) - 1) << 48 | int.from_bytes(
                                data[at : at + 6].ljust(6, b"\0"), "big"
                            )
                            count, at = count + 48, at + 6
                            floor = max(14, at * 8 - stop)
                        extra = (slot >> 1) - 1
                        distance = (2 | slot & 1) << extra
                        if extra < 4:
                            count -= extra
                            distance += value >> count & (1 << extra) - 1
                        else:
                            if extra > 4:
                                count -= extra - 4
                                distance += (value >> count & (1 << extra - 4) - 1) << 4
                            entry = low[value >> count - 15 & 32767]
                            count -= entry & 31
                            if entry < 0:
                                raise MalformedError("code word is not in use", at)
                            distance += entry >> 5
                        distance += 1
                        if distance > 0x100:
                            length += 1
                            if distance > 0x2000:
                                length += 1
                                if distance > 0x40000:
                                    length += 1
                    old[3], old[2], old[1], old[0] = old[2], old[1], old[0], distance
                    last = length
                elif symbol >= OLD:
                    distance = old.pop(symbol - OLD)
                    old.insert(0, distance)
                    entry = repeat[value >> count - 15 & 32767]
                    count -= entry & 31
                    slot = entry >> 5
                    if slot < 8:
                        length = slot + 2
                        if slot < 0:
                            raise MalformedError("code word is not in use", at)
                    else:
                        extra = (slot >> 2) - 1
                        count -= extra
                        length = ((4 | slot & 3) << extra | value >> count & (1 << extra) - 1) + 2
                    last = length
                elif symbol == AGAIN:
                    distance, length = old[0], last
                else:
                    bits.value, bits.count, bits.at = value, count, at
                    self._filter(bits)
                    value, count, at = bits.value, bits.count, bits.at
                    floor = max(14, at * 8 - stop)
                    continue
                start = len(out) - distance
                if start < 0 or not distance:
                    raise MalformedError("match reaches before the start", at)
                if distance >= length:
                    out += out[start : start + length]
                else:
                    out += (out[start:] * (length // distance + 1))[:length]
                if len(out) >= end:
                    break
        self._last = last

    def _filter(self, bits: Bits) -> None:
        start, length = _number(bits), _number(bits)
        kind = bits.take(3)
        channels = bits.take(5) + 1 if kind == 0 else 1
        if kind >= len(_KINDS) or length > MAX_FILTER_BYTES or len(self._filters) >= MAX_FILTERS:
            raise MalformedError("RAR filter is not read", bits.at)
        self._filters.append(Filter(len(self._out) + start, length, _KINDS[kind], channels))


def _number(bits: Bits) -> int:
    return sum(bits.take(8) << 8 * index for index in range(bits.take(2) + 1))


def _read_codes(bits: Bits, *, wide: bool) -> list[list[int]]:
    widths: list[int] = []
    while len(widths) < 20:
        width = bits.take(4)
        if width == 15:
            zeros = bits.take(4)
            widths += [0] * (zeros + 2) if zeros else [15]
        else:
            widths.append(width)
    code = table(widths[:20])
    distances = DISTANCES + 16 if wide else DISTANCES
    total = LITERALS + distances + LOW + REPEATS
    lengths: list[int] = []
    while len(lengths) < total:
        symbol = bits.symbol(code)
        if symbol < 16:
            lengths.append(symbol)
        elif symbol < 18:
            if not lengths:
                raise MalformedError("RAR code lengths begin with a repetition", bits.at)
            lengths += lengths[-1:] * (bits.take(3) + 3 if symbol == 16 else bits.take(7) + 11)
        else:
            lengths += [0] * (bits.take(3) + 3 if symbol == 18 else bits.take(7) + 11)
    ends = (0, LITERALS, LITERALS + distances, LITERALS + distances + LOW, total)
    return [table(lengths[first:end]) for first, end in pairwise(ends)]
