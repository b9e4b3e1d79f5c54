import os

from sekisho.app.console import work
from sekisho.app.console.audit import SYSTEM


def test_a_job_that_is_not_there_is_refused(desk, capsys):
    assert work.main([str(desk.settings.folder), "999"]) == 2
    assert "no such job" in capsys.readouterr().err


def test_a_case_that_is_not_there_any_more_is_no_error(desk):
    key = desk.cases.create("gone", SYSTEM)
    number = desk.jobs.ask(key, SYSTEM)
    with desk.database.change() as base:
        base.execute("DELETE FROM cases WHERE id = ?", (key,))
    assert work.main([str(desk.settings.folder), str(number)]) == 0
    assert desk.jobs.get(number).state == "done"


def test_evidence_that_cannot_be_read_is_named_and_the_rest_is_read(desk):
    key = desk.cases.create("broken", SYSTEM)
    desk.cases.add(key, "broken.evtx", [b"ElfFile\x00" + os.urandom(5000)], SYSTEM)
    desk.cases.add(key, "empty.eml", [b""], SYSTEM)
    desk.cases.add(key, "a.eml", [b"From: a@one.example\nTo: b@two.example\nSubject: test\n\nhello\n"], SYSTEM)
    number = desk.jobs.ask(key, SYSTEM)
    here = os.getcwd()
    try:
        assert work.main([str(desk.settings.folder), str(number), "--jobs", "1"]) == 0
    finally:
        os.chdir(here)
    rows = {row["path"]: row for row in desk.database.all("SELECT * FROM files WHERE case_id = ?", key)}
    assert rows["broken.evtx"]["skipped"]
    assert rows["a.eml"]["kind"] == "eml"
    assert desk.database.one("SELECT subject FROM messages WHERE address = ?", f"{key}/a.eml")["subject"] == "test"
    assert desk.database.count("SELECT count(*) FROM cases") == 2
