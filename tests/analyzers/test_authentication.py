"""What servers record on a sender: read in every form, believed only where the receiver wrote it."""

import random

import pytest

from sekisho.analyzers._results import read_report, read_results, read_spf
from sekisho.analyzers.authentication import AUTH_FEATURES, authentication
from sekisho.analyzers.headers import split
from sekisho.model.organisation import NOBODY, Organisation

IN = "Received: from mail.bank.example (mail.bank.example [203.0.113.9]) by mx.corp.example; Mon, 5 Jan 2026 00:00:00 +0000\n"
HOP = (
    "Received: from mx.corp.example (mx.corp.example [10.0.0.2]) by box.corp.example; Mon, 5 Jan 2026 00:00:01 +0000\n"
)
OUT = "Received: from desk (192.168.0.4) by mail.bank.example; Mon, 5 Jan 2026 00:00:00 +0000\n"


def read(text, sender="bank.example", organisation=NOBODY):
    found = {}
    for feature in authentication(split(text.encode() + b"From: x@bank.example\n\nhello")[0], sender, organisation):
        assert feature.name in AUTH_FEATURES
        found.setdefault(feature.name.removeprefix("auth."), []).append(feature.value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def results(text):
    read = read_results(text)
    return read.server, [(one.method, one.value, dict(one.properties)) for one in read.results], read.whole


@pytest.mark.parametrize(
    ("text", "server", "found"),
    [
        (
            "spf=pass (sender IP is 192.0.2.1)\n smtp.mailfrom=Bank.example; dkim=none (message not signed)"
            " header.d=none;dmarc=pass action=none header.from=bank.example;compauth=pass reason=100",
            "",
            [
                ("spf", "pass", {"smtp.mailfrom": "Bank.example"}),
                ("dkim", "none", {"header.d": "none"}),
                ("dmarc", "pass", {"action": "none", "header.from": "bank.example"}),
                ("compauth", "pass", {"reason": "100"}),
            ],
        ),
        (
            'mx.corp.example; dkim=pass header.i=@bank.example header.s=s1 header.b="oO/s=W3;2"; spf=pass'
            " (corp.example: domain of a@bank.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@bank.example",
            "mx.corp.example",
            [
                ("dkim", "pass", {"header.i": "@bank.example", "header.s": "s1", "header.b": "oO/s=W3;2"}),
                ("spf", "pass", {"smtp.mailfrom": "a@bank.example"}),
            ],
        ),
        ("mx.corp.example 1; none", "mx.corp.example", []),
        (
            "mx.corp.example spf=pass smtp.mailfrom=a.example dkim=fail",  # not one semicolon
            "mx.corp.example",
            [("spf", "pass", {"smtp.mailfrom": "a.example"}), ("dkim", "fail", {})],
        ),
        (
            "mx.corp.example; dmarc=pass(p=REJECT) header.from=; dkim/1 = pass reason=\"good (key)\" (a (nested) one)",
            "mx.corp.example",
            [("dmarc", "pass", {"header.from": ""}), ("dkim", "pass", {"reason": "good (key)"})],
        ),
        ("i=2; mx.corp.example 1; arc=pass (0 oda=1 spf=[1,1,smtp.mailfrom=x])", "mx.corp.example", [("arc", "pass", {})]),
        (
            "mx.corp.example; header.From=a@b.example; dkim=pass (verified; );",
            "mx.corp.example",
            [("dkim", "pass", {})],
        ),
    ],
)  # fmt: skip
def test_every_form_is_read_whole(text, server, found):
    assert results(text) == (server, found, True)


@pytest.mark.parametrize(
    "text", ["", "i=1;", "mx.corp.example; spf=pass stray words", "mx.corp.example; spf=pass (open"]
)
def test_what_is_not_understood_is_told(text):
    assert not read_results(text).whole


@pytest.mark.parametrize(
    ("text", "value", "domain"),
    [
        (
            "Pass (mx.example: domain of bank.example designates 192.0.2.1 as permitted sender) receiver=mx.example;",
            "pass",
            "bank.example",
        ),
        (
            "SoftFail (mx.example: domain of transitioning bank.example discourages use of 192.0.2.1)",
            "softfail",
            "bank.example",
        ),
        ("None (mx.example: bank.example does not designate permitted sender hosts)", "none", "bank.example"),
        (
            "TempError (mx.example: error in processing during lookup of bank.example: DNS Timeout)",
            "temperror",
            "bank.example",
        ),
        ('fail (x) identity=mailfrom; envelope-from="a@bank.example"; helo=h.example', "fail", "a@bank.example"),
    ],
)
def test_received_spf(text, value, domain):
    read = read_spf(text)
    assert read.whole
    assert (read.results[0].value, read.results[0].get("smtp.mailfrom")) == (value, domain)


def test_other_words_are_no_spf_result():
    assert not read_spf("custom_header1").whole


def test_report_of_the_microsoft_filter():
    assert read_report("CIP:2001:db8::1;CTRY:;SFV:SPM;CAT:PHSH;") == {"CIP": "2001:db8::1", "SFV": "SPM", "CAT": "PHSH"}


def test_which_identity_each_result_is_about():
    found = read(
        "Authentication-Results: mx.corp.example; spf=pass smtp.mailfrom=b@mailer.example; dkim=fail header.d=old.example"
        " header.s=k0; dkim=pass header.d=news.bank.example header.s=K1; dmarc=pass (p=REJECT dis=NONE)"
        " header.from=bank.example\n" + IN
    )
    assert found == {
        "spf": "pass",
        "dkim": "pass",
        "dmarc": "pass",
        "server": "mx.corp.example",
        "spf_domain": "mailer.example",
        "dkim_domain": "news.bank.example",
        "dkim_selector": ["k1", "k0"],
        "dmarc_from": "bank.example",
        "dmarc_policy": "reject",
        "spf_aligned": False,
        "dkim_aligned": True,
        "sender": "authenticated",
    }


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("spf=pass smtp.mailfrom=bounce.bank.example", "authenticated"),
        ("dkim=pass header.i=@bank.example", "authenticated"),
        ("spf=pass smtp.mailfrom=mailer.example; dkim=pass header.d=mailer.example", "unaligned"),
        ("spf=softfail smtp.mailfrom=bank.example", "failed"),
        ("spf=pass smtp.mailfrom=mailer.example; dmarc=fail header.from=bank.example", "failed"),
        ("spf=fail smtp.mailfrom=mailer.example", "unchecked"),  # a forwarder's failure says nothing on From
        ("dmarc=pass header.from=other.example", "unchecked"),  # judged another From than the one that is shown
        ("spf=none; dkim=none", "unchecked"),
    ],
)
def test_summary_for_the_domain_of_from(said, word):
    assert read(f"Authentication-Results: mx.corp.example; {said}\n{IN}")["sender"] == word


def test_no_word_on_a_sender_without_domain():
    assert "sender" not in read(f"Authentication-Results: mx.corp.example; spf=pass smtp.mailfrom=a.example\n{IN}", "")


def test_results_that_came_with_the_mail_do_not_count():
    forged = "Authentication-Results: mx.corp.example; spf=pass smtp.mailfrom=bank.example; dmarc=pass\n"
    own = "Authentication-Results: mx.corp.example; spf=fail smtp.mailfrom=bank.example\n"
    found = read(HOP + own + IN + OUT + forged)
    assert (found["spf"], found["sender"], found["spoofed_results"]) == ("fail", "failed", "mx.corp.example")
    assert "dmarc" not in found


def test_results_of_earlier_receivers_are_no_forgery():
    own = "Authentication-Results: mx.corp.example; spf=fail smtp.mailfrom=bank.example\n"
    found = read(own + IN + "Authentication-Results: mx.list.example; spf=pass\n" + OUT)
    assert (found["foreign_results"], "spoofed_results" in found) == (1, False)


def test_a_mail_that_went_out_and_came_back_is_no_forgery():
    own = "Authentication-Results: mx.corp.example; spf=fail smtp.mailfrom=bank.example\n"
    found = read(own + IN + own.replace("fail", "pass") + OUT.replace("by mail.bank", "by mx.corp"))
    assert (found["spf"], "spoofed_results" in found) == ("fail", False)


@pytest.mark.parametrize("place", [f"{IN}%s{OUT}", f"{IN}{OUT}%s"])
def test_filters_write_below_their_own_trace_line(place):
    found = read(place % "Authentication-Results: filter.corp.example; spf=fail\n")
    assert (found["spf"], "foreign_results" in found) == ("fail", False)


def test_a_sender_cannot_greet_himself_in():
    greeting = (
        "Received: from mx.corp.example (unknown [203.0.113.9]) by mx.corp.example; Mon, 5 Jan 2026 00:00:00 +0000\n"
    )
    found = read(greeting + OUT + "Authentication-Results: other.example; spf=pass\n")
    assert found == {"foreign_results": 1}


def test_mail_behind_a_gateway_needs_its_name():
    gate = "Received: from gate.filter.example (gate.filter.example [198.51.100.7]) by mx.corp.example; Mon, 5 Jan 2026 00:00:02 +0000\n"
    behind = "Received: from mail.bank.example (mail.bank.example [203.0.113.9]) by gate.filter.example; Mon, 5 Jan 2026 00:00:00 +0000\n"
    own = "Authentication-Results: mx.corp.example; spf=fail smtp.mailfrom=bank.example\n"
    theirs = "Authentication-Results: gate.filter.example; spf=pass smtp.mailfrom=bank.example\n"
    text = own + gate + theirs + behind
    assert read(text)["spf"] == "fail"
    for relays in ({"filter.example"}, {"198.51.100.0/24", "gate.filter.example"}):
        assert read(text, organisation=Organisation(relays=frozenset(relays)))["spf"] == "pass"


def test_what_exchange_says():
    found = read(
        "X-Forefront-Antispam-Report: CIP:203.0.113.9;SFV:SPM;CAT:PHSH;\nX-MS-Exchange-Organization-AuthAs: Anonymous\n"
    )
    assert found == {"filter_verdict": "SPM", "filter_category": "PHSH", "exchange_as": "anonymous"}


def test_damage_never_escapes():
    dice = random.Random(7)
    text = f'Authentication-Results: mx.corp.example; spf=pass (a (b) c) smtp.mailfrom="x"; dkim=pass header.d=a.example\n{HOP}{IN}'
    text += "Received-SPF: pass (domain of a.example) helo=x; client-ip=192.0.2.1\nARC-Authentication-Results: i=1; a; arc=none\n"
    for _ in range(300):
        data = bytearray(text.encode())
        for _ in range(dice.randrange(1, 12)):
            data[dice.randrange(len(data))] = dice.choice(b'();="\\ \t.@a\xff')
        list(
            authentication(split(bytes(data))[0], "a.example", Organisation(relays=frozenset({"192.0.2.0/24", "x/y"})))
        )


@pytest.mark.parametrize("piece", ["(", ")", '"', "a=", "a = ", "((((a)", '"\\', "; ;", "spf=pass ", "i=1;"])
def test_hostile_shapes_cost_little(piece):
    read_results(piece * 100_000)
    read_spf("pass " + piece * 100_000)
