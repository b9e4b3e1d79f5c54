"""Exim: arrivals, deliveries, refusals and logins of its main log.

Source: Exim specification, chapter 52 "Log files" (arrival and delivery flags, field letters), and chapter 33, SMTP
authentication.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.model.event import Event
from sekisho.normalize.mailservers._common import (
    ADDRESS,
    AUTHENTICATION,
    ERROR,
    FAILURE,
    IP,
    MAILFLOW,
    NOBODY,
    SMTP,
    SUCCESS,
    Fields,
    Line,
    Out,
    known,
)
from sekisho.normalize.mailservers._deliveries import Queue, Queued, direction

SERVICE = "exim"
MAX_REASON_CHARS = 4_000
# Up to 4.96 the parts have 6, 6 and 2 characters, since 4.97 6, 11 and 4.
MESSAGE_ID = r"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"
_ID = re.compile(rf"({MESSAGE_ID}) (.*)", re.DOTALL)
_PID = re.compile(r"\[(\d{1,10})\] ")
# "H=name (helo) [address]:port", where each part but the address may be missing.
_HELO = r"(?: ?\((\[?[^\s()\[\]]{0,255}\]?)\))?"
_PEER = rf"([\w.-]{{1,255}}(?=[ \[]))?{_HELO} ?\[({IP})\](?::\d+)?"
_HOST = re.compile(rf"H={_PEER}")
_PLAIN_HOST = re.compile(_PEER)
# A quoted local part may hold blanks, and so what looks like fields.
_ADDRESS = r"(?:<?\"(?:[^\"\\]|\\.)*+\"\S*|\S+)"
_FLAG = re.compile(rf"(<=|\(=|=>|->|\*>|>>|==|\*\*) ({_ADDRESS})(.*)", re.DOTALL)
_FROM_FIRST = re.compile(rf"F=({_ADDRESS}) (?=H=)")
_FIELD = re.compile(r" (A|P|S|id|U|SNI|DN)=(\"(?:[^\"\\]|\\.)*+\"|\S*)")
_CONFIRMED = re.compile(r' C="((?:[^"\\]|\\.)*+)"')
_SUBJECT = re.compile(r' T="((?:[^"\\]|\\.)*+)"')
_AUTH = re.compile(r"([\w.-]{1,64}) authenticator failed for (.*)", re.DOTALL)
_SET_ID = re.compile(r"\(set_id=(.*?)\)(?:: \d+ Time\(s\))?$", re.DOTALL)
_REFUSED = re.compile(
    r"(?:temporarily )?rejected (RCPT|MAIL|DATA|VRFY|EXPN|EHLO|HELO|AUTH|ETRN|STARTTLS|connection|after DATA|"
    r"by local_scan\(\)|by non-SMTP ACL|during MIME ACL checks|prdr|by \w+)(.*)", re.DOTALL | re.IGNORECASE,
)  # fmt: skip
_SENDER = re.compile(rf" F=(?:<({ADDRESS})>|({_ADDRESS}))")
_FAILED_SENDER = re.compile(r" sender verify (fail|defer) for <([^<>]*)>: ?(.*)", re.DOTALL)
_FROM = re.compile(
    rf"(?:SMTP call|SMTP connection|no MAIL in SMTP connection|SMTP data timeout[^\[\]]{{0,60}}) "
    rf"from {_PEER}(.*)",
    re.DOTALL,
)
_UNEXPECTED = re.compile(
    r"(?:unexpected disconnection|unexpected \w+|TLS error|SMTP command timeout|SMTP timeout|"
    r"SMTP connection|SMTP syntax error|Connection|VRFY|EXPN|ident)\b"
)
_NO_NAME = re.compile(rf"no host name found for IP address ({IP})")
_NO_ADDRESS = re.compile(
    rf"no IP address found for host \S+ \(during SMTP connection from (?:H=)?.{{0,255}}?\[({IP})\]"
)
_SPAM = re.compile(
    rf"SA: Action: (.{{1,120}}?)(?: for |: score=|:)?.{{0,2000}}? From <([^<>]*)> \(host=\S+ \[({IP})\]\) for (\S+)$",
    re.DOTALL,
)
_DROPPED = re.compile(r"(?::\d+)?(?: I=\[[^\]\s]*\](?::\d+)?)?(?: \w+=\S+)*? (dropped by .*)", re.DOTALL)
_AFTER_PEER = re.compile(r"(?: (?:I=\[[^\]\s]*\](?::\d+)?|Ci=\d+|X=\S+|CV=\S+|SNI=\S*|L\S*|DN=\"(?:[^\"\\]|\\.)*+\"))*")
_SERVER_TROUBLE = ("435 ", "454 ", "temporary", "unable to authenticate at present")


class Exim:
    """Reads the lines of one file."""

    def __init__(self, out: Out) -> None:
        self.out = out
        self.queue = Queue()

    def read(self, line: Line) -> Event | tuple[Event, ...] | None:
        """Give the events of a line; None when it is not understood."""
        message = line.message
        while message.startswith("[") and (pid := _PID.match(message)):
            message = message[pid.end() :]
        if found := _ID.match(message):
            queue_id, text = found.groups()
            if flagged := _FLAG.match(text):
                return self._flagged(line, queue_id, *flagged.groups())
            if text == "Completed" or text.startswith(("Completed ", "QT=")):
                mail = self.queue.end(line, queue_id)
                return () if mail is None or mail.delivered else (self._untold(mail),)
            if text.startswith("SA: ") and (spam := _SPAM.match(text)):
                return self._spam(line, queue_id, spam)
            event = self._said(line, text)
            if event is not None:
                return event
            return known(line, SERVICE, self.out, queue_id=queue_id)
        if auth := _AUTH.match(message):
            return self._authentication(line, auth)
        event = self._said(line, message)
        if event is not None:
            return event
        if _UNEXPECTED.match(message) or message.startswith(("Start queue run", "End queue run", "exim ", "Warning: ",
                                                             "daemon", "pid ", "cwd=", "SIGHUP", "TLS ")):  # fmt: skip
            return known(line, SERVICE, self.out)
        return None

    def left(self) -> Iterator[Event]:
        """Give an event for each mail of which no delivery was told."""
        for mail in self.queue.left():
            yield self._untold(mail)

    def _untold(self, mail: Queued) -> Event:
        fields = mail.fields()
        fields["status"] = "unknown"
        return self.out.event(MAILFLOW, SERVICE, mail.line, fields, mail.user)

    def _flagged(
        self, line: Line, queue_id: str, flag: str, address: str, rest: str
    ) -> Event | tuple[Event, ...] | None:
        if flag in ("<=", "(="):
            return self._arrived(line, queue_id, address, rest)
        mail = self.queue.get(line, queue_id)
        mail.delivered = True
        fields = mail.fields()
        if mail.records:
            fields["joined_records"] = [*mail.records, line.record]
        fields["recipient"] = address.strip("<>:")
        fields["status"] = {"==": "deferred", "**": "bounced"}.get(flag, "sent")
        confirmed = _CONFIRMED.search(rest) if ' C="' in rest else None
        host = _HOST.search(rest) if " H=" in rest else None
        relay = NOBODY
        if host:
            relay = self.out.clients.of(host[3])
            fields["relay"] = f"{host[1] or ''}[{relay.ip}]"
            fields["relay_ip"] = relay.ip
        if confirmed:
            fields["reply"] = confirmed[1]
        if flag in ("==", "**") and ": " in rest:
            fields["reason"] = rest.partition(": ")[2]
        fields["direction"] = direction(mail, stays=host is None, relay=relay)
        return self.out.event(MAILFLOW, SERVICE, line, fields, mail.user)

    def _arrived(self, line: Line, queue_id: str, sender: str, rest: str) -> tuple[Event, ...]:
        mail = self.queue.begin(line, queue_id)
        mail.saw(line)
        mail.sender = "" if sender == "<>" else sender
        # The subject is the sender's own text; nothing behind it is read but the recipients, and those never from it.
        subject = _SUBJECT.search(rest) if ' T="' in rest else None
        head = rest[: subject.start()] if subject else rest
        if subject:
            mail.subject = subject[1]
        host = _HOST.match(head, 1)
        told: dict[str, str] = {}
        for name, value in _FIELD.findall(head[host.end() :] if host else head):
            told.setdefault(name, value)
        if host:
            mail.client_name, mail.helo = host[1] or "", host[2] or ""
            mail.client = self.out.clients.of(host[3])
        mail.message_id = told.get("id", "").strip("<>")
        mail.local = told.get("P", "").startswith("local") or ("U" in told and not host)
        if told.get("S", "").isdecimal():
            mail.size = int(told["S"][:18])
        _, mark, recipients = rest[subject.end() if subject else 0 :].partition(" for ")
        if mark:
            mail.recipients = len(recipients.split())
        lost = tuple(map(self._untold, self.queue.taken()))
        # The protocol stands before all that a client may choose, and ends with "a" where it logged in.
        if "A" not in told or not told.get("P", "").endswith("a"):
            if mail.local and "U" in told:
                mail.user = told["U"]
            return lost
        method, _, user = told["A"].partition(":")
        mail.user, mail.method = user, method
        fields: Fields = {"protocol": "smtp", "result": SUCCESS, "queue_id": queue_id, "method": method}
        if mail.client.ip:
            fields["src_ip"], fields["src_net"] = mail.client.ip, mail.client.net
        return (*lost, self.out.event(AUTHENTICATION, SERVICE, line, fields, user))

    def _authentication(self, line: Line, found: re.Match[str]) -> Event | None:
        method, text = found.groups()
        host = _PLAIN_HOST.match(text.removeprefix("H="))
        if not host:
            return None
        reason = text.removeprefix("H=")[host.end() :].partition(": ")[2]
        fields: Fields = {"protocol": "smtp", "method": method}
        self._peer(fields, host)
        user = _SET_ID.search(reason)
        if user:
            reason = reason[: user.start()].rstrip()
        fields["reason"] = reason
        fields["result"] = ERROR if any(word in reason.lower() for word in _SERVER_TROUBLE) else FAILURE
        return self.out.event(AUTHENTICATION, SERVICE, line, fields, user[1] if user else "")

    def _said(self, line: Line, text: str) -> Event | None:
        """Read a refusal or what a connection did wrong."""
        if text.startswith(("SMTP protocol", "rejected ", "SMTP syntax")):
            return self._protocol(line, text)
        if found := _FROM.match(text):
            fields: Fields = {"action": "connection"}
            self._peer(fields, found)
            rest = found[4]
            if text.startswith("no MAIL"):
                fields["violation"] = "no MAIL in SMTP connection"
            elif cut := re.search(r" (dropped|closed by DROP)\b(.*)", rest, re.DOTALL):
                fields["violation"] = f"{cut[1]}{cut[2]}"
            return self.out.event(SMTP, SERVICE, line, fields)
        if found := _NO_NAME.match(text) or _NO_ADDRESS.match(text):
            fields = {"action": "name", "violation": "name does not fit the address"}
            self.out.from_client(fields, found[1])
            return self.out.event(SMTP, SERVICE, line, fields)
        return self._refused(line, text)

    def _protocol(self, line: Line, text: str) -> Event | None:
        """Read a protocol error.

        It may begin with the client's own words in quotes, so the last ``H=`` is the true one. Behind it stand only
        the server's words, or once more the client's, again in quotes.
        """
        fields: Fields = {"action": "protocol error"}
        cut = len(text)
        if (tail := text.rfind(' next input="')) >= 0 or (tail := text.rfind(' input="')) >= 0:
            cut = tail
        at = text.rfind("H=", 0, cut)
        host = _HOST.match(text, at) if at >= 0 else None
        if not host:
            return None
        self._peer(fields, host)
        fields["violation"] = text[:at].rstrip(" ").removesuffix(" connection from")
        return self.out.event(SMTP, SERVICE, line, fields)

    def _refused(self, line: Line, text: str) -> Event | None:
        """Read a refusal: ``H=… F=<…> rejected RCPT <…>: reason`` or ``F=… H=… rejected by …``."""
        start = 0
        fields: Fields = {"status": "rejected", "direction": "inbound"}
        if text.startswith("F=") and (sender := _FROM_FIRST.match(text)):
            start = sender.end()
            fields["sender"] = sender[1].strip("<>")
        host = _HOST.match(text, start) if text.startswith("H=", start) else None
        if not host:
            return None
        self._peer(fields, host)
        at = _AFTER_PEER.match(text, host.end()).end()  # type: ignore[union-attr]  # it matches nothing too
        rest = text[at:]
        if verify := _FAILED_SENDER.match(rest):
            fields["sender"], fields["reason"] = verify[2], f"sender verify {verify[1]}: {verify[3]}"
            fields["action"] = "sender verify"
            return self.out.event(MAILFLOW, SERVICE, line, fields)
        if dropped := _DROPPED.match(text, host.end()):
            fields = {"action": "connection", "violation": dropped[1]}
            self._peer(fields, host)
            return self.out.event(SMTP, SERVICE, line, fields)
        if given := _SENDER.match(rest):
            fields["sender"] = given[1] if given[1] is not None else given[2]
            rest = rest[given.end() :]
        found = _REFUSED.search(rest[:MAX_REASON_CHARS])
        if not found:
            return known(line, SERVICE, self.out)
        return self._reason(line, fields, found[1], found[2])

    def _reason(self, line: Line, fields: Fields, command: str, text: str) -> Event:
        fields["command"] = command
        if command.upper() in ("RCPT", "VRFY", "EXPN"):
            recipient, _, reason = text.strip().partition(": ")
            fields["recipient"] = recipient.strip("<>")
            fields["reason"] = reason
        else:
            fields["reason"] = text.lstrip(": ")
        return self.out.event(MAILFLOW, SERVICE, line, fields)

    def _spam(self, line: Line, queue_id: str, found: re.Match[str]) -> Event:
        action, sender, address, recipient = found.groups()
        tossed = "flagged as Spam" not in action
        fields: Fields = {
            "queue_id": queue_id, "sender": sender, "recipient": recipient, "action": action, "direction": "inbound",
            "status": "rejected" if tossed else "accepted", "spam": "true", "reason": "spam",
        }  # fmt: skip
        self.out.from_client(fields, address)
        return self.out.event(MAILFLOW, SERVICE, line, fields)

    def _peer(self, fields: Fields, host: re.Match[str]) -> None:
        if host[1]:
            fields["client_name"] = host[1]
        if host[2]:
            fields["helo"] = host[2]
        self.out.from_client(fields, host[3])
