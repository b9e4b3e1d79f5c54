"""Postfix: one event a delivery, refusal or login, with what other lines of the same mail told.

Lines of one mail share a queue id: ``client=`` (smtpd), ``message-id=`` (cleanup), ``from=`` (qmgr), and then one
``to=`` for each recipient, which becomes the event. State is one small record for each mail in the queue, bounded.

Source: Postfix documentation (POSTFIX 3.9: smtpd(8), cleanup(8), qmgr(8), smtp(8), postscreen(8), POSTSCREEN_README,
SASL_README) and the lines that these programs write.
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

SERVICE = "postfix"
MAX_TRIES = 64
"""Places in one line where a client's own words could end."""
STATUSES = {
    "sent": "sent",
    "deferred": "deferred",
    "bounced": "bounced",
    "expired": "expired",
    "undeliverable": "bounced",
}
_STAY = frozenset({"local", "virtual", "lmtp", "pipe"})
"""Delivery agents that end in a mailbox or program of this server."""
# A short queue id is hexadecimal, a long one is base 52 with digits. Source: postconf(5), enable_long_queue_ids.
_QUEUE_ID = re.compile(r"([0-9A-F]{5,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,24}|NOQUEUE): (.*)", re.DOTALL)
_PEER = rf"(?:([^\[\]\s]*)\[({IP}|unknown)\](?::\d+)?)"
_CLIENT = re.compile(
    rf"client={_PEER}(?:, sasl_method=([^,\s]+))?(?:, sasl_username=(.*?))?(?:, (?:orig_\w+|sasl_sender)=.*)?$"
)
_SENDER = re.compile(rf"from=<({ADDRESS})>, (?:size=(\d+), nrcpt=(\d+)|status=(\w+))")
_LOCAL = re.compile(rf"uid=(\d+) from=<({ADDRESS})>")
_DELIVERY = re.compile(
    rf"to=<({ADDRESS})>, (?:orig_to=<({ADDRESS})>, )?relay=([^,\s]+), (?:conn_use=\d+, )?delay=([\d.]+), "
    r"(?:delays=[\d./]+, )?dsn=([\d.]+), status=(\w+)(?: \((.*)\))?$", re.DOTALL,
)  # fmt: skip
_RELAY = re.compile(rf"([^\[\]]*)\[({IP})\]")
_REFUSAL = re.compile(
    r"(reject|milter-reject|reject_warning|discard|milter-discard|hold|milter-hold|redirect|bcc|filter|warn|info): "
    rf"([A-Z-]{{2,32}}) from {_PEER}: (.*)", re.DOTALL,
)  # fmt: skip
_CODE = re.compile(r"(?:(\d{3}) )?(?:([245]\.\d{1,3}\.\d{1,3}) )?")
_ENVELOPE = re.compile(
    rf"(?:; |, )?from=<({ADDRESS})>,? to=<({ADDRESS})>(?:,? proto=(\w+))?(?:,? helo=<(.*)>)?$", re.DOTALL
)
_TAIL = re.compile(r"; (?:proto=(\w+)|from=)")
_QUOTED = re.compile(rf"<{ADDRESS}>: ")
_SASL = re.compile(rf"warning: {_PEER}: SASL (\S{{1,32}}) authentication failed:? ?(.*)", re.DOTALL | re.IGNORECASE)
_SASL_USER = ", sasl_username="
# Trouble between the server and what checks passwords. Source: xsasl_dovecot_server.c, xsasl_cyrus_server.c.
_TROUBLE = ("connection lost to authentication server", "temporary", "server not available", "no mechanism available")
_SESSION = re.compile(rf"(connect|disconnect) from {_PEER}(.*)", re.DOTALL)
_AUTHS = re.compile(r" auth=(\d+)(?:/(\d+))?\b")
_ABUSE = re.compile(
    r"(lost connection|timeout|too many errors|improper command pipelining|SSL_accept error|bare <LF> received"
    rf"|unexpected TLS|hangup)(?: after ([A-Z-]+|[\w ()-]{{1,40}}?))?(?: \(\d+ bytes\))? from {_PEER}(.*)", re.DOTALL,
)  # fmt: skip
_LIMIT = re.compile(rf"warning: ([A-Za-z][\w ]{{2,60}}?) limit exceeded: (\d+) from {_PEER} for service (\S+)")
_NAMELESS = re.compile(
    rf"warning: (hostname \S+ (?:does not resolve to address|verification failed)|"
    rf"numeric hostname).{{0,10}}? ({IP})(?:$|:|\s)"
)
_WARNED = re.compile(rf"warning: (non-SMTP command|Illegal address syntax|.{{0,80}}?) from {_PEER}(.*)", re.DOTALL)
_TLS = re.compile(rf"(?:\w+ )?TLS connection established from {_PEER}: (.*)", re.DOTALL)
_SCREEN = re.compile(
    r"(?:NOQUEUE: )?(CONNECT|PASS OLD|PASS NEW|DISCONNECT|PREGREET|HANGUP|DNSBL rank|BARE NEWLINE|NON-SMTP COMMAND|"
    r"COMMAND PIPELINING|COMMAND TIME LIMIT|COMMAND COUNT LIMIT|COMMAND LENGTH LIMIT|(?:WHITE|BLACK|ALLOW|DENY)LISTED)"
    rf"([^\[]{{0,60}}?)\[({IP})\](?::\d+)?(.*)", re.DOTALL,
)  # fmt: skip
_HARMLESS_SCREEN = frozenset({"CONNECT", "PASS OLD", "PASS NEW", "DISCONNECT", "WHITELISTED", "ALLOWLISTED"})
_LAWFUL_AFTER = frozenset({"DATA", "END-OF-MESSAGE", "BDAT"})
"""A line that breaks while a mail is handed over is the network's fault as a rule."""


class Postfix:
    """Reads the lines of one file."""

    def __init__(self, out: Out) -> None:
        self.out = out
        self.queue = Queue()
        self._daemons: dict[str, str] = {}

    def read(self, line: Line) -> Event | tuple[Event, ...] | None:
        """Give the events of a line: none for one that only adds to a mail under way, None when not understood."""
        daemon = self._daemons.get(line.program)
        if daemon is None:
            daemon = line.program.rpartition("/")[2]
            if len(self._daemons) < 4096:
                self._daemons[line.program] = daemon
        message = line.message
        if daemon == "postscreen" and (found := _SCREEN.match(message)):
            return self._screen(line, found)
        found = _QUEUE_ID.match(message)
        if found is None:
            return self._smtpd(line, message)
        queue_id, text = found.groups()
        if queue_id != "NOQUEUE" and (event := self._mail(line, daemon, queue_id, text)) is not None:
            return event
        if refusal := _REFUSAL.match(text):
            return self._refused(line, queue_id, refusal)
        if queue_id == "NOQUEUE":
            return self._smtpd(line, text)
        return known(line, SERVICE, self.out, queue_id=queue_id)

    def left(self) -> Iterator[Event]:
        """Give an event for each mail of which no delivery was told, once the file is at its end."""
        for mail in self.queue.left():
            yield self._untold(mail)

    def _untold(self, mail: Queued) -> Event:
        fields = mail.fields()
        fields["status"] = "unknown"
        return self.out.event(MAILFLOW, SERVICE, mail.line, fields, mail.user)

    def _mail(self, line: Line, daemon: str, queue_id: str, text: str) -> Event | tuple[Event, ...] | None:
        """Read what one line tells of a mail in the queue."""
        start = text[:3]
        if start == "to=" and (found := _DELIVERY.match(text)):
            return self._delivered(line, daemon, queue_id, found)
        if start == "fro" and (found := _SENDER.match(text)):
            return self._queued(line, queue_id, found)
        if start == "mes" and text.startswith("message-id="):
            mail = self.queue.get(line, queue_id)
            mail.saw(line)
            self.queue.name(mail, text[11:].strip("<>"))
            return ()
        if start == "cli" and (found := _CLIENT.match(text)):
            return self._client(line, queue_id, found)
        if text == "removed":
            mail_or_none = self.queue.end(line, queue_id)
            return () if mail_or_none is None or mail_or_none.delivered else (self._untold(mail_or_none),)
        if start == "uid" and (found := _LOCAL.match(text)):
            mail = self.queue.begin(line, queue_id)
            mail.saw(line)
            mail.local, mail.user, mail.sender = True, found[2].partition("@")[0], found[2]
            return ()
        return None

    def _client(self, line: Line, queue_id: str, found: re.Match[str]) -> tuple[Event, ...]:
        mail = self.queue.begin(line, queue_id)
        mail.saw(line)
        mail.client_name, mail.client = found[1], self.out.clients.of(found[2])
        lost = tuple(map(self._untold, self.queue.taken()))
        if not found[4]:
            return lost
        mail.user, mail.method = found[4], (found[3] or "").upper()
        fields: Fields = {"protocol": "smtp", "result": SUCCESS, "queue_id": queue_id, "method": mail.method}
        self.out.from_client(fields, found[2])
        return (*lost, self.out.event(AUTHENTICATION, SERVICE, line, fields, mail.user))

    def _queued(self, line: Line, queue_id: str, found: re.Match[str]) -> tuple[Event, ...]:
        mail = self.queue.get(line, queue_id)
        mail.saw(line)
        mail.sender = found[1]
        if found[2]:
            mail.size, mail.recipients = int(found[2]), int(found[3])
            return ()
        mail.delivered = True
        fields = mail.fields()
        fields["status"] = STATUSES.get(found[4], found[4])
        return (self.out.event(MAILFLOW, SERVICE, line, fields, mail.user),)

    def _delivered(self, line: Line, daemon: str, queue_id: str, found: re.Match[str]) -> Event:
        to, original, relay, delay, dsn, status, reply = found.groups()
        mail = self.queue.get(line, queue_id)
        mail.delivered = True
        fields = mail.fields()
        if len(mail.records) > 0:
            fields["joined_records"] = [*mail.records, line.record]
        fields["recipient"] = to
        if original is not None:
            fields["original_recipient"] = original
        fields["status"] = STATUSES.get(status, status)
        fields["relay"], fields["dsn"] = relay, dsn
        fields["delay_s"] = float(delay) if delay.count(".") < 2 and delay != "." else 0.0
        if reply:
            fields["reply"] = reply
        server = _RELAY.match(relay)
        relay_ip = self.out.clients.of(server[2]) if server else NOBODY
        if relay_ip.ip:
            fields["relay_ip"] = relay_ip.ip
        fields["direction"] = direction(mail, stays=daemon in _STAY, relay=relay_ip)
        return self.out.event(MAILFLOW, SERVICE, line, fields, mail.user)

    def _refused(self, line: Line, queue_id: str, found: re.Match[str]) -> Event:
        action, command, name, address, text = found.groups()
        fields: Fields = {"status": "rejected", "action": action, "command": command, "direction": "inbound"}
        if action not in ("reject", "milter-reject"):
            fields["status"] = {"discard": "discarded", "milter-discard": "discarded", "hold": "held",
                                "milter-hold": "held"}.get(action, "accepted")  # fmt: skip
        if queue_id != "NOQUEUE":
            fields["queue_id"] = queue_id
        if name:
            fields["client_name"] = name
        self.out.from_client(fields, address)
        code = _CODE.match(text)
        if code and code.end():
            fields["code"], fields["dsn"] = code[1] or "", code[2] or ""
            text = text[code.end() :]
        fields["reason"] = _envelope(text, fields)
        return self.out.event(MAILFLOW, SERVICE, line, fields)

    def _smtpd(self, line: Line, message: str) -> Event | None:
        """Read what a connection did; the client's name and address come first, so its words can forge neither."""
        if found := _SESSION.match(message):
            action, name, address, rest = found.groups()
            fields = self._peer(name, address, action)
            auths = _AUTHS.search(rest) if action == "disconnect" else None
            if auths and auths[2] and int(auths[2]) > int(auths[1]):
                fields["auth_failed"] = int(auths[2]) - int(auths[1])
                fields["violation"] = "authentication failed"
            return self.out.event(SMTP, SERVICE, line, fields)
        if message.startswith("warning: "):
            return self._warning(line, message)
        if found := _ABUSE.match(message):
            action, after, name, address, rest = found.groups()
            fields = self._peer(name, address, action)
            fields["after"] = after or ""
            if action not in ("lost connection", "timeout") or after not in (*_LAWFUL_AFTER, "AUTH"):
                fields["violation"] = action
            if rest.startswith(": ") and rest[2:]:
                fields["input"] = rest[2:]
            return self.out.event(SMTP, SERVICE, line, fields)
        if found := _TLS.match(message):
            fields = self._peer(found[1], found[2], "tls")
            fields["tls"] = found[3]
            return self.out.event(SMTP, SERVICE, line, fields)
        return known(line, SERVICE, self.out)

    def _warning(self, line: Line, message: str) -> Event:
        if found := _SASL.match(message):
            name, address, method, reason = found.groups()
            fields: Fields = {"protocol": "smtp", "method": method.upper()}
            self.out.from_client(fields, address)
            if name:
                fields["client_name"] = name
            reason, _, user = reason.partition(_SASL_USER)
            folded = reason.lower()
            fields["result"] = ERROR if any(word in folded for word in _TROUBLE) else FAILURE
            fields["reason"] = reason
            return self.out.event(AUTHENTICATION, SERVICE, line, fields, user)
        if found := _LIMIT.match(message):
            fields = self._peer(found[3], found[4], "limit")
            fields["violation"], fields["count"] = f"{found[1]} limit exceeded", int(found[2])
            return self.out.event(SMTP, SERVICE, line, fields)
        if found := _NAMELESS.match(message):
            fields = self._peer("", found[2], "name")
            fields["violation"] = found[1].partition(" ")[0] + " does not fit the address"
            return self.out.event(SMTP, SERVICE, line, fields)
        if found := _WARNED.match(message):
            fields = self._peer(found[2], found[3], "warning")
            fields["violation"], fields["input"] = found[1], found[4].removeprefix(": ")
            return self.out.event(SMTP, SERVICE, line, fields)
        return known(line, SERVICE, self.out)

    def _screen(self, line: Line, found: re.Match[str]) -> Event:
        action, _, address, rest = found.groups()
        fields = self._peer("", address, action.lower())
        if action not in _HARMLESS_SCREEN:
            fields["violation"] = action.lower()
        if rest.startswith(": "):
            fields["input"] = rest[2:]
        return self.out.event(SMTP, SERVICE, line, fields)

    def _peer(self, name: str, address: str, action: str) -> Fields:
        fields: Fields = {"action": action}
        if name:
            fields["client_name"] = name
        self.out.from_client(fields, address)
        return fields


def _envelope(text: str, fields: Fields) -> str:
    """Take sender, recipient and HELO off the end of a refusal; gives its reason.

    A HELO may hold anything, also what looks like an envelope. Where it is what was refused, it stands at both ends.
    """
    skip = 0
    if text[:1] == "<":
        if text.endswith(">"):
            at = text.find(">: ")
            for _ in range(MAX_TRIES):
                if at < 0:
                    break
                if text.endswith(f"helo={text[: at + 1]}"):
                    skip = at + 3
                at = text.find(">: ", at + 1)
        if not skip and (quoted := _QUOTED.match(text)):
            skip = quoted.end()
    at = text.find("; from=<", skip)
    for _ in range(MAX_TRIES):
        if at < 0:
            break
        if found := _ENVELOPE.match(text, at):
            fields["sender"], fields["recipient"] = found[1], found[2]
            if found[4]:
                fields["helo"] = found[4]
            return text[:at]
        at = text.find("; from=<", at + 1)
    end = _TAIL.search(text, skip)
    if end:
        helo = text.find("helo=<", end.start())
        if helo >= 0:
            fields["helo"] = text[helo + 6 :].removesuffix(">")
        sender = re.compile(rf"from=<({ADDRESS})>").match(text, end.start() + 2)
        if sender:
            fields["sender"] = sender[1]
        return text[: end.start()]
    return text
