"""Streams of Zstandard, lzip and compress."""

import base64
import random
import sys

import pytest

from sekisho.analyzers.zst import METHODS, analyze
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import MIB

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"".join(b"line %d of a harmless list\r\n" % number for number in range(60))
COMPRESS = base64.b64decode(  # by compress 5.0
    "H52QbNK4KQMCBog3ZkCEAYEmjJw2bMrMmQMi4Bw6DRQEHAgixsGECxs+jDixYpqLGTcSlPFRIUOHECVStIhRo0CCM1qGhEly5smaKkHQ0Ply"
    "pEyTKG1yrEFUZMySNFPeBGGjKc+jUZUSvGHVKNSfUjni6PrUZ9KgOcj2RAp0agyDCF06XZs1aAyPcXd6NduWYwyWeYuWZRuWYIycgediBau1"
    "49DEV7+edcsU8l7CjWNUtTy4rluunOkytjs29OLJftOaltx3JVyQgkWjXokXtmLWhUHIAGw7Mt/cMhD3vuyZo4zHwzuPniqjcnLZrXVvfn46"
    "ugzQ1HE3llE6++/tqr1jDjrjtVzf46fOqH2e+HKOM3i3Vz4bxAzh86HnnoE8f/X9zvmnHXnTCfgdedgZmB583SlYHE7hOfgeQTSYpxd90dHA"
    "3oX6NUaDfBz+5yF+IQ44FQ39lXjgiQGquCCFBbr4oFAJyjihUA3aWB8NEeoYXQ0WxiZiUDVsKKSJS4F45IpLkbjkiyDUkOKTM9bQIpU31hAj"
    "lvXVUCOXP+YIZm419DimAg=="
)
LZIP = base64.b64decode(  # by lzip 1.23
    "TFpJUAEMADYaSh8IoCYDTQad7+2JoYIZZDPQtxhcxmliveqxxeRRI27im3a0pZFiuPiuqF9CqMr7NLuSYSbZkXZyGZtePcsXspSUUzSDk5n7"
    "/SNHyzcw94ytinvCpyJbn+/R4DZVUO+WplSi6PH2NEDcbRlrbZn3GTAqnhOua4q5aP9qxo2zlahiMDnhGHX///qm+WBkYEOahgYAAAAAAACp"
    "AAAAAAAAAA=="
)
ZSTD = zstd.compress(TEXT)


def read(data, name="a.vbs.zst"):
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


def codes(*values, width=9):
    """Codes of compress, all of one width."""
    bits = sum(value << index * width for index, value in enumerate(values))
    return b"\x1f\x9d\x90" + bits.to_bytes(-(-len(values) * width // 8), "little")


@pytest.mark.parametrize(("data", "method"), [(ZSTD, "zstd"), (LZIP, "lzip"), (COMPRESS, "compress")])
def test_one_file(data, method):
    assert data.startswith(tuple(METHODS))
    features, (child,), error = read(data)
    assert error is None
    assert features == {"archive.method": [method], "archive.member": ["a.vbs"]}
    assert child.data == TEXT


@pytest.mark.parametrize("data", [ZSTD, LZIP])
def test_streams_in_a_row_and_bytes_behind_them(data):
    features, children, error = read(data + data + b"appended")
    assert error is None
    assert children[0].data == TEXT * 2
    assert (children[1].name, children[1].data) == ("trailing", b"appended")
    assert features["archive.trailing_bytes"] == [8]


def test_codes_of_compress():
    assert read(codes(97, 257, 258))[1][0].data == b"aaaaaa"
    assert read(codes(97, 98, 257, 256, 0, 0, 0, 0, 99))[1][0].data == b"ababc"
    _, (child,), error = read(codes(97, 300))
    assert (child.data, error.what) == (b"a", "compress: code without meaning")
    assert isinstance(read(b"\x1f\x9d\x81abc")[2], MalformedError)
    assert isinstance(read(b"\x1f\x9d")[2], MalformedError)


@pytest.mark.parametrize("data", [ZSTD, LZIP])
def test_a_cut_stream(data):
    _, _, error = read(data[: len(data) // 2])
    assert isinstance(error, MalformedError)


def _endless():
    """Each code is the word before and its first letter: words grow by one."""
    values = [97, *range(257, 512)]
    return codes(*values) + bytes(0)


def test_bombs_are_named():
    _, (child,), error = read(zstd.compress(bytes(51 * MIB)))
    assert (child.data, error.limit) == (b"", "member_bytes")
    _, (child,), error = read(b"\x1f\x9d\x90" + codes(*[97] * 8)[3:] * 1_000_000)
    assert error is not None
    assert len(read(_endless())[1][0].data) > 30_000


def test_only_foreseen_errors_come_out_of_broken_streams():
    dice = random.Random(15)
    for _ in range(300):
        data = bytearray(dice.choice((ZSTD, LZIP, COMPRESS)))
        for _ in range(dice.randrange(1, 5)):
            data[dice.randrange(2 if data[0] == 0x1F else 4, len(data))] = dice.randrange(256)
        read(bytes(data[: dice.randrange(4, len(data) + 1)]))
