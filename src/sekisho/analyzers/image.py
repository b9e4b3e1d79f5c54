"""Pictures (PNG, JPEG, GIF, WebP, BMP, TIFF): their size, and the QR codes in them."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from sekisho.analyzers import _qr, analyzer
from sekisho.analyzers.identify import media_type
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError

if TYPE_CHECKING:
    from PIL import Image

PIXELS = 40_000_000
"""Of one picture as it is unpacked: 160 MB in four channels. A larger JPEG is unpacked to a part of its size."""
FRAMES = 5
"""Frames of an animation or pages of a TIFF that are looked at."""
_FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}
"""Media types read here, with Pillow's names."""
_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    struct.error,
    AssertionError,
    NotImplementedError,
    RuntimeError,
)
"""What Pillow's readers raise on damaged files (observed with mutated ones); it has no error class for it."""


def is_picture(artifact: Artifact) -> bool:
    """Tell by the first bytes."""
    head = artifact.data[:64]
    return head.startswith(_STARTS) and media_type(head) in _FORMATS


@analyzer(
    "image",
    recognise=is_picture,
    features=("image.format", "image.width", "image.height", "image.frames", "image.damaged", *_qr.FEATURES),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read a picture's size and every matrix code in its first frames.

    Yields:
        ``image.format`` (png jpeg gif webp bmp tiff), ``image.width`` and ``image.height`` in pixels, ``image.frames``
        where there are several; ``qr.text`` and ``qr.kind`` for each code, with a ``url`` (``where="qr"``) when
        scanning it would open one. ``image.damaged`` says what broke; what could be unpacked before has been looked
        at, as mail programs show it. That is no reason to call a mail unscanned: nobody can read a code off a picture
        that does not show.

    Raises:
        LimitError: it unpacks to more than PIXELS.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damage that it reads over; there is nobody to tell
        yield from _features(artifact.data)


def _features(data: bytes) -> Iterator[Feature]:
    from PIL import Image, TiffImagePlugin, WebPImagePlugin  # noqa: F401  Pillow loads the others by itself

    kind = _FORMATS[media_type(data[:64])]
    try:
        picture = Image.open(BytesIO(data), formats=[kind])
    except Image.DecompressionBombError as error:
        raise LimitError("pixels", PIXELS) from error
    except _BROKEN as error:
        yield _damaged(error)
        return
    yield Feature("image.format", kind.lower())
    yield Feature("image.width", picture.width)
    yield Feature("image.height", picture.height)
    frames = _frame_count(picture)
    if frames > 1:
        yield Feature("image.frames", frames)
    if min(picture.size) < _qr.SMALLEST:
        return
    if kind == "JPEG":
        picture.draft("L", (_qr.LARGEST_SIDE, _qr.LARGEST_SIDE))
    if picture.width * picture.height > PIXELS:
        raise LimitError("pixels", PIXELS)
    yield from _codes(picture, min(frames, FRAMES))


def _codes(picture: Image.Image, frames: int) -> Iterator[Feature]:
    seen: set[str] = set()
    for number in range(frames):
        flaw: Exception | None = None
        try:
            if number:
                picture.seek(number)
            flaw = _load(picture)
            codes = [code for code in _qr.read_codes(picture) if code.text not in seen]
        except _BROKEN as error:
            flaw, codes = error, []
        seen.update(code.text for code in codes)
        yield from _qr.code_features(codes)
        if flaw is not None:
            yield _damaged(flaw)
            return


def _load(picture: Image.Image) -> Exception | None:
    """Unpack a picture; give what broke it when the part above the break can be looked at."""
    try:
        picture.load()
    except OSError as error:
        picture.tile = []  # type: ignore[attr-defined]  # else it would be tried again
        picture.load()
        return error
    return None


def _frame_count(picture: Image.Image) -> int:
    try:
        return int(getattr(picture, "n_frames", 1))
    except _BROKEN:
        return 1


def _damaged(error: Exception) -> Feature:
    told = type(error).__name__ if "object at 0x" in str(error) else f"{type(error).__name__}: {error}"
    return Feature("image.damaged", told[:200])
