"""Signals: what each item says for each actor."""

from datetime import date

import pytest

from sekisho.attribute import signals
from sekisho.attribute.reference import Reference
from sekisho.attribute.signals import NAMES, read, sums
from sekisho.model.attribution import Report

AT = date(2022, 1, 1)


def reference(*reports, beside=None):
    made = Reference(beside or {})
    for number, (actor, items) in enumerate(reports):
        made.add(Report(f"https://{number}.example", date(2021, 1, 1), actor, items))
    return made


def values(made, items, tools=()):
    read_ = read(made, items, AT, frozenset(tools))
    return {name: dict(zip(NAMES, sums(parts), strict=True)) for name, parts in read_.items()}


def test_what_an_actor_alone_uses_speaks_for_it_and_against_others():
    made = reference(("G1", ("S1", "T1")), ("G2", ("T1", "T2")))
    found = values(made, ["S1"])
    assert found["G1"]["malware"] > 0 > found["G2"]["malware"]
    assert found["G1"]["technique"] == 0


def test_the_absence_from_many_reports_weighs_more_than_from_few():
    made = reference(*[("G1", ("T1", "T2"))] * 50, ("G2", ("T1",)), ("G3", ("S1",)))
    found = values(made, ["S1"])
    assert found["G1"]["malware"] < found["G2"]["malware"] < 0


def test_a_tool_is_weighed_as_a_tool():
    found = values(reference(("G1", ("S1",))), ["S1"], tools=["S1"])
    assert found["G1"]["malware"] == 0
    assert found["G1"]["tool"] > -1e-9


def test_likeness_is_of_whole_reports():
    made = reference(("G1", ("T1", "T2", "T3")), ("G2", ("T1",)), ("G2", ("T2",)), ("G2", ("T3",)))
    found = values(made, ["T1", "T2", "T3"])
    assert found["G1"]["likeness"] == pytest.approx(signals.SHARPNESS, abs=0.01)
    assert found["G2"]["likeness"] < found["G1"]["likeness"]


def test_software_beside_is_counted_only_where_it_is_not_said_to_be_used():
    made = reference(("G1", ("T1",)), ("G2", ("S1",)), beside={"https://0.example": frozenset({"S1"})})
    found = values(made, ["S1"])
    assert (found["G1"]["coreported"], found["G2"]["coreported"]) == (1.0, 0.0)


def test_an_item_given_twice_counts_once():
    made = reference(("G1", ("T1",)), ("G2", ("T2",)))
    assert values(made, ["T1", "T1"]) == values(made, ["T1"])


def test_nothing_seen_leaves_activity_alone():
    found = values(reference(("G1", ("T1",))), [])
    assert {name for name, value in found["G1"].items() if value} == {"silence"}
