"""LZNT1, the compression of NTFS.

Source: [MS-XCA] 2.5.
"""

from __future__ import annotations

from sekisho.model.errors import MalformedError

CHUNK_BYTES = 4_096
COMPRESSED = 0x8000


def expand(data: bytes, cap: int) -> bytes:
    """Give at most ``cap`` plain bytes; chunks end at a head of zero.

    Raises:
        MalformedError: a chunk is cut, or refers to bytes before its own.
    """
    out = bytearray()
    at = 0
    while len(out) < cap and at + 2 <= len(data) and (head := int.from_bytes(data[at : at + 2], "little")):
        end = at + 2 + (head & 0xFFF) + 1
        if end > len(data):
            raise MalformedError("LZNT1 chunk is cut", at)
        chunk = data[at + 2 : end]
        out += (_chunk(chunk) if head & COMPRESSED else chunk).ljust(CHUNK_BYTES, b"\0")
        at = end
    return bytes(out[:cap])


def _chunk(data: bytes) -> bytes:
    out = bytearray()
    at = 0
    while at < len(data):
        flags = data[at]
        at += 1
        for _ in range(8):
            if at >= len(data):
                break
            if not flags & 1:
                out.append(data[at])
                at += 1
            else:
                at = _copy(data, at, out)
            flags >>= 1
        if len(out) > CHUNK_BYTES:
            raise MalformedError("LZNT1 chunk is too long")
    return bytes(out)


def _copy(data: bytes, at: int, out: bytearray) -> int:
    """Repeat earlier bytes; the further the chunk is, the more bits the distance has."""
    token = int.from_bytes(data[at : at + 2], "little")
    bits = max(4, (len(out) - 1).bit_length()) if out else 4
    distance = (token >> 16 - bits) + 1
    length = (token & (1 << 16 - bits) - 1) + 3
    if distance > len(out) or at + 2 > len(data):
        raise MalformedError("LZNT1 copy from before the chunk")
    start = len(out) - distance
    source = bytes(out[start : start + length])
    out += (source * (length // len(source) + 1))[:length]
    return at + 2
