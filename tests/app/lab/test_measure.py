"""Measuring: what is missed, what is unrelated, merged and split."""

from dataclasses import replace

from sekisho.app.lab.measure import measure
from sekisho.app.lab.mixed import Attack
from sekisho.app.lab.planted import Planted
from sekisho.model.event import Event, Logsource
from sekisho.model.incident import Incident, Step, Text
from sekisho.model.result import Result
from sekisho.model.verdict import Verdict

EVENTS = [
    Event(Logsource("", "webserver"), {}, number * 10**9, source="evidence/a.log", record=str(number))
    for number in range(6)
]
LATE = replace(EVENTS[5], time_ns=10**13)


def incident(name, *events, root=None, severity="high"):
    steps = tuple(Step(one.time_ns, "server", Text("x"), (), (one.id,)) for one in events)
    return Incident(
        name, Verdict.MALICIOUS, 0.99, severity, 0.9, Text("t"), (root or events[0]).id, Text("r"), None, None, steps,
        (), (), (), (), (), (),
    )  # fmt: skip


def result(*incidents):
    return Result(Verdict.MALICIOUS, (), (), (), incidents, (*EVENTS[:5], LATE), 0, ())


def attack(case, **steps):
    planted = [
        Planted(key, "server", "evidence/a.log", str(record)) for key, records in steps.items() for record in records
    ]
    return Attack(case, tuple(planted), frozenset({("evidence/a.log", "4")}))


def test_recall_counts_steps_and_precision_records():
    (told,) = measure(
        result(incident("i1", EVENTS[0], EVENTS[1], EVENTS[3], EVENTS[4])), [attack("x", one=[0, 1], two=[2])]
    ).told
    assert (told.found, told.steps, told.missed) == (1, 2, ("two",))
    assert told.unrelated == ("evidence/a.log#3",)
    assert told.precision == 0.75
    assert told.root_right


def test_a_root_that_nobody_planted_or_that_came_late_is_wrong():
    steps = attack("x", one=[0, 5])
    assert not measure(result(incident("i1", EVENTS[0], EVENTS[3], root=EVENTS[3])), [steps]).told[0].root_right
    assert not measure(result(incident("i1", EVENTS[0], LATE, root=LATE)), [steps]).told[0].root_right


def test_merged_split_and_false_alarms():
    attacks = [attack("x", one=[0, 1]), attack("y", one=[2])]
    merged = measure(result(incident("i1", *EVENTS[:3])), attacks)
    assert merged.merged == 1
    split = measure(result(incident("i1", EVENTS[0]), incident("i2", EVENTS[1]), incident("i3", EVENTS[2])), attacks)
    assert (split.merged, split.told[0].split) == (0, 1)
    other = measure(result(incident("i9", EVENTS[3]), incident("i8", EVENTS[4], severity="low")), attacks)
    assert [one.id for one in other.false_alarms] == ["i9"]
    assert other.told[0].incident == ""
