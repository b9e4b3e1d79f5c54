"""Rates of mail servers' logs: ``python tests/bench/bench_mail_logs.py``; not a test.

Reads and normalises LINES made-up lines of each server on one core; CPU time, best and median of REPEATS.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sekisho.normalize import syslog
from sekisho.sources import Row
from sekisho.sources.syslog import read

LINES = 100_000
REPEATS = 5


def _dovecot(n: int, at: str, ip: str) -> tuple[str, ...]:
    head, session = f"{at} mail dovecot: ", f"{n:x}abcd"
    user = f"user{n % 500}@corp.example"
    return (
        f"{head}imap-login: Login: user=<{user}>, method=PLAIN, rip={ip}, lip=10.0.0.25, mpid={n}, TLS, session=<{session}>",
        f"{head}imap({user})<{n}><{session}>: Disconnected: Logged out in=68 out=1066 deleted=0 expunged=0 trashed=0 "
        "hdr_count=1 hdr_bytes=2 body_count=0 body_bytes=0",
        f"{head}imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<a{n % 50}>, method=PLAIN, rip={ip}, "
        f"lip=10.0.0.25, TLS, session=<{session}2>",
    )


def _postfix(n: int, at: str, ip: str) -> tuple[str, ...]:
    head, mail = f"{at} mx postfix/", f"{n + 0x4A00000000:X}"
    user = f"u{n % 400}@corp.example"
    return (
        f"{head}smtpd[1]: connect from h{n % 90}.example[{ip}]",
        f"{head}smtpd[1]: {mail}: client=h{n % 90}.example[{ip}], sasl_method=LOGIN, sasl_username={user}",
        f"{head}cleanup[2]: {mail}: message-id=<{n}.x@corp.example>",
        f"{head}qmgr[3]: {mail}: from=<{user}>, size={n}, nrcpt=1 (queue active)",
        f"{head}smtpd[1]: disconnect from h{n % 90}.example[{ip}] ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 quit=1 commands=7",
        f"{head}smtp[4]: {mail}: to=<a{n % 777}@partner.example>, relay=mx.partner.example[198.51.100.3]:25, delay=0.5, "
        "delays=0.1/0/0.2/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 1234)",
        f"{head}qmgr[3]: {mail}: removed",
    )


def _exim(n: int, at: str, ip: str) -> tuple[str, ...]:
    head = f"2026-11-28 {at[7:]} 1rK{n % 1000:03}-{n:06}-AB "
    return (
        f"{head}<= u{n % 400}@corp.example H=pc{n % 99}.corp.example (helo) [{ip}]:333 I=[10.0.0.1]:587 P=esmtpsa "
        f'X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=plain:u{n % 400} S=1234 id={n}@corp.example T="Re: x" '
        "from <u@corp.example> for a@b.example",
        f"{head}=> a@b.example R=dnslookup T=remote_smtp H=mx.b.example [198.51.100.9] "
        'X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes C="250 OK id=1"',
        f"{head}Completed",
    )


def _sendmail(n: int, at: str, ip: str) -> tuple[str, ...]:
    head = f"{at} mx sm-mta[1]: s1GN{n:010}: "
    return (
        f"{head}from=<a{n % 300}@b.example>, size=1200, class=0, nrcpts=1, msgid=<{n}@b.example>, proto=ESMTP, daemon=MTA, "
        f"relay=h.b.example [{ip}]",
        f"{head}to=<c@d.example>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, relay=mx.d.example. "
        "[198.51.100.8], dsn=2.0.0, stat=Sent (Ok: queued)",
    )


def _courier(n: int, at: str, ip: str) -> tuple[str, ...]:
    head, who = f"{at} mail imapd: ", f"user=u{n % 300}, ip=[::ffff:{ip}], port=[5123]"
    return (
        f"{head}LOGIN, {who}, protocol=IMAP",
        f"{head}LOGOUT, {who}, headers=10, body=99, rcvd=12, sent=3456, time=7, starttls=1",
    )


def _cyrus(n: int, at: str, ip: str) -> tuple[str, ...]:
    head, who = f"{at} mail cyrus/imaps[5]: ", f"h{n % 90}.example [{ip}]"
    return (
        f"{head}badlogin: {who} plaintext u{n % 300} SASL(-13): authentication failure: checkpass failed",
        f"{head}login: {who} u{n % 300} plaintext+TLS User logged in SESSIONID=<mail-{n}>",
    )


SERVERS = (_postfix, _exim, _sendmail, _dovecot, _courier, _cyrus)


def _rows(path: Path) -> Iterator[Row]:
    for item in read(path):
        if isinstance(item, Row):
            yield item


def main() -> None:
    """Print lines a second of each server."""
    for server in SERVERS:
        lines: list[str] = []
        while len(lines) < LINES:
            n = len(lines)
            at = f"Nov 28 {n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}"
            lines += server(n, at, f"198.51.{n % 200}.{n * 7 % 250}")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "mail.log"
            path.write_text("\n".join(lines) + "\n")
            spent = []
            for _ in range(REPEATS):
                start = time.process_time()
                for _event in syslog.normalize(_rows(path), "mail.log"):
                    pass
                spent.append(time.process_time() - start)
        best, usual = len(lines) / min(spent), len(lines) / statistics.median(spent)
        print(f"{server.__name__[1:]:10} {len(lines):8,} lines  best {best:8,.0f}/s  median {usual:8,.0f}/s")


if __name__ == "__main__":
    main()
