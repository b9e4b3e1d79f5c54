"""What PowerShell operators, casts, methods and static members give for known values; anything else is unknown.

The tables are PowerShell's and .NET's own names; the file is long because each row is one of them.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from dataclasses import dataclass
from typing import Any

import re2

from sekisho.analyzers._script import Trace
from sekisho.model.limits import DEFAULT

ITEMS = 200_000
"""Elements of one array; byte arrays of loaders have some thousands."""


class Unknown:
    """A value that only running the script would tell."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()


class Char(str):
    """One character of .NET type Char: a number to arithmetic, a string to everything else."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TypeName:
    """``[name]`` standing for the type itself."""

    name: str


@dataclass(frozen=True, slots=True)
class Made:
    """An object made with New-Object or a type's ``new``."""

    type: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a value that is not called yet."""

    owner: Any
    name: str


@dataclass(frozen=True, slots=True)
class Block:
    """A script block: where it stands in the text."""

    start: int
    end: int


ENCODINGS = {
    "ascii": "latin-1",
    "default": "cp1252",
    "utf8": "utf-8",
    "unicode": "utf-16-le",
    "bigendianunicode": "utf-16-be",
    "utf7": "utf-7",
    "utf32": "utf-32-le",
    "latin1": "latin-1",
}
CODE_PAGES = {
    "1200": "utf-16-le",
    "utf-16": "utf-16-le",
    "65001": "utf-8",
    "utf-8": "utf-8",
    "20127": "latin-1",
    "us-ascii": "latin-1",
    "28591": "latin-1",
    "932": "cp932",
    "shift_jis": "cp932",
    "1252": "cp1252",
}


def type_name(name: str) -> str:
    """Give a type's short name: lower case, without ``System.`` and blanks."""
    return re.sub(r"\s|`", "", name).lower().removeprefix("system.")


def known(value: Any) -> bool:
    """Tell whether a value holds nothing unknown."""
    if isinstance(value, list):
        return all(known(item) for item in value[:ITEMS])
    return not isinstance(value, Unknown | Made | Member | Block | TypeName)


def to_text(value: Any) -> str:
    """Give a value as PowerShell makes a string of it."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list | bytes):
        return " ".join(to_text(item) for item in value)
    return "" if value is None else str(value)


def to_number(value: Any) -> int | float | Unknown:
    """Give a value as a number."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Char):
        return ord(value)
    if isinstance(value, str):
        text = value.strip().lower()
        try:
            return int(text[:20], 16) if text.startswith("0x") else float(text[:20]) if "." in text else int(text[:20])
        except ValueError:
            return UNKNOWN
    return UNKNOWN


def to_list(value: Any) -> list[Any]:
    """Give a value as the array that a loop would see."""
    if isinstance(value, list):
        return value
    return list(value) if isinstance(value, bytes) else [] if value is None else [value]


def to_bytes(value: Any) -> bytes | Unknown:
    """Give an array of numbers as bytes."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, Made) and value.arguments:
        return to_bytes(value.arguments[0])
    numbers = [to_number(item) for item in to_list(value)] if isinstance(value, list) else []
    if not numbers or not all(isinstance(number, int) and 0 <= number < 256 for number in numbers):
        return UNKNOWN
    return bytes(int(number) for number in numbers if not isinstance(number, Unknown))


def base64_bytes(text: str) -> bytes | Unknown:
    """Decode base64 as .NET does, blanks allowed; a broken tail costs only itself."""
    clean = re.sub(r"[^A-Za-z0-9+/]", "", text)
    clean = clean[: len(clean) - (len(clean) % 4 == 1)]
    try:
        return base64.b64decode(clean + "=" * (-len(clean) % 4))
    except (binascii.Error, ValueError):
        return UNKNOWN


def inflate(data: bytes, kind: str, trace: Trace) -> bytes | Unknown:
    """Decompress a gzip, deflate or zlib stream up to the limit of one text; a broken end costs only itself."""
    window = {"gzip": 31, "zlib": 15}.get(kind, -15)
    reader = zlib.decompressobj(window)
    try:
        plain = reader.decompress(data, DEFAULT.text_chars)
    except zlib.error:
        return UNKNOWN
    trace.grow(len(plain) // 4)
    return plain


def regex(pattern: str, *, case: bool = False) -> Any:
    """Compile a .NET pattern with an engine that cannot hang; None when it does not know the syntax."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern if case else f"(?i){pattern}", options)
    except re2.error:
        return None


def replace_pattern(text: str, pattern: str, new: str, *, case: bool = False) -> str | Unknown:
    """Give ``text -replace pattern, new``."""
    compiled = regex(pattern, case=case)
    if compiled is None:
        return UNKNOWN
    template = re.sub(r"\$\{?(\d)\}?|\$\$|\\", lambda m: f"\\{m[1]}" if m[1] else "$" if m[0] == "$$" else "\\\\", new)
    try:
        return str(compiled.sub(template, text))
    except (re2.error, IndexError, ValueError):
        return UNKNOWN


def split_pattern(text: str, pattern: str, *, case: bool = False, limit: int = 0) -> list[str] | Unknown:
    """Give ``text -split pattern``."""
    compiled = regex(pattern, case=case)
    if compiled is None:
        return UNKNOWN
    parts: list[str] = []
    at = 0
    for match in compiled.finditer(text):
        if match.end() == match.start() in (0, len(text)) and pattern == "":
            continue
        if limit and len(parts) >= limit - 1:
            break
        parts.append(text[at : match.start()])
        at = match.end()
        if len(parts) > ITEMS:
            return UNKNOWN
    return [*parts, text[at:]]


_PLACE = re.compile(r"\{\{|\}\}|\{\s*(\d{1,4})\s*(?:,\s*-?\d{1,4})?(?::([^{}]{0,20}))?\}")


def format_text(template: str, values: list[Any]) -> str | Unknown:
    """Give ``template -f values``."""
    missing = False

    def place(match: re.Match[str]) -> str:
        nonlocal missing
        if match[1] is None:
            return match[0][0]
        index = int(match[1])
        if index >= len(values) or not known(values[index]):
            missing = True
            return ""
        style = (match[2] or "").lower()
        number = to_number(values[index])
        if style[:1] == "x" and isinstance(number, int):
            digits = (
                f"{number:0{min(int(style[1:] or 0), 16)}x}" if style[1:].isdigit() or not style[1:] else str(number)
            )
            return digits.upper() if (match[2] or "")[:1] == "X" else digits
        return to_text(values[index])

    text = _PLACE.sub(place, template)
    return UNKNOWN if missing else text


def binary(operator: str, left: Any, right: Any, trace: Trace) -> Any:
    """Apply one operator; lower case, with its dash."""
    name = operator[2:] if operator[:2] in ("-c", "-i") and operator[2:] in CASED else operator.lstrip("-") or "-"
    case = operator.startswith("-c") and operator[2:] in CASED
    if name == "join":
        return _join(left, right, trace)
    if name == "f":
        if isinstance(left, str) and isinstance(right, Unknown) is False:
            trace.trick("format-operator")
            return format_text(left, to_list(right) if isinstance(right, list) else [right])
        return UNKNOWN
    if name == "+" and isinstance(left, list) and not isinstance(right, Unknown):
        return left + to_list(right) if len(left) < ITEMS else UNKNOWN
    if not known(left) or not known(right):
        return UNKNOWN
    if name in ("replace", "split", "match"):
        return _pattern(name, left, right, trace, case=case)
    if name == "..":
        return _range(left, right)
    if name == "+":
        return _plus(left, right, trace)
    if name == "*" and isinstance(left, str):
        count = to_number(right)
        return left * int(count) if isinstance(count, int) and 0 <= count * len(left) <= DEFAULT.text_chars else UNKNOWN
    if name in ("and", "or", "xor"):
        return {"and": bool(left and right), "or": bool(left or right), "xor": bool(left) != bool(right)}[name]
    if name in ("eq", "ne"):
        same = to_text(left).lower() == to_text(right).lower()
        return same if name == "eq" else not same
    if name == "as" or name in COMPARED:
        return UNKNOWN
    return _arithmetic(name, to_number(left), to_number(right))


CASED = frozenset("replace split match eq ne like notlike notmatch contains notcontains in notin gt lt ge le".split())
COMPARED = frozenset("like notlike notmatch contains notcontains in notin gt lt ge le is isnot".split())


def _join(left: Any, right: Any, trace: Trace) -> Any:
    if not known(left) or not known(right):
        return UNKNOWN
    trace.trick("join")
    items = [to_text(item) for item in to_list(left)]
    separator = to_text(right)
    if sum(map(len, items)) + len(separator) * len(items) > DEFAULT.text_chars:
        return UNKNOWN
    return separator.join(items)


def _pattern(name: str, left: Any, right: Any, trace: Trace, *, case: bool) -> Any:
    parts = [to_text(item) for item in to_list(right)] or [""]
    if name == "match":
        return UNKNOWN
    trace.trick(name)
    results: list[Any] = []
    for item in to_list(left):
        text = to_text(item)
        if name == "replace":
            results.append(replace_pattern(text, parts[0], parts[1] if len(parts) > 1 else "", case=case))
        else:
            limit = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
            split = split_pattern(text, parts[0], case=case, limit=limit)
            results.extend([UNKNOWN] if isinstance(split, Unknown) else split)
    if not all(known(result) for result in results):
        return UNKNOWN
    return results if name == "split" or isinstance(left, list) else results[0]


def _range(left: Any, right: Any) -> Any:
    first, last = to_number(left), to_number(right)
    if not isinstance(first, int) or not isinstance(last, int) or abs(last - first) > ITEMS:
        return UNKNOWN
    return list(range(first, last + 1)) if first <= last else list(range(first, last - 1, -1))


def _plus(left: Any, right: Any, trace: Trace) -> Any:
    if isinstance(left, str):
        text = left + to_text(right)
        if len(text) > DEFAULT.text_chars:
            return UNKNOWN
        trace.grow(len(text) // 64)
        trace.trick("concat")
        return text
    if left is None:
        return right
    if isinstance(left, bytes):
        return list(left) + to_list(right)
    return _arithmetic("+", to_number(left), to_number(right))


def _arithmetic(name: str, left: Any, right: Any) -> Any:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if name in ("bxor", "band", "bor", "shl", "shr"):
        a, b = int(left) & 0xFFFFFFFF, int(right) & 0xFFFFFFFF
        return {"bxor": a ^ b, "band": a & b, "bor": a | b, "shl": a << (b & 31), "shr": a >> (b & 31)}[name]
    if abs(left) > 1e15 or abs(right) > 1e15 or (name in "/%" and not right):
        return UNKNOWN
    if name == "%":
        return left - right * int(left / right)
    result = {"+": left + right, "-": left - right, "*": left * right, "/": left / right if right else 0}.get(
        name, UNKNOWN
    )
    return int(result) if isinstance(result, float) and result.is_integer() else result


def cast(name: str, value: Any, trace: Trace) -> Any:
    """Give ``[name]value``."""
    name = type_name(name)
    if name in ("scriptblock", "io.memorystream", "object", "psobject", "void", "net.webclient", "uri", "object[]"):
        return value
    if isinstance(value, Unknown):
        return UNKNOWN
    if name in ("string", "string[]"):
        if not known(value):
            return UNKNOWN
        return [to_text(item) for item in to_list(value)] if name.endswith("[]") else to_text(value)
    if name in ("char", "char[]"):
        trace.trick("char-code")
        items = list(value) if isinstance(value, str) and name == "char[]" else to_list(value)
        chars = [_char(item) for item in items[:ITEMS]]
        return chars if name == "char[]" else chars[0] if chars else UNKNOWN
    if name in ("byte[]", "sbyte[]"):
        data = to_bytes(value)
        return data if isinstance(data, bytes) else UNKNOWN
    if name in ("int", "int32", "int64", "long", "byte", "uint32", "double", "int16", "uint16", "uint64", "single"):
        number = to_number(value[0] if isinstance(value, list) and len(value) == 1 else value)
        return number if isinstance(number, Unknown) or name in ("double", "single") else round(number)
    if name in ("int[]", "int32[]", "array"):
        return to_list(value)
    if name == "type":
        return TypeName(type_name(to_text(value)))
    if name in ("wmiclass", "wmi", "adsi"):
        return Made(name, (value,))
    return UNKNOWN


def _char(item: Any) -> Any:
    if isinstance(item, str) and len(item) == 1:
        return Char(item)
    number = to_number(item)
    return Char(chr(number)) if isinstance(number, int) and 0 <= number < 0x10000 else UNKNOWN


def index(value: Any, place: Any) -> Any:
    """Give ``value[place]``; several places give an array."""
    if isinstance(place, list):
        return [index(value, one) for one in place[:ITEMS]]
    number = to_number(place)
    if not isinstance(value, str | list | bytes) or not isinstance(number, int):
        return UNKNOWN
    if not -len(value) <= number < len(value):
        return None
    item = value[number]
    return Char(item) if isinstance(value, str) else item


def member(value: Any, name: str) -> Any:
    """Give ``value.name`` where it is a plain property, else the member to be called."""
    low = name.lower()
    if low in ("length", "count") and isinstance(value, str | list | bytes):
        return len(value)
    if low in ("value", "name", "fullname") and isinstance(value, str):
        return value
    if isinstance(value, list) and value and low == "value" and known(value):
        return value
    if isinstance(value, TypeName) and value.name in ("text.encoding", "encoding") and low in ENCODINGS:
        return Made("encoding", (ENCODINGS[low],))
    if isinstance(value, TypeName) and value.name == "string" and low == "empty":
        return ""
    if isinstance(value, TypeName) and value.name == "environment" and low == "newline":
        return "\r\n"
    return Member(value, low)


def call(owner: Any, name: str, arguments: list[Any], trace: Trace) -> Any:
    """Give ``owner.name(arguments)`` or ``[type]::name(arguments)``; unknown for what has to be run."""
    if isinstance(owner, TypeName):
        return _static(owner.name, name, arguments, trace)
    if isinstance(owner, Made):
        return _object_method(owner, name, arguments, trace)
    if isinstance(owner, bytes) and name in ("toarray", "getbuffer"):
        return owner
    if name == "tostring" and known(owner) and not arguments:
        return to_text(owner)
    if isinstance(owner, str) and all(known(argument) for argument in arguments):
        return _string_method(owner, name, arguments, trace)
    return UNKNOWN


def _string_method(text: str, name: str, arguments: list[Any], trace: Trace) -> Any:
    words = [to_text(argument) for argument in arguments]
    if name == "replace" and len(words) > 1:
        if not words[0]:
            return text
        trace.trick("replace")
        return _bounded(text.replace(words[0], words[1]), trace)
    if name == "split":
        trace.trick("split")
        marks = "".join(to_text(item) for item in to_list(arguments[0])) if arguments else " \t\r\n"
        return re.split(f"[{re.escape(marks)}]", text) if marks else [text]
    if name == "tochararray":
        return [Char(mark) for mark in text[:ITEMS]]
    plain = {"tolower": text.lower(), "toupper": text.upper(), "tolowerinvariant": text.lower(), "normalize": text}
    if name in plain:
        return plain[name]
    if name in ("trim", "trimstart", "trimend"):
        strip = {"trim": text.strip, "trimstart": text.lstrip, "trimend": text.rstrip}[name]
        return strip("".join(words) or None)
    if name in ("substring", "remove", "insert", "padleft", "padright"):
        return _cut(text, name, arguments, trace)
    if name == "indexof" and words:
        return text.find(words[0])
    if name in ("contains", "startswith", "endswith") and words:
        return {
            "contains": words[0] in text,
            "startswith": text.startswith(words[0]),
            "endswith": text.endswith(words[0]),
        }[name]
    if name in ("chars", "get_chars") and arguments:
        return index(text, arguments[0])
    return UNKNOWN


def _bounded(text: str, trace: Trace) -> Any:
    if len(text) > DEFAULT.text_chars:
        return UNKNOWN
    trace.grow(len(text) // 64)
    return text


def _cut(text: str, name: str, arguments: list[Any], trace: Trace) -> Any:
    numbers = [to_number(argument) for argument in arguments]
    first = numbers[0] if numbers else UNKNOWN
    if not isinstance(first, int) or first < 0:
        return UNKNOWN
    second = numbers[1] if len(numbers) > 1 else None
    if name == "substring":
        trace.trick("substring")
        return text[first : first + second] if isinstance(second, int) and second >= 0 else text[first:]
    if name == "remove":
        return text[:first] + (text[first + second :] if isinstance(second, int) and second >= 0 else "")
    if name == "insert" and len(arguments) > 1:
        return text[:first] + to_text(arguments[1]) + text[first:]
    if first > DEFAULT.text_chars:
        return UNKNOWN
    return text.rjust(first) if name == "padleft" else text.ljust(first)


def _object_method(owner: Made, name: str, arguments: list[Any], trace: Trace) -> Any:
    if owner.type == "encoding" and arguments:
        if name == "getstring":
            data = to_bytes(arguments[0])
            return data.decode(owner.arguments[0], "replace").lstrip("\ufeff") if isinstance(data, bytes) else UNKNOWN
        if name == "getbytes" and known(arguments[0]):
            return to_text(arguments[0]).encode(owner.arguments[0], "replace")
    if name in ("readtoend", "readline", "toarray", "getbuffer"):
        data = _stream(owner)
        if isinstance(data, bytes):
            return data if name in ("toarray", "getbuffer") else data.decode("utf-8", "replace").lstrip("\ufeff")
    return UNKNOWN


def _stream(value: Any) -> bytes | Unknown:
    if isinstance(value, bytes):
        return value
    return _stream(value.arguments[0]) if isinstance(value, Made) and value.arguments else UNKNOWN


def make(name: str, arguments: list[Any], trace: Trace) -> Any:
    """Give ``New-Object name(arguments)``: decompressing streams give their bytes at once."""
    name = type_name(name)
    if name.endswith(("gzipstream", "deflatestream", "zlibstream")) and arguments:
        data = _stream(arguments[0])
        kind = "gzip" if "gzip" in name else "zlib" if "zlib" in name else "deflate"
        if isinstance(data, bytes):
            trace.trick(kind)
            return inflate(data, kind, trace)
        return UNKNOWN
    if name in ("string", "system.string") and arguments and known(arguments):
        first = arguments[0]
        if len(arguments) > 1 and isinstance(first, str):
            return binary("*", first, arguments[1], trace)
        return "".join(to_text(item) for item in to_list(first))
    return Made(name, tuple(arguments))


def _static(kind: str, name: str, arguments: list[Any], trace: Trace) -> Any:
    if name == "new":
        return make(kind, arguments, trace)
    if kind == "scriptblock" and name == "create" and arguments:
        if not known(arguments[0]):
            trace.call("evaluates", "a script block")
        return arguments[0]
    if kind in ("text.encoding", "encoding") and name == "getencoding" and arguments:
        codec = CODE_PAGES.get(to_text(arguments[0]).lower())
        return Made("encoding", (codec,)) if codec else UNKNOWN
    if not arguments or not all(known(argument) for argument in arguments):
        return UNKNOWN
    if kind == "convert":
        return _convert(name, arguments, trace)
    if kind == "string":
        return _string_static(name, arguments, trace)
    if kind == "char" and name in ("convertfromutf32", "parse"):
        return cast("char", arguments[0], trace)
    if kind in ("regex", "text.regularexpressions.regex"):
        return _regex_static(name, [to_text(argument) for argument in arguments], trace)
    if kind in ("uri", "net.webutility", "web.httputility") and name in ("unescapedatastring", "urldecode"):
        return re.sub(r"%([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), to_text(arguments[0]))
    if kind == "io.path" and name == "combine":
        return "\\".join(to_text(argument).rstrip("\\/") for argument in arguments)
    if kind == "environment":
        return _environment(name, to_text(arguments[0]))
    return UNKNOWN


def _environment(name: str, what: str) -> Any:
    if name == "getenvironmentvariable":
        return f"$env:{what}"
    folders = {
        "applicationdata": "$env:APPDATA",
        "localapplicationdata": "$env:LOCALAPPDATA",
        "startup": "shell:startup",
    }
    return folders.get(what.lower(), UNKNOWN) if name == "getfolderpath" else UNKNOWN


def _convert(name: str, arguments: list[Any], trace: Trace) -> Any:
    text = to_text(arguments[0])
    if name in ("frombase64string", "frombase64chararray"):
        trace.trick("base64")
        trace.grow(len(text) // 4)
        return base64_bytes("".join(text.split()))
    if name in ("toint32", "tobyte", "toint16", "touint32", "tosbyte", "toint64", "touint16"):
        base = to_number(arguments[1]) if len(arguments) > 1 else 10
        try:
            return int(text[:40], int(base) if base in (2, 8, 10, 16) else 10)
        except ValueError:
            return UNKNOWN
    if name == "tochar":
        return _char(arguments[0])
    if name == "tostring":
        return text
    if name == "tobase64string":
        data = to_bytes(arguments[0])
        return base64.b64encode(data).decode() if isinstance(data, bytes) else UNKNOWN
    return UNKNOWN


def _string_static(name: str, arguments: list[Any], trace: Trace) -> Any:
    if name == "join":
        items = arguments[1] if len(arguments) == 2 else arguments[1:]
        return _join(items, arguments[0], trace)
    if name == "concat":
        items = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
        return "".join(to_text(item) for item in items)
    if name == "format":
        return format_text(to_text(arguments[0]), arguments[1:])
    return UNKNOWN


def _regex_static(name: str, words: list[str], trace: Trace) -> Any:
    if name == "replace" and len(words) > 2:
        return replace_pattern(words[0], words[1], words[2], case=True)
    if name == "split" and len(words) > 1:
        return split_pattern(words[0], words[1], case=True)
    if name == "unescape":
        return re.sub(r"\\(.)", r"\1", words[0])
    if name == "matches" and len(words) > 1 and (compiled := regex(words[1], case=True)) is not None:
        found = [match.group() for match in compiled.finditer(words[0])][:ITEMS]
        if len(words) > 2 and "righttoleft" in words[2].lower():
            trace.trick("reverse")
            found.reverse()
        return found
    return UNKNOWN
