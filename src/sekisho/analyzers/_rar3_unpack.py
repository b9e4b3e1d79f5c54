"""Compression of RAR 2.9 to 4.x: an LZ77 with four prefix codes, and filters written for a virtual machine.

The programs that WinRAR writes for that machine are known by their length and checksum, and done here in plain code; no
other program is run. Blocks of the other method (PPMd) are not read.

Source: the published descriptions of the RAR 3 stream in the documentation and tests of libarchive and The Unarchiver.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from sekisho.analyzers._prefix_codes import Bits, table
from sekisho.analyzers._rar5_unpack import MAX_FILTERS, Steps
from sekisho.analyzers._rar_filters import Filter, apply, delta, e8_rar3, e8e9_rar3
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

LITERALS, DISTANCES, LOW, REPEATS = 299, 60, 17, 28
END, PROGRAM, AGAIN, OLD, SHORT, NEW = 256, 257, 258, 259, 263, 271
WINDOW = 4 * MIB
MACHINE_BYTES = 0x40000
"""Memory of the virtual machine: no filter covers more."""
_LENGTHS = tuple(
    [(length, 0) for length in range(8)] + [(((4 + step) << bits), bits) for bits in range(1, 6) for step in range(4)]
)
_SHORTS = ((0, 2), (4, 2), (8, 3), (16, 4), (32, 5), (64, 6), (128, 6), (192, 6))


def _distances() -> tuple[tuple[int, int], ...]:
    found, base = list[tuple[int, int]](), 0
    for bits, count in ((0, 4), *((bits, 2) for bits in range(1, 16)), (16, 14), (18, 12)):
        for _ in range(count):
            found.append((base, bits))
            base += 1 << bits
    return tuple(found)


_DISTANCES = _distances()
_PROGRAMS: dict[tuple[int, int], Callable[[bytes, int, int], bytes]] = {
    (53, 0xAD576887): e8_rar3,
    (57, 0x3CD7E57E): e8e9_rar3,
    (29, 0x0E06077D): delta,
}
_NAMED = {(120, 0x3769893F): "Itanium", (149, 0x1C2C5DC8): "RGB", (216, 0xBC85E701): "audio"}


@dataclass(slots=True)
class _Program:
    """One program that the stream has brought along."""

    run: Callable[[bytes, int, int], bytes] | None
    name: str
    length: int = 0
    """Bytes that it was last used on."""


class Unpacker:
    """Unpacks the members of one archive, in order where they are solid."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._reset()

    def _reset(self) -> None:
        self._out = bytearray()
        self._old = [0, 0, 0, 0]
        self._last = self._low = self._low_left = 0
        self._widths = [0] * (LITERALS + DISTANCES + LOW + REPEATS)
        self._codes: list[list[int]] = []
        self._filters: list[Filter] = []
        self._programs: list[_Program] = []
        self._program = 0
        self._fresh = True
        """The next member begins with code lengths."""

    def unpack(self, data: bytes, size: int, *, solid: bool, longest: int) -> bytes:
        """Give a member's bytes, as many as it declares and at most ``longest``.

        Raises:
            MalformedError: the stream is broken, cut, or packed with PPMd.
            LimitError: it has more bytes than ``longest``, or too many symbols.
        """
        if not solid:
            self._reset()
        del self._out[:-WINDOW]
        start = len(self._out)
        self._filters = []
        if not solid:
            self._programs = []
        end = start + min(size, longest + 1)
        bits = Bits(data)
        try:
            if size and (self._fresh or not self._codes):
                self._read_codes(bits)
            while size and self._symbols(bits, end):
                self._read_codes(bits)
        except MalformedError:
            if len(self._out) < end:
                raise
        except ValueError as error:  # a code word that is not in use is no byte, and a shift by it is negative
            raise MalformedError("RAR stream is broken", bits.at) from error
        if len(self._out) - start > longest:
            raise LimitError("member_bytes", longest)
        if len(self._out) - start < size:
            raise MalformedError("RAR stream is cut", bits.at)
        return apply(self._filters, self._out, start)[:size]

    def _read_codes(self, bits: Bits) -> None:
        bits.align()
        if bits.take(1):
            raise MalformedError("compression method ppmd is not read")
        self._low = self._low_left = 0
        if not bits.take(1):
            self._widths = [0] * len(self._widths)
        widths: list[int] = []
        while len(widths) < 20:
            width = bits.take(4)
            if width == 15:
                zeros = bits.take(4)
                widths += [0] * (zeros + 2) if zeros else [15]
            else:
                widths.append(width)
        code, lengths, total = table(widths[:20]), list[int](), len(self._widths)
        while len(lengths) < total:
            symbol = bits.symbol(code)
            if symbol < 16:
                lengths.append((symbol + self._widths[len(lengths)]) & 15)
            elif symbol < 18:
                if not lengths:
                    raise MalformedError("RAR code lengths begin with a repetition", bits.at)
                lengths += lengths[-1:] * (bits.take(3) + 3 if symbol == 16 else bits.take(7) + 11)
            else:
                lengths += [0] * (bits.take(3) + 3 if symbol == 18 else bits.take(7) + 11)
        self._widths = lengths[:total]
        ends = (0, LITERALS, LITERALS + DISTANCES, LITERALS + DISTANCES + LOW, total)
        self._codes = [table(self._widths[first:end]) for first, end in pairwise(ends)]
        self._fresh = False

    def _symbols(self, bits: Bits, end: int) -> bool:
        """Decode until new code lengths follow (True) or the member ends (False).

        It is long because it is the inner loop: calls would halve its speed.
        """
        data, out, old, last = bits.data, self._out, self._old, self._last
        main, far, low, repeat = self._codes
        value, count, at = bits.value, bits.count, bits.at
        append, charge = out.append, len(out)
        lengths, distances = _LENGTHS, _DISTANCES
        again = False
        while True:  # up to the symbol that ends the member, which tells what the next one begins with
            if count < 48:
                if at > len(data) + 64:
                    raise MalformedError("RAR stream is cut", len(data))
                value = (value & (1 << count) - 1) << 48 | int.from_bytes(data[at : at + 6].ljust(6, b"\0"), "big")
                count, at = count + 48, at + 6
                self._steps.spend(min(len(out) - charge, 48) + 1)
                charge = len(out)
            entry = main[value >> count - 15 & 32767]
            count -= entry & 31
            symbol = entry >> 5
            if len(out) >= end and symbol not in (END, PROGRAM):
                break
            if symbol < 256:
                append(symbol)
                continue
            if symbol >= NEW:
                length, extra = lengths[symbol - NEW]
                length += 3
                if extra:
                    count -= extra
                    length += value >> count & (1 << extra) - 1
                entry = far[value >> count - 15 & 32767]
                count -= entry & 31
                slot = entry >> 5
                if slot < 0:
                    raise MalformedError("code word is not in use", at)
                distance, extra = distances[slot]
                if extra:
                    if count < 48:
                        value = (value & (1 << count) - 1) << 48 | int.from_bytes(
                            data[at : at + 6].ljust(6, b"\0"), "big"
                        )
                        count, at = count + 48, at + 6
                    if slot > 9:
                        if extra > 4:
                            count -= extra - 4
                            distance += (value >> count & (1 << extra - 4) - 1) << 4
                        if self._low_left:
                            self._low_left -= 1
                            distance += self._low
                        else:
                            entry = low[value >> count - 15 & 32767]
                            count -= entry & 31
                            if entry < 0:
                                raise MalformedError("code word is not in use", at)
                            if entry >> 5 == 16:
                                self._low_left = 15
                            else:
                                self._low = entry >> 5
                            distance += self._low
                    else:
                        count -= extra
                        distance += value >> count & (1 << extra) - 1
                distance += 1
                if distance >= 0x2000:
                    length += 1
                    if distance >= 0x40000:
                        length += 1
                old[3], old[2], old[1], old[0] = old[2], old[1], old[0], distance
                last = length
            elif symbol == END:
                bits.value, bits.count, bits.at = value, count, at
                if bits.take(1):
                    again = True
                else:
                    self._fresh = bool(bits.take(1))
                value, count, at = bits.value, bits.count, bits.at
                break
            elif symbol == PROGRAM:
                bits.value, bits.count, bits.at = value, count, at
                self._take_program(bits)
                value, count, at = bits.value, bits.count, bits.at
                continue
            elif symbol == AGAIN:
                distance, length = old[0], last
                if not length:
                    continue
            elif symbol < SHORT:
                distance = old.pop(symbol - OLD)
                old.insert(0, distance)
                entry = repeat[value >> count - 15 & 32767]
                count -= entry & 31
                if entry < 0:
                    raise MalformedError("code word is not in use", at)
                length, extra = lengths[entry >> 5]
                length += 2
                if extra:
                    count -= extra
                    length += value >> count & (1 << extra) - 1
                last = length
            else:
                distance, extra = _SHORTS[symbol - SHORT]
                count -= extra
                distance += (value >> count & (1 << extra) - 1) + 1
                old[3], old[2], old[1], old[0] = old[2], old[1], old[0], distance
                last = length = 2
            start = len(out) - distance
            if start < 0 or not distance:
                raise MalformedError("match reaches before the start", at)
            if distance >= length:
                out += out[start : start + length]
            else:
                out += (out[start:] * (length // distance + 1))[:length]
        bits.value, bits.count, bits.at = value, count, at
        self._last = last
        return again

    def _take_program(self, bits: Bits) -> None:
        """Read one use of a filter, with its program when it is new."""
        flags = bits.take(8)
        size = (flags & 7) + 1
        if size == 7:
            size = bits.take(8) + 7
        elif size == 8:
            size = bits.take(16)
        code = Bits(bytes(bits.take(8) for _ in range(size)))
        if flags & 0x80:
            number = _number(code)
            if number == 0:
                self._programs, self._filters = [], []
            self._program = max(0, number - 1)
        if self._program > len(self._programs) or len(self._filters) >= MAX_FILTERS:
            raise MalformedError("RAR filter without its program", bits.at)
        start = len(self._out) + _number(code) + (258 if flags & 0x40 else 0)
        length = _number(code) if flags & 0x20 else 0
        channels = 0
        if flags & 0x10:
            mask = code.take(7)
            registers = [_number(code) if mask >> index & 1 else 0 for index in range(7)]
            channels = registers[0]
        if self._program == len(self._programs):
            self._programs.append(_known(code))
        program = self._programs[self._program]
        program.length = length = length if flags & 0x20 else program.length
        if program.run is None:
            raise MalformedError(f"RAR filter {program.name} is not read", bits.at)
        if length > MACHINE_BYTES or not 0 <= channels <= 1_024:
            raise MalformedError("RAR filter out of range", bits.at)
        self._filters.append(Filter(start, length, program.run, max(channels, 1)))


def _known(code: Bits) -> _Program:
    size = _number(code)
    if not 0 < size <= 0x10000:
        raise MalformedError("RAR program out of range")
    raw = bytes(code.take(8) for _ in range(size))
    mark = (size, zlib.crc32(raw))
    return _Program(_PROGRAMS.get(mark), _NAMED.get(mark, f"of {size} bytes"))


def _number(bits: Bits) -> int:
    """Give an integer as the virtual machine writes it."""
    kind = bits.take(2)
    if kind == 0:
        return bits.take(4)
    if kind == 1:
        found = bits.take(8)
        return found if found >= 16 else 0xFFFFFF00 | found << 4 | bits.take(4)
    return bits.take(16) if kind == 2 else bits.take(32)
