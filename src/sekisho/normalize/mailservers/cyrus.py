"""Cyrus: logins to imapd, pop3d and timsieved, and what saslauthd refused.

Source: Cyrus IMAP documentation, imapd(8) and the lines that imapd.c, pop3d.c and timsieved write; Cyrus SASL,
saslauthd(8).
"""

from __future__ import annotations

import re

from sekisho.model.event import Event
from sekisho.normalize.mailservers._common import (
    ABORTED,
    AUTHENTICATION,
    ERROR,
    FAILURE,
    IP,
    MAILFLOW,
    SUCCESS,
    Fields,
    Line,
    Out,
    known,
)

SERVICE = "cyrus"
PROGRAMS = {
    "imap": "imap", "imaps": "imap", "imapd": "imap", "pop3": "pop3", "pop3s": "pop3", "pop3d": "pop3",
    "sieve": "sieve", "timsieved": "sieve", "nntp": "nntp", "lmtp": "", "lmtpunix": "", "lmtpd": "", "master": "",
    "http": "http", "https": "http", "httpd": "http", "notify": "", "ctl_cyrusdb": "", "cyr_expire": "",
    "tls_prune": "", "idled": "", "squatter": "", "sync_client": "", "sync_server": "", "mupdate": "",
}  # fmt: skip
"""Protocol by program."""
# The name of the client is from DNS and holds no blank or bracket; all that the client itself wrote stands behind.
_PEER = rf"(?:([^\s\[\]]*) ?)?\[({IP})\]"
_BAD = re.compile(rf"badlogin: {_PEER}:? (\S+) ?(.*)", re.DOTALL)
_SASL = re.compile(r"\[?SASL\((-?\d{1,4})\): (.*?)\]?$", re.DOTALL)
_GOOD = re.compile(
    rf"login: {_PEER}:? (.+?) (plaintext|[A-Za-z0-9_-]+(?:\+TLS)?)(\+TLS)? User logged in(?: SESSIONID=<([^<>]*)>)?",
    re.DOTALL,
)
_NAMED = re.compile(r"user not found: user: (.+) property: ", re.DOTALL)
_DELIVERED = re.compile(r"Delivered: <([^<>]{0,998})> to mailbox: (\S+)")
_AUTHD = re.compile(r"do_auth +: auth failure: \[user=(.*)\] \[service=([^\]]*)\] \[realm=([^\]]*)\] \[mech=([^\]]*)\] "
                    r"\[reason=(.*)\]$", re.DOTALL)  # fmt: skip
_REFUSED = frozenset({"-13", "-14", "-15", "-18", "-19", "-20", "-21"})
"""SASL codes for a refused login: bad password, not allowed, too weak, expired, disabled, no such user, locked.

Source: Cyrus SASL, sasl.h."""
_CLIENTS_FAULT = "-5"
"""The client broke off, or did not follow the mechanism."""


class Cyrus:
    """Reads the lines of one file; keeps no state."""

    def __init__(self, out: Out) -> None:
        self.out = out

    def read(self, line: Line, protocol: str) -> Event | None:
        """Give the event of a line; None when it is not understood."""
        message = line.message
        if message.startswith("badlogin: ") and (found := _BAD.match(message)):
            return self._bad(line, protocol, found)
        if message.startswith("login: ") and (found := _GOOD.match(message)):
            return self._good(line, protocol, found)
        if found := _AUTHD.match(message):
            return self._authd(line, found)
        if found := _DELIVERED.match(message):
            fields: Fields = {"status": "stored", "message_id": found[1], "recipient": found[2], "direction": "store"}
            return self.out.event(MAILFLOW, SERVICE, line, fields)
        return known(line, SERVICE, self.out)

    def _bad(self, line: Line, protocol: str, found: re.Match[str]) -> Event:
        name, address, method, rest = found.groups()
        fields: Fields = {"protocol": protocol, "method": method.upper()}
        if name:
            fields["client_name"] = name
        self.out.from_client(fields, address)
        user, code = "", ""
        if said := _SASL.search(rest):
            code = said[1]
            user, fields["reason"] = rest[: said.start()].strip(), said[2]
        else:
            user, _, fields["reason"] = rest.partition(" ")
        reason = str(fields["reason"])
        if not user and (named := _NAMED.match(reason)):
            user = named[1]
        if not code or code in _REFUSED or "checkpass failed" in reason:
            fields["result"] = FAILURE
        else:
            fields["result"] = ABORTED if code == _CLIENTS_FAULT else ERROR
        if "user not found" in reason:
            fields["unknown_user"] = "true"
        return self.out.event(AUTHENTICATION, SERVICE, line, fields, user)

    def _good(self, line: Line, protocol: str, found: re.Match[str]) -> Event:
        name, address, user, method, tls, session = found.groups()
        fields: Fields = {"protocol": protocol, "method": method.removesuffix("+TLS").upper(), "result": SUCCESS}
        if name:
            fields["client_name"] = name
        self.out.from_client(fields, address)
        if tls or method.endswith("+TLS"):
            fields["tls"] = "true"
        if session:
            fields["session"] = session
        return self.out.event(AUTHENTICATION, SERVICE, line, fields, user)

    def _authd(self, line: Line, found: re.Match[str]) -> Event:
        user, service, realm, mechanism, reason = found.groups()
        fields: Fields = {
            "stage": "backend", "protocol": service, "database": mechanism, "reason": reason, "result": FAILURE,
        }  # fmt: skip
        return self.out.event(AUTHENTICATION, SERVICE, line, fields, f"{user}@{realm}" if realm else user)
