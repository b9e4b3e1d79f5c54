"""The mails that the verdict is measured on, as they are and without what only tells where they come from.

Three sets of the real data beside the project (``../shared/data/mail``). **raw** is the file. **neutral** is the same
mail with everything taken out that separates the sets and says nothing about attacks, done alike to both classes:

- only the fields that a writer chooses are left (``KEPT``); trace, authentication, list and ``X-`` fields are gone;
- the trap's address and every other recipient become one recipient, in fields, text and links, also percent-encoded
  or in base64;
- ``Date`` and ``Message-ID`` are the same everywhere, ids of earlier mails and MIME boundaries are numbered;
- text parts are UTF-8 in base64, whatever they were before.

Years inside texts stay: no rule reads them, and changing them would change content.
"""

from __future__ import annotations

import base64
import binascii
import email.errors
import email.header
import email.message
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "mail"
SETS = {"phishing_pot": True, "spamassassin_corpus": False, "modern_ham_derived": False}
"""Folder -> whether its mails are attacks."""
VARIANTS = ("raw", "neutral")

KEPT = frozenset("from to subject date message-id reply-to in-reply-to references mime-version".split())
TRAP, RECIPIENT = "phishing@pot", "user@recipient.example"
DATE = "Mon, 15 Jan 2024 09:00:00 +0000"
_ENCODED = re.compile(r"(?:=\?[^?\s]{1,40}\?[bBqQ]\?[^?]{0,2000}\?=\s*){1,50}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,400}={0,2}")
_META = re.compile(rb"(<meta[^>]{0,200}charset\s*=\s*[\"']?)[\w-]{1,40}", re.IGNORECASE)
_ID = re.compile(r"<[^<>\s]{1,990}>")


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail of a set."""

    folder: str
    name: str
    hostile: bool
    path: Path

    @property
    def key(self) -> str:
        """Name it, the same in every run."""
        return f"{self.folder}/{self.name}"

    def data(self, variant: str) -> bytes:
        """Give its bytes in one of VARIANTS."""
        raw = self.path.read_bytes()
        return raw if variant == "raw" else neutral(raw)


def samples() -> list[Sample]:
    """Give every mail of every set, in order of set and name."""
    found = []
    for folder, hostile in SETS.items():
        files = sorted(path for path in (DATA / folder).rglob("*") if path.is_file())
        found += [Sample(folder, str(path.relative_to(DATA / folder)), hostile, path) for path in files]
    return found


def sent_at(raw: bytes) -> float:
    """Give when a mail claims to have been sent, in seconds since 1970; 0 where it does not say."""
    text = str(email.message_from_bytes(raw[:65_536], policy=email.policy.compat32).get("date", ""))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return 0.0
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).timestamp() if at > _epoch(at) else 0.0


def _epoch(like: datetime) -> datetime:
    return datetime(1970, 1, 2, tzinfo=like.tzinfo)


def neutral(raw: bytes) -> bytes:
    """Give a mail without what tells its set; see the module."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    _plain(message, "")
    words = _recipients(message)
    number = 0
    for part in message.walk():
        if part is not message:
            _plain(part, "content-")
        if part.is_multipart():
            number += 1
            if part.get_content_maintype() == "multipart":
                part.set_boundary(f"=_part_{number}")
            part.preamble = part.epilogue = None
        else:
            _settle(part, words)
    lines = [*_fields(message, words)]
    for name in list({key.lower() for key in message.keys()}):  # noqa: SIM118 - a message is no mapping
        if not name.startswith("content-"):
            del message[name]
    body = message.as_bytes(policy=email.policy.compat32.clone(linesep="\r\n", max_line_length=None))
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace") + body


def _plain(part: email.message.Message, prefix: str) -> None:
    """Make text of fields with raw bytes, which the library hands out as objects that it cannot change."""
    fields = [(name, _text(value)) for name, value in part.items() if name.lower().startswith(prefix)]
    if any(not isinstance(value, str) for _, value in part.items()):
        for name in {name.lower() for name, _ in part.items()}:
            del part[name]
        for name, value in fields:
            part[name] = value


def _recipients(message: email.message.Message) -> list[bytes]:
    """Give the addresses that stand for the reader, longest first."""
    names = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-apparently-to")
    given = [str(value) for name in names for value in message.get_all(name, [])]
    found = {address.lower() for _, address in getaddresses(given) if re.fullmatch(r"[^@\s<>]{2,}@[^@\s<>]+", address)}
    return sorted((one.encode("utf-8", "replace") for one in {*found, TRAP}), key=lambda one: (-len(one), one))


def _fields(message: email.message.Message, words: list[bytes]) -> Iterator[str]:
    """Give the header fields that are left."""
    ids: dict[str, str] = {}
    for name, value in message.items():
        lower = name.lower()
        if lower not in KEPT:
            continue
        if lower == "date":
            yield f"Date: {DATE}"
        elif lower == "message-id":
            yield "Message-ID: <message@mail.example>"
        elif lower == "mime-version":
            yield "MIME-Version: 1.0"
        elif lower in ("in-reply-to", "references"):
            named = _ID.findall(str(value)) or str(value).split()[:1]
            found = [ids.setdefault(one, f"<earlier{len(ids)}@mail.example>") for one in named]
            yield f"{name.title()}: {' '.join(found)}"
        elif lower != "to":
            text = _ENCODED.sub(_reworded, _text(value))
            shown = replaced(text.encode("utf-8", "replace"), words).decode("utf-8", "replace")
            yield f"{name.title()}: {' '.join(shown.split())}"
    yield f"To: {RECIPIENT}"


def _text(value: object) -> str:
    """Give a field as text: raw bytes are UTF-8, else Latin-1."""
    data = str(value).encode("utf-8", "surrogateescape") if not isinstance(value, email.header.Header) else b""
    if isinstance(value, email.header.Header):
        data = b"".join(part.encode("utf-8", "surrogateescape") for part, _ in value._chunks)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _reworded(found: re.Match[str]) -> str:
    """Give a run of encoded words as one, in UTF-8."""
    try:
        parts = email.header.decode_header(found[0].strip())
        text = "".join(
            part if isinstance(part, str) else part.decode(label or "ascii", "replace") for part, label in parts
        )
    except (ValueError, LookupError, binascii.Error, email.errors.HeaderParseError):
        return found[0]
    return f"=?utf-8?b?{base64.b64encode(text.encode('utf-8', 'replace')).decode()}?= "


def _settle(part: email.message.Message, words: list[bytes]) -> None:
    """Give a leaf its neutral form: text in UTF-8 with the recipient replaced, everything in base64."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return
    if part.get_content_maintype() == "text":
        label = part.get_content_charset() or "utf-8"
        try:
            text = content.decode(label)
        except (LookupError, UnicodeDecodeError, ValueError):
            try:
                text = content.decode("utf-8")
            except UnicodeDecodeError:
                text = content.decode("cp1252", "replace")
        content = replaced(_META.sub(rb"\1utf-8", text.encode("utf-8", "replace")), words)
        part.set_param("charset", "utf-8")
    for name in ("content-transfer-encoding", "content-id", "content-location", "content-language"):
        if name != "content-id":
            del part[name]
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(content).decode("ascii"))


def replaced(content: bytes, words: list[bytes]) -> bytes:
    """Give content in which each of the addresses is the neutral recipient, also percent-encoded and in base64."""
    plain = RECIPIENT.encode()
    for word in words:
        content = re.sub(re.escape(word), plain, content, flags=re.IGNORECASE)
        coded = quote(word.decode("utf-8", "replace"), safe="").encode()
        if coded != word:
            content = re.sub(re.escape(coded), quote(RECIPIENT, safe="").encode(), content, flags=re.IGNORECASE)
    return _BASE64.sub(lambda found: _recoded(found[0], words), content)


def _recoded(token: bytes, words: list[bytes]) -> bytes:
    """Give a base64 token with the recipient in it replaced, any other one as it is."""
    bare = token.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    if len(bare) % 4 == 1:
        return token
    data = base64.b64decode(bare + b"=" * (-len(bare) % 4))
    lower = data.lower()
    if not any(word in lower for word in words):
        return token
    for word in words:
        data = re.sub(re.escape(word), RECIPIENT.encode(), data, flags=re.IGNORECASE)
    made = base64.b64encode(data)
    return made if token.endswith(b"=") else made.rstrip(b"=")
