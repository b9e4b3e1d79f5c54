"""XPRESS with Huffman codes, one chunk at a time.

Source: [MS-XCA] 2.2 LZ77+Huffman decompression.
"""

from __future__ import annotations

from sekisho.analyzers import _huffman
from sekisho.model.errors import MalformedError

CODE_BYTES = 256
"""Lengths of 512 codes, four bits each."""


def expand(data: bytes, size: int) -> bytes:
    """Give the ``size`` plain bytes of one chunk.

    Raises:
        MalformedError: it is broken or cut.
    """
    if len(data) < CODE_BYTES + 4:
        raise MalformedError("XPRESS chunk is cut")
    lengths = [part for byte in data[:CODE_BYTES] for part in (byte & 15, byte >> 4)]
    entries, widest = _huffman.table(lengths)
    try:
        return _decode(data + b"\0\0\0\0", entries, widest, size)
    except IndexError as error:
        raise MalformedError("XPRESS chunk is cut") from error


def _decode(data: bytes, entries: list[int], widest: int, size: int) -> bytes:
    """Decode symbols; long lengths stand as bytes between the words of bits, so words are read only when due."""
    out = bytearray()
    at, bits, mask = CODE_BYTES + 4, 32, (1 << widest) - 1
    buffer = int.from_bytes(data[256:258], "little") << 16 | int.from_bytes(data[258:260], "little")
    while len(out) < size:
        entry = entries[buffer >> bits - widest & mask]
        if not entry:
            raise MalformedError("XPRESS code that no tree has")
        bits -= entry & 31
        if bits < 16:
            buffer = (buffer & 0xFFFF) << 16 | data[at] | data[at + 1] << 8
            at, bits = at + 2, bits + 16
        symbol = entry >> 5
        if symbol < 256:
            out.append(symbol)
            continue
        length = symbol & 15
        if length == 15:
            length, at = _long_length(data, at)
        extra = symbol - 256 >> 4
        bits -= extra
        distance = (1 << extra) + (buffer >> bits & (1 << extra) - 1)
        if bits < 16:
            buffer = (buffer & 0xFFFF) << 16 | data[at] | data[at + 1] << 8
            at, bits = at + 2, bits + 16
        start, length = len(out) - distance, min(length + 3, size - len(out))
        if start < 0:
            raise MalformedError("XPRESS match from before the chunk")
        source = out[start : start + length]
        out += source if distance >= length else (source * (length // distance + 1))[:length]
    return bytes(out)


def _long_length(data: bytes, at: int) -> tuple[int, int]:
    """Give a length of 15 or more, and where reading goes on."""
    length, at = data[at], at + 1
    if length < 255:
        return length + 15, at
    length, at = int.from_bytes(data[at : at + 2], "little"), at + 2
    if length:
        return length, at
    return int.from_bytes(data[at : at + 4], "little"), at + 4
