"""Exim's main log, and what clients write into it."""

import pytest

from .lines import events, one, told

HEAD = "2024-11-28 10:00:00 "
ARRIVED = f'{HEAD}1rKabc-000001-AB <= sato@corp.example H=pc (helo) [203.0.113.9]:333 I=[10.0.0.1]:587 P=esmtpsa X=TLS1.3 A=plain:sato S=1234 id=1@corp.example T="Re: x" from <sato@corp.example> for a@b.example c@b.example'
SENT = f'{HEAD}1rKabc-000001-AB => a@b.example R=dnslookup T=remote_smtp H=mx.b.example [198.51.100.9] X=TLS C="250 OK id=1"'
HELD = f"{HEAD}1rKabc-000001-AB == c@b.example R=dnslookup T=remote_smtp defer (111): Connection refused"
DONE = f"{HEAD}1rKabc-000001-AB Completed"


def test_a_mail_and_its_deliveries():
    login, sent, held = events("\n".join([ARRIVED, SENT, HELD, DONE]))
    assert told(login, "result", "src_ip", "method") == ("authentication", "sato", "success", "203.0.113.9", "plain")
    assert told(sent, "sender", "recipient", "status", "direction", "message_id", "subject", "relay_ip", "size", "recipient_count") == (
        "mailflow", "sato", "sato@corp.example", "a@b.example", "sent", "outbound", "1@corp.example", "Re: x", "198.51.100.9", 1234, 2,
    )  # fmt: skip
    assert told(held, "status", "reason")[2:] == ("deferred", "Connection refused")


def test_the_long_ids_of_4_97():
    (event,) = events(
        f"{HEAD}1rKabc-00000001abc-1abc <= a@b.example H=h [192.0.2.4] P=smtp S=9\n{HEAD}1rKabc-00000001abc-1abc => x <x@corp.example> R=local T=lmtp"
    )
    assert told(event, "direction", "recipient", "src_ip")[2:] == ("inbound", "x", "192.0.2.4")


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("login authenticator failed for h.example ([192.168.2.33]) [192.0.2.4]: 535 Incorrect authentication data (set_id=brian)", "brian"),
        ("dovecot_login authenticator failed for (User) [192.0.2.4]:21298 I=[10.0.0.1]:465 Ci=30416: 535 Incorrect authentication data (set_id=a@b.example)", "a@b.example"),
        ("[99] plain authenticator failed for h.example [192.0.2.4]: 535 Incorrect authentication data", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("head", [HEAD, f"{HEAD}mx exim[1]: ", "Nov 28 10:00:00 mx exim[1]: 2024-11-28 10:00:00 ", "mx exim[3]: 2024-11-28 10:00:00 "])  # fmt: skip
def test_failed_logins_in_every_wrapping(head, text, user):
    event = one(head + text)
    assert told(event, "src_ip", "result") == ("authentication", user, "192.0.2.4", "failure")
    assert event.time_ns == 1_732_788_000_000_000_000


def test_a_set_id_forges_no_address():
    event = one(
        f"{HEAD}plain authenticator failed for (x) [192.0.2.4]: 535 Incorrect authentication data (set_id=a) [198.51.100.9]: 535 (set_id=b)"
    )
    assert told(event, "src_ip") == ("authentication", "a) [198.51.100.9]: 535 (set_id=b", "192.0.2.4")


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("H=h.example (x) [192.0.2.4] F=<a@b.example> rejected RCPT <c@corp.example>: Unrouteable address", "recipient", "c@corp.example"),
        ("[9] H=(x) [192.0.2.4]:3755 I=[10.0.0.1]:25 F=a@b.example rejected RCPT c@corp.example: relay not permitted", "reason", "relay not permitted"),
        ("1Unmew-0000ea-SE H=h.example [192.0.2.4]:3 I=[10.0.0.1]:25 F=a@b.example rejected after DATA: This message contains a virus.", "command", "after DATA"),
        ("1UlasQ-0003fr-45 F=a@b.example H=(m) [192.0.2.4]:43 I=[10.0.0.1]:25 P=esmtp rejected by local_scan(): Rejected", "sender", "a@b.example"),
        ("H=(x) [192.0.2.4] sender verify fail for <a@b.example>: Unknown user", "sender", "a@b.example"),
    ],
)  # fmt: skip
def test_refusals(text, field, value):
    assert told(one(HEAD + text), "src_ip", "status", field) == ("mailflow", "", "192.0.2.4", "rejected", value)


@pytest.mark.parametrize(
    "text",
    [
        'SMTP protocol error in "AUTH LOGIN" H=(x) [192.0.2.4]:60 I=[10.0.0.1]:587 AUTH command used when not advertised',
        'SMTP protocol error in "aUtH lOgIn" H=(test) [198.51.100.8]" H=(x) [192.0.2.4] AUTH command used when not advertised',
        'SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): rejected "RSET" H=h [192.0.2.4]:5 I=[10.0.0.1]:25 next input="H=(y) [198.51.100.8]"',
        'SMTP call from h [192.0.2.4]:3767 I=[10.0.0.1]:25 dropped: too many nonmail commands (last was "from [198.51.100.8] dropped")',
        "no MAIL in SMTP connection from (x) [192.0.2.4]:20 I=[10.0.0.1]:25 D=0s",
        "1ahr79-0006jK-G9 SMTP connection from (x) [192.0.2.4]:44 I=[10.0.0.1]:25 closed by DROP in ACL",
        "H=[192.0.2.4]:62839 dropped by 'connect' ACL: Country is banned",
        "no host name found for IP address 192.0.2.4",
    ],
)
def test_misbehaviour_is_the_clients_whatever_it_sends(text):
    event = one(HEAD + text)
    assert told(event, "src_ip") == ("smtp", "", "192.0.2.4")
    assert event.fields["violation"]


def test_a_subject_is_read_as_a_subject():
    line = ARRIVED.replace('T="Re: x"', 'T="\\" A=plain:boss H=h [198.51.100.8] for z@z.example"').replace(
        "A=plain:sato ", ""
    )
    (event,) = events(f"{line}\n{SENT}")
    assert told(event, "src_ip", "recipient_count") == ("mailflow", "", "203.0.113.9", 2)


FORGED = '"x H=boss [198.51.100.9] P=esmtpa A=plain:boss"@b.example'


def test_a_quoted_sender_forges_no_client():
    line = (
        ARRIVED.replace("sato@corp.example H=", f"{FORGED} H=")
        .replace("P=esmtpsa", "P=esmtps")
        .replace("A=plain:sato ", "")
    )
    (event,) = events(f"{line}\n{SENT}")
    assert told(event, "src_ip", "sender") == ("mailflow", "", "203.0.113.9", FORGED)
    refused = one(
        f"{HEAD}1UlasQ-0003fr-45 F={FORGED} H=(m) [192.0.2.4]:43 I=[10.0.0.1]:25 P=esmtp rejected by local_scan(): no"
    )
    assert told(refused, "src_ip", "sender") == ("mailflow", "", "192.0.2.4", FORGED)


def test_a_name_asked_for_in_tls_is_no_login():
    line = ARRIVED.replace("P=esmtpsa", 'P=esmtps SNI="x A=plain:boss"').replace("A=plain:sato ", "")
    (event,) = events(f"{line}\n{SENT}")
    assert event.user == ""
