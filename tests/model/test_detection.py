"""Counts of findings, whose size does not grow with the logs."""

from dataclasses import replace

from sekisho.model import detection
from sekisho.model.detection import OTHERS, Counts, RuleCount
from sekisho.model.finding import Finding

NS = 10**9
FINDING = Finding(
    id="f1",
    rule_id="r",
    title="English",
    level="high",
    attack=(),
    source="a",
    record="1",
    time_ns=1_650_844_800 * NS,
    evidence=(),
    event_id="e1",
    host="PC-1",
    texts=(("ja", "日本語"),),
)


def counted(*findings, language="en"):
    counts = Counts()
    for one in findings:
        counts.add(one, language)
    return counts


def test_findings_are_counted_by_rule_host_and_day():
    counts = counted(FINDING, replace(FINDING, time_ns=FINDING.time_ns + 86_400 * NS, host=""), language="ja")
    assert counts.rules == {
        "r": RuleCount("日本語", "high", 2, FINDING.time_ns, FINDING.time_ns + 86_400 * NS),
    }
    assert counts.hosts == {"PC-1": {"high": 1}, "": {"high": 1}}
    assert counts.days == {"2022-04-25": {"high": 1}, "2022-04-26": {"high": 1}}
    assert counts.findings == 2
    assert list(counts.levels().items())[:2] == [("critical", 0), ("high", 2)]


def test_a_finding_without_a_time_has_no_day():
    counts = counted(replace(FINDING, time_ns=None), FINDING)
    assert counts.rules["r"].first_ns == FINDING.time_ns
    assert counts.days == {"2022-04-25": {"high": 1}}


def test_the_gravest_level_of_a_rule_counts():
    counts = counted(replace(FINDING, level="low"), FINDING)
    assert counts.rules["r"].level == "high"


def test_joined_counts_are_those_of_all_findings():
    one, other = counted(FINDING), counted(replace(FINDING, host="PC-2", rule_id="s"), FINDING)
    one.events, other.events, other.unknown = 3, 4, 1
    one.join(other)
    both = counted(FINDING, replace(FINDING, host="PC-2", rule_id="s"), FINDING)
    both.events, both.unknown = 7, 1
    assert one == both


def test_the_document_comes_back():
    counts = counted(FINDING, replace(FINDING, time_ns=None, rule_id="s"))
    counts.events = 9
    assert Counts.of(counts.document()) == counts


def test_names_beyond_the_limit_are_counted_together(monkeypatch):
    monkeypatch.setattr(detection, "NAMED", 3)
    counts = counted(*(replace(FINDING, host=f"PC-{n}") for n in range(10)))
    assert len(counts.hosts) == 4
    assert counts.hosts[OTHERS]["high"] == 7


def test_a_time_beyond_the_calendar_is_counted():
    assert counted(replace(FINDING, time_ns=1 << 100)).days == {OTHERS: {"high": 1}}
