"""Mail writer: messages as real clients and servers leave them in a mailbox."""

from __future__ import annotations

import textwrap
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from html import escape

from sekisho.app.lab.corp import MX, STORE

WORD_CHARS = {"utf-8": 12, "iso-2022-jp": 16}  # of text in one encoded word, so that it stays under 75 characters
LABEL = "X-Sekisho-Lab"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file hung on a message."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Relay:
    """The server a message was handed in at, and who handed it in."""

    host: str
    ip: str
    client_ip: str
    client_helo: str = "DESKTOP-7Q1"
    spf: str = "pass"
    dkim: str = "none"
    dmarc: str = "none"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message, before it is delivered."""

    case: str
    key: str
    """Tells messages of a case apart; ids come from it."""
    sender_name: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    sent_at: datetime
    relay: Relay
    charset: str = "utf-8"
    """us-ascii iso-2022-jp utf-8."""
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str = ""
    mailer: str = "Microsoft Outlook 16.0"

    @property
    def message_id(self) -> str:
        """With its angle brackets."""
        return f"<{self.hex(24)}@{self.relay.host}>"

    def hex(self, length: int, salt: str = "") -> str:
        """Give hex digits that belong to this message alone."""
        return sha256(f"{self.case}/{self.key}/{salt}".encode()).hexdigest()[:length]


def write_mail(mail: Mail, mailbox: str) -> bytes:
    """Give the copy of a message that lies in one mailbox, lines ended by CRLF.

    Source: RFC 5322, RFC 2045 to 2047, RFC 2231, RFC 1468 (ISO-2022-JP), RFC 8601 (Authentication-Results).
    """
    lines = [*_trace(mail, mailbox), *_head(mail), *_body(mail)]
    return "\r\n".join(lines).encode("ascii") + b"\r\n"


def _trace(mail: Mail, mailbox: str) -> list[str]:
    """Give what the servers added, latest first."""
    relay, stamps = mail.relay, [_stamp(mail.sent_at + timedelta(seconds=delay)) for delay in (1, 3, 4)]
    ids = [mail.hex(12, salt).upper() for salt in ("relay", "mx", f"store {mailbox}")]
    domain = mail.sender.rpartition("@")[2]
    return [
        f"Return-Path: <{mail.sender}>",
        f"Delivered-To: {mailbox}",
        f"Received: from {MX} ({MX} [10.0.0.24])",
        f"\tby {STORE} with LMTP id {ids[2]}; {stamps[2]}",
        f"Received: from {relay.host} ({relay.host} [{relay.ip}])",
        f"\tby {MX} with ESMTPS id {ids[1]}",
        f"\tfor <{mailbox}>; {stamps[1]}",
        f"Received: from {relay.client_helo} (unknown [{relay.client_ip}])",
        f"\tby {relay.host} with ESMTPSA id {ids[0]}; {stamps[0]}",
        f"Authentication-Results: {MX}; spf={relay.spf} smtp.mailfrom={domain};",
        f"\tdkim={relay.dkim}; dmarc={relay.dmarc} header.from={domain}",
    ]


def _head(mail: Mail) -> list[str]:
    lines = [
        f"From: {_name(mail.sender_name, mail.charset)} <{mail.sender}>",
        "To: " + ",\r\n ".join(f"<{address}>" for address in mail.to),
        f"Subject: {_words(mail.subject, mail.charset)}",
        f"Date: {_stamp(mail.sent_at)}",
        f"Message-ID: {mail.message_id}",
    ]
    if mail.in_reply_to:
        lines += [f"In-Reply-To: {mail.in_reply_to}", f"References: {mail.in_reply_to}"]
    return [*lines, "MIME-Version: 1.0", f"X-Mailer: {mail.mailer}", f"{LABEL}: synthetic; case={mail.case}"]


def _stamp(at: datetime) -> str:
    """Give RFC 5322 date and time, whatever the locale."""
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.weekday()]
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[at.month - 1]
    return f"{day}, {at.day:02d} {month} {at.year} {at:%H:%M:%S %z}"


def _name(name: str, charset: str) -> str:
    return f'"{name}"' if name.isascii() else _words(name, charset)


def _words(text: str, charset: str) -> str:
    """Give header text, in folded encoded words when it is not ASCII (RFC 2047)."""
    if text.isascii():
        return text
    step = WORD_CHARS[charset]
    parts = (text[at : at + step].encode(charset) for at in range(0, len(text), step))
    return "\r\n ".join(f"=?{charset.upper()}?B?{b64encode(part).decode()}?=" for part in parts)


def _body(mail: Mail) -> list[str]:
    outer, inner = (f"----=_NextPart_000_{mail.hex(4, salt)}_{mail.hex(8, salt).upper()}" for salt in ("mixed", "text"))
    texts = _multipart("alternative", inner, [_text(mail, "plain"), _text(mail, "html")])
    if not mail.attachments:
        return texts
    return _multipart("mixed", outer, [texts, *(_attached(mail, attachment) for attachment in mail.attachments)])


def _multipart(kind: str, boundary: str, parts: list[list[str]]) -> list[str]:
    lines = [f"Content-Type: multipart/{kind};", f'\tboundary="{boundary}"', ""]
    for part in parts:
        lines += [f"--{boundary}", *part, ""]
    return [*lines, f"--{boundary}--", ""]


def _text(mail: Mail, kind: str) -> list[str]:
    text = mail.text if kind == "plain" else _html(mail.text)
    encoding = "base64" if mail.charset == "utf-8" else "7bit"
    head = [f'Content-Type: text/{kind}; charset="{mail.charset}"', f"Content-Transfer-Encoding: {encoding}", ""]
    if encoding == "7bit":
        return head + text.encode(mail.charset).decode("ascii").split("\n")
    return head + _base64(text.replace("\n", "\r\n").encode(mail.charset))


def _html(text: str) -> str:
    rows = "\n".join(f"<p>{escape(line) or '&nbsp;'}</p>" for line in text.split("\n"))
    return f"<html><body>\n{rows}\n</body></html>"


def _attached(mail: Mail, attachment: Attachment) -> list[str]:
    shown = _quoted_name(attachment.name, mail.charset)
    return [
        f"Content-Type: {attachment.media_type};",
        f"\tname={shown}",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment;",
        f"\tfilename={shown}",
        "",
        *_base64(attachment.data),
    ]


def _quoted_name(name: str, charset: str) -> str:
    """Give a file name as Outlook does: encoded words inside quotes where it is not ASCII."""
    return f'"{name}"' if name.isascii() else f'"{_words(name, charset)}"'


def _base64(data: bytes) -> list[str]:
    return textwrap.wrap(b64encode(data).decode("ascii"), 76)
