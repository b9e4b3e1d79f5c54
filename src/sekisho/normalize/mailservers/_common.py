"""What all mail servers' logs have in common: the line, the events that come of it, and addresses of clients."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Any, NamedTuple

from sekisho.model.event import Event, Logsource

Fields = dict[str, Any]

MAX_ADDRESSES = 65_536
"""Remembered spellings of addresses, and names of users."""
REPEAT_NS = 3600 * 10**9
IP = r"(?:IPv6:)?[0-9a-fA-F.:]{2,45}"
"""Anything that may be an address; :func:`Clients.of` says whether it is one."""
ADDRESS = r'(?:"(?:[^"\\]|\\.){0,256}+"(?:@[^>\s]{0,256})?|[^>\s"]{0,512}+)'
"""A mail address inside angle brackets: only a quoted local part may hold a bracket or a blank.

Source: RFC 5321, 4.1.2."""
_MAPPED = re.compile(r"::ffff:(\d{1,3}(?:\.\d{1,3}){3})", re.IGNORECASE)

# Kinds of events.
AUTHENTICATION, SESSION, MAILBOX = "authentication", "session", "mailbox"
MAILFLOW, SMTP, SERVER = "mailflow", "smtp", "mailserver"
_PRODUCTS = {
    AUTHENTICATION: "imap",
    SESSION: "imap",
    MAILBOX: "imap",
    MAILFLOW: "email",
    SMTP: "email",
    SERVER: "email",
}

SUCCESS, FAILURE, ERROR, ABORTED = "success", "failure", "error", "aborted"
"""Results of a login: ``error`` is the server's own trouble, ``aborted`` a client that left without trying."""


class Line(NamedTuple):
    """One line of a log, its prefix read."""

    record: str
    time_ns: int | None
    host: str
    program: str
    pid: str
    message: str


class Client(NamedTuple):
    """Where a connection came from."""

    ip: str
    """In its usual spelling; empty where there is none."""
    net: str
    """The /24 or /48 that the address is in: what one customer of a provider moves within."""
    own: bool
    """Private, loopback or link-local: inside the organisation."""
    loopback: bool


NOBODY = Client("", "", own=False, loopback=False)


class Clients:
    """Reads addresses, each spelling once."""

    def __init__(self) -> None:
        self._known: dict[str, Client] = {}

    def of(self, text: str) -> Client:
        """Give the client of an address as written: with ``IPv6:``, as ``::ffff:192.0.2.1``, or in brackets."""
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= MAX_ADDRESSES:
                self._known.clear()
            found = self._known[text] = client_of(text)
        return found


def client_of(text: str) -> Client:
    """Give the client of an address as written; :class:`Clients` remembers them."""
    text = text.strip("[]").removeprefix("IPv6:").partition("%")[0]
    if "." in text:
        text = text.rstrip(":.")  # of the sentence that it stands in
    mapped = _MAPPED.fullmatch(text)
    try:
        address = ip_address(mapped[1] if mapped else text)
    except (ValueError, AddressValueError):
        return NOBODY
    own = address.is_private or address.is_loopback or address.is_link_local
    if isinstance(address, IPv4Address):
        # Documentation blocks are "private" for the library; in a log they stand for the world.
        own = own and not any(int(address) >> 8 == net for net in _DOCUMENTATION)
        return Client(str(address), f"{IPv4Address(int(address) >> 8 << 8)}/24", own, address.is_loopback)
    own = own and int(address) >> 96 != _DOCUMENTATION_6
    return Client(str(address), f"{IPv6Address(int(address) >> 80 << 80)}/48", own, address.is_loopback)


# Source: RFC 5737 (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24), RFC 3849 (2001:db8::/32).
_DOCUMENTATION = tuple(int(IPv4Address(net)) >> 8 for net in ("192.0.2.0", "198.51.100.0", "203.0.113.0"))
_DOCUMENTATION_6 = 0x2001_0DB8


def account(user: str) -> str:
    r"""Give the bare account of ``CORP\sato`` or ``Sato@corp.example``, folded: how rules join mailbox and login."""
    return user.rpartition("\\")[2].partition("@")[0].strip().casefold()


class Out:
    """Makes the events of one file."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.clients = Clients()
        self._logsources: dict[tuple[str, str], Logsource] = {}
        self._accounts: dict[str, str] = {}
        self._logins: dict[tuple[str, str], int] = {}

    def event(self, kind: str, service: str, line: Line, fields: Fields, user: str = "") -> Event:
        """Make an event of a line.

        Args:
            kind: AUTHENTICATION, SESSION, MAILBOX, MAILFLOW, SMTP or SERVER.
            service: the software that wrote the line, such as ``postfix``.
            line: the line.
            fields: what was read of it; becomes the event's.
            user: whose doing it is, as written.
        """
        logsource = self._logsources.get((kind, service))
        if logsource is None:
            logsource = self._logsources[kind, service] = Logsource(_PRODUCTS[kind], kind, service)
        if user:
            fields["user"] = user
            known = self._accounts.get(user)
            if known is None:
                if len(self._accounts) >= MAX_ADDRESSES:
                    self._accounts.clear()
                known = self._accounts[user] = account(user)
            if known:
                fields["account"] = known
                if fields.get("result") == SUCCESS and kind == AUTHENTICATION:
                    self._login(line, fields, known)
        return Event(logsource, fields, line.time_ns, line.host, user, self.source, line.record)

    def _login(self, line: Line, fields: Fields, account: str) -> None:
        """Mark a login that repeats one of the last hour: mail programs log in again and again all day."""
        address = fields.get("src_ip")
        if line.time_ns is None or address is None:
            return
        key = account, address
        last = self._logins.get(key)
        if last is not None and 0 <= line.time_ns - last < REPEAT_NS:
            fields["repeat"] = "true"
            return
        if len(self._logins) >= MAX_ADDRESSES:
            self._logins.clear()
        self._logins[key] = line.time_ns

    def from_client(self, fields: Fields, address: str) -> Client:
        """Add where a connection came from to fields."""
        client = self.clients.of(address)
        if client.ip:
            fields["src_ip"] = client.ip
            fields["src_net"] = client.net
        return client


Handler = Callable[[Line], "Event | tuple[Event, ...] | None"]
"""Reads a line: gives its event or events; None for one that it does not understand."""


def known(line: Line, service: str, out: Out, **fields: Any) -> Event:
    """Give the event of a line that is understood and tells of no login, session, mail or client."""
    return out.event(SERVER, service, line, {"program": line.program, "message": line.message, **fields})
