"""The properties of an Outlook message in a compound file, and the mail they make up.

Source: [MS-OXMSG] 2.1 to 2.4 (storages, property streams), [MS-OXPROPS] (property ids), [MS-OXCMSG] 2.2.2
(attachments), [MS-OXOMSG] 2.2.1 (sender, recipients, transport headers).
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sekisho.analyzers import charset
from sekisho.analyzers._compound import Compound, Path
from sekisho.analyzers._rtf_body import decompressed, unpacked
from sekisho.analyzers.headers import Fields, Header, split
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT

PROPERTIES = "__properties_version1.0"
_STREAM = "__substg1.0_"
_ATTACHMENT, _RECIPIENT = "__attach_version1.0_", "__recip_version1.0_"
_TOP_HEADER, _EMBEDDED_HEADER, _SMALL_HEADER = 32, 24, 8
"""Bytes before the first entry of a property stream: of the file, of an embedded message, of anything else."""
_UNICODE, _STRING, _BINARY, _OBJECT = "001F", "001E", "0102", "000D"
_REMINDER_FILE = 0x851F
EMBEDDED_DEPTH = 8
"""Messages attached to messages; Outlook itself stops the user well before."""
ATTACHMENTS, RECIPIENTS = 500, 2_000
_KINDS = {1: "to", 2: "cc", 3: "bcc"}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_PAGES = {
    65001: "utf-8",
    50220: "iso-2022-jp",
    50221: "iso-2022-jp",
    50222: "iso-2022-jp",
    51932: "euc-jp",
    20127: "us-ascii",
}
_PAGES |= {20866: "koi8-r", 21866: "koi8-u", 51949: "euc-kr", 1200: "utf-16-le", 936: "gb2312", 950: "big5"}
_PAGES |= {28590 + part: f"iso-8859-{part}" for part in range(1, 16)}


class Storage:
    """One storage of the file: a message, an attachment or a recipient."""

    def __init__(self, tree: Tree, path: Path, header_bytes: int, page: str = "") -> None:
        self.tree, self.path = tree, path
        self._fixed = self._read_fixed(header_bytes)
        number = self.number(0x3FFD) or self.number(0x3FDE)
        self.page = _label(number) if number else page

    def _read_fixed(self, header_bytes: int) -> dict[int, bytes]:
        raw = self.tree.stream((*self.path, PROPERTIES))
        entries = (raw[at : at + 16] for at in range(header_bytes, len(raw) - 15, 16))
        return {int.from_bytes(entry[2:4], "little"): entry[8:16] for entry in entries}

    def number(self, identifier: int) -> int:
        """Give a 32-bit property, 0 when absent."""
        return int.from_bytes(self._fixed.get(identifier, b"")[:4], "little")

    def time(self, identifier: int) -> str:
        """Give a time property as ISO 8601 UTC, empty when absent or impossible."""
        ticks = int.from_bytes(self._fixed.get(identifier, b""), "little")
        if not ticks:
            return ""
        try:
            return (_EPOCH + timedelta(microseconds=ticks // 10)).strftime("%Y-%m-%dT%H:%M:%SZ")
        except OverflowError:
            return ""

    def text(self, identifier: int) -> str:
        """Give a text property in whichever of the two forms it is there."""
        wide = self.tree.stream((*self.path, f"{_STREAM}{identifier:04X}{_UNICODE}"))
        if wide:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self.tree.stream((*self.path, f"{_STREAM}{identifier:04X}{_STRING}")).rstrip(b"\0")
        return charset.decode(narrow, self.page)[0] if narrow else ""

    def binary(self, identifier: int) -> bytes:
        """Give a binary property, empty when absent."""
        return self.tree.stream((*self.path, f"{_STREAM}{identifier:04X}{_BINARY}"))

    def inside(self, prefix: str) -> list[Path]:
        """Give the storages in this one whose name starts so, in name order."""
        return sorted(path for path in self.tree.storages.get(self.path, ()) if path[-1].lower().startswith(prefix))


class Tree:
    """A compound file with its storages by parent."""

    def __init__(self, compound: Compound) -> None:
        self.compound = compound
        self.storages: dict[Path, list[Path]] = {}
        self.streams: dict[Path, list[Path]] = {}
        for path, entry in compound.entries.items():
            if path:
                (self.streams if entry.is_stream else self.storages).setdefault(path[:-1], []).append(path)

    def stream(self, path: Path) -> bytes:
        """Give a stream's bytes, empty when it is absent or broken."""
        return self.compound.try_read(*path)


@dataclass(slots=True)
class Attachment:
    """One attachment, not yet read."""

    name: str
    media_type: str
    storage: Storage
    message: Path | None = None
    """Storage of the message that it is."""
    object: Path | None = None
    """Storage of the OLE object that it is."""
    reference: str = ""
    """Path or URL when it is not in the file."""

    def data(self) -> bytes:
        """Give its bytes."""
        return self.storage.binary(0x3701)


@dataclass(slots=True)
class Message:
    """What an Outlook message says."""

    fields: Fields
    text: str
    html: bytes
    html_label: str
    rtf: bytes
    received: str
    message_class: str
    reminder_file: str
    attachments: list[Attachment] = field(default_factory=list)


def read(tree: Tree, path: Path = ()) -> Message:
    """Read the message in a storage."""
    storage = Storage(tree, path, _EMBEDDED_HEADER if path else _TOP_HEADER)
    text, html, label = storage.text(0x1000), storage.binary(0x1013), ""
    if html:
        label = _label(storage.number(0x3FDE) or storage.number(0x3FFD))
    elif markup := storage.text(0x1013):
        html, label = markup.encode("utf-8", "replace"), "utf-8"
    rtf = b"" if (packed := storage.binary(0x1009)) == b"" else decompressed(packed)
    if rtf and (not html or not text):
        body, is_html = unpacked(rtf)
        if is_html and not html:
            html, label = body.encode("utf-8", "replace"), "utf-8"
        elif not is_html:
            text = text or body
    return Message(
        fields=_fields(storage),
        text=text.replace("\r\n", "\n"),
        html=html,
        html_label=label,
        rtf=rtf,
        received=storage.time(0x0E06),
        message_class=storage.text(0x001A),
        reminder_file=_named(storage, _REMINDER_FILE),
        attachments=list(_attachments(storage)),
    )


def _label(page: int) -> str:
    if not page:
        return ""
    return _PAGES.get(page, f"cp{page}")


def _fields(storage: Storage) -> Fields:
    """Give the transport headers, with what they lack made from properties."""
    sent, _ = split(storage.text(0x007D).lstrip("\r\n").encode("utf-8", "replace"))
    made: list[Header] = []
    for name, value in _made(storage):
        if value and name not in sent.names:
            made.append(Header(name, value))
    return Fields((*made, *sent.headers))


def _made(storage: Storage) -> Iterator[tuple[str, bytes]]:
    subject = storage.text(0x0037) or storage.text(0x003D) + storage.text(0x0E1D)
    yield "subject", _word(subject)
    address = _address(storage, 0x5D01, 0x0C1F, 0x5D02, 0x0065)
    yield "from", _mailbox(storage.text(0x0C1A) or storage.text(0x0042), address)
    lists: dict[str, list[bytes]] = {"to": [], "cc": [], "bcc": []}
    for path in storage.inside(_RECIPIENT)[:RECIPIENTS]:
        one = Storage(storage.tree, path, _SMALL_HEADER, storage.page)
        kind = _KINDS.get(one.number(0x0C15) & 0xF, "to")
        lists[kind].append(_mailbox(one.text(0x3001), _address(one, 0x39FE, 0x3003)))
    yield from ((kind, b", ".join(filter(None, boxes))) for kind, boxes in lists.items())
    yield "date", storage.time(0x0039).encode()
    yield "message-id", _word(storage.text(0x1035))
    yield "in-reply-to", _word(storage.text(0x1042))
    yield "references", _word(storage.text(0x1039))
    yield "reply-to", _word(storage.text(0x0050) if "@" in storage.text(0x0050) else "")


def _address(storage: Storage, *identifiers: int) -> str:
    """Give the first property that is an Internet address rather than a directory name."""
    return next((text for text in map(storage.text, identifiers) if "@" in text), "")


def _mailbox(name: str, address: str) -> bytes:
    if not name and not address:
        return b""
    if name == address or not name:
        return f"<{address}>".encode("utf-8", "replace")
    return _word(name, always=True) + (f" <{address}>" if address else "").encode("utf-8", "replace")


def _word(text: str, *, always: bool = False) -> bytes:
    """Write a text as an encoded word where a header could not hold it as it is."""
    text = text.replace("\0", "").strip()
    if text.isascii() and not always and "=?" not in text:
        return " ".join(text.split()).encode()
    data = binascii.b2a_base64(text.encode("utf-8", "replace"), newline=False)
    return b"=?utf-8?B?" + data + b"?=" if text else b""


def _named(storage: Storage, number: int) -> str:
    """Give the text of a property that is known by number in a property set.

    Source: [MS-OXMSG] 2.2.3.1.2 (entries of eight bytes; the property is 0x8000 plus its index).
    """
    raw = storage.tree.stream(("__nameid_version1.0", f"{_STREAM}0003{_BINARY}"))
    for at in range(0, min(len(raw), 80_000) - 7, 8):
        is_string = raw[at + 4] & 1
        if int.from_bytes(raw[at : at + 4], "little") == number and not is_string:
            return storage.text(0x8000 + int.from_bytes(raw[at + 6 : at + 8], "little") & 0xFFFF)
    return ""


def _attachments(storage: Storage) -> Iterator[Attachment]:
    for path in storage.inside(_ATTACHMENT)[:ATTACHMENTS]:
        one = Storage(storage.tree, path, _SMALL_HEADER, storage.page)
        name = one.text(0x3707) or one.text(0x3704) or one.text(0x3001)
        made = Attachment(name.strip("\0 \r\n"), one.text(0x370E).lower(), one)
        for inner in one.inside(f"{_STREAM}3701{_OBJECT}".lower()):
            held = storage.tree.streams.get(inner, [])
            if any(stream[-1].lower() == PROPERTIES for stream in held):
                made.message = inner
            else:
                made.object = inner
        made.reference = one.text(0x370D) or one.text(0x3708)
        yield made


def as_mail(tree: Tree, path: Path, depth: int = 1) -> bytes:
    """Write the message in a storage as a mail (RFC 5322), its attachments included.

    Raises:
        LimitError: it is nested too deep, or too large.
    """
    if depth > EMBEDDED_DEPTH:
        raise LimitError("depth", EMBEDDED_DEPTH)
    message = read(tree, path)
    boundary = b"=_part_%d" % depth
    lines = [
        b"%s: %s\r\n" % (header.name.title().encode(), header.raw)
        for header in message.fields.headers
        if header.name not in ("content-type", "content-transfer-encoding", "mime-version")
    ]
    lines.append(b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="%s"\r\n\r\n' % boundary)
    for head, data in _mail_parts(tree, message, depth):
        lines.append(b"--%s\r\n%s\r\nContent-Transfer-Encoding: base64\r\n\r\n" % (boundary, head))
        lines.append(_base64_lines(data))
        if sum(map(len, lines)) > DEFAULT.member_bytes:
            raise LimitError("member_bytes", DEFAULT.member_bytes)
    lines.append(b"--%s--\r\n" % boundary)
    return b"".join(lines)


def _mail_parts(tree: Tree, message: Message, depth: int) -> Iterator[tuple[bytes, bytes]]:
    if message.text.strip():
        yield b"Content-Type: text/plain; charset=utf-8", message.text.encode("utf-8", "replace")
    if message.html:
        label = message.html_label or "utf-8"
        yield b"Content-Type: text/html; charset=%s" % label.encode(), message.html
    for one in message.attachments:
        name = _word(one.name or "attachment", always=True)
        if one.message is not None:
            inner = as_mail(tree, one.message, depth + 1)
            yield b'Content-Type: message/rfc822; name="%s"' % name, inner
        else:
            yield (
                b'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="%s"' % name,
                one.data(),
            )


def _base64_lines(data: bytes) -> bytes:
    return b"".join(binascii.b2a_base64(data[at : at + 57]) for at in range(0, len(data), 57))
