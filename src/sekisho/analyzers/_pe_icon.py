"""Whether the icon of a program is a sheet of paper, as those of documents are: told by shape and whiteness.

Source: MITRE ATT&CK T1036.008. Measured on the 32 and 48 pixel icons of Wine 8's shell32.dll, where all twelve document
types and none of the other icons are told, and on 62 programs of Wine and pip, of which none is. Only bitmaps without
compression are read.
"""

from __future__ import annotations

import struct

WHITE, OPAQUE = 205, 128
"""Channel value from which a pixel counts as white, and opacity from which it counts at all."""
PAPER_SHARE, FILLED = 0.45, 0.75
_SIZES = range(16, 129)


def shows_document(data: bytes) -> bool:
    """Tell a white upright sheet; what cannot be read is none.

    ``data`` is an icon resource: a bitmap header, colours bottom up, and a mask.
    """
    pixels = _pixels(data)
    if pixels is None:
        return False
    size = len(pixels)
    shown = [(x, y, pixel) for y, row in enumerate(pixels) for x, pixel in enumerate(row) if pixel is not None]
    if len(shown) < size * size // 5:
        return False
    left, right = min(x for x, _, _ in shown), max(x for x, _, _ in shown)
    top, bottom = min(y for _, y, _ in shown), max(y for _, y, _ in shown)
    width, height = right - left + 1, bottom - top + 1
    filled = len(shown) / (width * height)
    white = sum(min(pixel) >= WHITE for _, _, pixel in shown) / len(shown)
    return 1.1 <= height / width <= 1.6 and white >= PAPER_SHARE and filled >= FILLED


Pixel = tuple[int, int, int]


def _pixels(data: bytes) -> list[list[Pixel | None]] | None:
    """Give the rows from the top, None for what is transparent."""
    if len(data) < 40:
        return None
    head, size, double, _, depth, packing = struct.unpack_from("<IiiHHI", data)
    if head != 40 or size not in _SIZES or double != 2 * size or packing or depth not in (4, 8, 24, 32):
        return None
    colours = struct.unpack_from("<I", data, 32)[0] or 1 << depth
    palette = data[40 : 40 + 4 * min(colours, 256)] if depth <= 8 else b""
    stride, mask_stride = (size * depth + 31) // 32 * 4, (size + 31) // 32 * 4
    start = 40 + len(palette)
    body, mask = data[start : start + stride * size], data[start + stride * size :][: mask_stride * size]
    if len(body) < stride * size or (depth != 32 and len(mask) < mask_stride * size):
        return None
    rows = []
    for y in range(size - 1, -1, -1):
        row = body[y * stride : (y + 1) * stride]
        hidden = mask[y * mask_stride : (y + 1) * mask_stride]
        rows.append([_pixel(row, hidden, x, depth, palette) for x in range(size)])
    return rows


def _pixel(row: bytes, hidden: bytes, x: int, depth: int, palette: bytes) -> Pixel | None:
    if depth == 32:
        blue, green, red, alpha = row[4 * x : 4 * x + 4]
        return (red, green, blue) if alpha >= OPAQUE else None
    if hidden[x // 8] >> (7 - x % 8) & 1:
        return None
    if depth == 24:
        blue, green, red = row[3 * x : 3 * x + 3]
        return red, green, blue
    index = row[x] if depth == 8 else row[x // 2] >> (0 if x % 2 else 4) & 0xF
    colour = palette[4 * index : 4 * index + 3]
    return (colour[2], colour[1], colour[0]) if len(colour) == 3 else (0, 0, 0)
