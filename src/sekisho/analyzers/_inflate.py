"""Decompression in bounded memory: chunks in, one capped result out."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Iterable
from typing import Protocol

from sekisho.analyzers._deflate64 import deflate64
from sekisho.model.errors import LimitError, MalformedError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZstdError = zstd.ZstdError
CHUNK = 65_536
MAX_DICTIONARY = 64 * 1024 * 1024
"""Largest LZMA dictionary allowed: what ``xz -9`` uses; a stream may ask for 4 GiB."""
STORE, DEFLATE, DEFLATE64, BZIP2, LZMA, ZSTD, XZ, PPMD, AES = 0, 8, 9, 12, 14, 93, 95, 98, 99
METHODS = {
    0: "store",
    1: "shrink",
    2: "reduce",
    3: "reduce",
    4: "reduce",
    5: "reduce",
    6: "implode",
    8: "deflate",
    9: "deflate64",
    10: "dcl-implode",
    12: "bzip2",
    14: "lzma",
    19: "lz77",
    20: "zstd",
    93: "zstd",
    94: "mp3",
    95: "xz",
    96: "jpeg",
    97: "wavpack",
    98: "ppmd",
    99: "aes",
}
"""Source: PKWARE APPNOTE 6.3.10 section 4.4.5."""
ZSTD_OLD = 20
MAX_WINDOW_LOG = 27
"""128 MiB, the most that the reference tool unpacks unasked. Source: RFC 8878, 3.1.1.1.2; zstd(1), ``--long``."""
READABLE = frozenset({STORE, DEFLATE, DEFLATE64, BZIP2, LZMA, XZ, ZSTD, ZSTD_OLD})


class Inflater(Protocol):
    """What zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool:
        """The stream's own end was reached."""
        ...

    @property
    def unused(self) -> bytes:
        """What was fed beyond the end."""
        ...

    def feed(self, data: bytes, room: int) -> bytes:
        """Take bytes and give at most ``room`` plain ones."""
        ...


class _Zlib:
    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused(self) -> bytes:
        return self._inner.unused_data

    def feed(self, data: bytes, room: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, room)


class Block:
    """bz2 or lzma, which keep their own unread input."""

    def __init__(self, inner: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._inner = inner

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused(self) -> bytes:
        return self._inner.unused_data

    def feed(self, data: bytes, room: int) -> bytes:
        return b"" if self._inner.eof else self._inner.decompress(data, room)


class _Zstd:
    """One frame of Zstandard."""

    def __init__(self) -> None:
        self._inner = self._fresh()

    @staticmethod
    def _fresh() -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={int(zstd.DecompressionParameter.window_log_max): MAX_WINDOW_LOG})

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused(self) -> bytes:
        return self._inner.unused_data

    def feed(self, data: bytes, room: int) -> bytes:
        return b"" if self._inner.eof else self._inner.decompress(data, room)


class _Lzip:
    """One member of lzip: a short header, raw LZMA with its end marked, and a trailer.

    Source: the lzip manual, "File format".
    """

    HEADER, TRAILER = 6, 20

    def __init__(self) -> None:
        self._head = self._tail = b""
        self._inner: lzma.LZMADecompressor | None = None

    @property
    def eof(self) -> bool:
        return len(self._tail) >= self.TRAILER

    @property
    def unused(self) -> bytes:
        return self._tail[self.TRAILER :]

    def feed(self, data: bytes, room: int) -> bytes:
        if self._inner is None:
            self._head += data
            if len(self._head) < self.HEADER:
                return b""
            self._inner, data = self._start(), self._head[self.HEADER :]
        if self._inner.eof:
            self._tail += data
            return b""
        plain = self._inner.decompress(data, room)
        if self._inner.eof:
            self._tail = self._inner.unused_data
        return plain

    def _start(self) -> lzma.LZMADecompressor:
        size = 1 << (self._head[5] & 0x1F)
        size -= size // 16 * (self._head[5] >> 5)
        if not 4_096 <= size <= MAX_DICTIONARY:
            raise MalformedError("lzip dictionary out of range")
        filters = [{"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": 3, "lp": 0, "pb": 2}]
        return lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)


class _ZipLzma:
    """LZMA as ZIP stores it: version, size of the properties, properties, raw stream.

    Source: PKWARE APPNOTE 6.3.10 section 5.8.8.
    """

    def __init__(self) -> None:
        self._head = b""
        self._inner: lzma.LZMADecompressor | None = None

    @property
    def eof(self) -> bool:
        return self._inner is not None and self._inner.eof

    @property
    def unused(self) -> bytes:
        return self._inner.unused_data if self._inner else b""

    def feed(self, data: bytes, room: int) -> bytes:
        if self._inner is None:
            self._head += data
            if len(self._head) < 9:
                return b""
            self._inner, data = self._start(), self._head[9:]
        return b"" if self._inner.eof else self._inner.decompress(data, room)

    def _start(self) -> lzma.LZMADecompressor:
        properties, dictionary = self._head[4], int.from_bytes(self._head[5:9], "little")
        if int.from_bytes(self._head[2:4], "little") != 5 or properties >= 9 * 5 * 5 or dictionary > MAX_DICTIONARY:
            raise MalformedError("LZMA properties out of range")
        rest, lc = divmod(properties, 9)
        pb, lp = divmod(rest, 5)
        if lc + lp > 4:
            raise MalformedError("LZMA properties out of range")
        filters = [
            {"id": lzma.FILTER_LZMA1, "dict_size": max(dictionary, 4_096), "lc": lc, "lp": lp, "pb": pb},
        ]
        return lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)


def gzip_stream() -> _Zlib:
    """Give a reader of one gzip member."""
    return _Zlib(31)


def zlib_stream(*, raw: bool = False) -> _Zlib:
    """Give a reader of one zlib stream, or of bare deflate data."""
    return _Zlib(-15 if raw else 15)


def bzip2_stream() -> Block:
    """Give a reader of one bzip2 stream."""
    return Block(bz2.BZ2Decompressor())


def xz_stream() -> Block:
    """Give a reader of one xz stream."""
    return Block(lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=2 * MAX_DICTIONARY))


def lzip_stream() -> _Lzip:
    """Give a reader of one member of lzip."""
    return _Lzip()


def zstd_stream() -> _Zstd:
    """Give a reader of one Zstandard frame."""
    return _Zstd()


def inflate(chunks: Iterable[bytes], method: int, cap: int, limit: str) -> bytes:
    """Give the plain bytes of a ZIP member, whatever size it declares.

    Raises:
        LimitError: named ``limit``, more than ``cap`` bytes came out.
        MalformedError: the method is not read, or the stream is broken.
    """
    if method == STORE:
        return _collect(chunks, cap, limit)
    if method not in READABLE:
        raise MalformedError(f"compression method {METHODS.get(method, method)} is not read")
    if method == DEFLATE64:
        return _collect(deflate64(chunks), cap, limit)
    reader: Inflater
    if method == DEFLATE:
        reader = _Zlib(-15)
    elif method in (ZSTD, ZSTD_OLD):
        reader = _Zstd()
    elif method == LZMA:
        reader = _ZipLzma()
    else:
        reader = bzip2_stream() if method == BZIP2 else xz_stream()
    return drain(reader, chunks, cap, limit)


def drain(reader: Inflater, chunks: Iterable[bytes], cap: int, limit: str) -> bytes:
    """Give all that a reader makes of chunks; raises as :func:`drain_into` does."""
    out = bytearray()
    drain_into(out, reader, chunks, cap, limit)
    return bytes(out)


def drain_into(out: bytearray, reader: Inflater, chunks: Iterable[bytes], cap: int, limit: str) -> None:
    """Append all that a reader makes of chunks.

    Raises:
        LimitError: named ``limit``, ``out`` grew beyond ``cap`` bytes.
        MalformedError: the stream is broken; what came before is in ``out``.
    """
    try:
        for chunk in chunks:
            feed = chunk
            while not reader.eof:
                plain = reader.feed(feed, CHUNK)
                out += plain
                feed = b""
                if len(out) > cap:
                    raise LimitError(limit, cap)
                if len(plain) < CHUNK:
                    break
            if reader.eof:
                break
    except (zlib.error, lzma.LZMAError, ZstdError, OSError, EOFError, ValueError) as error:
        raise MalformedError(f"compressed stream: {error}") from error


def _collect(chunks: Iterable[bytes], cap: int, limit: str) -> bytes:
    out = bytearray()
    for chunk in chunks:
        out += chunk
        if len(out) > cap:
            raise LimitError(limit, cap)
    return bytes(out)
