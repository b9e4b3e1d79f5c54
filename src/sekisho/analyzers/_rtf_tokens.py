"""Rich text cut into groups, control words and text, with what each group's text is for.

Source: RTF specification 1.9.1, "RTF Syntax" and "Formal Syntax"; where Word is more tolerant, what Word does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT

TOKENS = 2_000_000
"""Tokens of one document: 5 s of CPU at worst (measured); the 220 pages of the specification have 0.26 M."""
TEXTS = 50_000
"""Objects, fields and properties of one document; the specification has 3,000."""
JUMP = 5
"""Tokens that a jump over binary data costs."""
DEPTH = 50_000
"""Groups inside groups that change what text means: far beyond what an editor nests."""
NESTED_PARTS = 100
"""Parts of a field's instruction that the field around it takes over."""
_TOKEN = re.compile(
    rb"\\(?:([A-Za-z]+)(-?\d+)? ?|'([0-9A-Fa-f]{2})|'|([^A-Za-z'])|$)|(\{+)|(\}+)|([^\\{}]+)",
    re.DOTALL,
)

BODY, SKIPPED = "", "skipped"
READ = frozenset({"objdata", "objclass", "fldinst", "fldrslt", "template", "title", "author", "generator"})
"""Destinations whose text is given."""
_HIDDEN = frozenset(
    "fonttbl colortbl stylesheet info pict object objname objalias objsect listtable listoverridetable rsidtbl "
    "themedata colorschememapping latentstyles datastore xmlnstbl generator revtbl filetbl subject manager company "
    "operator category keywords comment doccomm hlinkbase creatim revtim printim buptim vern nofchars panose falt "
    "pntext pnseclvl bkmkstart bkmkend datafield formfield ffname ffdeftext fftype picprop staticval propname linkval "
    "userprops docvar shpinst sp sn sv blipuid wgrffmtfilter atnid atnauthor atrfstart atrfend xe tc rxe txe "
    "private passwordhash protusertbl mailmerge listname listtext levelnumbers leveltext liststylename".split()
)
"""Destinations whose text is neither shown nor read here."""
SHOWN = frozenset(
    "header headerl headerr headerf footer footerl footerr footerf footnote annotation shptxt nonshppict shppict "
    "result upr ud".split()
)
"""Destinations whose text is shown as the body's is."""
CHARACTERS = {
    **{"par": "\n", "line": "\n", "tab": "\t", "cell": "\t", "row": "\n", "sect": "\n", "page": "\n"},
    **{"lquote": "‘", "rquote": "’", "ldblquote": '"', "rdblquote": '"', "emdash": "—", "endash": "–"},
    **{"bullet": "•", "emspace": " ", "enspace": " "},
}
_KNOWN = frozenset(
    word.encode("ascii") for word in {*READ, *_HIDDEN, *SHOWN, *CHARACTERS, "bin", "u", "uc", "objupdate"}
)
_PAGES = {65001: "utf-8", 936: "gb18030", 950: "big5hkscs", 10000: "mac-roman", 20127: "ascii"}


@dataclass(slots=True)
class Text:
    """The text of one destination, or the data of one ``objdata``."""

    destination: str
    at: int
    codec: str = "cp1252"
    parts: list[tuple[str, bytes]] = field(default_factory=list)
    """(kind, bytes) in order: text, code (``\\'xx``), char (UTF-16 of a ``\\u``), binary (``\\bin``)."""
    size_bytes: int = 0
    room_bytes: int = DEFAULT.member_bytes

    def add(self, kind: str, data: bytes) -> None:
        """Append a part while there is room."""
        self.size_bytes += len(data)
        if self.size_bytes <= self.room_bytes:
            self.parts.append((kind, data))

    def decoded(self) -> str:
        """Give it as characters; line ends in the file mean nothing."""
        out: list[str] = []
        pending = bytearray()
        for kind, data in (*self.parts, ("char", b"")):
            if kind == "char":
                if pending:
                    out.append(_decode(bytes(pending), self.codec))
                    pending.clear()
                out.append(data.decode("utf-16-le", "replace"))
            elif kind == "code":
                pending += data
            elif kind == "text":
                pending += data.translate(None, b"\r\n\0")
        return "".join(out)[: DEFAULT.text_chars]


def _decode(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec, "replace")
    except LookupError:
        return data.decode("cp1252", "replace")


@dataclass(slots=True)
class _Group:
    depth: int
    text: Text | None
    """Where its text goes; None when nobody reads it."""
    opened: bool
    """Its text began in this group, so that its end is the text's."""
    fallback: int
    """Characters after a ``\\u`` for readers without Unicode."""


@dataclass(slots=True)
class Parsed:
    """What a document holds."""

    texts: list[Text]
    """Destinations of ``READ`` in the order they end."""
    body: Text
    updates: bool = False
    """An object asks to be updated as soon as the document is opened."""
    end_at: int | None = None
    """Where the outermost group closes."""
    limit: LimitError | None = None
    """What ended the reading."""


class Parser:
    """Reads a document once, forwards, in memory bounded by its size."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        page = re.search(rb"\\ansicpg(\d{2,5})", data[:4_096])
        number = int(page[1]) if page else 1252
        self.codec = _PAGES.get(number, f"cp{number}")
        self.found = Parsed([], Text(BODY, 0, self.codec, room_bytes=DEFAULT.text_chars))
        self.groups = [_Group(0, self.found.body, False, 1)]
        self.depth = self.skip = 0
        self.starred = False

    def parse(self) -> Parsed:
        """Give what the document holds, up to the limit when one was reached."""
        try:
            self._read()
            for group in reversed(self.groups):
                self._end(group)
        except LimitError as error:
            self.found.limit = error
        return self.found

    def _read(self) -> None:
        at, left = 0, TOKENS
        while at < len(self.data):
            for match in _TOKEN.finditer(self.data, at):
                left -= 1
                if left < 0:
                    raise LimitError("steps", TOKENS)
                if (at := self._token(match)) != match.end():
                    left -= JUMP
                    break  # binary data to jump over
            else:
                return

    def _token(self, match: re.Match[bytes]) -> int:
        """Take one token and give where the next one starts."""
        word, number, code, symbol, opening, closing, text = match.groups()
        if text is not None:
            self._text(text)
        elif word is not None:
            if word not in _KNOWN and not self.starred:
                return match.end()
            return self._word(word, int(number[:11]) if number else None, match.end())
        elif opening is not None:
            self.depth += len(opening)
            self.starred, self.skip = False, 0
        elif closing is not None:
            self._close(len(closing), match.start())
        elif code is not None:
            self._put("code", bytes.fromhex(code.decode("ascii")))
        elif symbol == b"*":
            self.starred = True
        elif symbol is not None:
            self._symbol(symbol)
        return match.end()

    def _group(self) -> _Group:
        """Give the innermost group's state; one is only made when something changes in the group."""
        outer = self.groups[-1]
        if outer.depth < self.depth:
            if len(self.groups) >= DEPTH:
                raise LimitError("depth", DEPTH)
            self.groups.append(_Group(self.depth, outer.text, False, outer.fallback))
        return self.groups[-1]

    def _close(self, count: int, at: int) -> None:
        before, self.depth = self.depth, max(0, self.depth - count)
        self.starred, self.skip = False, 0
        while self.groups[-1].depth > self.depth:
            self._end(self.groups.pop())
        if before and not self.depth and self.found.end_at is None:
            self.found.end_at = at + before

    def _end(self, group: _Group) -> None:
        if group.opened and group.text is not None:
            if len(self.found.texts) >= TEXTS:
                raise LimitError("features", TEXTS)
            self.found.texts.append(group.text)
            group.opened = False
            if group.text.destination == "fldinst":
                self._give_outer(group.text)

    def _give_outer(self, text: Text) -> None:
        """A field inside a field's instruction is a part of it."""
        outer = self.groups[-1].text if self.groups else None
        if outer is not None and outer is not text and outer.destination == "fldinst":
            outer.add("text", b" ")
            for kind, data in text.parts[:NESTED_PARTS]:
                outer.add(kind, data)

    def _word(self, raw: bytes, number: int | None, end: int) -> int:
        word, starred, self.starred = raw.decode("ascii"), self.starred, False
        if word == "bin":
            size = min(max(number or 0, 0), len(self.data) - end)
            self._put("binary", self.data[end : end + size])
            return end + size
        if word == "u" and number is not None:
            self._put("char", (number & 0xFFFF).to_bytes(2, "little"))
            self.skip = self.groups[-1].fallback
        elif word == "uc" and number is not None:
            self._group().fallback = max(0, min(number, 100))
        elif word in CHARACTERS:
            self._put("char", CHARACTERS[word].encode("utf-16-le"))
        elif word == "objupdate":
            self.found.updates = True
        else:
            self._destination(word, end, starred=starred)
        return end

    def _destination(self, word: str, at: int, *, starred: bool) -> None:
        if word in READ:
            group = self._group()
            self._end(group)
            group.text, group.opened = Text(word, at, self.codec), True
        elif word in _HIDDEN or (starred and word not in SHOWN):
            group = self._group()
            self._end(group)
            group.text = None
        elif word in SHOWN and (self.groups[-1].text is None):
            self._group().text = self.found.body

    def _symbol(self, symbol: bytes) -> None:
        if symbol in b"{}\\":
            self._put("text", symbol)
        elif symbol == b"~":
            self._put("text", b" ")
        elif symbol == b"_":
            self._put("text", b"-")
        elif symbol in b"\r\n":
            self._put("char", b"\n\0")

    def _text(self, data: bytes) -> None:
        if self.skip:
            data = data.lstrip(b"\r\n")
            taken = min(self.skip, len(data))
            self.skip -= taken
            data = data[taken:]
        if data:
            self._put("text", data, skipped=True)

    def _put(self, kind: str, data: bytes, *, skipped: bool = False) -> None:
        if self.skip and kind == "code" and not skipped:
            self.skip -= 1
            return
        text = self.groups[-1].text
        if text is not None and data:
            text.add(kind, data)
