"""The console's rules: chosen by what they say, covered by tactic, counted by day, kept and taken away safely."""

import argparse

import pytest

from sekisho.app.console import rulebook
from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.database import Database
from sekisho.app.console.rulebook import Hits, Rulebook, Wanted, known_of
from sekisho.model.errors import SourceError
from sekisho.model.event import Logsource
from sekisho.model.rule import Rule

DAY = rulebook.DAY_S


def rule(key="r1", attack=("T1059.001",), tags=("attack.execution", "attack.t1059.001"), path="/r/a.yml"):
    source = Logsource("windows", "process_creation", "")
    return Rule(
        key, f"Title {key}", "high", "test", attack, source, path, 1, ("Image",), 3.5, (("ja", "題"),), tags=tags
    )


def test_rules_are_chosen_by_what_they_say():
    one = known_of(rule(), "own", "on")
    assert Wanted()(one)
    assert Wanted(text="TITLE image", level="high", logsource="windows", attack="T1059", tactic="execution")(one)
    assert Wanted(text="題")(one)
    assert not Wanted(attack="T105")(one)
    assert not Wanted(state="off")(one)
    assert not Wanted(text="title nothing")(one)


def test_a_technique_counts_its_parts_and_a_rule_once():
    known = [
        known_of(rule("a"), "own", "on"),
        known_of(rule("b", ("T1059", "T1059.003")), "own", "on"),
        known_of(rule("c"), "own", "off"),
        known_of(rule("d", ("T1566",), ()), "own", "on"),
    ]
    (execution, nameless) = rulebook.coverage(known, {"a": Hits(4, 1)})
    tactic, (cell,) = execution
    assert (tactic, cell.technique, cell.rules, cell.hits, cell.heat) == ("execution", "T1059", 2, 4, 1)
    assert [(part.technique, part.rules) for part in cell.parts] == [("T1059.001", 1), ("T1059.003", 1)]
    assert nameless[0] == ""


def test_findings_are_counted_by_day_up_to_the_last(tmp_path):
    database = Database(tmp_path)
    for number, day in enumerate((100, 100, 103)):
        database.base.execute(
            "INSERT INTO findings VALUES ('c', ?, 'r1', 'high', 'mail', 't', 't', ?, '', '', '', '', '', '', '[]')",
            (f"f{number}", day * DAY + 5),
        )
    assert rulebook.by_day(database, "r1", 30) == [(99, 0), (100, 2), (101, 0), (102, 0), (103, 1)]
    assert rulebook.by_day(database, "r1", 2) == [(102, 0), (103, 1)]
    assert rulebook.by_day(database, "none", 30) == []


def test_only_what_was_added_is_taken_away(tmp_path):
    database = Database(tmp_path)
    outside = tmp_path / "b.yml"
    outside.write_text("x")
    for path in (outside, tmp_path / "rules" / ".." / "b.yml"):
        with pytest.raises(SourceError):
            rulebook.discard(database, SYSTEM, rule(path=str(path)))
    assert outside.exists()


def test_added_rules_are_loaded_and_a_broken_one_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    database = Database(tmp_path)
    rulebook.keep(database, SYSTEM, "broken.yml", "title: x\n")
    found = Rulebook(database, argparse.Namespace(rules=[], pipeline=[])).book()
    assert [one.path for one in found.failed] == [str(tmp_path / "rules" / "broken.yml")]
    assert {one.origin for one in found.known} == {"own"}
