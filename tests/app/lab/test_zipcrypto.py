"""Archives open with zipfile and pyzipper, and only with the right password."""

import io
import zipfile
from datetime import UTC, datetime

import pytest
import pyzipper

from sekisho.app.lab.zipcrypto import Packing, write_zip

AT = datetime(2022, 4, 25, 5, 40, 12, tzinfo=UTC)
MEMBERS = {"請求書.lnk": b"hello" * 200, "b.txt": b"", "c/d.bin": bytes(range(256))}


@pytest.mark.parametrize("password", ["", "W4ALLD"])
@pytest.mark.parametrize("names", ["cp932", "utf-8"])
def test_traditional(password, names):
    with zipfile.ZipFile(io.BytesIO(write_zip(MEMBERS, Packing(AT, password, names=names)))) as archive:
        listed = archive.infolist()
        shown = [
            info.filename if info.flag_bits & 0x800 else info.filename.encode("cp437").decode("cp932")
            for info in listed
        ]
        assert shown == list(MEMBERS)
        assert [archive.read(info, password.encode() or None) for info in listed] == list(MEMBERS.values())
        assert {info.date_time for info in listed} == {(2022, 4, 25, 5, 40, 12)}
        assert {info.flag_bits & 1 for info in listed} == {1 if password else 0}


def test_wrong_password():
    with zipfile.ZipFile(io.BytesIO(write_zip(MEMBERS, Packing(AT, "right")))) as archive, pytest.raises(RuntimeError):
        archive.read(archive.infolist()[0], b"wrong")


def test_aes():
    with pyzipper.AESZipFile(io.BytesIO(write_zip(MEMBERS, Packing(AT, "gMZLBKgKO", aes=True)))) as archive:
        assert [archive.read(info, b"gMZLBKgKO") for info in archive.infolist()] == list(MEMBERS.values())
        assert {info.compress_type for info in archive.infolist()} <= {8, 99}
        with pytest.raises(RuntimeError, match="Bad password"):
            archive.read(archive.infolist()[0], b"wrong")


@pytest.mark.parametrize("aes", [False, True])
def test_same_bytes_each_time(aes):
    packing = Packing(AT, "x", aes)
    assert write_zip(MEMBERS, packing) == write_zip(MEMBERS, packing)
