"""What a running macro sheet is made of: frames, loops, the ways out of a cell, and what came to light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from sekisho.analyzers._xlm_ast import (
    Bool,
    Expr,
    Missing,
    Num,
    Str,
    bare,
)
from sekisho.analyzers._xlm_values import Value, shown
from sekisho.model.errors import LimitError

Key: TypeAlias = tuple[str, int, int]
"""Sheet name in lower case, row, column."""


class Goto(Exception):
    """The macro goes on at another cell."""

    def __init__(self, target: Key) -> None:
        super().__init__(target)
        self.target = target


class Return(Exception):
    """The macro gives its caller a value."""

    def __init__(self, value: Value) -> None:
        super().__init__(value)
        self.value = value


class Halt(Exception):
    """All macros end."""


@dataclass(slots=True)
class Loop:
    """A WHILE, FOR or FOR.CELL that is under way."""

    head: Key
    values: Iterator[Value] | None = None
    """What the counter becomes next; None for WHILE."""
    undecided: bool = False
    version: int = -1


@dataclass(slots=True)
class Frame:
    """One running macro."""

    args: list[Value] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    ifs: list[str] = field(default_factory=list)
    """State of each open IF block: done seek open (undecided: all branches run)."""
    jumps: dict[Key, int] = field(default_factory=dict)
    """State version at the last jump to each cell: the same twice is an endless loop."""

    def copy(self) -> Frame:
        """Give a frame that another branch may change."""
        loops = [Loop(loop.head, None, True, loop.version) for loop in self.loops]
        return Frame(list(self.args), loops, list(self.ifs), dict(self.jumps))


@dataclass(frozen=True, slots=True)
class Action:
    """Something the macro does to the world, with final values."""

    name: str
    args: tuple[Value, ...]
    at: str
    """``Sheet!A1``."""
    built: bool = False
    """An argument was put together at run time rather than written down."""

    @property
    def text(self) -> str:
        """As a formula, without the equals sign."""
        return f"{self.name}({','.join(map(shown, self.args))})"


@dataclass(slots=True)
class Outcome:
    """All that running a book brought to light."""

    actions: dict[Action, None] = field(default_factory=dict)
    """In order, each once."""
    strings: dict[str, None] = field(default_factory=dict)
    checks: dict[str, None] = field(default_factory=dict)
    """Questions about the machine."""
    files: dict[str, list[str]] = field(default_factory=dict)
    """Text written, by path."""
    formulas_written: int = 0
    formulas_failed: int = 0
    written_ran: bool = False
    """A formula that the macro wrote was reached."""
    clock_read: bool = False
    limit: LimitError | None = None


class Absent:
    """Marks what is not there, where None would be an empty cell."""


ABSENT = Absent()


def is_built(args: tuple[Expr, ...]) -> bool:
    """Tell whether any argument is more than a constant written down."""
    return any(not isinstance(bare(arg), Str | Num | Bool | Missing) for arg in args)


@dataclass(frozen=True, slots=True)
class Formula:
    """What a name stands for when that is to be computed each time."""

    expr: Expr
