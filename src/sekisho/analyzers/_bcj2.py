"""BCJ2: programs whose calls and jumps were moved into streams of their own before they were packed.

Source: Methods.txt and the description of BCJ2 in the LZMA SDK (public domain).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.model.errors import LimitError, MalformedError

_TOP, _MODEL_BITS, _MOVE = 1 << 24, 11, 5
_BRANCH = re.compile(rb"[\xe8\xe9]|(?<=\x0f)[\x80-\x8f]", re.DOTALL)
_PIECE = 65_536
BRANCHES = 3_000_000
"""Branches decided in one archive member; each costs about a microsecond."""


class _Bytes:
    """Bytes of a stream, taken a few at a time."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held, self._at = chunks, b"", 0

    def take(self, count: int) -> bytes:
        while len(self._held) - self._at < count:
            chunk = next(self._chunks, b"")
            if not chunk:
                raise MalformedError("BCJ2 stream is cut")
            self._held, self._at = self._held[self._at :] + chunk, 0
        start, self._at = self._at, self._at + count
        return self._held[start : self._at]


class _Decider:
    """The range decoder that tells which branches were moved."""

    def __init__(self, source: _Bytes) -> None:
        self._source = source
        self._range, self._code = 0xFFFFFFFF, int.from_bytes(source.take(5), "big") & 0xFFFFFFFF
        self._odds = [1 << (_MODEL_BITS - 1)] * 258
        self.left = BRANCHES

    def moved(self, before: int, opcode: int) -> bool:
        self.left -= 1
        if self.left < 0:
            raise LimitError("bcj2_branches", BRANCHES)
        if self._range < _TOP:
            self._range = self._range << 8 & 0xFFFFFFFF
            self._code = (self._code << 8 | self._source.take(1)[0]) & 0xFFFFFFFF
        index = before if opcode == 0xE8 else 256 if opcode == 0xE9 else 257
        odds = self._odds[index]
        bound = (self._range >> _MODEL_BITS) * odds
        found = self._code >= bound
        if found:
            self._range -= bound
            self._code -= bound
            self._odds[index] = odds - (odds >> _MOVE)
        else:
            self._range = bound
            self._odds[index] = odds + ((1 << _MODEL_BITS) - odds >> _MOVE)
        return found


def bcj2(
    main: Iterator[bytes], calls: Iterator[bytes], jumps: Iterator[bytes], decisions: Iterator[bytes], size: int
) -> Iterator[bytes]:
    """Put calls and jumps back where they were, with relative addresses.

    Raises:
        MalformedError: one of the streams is cut.
        LimitError: there are more than ``BRANCHES`` branches.
    """
    targets = {True: _Bytes(calls), False: _Bytes(jumps)}
    decider = _Decider(_Bytes(decisions))
    out, done, before = bytearray(), 0, 0
    for held in main:
        at, joined = 0, bytearray([before]) + held  # the byte before decides, wherever the chunk begins
        while found := _BRANCH.search(joined, at + 1):
            place = found.start() - 1
            out += held[at : place + 1]
            at, opcode = place + 1, held[place]
            if done + len(out) >= size:
                break
            if decider.moved(joined[place], opcode):
                absolute = int.from_bytes(targets[opcode == 0xE8].take(4), "big")
                relative = (absolute - (done + len(out) + 4)) & 0xFFFFFFFF
                out += relative.to_bytes(4, "little")
                joined[at] = relative >> 24  # what now stands before the next byte
        out += held[at:]
        before = joined[-1]
        if len(out) >= _PIECE:
            yield bytes(out)
            done += len(out)
            out = bytearray()
    yield bytes(out)
