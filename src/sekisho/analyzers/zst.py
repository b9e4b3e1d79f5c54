"""Single compressed streams that are rare in mail: Zstandard, lzip and compress, each with one file inside."""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.analyzers import _lzw, analyzer, gz
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

METHODS = {b"\x28\xb5\x2f\xfd": "zstd", b"LZIP": "lzip", _lzw.MAGIC: "compress"}


@analyzer(
    "zst",
    magic=tuple(METHODS),
    features=("archive.method", "archive.member", "archive.trailing_bytes"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Unpack the one file.

    Yields:
        ``archive.method``, ``archive.member`` (the file's own name without its ending) and the child; a child
        ``trailing`` when something else follows.

    Raises:
        MalformedError: the stream is broken; what came out before has been yielded.
        LimitError: it unpacks to more than ``member_bytes``; the child is there without its bytes.

    Source: RFC 8878 (Zstandard), the lzip manual, compress(1).
    """
    method = next(name for magic, name in METHODS.items() if artifact.data.startswith(magic))
    name = gz.name_without_ending(artifact.name)
    yield Feature("archive.method", method)
    yield Feature("archive.member", name)
    out, rest = bytearray(), b""
    try:
        if method == "compress":
            _collect(_lzw.unpack(artifact.data), out)
        else:
            rest = gz.unpack(artifact.data, method, out)
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


def _collect(pieces: Iterator[bytes], out: bytearray) -> None:
    for piece in pieces:
        out += piece
        if len(out) > DEFAULT.member_bytes:
            raise LimitError("member_bytes", DEFAULT.member_bytes)
