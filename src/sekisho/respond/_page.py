"""A page that people read: blocks in order, and how they are written as Markdown and HTML.

Every text is shown safely before it comes here; the writers only escape what their format would act on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from sekisho.respond._figures import Bars, bars_svg, bars_text, chain_svg, chain_text
from sekisho.respond.graph import Picture


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph; ``end`` stands it on the right, as closings of letters do."""

    text: str
    end: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    texts: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the head may be empty, then the first column names the rows."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """The attack chain."""

    picture: Picture
    title: str


Block = Heading | Para | Items | Table | Chain | Bars


@dataclass(frozen=True, slots=True)
class Page:
    """A page in one language."""

    language: str
    title: str
    label: str
    """What is printed above the title: the TLP label; may be empty."""
    blocks: tuple[Block, ...]
    foot: str = ""


_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#])")


def markdown(page: Page) -> str:
    """Give the page as Markdown."""
    parts = [f"# {_mark(page.title)}"]
    if page.label:
        parts.insert(0, f"**{_mark(page.label)}**")
    parts += map(_markdown, page.blocks)
    if page.foot:
        parts.append(f"---\n\n{_mark(page.foot)}")
    return "\n\n".join(parts) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"## {_mark(block.text)}"
    if isinstance(block, Para):
        return _mark(block.text).replace("\n", "  \n")
    if isinstance(block, Items):
        return "\n".join(
            f"{f'{at}.' if block.numbered else '-'} {_mark(text)}" for at, text in enumerate(block.texts, 1)
        )
    if isinstance(block, Table):
        width = len(block.head) or max((len(row) for row in block.rows), default=1)
        head = block.head or ("",) * width
        lines = [head, ("---",) * width, *block.rows]
        cells = ([cell if cell == "---" else _mark(cell).replace("\n", "<br>") for cell in row] for row in lines)
        return "\n".join(f"| {' | '.join(row)} |" for row in cells)
    text = chain_text(block.picture) if isinstance(block, Chain) else bars_text(block)
    return f"```\n{text.replace('```', '` ` `')}\n```"


def _mark(text: str) -> str:
    """Escape what Markdown acts on; ``[.]`` stays readable, for nothing follows it that makes a link."""
    return _MARKDOWN.sub(lambda match: match[0] if match[0] in "[]" else f"\\{match[0]}", text).replace("](", "]\\(")


_STYLE = """
body{margin:0;background:#fff;color:#1b2430;font:15px/1.75 system-ui,"Hiragino Sans","Yu Gothic UI","Noto Sans CJK JP",
"Noto Sans JP",sans-serif}
main{max-width:820px;margin:0 auto;padding:30px 28px 60px}
h1{font-size:21px;line-height:1.45;margin:6px 0 18px;padding-bottom:10px;border-bottom:2px solid #1b2430}
h2{font-size:16px;margin:28px 0 8px;padding-left:9px;border-left:4px solid #0b5cad}
p{margin:0 0 12px;white-space:pre-line}.end{text-align:right}.label{font-weight:700;font-size:13px}
table{border-collapse:collapse;width:100%;margin:0 0 14px;font-size:13.5px}
th,td{border:1px solid #cdd5de;padding:5px 9px;text-align:left;vertical-align:top;overflow-wrap:anywhere;
min-width:64px;white-space:pre-line}
th{background:#f1f4f7;font-weight:600}
ol,ul{margin:0 0 14px;padding-left:24px}li{margin:3px 0}
figure{margin:0 0 14px;border:1px solid #cdd5de;border-radius:6px;padding:10px;overflow-x:auto}
figcaption{font-size:12.5px;color:#5c6a7a}svg{display:block;max-width:100%;height:auto}
footer{margin-top:34px;border-top:1px solid #cdd5de;padding-top:8px;font-size:12.5px;color:#5c6a7a}
@media print{main{padding:0}h2{break-after:avoid}tr,figure{break-inside:avoid}}
"""


def html(page: Page) -> str:
    """Give the page as HTML that loads nothing and runs nothing."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    parts = [
        f'<!DOCTYPE html>\n<html lang="{page.language}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body><main>",
        f'<p class="label">{escape(page.label)}</p>' if page.label else "",
        f"<h1>{escape(page.title)}</h1>",
        *map(_html, page.blocks),
        f"<footer>{escape(page.foot)}</footer>" if page.foot else "",
        "</main></body></html>\n",
    ]
    return "\n".join(filter(None, parts))


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{escape(block.text)}</h2>"
    if isinstance(block, Para):
        return f"<p{' class=end' if block.end else ''}>{escape(block.text)}</p>"
    if isinstance(block, Items):
        tag = "ol" if block.numbered else "ul"
        return f"<{tag}>{''.join(f'<li>{escape(text)}</li>' for text in block.texts)}</{tag}>"
    if isinstance(block, Table):
        head = f"<tr>{_cells(block.head, 'th')}</tr>" if block.head else ""
        rows = (
            f"<tr>{_cells(row, 'td')}</tr>"
            if block.head
            else f"<tr>{_cells(row[:1], 'th')}{_cells(row[1:], 'td')}</tr>"
            for row in block.rows
        )
        return f"<table>{head}{''.join(rows)}</table>"
    drawn = chain_svg(block.picture) if isinstance(block, Chain) else bars_svg(block)
    return f"<figure><figcaption>{escape(block.title)}</figcaption>{drawn}</figure>"


def _cells(texts: Iterable[str], tag: str) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)
