"""Disks to read from: bytes at hand, a part of another disk, or blocks that a table maps; none is ever held whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from sekisho.model.errors import MalformedError

CHUNK = 1 << 20
Extent = tuple[int | None, int]
"""Where a run of bytes lies and how long it is; None stands for zeros that lie nowhere."""


class Disk(Protocol):
    """Addressable bytes, of which most may be zeros that no file holds."""

    @property
    def size(self) -> int:
        """Bytes that it claims to have; hostile, nothing of this size is allocated."""
        ...

    def read(self, at: int, count: int) -> bytes:
        """Give exactly ``count`` bytes.

        Raises:
            MalformedError: not all of them are there.
        """
        ...


class Flat:
    """Bytes at hand."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)

    def read(self, at: int, count: int) -> bytes:
        """Give exactly ``count`` bytes; see :class:`Disk`."""
        if at < 0 or count < 0 or at + count > self.size:
            raise MalformedError(f"{count} bytes wanted beyond the end of the image", at)
        return self.data[at : at + count]


class Window:
    """A part of another disk, such as a partition."""

    def __init__(self, disk: Disk, start: int, size: int) -> None:
        self.disk, self.start, self.size = disk, start, size

    def read(self, at: int, count: int) -> bytes:
        """Give exactly ``count`` bytes; see :class:`Disk`."""
        if at < 0 or count < 0 or at + count > self.size:
            raise MalformedError(f"{count} bytes wanted beyond the end of the volume", self.start + at)
        return self.disk.read(self.start + at, count)


class Blocks:
    """Blocks of one size, each at a place of its own in a file or nowhere."""

    def __init__(self, data: bytes, size: int, block_bytes: int, place: Callable[[int], int | None]) -> None:
        """``place`` gives the offset of a block in ``data``, None for one of zeros."""
        self.data, self.size, self.block_bytes, self.place = data, size, block_bytes, place

    def read(self, at: int, count: int) -> bytes:
        """Give exactly ``count`` bytes; see :class:`Disk`."""
        if at < 0 or count < 0 or at + count > self.size:
            raise MalformedError(f"{count} bytes wanted beyond the end of the disk", at)
        parts = []
        while count > 0:
            index, inside = divmod(at, self.block_bytes)
            length = min(count, self.block_bytes - inside)
            start = self.place(index)
            part = bytes(length) if start is None else self.data[start + inside : start + inside + length]
            if len(part) != length:
                raise MalformedError(f"block {index} lies beyond the end of the file", start)
            parts.append(part)
            at, count = at + length, count - length
        return b"".join(parts)


def copy(disk: Disk, extents: Iterable[Extent], size: int, out: bytearray) -> None:
    """Append the first ``size`` bytes of extents; bytes that extents lack are an error, not zeros.

    Raises:
        MalformedError: they are cut; what came before is in ``out``.
    """
    for start, length in extents:
        done, length = 0, min(length, size)
        while done < length:
            count = min(CHUNK, length - done)
            out += bytes(count) if start is None else _upto(disk, start + done, count, out)
            done += count
        size -= length
        if size <= 0:
            return
    if size > 0:
        raise MalformedError(f"{size} bytes more announced than the file has room for")


def _upto(disk: Disk, at: int, count: int, out: bytearray) -> bytes:
    """Give exactly ``count`` bytes; when they are cut, append what there is and raise."""
    there = min(count, max(0, disk.size - at))
    if there < count:
        out += disk.read(at, there) if there else b""
    return disk.read(at, count)
