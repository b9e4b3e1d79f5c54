"""Figures of advisories: the attack chain and the volume of mails, as SVG and as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape

from sekisho.respond.graph import HEIGHT, WIDTH, Picture

COLORS = {
    "mail": "#0b7285",
    "file": "#862e9c",
    "endpoint": "#9a5b00",
    "network": "#1864ab",
    "server": "#1864ab",
    "malicious": "#b42318",
    "suspicious": "#9a5b00",
}
BARS = 31
BAR_WIDTH, BAR_GAP, BAR_HEIGHT, FOOT = 22, 5, 110, 34  # px
TEXT_COLUMNS = 40
STEPS_MIN = (1, 5, 15, 60, 120, 180, 360, 720, 1440, 2880, 4320, 10080, 20160, 43200, 86400, 525600)
"""Minutes that one bar may stand for."""
DAY_MIN = 1440
MINUTE_NS = 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts over time."""

    title: str
    bars: tuple[tuple[str, int], ...]
    """(label, count) in order of time; at most BARS."""


def volume(times_ns: Sequence[int], title: str, zone: tzinfo = UTC) -> Bars | None:
    """Give how many mails came when, in as many bars as fit; None where all came at one time."""
    if not times_ns or max(times_ns) - min(times_ns) < MINUTE_NS:
        return None
    first, last = min(times_ns), max(times_ns)
    minutes = (last - first) // MINUTE_NS + 1
    step = next((one for one in STEPS_MIN if minutes / one <= BARS - 1), STEPS_MIN[-1])
    start = datetime.fromtimestamp(first // 1_000_000_000, UTC).astimezone(zone).replace(second=0)
    start = start.replace(minute=start.minute // step * step if step < 60 else 0)
    if step >= DAY_MIN:
        start = start.replace(hour=0)
    counts: dict[int, int] = defaultdict(int)
    origin_ns = int(start.timestamp()) * 1_000_000_000
    for at in times_ns:
        counts[min(BARS - 1, (at - origin_ns) // (step * MINUTE_NS))] += 1
    shape = "%m-%d" if step >= DAY_MIN else "%m-%d %H:%M"
    labels = [(start + timedelta(minutes=step * number)).strftime(shape) for number in range(max(counts) + 1)]
    return Bars(title, tuple((label, counts[number]) for number, label in enumerate(labels)))


def bars_text(bars: Bars) -> str:
    """Give bars as lines of text."""
    top = max(count for _, count in bars.bars)
    lines = [bars.title]
    for label, count in bars.bars:
        full = "█" * max(1 if count else 0, round(count * TEXT_COLUMNS / max(1, top)))
        lines.append(f"{label:>11} {full} {count}")
    return "\n".join(lines)


def bars_svg(bars: Bars) -> str:
    """Give bars as an SVG picture."""
    top = max(1, *(count for _, count in bars.bars))
    width = max(240, len(bars.bars) * (BAR_WIDTH + BAR_GAP) + 20)
    height = BAR_HEIGHT + FOOT + 16
    parts = [f'<svg role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-size="10">']
    parts.append(f'<line x1="8" y1="{BAR_HEIGHT + 16}" x2="{width - 8}" y2="{BAR_HEIGHT + 16}" stroke="#8a96a3"/>')
    every = max(1, -(-len(bars.bars) * 70 // width))
    for number, (label, count) in enumerate(bars.bars):
        x, tall = 10 + number * (BAR_WIDTH + BAR_GAP), round(count * BAR_HEIGHT / top)
        y = BAR_HEIGHT + 16 - tall
        if count:
            parts.append(f'<rect x="{x}" y="{y}" width="{BAR_WIDTH}" height="{tall}" fill="#0b5cad"/>')
            parts.append(f'<text x="{x + BAR_WIDTH // 2}" y="{y - 3}" text-anchor="middle">{count}</text>')
        if number % every == 0:
            parts.append(f'<text x="{x}" y="{BAR_HEIGHT + 30}" fill="#5c6a7a">{escape(label)}</text>')
    return "".join([*parts, "</svg>"])


def chain_text(picture: Picture) -> str:
    """Give the chain as lines, causes before effects."""
    rows: dict[int, list[str]] = defaultdict(list)
    for box in picture.boxes:
        rows[box.y].append(f"[{box.kind}] {box.title[:90]}")
    return "\n  ↓\n".join("\n".join(texts) for _, texts in sorted(rows.items()))


def chain_svg(picture: Picture) -> str:
    """Give the chain as an SVG picture."""
    size = f'width="{picture.width}" height="{picture.height}" viewBox="0 0 {picture.width} {picture.height}"'
    arrow = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#5c6a7a"/></marker></defs>'
    )
    parts = [f'<svg role="img" {size}>{arrow}']
    shape = 'fill="none" stroke="#5c6a7a" stroke-width="1.2" marker-end="url(#arrow)"'
    parts += [f'<path d="{line.path}" {shape}/>' for line in picture.lines]
    for box in picture.boxes:
        color = COLORS.get(box.node.verdict, "") or COLORS.get(box.node.layer, "#5c6a7a")
        parts.append(
            f'<rect x="{box.x}" y="{box.y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#fff" stroke="{color}"/>'
            f'<text x="{box.x + 10}" y="{box.y + 17}" font-size="10.5" fill="{color}">{escape(box.kind)}</text>'
            f'<text x="{box.x + 10}" y="{box.y + 37}" font-size="12" font-weight="600">{escape(box.label)}</text>'
        )
    word = 'font-size="10.5" fill="#5c6a7a"'
    parts += [f'<text x="{line.x}" y="{line.y}" {word}>{escape(line.label)}</text>' for line in picture.lines]
    return "".join([*parts, "</svg>"])
