"""Lines of syslog to events: who reads which program, and that no line keeps a reader busy."""

import pytest

from sekisho.normalize.syslog import is_mail_program, normalize
from sekisho.sources import Row


def events(program, message):
    fields = {"time_ns": 1, "is_local": False, "host": "h", "program": program, "pid": "", "message": message}
    return list(normalize([Row("1", fields)], "mail.log"))


@pytest.mark.parametrize(
    "program",
    [
        "postfix/smtpd", "postfix-out/smtp", "dovecot", "auth", "exim", "exim4", "sm-mta", "sendmail", "imapd", "pop3d-ssl",
        "cyrus/imaps", "saslauthd", "courieresmtpd",
    ],
)  # fmt: skip
def test_programs_of_mail_servers(program):
    assert is_mail_program(program)


@pytest.mark.parametrize("program", ["sshd", "kernel", "master", "systemd", "postgres"])
def test_other_programs(program):
    assert not is_mail_program(program)
    (event,) = events(program, "x")
    assert event.logsource.product == "linux"


LONG = 60_000


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("dovecot", "imap-login: Disconnected (auth failed, 1 attempts): user=<" + ">, method=PLAIN, rip=1" * (LONG // 22)),
        ("dovecot", "auth: sql(" + ",1.1.1.1): " * (LONG // 11)),
        ("dovecot", "imap(a): " + "in=1 " * (LONG // 5) + "x"),
        ("dovecot", "imap(" * (LONG // 5)),
        ("dovecot", "lmtp(a): sieve: msgid=" + ": saved" * (LONG // 7)),
        ("postfix/smtpd", "NOQUEUE: reject: RCPT from h[1.1.1.1]: 550 <" + "; from=<a> to=<b> proto=X helo=<" * (LONG // 32) + "\n"),
        ("postfix/smtpd", "NOQUEUE: reject: RCPT from h[1.1.1.1]: 550 <" + ">: " * (LONG // 3) + ">"),
        ("postfix/smtpd", "warning: " + "a from " * (LONG // 7)),
        ("postfix/smtpd", "4ABCDEF012: client=h[1.1.1.1], sasl_username=" + ", orig_" * (LONG // 7)),
        ("exim", "1rKabc-000001-AB <= a H=h [1.1.1.1] " + ' T="' * (LONG // 4)),
        ("exim", "1rKabc-000001-AB SA: Action: " + " From <" * (LONG // 7)),
        ("exim", "H=h [1.1.1.1]" + " A=b" * (LONG // 4)),
        ("exim", "SMTP protocol error in " + "H=" * (LONG // 2)),
        ("exim", "H=" + "a." * (LONG // 2)),
        ("sm-mta", "s1GNXHYB005133: to=" + ", ctladdr=a" * (LONG // 11)),
        ("sm-mta", "s1GNXHYB005133: AUTH failure (LOGIN): " + ", relay=a" * (LONG // 9)),
        ("sm-mta", "s1GNXHYB005133: from=<a>, size=1, " + "nrcpts=1, msgid=<" * (LONG // 17)),
        ("courieresmtpd", "error,relay=1.1.1.1" + ",a=b" * (LONG // 4) + "\n"),
        ("imapd", "LOGIN FAILED, user=" + ", ip=[1" * (LONG // 7)),
        ("imap", "badlogin: h [1.1.1.1] plaintext " + "SASL(-1): " * (LONG // 10)),
        ("imap", "login: h [1.1.1.1] " + "a plaintext " * (LONG // 12)),
    ],
)  # fmt: skip
def test_a_long_line_is_read_in_one_pass(program, message):
    assert events(program, message)  # one that backtracks would be busy for minutes


def lines(*texts):
    fields = [
        {
            "time_ns": at * 10**9,
            "is_local": True,
            "host": host,
            "program": "postfix/cleanup",
            "pid": "",
            "message": message,
        }
        for at, host, message in texts
    ]
    return [Row(str(number), one) for number, one in enumerate(fields, 1)]


NOON_IN_TOKYO = 1_732_795_200  # 2024-11-28 12:00:00, as if it were UTC
MADE = "4ABCDEF012: message-id=<20241128030000.4ABCDEF012@mx.corp.example>"


def test_local_times_become_utc_where_postfix_tells_the_zone():
    rows = lines((NOON_IN_TOKYO - 60, "mx", "statistics: x"), (NOON_IN_TOKYO, "mx", MADE))
    assert [event.time_ns for event in normalize(rows, "x")] == [
        (NOON_IN_TOKYO - 60 - 9 * 3600) * 10**9,
        (NOON_IN_TOKYO - 9 * 3600) * 10**9,
    ]


@pytest.mark.parametrize(
    "message",
    [
        "4ABCDEF012: message-id=<20241128030000.5ABCDEF012@mx.corp.example>",  # another queue id: the sender's own
        "4ABCDEF012: message-id=<20241128030000@mx.corp.example>",
        "4ABCDEF012: message-id=<2024112803000x.4ABCDEF012@mx.corp.example>",
        "4ABCDEF012: message-id=<20249928030000.4ABCDEF012@mx.corp.example>",
    ],
)
def test_a_senders_message_id_tells_no_zone(message):
    (event,) = normalize(lines((NOON_IN_TOKYO, "mx", message)), "x")
    assert event.time_ns == NOON_IN_TOKYO * 10**9
