"""Courier's lines."""

import pytest

from .lines import one, told

HEAD = "Nov 28 10:00:00 mail "


@pytest.mark.parametrize(
    ("text", "user", "result"),
    [
        ("imapd: LOGIN FAILED, user=sato@corp.example, ip=[::ffff:192.0.2.4]", "sato@corp.example", "failure"),
        ("imapd-ssl: LOGIN FAILED, method=PLAIN, ip=[::ffff:192.0.2.4]", "", "failure"),
        ("pop3d: LOGIN FAILED, user=sato, ip=[192.0.2.4]", "sato", "failure"),
        ("courierpop3login: LOGIN FAILED, user=sato, ip=[::ffff:192.0.2.4]", "sato", "failure"),
        ("imapd: LOGIN, user=sato, ip=[::ffff:192.0.2.4], port=[5123], protocol=IMAP", "sato", "success"),
        ("imapd: LOGIN FAILED, user=x, ip=[198.51.100.9], ip=[192.0.2.4]", "x, ip=[198.51.100.9]", "failure"),
        ("imapd[7]: INFO: LOGIN FAILED, user=sato, ip=[192.0.2.4]", "sato", "failure"),
        ('courieresmtpd: error,relay=::ffff:192.0.2.4,msg="535 Authentication failed.",cmd: AUTH PLAIN AAAAB', "", "failure"),
        ('courieresmtpd: error,relay=192.0.2.4,port=40000,msg="535 Authentication failed.",cmd: YWRvYmU=', "", "failure"),
    ],
)  # fmt: skip
def test_logins(text, user, result):
    assert told(one(HEAD + text), "src_ip", "result") == ("authentication", user, "192.0.2.4", result)


def test_what_a_session_moved():
    event = one(
        f"{HEAD}imapd: LOGOUT, user=sato, ip=[::ffff:192.0.2.4], port=[5123], headers=10, body=99, rcvd=12, sent=3456, time=7, starttls=1"
    )
    assert told(event, "fetched_bytes", "in_bytes", "out_bytes", "duration_s", "src_ip") == (
        "session", "sato", 99, 12, 3456, 7, "192.0.2.4",
    )  # fmt: skip


def test_a_refusal():
    event = one(
        f'{HEAD}courieresmtpd: error,relay=::ffff:192.0.2.4,ident="t",from=<a@b.example>,to=<c@corp.example>: 550 User unknown.'
    )
    assert told(event, "status", "sender", "recipient", "src_ip", "code")[2:] == (
        "rejected", "a@b.example", "c@corp.example", "192.0.2.4", "550",
    )  # fmt: skip
