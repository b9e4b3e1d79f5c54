"""Who a mail says it is from, in all the places where it says so, and where these contradict each other.

Source: RFC 5322 3.6.2 (From, Sender, Reply-To), RFC 5321 4.4 (Return-Path); what is drawn from them are the forms of
business mail compromise (FBI IC3 reports on BEC; IPA "business e-mail fraud" reports) and of display-name spoofing
(ATT&CK T1656, T1672).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sekisho.model.artifact import Feature
from sekisho.model.freemail import FREEMAIL
from sekisho.model.lookalike import is_mixed
from sekisho.model.names import person_named
from sekisho.model.organisation import Organisation
from sekisho.model.registered import belongs, registered_domain
from sekisho.model.toplevel import TOP_LEVEL
from sekisho.normalize.mail import Mail, mail_facts

TEXT_CHARS = 500
_ADDRESS = re.compile(r"[\w.+-]{1,64}@((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})", re.IGNORECASE)
_HOST = re.compile(r"(?<![\w@.-])((?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24})(?![\w@-])", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_ON_BEHALF = re.compile(r"\bvia\b|経由|\bon behalf of\b|\bpour le compte de\b|\bim auftrag\b", re.IGNORECASE)
_COMPANY = re.compile(
    r"株式会社|有限会社|合同会社|\(株\)|銀行|信用金庫|証券|カード|事務局|サポート|カスタマー|お客様|公式"
    r"|\b(?:inc|ltd|llc|corp|gmbh|s\.?a\.?r\.?l|bank|support|security|billing|service|customer|helpdesk|payroll"
    r"|department|administrator|official)\b",
    re.IGNORECASE,
)
_STYLED = re.compile("[\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f189]")
_UNSEEN = re.compile("(?<=\\w)[\u00ad\u200b\u200c\u2060\u2061-\u2064\ufeff\u180e](?=\\w)|[\u202a-\u202e\u2066-\u2069]")


@mail_facts(
    "identity",
    features=(
        *("identity.from", "identity.reply_to", "identity.return_path", "identity.sender_header"),
        *("identity.message_id", "identity.name_address", "identity.name_host", "identity.freemail"),
        *("identity.company_at_freemail", "identity.person", "identity.own_domain", "identity.to_self"),
        "identity.readers_domain",
        *("identity.name_disguise", "identity.subject_disguise"),
    ),
)
def facts(mail: Mail, organisation: Organisation) -> Iterator[Feature]:
    """Give how the identities of one mail go together.

    Yields:
        ``identity.from`` (``missing``, ``several``) when From names no sender or more than one domain;
        ``identity.reply_to``, ``.return_path``, ``.sender_header`` and ``.message_id``: ``same``, ``other`` or
        ``freemail`` (another domain, and a free one, while From's is not), beside From's domain;
        ``identity.name_address`` and ``.name_host``: an address or host in the shown name that is not the sender's;
        ``identity.person``: the name of one of the organisation's people, from an address that is not theirs;
        ``identity.own_domain``: ``failed``, ``unchecked`` (no result either way) or ``unrecorded`` (no results at all),
        when a mail from outside bears an own domain; ``identity.to_self``: the same for a mail from its reader;
        ``identity.readers_domain``: ``failed``, when all readers are of From's domain, whoever they are.
        ``.name_disguise`` and ``.subject_disguise``: ``mixed-script``, ``styled-letters``, ``invisible``.
    """
    addresses = [str(value) for value in mail.message.values("sender.address")]
    names = [str(value) for value in mail.message.values("sender.name")]
    domain = addresses[0].rpartition("@")[2] if addresses else ""
    home = registered_domain(domain)
    yield from _from(addresses)
    if home:
        yield from _others(mail, home)
        yield from _shown(names, addresses, home)
    if home in FREEMAIL or domain in FREEMAIL:
        yield Feature("identity.freemail", True)
        if any(_COMPANY.search(unicodedata.normalize("NFKC", name[:TEXT_CHARS])) for name in names):
            yield Feature("identity.company_at_freemail", True)
    yield from _person(mail, names, addresses, organisation)
    yield from _own(mail, addresses, domain, organisation)
    for name, texts in (("name", names), ("subject", [mail.text("subject")])):
        for way in dict.fromkeys(way for text in texts[:5] for way in _disguises(text[:TEXT_CHARS])):
            yield Feature(f"identity.{name}_disguise", way)


def _from(addresses: list[str]) -> Iterator[Feature]:
    if not addresses:
        yield Feature("identity.from", "missing")
    elif len({registered_domain(one.rpartition("@")[2]) for one in addresses} - {""}) > 1:
        yield Feature("identity.from", "several")


def _others(mail: Mail, home: str) -> Iterator[Feature]:
    """Compare the other places where a sender stands with From."""
    for feature, name in (
        ("reply_to", "identity.reply_to"),
        ("return_path", "identity.return_path"),
        ("sender.header", "identity.sender_header"),
        ("message_id", "identity.message_id"),
    ):
        found = [str(value).strip("<> ").rpartition("@")[2].lower() for value in mail.message.values(feature)]
        domains = [one for one in found if "." in one]
        if not domains:
            continue
        others = [one for one in domains if registered_domain(one) != home]
        if not others:
            yield Feature(name, "same")
        elif home not in FREEMAIL and any(registered_domain(one) in FREEMAIL for one in others):
            yield Feature(name, "freemail")
        else:
            yield Feature(name, "other")


def _shown(names: list[str], addresses: list[str], home: str) -> Iterator[Feature]:
    """Find addresses and hosts in the shown name, which many programs show alone."""
    for name in names[:5]:
        text = unicodedata.normalize("NFKC", name[:TEXT_CHARS])
        if _ON_BEHALF.search(text):
            continue
        for found in _ADDRESS.finditer(text):
            if found[0].lower() not in addresses and registered_domain(found[1].lower()) != home:
                yield Feature("identity.name_address", found[0].lower())
                return
        for host in _HOST.findall(text):
            written = host.lower()
            if written.rpartition(".")[2] in TOP_LEVEL and registered_domain(written) != home and "@" not in text:
                if registered_domain(written).partition(".")[0] == home.partition(".")[0]:
                    continue  # Booking.com from booking.co.jp
                yield Feature("identity.name_host", written)
                return


def _person(mail: Mail, names: list[str], addresses: list[str], organisation: Organisation) -> Iterator[Feature]:
    if not organisation.people:
        return
    for name in names[:5]:
        person = person_named(name, organisation.people)
        if person is None or person.addresses.intersection(addresses):
            continue
        inside = all(belongs(one.rpartition("@")[2], organisation.domains) for one in addresses)
        if addresses and inside and mail.text("auth.sender") not in ("failed", "unaligned"):
            continue  # a colleague of the same name
        yield Feature("identity.person", person.names[0])
        return


def _own(mail: Mail, addresses: list[str], domain: str, organisation: Organisation) -> Iterator[Feature]:
    """Tell mail that claims to be from within and came from outside."""
    outside = bool(mail.text("origin.ip")) and mail.text("auth.exchange_as") != "internal"
    known = mail.text("auth.sender")
    if not domain or not outside or known == "authenticated" or mail.text("auth.arc_verified") == "pass":
        return
    word = {"failed": "failed", "unaligned": "failed", "unchecked": "unchecked"}.get(known, "unrecorded")
    if belongs(domain, organisation.domains):
        yield Feature("identity.own_domain", word)
    mine = registered_domain(domain)
    readers = {str(value) for name in ("delivered_to", "recipients") for value in mail.message.values(name)}
    if len(readers) <= 3 and readers.intersection(addresses):
        yield Feature("identity.to_self", word)
    homes = {registered_domain(one.rpartition("@")[2]) for one in readers if "@" in one}
    if known in ("failed", "unaligned") and homes == {mine} and mine not in FREEMAIL:
        yield Feature("identity.readers_domain", "failed")


def _disguises(text: str) -> Iterator[str]:
    """Name what makes a text read otherwise for programs than for people."""
    if text.isascii():
        return
    if _STYLED.search(text):
        yield "styled-letters"
    if _UNSEEN.search(text):
        yield "invisible"
    if any(is_mixed(word) for word in _WORD.findall(text)):
        yield "mixed-script"
