"""Functions of VBA and VBScript that only compute, on values that are known.

A function given something unknown, or something it does not take, raises one of ``Incomputable``; the evaluator then
keeps the call as text.

Source: [MS-VBAL] 6.1.2 standard modules (Conversion, Information, Math, Strings); VBScript language reference.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from sekisho.analyzers._basic_values import (
    LONGEST_TEXT,
    Array,
    Partial,
    Thing,
    Value,
    parse_number,
    to_bytes,
    to_number,
    to_text,
)

Incomputable = (ValueError, LookupError, ArithmeticError, TypeError)

CONSTANTS: dict[str, Value] = {
    "vbcrlf": "\r\n", "vbnewline": "\r\n", "vbcr": "\r", "vblf": "\n", "vbtab": "\t", "vbnullchar": "\0",
    "vbnullstring": "", "vbback": "\b", "vbformfeed": "\f", "vbverticaltab": "\v", "vbobjecterror": -2147221504,
    "vbhide": 0, "vbnormalfocus": 1, "vbminimizedfocus": 2, "vbmaximizedfocus": 3, "vbnormalnofocus": 4,
    "vbminimizednofocus": 6, "vbbinarycompare": 0, "vbtextcompare": 1, "vbunicode": 64, "vbfromunicode": 128,
    "vbuppercase": 1, "vblowercase": 2, "vbpropercase": 3, "vbmethod": 1, "vbget": 2, "vblet": 4, "vbset": 8,
    "vbnormal": 0, "vbhidden": 2, "vbsystem": 4, "vbdirectory": 16, "vbyes": 6, "vbno": 7, "vbok": 1, "vbcancel": 2,
    "vbstring": 8, "vbsunday": 1, "vbblack": 0, "vbred": 255, "vbwhite": 16777215, "vbyesno": 4, "vbokonly": 0,
    "vbexclamation": 48, "vbinformation": 64, "vbcritical": 16, "vbquestion": 32, "win32": True, "win64": True,
    "vba7": True, "vba6": True, "mac": False, "adtypebinary": 1, "adtypetext": 2, "adsavecreateoverwrite": 2,
    "adsavecreatenotexist": 1, "wdformattext": 2, "wdformatfilteredhtml": 10, "wdformathtml": 8,
    "xlveryhidden": 2, "xlsheetveryhidden": 2, "xlsheethidden": 0, "xlsheetvisible": -1,
}  # fmt: skip
"""Names with a fixed value."""


def _number(value: Value) -> int | float:
    number = to_number(value)
    if number is None:
        raise ValueError
    return number


def _integer(value: Value) -> int:
    number = _number(value)
    return number if isinstance(number, int) else int(_round_even(number))


def _round_even(value: float) -> int:
    """Round half to even, as every conversion to an integer does."""
    return round(value)


def _text(value: Value) -> str:
    text = to_text(value)
    if isinstance(text, Partial):
        raise TypeError
    return text


def _char(args: list[Value]) -> Value:
    code = _integer(args[0])
    if not 0 <= code <= 255:
        return _wide_char(args)
    return bytes([code]).decode("cp1252", "replace") if code > 127 else chr(code)


def _wide_char(args: list[Value]) -> Value:
    return chr(_integer(args[0]) & 0xFFFF)


def _code(args: list[Value]) -> Value:
    char = _text(args[0])[0]
    try:
        return char.encode("cp1252")[0]
    except UnicodeEncodeError:
        return ord(char)


def _mid(args: list[Value]) -> Value:
    text, start = _text(args[0]), _integer(args[1])
    if start < 1:
        raise ValueError
    return (
        text[start - 1 :]
        if len(args) < 3 or args[2] is None
        else text[start - 1 : start - 1 + max(_integer(args[2]), 0)]
    )


def _left(args: list[Value]) -> Value:
    return _text(args[0])[: max(_integer(args[1]), 0)]


def _right(args: list[Value]) -> Value:
    text, count = _text(args[0]), max(_integer(args[1]), 0)
    return text[len(text) - count :] if count < len(text) else text


def _repeat(args: list[Value]) -> Value:
    count = _integer(args[0])
    unit = args[1]
    char = _text(unit)[:1] if isinstance(unit, str) else chr(_integer(unit) & 0xFF)
    return char * min(max(count, 0), LONGEST_TEXT)


def _replace(args: list[Value]) -> Value:
    text, old, new = to_text(args[0]), _text(args[1]), _text(args[2])
    start = _integer(args[3]) if len(args) > 3 and args[3] is not None else 1
    count = _integer(args[4]) if len(args) > 4 and args[4] is not None else -1
    text = text[max(start, 1) - 1 :]
    if not old:
        return text
    if len(args) > 5 and args[5] is not None and _integer(args[5]) == 1:
        result = re.sub(re.escape(old), lambda _: new, text, count=max(count, 0), flags=re.I)
    else:
        if len(new) > len(old) and text.count(old) * len(new) > LONGEST_TEXT:
            raise OverflowError
        result = text.replace(old, new, count)
    return Partial(result) if isinstance(args[0], Partial) else result


def _split(args: list[Value]) -> Value:
    text = _text(args[0])
    separator = _text(args[1]) if len(args) > 1 and args[1] is not None else " "
    limit = _integer(args[2]) if len(args) > 2 and args[2] is not None else -1
    if not text:
        return Array()
    pieces = text.split(separator, limit - 1 if limit > 0 else -1) if separator else [text]
    return Array.of(list(pieces))


def _join(args: list[Value]) -> Value:
    separator = _text(args[1]) if len(args) > 1 and args[1] is not None else " "
    array = args[0]
    if not isinstance(array, Array):
        raise TypeError
    pieces = [to_text(item) for item in array.values()]
    joined = separator.join(pieces)
    return Partial(joined) if any(isinstance(piece, Partial) for piece in pieces) else joined


def _bound(upper: bool) -> Callable[[list[Value]], Value]:
    def bound(args: list[Value]) -> Value:
        array = args[0]
        if isinstance(array, bytes):
            return len(array) - 1 if upper else 0
        if not isinstance(array, Array):
            raise TypeError
        return array.upper if upper else array.lower

    return bound


def _length(args: list[Value]) -> Value:
    value = args[0]
    if isinstance(value, bytes):
        return len(value)
    return len(_text(value))


def _hex(args: list[Value]) -> Value:
    value = _integer(args[0])
    return f"{value & 0xFFFF if -0x8000 <= value < 0 else value & 0xFFFFFFFF:X}"


def _oct(args: list[Value]) -> Value:
    value = _integer(args[0])
    return f"{value & 0xFFFF if -0x8000 <= value < 0 else value & 0xFFFFFFFF:o}"


_LEADING = re.compile(r"&[hH][0-9a-fA-F]+|&[oO][0-7]+|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")


def _val(args: list[Value]) -> Value:
    found = _LEADING.match(re.sub(r"[ \t\n]", "", _text(args[0])[:200]))
    return parse_number(found.group()) or 0 if found else 0


def _find(args: list[Value]) -> Value:
    start = 1
    if len(args) > 2 or (len(args) == 2 and not isinstance(args[0], str)):
        start, args = _integer(args[0]), args[1:]
    text, part = _text(args[0]), _text(args[1])
    if len(args) > 2 and args[2] is not None and _integer(args[2]) == 1:
        text, part = text.lower(), part.lower()
    return text.find(part, max(start, 1) - 1) + 1


def _find_last(args: list[Value]) -> Value:
    return _text(args[0]).rfind(_text(args[1])) + 1


def _convert(args: list[Value]) -> Value:
    how = _integer(args[1])
    if how == 128:  # vbFromUnicode
        return _text(args[0]).encode("cp1252", "replace")
    if how == 64:  # vbUnicode
        data = to_bytes(args[0])
        if data is None:
            raise TypeError
        return data.decode("cp1252", "replace")
    text = _text(args[0])
    return {1: text.upper(), 2: text.lower(), 3: text.title()}.get(how, text)


def _compare(args: list[Value]) -> Value:
    left, right = _text(args[0]), _text(args[1])
    if len(args) > 2 and args[2] is not None and _integer(args[2]) == 1:
        left, right = left.lower(), right.lower()
    return (left > right) - (left < right)


def _environ(args: list[Value]) -> Value:
    if not isinstance(args[0], str):
        raise TypeError
    return f"%{_text(args[0]).strip('%').upper()}%"


def _byte(args: list[Value]) -> Value:
    value = _integer(args[0])
    if not 0 <= value <= 255:
        raise OverflowError
    return value


def _fix(args: list[Value]) -> Value:
    return math.trunc(_number(args[0]))


def _floor(args: list[Value]) -> Value:
    return math.floor(_number(args[0]))


def _round(args: list[Value]) -> Value:
    digits = _integer(args[1]) if len(args) > 1 else 0
    return round(_number(args[0]), min(digits, 15)) if digits else _round_even(_number(args[0]))


def _maths(function: Callable[[float], float]) -> Callable[[list[Value]], Value]:
    return lambda args: function(float(_number(args[0])))


def _sign(args: list[Value]) -> Value:
    value = _number(args[0])
    return (value > 0) - (value < 0)


def _choose(args: list[Value]) -> Value:
    index = _integer(args[0])
    if index < 1:
        raise IndexError
    return args[index]


def _switch(args: list[Value]) -> Value:
    for condition, value in zip(args[::2], args[1::2], strict=False):
        if _number(condition):
            return value
    return None


def _either(args: list[Value]) -> Value:
    return args[1] if _number(args[0]) else args[2]


def _unescape(args: list[Value]) -> Value:
    return re.sub(
        r"%u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})", lambda found: chr(int(found[1] or found[2], 16)), _text(args[0])
    )


def _filter(args: list[Value]) -> Value:
    array, part = args[0], _text(args[1])
    if not isinstance(array, Array):
        raise TypeError
    return Array.of([item for item in array.values() if part in to_text(item)])


def _type_name(args: list[Value]) -> Value:
    value = args[0]
    if isinstance(value, Partial):
        raise TypeError
    names = {str: "String", bool: "Boolean", int: "Long", float: "Double", bytes: "Byte()", Array: "Variant()"}
    return names.get(type(value), "Empty" if value is None else "Object")


def _format(args: list[Value]) -> Value:
    if len(args) > 1 and args[1] not in (None, "", "0", "@"):
        raise ValueError
    return _text(args[0])


def _letter_case(change: Callable[[str], str]) -> Callable[[list[Value]], Value]:
    def convert(args: list[Value]) -> Value:
        text = to_text(args[0])
        return Partial(text) if isinstance(text, Partial) else change(text)

    return convert


def _is(kind: Callable[[Value], bool]) -> Callable[[list[Value]], Value]:
    def test(args: list[Value]) -> Value:
        if isinstance(args[0], Partial):
            raise TypeError
        return kind(args[0])

    return test


FUNCTIONS: dict[str, Callable[[list[Value]], Value]] = {
    "chr": _char, "chrw": _wide_char, "chrb": _char, "asc": _code, "ascb": _code,
    "ascw": lambda args: ord(_text(args[0])[0]),
    "mid": _mid, "midb": _mid, "left": _left, "leftb": _left, "right": _right, "rightb": _right,
    "lcase": _letter_case(str.lower), "ucase": _letter_case(str.upper),
    "trim": _letter_case(lambda text: text.strip(" ")), "ltrim": _letter_case(lambda text: text.lstrip(" ")),
    "rtrim": _letter_case(lambda text: text.rstrip(" ")),
    "space": lambda args: " " * min(max(_integer(args[0]), 0), LONGEST_TEXT),
    "string": _repeat, "strreverse": lambda args: _text(args[0])[::-1],
    "replace": _replace, "split": _split, "join": _join, "filter": _filter,
    "array": lambda args: Array.of(args), "ubound": _bound(True), "lbound": _bound(False),
    "len": _length, "lenb": lambda args: 2 * len(_text(args[0])),
    "hex": _hex, "oct": _oct, "val": _val, "instr": _find, "instrb": _find, "instrrev": _find_last,
    "strconv": _convert, "strcomp": _compare, "environ": _environ,
    "cint": lambda args: _integer(args[0]), "clng": lambda args: _integer(args[0]),
    "clnglng": lambda args: _integer(args[0]), "clngptr": lambda args: _integer(args[0]), "cbyte": _byte,
    "cdbl": lambda args: _number(args[0]), "csng": lambda args: _number(args[0]), "cdec": lambda args: _number(args[0]),
    "ccur": lambda args: _number(args[0]), "cstr": lambda args: to_text(args[0]), "cvar": lambda args: args[0],
    "str": lambda args: (" " if _number(args[0]) >= 0 else "") + to_text(_number(args[0])),
    "cbool": lambda args: bool(_number(args[0])), "int": _floor, "fix": _fix, "abs": lambda args: abs(_number(args[0])),
    "sgn": _sign, "sqr": _maths(math.sqrt), "sin": _maths(math.sin), "cos": _maths(math.cos), "tan": _maths(math.tan),
    "atn": _maths(math.atan), "exp": _maths(math.exp), "log": _maths(math.log), "round": _round,
    "iif": _either, "choose": _choose, "switch": _switch, "unescape": _unescape, "typename": _type_name,
    "format": _format, "isnumeric": _is(lambda value: to_number(value) is not None and value is not None),
    "isempty": _is(lambda value: value is None), "isnull": _is(lambda value: value is None and False),
    "isarray": _is(lambda value: isinstance(value, (Array, bytes))),
    "isobject": lambda args: isinstance(args[0], Thing), "rgb": lambda args: (
        _integer(args[0]) + 256 * _integer(args[1]) + 65536 * _integer(args[2])
    ),
    "doevents": lambda _: 0,
}  # fmt: skip
"""By lower-case name, without ``$``."""

TRICKS = {
    "chr": "char-code", "chrw": "char-code", "chrb": "char-code", "strreverse": "reverse", "replace": "replace",
    "split": "split", "join": "join", "environ": "environ", "mid": "substring", "strconv": "convert", "val": "hex",
    "unescape": "unescape", "array": "array",
}  # fmt: skip
"""Which way of hiding text a function serves."""
