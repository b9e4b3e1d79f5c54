"""Which rules are listed."""

import json

import pytest

from sekisho.app.rules.listing import Cost, Wanted, every, listed, read_stats
from sekisho.detect.rules import load
from sekisho.model.errors import SourceError

ONE = """title: {title}
level: {level}
tags: [{tag}]
name: {title}
logsource: {{{logsource}}}
detection: {{a: {{B: c}}, condition: a}}
"""
CORRELATION = """title: Both
level: critical
correlation: {type: temporal, rules: [Alpha, Beta], group-by: [User], timespan: 1h}
"""
TEXTS = [
    (
        "a.yml",
        ONE.format(title="Alpha", level="low", tag="attack.t1059", logsource="product: windows, service: system"),
    ),
    (
        "b.yml",
        ONE.format(
            title="Beta", level="high", tag="attack.t1059.001", logsource="product: windows, category: dns_query"
        ),
    ),
    ("c.yml", ONE.format(title="Gamma", level="medium", tag="attack.t1105", logsource="category: proxy")),
    ("d.yml", CORRELATION),
    ("e.yml", "title: Broken\n"),
]


@pytest.fixture(scope="module")
def loaded():
    return load(TEXTS)


@pytest.mark.parametrize(
    ("wanted", "titles"),
    [
        (Wanted(), ["Both", "Beta", "Gamma", "Alpha"]),
        (Wanted(level="medium"), ["Gamma"]),
        (Wanted(level="medium+"), ["Both", "Beta", "Gamma"]),
        (Wanted(logsource="windows"), ["Beta", "Alpha"]),
        (Wanted(logsource="Windows/dns_query"), ["Beta"]),
        (Wanted(logsource="windows/*/system"), ["Alpha"]),
        (Wanted(logsource="system"), ["Alpha"]),
        (Wanted(logsource="system/windows"), []),
        (Wanted(logsource="correlation"), ["Both"]),
        (Wanted(technique="t1059"), ["Beta", "Alpha"]),
        (Wanted(technique="T1059.001"), ["Beta"]),
        (Wanted(technique="T105"), []),
    ],
)
def test_filters(loaded, wanted, titles):
    assert [one.title for one in listed(loaded, wanted).rules] == titles


def test_nothing_is_dropped_in_silence(loaded):
    found = listed(loaded, Wanted(level="low"))
    assert (len(found.rules), found.of) == (1, 4)
    assert [one.path for one in found.failed] == ["e.yml"]
    assert len(every(loaded)) == 4


def test_sorting_by_what_a_run_cost(loaded, tmp_path):
    ids = {one.title: one.id for one in loaded.rules}
    uses = {ids["Alpha"]: {"routed": 1, "seconds": 2.0}, ids["Gamma"]: {"routed": 9, "matched": 3, "seconds": 1}}
    path = tmp_path / "stats.json"
    path.write_text(json.dumps({"schema": "sekisho-stats/1", "events": 9, "rules": uses}))
    stats = read_stats(str(path))
    assert stats.events == 9
    assert stats.rules[ids["Alpha"]] == Cost(routed=1, seconds=2.0)
    assert [one.title for one in listed(loaded, Wanted(), stats, "cost").rules][:2] == ["Alpha", "Gamma"]
    assert listed(loaded, Wanted(), stats, "hits").rules[0].title == "Gamma"
    assert listed(loaded, Wanted(), stats, "title").rules[0].title == "Alpha"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": "sekisho/1"}', '{"schema": "sekisho-stats/1", "rules": {"a": 1}}']
)
def test_statistics_of_another_kind_are_refused(text, tmp_path):
    path = tmp_path / "stats.json"
    path.write_text(text)
    with pytest.raises(SourceError, match=r"stats\.json"):
        read_stats(str(path))
