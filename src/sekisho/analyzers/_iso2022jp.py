"""ISO-2022-JP as mail really carries it: CP50220/50221/50222, which no standard codec reads.

Source: RFC 1468 (escapes, JIS X 0208), RFC 1554 (JIS X 0212), JIS X 0202 (shift in and out); Microsoft code pages 50220
to 50222 add the NEC and IBM rows of code page 932 and half-width katakana by ``ESC ( I`` or SO.
"""

from __future__ import annotations

import re
from functools import cache

_SHIFT = re.compile(rb"\x1b(\$[@B]|\$\([@BD]|\$A|\$\)?\(?C|\([BJIH]|&@)|[\x0e\x0f]")
_PIECE = re.compile(rb"[\x00-\x20\x7f]+|[^\x00-\x20\x7f]+")
_LOST_ESCAPE = re.compile(rb"\$[@B](?:[\x21-\x7e]{2}){1,80}?\([BJ]")
_ASCII, _ROMAN, _KANA, _JIS, _JIS_EXTRA, _GB, _KS = range(7)
_STATES = {b"(B": _ASCII, b"(H": _ASCII, b"(J": _ROMAN, b"(I": _KANA, b"$A": _GB, b"$(D": _JIS_EXTRA}
_KANA_TO_8BIT = bytes(i | 0x80 if 0x21 <= i <= 0x5F else i for i in range(256))
_TO_8BIT = bytes(i | 0x80 if 0x21 <= i <= 0x7E else i for i in range(256))
_ROWS = 120
"""Rows of JIS with the user and IBM rows that Shift_JIS can hold behind the 94 of the standard."""


def decode(data: bytes) -> str:
    """Give the text of bytes in any dialect of ISO-2022-JP; bytes that fit none become U+FFFD."""
    if b"\x1b" not in data and (b"(B" in data or b"(J" in data):
        data = _LOST_ESCAPE.sub(_with_escapes, data)
    pieces: list[str] = []
    state, base, at = _ASCII, _ASCII, 0
    for shift in _SHIFT.finditer(data):
        pieces.append(_segment(data[at : shift.start()], state))
        at = shift.end()
        if shift[0] == b"\x0e":
            state = _KANA
        elif shift[0] == b"\x0f":
            state = base
        elif shift[1] != b"&@":
            state = base = _state(shift[1])
    pieces.append(_segment(data[at:], state))
    return "".join(pieces)


def _state(escape: bytes) -> int:
    if escape in _STATES:
        return _STATES[escape]
    return _KS if escape.endswith(b"C") else _JIS


def _with_escapes(match: re.Match[bytes]) -> bytes:
    """Put back the ESC bytes that some gateways strip."""
    return b"\x1b" + match[0][:-2] + b"\x1b" + match[0][-2:]


def _segment(data: bytes, state: int) -> str:
    if not data:
        return ""
    if state == _ASCII:
        return data.decode("ascii") if data.isascii() else data.decode("cp932", "replace")
    if state == _ROMAN:
        text = data.decode("ascii") if data.isascii() else data.decode("cp932", "replace")
        return text.replace("\\", "¥").replace("~", "‾")
    if state == _KANA:
        return data.translate(_KANA_TO_8BIT).decode("cp932", "replace")
    return "".join(_pairs(piece[0], state) for piece in _PIECE.finditer(data))


def _pairs(piece: bytes, state: int) -> str:
    if piece[0] <= 0x20 or piece[0] == 0x7F:
        return piece.decode("ascii")
    if state == _JIS:
        table = _table()
        pairs = zip(piece[::2], piece[1::2], strict=False)
        text = "".join([table.get((a << 8) | b, "\ufffd") for a, b in pairs])
        return text + ("\ufffd" if len(piece) % 2 else "")
    eight = piece.translate(_TO_8BIT)
    if state == _JIS_EXTRA:
        triples = b"".join(b"\x8f" + eight[i : i + 2] for i in range(0, len(eight), 2))
        return triples.decode("euc_jp", "replace")
    return eight.decode("gb2312" if state == _GB else "euc_kr", "replace")


def shift_jis(lead: int, trail: int) -> bytes:
    """Give the Shift_JIS bytes of a JIS X 0208 pair (both from 0x21 up, rows to 120)."""
    row, cell = lead - 0x21, trail - 0x21
    first = (row >> 1) + (0x81 if row < 62 else 0xC1)
    second = (0x9F + cell) if row & 1 else (0x40 + cell + (cell >= 63))
    return bytes((first, second))


@cache
def _table() -> dict[int, str]:
    """Give JIS pairs to characters, as code page 932 has them (8 ms once, so not at import)."""
    table: dict[int, str] = {}
    for lead in range(0x21, 0x21 + _ROWS):
        for trail in range(0x21, 0x7F):
            try:
                table[(lead << 8) | trail] = shift_jis(lead, trail).decode("cp932")
            except UnicodeDecodeError:
                continue
    return table


def character(lead: int, trail: int) -> str:
    """Give the character of a JIS X 0208 pair, NEC and IBM rows included, or U+FFFD."""
    return _table().get((lead << 8) | trail, "\ufffd")
