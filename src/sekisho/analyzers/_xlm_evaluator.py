"""An emulator of macro sheets: cells run downwards from where Excel starts, and what they would do is written down.

Nothing is done: a call, a command line, a file are recorded with the values they would have had. Where a decision
depends on something only the victim's machine knows (whether a download worked), both ways are followed.

The state and the flow are one thing and stay in one file, hence its length; what single functions do is in
``_xlm_commands`` and ``_xlm_functions``.

Source: the XLM (Excel 4.0 macro function) reference; behaviour of the 2020 to 2022 campaigns as in mission chapter 2.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias, TypeVar

from sekisho.analyzers._xlm_ast import (
    Array,
    Binary,
    Bool,
    Call,
    Err,
    Expr,
    Gap,
    Missing,
    Name,
    Num,
    Paren,
    Percent,
    Ref,
    Str,
    Unary,
    UserCall,
    bare,
    render,
)
from sekisho.analyzers._xlm_book import MACRO, Book, Place, Sheet, place_text
from sekisho.analyzers._xlm_commands import ACTIVE, COMMANDS, is_active
from sekisho.analyzers._xlm_formula import parse_reference
from sekisho.analyzers._xlm_ftab import COMMANDS as COMMAND_NAMES
from sekisho.analyzers._xlm_functions import FLAT, FUNCTIONS
from sekisho.analyzers._xlm_state import (
    ABSENT,
    Absent,
    Action,
    Formula,
    Frame,
    Goto,
    Halt,
    Key,
    Outcome,
    Return,
    is_built,
)
from sekisho.analyzers._xlm_values import (
    DIV_ERROR,
    NAME_ERROR,
    NUM_ERROR,
    REF_ERROR,
    VALUE_ERROR,
    Fault,
    Scalar,
    Table,
    Unknown,
    Value,
    compare,
    finite,
    fitting,
    shown,
    to_number,
    to_text,
    unknown,
)
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT, Limits

Names: TypeAlias = dict[str, Value | Formula]

NESTING = 90
"""Levels of evaluation inside one another, ours: five Python frames each stay below the interpreter's 1,000."""
FORKS = 200
"""Undecidable jumps followed both ways in one book."""
FORKS_PER_CELL = 4
RANGE_CELLS = 20_000
"""Cells that one function reads; a larger range has no use in a macro."""
STRING_CHARS = 4
"""Shortest text worth keeping as a string of the macro."""
CLOCK = datetime(2022, 4, 25, 9, 30, tzinfo=UTC)
"""The victim's clock unless told otherwise: a Monday morning of the waves that the mission describes."""
TOO_DEEP = Unknown("…")
COMMAND_SET = frozenset(COMMAND_NAMES.values())


def run_book(book: Book, limits: Limits = DEFAULT, clock: datetime = CLOCK) -> Outcome:
    """Run what Excel would run by itself, then what is left; give everything that came to light.

    When the macro reads the date and what it then does makes no sense, every day of the month is tried and the one
    that decodes best is given. ``limit`` is set where a limit ended it early.
    """
    machine = Machine(book, limits, clock)
    best = machine.run()
    if not best.clock_read or (sense(best) and not best.formulas_failed):
        return best
    spent = machine.steps
    for day in range(1, calendar.monthrange(clock.year, clock.month)[1] + 1):
        if spent >= limits.steps:
            break
        other = Machine(book, limits, clock.replace(day=day), spent)
        result = other.run()
        spent = other.steps
        if sense(result) > sense(best):
            best = result
    return best


_PROGRAM = re.compile(
    r"[a-z]:\\|\.exe|\bcmd\b|mshta|regsvr32|rundll32|powershell|[wc]script|explorer|https?:", re.IGNORECASE
)


def sense(outcome: Outcome) -> int:
    """Count what came out readable: formulas that parse, calls with a library's name, commands with a program."""
    score = outcome.formulas_written - outcome.formulas_failed
    for action in outcome.actions:
        first = action.args[0] if action.args else None
        if not isinstance(first, str):
            continue
        if action.name == "EXEC":
            score += _PROGRAM.search(first) is not None
        elif action.name in ("CALL", "REGISTER"):
            score += re.fullmatch(r"[\w.\\:-]{4,64}", first) is not None
    return score


class Machine:
    """The sheets, their run-time state, and the flow through them."""

    def __init__(self, book: Book, limits: Limits, clock: datetime, spent: int = 0) -> None:
        """``spent`` steps are counted as used already."""
        self.book, self.limits, self.clock = book, limits, clock
        self.steps, self.chars, self.depth, self.forks, self.version = spent, 0, 0, 0, 0
        self.sheets: dict[str, Sheet] = {}
        for sheet in book.sheets:
            self.sheets.setdefault(sheet.name.lower(), sheet)
        self.values: dict[str, dict[Place, Scalar]] = {name: {} for name in self.sheets}
        self.formulas: dict[str, dict[Place, Expr]] = {name: {} for name in self.sheets}
        self.names: Names = {}
        for name in book.names:
            scope = f"{name.sheet.lower()}!" if name.sheet else ""
            if name.value is not None:
                self.names.setdefault(scope + name.name.lower(), Formula(name.value))
                self.names.setdefault(name.name.lower(), Formula(name.value))
        self.columns = self._formula_columns()
        self.journal: list[Callable[[], None]] = []
        """What takes each change back, in the order they were made."""
        self.here: Key = (next(iter(self.sheets), ""), 0, 0)
        self.active: Key = self.here
        self.frames: list[Frame] = [Frame()]
        self.fork_counts: dict[Key, int] = {}
        self.visited: set[Key] = set()
        self.calculating: set[Key] = set()
        self.pending: list[Key] = []
        self.registered: dict[float, tuple[Scalar, ...]] = {}
        self.aliases: dict[str, tuple[Scalar, ...]] = {}
        self.handles: dict[float, str] = {}
        self.outcome = Outcome()

    def _formula_columns(self) -> dict[tuple[str, int], list[int]]:
        columns: dict[tuple[str, int], list[int]] = {}
        for name, sheet in self.sheets.items():
            if sheet.kind == MACRO:
                for (row, col), cell in sheet.cells.items():
                    if cell.formula is not None:
                        columns.setdefault((name, col), []).append(row)
        for rows in columns.values():
            rows.sort()
        return columns

    # ---- running ----------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Run every entry, then scheduled macros, then cells that nothing reached but that would act."""
        try:
            for entry in self.entries():
                self.run_path(entry)
            for number, entry in enumerate(self.pending):
                if number < FORKS and entry not in self.visited:
                    self.run_path(entry)
            for entry in self.unreached():
                if entry not in self.visited:
                    self.run_path(entry)
        except LimitError as reached:
            self.outcome.limit = reached
        return self.outcome

    def entries(self) -> Iterator[Key]:
        """Give the cells that automatic names point at, or else the first formula of each macro sheet."""
        names = self.book.auto_names()
        for name in names:
            target = self.target_of(name.value, name.sheet)
            if target is not None:
                yield target
        if not names:
            for sheet in self.book.macro_sheets():
                first = min((p for p, cell in sheet.cells.items() if cell.formula is not None), default=None)
                if first is not None:
                    yield sheet.name.lower(), *first

    def target_of(self, expr: Expr | None, sheet: str) -> Key | None:
        if expr is None:
            return None
        self.here = (sheet.lower() or next((s.name.lower() for s in self.book.macro_sheets()), ""), 0, 0)
        try:
            return self.key_of(self.eval(expr))
        except (Fault, Goto, Return, Halt):
            return None

    def unreached(self) -> Iterator[Key]:
        """Give cells that no path came to, in columns that hold something able to act."""
        for (sheet, col), rows in list(self.columns.items()):
            left = [row for row in rows if (sheet, row, col) not in self.visited]
            if any(is_active(formula) for row in left if (formula := self.formula_at((sheet, row, col))) is not None):
                yield from ((sheet, row, col) for row in left)

    def run_path(self, start: Key) -> None:
        """Run from a cell to the end of its macro, whatever way it ends."""
        self.frames, self.depth = [Frame()], 0
        self.active = start
        try:
            self.run_from(start, self.frames[0])
        except (Halt, Goto, Return):
            return

    def run_from(self, start: Key, frame: Frame) -> Value:
        """Run cell after cell downwards; give what RETURN gives."""
        saved, self.depth = (self.here, len(self.frames)), self.depth + 2
        self.frames.append(frame)
        at: Key | None = self.formula_below(start)
        try:
            while at is not None:
                self.charge(4)
                self.here = at
                try:
                    self.run_cell(at)
                    follow = (at[0], at[1] + 1, at[2])
                except Goto as jump:
                    follow = jump.target
                at = self.formula_below(follow)
        except Return as end:
            return end.value
        finally:
            self.here, self.depth = saved[0], self.depth - 2
            del self.frames[saved[1] :]
        return None

    def run_cell(self, at: Key) -> None:
        """Run one formula and keep its value in its cell."""
        formula = self.formula_at(at)
        if formula is None:
            return
        self.visited.add(at)
        if (at[1], at[2]) in self.formulas[at[0]]:
            self.outcome.written_ran = True
        top = bare(formula)
        if isinstance(top, Binary) and top.op == "=" and isinstance(top.left, Name):
            # a comparison nobody looks at is how a name is given a value without SET.NAME
            self.set_name(top.left.name, self.eval(top.right))
            return
        value = self.scalar(formula)
        self.write(at, value)
        if isinstance(value, str):
            self.note_string(value)

    def call_macro(self, target: Key, args: list[Value]) -> Value:
        """Run a macro as a function."""
        if self.depth > NESTING:
            return unknown(f"{place_text(target[0], target[1:])}()")
        return self.run_from(target, Frame(args))

    def jump(self, target: Key) -> None:
        """Go on at another cell, unless nothing has changed since the last time.

        Raises:
            Goto: always, or else
            Halt: it would go round for ever.
        """
        frame = self.frames[-1]
        if frame.jumps.get(target) == self.version:
            raise Halt
        frame.jumps[target] = self.version
        raise Goto(target)

    def either(self, first: Callable[[], Value], second: Callable[[], Value]) -> tuple[Value, Value]:
        """Follow both ways of an undecidable condition; the way that does not leave the cell goes on last.

        A way that jumps is followed to its end with the state it would have, which is then taken back. When both jump,
        the second is left to the caller.
        """
        count = self.fork_counts.get(self.here, 0)
        if self.forks >= FORKS or count >= FORKS_PER_CELL or self.depth > NESTING:
            value = second()
            return value, value
        self.fork_counts[self.here] = count + 1
        self.forks += 1
        start = len(self.journal)
        left = self.follow(first)
        if left is not None:
            plain = left[0]
            right = self.follow(second)
            return plain, right[0] if right is not None else plain
        self.restore(start)
        value = second()
        return value, value

    def follow(self, way: Callable[[], Value]) -> tuple[Value] | None:
        """Try one way; when it jumps or ends, follow it there, take its changes back, and give None."""
        start, frame, here = len(self.journal), self.frames[-1], self.here
        depth, frames = self.depth, len(self.frames)
        branch = frame.copy()
        self.frames[-1] = branch
        try:
            return (way(),)
        except Goto as jump:
            with suppress(Halt):
                self.run_from(jump.target, branch)
        except (Return, Halt):
            pass
        finally:
            del self.frames[frames:]
            self.frames[-1], self.here, self.depth = frame, here, depth
        self.restore(start)
        return None

    # ---- state ------------------------------------------------------------------------------------------------

    def charge(self, steps: int = 1) -> None:
        """Count work.

        Raises:
            LimitError: more than the limit allows.
        """
        self.steps += steps
        if self.steps > self.limits.steps:
            raise LimitError("steps", self.limits.steps)

    def keep(self, chars: int) -> None:
        """Count text that goes into the result.

        Raises:
            LimitError: more than the limit allows.
        """
        self.chars += chars
        if self.chars > self.limits.text_chars:
            raise LimitError("text_chars", self.limits.text_chars)

    def formula_at(self, key: Key) -> Expr | None:
        sheet = self.sheets.get(key[0])
        if sheet is None:
            return None
        written = self.formulas[key[0]].get((key[1], key[2]))
        if written is not None:
            return None if isinstance(written, Missing) else written
        cell = sheet.cells.get((key[1], key[2]))
        return cell.formula if cell is not None else None

    def formula_below(self, key: Key) -> Key | None:
        """Give the first formula at or below a cell: blank cells and constants are passed over."""
        rows = self.columns.get((key[0], key[2]), [])
        for index in range(bisect_left(rows, key[1]), len(rows)):
            self.charge()
            below = (key[0], rows[index], key[2])
            if self.formula_at(below) is not None:
                return below
        return None

    def get(self, key: Key) -> Scalar:
        """Give what a cell shows."""
        sheet = self.sheets.get(key[0])
        if sheet is None:
            return REF_ERROR
        place = (key[1], key[2])
        written = self.values[key[0]]
        if place in written:
            return written[place]
        cell = sheet.cells.get(place)
        formula = self.formulas[key[0]].get(place)
        if formula is None:
            if cell is None or cell.formula is None:
                return cell.value if cell is not None else None
            # a macro's cell keeps its saved value until it is run; one saved by a program that computes
            # nothing has none, and is computed here
            stale = self.version > 0 if sheet.kind != MACRO else cell.value in (None, 0.0, "")
            if not stale:
                return cell.value
            formula = cell.formula
        return self.calculate(key, formula, cell.value if cell is not None else None)

    def calculate(self, key: Key, formula: Expr, saved: Scalar) -> Scalar:
        """Compute a cell that was asked for, unless that would act or go round in circles."""
        if key in self.calculating or self.depth > NESTING or is_active(formula):
            return saved
        self.calculating.add(key)
        here, self.here = self.here, key
        try:
            value = self.scalar(formula)
        except (Goto, Return, Halt):
            return saved
        finally:
            self.calculating.discard(key)
            self.here = here
        return saved if isinstance(value, Unknown) and saved is not None else value

    def write(self, key: Key, value: Scalar) -> None:
        """Change what a cell shows."""
        values = self.values.get(key[0])
        if values is None:
            return
        place = (key[1], key[2])
        if place in values and values[place] == value and type(values[place]) is type(value):
            return
        self.journal.append(partial(_put_back, values, place, values.get(place, ABSENT)))
        values[place] = value
        self.version += 1

    def write_formula(self, key: Key, formula: Expr | None) -> None:
        """Put a formula in a cell, to be run when the flow comes to it; None takes one away."""
        formulas = self.formulas.get(key[0])
        if formulas is None:
            return
        place, wanted = (key[1], key[2]), formula if formula is not None else Missing()
        if formulas.get(place) != wanted:
            self.journal.append(partial(_put_back, formulas, place, formulas.get(place, ABSENT)))
            formulas[place] = wanted
            self.version += 1
        values = self.values[key[0]]
        if place in values:
            self.journal.append(partial(_put_back, values, place, values.pop(place)))
        rows = self.columns.setdefault((key[0], key[2]), [])
        index = bisect_left(rows, key[1])
        if formula is not None and (index == len(rows) or rows[index] != key[1]):
            insort(rows, key[1])

    def set_name(self, name: str, value: Value | Formula) -> None:
        """Define a name."""
        key = name.lower()
        old = self.names.get(key, ABSENT)
        if old is ABSENT or old != value or type(old) is not type(value):
            self.journal.append(partial(_put_back, self.names, key, old))
            self.names[key] = value
            self.version += 1

    def restore(self, mark: int) -> None:
        """Undo every change since a place in the journal."""
        while len(self.journal) > mark:
            self.journal.pop()()
        self.version += 1

    def act(self, name: str, args: tuple[Value, ...], *, built: bool = False) -> None:
        """Record something the macro does."""
        action = Action(name, args, self.where(self.here), built)
        if action in self.outcome.actions:
            return
        self.keep(sum(len(arg) for arg in args if isinstance(arg, str)) + 16)
        self.outcome.actions[action] = None
        for arg in args:
            if isinstance(arg, str):
                self.note_string(arg)

    def note_string(self, text: str) -> None:
        """Keep a text the macro came to."""
        if len(text) >= STRING_CHARS and text not in self.outcome.strings:
            self.keep(len(text))
            self.outcome.strings[text] = None

    def check(self, text: str) -> None:
        """Record a question about the machine."""
        self.outcome.checks[text] = None

    def where(self, key: Key) -> str:
        """Give ``Sheet!A1``."""
        sheet = self.sheets.get(key[0])
        return place_text(sheet.name if sheet else key[0], (key[1], key[2]))

    # ---- values -----------------------------------------------------------------------------------------------

    def eval(self, expr: Expr) -> Value:
        """Compute an expression; references stay references.

        Raises:
            Goto, Return, Halt: it leaves the cell.
            LimitError: the work limit was reached.
        """
        self.steps += 1
        if self.steps > self.limits.steps:
            raise LimitError("steps", self.limits.steps)
        if isinstance(expr, (Str, Num, Bool)):
            return expr.value
        if isinstance(expr, (Err, Missing)):
            return expr if isinstance(expr, Err) else None
        if self.depth > NESTING:
            return TOO_DEEP
        self.steps += 1  # it costs about twice what a constant does
        self.depth += 1
        try:
            return self.compound(expr)
        except Fault as fault:
            return fault.value
        finally:
            self.depth -= 1

    def compound(self, expr: Expr) -> Value:
        if isinstance(expr, Ref):
            return self.area(expr)
        if isinstance(expr, Call):
            return self.eval_call(expr)
        if isinstance(expr, Binary):
            return self.eval_binary(expr)
        if isinstance(expr, Name):
            return self.eval_name(expr)
        if isinstance(expr, (Paren, Gap)):
            return self.eval(expr.inner)
        if isinstance(expr, UserCall):
            return self.eval_user_call(expr)
        if isinstance(expr, Unary):
            return self.eval_unary(expr)
        if isinstance(expr, Percent):
            return to_number(self.scalar(expr.operand)) / 100
        return self.eval_array(expr) if isinstance(expr, Array) else None

    def scalar(self, expr: Expr) -> Scalar:
        """Compute an expression down to one value."""
        return self.single(self.eval(expr))

    def single(self, value: Value) -> Scalar:
        """Give the one value of a reference or array: that of its cell, or of its cell in our row or column."""
        if isinstance(value, Table):
            return value.rows[0][0] if value.rows and value.rows[0] else None
        if not isinstance(value, Ref):
            return value
        row, col = value.row, value.col
        if row != value.last_row or col != value.last_col:
            if col == value.last_col and row <= self.here[1] <= value.last_row:
                row = self.here[1]
            elif row == value.last_row and col <= self.here[2] <= value.last_col:
                col = self.here[2]
            else:
                return VALUE_ERROR
        return self.get((value.sheet.lower(), row, col))

    def active_area(self) -> Ref:
        """Give the active cell."""
        sheet = self.sheets.get(self.active[0])
        return Ref(sheet.name if sheet else "", self.active[1], self.active[2], self.active[1], self.active[2])

    def area(self, ref: Ref) -> Ref:
        """Give a reference with its sheet filled in, and not relative any more."""
        sheet = ref.sheet
        if not sheet:
            own = self.sheets.get(self.here[0])
            sheet = own.name if own else self.here[0]
        return Ref(sheet, ref.row, ref.col, ref.last_row, ref.last_col)

    def grid(self, value: Value) -> list[list[Scalar]]:
        """Give the rows of a range or array, cut to the part of the sheet that is in use.

        Raises:
            Fault: it is larger than any macro needs.
        """
        if isinstance(value, Table):
            return [list(row) for row in value.rows]
        if not isinstance(value, Ref):
            return [[value]]
        name = value.sheet.lower()
        sheet = self.sheets.get(name)
        if sheet is None:
            raise Fault(REF_ERROR)
        last_row, last_col = value.last_row, value.last_col
        if (last_row - value.row + 1) * (last_col - value.col + 1) > RANGE_CELLS:
            self.charge((len(sheet.cells) + len(self.values[name])) // 16)
            used = [place for store in (sheet.cells, self.values[name]) for place in store]
            last_row = min(last_row, max((row for row, _ in used), default=0))
            last_col = min(last_col, max((col for _, col in used), default=0))
        size = (last_row - value.row + 1) * (last_col - value.col + 1)
        if size > RANGE_CELLS:
            raise Fault(unknown(render(value)))
        self.charge(max(size, 0))
        cols = range(value.col, last_col + 1)
        return [[self.get((name, row, col)) for col in cols] for row in range(value.row, last_row + 1)]

    def flat(self, value: Value) -> list[Scalar]:
        """Give the cells of a value in row order."""
        return [cell for row in self.grid(value) for cell in row]

    def key_of(self, value: Value) -> Key | None:
        """Give the cell that a reference, or a text that names one, points at."""
        if isinstance(value, str):
            value = self.text_reference(value)
        if isinstance(value, Ref) and value.sheet.lower() in self.sheets:
            return value.sheet.lower(), value.row, value.col
        return None

    def text_reference(self, text: str, *, r1c1: bool = True) -> Value:
        """Read a text as a reference or a defined name; #REF! when it is neither."""
        ref = parse_reference(text, self.here[1:], r1c1=r1c1)
        if ref is not None:
            return self.area(ref)
        sheet, _, name = text.strip().lstrip("=!").rpartition("!")
        found = self.lookup(name, sheet.strip("'"))
        value = self.eval(found.expr) if isinstance(found, Formula) else found
        return value if isinstance(value, Ref) else REF_ERROR

    def lookup(self, name: str, sheet: str = "") -> Value | Formula | Absent:
        """Give what a name stands for: the sheet's own before the book's."""
        local = self.names.get(f"{(sheet or self.here[0]).lower()}!{name.lower()}", ABSENT)
        return self.names.get(name.lower(), ABSENT) if isinstance(local, Absent) else local

    # ---- expressions ------------------------------------------------------------------------------------------

    def eval_name(self, expr: Name) -> Value:
        found = self.lookup(expr.name, expr.sheet)
        if isinstance(found, Absent):
            return NAME_ERROR
        return self.eval(found.expr) if isinstance(found, Formula) else found

    def eval_array(self, expr: Array) -> Value:
        return Table(tuple(tuple(cell if isinstance(cell, Err) else cell.value for cell in row) for row in expr.rows))

    def eval_unary(self, expr: Unary) -> Value:
        if expr.op in "+@":
            return self.eval(expr.operand)
        value = self.scalar(expr.operand)
        if isinstance(value, Unknown):
            return unknown(f"-{value.text}")
        return -to_number(value)

    def eval_binary(self, expr: Binary) -> Value:
        spine: list[Binary] = []
        node: Expr = expr
        while isinstance(node, Binary):
            spine.append(node)
            node = node.left
        value = self.eval(node)
        for link in reversed(spine):
            value = self.apply(link.op, value, self.eval(link.right))
        return value

    def apply(self, op: str, left: Value, right: Value) -> Value:
        if op in (":", " ", ","):
            return _combine(op, left, right)
        a, b = self.single(left), self.single(right)
        if isinstance(a, Unknown) or isinstance(b, Unknown):
            return unknown(f"{shown(a)}{op}{shown(b)}")
        try:
            if op == "&":
                text = fitting(to_text(a) + to_text(b))
                self.charge(len(text) >> 8)
                return text
            if op in _COMPARE:
                return _COMPARE[op](compare(a, b))
            return _arithmetic(op, to_number(a), to_number(b))
        except Fault as fault:
            return fault.value

    def eval_user_call(self, expr: UserCall) -> Value:
        target = bare(expr.target)
        args = [self.eval(arg) for arg in expr.args]
        if isinstance(target, Name):
            plain = target.name.upper().removeprefix("_XLFN.")
            registered = self.aliases.get(target.name.lower())
            if registered is not None:
                self.act("CALL", (*registered, *(self.single(arg) for arg in args)), built=is_built(expr.args))
                return unknown(f"{target.name}()")
            if isinstance(self.lookup(target.name, target.sheet), Absent):
                if plain in FUNCTIONS or plain in FLAT or plain in COMMANDS:
                    return self.eval_call(Call(plain, expr.args))
                return unknown(f"{render(target)}({','.join(shown(self.single(arg)) for arg in args)})")
        key = self.key_of(self.eval(target))
        if key is None:
            return unknown(f"{render(target)}()")
        return self.call_macro(key, args)

    def eval_call(self, expr: Call) -> Value:
        name = expr.name
        command = COMMANDS.get(name)
        if command is not None:
            return command(self, expr.args)
        if name in FLAT:
            values = [cell for arg in expr.args for cell in self.flat(self.eval(arg))]
            function = FLAT[name]
        elif name in FUNCTIONS:
            function = FUNCTIONS[name]
            values = [self.scalar(arg) for arg in expr.args]
        else:
            return self.eval_other(expr)
        try:
            return function(values)
        except Fault as fault:
            if isinstance(fault.value, Unknown):
                return unknown(f"{name}({','.join(map(shown, values))})")
            return fault.value
        except IndexError:
            return VALUE_ERROR  # fewer arguments than the function takes

    def eval_other(self, expr: Call) -> Value:
        """A function without a meaning here: recorded when it acts, unknown otherwise."""
        args = tuple(self.scalar(arg) for arg in expr.args)
        if expr.name in ACTIVE:
            self.act(expr.name, args, built=is_built(expr.args))
        if expr.name in COMMAND_SET:
            return True
        return unknown(f"{expr.name}({','.join(map(shown, args))})")


K = TypeVar("K")
V = TypeVar("V")


def _put_back(store: dict[K, V], key: K, old: V | Absent) -> None:
    if isinstance(old, Absent):
        store.pop(key, None)
    else:
        store[key] = old


def _combine(op: str, left: Value, right: Value) -> Value:
    """The reference operators; a union is its first part, which is what the macro functions look at."""
    if not (isinstance(left, Ref) and isinstance(right, Ref)):
        return VALUE_ERROR
    if op == ":":
        return Ref(
            left.sheet,
            min(left.row, right.row),
            min(left.col, right.col),
            max(left.last_row, right.last_row),
            max(left.last_col, right.last_col),
        )
    if op == " ":
        row, col = max(left.row, right.row), max(left.col, right.col)
        last_row, last_col = min(left.last_row, right.last_row), min(left.last_col, right.last_col)
        return Ref(left.sheet, row, col, last_row, last_col) if row <= last_row and col <= last_col else Err("#NULL!")
    return left


def _arithmetic(op: str, a: float, b: float) -> Value:
    if op == "+":
        return finite(a + b)
    if op == "-":
        return finite(a - b)
    if op == "*":
        return finite(a * b)
    if op == "/":
        return finite(a / b) if b else DIV_ERROR
    try:
        power = a**b
    except (OverflowError, ZeroDivisionError):
        return NUM_ERROR
    return finite(power) if isinstance(power, float) else NUM_ERROR


_COMPARE: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "<>": lambda order: order != 0,
    "<": lambda order: order < 0,
    ">": lambda order: order > 0,
    "<=": lambda order: order <= 0,
    ">=": lambda order: order >= 0,
}
