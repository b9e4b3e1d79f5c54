"""Header fields of a message: split, unfolded, and read as leniently as mail programs read them.

Source: RFC 5322 2.2 (fields, folding), 3.4 (addresses), 3.3 and 4.3 (dates); RFC 2047 (encoded words); RFC 2231
(parameters); RFC 8601 is read in ``_message``. What is beyond the RFCs is what mail programs accept.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from sekisho.analyzers import charset

HEADER_COUNT = 10_000
"""Fields kept of one header block; 2,000 Received lines are the most seen in a test of a mail server."""
DECISIVE = frozenset(
    "from to cc subject date sender reply-to message-id content-type content-transfer-encoding content-disposition"
    " mime-version".split()
)
"""Fields that are read wherever they stand: a mail must not hide them behind thousands of others."""
VALUE_BYTES = 256 * 1024
"""Bytes read of one field."""
OPENING_BYTES, OPENING_SPARE = 32 * 1024, 400
"""Bytes of a message that its first header block is looked for in, and of them behind it; 545 of 548 real mails fit."""

_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:")
_WHOLE = re.compile(rb"([!-9;-~]{1,100})[ \t]*:([^\n]*\n(?:[ \t]+[^\s][^\n]*\n)*)")
_USUAL = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,60}:[ \t]")
_FOLD = re.compile(rb"\r?\n[ \t]*|\r|\0")
_WORD = re.compile(rb"=\?([^?\s]{1,60})\?([bBqQ])\?")
_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_SPACES = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Header:
    """One field."""

    name: str
    """Lower case."""
    folded: bytes
    """The value as it stands in the message."""

    @property
    def raw(self) -> bytes:
        """The value on one line, not decoded."""
        value = self.folded.strip()
        folds = b"\n" in value or b"\0" in value or (b"\r" in value and b"\n" in self.folded)
        return _FOLD.sub(b" ", value).strip() if folds else value

    @property
    def text(self) -> str:
        """The value with encoded words and raw 8-bit text decoded, blanks collapsed."""
        return decoded(self.raw)


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address list."""

    name: str
    address: str
    """Lower case; empty when there was only a name."""

    @property
    def domain(self) -> str:
        """What follows the last @."""
        return self.address.rpartition("@")[2] if "@" in self.address else ""


class Fields:
    """The fields of one header block, in order."""

    __slots__ = ("_by_name", "headers")

    def __init__(self, headers: Iterable[Header] = ()) -> None:
        self.headers = tuple(headers)
        self._by_name: dict[str, list[Header]] = {}
        for header in self.headers:
            self._by_name.setdefault(header.name, []).append(header)

    @property
    def names(self) -> frozenset[str]:
        """The names that occur."""
        return frozenset(self._by_name)

    def all(self, *names: str) -> list[Header]:
        """Give every field of these names, those of the first name first."""
        return [header for name in names for header in self._by_name.get(name, ())]

    def raw(self, name: str) -> bytes:
        """Give the first field of a name, empty when there is none."""
        found = self._by_name.get(name)
        return found[0].raw if found else b""

    def text(self, name: str) -> str:
        """Give the first field of a name, decoded."""
        return decoded(self.raw(name))


@lru_cache(maxsize=1)
def opening_of(head: bytes) -> tuple[Fields, int]:
    """Give the header block that the first bytes of a message start with: asked once to recognise it, once to read."""
    return split(head)


def opening(data: bytes) -> tuple[Fields, int]:
    """Give the header block at the start of a message, and the offset behind its blank line."""
    head = data[:OPENING_BYTES]
    fields, at = opening_of(head)
    if len(head) == len(data):
        return fields, at
    # The line that ends the block and the one behind it decide: with both before the cut, all of it is the same.
    end = head.find(b"\n", at)
    return (fields, at) if end >= 0 and end + OPENING_SPARE < len(head) else split(data)


def split(data: bytes, at: int = 0, boundaries: Collection[bytes] | None = None) -> tuple[Fields, int]:
    """Give the fields of the header block at an offset, and the offset behind its blank line.

    A line that is no field ends the block (its text is body) unless fields follow it; so does a line that starts as a
    delimiter does: any at the top of a message, inside it one of ``boundaries``.
    """
    found: list[tuple[str, list[bytes]]] = []
    late: set[str] = set()
    size, kept = len(data), False
    while at < size:
        if (whole := _WHOLE.match(data, at)) is not None and data[at : at + 2] != b"--":
            name = whole[1].decode("ascii").lower()
            if kept := _has_room(name, found, late):
                found.append((name, [whole[2][:VALUE_BYTES]]))
            at = whole.end()
            continue
        end = data.find(b"\n", at) + 1 or size
        line = data[at:end] if end - at <= VALUE_BYTES else data[at : at + VALUE_BYTES]
        if line in (b"\n", b"\r\n", b"\r"):
            return _fields(found), end
        if line.startswith(b"--") and (bool(found) if boundaries is None else _closes(line, boundaries)):
            break
        if line[0] in b" \t" and found:
            if not line.strip():
                # A line of blanks only: some programs end the header here, and so does hostile mail mean it to.
                if not _goes_on(data, end):
                    return _fields(found), end
            elif kept:
                found[-1][1].append(line)
        elif not line.startswith(b"--") and (match := _FIELD.match(line)):
            name = match[1].decode("ascii").lower()
            if kept := _has_room(name, found, late):
                found.append((name, [line[match.end() :]]))
        elif line.startswith((b"From ", b">From ")) or not line.strip():
            pass
        elif found and _goes_on(data, end):
            if kept:
                found[-1][1].append(line)
        else:
            break
        at = end
    return _fields(found), at


def _has_room(name: str, found: list[tuple[str, list[bytes]]], late: set[str]) -> bool:
    """Tell whether a field is kept; behind too many others, only the first of each that decides what a mail is."""
    if len(found) < HEADER_COUNT:
        return True
    if name not in DECISIVE or name in late:
        return False
    late.add(name)
    return True


def _closes(line: bytes, boundaries: Collection[bytes]) -> bool:
    mark = line[2:].rstrip()
    return mark in boundaries or (mark.endswith(b"--") and mark[:-2] in boundaries)


def _goes_on(data: bytes, at: int) -> bool:
    """Tell whether the next line is a field with a name of the usual kind."""
    return _USUAL.match(data, at) is not None


def _fields(found: list[tuple[str, list[bytes]]]) -> Fields:
    return Fields(Header(name, b"".join(lines)[:VALUE_BYTES]) for name, lines in found)


def decoded(raw: bytes) -> str:
    """Give the text of a field: encoded words joined bytewise where one character spans two, raw bytes guessed."""
    if b"=?" not in raw:
        text = raw.decode("ascii") if raw.isascii() and b"\x1b" not in raw else charset.decode(raw)[0]
        return _SPACES.sub(" ", text).strip()
    pieces: list[str] = []
    run: list[tuple[str, bytes, bytes]] = []
    for piece in _words(raw):
        if isinstance(piece, bytes):
            if run and not piece.strip():
                continue
            pieces.append(_run(run))
            run = []
            pieces.append(charset.decode(piece)[0])
        elif run and charset.codec_of(run[0][0]) != charset.codec_of(piece[0]):
            pieces.append(_run(run))
            run = [piece]
        else:
            run.append(piece)
    pieces.append(_run(run))
    return _SPACES.sub(" ", "".join(pieces)).strip()


def words(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the label and the bytes of each encoded word in a field."""
    for piece in _words(raw):
        if not isinstance(piece, bytes):
            yield piece[0], _payload(piece[1], piece[2])


def _words(raw: bytes) -> Iterator[bytes | tuple[str, bytes, bytes]]:
    """Cut a field into plain bytes and encoded words (label, encoding, payload), in one pass."""
    starts = list(_WORD.finditer(raw))
    at, end = 0, -1
    for number, start in enumerate(starts):
        if start.start() < at:
            continue
        if end < start.end():
            end = raw.find(b"?=", start.end())
            # ``?=`` may be the tail of an empty payload or the start of ``?=E3`` in a Q word: the former needs no more.
        if end < 0:
            break
        if number + 1 < len(starts) and starts[number + 1].start() < end:
            continue
        if start.start() > at:
            yield raw[at : start.start()]
        label = start[1].partition(b"*")[0].decode("ascii", "replace").lower()
        yield label, start[2].lower(), raw[start.end() : end]
        at = end + 2
    if at < len(raw):
        yield raw[at:]


def _run(run: list[tuple[str, bytes, bytes]]) -> str:
    """Decode neighbouring words of one charset as one text."""
    if not run:
        return ""
    pieces: list[bytes] = []
    pending = b""
    for _, encoding, payload in run:
        if encoding == b"b":
            # Some senders cut the base64 text itself, so a word may end inside a group of four.
            pending += payload.translate(None, _BASE64)
            if payload.rstrip().endswith(b"=") or len(pending) % 4 == 0:
                pieces.append(base64_bytes(pending))
                pending = b""
        else:
            pieces.append(base64_bytes(pending) + _payload(encoding, payload))
            pending = b""
    pieces.append(base64_bytes(pending))
    return charset.decode(b"".join(pieces), run[0][0])[0]


def _payload(encoding: bytes, payload: bytes) -> bytes:
    if encoding == b"b":
        return base64_bytes(payload.translate(None, _BASE64))
    return binascii.a2b_qp(payload.replace(b"_", b" "))


def base64_bytes(clean: bytes) -> bytes:
    """Decode base64 that has only letters of its alphabet, whatever its length."""
    spare = len(clean) % 4
    if spare == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


# An unquoted value goes on over blanks until a semicolon, or what looks like the next parameter without one.
_PARAMETER = re.compile(
    rb"""(?:;\s*|(?<=\S)\s+)([A-Za-z0-9_-]{1,60})(?:\*(\d{1,3}))?(\*)?\s*=\s*"""
    rb"""(?:"((?:[^"\\]|\\.)*)"?|((?:[^;"\s]++|\s++(?![A-Za-z0-9_-]{1,60}(?:\*\d{1,3})?\*?\s?=\s?[^\s=]))*))""",
    re.DOTALL,
)
PARAMETERS = 300
"""Parameters read of one field; a name split by RFC 2231 takes a few."""


def parameters(raw: bytes) -> tuple[str, list[tuple[str, str]]]:
    """Give the main value in lower case and the parameters, decoded, in order; a name may come twice.

    Reads RFC 2231 continuations and charsets, encoded words inside values, missing quotes and missing semicolons.
    """
    raw = raw.strip()
    first = re.split(rb"[;\s]", raw, maxsplit=1)[0]
    main = first.decode("latin-1").strip("\"' ").lower()
    whole: list[tuple[str, str]] = []
    parts: dict[str, dict[int, tuple[bool, bytes]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(b";" + raw[len(first) :])):
        if count >= PARAMETERS:
            break
        name = match[1].decode("ascii").lower()
        value = re.sub(rb"\\(.)", rb"\1", match[4]) if match[4] is not None and _escapes(match[4]) else match[4]
        if value is None:
            value = match[5].strip()
        if match[2] is not None:
            parts.setdefault(name, {})[int(match[2])] = (match[3] is not None, value)
        elif match[3] is not None:
            parts.setdefault(name, {})[0] = (True, value)
        else:
            whole.append((name, decoded(value)))
    extended = [(name, _joined(pieces)) for name, pieces in parts.items()]
    return main, extended + whole


def _escapes(value: bytes) -> bool:
    """Backslashes quote, but not in a Windows path and not inside raw Shift_JIS or ISO-2022-JP."""
    return b"\\" in value and value.isascii() and b"\x1b" not in value and re.search(rb'\\["\\]', value) is not None


def _joined(pieces: dict[int, tuple[bool, bytes]]) -> str:
    label = ""
    out: list[bytes] = []
    for index in sorted(pieces):
        extended, value = pieces[index]
        if extended:
            if index == 0 and value.count(b"'") >= 2:
                marked, _, value = value.split(b"'", 2)
                label = marked.decode("ascii", "replace")
            value = unquote_to_bytes(value)
        out.append(value)
    joined = b"".join(out)
    return decoded(joined) if not label and b"=?" in joined else charset.decode(joined, label)[0]


_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"?|=\?[^?\s]+\?[bBqQ]\?[^?]*\?=|\((?:[^()\\]|\\.)*\)|<[^<>]*>?|[,;:]|[^",;:<(=\s]+|\s+|.',
    re.DOTALL,
)
_LOCAL = re.compile(r"[^\s<>\"(),;:\[\]@]{1,200}$")
_DOMAIN = re.compile(r"[^\s<>\"(),;:@]{1,255}")
ADDRESSES = 20_000
"""Mailboxes read of one field."""


def addresses(raw: bytes) -> list[Address]:
    """Give the mailboxes of an address list: names decoded, a comment where there is no name, groups opened."""
    text = raw.decode("ascii") if raw.isascii() and b"\x1b" not in raw else charset.decode(raw)[0]
    found: list[Address] = []
    phrase: list[str] = []
    angle = comment = ""

    def close() -> None:
        nonlocal angle, comment
        if (made := _mailbox(phrase, angle, comment)) is not None and len(found) < ADDRESSES:
            if angle and found and not found[-1].address:
                # "Suzuki, Taro <taro@example.com>" without quotes is one mailbox.
                made = Address(", ".join(filter(None, (found.pop().name, made.name))), made.address)
            found.append(made)
        phrase.clear()
        angle = comment = ""

    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in ",;":
            close()
        elif token == ":":
            if any("@" in part for part in phrase):
                phrase.append(token)
            else:
                phrase.clear()
        elif token[0] == "<":
            if angle:
                close()
            angle = token.strip("<> \t") or " "
        elif token[0] == "(" and len(token) > 1:
            comment = comment or token[1:-1]
        else:
            phrase.append(token)
    close()
    return found


def _mailbox(phrase: list[str], angle: str, comment: str) -> Address | None:
    words_ = "".join(phrase).strip()
    if angle:
        address = angle.strip()
        if address.lower().startswith("mailto:"):
            address = address[7:]
        if address.startswith("@") and ":" in address:
            address = address.rpartition(":")[2]  # a source route of RFC 822
        name = _name(words_)
    elif (quoted := re.fullmatch(r'("[^"]*")(@\S+)', words_)) is not None:
        address, name = quoted[1] + quoted[2], ""
    elif (bare := _address_in(words_)) is not None:
        address = words_[slice(*bare)]
        name = _name((words_[: bare[0]].rstrip("< ") + words_[bare[1] :]).strip("> "))
    else:
        name = _name(words_)
        inside = _address_in(name)
        address = name[slice(*inside)] if inside else ""
        name = name[: inside[0]].strip(' "<') if inside else name
    address = address if address.isascii() or "=?" not in address else decoded(address.encode("utf-8"))
    name = name or _name(comment)
    return (
        Address(name, address.strip("\"' .").lower() if '"@' not in address else address.lower())
        if (address or name)
        else None
    )


def _address_in(text: str) -> tuple[int, int] | None:
    """Give where the first address in a text starts and ends."""
    at = -1
    for _ in range(20):
        if (at := text.find("@", at + 1)) < 0:
            break
        before, after = _LOCAL.search(text[max(0, at - 200) : at]), _DOMAIN.match(text, at + 1)
        if before and after:
            return at - len(before[0]), after.end()
    return None


def _name(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == '"' and text.find('"', 1) in (-1, len(text) - 1):
        text = text.strip('"')
    if "\\" in text:
        text = re.sub(r"\\([\"\\()'])", r"\1", text)
    if "=?" in text:
        text = decoded(text.replace('"', "").encode("utf-8"))
    return _SPACES.sub(" ", text).strip(" \"'")
