"""Formula tokens of the three binary workbook formats, read into one tree.

The formats share the tokens and differ in the width of rows, columns and indices: a :class:`Dialect` holds that.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._xlm_ast import (
    DEPTH,
    ERRORS,
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
)
from sekisho.analyzers._xlm_ftab import COMMANDS, FUNCTIONS, USER_FUNCTION
from sekisho.model.errors import MalformedError

BINARY = ("+", "-", "*", "/", "^", "&", "<", "<=", "=", ">=", ">", "<>", " ", ",", ":")
"""Operators of tokens 0x03 to 0x11."""
ARRAY_CELLS = 65_536
"""Largest constant array read."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the formats, in bytes."""

    name: str
    row_bytes: int
    rows: int
    """Rows of a sheet: relative offsets wrap there."""
    cols: int
    name_tail: int
    """Unused bytes after a name's index."""


BIFF5 = Dialect("biff5", 2, 16_384, 256, 12)
BIFF8 = Dialect("biff8", 2, 65_536, 256, 2)
BIFF12 = Dialect("biff12", 4, 1_048_576, 16_384, 0)


@dataclass(frozen=True, slots=True)
class Shared:
    """Stands for a formula kept once for several cells; ``row`` and ``col`` are those of its first cell."""

    row: int
    col: int


@dataclass(frozen=True, slots=True)
class Links:
    """What the numbers in tokens mean in one workbook."""

    dialect: Dialect
    names: Sequence[str]
    """Defined names; tokens count them from 1."""
    sheet: Callable[[int, int, int], str]
    """Sheet or ``first:last`` of an extern index and, in BIFF5, a first and last sheet."""
    extern_name: Callable[[int, int], Name]
    """Name of an extern index and a name number from 1."""
    decode: Callable[[bytes], str]
    """Text of a BIFF5 byte string."""


def parse(tokens: bytes, extra: bytes, links: Links, base: tuple[int, int] = (0, 0)) -> Expr | Shared:
    """Read a formula; ``extra`` is what follows the tokens, ``base`` the cell that relative offsets count from.

    Raises:
        MalformedError: the tokens do not follow the format, or nest deeper than Excel allows.

    Source: [MS-XLS] 2.5.198.25 to 2.5.198.103 and [MS-XLSB] 2.5.97 (Ptg); Excel 5.0 as in OpenOffice.org's
    documentation of the Excel file format, section 3.
    """
    reader = _Reader(tokens, extra, links, base)
    if tokens[:1] in (b"\x01", b"\x02"):
        return reader.shared()
    while reader.tokens.left:
        reader.step()
    return reader.result()


class _Reader:
    """A stack of operands, each with its depth, and the two cursors."""

    def __init__(self, tokens: bytes, extra: bytes, links: Links, base: tuple[int, int]) -> None:
        self.tokens, self.extra = Cursor(tokens), Cursor(extra)
        self.links, self.dialect, self.base = links, links.dialect, base
        self.stack: list[tuple[Expr, int]] = []
        self.gap = self.open_gap = self.close_gap = ""

    def result(self) -> Expr:
        if not self.stack:
            raise MalformedError("formula without an operand")
        return self.stack[-1][0]

    def shared(self) -> Shared:
        cursor = self.tokens
        cursor.take(1)
        row = cursor.uint(self.dialect.row_bytes, "shared formula")
        wide = self.dialect is BIFF12
        return Shared(row, self.extra.uint(4, "shared formula") if wide else cursor.uint(2, "shared formula"))

    def push(self, expr: Expr, depth: int = 1) -> None:
        if depth > DEPTH:
            raise MalformedError("formula nests too deep", self.tokens.at)
        if self.gap:
            expr, self.gap = Gap(self.gap, expr), ""
        self.stack.append((expr, depth))

    def pop(self) -> tuple[Expr, int]:
        if not self.stack:
            raise MalformedError("formula operator without operands", self.tokens.at)
        return self.stack.pop()

    def pop_many(self, count: int) -> tuple[tuple[Expr, ...], int]:
        if count > len(self.stack):
            raise MalformedError("formula function without its arguments", self.tokens.at)
        if count == 0:
            return (), 1
        taken = self.stack[-count:]
        del self.stack[-count:]
        return tuple(expr for expr, _ in taken), max(depth for _, depth in taken) + 1

    def step(self) -> None:
        """Read one token."""
        at = self.tokens.at
        token = self.tokens.uint(1)
        if 0x03 <= token <= 0x11:
            self.binary(BINARY[token - 3])
        elif token & 0x60:
            handler = _CLASSED.get((token & 0x1F) | 0x20)
            if handler is None or token & 0x80:
                raise MalformedError(f"unknown formula token 0x{token:02x}", at)
            handler(self)
        else:
            plain = _PLAIN.get(token)
            if plain is None:
                raise MalformedError(f"unknown formula token 0x{token:02x}", at)
            plain(self)

    def binary(self, op: str) -> None:
        (right, right_depth), (left, left_depth) = self.pop(), self.pop()
        gap, self.gap = self.gap, ""
        # a chain a&b&c&… leans left and is walked without recursion: only its right operands make it deeper
        depth = max(left_depth if isinstance(left, Binary) else left_depth + 1, right_depth + 1)
        self.push(Binary(op, left, right, gap), depth)

    def unary(self, op: str) -> None:
        operand, depth = self.pop()
        self.push(Unary(op, operand), depth + 1)

    def percent(self) -> None:
        operand, depth = self.pop()
        self.gap = ""
        self.push(Percent(operand), depth + 1)

    def paren(self) -> None:
        inner, depth = self.pop()
        expr = Paren(inner, self.open_gap, self.close_gap)
        self.open_gap = self.close_gap = ""
        self.push(expr, depth + 1)

    def string(self) -> None:
        cursor = self.tokens
        if self.dialect is BIFF5:
            text = self.links.decode(cursor.take(cursor.uint(1), "string"))
        elif self.dialect is BIFF12:
            text = cursor.take(cursor.uint(2) * 2, "string").decode("utf-16-le", "replace")
        else:
            count, wide = cursor.uint(1), cursor.uint(1) & 1
            text = _characters(cursor, count, wide)
        self.push(Str(text))

    def extended(self) -> None:
        """Natural-language references of Excel 97 and list references: a place, or a column label nothing uses."""
        kind = self.tokens.uint(1)
        if kind == 0x19:  # PtgList
            self.tokens.take(12)
        elif kind in (0x01, 0x02, 0x03, 0x06, 0x07, 0x0A, 0x0B, 0x0D, 0x0E, 0x0F, 0x10, 0x1D):
            self.tokens.take(4)
        else:
            raise MalformedError(f"unknown formula token 0x18{kind:02x}", self.tokens.at)
        self.push(Err("#REF!"))

    def attribute(self) -> None:
        kind, value = self.tokens.uint(1), self.tokens.uint(2)
        if kind & 0x04:  # CHOOSE: a jump table
            self.tokens.take((value + 1) * 2)
        elif kind & 0x10:
            args, depth = self.pop_many(1)
            self.push(Call("SUM", args), depth)
        elif kind & 0x40:
            self.blanks(value & 0xFF, value >> 8)

    def blanks(self, kind: int, count: int) -> None:
        text = ("\r" if kind in (1, 3, 5) else " ") * count
        if kind in (2, 3):
            self.open_gap += text
        elif kind in (4, 5):
            self.close_gap += text
        else:
            self.gap += text

    def error(self) -> None:
        self.push(Err(ERRORS.get(self.tokens.uint(1), "#N/A")))

    def boolean(self) -> None:
        self.push(Bool(self.tokens.uint(1) != 0))

    def integer(self) -> None:
        self.push(Num(float(self.tokens.uint(2))))

    def number(self) -> None:
        self.push(Num(_double(self.tokens)))

    def missing(self) -> None:
        self.push(Missing())

    def array(self) -> None:
        self.tokens.take(14 if self.dialect is BIFF12 else 7)
        self.push(_array(self.extra, self.links))

    def function(self) -> None:
        number = self.tokens.uint(2)
        name, count = FUNCTIONS.get(number, ("", None))
        if count is None:
            raise MalformedError(f"function {number} has no fixed number of arguments", self.tokens.at)
        self.call(name, count)

    def variable_function(self) -> None:
        count, number = self.tokens.uint(1) & 0x7F, self.tokens.uint(2)
        if number & 0x8000:
            self.call(COMMANDS.get(number & 0x7FFF, f"COMMAND.{number & 0x7FFF}"), count)
        elif number == USER_FUNCTION:
            args, depth = self.pop_many(max(count, 1))
            self.push(UserCall(args[0], args[1:]), depth)
        else:
            self.call(FUNCTIONS.get(number, (f"FUNCTION.{number}", None))[0], count)

    def call(self, name: str, count: int) -> None:
        args, depth = self.pop_many(count)
        close, self.close_gap = self.close_gap, ""
        self.push(Call(name, args, close), depth)

    def name(self) -> None:
        number = self.tokens.uint(2 if self.dialect is not BIFF12 else 4)
        self.tokens.take(self.dialect.name_tail)
        names = self.links.names
        self.push(Name(names[number - 1] if 0 < number <= len(names) else f"#NAME{number}"))

    def extern_name(self) -> None:
        cursor = self.tokens
        if self.dialect is BIFF5:
            index = cursor.sint(2)
            cursor.take(8)
            number = cursor.uint(2)
            cursor.take(12)
        else:
            index, number = cursor.uint(2), cursor.uint(4)
        self.push(self.links.extern_name(index, number))

    def ref(self, sheet: str = "", *, offset: bool = False) -> None:
        row, col = self.row(), self.col()
        place, relative = self.corner(row, col, offset=offset)
        self.push(Ref(sheet, *place, *place, relative | relative << 2))

    def area(self, sheet: str = "", *, offset: bool = False) -> None:
        row, last_row, col, last_col = self.row(), self.row(), self.col(), self.col()
        first, first_bits = self.corner(row, col, offset=offset)
        last, last_bits = self.corner(last_row, last_col, offset=offset)
        self.push(Ref(sheet, *first, *last, first_bits | last_bits << 2))

    def row(self) -> int:
        return self.tokens.uint(self.dialect.row_bytes, "row")

    def col(self) -> int:
        return self.tokens.uint(1 if self.dialect is BIFF5 else 2, "column")

    def corner(self, row: int, col: int, *, offset: bool) -> tuple[tuple[int, int], int]:
        """Split the flags off a cell reference; in shared formulas and names relative parts are offsets."""
        flags = row if self.dialect is BIFF5 else col
        relative = (flags >> 15 & 1) | (flags >> 13 & 2)
        if self.dialect is BIFF5:
            row &= 0x3FFF
        else:
            col &= 0x3FFF
        if offset and relative & 1:
            row = (row + self.base[0]) % self.dialect.rows
        if offset and relative & 2:
            col = (col + self.base[1]) % self.dialect.cols
        return (row, col), relative

    def sheet_name(self) -> str:
        index = self.tokens.sint(2) if self.dialect is BIFF5 else self.tokens.uint(2)
        if self.dialect is not BIFF5:
            return self.links.sheet(index, 0, 0)
        self.tokens.take(8)
        return self.links.sheet(index, self.tokens.uint(2), self.tokens.uint(2))

    def lost(self, cells: int, *, extern: bool) -> None:
        """A reference whose cells were deleted."""
        sheet = self.sheet_name() if extern else ""
        wide = 1 if self.dialect is BIFF5 else 2
        self.tokens.take(cells * (self.dialect.row_bytes + wide))
        self.push(Err("#REF!") if not sheet else Name("#REF!", sheet))

    def skip(self, count: int) -> None:
        self.tokens.take(count)

    def memory_area(self) -> None:
        self.tokens.take(6)
        count = self.extra.uint(4 if self.dialect is BIFF12 else 2) if self.extra.left else 0
        size = {"biff5": 6, "biff8": 8, "biff12": 16}[self.dialect.name]
        self.extra.take(min(count * size, self.extra.left))


_PLAIN: dict[int, Callable[[_Reader], None]] = {
    0x12: lambda reader: reader.unary("+"),
    0x13: lambda reader: reader.unary("-"),
    0x14: _Reader.percent,
    0x15: _Reader.paren,
    0x16: _Reader.missing,
    0x17: _Reader.string,
    0x18: _Reader.extended,
    0x19: _Reader.attribute,
    0x1C: _Reader.error,
    0x1D: _Reader.boolean,
    0x1E: _Reader.integer,
    0x1F: _Reader.number,
}
_CLASSED: dict[int, Callable[[_Reader], None]] = {
    0x20: _Reader.array,
    0x21: _Reader.function,
    0x22: _Reader.variable_function,
    0x23: _Reader.name,
    0x24: _Reader.ref,
    0x25: _Reader.area,
    0x26: _Reader.memory_area,
    0x27: lambda reader: reader.skip(6),
    0x28: lambda reader: reader.skip(6),
    0x29: lambda reader: reader.skip(2),
    0x2A: lambda reader: reader.lost(1, extern=False),
    0x2B: lambda reader: reader.lost(2, extern=False),
    0x2C: lambda reader: reader.ref(offset=True),
    0x2D: lambda reader: reader.area(offset=True),
    0x2E: lambda reader: reader.skip(2),
    0x2F: lambda reader: reader.skip(2),
    0x39: _Reader.extern_name,
    0x3A: lambda reader: reader.ref(reader.sheet_name()),
    0x3B: lambda reader: reader.area(reader.sheet_name()),
    0x3C: lambda reader: reader.lost(1, extern=True),
    0x3D: lambda reader: reader.lost(2, extern=True),
}


def _double(cursor: Cursor) -> float:
    value: float = struct.unpack("<d", cursor.take(8, "number"))[0]
    return value


def _characters(cursor: Cursor, count: int, wide: int) -> str:
    return cursor.take(count * 2 if wide else count, "string").decode("utf-16-le" if wide else "latin-1", "replace")


def _array(extra: Cursor, links: Links) -> Array:
    """Read a constant array from what follows the tokens."""
    if links.dialect is BIFF12:
        cols, rows = extra.uint(4), extra.uint(4)
    else:
        cols, rows = extra.uint(1), extra.uint(2)
        cols, rows = (cols or 256, rows) if links.dialect is BIFF5 else (cols + 1, rows + 1)
    if cols * rows > min(ARRAY_CELLS, extra.left):
        raise MalformedError("constant array larger than its bytes", extra.at)
    read = _wide_constant if links.dialect is BIFF12 else _narrow_constant
    return Array(tuple(tuple(read(extra, links) for _ in range(cols)) for _ in range(rows)))


def _narrow_constant(extra: Cursor, links: Links) -> Num | Str | Bool | Err:
    kind = extra.uint(1)
    if kind == 2:
        if links.dialect is BIFF5:
            return Str(links.decode(extra.take(extra.uint(1), "array string")))
        return Str(_characters(extra, extra.uint(2), extra.uint(1) & 1))
    if kind == 1:
        return Num(_double(extra))
    code = extra.take(8, "array value")[0]
    if kind == 4:
        return Bool(code != 0)
    return Err(ERRORS.get(code, "#N/A")) if kind == 0x10 else Str("")


def _wide_constant(extra: Cursor, links: Links) -> Num | Str | Bool | Err:
    kind = extra.uint(1)
    if kind == 0:
        return Num(_double(extra))
    if kind == 1:
        return Str(_characters(extra, extra.uint(2), 1))
    if kind == 2:
        return Bool(extra.uint(1) != 0)
    return Err(ERRORS.get(extra.take(4, "array value")[0], "#N/A"))
