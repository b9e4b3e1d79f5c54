"""Symbolic link files (.slk): a sheet as lines of text, which Excel still runs as a macro sheet."""

from __future__ import annotations

import re

from sekisho.analyzers._xlm_ast import Err, Expr
from sekisho.analyzers._xlm_book import MACRO, MAX_CELLS, WORKSHEET, Book, Cell, DefinedName, Place, Scalar, Sheet
from sekisho.analyzers._xlm_formula import parse_formula
from sekisho.model.errors import LimitError, MalformedError

MAX_ROW, MAX_COL = 1_048_576, 16_384
_ESCAPE = re.compile(r"\x1b([\x20-\x2f])([\x30-\x3f])")


def read_sylk(data: bytes, name: str) -> Book:
    """Read a SYLK file as a workbook of one sheet, named like the file.

    Source: SYLK records ID, C, F, NN, NE, O, E as Excel writes them; Microsoft's SYLK notes (KB 319180).
    """
    book = Book()
    sheet = Sheet(name, WORKSHEET)
    book.sheets.append(sheet)
    reader = _Reader(book, sheet)
    for line in data.decode("cp1252", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line == "E":
            break
        try:
            reader.line(line)
        except MalformedError as problem:
            book.problems.append(problem)
        except LimitError as problem:
            book.problems.append(problem)
            break
    if book.auto_names() and sheet.kind == WORKSHEET:
        sheet.kind = MACRO  # Excel runs what an automatic name points at, whatever the options say
    return book


def fields(line: str) -> list[str]:
    """Split a record at single semicolons; doubled ones are text."""
    return [part.replace("\0", ";") for part in line.replace(";;", "\0").split(";")]


class _Reader:
    """One record a line; X and Y stay as they were until a record changes them."""

    def __init__(self, book: Book, sheet: Sheet) -> None:
        self.book, self.sheet = book, sheet
        self.row = self.col = 0

    def line(self, line: str) -> None:
        kind, *parts = fields(line)
        if kind == "C":
            self.cell(parts)
        elif kind == "F":
            self.move(parts)
        elif kind in ("NN", "NE"):
            self.name(parts)
        elif kind == "O" and "E" in parts:
            self.sheet.kind = MACRO

    def move(self, parts: list[str]) -> None:
        for part in parts:
            number = part[1:]
            if part[:1] in ("X", "Y") and number.isascii() and number.isdigit() and len(number) < 8:
                if part[0] == "X":
                    self.col = min(max(int(number) - 1, 0), MAX_COL - 1)
                else:
                    self.row = min(max(int(number) - 1, 0), MAX_ROW - 1)

    def cell(self, parts: list[str]) -> None:
        self.move(parts)
        if len(self.sheet.cells) >= MAX_CELLS:
            raise LimitError("artifacts", MAX_CELLS)
        place = (self.row, self.col)
        value: Scalar | None = None
        expr, broken = None, ""
        for part in parts:
            if part[:1] == "K":
                value = _value(part[1:])
            elif part[:1] == "E":
                expr, broken = self.formula(part[1:], place)
        if value is not None or expr is not None or broken:
            self.sheet.cells[place] = Cell(value, expr, broken)

    def formula(self, text: str, place: Place) -> tuple[Expr | None, str]:
        try:
            return parse_formula(_unescaped(text), place, r1c1=True), ""
        except MalformedError as problem:
            self.book.problems.append(problem)
            return None, f"{problem}: {text[:1_000]}"

    def name(self, parts: list[str]) -> None:
        name, expr = "", None
        for part in parts:
            if part[:1] == "N":
                name = part[1:]
            elif part[:1] == "E":
                expr, _ = self.formula(part[1:], (0, 0))
        self.book.names.append(DefinedName(name, expr))


def _unescaped(text: str) -> str:
    """Undo the escapes for characters that a line cannot hold: ESC, then two halves of a byte."""

    def byte(match: re.Match[str]) -> str:
        value = (ord(match.group(1)) & 0x0F) << 4 | (ord(match.group(2)) & 0x0F)
        return bytes([value]).decode("cp1252", "replace")

    return _ESCAPE.sub(byte, text)


def _value(text: str) -> Scalar:
    if text.startswith('"'):
        return _unescaped(text[1:].removesuffix('"')).replace('""', '"')
    if text in ("TRUE", "FALSE"):
        return text == "TRUE"
    if text.startswith("#"):
        return Err(text)
    try:
        return float(text)
    except ValueError:
        return _unescaped(text)
