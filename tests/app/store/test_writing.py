"""Events on their way to disk."""

import pytest

from sekisho.app.store import writing
from sekisho.app.store.state import State, Stored
from sekisho.app.store.tables import pack
from sekisho.app.store.writing import DAY_NS, Writer, digest_of, folder_of
from sekisho.model.event import Event, Logsource

JULY = 19_905 * DAY_NS  # 2024-07-01
SOURCE = Logsource("p", "c", "s")


def made(count, at=JULY, step=1, logsource=SOURCE, **fields):
    return [Event(logsource, {"n": n, **fields}, at + n * step, record=str(n)) for n in range(count)]


def stored(path):
    return Stored(f"digest of {path}", path, "evtx", 1, 1, None)


@pytest.fixture
def state(tmp_path):
    with State(tmp_path, write=True) as opened:
        yield opened


def places(state):
    return sorted((one.path.split("/")[1], one.rows) for one in state.segments())


def test_days_of_many_events_have_files_of_their_own(state):
    writer = Writer(state)
    writer.take("a", pack([*made(1_500), *made(1_200, JULY + DAY_NS), *made(30, JULY + 40 * DAY_NS)]))
    writer.finish(stored("a"))
    writer.flush()
    assert places(state) == [("2024-07-01", 1_500), ("2024-07-02", 1_200), ("2024-08", 30)]


def test_few_events_share_a_year(state):
    writer = Writer(state)
    writer.take("a", pack(made(300, step=DAY_NS // 2)))
    writer.finish(stored("a"))
    writer.flush()
    assert places(state) == [("2024", 300)]


def test_times_of_broken_clocks_share_a_folder(state):
    writer = Writer(state)
    odd = [0, -5, (1 << 63) - 1, -(1 << 63), None]
    writer.take("a", pack([Event(SOURCE, {}, at) for at in odd]))
    writer.finish(stored("a"))
    writer.flush()
    assert places(state) == [("undated", 1)] * 2 + [("undated", 3)] or sum(n for _, n in places(state)) == 5
    assert {place for place, _ in places(state)} == {"undated"}


def test_an_input_counts_only_once_it_is_closed(state):
    writer = Writer(state)
    writer.take("a", pack(made(5)))
    writer.take("b", pack(made(7)))
    writer.finish(stored("a"))
    writer.flush()
    assert state.status().rows == 5
    assert state.known("digest of a") is not None
    assert state.known("digest of b") is None


def test_a_large_input_is_written_early_and_counts_late(state, monkeypatch):
    monkeypatch.setattr(writing, "GATHERED_ROWS", 100)
    writer = Writer(state)
    for _ in range(5):
        writer.take("a", pack(made(60)))
    assert list(state.events.rglob("*.parquet"))
    assert state.status().rows == 0
    writer.finish(stored("a"))
    writer.flush()
    assert state.status().rows == 300


def test_names_of_logsources_never_become_paths():
    assert folder_of(Logsource("../..", "a/b", "")) == "_____.a_b.any"
    assert "/" not in folder_of(Logsource("日本", "x" * 500, "..."))


def test_columns_that_an_attacker_names_do_not_pile_up(state):
    writer = Writer(state)
    for part in range(4):
        writer.take("a", pack([Event(SOURCE, {f"f{part}-{n}": "v"}, JULY) for n in range(400)]))
    writer.finish(stored("a"))
    writer.flush()
    assert state.status().rows == 1_600
    assert len(state.segments()) >= 3


def test_digest(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert digest_of(path).startswith("ba7816bf8f01cfea")
