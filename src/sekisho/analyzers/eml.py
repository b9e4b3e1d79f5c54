"""Mail as sent (.eml, RFC 5322 and MIME): who, when, by which way, what it says, and every part of it.

Source: RFC 5322, RFC 2045 to 2047, RFC 2183, RFC 2231. The structure is read by ``_mime``, fields by ``headers`` and
``_message``; this module decides which part is text to read and which is a child.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import _mime, analyzer, charset
from sekisho.analyzers._dkim import SIGNATURE_FEATURES, signature_features
from sekisho.analyzers._htmltext import meta_charset, visible_text
from sekisho.analyzers._message import MESSAGE_FEATURES, body_features, corrected, header_features, text_features
from sekisho.analyzers._qr_grid import text_pictures
from sekisho.analyzers.headers import OPENING_BYTES, opening_of, parameters, split
from sekisho.analyzers.mhtml import is_web_archive
from sekisho.analyzers.passwords import candidates
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT

_HEAD = OPENING_BYTES
"""Bytes that recognition looks at."""
_LONG_HEAD = 4 * 1024 * 1024
"""The same, when fields fill all of the former."""
_STRONG = frozenset(
    "from to subject received return-path message-id delivered-to x-original-to reply-to mime-version dkim-signature"
    " authentication-results received-spf x-mailer x-received envelope-to arc-seal x-gm-message-state".split()
)
_KNOWN = _STRONG | frozenset(
    "date cc bcc sender content-type content-transfer-encoding content-disposition in-reply-to references user-agent"
    " thread-topic thread-index x-priority importance list-id list-unsubscribe status x-spam-status content-language"
    " delivery-date x-envelope-from x-sender x-originating-ip auto-submitted errors-to organization".split()
)
_BLANK = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_TEXT = ("text/plain", "text/html", "")
_EXTENSIONS = {
    **{
        "text/html": ".html",
        "text/plain": ".txt",
        "message/rfc822": ".eml",
        "text/calendar": ".ics",
        "image/png": ".png",
    },
    **{"image/jpeg": ".jpg", "image/gif": ".gif", "application/pdf": ".pdf", "application/zip": ".zip"},
    **{"application/msword": ".doc", "application/vnd.ms-excel": ".xls", "application/ms-tnef": ".dat"},
    **{"text/rtf": ".rtf", "application/rtf": ".rtf", "text/vcard": ".vcf", "text/csv": ".csv", "text/xml": ".xml"},
}
_SHORT = 100
"""Characters of plain text below which it is taken for "please use a program that shows HTML"."""
_SESSION = re.compile(rb"(?:(?:HELO|EHLO|LHLO|MAIL FROM|RCPT TO|RSET)\b[^\n]{0,1000}\n){1,200}DATA\r?\n", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f]+")


def _recognise(artifact: Artifact) -> bool:
    """Tell a header block: two or more known fields, one of them a mail's own, before anything that is none."""
    head = artifact.data[:_HEAD]
    start = len(head) - len(head.lstrip(_BLANK))
    if head[start : start + 1] in (b"<", b"{", b"%", b"#", b"@", b"") or b"\0" in head[start : start + 64]:
        return False
    head = _line_ends(_session(head[start:]))
    fields, at = opening_of(head)
    if fields.headers and b"\n" not in head[at:] and len(artifact.data) > _HEAD:  # it ends within the fields
        fields, _ = split(_line_ends(_session(artifact.data[start : start + _LONG_HEAD])))
    return len(fields.names & _KNOWN) >= 2 and bool(fields.names & _STRONG) and not is_web_archive(artifact)


def _session(data: bytes) -> bytes:
    """Give the message of a recorded SMTP session (batch SMTP, RFC 2442), or the bytes as they are."""
    found = _SESSION.match(data)
    if not found:
        return data
    end = data.find(b"\n.\r\n", found.end())
    end = data.find(b"\n.\n", found.end()) if end < 0 else end
    message = data[found.end() : end + 1] if end >= 0 else data[found.end() :]
    return message.replace(b"\n..", b"\n.")


def _line_ends(data: bytes) -> bytes:
    """Give bytes whose lines end in LF; mails saved on old Macs have only CR."""
    return data if b"\n" in data else data.replace(b"\r", b"\n")


@analyzer(
    "eml",
    media_type="message/rfc822",
    recognise=_recognise,
    features=(*MESSAGE_FEATURES, *SIGNATURE_FEATURES, "mime.parts", "mime.preamble", "mime.epilogue"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read a message's fields, the text a reader sees, and hand back every other part.

    Yields:
        The features of ``MESSAGE_FEATURES`` (``url`` only from plain text, HTML gives its own), then one child
        a part: attachments, messages inside and inline images as ``attachment``, HTML bodies as ``body``. Each
        child carries the passwords found in the text.

    Raises:
        LimitError: more parts than ``children``; those before stand.
    """
    data = _line_ends(artifact.data)
    data = data.lstrip(_BLANK) if data[:1] in (b"\xef", b"\xff", b"\r", b"\n", b" ", b"\t") else data
    data = _session(data)
    parts, broken = _parts(data)
    fields = parts[0].fields
    signed = list(signature_features(data, parts[0].start, fields, artifact.organisation.keys))
    proven = {str(one.value) for one in signed if one.name == "auth.dkim_verified_domain"}
    yield from header_features(fields, artifact.organisation, proven)
    yield from signed
    yield Feature("mime.parts", len(parts))
    body = _Body(data)
    for part in parts:
        body.take(part)
    text, subject = body.text(), fields.text("subject")
    yield from body_features(text, "\n".join(body.plain))
    yield from text_features(fields, body.seen())
    passwords = tuple(candidates("\n".join((text, body.behind, subject)), DEFAULT.passwords))
    yield from (Feature("password.candidate", word) for word in passwords)
    yield from (Feature("charset.guessed", note) for note in dict.fromkeys(body.guessed))
    yield from body.rest
    for picture in text_pictures("\n".join(body.plain)):
        yield artifact.child("drawn code.png", picture, relation="decoded")
    for name, content, relation, media_type, names in body.children():
        yield from (Feature("attachment.name", one) for one in names)
        yield artifact.child(name, content, relation=relation, declared_type=media_type, passwords=passwords)
    if broken is not None:
        raise broken


def _parts(data: bytes) -> tuple[list[_mime.Part], LimitError | None]:
    parts: list[_mime.Part] = []
    try:
        parts.extend(_mime.walk(data))
    except LimitError as error:
        return parts, error
    return parts, None


class _Body:
    """Sorts the parts of one message into text, HTML bodies and the rest, decoding each only when it is needed."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.plain: list[str] = []
        self.html: list[tuple[bytes, str]] = []
        self.others: list[tuple[int, _mime.Part]] = []
        self.files: list[tuple[str, bytes]] = []
        self.rest: list[Feature] = []
        self.guessed: list[str] = []
        self.count = 0
        self.behind = ""
        """Text of the HTML beside a plain text that is long enough to be the body: searched for passwords only."""
        self._pages: list[str] | None = None

    def take(self, part: _mime.Part) -> None:
        """Put one part where it belongs."""
        self.count += 1
        if part.role == "epilogue":
            self._aside("mime.epilogue", part)
        elif part.role == "multipart" and part.media_type:
            self._aside("mime.preamble", part)
        elif not _is_text(part):
            self.others.append((self.count, part))
        elif part.media_type == "text/html":
            content = _mime.content(self.data, part)
            if content.strip():
                self.html.append((content, part.parameter("charset")))
        else:
            self._text(part)

    def _aside(self, name: str, part: _mime.Part) -> None:
        """Keep text that no mail program shows, but the usual line for those without MIME."""
        raw = self.data[part.start : min(part.end, part.start + 4_096)].strip()
        if raw and b"MIME" not in raw and b"multi-part" not in raw and b"multipart" not in raw:
            self.rest.append(Feature(name, charset.decode(raw)[0], part.start))

    def _text(self, part: _mime.Part) -> None:
        content = _mime.content(self.data, part)
        found, content = _mime.uuencoded(content)
        self.files += [(charset.decode(name)[0], data) for name, data in found]
        label = part.parameter("charset")
        text, used = charset.decode(content, label)
        if note := corrected(label, used):
            self.guessed.append(note)
        self.plain.append(text.replace("\r\n", "\n"))

    def text(self) -> str:
        """Give what a reader sees: plain parts, and HTML where there are none or they say next to nothing."""
        plain = "\n".join(text for text in self.plain if text.strip())
        if self.html and (len(plain.strip()) < _SHORT or self.others or self.files):
            shown = "\n".join(self._shown())
            if len(plain.strip()) < _SHORT:
                return "\n".join(filter(None, (plain, shown)))
            self.behind = shown
        return plain

    def seen(self) -> str:
        """Give what mail programs show: HTML where there is any, as it wins over the plain text beside it."""
        return "\n".join(filter(None, self._shown())) or "\n".join(self.plain)

    def _shown(self) -> list[str]:
        if self._pages is None:
            self._pages = list(self._read_pages())
        return self._pages

    def _read_pages(self) -> Iterator[str]:
        for content, label in self.html:
            text, used = charset.decode(content, label or meta_charset(content))
            if label and (note := corrected(label, used)):
                self.guessed.append(note)
            yield visible_text(text[: DEFAULT.text_chars])

    def children(self) -> Iterator[tuple[str, bytes, str, str, tuple[str, ...]]]:
        """Give name, bytes, relation, media type and other names of each part that is no plain text."""
        for content, label in self.html:
            kept = f"text/html; charset={label}" if label and charset.codec_of(label) else "text/html"
            yield "body.html", content, "body", kept, ()
        for name, content in self.files:
            yield name, content, "attachment", "", (name,)
        for number, part in self.others:
            names = _names(part)
            content = _mime.content(self.data, part)
            if not names and not content.strip():
                continue
            first = names[0] if names else _unnamed(part, number)
            yield first, content, "attachment", part.media_type, tuple(names)


def _is_text(part: _mime.Part) -> bool:
    """Tell a part that is read in place from one that is a file."""
    if part.media_type not in _TEXT:
        return False
    disposition = part.fields.raw("content-disposition").lower().strip()
    return not disposition.startswith(b"attach") and not _names(part)


def _names(part: _mime.Part) -> list[str]:
    """Give every file name that a part's fields give it, the one that mail programs prefer first."""
    found: dict[str, None] = {}
    for header in part.fields.all("content-disposition"):
        found.update((value, None) for key, value in parameters(header.raw)[1] if key in ("filename", "name"))
    found.update((value, None) for key, value in part.parameters if key in ("name", "filename"))
    return list(filter(None, (_CONTROL.sub("", name).strip() for name in found)))[:5]


def _unnamed(part: _mime.Part, number: int) -> str:
    if part.media_type == "message/rfc822":
        return "message.eml"
    return f"part{number}{_EXTENSIONS.get(part.media_type, '')}"
