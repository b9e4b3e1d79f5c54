"""Indicators of the console: seen before they are taken, looked for, forgotten."""

import pytest

from sekisho.app.console import indicators
from sekisho.app.console.audit import SYSTEM
from sekisho.app.exchange.store import Terms
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import SekishoError
from sekisho.model.event import Event, Logsource
from tests.app.web.small_desk import desk_with

TERMS = Terms(2_000_000_000, frozenset({"corp.example"}), exercise=True)
TEXT = b"evil[.]example\n198.51.100.7\nmail.corp.example\n10.0.0.1\nnothing\n"


@pytest.fixture
def database(tmp_path):
    return desk_with(tmp_path)[0].database


def test_a_file_is_looked_into_and_then_taken_once(database):
    token = indicators.keep_upload(database, "list.TXT", TEXT)
    seen = indicators.preview(database, token, TERMS, "list.txt")
    assert {one.value for one in seen.taken} == {"evil.example", "198.51.100.7"}
    assert seen.refused == {"own": 1, "private": 1}
    assert not indicators.place(database).exists()
    assert indicators.take(database, SYSTEM, token, TERMS, "list.txt").kept == 2
    with pytest.raises(SekishoError):
        indicators.take(database, SYSTEM, token, TERMS, "list.txt")


@pytest.mark.parametrize("token", ["", "../store.db", "a" * 32 + ".db", "x" * 32 + ".txt", "/etc/passwd"])
def test_only_what_was_put_aside_is_read(database, token):
    with pytest.raises(SekishoError):
        indicators.preview(database, token, TERMS, "a")


def test_pages_are_chosen_by_kind_text_and_age(database):
    indicators.add(database, SYSTEM, "evil.example evil2.example 198.51.100.7", TERMS)
    found, total = indicators.page(database, "domain", "EVIL", old=False, most=1, skip=1)
    assert ([one.value for one in found], total) == (["evil2.example"], 2)
    assert indicators.page(database, "", "", old=True, most=10, skip=0)[1] == 0
    assert indicators.forget(database, SYSTEM, "domain", "evil.example")
    assert not indicators.forget(database, SYSTEM, "domain", "evil.example")
    assert indicators.expire(database, SYSTEM) == 0


def test_investigations_look_for_them_and_count_what_they_saw(database):
    assert indicators.beside(database, RuleSet(()))[1] == {}
    indicators.add(database, SYSTEM, "evil.example", TERMS)
    rules, known = indicators.beside(database, RuleSet(()))
    event = Event(Logsource("windows", "dns_query", ""), {"QueryName": "www.evil.example"}, source="c/log", record="1")
    findings = rules.match(event)
    for _ in range(2):
        indicators.sighted(database, findings, known)
    (one,), _ = indicators.page(database, "", "", old=False, most=5, skip=0)
    assert one.sightings == 1
