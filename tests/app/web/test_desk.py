import pytest

from sekisho.app.web.desk import Settings, open_desk
from sekisho.model.errors import SourceError


def test_a_folder_becomes_a_console_s_and_stays_one(tmp_path):
    for _ in range(2):
        desk = open_desk(Settings(tmp_path / "new"))
        assert {one.name for one in desk.settings.folder.iterdir()} >= {"store.db", "console.db", "cases", "incoming"}
        desk.database.close()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(SourceError, match="other files"):
        open_desk(Settings(tmp_path))
    assert [one.name for one in tmp_path.iterdir() if one.name != "lock"] == ["letters.txt"]


def test_each_start_has_another_key(tmp_path):
    keys = set()
    for _ in range(2):
        desk = open_desk(Settings(tmp_path / "new"))
        keys.add(desk.key)
        desk.database.close()
    assert len(keys) == 2
