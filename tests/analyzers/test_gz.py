"""Single streams."""

import bz2
import gzip
import io
import lzma
import random

import pytest

from sekisho.analyzers.gz import MAGIC, analyze
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

TEXT = b"CreateObject\r\n" * 500


def read(data, name="a.vbs.gz"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


@pytest.mark.parametrize(("pack", "method"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")])
def test_one_file_of_one_or_more_streams(pack, method):
    for data in (pack(TEXT), pack(TEXT[:99]) + pack(TEXT[99:])):
        assert data.startswith(MAGIC)
        features, (child,), error = read(data)
        assert error is None
        assert features == {"archive.method": [method], "archive.member": ["a.vbs"]}
        assert (child.name, child.data) == ("a.vbs", TEXT)


def test_the_stored_name_goes_first():
    buffer = io.BytesIO()
    with gzip.GzipFile("invoice.vbs", "wb", fileobj=buffer) as stream:
        stream.write(TEXT)
    (child,) = read(buffer.getvalue(), "x.gz")[1]
    assert child.name == "invoice.vbs"


@pytest.mark.parametrize(("name", "inner"), [("a.tgz", "a.tar"), ("drawing.emz", "drawing.emf"), ("x", "x.unpacked")])
def test_names_by_ending(name, inner):
    assert read(gzip.compress(b"x"), name)[1][0].name == inner


def test_bytes_after_the_stream():
    features, children, _ = read(gzip.compress(TEXT) + b"appended")
    assert features["archive.trailing_bytes"] == [8]
    assert (children[1].name, children[1].data) == ("trailing", b"appended")


def test_a_cut_stream_keeps_what_came_out():
    noise = random.Random(2).randbytes(200_000)
    _, (child,), error = read(gzip.compress(noise)[:150_000])
    assert isinstance(error, MalformedError)
    assert noise.startswith(child.data)
    assert len(child.data) > 100_000


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_is_named(pack):
    _, (child,), error = read(pack(bytes(51 * MIB)))
    assert (child.data, error.limit) == (b"", "member_bytes")
    assert "member_bytes" in child.unscanned


def test_only_foreseen_errors_come_out_of_broken_streams():
    dice = random.Random(7)
    seeds = [gzip.compress(TEXT), bz2.compress(TEXT), lzma.compress(TEXT)]
    for _ in range(300):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 5)):
            data[dice.randrange(6, len(data))] = dice.randrange(256)
        read(bytes(data[: dice.randrange(8, len(data) + 1)]))
