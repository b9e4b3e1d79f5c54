"""Small readings of Office's XML parts, by a parser that takes no entities.

Source: [ECMA-376-1], [ECMA-376-2] 8 relationships; [MS-XLSB] 2.4 records.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from xml.parsers import expat

from sekisho.analyzers._dde import is_dde, unquoted
from sekisho.model.errors import MalformedError

DEPTH = 200
_SUP_BOOK = b"\xe8\x02"  # BrtBeginSupBook
_DDE_LINK = 1


@dataclass(slots=True)
class Element:
    """One element as it opened: local name and attributes by local name."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    """Character data directly inside, as far as it was asked for."""


@dataclass(slots=True)
class _Reading:
    wanted: frozenset[str] | None
    found: list[Element] = field(default_factory=list)
    open: list[Element | None] = field(default_factory=list)


def elements(data: bytes, *names: str) -> list[Element]:
    """Give elements with these local names (all when none are given), in the order they open, with their text.

    Raises:
        MalformedError: the XML breaks; use :func:`try_elements` where what came before is enough.
    """
    found, problem = try_elements(data, *names)
    if problem:
        raise MalformedError(problem)
    return found


def try_elements(data: bytes, *names: str) -> tuple[list[Element], str]:
    """Give the elements before the first break, and what the break was."""
    reading = _Reading(frozenset(names) or None)
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if len(reading.open) >= DEPTH:
            raise MalformedError("XML nested too deeply")
        element = None
        if reading.wanted is None or local in reading.wanted:
            element = Element(local, {key.rpartition(":")[2]: value for key, value in attributes.items()})
            reading.found.append(element)
        reading.open.append(element)

    def end(_: str) -> None:
        reading.open.pop()

    def text(piece: str) -> None:
        if reading.open and (element := reading.open[-1]) is not None:
            element.text += piece

    def entity(*_: object) -> None:
        raise MalformedError("XML declares an entity")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        return reading.found, f"XML: {error}"
    except MalformedError as error:
        return reading.found, str(error)
    return reading.found, ""


def fields(data: bytes) -> list[str]:
    """Give the DDE fields of a WordprocessingML part: simple fields, and complex ones joined from their runs."""
    if b"instrText" not in data and b"fldSimple" not in data:
        return []
    found: list[str] = []
    pending: list[str] = []
    depth = 0
    for element in try_elements(data, "fldSimple", "fldChar", "instrText")[0]:
        if element.name == "fldSimple":
            found.append(element.attributes.get("instr", ""))
        elif element.name == "instrText":
            pending.append(element.text)
        elif element.attributes.get("fldCharType") == "begin":
            depth += 1
        elif element.attributes.get("fldCharType") == "end":
            depth -= 1
            if depth <= 0:
                found.append("".join(pending))
                pending.clear()
    found.append("".join(pending))
    return [instruction.strip() for instruction in map(unquoted, found) if is_dde(instruction)]


def links(data: bytes) -> list[str]:
    """Give the DDE links of a workbook's external link part as ``service|topic``, XML or binary."""
    if data[:1] == b"<" or data[:5].lstrip(b"\xef\xbb\xbf\xff\xfe")[:1] == b"<":
        return [
            f"{element.attributes.get('ddeService', '')}|{element.attributes.get('ddeTopic', '')}"
            for element in try_elements(data, "ddeLink")[0]
        ]
    found: list[str] = []
    at = data.find(_SUP_BOOK)
    try:
        if 0 <= at < 16 and struct.unpack_from("<H", data, at + 3)[0] == _DDE_LINK:
            service, at = _wide(data, at + 5)
            topic, at = _wide(data, at)
            found.append(f"{service}|{topic}")
    except struct.error:
        return found
    return found


def _wide(data: bytes, at: int) -> tuple[str, int]:
    count = struct.unpack_from("<I", data, at)[0]
    end = at + 4 + 2 * min(count, 4096)
    return data[at + 4 : end].decode("utf-16-le", "replace"), end
