"""Courier: logins to imapd and pop3d, what sessions transferred, and refusals and logins of its SMTP server.

Source: Courier documentation, imapd(8), courierpop3d(8), esmtpd(8); the lines that these programs write.
"""

from __future__ import annotations

import re

from sekisho.model.event import Event
from sekisho.normalize.mailservers._common import (
    AUTHENTICATION,
    ERROR,
    FAILURE,
    IP,
    MAILFLOW,
    SESSION,
    SMTP,
    SUCCESS,
    Fields,
    Line,
    Out,
    known,
)

SERVICE = "courier"
PROGRAMS = {
    "imapd": "imap", "imapd-ssl": "imap", "imaplogin": "imap", "courier-imapd": "imap", "courier-imap": "imap",
    "imaplogin-ssl": "imap", "courierimapd": "imap", "pop3d": "pop3", "pop3d-ssl": "pop3", "courierpop3login": "pop3",
    "courierpop3d": "pop3", "pop3login": "pop3", "courieresmtpd": "smtp", "courierd": "smtp", "esmtpd": "smtp",
    "courieresmtp": "smtp", "courierlocal": "smtp", "authdaemond": "", "authdaemond.plain": "", "couriertls": "",
    "courierfilter": "", "courier": "",
}  # fmt: skip
"""Protocol by program."""
_LEVEL = re.compile(r"(?:\[[^\]]{0,40}\] )?(?:INFO|ERR|WARN|LOG|DEBUG): ")
# The client chose the user name; what follows it is the server's, so the last place where it fits is the true one.
_LOGIN = re.compile(
    r"(LOGIN FAILED|LOGIN|LOGOUT|DISCONNECTED|TIMEOUT)(?:, (?:user=(.*)|method=([\w-]*)))?"
    rf", ip=\[({IP})\](.*)$", re.DOTALL,
)  # fmt: skip
_NUMBER = re.compile(r", ([a-z]+)=(?:\[(\d+)\]|(\d+))(?=,|$)")
_NAMES = {"body": "fetched_bytes", "retr": "fetched_bytes", "headers": "headers_bytes", "rcvd": "in_bytes",
          "sent": "out_bytes", "time": "duration_s"}  # fmt: skip
_ERROR = re.compile(
    rf"error,relay=({IP})((?:,[a-z]+=(?:\"[^\"]*\"|<[^<>]*>|[^\s,:]*))*)(?:: (.*)|,cmd: ?(.*))?$", re.DOTALL
)
_ERROR_FIELD = re.compile(r",([a-z]+)=(?:\"([^\"]*)\"|<([^<>]*)>|([^\s,:]*))")
_AUTH_BLOB = re.compile(r"AUTH (\S{1,32})", re.IGNORECASE)
_UNKNOWN = re.compile(r"user .{0,500}?unknown|user unknown", re.IGNORECASE | re.DOTALL)


class Courier:
    """Reads the lines of one file; keeps no state."""

    def __init__(self, out: Out) -> None:
        self.out = out

    def read(self, line: Line, protocol: str) -> Event | None:
        """Give the event of a line; None when it is not understood."""
        message = line.message
        if level := _LEVEL.match(message):
            message = message[level.end() :]
        if message.startswith(("LOGIN", "LOGOUT", "DISCONNECTED", "TIMEOUT")) and (found := _LOGIN.match(message)):
            return self._login(line, protocol, found)
        if message.startswith("error,relay=") and (found := _ERROR.match(message)):
            return self._error(line, found)
        return known(line, SERVICE, self.out) if protocol or line.program.startswith(("auth", "courier")) else None

    def _login(self, line: Line, protocol: str, found: re.Match[str]) -> Event:
        verb, user, method, address, rest = found.groups()
        fields: Fields = {"protocol": protocol}
        self.out.from_client(fields, address)
        if method:
            fields["method"] = method.upper()
        if verb in ("LOGIN", "LOGIN FAILED"):
            fields["result"] = SUCCESS if verb == "LOGIN" else FAILURE
            if verb != "LOGIN":
                fields["reason"] = verb.lower()
            return self.out.event(AUTHENTICATION, SERVICE, line, fields, user or "")
        for name, bracketed, plain in _NUMBER.findall(rest):
            if name in _NAMES:
                fields[_NAMES[name]] = int((bracketed or plain)[:18])
        fields["reason"] = verb.lower()
        return self.out.event(SESSION, SERVICE, line, fields, user or "")

    def _error(self, line: Line, found: re.Match[str]) -> Event:
        address, given, text, command = found.groups()
        told = {name: quoted or bracketed or plain for name, quoted, bracketed, plain in _ERROR_FIELD.findall(given)}
        reason = told.get("msg") or text or ""
        fields: Fields = {"reason": reason}
        self.out.from_client(fields, address)
        if reason.startswith("535") or (command and reason.startswith("4") and "AUTH" in command.upper()):
            fields["protocol"] = "smtp"
            fields["result"] = FAILURE if reason.startswith("535") else ERROR
            if command and (method := _AUTH_BLOB.match(command)):
                fields["method"] = method[1].upper()
            return self.out.event(AUTHENTICATION, SERVICE, line, fields)
        if "to" in told or "from" in told:
            fields |= {"status": "rejected", "direction": "inbound", "sender": told.get("from", ""),
                       "recipient": told.get("to", ""), "code": reason[:3]}  # fmt: skip
            if _UNKNOWN.search(reason):
                fields["reason"], fields["reply"] = "unknown user", reason
            return self.out.event(MAILFLOW, SERVICE, line, fields)
        fields |= {"action": "protocol error", "violation": reason}
        return self.out.event(SMTP, SERVICE, line, fields)
