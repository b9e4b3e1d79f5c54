"""What servers record on a sender: read in every form, believed only where the receiver wrote it."""

import base64
import hashlib
import random

import dkim
import pytest
from Cryptodome.Hash import SHA256
from Cryptodome.PublicKey import ECC, RSA
from Cryptodome.Signature import eddsa, pkcs1_15

from sekisho.analyzers import eml
from sekisho.analyzers._dkim import SIGNATURE_FEATURES, public_key, signature_features
from sekisho.analyzers._results import read_report, read_results, read_spf
from sekisho.analyzers._trace import border
from sekisho.analyzers.authentication import AUTH_FEATURES, authentication
from sekisho.analyzers.headers import split
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.organisation import NOBODY, Organisation

IN = "Received: from mail.bank.example (mail.bank.example [203.0.113.9]) by mx.corp.example; Mon, 5 Jan 2026 00:00:00 +0000\n"
HOP = (
    "Received: from mx.corp.example (mx.corp.example [10.0.0.2]) by box.corp.example; Mon, 5 Jan 2026 00:00:01 +0000\n"
)
OUT = "Received: from desk (192.168.0.4) by mail.bank.example; Mon, 5 Jan 2026 00:00:00 +0000\n"


def read(text, sender="bank.example", organisation=NOBODY):
    found = {}
    fields, _ = split(text.encode() + b"From: x@bank.example\n\nhello")
    for feature in authentication(fields, sender, border(fields, organisation), organisation):
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
        (
            "mta.corp.example from=bank.example; domainkeys=neutral (no sig); dkim=pass (ok); header.i=@bank.example",
            "mta.corp.example",
            [("domainkeys", "neutral", {}), ("dkim", "pass", {"header.i": "@bank.example"})],
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
        fields, relays = split(bytes(data))[0], Organisation(relays=frozenset({"192.0.2.0/24", "x/y"}))
        list(authentication(fields, "a.example", border(fields, relays), relays))


@pytest.mark.parametrize("piece", ["(", ")", '"', "a=", "a = ", "((((a)", '"\\', "; ;", "spf=pass ", "i=1;"])
def test_hostile_shapes_cost_little(piece):
    read_results(piece * 100_000)
    read_spf("pass " + piece * 100_000)


# Signatures: dkimpy signs, our own reader verifies.
RSA_KEY = RSA.generate(1024, random.Random(7).randbytes)
ED_KEY = ECC.construct(curve="Ed25519", seed=bytes(range(32)))
LETTER = (
    b"From: Suzuki <suzuki@bank.example>\r\nTo: sato@corp.example\r\nSubject:  Invoice  of\r\n May\r\n"
    b"Date: Mon, 05 Jan 2026 00:00:00 +0000\r\nMIME-Version: 1.0\r\n\r\nDear  all, \t\r\n\r\n see  below.\r\n\r\n\r\n"
)


def record(key, kind):
    data = key.public_key().export_key(format="DER") if kind == "rsa" else key.public_key().export_key(format="raw")
    return f"v=DKIM1; k={kind}; p={base64.b64encode(data).decode()}"


KEYS = {
    "s1._domainkey.bank.example": (record(RSA_KEY, "rsa"),),
    "ed._domainkey.bank.example": (record(ED_KEY, "ed25519"),),
    "a1._domainkey.list.example": (record(RSA_KEY, "rsa"),),
}


def signed(text=LETTER, canonicalize=(b"relaxed", b"relaxed"), **more):
    pem = RSA_KEY.export_key()
    return dkim.sign(text, b"s1", b"bank.example", pem, canonicalize=canonicalize, **more) + text


def by_hand(text):
    """Sign with Ed25519 as RFC 8463 says; dkimpy would need a library more."""
    bh = base64.b64encode(hashlib.sha256(b"Dear all,\r\n\r\n see below.\r\n").digest()).decode()
    line = (
        f"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=bank.example; s=ed; h=from:subject; bh={bh}; b="
    )
    covered = "from:Suzuki <suzuki@bank.example>\r\nsubject:Invoice of May\r\n" + line.replace(
        "DKIM-Signature: ", "dkim-signature:"
    )
    made = eddsa.new(ED_KEY, "rfc8032").sign(hashlib.sha256(covered.encode()).digest())
    return f"{line}{base64.b64encode(made).decode()}\r\n".encode() + text


def proven(data, keys=KEYS):
    fields, at = split(data)
    found = {}
    for feature in signature_features(data, at, fields, keys):
        assert feature.name in SIGNATURE_FEATURES
        found.setdefault(feature.name.removeprefix("auth."), []).append(feature.value)
    return found


FORMS = [(a, b) for a in (b"simple", b"relaxed") for b in (b"simple", b"relaxed")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_signatures_verify_in_every_form(form, line_end):
    found = proven(signed(canonicalize=form).replace(b"\r\n", line_end))
    assert found == {
        "dkim_claimed": ["bank.example"],
        "dkim_body": ["pass"],
        "dkim_verified": ["pass"],
        "dkim_verified_domain": ["bank.example"],
    }


@pytest.mark.parametrize("body", [b"", b"\r\n\r\n", b"a", b"a\r\n b \t \r\n\r\n", b" \r\n"])
@pytest.mark.parametrize("form", FORMS)
def test_odd_bodies_hash_as_the_signer_hashed_them(body, form):
    head = LETTER[: LETTER.index(b"\r\n\r\n") + 4]
    assert proven(signed(head + body, form))["dkim_verified"] == ["pass"]


def test_ed25519():
    assert proven(by_hand(LETTER))["dkim_verified"] == ["pass"]
    assert proven(by_hand(LETTER).replace(b"Invoice", b"invoice"))["dkim_verified"] == ["fail"]


def test_a_changed_body_shows_without_any_key():
    assert proven(signed().replace(b"see", b"pay"), {}) == {"dkim_claimed": ["bank.example"], "dkim_body": ["fail"]}


def test_a_footer_behind_the_signed_length_is_no_change():
    assert proven(signed(length=True) + b"footer\r\n")["dkim_body"] == ["pass"]


@pytest.mark.parametrize(
    ("change", "keys", "result", "why"),
    [
        ((b"see", b"pay"), KEYS, "fail", "body was changed"),
        ((b"Invoice", b"Refund"), KEYS, "fail", "signature does not verify"),
        ((b"", b""), {"x._domainkey.y": ("",)}, "no key", "no key"),
        ((b"", b""), {"s1._domainkey.bank.example": ("v=DKIM1; p=",)}, "fail", "key was withdrawn"),
        ((b"", b""), {"s1._domainkey.bank.example": ("v=DKIM1; p=QUJD",)}, "fail", "key cannot be read"),
        ((b"", b""), {"s1._domainkey.bank.example": (record(ED_KEY, "ed25519"),)}, "fail", "signature does not verify"),
    ],
)
def test_why_a_signature_does_not_hold(change, keys, result, why):
    found = proven(signed().replace(*change), keys)
    assert found["dkim_verified"] == [result]
    assert found["dkim_verified_why"] == [f"s1._domainkey.bank.example: {why}"]
    assert "dkim_verified_domain" not in found


def test_a_signature_that_leaves_out_from_proves_nothing():
    with pytest.raises(dkim.ParameterError):
        signed(include_headers=[b"subject"])
    found = proven(signed().replace(b"h=from", b"h=fram").replace(b"from :", b""))
    assert found["dkim_verified"] == ["fail"]


def relaxed(line):
    name, _, value = line.partition(":")
    return f"{name.lower()}:{' '.join(value.split())}\r\n"


def sealed(text, number, cv):
    """Add one ARC set as RFC 8617 5.1 says."""

    def made(line, before):
        data = ("".join(map(relaxed, before)) + relaxed(line)[:-2]).encode()
        return line + base64.b64encode(pkcs1_15.new(RSA_KEY).sign(SHA256.new(data))).decode()

    who = "a=rsa-sha256; d=list.example; s=a1"
    bh = base64.b64encode(hashlib.sha256(text.partition(b"\r\n\r\n")[2].rstrip() + b"\r\n").digest()).decode()
    said = f"ARC-Authentication-Results: i={number}; list.example; spf=pass"
    message = f"ARC-Message-Signature: i={number}; {who}; c=relaxed/simple; h=from:subject; bh={bh}; b="
    message = made(message, ["From: Suzuki <suzuki@bank.example>", "Subject: Invoice of May"])
    arc = [line for line in text.partition(b"\r\n\r\n")[0].decode().split("\r\n") if line.startswith("ARC-")]
    earlier = [line for at in range(len(arc) - 3, -1, -3) for line in reversed(arc[at : at + 3])]
    seal = made(f"ARC-Seal: i={number}; cv={cv}; {who}; b=", [*earlier, said, message])
    return f"{seal}\r\n{message}\r\n{said}\r\n".encode() + text


@pytest.mark.parametrize("count", [1, 2, 3])
def test_arc_chain(count):
    text = LETTER
    for number in range(1, count + 1):
        text = sealed(text, number, "pass" if number > 1 else "none")
    key = KEYS["a1._domainkey.list.example"][0].encode()
    assert dkim.arc_verify(text, dnsfunc=lambda *_, **__: key)[0] == b"pass"
    found = proven(text)
    assert (found["arc_sealer"], found["arc_verified"]) == (["list.example"], ["pass"])
    assert proven(text.replace(b"see", b"pay"))["arc_verified_why"] == [f"i={count}: body was changed"]
    changed = proven(text.replace(b"spf=pass", b"spf=fail"))
    assert changed["arc_verified_why"] == [f"i={count}: seal 1: signature does not verify"]
    assert "arc_verified" not in proven(text, {})


def test_a_broken_chain():
    text = sealed(sealed(LETTER, 1, "none"), 2, "fail")
    assert proven(text)["arc_verified_why"] == ["i=2: seal 2 says fail"]
    assert proven(sealed(LETTER, 2, "pass"))["arc_verified_why"] == ["i=2: sets are missing"]


def test_a_proven_sender_needs_no_server_that_says_so():
    found = {}
    artifact = Artifact("m.eml", signed(), "m.eml", organisation=Organisation(keys=KEYS))
    for one in eml.analyze(artifact):
        if isinstance(one, Feature):
            found.setdefault(one.name, one.value)
    assert (found["auth.sender"], found["auth.dkim_verified"]) == ("authenticated", "pass")


def test_damaged_signatures_never_escape():
    dice = random.Random(7)
    seeds = [
        signed(),
        by_hand(LETTER),
        signed().replace(b"DKIM-Signature", b"ARC-Message-Signature").replace(b"v=1", b"i=1"),
    ]
    for _ in range(400):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 12)):
            data[dice.randrange(min(500, len(data)))] = dice.choice(b";=:, \r\n\0\xff" + bytes(range(48, 122)))
        proven(bytes(data))
    for kind in KEYS.values():
        for _ in range(100):
            text = bytearray(kind[0].encode())
            text[dice.randrange(len(text))] = dice.randrange(32, 127)
            public_key(text.decode())


@pytest.mark.parametrize("piece", [b" ", b"\t", b"\n", b" \n", b"\r\n", b"a \n", b"\t \t\n"])
def test_hostile_bodies_cost_little(piece):
    head = signed().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    proven(head + piece * 500_000)
