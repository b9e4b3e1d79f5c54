"""Worksheet functions that depend on nothing but their arguments.

Each takes the values of its arguments, single cells unless it is in FLAT or GRID, and gives a value or raises
:class:`Fault`. A catalogue, hence its length.

Source: [ECMA-376] part 1, 18.17.7 functions; the XLM function reference where the two differ.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from sekisho.analyzers._xlm_ast import Err, cell_text, column_name, sheet_prefix
from sekisho.analyzers._xlm_values import (
    CELL_CHARS,
    DIV_ERROR,
    NA_ERROR,
    NUM_ERROR,
    VALUE_ERROR,
    Fault,
    Scalar,
    Unknown,
    Value,
    compare,
    finite,
    fitting,
    to_bool,
    to_int,
    to_number,
    to_text,
)

Args: TypeAlias = Sequence[Scalar]
Function: TypeAlias = Callable[[Args], Scalar]

EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of serial dates from March 1900 on."""
ANSI = "cp1252"


def serial(moment: datetime) -> float:
    """Give the serial number of a date."""
    return (moment - EPOCH).total_seconds() / 86_400


def moment_of(number: float) -> datetime:
    """Give the date of a serial number.

    Raises:
        Fault: outside 1900 to 9999.
    """
    if not 0 <= number < 2_958_466:
        raise Fault(NUM_ERROR)
    return EPOCH + timedelta(seconds=round(number * 86_400))


def _arg(args: Args, index: int, default: Scalar) -> Scalar:
    return args[index] if index < len(args) and args[index] is not None else default


def _need(args: Args, count: int) -> None:
    if len(args) < count:
        raise Fault(VALUE_ERROR)


def _char(args: Args) -> Scalar:
    code = to_int(args[0])
    if not 1 <= code <= 255:
        raise Fault(VALUE_ERROR)
    return bytes([code]).decode(ANSI, "ignore") or chr(code)


def _code(args: Args) -> Scalar:
    text = to_text(args[0])
    if not text:
        raise Fault(VALUE_ERROR)
    raw = text[0].encode(ANSI, "ignore")
    return float(raw[0] if raw else (ord(text[0]) if ord(text[0]) < 256 else 63))


def _unichar(args: Args) -> Scalar:
    code = to_int(args[0])
    if not 1 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise Fault(VALUE_ERROR)
    return chr(code)


def _mid(args: Args) -> Scalar:
    text, start, count = to_text(args[0]), to_int(args[1]), to_int(_arg(args, 2, 0.0))
    if start < 1 or count < 0:
        raise Fault(VALUE_ERROR)
    return text[start - 1 : start - 1 + count]


def _left(args: Args) -> Scalar:
    count = to_int(_arg(args, 1, 1.0))
    if count < 0:
        raise Fault(VALUE_ERROR)
    return to_text(args[0])[:count]


def _right(args: Args) -> Scalar:
    text, count = to_text(args[0]), to_int(_arg(args, 1, 1.0))
    if count < 0:
        raise Fault(VALUE_ERROR)
    return text[max(len(text) - count, 0) :]


def _replace(args: Args) -> Scalar:
    _need(args, 4)
    text, start, count, new = to_text(args[0]), to_int(args[1]), to_int(args[2]), to_text(args[3])
    if start < 1 or count < 0:
        raise Fault(VALUE_ERROR)
    return fitting(text[: start - 1] + new + text[start - 1 + count :])


def _substitute(args: Args) -> Scalar:
    _need(args, 3)
    text, old, new = to_text(args[0]), to_text(args[1]), to_text(args[2])
    if not old:
        return text
    if len(args) < 4 or args[3] is None:
        if text.count(old) * max(len(new) - len(old), 0) + len(text) > CELL_CHARS:
            raise Fault(VALUE_ERROR)
        return text.replace(old, new)
    parts, which = text.split(old), to_int(args[3])
    if which < 1:
        raise Fault(VALUE_ERROR)
    if which >= len(parts):
        return text
    return fitting(old.join(parts[:which]) + new + old.join(parts[which:]))


def _rept(args: Args) -> Scalar:
    text, count = to_text(args[0]), to_int(args[1])
    if count < 0 or len(text) * count > CELL_CHARS:
        raise Fault(VALUE_ERROR)
    return text * count


def _concatenate(args: Args) -> Scalar:
    return fitting("".join(map(to_text, args)))


def _textjoin(args: Args) -> Scalar:
    _need(args, 3)
    pieces = [to_text(arg) for arg in args[2:]]
    return fitting(to_text(args[0]).join(piece for piece in pieces if piece or not to_bool(args[1])))


def _find(args: Args) -> Scalar:
    at = to_text(args[1]).find(to_text(args[0]), _start(args))
    if at < 0:
        raise Fault(VALUE_ERROR)
    return float(at + 1)


def _search(args: Args) -> Scalar:
    at = Glob(to_text(args[0])).find(to_text(args[1]), _start(args))
    if at < 0:
        raise Fault(VALUE_ERROR)
    return float(at + 1)


def _start(args: Args) -> int:
    start = to_int(_arg(args, 2, 1.0))
    if start < 1:
        raise Fault(VALUE_ERROR)
    return start - 1


class Glob:
    """An Excel wildcard text, matched piece by piece so that no hostile one is slow.

    Raises:
        Fault: longer than any search text Excel takes.
    """

    def __init__(self, wanted: str) -> None:
        if len(wanted) > 255:
            raise Fault(VALUE_ERROR)
        self.pieces: list[re.Pattern[str]] = []
        piece, self.tail = "", 0
        """``tail`` is the number of characters that the last piece takes."""
        tokens = re.findall(r"~[*?~]|\*|\?|[^*?~]+|~", wanted)
        for token in reversed(tokens):
            if token == "*":
                break
            self.tail += 1 if token == "?" or (len(token) > 1 and token[0] == "~") else len(token)
        for token in [*tokens, "*"]:
            if token == "*":
                self.pieces.append(re.compile(piece, re.IGNORECASE | re.DOTALL))
                piece = ""
            else:
                piece += "." if token == "?" else re.escape(token[1:] if len(token) > 1 and token[0] == "~" else token)

    def find(self, text: str, start: int = 0) -> int:
        """Give where it is found first, -1 when nowhere."""
        first, at = -1, start
        for piece in self.pieces:
            match = piece.search(text, at)
            if match is None:
                return -1
            first, at = (match.start() if first < 0 else first), match.end()
        return first

    def matches(self, text: str) -> bool:
        """Tell whether it is the whole text."""
        if len(self.pieces) == 1:
            return self.pieces[0].fullmatch(text) is not None
        head = self.pieces[0].match(text)
        at = head.end() if head else -1
        for piece in self.pieces[1:-1]:
            middle = piece.search(text, at) if at >= 0 else None
            at = middle.end() if middle else -1
        tail = max(at, len(text) - self.tail)
        return at >= 0 and self.pieces[-1].fullmatch(text, tail) is not None


def _value(args: Args) -> Scalar:
    return to_number(args[0])


_FORMAT_DATE = re.compile(r"yyyy|yy|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|AM/PM|[^ymdhs]", re.IGNORECASE)


def _text(args: Args) -> Scalar:
    """The number formats that macros hide text with: 0, 0.00, #,##0, %, hex is not one, and dates."""
    _need(args, 2)
    pattern = to_text(args[1])
    if pattern.strip().lower() in ("general", "@", ""):
        return "" if not pattern else to_text(args[0])
    if isinstance(args[0], str):
        try:
            number = to_number(args[0])
        except Fault:
            return args[0]
    else:
        number = to_number(args[0])
    section = pattern.split(";")[0][:64]
    if re.search(r"[ymdhs]", section, re.IGNORECASE):
        return _date_text(moment_of(number), section)
    return _number_format(number, section)


_DIGITS = re.compile(r"[0#?][0#?,]*(?:\.([0#?]*))?|\.([0#?]+)")


def _number_format(number: float, section: str) -> str:
    if "%" in section:
        number *= 100
    digits = _DIGITS.search(section)
    core = digits.group() if digits else ""
    decimals = len(digits.group(1) or digits.group(2) or "") if digits else 0
    if not core:
        return section
    text = f"{abs(number):{',' if ',' in core else ''}.{min(decimals, 30)}f}"
    whole, dot, rest = text.partition(".")
    least = core.partition(".")[0].count("0")
    text = ("-" if number < 0 else "") + whole.zfill(least) + dot + rest
    before, after = section.split(core, 1)
    return fitting((before + text + after).replace('"', "").replace("\\", ""))


def _date_text(moment: datetime, section: str) -> str:
    parts = {
        "yyyy": f"{moment.year:04}", "yy": f"{moment.year % 100:02}",
        "mmmm": moment.strftime("%B"), "mmm": moment.strftime("%b"), "mm": f"{moment.month:02}", "m": str(moment.month),
        "dddd": moment.strftime("%A"), "ddd": moment.strftime("%a"), "dd": f"{moment.day:02}", "d": str(moment.day),
        "hh": f"{moment.hour:02}", "h": str(moment.hour), "ss": f"{moment.second:02}", "s": str(moment.second),
    }  # fmt: skip
    minutes = {"mm": f"{moment.minute:02}", "m": str(moment.minute)}
    out, last = [], ""
    for piece in _FORMAT_DATE.findall(section):
        lower = piece.lower()
        out.append(minutes[lower] if lower in minutes and last in ("h", "hh") else parts.get(lower, piece))
        last = lower if lower in parts else last
    return "".join(out)


def _round(args: Args, how: Callable[[float], float] | None = None) -> Scalar:
    number, digits = to_number(args[0]), max(-300, min(300, to_int(_arg(args, 1, 0.0))))
    factor = 10.0**digits
    if not math.isfinite(number * factor):
        return number
    scaled = abs(number) * factor
    whole = math.floor(scaled + 0.5) if how is None else how(scaled - 1e-9 if how is math.ceil else scaled + 1e-9)
    return finite(math.copysign(whole / factor, number))


def _mod(args: Args) -> Scalar:
    number, divisor = to_number(args[0]), to_number(args[1])
    if divisor == 0:
        raise Fault(DIV_ERROR)
    return finite(number - divisor * math.floor(number / divisor))


def _power(args: Args) -> Scalar:
    try:
        result = to_number(args[0]) ** to_number(args[1])
    except (OverflowError, ZeroDivisionError):
        raise Fault(NUM_ERROR) from None
    if isinstance(result, complex):
        raise Fault(NUM_ERROR)
    return finite(result)


def _math(function: Callable[[float], float]) -> Function:
    def run(args: Args) -> Scalar:
        try:
            return finite(float(function(to_number(args[0]))))
        except (ValueError, OverflowError):
            raise Fault(NUM_ERROR) from None

    return run


def _address(args: Args) -> Scalar:
    _need(args, 2)
    row, col, kind = to_int(args[0]), to_int(args[1]), to_int(_arg(args, 2, 1.0))
    if not (1 <= row <= 1_048_576 and 1 <= col <= 16_384 and 1 <= kind <= 4):
        raise Fault(VALUE_ERROR)
    prefix = sheet_prefix(to_text(args[4])) if len(args) > 4 and args[4] is not None else ""
    row_fixed, col_fixed = kind in (1, 2), kind in (1, 3)
    if to_bool(_arg(args, 3, True)):
        return prefix + cell_text(row - 1, col - 1, (0 if row_fixed else 1) | (0 if col_fixed else 2))
    return f"{prefix}R{row if row_fixed else f'[{row}]'}C{col if col_fixed else f'[{col}]'}"


def _date(args: Args) -> Scalar:
    _need(args, 3)
    year, month, day = map(to_int, args[:3])
    year += 1900 if 0 <= year < 1900 else 0
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    if not 1900 <= year <= 9999 or abs(day) > 100_000:
        raise Fault(NUM_ERROR)
    return serial(datetime(year, month, 1, tzinfo=UTC)) + day - 1


def _part(attribute: str) -> Function:
    def run(args: Args) -> Scalar:
        return float(getattr(moment_of(to_number(args[0])), attribute))

    return run


def _weekday(args: Args) -> Scalar:
    number, kind = to_int(args[0]), to_int(_arg(args, 1, 1.0))
    sunday_first = (number - 1) % 7 + 1
    return float({1: sunday_first, 2: (sunday_first - 2) % 7 + 1, 3: (sunday_first - 2) % 7}.get(kind, sunday_first))


def _base(digits: int) -> Function:
    def run(args: Args) -> Scalar:
        text = to_text(args[0]).strip()
        try:
            return float(int(text, digits)) if len(text) <= 10 else Err("#NUM!")
        except ValueError:
            raise Fault(NUM_ERROR) from None

    return run


def _dec2hex(args: Args) -> Scalar:
    number = to_int(args[0])
    if abs(number) >= 1 << 39:
        raise Fault(NUM_ERROR)
    return f"{number & 0xFFFFFFFFFF:X}".zfill(max(0, min(10, to_int(_arg(args, 1, 0.0)))))


def _proper(args: Args) -> Scalar:
    return re.sub(r"[^\W\d_]+", lambda word: word.group().capitalize(), to_text(args[0]))


def _t(args: Args) -> Scalar:
    return args[0] if isinstance(args[0], str | Err | Unknown) else ""


def _n(args: Args) -> Scalar:
    value = args[0]
    return value if isinstance(value, Err | Unknown) else 0.0 if isinstance(value, str) else to_number(value)


def _numbers(args: Args) -> Iterator[float]:
    """Numbers of ranges and lists; text and empty cells do not count."""
    for value in args:
        if isinstance(value, Err | Unknown):
            raise Fault(value)
        if isinstance(value, float | bool):
            yield float(value)


def _over(function: Callable[[list[float]], float]) -> Function:
    def run(args: Args) -> Scalar:
        numbers = list(_numbers(args))
        try:
            return finite(float(function(numbers)))
        except (ValueError, OverflowError, ZeroDivisionError):
            raise Fault(DIV_ERROR) from None

    return run


def _logical(function: Callable[[Iterator[bool]], bool]) -> Function:
    def run(args: Args) -> Scalar:
        decided = function is all
        waiting: Unknown | None = None
        for value in args:
            if isinstance(value, Unknown):
                waiting = value
            elif value is not None and not isinstance(value, str) and to_bool(value) != decided:
                return not decided
        if waiting is not None:
            raise Fault(waiting)
        return decided

    return run


def _clean(args: Args) -> Scalar:
    return re.sub(r"[\x00-\x1f]", "", to_text(args[0]))


def _exact(args: Args) -> Scalar:
    return to_text(args[0]) == to_text(args[1])


def _kind(value: Scalar) -> float:
    return {float: 1.0, str: 2.0, bool: 4.0, Err: 16.0}.get(type(value), 1.0)


def _error_type(args: Args) -> Scalar:
    codes = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
    if isinstance(args[0], Err) and args[0].code in codes:
        return float(codes.index(args[0].code) + 1)
    raise Fault(args[0] if isinstance(args[0], Unknown) else NA_ERROR)


def _test(check: Callable[[Scalar], bool]) -> Function:
    """A question about a value itself: errors are answered, only the unknown is not."""

    def run(args: Args) -> Scalar:
        if isinstance(args[0], Unknown):
            raise Fault(args[0])
        return check(args[0])

    return run


FUNCTIONS: dict[str, Function] = {
    "ABS": _math(abs),
    "ADDRESS": _address,
    "ASC": lambda args: to_text(args[0]),
    "BIN2DEC": _base(2),
    "CEILING": _math(math.ceil),
    "CHAR": _char,
    "CLEAN": _clean,
    "CODE": _code,
    "CONCATENATE": _concatenate,
    "COS": _math(math.cos),
    "DATE": _date,
    "DAY": _part("day"),
    "DEC2HEX": _dec2hex,
    "ERROR.TYPE": _error_type,
    "EVEN": _math(lambda x: math.copysign(math.ceil(abs(x) / 2) * 2, x)),
    "EXACT": _exact,
    "EXP": _math(math.exp),
    "FACT": _math(lambda x: math.factorial(int(x)) if 0 <= x <= 170 else math.inf),
    "FALSE": lambda args: False,
    "FIND": _find,
    "FINDB": _find,
    "FLOOR": _math(math.floor),
    "HEX2DEC": _base(16),
    "HOUR": _part("hour"),
    "INT": _math(math.floor),
    "ISBLANK": _test(lambda value: value is None),
    "ISERR": _test(lambda value: isinstance(value, Err) and value != NA_ERROR),
    "ISERROR": _test(lambda value: isinstance(value, Err)),
    "ISLOGICAL": _test(lambda value: isinstance(value, bool)),
    "ISNA": _test(lambda value: value == NA_ERROR),
    "ISNONTEXT": _test(lambda value: not isinstance(value, str)),
    "ISNUMBER": _test(lambda value: isinstance(value, float)),
    "ISTEXT": _test(lambda value: isinstance(value, str)),
    "LEFT": _left,
    "LEFTB": _left,
    "LEN": lambda args: float(len(to_text(args[0]))),
    "LENB": lambda args: float(len(to_text(args[0]))),
    "LN": _math(math.log),
    "LOG10": _math(math.log10),
    "LOWER": lambda args: to_text(args[0]).lower(),
    "MID": _mid,
    "MIDB": _mid,
    "MINUTE": _part("minute"),
    "MOD": _mod,
    "MONTH": _part("month"),
    "NA": lambda args: NA_ERROR,
    "N": _n,
    "NOT": lambda args: not to_bool(args[0]),
    "OCT2DEC": _base(8),
    "ODD": _math(lambda x: math.copysign(math.ceil((abs(x) - 1) / 2) * 2 + 1, x)),
    "PI": lambda args: math.pi,
    "POWER": _power,
    "PROPER": _proper,
    "QUOTIENT": lambda args: float(math.trunc(to_number(args[0]) / (to_number(args[1]) or math.inf))),
    "REPLACE": _replace,
    "REPLACEB": _replace,
    "REPT": _rept,
    "RIGHT": _right,
    "RIGHTB": _right,
    "ROUND": _round,
    "ROUNDDOWN": lambda args: _round(args, math.floor),
    "ROUNDUP": lambda args: _round(args, math.ceil),
    "SEARCH": _search,
    "SEARCHB": _search,
    "SECOND": _part("second"),
    "SIGN": _math(lambda x: (x > 0) - (x < 0)),
    "SIN": _math(math.sin),
    "SQRT": _math(math.sqrt),
    "SUBSTITUTE": _substitute,
    "T": _t,
    "TAN": _math(math.tan),
    "TEXT": _text,
    "TIME": lambda args: (to_number(args[0]) * 3600 + to_number(args[1]) * 60 + to_number(args[2])) / 86_400 % 1,
    "TRIM": lambda args: re.sub(" +", " ", to_text(args[0])).strip(" "),
    "TRUE": lambda args: True,
    "TRUNC": lambda args: _round((args[0], _arg(args, 1, 0.0)), math.floor),
    "TYPE": lambda args: _kind(args[0]),
    "UNICHAR": _unichar,
    "UNICODE": lambda args: float(ord(to_text(args[0])[:1] or "\0")),
    "UPPER": lambda args: to_text(args[0]).upper(),
    "VALUE": _value,
    "WEEKDAY": _weekday,
    "YEAR": _part("year"),
}
"""Functions of single values."""

FLAT: dict[str, Function] = {
    "AND": _logical(all),
    "AVERAGE": _over(lambda numbers: sum(numbers) / len(numbers)),
    "CONCAT": _concatenate,
    "COUNT": lambda args: float(sum(isinstance(value, float) for value in args)),
    "COUNTA": lambda args: float(sum(value is not None for value in args)),
    "COUNTBLANK": lambda args: float(sum(value is None or value == "" for value in args)),
    "MAX": _over(lambda numbers: max(numbers, default=0.0)),
    "MEDIAN": _over(lambda numbers: sorted(numbers)[len(numbers) // 2]),
    "MIN": _over(lambda numbers: min(numbers, default=0.0)),
    "OR": _logical(any),
    "PRODUCT": _over(math.prod),
    "SUM": _over(math.fsum),
    "SUMSQ": _over(lambda numbers: math.fsum(number * number for number in numbers)),
    "TEXTJOIN": _textjoin,
}
"""Functions whose ranges are read cell by cell."""


def match_position(wanted: Scalar, values: Sequence[Scalar], kind: int) -> int | None:
    """Give the place, from 0, at which MATCH and the lookups would find a value.

    Raises:
        Fault: the wanted value is an error or unknown.
    """
    if kind == 0:
        glob = Glob(wanted) if isinstance(wanted, str) and ("*" in wanted or "?" in wanted) else None
        for index, value in enumerate(values):
            if isinstance(value, Err | Unknown) or value is None:
                continue
            if glob is not None:
                if isinstance(value, str) and glob.matches(value):
                    return index
            elif type(value) is type(wanted) and compare(value, wanted) == 0:
                return index
        return None
    best = None
    for index, value in enumerate(values):
        if value is None or isinstance(value, Err | Unknown) or type(value) is not type(wanted):
            continue
        order = compare(value, wanted)
        if order == 0 or (order < 0) == (kind > 0):
            best = index
        else:
            break
    return best


def spread(value: Value) -> bool:
    """Tell whether a value is made of several cells."""
    return not isinstance(value, float | str | bool | Err | Unknown) and value is not None


__all__ = ["FLAT", "FUNCTIONS", "column_name", "match_position", "moment_of", "serial", "spread"]
