"""Sendmail: mails and their deliveries, refusals, and logins.

Source: Sendmail Installation and Operation Guide, 4.1.1 "System log"; cf/README (rulesets check_*); RELEASE_NOTES 8.16
(``AuthFailure`` logging with user and relay).
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

SERVICE = "sendmail"
MAX_REFUSED = 4_096
"""Mails of which a recipient was refused and the connection is not told yet."""
_QUEUE_ID = re.compile(r"(?:\[ID \d+ \S+\] )?([0-9A-Za-z]{10,24}): (.*)", re.DOTALL)
_SOLARIS = re.compile(r"\[ID \d+ \S+\] ")
_PEER = rf"(?:([^\s\[\],]+) ?)?\[({IP})\](?: \(may be forged\))?"
_RELAY_END = re.compile(rf"(?:, )?relay=(?:([^\s\[\],=]+)@)?(?:{_PEER}|([^\s,\[]+))$")
_ADDRESS = re.compile(rf"\[({IP})\]")
_FROM = re.compile(r"from=(<[^<>]*>|[^,\s]*), size=(-?\d+), ")
_NRCPTS = re.compile(
    r"nrcpts=(\d+), (?:msgid=(<[^<>]*>|[^,\s]*), )?(?:bodytype=\w+, )?(?:proto=(\w+), )?(?:daemon=([\w.-]+), )?"
)
_TO = re.compile(
    r"to=([^,]*(?:,(?! )[^,]*)*), (?:ctladdr=(\S+?)(?: \(\d+/\d+\))?, )?delay=([\d:+]+), (?:xdelay=[\d:+]+, )?"
    r"mailer=(\w+), (?:pri=-?\d+, )?(?:relay=([^,]*), )?(?:dsn=([\d.]+), )?stat=(.*)",
    re.DOTALL,
)
_AUTH_FAILURE = re.compile(r"AUTH failure \(([\w-]+)\): (.*)", re.DOTALL)
_AUTH_USER = ", user="
_AUTH_OK = re.compile(rf"AUTH=server, relay={_PEER}, (?:authid=(.*), )?mech=([\w-]+), bits=\d+$")
# What the client said stands first, in brackets; relay and refusal are the server's.
_RULESET = re.compile(
    rf"(?:ruleset|Milter)=(\w+), (?:arg1=(?:<({ADDRESS})>|[^,]*), )?(?:arg2=[^,]*, )?relay=(?:{_PEER}|[^\s,\[]+)"
    r"(?:, (?:reject|quarantine)=(.*))?",
    re.DOTALL,
)
_CODE = re.compile(r"(?:(\d{3}) )?(?:(\d\.\d{1,3}\.\d{1,3}) )?")
_UNKNOWN_USER = re.compile(r"<([^<>]*)>\.\.\. (?:No such user here|User unknown)$")
_ATTACK = re.compile(
    rf"{_PEER}: (?:possible SMTP attack: (.*)|((?:EXPN|VRFY|ETRN|expn|vrfy|etrn) .*) \[rejected\])$", re.DOTALL
)
_EARLY = re.compile(rf"(rejecting commands) from +{_PEER} (due to pre-greeting traffic.*)")
_SILENT = re.compile(rf"{_PEER} (did not issue MAIL/EXPN/VRFY/ETRN) during connection to (\S+)")
_LOST = re.compile(rf"(lost input channel|timeout waiting for input) from {_PEER} (.*)")
_LOCAL_MAILERS = frozenset({"local", "prog", "cyrus", "cyrusv2", "procmail", "lmtp", "dovecot", "virthostmail", "file"})
_TROUBLE = ("temporary", "generic failure", "no mechanism", "(-1)", "couldn't", "unavailable")


class Sendmail:
    """Reads the lines of one file."""

    def __init__(self, out: Out) -> None:
        self.out = out
        self.queue = Queue()
        self._refused: dict[str, list[str]] = {}

    def read(self, line: Line) -> Event | tuple[Event, ...] | None:
        """Give the events of a line; None when it is not understood."""
        found = _QUEUE_ID.match(line.message)
        if not found:
            text = line.message
            if solaris := _SOLARIS.match(text):
                text = text[solaris.end() :]
            if text.startswith(("ruleset=", "AUTH=", "Milter=")):
                return self._said(line, "", text)
            return known(line, SERVICE, self.out)
        queue_id, text = found.groups()
        if text.startswith("from=") and (told := _FROM.match(text)):
            return self._arrived(line, queue_id, text, told)
        if text.startswith("to=") and (told := _TO.match(text)):
            return self._delivered(line, queue_id, told)
        return self._said(line, queue_id, text)

    def left(self) -> Iterator[Event]:
        """Give an event for each mail of which no delivery was told."""
        for mail in self.queue.left():
            yield self._untold(mail)

    def _untold(self, mail: Queued) -> Event:
        fields = mail.fields()
        fields["status"] = "unknown"
        return self.out.event(MAILFLOW, SERVICE, mail.line, fields, mail.user)

    def _arrived(self, line: Line, queue_id: str, text: str, told: re.Match[str]) -> tuple[Event, ...]:
        known_user = self.queue.peek(line, queue_id)
        mail = known_user if known_user is not None and known_user.sender is None else self.queue.begin(line, queue_id)
        mail.saw(line)
        mail.sender = told[1].strip("<>")
        mail.size = max(int(told[2][:18]), 0)
        relay = _relay_at_end(text)
        if relay:
            if relay[3]:
                mail.client_name, mail.client = relay[2] or "", self.out.clients.of(relay[3])
            else:
                mail.local = relay[4] == "localhost" or bool(relay[1])
        counts = _NRCPTS.search(text, told.end(), relay.start() if relay else len(text))
        if counts:
            mail.recipients, mail.message_id = int(counts[1][:9]), (counts[2] or "").strip("<>")
        lost = tuple(map(self._untold, self.queue.taken()))
        refused = self._refused.pop(queue_id, None) if self._refused else None
        if mail.recipients == 0:
            self.queue.end(line, queue_id)
            fields = mail.fields()
            fields["status"], fields["direction"] = ("rejected" if refused else "none"), "inbound"
            if refused:
                fields["recipient"], fields["reason"] = refused, "unknown user"
            return (*lost, self.out.event(MAILFLOW, SERVICE, line, fields, mail.user))
        return lost

    def _delivered(self, line: Line, queue_id: str, told: re.Match[str]) -> Event:
        to, controller, _, mailer, relay, dsn, state = told.groups()
        mail = self.queue.get(line, queue_id)
        mail.delivered = True
        fields = mail.fields()
        if mail.records:
            fields["joined_records"] = [*mail.records, line.record]
        recipients = [one.strip("<>") for one in to.split(",")[:100]]
        fields["recipient"] = recipients[0] if len(recipients) == 1 else recipients
        word = state.lower()
        fields["status"] = (
            "sent" if word.startswith("sent") else "deferred" if word.startswith(("deferred", "queued")) else "bounced"
        )
        fields["reply"] = state
        if dsn:
            fields["dsn"] = dsn
        server = _ADDRESS.search(relay) if relay else None
        where = self.out.clients.of(server[1]) if server else NOBODY
        if relay:
            fields["relay"] = relay
        if where.ip:
            fields["relay_ip"] = where.ip
        if controller and not mail.user and not mail.client.ip:
            mail.user, mail.local = controller.strip("<>"), True
        fields["direction"] = direction(mail, stays=mailer.lower() in _LOCAL_MAILERS, relay=where)
        return self.out.event(MAILFLOW, SERVICE, line, fields, mail.user)

    def _said(self, line: Line, queue_id: str, text: str) -> Event | tuple[Event, ...] | None:
        if failure := _AUTH_FAILURE.match(text):
            return self._failed(line, failure)
        if success := _AUTH_OK.match(text):
            return self._succeeded(line, queue_id, success)
        if ruleset := _RULESET.match(text):
            return self._ruleset(line, queue_id, ruleset)
        if unknown := _UNKNOWN_USER.match(text):
            if len(self._refused) >= MAX_REFUSED:
                self._refused.clear()
            self._refused.setdefault(queue_id, []).append(unknown[1])
            return known(line, SERVICE, self.out, queue_id=queue_id, recipient=unknown[1])
        for pattern, named in ((_ATTACK, 1), (_EARLY, 2), (_SILENT, 1), (_LOST, 2)):
            if found := pattern.match(text):
                return self._abuse(line, found, named, text)
        return known(line, SERVICE, self.out, queue_id=queue_id)

    def _abuse(self, line: Line, found: re.Match[str], named: int, text: str) -> Event:
        fields: Fields = {"action": "protocol error"}
        if found[named]:
            fields["client_name"] = found[named]
        self.out.from_client(fields, found[named + 1])
        start = found.start(named) if found[named] else found.start(named + 1) - 1
        after = text[found.end(named + 1) + 1 :].removeprefix(" (may be forged)").strip(": ")
        fields["violation"] = f"{text[:start].strip()} {after}".strip()
        return self.out.event(SMTP, SERVICE, line, fields)

    def _failed(self, line: Line, found: re.Match[str]) -> Event:
        """Read a failed login; the address stands last, behind the user name, which the client chose."""
        method, text = found.groups()
        fields: Fields = {"protocol": "smtp", "method": method.upper()}
        user, relay = "", _relay_at_end(text)
        if relay:
            if relay[3]:
                self.out.from_client(fields, relay[3])
            if relay[2]:
                fields["client_name"] = relay[2]
            text = text[: relay.start()]
        reason, mark, name = text.partition(_AUTH_USER)
        if mark:
            user = name
        fields["reason"] = reason
        trouble = any(word in reason.lower() for word in _TROUBLE) and "authentication failure" not in reason.lower()
        fields["result"] = ERROR if trouble else FAILURE
        if "user not found" in reason:
            fields["unknown_user"] = "true"
        return self.out.event(AUTHENTICATION, SERVICE, line, fields, user)

    def _succeeded(self, line: Line, queue_id: str, found: re.Match[str]) -> Event:
        name, address, user, method = found.groups()
        fields: Fields = {"protocol": "smtp", "result": SUCCESS, "method": method.upper()}
        self.out.from_client(fields, address)
        if name:
            fields["client_name"] = name
        if queue_id:
            fields["queue_id"] = queue_id
            mail = self.queue.begin(line, queue_id)
            mail.user, mail.method = user or "", method.upper()
            mail.saw(line)
        return self.out.event(AUTHENTICATION, SERVICE, line, fields, user or "")

    def _ruleset(self, line: Line, queue_id: str, found: re.Match[str]) -> Event:
        """Read a refusal: ``ruleset=check_rcpt, arg1=<…>, relay=name [address], reject=550 …``."""
        ruleset, argument, name, address, reason = found.groups()
        fields: Fields = {"status": "rejected" if reason else "noted", "direction": "inbound", "action": ruleset}
        if queue_id:
            fields["queue_id"] = queue_id
        if address:
            self.out.from_client(fields, address)
        if name:
            fields["client_name"] = name
        if argument is not None:
            fields["sender" if ruleset == "check_mail" else "recipient"] = argument
        if reason:
            code = _CODE.match(reason)
            if code and code.end():
                fields["code"], fields["dsn"] = code[1] or "", code[2] or ""
                reason = reason[code.end() :]
            fields["reason"] = reason
        return self.out.event(MAILFLOW, SERVICE, line, fields)


def _relay_at_end(text: str) -> re.Match[str] | None:
    """Give where a connection came from: it is written last, behind all that the client chose."""
    at = text.rfind(", relay=")
    return _RELAY_END.match(text, at if at >= 0 else 0)
