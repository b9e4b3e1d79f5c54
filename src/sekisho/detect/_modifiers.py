"""A field and its modifiers become tests: ``CommandLine|contains|all: [a, b]``."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, TypeAlias, cast

from sekisho.detect._regex import searcher
from sekisho.detect._tree import (
    ANY,
    KEYWORD,
    Cidr,
    Compare,
    Empty,
    Leaf,
    Mode,
    Node,
    Not,
    OneOf,
    Present,
    Regex,
    Same,
    Test,
    Text,
)
from sekisho.detect._values import network_of, number_of, pattern_of, pieces_of, text_of
from sekisho.detect._written import Numeral, Real

MAX_VALUES = 10_000  # one value may become by placeholders and dashes; also values of one field
MODES: dict[str, Mode] = {"contains": "in", "startswith": "start", "endswith": "end"}
ENCODINGS = {"wide": "utf-16-le", "utf16le": "utf-16-le", "utf16be": "utf-16-be"}
COMPARISONS = frozenset({"lt", "lte", "gt", "gte"})
PARTS = frozenset({"minute", "hour", "day", "week", "month", "year"})
REGEX_FLAGS = frozenset("ims")
REGEX_WORDS = {"ignorecase": "i", "multiline": "m", "dotall": "s"}  # long names that some rules use
BASE64 = frozenset({"base64", "base64offset"})
ENCODERS = BASE64 | ENCODINGS.keys() | {"utf16"}
KNOWN = (
    {"all", "cased", "cidr", "exists", "expand", "fieldref", "neq", "re", "windash"}
    | MODES.keys()
    | ENCODERS
    | COMPARISONS
    | PARTS
    | REGEX_FLAGS
    | REGEX_WORDS.keys()
)
TYPES = frozenset({"re", "cidr", "exists", "fieldref"}) | COMPARISONS | PARTS  # each makes another kind of value
PLACEHOLDER = re.compile(r"(?<!\\)%([^%\\\s]+)%")

Placeholders: TypeAlias = Mapping[str, Sequence[str]]


class ModifierError(ValueError):
    """A field's modifiers or values cannot be used; worded for people."""


@dataclass(frozen=True, slots=True)
class _Item:
    """One key of a selection: the field and what its modifiers ask for."""

    field: str
    modifiers: tuple[str, ...]
    placeholders: Placeholders

    def __contains__(self, modifier: str) -> bool:
        return modifier in self.modifiers

    @property
    def mode(self) -> Mode | None:
        """How the text is compared, when a modifier says so."""
        return next((MODES[one] for one in self.modifiers if one in MODES), None)


def leaf_of(key: str, value: Any, placeholders: Placeholders) -> Node:
    """Turn one key and its value or values into a node.

    Args:
        key: ``field|modifier|...``; an empty field searches all values of the record.
        value: what YAML gave.
        placeholders: values for names used with ``expand``.

    Raises:
        ModifierError: unknown or contradicting modifiers, or a value they cannot take.

    Source: Sigma modifiers 2.1.0; Sigma rules specification 2.0, "Detection".
    """
    field, *modifiers = key.split("|")
    item = _Item(field.strip(), tuple(one.strip().lower() for one in modifiers), placeholders)
    _check(item)
    values = value if isinstance(value, list) else [value]
    if not values:
        raise ModifierError("list of values is empty")
    tests: list[Test | OneOf] = []
    for one in values:
        expanded = _expanded(one, item) if "expand" in item else [one]
        made = [test for written in expanded for test in _tests(written, item)]
        tests.append(made[0] if len(made) == 1 else OneOf(tuple(made)))
        if len(tests) > MAX_VALUES:
            raise ModifierError(f"more than {MAX_VALUES} values")
    leaf = Leaf(item.field, tuple(dict.fromkeys(tests)), "all" in item and len(tests) > 1)
    return Not(leaf, item.field) if "neq" in item else leaf


def _check(item: _Item) -> None:
    """Refuse modifiers that are unknown or cannot stand together."""
    given = item.modifiers
    for one in given:
        if one not in KNOWN:
            raise ModifierError(f"unknown modifier {one!r}")
    if len([one for one in given if one in MODES]) > 1:
        raise ModifierError("contains, startswith and endswith exclude each other")
    kinds = [one for one in given if one in TYPES]
    dated = len(kinds) == 2 and kinds[0] in PARTS and kinds[1] in COMPARISONS
    if len(kinds) > 1 and not dated:
        raise ModifierError(f"modifiers {kinds[0]!r} and {kinds[1]!r} exclude each other")
    kind = kinds[0] if kinds else ""
    if kind and kind != "fieldref" and (item.mode or "cased" in item):
        raise ModifierError(f"modifier {kind!r} cannot stand with one that compares text")
    if kind and (ENCODERS | {"windash"}) & set(given):
        raise ModifierError(f"modifier {kind!r} cannot stand with one that changes text")
    if kind != "re" and (REGEX_FLAGS | REGEX_WORDS.keys()) & set(given):
        raise ModifierError("modifiers i, m and s need modifier re before them")
    if kind not in ("", "re", "cidr") and item.field == KEYWORD:
        raise ModifierError(f"modifier {kind!r} needs a field")
    if len([one for one in given if one in BASE64]) > 1:
        raise ModifierError("base64 and base64offset exclude each other")


def _expanded(value: Any, item: _Item) -> list[Any]:
    """Put a value's placeholders in; several placeholders give every combination."""
    if not isinstance(value, str):
        return [value]
    parts = PLACEHOLDER.split(value)  # text, name, text, name, ..., text
    choices: list[Sequence[str]] = [[part.replace("\\%", "%")] for part in parts]
    for at in range(1, len(parts), 2):
        if not item.placeholders.get(parts[at]):
            raise ModifierError(f"placeholder %{parts[at]}% has no values")
        choices[at] = [str(one) for one in item.placeholders[parts[at]]]
    total = 1
    for choice in choices:
        total *= len(choice)
    if total > MAX_VALUES:
        raise ModifierError(f"placeholders give more than {MAX_VALUES} values")
    return ["".join(one) for one in product(*choices)]


def _tests(value: Any, item: _Item) -> list[Test]:
    """Give the tests for one written value; several mean any of them."""
    if isinstance(value, (dict, list)):
        raise ModifierError("a value must be text, a number, true, false or null")
    for kind, build in BUILDERS.items():
        if kind in item:
            return build(value, item)
    for part in item.modifiers:
        if part in PARTS or part in COMPARISONS:
            return [_comparison(value, item)]
    if ENCODERS & set(item.modifiers):
        return [_text_test([one], item, dashes=False) for one in _encoded(value, item)]
    if value is None:
        if item.mode or item.field == KEYWORD:
            raise ModifierError("null cannot be searched in text")
        return [Empty()]
    return [_text_test(pieces, item) for pieces in _written(value, item)]


def _written(value: Any, item: _Item) -> list[list[str | int]]:
    """Give the patterns a value stands for: a number or boolean can be written in more than one way."""
    if isinstance(value, bool):
        return [[text] for text in (("true", "1") if value else ("false", "0"))]
    if isinstance(value, (Numeral, Real)):
        plain = text_of(float(value) if isinstance(value, Real) else int(value))
        return [[text] for text in dict.fromkeys((plain, value.text))]
    if isinstance(value, str):
        return [pieces_of(value)]
    return [[text_of(value)]]


def _text_test(pieces: list[str | int], item: _Item, *, dashes: bool = True) -> Test:
    mode = item.mode or ("in" if item.field == KEYWORD else "equal")
    if mode == "equal" and not pieces:
        return Empty()
    opened: list[str | int] = [ANY] if mode in ("in", "end") else []
    closed: list[str | int] = [ANY] if mode in ("in", "start") else []
    test = pattern_of([*opened, *pieces, *closed], cased="cased" in item, dashes=dashes and "windash" in item)
    if item.field == KEYWORD and isinstance(test, Text) and not test.text:
        raise ModifierError("a keyword must not be empty")
    return test


def _regex(value: Any, item: _Item) -> list[Test]:
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise ModifierError("modifier re needs text")
    flags = "".join(sorted({REGEX_WORDS.get(one, one) for one in item.modifiers} & REGEX_FLAGS))
    pattern = value if isinstance(value, str) else getattr(value, "text", text_of(value))
    try:
        searcher(pattern, flags)
    except ValueError as error:
        raise ModifierError(str(error)) from error
    return [Regex(pattern, flags)]


def _cidr(value: Any, item: _Item) -> list[Test]:
    try:
        return [Cidr(str(network_of(str(value).strip())))]
    except ValueError as error:
        raise ModifierError(f"{value!r} is not a network") from error


def _exists(value: Any, item: _Item) -> list[Test]:
    if not isinstance(value, bool):
        raise ModifierError("modifier exists needs true or false")
    return [Present(value)]


def _reference(value: Any, item: _Item) -> list[Test]:
    if not isinstance(value, str) or not value:
        raise ModifierError("modifier fieldref needs the name of a field")
    return [Same(value, item.mode or "equal", "cased" in item)]


BUILDERS: dict[str, Callable[[Any, _Item], list[Test]]] = {
    "re": _regex,
    "cidr": _cidr,
    "exists": _exists,
    "fieldref": _reference,
}


def _comparison(value: Any, item: _Item) -> Compare:
    number = number_of(value)
    if number is None:
        raise ModifierError(f"{value!r} is not a number")
    operator = next((one for one in item.modifiers if one in COMPARISONS), "eq")
    part = next((one for one in item.modifiers if one in PARTS), "")
    plain = int(number) if isinstance(number, int) else float(number)
    return Compare(
        cast(Literal["eq", "lt", "lte", "gt", "gte"], operator),
        plain,
        cast(Literal["", "minute", "hour", "day", "week", "month", "year"], part),
    )


def _encoded(value: Any, item: _Item) -> list[str]:
    """Apply the encoding modifiers in the order they are written."""
    pieces = pieces_of(value) if isinstance(value, str) else [text_of(value)]
    if value is None or isinstance(value, bool) or len(pieces) != 1 or not isinstance(pieces[0], str):
        raise ModifierError("a value that is encoded must be text without wildcards")
    forms = _dashed(pieces[0]) if "windash" in item else [pieces[0]]
    found: list[str] = []
    for text in forms:
        raw = text.encode("utf-8", "surrogatepass")
        last = ""
        for modifier in item.modifiers:
            if modifier in ENCODERS and last in BASE64:
                raise ModifierError(f"modifier {modifier!r} cannot follow base64")
            if modifier in ENCODINGS:
                raw = text.encode(ENCODINGS[modifier], "surrogatepass")
            elif modifier == "utf16":
                raw = b"\xff\xfe" + text.encode("utf-16-le", "surrogatepass")
            last = modifier if modifier in ENCODERS else last
        if last == "base64":
            found.append(b64encode(raw).decode())
        elif last == "base64offset":
            found += [one for one in map(_shifted, (raw,) * 3, range(3)) if one]
        else:
            found.append(raw.decode("latin-1"))
    return found


def _shifted(raw: bytes, offset: int) -> str:
    """Give the Base64 characters that depend on these bytes alone when they begin ``offset`` bytes into a group."""
    encoded = b64encode(bytes(offset) + raw)
    start = (0, 2, 3)[offset]
    spoiled = (None, -3, -2)[(offset + len(raw)) % 3]
    return encoded[start:spoiled].decode()


def _dashed(text: str) -> list[str]:
    """Write a text with every combination of dashes, for values that are encoded afterwards."""
    choices = ["-/–—―" if char in "-/–—―" else char for char in text]
    if 5 ** sum(len(choice) > 1 for choice in choices) > MAX_VALUES:
        raise ModifierError("windash gives too many values to encode")
    return ["".join(one) for one in product(*choices)]
