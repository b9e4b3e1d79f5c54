"""Formulas written as text, in A1 or R1C1 notation, read into the same tree as binary ones."""

from __future__ import annotations

import re
from typing import TypeAlias

from sekisho.analyzers._xlm_ast import (
    DEPTH,
    LAST_COLS,
    LAST_ROWS,
    Array,
    Binary,
    Bool,
    Call,
    Err,
    Expr,
    Missing,
    Name,
    Num,
    Paren,
    Percent,
    Ref,
    Str,
    Unary,
    UserCall,
)
from sekisho.analyzers._xlm_ftab import NAMES
from sekisho.model.errors import MalformedError

FORMULA_CHARS = 32_767
"""Longest text read. Source: Excel specifications and limits: 8,192 characters of formula, 32,767 of cell."""
Corner: TypeAlias = tuple[int, int, int]
"""Row, column, and bits: 1 the row is relative, 2 the column."""
MAX_ROW, MAX_COL = max(LAST_ROWS), max(LAST_COLS)

_R1C1_CELL = r"R(?:\[-?\d{1,7}\]|\d{1,7})?C(?:\[-?\d{1,7}\]|\d{1,7})?"
_A1_CELL = r"\$?[A-Za-z]{1,3}\$?\d{1,7}"
_TOKEN = re.compile(
    rf"""(?P<blank>[ \t\r\n]+)
    |"(?P<string>(?:[^"]|"")*)"
    |(?P<sheet>'(?:[^']|'')*'!|(?:\[[^\]\[\r\n"']{{1,255}}\])?[^\W\d][\w.\[\]:?]*!|!)
    |(?P<r1c1>(?i:{_R1C1_CELL}(?::{_R1C1_CELL})?))(?![\w.\[])
    |(?P<a1>{_A1_CELL}(?::{_A1_CELL})?)(?![\w.(])
    |(?P<cols>\$?[A-Za-z]{{1,3}}:\$?[A-Za-z]{{1,3}})(?![\w.(])
    |(?P<rows>\$?\d{{1,7}}:\$?\d{{1,7}})(?![\w.(])
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?)
    |(?P<error>\#(?:NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A|GETTING_DATA))
    |(?P<name>(?:[^\W\d]|[\\])[\w.\\?]*)
    |(?P<op><=|>=|<>|[-+*/^&<=>%:,;(){{}}@])""",
    re.VERBOSE | re.IGNORECASE,
)
_LEVELS = {
    "=": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "<>": 1,
    "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5, ":": 8,
}  # fmt: skip
_CORNER_A1 = re.compile(r"(\$?)([A-Za-z]*)(\$?)(\d*)")
_CORNER_R1C1 = re.compile(r"R(\[-?\d+\]|\d*)C(\[-?\d+\]|\d*)", re.IGNORECASE)


def parse_formula(text: str, base: tuple[int, int] = (0, 0), *, r1c1: bool = False) -> Expr:
    """Read a formula without its equals sign; ``base`` is the cell that relative R1C1 references count from.

    A reference of the other notation is read too, where the wanted one has no meaning for it: malicious macros write
    both, whatever the notation of the sheet.

    Raises:
        MalformedError: it is no formula; ``at`` counts characters.

    Source: [MS-XLS] 2.2.2 formulas, grammar; XLM function reference, FORMULA.
    """
    if len(text) > FORMULA_CHARS:
        raise MalformedError("formula text too long", FORMULA_CHARS)
    return _Parser(text, base, r1c1).whole()


def parse_reference(text: str, base: tuple[int, int] = (0, 0), *, r1c1: bool = False) -> Ref | None:
    """Read a text that is a reference and nothing else, as INDIRECT and GOTO take it; None when it is none."""
    try:
        expr = parse_formula(text.strip().removeprefix("="), base, r1c1=r1c1)
    except MalformedError:
        return None
    return expr if isinstance(expr, Ref) else None


def _column(letters: str) -> int:
    col = 0
    for letter in letters.upper():
        col = col * 26 + ord(letter) - 64
    return col - 1


class _Parser:
    """A token at a time, operators by precedence."""

    def __init__(self, text: str, base: tuple[int, int], r1c1: bool) -> None:
        self.text, self.base, self.r1c1 = text, base, r1c1
        self.at = 0
        self.kind = self.token = ""
        self.spaced = False
        """Blanks stood before the token: between two references they mean intersection."""
        self.depth = 0
        self.advance()

    def advance(self) -> None:
        self.spaced = False
        while True:
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                if self.at < len(self.text):
                    raise MalformedError("formula text not understood", self.at)
                self.kind = self.token = ""
                return
            self.at = match.end()
            self.kind = match.lastgroup or ""
            self.token = match.group(self.kind)
            if self.kind != "blank":
                return
            self.spaced = True

    def expect(self, op: str) -> None:
        if self.kind != "op" or self.token != op:
            raise MalformedError(f"formula text: {op} expected", self.at)
        self.advance()

    def is_op(self, op: str) -> bool:
        return self.kind == "op" and self.token == op

    def whole(self) -> Expr:
        expr = self.expression(1)
        if self.kind:
            raise MalformedError("formula text goes on after its end", self.at)
        return expr

    def expression(self, level: int) -> Expr:
        self.depth += 1
        if self.depth > DEPTH:
            raise MalformedError("formula nests too deep", self.at)
        left = self.percents(self.prefixed())
        while True:
            if self.kind == "op":
                op = self.token
                power = _LEVELS.get(op, 0)
            elif self.spaced and self.kind in ("sheet", "r1c1", "a1", "cols", "rows", "name"):
                op, power = " ", 7
            else:
                power = 0
            if power < level:
                break
            if op != " ":
                self.advance()
            left = Binary(op, left, self.expression(power + 1))
        self.depth -= 1
        return left

    def percents(self, operand: Expr) -> Expr:
        for _ in range(DEPTH):
            if not self.is_op("%"):
                break
            operand = Percent(operand)
            self.advance()
        return operand

    def prefixed(self) -> Expr:
        """A sign binds tighter than any binary operator but the reference ones."""
        signs = []
        while self.kind == "op" and self.token in "+-@":
            signs.append(self.token)
            self.advance()
        if len(signs) > DEPTH:
            raise MalformedError("formula nests too deep", self.at)
        operand = self.primary()
        if signs:
            while self.is_op(":"):
                self.advance()
                operand = Binary(":", operand, self.primary())
        for sign in reversed(signs):
            operand = Unary(sign, operand)
        return operand

    def primary(self) -> Expr:
        kind, token = self.kind, self.token
        if kind == "op" and token in "({":
            return self.parenthesis() if token == "(" else self.array()
        if kind == "name":
            return self.named("")
        if kind == "sheet":
            return self.on_sheet()
        if kind in ("r1c1", "a1", "cols", "rows"):
            return self.called(self.reference(""))
        if kind == "" or kind == "op":
            raise MalformedError("formula text: operand expected", self.at)
        self.advance()
        if kind == "string":
            return Str(token.replace('""', '"'))
        if kind == "number":
            return Num(float(token))
        return Err(token.upper())

    def parenthesis(self) -> Expr:
        self.advance()
        inner = self.expression(1)
        while self.is_op(","):
            self.advance()
            inner = Binary(",", inner, self.expression(1))
        self.expect(")")
        return self.called(Paren(inner))

    def on_sheet(self) -> Expr:
        sheet = self.token[:-1]
        if sheet.startswith("'"):
            sheet = sheet[1:-1].replace("''", "'")
        sheet = sheet.rpartition("]")[2] or sheet
        self.advance()
        if self.kind == "name":
            return self.named(sheet)
        if self.kind == "error":
            self.advance()
            return Name("#REF!", sheet)
        return self.called(self.reference(sheet))

    def named(self, sheet: str) -> Expr:
        token = self.token
        self.advance()
        upper = token.upper().removeprefix("_XLFN.").removeprefix("_XLWS.").removeprefix("_XLUDF.")
        if self.is_op("(") and not self.spaced:
            if upper in NAMES and not sheet:
                return self.called(Call(upper, self.arguments()))
            cell = re.fullmatch(_A1_CELL, token)  # LOG10( is a function, C1( a macro that starts there
            return self.called(_reference("a1", sheet, token, (_a1_corner(token),) * 2) if cell else Name(token, sheet))
        if upper in ("TRUE", "FALSE") and not sheet:
            return Bool(upper == "TRUE")
        return Name(token, sheet)

    def called(self, expr: Expr) -> Expr:
        """Read the argument lists that follow a macro's name or cell."""
        rounds = 0
        while self.is_op("(") and not self.spaced and isinstance(expr, Name | Ref | UserCall):
            expr = UserCall(expr, self.arguments())
            rounds += 1
            if rounds > 4:
                raise MalformedError("formula nests too deep", self.at)
        return expr

    def arguments(self) -> tuple[Expr, ...]:
        self.advance()
        args: list[Expr] = []
        if self.is_op(")"):
            self.advance()
            return ()
        while True:
            empty = self.is_op(",") or self.is_op(";") or self.is_op(")")
            args.append(Missing() if empty else self.expression(1))
            if self.is_op(")"):
                self.advance()
                return tuple(args)
            if not (self.is_op(",") or self.is_op(";")):
                raise MalformedError("formula text: , or ) expected", self.at)
            self.advance()

    def array(self) -> Expr:
        self.advance()
        rows: list[list[Num | Str | Bool | Err]] = [[]]
        while True:
            rows[-1].append(self.constant())
            if self.is_op("}"):
                self.advance()
                return Array(tuple(tuple(row) for row in rows))
            if self.is_op(";"):
                rows.append([])
            elif not self.is_op(","):
                raise MalformedError("formula text: } expected", self.at)
            self.advance()

    def constant(self) -> Num | Str | Bool | Err:
        negative = self.is_op("-")
        if negative:
            self.advance()
        value = self.primary()
        if isinstance(value, Num):
            return Num(-value.value) if negative else value
        if isinstance(value, Str | Bool | Err):
            return value
        raise MalformedError("formula text: constant expected", self.at)

    def reference(self, sheet: str) -> Ref | Name:
        kind, token = self.kind, self.token
        if kind == "r1c1" and not self.r1c1 and re.fullmatch(_A1_CELL, token):
            kind = "a1"  # RC1 is column RC, row 1
        if kind == "a1" and self.r1c1 and re.fullmatch(_R1C1_CELL, token, re.IGNORECASE):
            kind = "r1c1"
        if kind not in ("r1c1", "a1", "cols", "rows"):
            raise MalformedError("formula text: reference expected", self.at)
        self.advance()
        first, _, last = token.partition(":")
        read = self.r1c1_corner if kind == "r1c1" else _a1_corner
        return _reference(kind, sheet, token, (read(first), read(last or first)))

    def r1c1_corner(self, text: str) -> Corner:
        match = _CORNER_R1C1.fullmatch(text)
        if match is None:
            raise MalformedError("formula text: reference expected", self.at)
        places, bits = [], 0
        for part, origin, last, bit in zip(match.groups(), self.base, (MAX_ROW, MAX_COL), (1, 2), strict=True):
            if part.isdigit():
                places.append(max(int(part) - 1, 0))
            else:
                places.append((origin + int(part.strip("[]") or "0")) % (last + 1))
                bits |= bit
        return places[0], places[1], bits


def _reference(kind: str, sheet: str, token: str, corners: tuple[Corner, Corner]) -> Ref | Name:
    """Make a reference of its corners, or a name where they are beyond any sheet."""
    (row, col, first_bits), (last_row, last_col, last_bits) = corners
    if max(row, last_row) > MAX_ROW or max(col, last_col) > MAX_COL:
        return Name(token, sheet)
    if kind == "cols":
        row, last_row = 0, MAX_ROW
    elif kind == "rows":
        col, last_col = 0, MAX_COL
    bits = first_bits | last_bits << 2
    return Ref(sheet, min(row, last_row), min(col, last_col), max(row, last_row), max(col, last_col), bits)


def _a1_corner(text: str) -> Corner:
    match = _CORNER_A1.fullmatch(text)
    if match is None:
        return 0, 0, 3
    col_dollar, letters, row_dollar, digits = match.groups()
    if not letters:  # a row of 1:3 has its dollar first
        col_dollar, row_dollar = "", col_dollar
    bits = (0 if row_dollar else 1) | (0 if col_dollar else 2)
    return max(int(digits or "1") - 1, 0), max(_column(letters or "A"), 0), bits
