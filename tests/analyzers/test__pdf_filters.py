"""Stream filters."""

import base64
import random
import zlib

import pytest

from sekisho.analyzers._pdf_filters import Filters, flate, lzw, run_length, unpredict
from sekisho.model.errors import LimitError, MalformedError

TEXT = b"app.alert(1);" * 40


def decode(data, *chain):
    return Filters().decode(data, list(chain))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("FlateDecode", zlib.compress(TEXT)),
        ("Fl", zlib.compress(TEXT)),
        ("FlateDecode", b"xx" + zlib.compress(TEXT)[2:]),
        ("ASCIIHexDecode", TEXT.hex(" ").encode() + b">"),
        ("ASCII85Decode", b"<~" + base64.a85encode(TEXT, wrapcol=60) + b"~>"),
        ("RunLengthDecode", b"".join(b"\x0c" + TEXT[:13] for _ in range(40)) + b"\x80"),
    ],
)
def test_one_filter(name, data):
    assert decode(data, (name, {})) == TEXT


def test_a_chain_ends_with_an_image_codec():
    assert decode(zlib.compress(TEXT).hex().encode(), ("AHx", {}), ("Fl", {}), ("DCTDecode", {})) == TEXT


def test_a_cut_stream_keeps_what_came_out():
    noise = random.Random(2).randbytes(5_000)
    assert noise.startswith(flate(zlib.compress(noise)[:3_000], 10_000)[:2_000])
    assert flate(b"nothing", 99) == b""


def test_lzw_of_the_standard():
    # ISO 32000-1 7.4.4.2, example 2
    assert lzw(bytes.fromhex("800b6050220c0c8501")) == bytes((45, 45, 45, 45, 45, 65, 45, 45, 45, 66))


def test_run_lengths():
    assert run_length(b"\x01ab\xfec\x80rest") == b"abccc"


@pytest.mark.parametrize(
    ("rows", "plain"),
    [
        (b"\x00abc\x00def", b"abcdef"),
        (b"\x01a\x01\x01\x01d\x01\x01", b"abcdef"),
        (b"\x00abc\x02\x03\x03\x03", b"abcdef"),
        (b"\x00abc\x03" + bytes((100 - 48, 101 - 99, 102 - 100)), b"abcdef"),
        (b"\x00abc\x04" + bytes((3, 1, 1)), b"abcdef"),
    ],
)
def test_png_rows(rows, plain):
    assert unpredict(rows, 3, 1) == plain


def test_predictors():
    parameters = {"Predictor": 12, "Columns": 3}
    assert decode(zlib.compress(b"\x00abc\x02\x03\x03\x03"), ("FlateDecode", parameters)) == b"abcdef"
    assert decode(zlib.compress(b"a\x01\x01d\x01\x01"), ("Fl", {"Predictor": 2, "Columns": 3})) == b"abcdef"
    with pytest.raises(MalformedError):
        decode(zlib.compress(TEXT), ("FlateDecode", {"Predictor": 12, "Columns": -1}))


def test_bombs_are_named():
    with pytest.raises(LimitError, match="member_bytes"):
        decode(zlib.compress(bytes(51 * 1024 * 1024)), ("FlateDecode", {}))
    with pytest.raises(LimitError, match="steps"):
        decode(b"\x80" * 5_000_000, ("RL", {}))
    with pytest.raises(MalformedError):
        decode(b"", *[("FlateDecode", {})] * 9)
    with pytest.raises(MalformedError):
        decode(b"x", ("NoSuchDecode", {}))
