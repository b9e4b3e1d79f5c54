import os

import pytest

from sekisho.app.console.cases import Cases
from sekisho.app.console.database import Database
from sekisho.app.console.watching import Watcher


@pytest.fixture
def watched(tmp_path):
    (tmp_path / "desk").mkdir()
    folder = tmp_path / "quarantine"
    folder.mkdir()
    base = Database(tmp_path / "desk")
    cases = Cases(base)
    cases.prepare()
    yield base, folder, Watcher(base, cases, folder, 1000, lambda: 1_652_659_524.0)
    base.close()


def test_a_file_is_taken_in_when_nobody_writes_to_it_any_more(watched):
    base, folder, watcher = watched
    (folder / "sub").mkdir()
    file = folder / "sub" / "a.eml"
    file.write_bytes(b"half")
    assert watcher.look() == 0
    file.write_bytes(b"half and the rest")
    assert watcher.look() == 0
    assert watcher.look() == 1
    assert watcher.look() == 0
    row = base.one("SELECT * FROM files")
    assert (row["path"], row["bytes"]) == ("sub/a.eml", 17)
    assert base.one("SELECT name FROM cases")["name"] == "quarantine 2022-05-16"
    assert base.count("SELECT count(*) FROM jobs WHERE state = 'queued'") == 1


def test_what_was_taken_in_once_is_not_again_after_a_restart(watched):
    base, folder, watcher = watched
    (folder / "a.eml").write_bytes(b"1")
    for _ in range(3):
        watcher.look()
    other = Watcher(base, watcher._cases, folder, 1000, lambda: 1_652_759_524.0)
    for _ in range(3):
        assert other.look() == 0
    assert base.count("SELECT count(*) FROM files") == 1


def test_links_hidden_and_too_large_files_are_left(watched, tmp_path):
    base, folder, watcher = watched
    (tmp_path / "secret").write_bytes(b"x")
    os.symlink(tmp_path / "secret", folder / "link")
    os.symlink(tmp_path, folder / "outside")
    os.mkfifo(folder / "pipe")
    (folder / ".part").write_bytes(b"x")
    (folder / "big").write_bytes(b"x" * 1001)
    for _ in range(4):
        assert watcher.look() == 0
    assert base.count("SELECT count(*) FROM files") == 0
    assert base.count("SELECT count(*) FROM audit WHERE action = 'watch.refuse'") == 1


def test_a_folder_that_goes_is_no_error(watched):
    _, folder, watcher = watched
    folder.rmdir()
    assert watcher.look() == 0
