"""Attachments as Outlook wraps them for itself (winmail.dat): what is inside is handed out as if it were attached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sekisho.analyzers import analyzer, charset
from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._rtf_body import decompressed, unpacked
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT
from sekisho.model.urltext import find_urls

MAGIC = b"\x78\x9f\x3e\x22"
# Attributes. Source: [MS-OXTNEF] 2.1.3.3 and 2.1.3.4.
FROM, SUBJECT, CLASS, BODY, PROPERTIES, PAGE = 0x8000, 0x8004, 0x8008, 0x800C, 0x9003, 0x9007
ATTACH_DATA, ATTACH_TITLE, ATTACH_START, ATTACH_PROPERTIES = 0x800F, 0x8010, 0x9002, 0x9005
MESSAGE, ATTACHMENT = 1, 2
# Properties. Source: [MS-OXPROPS].
P_CLASS, P_SUBJECT, P_RTF, P_HTML, P_BODY = 0x001A, 0x0037, 0x1009, 0x1013, 0x1000
P_DATA, P_NAME, P_LONG_NAME, P_SHOWN, P_TYPE, P_PATH = 0x3701, 0x3704, 0x3707, 0x3001, 0x370E, 0x370D
FIXED = {0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 2, 0x14: 8, 0x40: 8, 0x48: 16}
"""Bytes of properties of fixed size; each takes a multiple of four."""
OBJECT, NARROW, WIDE, BINARY = 0x0D, 0x1E, 0x1F, 0x102
INTERFACE_BYTES = 16
"""Id of the interface before the bytes of an object: of a message, which is TNEF again, or of a storage."""
ATTRIBUTES, VALUES, ATTACHMENTS = 20_000, 5_000, 1_000
"""Most of each that are read."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One attachment as its attributes tell it."""

    title: str = ""
    data: bytes = b""
    properties: dict[int, bytes | str] = field(default_factory=dict)
    broken: str = ""

    @property
    def name(self) -> str:
        """The longest name it goes by."""
        named = (self.properties.get(one) for one in (P_LONG_NAME, P_NAME))
        shown = next((one for one in named if isinstance(one, str) and one), "")
        found = shown or self.title or self.text(P_SHOWN)
        return found.strip("\0 \r\n")

    def text(self, identifier: int) -> str:
        """Give a property that is text."""
        found = self.properties.get(identifier, "")
        return found if isinstance(found, str) else ""


@analyzer(
    "tnef",
    magic=MAGIC,
    media_type="application/ms-tnef",
    features=(
        "tnef.subject",
        "tnef.class",
        "tnef.sender",
        "tnef.attachment",
        "tnef.reference",
        "tnef.body_bytes",
        "url",
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the attributes of the message, then hand out its attachments and bodies.

    Yields:
        ``tnef.subject``, ``tnef.class``, ``tnef.sender``; the URLs of a plain body; a child for each attachment
        (``attachment``; a message inside is another TNEF stream), for an HTML body and for RTF with objects (``body``);
        ``tnef.reference`` where an attachment is only a path.

    Raises:
        MalformedError: an attribute is cut or broken; what was read before stands.
        LimitError: there are more attachments than ``children``, or they are too large.

    Source: [MS-OXTNEF], [MS-OXPROPS].
    """
    reader = _Reader(artifact.data)
    problem: MalformedError | LimitError | None = None
    try:
        reader.run()
    except (MalformedError, LimitError) as error:
        problem = error
    head, parts = reader.head, reader.parts
    for name, text in (
        ("tnef.subject", head.text(P_SUBJECT) or head.title),
        ("tnef.class", head.text(P_CLASS)),
        ("tnef.sender", head.text(FROM)),
    ):
        if text:
            yield Feature(name, text)
    yield from _bodies(artifact, head)
    for part in parts:
        name = part.name or "attachment"
        yield Feature("tnef.attachment", name)
        if path := part.text(P_PATH):
            yield Feature("tnef.reference", path)
        data = part.data
        held = part.properties.get(P_DATA)
        if isinstance(held, bytes) and held:
            data = held
        if len(data) > DEFAULT.member_bytes:
            problem = problem or LimitError("member_bytes", DEFAULT.member_bytes)
            yield artifact.child(name, b"", relation="attachment", unscanned=str(problem))
            continue
        yield artifact.child(
            name, data, relation="attachment", declared_type=part.text(P_TYPE).lower(), unscanned=part.broken
        )
    if problem is not None:
        raise problem


def _bodies(artifact: Artifact, head: _Part) -> Iterator[Feature | Artifact]:
    html, text = head.properties.get(P_HTML, b""), head.text(P_BODY)
    rtf = head.properties.get(P_RTF, b"")
    plain = decompressed(rtf) if isinstance(rtf, bytes) and rtf else b""
    if plain:
        yield Feature("tnef.body_bytes", len(plain))
        body, is_html = unpacked(plain)
        if is_html and not html:
            html = body
        elif not is_html:
            text = text or body
    yield from (Feature("url", url) for url in find_urls(text[: DEFAULT.text_chars], "text"))
    if html:
        data = html.encode("utf-8", "replace") if isinstance(html, str) else html
        kind = "text/html; charset=utf-8" if isinstance(html, str) else "text/html"
        yield artifact.child("body.html", data, relation="body", declared_type=kind)
    if b"\\objdata" in plain:
        yield artifact.child("body.rtf", plain, relation="body", declared_type="text/rtf")


class _Reader:
    """Walks from attribute to attribute and keeps what it has read."""

    def __init__(self, data: bytes) -> None:
        self.cursor, self.page = Cursor(data, 6), "cp1252"
        self.head, self.parts = _Part(), list[_Part]()

    def run(self) -> None:
        """Take attributes until the end.

        Raises:
            MalformedError: one is cut, or at no known level.
            LimitError: there are too many, or too many attachments.
        """
        for _ in range(ATTRIBUTES):
            if self.cursor.left < 11:
                return
            self._take()
        raise LimitError("attributes", ATTRIBUTES)

    def _take(self) -> None:
        cursor = self.cursor
        level, attribute = cursor.uint(1), cursor.uint(4) & 0xFFFF
        size = cursor.uint(4)
        if level not in (MESSAGE, ATTACHMENT):
            raise MalformedError("TNEF attribute of no known level", cursor.at - 9)
        is_cut = size > cursor.left
        body = cursor.take(min(size, cursor.left))
        if attribute == PAGE and len(body) >= 4:
            self.page = f"cp{int.from_bytes(body[:4], 'little')}"
        elif level == MESSAGE:
            self.head = _with_message(self.head, attribute, body, self.page)
        elif attribute == ATTACH_START:
            if len(self.parts) >= ATTACHMENTS:
                raise LimitError("children", ATTACHMENTS)
            self.parts.append(_Part())
        else:
            self.parts = self.parts or [_Part()]
            self.parts[-1] = _with_attachment(self.parts[-1], attribute, body, self.page)
        if is_cut:
            if level == ATTACHMENT and self.parts and not self.parts[-1].data:
                self.parts[-1] = replace(self.parts[-1], broken="TNEF attribute is cut")
            raise MalformedError("TNEF attribute is cut", cursor.at)
        cursor.take(2, "checksum")


def _with_message(head: _Part, attribute: int, body: bytes, page: str) -> _Part:
    held = dict(head.properties)
    if attribute == SUBJECT:
        return replace(head, title=_text(body, page))
    if attribute == CLASS:
        held.setdefault(P_CLASS, _text(body, page))
    elif attribute == BODY:
        held.setdefault(P_BODY, _text(body, page))
    elif attribute == FROM:
        held[FROM] = _sender(body, page)
    elif attribute == PROPERTIES:
        held |= _properties(body, page)
    else:
        return head
    return replace(head, properties=held)


def _with_attachment(part: _Part, attribute: int, body: bytes, page: str) -> _Part:
    if attribute == ATTACH_DATA:
        return replace(part, data=body)
    if attribute == ATTACH_TITLE:
        return replace(part, title=_text(body, page))
    if attribute == ATTACH_PROPERTIES:
        return replace(part, properties=part.properties | _properties(body, page))
    return part


def _sender(body: bytes, page: str) -> str:
    """Give name and address of a sender. Source: [MS-OXTNEF] 2.1.3.3.2 (TRP structure)."""
    name_bytes, address_bytes = int.from_bytes(body[4:6], "little"), int.from_bytes(body[6:8], "little")
    name = _text(body[8 : 8 + name_bytes], page)
    address = _text(body[8 + name_bytes : 8 + name_bytes + address_bytes], page)
    return f"{name} <{address.removeprefix('SMTP:')}>" if address else name


def _text(raw: bytes, page: str) -> str:
    return charset.decode(raw.rstrip(b"\0")[: 4 * DEFAULT.text_chars], page)[0] if raw.strip(b"\0") else ""


def _properties(body: bytes, page: str) -> dict[int, bytes | str]:
    """Give the texts and bytes among a list of properties, as far as it can be read.

    Source: [MS-OXTNEF] 2.1.3.4 (encapsulated properties).
    """
    found: dict[int, bytes | str] = {}
    cursor = Cursor(body)
    try:
        for _ in range(min(cursor.uint(4), VALUES)):
            kind, identifier = cursor.uint(2), cursor.uint(2)
            if identifier & 0x8000:
                _skip_name(cursor)
            for value in _values(cursor, kind, page):
                found.setdefault(identifier, value)
    except MalformedError:
        return found
    return found


def _skip_name(cursor: Cursor) -> None:
    cursor.take(16)
    if cursor.uint(4):
        _padded(cursor, cursor.uint(4))
    else:
        cursor.take(4)


def _padded(cursor: Cursor, size: int) -> bytes:
    body = cursor.take(size, "property")
    cursor.take(min(-size % 4, cursor.left))
    return body


def _values(cursor: Cursor, kind: int, page: str) -> Iterator[bytes | str]:
    many, kind = kind & 0x1000, kind & ~0x1000
    if kind in FIXED:
        for _ in range(min(cursor.uint(4), VALUES) if many else 1):
            _padded(cursor, FIXED[kind])
        return
    if kind not in (OBJECT, NARROW, WIDE, BINARY):
        raise MalformedError(f"TNEF property of type {kind:#x}", cursor.at)
    for _ in range(min(cursor.uint(4), VALUES)):
        raw = _padded(cursor, cursor.uint(4))
        if kind == WIDE:
            yield raw[: 4 * DEFAULT.text_chars].decode("utf-16-le", "replace").rstrip("\0")
        elif kind == NARROW:
            yield _text(raw, page)
        else:
            yield raw[INTERFACE_BYTES:] if kind == OBJECT else raw
