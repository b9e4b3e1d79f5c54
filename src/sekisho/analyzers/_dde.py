"""Dynamic Data Exchange in documents: the program and the arguments a field or a link would start.

Source: [ECMA-376-1] 17.16.5.14 DDE and .15 DDEAUTO, 17.16.5.48 QUOTE; [MS-DOC] 2.8.25 Plcfld (field characters).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NARROW = re.compile(rb"\x13\s*([^\x13-\x15]{0,20}?DDE(?:AUTO)?\b[^\x13-\x15]{0,4000})", re.I)
_WIDE = re.compile(rb"\x13\x00((?:[\t\n\r ]\x00){0,20}D\x00D\x00E\x00.{0,8000}?)[\x14\x15]\x00", re.I | re.S)
_INSTRUCTION = re.compile(r"^\s*DDE(?:AUTO)?\b\s*(.*)$", re.I | re.S)
_QUOTE = re.compile(r"\bQUOTE\b((?:\s+\d{1,3})+)", re.I)


def is_dde(instruction: str) -> bool:
    """Tell whether a field's instruction is DDE or DDEAUTO."""
    return bool(_INSTRUCTION.match(instruction))


def unquoted(instruction: str) -> str:
    """Undo QUOTE fields, which spell text as character codes."""
    return _QUOTE.sub(lambda found: "".join(chr(int(code) & 0xFF) for code in found[1].split()), instruction)


def field_instructions(stream: bytes) -> Iterator[str]:
    """Give the DDE fields of a Word 97-2003 document's text, stored one or two bytes a character."""
    for found in _NARROW.finditer(stream):
        text = found[1].decode("cp1252", "replace").strip()
        if is_dde(text):
            yield text
    for found in _WIDE.finditer(stream):
        text = found[1].decode("utf-16-le", "replace").strip()
        if is_dde(text):
            yield text


def command_of(instruction: str) -> str:
    """Give the command line of a DDE field: program, then topic, without Word's escapes and quotes."""
    found = _INSTRUCTION.match(unquoted(instruction))
    rest = (found[1] if found else instruction).replace("\\\\", "\\")
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', rest)
    return " ".join((quoted or bare).replace('\\"', '"') for quoted, bare in parts).strip()
