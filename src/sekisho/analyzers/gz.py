"""Single compressed streams: gzip, bzip2 and xz, each with one file inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sekisho.analyzers import _inflate, analyzer
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

GZIP, BZIP2, XZ = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0"
MAGIC = (GZIP, BZIP2, XZ)
HAS_EXTRA, HAS_NAME = 0x04, 0x08
MAX_STREAMS = 1_000
"""Streams one after the other, which unpack to one file."""
ENDINGS = {
    "tlz": "tar",
    "tzst": "tar",
    "taz": "tar",
    "tgz": "tar",
    "tbz": "tar",
    "tbz2": "tar",
    "txz": "tar",
    "svgz": "svg",
    "emz": "emf",
    "wmz": "wmf",
}


@analyzer(
    "gz",
    magic=MAGIC,
    features=("archive.method", "archive.member", "archive.trailing_bytes"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Unpack the one file.

    Yields:
        ``archive.method``, ``archive.member`` (the name the stream or the file's own name gives) and the child; a child
        ``trailing`` when something else follows.

    Raises:
        MalformedError: the stream is broken; what came out before has been yielded.
        LimitError: it unpacks to more than ``member_bytes``; the child is there without its bytes.

    Source: RFC 1952 (gzip), the bzip2 and xz file formats.
    """
    method = "gzip" if artifact.data.startswith(GZIP) else "xz" if artifact.data.startswith(XZ) else "bzip2"
    name = _stored_name(artifact.data) or name_without_ending(artifact.name)
    yield Feature("archive.method", method)
    yield Feature("archive.member", name)
    out = bytearray()
    try:
        rest = _unpack(artifact.data, method, out)
    except LimitError as error:
        yield artifact.child(name, b"", unscanned=str(error))
        raise
    except MalformedError:
        if out:
            yield artifact.child(name, bytes(out))
        raise
    yield artifact.child(name, bytes(out))
    if rest.strip(b"\0"):
        yield Feature("archive.trailing_bytes", len(rest), len(artifact.data) - len(rest))
        yield artifact.child("trailing", rest, relation="overlay")


def _unpack(data: bytes, method: str, out: bytearray) -> bytes:
    """Append what every stream holds and give the bytes after the last one."""
    magic, make = STREAMS[method]
    at = 0
    for _ in range(MAX_STREAMS):
        reader = make()
        chunks = _Chunks(data, at)
        _inflate.drain_into(out, reader, chunks, DEFAULT.member_bytes, "member_bytes")
        if not reader.eof:
            raise MalformedError(f"{method} stream is cut", len(data))
        at = chunks.at - len(reader.unused)
        if not data.startswith(magic, at):
            break
    return data[at:]


unpack = _unpack  # for streams that have an analyser of their own
STREAMS: dict[str, tuple[bytes, Callable[[], _inflate.Inflater]]] = {
    "gzip": (GZIP, _inflate.gzip_stream),
    "bzip2": (BZIP2, _inflate.bzip2_stream),
    "xz": (XZ, _inflate.xz_stream),
    "lzip": (b"LZIP", _inflate.lzip_stream),  # these two are recognised in zst.py
    "zstd": (b"\x28\xb5\x2f\xfd", _inflate.zstd_stream),
}


class _Chunks:
    """Slices of bytes from an offset on, and how far they have been handed out."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def __iter__(self) -> Iterator[bytes]:
        while self.at < len(self.data):
            start, self.at = self.at, min(self.at + _inflate.CHUNK, len(self.data))
            yield self.data[start : self.at]


def _stored_name(data: bytes) -> str:
    """Give the name in a gzip header, empty without one."""
    if not data.startswith(GZIP) or len(data) < 11 or not data[3] & HAS_NAME:
        return ""
    at = 10
    if data[3] & HAS_EXTRA:
        at += 2 + int.from_bytes(data[10:12], "little")
    end = data.find(b"\0", at, at + 1_024)
    raw = data[at:end] if end > at else b""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def name_without_ending(name: str) -> str:
    """Give what a packed file is called inside, by its own name."""
    stem, dot, ending = name.rpartition(".")
    if not dot:
        return f"{name}.unpacked"
    return f"{stem}.{ENDINGS[ending.lower()]}" if ending.lower() in ENDINGS else stem
