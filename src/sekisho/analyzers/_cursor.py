"""Reading forward through hostile bytes without ever running past their end."""

from __future__ import annotations

from sekisho.model.errors import MalformedError


class Cursor:
    """A place in bytes that moves forward; every read past ``end`` is a :class:`MalformedError` with its offset."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        """``end`` bounds the reads; it is cut to the length of the data."""
        self.data, self.at = data, at
        self.end = len(data) if end is None else min(end, len(data))

    @property
    def left(self) -> int:
        """Bytes that remain before the end."""
        return max(0, self.end - self.at)

    def take(self, count: int, what: str = "field") -> bytes:
        """Give the next ``count`` bytes.

        Raises:
            MalformedError: fewer remain.
        """
        if count < 0 or count > self.left:
            raise MalformedError(f"{what}: {count} bytes announced, {self.left} left", self.at)
        start, self.at = self.at, self.at + count
        return self.data[start : self.at]

    def uint(self, width: int, what: str = "field") -> int:
        """Give the next little-endian unsigned integer of ``width`` bytes."""
        return int.from_bytes(self.take(width, what), "little")

    def sint(self, width: int, what: str = "field") -> int:
        """Give the next little-endian signed integer of ``width`` bytes."""
        return int.from_bytes(self.take(width, what), "little", signed=True)
