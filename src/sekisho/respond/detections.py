"""What rules found in logs, on one screen: levels, rules, hosts and days, then what was not read."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from sekisho.model.detection import OTHERS, Detections, RuleCount
from sekisho.model.finding import LEVELS
from sekisho.respond import terminal
from sekisho.respond.wording import Words, safe

STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "green", "informational": "dim"}
RULES_SHOWN, HOSTS_SHOWN, DAYS_SHOWN, BAR_CHARS = 25, 8, 14, 40
NARROW = 100  # columns; below, rules show days without times of day, so that titles keep their room
DAY_CHARS = len("2022-04-25")


def show(found: Detections, words: Words, console: Console, out: Path | None) -> None:
    """Print the counts of a run."""
    counts = found.counts
    if counts.rules:
        _levels(found, words, console)
        _rules(found, words, console)
        _hosts(found, words, console)
        _days(found, words, console)
    else:
        console.print(Styled(words.get("detect.none"), "bold"))
    for note in _notes(found, words):
        console.print(Styled(note, "yellow"), soft_wrap=True)
    terminal.left_out(found, words, console)
    terminal.tuning(found, words, console)
    summary = words.get(
        "detect.summary",
        findings=f"{counts.findings:,}",
        found=len(counts.rules),
        events=f"{counts.events:,}",
        inputs=f"{len(found.inputs):,}",
        rules=f"{found.rules_loaded:,}",
        seconds=f"{found.seconds:.1f}",
    )
    if found.seconds > 1 and not found.resumed:
        summary += f" · {words.get('detect.rate', rate=f'{counts.events / found.seconds:,.0f}')}"
    console.print(Styled(summary, "dim"), soft_wrap=True)
    if out is not None:
        console.print(Styled(words.get("detect.written", path=str(out)), "dim"), soft_wrap=True)


def _notes(found: Detections, words: Words) -> list[str]:
    notes = [words.get("detect.resumed", count=found.resumed)] if found.resumed else []
    if found.counts.unknown:
        notes.append(words.get("detect.unknown", count=f"{found.counts.unknown:,}"))
    return [*notes, *map(safe, found.notes)]


def _levels(found: Detections, words: Words, console: Console) -> None:
    line = Styled(f"{words.get('detect.levels')}  ", "bold")
    for level, count in found.counts.levels().items():
        line.append(f"{words.word('severity', level)} {count:,}   ", STYLES[level] if count else "dim")
    console.print(line)
    console.print()


def _rules(found: Detections, words: Words, console: Console) -> None:
    def rank(one: RuleCount) -> tuple[int, int, str]:
        return -LEVELS.index(one.level), -one.times, one.title

    table = _table(words.get("detect.rules"))
    for name, style in (("level", ""), ("count", "r"), ("rule", ""), ("first", ""), ("last", "")):
        table.add_column(words.get(f"detect.{name}"), justify="right" if style else "left", no_wrap=name != "rule")
    chars = DAY_CHARS if console.width < NARROW else None
    rows = sorted(found.counts.rules.values(), key=rank)
    for one in rows[:RULES_SHOWN]:
        table.add_row(
            Styled(words.word("severity", one.level), STYLES[one.level]),
            f"{one.times:,}",
            safe(one.title),
            words.time(one.first_ns, date=True)[:chars],
            words.time(one.last_ns, date=True)[:chars],
        )
    console.print(table)
    _more(len(rows) - RULES_SHOWN, words, console)


def _hosts(found: Detections, words: Words, console: Console) -> None:
    table = _table(words.get("detect.hosts"))
    for level in reversed(LEVELS):
        table.add_column(Styled(words.word("severity", level), STYLES[level]), justify="right")
    table.add_column("")
    rows = sorted(
        found.counts.hosts.items(),
        key=lambda row: (row[0] == OTHERS, *(-row[1][level] for level in reversed(LEVELS)), row[0]),
    )
    for host, levels in rows[:HOSTS_SHOWN]:
        cells = [f"{levels[level]:,}" if levels[level] else "·" for level in reversed(LEVELS)]
        shown = words.get("detect.others") if host == OTHERS else safe(host) or words.get("detect.no_host")
        table.add_row(*cells, shown)
    console.print(table)
    _more(len(rows) - HOSTS_SHOWN, words, console)


def _days(found: Detections, words: Words, console: Console) -> None:
    """Draw a bar for each of the last days with findings."""
    days = sorted(found.counts.days.items())
    if len(days) < 2:
        return
    most = max(sum(levels.values()) for _, levels in days)
    table = _table(words.get("detect.days"), heads=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right")
    table.add_column(no_wrap=True)
    for day, levels in days[-DAYS_SHOWN:]:
        total = sum(levels.values())
        worst = next(level for level in reversed(LEVELS) if levels[level])
        bar = Styled("█" * max(1, round(BAR_CHARS * total / most)), STYLES[worst])
        table.add_row(words.get("detect.others") if day == OTHERS else day, f"{total:,}", bar)
    console.print(table)
    _more(len(days) - DAYS_SHOWN, words, console)


def _table(title: str, *, heads: bool = True) -> Table:
    shape = box.SIMPLE_HEAD if heads else None
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=shape,
        show_header=heads,
        pad_edge=False,
        show_edge=False,
    )


def _more(left: int, words: Words, console: Console) -> None:
    if left > 0:
        console.print(Styled(words.get("label.more", count=left), "dim"))
    console.print()
