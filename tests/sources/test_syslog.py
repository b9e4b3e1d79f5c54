"""Syslog text: every prefix in use, times without years, and lines that are broken or written by others."""

import gzip
import os
import random
from datetime import UTC, datetime

import pytest

from sekisho.normalize import syslog
from sekisho.sources import Gap, Row, load
from sekisho.sources.syslog import MAX_LINE_CHARS, read, recognise

LINE = "postfix/smtpd[12]: connect from unknown[192.0.2.3]"
PLAIN = f"Nov 28 10:00:00 mail {LINE}"


def rows(tmp_path, data, written="2026-11-28T12:00:00", name="mail.log"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    at = datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()
    os.utime(path, (at, at))
    return list(read(path))


def times(found):
    return [datetime.fromtimestamp(row.fields["time_ns"] / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S") for row in found]


@pytest.mark.parametrize(
    "line",
    [
        PLAIN,
        f"<22>{PLAIN}",
        f"Sat {PLAIN}",
        f"Nov 28 10:00:00.123456 mail {LINE}",
        f"Nov 28 10:00:00 2026 mail {LINE}",
        f"Nov 28 10:00:00 <mail.info> mail {LINE}",
        f"2026-11-28T19:00:00.123456+09:00 mail {LINE}",
        f"2026-11-28T10:00:00Z mail {LINE}",
        f"2026-11-28 10:00:00 mail {LINE}",
        "<22>1 2026-11-28T10:00:00.003Z mail postfix/smtpd 12 - - connect from unknown[192.0.2.3]",
        '<22>1 2026-11-28T10:00:00.003Z mail postfix/smtpd 12 ID47 [a@1 b="]"][c@2] connect from unknown[192.0.2.3]',
        f"mailserver-1  | {PLAIN}",
        f"2026-11-28T10:00:00.000000000Z {PLAIN}",
        f"2026-11-28T10:00:00.000000000Z stdout F {PLAIN}",
        f"mailserver-1 | 2026-11-28T10:00:00.000000000Z {PLAIN}",
        f"{PLAIN}\r",
    ],
)
def test_every_prefix_gives_the_same_row(tmp_path, line):
    (row,) = rows(tmp_path, line + "\n")
    assert recognise(line.encode(), tmp_path / "x")
    assert times([row]) == ["2026-11-28 10:00:00"]
    assert {name: row.fields[name] for name in ("host", "program", "pid", "message")} == {
        "host": "mail",
        "program": "postfix/smtpd",
        "pid": "12",
        "message": "connect from unknown[192.0.2.3]",
    }


def test_packed_files_and_line_numbers(tmp_path):
    text = f"{PLAIN}\n\n{PLAIN}\nno line\n{PLAIN}"
    plain = rows(tmp_path, text)
    assert plain == rows(tmp_path, gzip.compress(text.encode(), mtime=1_795_867_200), name="mail.log.1.gz")
    assert [item.record for item in plain] == ["1", "3", "4", "5"]
    assert isinstance(plain[2], Gap)


def test_a_gzip_file_says_itself_when_it_was_written(tmp_path):
    packed = gzip.compress(f"{PLAIN}\n".encode(), mtime=1_640_000_000)  # December 2021
    assert times(rows(tmp_path, packed)) == ["2021-11-28 10:00:00"]


@pytest.mark.parametrize(
    ("days", "written", "years"),
    [
        (["Nov 27", "Nov 28"], "2026-11-28T12:00:00", [2026, 2026]),
        (["Nov 29"], "2026-11-28T12:00:00", [2026]),  # ahead of UTC: within a zone's span
        (["Nov 30"], "2026-11-28T12:00:00", [2025]),
        (["Dec 30", "Dec 31", "Jan  1", "Jan  2"], "2026-01-02T12:00:00", [2025, 2025, 2026, 2026]),
        (["Dec 31", "Jan  1", "Dec 31", "Jan  1"], "2026-01-02T12:00:00", [2025, 2026, 2025, 2026]),  # out of order
        (["Apr  1", "Dec 31", "Jan  1", "Jul  1", "Dec 31", "Jan  1"], "2026-03-01T00:00:00", [2024, 2024, 2025, 2025, 2025, 2026]),
        (["Feb 29"], "2026-11-28T12:00:00", [2024]),
        (["Feb 21", "Dec  2", "Jul 18", "May  5"], "2005-08-14T12:00:00", [2005, 2004, 2005, 2005]),  # no chronicle
    ],
)  # fmt: skip
def test_years(tmp_path, days, written, years):
    found = rows(tmp_path, "".join(f"{day} 10:00:00 mail {LINE}\n" for day in days), written)
    assert [int(time[:4]) for time in times(found)] == years


def test_a_time_that_does_not_exist_is_none(tmp_path):
    first, second = rows(tmp_path, f"Feb 31 10:00:00 mail {LINE}\n2026-02-31T10:00:00Z mail {LINE}\n")
    assert first.fields["time_ns"] is None is second.fields["time_ns"]


def test_only_a_line_feed_ends_a_line(tmp_path):
    hidden = f"Nov 28 10:00:00 mail postfix/smtpd[1]: warning: \r\x0b\x85\u2028{PLAIN}\n"
    assert len(rows(tmp_path, hidden)) == 1


def test_a_long_line_is_a_gap_and_the_rest_goes_on(tmp_path):
    for size in (MAX_LINE_CHARS + 1, 5 << 20):
        first, second = rows(tmp_path, f"Nov 28 10:00:00 mail x[1]: {'a' * size}\n{PLAIN}\n")
        assert (first.record, second.record) == ("1", "2")
        assert "longer than 64 Ki" in first.reason


def test_bytes_that_are_no_text_cost_no_line(tmp_path):
    found = rows(tmp_path, f"{PLAIN}\n{PLAIN} ".encode() + b"\xff\xfe\n" + PLAIN.encode())
    assert [row.record for row in found] == ["1", "2", "3"]
    assert found[1].fields["message"].endswith("\\xff\\xfe")


def test_a_broken_stream_is_told(tmp_path):
    packed = gzip.compress((PLAIN + "\n").encode() * 2000)
    *_, last = rows(tmp_path, packed[:-20], name="a.gz")
    assert isinstance(last, Gap)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        '{"time": "2026-11-28T10:00:00Z"}\n',
        "From a@b Mon Apr 25 10:00:00 2022\nSubject: x\n",
        "Received: from x; Sat, 28 Nov 2026 10:00:00 +0000\n",
        "#Fields: date time\n2026-11-28 10:00:00\n",
        '192.0.2.1 - - [28/Nov/2026:10:00:00 +0900] "GET / HTTP/1.1" 200 1\n',
        "2026-11-28 10:00:00 INFO something happened: x\n" * 3,
        "2026/11/28 10:00:00 [error] 7#7: *1 open() failed\n" * 3,
    ],
)
def test_anything_else_is_not_claimed(tmp_path, text):
    assert not recognise(text.encode(), tmp_path / "x")


def test_no_other_source_claims_a_mail_log(tmp_path):
    lines = (
        "Nov 28 10:00:0{} mail dovecot: imap-login: Login: user=<a>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1\n",
        "2026-11-28T10:00:0{}Z mail dovecot: imap-login: Login: user=<a>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1\n",
        '2026-11-28 10:00:0{} 1rKabc-000001-AB <= a@b H=h [192.0.2.4] T="a, b" for c@d\n',
        "Nov 28 10:00:0{} mx sm-mta[1]: s1GNXHYB005133: to=<a>, delay=0, mailer=local, pri=1, dsn=2.0.0, stat=Sent\n",
    )
    for line in lines:
        head = "".join(line.format(second) for second in range(10)).encode()
        assert [name for name, one in load().items() if one.recognise(head, tmp_path / "x.log")] == ["syslog"]


def test_lines_of_other_programs_are_linux(tmp_path):
    text = f"{PLAIN}\nNov 28 10:00:00 mail sshd[7]: Failed password for x\nNov 28 10:00:00 mail cron[7]: y\nNov 28 10:00:00 mail dovecot: ???\n"
    found = list(syslog.normalize((one for one in rows(tmp_path, text) if isinstance(one, Row)), "m"))
    assert [tuple(event.logsource) for event in found] == [
        ("email", "smtp", "postfix"), ("linux", "", "sshd"), ("linux", "", "cron"), ("", "", ""),
    ]  # fmt: skip


def test_any_bytes_give_rows_and_gaps_only(tmp_path):
    dice = random.Random(5)
    seeds = [
        PLAIN,
        "Nov 28 10:00:00 mail dovecot: imap-login: Disconnected (auth failed, 1 attempts): user=<a>, method=PLAIN, rip=192.0.2.4, lip=10.0.0.1, session=<S>",
        "Nov 28 10:00:00 mail dovecot: auth: sql(a,192.0.2.4,<S>): unknown user (given password: x)",
        "Nov 28 10:00:00 mx postfix/smtp[4]: 4ABCDEF012: to=<a@b>, relay=x[198.51.100.3]:25, delay=0.5, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)",
        "Nov 28 10:00:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from h[192.0.2.4]: 550 5.1.1 <x>: no; from=<a> to=<x> proto=SMTP helo=<h>",
        '2026-11-28 10:00:00 1rKabc-000001-AB <= a@b H=h (x) [192.0.2.4] P=esmtp A=p:u S=1 id=i T="t" for c@d',
        "2026-11-28 10:00:00 H=h [192.0.2.4] F=<a@b> rejected RCPT <c@d>: no",
        "Nov 28 10:00:00 mx sm-mta[1]: s1GNXHYB005133: to=<a>, delay=0, mailer=local, pri=1, dsn=2.0.0, stat=Sent",
        "Nov 28 10:00:00 mail imapd: LOGIN FAILED, user=a, ip=[::ffff:192.0.2.4]",
        "Nov 28 10:00:00 mail cyrus/imap[5]: badlogin: h [192.0.2.4] plaintext a SASL(-13): no",
        '<22>1 2026-11-28T10:00:00.003Z mail postfix/smtpd 12 - [a b="c"] x',
    ]  # fmt: skip
    lines = []
    for _ in range(4_000):
        line = bytearray(dice.choice(seeds).encode())
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(len(line))
            piece = dice.choice([b"", b"<", b">", b", ", b"[", b"]", b'"', b"(", b": ", bytes([dice.randrange(256)])])
            line[at : at + dice.randrange(3)] = piece
        lines.append(bytes(line).replace(b"\n", b""))
    found = rows(tmp_path, b"\n".join(lines))
    events = list(syslog.normalize((one for one in found if isinstance(one, Row)), "m"))
    assert len(found) > 3_500
    assert len(events) > 1_000
