"""Mails: fields, bodies, parts, hostile shapes, and real ones beside the project."""

from __future__ import annotations

import base64
import email
import random
from contextlib import suppress
from pathlib import Path

import pytest

from sekisho.analyzers import eml, load
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
real = pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
EML = load()["eml"]
ZIP = b"PK\x03\x04archive"
MAIL = f"""\
Return-Path: <bounce@sender.example>
Delivered-To: taro@victim.example
Received: from mx.victim.example (mx.victim.example [10.0.0.2]) by store.victim.example; Mon, 25 Apr 2022 10:00:05 +0900
Received: from mail.sender.example (unknown [203.0.113.9]) by mx.victim.example with ESMTP; Mon, 25 Apr 2022 10:00:03 +0900
Received: from inside (192.168.0.4) by mail.sender.example; Mon, 25 Apr 2022 10:00:01 +0900
Authentication-Results: mx.victim.example; spf=softfail (note: dkim=pass here is a comment)
 smtp.mailfrom=sender.example; dkim=none; dmarc=fail header.from=sender.example
Authentication-Results: forged.example; spf=pass; arc=pass
From: =?iso-2022-jp?B?{base64.b64encode("鈴木太郎".encode("iso2022_jp")).decode()}?= <Suzuki@Sender.example>
To: "Taro" <TARO@victim.example>, hanako@victim.example
Cc: boss@victim.example
Reply-To: other@reply.example
Subject: =?UTF-8?B?{base64.b64encode("RE: 請求書の件".encode()).decode()}?=
Date: Mon, 25 Apr 2022 10:00:00 +0900
Message-ID: <one@sender.example>
X-Mailer: Mailer 1.0
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: multipart/alternative; boundary="c"

--c
Content-Type: text/plain; charset=utf-8

お世話になっております。添付の請求書をご確認ください。お手数をおかけしますが、よろしくお願いいたします。
以下もご覧ください。ご不明な点がございましたら、どうぞお気軽にお問い合わせくださいませ。何卒よろしくお願い申し上げます。
http://192.0.2.1/x
解凍パスワードは「W4ALLD」です。
--c
Content-Type: text/html; charset=utf-8

<html><body><p>同じです</p></body></html>
--c--
--b
Content-Type: application/octet-stream; name="=?utf-8?B?{base64.b64encode("請求書.zip".encode()).decode()}?="
Content-Disposition: attachment
Content-Transfer-Encoding: base64

{base64.b64encode(ZIP).decode()}
--b
Content-Type: message/rfc822

From: inner@x.example
Subject: inner

hello
--b--
""".encode()


def read(data: bytes) -> tuple[dict[str, list[object]], list[Artifact]]:
    features: dict[str, list[object]] = {}
    children = []
    for item in EML.run(Artifact("x.eml", data, "x.eml")):
        if isinstance(item, Feature):
            assert item.name in EML.features
            features.setdefault(item.name, []).append(item.value)
        else:
            children.append(item)
    return features, children


def test_fields_of_a_mail():
    found, _ = read(MAIL)
    expected = {
        "subject": ["RE: 請求書の件"],
        "sender.address": ["suzuki@sender.example"],
        "sender.name": ["鈴木太郎"],
        "sender.domain": ["sender.example"],
        "recipients": ["taro@victim.example", "hanako@victim.example", "boss@victim.example"],
        "reply_to": ["other@reply.example"],
        "return_path": ["bounce@sender.example"],
        "delivered_to": ["taro@victim.example"],
        "message_id": ["<one@sender.example>"],
        "sent_at": ["2022-04-25T01:00:00Z"],
        "received_at": ["2022-04-25T01:00:05Z"],
        "headers.received": [3],
        "headers.from_count": [1],
        "headers.x_mailer": ["Mailer 1.0"],
        "thread.reply_prefix": [True],
        "thread.reply_without_headers": [True],
        "auth.spf": ["softfail"],
        "auth.dkim": ["none"],
        "auth.dmarc": ["fail"],
        "auth.arc": None,
        "auth.sender": ["failed"],
        "auth.foreign_results": [1],
        "origin.ip": ["203.0.113.9"],
        "origin.helo": ["mail.sender.example"],
        "body.language": ["ja"],
        "password.candidate": ["W4ALLD"],
        "attachment.name": ["請求書.zip"],
    }
    assert {name: found.get(name) for name in expected} == expected
    assert [url.canonical for url in found["url"]] == ["http://192.0.2.1/x"]


def test_children_of_a_mail():
    _, children = read(MAIL)
    assert [(child.name, child.relation, child.declared_type) for child in children] == [
        ("body.html", "body", "text/html; charset=utf-8"),
        ("請求書.zip", "attachment", "application/octet-stream"),
        ("message.eml", "attachment", "message/rfc822"),
    ]
    assert children[1].data == ZIP
    assert all(child.passwords == ("W4ALLD",) for child in children)
    assert EML.claims(children[2])
    assert not EML.claims(children[0])


HEAD = b"From: a@x.example\nTo: b@x.example\nSubject: s\n"


def test_html_only_gives_its_text_and_its_password():
    found, children = read(HEAD + b"Content-Type: text/html\n\n<p>Hi</p><table><tr><td>Password:<td>abc77</table>")
    assert found["body.text"] == ["Hi\nPassword:\nabc77"]
    assert found["password.candidate"] == ["abc77"]
    assert [child.relation for child in children] == ["body"]


def test_password_only_in_the_html_beside_a_long_plain_text():
    plain = b"please read the other version of this message " * 5
    data = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + plain
    data += b"\n--b\nContent-Type: text/html\n\n<p>PW: zz91</p>\n--b\nContent-Type: a/b; name=a.zip\n\nPK\n--b--"
    found, _ = read(data)
    assert found["password.candidate"] == ["zz91"]
    assert found["body.text"] == [plain.decode().rstrip("\n")]


def test_wrong_charset_is_read_and_told():
    body = "お世話になっております。①".encode("cp932")
    found, _ = read(HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\n\n" + body)
    assert found["body.text"] == ["お世話になっております。①"]
    assert found["charset.guessed"] == ["iso-2022-jp -> cp932"]


def test_two_names_of_an_attachment_are_both_told():
    data = HEAD + b"Content-Type: a/b; name=invoice.pdf\nContent-Disposition: attachment; filename=invoice.exe\n\nMZ"
    found, children = read(data)
    assert found["attachment.name"] == ["invoice.exe", "invoice.pdf"]
    assert children[0].name == "invoice.exe"


def test_uuencoded_file_in_the_text():
    found, children = read(HEAD + b"\nsee\nbegin 644 a.zip\n#4$L#\n`\nend\n")
    assert found["attachment.name"] == ["a.zip"]
    assert children[0].data == b"PK\x03"


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("Re: x", True),
        ("RE：x", True),
        ("Fwd: x", True),
        ("返信: x", True),
        ("転送：x", True),
        ("[list 12] Re: x", True),
        ("Re[2]: x", True),
        ("AW: x", True),
        ("Report: x", False),
        ("Regarding x", False),
        ("", False),
    ],
)
def test_reply_prefix(subject, reply):
    found, _ = read(b"From: a@x.example\nTo: b@x.example\nSubject: " + subject.encode() + b"\n\nx")
    assert found["thread.reply_prefix"] == [reply]
    assert found["thread.reply_without_headers"] == [reply]


def test_reply_with_headers():
    found, _ = read(b"Subject: Re: x\nFrom: a@x.example\nReferences: <1@x>\n <2@x>\nIn-Reply-To: <2@x>\n\nx")
    assert found["thread.references"] == ["<1@x>", "<2@x>"]
    assert found["thread.in_reply_to"] == ["<2@x>"]
    assert found["thread.reply_without_headers"] == [False]


@pytest.mark.parametrize(
    "data",
    [
        MAIL,
        MAIL.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + MAIL,
        b"\r\n\r\n" + MAIL,
        b"From a@x Mon Apr 25 10:00:00 2022\n" + MAIL,
        HEAD.replace(b"\n", b"\r") + b"\rbody",
        b"HELO x.example\nMAIL FROM:<a@x.example>\nRCPT TO:<b@x.example>\nDATA\n" + HEAD + b"\nbody\n.\nQUIT\n",
        b"X-Long: " + b"a" * 40_000 + b"\n" + HEAD + b"\nbody",
    ],
)
def test_claimed(data):
    assert EML.claims(Artifact("x", data, "x"))
    assert read(data)[0]["headers.from_count"][0] in (0, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello: world\n\nmore",
        b"<html><body>From: a\nTo: b\nSubject: c</body></html>",
        b"@echo off\nFrom: x\n",
        b"2022-04-25 10:00:00 From: a To: b\n",
        b"HTTP/1.1 200 OK\nDate: x\nContent-Type: text/html\n\n",
        b"Date: Mon, 1 Jan\nServer: x\nContent-Type: text/html\n\n<html>",
        b'{"from": "a", "to": "b"}',
        b"Name: x\nVersion: 1\nAuthor: y\n",
        b"Sub a()\nTo: x\nEnd Sub",
        bytes(range(256)),
    ],
)
def test_not_claimed(data):
    assert not EML.claims(Artifact("x.eml", data, "x.eml"))


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"".join(b"X-A%d: v\n" % number for number in range(50_000)) + b"\nx",
        HEAD + b"To: a@x.example\n" * 20_000 + b"\nx",
        HEAD + b"Content-Type: multipart/mixed; boundary=q\n\n" + b"--q\nContent-Type: text/plain\n\nx\n" * 20_000,
        HEAD + b"Content-Type: multipart/mixed; boundary=q\n\n" + b"--q\nContent-Type: text/plain\n" * 20_000,
        HEAD + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)),
        HEAD + b"X: y\nSubject: " + b"=?utf-8?B?44GC?= " * 5_000 + b"\n\nx",
        HEAD + b"Cc: " + b"(" * 200_000 + b"\n\nx",
        HEAD + b"Content-Type: a/b" + b" " * 200_000 + b"x\n\nx",
        HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 100_000,
        HEAD + b"\n" + b"begin 644 a\n" * 50_000,
        HEAD + b"\n" + "パスワードは".encode() * 50_000,
    ],
    ids=[
        "headers",
        "recipients",
        "parts",
        "unended",
        "deep",
        "words",
        "comments",
        "blanks",
        "nesting",
        "uu",
        "passwords",
    ],
)
def test_hostile_shapes_cost_little(data):
    with suppress(LimitError):
        read(data)


def test_damage_never_escapes():
    chance = random.Random(3)
    for _ in range(300):
        data = bytearray(MAIL[: chance.randrange(len(MAIL))] if chance.random() < 0.3 else MAIL)
        for _ in range(chance.randrange(1, 12)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            list(eml.analyze(Artifact("x", bytes(data), "x")))
        except (MalformedError, LimitError):
            continue


@real
@pytest.mark.shared
@pytest.mark.parametrize("folder", ["fixtures/mail-parser", "fixtures/spamassassin", "mail/phishing_pot"])
def test_real_mails_are_claimed_and_read(folder):
    paths = [path for path in sorted((SHARED / folder).rglob("*")) if path.is_file()]
    mails = {
        path: data for path in paths if len(data := path.read_bytes()) > 3 and not data.startswith(b"\xd0\xcf\x11")
    }
    refused = [path.name for path, data in mails.items() if not EML.claims(Artifact(path.name, data, path.name))]
    assert refused == []
    for data in list(mails.values())[::6]:
        features, _ = read(data)
        assert features["headers.from_count"][0] >= 0


@real
@pytest.mark.shared
def test_real_parts_agree_with_the_standard_library():
    """Where a mail is well formed, leaves and bytes are the same."""
    same = total = 0
    for path in sorted((SHARED / "mail/phishing_pot").iterdir())[:150]:
        data = path.read_bytes()
        theirs = [part for part in email.message_from_bytes(data).walk() if not part.is_multipart()]
        mine = [part for part in eml._mime.walk(data) if part.role == "leaf"]
        total += 1
        same += [eml._mime.content(data, part).strip() for part in mine] == [
            (part.get_payload(decode=True) or b"").strip() for part in theirs
        ]
    assert same >= 0.98 * total


@real
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "subject", "sender"),
    [
        ("sample-1083.eml", "100% kostenlos &amp; ohne Bedingungen✅🎊", None),
        ("sample-1366.eml", "Enjоy Yоur Sаfе Dаtе!", None),
        ("sample-1367.eml", "500€ EDEKA-Gutschein erhalten", "service@stayfriends.de"),
        ("sample-1064.eml", None, "no-reply@access-accsecurity.com"),
        ("sample-1562.eml", "🔥🥰 Ontvang een hete date met Oekraïense Meisjes💖", None),
    ],
)
def test_real_fields_read_by_hand(name, subject, sender):
    features, _ = read((SHARED / "mail/phishing_pot" / name).read_bytes())
    assert subject is None or features["subject"] == [subject]
    assert sender is None or features["sender.address"] == [sender]
