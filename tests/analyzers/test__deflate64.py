"""Deflate64: what plain deflate writes is read too, and a blob of 7-Zip has what only Deflate64 can say."""

import random
import zlib

import pytest

from sekisho.analyzers._deflate64 import deflate64
from sekisho.model.errors import LimitError, MalformedError


def deflate(data, level=6, strategy=0):
    packer = zlib.compressobj(level, wbits=-15, strategy=strategy)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("strategy", [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY])
def test_what_deflate_writes_without_its_longest_match(level, strategy):
    dice = random.Random(3)
    data = bytes(dice.choice(b"abcdefgh") for _ in range(70_000)) + dice.randbytes(70_000)
    packed = deflate(data, level, strategy)
    for step in (1, 997, len(packed)):
        pieces = (packed[at : at + step] for at in range(0, len(packed), step)) if step > 1 or level == 9 else [packed]
        assert b"".join(deflate64(pieces)) == data


def test_a_match_of_sixteen_extra_bits():
    bits = "1" + "01"[::-1] + "10010001"  # last block, fixed codes, the letter a
    bits += "11000101" + f"{40_000 - 3:016b}"[::-1] + "00000"  # length code 285, distance 1
    bits += "0000000"
    packed = int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")
    assert b"".join(deflate64([packed])) == b"a" * 40_001


def test_cut_broken_and_endless_streams():
    packed = deflate(b"harmless words " * 400)
    with pytest.raises(MalformedError):
        list(deflate64([packed[: len(packed) // 2]]))
    with pytest.raises(MalformedError):
        list(deflate64([b"\x07"]))
    with pytest.raises(LimitError):
        list(deflate64(iter(lambda: bytes([0, 0, 0, 0xFF, 0xFF]) * 1_000, b"")))


def test_only_foreseen_errors_come_out_of_broken_streams():
    dice = random.Random(5)
    seeds = [deflate(b"harmless words " * 40), deflate(bytes(dice.choice(b"abcd") for _ in range(900)), 9)]
    for _ in range(200):
        data = bytearray(dice.choice(seeds))
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        try:
            out = b"".join(deflate64([bytes(data)]))
        except (MalformedError, LimitError):
            continue
        assert len(out) < 5_000_000
