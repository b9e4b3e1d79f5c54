import pytest

from sekisho.app.console.audit import SYSTEM, Actor, broken, note
from sekisho.app.console.database import Database


def noted(folder, count):
    base = Database(folder)
    for number in range(count):
        with base.change() as writing:
            note(writing, Actor("suzuki", "192.0.2.1"), "incident.close", f"i{number}", reason="テスト")
    return base


def test_entries_follow_from_one_another(tmp_path):
    base = noted(tmp_path, 5)
    assert broken(base) is None
    assert base.count("SELECT count(*) FROM audit") == 5
    base.close()


def test_a_changed_or_missing_entry_shows(tmp_path):
    base = noted(tmp_path, 5)
    base.base.execute("UPDATE audit SET who = 'nobody' WHERE number = 3")
    assert broken(base) == 3
    base.base.execute("UPDATE audit SET who = 'suzuki' WHERE number = 3")
    assert broken(base) is None
    base.base.execute("DELETE FROM audit WHERE number = 2")
    assert broken(base) == 3
    base.close()


def test_an_entry_of_a_change_that_failed_is_not_kept(tmp_path):
    base = noted(tmp_path, 1)
    with pytest.raises(KeyError), base.change() as writing:
        note(writing, SYSTEM, "case.delete")
        raise KeyError
    assert base.count("SELECT count(*) FROM audit") == 1
    base.close()
