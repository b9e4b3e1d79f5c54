"""Aggregations of Sigma 1.0 run as correlations, or say how to be written."""

import pytest

from sekisho.detect.correlator import correlate
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource

RULE = """title: Many failed logons
id: '1234'
level: high
logsource: {product: p}
detection:
  s: {EventID: 4625}
  timeframe: 5m
  condition: s | count() by User >= 3
sekisho: {weight: 2.0}
"""


@pytest.mark.parametrize(
    ("written", "kind", "field", "group_by", "bounds"),
    [
        ("count() by User >= 3", "event_count", (), ("User",), (("gte", 3.0),)),
        ("count() > 3", "event_count", (), (), (("gt", 3.0),)),
        ("COUNT(Ip) BY User, Host <= 3", "value_count", ("Ip",), ("User", "Host"), (("lte", 3.0),)),
        ("sum(Bytes) by User > 100", "value_sum", ("Bytes",), ("User",), (("gt", 100.0),)),
        ("avg(Bytes)by User < 100", "value_avg", ("Bytes",), ("User",), (("lt", 100.0),)),
        ("min(n) == 1", "value_min", ("n",), (), (("eq", 1.0),)),
        ("max(n) = 1", "value_max", ("n",), (), (("eq", 1.0),)),
    ],
)
def test_what_it_becomes(written, kind, field, group_by, bounds):
    rules = load([("r.yml", RULE.replace("count() by User >= 3", written))])
    assert not rules.failed
    (one,) = rules.correlations
    assert (one.kind, one.field, one.group_by, one.bounds) == (kind, field, group_by, bounds)
    assert (one.id, one.title, one.level, one.weight, one.timespan_ns) == (
        "1234",
        "Many failed logons",
        "high",
        2.0,
        300 * 10**9,
    )
    assert rules.silent == {one.rules[0]}


def test_it_finds():
    rules = load([("r.yml", RULE)])
    events = [
        Event(Logsource("p"), {"EventID": 4625, "User": "sato"}, minute * 60 * 10**9, record=str(minute))
        for minute in range(3)
    ]
    outcome = correlate(rules.correlations, [(event, one) for event in events for one in rules.match(event)])
    assert [(one.rule_id, one.time_ns) for one in outcome.findings] == [("1234", 120 * 10**9)]
    assert outcome.findings[0].of == tuple(event.id for event in events)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("  timeframe: 5m\n", ""), "aggregation without a timeframe: write a correlation rule with a timespan"),
        (("count() by User >= 3", "near other"), "aggregation 'near other' cannot be read: write a correlation rule"),
        (("count() by User >= 3", "count() by User"), "write a correlation rule (correlation: type, rules"),
        (("timeframe: 5m", "timeframe: soon"), "timespan 'soon' is not a number"),
        (("s | count()", "t | count()"), "condition names selection 't', which is not there"),
    ],
)
def test_refused(change, reason):
    assert change[0] in RULE
    (error,) = load([("r.yml", RULE.replace(*change))]).failed
    assert reason in error.reason
    assert error.line >= 5
