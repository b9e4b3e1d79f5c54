"""Deflate64, which Windows' own ZIP folders write for large files: deflate with longer matches and a larger window.

Source: RFC 1951; PKWARE APPNOTE 6.3.10 section 4.4.5 and the differences that 7-Zip documents (length code 285 has 16
extra bits, distance codes 30 and 31 exist).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sekisho.model.errors import LimitError, MalformedError

SYMBOLS = 3_000_000
"""Symbols of one stream; about 3 s in pure Python."""
_WINDOW, _PIECE = 65_536, 131_072
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_LENGTHS = (
    *((length, 0) for length in range(3, 11)),
    *((3 + ((4 + step) << bits), bits) for bits in range(1, 6) for step in range(4)),
    (3, 16),
)
_DISTANCES = (
    *((distance, 0) for distance in range(1, 5)),
    *((1 + ((2 + step) << bits), bits) for bits in range(1, 15) for step in range(2)),
)
_FIXED = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8


class _Bits:
    """Bits from the low end of bytes that come in chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held, self._at, self.padding = b"", 0, 0
        self.value = self.count = 0

    def fill(self) -> None:
        """Have at least 48 bits at hand; zeros stand for what is behind the end."""
        while self.count < 48:
            piece = self._held[self._at : self._at + 6]
            if not piece:
                self._held, self._at = next(self._chunks, b""), 0
                if not self._held:
                    self.padding += 48
                    if self.padding > 480:
                        raise MalformedError("deflate64 stream is cut")
                    piece = bytes(6)
                else:
                    continue
            else:
                self._at += len(piece)
            self.value |= int.from_bytes(piece, "little") << self.count
            self.count += 8 * len(piece)

    def take(self, count: int) -> int:
        if self.count < count:
            self.fill()
        found = self.value & (1 << count) - 1
        self.value >>= count
        self.count -= count
        return found


class _Code:
    """A prefix code as one table by the next bits, each value holding symbol and length."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self.width = max(lengths, default=0) or 1
        size = 1 << self.width
        self.table = [-1] * size
        code = 0
        for length in range(1, self.width + 1):
            for symbol, own in enumerate(lengths):
                if own != length:
                    continue
                if code >> length:
                    raise MalformedError("deflate64 code has too many words")
                start = int(f"{code:0{length}b}"[::-1], 2)
                self.table[start :: 1 << length] = [symbol << 4 | length] * (size >> length)
                code += 1
            code <<= 1

    def read(self, bits: _Bits) -> int:
        if bits.count < 15:
            bits.fill()
        found = self.table[bits.value & len(self.table) - 1]
        if found < 0:
            raise MalformedError("deflate64 code word is not in use")
        bits.value >>= found & 15
        bits.count -= found & 15
        return found >> 4


def deflate64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give the plain bytes of a stream in pieces.

    Raises:
        MalformedError: the stream is broken or cut; the pieces before stand.
        LimitError: it has more than ``SYMBOLS`` symbols.
    """
    bits, out, left = _Bits(chunks), bytearray(), SYMBOLS
    final = 0
    while not final:
        final, kind = bits.take(1), bits.take(2)
        if kind == 0:
            _stored(bits, out)
        elif kind == 3:
            raise MalformedError("deflate64 block of no known kind")
        else:
            literals, distances = (_Code(_FIXED), _Code([5] * 32)) if kind == 1 else _codes(bits)
            while _symbols(bits, out, literals, distances):
                left -= _PIECE
                if left < 0:
                    raise LimitError("deflate64_symbols", SYMBOLS)
                yield bytes(out[:-_WINDOW])
                del out[:-_WINDOW]
        left -= 100
        if len(out) > 2 * _WINDOW:
            yield bytes(out[:-_WINDOW])
            del out[:-_WINDOW]
        if left < 0:
            raise LimitError("deflate64_symbols", SYMBOLS)
    yield bytes(out)


def _stored(bits: _Bits, out: bytearray) -> None:
    bits.take(bits.count & 7)
    size, check = bits.take(16), bits.take(16)
    if size ^ check != 0xFFFF:
        raise MalformedError("deflate64 stored block without its length")
    for _ in range(size):
        out.append(bits.take(8))


def _codes(bits: _Bits) -> tuple[_Code, _Code]:
    literals, distances, codes = bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4
    widths = [0] * 19
    for place in _ORDER[:codes]:
        widths[place] = bits.take(3)
    code, lengths = _Code(widths), list[int]()
    while len(lengths) < literals + distances:
        symbol = code.read(bits)
        if symbol < 16:
            lengths.append(symbol)
        elif symbol == 16:
            lengths += lengths[-1:] * (bits.take(2) + 3) or [0]
        else:
            lengths += [0] * (bits.take(3) + 3 if symbol == 17 else bits.take(7) + 11)
    return _Code(lengths[:literals]), _Code(lengths[literals : literals + distances])


def _symbols(bits: _Bits, out: bytearray, literals: _Code, distances: _Code) -> bool:
    """Append symbols until the block's end (False) or as many as are charged at once (True)."""
    for _ in range(_PIECE):
        symbol = literals.read(bits)
        if symbol < 256:
            out.append(symbol)
            continue
        if symbol == 256:
            return False
        if symbol > 285:
            raise MalformedError("deflate64 length out of range")
        base, extra = _LENGTHS[symbol - 257]
        length = base + bits.take(extra)
        base, extra = _DISTANCES[distances.read(bits)]
        distance = base + bits.take(extra)
        if distance > len(out):
            raise MalformedError("deflate64 match reaches before the start")
        piece = out[-distance : len(out) - distance + length] if distance > length else out[-distance:]
        out += piece if len(piece) == length else (piece * (length // distance + 1))[:length]
    return True
