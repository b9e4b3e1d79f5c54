"""Lines of syslog become events: those of mail servers by :mod:`sekisho.normalize.mailservers`, others as Linux's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol

from sekisho.model.event import Event, Logsource
from sekisho.normalize.clock import Zones, parse
from sekisho.normalize.mailservers import courier, cyrus, exim, postfix
from sekisho.normalize.mailservers._common import Line, Out
from sekisho.normalize.mailservers.dovecot import Dovecot
from sekisho.normalize.mailservers.sendmail import Sendmail

LOOK_AHEAD = 20_000
"""Lines looked at for the zone of local times before the first event is given."""
MAX_PROGRAMS = 4_096
"""Remembered program names."""
# Source: Sigma taxonomy appendix 2.1, services of product linux.
SERVICES = {
    "sshd": "sshd", "sshd-session": "sshd", "sudo": "sudo", "cron": "cron", "crond": "cron", "CRON": "cron",
    "clamd": "clamav", "freshclam": "clamav", "vsftpd": "vsftpd", "guacd": "guacamole", "pkexec": "auth", "su": "auth",
    "login": "auth",
}  # fmt: skip
_SENDMAIL = ("sendmail", "sm-mta", "sm-msp-queue", "sm-acceptingconnections", "sm-que", "newaliases")
_DOVECOT = ("dovecot", "dovecot-auth", "auth", "auth-worker")
# Files of Exim and Dovecot name no program; their source names them so.
EXIM_NATIVE, DOVECOT_NATIVE = "exim", "dovecot"
UNKNOWN = Logsource()
OWN = frozenset({"time_ns", "is_local", "host", "pid"})
"""Of a row, what becomes the event's own."""


class Row(Protocol):
    """What a source hands over: one line, its prefix read."""

    @property
    def record(self) -> str:
        """Line number."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """``time_ns is_local host program pid message``."""


class _Way(NamedTuple):
    """Who reads the lines of one program."""

    reader: str
    protocol: str = ""


def normalize(rows: Iterable[Row], source: str) -> Iterator[Event]:
    """Give the events of each line, in order, and those of mails that the log lost sight of at its end.

    Args:
        rows: lines as :mod:`sekisho.sources.syslog` reads them.
        source: path of the file as the user gave it.

    Yields:
        Events of these logsources; the service is the software that wrote the line.

        ===========================  ====================================================================
        imap/authentication          a login: ``user account src_ip src_net method protocol result reason``
        imap/session                 what a session moved: ``fetched fetched_bytes in_bytes out_bytes deleted``
        imap/mailbox                 one change in a mailbox: ``action folder``
        email/mailflow               a delivery or refusal: ``sender recipient status direction message_id``
        email/smtp                   what an SMTP client did: ``action violation``
        email/mailserver             any other line that is understood: ``program message``
        linux/(service)              lines of other programs
        ===========================  ====================================================================

        A line of a mail server that is not understood has no logsource. A line that only adds to a mail under way
        gives no event of its own; its number stands in ``joined_records`` of that mail's.

    Local times become UTC where the log tells the zone (:func:`_learn`), and are taken for UTC where it does not.
    """
    return _Reader(source).events(rows)


class _Reader:
    """The state of one file."""

    def __init__(self, source: str) -> None:
        self.out = Out(source)
        self.postfix = postfix.Postfix(self.out)
        self.exim = exim.Exim(self.out)
        self.sendmail = Sendmail(self.out)
        self.dovecot = Dovecot(self.out)
        self.courier = courier.Courier(self.out)
        self.cyrus = cyrus.Cyrus(self.out)
        self._ways: dict[str, _Way] = {}
        self._linux: dict[str, Logsource] = {}

    def events(self, rows: Iterable[Row]) -> Iterator[Event]:
        """Give the events of all lines."""
        zones = Zones()
        for row in self._with_zone(iter(rows), zones):
            fields = row.fields
            time_ns, host = fields["time_ns"], fields["host"]
            if fields["is_local"] and time_ns is not None:
                _learn(zones, fields)
                time_ns = zones.utc(host, time_ns)
            line = Line(row.record, time_ns, host, fields["program"], fields["pid"], fields["message"])
            way = self._ways.get(line.program) or self._learned(line.program)
            if way.reader == "linux":
                yield self._plain(line, self._of_linux(line.program), fields)
                continue
            found = self._read(line, way)
            if found is None:
                yield self._plain(line, UNKNOWN, fields)
            elif type(found) is tuple:
                yield from found
            else:
                yield found  # type: ignore[misc]  # not a tuple, so an event
        for queue in (self.postfix, self.exim, self.sendmail):
            yield from queue.left()

    @staticmethod
    def _with_zone(rows: Iterator[Row], zones: Zones) -> Iterator[Row]:
        """Give all rows; where times are local, so many are looked at ahead until one tells the zone."""
        head: list[Row] = []
        for row in islice(rows, LOOK_AHEAD):
            head.append(row)
            if not row.fields["is_local"] or _learn(zones, row.fields):
                break
        return chain(head, rows)

    def _learned(self, program: str) -> _Way:
        way = _way(program)
        if len(self._ways) < MAX_PROGRAMS:
            self._ways[program] = way
        return way

    def _read(self, line: Line, way: _Way) -> Event | tuple[Event, ...] | None:
        if way.reader == "postfix":
            return self.postfix.read(line)
        if way.reader == "dovecot":
            return self.dovecot.read(line)
        if way.reader == "exim":
            return self.exim.read(line)
        if way.reader == "sendmail":
            return self.sendmail.read(line)
        if way.reader == "imapd":  # both Courier and Cyrus call a program so
            if line.message.startswith(("badlogin:", "login:")):
                return self.cyrus.read(line, way.protocol)
            return self.courier.read(line, way.protocol)
        if way.reader == "courier":
            return self.courier.read(line, way.protocol)
        return self.cyrus.read(line, way.protocol)

    def _of_linux(self, program: str) -> Logsource:
        service = SERVICES.get(program, "syslog")
        found = self._linux.get(service)
        if found is None:
            found = self._linux[service] = Logsource("linux", "", service)
        return found

    def _plain(self, line: Line, logsource: Logsource, row: Mapping[str, Any]) -> Event:
        fields = {name: value for name, value in row.items() if name not in OWN}
        fields |= {"program": line.program, "message": line.message, "SYSLOG_IDENTIFIER": line.program}
        return Event(logsource, fields, line.time_ns, line.host, "", self.out.source, line.record)


def _learn(zones: Zones, fields: Mapping[str, Any]) -> bool:
    """Learn a host's zone from a message id that Postfix made itself, which holds the time in UTC.

    Nobody else can make one up: it holds the queue id, which is not known before the mail is accepted.

    Source: Postfix, cleanup(8): where a mail has no Message-ID, it gets the time in GMT, the queue id, and the host.
    """
    message = fields["message"]
    at = message.find(": message-id=<2")
    if at < 0 or not message.startswith(f".{message[:at]}@", at + 28):
        return False
    made = message[at + 14 : at + 28]
    if not made.isdecimal() or not fields["program"].startswith("postfix") or fields["time_ns"] is None:
        return False
    text = f"{made[:4]}-{made[4:6]}-{made[6:8]}T{made[8:10]}:{made[10:12]}:{made[12:]}"
    utc_ns, _ = parse(text)
    if utc_ns is None:
        return False
    zones.learn(fields["host"], fields["time_ns"], utc_ns)
    return zones.known(fields["host"])


def _way(program: str) -> _Way:
    """Tell who reads the lines of a program."""
    first, _, last = program.partition("/")
    if first.startswith("postfix"):
        return _Way("postfix")
    if first.startswith("exim"):
        return _Way("exim")
    if first in _DOVECOT or first.startswith("dovecot"):
        return _Way("dovecot")
    if first in _SENDMAIL or first.startswith("sm-") or first.startswith("sendmail"):
        return _Way("sendmail")
    if first == "cyrus":
        return _Way("cyrus", cyrus.PROGRAMS.get(last, ""))
    if first in ("imapd", "pop3d", "imaplogin"):
        return _Way("imapd", courier.PROGRAMS[first])
    if first in courier.PROGRAMS:
        return _Way("courier", courier.PROGRAMS[first])
    if first in cyrus.PROGRAMS and first != "master":
        return _Way("cyrus", cyrus.PROGRAMS[first])
    if first == "saslauthd":
        return _Way("cyrus")
    return _Way("linux")


def is_mail_program(program: str) -> bool:
    """Tell whether a program is one of those whose lines are read."""
    return _way(program).reader != "linux"
