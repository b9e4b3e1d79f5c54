"""Whether the mailbox knows the sender of a mail, the name it shows and the thread it answers.

Without a store of what came before, nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.model.artifact import Feature
from sekisho.model.history import History
from sekisho.model.names import words_of
from sekisho.model.organisation import Organisation
from sekisho.model.registered import registered_domain
from sekisho.normalize.mail import Mail, mail_facts

PAIRS = 20
"""Readers of one mail that are asked about."""
NAMESAKES = 3
"""A name that more addresses showed is nobody's: ``Support``, ``Info Desk``."""


@mail_facts(
    "senders",
    features=(
        *("history.sender_first", "history.sender_mails", "history.domain_first", "history.pair_first"),
        *("history.name_of_other", "history.reply_known", "history.thread_seen"),
    ),
)
def facts(mail: Mail, organisation: Organisation) -> Iterator[Feature]:
    """Give what the store knew before the mail came.

    Yields:
        ``history.sender_first``, ``.domain_first``, ``.pair_first``: never seen before (any reader who knows the
        sender makes a pair known); ``.sender_mails`` how many mails came from the address; ``.name_of_other`` the
        address of another domain that showed the same name before, when the sender is new; ``.reply_known`` whether a
        mail that this one answers came by; ``.thread_seen`` whether its subject did.
    """
    history, sender = mail.history, mail.text("sender.address")
    if history is None or not sender:
        return
    seen = history.seen_sender(sender)
    yield Feature("history.sender_first", not seen)
    yield Feature("history.sender_mails", seen.count)
    yield Feature("history.domain_first", not history.seen_domain(sender.rpartition("@")[2]))
    readers = {str(value) for name in ("delivered_to", "recipients") for value in mail.message.values(name)}
    if readers:
        known = any(history.seen_pair(sender, reader) for reader in sorted(readers)[:PAIRS])
        yield Feature("history.pair_first", not known)
    if not seen:
        yield from _namesake(history, sender, mail.text("sender.name"))
    answered = [
        str(value) for name in ("thread.in_reply_to", "thread.references") for value in mail.message.values(name)
    ]
    if answered:
        yield Feature("history.reply_known", any(history.seen_message_id(one) for one in answered[:50]))
    yield Feature("history.thread_seen", bool(history.thread(mail.text("subject"))))


def _namesake(history: History, sender: str, name: str) -> Iterator[Feature]:
    """Tell a new sender with the name of a known one; a word alone is too common a name."""
    words = words_of(name)
    if len(words) < 2 and len("".join(words)) < 4:
        return
    if len(words) < 2 and name.isascii():
        return
    home = registered_domain(sender.rpartition("@")[2])
    others = history.addresses_of(name)
    if 0 < len(others) <= NAMESAKES:
        for other in others:
            if registered_domain(other.rpartition("@")[2]) != home:
                yield Feature("history.name_of_other", other)
                return
