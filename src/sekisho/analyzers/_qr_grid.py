"""Codes that a mail draws without a picture: of block characters, of letters, or of coloured table cells.

What looks like one becomes a picture, an artifact that is then read like any other. Source: public reports of QR codes
made of Unicode blocks and of HTML tables, 2024.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sekisho.analyzers._qr import read_codes

if TYPE_CHECKING:
    from PIL import Image

FEWEST = 10
"""Lines of a code of half blocks; the smallest QR code has 21 rows of modules, two a line."""
NARROWEST = 19
WIDEST = 400
GRIDS = 3
"""Codes of one text or document."""
EMPTY_CELLS = 150
"""Cells without content from which a document may draw with them; newsletters have some dozens."""
_ROWS = 11
_CELL = (4, 8)
"""Pixels of one character: twice as high as wide, as in the fonts that such drawings are made for."""

_DARK, _LIGHT = "█■⬛▉▊▋", " \u00a0\u2000\u2001\u2002\u2003\u2007\u3000□⬜"
_SHADES = {"▓": 64, "▒": 128, "░": 224}
# Which quarters of a character are dark: upper left, upper right, lower left, lower right.
_QUARTERS = {
    "▀": "1100", "▄": "0011", "▌": "1010", "▐": "0101", "▘": "1000", "▝": "0100", "▖": "0010", "▗": "0001",
    "▙": "1011", "▛": "1110", "▜": "1101", "▟": "0111", "▚": "1001", "▞": "0110",
}  # fmt: skip
_BLOCKS = "".join((*_DARK, *_SHADES, *_QUARTERS))
_BLOCK = re.compile(f"[{_BLOCKS}⬜□]")
_BLOCK_LINE = re.compile(rf"^[{_BLOCKS}{_LIGHT}]{{{NARROWEST},{WIDEST}}}$")
_INK, _PAPER = frozenset("#@XxMW*0%&"), frozenset(" ._-")
"""Characters of drawings in plain letters."""
_ENTITY_BLOCK = re.compile(r"&#(?:9[56]\d\d|x25[89a-f][0-9a-f]);(?:&#[0-9a-fx]{4,6};){4}", re.IGNORECASE)
_LINE_END = re.compile(r"<br\b[^<>]{0,200}>|</(?:p|div|tr|li|pre)\s{0,8}>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,4000}>")
_EMPTY_CELL = re.compile(r">(?:\s|&nbsp;|&#160;|\u00a0){0,12}</t[dh]>|<t[dh]\b[^<>]{0,300}>\s{0,12}(?=<t[dh]\b|</tr)")
_BACKGROUND = re.compile(r"background(?:-color)?\s{0,4}:\s{0,4}([^;}\"']{1,60})")
_CLASS_RULE = re.compile(r"\.([\w-]{1,60})[^{}<>]{0,100}\{([^{}<>]{0,500})\}")
_RGB = re.compile(r"rgba?\(\s{0,4}(\d{1,3})[\s,]{1,6}(\d{1,3})[\s,]{1,6}(\d{1,3})")
_WIDTH = re.compile(r"(?:^|[;\s])width\s{0,4}:\s{0,4}(\d{1,4})")
_NAMED = {"black": 0, "white": 255, "navy": 15, "darkblue": 16, "maroon": 38, "darkgreen": 59, "green": 75,
          "transparent": 255, "red": 76, "blue": 29, "gray": 128, "grey": 128, "silver": 192, "yellow": 226,
          "none": 255}  # fmt: skip


def text_pictures(text: str) -> Iterator[bytes]:
    """Give each code drawn in a text as a PNG file."""
    if (text.isascii() or not _BLOCK.search(text)) and not any(14 * ink in text for ink in _INK):
        return  # seven modules make the edge of a finder pattern, two letters each
    for lines in islice(_drawings(text), GRIDS):
        shapes = (_of_characters(lines, cell) for cell in (_CELL, (_CELL[1], _CELL[1])))
        yield from islice((_saved(shape) for shape in shapes if read_codes(shape, thorough=False)), 1)


def _drawings(text: str) -> Iterator[list[str]]:
    """Give runs of lines that hold nothing but what a code is drawn with."""
    pending: list[str] = []
    width = 0
    for line in (*text.split("\n"), ""):
        line = line.rstrip("\r\n")
        fits = (
            bool(_BLOCK_LINE.match(line))
            or _is_plain_drawing(line)
            or (bool(pending) and 0 < len(line) <= width and not line.strip(_BLOCKS + _LIGHT))
        )
        if fits and len(pending) < WIDEST:
            pending.append(line)
            width = max(width, len(line))
            continue
        if len(pending) >= FEWEST and any(line.strip(_LIGHT + "._-") for line in pending):
            yield pending
        pending, width = [], 0


def _is_plain_drawing(line: str) -> bool:
    if not 2 * NARROWEST <= len(line) <= WIDEST:
        return False
    ink = set(line) - _PAPER
    return len(ink) == 1 and ink <= _INK


def _of_characters(lines: list[str], cell: tuple[int, int]) -> Image.Image:
    from PIL import Image

    width, height = cell
    picture = Image.new("L", (max(map(len, lines)) * width, len(lines) * height), 255)
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            left, top = column * width, row * height
            if quarters := _QUARTERS.get(character):
                for number, dark in enumerate(quarters):
                    if dark == "1":
                        x, y = left + number % 2 * (width // 2), top + number // 2 * (height // 2)
                        picture.paste(0, (x, y, x + width // 2, y + height // 2))
            elif character not in _LIGHT and character not in "._-":
                picture.paste(_SHADES.get(character, 0), (left, top, left + width, top + height))
    return picture


def page_pictures(tree: LexborHTMLParser, source: str) -> Iterator[bytes]:
    """Give each drawing in a document as a PNG file."""
    blocks = 0 if source.isascii() else len(_BLOCK.findall(source))
    if blocks >= FEWEST * NARROWEST // 2 or _ENTITY_BLOCK.search(source):
        flat = " ".join(source.split("\n")) if "<pre" not in source.lower() else source
        yield from text_pictures(html.unescape(_TAG.sub("", _LINE_END.sub("\n", flat))))
    if source.lower().count("<t") >= EMPTY_CELLS and len(_EMPTY_CELL.findall(source)) >= EMPTY_CELLS:
        yield from _tables(tree, source)


def _tables(tree: LexborHTMLParser, source: str) -> Iterator[bytes]:
    classes = {
        name: _grey(found[1])
        for name, body in _CLASS_RULE.findall(source[:500_000])
        if (found := _BACKGROUND.search(body))
    }
    count = 0
    for table in tree.css("table"):
        rows = [row for row in table.css("tr")[: WIDEST + 1] if _holder(row) == table.mem_id]
        if not _ROWS <= len(rows) <= WIDEST or count == GRIDS:
            continue
        picture = _of_cells(rows, classes, _colour(table, classes, 255))
        if picture is not None and read_codes(picture, thorough=False):
            count += 1
            yield _saved(picture)


def _holder(row: LexborNode) -> int:
    """Give the table that a row belongs to."""
    above = row.parent
    while above is not None and above.tag != "table":
        above = above.parent
    return above.mem_id if above is not None else 0


def _of_cells(rows: list[LexborNode], classes: dict[str, int], ground: int) -> Image.Image | None:
    """Lay cells out as browsers do, one pixel a column; None when it is no drawing in dark and light."""
    from PIL import Image

    laid: list[list[tuple[int, int, int]]] = []
    for row in rows:
        behind = _colour(row, classes, ground)
        cells = [cell for cell in row.iter() if cell.tag in ("td", "th")][:WIDEST]
        laid.append([(_colour(cell, classes, behind), _number(cell, "colspan"), _width(cell)) for cell in cells])
    uneven = len({len(row) for row in laid}) > 1
    by_width = uneven and all(span == 1 for row in laid for _, span, _ in row)
    unit = min((width for row in laid for _, _, width in row if width), default=1) if by_width else 1
    lines = [
        bytes(grey for grey, span, width in row for _ in range(max(1, round(width / unit)) if by_width else span))[
            :WIDEST
        ]
        for row in laid
    ]
    side = max(map(len, lines))
    if side < NARROWEST or not any(min(line, default=255) < 128 for line in lines):
        return None
    picture = Image.frombytes("L", (side, len(lines)), b"".join(line.ljust(side, bytes((ground,))) for line in lines))
    tall = max(1, round(side / len(lines))) if side > len(lines) else 1
    return picture.resize((side * 6, len(lines) * 6 * tall), Image.Resampling.NEAREST)


def _colour(node: LexborNode, classes: dict[str, int], behind: int) -> int:
    """Give the grey of a cell's, a row's or a table's ground."""
    attributes = node.attributes
    style = attributes.get("style") or ""
    if "background" in style and (found := _BACKGROUND.search(style.lower())):
        return _grey(found[1])
    for name in (attributes.get("class") or "").split()[:5]:
        if name in classes:
            return classes[name]
    colour = attributes.get("bgcolor")
    return _grey(colour.lower()) if colour else behind


def _grey(colour: str) -> int:
    """Give how light a colour is, white for what is no colour. Source: ITU-R BT.601."""
    colour = colour.strip().lower()
    if found := _RGB.search(colour):
        red, green, blue = (min(255, int(part)) for part in found.groups())
    elif match := re.match(r"#?([0-9a-f]{6}|[0-9a-f]{3})\b", colour):
        digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
        red, green, blue = bytes.fromhex(digits)
    else:
        return _NAMED.get(colour.split(" ")[0], 255)
    return (299 * red + 587 * green + 114 * blue) // 1_000


def _number(node: LexborNode, name: str) -> int:
    text = (node.attributes.get(name) or "").strip()
    return max(1, min(int(text), WIDEST)) if text.isascii() and text.isdigit() and len(text) < 5 else 1


def _width(node: LexborNode) -> int:
    if found := _WIDTH.search((node.attributes.get("style") or "").lower()):
        return int(found[1])
    text = (node.attributes.get("width") or "").strip().removesuffix("px")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _saved(picture: Image.Image) -> bytes:
    from PIL import ImageOps

    buffer = BytesIO()
    ImageOps.expand(picture, border=16, fill=255).save(buffer, "PNG")
    return buffer.getvalue()
