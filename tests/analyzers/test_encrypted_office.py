"""Encrypted documents: recognised from bytes made here, opened from the real ones."""

import random
from pathlib import Path

import pytest

from sekisho.analyzers.encrypted_office import analyze, is_encrypted
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FIXTURES = SHARED / "fixtures" / "oletools"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0")
real = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project"),
]


def with_marks(function):
    for mark in real:
        function = mark(function)
    return function


def read(data, passwords=(), name="a.xls"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name, passwords=passwords)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def claims(data):
    return is_encrypted(Artifact("a", data, "a"))


def test_recognised_by_bytes_alone():
    bof = b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(12)
    filepass = b"\x2f\x00\x36\x00" + bytes(54)
    assert claims(OLE + bof + filepass)
    assert not claims(OLE + bof + b"\x42\x00\x02\x00\xa4\x03")
    assert not claims(OLE + bytes(1_024))
    assert not claims(bof + filepass)
    assert claims(OLE + "EncryptedPackage".encode("utf-16-le"))
    word = "WordDocument".encode("utf-16-le")
    assert claims(OLE + b"\xec\xa5\xc1\x00".ljust(10, b"\0") + b"\x00\x01" + word)
    assert not claims(OLE + b"\xec\xa5\xc1\x00".ljust(10, b"\0") + b"\x00\x00" + word)


@with_marks
def test_absurd_hash_rounds_are_refused():
    data = (FIXTURES / "encrypted" / "encrypted.xlsx").read_bytes()
    features, children, error = read(data.replace(b'spinCount="100000"', b'spinCount="900000"'))
    assert features["office.encrypted"] == [True]
    assert str(error) == "encrypted: asks for 900000 hash rounds a password"
    assert children == []


def test_what_cannot_be_parsed_is_malformed():
    package = "EncryptedPackage".encode("utf-16-le")
    for tail in (b"", b"<!ENTITY a 'b'>"):
        features, _, error = read(OLE + package + tail)
        assert features["office.encrypted"] == [True]
        assert isinstance(error, MalformedError)


@with_marks
@pytest.mark.parametrize(
    "path", sorted((FIXTURES / "encrypted").glob("*standardpassword*")), ids=lambda path: path.name
)
def test_built_in_password_opens_real_documents(path):
    data = path.read_bytes()
    assert claims(data)
    features, (child,), error = read(data, name=path.name)
    assert error is None
    assert features["office.password"] == ["VelvetSweatshop"]
    assert (child.name, child.relation, child.unscanned) == (path.name, "decoded", "")
    assert not claims(child.data)


@with_marks
@pytest.mark.parametrize("path", sorted((FIXTURES / "encrypted").glob("encrypted.*[!x]")), ids=lambda path: path.name)
def test_other_passwords_come_from_the_mail(path):
    data = path.read_bytes()
    assert claims(data)
    features, (child,), _ = read(data, ("nope",), path.name)
    assert "office.password" not in features
    assert child.unscanned == "encrypted: no password found (2 tried)"


@with_marks
def test_ordinary_documents_are_left_alone():
    for path in FIXTURES.rglob("*"):
        if path.is_file() and path.parent.name != "encrypted" and path.name != "encrypted.docx":
            assert not claims(path.read_bytes()), path


@with_marks
def test_only_foreseen_errors_come_out_of_broken_documents():
    paths = [FIXTURES / "encrypted" / name for name in ("encrypted.xls", "encrypted.doc", "encrypted.ppt")]
    seeds = [path.read_bytes() for path in paths]
    seeds.append((FIXTURES / "encrypted" / "dde-test-encrypt-standardpassword.xls").read_bytes())
    agile = (FIXTURES / "encrypted" / "encrypted.xlsx").read_bytes()
    seeds.append(agile.replace(b'spinCount="100000"', b'spinCount="000010"'))  # quick to try
    dice = random.Random(11)
    for _ in range(150):
        data = bytearray(dice.choice(seeds))
        described = data.find(b"<encryption")
        for _ in range(dice.randrange(4)):
            if described > 0:
                data[described + dice.randrange(1_400)] = dice.choice(b'<>"0 x')
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(8, len(data))] = dice.choice((0, 0xFF, dice.randrange(256)))
        read(bytes(data[: dice.choice((len(data), dice.randrange(600, len(data))))]))
