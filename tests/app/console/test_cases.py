import asyncio
import os

import pytest

from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.cases import Cases, shown_name, shown_path
from sekisho.app.console.database import Database
from sekisho.model.errors import LimitError, SourceError


@pytest.fixture
def cases(tmp_path):
    base = Database(tmp_path)
    made = Cases(base)
    made.prepare()
    yield made
    base.close()


def test_a_file_is_kept_once(cases):
    key = cases.create("週", SYSTEM)
    first = cases.add(key, "mail/a.eml", [b"From: x", b"\n"], SYSTEM)
    again = cases.add(key, "other.eml", [b"From: x\n"], SYSTEM)
    assert (first.path, first.new) == ("mail/a.eml", True)
    assert (again.path, again.new) == ("mail/a.eml", False)
    assert cases.evidence(key, "mail/a.eml").read_bytes() == b"From: x\n"
    assert not any(cases.incoming.iterdir())


def test_other_bytes_of_a_name_get_a_number(cases):
    key = cases.create("x", SYSTEM)
    paths = [cases.add(key, "log/a.log", [str(number).encode()], SYSTEM).path for number in range(3)]
    assert paths == ["log/a.log", "log/a (2).log", "log/a (3).log"]


def test_a_file_where_a_folder_should_be_is_no_matter(cases):
    key = cases.create("x", SYSTEM)
    assert cases.add(key, "a", [b"1"], SYSTEM).path == "a"
    assert cases.add(key, "a/b", [b"2"], SYSTEM).path == "a_b"
    assert cases.add(key, "c/d", [b"3"], SYSTEM).path == "c/d"
    assert cases.add(key, "c", [b"4"], SYSTEM).path == "c (2)"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/abs/x", "abs/x"),
        ("C:\\Users\\x\\a.eml", "C:/Users/x/a.eml"),
        ("a\x00b\n.eml", "a_b_.eml"),
        ("evil\u202etxt.exe", "evil_txt.exe"),
        ("件名/メール.eml", "件名/メール.eml"),
        ("./x/.", "x"),
        (" . /y", "y"),
    ],
)
def test_paths_stay_below_the_case(given, kept):
    assert shown_path(given) == kept


@pytest.mark.parametrize("given", ["", "..", "/", "../..", " . "])
def test_what_is_no_name_is_refused(given):
    with pytest.raises(SourceError):
        shown_path(given)


def test_names_that_are_too_long_keep_their_ending():
    path = shown_path("あ" * 300 + ".eml")
    assert path.endswith(".eml")
    assert len(path.encode()) <= 200
    assert len(shown_path("/".join(["d"] * 500) + "/x.eml").split("/")) == 30
    assert len(shown_name("x" * 999)) == 200


async def pieces(*given):
    for one in given:
        yield one


async def size(cases, body, most):
    async with cases.received("x", body, most) as place:
        return place.stat().st_size


def test_an_upload_that_is_too_large_leaves_nothing(cases):
    with pytest.raises(LimitError):
        asyncio.run(size(cases, pieces(b"12345", b"67890"), 9))
    assert not any(cases.incoming.iterdir())
    assert asyncio.run(size(cases, pieces(b"12345", b"6789"), 9)) == 9
    assert not any(cases.incoming.iterdir())


def test_an_upload_that_breaks_off_leaves_nothing(cases):
    async def broken():
        yield b"123"
        raise ConnectionError

    with pytest.raises((ConnectionError, SourceError)):
        asyncio.run(size(cases, broken(), 99))
    assert not any(cases.incoming.iterdir())


def test_a_case_that_is_not_there_takes_nothing(cases):
    with pytest.raises(SourceError, match="no such case"):
        cases.add("c000000000000", "x", [b"1"], SYSTEM)
    with pytest.raises(SourceError, match="no such case"):
        cases.delete("c000000000000", SYSTEM)
    key = cases.create("x", SYSTEM)
    with pytest.raises(SourceError, match="no such file"):
        cases.evidence(key, "../../console.db")


def test_what_has_no_row_goes_at_the_next_start(cases):
    key = cases.create("x", SYSTEM)
    cases.add(key, "kept", [b"1"], SYSTEM)
    (cases.incoming / "half").write_bytes(b"2")
    os.mkdir(cases.folder / "c999999999999")
    cases.prepare()
    assert [one.name for one in cases.folder.iterdir()] == [key]
    assert not any(cases.incoming.iterdir())
    assert cases.evidence(key, "kept").exists()


def test_a_deleted_case_is_gone_but_for_the_audit(desk):
    base = desk.database
    (key,) = [row["id"] for row in base.all("SELECT id FROM cases")]
    incident = base.one("SELECT id FROM incidents")["id"]
    with base.change() as writing:
        writing.execute("INSERT INTO comments (incident, at, who, text) VALUES (?, 1, 'x', 'y')", (incident,))
    desk.cases.delete(key, SYSTEM)
    assert base.count("SELECT count(*) FROM jobs WHERE case_id = ?", key) == 0
    for table in (
        "cases",
        "files",
        "incidents",
        "triage",
        "comments",
        "messages",
        "findings",
        "entities",
        "words",
    ):
        assert base.count(f"SELECT count(*) FROM {table}") == 0, table
    assert not (desk.cases.folder / key).exists()
    assert base.one("SELECT target FROM audit WHERE action = 'case.delete'")["target"] == key
