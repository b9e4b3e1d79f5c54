"""What values mean: the text of an event's value, the pattern in a rule's text, addresses and dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from sekisho.detect._tree import ANY, ONE, Glob, Mode, Text

# The characters that `windash` takes for each other. Source: Sigma modifiers 2.1.0, "String Modifiers".
DASHES = str.maketrans(dict.fromkeys("-/–—―", "-"))
DATE = re.compile(r"\s*(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?:[T ]+(\d\d?):(\d\d))?")
DECIMAL = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?\s*", re.ASCII)
MAX_NUMBER_CHARS = 100


def text_of(value: Any) -> str:
    """Give the text that a rule's text is compared with.

    Numbers read as people write them (``1.0`` is ``1``), booleans as ``true`` and ``false``.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return str(value)
    except ValueError:  # integers of more than 4,300 digits
        return hex(value)


def texts_of(value: Any) -> tuple[str, ...]:
    """Give the texts of all elements of a value; none for null."""
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return tuple(text_of(one) for one in value if one is not None)
    return (text_of(value),)


def key_of(fields: Iterable[str], name: str) -> str | None:
    """Find the event's own spelling of a field: the exact one, else the first that differs only in case.

    Source: the Sigma rules specification 2.0 "Field Usage" wants names "as they appear in the log source"; public
    rules and log shippers differ in case only (``c-userAgent``), which must not lose a rule in silence.
    """
    return name if name in fields else _differs_in_case(tuple(fields), name)


@lru_cache(maxsize=4096)
def _differs_in_case(fields: tuple[str, ...], name: str) -> str | None:
    folded = name.casefold()
    return next((one for one in fields if one.casefold() == folded), None)


def pieces_of(text: str) -> list[str | int]:
    """Read a rule's text into literal texts and wildcards.

    Source: Sigma rules specification 2.0, "String Wildcard" and "Escaping".
    """
    pieces: list[str | int] = []
    literal: list[str] = []
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if char == "\\" and at + 1 < end and text[at + 1] in "*?\\":
            literal.append(text[at + 1])
            at += 2
            continue
        at += 1
        if char not in "*?":
            literal.append(char)
            continue
        if literal:
            pieces.append("".join(literal))
            literal = []
        if char == "?":
            pieces.append(ONE)
        elif not pieces or pieces[-1] != ANY:
            pieces.append(ANY)
    if literal:
        pieces.append("".join(literal))
    return pieces


def pattern_of(pieces: list[str | int], *, cased: bool = False, dashes: bool = False) -> Text | Glob:
    """Give the simplest test for a pattern that covers a value from its start to its end."""
    folded: list[str | int] = []
    for piece in pieces:
        if piece == ANY and folded and folded[-1] == ANY:
            continue
        folded.append(fold(piece, cased=cased, dashes=dashes) if isinstance(piece, str) else piece)
    core = folded[1 if folded[:1] == [ANY] else 0 :]
    core = core[: len(core) - 1 if core[-1:] == [ANY] else len(core)]
    literal = core[0] if core else ""
    if len(core) > 1 or not isinstance(literal, str):
        return Glob(tuple(folded), cased, dashes)
    opened, closed = folded[:1] == [ANY], folded[-1:] == [ANY]
    mode: Mode = ("in" if closed else "end") if opened else "start" if closed else "equal"
    return Text(mode, literal, cased, dashes)


def glob(pieces: Iterable[str | int]) -> Callable[[str], bool]:
    """Give a function that tells whether a whole text follows a pattern.

    It takes the first place for each stretch between two wildcards, which is enough and needs no way back.
    """
    stretches: list[tuple[int, list[tuple[int, str]]]] = [(0, [])]  # length; offset and text of its literals
    for piece in pieces:
        length, literals = stretches[-1]
        if piece == ANY:
            stretches.append((0, []))
        elif isinstance(piece, str):
            stretches[-1] = (length + len(piece), [*literals, (length, piece)])
        else:
            stretches[-1] = (length + 1, literals)
    (head, at_head), *middle = stretches

    def matches(text: str) -> bool:
        if not all(text.startswith(literal, offset) for offset, literal in at_head):
            return False
        if not middle:
            return len(text) == head
        at, end = head, len(text) - middle[-1][0]
        for length, literals in middle[:-1]:
            if (at := _find(text, at, end - length, literals)) < 0:
                return False
            at += length
        return at <= end and all(text.startswith(literal, end + offset) for offset, literal in middle[-1][1])

    return matches


def _find(text: str, at: int, last: int, literals: list[tuple[int, str]]) -> int:
    """Give the first place from ``at`` to ``last`` where all literals stand at their offsets, or -1."""
    while at <= last:
        if not literals:
            return at
        offset, first = literals[0]
        if (found := text.find(first, at + offset)) < 0:
            return -1
        at = found - offset
        if at <= last and all(text.startswith(literal, at + more) for more, literal in literals[1:]):
            return at
        at += 1
    return -1


def fold(text: str, *, cased: bool, dashes: bool) -> str:
    """Bring a text into the form that tests of this kind compare."""
    text = text if cased else text.casefold()
    return text.translate(DASHES) if dashes else text


def compares(mode: Mode, text: str, other: str) -> bool:
    """Tell whether ``text`` equals, starts with, ends with or holds ``other``."""
    if mode == "equal":
        return text == other
    if mode == "in":
        return other in text
    return text.startswith(other) if mode == "start" else text.endswith(other)


def number_of(value: Any) -> float | None:
    """Read a value as a number: a number itself or decimal digits.

    Hexadecimal text (``0x1F``) is none: Sigma modifiers 2.1.0, "Numeric Modifiers", are for numeric values only, and
    converters do not convert what an event holds either. Written in a rule without quotes, ``0x1F`` is YAML's 31.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and len(value) <= MAX_NUMBER_CHARS and DECIMAL.fullmatch(value):
        return float(value)
    return None


def part_of(part: str, text: str) -> int | None:
    """Read one part of a date as it is written: no time zone is applied, weeks are ISO weeks.

    Source: Sigma modifiers 2.1.0, "Time Modifiers".
    """
    if not (found := DATE.match(text)):
        return None
    year, month, day, hour, minute = (int(group) if group else None for group in found.groups())
    if part == "week":
        return _week(year or 0, month or 0, day or 0)
    return {"year": year, "month": month, "day": day, "hour": hour, "minute": minute}[part]


def _week(year: int, month: int, day: int) -> int | None:
    try:
        return date(year, month, day).isocalendar().week
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def network_of(text: str) -> IPv4Network | IPv6Network:
    """Read a network; host bits may be set.

    Raises:
        ValueError: not a network.
    """
    return ip_network(text, strict=False)


@lru_cache(maxsize=16_384)  # rules ask of one address whether it lies in each of several networks
def _address_of(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip().strip("[]"))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def in_network(network: str, text: str) -> bool:
    """Tell whether a text is an address in a network; an IPv4 address inside an IPv6 one counts as both."""
    address = _address_of(text) if len(text) <= MAX_NUMBER_CHARS else None
    if address is None:
        return False
    inside = network_of(network)
    if address.version == inside.version:
        return address in inside
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped is not None and inside.version == 4 and mapped in inside
