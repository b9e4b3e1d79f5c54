"""The RTF body of an Outlook message: decompressed, and the HTML or text that Outlook packed into it.

Source: [MS-OXRTFCP] 3.1 (compression), [MS-OXRTFEX] 2.1 and 3.1 (de-encapsulation), RTF 1.9.1 (control words, fonts).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sekisho.model.limits import DEFAULT

COMPRESSED, UNCOMPRESSED = b"LZFu", b"MELA"
_HEADER_BYTES = 16
_WINDOW = 4_096
_PRESET = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain"
    rb"\f0\fs20\b\i\u\tab\tx"
)
"""What the window holds at the start: [MS-OXRTFCP] 2.1.3.1."""
DEPTH = 2_000
"""Groups inside groups; deeper ones are read with the state of the last."""
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\", re.DOTALL
)
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object mhtmltag generator listtable listoverridetable themedata"
    b" colorschememapping latentstyles datastore xmlnstbl rsidtbl pntext".split()
)
_CHARS = {b"par": "\r\n", b"line": "\r\n", b"tab": "\t", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“"} | {
    **{b"rdblquote": "”", b"bullet": "•", b"endash": "–", b"emdash": "—", b"emspace": " ", b"enspace": " "},
    **{b"cell": "\t", b"row": "\r\n", b"sect": "\r\n", b"page": "\r\n"},
}
_BREAKS = frozenset((b"par", b"line", b"tab"))
_CHARSETS = {
    **{128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5hkscs", 204: "cp1251", 161: "cp1253", 162: "cp1254"},
    **{177: "cp1255", 178: "cp1256", 186: "cp1257", 222: "cp874", 238: "cp1250", 163: "cp1258", 77: "mac-roman"},
}
_ANSI = "ansi"
"""Fonts of charset 0: the document's code page as most writers mean it, Western European as the standard says."""
_PAGES = {65001: "utf-8", 936: "gb18030", 950: "big5hkscs", 10000: "mac-roman", 51932: "euc_jp", 20127: "ascii"}


def decompressed(data: bytes) -> bytes:
    """Give the RTF of a compressed stream, as much of it as is intact, at most ``member_bytes``."""
    if data[8:12] == UNCOMPRESSED:
        return data[_HEADER_BYTES : _HEADER_BYTES + DEFAULT.member_bytes]
    if data[8:12] != COMPRESSED:
        return b""
    limit = min(int.from_bytes(data[4:8], "little"), DEFAULT.member_bytes)
    window = bytearray(_WINDOW)
    window[: len(_PRESET)] = _PRESET
    write, at, out = len(_PRESET), _HEADER_BYTES, bytearray()
    while at < len(data) and len(out) < limit:
        flags, at = data[at], at + 1
        for bit in range(8):
            if at >= len(data):
                return bytes(out)
            if not flags >> bit & 1:
                piece, at = data[at : at + 1], at + 1
                window[write] = piece[0]
                write = (write + 1) % _WINDOW
                out += piece
                continue
            token, at = int.from_bytes(data[at : at + 2], "big"), at + 2
            offset, length = token >> 4, (token & 0xF) + 2
            if offset == write:
                return bytes(out)
            for step in range(length):
                byte = window[(offset + step) % _WINDOW]
                window[write] = byte
                write = (write + 1) % _WINDOW
                out.append(byte)
    return bytes(out)


@dataclass(frozen=True, slots=True)
class _State:
    """What holds inside one group."""

    skipped: bool = False
    html_tag: bool = False
    """Inside a destination that holds markup of the original page."""
    html_rtf: bool = False
    """Inside what only RTF readers should show."""
    font: int = -1
    fallback: int = 1
    """Characters that follow a ``\\u`` for readers without Unicode."""
    fonts: bool = False


class _Reader:
    def __init__(self, rtf: bytes) -> None:
        self.rtf = rtf
        page = re.search(rb"\\ansicpg(\d{2,5})", rtf[:4_096])
        number = int(page[1]) if page else 1252
        self.codec = _PAGES.get(number, f"cp{number}")
        self.from_html = b"\\fromhtml" in rtf[:4_096]
        self.fonts: dict[int, str] = {}
        self.out: list[str] = []
        self.bytes = bytearray()
        self.codec_now = self.codec
        self.skip = 0
        self.chars = 0

    def read(self) -> str:
        state, stack, star = _State(), list[_State](), False
        for match in _TOKEN.finditer(self.rtf):
            word, number, code, symbol, brace, text = match.groups()
            if brace:
                self.skip = 0
                if brace == b"{":
                    if len(stack) < DEPTH:
                        stack.append(state)
                elif stack:
                    state = stack.pop()
                star = False
            elif word is not None:
                state = self._word(state, word, int(number) if number else None, star=star)
                star = False
            elif symbol == b"*":
                star = True
            elif code:
                self._add(state, bytes.fromhex(code.decode()))
            elif symbol is not None:
                self._symbol(state, symbol)
            elif text:
                self._add(state, text)
            if self.chars > DEFAULT.text_chars:
                break
        self._flush()
        return "".join(self.out)

    def _word(self, state: _State, word: bytes, number: int | None, *, star: bool) -> _State:
        if word == b"htmltag":
            return replace(state, html_tag=True, html_rtf=False)
        if word in _SKIPPED or (star and word not in (b"htmltag", b"fonttbl")):
            return replace(state, skipped=word != b"fonttbl", fonts=word == b"fonttbl")
        if word == b"htmlrtf":
            return replace(state, html_rtf=number != 0)
        if word == b"f" and number is not None:
            return replace(state, font=number)
        if word == b"fcharset" and state.fonts and number is not None:
            self.fonts[state.font] = _CHARSETS.get(number, self.codec if number else _ANSI)
        elif word == b"uc" and number is not None:
            return replace(state, fallback=max(0, min(number, 8)))
        elif word == b"u" and number is not None and self._shown(state):
            self._text(chr(number & 0xFFFF))
            self.skip = state.fallback
        elif word in (_BREAKS if state.html_tag else _CHARS) and self._shown(state):
            self._text(_CHARS[word])
        return state

    def _symbol(self, state: _State, symbol: bytes) -> None:
        if symbol in b"{}\\":
            self._add(state, symbol)
        elif symbol == b"~":
            self._add(state, b" ")
        elif symbol in b"\r\n" and self._shown(state):
            self._text("\r\n")

    def _shown(self, state: _State) -> bool:
        return not state.skipped and not state.fonts and not (self.from_html and state.html_rtf)

    def _add(self, state: _State, data: bytes) -> None:
        if not self._shown(state):
            return
        if self.skip:
            taken = min(self.skip, len(data))
            self.skip -= taken
            data = data[taken:]
        codec = self.fonts.get(state.font, self.codec)
        if codec != self.codec_now:
            self._flush()
            self.codec_now = codec
        self.bytes += data

    def _text(self, text: str) -> None:
        self._flush()
        self.out.append(text)
        self.chars += len(text)

    def _flush(self) -> None:
        if self.bytes:
            text = self._decoded(bytes(self.bytes))
            self.out.append(text)
            self.chars += len(text)
            self.bytes.clear()

    def _decoded(self, data: bytes) -> str:
        try:
            if self.codec_now != _ANSI:
                return data.decode(self.codec_now, "replace")
            return data.decode(self.codec)
        except UnicodeDecodeError:
            return data.decode("cp1252", "replace")
        except LookupError:
            return data.decode("latin-1")


def unpacked(rtf: bytes) -> tuple[str, bool]:
    """Give the page or the text that an RTF body was made from, and whether it is HTML."""
    if not rtf.lstrip()[:5].startswith(b"{\\rtf"):
        return "", False
    reader = _Reader(rtf)
    # Pairs of ``\u`` make up characters beyond the first plane.
    text = reader.read().encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text, reader.from_html
