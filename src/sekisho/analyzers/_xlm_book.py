"""A workbook as its macros see it: sheets, cells and defined names, whatever file format they came from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from sekisho.analyzers._xlm_ast import Err, Expr, cell_text, render, sheet_prefix
from sekisho.model.errors import SekishoError

MACRO, WORKSHEET, CHART, MODULE = "macro", "worksheet", "chart", "module"
HIDDEN = ("visible", "hidden", "very_hidden")
"""Sheet states by their number in the file."""
AUTO_NAMES = ("auto_open", "auto_activate", "auto_close", "auto_deactivate")
"""Names that Excel runs by itself, in the order in which it would come to them."""
BUILT_IN = (
    "Consolidate_Area",
    "Auto_Open",
    "Auto_Close",
    "Extract",
    "Database",
    "Criteria",
    "Print_Area",
    "Print_Titles",
    "Recorder",
    "Data_Form",
    "Auto_Activate",
    "Auto_Deactivate",
    "Sheet_Title",
    "_FilterDatabase",
)
"""Source: [MS-XLS] 2.4.150 Lbl, built-in names by number."""
MAX_CELLS = 200_000
"""Cells kept of one workbook: two orders of magnitude above the largest macro documents."""

Scalar: TypeAlias = float | str | bool | Err
Place: TypeAlias = tuple[int, int]
"""Row and column, from 0."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what it held when the file was saved, and the formula that computes it."""

    value: Scalar | None
    formula: Expr | None = None
    broken: str = ""
    """Why its formula could not be read, empty when it could or when there is none."""


@dataclass(slots=True)
class Sheet:
    """One sheet, filled while its file is read."""

    name: str
    kind: str
    """macro worksheet chart module."""
    hidden: str = "visible"
    cells: dict[Place, Cell] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DefinedName:
    """A name and what it stands for."""

    name: str
    value: Expr | None
    sheet: str = ""
    """The sheet it belongs to, empty for the whole book."""
    hidden: bool = False


@dataclass(slots=True)
class Book:
    """A workbook, filled while its file is read; ``problems`` tells what could not be."""

    sheets: list[Sheet] = field(default_factory=list)
    names: list[DefinedName] = field(default_factory=list)
    problems: list[SekishoError] = field(default_factory=list)

    def macro_sheets(self) -> list[Sheet]:
        """Give the sheets whose formulas are macros, in file order."""
        return [sheet for sheet in self.sheets if sheet.kind == MACRO]

    def auto_names(self) -> list[DefinedName]:
        """Give the names that start by themselves, in the order they would."""
        found = [(rank, name) for name in self.names if (rank := auto_rank(name.name)) is not None]
        return [name for _, name in sorted(found, key=lambda pair: pair[0])]

    def listing(self, sheet: Sheet) -> list[tuple[Place, str]]:
        """Give the macro text of a sheet, row by row: ``=FORMULA`` or a comment where one could not be read."""
        lines = [
            (place, f"={render(cell.formula)}" if cell.formula is not None else f"#UNREADABLE {cell.broken}")
            for place, cell in sheet.cells.items()
            if cell.formula is not None or cell.broken
        ]
        return sorted(lines)


def auto_rank(name: str) -> int | None:
    """Tell which of AUTO_NAMES a defined name is; None for any other.

    Excel takes any name that begins so (``Auto_Open21``, ``auto_open_x``), writes it with ``_xlnm.`` in Open XML, and
    overlooks characters that have no glyph.

    Source: measured by the authors of the public notes on the 2020 to 2022 XLM campaigns; [ECMA-376] 18.2.5.
    """
    shown = re.sub(r"[\x00-\x20\u00ad\u200b-\u200f\u2060-\u2064\ufeff]", "", name).lower().removeprefix("_xlnm.")
    return next((rank for rank, auto in enumerate(AUTO_NAMES) if shown.startswith(auto)), None)


def place_text(sheet: str, place: Place) -> str:
    """Give ``Sheet!A1``."""
    return sheet_prefix(sheet) + cell_text(*place)
