import time

from sekisho.app.console.upkeep import Upkeep
from sekisho.app.console.watching import Watcher


def test_it_looks_and_stops(desk, tmp_path, monkeypatch):
    monkeypatch.setattr("sekisho.app.console.upkeep.LOOK_EVERY_S", 0.05)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.eml").write_bytes(b"From: a@one.example\n\nx\n")
    upkeep = Upkeep(desk.database, desk.cases, Watcher(desk.database, desk.cases, folder, 1000))
    upkeep.start()
    end = time.monotonic() + 20
    while not desk.database.count("SELECT count(*) FROM jobs WHERE state = 'queued'"):
        assert time.monotonic() < end
        time.sleep(0.05)
    upkeep.stop()
    assert desk.database.count("SELECT count(*) FROM files WHERE path = 'a.eml'") == 1
