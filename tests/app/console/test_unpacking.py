import io
import random
import zipfile

import pytest
import pyzipper

from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.cases import Cases
from sekisho.app.console.database import Database
from sekisho.app.console.unpacking import unpack
from sekisho.model.errors import SourceError


@pytest.fixture
def cases(tmp_path):
    base = Database(tmp_path)
    made = Cases(base)
    made.prepare()
    yield made
    base.close()


def zipped(members, tool=zipfile.ZipFile):
    held = io.BytesIO()
    with tool(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


def given(cases, data, name="folder.zip", most=10_000_000):
    key = cases.create("x", SYSTEM)
    place = cases.incoming / "given"
    place.write_bytes(data)
    done = unpack(cases, key, name, place, most, SYSTEM)
    place.unlink()
    assert not any(cases.incoming.iterdir())
    return done, sorted(row["path"] for row in cases._database.all("SELECT path FROM files WHERE case_id = ?", key))


def test_a_folder_comes_out_as_it_was(cases):
    done, paths = given(cases, zipped({"mail/a.eml": b"1", "logs/b.evtx": b"2", "empty/": b"", "logs/same": b"2"}))
    assert done.kept_whole == ""
    assert [one.new for one in done.added] == [True, True, False]
    assert paths == ["folder/logs/b.evtx", "folder/mail/a.eml"]


def test_names_lead_nowhere_else(cases):
    _, paths = given(cases, zipped({"../../etc/passwd": b"1", "/abs": b"2", "C:\\x\\y": b"3"}))
    assert paths == ["folder/C:/x/y", "folder/abs", "folder/etc/passwd"]


def test_japanese_names_of_windows_are_read(cases):
    data = bytearray(zipped({"AAAA.txt": b"1"}))
    assert data.count(b"AAAA.txt") == 2
    _, paths = given(cases, bytes(data).replace(b"AAAA", "請求".encode("cp932")))
    assert paths == ["folder/請求.txt"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zipped({"bomb": b"\0" * 9_000_000}), "more than is allowed"),
        (b"PK\x03\x04 and nothing more", ""),
        (zipped({"a": b"1" * 500})[:-30], ""),
    ],
    ids=("bomb", "no archive", "cut off"),
)
def test_what_is_not_what_it_says_is_kept_whole(cases, data, reason):
    done, paths = given(cases, data, most=8_000_000)
    assert reason in done.kept_whole
    assert done.kept_whole
    assert paths == ["folder.zip"]


def test_one_with_a_password_is_evidence_itself(cases):
    held = io.BytesIO()
    with pyzipper.AESZipFile(held, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"infected")
        archive.writestr("a.lnk", b"x")
    done, paths = given(cases, held.getvalue())
    assert done.kept_whole == "has a password"
    assert paths == ["folder.zip"]


def test_a_case_that_is_not_there_takes_nothing(cases, tmp_path):
    place = tmp_path / "a.zip"
    place.write_bytes(zipped({"a": b"1"}))
    with pytest.raises(SourceError):
        unpack(cases, "c000000000000", "a.zip", place, 1000, SYSTEM)


def test_no_mutant_breaks_it(cases):
    rng, whole = random.Random(7), zipped({"mail/a.eml": b"hello" * 50, "b": b"\x00" * 3000})
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        done, _ = given(cases, bytes(data))
        assert done.added or not done.kept_whole
