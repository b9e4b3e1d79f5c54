"""Text files as they lie on disk: plain, gzip or Zstandard, opened, peeked into and unpacked in bounded blocks."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sekisho.model.errors import SourceError
from sekisho.sources.json_stream import BLOCK_BYTES, GZIP_MAGIC, blocks, inflate

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
SKIPPABLE = b"\x2a\x4d\x18"
"""Bytes 1 to 3 of a skippable frame; the first is 0x50 to 0x5f. Source: RFC 8878, 3.1.2."""
MAX_WINDOW_LOG = 27
"""128 MiB, the most that the reference tool unpacks unasked. Source: RFC 8878, 3.1.1.1.2; zstd(1), ``--long``."""
_OPTIONS = {int(zstd.DecompressionParameter.window_log_max): MAX_WINDOW_LOG}
FED_BYTES = 64 * 1024
PACKED_ERRORS = (zlib.error, zstd.ZstdError, EOFError, OSError)
"""What reading a compressed stream may raise: it broke."""


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        SourceError: it cannot be opened.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(error.strerror or "cannot be opened", str(path)) from error


def unpack(file: BinaryIO) -> Iterator[bytes]:
    """Give the bytes of a plain, gzip or Zstandard file in blocks of at most BLOCK_BYTES.

    Raises:
        one of PACKED_ERRORS: the stream breaks; everything before the break was given.
    """
    start = file.read(len(ZSTD_MAGIC))
    file.seek(0)
    if start.startswith(GZIP_MAGIC):
        return inflate(file)
    return inflate_zstd(file) if _is_zstd(start) else blocks(file)


def inflate_zstd(stream: BinaryIO) -> Iterator[bytes]:
    """Give the bytes of Zstandard frames, one after another; what a small frame unpacks to never lies in memory whole.

    Raises:
        zstd.ZstdError: the stream breaks; everything before the break was given.
        EOFError: the stream ends inside a frame.
    """
    waiting = stream.read(FED_BYTES)
    while waiting:
        engine = zstd.ZstdDecompressor(options=_OPTIONS)
        while not engine.eof:
            if engine.needs_input and not waiting:
                waiting = stream.read(FED_BYTES)
                if not waiting:
                    raise EOFError("compressed stream ends early")
            block = engine.decompress(waiting, BLOCK_BYTES)
            waiting = b""
            if block:
                yield block
        waiting = engine.unused_data or stream.read(FED_BYTES)


def peek(head: bytes) -> bytes:
    """Give what the first bytes of a file unpack to, as far as they do and at most BLOCK_BYTES; plain ones as is."""
    try:
        if head.startswith(GZIP_MAGIC):
            return zlib.decompressobj(wbits=31).decompress(head, BLOCK_BYTES)
        if _is_zstd(head):
            return zstd.ZstdDecompressor(options=_OPTIONS).decompress(head, BLOCK_BYTES)
    except PACKED_ERRORS:
        return b""
    return head


def _is_zstd(start: bytes) -> bool:
    return start.startswith(ZSTD_MAGIC) or (0x50 <= (start[:1] or b"\0")[0] <= 0x5F and start[1:4] == SKIPPABLE)


def until_break(parts: Iterator[bytes], broken: list[str]) -> Iterator[bytes]:
    """Give the parts up to a break and note it: what was read before it is still cut into records."""
    try:
        yield from parts
    except PACKED_ERRORS as error:
        broken.append(f"compressed stream breaks: {error}")
