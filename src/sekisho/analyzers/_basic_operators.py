"""Operators of the BASIC family on values that may be unknown.

Source: [MS-VBAL] 5.6.9 operator expressions.
"""

from __future__ import annotations

from collections.abc import Callable

from sekisho.analyzers._basic_builtins import Incomputable
from sekisho.analyzers._basic_trace import Trace
from sekisho.analyzers._basic_values import (
    LONGEST_TEXT,
    Array,
    Partial,
    Thing,
    Value,
    is_known,
    to_number,
    to_text,
    truth,
    unknown,
)

WORK_CHARS = 100_000_000
"""Characters joined in all; what 200,000 steps on texts of ordinary size need."""


class Spent(Exception):
    """The budget is used up; never leaves the evaluator."""

    def __init__(self, limit: str) -> None:
        """``limit`` is the field of Limits."""
        self.limit = limit


class Operators:
    """The part of the evaluator that needs no names."""

    trace: Trace
    work: int

    def joined(self, pieces: list[str]) -> str:
        """Join texts within the budget."""
        text = "".join(pieces)
        self.work += len(text)
        if self.work > WORK_CHARS or len(text) > LONGEST_TEXT:
            raise Spent("text_chars")
        return Partial(text) if any(isinstance(piece, Partial) for piece in pieces) else text

    def apply(self, operator: str, left: Value, right: Value) -> Value:
        """Compute one binary operation."""
        try:
            if operator == "&":
                return self.joined([to_text(left), to_text(right)])
            if (
                operator == "+"
                and isinstance(left, (str, Thing, type(None)))
                and isinstance(right, (str, Thing, type(None)))
            ):
                if left is None and right is None:
                    return None
                return self.joined([to_text(left), to_text(right)])
            if operator in _COMPARISONS:
                return self.compare(operator, left, right)
            if operator == "is":
                return self.same(left, right)
            if operator in ("and", "or"):
                return self.logic(operator, left, right)
            return self.arithmetic(operator, left, right)
        except Incomputable:
            return unknown(f"{to_text(left)[:60]} {operator} {to_text(right)[:60]}")

    def arithmetic(self, operator: str, left: Value, right: Value) -> Value:
        first, second = to_number(left), to_number(right)
        if first is None or second is None:
            if operator == "+" and (isinstance(left, str) or isinstance(right, str)):
                return self.joined([to_text(left), to_text(right)])
            return unknown(f"{to_text(left)[:60]} {operator} {to_text(right)[:60]}")
        if operator == "xor":
            self.trace.tricks["xor"] += 1
            if isinstance(left, bool) and isinstance(right, bool):
                return left != right
        result = _ARITHMETIC[operator](first, second)
        if isinstance(result, int) and result.bit_length() > 96:
            return float(result)
        return result

    def logic(self, operator: str, left: Value, right: Value) -> Value:
        first, second = truth(left), truth(right)
        decided = operator == "or"
        if (first is not None and first == decided and second is None) or (second == decided and first is None):
            return decided
        if first is None or second is None:
            return unknown(f"{to_text(left)[:60]} {operator} {to_text(right)[:60]}")
        if isinstance(left, bool) and isinstance(right, bool):
            return (left and right) if operator == "and" else (left or right)
        one, two = int(to_number(left) or 0), int(to_number(right) or 0)
        return one & two if operator == "and" else one | two

    def same(self, left: Value, right: Value) -> Value:
        if right is None and not isinstance(left, Partial):
            return left is None
        return unknown("is")

    def compare(self, operator: str, left: Value, right: Value) -> Value:
        if not is_known(left) or not is_known(right) or isinstance(left, Array) or isinstance(right, Array):
            return unknown(f"{to_text(left)[:60]} {operator} {to_text(right)[:60]}")
        if operator == "like":
            return unknown("like")
        if isinstance(left, str) or isinstance(right, str):
            first: str | int | float | None = to_text(left)
            second: str | int | float | None = to_text(right)
            if not (isinstance(left, (str, bytes, type(None))) and isinstance(right, (str, bytes, type(None)))):
                first, second = to_number(left), to_number(right)
                if first is None or second is None:
                    return operator == "<>"
        else:
            first, second = to_number(left), to_number(right)
        return _COMPARISONS[operator](first, second)


_COMPARISONS: dict[str, Callable[..., bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "><": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    "=<": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
    "=>": lambda left, right: left >= right,
    "like": lambda left, right: False,
}


def _power(left: float, right: float) -> float:
    if left < 0 and right != int(right):
        raise ArithmeticError
    value = float(left) ** float(right)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _divide(left: float, right: float) -> float:
    value = left / right
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _modulo(left: float, right: float) -> int:
    first, second = round(left), round(right)
    return abs(first) % abs(second) * (-1 if first < 0 else 1)


def _whole(left: float, right: float) -> int:
    first, second = round(left), round(right)
    return abs(first) // abs(second) * (-1 if (first < 0) != (second < 0) else 1)


_ARITHMETIC: dict[str, Callable[[int | float, int | float], int | float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
    "\\": _whole,
    "mod": _modulo,
    "^": _power,
    "xor": lambda left, right: round(left) ^ round(right),
    "eqv": lambda left, right: ~(round(left) ^ round(right)),
    "imp": lambda left, right: ~round(left) | round(right),
}
