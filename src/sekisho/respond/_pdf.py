"""Pages as PDF, in pure Python: the same input gives the same bytes.

Japanese is set in a character collection that every reader knows by name, so no font file has to be shipped; why, and
what that costs, is in ``docs/decisions/0008-advisories.md``.
"""

from __future__ import annotations

import re
from html import escape
from io import BytesIO
from typing import Any

from reportlab.graphics.shapes import Drawing, Line, Path, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import ListFlowable, ListItem, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from sekisho.respond import _page
from sekisho.respond._figures import BAR_GAP, BAR_HEIGHT, BAR_WIDTH, COLORS, Bars
from sekisho.respond._page import Chain, Heading, Items, Page, Para
from sekisho.respond.graph import HEIGHT, WIDTH, Picture

FONT = "HeiseiKakuGo-W5"
INK, SOFT, RULE, ACCENT = HexColor("#1b2430"), HexColor("#5c6a7a"), HexColor("#cdd5de"), HexColor("#0b5cad")
MARGIN = 54  # pt
ROOM = A4[0] - 2 * MARGIN
CELL_CHARS = 1_200
FIGURE_SHARE = 0.55  # of a page's height, at most
WIDEST, WIDE, NARROW = 60, 26, 10  # half-width letters: of the widest column, of any other, at least
_CURVE = re.compile(r"M(-?\d+),(-?\d+) C(-?\d+),(-?\d+) (-?\d+),(-?\d+) (-?\d+),(-?\d+)")


def pdf(page: Page) -> bytes:
    """Give the page as PDF."""
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = BytesIO()
    sides = {"leftMargin": MARGIN, "rightMargin": MARGIN, "topMargin": MARGIN, "bottomMargin": MARGIN}
    document = SimpleDocTemplate(
        out, pagesize=A4, title=page.title, author="Sekisho", lang=page.language, invariant=1, **sides
    )
    flow: list[Any] = []
    if page.label:
        flow.append(_para(page.label, _style(9)))
    flow += [_para(page.title, _style(15, after=10)), Spacer(1, 2)]
    for block in page.blocks:
        flow += _flow(block)
    if page.foot:
        flow += [Spacer(1, 14), _para(page.foot, _style(8, color=SOFT))]
    document.build(flow)
    return out.getvalue()


def _style(
    size: float, *, after: float = 5, color: Any = INK, right: bool = False, together: bool = False
) -> ParagraphStyle:
    made = ParagraphStyle(
        f"s{size}{after}{right}{together}",
        fontName=FONT,
        fontSize=size,
        leading=size * 1.5,
        keepWithNext=together,
        spaceAfter=after,
        textColor=color,
        wordWrap="CJK",  # breaks hashes and addresses too, which have no blanks
    )
    if right:
        made.alignment = TA_RIGHT
    return made


def _para(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(text).replace("\n", "<br/>"), style)


def _flow(block: _page.Block) -> list[Any]:
    if isinstance(block, Heading):
        return [Spacer(1, 6), _para(f"■ {block.text}", _style(11.5, color=ACCENT, together=True))]
    if isinstance(block, Para):
        return [_para(block.text, _style(10, right=block.end))]
    if isinstance(block, Items):
        items = [ListItem(_para(text, _style(10, after=2))) for text in block.texts]
        start = {"start": 1} if block.numbered else {"start": "•"}
        kind = "1" if block.numbered else "bullet"
        return [ListFlowable(items, bulletType=kind, bulletFontName=FONT, bulletFontSize=9, leftIndent=18, **start)]
    if isinstance(block, _page.Table):
        return [_table(block), Spacer(1, 6)]
    drawing = _chain(block.picture) if isinstance(block, Chain) else _bars(block)
    return [
        _para(block.title, _style(8.5, after=2, color=SOFT, together=True)),
        _fitted(drawing),
        Spacer(1, 6),
    ]


def _table(block: _page.Table) -> Any:
    small = _style(8.5, after=0)
    rows = [block.head, *block.rows] if block.head else list(block.rows)
    cells = [[_para(text[:CELL_CHARS], small) for text in row] for row in rows]
    columns = max(len(row) for row in rows)
    if block.head:
        longest = [max(_width(row[at]) for row in rows if at < len(row)) for at in range(columns)]
    else:
        longest = [22] + [70] * (columns - 1)
    widest = longest.index(max(longest))
    wanted = [min(WIDEST if at == widest else WIDE, max(NARROW, one + 2)) for at, one in enumerate(longest)]
    made = Table(cells, colWidths=[ROOM * one / sum(wanted) for one in wanted], repeatRows=1 if block.head else 0)
    shade = ("BACKGROUND", (0, 0), (-1, 0) if block.head else (0, -1), HexColor("#f1f4f7"))
    made.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, RULE), ("VALIGN", (0, 0), (-1, -1), "TOP"), shade]))
    return made


def _width(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def _fitted(drawing: Drawing) -> Drawing:
    """Scale a drawing to the width of the page, and to its share of the height."""
    scale = min(1.0, ROOM / drawing.width, (A4[1] - 2 * MARGIN) * FIGURE_SHARE / drawing.height)
    drawing.scale(scale, scale)
    drawing.width, drawing.height = drawing.width * scale, drawing.height * scale
    return drawing


def _chain(picture: Picture) -> Drawing:
    drawing, tall = Drawing(picture.width, picture.height), picture.height
    for line in picture.lines:
        found = _CURVE.fullmatch(line.path)
        if found:
            numbers = [int(one) for one in found.groups()]
            path = Path(strokeColor=SOFT, fillColor=None, strokeWidth=1)
            path.moveTo(numbers[0], tall - numbers[1])
            path.curveTo(*(tall - one if at % 2 else one for at, one in enumerate(numbers[2:])))
            drawing.add(path)
            x, y = numbers[6], tall - numbers[7]
            drawing.add(Line(x - 3, y + 5, x, y, strokeColor=SOFT))
            drawing.add(Line(x + 3, y + 5, x, y, strokeColor=SOFT))
    for box in picture.boxes:
        color = HexColor(COLORS.get(box.node.verdict, "") or COLORS.get(box.node.layer, "#5c6a7a"))
        y = tall - box.y - HEIGHT
        drawing.add(Rect(box.x, y, WIDTH, HEIGHT, rx=6, ry=6, fillColor=HexColor("#ffffff"), strokeColor=color))
        drawing.add(String(box.x + 10, y + 33, box.kind, fontName=FONT, fontSize=10, fillColor=color))
        drawing.add(String(box.x + 10, y + 13, box.label, fontName=FONT, fontSize=11, fillColor=INK))
    for line in picture.lines:
        drawing.add(String(line.x, tall - line.y, line.label, fontName=FONT, fontSize=9.5, fillColor=SOFT))
    return drawing


def _bars(bars: Bars) -> Drawing:
    top = max(1, *(count for _, count in bars.bars))
    drawing = Drawing(max(240, len(bars.bars) * (BAR_WIDTH + BAR_GAP) + 20), BAR_HEIGHT + 44)
    every = max(1, -(-len(bars.bars) * 70 // int(drawing.width)))
    for number, (label, count) in enumerate(bars.bars):
        x, tall = 10 + number * (BAR_WIDTH + BAR_GAP), count * BAR_HEIGHT / top
        if count:
            drawing.add(Rect(x, 26, BAR_WIDTH, tall, fillColor=ACCENT, strokeColor=None))
            drawing.add(String(x + 6, 29 + tall, str(count), fontName=FONT, fontSize=9, fillColor=INK))
        if number % every == 0:
            drawing.add(String(x, 12, label, fontName=FONT, fontSize=9, fillColor=SOFT))
    drawing.add(Line(8, 26, drawing.width - 8, 26, strokeColor=SOFT))
    return drawing
