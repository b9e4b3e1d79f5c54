"""Formulas as trees, whatever they were stored as, and the text Excel would show for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

DEPTH = 64
"""Deepest nesting of a formula. Source: Excel specifications and limits, 64 levels of nested functions."""
LAST_ROWS = frozenset({16_383, 65_535, 1_048_575})
"""Last row, from 0, of a BIFF5, a BIFF8 and an Open XML sheet."""
LAST_COLS = frozenset({255, 16_383})
ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""Source: [MS-XLS] 2.5.10 BErr."""


@dataclass(frozen=True, slots=True)
class Num:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Str:
    """A string literal."""

    value: str


@dataclass(frozen=True, slots=True)
class Bool:
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class Err:
    """An error value; also what a cell that failed holds."""

    code: str


@dataclass(frozen=True, slots=True)
class Missing:
    """An argument left out."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A cell or a rectangle of cells, rows and columns counted from 0."""

    sheet: str
    """Empty for the sheet that the formula stands on."""
    row: int
    col: int
    last_row: int
    last_col: int
    relative: int = 0
    """Bits 1 row, 2 column, 4 last row, 8 last column: written without a dollar sign."""


@dataclass(frozen=True, slots=True)
class Name:
    """A defined name, or a function that is not built in."""

    name: str
    sheet: str = ""
    """Sheet or book it is asked of, empty for the nearest."""


@dataclass(frozen=True, slots=True)
class Call:
    """A built-in function and its arguments."""

    name: str
    args: tuple[Expr, ...]
    close_gap: str = ""
    """Blanks before the closing parenthesis."""


@dataclass(frozen=True, slots=True)
class UserCall:
    """A call of a macro: by name, or by the cell it starts at."""

    target: Expr
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what stands between them."""

    op: str
    left: Expr
    right: Expr
    gap: str = ""
    """Blanks before the operator."""


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign before an operand."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Percent:
    """An operand followed by a percent sign."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Paren:
    """Parentheses that the author wrote."""

    inner: Expr
    open_gap: str = ""
    close_gap: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Blanks before an expression."""

    blanks: str
    inner: Expr


@dataclass(frozen=True, slots=True)
class Array:
    """A constant array, row by row."""

    rows: tuple[tuple[Num | Str | Bool | Err, ...], ...]


Expr: TypeAlias = (
    Num | Str | Bool | Err | Missing | Ref | Name | Call | UserCall | Binary | Unary | Percent | Paren | Gap | Array
)

_PLAIN_SHEET = re.compile(r"[^\W\d][\w.]*")
_LOOKS_LIKE_CELL = re.compile(r"[A-Z]{1,3}\d+|R\d*C?\d*|C\d*", re.IGNORECASE)


def column_name(col: int) -> str:
    """Give the letters of a column counted from 0."""
    letters = ""
    col += 1
    while col > 0:
        col, rest = divmod(col - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def number_text(value: float) -> str:
    """Write a number as Excel does when it joins it to text: up to 15 significant digits."""
    return f"{value:.15g}".upper()


def quoted(text: str) -> str:
    """Write a string literal."""
    return '"' + text.replace('"', '""') + '"'


def sheet_prefix(sheet: str) -> str:
    """Give ``Sheet!`` or ``'My sheet'!``, empty for no sheet."""
    if not sheet:
        return ""
    if _PLAIN_SHEET.fullmatch(sheet) and not _LOOKS_LIKE_CELL.fullmatch(sheet):
        return f"{sheet}!"
    return "'" + sheet.replace("'", "''") + "'!"


def cell_text(row: int, col: int, relative: int = 3) -> str:
    """Give the A1 address of a cell; ``relative`` bit 1 frees the row, bit 2 the column."""
    return f"{'' if relative & 2 else '$'}{column_name(col)}{'' if relative & 1 else '$'}{row + 1}"


def _ref_text(ref: Ref) -> str:
    prefix = sheet_prefix(ref.sheet)
    first_row, first_col, last_row, last_col = ("" if ref.relative & bit else "$" for bit in (1, 2, 4, 8))
    if ref.row == 0 and ref.last_row in LAST_ROWS:
        return f"{prefix}{first_col}{column_name(ref.col)}:{last_col}{column_name(ref.last_col)}"
    if ref.col == 0 and ref.last_col in LAST_COLS:
        return f"{prefix}{first_row}{ref.row + 1}:{last_row}{ref.last_row + 1}"
    text = prefix + cell_text(ref.row, ref.col, ref.relative)
    if (ref.row, ref.col) == (ref.last_row, ref.last_col):
        return text
    return f"{text}:{cell_text(ref.last_row, ref.last_col, ref.relative >> 2)}"


def _constant_text(value: Num | Str | Bool | Err) -> str:
    if isinstance(value, Num):
        return number_text(value.value)
    if isinstance(value, Str):
        return quoted(value.value)
    return ("TRUE" if value.value else "FALSE") if isinstance(value, Bool) else value.code


def render(expr: Expr) -> str:
    """Write a formula in English A1 notation, without the equals sign."""
    pieces: list[str] = []
    _write(expr, pieces)
    return "".join(pieces)


def _write(expr: Expr, out: list[str]) -> None:
    if isinstance(expr, Binary):
        _write_binary(expr, out)
    elif isinstance(expr, Call):
        out.append(f"{expr.name}(")
        _write_arguments(expr.args, out)
        out.append(expr.close_gap + ")")
    elif isinstance(expr, UserCall):
        _write(expr.target, out)
        out.append("(")
        _write_arguments(expr.args, out)
        out.append(")")
    elif isinstance(expr, Paren):
        out.append(expr.open_gap + "(")
        _write(expr.inner, out)
        out.append(expr.close_gap + ")")
    elif isinstance(expr, Unary):
        out.append(expr.op)
        _write(expr.operand, out)
    elif isinstance(expr, Percent):
        _write(expr.operand, out)
        out.append("%")
    elif isinstance(expr, Gap):
        out.append(expr.blanks)
        _write(expr.inner, out)
    else:
        out.append(_leaf_text(expr))


def _leaf_text(expr: Expr) -> str:
    if isinstance(expr, Ref):
        return _ref_text(expr)
    if isinstance(expr, Name):
        return sheet_prefix(expr.sheet) + expr.name
    if isinstance(expr, Array):
        return "{" + ";".join(",".join(map(_constant_text, row)) for row in expr.rows) + "}"
    return _constant_text(expr) if isinstance(expr, Num | Str | Bool | Err) else ""


def _write_binary(expr: Binary, out: list[str]) -> None:
    """Write a chain of operators without recursing down its left side: concatenations are thousands long."""
    spine: list[Binary] = []
    node: Expr = expr
    while isinstance(node, Binary):
        spine.append(node)
        node = node.left
    _write(node, out)
    for link in reversed(spine):
        out.append(link.gap + link.op)
        _write(link.right, out)


def _write_arguments(args: tuple[Expr, ...], out: list[str]) -> None:
    for position, arg in enumerate(args):
        if position:
            out.append(",")
        _write(arg, out)


def bare(expr: Expr) -> Expr:
    """Strip the blanks and parentheses around an expression."""
    while isinstance(expr, Gap | Paren):
        expr = expr.inner
    return expr


def children(expr: Expr) -> tuple[Expr, ...]:
    """Give the expressions directly inside one."""
    if isinstance(expr, Call):
        return expr.args
    if isinstance(expr, UserCall):
        return (expr.target, *expr.args)
    if isinstance(expr, Binary):
        return (expr.left, expr.right)
    if isinstance(expr, Unary | Percent):
        return (expr.operand,)
    return (expr.inner,) if isinstance(expr, Paren | Gap) else ()


def shift(expr: Expr, rows: int, cols: int) -> Expr:
    """Move the relative references of a formula, as copying it to another cell would."""
    if isinstance(expr, Ref):
        bits = expr.relative
        row, last_row = (at + rows * (bits >> bit & 1) for at, bit in ((expr.row, 0), (expr.last_row, 2)))
        col, last_col = (at + cols * (bits >> bit & 1) for at, bit in ((expr.col, 1), (expr.last_col, 3)))
        if min(row, last_row, col, last_col) < 0:
            return Err("#REF!")
        return Ref(expr.sheet, row, col, last_row, last_col, bits)
    if isinstance(expr, Call):
        return Call(expr.name, tuple(shift(arg, rows, cols) for arg in expr.args), expr.close_gap)
    if isinstance(expr, UserCall):
        return UserCall(shift(expr.target, rows, cols), tuple(shift(arg, rows, cols) for arg in expr.args))
    if isinstance(expr, Binary):
        return _shift_binary(expr, rows, cols)
    if isinstance(expr, Unary):
        return Unary(expr.op, shift(expr.operand, rows, cols))
    if isinstance(expr, Percent):
        return Percent(shift(expr.operand, rows, cols))
    if isinstance(expr, Paren):
        return Paren(shift(expr.inner, rows, cols), expr.open_gap, expr.close_gap)
    return Gap(expr.blanks, shift(expr.inner, rows, cols)) if isinstance(expr, Gap) else expr


def _shift_binary(expr: Binary, rows: int, cols: int) -> Expr:
    spine: list[Binary] = []
    node: Expr = expr
    while isinstance(node, Binary):
        spine.append(node)
        node = node.left
    node = shift(node, rows, cols)
    for link in reversed(spine):
        node = Binary(link.op, node, shift(link.right, rows, cols), link.gap)
    return node
