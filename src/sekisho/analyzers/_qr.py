"""Matrix codes (QR and its kin) in a picture, as a phone's camera would read them.

The libraries for pictures take longer to import than a plain mail to analyse, so they are imported where they are used:
in a worker, when it meets its first picture.

Source: ISO/IEC 18004 (QR, Micro QR), 23941 (rMQR), 16022 (Data Matrix), 24778 (Aztec); zxing-cpp does the reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from sekisho.model.artifact import Feature
from sekisho.model.url import Url
from sekisho.model.urltext import find_urls, parse_url

if TYPE_CHECKING:
    from PIL import Image

FEATURES = ("qr.text", "qr.kind", "url")

SMALLEST = 21
"""Pixels of the shorter side: the modules of the smallest QR code; tracking pixels and bullets are below."""
FIRST_SIDE = 1_600
"""Pixels of the longer side at the first look; a code that fills a tenth of it still has four pixels a module."""
LARGEST_SIDE = 5_000
"""Pixels of the longer side at the second look: A4 scanned at 400 dots an inch."""
SMALL_SIDE = 150
"""Pictures up to here are enlarged: codes drawn with one pixel a module are not found otherwise (measured)."""
MORE_LOOKS = 1_500_000
"""Pixels up to which a picture is worth three more looks, of 5 ms each at a size of 600 by 900 (measured)."""
HALVED = 500_000
"""Pixels above which the last two of these looks are at half the size: to soften or sharpen loses as much anyway."""
CODES = 20
"""Codes of one picture."""
_BORDER = 12
"""White pixels put around: codes often lack the quiet zone that ISO/IEC 18004 6.3.8 asks for, the page gave it."""
_WRAPPED = re.compile(r"(?:URLTO:|MEBKM:.{0,500}?URL:|URL:)\s*([^;\s]{4,4000})", re.IGNORECASE | re.DOTALL)
"""Bookmarks as phones know them. Source: NTT DOCOMO, "MEBKM"; ZXing's list of barcode contents."""
_HOST_ONLY = re.compile(r"(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?:[/?#]\S{0,4000})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Code:
    """One code that was read."""

    text: str
    kind: str
    """``QR Code``, ``Data Matrix`` and so on."""


def read_codes(picture: Image.Image, *, thorough: bool = True) -> list[Code]:
    """Give every code in a picture, each text once; empty when it is too small to hold one.

    ``thorough`` tells whether it is worth more than one look.
    """
    if min(picture.size) < SMALLEST:
        return []
    import zxingcpp

    found: dict[str, Code] = {}
    for view in islice(_views(picture), None if thorough else 1):
        for one in zxingcpp.read_barcodes(view, formats=_formats()):
            text = one.text.strip("\0 \t\r\n")
            if one.valid and text and len(found) < CODES:
                found.setdefault(text, Code(text, str(one.symbology)))
        if found:
            break
    return list(found.values())


@cache
def _formats() -> Any:
    from zxingcpp import BarcodeFormat, BarcodeFormats

    return BarcodeFormats(
        [
            BarcodeFormat.QRCode,
            BarcodeFormat.MicroQRCode,
            BarcodeFormat.RMQRCode,
            BarcodeFormat.DataMatrix,
            BarcodeFormat.Aztec,
        ]
    )


def _views(picture: Image.Image) -> Iterator[Image.Image]:
    """Give a picture in the ways to look at it, until one shows a code.

    As on a white page, no larger than needed, then in full; where it is small enough for more looks: on a black page
    (light codes without a margin), softened (codes drawn as dots) and sharpened (blurred ones). Last, where it is
    partly transparent, what a black page would show.
    """
    from PIL import ImageFilter

    page = grey(picture, 255)
    if page.getextrema() not in ((0, 0), (255, 255)):
        small = _bounded(page, FIRST_SIDE)
        yield _framed(small, 255)
        if max(page.size) > FIRST_SIDE:
            yield _framed(_bounded(page, LARGEST_SIDE), 255)
        if small.width * small.height <= MORE_LOOKS:
            yield _framed(small, 0)
            halved = small.reduce(2) if small.width * small.height > HALVED else small
            yield _framed(halved.filter(ImageFilter.GaussianBlur(3 if halved is small else 1.5)), 255)
            yield _framed(halved.filter(ImageFilter.UnsharpMask(3, 300, 0)), 255)
    if _is_transparent(picture):
        yield _framed(_bounded(grey(picture, 0), FIRST_SIDE), 0)


def grey(picture: Image.Image, page: int) -> Image.Image:
    """Give a picture in 8-bit grey as it looks on a page of that grey."""
    if picture.mode == "L":
        return picture
    if picture.mode.startswith("I"):  # 16 bits, which a plain conversion would clip
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if not _is_transparent(picture):
        return picture.convert("L")
    from PIL import Image

    layered = picture.convert("RGBA")
    ground = Image.new("L", picture.size, page)
    ground.paste(layered.convert("L"), mask=layered.getchannel("A"))
    return ground


def _is_transparent(picture: Image.Image) -> bool:
    return picture.mode in ("LA", "RGBA", "La", "RGBa", "PA") or "transparency" in picture.info


def _bounded(picture: Image.Image, side: int) -> Image.Image:
    """Give a picture no larger than ``side``, averaged so that thin modules stay."""
    factor = -(-max(picture.size) // side)
    return picture.reduce(factor) if factor > 1 else picture


def _framed(picture: Image.Image, page: int) -> Image.Image:
    from PIL import Image, ImageOps

    if max(picture.size) <= SMALL_SIDE:
        picture = picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST)
    return ImageOps.expand(picture, border=_BORDER, fill=page)


def code_features(codes: Iterable[Code]) -> Iterator[Feature]:
    """Give the features of codes: text and kind of each, and a URL where scanning it would open one."""
    seen: set[str] = set()
    for code in codes:
        yield Feature("qr.text", code.text)
        yield Feature("qr.kind", code.kind)
        for url in _urls(code.text):
            key = url.canonical or url.raw
            if key not in seen:
                seen.add(key)
                yield Feature("url", url)


def _urls(text: str) -> list[Url]:
    wrapped = _WRAPPED.match(text)
    whole = wrapped[1] if wrapped else text
    if re.match(r"[a-z][a-z0-9+.-]{1,20}:", whole, re.IGNORECASE) or _HOST_ONLY.fullmatch(whole):
        url = parse_url(whole if ":" in whole[:24] else f"http://{whole}", where="qr")
        if url.canonical and url.host:
            return [url]
    return list(find_urls(text, "qr"))[:CODES]
