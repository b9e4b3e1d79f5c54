"""Stream filters of PDF, in bounded memory and time; what a broken stream still gives is kept.

Source: ISO 32000-1 7.4 (filters), RFC 2083 section 6 (PNG predictors).
"""

from __future__ import annotations

import base64
import binascii

from sekisho.analyzers import _inflate
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

CHAIN = 8
"""Filters on one stream; writers use one or two."""
SLOW_BYTES = 2 * 1024 * 1024
"""Bytes of one file that filters written in Python may handle: 2 s of CPU at worst (measured)."""
NAMES = {"Fl": "FlateDecode", "AHx": "ASCIIHexDecode", "A85": "ASCII85Decode", "LZW": "LZWDecode",
         "RL": "RunLengthDecode"}  # fmt: skip
IMAGES = frozenset({"DCTDecode", "DCT", "CCITTFaxDecode", "CCF", "JBIG2Decode", "JPXDecode"})

_NOT_HEX = bytes(sorted(set(range(256)) - set(b"0123456789abcdefABCDEF")))
_NOT_85 = bytes(sorted(set(range(256)) - set(range(0x21, 0x76)) - set(b"z")))
_CLEAR, _END = 256, 257


class Filters:
    """Undoes filters; the budgets hold for one file."""

    def __init__(self) -> None:
        self.room = DEFAULT.unpacked_bytes + DEFAULT.input_bytes
        self.slow = SLOW_BYTES

    def decode(self, data: bytes, chain: list[tuple[str, dict[str, object]]]) -> bytes:
        """Give the bytes behind a chain of (filter, parameters); image codecs end it.

        Raises:
            LimitError: ``member_bytes`` for the stream, ``unpacked_bytes`` for the file, ``steps`` for slow filters.
            MalformedError: nothing could be had of the stream, or a filter is not known.
        """
        if len(chain) > CHAIN:
            raise MalformedError(f"stream with {len(chain)} filters")
        for name, parameters in chain:
            if name in IMAGES or name == "Crypt":
                continue
            data = self._one(NAMES.get(name, name), data)
            if name in ("FlateDecode", "Fl", "LZWDecode", "LZW"):
                data = self._predicted(data, parameters)
            self.take(len(data))
        return data

    def take(self, count: int) -> None:
        """Count bytes, read or unpacked.

        Raises:
            LimitError: there were too many.
        """
        self.room -= count
        if self.room < 0:
            raise LimitError("unpacked_bytes", DEFAULT.unpacked_bytes)

    def _one(self, name: str, data: bytes) -> bytes:
        if name == "FlateDecode":
            return flate(data, min(self.room, DEFAULT.member_bytes))
        if name == "ASCIIHexDecode":
            return ascii_hex(data)
        if name == "ASCII85Decode":
            return ascii_85(data)
        if name == "RunLengthDecode":
            self._spend(len(data))
            return run_length(data)
        if name == "LZWDecode":
            self._spend(len(data))
            return lzw(data)
        raise MalformedError(f"filter {name[:40]!r} is not known")

    def _spend(self, count: int) -> None:
        self.slow -= count
        if self.slow < 0:
            raise LimitError("steps", SLOW_BYTES)

    def _predicted(self, data: bytes, parameters: dict[str, object]) -> bytes:
        predictor = _int(parameters, "Predictor", 1)
        if predictor < 2:
            return data
        colors, bits = _int(parameters, "Colors", 1), _int(parameters, "BitsPerComponent", 8)
        width = (_int(parameters, "Columns", 1) * colors * bits + 7) // 8
        step = max(1, colors * bits // 8)
        if not 0 < width <= DEFAULT.member_bytes or not 0 < step <= 256:
            raise MalformedError("predictor with impossible columns")
        self._spend(len(data))
        return unpredict(data, width, step) if predictor >= 10 else _tiff(data, width, step, bits)


def _int(parameters: dict[str, object], key: str, default: int) -> int:
    value = parameters.get(key, default)
    return value if isinstance(value, int) else default


def flate(data: bytes, cap: int) -> bytes:
    """Inflate; a stream with a broken header is tried without it, and what came before a break is kept."""
    for skip, raw in ((0, False), (2, True), (0, True)):
        out = bytearray()
        try:
            chunks = (data[at : at + _inflate.CHUNK] for at in range(skip, len(data), _inflate.CHUNK))
            _inflate.drain_into(out, _inflate.zlib_stream(raw=raw), chunks, cap, "member_bytes")
        except MalformedError:
            if not out:
                continue
        if out:
            return bytes(out)
    return b""


def ascii_hex(data: bytes) -> bytes:
    """Decode hexadecimal digits up to ``>``."""
    digits = data.partition(b">")[0].translate(None, _NOT_HEX)
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def ascii_85(data: bytes) -> bytes:
    """Decode base 85 up to ``~>``; characters outside of it are passed over."""
    text = data.removeprefix(b"<~").partition(b"~")[0].translate(None, _NOT_85)
    try:
        return base64.a85decode(text)
    except (ValueError, binascii.Error) as error:
        raise MalformedError(f"ASCII85: {error}") from error


def run_length(data: bytes) -> bytes:
    """Decode run lengths: at most 64 times as long as what goes in."""
    out, at = bytearray(), 0
    while at < len(data) and data[at] != 128:
        length = data[at]
        if length < 128:
            out += data[at + 1 : at + 2 + length]
            at += 2 + length
        else:
            out += data[at + 1 : at + 2] * (257 - length)
            at += 2
        if len(out) > DEFAULT.member_bytes:
            raise LimitError("member_bytes", DEFAULT.member_bytes)
    return bytes(out)


def lzw(data: bytes) -> bytes:
    """Decode LZW with codes of 9 to 12 bits, widened one code early as is the default."""
    single = [bytes((byte,)) for byte in range(256)] + [b"", b""]
    table, out, before = list(single), bytearray(), b""
    width, bits, count = 9, 0, 0
    for byte in data:
        bits, count = (bits << 8 | byte) & 0xFFFFFF, count + 8
        if count < width:
            continue
        count -= width
        code = bits >> count & ((1 << width) - 1)
        if code == _END:
            break
        if code == _CLEAR:
            table, width, before = list(single), 9, b""
            continue
        if code > len(table) or (code == len(table) and not before):
            break
        entry = table[code] if code < len(table) else before + before[:1]
        out += entry
        if before and len(table) < 4_096:
            table.append(before + entry[:1])
        before = entry
        width = 9 if len(table) < 511 else 10 if len(table) < 1_023 else 11 if len(table) < 2_047 else 12
        if len(out) > DEFAULT.member_bytes:
            raise LimitError("member_bytes", DEFAULT.member_bytes)
    return bytes(out)


def unpredict(data: bytes, width: int, step: int) -> bytes:
    """Undo PNG's row filters: rows of ``width`` bytes with a filter number each, pixels of ``step`` bytes."""
    out, before = bytearray(), bytes(width)
    for at in range(0, len(data), width + 1):
        row = bytearray(data[at + 1 : at + 1 + width])
        kind = data[at]
        if kind == 2:
            row = bytearray([(one + up) & 0xFF for one, up in zip(row, before, strict=False)])
        elif kind in (1, 3, 4):
            _row(row, before, step, kind)
        out += row
        before = bytes(row)
    return bytes(out)


def _row(row: bytearray, before: bytes, step: int, kind: int) -> None:
    for at in range(len(row)):
        left = row[at - step] if at >= step else 0
        up, corner = before[at], before[at - step] if at >= step else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up) // 2
        else:
            from_left, from_up, both = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
            guess = left if from_left <= from_up and from_left <= both else up if from_up <= both else corner
        row[at] = (row[at] + guess) & 0xFF


def _tiff(data: bytes, width: int, step: int, bits: int) -> bytes:
    if bits != 8:
        raise MalformedError(f"TIFF predictor with {bits} bits a component")
    out = bytearray(data)
    for at in range(len(out)):
        if at % width >= step:
            out[at] = (out[at] + out[at - step]) & 0xFF
    return bytes(out)
