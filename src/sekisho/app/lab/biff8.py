"""BIFF8 writer: worksheets and Excel 4 macro sheets in, the ``Workbook`` stream of an .xls out."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sekisho.app.lab.cfb import write_compound
from sekisho.app.lab.ptg import Class, cell_position, compile_formula

EXCEL_CLSID = UUID("00020820-0000-0000-c000-000000000046").bytes_le
MAX_RECORD = 8224  # bytes of one record's data; more goes into CONTINUE
GLOBALS, WORKSHEET, MACRO_SHEET = 0x0005, 0x0010, 0x0040
STATES = {"visible": 0, "hidden": 1, "very_hidden": 2}
BUILT_IN = {"Auto_Open": 1, "Auto_Close": 2}
FIRST_CELL_XF = 15  # the fifteen before it are styles


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula and the result that was cached when the file was saved."""

    text: str
    """As typed, with its leading ``=``."""
    result: float | str | bool = 0.0


Cell = str | float | bool | Formula


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet and its cells."""

    name: str
    cells: Mapping[str, Cell]
    """By A1 reference; a string that starts with ``=`` is a formula."""
    macro: bool = False
    """An Excel 4 macro sheet instead of a worksheet."""
    state: str = "visible"
    """visible hidden very_hidden."""


@dataclass(frozen=True, slots=True)
class Name:
    """A defined name."""

    name: str
    """``Auto_Open`` and ``Auto_Close`` become the built-in names."""
    refers_to: str
    """Formula text without ``=``, such as ``Macro1!$A$1``."""
    hidden: bool = False


@dataclass(slots=True)
class _Strings:
    """The shared string table while cells are written."""

    index: dict[str, int] = field(default_factory=dict)
    uses: int = 0

    def number(self, text: str) -> int:
        self.uses += 1
        return self.index.setdefault(text, len(self.index))


def write_xls(sheets: Sequence[Sheet], names: Sequence[Name] = (), streams: Mapping[str, bytes] | None = None) -> bytes:
    """Give a whole .xls: the workbook, and ``streams`` beside it, in a compound file."""
    return write_compound({"Workbook": write_workbook(sheets, names), **(streams or {})}, root_clsid=EXCEL_CLSID)


def write_workbook(sheets: Sequence[Sheet], names: Sequence[Name] = ()) -> bytes:
    """Give the ``Workbook`` stream.

    Raises:
        ValueError: a formula does not compile, or a text does not fit.

    Source: [MS-XLS] 2.1.7.20.1 globals substream, 2.1.7.20.5 worksheet, 2.1.7.20.6 macro sheet.
    """
    strings = _Strings()
    sheet_index = {sheet.name: index for index, sheet in enumerate(sheets)}
    name_index = {name.name: number for number, name in enumerate(names, 1)}
    bodies = [_sheet(sheet, strings, sheet_index, name_index) for sheet in sheets]
    before = b"".join(_globals_before())
    after = b"".join(_globals_after(sheets, names, strings, sheet_index, name_index))
    at = len(before) + sum(len(_boundsheet(sheet, 0)) for sheet in sheets) + len(after)
    bounds = b""
    for sheet, body in zip(sheets, bodies, strict=True):
        bounds += _boundsheet(sheet, at)
        at += len(body)
    return before + bounds + after + b"".join(bodies)


def _record(number: int, data: bytes = b"") -> bytes:
    if len(data) > MAX_RECORD:
        raise ValueError(f"record {number:#x} of {len(data)} bytes, {MAX_RECORD} allowed")
    return struct.pack("<HH", number, len(data)) + data


def _text(text: str) -> bytes:
    """Give flags and characters of a string whose length stands elsewhere ([MS-XLS] 2.5.296)."""
    wide = any(ord(char) > 0xFF for char in text)
    return bytes([wide]) + text.encode("utf-16-le" if wide else "latin-1")


def _bof(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<4H2I", 0x0600, kind, 0x18AF, 0x07CD, 0x000080C1, 0x00000306))


def _globals_before() -> Iterator[bytes]:
    yield _bof(GLOBALS)
    yield _record(0x00E1, struct.pack("<H", 1200)) + _record(0x00C1, bytes(2)) + _record(0x00E2)  # interface
    yield _record(0x005C, struct.pack("<H", 3) + b"\0lab".ljust(110))  # who wrote it
    yield _record(0x0042, struct.pack("<H", 1200))  # code page: UTF-16
    yield _record(0x003D, struct.pack("<9H", 0, 0, 0x4000, 0x2000, 0x38, 0, 0, 1, 0x0258))  # window
    yield _record(0x0022, bytes(2)) + _record(0x000E, b"\x01\0")  # dates from 1900, full precision
    for _ in range(4):
        yield _record(0x0031, struct.pack("<5H4B2B", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0, 5, 0) + b"Arial")
    for index in range(FIRST_CELL_XF + 1):
        style = index < FIRST_CELL_XF
        kind = 0xFFF5 if style else 0x0001
        yield _record(
            0x00E0, struct.pack("<3H4B2IH", 0, 0, kind, 0x20, 0, 0, 0xF4 if style and index else 0, 0, 0, 0x20C0)
        )
    yield _record(0x0293, struct.pack("<HBB", 0x8000, 0, 0xFF))  # the built-in style Normal


def _boundsheet(sheet: Sheet, at: int) -> bytes:
    head = struct.pack("<IBBB", at, STATES[sheet.state], sheet.macro, len(sheet.name))
    return _record(0x0085, head + _text(sheet.name))


def _globals_after(
    sheets: Sequence[Sheet],
    names: Sequence[Name],
    strings: _Strings,
    sheet_index: Mapping[str, int],
    name_index: Mapping[str, int],
) -> Iterator[bytes]:
    yield _record(0x008C, struct.pack("<HH", 1, 81))  # country: program English, system Japan
    yield _record(0x01AE, struct.pack("<HH", len(sheets), 0x0401))  # SUPBOOK of this very workbook
    links = b"".join(struct.pack("<3H", 0, index, index) for index in range(len(sheets)))
    yield _record(0x0017, struct.pack("<H", len(sheets)) + links)
    for name in names:
        yield _name(name, sheet_index, name_index)
    yield from _string_table(strings)
    yield _record(0x000A)


def _name(name: Name, sheets: Mapping[str, int], names: Mapping[str, int]) -> bytes:
    """Give one NAME record ([MS-XLS] 2.4.150)."""
    tokens = compile_formula(name.refers_to, sheets, names, Class.REFERENCE)
    built_in = BUILT_IN.get(name.name)
    shown = name.name if built_in is None else chr(built_in)
    flags = name.hidden | (0 if built_in is None else 0x20)
    head = struct.pack("<HBBHHHI", flags, 0, len(shown), len(tokens), 0, 0, 0)
    return _record(0x0018, head + _text(shown) + tokens)


def _string_table(strings: _Strings) -> Iterator[bytes]:
    """Give SST and its CONTINUEs, split between strings ([MS-XLS] 2.4.265)."""
    number, data = 0x00FC, struct.pack("<II", strings.uses, len(strings.index))
    for text in strings.index:
        packed = struct.pack("<H", len(text)) + _text(text)
        if len(data) + len(packed) > MAX_RECORD:
            yield _record(number, data)
            number, data = 0x003C, b""
        data += packed
    yield _record(number, data)


def _sheet(sheet: Sheet, strings: _Strings, sheets: Mapping[str, int], names: Mapping[str, int]) -> bytes:
    cells = sorted((cell_position(place), value) for place, value in sheet.cells.items())
    out = [_bof(MACRO_SHEET if sheet.macro else WORKSHEET), _dimensions([place for place, _ in cells])]
    for place, value in cells:
        head = struct.pack("<3H", *place, FIRST_CELL_XF)
        formula = Formula(value) if isinstance(value, str) and value.startswith("=") else value
        out.append(
            _formula(head, formula, sheets, names) if isinstance(formula, Formula) else _value(head, formula, strings)
        )
    shown = 0x06B6 if sheets[sheet.name] == 0 else 0x00B6  # the first sheet is selected and shown
    return b"".join(out) + _record(0x023E, struct.pack("<3HI2HI", shown, 0, 0, 64, 0, 0, 0)) + _record(0x000A)


def _dimensions(places: Iterable[tuple[int, int]]) -> bytes:
    rows, columns = zip(*places, strict=True) if (places := list(places)) else ((), ())
    if not rows:
        return _record(0x0200, bytes(14))
    return _record(0x0200, struct.pack("<2I3H", min(rows), max(rows) + 1, min(columns), max(columns) + 1, 0))


def _value(head: bytes, value: str | float | bool, strings: _Strings) -> bytes:
    match value:
        case bool():
            return _record(0x0205, head + bytes([value, 0]))
        case str():
            return _record(0x00FD, head + struct.pack("<I", strings.number(value)))
        case _:
            return _record(0x0203, head + struct.pack("<d", value))


def _formula(head: bytes, formula: Formula, sheets: Mapping[str, int], names: Mapping[str, int]) -> bytes:
    """Give FORMULA, and STRING behind it when text was cached ([MS-XLS] 2.4.127, 2.5.133)."""
    tokens = compile_formula(formula.text.removeprefix("="), sheets, names)
    match formula.result:
        case bool():
            cached, behind = struct.pack("<BxB3xH", 1, formula.result, 0xFFFF), b""
        case str():
            cached = struct.pack("<B5xH", 0 if formula.result else 3, 0xFFFF)
            text = struct.pack("<H", len(formula.result)) + _text(formula.result)
            behind = _record(0x0207, text) if formula.result else b""
        case _:
            cached, behind = struct.pack("<d", formula.result), b""
    return _record(0x0006, head + cached + struct.pack("<HIH", 0, 0, len(tokens)) + tokens) + behind
