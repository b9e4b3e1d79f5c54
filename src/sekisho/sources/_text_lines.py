"""Lines of a text log, one record each: numbered, decoded, bounded in length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MAX_LINE_BYTES = 1 << 20
"""A web server takes request lines and headers of 8 KiB each; quoted, each byte becomes at most four."""


def numbered(parts: Iterable[bytes]) -> Iterator[tuple[int, str | None]]:
    """Give each line with its number from 1; None for one that is longer than MAX_LINE_BYTES.

    Lines end at line feeds alone: whatever else an editor takes for the end of a line is a byte like any other.
    """
    number, held, size = 0, b"", 0
    for part in parts:
        first, *others = part.split(b"\n")
        held, size = (held + first if size <= MAX_LINE_BYTES else b""), size + len(first)
        for line in others:
            number += 1
            yield number, None if size > MAX_LINE_BYTES else text_of(held)
            held, size = line, len(line)
    if size:
        yield number + 1, None if size > MAX_LINE_BYTES else text_of(held)


def text_of(line: bytes) -> str:
    """Decode a line: UTF-8, else Shift_JIS as Windows writes it, else western."""
    line = line.removesuffix(b"\r")
    for encoding in ("utf-8", "cp932"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("cp1252", "replace")
