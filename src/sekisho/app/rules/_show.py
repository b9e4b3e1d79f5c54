"""What the rules commands print: lines, tables and JSON, all at once at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

PIPE_COLUMNS = 2_000  # of a table that is not shown on a terminal: nothing is folded there
LEVEL_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "informational": "dim"}


class Screen:
    """Collects what a command says and writes it in one piece."""

    def __init__(self, *, no_color: bool = False) -> None:
        seen = sys.stdout.isatty()
        self._printed = StringIO()
        self._console = Console(
            file=self._printed,
            force_terminal=seen,
            no_color=no_color or not seen,
            width=None if seen else PIPE_COLUMNS,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def line(self, text: str = "", style: str = "") -> None:
        """Add one line; long ones are left to the terminal to wrap."""
        self._console.print(text, style=style or None, soft_wrap=True)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
        """Add a table; ``right`` are the columns of numbers."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for at, head in enumerate(heads):
            number = at in right
            table.add_column(head, justify="right" if number else "left", overflow="fold", no_wrap=number)
        for row in rows:
            table.add_row(*row, style=next((LEVEL_STYLES[cell] for cell in row if cell in LEVEL_STYLES), None))
        self._console.print(table)

    def show(self) -> None:
        """Write everything."""
        lines = (line.rstrip() for line in self._printed.getvalue().splitlines())
        write("".join(f"{line}\n" for line in lines))


def write(text: str) -> None:
    """Write to standard output at once; what its encoding lacks becomes a question mark."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def write_json(value: Any) -> None:
    """Write one JSON document."""
    write(dump(value).decode())


def dump(value: Any) -> bytes:
    """Give indented JSON; what JSON has no word for becomes text, half surrogate pairs become question marks."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)
    except (TypeError, orjson.JSONEncodeError):
        return orjson.dumps(_plain(value), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_plain(str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    fits = isinstance(value, (bool, float, type(None))) or (type(value) is int and abs(value) < 1 << 63)
    return value if fits else str(value)
