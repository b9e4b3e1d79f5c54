"""What a macro computes with: numbers, text, errors, ranges, and values that only the victim's machine would know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sekisho.analyzers._xlm_ast import Err, number_text, quoted, render
from sekisho.analyzers._xlm_ast import Ref as Area

CELL_CHARS = 32_767
"""Longest text a cell holds; longer results are #VALUE!. Source: Excel specifications and limits."""
SHOWN_CHARS = 2_000
"""Characters kept of the text that stands for an unknown value."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that depends on something we do not have; ``text`` is the expression it would come from."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A computed array, row by row."""

    rows: tuple[tuple[Scalar, ...], ...]


Scalar: TypeAlias = float | str | bool | Err | Unknown | None
"""None is an empty cell or an argument left out."""
Value: TypeAlias = Scalar | Area | Table

VALUE_ERROR, NUM_ERROR, REF_ERROR = Err("#VALUE!"), Err("#NUM!"), Err("#REF!")
NAME_ERROR, NA_ERROR, DIV_ERROR = Err("#NAME?"), Err("#N/A"), Err("#DIV/0!")


class Fault(Exception):
    """A function cannot go on with its arguments: the cell gets ``value``, an error or an unknown."""

    def __init__(self, value: Err | Unknown) -> None:
        super().__init__(value)
        self.value = value


def known(value: Scalar) -> float | str | bool | None:
    """Give a value that is neither an error nor unknown.

    Raises:
        Fault: it is one.
    """
    if isinstance(value, Err | Unknown):
        raise Fault(value)
    return value


def to_number(value: Scalar) -> float:
    """Read a value as Excel reads an operand of arithmetic; empty counts as 0, numbers in text as numbers.

    Raises:
        Fault: it is an error, unknown, or text without a number.
    """
    plain = known(value)
    if isinstance(plain, float):
        return plain
    if plain is None:
        return 0.0
    if isinstance(plain, bool):
        return float(plain)
    number = text_number(plain)
    if number is None:
        raise Fault(VALUE_ERROR)
    return number


def text_number(text: str) -> float | None:
    """Read text that is a number; None when it is none."""
    cleaned = text.strip().replace(",", "")
    percent = cleaned.endswith("%")
    if not cleaned or len(cleaned) > 40 or cleaned.strip("0123456789.+-eE%$"):
        return None
    try:
        number = float(cleaned.strip("%$"))
    except ValueError:
        return None
    return finite(number / 100 if percent else number)


def finite(number: float) -> float:
    """Give a number that a cell can hold.

    Raises:
        Fault: it overflowed.
    """
    if number != number or abs(number) > 1.7e308:
        raise Fault(NUM_ERROR)
    return float(number)


def to_int(value: Scalar) -> int:
    """Read a count or position, cut towards zero.

    Raises:
        Fault: as for a number.
    """
    return int(max(-1e15, min(1e15, to_number(value))))


def to_text(value: Scalar) -> str:
    """Read a value as Excel joins it to text.

    Raises:
        Fault: it is an error or unknown.
    """
    plain = known(value)
    if isinstance(plain, str):
        return plain
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "TRUE" if plain else "FALSE"
    return number_text(plain)


def to_bool(value: Scalar) -> bool:
    """Read a condition.

    Raises:
        Fault: it is an error, unknown, or text other than TRUE and FALSE.
    """
    plain = known(value)
    if isinstance(plain, str):
        upper = plain.strip().upper()
        if upper in ("TRUE", "FALSE"):
            return upper == "TRUE"
        raise Fault(VALUE_ERROR)
    return bool(plain)


def fitting(text: str) -> str:
    """Give a text that a cell can hold.

    Raises:
        Fault: it is longer.
    """
    if len(text) > CELL_CHARS:
        raise Fault(VALUE_ERROR)
    return text


def shown(value: Value) -> str:
    """Write a value as it would stand in a formula."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, Err):
        return value.code
    if isinstance(value, Unknown):
        return value.text
    if isinstance(value, Area):
        return render(value)
    if isinstance(value, Table):
        return "{" + ";".join(",".join(map(shown, row)) for row in value.rows[:8]) + "}"
    return ""


def unknown(text: str) -> Unknown:
    """Give an unknown value with a text of bounded length."""
    return Unknown(text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…")


_RANK = {float: 0, str: 1, bool: 2}


def compare(left: Scalar, right: Scalar) -> int:
    """Order two values as Excel does: numbers before text before logicals, text without case.

    Raises:
        Fault: one is an error or unknown.
    """
    a, b = known(left), known(right)
    if a is None:
        a = _empty_like(b)
    if b is None:
        b = _empty_like(a)
    rank_a, rank_b = _RANK[type(a)], _RANK[type(b)]
    if rank_a != rank_b:
        return -1 if rank_a < rank_b else 1
    if isinstance(a, str) and isinstance(b, str):
        lower_a, lower_b = a.lower(), b.lower()
        return (lower_a > lower_b) - (lower_a < lower_b)
    first, second = to_number(a), to_number(b)
    return (first > second) - (first < second)


def _empty_like(other: float | str | bool | None) -> float | str | bool:
    if isinstance(other, str):
        return ""
    return False if isinstance(other, bool) else 0.0
