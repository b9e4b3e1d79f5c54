"""The database of a store: wholly or not at all, and for one writer."""

import subprocess
import sys

import pytest

from sekisho.app.store.state import Segment, State, Stored
from sekisho.model.errors import SourceError
from sekisho.model.event import Logsource

ONE = Stored("d1", "a.evtx", "evtx", 10, 3, None)


SOURCE = Logsource("p", "c", "s")


def segment(path, first, last, logsource=SOURCE):
    return Segment(path, logsource, 3, 100, first, last)


def test_what_is_added_is_there(tmp_path):
    with State(tmp_path / "s", write=True) as state:
        state.add([ONE], [segment("x/1.parquet", 5, 9), segment("y/2.parquet", None, None, Logsource("q"))])
    with State(tmp_path / "s") as state:
        assert state.known("d1") == ONE
        assert state.known("d2") is None
        held = state.status()
        assert (held.inputs, held.rows, held.first_ns, held.last_ns) == (1, 6, 5, 9)
        assert dict(held.logsources) == {Logsource("p", "c", "s"): 3, Logsource("q"): 3}


def test_segments_by_logsource_and_time(tmp_path):
    with State(tmp_path, write=True) as state:
        state.add(
            [],
            [segment("a", 0, 9), segment("b", 10, 19), segment("c", None, None), segment("d", 5, 30, Logsource("q"))],
        )

        def names(*given):
            return [one.path for one in state.segments(*given)]

        assert names() == ["d", "b", "a", "c"]
        assert names(Logsource("p")) == ["b", "a", "c"]
        assert names(Logsource("", "", ""), 10) == ["d", "b"]
        assert names(Logsource(), None, 4) == ["a"]
        assert names(Logsource(), 19, 19) == ["d", "b"]
        assert [one.path for one in state.older(20)] == ["b", "a"]


def test_files_that_no_row_tells_of_go_when_it_is_opened_to_write(tmp_path):
    with State(tmp_path, write=True) as state:
        folder = state.events / "x"
        folder.mkdir()
        (folder / "known.parquet").write_bytes(b"k")
        (folder / "left.parquet").write_bytes(b"l")
        (folder / "left.part").write_bytes(b"l")
        state.add([], [segment("x/known.parquet", 1, 2)])
    State(tmp_path).close()
    assert len(list(folder.iterdir())) == 3
    State(tmp_path, write=True).close()
    assert [one.name for one in folder.iterdir()] == ["known.parquet"]


def test_removed_segments_are_gone(tmp_path):
    with State(tmp_path, write=True) as state:
        (state.events / "x.parquet").write_bytes(b"")
        state.add([ONE], [segment("x.parquet", 1, 2)])
        state.remove(state.segments())
        assert not state.segments()
        assert not list(state.events.iterdir())
        assert state.known("d1") == ONE


def test_folders_that_are_no_store(tmp_path):
    with pytest.raises(SourceError, match="sekisho ingest makes one"):
        State(tmp_path)
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(SourceError, match="holds other files"):
        State(tmp_path, write=True)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "store.db").write_bytes(b"no database at all, but long enough to be looked at as one")
    with pytest.raises(SourceError, match="cannot be used"):
        State(broken)


def test_a_newer_store_is_left_alone(tmp_path):
    with State(tmp_path, write=True) as state:
        state.base.execute("PRAGMA user_version = 99")
    for write in (False, True):
        with pytest.raises(SourceError, match="newer Sekisho"):
            State(tmp_path, write=write)


def test_one_writer_at_a_time(tmp_path):
    with State(tmp_path, write=True):
        code = f"from pathlib import Path\nfrom sekisho.app.store.state import State\nState(Path({str(tmp_path)!r}), write=True)"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "another process is writing" in other.stderr
        State(tmp_path).close()
