"""Macro sheets of .xlsb files: Open XML containers whose parts are BIFF12 records."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from sekisho.analyzers._biff8 import TOKEN_BYTES, rk
from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._office_zip import Parts
from sekisho.analyzers._ptg import BIFF12, Links, Shared, parse
from sekisho.analyzers._xlm_ast import ERRORS, Err, Expr, Name
from sekisho.analyzers._xlm_book import (
    HIDDEN,
    MACRO,
    MAX_CELLS,
    WORKSHEET,
    Book,
    Cell,
    DefinedName,
    Place,
    Scalar,
    Sheet,
)
from sekisho.analyzers._xlsm import KINDS
from sekisho.model.errors import LimitError, MalformedError, SekishoError

ROW, BLANK, CELL_RK, CELL_ERROR, CELL_BOOL, CELL_REAL, CELL_ST, CELL_SST = range(8)
FMLA_STRING, FMLA_NUM, FMLA_BOOL, FMLA_ERROR = range(8, 12)
SST_ITEM, NAME, SHEET, EXTERN_SHEET = 19, 39, 156, 362
SUP_SELF, SUP_SAME, SUP_BOOK, SUP_ADD_IN = 357, 358, 355, 667
ARRAY, SHARED = 426, 427


@dataclass(slots=True)
class _Known:
    """What formulas of all sheets refer to."""

    book: Book
    names: list[str] = field(default_factory=list)
    own: list[bool] = field(default_factory=list)
    """For each supporting book, whether it is this one."""
    extern: list[tuple[int, int, int]] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    token_bytes: int = 0
    full: bool = False

    def links(self) -> Links:
        return Links(BIFF12, self.names, self.sheet, self.extern_name, lambda raw: raw.decode("latin-1"))

    def sheet(self, index: int, _first: int, _last: int) -> str:
        if not 0 <= index < len(self.extern):
            return "#REF"
        number, first, last = self.extern[index]
        if number < len(self.own) and not self.own[number]:
            return f"[{number}]Sheet{first + 1}"
        names = [sheet.name for sheet in self.book.sheets]
        if not 0 <= first < len(names):
            return "#REF"
        return names[first] if first == last or not first < last < len(names) else f"{names[first]}:{names[last]}"

    def extern_name(self, index: int, number: int) -> Name:
        name = self.names[number - 1] if 0 < number <= len(self.names) else f"#NAME{number}"
        if 0 <= index < len(self.extern):
            book, first, _ = self.extern[index]
            if book < len(self.own) and not self.own[book]:
                return Name(f"#NAME{number}", f"[{book}]")
            if 0 <= first < len(self.book.sheets):
                return Name(name, self.book.sheets[first].name)
        return Name(name)


def records(data: bytes) -> Iterator[tuple[int, Cursor]]:
    """Give the type and body of each record.

    Raises:
        MalformedError: a record is cut short.

    Source: [MS-XLSB] 2.1.4 Record.
    """
    cursor = Cursor(data)
    while cursor.left:
        kind = cursor.uint(1)
        if kind & 0x80:
            kind = (kind & 0x7F) | (cursor.uint(1) & 0x7F) << 7
        size = 0
        for shift in range(0, 28, 7):
            byte = cursor.uint(1)
            size |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        start = cursor.at
        cursor.take(size, "record")
        yield kind, Cursor(data, start, cursor.at)


def read_workbook(parts: Parts, path: str) -> Book | None:
    """Read the sheets of a workbook that has macro sheets; None when it has none.

    Raises:
        MalformedError: the workbook part is missing; what sheets lack is in ``problems``.

    Source: [MS-XLSB] 2.1.7 and 2.4; 2.4.303 BrtBundleSh, 2.4.711 BrtName, 2.4.641 BrtExternSheet.
    """
    relations = parts.relations(path)
    if not any(KINDS.get(kind) == MACRO for _, kind in relations.values()):
        return None
    book = Book()
    known = _Known(book)
    targets: list[str] = []
    pending: list[tuple[str, int, bool, bytes, bytes]] = []
    data = parts.read(path)
    try:
        for kind, body in records(data):
            if kind == SHEET:
                targets.append(_sheet(body, relations, book))
            elif kind == NAME:
                pending.append(_name(body))
                known.names.append(pending[-1][0])
            elif kind in (SUP_SELF, SUP_SAME, SUP_BOOK, SUP_ADD_IN):
                known.own.append(kind in (SUP_SELF, SUP_SAME))
            elif kind == EXTERN_SHEET:
                count = min(body.uint(4), body.left // 12)
                known.extern = [(body.uint(4), body.sint(4), body.sint(4)) for _ in range(count)]
    except MalformedError as problem:
        book.problems.append(problem)
    for name, scope, hidden, tokens, extra in pending:
        sheet = book.sheets[scope].name if 0 <= scope < len(book.sheets) else ""
        expr, _ = _expression(known, tokens, extra, (0, 0), {}) if tokens else (None, "")
        book.names.append(DefinedName(name, expr, sheet, hidden))
    _read_strings(parts, relations, known)
    for sheet_noun, target in sorted(zip(book.sheets, targets, strict=True), key=lambda pair: pair[0].kind != MACRO):
        if sheet_noun.kind in (MACRO, WORKSHEET) and target:
            try:
                _read_sheet(parts.read(target), sheet_noun, known)
            except SekishoError as problem:
                book.problems.append(problem)
    return book


def _wide(cursor: Cursor) -> str:
    """Read a string with a 32-bit length; all ones is none."""
    count = cursor.uint(4, "string")
    return "" if count == 0xFFFFFFFF else cursor.take(count * 2, "string").decode("utf-16-le", "replace")


def _sheet(body: Cursor, relations: dict[str, tuple[str, str]], book: Book) -> str:
    state = body.uint(4)
    body.uint(4)
    target, kind = relations.get(_wide(body), ("", ""))
    book.sheets.append(Sheet(_wide(body), KINDS.get(kind, WORKSHEET), HIDDEN[min(state & 3, 2)]))
    return target


def _name(body: Cursor) -> tuple[str, int, bool, bytes, bytes]:
    flags = body.uint(4)
    body.uint(1)
    scope = body.sint(4)
    name = _wide(body).removeprefix("_xlnm.")
    return name, scope, bool(flags & 1), *_tokens(body)


def _tokens(body: Cursor) -> tuple[bytes, bytes]:
    tokens = body.take(body.uint(4), "formula")
    return tokens, body.take(min(body.uint(4), body.left)) if body.left >= 4 else b""


def _read_strings(parts: Parts, relations: dict[str, tuple[str, str]], known: _Known) -> None:
    path = next((target for target, kind in relations.values() if kind == "sharedStrings"), "")
    if not path:
        return
    try:
        for kind, body in records(parts.read(path)):
            if kind == SST_ITEM:
                body.uint(1)
                known.strings.append(_wide(body))
    except SekishoError as problem:
        known.book.problems.append(problem)


def _read_sheet(data: bytes, sheet: Sheet, known: _Known) -> None:
    row = 0
    place: Place = (0, 0)
    waiting: dict[Place, tuple[Scalar | None, bytes, bytes]] = {}
    shared: dict[Place, tuple[bytes, bytes]] = {}
    try:
        for kind, body in records(data):
            if kind == ROW:
                row = body.uint(4)
            elif CELL_RK <= kind <= FMLA_ERROR:
                if len(sheet.cells) + len(waiting) >= MAX_CELLS:
                    raise LimitError("artifacts", MAX_CELLS)
                place = (row, body.uint(4))
                body.uint(4)
                value = _value(kind, body, known)
                if kind >= FMLA_STRING:
                    body.uint(2)
                    waiting[place] = (value, *_tokens(body))
                else:
                    sheet.cells[place] = Cell(value)
            elif kind in (SHARED, ARRAY):
                first_row, _, first_col, _ = (body.uint(4) for _ in range(4))
                if kind == ARRAY:
                    body.uint(1)
                shared[place] = shared[first_row, first_col] = _tokens(body)
    finally:
        for at, (cached, tokens, extra) in waiting.items():
            expr, broken = _expression(known, tokens, extra, at, shared, note=sheet.kind == MACRO)
            sheet.cells[at] = Cell(cached, expr, broken)


def _value(kind: int, body: Cursor, known: _Known) -> Scalar:
    if kind == CELL_RK:
        return rk(body.uint(4))
    if kind in (CELL_ERROR, FMLA_ERROR):
        return Err(ERRORS.get(body.uint(1), "#N/A"))
    if kind in (CELL_BOOL, FMLA_BOOL):
        return body.uint(1) != 0
    if kind in (CELL_REAL, FMLA_NUM):
        value: float = struct.unpack("<d", body.take(8))[0]
        return value
    if kind == CELL_SST:
        index = body.uint(4)
        return known.strings[index] if index < len(known.strings) else ""
    return _wide(body)


def _expression(
    known: _Known,
    tokens: bytes,
    extra: bytes,
    at: Place,
    shared: dict[Place, tuple[bytes, bytes]],
    *,
    note: bool = True,
) -> tuple[Expr | None, str]:
    """Read a formula of a cell or name; a text that says why when it cannot be."""
    known.token_bytes += len(tokens)
    try:
        if known.token_bytes > TOKEN_BYTES:
            raise LimitError("steps", TOKEN_BYTES)
        expr = parse(tokens, extra, known.links(), at)
        if isinstance(expr, Shared):
            tokens, extra = shared.get((expr.row, expr.col), (b"", b""))
            known.token_bytes += len(tokens)
            expr = parse(tokens, extra, known.links(), at)
    except SekishoError as problem:
        if not known.full and (note or isinstance(problem, LimitError)):
            known.book.problems.append(problem)
        known.full = known.full or isinstance(problem, LimitError)
        return None, str(problem)
    return (None, "") if isinstance(expr, Shared) else (expr, "")
