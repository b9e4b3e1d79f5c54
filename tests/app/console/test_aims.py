from dataclasses import replace

import pytest

from sekisho.app.console.audit import Actor
from sekisho.app.console.choices import Reach, load, save
from sekisho.model.errors import SourceError

FIRST = Actor("suzuki", "192.0.2.1")


def choose(desk, **chosen):
    with desk.database.change() as base:
        save(base, FIRST, replace(load(desk.database, Reach), **chosen))


def incident_of(desk):
    return desk.database.one("SELECT id FROM incidents ORDER BY rank DESC")["id"]


def test_an_incident_proposes_what_it_recommends_with_its_reach(desk):
    found = {one.kind: one for one in desk.response.aims.of_incident(incident_of(desk))}
    assert {"quarantine", "block", "isolate", "reset"} <= found.keys()
    quarantine = found["quarantine"]
    assert len(quarantine.candidates) == 4
    assert all(len(one.messages) == 1 for one in quarantine.candidates)
    assert quarantine.opened == 1
    assert {one.reached for one in quarantine.candidates} == {"received", "ran"}
    told = desk.response.aims.of_incident(incident_of(desk), "ja")
    assert told[0].why != desk.response.aims.of_incident(incident_of(desk))[0].why


def test_own_shared_and_private_values_are_never_blocked(desk):
    choose(desk, own=("corp.example", "198.51.100.0/24"))
    for kind, value in (
        ("domain", "www.corp.example"),
        ("domain", "google.com"),
        ("ip", "10.0.0.1"),
        ("ip", "198.51.100.7"),
        ("ip", "8.8.8.8"),
    ):
        with pytest.raises(SourceError, match="must not be touched"):
            desk.response.propose("block", "lists", [(kind, value)], FIRST)
    for kind, value in (
        ("domain", "a b"),
        ("host", "pc1"),
        ("ip", "1.2.3.0/8"),
        ("domain", "a.example\n"),
        ("domain", ""),
    ):
        with pytest.raises(SourceError):
            desk.response.propose("block", "lists", [(kind, value)], FIRST)
    assert not desk.response.count("")


def test_a_quarantine_names_the_incident_s_mails_and_no_others(desk):
    incident = incident_of(desk)
    boxes = [
        ("mailbox", one.value)
        for one in desk.response.aims.of_incident(incident)[0:9]
        for one in one.candidates
        if one.messages
    ]
    key = desk.response.propose("quarantine", "hand", boxes, FIRST, incident=incident)
    found = desk.response.targets(key)
    mails = {
        row["message_id"] for row in desk.database.all("SELECT message_id FROM messages WHERE incident = ?", incident)
    }
    assert all(set(one.messages) <= mails and one.messages for one in found)
    with pytest.raises(SourceError, match="nothing is known"):
        desk.response.propose("quarantine", "hand", [("mailbox", "stranger@corp.example")], FIRST, incident=incident)


def test_one_mail_is_quarantined_wherever_it_went(desk):
    row = desk.database.one("SELECT message_id FROM messages WHERE message_id != '' LIMIT 1")
    (proposal,) = desk.response.aims.of_value("message", row["message_id"])
    assert proposal.candidates[0].messages == (row["message_id"],)
    chosen = [(one.kind, one.value) for one in proposal.candidates]
    key = desk.response.propose("quarantine", "hand", chosen, FIRST, message=row["message_id"])
    assert len(desk.response.targets(key)) == len(chosen)
    assert desk.response.aims.of_value("message", "<none@x.example>") == []
    assert [one.kind for one in desk.response.aims.of_value("host", "PC1")] == ["isolate", "collect"]
    assert desk.response.aims.seen("message", row["message_id"])[0] >= 1
