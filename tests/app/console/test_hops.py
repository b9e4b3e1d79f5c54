"""Header fields with what is odd, and the way a mail took."""

import random

from sekisho.analyzers.headers import Header, split
from sekisho.app.console.hops import MOST_FIELDS, MOST_HOPS, hops, told

LINES = (
    "from mx.corp.example (mx.corp.example [10.0.0.24]) by store.corp.example with LMTP id 3; Thu, 19 May 2022 12:00:05 +0200",
    "from mail.partner.example (HELO partner [203.0.113.50]) by mx.corp.example (Postfix) with ESMTPS id 2;"
    " Thu, 19 May 2022 10:00:00 +0000",
    "from unknown by mail.partner.example; Thu, 19 May 2022 08:00:00 +0000",
    "from WIN (unknown [IPv6:2001:db8::7]) by relay.example with SMTP id 1; no date",
)


def received(*lines):
    return [Header("received", line.encode()) for line in lines]


def test_the_first_server_comes_first_with_names_address_and_protocol():
    first, second, third, fourth = hops(received(*LINES))
    assert (first.sender, first.address, first.receiver, first.protocol) == (
        *("WIN (unknown [IPv6:2001:db8::7])", "2001:db8::7", "relay.example", "SMTP"),
    )
    assert third.sender == "mail.partner.example (HELO partner [203.0.113.50])"
    assert third.receiver == "mx.corp.example (Postfix)"
    assert (second.address, fourth.address) == ("", "10.0.0.24")


def test_times_are_utc_and_delays_are_counted_between_servers():
    assert [one.at for one in hops(received(*LINES))] == [
        *("", "2022-05-19T08:00:00Z", "2022-05-19T10:00:00Z", "2022-05-19T10:00:05Z"),
    ]
    assert [one.delay_s for one in hops(received(*LINES))] == [None, None, 7200, 5]


def test_what_is_odd_about_a_hop_is_named():
    assert [one.odd for one in hops(received(*LINES))] == [("timeless",), (), ("slow",), ("private",)]
    late = received("from a by b; Thu, 19 May 2022 09:00:00 +0000", "from c by a; Thu, 19 May 2022 10:00:00 +0000")
    assert hops(late)[1].odd == ("backwards",)


def test_words_within_brackets_start_no_clause():
    [hop] = hops(received("from a (with a name by itself) by b with ESMTP; Thu, 19 May 2022 09:00:00 +0000"))
    assert (hop.sender, hop.receiver, hop.protocol) == ("a (with a name by itself)", "b", "ESMTP")


def test_fields_twice_steering_or_raw_are_marked():
    block = "Subject: a\r\nSubject: b\r\nX-One: \u202egpj.exe\r\nReceived: x\r\nReceived: y\r\n\r\n".encode()
    fields = told(split(block)[0].headers)
    assert [(one.name, one.odd) for one in fields] == [
        *(("subject", ("twice",)), ("subject", ("twice",)), ("x-one", ("acting", "raw"))),
        *(("received", ()), ("received", ())),
    ]


def test_thousands_of_fields_are_cut():
    many = received(*["from a by b; x"] * 5_000)
    assert len(told(many)) == MOST_FIELDS
    assert len(hops(many)) == MOST_HOPS


def test_broken_lines_break_nothing():
    dice = random.Random(5)
    for _ in range(400):
        line = bytearray(dice.choice(LINES).encode())
        for _ in range(dice.randrange(1, 9)):
            line[dice.randrange(len(line))] = dice.randrange(256)
        assert len(hops([Header("received", bytes(line))])) == 1
    assert hops(received("(" * 4_000, "from " * 900, "[" * 4_000, ""))
