"""Compound files are read back by olefile, and their directory keeps the red-black rules."""

import io
import struct
from random import Random

import olefile
import pytest

from sekisho.app.lab.cfb import write_compound


def read(data: bytes) -> olefile.OleFileIO:
    return olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_INCORRECT)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 4095, 4096, 4097, 70_000])
def test_streams_come_back(size):
    data = Random(size).randbytes(size)
    with read(write_compound({"Big": data, "A/b/c": data, "A/é": b"small", "\x05Summary": b""})) as ole:
        assert {"/".join(path) for path in ole.listdir()} == {"A/b/c", "A/é", "Big", "\x05Summary"}
        assert ole.openstream("Big").read() == ole.openstream("A/b/c").read() == data
        assert ole.openstream("A/é").read() == b"small"


def test_many_sectors_need_a_difat():
    data = Random(1).randbytes(7_500_000)
    with read(write_compound({"Big": data})) as ole:
        assert ole.num_difat_sectors == 1
        assert ole.openstream("Big").read() == data


def test_classes_of_root_and_storages():
    data = write_compound(
        {"A/x": b"1"}, root_clsid=bytes(range(16)), storage_clsids={"A": b"\1" * 16, "Empty": b"\2" * 16}
    )
    with read(data) as ole:
        assert ole.root.clsid == "03020100-0504-0706-0809-0A0B0C0D0E0F"
        assert ole.getclsid("Empty") == "02020202-0202-0202-0202-020202020202"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 20, 100])
def test_directory_is_a_red_black_tree_in_order(count):
    names = [f"{'n' * (number % 7)}{number}" for number in range(count)]
    data = write_compound(dict.fromkeys(names, b"x" * 5000))
    first = struct.unpack_from("<I", data, 48)[0]
    at = 512 + first * 512
    entries = [data[at + 128 * number : at + 128 * number + 128] for number in range(count + 1)]

    def walk(number):
        """Give (names in order, black height)."""
        if number == 0xFFFFFFFF:
            return [], 1
        entry = entries[number]
        length, _, colour, left, right = struct.unpack_from("<HBBII", entry, 64)
        if colour == 0:
            assert all(entries[child][67] == 1 for child in (left, right) if child != 0xFFFFFFFF)
        (before, height), (after, other) = walk(left), walk(right)
        assert height == other
        name = entry[: length - 2].decode("utf-16-le")
        return [*before, name, *after], height + colour

    top = struct.unpack_from("<I", entries[0], 76)[0]
    assert entries[top][67] == 1
    assert walk(top)[0] == sorted(names, key=lambda name: (len(name), name.upper()))


@pytest.mark.parametrize("streams", [{"": b""}, {"x" * 32: b""}, {"A": b"", "A/b": b""}])
def test_names_that_do_not_fit(streams):
    with pytest.raises(ValueError, match=r"name|stream"):
        write_compound(streams)
