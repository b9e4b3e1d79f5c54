import json
from dataclasses import replace

import pytest

from sekisho.app.console.audit import Actor, broken
from sekisho.app.console.choices import Reach, load, save
from sekisho.app.console.response import LOST, StateError
from sekisho.app.console.vault import Vault
from sekisho.model.errors import SourceError
from tests.listener import listening
from tests.respond.test_microsoft import Service

FIRST, SECOND = Actor("suzuki", "192.0.2.1"), Actor("tanaka", "192.0.2.2")
BAD = [("domain", "evil.example"), ("ip", "203.0.113.9")]


def choose(desk, **chosen):
    with desk.database.change() as base:
        save(base, FIRST, replace(load(desk.database, Reach), **chosen))


def incident_of(desk):
    return desk.database.one("SELECT id FROM incidents ORDER BY rank DESC")["id"]


def states(desk, key):
    return desk.response.get(key).state, [one.state for one in desk.response.targets(key)]


def test_an_action_goes_from_proposed_to_done_to_undone(desk):
    key = desk.response.propose("block", "lists", BAD, FIRST, incident=incident_of(desk), reason="because")
    assert states(desk, key) == ("proposed", ["waiting", "waiting"])
    assert [texts for _, texts in desk.response.plan(key)] == [
        ["/api/v1/feeds/domain.txt\n+ evil.example"],
        ["/api/v1/feeds/ip.txt\n+ 203.0.113.9"],
    ]
    assert not desk.response.blocked("domain")
    desk.response.approve(key, FIRST)
    desk.response.run(key, FIRST)
    assert desk.response.work()
    assert states(desk, key) == ("done", ["done", "done"])
    assert [one.value for one in desk.response.blocked("domain")] == ["evil.example"]
    desk.response.undo(key, SECOND)
    desk.response.work()
    assert states(desk, key) == ("undone", ["undone", "undone"])
    assert not desk.response.blocked("domain")
    trail = [
        row["action"] for row in desk.database.all("SELECT action FROM audit WHERE target = ? ORDER BY number", key)
    ]
    assert trail[:3] == ["action.propose", "action.approve", "action.run"]
    assert trail.count("action.did") == 2
    assert trail.count("action.taken_back") == 2
    assert broken(desk.database) is None
    assert not desk.response.work()


def test_a_second_person_has_to_approve_when_that_is_chosen(desk):
    choose(desk, second_person=True)
    key = desk.response.propose("block", "lists", BAD, FIRST)
    with pytest.raises(StateError, match="is proposed"):
        desk.response.run(key, SECOND)
    for same in (FIRST, Actor("SUZUKI")):
        with pytest.raises(SourceError, match="somebody else"):
            desk.response.approve(key, same)
    desk.response.approve(key, SECOND)
    desk.response.run(key, FIRST)
    desk.response.work()
    assert states(desk, key)[0] == "done"


def test_what_is_over_stays_so(desk):
    key = desk.response.propose("block", "lists", BAD, FIRST)
    desk.response.refuse(key, SECOND)
    for order in (desk.response.approve, desk.response.run, desk.response.refuse):
        with pytest.raises(StateError, match="is refused"):
            order(key, FIRST)
    with pytest.raises(SourceError, match="cannot take it back"):
        desk.response.undo(key, FIRST)
    with pytest.raises(SourceError, match="no such action"):
        desk.response.run("x000000000000", FIRST)


def test_what_failed_is_listed_with_its_reason_and_tried_again(desk):
    Vault(desk.database.folder).keep("webhook", "key")
    with listening() as listener:
        choose(desk, webhook=f"{listener.url}/in", hosts=("127.0.0.1",), networks=("127.0.0.0/8",))
        answers = iter([200, 500, 200, 200, 500])
        listener.answer = lambda *_: (next(answers), {}, {})
        key = desk.response.propose("isolate", "webhook", [("host", "pc1"), ("host", "pc2")], FIRST)
        desk.response.run(key, FIRST)
        desk.response.work()
        assert states(desk, key) == ("partly", ["done", "failed"])
        assert "answered 500" in desk.response.targets(key)[1].said
        desk.response.run(key, FIRST)
        desk.response.work()
        assert states(desk, key) == ("done", ["done", "done"])
        assert len(listener.asked) == 3
        desk.response.undo(key, FIRST)
        desk.response.work()
    assert states(desk, key) == ("partly", ["undone", "done"])
    assert "answered 500" in desk.response.targets(key)[1].said


def test_a_second_attempt_does_the_rest_and_undo_takes_back_both(desk):
    box = "user01@corp.example"
    with listening() as listener:
        service = Service(listener)
        url = listener.url
        where = {"tenant": "tenant", "client": "client", "login_base": url, "graph_base": url}
        choose(desk, **where, networks=("127.0.0.0/8",))
        Vault(desk.database.folder).keep("graph", "s3cret")
        incident = incident_of(desk)
        key = desk.response.propose("quarantine", "graph", [("mailbox", box)], FIRST, incident=incident)
        (first,) = desk.response.targets(key)[0].messages
        desk.database.base.execute(
            "UPDATE action_targets SET messages = ? WHERE action = ?", (json.dumps([first, "<no id@x.example>"]), key)
        )
        service.mails = {"m1": [first, "inbox-id"]}
        desk.response.run(key, FIRST)
        desk.response.work()
        assert states(desk, key) == ("failed", ["failed"])
        assert len(desk.response.targets(key)[0].receipt["moved"]) == 1
        desk.database.base.execute(
            "UPDATE action_targets SET messages = ? WHERE action = ?", (json.dumps([first, "<two@x.example>"]), key)
        )
        service.mails["m2"] = ["<two@x.example>", "archive-id"]
        desk.response.run(key, FIRST)
        desk.response.work()
        assert states(desk, key) == ("done", ["done"])
        assert {folder for _, folder in service.mails.values()} == {"recoverableitemsdeletions"}
        desk.response.undo(key, FIRST)
        desk.response.work()
        assert states(desk, key) == ("undone", ["undone"])
        assert sorted(service.mails.values()) == sorted([[first, "inbox-id"], ["<two@x.example>", "archive-id"]])


def test_a_way_that_is_not_set_up_cannot_be_proposed(desk):
    for kind, way in (("isolate", "webhook"), ("isolate", "lists"), ("destroy", "hand"), ("block", "fax")):
        with pytest.raises(SourceError):
            desk.response.propose(kind, way, [("host", "pc1")], FIRST)


def test_a_console_that_was_killed_at_work_does_nothing_twice(desk):
    key = desk.response.propose("isolate", "hand", [("host", "pc1"), ("host", "pc2")], FIRST)
    desk.response.run(key, FIRST)
    desk.database.base.execute("UPDATE action_targets SET state = 'running' WHERE number = 0")
    desk.response.recover()
    assert states(desk, key) == ("failed", ["failed", "waiting"])
    assert desk.response.targets(key)[0].said == LOST
    assert not desk.response.work()
