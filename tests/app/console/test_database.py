import sqlite3

import pytest

from sekisho.app.console.database import NAME, Database, packed, unpacked
from sekisho.model.errors import SourceError


def test_a_change_is_made_wholly_or_not_at_all(tmp_path):
    base = Database(tmp_path)
    with pytest.raises(RuntimeError), base.change() as writing:
        writing.execute("INSERT INTO settings VALUES ('a', '1')")
        raise RuntimeError
    assert base.setting("a", "none") == "none"
    with base.change() as writing:
        writing.execute("INSERT INTO settings VALUES ('a', '1')")
    assert base.setting("a") == "1"
    base.close()


def test_only_its_owner_reads_the_database(tmp_path):
    Database(tmp_path).close()
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0


def test_what_is_no_database_or_a_newer_one_is_refused(tmp_path):
    (tmp_path / NAME).write_bytes(b"no database at all, only text" * 50)
    with pytest.raises(SourceError, match="cannot be used"):
        Database(tmp_path)
    (tmp_path / NAME).unlink()
    newer = sqlite3.connect(tmp_path / NAME)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(SourceError, match="newer Sekisho"):
        Database(tmp_path)


def test_a_document_comes_back_as_it_was():
    document = {"件名": ["請求書", 1, None, True]}
    assert unpacked(packed(document)) == document
