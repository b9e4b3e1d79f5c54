"""MIME structure of a message, read in one pass as leniently as the most lenient mail program.

A message is never split by recursion: delimiter lines are met in order and looked up among the boundaries that are
open, so 2,000 nested multiparts or 20,000 parts cost time in proportion to their bytes.

Source: RFC 2045 (fields, transfer encodings), RFC 2046 5.1 (multipart), RFC 2183 (disposition). Where a header is
malformed or doubled, every reading of it is taken: what one mail program opens must not be hidden from us.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sekisho.analyzers.headers import Fields, base64_bytes, opening, parameters, split
from sekisho.model.errors import LimitError

PARTS = 10_000
"""Entities read of one message; a mailing-list digest has some hundreds."""
_DELIMITER = re.compile(rb"\n--([^\r\n]{0,998})")
_BOUNDARY = re.compile(rb"""boundary(?:\*0?\*?)?[ \t]*=[ \t]*(?:"([^"]*)"?|([^;\s]+))""", re.IGNORECASE)
_MEDIA = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+_-]+")
_PROMISE = re.compile(rb"[ \t]*\r?\n(?:content-|mime-version)", re.IGNORECASE)
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_BASE64_LOOK = re.compile(rb"\s*(?:[A-Za-z0-9+/]{20,}={0,2}\s+){1,8}")
_SOFT = re.compile(rb"=[ \t]+(?=\r?\n)")
# What base64 that is not announced as such would hide: ZIP, OLE, MZ, RAR, 7z, PDF, shortcut.
_HIDDEN = (b"UEsDB", b"0M8R4KGxGuE", b"TVqQA", b"TVpQA", b"UmFyIR", b"N3q8ry", b"JVBERi", b"TAAAAAEU")
_UU_BLANKS = 8
_UU_BEGIN = re.compile(rb"^begin(-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """One entity: its fields and where its body lies in the message."""

    fields: Fields
    media_type: str
    """Lower case; empty when there is none or it cannot be read."""
    parameters: tuple[tuple[str, str], ...]
    start: int
    end: int
    level: int
    """Multiparts around it."""
    around: str = ""
    """Media type of the multipart it is in."""
    role: str = "leaf"
    """``leaf``; ``multipart`` when parts follow, its body being the preamble; ``epilogue``."""

    def parameter(self, name: str) -> str:
        """Give the first parameter of a name in Content-Type."""
        return next((value for key, value in self.parameters if key == name and value), "")


@dataclass(slots=True)
class _Level:
    boundaries: tuple[bytes, ...]
    media_type: str
    vague: bool
    """No delimiter of it was met: one before a header block of MIME is taken for it, whatever was announced."""


@dataclass(frozen=True, slots=True)
class _Delimiter:
    level: int
    closing: bool
    start: int
    after: int


class _Stack:
    """The multiparts that are open, and which boundary belongs to which."""

    def __init__(self) -> None:
        self.levels: list[_Level] = []
        self.open: dict[bytes, int] = {}

    def enter(self, level: _Level) -> None:
        for boundary in level.boundaries:
            self.open.setdefault(boundary, len(self.levels))
        self.levels.append(level)

    def leave_above(self, level: int) -> None:
        """Close every multipart inside this one."""
        for index in range(len(self.levels) - 1, level, -1):
            for boundary in self.levels.pop().boundaries:
                if self.open.get(boundary) == index:
                    del self.open[boundary]

    def next(self, data: bytes, at: int) -> _Delimiter | None:
        """Find the next delimiter line of anything open, from an offset at or behind a line's start."""
        if not self.levels:
            return None
        for match in _DELIMITER.finditer(data, max(at - 1, 0)):
            mark = match[1].rstrip()
            level = self.open.get(mark)
            closing = level is None and mark.endswith(b"--")
            if closing:
                level = self.open.get(mark[:-2])
            elif level is None and self.levels[-1].vague and mark and _PROMISE.match(data, match.end()):
                level = len(self.levels) - 1
                self.levels[-1].boundaries += (mark,)
                self.open[mark] = level
            if level is not None:
                self.levels[level].vague = False
                after = data.find(b"\n", match.end()) + 1 or len(data)
                start = match.start() - (data[match.start() - 1 : match.start()] == b"\r")
                return _Delimiter(level, closing, start, after)
        return None


def walk(data: bytes) -> Iterator[Part]:
    """Give every entity of a message, outermost first, in the order of their bytes, then what follows the last.

    A part ends at the next delimiter of any multipart that is still open, so missing final delimiters, nested equal
    boundaries and cut messages keep their parts, and parts behind a final delimiter are still read. Messages inside
    are leaves.

    Raises:
        LimitError: ``children``, behind the PARTS first entities.
    """
    stack = _Stack()
    fields, at = opening(data)
    for _ in range(PARTS):
        part = _entity(fields, at, stack)
        level = _announced(part)
        if level is not None:
            stack.enter(level)
        found = stack.next(data, at)
        yield _ended(part, found, len(data), stack, level)
        while found is not None and found.closing:
            stack.leave_above(found.level)
            start, found = found.after, stack.next(data, found.after)
            end = found.start if found else len(data)
            if end > start:
                yield Part(Fields(), "text/plain", (), start, end, 0, role="epilogue")
        if found is None:
            return
        stack.leave_above(found.level)
        fields, at = split(data, found.after, stack.open)
    raise LimitError("children", PARTS)


def _entity(fields: Fields, at: int, stack: _Stack) -> Part:
    media_type = ""
    found: list[tuple[str, str]] = []
    for header in fields.all("content-type"):
        main, given = parameters(header.raw)
        found += given
        if not media_type or (main.startswith("multipart") and not media_type.startswith("multipart")):
            media_type = main if _MEDIA.fullmatch(main) or main.startswith("multipart") else media_type
    around = stack.levels[-1].media_type if stack.levels else ""
    if not media_type and around == "multipart/digest":
        media_type = "message/rfc822"
    return Part(fields, media_type, tuple(found), at, at, len(stack.levels), around)


def _announced(part: Part) -> _Level | None:
    """Give the multipart that an entity's fields open, under every boundary they name."""
    raw = [header.raw for header in part.fields.all("content-type")]
    names = [(match[1] or match[2] or b"").rstrip() for value in raw for match in _BOUNDARY.finditer(value)]
    names += [value.encode("utf-8", "replace") for key, value in part.parameters if key == "boundary"]
    multipart = part.media_type.startswith("multipart")
    if not multipart and not names and (part.media_type or part.level):
        return None
    return _Level(tuple(dict.fromkeys(name for name in names if name)), part.media_type, multipart or not names)


def _ended(part: Part, found: _Delimiter | None, size: int, stack: _Stack, level: _Level | None) -> Part:
    """Say where a part's body ends, and whether the multipart that it announced has any part."""
    end = max(part.start, found.start if found else size)
    mine = level is not None and found is not None and found.level == len(stack.levels) - 1
    same = level is not None and end - part.start <= 2  # its boundary is that of a multipart around it
    opened = found is not None and not found.closing and (mine or same)
    if level is not None and not mine:
        stack.leave_above(len(stack.levels) - 2)
    media_type = part.media_type
    if media_type.startswith("multipart") and not opened:
        media_type = "text/plain"
    return replace(part, end=end, role="multipart" if opened else "leaf", media_type=media_type)


def content(data: bytes, part: Part) -> bytes:
    """Give a part's body with its transfer encoding undone; what does not decode is left out, never the whole."""
    raw = data[part.start : part.end]
    encodings = b" ".join(header.raw.lower() for header in part.fields.all("content-transfer-encoding"))
    is_quoted = b"quoted" in encodings or encodings.strip() == b"qp"
    is_base64 = b"base64" in encodings.replace(b" ", b"").replace(b"-", b"")
    if is_base64 and (not is_quoted or _BASE64_LOOK.match(raw)):
        return base64(raw)
    if is_quoted:
        return binascii.a2b_qp(_SOFT.sub(b"=", raw))
    if b"uu" in encodings:
        found, rest = uuencoded(raw)
        return found[0][1] if found else rest
    if raw[:64].lstrip().startswith(_HIDDEN) and not part.media_type.startswith(("text/", "multipart/", "message/")):
        return base64(raw)
    return raw


def base64(raw: bytes) -> bytes:
    """Decode base64 past bad characters, missing padding and padding in the middle."""
    clean = raw.translate(None, _NOT_BASE64).rstrip(b"=")
    if b"=" not in clean:
        return base64_bytes(clean)
    return b"".join(base64_bytes(piece) for piece in clean.split(b"=") if piece)


def uuencoded(raw: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Give the (name, bytes) of each uuencoded file in a text, and the text without them."""
    if b"begin" not in raw:
        return [], raw
    found: list[tuple[bytes, bytes]] = []
    rest: list[bytes] = []
    at = 0
    while (begin := _UU_BEGIN.search(raw, at)) is not None:
        decoded, after = _uu_lines(raw, begin.end(), begin[1] is not None)
        if decoded:
            rest.append(raw[at : begin.start()])
            found.append((begin[2].strip(), decoded))
        else:
            rest.append(raw[at:after])
        at = after
    rest.append(raw[at:])
    return found, b"".join(rest)


def _uu_lines(raw: bytes, at: int, as_base64: bool) -> tuple[bytes, int]:
    pieces: list[bytes] = []
    while at < len(raw):
        end = raw.find(b"\n", at) + 1 or len(raw)
        line = raw[at:end].rstrip(b"\r\n")
        if line in (b"end", b"===="):
            return b"".join(pieces), end
        if not line or line in (b"`", b" "):
            at = end
            continue
        piece = base64(line) if as_base64 and b" " not in line else _uu_line(line)
        if piece is None:
            break
        pieces.append(piece)
        at = end
    return b"".join(pieces), at


def _uu_line(line: bytes) -> bytes | None:
    """Decode one line, or None when it is none: its first character tells how many bytes it holds."""
    count = (line[0] - 32) & 63
    need = (count + 2) // 3 * 4
    # Blanks at the end, which stand for zero bits, get lost on the way.
    if not 32 < line[0] <= 96 or len(line) - 1 < (count * 4 + 2) // 3 - _UU_BLANKS or len(line) > need + 3:
        return None
    try:
        return binascii.a2b_uu(line[: (count * 4 + 5) // 3])
    except binascii.Error:
        return None
