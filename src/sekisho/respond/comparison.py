"""Two samples side by side, as a table on the screen, as a page, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from sekisho.model.comparison import Compared, Comparison
from sekisho.respond import attribution
from sekisho.respond.wording import Words, safe

VALUES = 6


def show(made: Comparison, words: Words, console: Console) -> None:
    """Print the table, heaviest rows first, and what it adds up to."""
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for title in (words.get("compare.kind"), safe(made.old), safe(made.new), words.get("compare.weight")):
        table.add_column(Styled(title))
    for row in rows(made):
        style = "green" if row.weight > 0 else "red" if row.weight < 0 else "dim"
        cells = [words.word("compare", row.kind), _shown(row.old, row, words), _shown(row.new, row, words)]
        table.add_row(*(Styled(cell) for cell in cells), Styled(f"{row.weight:+.1f}", style))
    console.print(table)
    console.print(Styled(headline(made, words), "bold"), soft_wrap=True)
    for note in notes(made, words):
        console.print(Styled(f"! {note}", "yellow"), soft_wrap=True)


def rows(made: Comparison) -> list[Compared]:
    """Give the rows, heaviest first, whichever way they speak."""
    return sorted(made.rows, key=lambda row: (-abs(row.weight), row.kind))


def _shown(values: Sequence[str], row: Compared, words: Words) -> str:
    common = {value.casefold() for value in row.common}
    marked = [f"= {safe(one)}" if one.casefold() in common else f"  {safe(one)}" for one in values[:VALUES]]
    if len(values) > VALUES:
        marked.append(words.get("label.more", count=len(values) - VALUES))
    return "\n".join(marked) or words.get("compare.nothing")


def headline(made: Comparison, words: Words) -> str:
    """Say what the table adds up to."""
    return words.get("compare.sum", grade=words.word("compare.grade", made.grade), weight=f"{made.weight:+.1f}")


def notes(made: Comparison, words: Words) -> list[str]:
    """Say what limits it."""
    found = [words.get("compare.caution")]
    if not made.corpus:
        found.append(words.get("compare.no_corpus"))
    if made.left_out:
        found.append(words.get("compare.left_out", values=words.listed(made.left_out)))
    return found


def document(made: Comparison, words: Words) -> dict[str, Any]:
    """Give it as plain dictionaries and lists."""
    told = asdict(made)
    told |= {"schema": "sekisho-comparison/1", "grade": made.grade, "headline": headline(made, words)}
    return told


def dump(made: Comparison, words: Words) -> bytes:
    """Give it as indented UTF-8 JSON."""
    return orjson.dumps(document(made, words), option=orjson.OPT_INDENT_2) + b"\n"


def page(made: Comparison, words: Words) -> str:
    """Give the table as a page that is complete in itself."""
    shown = [
        (words.word("compare", row.kind), _shown(row.old, row, words), _shown(row.new, row, words), row.weight)
        for row in rows(made)
    ]
    return attribution.template().render(
        words=words,
        judged=(),
        comparison=made,
        rows=shown,
        sum=headline(made, words),
        notes=notes(made, words),
        safe=safe,
    )
