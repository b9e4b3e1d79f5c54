"""Filters that RAR puts behind its compression, so that programs and samples pack better.

Source: the published descriptions of RAR 3 and 5 filters in the documentation and tests of libarchive and The
Unarchiver.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

FILE_BYTES = 0x1000000
"""What calls are taken modulo of."""
_CALLS, _CALLS_AND_JUMPS = re.compile(rb"\xe8"), re.compile(rb"[\xe8\xe9]")


class Filter(NamedTuple):
    """One filter over a stretch of the output."""

    start: int
    """In the unpacker's output."""
    length: int
    run: Callable[[bytes, int, int], bytes]
    """Takes bytes, their offset in the file, and channels."""
    channels: int = 1


def apply(filters: list[Filter], out: bytearray, start: int) -> bytes:
    """Give the member that begins at ``start`` with its filters applied; the output stays, matches refer to it."""
    plain = bytearray(memoryview(out)[start:])
    for one in filters:
        first = one.start - start
        piece = bytes(plain[first : first + one.length])
        if first >= 0 and len(piece) == one.length:
            plain[first : first + one.length] = one.run(piece, first, one.channels)
    return bytes(plain)


def delta(data: bytes, at: int, channels: int) -> bytes:
    """Put back interleaved channels of differences."""
    out, place = bytearray(len(data)), 0
    for channel in range(min(channels, len(data))):
        count = -(-(len(data) - channel) // channels)
        piece = data[place : place + count]
        sums = accumulate(piece)  # of all differences so far; the byte is what they take away from zero
        out[channel::channels] = bytes(-one & 0xFF for one in sums)
        place += count
    return bytes(out)


def _branches(data: bytes, at: int, opcodes: re.Pattern[bytes], wrap: int) -> bytes:
    out, place = bytearray(data), 0
    while (found := opcodes.search(data, place)) and found.end() + 4 <= len(data):
        place = found.end()
        offset = (at + place) % wrap
        address = int.from_bytes(data[place : place + 4], "little", signed=True)
        if address < 0:
            if address + offset >= 0:
                out[place : place + 4] = ((address + FILE_BYTES) & 0xFFFFFFFF).to_bytes(4, "little")
        elif address < FILE_BYTES:
            out[place : place + 4] = ((address - offset) & 0xFFFFFFFF).to_bytes(4, "little")
        place += 4
    return bytes(out)


def e8(data: bytes, at: int, channels: int) -> bytes:
    """Make the targets of x86 calls relative again."""
    return _branches(data, at, _CALLS, FILE_BYTES)


def e8e9(data: bytes, at: int, channels: int) -> bytes:
    """Make the targets of x86 calls and jumps relative again."""
    return _branches(data, at, _CALLS_AND_JUMPS, FILE_BYTES)


def e8_rar3(data: bytes, at: int, channels: int) -> bytes:
    """Do as :func:`e8` does, with offsets that do not wrap."""
    return _branches(data, at, _CALLS, 1 << 32)


def e8e9_rar3(data: bytes, at: int, channels: int) -> bytes:
    """Do as :func:`e8e9` does, with offsets that do not wrap."""
    return _branches(data, at, _CALLS_AND_JUMPS, 1 << 32)


def arm(data: bytes, at: int, channels: int) -> bytes:
    """Make the targets of ARM branches relative again."""
    out = bytearray(data)
    for place in range(0, len(data) - 3, 4):
        if data[place + 3] == 0xEB:
            target = int.from_bytes(data[place : place + 3], "little") - (at + place) // 4
            out[place : place + 3] = (target & 0xFFFFFF).to_bytes(3, "little")
    return bytes(out)
