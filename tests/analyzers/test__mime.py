"""MIME structure: what every lenient mail program would find, in linear time."""

from __future__ import annotations

import base64
import binascii

import pytest

from sekisho.analyzers import _mime as mime
from sekisho.model.errors import LimitError

TOP = b"From: a@x.example\nSubject: s\n"
ZIP = b"PK\x03\x04zip bytes"


def leaves(data: bytes) -> list[tuple[str, bytes]]:
    return [(part.media_type, mime.content(data, part)) for part in mime.walk(data) if part.role == "leaf"]


def mixed(boundary: bytes, *parts: bytes, head: bytes = b"", end: bytes | None = None) -> bytes:
    head = head or b'Content-Type: multipart/mixed; boundary="%s"\n' % boundary
    body = b"".join(b"--%s\n%s\n" % (boundary, part) for part in parts)
    return head + b"\n" + body + (b"--%s--\n" % boundary if end is None else end)


TEXT = b"Content-Type: text/plain\n\nhello"
FILE = b"Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(ZIP)
BOTH = [("text/plain", b"hello"), ("application/zip", ZIP)]


@pytest.mark.parametrize(
    "data",
    [
        mixed(b"q", TEXT, FILE),
        mixed(b"q", TEXT, FILE).replace(b"\n", b"\r\n"),
        mixed(b"q", TEXT, FILE, end=b""),
        mixed(b"q", TEXT, FILE, head=b"Content-Type: multipart/mixed; boundary=q\n"),
        mixed(b"q", TEXT, FILE, head=b"Content-Type: multipart/mixed boundary=q\n"),
        mixed(b"q", TEXT, FILE, head=b"Content-Type: multipart/mixed\n"),
        mixed(b"q", TEXT, FILE, head=b"Content-Type: multipart/mixed; boundary=other\n"),
        mixed(b"q", TEXT, FILE, head=b"Content-Type: multipart\n"),
        mixed(b"q", TEXT, FILE, head=b"Content-Type: garbage; boundary=q\n"),
        mixed(b"q", TEXT, FILE, head=b"Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=q\n"),
        mixed(b"q", TEXT, FILE, head=b"Content-Type: multipart/mixed; boundary=r; boundary=q\n"),
        mixed(b"q", TEXT, FILE, head=b'Content-Type: multipart/mixed;\n boundary = "q" \n'),
        mixed(b"q", TEXT, FILE, head=b"Content-Type: multipart/mixed; boundary*0=q\n"),
        mixed(b"q", TEXT, mixed(b"q", FILE)),
        mixed(b"q", TEXT, mixed(b"r", FILE, end=b"")),
        mixed(b"q", TEXT) + b"--q\n" + FILE,
        mixed(b"q", TEXT, FILE).replace(b"--q\n", b"--q  \t\n"),
    ],
)
def test_no_malformation_hides_a_part(data):
    assert leaves(TOP + data) == BOTH


def test_boundary_that_never_comes_is_text():
    assert leaves(TOP + b"Content-Type: multipart/mixed; boundary=q\n\njust text") == [("text/plain", b"just text")]


def test_preamble_and_epilogue_are_kept():
    data = TOP + mixed(b"q", TEXT).replace(b"\n\n--q", b"\n\npreamble\n--q", 1) + b"epilogue"
    assert [(part.role, data[part.start : part.end].strip()) for part in mime.walk(data)] == [
        ("multipart", b"preamble"),
        ("leaf", b"hello"),
        ("epilogue", b"epilogue"),
    ]


def test_message_inside_is_a_leaf_and_digest_has_messages():
    inner = TOP + b"\ninner"
    assert leaves(TOP + mixed(b"q", b"Content-Type: message/rfc822\n\n" + inner)) == [("message/rfc822", inner)]
    digest = mixed(b"q", b"\n" + inner, head=b"Content-Type: multipart/digest; boundary=q\n")
    assert leaves(TOP + digest) == [("message/rfc822", inner)]


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"UEsD\nB!B6*aXAg Yn\nl0ZXM", b"PK\x03\x04\x1e\x99\x85\xc0\x81\x89\xe5\xd1\x95\xcc"[:3]),
        (b"QUJD", b"ABC"),
        (b"QUI=QUI=", b"ABAB"),
        (b"QUI", b"AB"),
        (b"Q", b""),
        (b"", b""),
    ],
)
def test_base64_past_damage(raw, data):
    assert mime.base64(raw).startswith(data)


def test_transfer_encodings():
    def one(encoding: bytes, body: bytes) -> bytes:
        return leaves(TOP + b"Content-Type: a/b; name=x\nContent-Transfer-Encoding: " + encoding + b"\n\n" + body)[0][1]

    assert one(b"BASE64 (comment)", base64.b64encode(ZIP)) == ZIP
    assert one(b"7bit", base64.b64encode(ZIP * 9)) == ZIP * 9
    assert one(b"quoted-printable", b"a=3Db=  \nc=zz") == b"a=bc=zz"
    assert one(b"8bit\nContent-Transfer-Encoding: base64", base64.b64encode(ZIP)) == ZIP
    assert one(b"x-uuencode", b"begin 644 a\n" + binascii.b2a_uu(ZIP) + b"`\nend\n") == ZIP


def test_uuencoded_text():
    lines = b"".join(
        binascii.b2a_uu((ZIP * 9)[at : at + 45]).rstrip(b" \n") + b"\n" for at in range(0, len(ZIP * 9), 45)
    )
    found, rest = mime.uuencoded(b"see file\nbegin 644 my file.zip\n" + lines + b"`\nend\nbye")
    assert found == [(b"my file.zip", ZIP * 9)]
    assert rest == b"see file\nbye"
    assert mime.uuencoded(b"begin 644 x\nno data") == ([], b"begin 644 x\nno data")


def test_deep_and_wide_cost_their_bytes_only():
    deep = (
        TOP + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)) + FILE
    )
    assert leaves(deep) == [("application/zip", ZIP)]
    assert max(part.level for part in mime.walk(deep)) == 2_000
    with pytest.raises(LimitError):
        list(mime.walk(TOP + mixed(b"q", *[TEXT] * (mime.PARTS + 1))))
