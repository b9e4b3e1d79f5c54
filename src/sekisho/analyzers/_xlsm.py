"""Macro sheets of .xlsm and .xltm files: Open XML workbooks whose formulas are text."""

from __future__ import annotations

from dataclasses import dataclass, field

from sekisho.analyzers._office_zip import Attributes, Parts, read_xml
from sekisho.analyzers._xlm_ast import Err, Expr, shift
from sekisho.analyzers._xlm_book import (
    CHART,
    MACRO,
    MAX_CELLS,
    MODULE,
    WORKSHEET,
    Book,
    Cell,
    DefinedName,
    Place,
    Scalar,
    Sheet,
    auto_rank,
)
from sekisho.analyzers._xlm_formula import parse_formula, parse_reference
from sekisho.model.errors import LimitError, MalformedError, SekishoError

KINDS = {
    "xlMacrosheet": MACRO,
    "xlIntlMacrosheet": MACRO,
    "worksheet": WORKSHEET,
    "chartsheet": CHART,
    "dialogsheet": MODULE,
}
"""Sheet kinds by the last word of their relationship type. Source: [MS-XLSX] 2.1.15, [ECMA-376] part 1, 12.3."""
STATES = {"hidden": "hidden", "veryhidden": "very_hidden"}


def read_workbook(parts: Parts, path: str) -> Book | None:
    """Read the sheets of a workbook that has macro sheets; None when it has none.

    Raises:
        MalformedError: the workbook part is missing or no XML; what sheets lack is in ``problems``.

    Source: [ECMA-376] part 1, 18.2 and 18.3; [MS-XLSX] 2.1.15 macro sheets.
    """
    relations = parts.relations(path)
    if not any(KINDS.get(kind) == MACRO for _, kind in relations.values()):
        return None
    book, workbook = Book(), _Workbook()
    read_xml(parts.read(path), workbook.start, workbook.text, workbook.end)
    targets: list[str] = []
    for name, state, identifier in workbook.sheets:
        target, kind = relations.get(identifier, ("", ""))
        book.sheets.append(Sheet(name, KINDS.get(kind, WORKSHEET), STATES.get(state.lower(), "visible")))
        targets.append(target)
    for name, scope, hidden, text in workbook.names:
        owner = book.sheets[scope].name if 0 <= scope < len(book.sheets) else ""
        book.names.append(DefinedName(name, _formula(name, text, book), owner, hidden))
    strings = _shared_strings(parts, relations, book)
    for sheet, target in sorted(zip(book.sheets, targets, strict=True), key=lambda pair: pair[0].kind != MACRO):
        if sheet.kind in (MACRO, WORKSHEET) and target:
            reader = _SheetReader(sheet, book, strings)
            try:
                read_xml(parts.read(target), reader.start, reader.text, reader.end)
            except SekishoError as problem:
                book.problems.append(problem)
    return book


def _formula(name: str, text: str, book: Book) -> Expr | None:
    """Read what a name stands for; only a name that starts by itself is missed when it cannot be read."""
    try:
        return parse_formula(text.strip().removeprefix("="))
    except MalformedError as problem:
        if auto_rank(name) is not None:
            book.problems.append(problem)
        return None


@dataclass(slots=True)
class _Workbook:
    """The workbook part: sheets and names, in order."""

    sheets: list[tuple[str, str, str]] = field(default_factory=list)
    names: list[tuple[str, int, bool, str]] = field(default_factory=list)
    name: Attributes | None = None
    pieces: list[str] = field(default_factory=list)

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "sheet":
            self.sheets.append((attributes.get("name", ""), attributes.get("state", ""), attributes.get("id", "")))
        elif tag == "definedName":
            self.name, self.pieces = attributes, []

    def text(self, text: str) -> None:
        if self.name is not None:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        if tag == "definedName" and self.name is not None:
            scope = self.name.get("localSheetId", "")
            name = self.name.get("name", "").removeprefix("_xlnm.")
            self.names.append(
                (
                    name,
                    int(scope) if scope.isascii() and scope.isdigit() and len(scope) < 6 else -1,
                    self.name.get("hidden", "") in ("1", "true"),
                    "".join(self.pieces),
                )
            )
            self.name = None


def _shared_strings(parts: Parts, relations: dict[str, tuple[str, str]], book: Book) -> list[str]:
    path = next((target for target, kind in relations.values() if kind == "sharedStrings"), "")
    strings: list[str] = []
    pieces: list[str] = []
    inside = [False, False]
    """Whether we are in a <t>, and in phonetic text that is not shown."""

    def start(tag: str, _: Attributes) -> None:
        if tag == "si":
            pieces.clear()
        inside[0] = tag == "t"
        inside[1] = inside[1] or tag == "rPh"

    def text(piece: str) -> None:
        if inside[0] and not inside[1]:
            pieces.append(piece)

    def end(tag: str) -> None:
        inside[0] = False
        if tag == "si":
            strings.append("".join(pieces))
        elif tag == "rPh":
            inside[1] = False

    if path:
        try:
            read_xml(parts.read(path), start, text, end)
        except SekishoError as problem:
            book.problems.append(problem)
    return strings


class _SheetReader:
    """The cells of one sheet part."""

    def __init__(self, sheet: Sheet, book: Book, strings: list[str]) -> None:
        self.sheet, self.book, self.strings = sheet, book, strings
        self.cell: Attributes | None = None
        self.formula: Attributes | None = None
        self.into: list[str] | None = None
        self.formula_text: list[str] = []
        self.value_text: list[str] = []
        self.shared: dict[str, tuple[Place, str]] = {}
        self.row, self.col = 0, -1

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag == "row":
            number = attributes.get("r", "")
            self.row = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 8 else self.row + 1
            self.col = -1
        elif tag == "c":
            self.cell, self.formula, self.formula_text, self.value_text = attributes, None, [], []
        elif tag == "f":
            self.formula, self.into = attributes, self.formula_text
        elif tag in ("v", "t"):
            self.into = self.value_text

    def text(self, text: str) -> None:
        if self.into is not None:
            self.into.append(text)

    def end(self, tag: str) -> None:
        if tag in ("f", "v", "t"):
            self.into = None
        elif tag == "c" and self.cell is not None:
            self.finish(self.cell)
            self.cell = None

    def finish(self, attributes: Attributes) -> None:
        if len(self.sheet.cells) >= MAX_CELLS:
            raise LimitError("artifacts", MAX_CELLS)
        ref = parse_reference(attributes.get("r", ""))
        place = (ref.row, ref.col) if ref is not None else (self.row, self.col + 1)
        self.col = place[1]
        value = self.value("".join(self.value_text), attributes.get("t", "n"))
        expr, broken = self.expression(place)
        if value is not None or expr is not None or broken:
            self.sheet.cells[place] = Cell(value, expr, broken)

    def expression(self, place: Place) -> tuple[Expr | None, str]:
        if self.formula is None:
            return None, ""
        text = "".join(self.formula_text)
        if self.formula.get("t") == "shared":
            index = self.formula.get("si", "")
            if text:
                self.shared[index] = (place, text)
            elif index in self.shared:
                origin, text = self.shared[index]
                return _moved(text, origin, place)
        if not text.strip():
            return None, ""
        try:
            return parse_formula(text.strip().removeprefix("="), place), ""
        except MalformedError as problem:
            if self.sheet.kind == MACRO:  # worksheets hold what we do not read, such as table references
                self.book.problems.append(problem)
            return None, f"{problem}: {text[:1_000]}"

    def value(self, text: str, kind: str) -> Scalar | None:
        if kind == "s":
            return self.strings[int(text)] if text.isascii() and text.isdigit() and self.has(text) else ""
        if kind in ("str", "inlineStr"):
            return text
        if kind == "b":
            return text.strip() in ("1", "true")
        if kind == "e":
            return Err(text)
        try:
            return float(text) if text else None
        except ValueError:
            return text

    def has(self, number: str) -> bool:
        return len(number) < 9 and int(number) < len(self.strings)


def _moved(text: str, origin: Place, place: Place) -> tuple[Expr | None, str]:
    """Read a shared formula as it stands in another cell: its relative references move along."""
    try:
        expr = parse_formula(text.strip().removeprefix("="), origin)
    except MalformedError as problem:
        return None, str(problem)
    return shift(expr, place[0] - origin[0], place[1] - origin[1]), ""
