"""What JavaScript operators, string and array methods and global functions give for known values.

Source: ECMA-262, chapters 13, 19, 22 and 23; annex B for escape and unescape.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import re2

from sekisho.analyzers._script import Trace
from sekisho.model.limits import DEFAULT

ITEMS = 200_000


class Unknown:
    """A value that only running the script would tell."""


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression literal."""

    pattern: str
    flags: str


@dataclass(frozen=True, slots=True)
class Made:
    """A COM or browser object, by the name it was made with."""

    type: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the script: its parameters and where its body's tokens stand."""

    parameters: tuple[str, ...]
    start: int
    end: int
    expression: bool = False
    """An arrow function whose body is its result."""


def known(value: Any) -> bool:
    """Tell whether a value holds nothing unknown."""
    if isinstance(value, list):
        return all(known(item) for item in value)
    if isinstance(value, dict):
        return all(known(item) for item in value.values())
    return not isinstance(value, Unknown | Made | Function)


def to_text(value: Any) -> str:
    """Give a value as JavaScript makes a string of it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "undefined"
    if isinstance(value, float):
        return (
            "NaN" if math.isnan(value) else str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
        )
    if isinstance(value, list):
        return ",".join("" if item is None else to_text(item) for item in value)
    return "[object Object]" if isinstance(value, dict) else str(value)


def to_number(value: Any) -> float | int | Unknown:
    """Give a value as a number; what is none is unknown here."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        text = value.strip()[:40]
        try:
            return (
                int(text, 16)
                if text[:2].lower() == "0x"
                else float(text)
                if re.search(r"[.eE]", text)
                else int(text or "0")
            )
        except ValueError:
            return UNKNOWN
    return to_number(to_text(value)) if isinstance(value, list) and len(value) < 2 and known(value) else UNKNOWN


def binary(operator: str, left: Any, right: Any, trace: Trace) -> Any:
    """Apply one operator."""
    if operator == "," or not known(left) or not known(right):
        return right if operator == "," else UNKNOWN
    if operator == "+" and (isinstance(left, str | list | dict) or isinstance(right, str | list | dict)):
        return joined(to_text(left), to_text(right), trace)
    if operator in ("==", "===", "!=", "!=="):
        same = (type(left) is type(right) and left == right) or to_text(left) == to_text(right)
        return same == (operator[0] == "=")
    if operator in ("&&", "||", "??"):
        return (right if left else left) if operator == "&&" else (left if left else right)
    if operator in ("<", ">", "<=", ">=") and isinstance(left, str) and isinstance(right, str):
        return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator]
    return _arithmetic(operator, to_number(left), to_number(right))


def joined(left: str, right: str, trace: Trace) -> Any:
    """Give two strings as one."""
    if len(left) + len(right) > DEFAULT.text_chars:
        return UNKNOWN
    trace.grow((len(left) + len(right)) // 64)
    if 0 < len(left) < 5 or 0 < len(right) < 5:
        trace.trick("concat")
    return left + right


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    if isinstance(left, Unknown) or isinstance(right, Unknown) or abs(left) > 1e15 or abs(right) > 1e15:
        return UNKNOWN
    if math.isnan(left) or math.isnan(right) or (operator in "/%" and not right):
        return UNKNOWN
    if operator in ("<", ">", "<=", ">="):
        return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator]
    if operator in ("&", "|", "^", "<<", ">>", ">>>"):
        a, b = _signed(int(left)), _signed(int(right))
        if operator == ">>>":
            return (a & 0xFFFFFFFF) >> (b & 31)
        bits = {"&": a & b, "|": a | b, "^": a ^ b, "<<": a << (b & 31), ">>": a >> (b & 31)}[operator]
        return _signed(bits)
    result = {"+": left + right, "-": left - right, "*": left * right}.get(operator, UNKNOWN)
    if operator == "/":
        result = left / right
    if operator == "%":
        result = math.fmod(left, right)
    return int(result) if isinstance(result, float) and result.is_integer() else result


def _signed(number: int) -> int:
    number &= 0xFFFFFFFF
    return number - (1 << 32) if number & 0x80000000 else number


def index(value: Any, place: Any, trace: Trace) -> Any:
    """Give ``value[place]`` for an array, a string or a plain object."""
    if isinstance(value, dict):
        return value.get(to_text(place), UNKNOWN) if known(place) else UNKNOWN
    number = to_number(place) if not isinstance(place, list) else UNKNOWN
    if isinstance(value, list | str) and isinstance(number, int) and 0 <= number < len(value):
        if isinstance(value, list) and isinstance(value[number], str):
            trace.trick("array-lookup")
        return value[number]
    return UNKNOWN


def _integer(arguments: list[Any], place: int, default: int) -> int:
    number = to_number(arguments[place]) if len(arguments) > place else default
    return int(number) if not isinstance(number, Unknown) and not math.isnan(number) and abs(number) < 1e9 else default


def call_method(owner: Any, name: str, arguments: list[Any], trace: Trace) -> Any:
    """Give ``owner.name(arguments)`` for strings and arrays; unknown for everything else."""
    if isinstance(owner, str):
        handler = STRING_METHODS.get(name)
        return handler(owner, arguments, trace) if handler and all(known(item) for item in arguments) else UNKNOWN
    if isinstance(owner, list):
        return _array_method(owner, name, arguments, trace)
    if isinstance(owner, int | float) and name == "toString" and not isinstance(owner, bool):
        return _to_base(owner, _integer(arguments, 0, 10))
    return UNKNOWN


def _to_base(number: float, base: int) -> Any:
    if base == 10:
        return to_text(number)
    if not 2 <= base <= 36 or number < 0 or not float(number).is_integer() or number > 1e15:
        return UNKNOWN
    digits, rest = "", int(number)
    while rest or not digits:
        rest, digit = divmod(rest, base)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def _array_method(items: list[Any], name: str, arguments: list[Any], trace: Trace) -> Any:
    if name == "join":
        if not known(items):
            return UNKNOWN
        trace.trick("join")
        separator = to_text(arguments[0]) if arguments else ","
        text = separator.join("" if item is None else to_text(item) for item in items)
        trace.grow(len(text) // 64)
        return text if len(text) <= DEFAULT.text_chars else UNKNOWN
    if name == "reverse":
        trace.trick("reverse")
        items.reverse()
        return items
    if name in ("push", "unshift") and len(items) < ITEMS:
        items[len(items) if name == "push" else 0 : len(items) if name == "push" else 0] = arguments
        return len(items)
    if name in ("pop", "shift"):
        return items.pop(-1 if name == "pop" else 0) if items else None
    if name == "slice":
        start, end = _integer(arguments, 0, 0), _integer(arguments, 1, len(items))
        return items[start:end]
    if name == "concat":
        return items + [
            item for argument in arguments for item in (argument if isinstance(argument, list) else [argument])
        ]
    return UNKNOWN


def _pattern(value: Regex) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    flags = "".join(flag for flag in "ims" if flag in value.flags)
    try:
        return re2.compile(f"(?{flags}){value.pattern}" if flags else value.pattern, options)
    except re2.error:
        return None


def _replace(text: str, arguments: list[Any], trace: Trace) -> Any:
    if len(arguments) < 2 or not isinstance(arguments[1], str):
        return UNKNOWN
    trace.trick("replace")
    trace.step(len(text) // 256)
    old, new = arguments[0], arguments[1]
    if not isinstance(old, Regex):
        return _bounded(text.replace(to_text(old), new, 1), trace)
    pattern = _pattern(old)
    if pattern is None:
        return UNKNOWN
    template = re.sub(
        r"\$(\d)|\$&|\\|\$\$", lambda m: f"\\{m[1]}" if m[1] else {"$&": r"\0", "$$": "$"}.get(m[0], "\\\\"), new
    )
    try:
        return _bounded(str(pattern.sub(template, text, count=0 if "g" in old.flags else 1)), trace)
    except (re2.error, ValueError, IndexError):
        return UNKNOWN


def _replace_all(text: str, arguments: list[Any], trace: Trace) -> Any:
    if len(arguments) > 1 and isinstance(arguments[0], str) and isinstance(arguments[1], str):
        trace.trick("replace")
        return _bounded(text.replace(arguments[0], arguments[1]), trace)
    return _replace(text, arguments, trace)


def _bounded(text: str, trace: Trace) -> Any:
    trace.grow(len(text) // 64)
    return text if len(text) <= DEFAULT.text_chars else UNKNOWN


def _split(text: str, arguments: list[Any], trace: Trace) -> Any:
    trace.trick("split")
    trace.step(len(text) // 256)
    if not arguments:
        return [text]
    mark = arguments[0]
    if isinstance(mark, Regex):
        pattern = _pattern(mark)
        return UNKNOWN if pattern is None else [part or "" for part in pattern.split(text)][:ITEMS]
    return list(text[:ITEMS]) if mark == "" else text.split(to_text(mark))[:ITEMS]


def _substring(text: str, arguments: list[Any], trace: Trace) -> str:
    trace.trick("substring")
    start, end = sorted((max(0, _integer(arguments, 0, 0)), max(0, _integer(arguments, 1, len(text)))))
    return text[start:end]


def _substr(text: str, arguments: list[Any], trace: Trace) -> str:
    trace.trick("substring")
    start = _integer(arguments, 0, 0)
    start = max(0, len(text) + start) if start < 0 else start
    return text[start : start + max(0, _integer(arguments, 1, len(text)))]


def _char_code(text: str, arguments: list[Any], trace: Trace) -> Any:
    place = _integer(arguments, 0, 0)
    return ord(text[place]) if 0 <= place < len(text) else UNKNOWN


def _match(text: str, arguments: list[Any], trace: Trace) -> Any:
    pattern = _pattern(arguments[0]) if arguments and isinstance(arguments[0], Regex) else None
    if pattern is None or "g" not in arguments[0].flags:
        return UNKNOWN
    trace.trick("split")
    return [match.group() for match in pattern.finditer(text)][:ITEMS]


STRING_METHODS: dict[str, Callable[[str, list[Any], Trace], Any]] = {
    "charAt": lambda text, arguments, trace: (
        text[place] if 0 <= (place := _integer(arguments, 0, 0)) < len(text) else ""
    ),
    "charCodeAt": _char_code,
    "codePointAt": _char_code,
    "concat": lambda text, arguments, trace: _bounded(text + "".join(map(to_text, arguments)), trace),
    "indexOf": lambda text, arguments, trace: text.find(to_text(arguments[0])) if arguments else -1,
    "match": _match,
    "replace": _replace,
    "replaceAll": _replace_all,
    "slice": lambda text, arguments, trace: text[_integer(arguments, 0, 0) : _integer(arguments, 1, len(text))],
    "split": _split,
    "substr": _substr,
    "substring": _substring,
    "toLowerCase": lambda text, arguments, trace: text.lower(),
    "toString": lambda text, arguments, trace: text,
    "toUpperCase": lambda text, arguments, trace: text.upper(),
    "trim": lambda text, arguments, trace: text.strip(),
    "valueOf": lambda text, arguments, trace: text,
}


def call_global(name: str, arguments: list[Any], trace: Trace) -> Any:
    """Give what a global function or ``String.fromCharCode`` returns."""
    handler = GLOBALS.get(name)
    return handler(arguments, trace) if handler and arguments and all(known(item) for item in arguments) else UNKNOWN


def _from_codes(arguments: list[Any], trace: Trace) -> Any:
    items = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
    numbers = [to_number(item) for item in items[:ITEMS]]
    if any(isinstance(number, Unknown) for number in numbers):
        return UNKNOWN
    trace.trick("char-code")
    return "".join(chr(int(number) & 0xFFFF) for number in numbers if not isinstance(number, Unknown))


def _unescape(arguments: list[Any], trace: Trace) -> str:
    text = to_text(arguments[0])
    if "%" in text:
        trace.trick("unescape")
    return re.sub(r"%u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})", lambda match: chr(int(match[1] or match[2], 16)), text)


def _decode_uri(arguments: list[Any], trace: Trace) -> str:
    text = to_text(arguments[0])
    if "%" in text:
        trace.trick("unescape")
    return unquote(text, errors="replace")


def _atob(arguments: list[Any], trace: Trace) -> Any:
    text = re.sub(r"\s", "", to_text(arguments[0]))
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        return UNKNOWN
    trace.trick("base64")
    trace.grow(len(plain) // 8)
    return plain


def _parse_int(arguments: list[Any], trace: Trace) -> Any:
    base = _integer(arguments, 1, 10)
    text = to_text(arguments[0]).strip().lower()[:40]
    if text[:2] == "0x" and (base == 16 or len(arguments) == 1):
        text, base = text[2:], 16
    if not 2 <= base <= 36:
        return UNKNOWN
    allowed = "0123456789abcdefghijklmnopqrstuvwxyz"[:base]
    digits = text[: len(text) - len(text.lstrip(allowed + "-"))]
    try:
        return int(digits, base)
    except ValueError:
        return UNKNOWN


GLOBALS: dict[str, Callable[[list[Any], Trace], Any]] = {
    "String.fromCharCode": _from_codes,
    "String.fromCodePoint": _from_codes,
    "String": lambda arguments, trace: to_text(arguments[0]),
    "Number": lambda arguments, trace: to_number(arguments[0]),
    "unescape": _unescape,
    "decodeURIComponent": _decode_uri,
    "decodeURI": _decode_uri,
    "atob": _atob,
    "parseInt": _parse_int,
}
