"""Postfix: mails joined by their queue id, refusals, logins, and what clients write into its log."""

import pytest

from .lines import events, one, told

HEAD = "Nov 28 10:00:00 mx postfix/"
CLIENT = f"{HEAD}smtpd[1]: 4ABCDEF012: client=pc[203.0.113.9]"
MESSAGE_ID = f"{HEAD}cleanup[2]: 4ABCDEF012: message-id=<1@corp.example>"
SENDER = f"{HEAD}qmgr[3]: 4ABCDEF012: from=<sato@corp.example>, size=900, nrcpt=2 (queue active)"
SENT = f"{HEAD}smtp[4]: 4ABCDEF012: to=<a@partner.example>, relay=mx.partner.example[198.51.100.3]:25, delay=0.5, delays=0.1/0/0.2/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
BOUNCED = f"{HEAD}smtp[4]: 4ABCDEF012: to=<b@partner.example>, orig_to=<c@corp.example>, relay=none, delay=5, delays=1/1/1/2, dsn=5.1.1, status=bounced (host said: no)"
REMOVED = f"{HEAD}qmgr[3]: 4ABCDEF012: removed"
SASL = ", sasl_method=LOGIN, sasl_username=sato@corp.example"
REJECT = f"{HEAD}smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.4]: "


def test_a_delivery_has_what_other_lines_told_of_its_mail():
    login, sent, bounced = events("\n".join([CLIENT + SASL, MESSAGE_ID, SENDER, SENT, BOUNCED, REMOVED]))
    assert told(login, "result", "protocol", "method", "src_ip") == (
        "authentication", "sato@corp.example", "success", "smtp", "LOGIN", "203.0.113.9",
    )  # fmt: skip
    assert told(sent, "sender", "recipient", "message_id", "src_ip", "status", "direction", "relay_ip", "size") == (
        "mailflow", "sato@corp.example", "sato@corp.example", "a@partner.example", "1@corp.example", "203.0.113.9", "sent",
        "outbound", "198.51.100.3", 900,
    )  # fmt: skip
    assert (sent.record, sent.fields["joined_records"]) == ("4", ["1", "2", "3", "4"])
    assert told(bounced, "status", "original_recipient", "reply")[2:] == ("bounced", "c@corp.example", "host said: no")


@pytest.mark.parametrize(
    ("client", "delivery", "direction"),
    [
        (CLIENT, "lmtp[4]: 4ABCDEF012: to=<a@corp.example>, relay=mail[private/dovecot-lmtp], delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)", "inbound"),
        (CLIENT + SASL, "local[4]: 4ABCDEF012: to=<a@corp.example>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)", "internal"),
        (CLIENT, "smtp[4]: 4ABCDEF012: to=<a@corp.example>, relay=store[10.0.0.25]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)", "inbound"),
        (CLIENT, "smtp[4]: 4ABCDEF012: to=<a@corp.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)", "filter"),
        (CLIENT, "smtp[4]: 4ABCDEF012: to=<a@x.example>, relay=x[198.51.100.1]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)", "relayed"),
        (CLIENT.replace("203.0.113.9", "10.1.2.3"), "smtp[4]: 4ABCDEF012: to=<a@x.example>, relay=x[198.51.100.1]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)", "outbound"),
        (f"{HEAD}pickup[1]: 4ABCDEF012: uid=33 from=<www-data>", "smtp[4]: 4ABCDEF012: to=<a@x.example>, relay=x[198.51.100.1]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (ok)", "outbound"),
    ],
)  # fmt: skip
def test_directions(client, delivery, direction):
    assert events(f"{client}\n{HEAD}{delivery}")[-1].fields["direction"] == direction


def test_a_mail_that_the_log_loses_sight_of_is_told_at_the_end():
    (lost,) = events(f"{CLIENT}\n{MESSAGE_ID}")
    assert told(lost, "status", "message_id") == ("mailflow", "", "unknown", "1@corp.example")


def test_two_servers_may_use_one_queue_id():
    other = CLIENT.replace(" mx ", " mx2 ").replace("203.0.113.9", "192.0.2.77")
    first, second = events("\n".join([CLIENT, other, SENT, SENT.replace(" mx ", " mx2 ")]))
    assert (first.fields["src_ip"], second.fields["src_ip"]) == ("203.0.113.9", "192.0.2.77")


def test_a_queue_id_that_comes_again_is_another_mail():
    again = CLIENT.replace("203.0.113.9", "192.0.2.77")
    found = events("\n".join([CLIENT, MESSAGE_ID, again, SENT]))
    assert [one.fields["status"] for one in found] == ["unknown", "sent"]
    assert "message_id" not in found[1].fields


@pytest.mark.parametrize(
    ("text", "user", "result"),
    [
        ("warning: unknown[192.0.2.4]: SASL LOGIN authentication failed: UGFzc3dvcmQ6", "", "failure"),
        ("warning: unknown[192.0.2.4]:55729: SASL login authentication failed: authentication failure", "", "failure"),
        ("warning: h.example[192.0.2.4]: SASL PLAIN authentication failed:", "", "failure"),
        ("warning: h[192.0.2.4]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=admin", "admin", "failure"),
        ("warning: h[192.0.2.4]: SASL LOGIN authentication failed: Connection lost to authentication server", "", "error"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("daemon", ["smtpd", "submission/smtpd", "smtps/smtpd"])
def test_failed_logins(daemon, text, user, result):
    assert told(one(f"{HEAD}{daemon}[1]: {text}"), "src_ip", "result") == ("authentication", user, "192.0.2.4", result)


def test_a_refusal():
    event = one(
        f"{REJECT}550 5.1.1 <x@corp.example>: Recipient address rejected: unknown; from=<a@b.example> to=<x@corp.example> proto=ESMTP helo=<pc>"
    )
    assert told(event, "status", "code", "dsn", "sender", "recipient", "helo", "src_ip", "reason")[2:] == (
        "rejected", "550", "5.1.1", "a@b.example", "x@corp.example", "pc", "192.0.2.4",
        "<x@corp.example>: Recipient address rejected: unknown",
    )  # fmt: skip


@pytest.mark.parametrize(
    "helo",
    [
        "x> to=<boss@corp.example> proto=ESMTP helo=<y",
        "x; from=<boss@corp.example> to=<z@corp.example> proto=SMTP helo=<y",
        "a>: Helo command rejected: no; from=<boss@corp.example> to=<z@corp.example> proto=SMTP helo=<a",
    ],
)
def test_a_helo_forges_no_sender(helo):
    refused = one(
        f"{REJECT}504 5.5.2 <{helo}>: Helo command rejected: need fully-qualified hostname; from=<a@b.example> to=<c@corp.example> proto=SMTP helo=<{helo}>"
    )
    other = one(
        f"{REJECT}450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.4]; from=<a@b.example> to=<c@corp.example> proto=SMTP helo=<{helo}>"
    )
    for event in (refused, other):
        assert told(event, "sender", "recipient", "helo", "src_ip")[2:] == (
            "a@b.example",
            "c@corp.example",
            helo,
            "192.0.2.4",
        )


def test_a_quoted_local_part_forges_no_recipient():
    sender = '"x> to=<boss@corp.example> proto=SMTP helo=<y"@b.example'
    event = one(
        f"{REJECT}450 4.1.8 <{sender}>: Sender address rejected: Domain not found; from=<{sender}> to=<c@corp.example> proto=SMTP helo=<pc>"
    )
    assert told(event, "sender", "recipient", "helo")[2:] == (sender, "c@corp.example", "pc")


def test_headers_that_the_log_quotes_are_no_lines_of_a_mail():
    quoted = f"{HEAD}cleanup[2]: 4ABCDEF012: warning: header Subject: 4ABCDEF012: to=<x@y>, relay=z, delay=1, dsn=2.0.0, status=sent (ok) from h[192.0.2.4]; from=<a@b> to=<c@d>"
    found = events(f"{CLIENT}\n{quoted}\n{SENT}")
    assert [event.logsource.category for event in found] == ["mailserver", "mailflow"]


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ("smtpd[1]: disconnect from h[192.0.2.4] ehlo=1 auth=0/2 quit=1 commands=2/4", "authentication failed"),
        ("smtpd[1]: improper command pipelining after DATA from h[192.0.2.4]: QUIT", "improper command pipelining"),
        ("smtpd[1]: too many errors after RCPT from h[192.0.2.4]", "too many errors"),
        ("smtpd[1]: NOQUEUE: lost connection after CONNECT from h[192.0.2.4]", "lost connection"),
        ("smtpd[1]: lost connection after DATA from h[192.0.2.4]", None),
        ("smtpd[1]: lost connection after AUTH from h[192.0.2.4]", None),
        ("smtpd[1]: connect from h[192.0.2.4]", None),
        ("smtpd[1]: warning: Connection rate limit exceeded: 31 from h[192.0.2.4] for service smtpd", "Connection rate limit exceeded"),
        ("smtpd[1]: warning: hostname x.example does not resolve to address 192.0.2.4: Name or service not known", "hostname does not fit the address"),
        ("postscreen[1]: PREGREET 14 after 0.08 from [192.0.2.4]:59415: EHLO ylmf-pc\\r\\n", "pregreet"),
        ("postscreen[1]: PASS NEW [192.0.2.4]:59415", None),
    ],
)  # fmt: skip
def test_what_connections_did(text, violation):
    event = one(HEAD + text)
    assert told(event, "src_ip", "violation") == ("smtp", "", "192.0.2.4", violation)


def test_memory_is_bounded():
    lines = [CLIENT.replace("4ABCDEF012", f"{number:010X}") for number in range(20_050)]
    found = events("\n".join(lines))
    assert len(found) == 20_050
    assert {event.fields["status"] for event in found} == {"unknown"}


FILTERED = [
    CLIENT + SASL,
    MESSAGE_ID,
    SENDER,
    f"{HEAD}smtpd[9]: 5ABCDEF012: client=localhost[127.0.0.1]",
    MESSAGE_ID.replace("4ABCDEF012", "5ABCDEF012"),
    SENDER.replace("4ABCDEF012", "5ABCDEF012"),
    SENT.replace("4ABCDEF012", "5ABCDEF012"),
]


def test_what_a_content_filter_gives_back_is_still_its_senders():
    sent = events("\n".join(FILTERED))[1]
    assert told(sent, "src_ip", "direction", "method") == (
        "mailflow",
        "sato@corp.example",
        "203.0.113.9",
        "outbound",
        "LOGIN",
    )
    assert sent.fields["joined_records"] == ["1", "2", "3", "4", "5", "6", "7"]


def test_a_copied_message_id_makes_nobody_the_sender():
    other = [CLIENT.replace("4ABCDEF012", "6ABCDEF012"), MESSAGE_ID.replace("4ABCDEF012", "6ABCDEF012")]
    sent = events("\n".join([*FILTERED[:3], *other, *FILTERED[3:]]))[1]
    assert told(sent, "src_ip") == ("mailflow", "", "127.0.0.1")


def test_a_mail_from_outside_takes_nothing_from_another():
    lines = [line.replace("localhost[127.0.0.1]", "h[192.0.2.4]") for line in FILTERED]
    assert told(events("\n".join(lines))[1], "src_ip", "direction") == ("mailflow", "", "192.0.2.4", "relayed")
