"""What is known of a mail while it is in a queue, and which way each delivery of it goes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sekisho.normalize.mailservers._common import NOBODY, Client, Fields, Line

MAX_QUEUED = 20_000
"""Mails in the queue at one time; the oldest makes room for one more."""
MAX_RECORDS = 32
"""Lines named as evidence of one mail; a mail to a thousand recipients has as many more."""

INBOUND, OUTBOUND, INTERNAL, RELAYED, FILTER = "inbound", "outbound", "internal", "relayed", "filter"


@dataclass(slots=True)
class Queued:
    """One mail in a queue."""

    line: Line
    """The first that told of it."""
    queue_id: str
    sender: str | None = None
    message_id: str = ""
    client: Client = NOBODY
    client_name: str = ""
    user: str = ""
    """Who logged in to send it, or the local user who did."""
    method: str = ""
    subject: str = ""
    helo: str = ""
    size: int | None = None
    recipients: int | None = None
    local: bool = False
    """Handed over on the server itself."""
    delivered: bool = False
    """A delivery of it was told."""
    records: list[str] = field(default_factory=list)

    def saw(self, line: Line) -> None:
        """Note a line as evidence."""
        if len(self.records) < MAX_RECORDS:
            self.records.append(line.record)

    def fields(self) -> Fields:
        """Give what is known as an event's fields."""
        found: Fields = {"queue_id": self.queue_id}
        if self.sender is not None:
            found["sender"] = self.sender
        for name in ("message_id", "client_name", "subject", "helo", "method"):
            if value := getattr(self, name):
                found[name] = value
        if self.client.ip:
            found["src_ip"], found["src_net"] = self.client.ip, self.client.net
        if self.size is not None:
            found["size"] = self.size
        if self.recipients is not None:
            found["recipient_count"] = self.recipients
        if len(self.records) > 1:
            found["joined_records"] = list(self.records)
        return found

    @property
    def is_own(self) -> bool:
        """Tell whether somebody of the organisation sent it: logged in, on the server, or from a private address."""
        return bool(self.user) or self.local or self.client.own


class Queue:
    """The mails of one file that are under way: bounded, oldest out first."""

    def __init__(self) -> None:
        self._mails: OrderedDict[tuple[str, str], Queued] = OrderedDict()
        self._by_message: dict[tuple[str, str], list[Queued]] = {}
        self.lost: list[Queued] = []
        """Made room for others and were never told delivered."""

    def get(self, line: Line, queue_id: str) -> Queued:
        """Give a mail by its id on a host, a new one when it was not seen before."""
        key = line.host, queue_id
        found = self._mails.get(key)
        if found is None:
            if len(self._mails) >= MAX_QUEUED:
                _, oldest = self._mails.popitem(last=False)
                self._forget(oldest)
                if not oldest.delivered:
                    self.lost.append(oldest)
            found = self._mails[key] = Queued(line, queue_id)
        return found

    def begin(self, line: Line, queue_id: str) -> Queued:
        """Give a new mail; an older one of the same id has left the queue unseen."""
        if (line.host, queue_id) in self._mails:
            old = self.end(line, queue_id)
            if old is not None and not old.delivered:
                self.lost.append(old)
        return self.get(line, queue_id)

    def peek(self, line: Line, queue_id: str) -> Queued | None:
        """Give a mail if it was seen before."""
        return self._mails.get((line.host, queue_id))

    def end(self, line: Line, queue_id: str) -> Queued | None:
        """Take a mail out of the queue."""
        mail = self._mails.pop((line.host, queue_id), None)
        if mail is not None:
            self._forget(mail)
        return mail

    def name(self, mail: Queued, message_id: str) -> None:
        """Note the message id of a mail.

        What a content filter gives back comes from the server itself, with the id of a mail that is still in the queue:
        it then has that mail's client and user. Where two mails have that id nothing is taken, for one of them may have
        copied it.
        """
        mail.message_id = message_id
        if not message_id:
            return
        key = mail.line.host, message_id
        same = self._by_message.setdefault(key, [])
        if not mail.client.loopback:
            same.append(mail)
        elif len(same) == 1 and not mail.user:
            first = same[0]
            mail.client, mail.client_name, mail.helo = first.client, first.client_name, first.helo
            mail.user, mail.method, mail.local = first.user, first.method, first.local
            mail.records = [*first.records, *mail.records][:MAX_RECORDS]
        if not same:
            del self._by_message[key]

    def _forget(self, mail: Queued) -> None:
        key = mail.line.host, mail.message_id
        same = self._by_message.get(key)
        if same is not None:
            same[:] = [one for one in same if one is not mail]
            if not same:
                del self._by_message[key]

    def left(self) -> Iterator[Queued]:
        """Give every mail that was never told delivered, and forget all."""
        yield from self.taken()
        for one in self._mails.values():
            if not one.delivered:
                yield one
        self._mails.clear()
        self._by_message.clear()

    def taken(self) -> Iterator[Queued]:
        """Give those that were lost so far, once."""
        lost, self.lost = self.lost, []
        yield from lost


def direction(mail: Queued, *, stays: bool, relay: Client) -> str:
    """Tell which way a delivery goes.

    Args:
        mail: the mail.
        stays: a mailbox of this server takes it.
        relay: the server it is handed to, if any.
    """
    if relay.loopback:
        return FILTER
    if stays or relay.own:
        return INTERNAL if mail.is_own else INBOUND
    return OUTBOUND if mail.is_own else RELAYED
