"""The LZW compression of compress(1), in files that end in ``.Z``.

Source: the manual page and published format notes of compress(1).
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.model.errors import LimitError, MalformedError

MAGIC = b"\x1f\x9d"
HEADER_BYTES = 3
CODES = 4_000_000
"""Codes of one file: 2 s at the measured two million a second."""
_BLOCK_MODE, _CLEAR, _FIRST_BITS, _MOST_BITS = 0x80, 256, 9, 16
_PIECE = 65_536


def unpack(data: bytes) -> Iterator[bytes]:
    """Give the plain bytes in pieces.

    Raises:
        MalformedError: a code has no meaning yet, or the widest code is out of range; what came before stands.
        LimitError: there are more than ``CODES`` codes.
    """
    flags = data[2] if len(data) > 2 else 0
    widest, is_block = flags & 0x1F, bool(flags & _BLOCK_MODE)
    if not _FIRST_BITS <= widest <= _MOST_BITS:
        raise MalformedError("compress: widest code out of range", 2)
    first = _CLEAR + 1 if is_block else _CLEAR
    words: list[bytes] = [bytes([one]) for one in range(256)] + [b""] * (first - 256)
    width, before, out, left = _FIRST_BITS, b"", bytearray(), CODES
    at = HEADER_BYTES
    while at < len(data):
        # Codes of one width come in groups of eight; what is left of a group is skipped when the width changes.
        group = int.from_bytes(data[at : at + width], "little")
        count = min(8, (len(data) - at) * 8 // width)
        at += width
        left -= 8
        if left < 0:
            yield bytes(out)
            raise LimitError("lzw_codes", CODES)
        for index in range(count):
            code = group >> index * width & (1 << width) - 1
            if is_block and code == _CLEAR:
                del words[first:]
                width, before = _FIRST_BITS, b""
                break
            if code < len(words):
                word = words[code]
            elif code == len(words) and before:
                word = before + before[:1]
            else:
                yield bytes(out)
                raise MalformedError("compress: code without meaning", at)
            out += word
            if before and len(words) < 1 << widest:
                words.append(before + word[:1])
            before = word
            if len(words) == 1 << width and width < widest:
                width += 1
                break
        if len(out) >= _PIECE:
            yield bytes(out)
            out = bytearray()
    yield bytes(out)
