"""What the fields of a message say, the same for a mail as sent (eml) and as Outlook keeps it (msg).

Source: RFC 5322 3.6 (fields), RFC 8601 and RFC 7208 9.1 (authentication results), RFC 5321 4.4 (trace lines).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from sekisho.analyzers import charset
from sekisho.analyzers._maildate import utc
from sekisho.analyzers._quotes import split as split_quote
from sekisho.analyzers._trace import TRACES, Border, border, public_address
from sekisho.analyzers.authentication import AUTH_FEATURES, authentication
from sekisho.analyzers.callback import CALLBACK_FEATURES, callback
from sekisho.analyzers.headers import Address, Fields, Header, addresses, words
from sekisho.analyzers.lures import LURE_FEATURES, lures
from sekisho.model.artifact import Feature
from sekisho.model.limits import DEFAULT
from sekisho.model.organisation import NOBODY, Organisation
from sekisho.model.urltext import find_urls

HEADER_FEATURES = (
    *(
        "subject",
        "sender.address",
        "sender.name",
        "sender.domain",
        "recipients",
        "reply_to",
        "return_path",
        "message_id",
        "sender.header",
        "list.id",
    ),
    *("sent_at", "received_at", "delivered_to", "thread.in_reply_to", "thread.references", "thread.reply_prefix"),
    *("thread.reply_without_headers", "headers.received", "headers.from_count", "headers.x_mailer"),
    *AUTH_FEATURES,
    *("origin.ip", "origin.helo", "charset.guessed"),
)
BODY_FEATURES = ("body.text", "body.language", "password.candidate", "url")
_LIST = frozenset({"list-id", "list-post", "mailing-list", "x-mailing-list"})
"""Fields of mail that a list server spreads to many. Source: RFC 2369, RFC 2919."""
THREAD_FEATURES = (
    *("thread.quoted_writer", "thread.quoted_reader", "thread.quoted_at", "thread.quoted_host", "thread.new_chars"),
    *("thread.quoted_chars", "thread.list"),
)
MESSAGE_FEATURES = (
    *(*HEADER_FEATURES, *BODY_FEATURES, *LURE_FEATURES, *CALLBACK_FEATURES, *THREAD_FEATURES),
    "attachment.name",
)

RECIPIENTS = 2_000
REFERENCES = 200
_REPLY = re.compile(
    r"\s*(?:\[[^\]]{0,60}\]\s*|【(?:外部|社外)[^】]{0,20}】\s*)?"
    r"(?:(?:re|fwd?|aw|wg|sv|vs|antw|tr|rv|enc|ref|rif|res|odp|ynt|回复|答复|回覆|转发|轉寄|返信|転送)(?:\s?[\[(^]\d{1,3}[\])]?)?\s*:"
    r"|【(?:返信|転送)】)",
    re.IGNORECASE,
)
_CLIENT = re.compile(r"(?:client-ip\s*=\s*|sender ip is\s+)\[?\"?([0-9a-f.:]{3,45})", re.IGNORECASE)
_ID = re.compile(r"<[^<>\s]{1,990}>")
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|(?<![\w:.])(?:ipv6:)?[0-9a-f]{0,4}:[0-9a-f:.]{2,45}", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s+([^\s;()]{1,255})", re.IGNORECASE)
_HELO = re.compile(r"\bhelo[=\s]+([^\s;()\]]{1,255})", re.IGNORECASE)
_FAMILY = {"cp50221": "iso-2022-jp", "iso-2022-jp-2": "iso-2022-jp", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}


def header_features(fields: Fields, known: Organisation = NOBODY, proven: Collection[str] = ()) -> Iterator[Feature]:
    """Give what the header fields say, each mailbox and message id as a feature of its own.

    ``proven`` are domains whose signature was verified with a key.
    """
    subject = fields.text("subject")
    if fields.raw("subject"):
        yield Feature("subject", subject)
    yield from _people(fields)
    if identifier := fields.text("message-id"):
        yield Feature("message_id", _first_id(identifier))
    if sent := utc(fields.text("date")):
        yield Feature("sent_at", sent)
    if received := _received_at(fields):
        yield Feature("received_at", received)
    yield from _thread(fields, subject)
    yield Feature("headers.received", len(fields.all("received")))
    yield Feature("headers.from_count", len(fields.all("from")))
    if mailer := fields.text("x-mailer") or fields.text("user-agent"):
        yield Feature("headers.x_mailer", mailer)
    edge = border(fields, known)
    yield from authentication(fields, _sender_domain(fields), edge, known, proven)
    yield from _origin(fields, edge)
    yield from (Feature("charset.guessed", name) for name in _guessed(fields))


def _people(fields: Fields) -> Iterator[Feature]:
    senders = [one for header in fields.all("from")[:20] for one in addresses(header.raw)[:20]]
    if not any(one.address for one in senders):
        senders += addresses(fields.raw("sender"))[:1]
    for one in senders:
        yield from _sender(one)
    seen: dict[str, None] = {}
    for header in fields.all("to", "cc", "bcc"):
        if len(seen) >= RECIPIENTS:
            break
        seen.update(dict.fromkeys(one.address for one in addresses(header.raw) if one.address))
    yield from (Feature("recipients", address) for address in list(seen)[:RECIPIENTS])
    for one in addresses(fields.raw("reply-to"))[:20]:
        yield Feature("reply_to", one.address or one.name)
    for one in addresses(fields.raw("sender"))[:1]:
        yield Feature("sender.header", one.address or one.name)
    if listed := fields.text("list-id"):
        yield Feature("list.id", listed[:500])
    for one in addresses(fields.raw("return-path"))[:1]:
        yield Feature("return_path", one.address or one.name)
    delivered = [
        one.address
        for header in fields.all("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
        for one in addresses(header.raw)
    ]
    yield from (Feature("delivered_to", address) for address in list(dict.fromkeys(delivered))[:50] if address)


def _sender_domain(fields: Fields) -> str:
    """Give the domain of From, empty when it names none or several."""
    found = {one.domain for header in fields.all("from")[:20] for one in addresses(header.raw)[:20] if one.domain}
    return found.pop() if len(found) == 1 else ""


def _sender(one: Address) -> Iterator[Feature]:
    if one.address:
        yield Feature("sender.address", one.address)
    if one.name:
        yield Feature("sender.name", one.name)
    if one.domain:
        yield Feature("sender.domain", one.domain)


def _first_id(text: str) -> str:
    found = _ID.search(text)
    return found[0] if found else text.strip()


def _received_at(fields: Fields) -> str:
    """Give the date of the newest trace line that has one: each server puts its line on top."""
    for header in fields.all("received")[:TRACES]:
        text = header.raw.decode("latin-1")
        if stamp := utc(text.rpartition(";")[2]):
            return stamp
    return ""


def _thread(fields: Fields, subject: str) -> Iterator[Feature]:
    answered = _ID.findall(fields.text("in-reply-to")) or [fields.text("in-reply-to")]
    referred = _ID.findall(fields.text("references")) or [fields.text("references")]
    yield from (Feature("thread.in_reply_to", one) for one in answered[:REFERENCES] if one)
    yield from (Feature("thread.references", one) for one in referred[:REFERENCES] if one)
    prefixed = is_reply(subject)
    yield Feature("thread.reply_prefix", prefixed)
    yield Feature("thread.reply_without_headers", prefixed and not any(answered) and not any(referred))


def is_reply(subject: str) -> bool:
    """Tell whether a subject says that it answers or forwards, in the words mail programs put there."""
    return _REPLY.match(unicodedata.normalize("NFKC", subject[:200])) is not None


def _origin(fields: Fields, edge: Border) -> Iterator[Feature]:
    """Give the address and name of the server that handed the mail in from outside, as the newest own trace saw it.

    The receiver's SPF check names that server; without one it is the one at the border.
    """
    client = _client(fields, edge)
    if client:
        for header in fields.all("received")[:TRACES]:
            sent = _sending(header)
            if client in sent.lower():
                yield from _hop(client, sent)
                return
    below = [header for header in fields.headers[edge.at :] if header.name == "received"][:TRACES]
    for header in below:
        sent = _sending(header)
        if seen := [address for address in map(public_address, _IP.findall(sent)) if address]:
            yield from _hop(client or seen[-1], sent)
            return
    if client:
        yield Feature("origin.ip", client)


def _sending(header: Header) -> str:
    """Give the part of a trace line that tells of the sending side."""
    return re.split(r"\sby\s", header.raw[:4_000].decode("latin-1"), maxsplit=1)[0]


def _hop(address: str, sent: str) -> Iterator[Feature]:
    yield Feature("origin.ip", address)
    if helo := _HELO.search(sent) or _FROM.search(sent):
        yield Feature("origin.helo", helo[1].strip("[]").lower())


def _client(fields: Fields, edge: Border) -> str:
    """Give the address that the receiver's own results were about."""
    for header in fields.headers[: edge.below]:
        if header.name in ("received-spf", "authentication-results"):
            found = _CLIENT.search(header.raw[:4_000].decode("latin-1"))
            if found and (address := public_address(found[1])):
                return address
    return ""


def _guessed(fields: Fields) -> list[str]:
    """Give ``label -> charset`` for each label that the bytes of subject or sender contradict."""
    found: dict[str, None] = {}
    for name in ("subject", "from"):
        raw = fields.raw(name)
        if b"=?" in raw:
            parts: dict[str, bytes] = {}
            for label, data in words(raw):
                parts[label] = parts.get(label, b"") + data
            for label, data in parts.items():
                if note := corrected(label, charset.decode(data, label)[1]):
                    found[note] = None
        elif not raw.isascii() or b"\x1b$" in raw:
            found[corrected("", charset.decode(raw)[1])] = None
    return list(found)[:10]


def corrected(label: str, used: str) -> str:
    """Give ``label -> charset`` where a label had to be overruled, empty where it told the truth."""
    codec = charset.codec_of(label)
    if used == "us-ascii" or used == codec or _FAMILY.get(used, used) == codec:
        return ""
    return f"{label or 'none'} -> {used}"


_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_LETTER = re.compile(r"[^\W\d_]+")
_ASCII_LETTER = re.compile("[A-Za-z]+")
# The commonest English words that are no words of German, French, Spanish, Italian or Dutch.
_ENGLISH = re.compile(
    r"\b(?:the|and|you|your|this|that|with|for|are|have|from|please|will|our|of|to|is|on)\b", re.IGNORECASE
)
LANGUAGE_CHARS = 4_000
"""Characters of a body that its language is told from."""


def language(text: str) -> str:
    """Give ``ja``, ``en`` or ``other``; empty text has none.

    One kana in fifty letters is Japanese: no other language writes any. English needs plain letters and one of its
    own small words in every 25 words.
    """
    text = text[:LANGUAGE_CHARS]
    if text.isascii():
        return _plain_language(text)
    letters = sum(map(len, _LETTER.findall(text)))
    if not letters:
        return ""
    if len(_KANA.findall(text)) * 50 >= letters:
        return "ja"
    plain = sum(map(len, _ASCII_LETTER.findall(text))) >= 0.9 * letters
    return "en" if plain and len(_ENGLISH.findall(text)) * 25 >= len(text.split()) else "other"


def _plain_language(text: str) -> str:
    """Do the same for plain letters only, most text there is, in a third of the time."""
    if not _ASCII_LETTER.search(text):
        return ""
    return "en" if len(_ENGLISH.findall(text)) * 25 >= len(text.split()) else "other"


def body_features(text: str, plain: str) -> Iterator[Feature]:
    """Give the body, its language, and the URLs that stand in ``plain``: those of HTML come from its own analyser."""
    text = text[: DEFAULT.text_chars]
    if text.strip():
        yield Feature("body.text", text)
        yield Feature("body.language", language(text))
    yield from (Feature("url", url) for url in find_urls(plain[: DEFAULT.text_chars], "text"))


def text_features(fields: Fields, shown: str) -> Iterator[Feature]:
    """Give what a message wants from its reader; ``shown`` is the text that mail programs show."""
    subject = fields.text("subject")
    recipients = [one.address for header in fields.all("to", "cc")[:5] for one in addresses(header.raw)[:5]]
    senders = [one for header in fields.all("from")[:1] for one in addresses(header.raw)[:1]]
    yield from lures(subject, shown, recipients, "".join(one.name for one in senders))
    yield from callback(subject, shown, "".join(one.address for one in senders))
    yield from _quoted(shown)
    if fields.names & _LIST or fields.raw("precedence").strip().lower() == b"list":
        yield Feature("thread.list", True)


def _quoted(shown: str) -> Iterator[Feature]:
    """Give who wrote and read what a text quotes, when, and which hosts it names; nothing without a quote."""
    quote = split_quote(shown)
    if not quote.quoted.strip():
        return
    yield from (Feature("thread.quoted_writer", one) for one in quote.writers)
    yield from (Feature("thread.quoted_reader", one) for one in quote.readers)
    if quote.at:
        yield Feature("thread.quoted_at", quote.at)
    hosts = dict.fromkeys(url.host for url in find_urls(quote.quoted[:LANGUAGE_CHARS], "text", 50))
    yield from (Feature("thread.quoted_host", host) for host in hosts)
    yield Feature("thread.new_chars", len(quote.new))
    yield Feature("thread.quoted_chars", len(quote.quoted))
