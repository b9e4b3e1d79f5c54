"""Values of the BASIC family as the evaluator sees them: known, partly known, or only named.

Source: [MS-VBAL] 2.1 data values, 5.5.1.2 let-coercion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LONGEST_TEXT = 1_000_000  # characters of one value; half of Limits.text_chars
_NUMERIC = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d{1,3})?\s*")


class Partial(str):
    """Text of which a part is not known; the unknown part stands in braces as the source spells it."""

    __slots__ = ()


@dataclass(slots=True)
class Array:
    """Elements by index, a tuple of indices for more than one dimension; absent ones are empty."""

    items: dict[int | tuple[int, ...], Value] = field(default_factory=dict)
    lower: int = 0
    upper: int = -1

    @classmethod
    def of(cls, values: list[Value]) -> Array:
        """Give an array that starts at 0."""
        return cls(dict(enumerate(values)), 0, len(values) - 1)

    def values(self) -> list[Value]:
        """Give the elements of one dimension in order, as far as any were set."""
        last = min(self.upper, self.lower + LONGEST_TEXT)
        if len(self.items) < last - self.lower + 1 > 4096:  # declared large, hardly used
            return [self.items[key] for key in sorted(key for key in self.items if isinstance(key, int))]
        return [self.items.get(index) for index in range(self.lower, last + 1)]


@dataclass(slots=True, eq=False)
class Thing:
    """An object: what it is and what was put into it."""

    name: str
    """Class or ProgID in lower case; ``{...}`` when it could not be computed."""
    members: dict[str, Value] = field(default_factory=dict)
    parent: Thing | None = None
    shown: str = ""
    """As the source spells it, when that says more than the name."""

    def root(self) -> Thing:
        """Give the object it was reached from first."""
        thing = self
        for _ in range(20):
            if thing.parent is None:
                break
            thing = thing.parent
        return thing


Value = str | int | float | bool | bytes | None | Array | Thing


def unknown(text: str) -> Partial:
    """Give the stand-in of what only running would tell."""
    return Partial(text if text.startswith("{") and text.endswith("}") else "{" + text + "}")


def is_known(value: Value) -> bool:
    """Tell whether nothing in the value is a stand-in."""
    return not isinstance(value, (Partial, Thing))


def to_text(value: Value) -> str:
    """Let-coerce to String; a Partial stays one."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**300 else "?"
    if isinstance(value, bytes):
        return (
            value.decode("utf-16-le", "replace")
            if len(value) % 2 == 0 and value[1::2].count(0) > len(value) // 4
            else (value.decode("cp1252", "replace"))
        )
    if isinstance(value, Array):
        return Partial("{array}")
    return unknown(value.shown or value.name)


def to_number(value: Value) -> int | float | None:
    """Let-coerce to a number; None when it is not known."""
    if isinstance(value, bool):
        return -1 if value else 0
    if isinstance(value, (int, float)):
        return value
    if value is None:
        return 0
    if isinstance(value, str) and not isinstance(value, Partial):
        return parse_number(value)
    return None


def parse_number(text: str) -> int | float | None:
    """Read a number as ``CLng("…")`` does, ``&H`` and ``&O`` included."""
    text = text.strip()[:64]
    if text[:2].lower() in ("&h", "&o"):
        try:
            return signed(int(text[2:].rstrip("&"), 16 if text[1] in "hH" else 8), len(text) - 2)
        except ValueError:
            return None
    if not _NUMERIC.fullmatch(text):
        return None
    try:
        return int(text)
    except ValueError:
        value = float(text.lower().replace("d", "e"))
        return int(value) if value.is_integer() and abs(value) < 1e15 else value


def signed(value: int, digits: int) -> int:
    """Wrap a hexadecimal number as Integer (up to four digits) or Long."""
    if digits <= 4 and value > 0x7FFF:
        return value - 0x10000
    return value - (1 << 32) if 0x7FFFFFFF < value <= 0xFFFFFFFF else value


def truth(value: Value) -> bool | None:
    """Tell whether a condition holds; None when it is not known."""
    if isinstance(value, str) and not isinstance(value, Partial) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    number = to_number(value)
    return None if number is None else number != 0


def to_bytes(value: Value) -> bytes | None:
    """Give the bytes of a byte array or text, None when they are not all known."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, Array):
        numbers = [to_number(item) for item in value.values()]
        if any(number is None for number in numbers):
            return None
        return bytes(int(number or 0) & 0xFF for number in numbers)
    if isinstance(value, str) and not isinstance(value, Partial):
        return value.encode("cp1252", "replace")
    return None
