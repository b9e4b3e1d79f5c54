"""An incident told: what weighs most first, merged ones as one, every sentence with its records."""

import importlib.util
import random
import re
from pathlib import Path

import pytest

from sekisho.app.console import _united, story

SPEC = importlib.util.spec_from_file_location("incident_desk", Path(__file__).with_name("incident_desk.py"))
desks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(desks)
A, B, C = desks.A, desks.B, desks.C


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    made, _ = desks.desk_with(tmp_path_factory.mktemp("desk"))
    yield made.database
    made.database.close()


def test_a_story_is_told_in_the_readers_language(database):
    english, japanese = (story.load(database, A, language) for language in ("en", "ja"))
    assert "opened on beacon[.]example" in english.incident["title"]
    assert "開封" in japanese.incident["title"]
    assert story.load(database, "i000000000000", "en") is None


def test_highlights_are_rules_with_all_their_matches(database):
    told = story.highlights(story.load(database, A, "ja"), "ja")
    assert [(one.title, one.level, one.count, one.attack) for one in told] == [
        ("ローダを起動", "high", 3, ("T1218.010",))
    ]
    sentence, ids = story.evidence_of(story.load(database, A, "en"), "hit-0")
    assert (sentence, len(ids)) == ("", 3)


def test_every_sentence_opens_its_records(database):
    told = story.load(database, A, "en")
    sentence, ids = story.evidence_of(told, "step-1")
    assert sentence.startswith("EXCEL.EXE")
    finding, event = story.records(told, ids, "en")
    assert (finding.kind, finding.title, finding.place) == ("finding", "Loader started", "logs/a.jsonl 1")
    assert ("Image", r"C:\Windows\System32\regsvr32.exe") in finding.fields
    assert (event.kind, event.title) == ("event", "windows process_creation sysmon")
    for ref in (
        "root",
        "edge-0",
        "rec-0",
        "reach-0",
        "merge-1",
        "reason-0",
        f"node-n{desks.EVENTS[1].id[1:]}",
        desks.EVENTS[0].id,
    ):
        assert story.evidence_of(told, ref)[1], ref


@pytest.mark.parametrize(
    "ref",
    [
        "step-99",
        "hit-9",
        "reason-1",
        "clock-0",
        "node-nope",
        "e000000000000",
        "x-1",
        "step-",
        "hit-x",
        "reason-²",
        "step-x",
    ],
)
def test_a_reference_to_nothing_gives_nothing(database, ref):
    assert story.evidence_of(story.load(database, A, "en"), ref) is None


def test_what_people_send_as_a_reference_never_raises(database):
    dice, told = random.Random(11), story.load(database, A, "en")
    letters = "aef0123456789-stepnodhigrubcalkmw²"
    for _ in range(2000):
        ref = "".join(dice.choice(letters) for _ in range(dice.randrange(1, 16)))
        if re.search(story.REF, ref):
            story.evidence_of(told, ref)


def test_incidents_are_joined_in_order_of_time_and_everything_stands_once(database):
    docs = {key: story.load(database, key, "en") for key in (A, B, C)}
    parts = [
        (key, {"incident": one.incident, "findings": one.findings, "events": one.events, "artifacts": one.artifacts})
        for key, one in reversed(docs.items())
    ]
    told = story.joined(parts)
    assert (told.id, told.parts) == (C, (C, B, A))
    assert [step["facts"]["command"][-1] for step in told.incident["steps"]] == list("012345")
    assert len(told.incident["findings"]) == len(told.findings) == 6
    assert [one["type"] for one in told.incident["entities"]] == ["host", "mailbox"]
    assert len(told.incident["graph"]["nodes"]) == 6
    assert len(told.incident["reached"]) == 1
    assert told.incident["first_at"] == docs[A].incident["first_at"]
    assert [one["action"] for one in told.incident["recommendations"]] == ["isolate"]


def test_a_step_without_a_time_stays_behind_its_own():
    one = [{"at": "2022-05-01T00:00:00Z"}, {"at": None, "n": 1}, {"at": "2022-05-03T00:00:00Z"}]
    other = [{"at": "2022-05-02T00:00:00Z"}]
    assert _united._in_order([one, other]) == [one[0], one[1], other[0], one[2]]


@pytest.mark.parametrize(
    ("kind", "label", "page"),
    [
        ("address", "198.51.100.23:8080", ("ip", "198.51.100.23")),
        ("address", "[2001:db8::1]:443", ("ip", "2001:db8::1")),
        ("address", "2001:db8::1", ("ip", "2001:db8::1")),
        ("address", "flower-shop.example:80", ("domain", "flower-shop.example")),
        ("sender", "a@corp.example", ("mailbox", "a@corp.example")),
        ("message", "RE: x", None),
    ],
)
def test_a_node_leads_to_the_page_of_what_it_is(kind, label, page):
    assert story.page_of(kind, label) == page
