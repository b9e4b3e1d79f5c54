"""What is known of one thing."""

import pytest

from sekisho.app.console.audit import Actor
from sekisho.app.console.entities import (
    LONGEST_NOTE,
    MOST_NOTES,
    add_note,
    asked_for,
    findings,
    hunt_for,
    identities,
    incidents,
    indicators,
    known,
    messages,
    notes,
    related,
    remove_note,
)
from sekisho.app.console.hunts import Watch, answers
from sekisho.app.exchange.store import Store
from sekisho.model.errors import SourceError
from sekisho.model.indicator import Indicator
from tests.app.searching import AT, HASH, INCIDENT, fill

SUZUKI, SATO = Actor("suzuki"), Actor("sato")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    desk = fill(tmp_path_factory.mktemp("desk"))
    with Store(str(desk.settings.folder / "indicators.db"), write=True) as store:
        store.add([Indicator("ip", "203.0.113.9", 80, source="feed", until_at=AT + 9, note="c2")], AT)
    yield desk.database
    desk.database.close()


def test_times_roles_and_names_are_told(database):
    one = known(database, "mailbox", "BOSS@partner.example")
    assert (one.value, one.uses) == ("boss@partner.example", 5)
    assert (one.first_at, one.last_at) == (AT, AT + 240)
    assert one.roles == (("message", "sender", 5),)
    assert known(database, "ip", "192.0.2.77").uses == 0


def test_a_host_is_known_by_its_short_name(database):
    assert known(database, "host", "pc-0142").others == (("host", "PC-0142.corp.example"),)


def test_where_it_occurs_is_told(database):
    assert [row["id"] for row in incidents(database, "host", "PC-0142.corp.example")] == [INCIDENT]
    assert incidents(database, "host", "PC-0142.corp.example")[0]["roles"] == "victim"
    assert incidents(database, "path", "C:\\odd.exe")[0]["roles"] == "event"  # through its finding alone
    assert len(messages(database, "mailbox", "user01@corp.example")) == 5
    [row] = messages(database, "sha256", HASH)
    assert row["roles"] == "attachment"
    [found] = findings(database, "host", "pc-0142.corp.example")
    assert (found["rule_id"], found["number"]) == ("r1", 1)


def test_what_is_named_together_comes_rarest_first(database):
    found = related(database, "ip", "203.0.113.9")
    assert {"bad.example", "PC-0142.corp.example", HASH} <= {one.value for one in found}
    assert all(one.shared <= one.uses for one in found)
    near = related(database, "sha256", HASH)
    assert near[0].uses <= near[-1].uses
    assert "boss@partner.example" in [one.value for one in near]


def test_who_is_who_comes_from_incidents(database):
    [tie] = identities(database, "user", "CORP\\user01")
    assert (tie["kind"], tie["value"], tie["incident"]) == ("host", "pc-0142", INCIDENT)
    assert identities(database, "host", "PC-0142.corp.example")[0]["value"] == "user01"
    assert identities(database, "url", "http://bad.example/a?b=1") == []


def test_what_others_told_is_shown(database):
    [one] = indicators(database, "ip", "203.0.113.9")
    assert (one["confidence"], one["sources"], one["note"]) == (80, "feed", "c2")
    assert indicators(database, "host", "x") == []


@pytest.mark.parametrize(
    ("kind", "value", "count"),
    [
        ("host", "pc-0142", 9),
        ("host", "PC-0142.corp.example", 9),
        ("user", "CORP\\user01", 9),
        ("ip", "203.0.113.9", 3),
        ("domain", "bad.example", 3),
        ("process", "cmd3.exe /c dir", 1),
        ("url", "http://nowhere.example/", 0),
    ],
)
def test_events_that_name_it_are_found(database, kind, value, count):
    asked = asked_for(kind, value)
    assert len(answers(database.folder, asked, 50, Watch()).events) == count


@pytest.mark.parametrize("value", ['a"b', "*", "?", "a (b", "\\", " ", "not", "x" * 400, "\u202e", "a:b"])
def test_whatever_a_thing_is_called_can_be_asked_for(value):
    for kind in ("host", "user", "ip", "process", "file", "url", "message"):
        assert asked_for(kind, value) is None or hunt_for(kind, value)


def test_notes_are_kept_and_removed_by_their_writer(database):
    number = add_note(database, "ip", "203.0.113.9", " seen before ", SUZUKI)
    assert [row["text"] for row in notes(database, "ip", "203.0.113.9")] == ["seen before"]
    assert not remove_note(database, number, SATO, anybody=False)
    assert remove_note(database, number, SUZUKI, anybody=False)
    assert notes(database, "ip", "203.0.113.9") == []
    assert database.one("SELECT action FROM audit ORDER BY number DESC LIMIT 1")["action"] == "note.remove"


def test_a_note_has_some_text_and_there_are_not_too_many(database):
    for text in ("", " \x00", "x" * (LONGEST_NOTE + 1)):
        with pytest.raises(SourceError):
            add_note(database, "ip", "192.0.2.1", text, SUZUKI)
    with database.change() as base:
        row = ("ip", "192.0.2.2", 1, "x", "y")
        base.executemany(
            "INSERT INTO entity_notes (kind, value, at, who, text) VALUES (?, ?, ?, ?, ?)", [row] * MOST_NOTES
        )
    with pytest.raises(SourceError):
        add_note(database, "ip", "192.0.2.2", "one more", SUZUKI)
