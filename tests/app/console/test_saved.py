"""Saved searches and their alerts."""

import pytest

from sekisho.app.console.audit import Actor
from sekisho.app.console.hunts import Span
from sekisho.app.console.saved import Saved, Wanted, alert, baseline
from sekisho.app.store.state import State, Stored
from sekisho.app.store.tables import pack
from sekisho.app.store.writing import Writer
from sekisho.model.errors import LimitError, RuleError, SourceError
from sekisho.model.event import Event
from tests.app.searching import PROCESS, START, fill

SUZUKI, SATO = Actor("suzuki"), Actor("sato")
CMD = Wanted("cmd", "Image|contains:cmd")


@pytest.fixture
def database(tmp_path):
    desk = fill(tmp_path)
    yield desk.database
    desk.database.close()


def test_a_search_is_its_owners_until_it_is_shared(database):
    saved = Saved(database)
    key = saved.add(CMD, SUZUKI)
    assert saved.get(key, "sato") is None
    assert not saved.change(key, Wanted("mine", "x"), SATO)
    assert saved.change(key, Wanted("Cmd  all", "Image|contains:cmd", Span(last="7d"), shared=True), SUZUKI)
    told = saved.get(key, "sato")
    assert (told["name"], told["last"], told["shared"]) == ("Cmd all", "7d", True)
    assert [one["id"] for one in saved.of("sato")] == [key]
    assert not saved.remove(key, SATO, anybody=False)
    assert saved.remove(key, SATO, anybody=True)
    assert saved.of("suzuki") == []


def test_a_private_search_is_nobody_elses_to_remove(database):
    saved = Saved(database)
    key = saved.add(CMD, SUZUKI)
    assert not saved.remove(key, SATO, anybody=True)


def test_what_cannot_be_asked_is_not_kept(database):
    saved = Saved(database)
    with pytest.raises(RuleError):
        saved.add(Wanted("x", "a or or"), SUZUKI)
    with pytest.raises(SourceError):
        saved.add(Wanted(" \x00 ", "a"), SUZUKI)
    with pytest.raises(SourceError):
        saved.add(Wanted("x", "a", Span(since="never")), SUZUKI)
    assert saved.of("suzuki") == []


def test_nobody_keeps_too_many(database, monkeypatch):
    monkeypatch.setattr("sekisho.app.console.saved.MOST", 1)
    saved = Saved(database)
    saved.add(CMD, SUZUKI)
    with pytest.raises(LimitError):
        saved.add(CMD, SUZUKI)


def test_an_alert_tells_once_of_what_is_new(database):
    saved = Saved(database)
    key = saved.add(Wanted("cmd", "Image|contains:cmd", alert=True), SUZUKI)
    saved.add(Wanted("quiet", "Image|contains:cmd"), SUZUKI)
    baseline(database, key)
    assert saved.unseen("suzuki") == []
    assert alert(database) == 0
    _more(database, 2)
    assert alert(database) == 2
    assert alert(database) == 0
    assert [(row["name"], row["hits"]) for row in saved.unseen("suzuki")] == [("cmd", 2)]
    assert saved.unseen("sato") == []
    newest = saved.hits(key)[:2]
    assert {row["text"] for row in newest} == {"Image: new0.cmd", "Image: new1.cmd"}
    assert all("record=new" in row["address"] for row in newest)
    saved.seen(key, SUZUKI)
    assert saved.unseen("suzuki") == []


def test_a_search_that_fails_does_not_stop_the_others(database):
    saved = Saved(database)
    saved.add(Wanted("cmd", "Image|contains:cmd", alert=True), SUZUKI)
    with database.change() as base:
        base.execute("UPDATE saved_searches SET question = 'a or or'")
    saved.add(Wanted("other", "query:bad.example", alert=True), SUZUKI)
    assert alert(database) == 3


def _more(database, count):
    with State(database.folder, write=True) as state:
        writer = Writer(state)
        made = [
            Event(PROCESS, {"Image": f"new{n}.cmd"}, START + 10**15 + n, "PC", "", "b", f"new{n}") for n in range(count)
        ]
        writer.take("b", pack(made))
        writer.finish(Stored("b", "b", "log", 1, count, None))
        writer.flush()
