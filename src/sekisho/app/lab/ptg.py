"""Compiler from A1 formula text to the token string that BIFF8 stores."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Class(IntEnum):
    """What an operand token is asked for; added to its base number."""

    REFERENCE = 0x00
    VALUE = 0x20


@dataclass(frozen=True, slots=True)
class Function:
    """One built-in: its number and how its arguments are passed."""

    number: int
    """Bit 15 set for commands of macro sheets."""
    arguments: int | None = None
    """How many it always takes; None when that varies."""
    references: frozenset[int] = frozenset()
    """Positions of arguments passed as a reference instead of a value."""


FIRST, SECOND = frozenset({0}), frozenset({1})
# Source: [MS-XLS] 2.5.198.17 Ftab and 2.5.198.4 Cetab (numbers), 2.5.198.41 PtgFuncVar (the command bit).
FUNCTIONS = {
    "SUM": Function(0x04, references=frozenset(range(30))),
    "ROUND": Function(0x1B, 2),
    "MID": Function(0x1F, 3),
    "LEN": Function(0x20, 1),
    "AND": Function(0x24),
    "OR": Function(0x25),
    "NOT": Function(0x26, 1),
    "TEXT": Function(0x30, 2),
    "GOTO": Function(0x35, 1, FIRST),
    "HALT": Function(0x36),
    "RETURN": Function(0x37),
    "NOW": Function(0x4A, 0),
    "SET.NAME": Function(0x58, references=SECOND),
    "SET.VALUE": Function(0x6C, 2, FIRST),
    "EXEC": Function(0x6E),
    "CHAR": Function(0x6F, 1),
    "CODE": Function(0x79, 1),
    "REGISTER": Function(0x95),
    "CALL": Function(0x96),
    "GET.WORKSPACE": Function(0xBA, 1),
    "OPEN": Function(0x8001),
    "RUN": Function(0x8011, references=FIRST),
    "FORMAT.NUMBER": Function(0x802A),
    "FORMULA": Function(0x8060, references=SECOND),
    "SELECT": Function(0x806D, references=FIRST),
    "ALERT": Function(0x8076),
    "MESSAGE": Function(0x807A),
    "WORKBOOK.ACTIVATE": Function(0x8124),
}
OPERATORS = (  # weakest first; [MS-XLS] 2.5.198.26 and following
    {"<": 0x09, "<=": 0x0A, "=": 0x0B, ">=": 0x0C, ">": 0x0D, "<>": 0x0E},
    {"&": 0x08},
    {"+": 0x03, "-": 0x04},
    {"*": 0x05, "/": 0x06},
    {"^": 0x07},
)
STR, ATTR, BOOL, INT, NUM, MISSING, PAREN = 0x17, 0x19, 0x1D, 0x1E, 0x1F, 0x16, 0x15
FUNC, FUNC_VAR, NAME, REF, AREA, REF_3D, AREA_3D = 0x21, 0x22, 0x23, 0x24, 0x25, 0x3A, 0x3B
UNARY = {"+": 0x12, "-": 0x13}
IF_ATTR, GOTO_ATTR = 0x02, 0x08
MAX_STRING = 255  # characters of one string constant

_CELL = r"\$?[A-Za-z]{1,3}\$?[0-9]+(?![A-Za-z0-9_.(])"
_TOKEN = re.compile(
    rf"""\s*(?:(?P<string>"(?:[^"]|"")*")
    |(?P<ref>(?:(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?{_CELL}(?::{_CELL})?)
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[^\W\d][\w.]*)
    |(?P<sign><=|>=|<>|[-+*/^&=<>(),%]))""",
    re.VERBOSE,
)


def cell_position(text: str) -> tuple[int, int]:
    """Give (row, column) of an A1 reference, both from 0, ``$`` ignored."""
    match = re.fullmatch(r"\$?([A-Za-z]{1,3})\$?([0-9]+)", text)
    if match is None:
        raise ValueError(f"no cell reference: {text!r}")
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    row, column = int(match[2]) - 1, column - 1
    if not (0 <= row < 65536 and 0 <= column < 256):
        raise ValueError(f"outside a BIFF8 sheet: {text!r}")
    return row, column


def compile_formula(text: str, sheets: Mapping[str, int], names: Mapping[str, int], root: Class = Class.VALUE) -> bytes:
    """Give the tokens of a formula.

    Args:
        text: as typed, without the leading ``=``.
        sheets: index in the workbook's EXTERNSHEET table by sheet name.
        names: number from 1 in the order of the workbook's NAME records, by name.
        root: REFERENCE for the target of a defined name, VALUE for a cell.

    Raises:
        ValueError: the text does not parse, or names a sheet, name or function that is not known.

    Source: [MS-XLS] 2.5.198.104 rgce and the Ptg structures after it.
    """
    return _Compiler(text, sheets, names).compile(root)


class _Compiler:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str, sheets: Mapping[str, int], names: Mapping[str, int]) -> None:
        self.sheets, self.names, self.text = sheets, names, text
        self.tokens = list(_split(text))
        self.at = 0

    def compile(self, root: Class) -> bytes:
        out = self._binary(0, root)
        if self.at != len(self.tokens):
            raise ValueError(f"unexpected {self.tokens[self.at][1]!r} in {self.text!r}")
        return out

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _sign(self) -> str:
        """Give the operator or bracket that comes next, empty for anything else."""
        return self._peek() if self.at < len(self.tokens) and self.tokens[self.at][0] == "sign" else ""

    def _take(self, sign: str) -> bool:
        if self._sign() != sign:
            return False
        self.at += 1
        return True

    def _binary(self, level: int, wanted: Class) -> bytes:
        if level == len(OPERATORS):
            return self._unary(wanted)
        left_at = self.at
        out = self._binary(level + 1, wanted)
        if self._sign() not in OPERATORS[level] or wanted is Class.VALUE:
            return out + self._tail(level)
        self.at = left_at  # an operator follows after all: its operands are values
        return self._binary(level + 1, Class.VALUE) + self._tail(level)

    def _tail(self, level: int) -> bytes:
        out = b""
        while (sign := self._sign()) in OPERATORS[level]:
            self.at += 1
            out += self._binary(level + 1, Class.VALUE) + bytes([OPERATORS[level][sign]])
        return out

    def _unary(self, wanted: Class) -> bytes:
        if (sign := self._sign()) in UNARY:
            self.at += 1
            return self._unary(Class.VALUE) + bytes([UNARY[sign]])
        out = self._operand(wanted)
        return out + b"\x14" if self._take("%") else out

    def _operand(self, wanted: Class) -> bytes:
        if self._take("("):
            inner = self._binary(0, wanted)
            self._close()
            return inner + bytes([PAREN])
        if self.at >= len(self.tokens):
            raise ValueError(f"formula ends early: {self.text!r}")
        kind, text = self.tokens[self.at]
        self.at += 1
        match kind:
            case "string":
                return _string(text[1:-1].replace('""', '"'))
            case "number":
                return _number(float(text))
            case "ref":
                return self._reference(text, wanted)
            case "word":
                return self._word(text, wanted)
        raise ValueError(f"unexpected {text!r} in {self.text!r}")

    def _close(self) -> None:
        if not self._take(")"):
            raise ValueError(f"bracket not closed in {self.text!r}")

    def _word(self, text: str, wanted: Class) -> bytes:
        if self._take("("):
            return self._if() if text.upper() == "IF" else self._call(text.upper())
        if text.upper() in {"TRUE", "FALSE"}:
            return bytes([BOOL, text.upper() == "TRUE"])
        if text not in self.names:
            raise ValueError(f"no such name: {text!r}")
        return struct.pack("<BHH", NAME + wanted, self.names[text], 0)

    def _reference(self, text: str, wanted: Class) -> bytes:
        sheet, _, cells = text.rpartition("!")
        first, _, last = cells.partition(":")
        (row, column), (row_2, column_2) = _cell(first), _cell(last or first)
        place = struct.pack("<4H", row, row_2, column, column_2) if last else struct.pack("<2H", row, column)
        if not sheet:
            return bytes([(AREA if last else REF) + wanted]) + place
        name = sheet[1:-1].replace("''", "'") if sheet.startswith("'") else sheet
        if name not in self.sheets:
            raise ValueError(f"no such sheet: {name!r}")
        return struct.pack("<BH", (AREA_3D if last else REF_3D) + wanted, self.sheets[name]) + place

    def _call(self, name: str) -> bytes:
        if name not in FUNCTIONS:
            raise ValueError(f"no such function: {name!r}")
        function, parts = FUNCTIONS[name], self._arguments(FUNCTIONS[name].references)
        if function.arguments is None:
            return b"".join(parts) + struct.pack("<BBH", FUNC_VAR + Class.VALUE, len(parts), function.number)
        if len(parts) != function.arguments:
            raise ValueError(f"{name} takes {function.arguments} arguments, not {len(parts)}")
        return b"".join(parts) + struct.pack("<BH", FUNC + Class.VALUE, function.number)

    def _arguments(self, references: frozenset[int]) -> list[bytes]:
        parts: list[bytes] = []
        if self._take(")"):
            return parts
        while True:
            wanted = Class.REFERENCE if len(parts) in references else Class.VALUE
            missing = self._sign() in {",", ")"}
            parts.append(bytes([MISSING]) if missing else self._binary(0, wanted))
            if self._take(")"):
                return parts
            if not self._take(","):
                raise ValueError(f"comma or bracket expected in {self.text!r}")

    def _if(self) -> bytes:
        """Give an IF with its jumps, so that only the chosen branch runs ([MS-XLS] 2.5.198.34, 2.5.198.33)."""
        condition, *branches = self._arguments(frozenset())
        if not 1 <= len(branches) <= 2:
            raise ValueError(f"IF takes two or three arguments: {self.text!r}")
        call = struct.pack("<BBH", FUNC_VAR + Class.VALUE, 1 + len(branches), 1)
        out = condition + struct.pack("<BBH", ATTR, IF_ATTR, len(branches[0]) + 4)
        for index, branch in enumerate(branches):
            behind = sum(len(later) + 4 for later in branches[index + 1 :]) + len(call)
            out += branch + struct.pack("<BBH", ATTR, GOTO_ATTR, behind - 1)
        return out + call


def _split(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"cannot read {text[at : at + 10]!r} in {text!r}")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


def _cell(text: str) -> tuple[int, int]:
    """Give row and column, the column with its two relative flags ([MS-XLS] 2.5.198.109)."""
    row, column = cell_position(text)
    row_relative, column_relative = "$" not in text[1:], not text.startswith("$")
    return row, column | row_relative << 15 | column_relative << 14


def _string(text: str) -> bytes:
    if len(text) > MAX_STRING:
        raise ValueError(f"string constant of {len(text)} characters, {MAX_STRING} allowed")
    wide = not text.isascii()
    return bytes([STR, len(text), wide]) + text.encode("utf-16-le" if wide else "ascii")


def _number(value: float) -> bytes:
    if value.is_integer() and 0 <= value < 65536:
        return struct.pack("<BH", INT, int(value))
    return struct.pack("<Bd", NUM, value)
