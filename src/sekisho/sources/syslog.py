"""Lines of syslog in text: mail servers' logs and others, as syslogd, rsyslog, journalctl, Docker, Exim, Dovecot write.

Source: RFC 3164, 4.1; RFC 5424, 6; rsyslog, RSYSLOG_FileFormat; journalctl(1), ``--output short*``; Docker, ``docker
logs --timestamps``; Kubernetes CRI log format; Exim specification, 52.2; Dovecot, ``log_timestamp``; multilog(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sekisho.model.artifact import Artifact
from sekisho.sources import Gap, Row, source
from sekisho.sources._packed import open_file, peek, unpack, until_break
from sekisho.sources._years import SECOND_NS, IsoTimes, Years, scan, written_at
from sekisho.sources.json_stream import as_utf8

MAX_LINE_CHARS = 64 * 1024
"""Longer than any line that a syslog daemon passes on; rsyslog's default is 8 KiB."""
SAMPLE_LINES = 200
MIN_SHARE = 3
"""Of the lines looked at, one in so many must be one of syslog."""
_MAIL_PROGRAM = re.compile(
    r"postfix[\w.-]*/|dovecot|exim|sendmail\[|sm-[\w-]+\[|imapd|pop3d|imap-login|pop3-login|managesieve-login|courier|"
    r"cyrus/|imaps?\[|pop3s?\[|saslauthd|auth(?:-worker)?[(:]"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIME = re.compile(
    r"(?:<\d{1,3}>)?(?:1 )?(?:\w{3} )?(?:"
    rf"({_MONTH}) +(\d{{1,2}}) (\d\d):(\d\d):(\d\d)(?:[.,](\d{{1,9}}))?(?: (\d{{4}}))?"
    r"|(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d)(?=\s))?)"
    r"|@([0-9a-f]{24})"
    r"):? +"
)
_PROGRAM = re.compile(
    r"(?:<[\w.]{1,40}> )?(\S{0,254}[^\s:)>]) (?:<[\w.]{1,40}> )?([^\s\[\]:<>]{1,100})(?:\[(\d{1,10})\])?: ?"
)
_BARE = re.compile(r"([a-z][\w./-]{1,60})\[(\d{1,10})\]: ")
# RFC 5424 has no colon: host, program, process id, message id, structured data, message.
_DATA = r"(?:-|(?:\[(?:[^\]\\\"]|\"(?:[^\"\\]|\\.)*+\"|\\.)*+\])+)"
_NEW = re.compile(rf"(\S{{1,255}}) (\S{{1,48}}) (\S{{1,128}}) (\S{{1,32}}) {_DATA} ?(?:\ufeff)?")
# Dovecot's own files name no host, and the process instead of a program.
_DOVECOT = re.compile(
    r"(?:(?:Info|Warning|Error|Fatal|Panic|Debug): )?(?:dovecot: )?(?=(?:"
    r"(?:imap|pop3|managesieve|submission|sieve)-login|auth(?:-worker)?|imap|pop3|lmtp|lda|deliver|managesieve|master|"
    r"config|log|stats|anvil|indexer(?:-worker)?|doveadm|ssl-params|replicator)[(<:])"
)
_EXIM = re.compile(
    r"(?:\[\d{1,10}\] )*(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} |H=|F=|\S+ authenticator failed for |"
    r"SMTP |TLS |VRFY |SIGHUP|Connection |Warning: |no MAIL in |no host name found|no IP address found|rejected |"
    r"unexpected disconnection|exim \d|Start queue run|End queue run|cwd=|pid |daemon |ident )"
)
_HOST_EXIM = re.compile(
    r"(\S{1,255}) (exim[\w.-]{0,40})(?:\[(\d{1,10})\])?: (?:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) )?"
)
# What containers put before a line: "mail  | ", "2024-05-01T10:00:00.000000000Z ", "… stdout F ".
_CONTAINER = re.compile(
    r"(?:[\w./-]{1,100} +\| ?)?(?:\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d) (?:std(?:out|err) [FP] )?)?"
)


class Prefix(NamedTuple):
    """What stands before the message of a line."""

    time: re.Match[str] | None
    host: str
    program: str
    pid: str
    at: int
    """Where the message begins."""


def recognise(head: bytes, path: Path) -> bool:
    """Tell by lines of syslog: one of a mail server among them, or nearly nothing else."""
    text = b"".join(as_utf8([peek(head)]))
    if not text or b"\0" in text[:1024] or text[:1] in b"{[":
        return False
    lines = text.split(b"\n")[: SAMPLE_LINES + 1]
    if len(lines) > 1:
        lines.pop()
    seen = parsed = mails = 0
    for raw in lines:
        line = raw[:2000].decode("utf-8", "replace").strip("\r")
        if not line or line.startswith("#"):
            continue
        seen += 1
        found = prefix(line)
        if found is None:
            continue
        parsed += 1
        mails += _MAIL_PROGRAM.match(found.program + ("[" if found.pid else ":")) is not None
    return parsed * MIN_SHARE >= seen > 0 and (mails > 0 or (parsed > 1 and parsed * 10 >= seen * 9))


def is_mail(program: str) -> bool:
    """Tell whether a program is one of a mail server's."""
    return _MAIL_PROGRAM.match(f"{program}[") is not None or _MAIL_PROGRAM.match(f"{program}:") is not None


def prefix(line: str) -> Prefix | None:
    """Read what stands before the message of a line; None where that is nothing of syslog."""
    time = _TIME.match(line)
    if time is not None and (found := _named(line, time)) is not None:
        return found
    if (container := _CONTAINER.match(line)) is not None and (cut := container.end()):
        inner = _TIME.match(line, cut)
        if inner is not None and (found := _named(line, inner)) is not None:
            return found
        outer = _TIME.search(line[:cut])
        if outer is not None and (dovecot := _DOVECOT.match(line, cut)):
            return Prefix(outer, "", "dovecot", "", dovecot.end())
    if (exim := _HOST_EXIM.match(line)) is not None:  # the journal's own time was left out
        time = _TIME.match(line, exim.start(4)) if exim[4] else None
        return Prefix(time, exim[1], exim[2], exim[3] or "", exim.end())
    return None


def _named(line: str, time: re.Match[str]) -> Prefix | None:
    """Read host and program, which stand behind the time or are left out."""
    at = time.end()
    if dovecot := _DOVECOT.match(line, at):
        return Prefix(time, "", "dovecot", "", dovecot.end())
    spaced = time[8] is not None and time[8][10] == " "  # Exim's way to write it; only there may the program be missing
    if spaced and _EXIM.match(line, at):
        return Prefix(time, "", "exim", "", at)
    found = _PROGRAM.match(line, at)
    if found is not None and (not spaced or found[3] or _MAIL_PROGRAM.match(f"{found[2]}:")):
        end = found.end()
        if found[2].startswith("exim") and (again := _HOST_EXIM.match(line, at)):
            end = again.end()
        return Prefix(time, found[1], found[2], found[3] or "", end)
    if line.startswith("<") and (new := _NEW.match(line, at)):
        return Prefix(time, new[1], new[2], new[3] if new[3].isdecimal() else "", new.end())
    if bare := _BARE.match(line, at):
        return Prefix(time, "", bare[1], bare[2], bare.end())
    return None


@source("syslog", recognise=recognise, event_class="syslog")
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every line of a syslog file.

    Yields:
        A row per line, in file order, with ``time_ns is_local host program pid message``; its record is the line
        number. A gap for each line without such a prefix, and for one that is too long. Lines end with a line feed and
        nothing else.

    A time without year gets the one that :class:`sekisho.sources._years.Years` finds by the order of the lines and the
    time the file was last written. A time without zone is given as if it were UTC, and ``is_local`` says so.

    Raises:
        SourceError: the file cannot be opened.
    """
    broken: list[str] = []
    with open_file(path) as file:
        years = Years(scan(until_break(unpack(file), [])), written_at(path, file))
        file.seek(0)
        yield from rows(_lines(as_utf8(until_break(unpack(file), broken))), years)
    for reason in broken:
        yield Gap("end", reason)


def rows(lines: Iterable[str | None], years: Years) -> Iterator[Row | Gap]:
    """Give the row of each line; None stands for a line that is too long."""
    number, iso = 0, IsoTimes()
    for line in lines:
        number += 1
        if line is None or len(line) > MAX_LINE_CHARS:
            yield Gap(str(number), f"line is longer than {MAX_LINE_CHARS >> 10} Ki characters")
            continue
        found = prefix(line)
        if found is None:
            if line.strip("\0 \t\r"):
                yield Gap(str(number), "no line of syslog")
            continue
        time, host, program, pid, at = found
        time_ns, zoned = (None, True) if time is None else _time_ns(time, years, iso)
        yield Row(
            str(number),
            {
                "time_ns": time_ns,
                "is_local": not zoned,
                "host": host,
                "program": program,
                "pid": pid,
                "message": line[at:].removesuffix("\r"),
            },
        )


def _time_ns(time: re.Match[str], years: Years, iso: IsoTimes) -> tuple[int | None, bool]:
    """Give a time, and whether its zone is known."""
    month, day, hour, minute, second, fraction, year, text, tai = time.groups()
    if month:
        return years.ns(month, day, hour, minute, second, fraction, year), False
    if text:
        return iso.ns(text)
    # TAI64N: 2^62 plus ten seconds more than UTC counts since 1970, as the tools of daemontools write it.
    return (int(tai[:16], 16) - (1 << 62) - 10) * SECOND_NS + int(tai[16:], 16) % SECOND_NS, True


def _lines(parts: Iterable[bytes]) -> Iterator[str | None]:
    """Give each line as text; None for one that is too long, which is never held whole."""
    held, skipping = b"", False
    for part in parts:
        block = held + part
        cut = block.rfind(b"\n") + 1
        if cut:
            text = _text(block[:cut])
            if text is not None:
                lines = text.split("\n")
                lines.pop()
                if skipping:
                    lines[0], skipping = None, False  # type: ignore[call-overload]
                yield from lines
            else:
                for raw in block[: cut - 1].split(b"\n"):
                    yield None if skipping else raw.decode("utf-8", "backslashreplace")
                    skipping = False
        held = block[cut:]
        if len(held) > 4 * MAX_LINE_CHARS:
            held, skipping = b"", True
    if skipping:
        yield None
    elif held:
        yield held.decode("utf-8", "backslashreplace")


def _text(block: bytes) -> str | None:
    try:
        return block.decode()
    except UnicodeDecodeError:
        return None
