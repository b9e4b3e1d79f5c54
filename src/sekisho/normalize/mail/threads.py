"""Hijacked threads: an old conversation comes back from a stranger, or from inside, with a link or file it never had.

What a quote says was written by whoever sent the mail: it may be made up. It is held against what he cannot choose
freely, his own domain, and against what such mails are for, the new link or file.

Source: MITRE ATT&CK T1534, T1566; the stolen threads of Emotet, Qakbot, SquirrelWaffle and IcedID (mission, articles 4,
5 and 8): short new text, an old quote with its addresses, a link or an archive; sent from anywhere, or inside after
ProxyShell.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sekisho.model.artifact import Feature
from sekisho.model.organisation import Organisation
from sekisho.model.registered import registered_domain
from sekisho.normalize.artifacts import extension_of
from sekisho.normalize.mail import Mail, mail_facts
from sekisho.normalize.mail._leads import clicks

SHORT = 700
"""Characters of new text up to which an answer is short. Source: the texts of stolen threads in the trackers' notes."""
_CARRIERS = frozenset(
    """zip rar 7z iso img vhd vhdx html htm shtml hta js jse vbs vbe wsf lnk one xls xlsm xlsb doc docm rtf xll msi exe
    scr gz ace cab arj z url svg""".split()
)
"""Files that such mails bring. Pictures and PDFs are what signatures and honest answers have."""


@mail_facts(
    "threads",
    features=(
        *("thread.quoted_domains", "thread.sender_outside", "thread.reply_to_changed", "thread.age_days"),
        *("thread.first_link", "thread.first_file", "thread.first_link_or_file", "thread.internal"),
    ),
)
def facts(mail: Mail, organisation: Organisation) -> Iterator[Feature]:
    """Give what a mail with quoted text shows; nothing for one without.

    Yields:
        ``thread.quoted_domains`` (each), ``thread.sender_outside`` (the quoted mail went between the recipients' domain
        and another, and the sender's is neither; never on a mailing list, where strangers answer),
        ``thread.reply_to_changed`` (answers go to a domain that was not in the thread),
        ``thread.age_days`` (since the newest quoted mail), ``thread.first_link`` (host that the quote does not have),
        ``thread.first_file`` (name), ``thread.first_link_or_file`` (either one, in a short answer) and
        ``thread.internal`` (sender and recipients are the organisation's own, and no hop came from outside).
    """
    writers = [str(one) for one in mail.message.values("thread.quoted_writer")]
    readers = [str(one) for one in mail.message.values("thread.quoted_reader")]
    if not mail.message.first("thread.quoted_chars", 0):
        return
    quoted = dict.fromkeys(_domain(one) for one in (*writers, *readers))
    yield from (Feature("thread.quoted_domains", domain) for domain in list(quoted)[:20])
    sender = registered_domain(mail.text("sender.domain"))
    recipients = {
        _domain(str(one)) for name in ("recipients", "delivered_to") for one in mail.message.values(name)[:50]
    }
    listed = bool(mail.message.first("thread.list", False))
    known = bool(sender and writers and readers and recipients & quoted.keys()) and not listed
    yield Feature("thread.sender_outside", known and sender not in quoted and sender not in recipients)
    replies = {_domain(str(one)) for one in mail.message.values("reply_to")}
    changed = bool(quoted and replies and sender) and not listed and not replies & {sender, *quoted}
    yield Feature("thread.reply_to_changed", changed)
    yield from _age(mail)
    yield from _first(mail, quoted, sender)
    yield Feature("thread.internal", _internal(mail, organisation))


def _domain(address: str) -> str:
    return registered_domain(address.rpartition("@")[2])


def _age(mail: Mail) -> Iterator[Feature]:
    for name in ("received_at", "sent_at"):
        try:
            at = datetime.fromisoformat(mail.text(name))
            quoted = datetime.fromisoformat(mail.text("thread.quoted_at"))
        except ValueError:
            continue
        days = (at.astimezone(UTC) - quoted).days
        if days >= 0:
            yield Feature("thread.age_days", days)
        return


def _first(mail: Mail, quoted: dict[str, None], sender: str) -> Iterator[Feature]:
    """Give links and files that the conversation did not have, when its newest text is short."""
    before = {registered_domain(str(host)) for host in mail.message.values("thread.quoted_host")}
    familiar = before | quoted.keys() | {sender}
    links = [url.host for url in clicks(mail) if registered_domain(url.host) not in familiar]
    files = [one.artifact.name for one in mail.files if one.artifact.relation == "attachment"]
    files = [name for name in files if extension_of(name) in _CARRIERS]
    yield from (Feature("thread.first_link", host) for host in list(dict.fromkeys(links))[:5])
    yield from (Feature("thread.first_file", name) for name in files[:5])
    short = int(str(mail.message.first("thread.new_chars", 0))) <= SHORT
    yield Feature("thread.first_link_or_file", short and bool(links or files))


def _internal(mail: Mail, organisation: Organisation) -> bool:
    """Tell a mail that never left the house: as the trace says, which the own servers wrote."""
    own = {registered_domain(domain) for domain in organisation.domains}
    people = [mail.text("sender.address"), *(str(one) for one in mail.message.values("recipients")[:50])]
    return bool(own) and len(people) > 1 and all(_domain(one) in own for one in people) and not mail.text("origin.ip")
