"""Sendmail's lines, and what clients write into them."""

import pytest

from .lines import events, one, told

HEAD = "Nov 28 10:00:00 mx sm-mta[5133]: s1GNXHYB005133: "
FROM = f"{HEAD}from=<a@b.example>, size=1200, class=0, nrcpts=1, msgid=<1@b.example>, proto=ESMTP, daemon=MTA, relay=h.b.example [192.0.2.4]"
TO = f"{HEAD}to=<c@d.example>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, relay=mx.d.example. [198.51.100.8], dsn=2.0.0, stat=Sent (Ok)"
AUTH = f"{HEAD}AUTH=server, relay=h.b.example [192.0.2.4], authid=sato, mech=PLAIN, bits=0"


def test_a_mail_and_its_delivery():
    (event,) = events(f"{FROM}\n{TO}")
    assert told(event, "sender", "recipient", "message_id", "src_ip", "status", "direction", "size", "joined_records")[2:] == (
        "a@b.example", "c@d.example", "1@b.example", "192.0.2.4", "sent", "relayed", 1200, ["1", "2"],
    )  # fmt: skip


def test_who_logged_in_sent_it():
    login, event = events(f"{AUTH}\n{FROM}\n{TO}")
    assert told(login, "result", "method", "src_ip") == ("authentication", "sato", "success", "PLAIN", "192.0.2.4")
    assert told(event, "direction", "method") == ("mailflow", "sato", "outbound", "PLAIN")


def test_a_message_id_forges_no_relay():
    line = FROM.replace("<1@b.example>", "<x, relay=boss [198.51.100.9]>")
    assert events(f"{line}\n{TO}")[0].fields["src_ip"] == "192.0.2.4"


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user=sato, relay=h [192.0.2.4] (may be forged)", "sato"),
        ("AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user=x, relay=[198.51.100.9], relay=[192.0.2.4] (may be forged)", "x, relay=[198.51.100.9]"),
        ("AUTH failure (CRAM-MD5): user not found (-20) SASL(-13): user not found: no secret in database, relay=[IPv6:::ffff:192.0.2.4]", ""),
    ],
)  # fmt: skip
def test_failed_logins(text, user):
    assert told(one(HEAD + text), "src_ip", "result") == ("authentication", user, "192.0.2.4", "failure")


def test_refusals():
    rejected = one(
        f"{HEAD}ruleset=check_rcpt, arg1=<x@y.example>, relay=h.example [192.0.2.4] (may be forged), reject=550 5.7.1 <x@y.example>... Relaying denied. [198.51.100.9], relay=[198.51.100.9]"
    )
    assert told(rejected, "src_ip", "status", "recipient", "code", "dsn")[2:] == (
        "192.0.2.4",
        "rejected",
        "x@y.example",
        "550",
        "5.7.1",
    )
    said, unknown = events(f"{HEAD}<x@corp.example>... User unknown\n{FROM.replace('nrcpts=1', 'nrcpts=0')}")
    assert said.logsource.category == "mailserver"
    assert told(unknown, "status", "recipient", "src_ip")[2:] == ("rejected", ["x@corp.example"], "192.0.2.4")
    (none,) = events(FROM.replace("nrcpts=1", "nrcpts=0"))
    assert none.fields["status"] == "none"


@pytest.mark.parametrize(
    "text",
    [
        "h.example [192.0.2.4]: possible SMTP attack: command=AUTH, count=5",
        "[192.0.2.4]: EXPN root [rejected]",
        "rejecting commands from  [192.0.2.4] due to pre-greeting traffic after 0 seconds",
        "h.example [192.0.2.4] (may be forged) did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA",
        "lost input channel from h.example [192.0.2.4] to MTA-v4 after rcpt",
    ],
)
def test_misbehaviour(text):
    event = one(HEAD + text)
    assert told(event, "src_ip") == ("smtp", "", "192.0.2.4")
    assert "192.0.2.4" not in event.fields["violation"]


@pytest.mark.parametrize("to", ['"x, relay=[198.51.100.9], reject=550"@y.example', "x,relay=[198.51.100.9],reject=550@y.example"])  # fmt: skip
def test_a_recipient_forges_no_relay(to):
    event = one(
        f"{HEAD}ruleset=check_rcpt, arg1=<{to}>, relay=h.example [192.0.2.4], reject=550 5.7.1 <{to}>... Relaying denied."
    )
    assert told(event, "src_ip", "recipient", "status")[2:] == ("192.0.2.4", to, "rejected")
