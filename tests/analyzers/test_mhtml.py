"""Pages saved with their parts."""

import random

import pytest

from sekisho.analyzers import eml
from sekisho.analyzers.mhtml import analyze, is_web_archive
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.url import Url

ARCHIVE = b"""From: <Saved by Blink>
Snapshot-Content-Location: https://www.example.com/login
Subject: Sign in
Date: Sat, 28 Nov 2026 00:00:00 -0000
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="----edge"

------edge
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable
Content-Location: https://www.example.com/login

<html><form action=3D"https://www.example.net/p"><input type=3D"password"></form></html>
------edge
Content-Type: image/png
Content-Transfer-Encoding: base64
Content-Location: https://www.example.com/logo.png?v=1

iVBORw0KGgo=
------edge--
""".replace(b"\n", b"\r\n")
SINGLE = b'MIME-Version: 1.0\r\nContent-Type: text/html; charset="utf-8"\r\n\r\n<html>x</html>'
MAIL = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>x"


def read(data, name="a.mht"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(
                    one.value.canonical if isinstance(one.value, Url) else one.value
                )
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def test_the_page_and_its_parts():
    features, children, error = read(ARCHIVE)
    assert error is None
    assert features["mhtml.saved_from"] == ["https://www.example.com/login"]
    assert features["url"] == ["https://www.example.com/login"]
    assert features["mhtml.parts"] == [2]
    assert [(child.name, child.relation, child.declared_type) for child in children] == [
        ("login.html", "embedded", "text/html"),
        ("logo.png", "embedded", "image/png"),
    ]
    assert b'type="password"' in children[0].data
    assert children[1].data == b"\x89PNG\r\n\x1a\n"


def test_a_single_page():
    features, (child,), _ = read(SINGLE)
    assert features["mhtml.parts"] == [1]
    assert (child.name, child.data) == ("part1.html", b"<html>x</html>")


@pytest.mark.parametrize(
    ("data", "name", "claimed"),
    [
        (ARCHIVE, "a.mht", True),
        (ARCHIVE, "invoice.doc", True),
        (SINGLE, "a", True),
        (MAIL, "a.eml", False),
        (MAIL, "a.mht", False),
        (MAIL.replace(b"To: b@example.com\r\n", b""), "a.eml", False),
        (MAIL.replace(b"To: b@example.com\r\n", b""), "a.mht", True),
        (b"Content-Type: text/plain\r\n\r\nx", "a.mht", False),
        (b"", "a.mht", False),
    ],
)
def test_what_is_an_archive_is_no_mail(data, name, claimed):
    artifact = Artifact(name, data, name)
    assert is_web_archive(artifact) is claimed
    assert not (claimed and eml._recognise(artifact))


def test_only_foreseen_errors_come_out_of_broken_archives():
    dice = random.Random(7)
    for _ in range(300):
        data = bytearray(ARCHIVE)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        artifact = Artifact("a", bytes(data[: dice.randrange(1, len(data) + 1)]), "a")
        is_web_archive(artifact)
        read(artifact.data)
