"""Volume by day: bars for a terminal and an SVG picture, with silences marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from html import escape

from sekisho.respond.wording import Words, safe

BLOCKS = " ▁▂▃▄▅▆▇█"
COLUMNS = 72
WIDTH, HEIGHT, MARGIN, TOP = 860, 150, 34, 26  # px
MOST_BARS = 400
Span = tuple[date, date | None]
"""Last active day before a silence, and the first one after it."""


def bars(counts: Mapping[date, int], silences: Sequence[Span], words: Words, end: date | None = None) -> list[str]:
    """Give lines: one of bars, one that marks silences with ``░``, one with the dates; none without dated items.

    ``end`` is the last day of the record, where that is later than the last item.
    """
    if not counts:
        return []
    first, last, step = _scale(counts, COLUMNS, end)
    values = _binned(counts, first, last, step)
    most = max(values)
    row = "".join(BLOCKS[0 if not one else max(1, round(one / most * 8))] for one in values)
    marks = "".join("░" if _silent(first, at, step, silences) else " " for at in range(len(values)))
    ends = f"{first.isoformat()} … {last.isoformat()}"
    told = words.get("campaigns.scale", days=step, most=most)
    return [row, *([marks.rstrip()] if marks.strip() else []), f"{ends}  {told}"]


def svg(name: str, counts: Mapping[date, int], silences: Sequence[Span], words: Words, end: date | None = None) -> str:
    """Give one SVG figure of a series, to the ``end`` of the record; empty without dated items."""
    if not counts:
        return ""
    first, last, step = _scale(counts, MOST_BARS, end)
    values = _binned(counts, first, last, step)
    most, wide = max(values), (WIDTH - 2 * MARGIN) / len(values)
    floor = HEIGHT - MARGIN
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">']
    parts.append(f'<text class="name" x="{MARGIN}" y="16">{escape(safe(name))}</text>')
    for after, until in silences:
        left = MARGIN + max(0, (after - first).days + 1) / step * wide
        right = MARGIN + min(len(values) * step, ((until or last + timedelta(days=1)) - first).days) / step * wide
        label = escape(words.get("campaigns.silent", days=((until or last + timedelta(days=1)) - after).days - 1))
        parts.append(
            f'<rect class="quiet" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" height="{floor - TOP}"/>'
        )
        parts.append(f'<text class="mark" x="{(left + right) / 2:.1f}" y="{TOP + 14}">{label}</text>')
    for at, value in enumerate(values):
        if value:
            tall = max(1.0, value / most * (floor - TOP - 18))
            x, day = MARGIN + at * wide, first + timedelta(days=at * step)
            box = f'x="{x:.1f}" y="{floor - tall:.1f}" width="{max(0.8, wide - 0.6):.1f}" height="{tall:.1f}"'
            parts.append(f'<rect class="bar" {box}><title>{day.isoformat()}: {value}</title></rect>')
    parts.append(f'<path class="axis" d="M{MARGIN} {floor}H{WIDTH - MARGIN}"/>')
    parts.append(f'<text x="{MARGIN}" y="{floor + 15}">{first.isoformat()}</text>')
    parts.append(f'<text class="end" x="{WIDTH - MARGIN}" y="{floor + 15}">{last.isoformat()}</text>')
    told = escape(words.get("campaigns.scale", days=step, most=most))
    parts.append(f'<text class="end" x="{WIDTH - MARGIN}" y="16">{told}</text>')
    return "".join(parts) + "</svg>"


STYLE = """body{font:15px/1.5 system-ui,"Noto Sans CJK JP",sans-serif;max-width:900px;margin:2rem auto;padding:0 1rem;
color:#1d2733}svg{width:100%;height:auto;margin:.3rem 0 1.2rem}svg text{font-size:11px;fill:#51606f}
svg .name{font-size:13px;font-weight:600;fill:#1d2733}.bar{fill:#2f6db5}.quiet{fill:#f3e3c3}.axis{stroke:#9aa7b4}
.mark{text-anchor:middle}.end{text-anchor:end}li{margin:.2rem 0}"""


def page(title: str, sections: Sequence[tuple[str, Sequence[str]]], words: Words) -> str:
    """Give a page that opens offline: for each series its figure and what is told of it."""
    body = "".join(
        f"<section>{figure}<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul></section>"
        for figure, lines in sections
    )
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    top = f'<!doctype html><html lang="{words.language}"><head>{head}</head>'
    return f"{top}<body><h1>{escape(title)}</h1>{body}</body></html>\n"


def _scale(counts: Mapping[date, int], most: int, end: date | None) -> tuple[date, date, int]:
    first, last = min(counts), max(max(counts), end or date.min)
    return first, last, max(1, -(-((last - first).days + 1) // most))


def _binned(counts: Mapping[date, int], first: date, last: date, step: int) -> list[int]:
    values = [0] * ((last - first).days // step + 1)
    for day, count in counts.items():
        values[(day - first).days // step] += count
    return values


def _silent(first: date, at: int, step: int, silences: Sequence[Span]) -> bool:
    day = first + timedelta(days=at * step)
    return any(after < day and (until is None or day < until) for after, until in silences)
