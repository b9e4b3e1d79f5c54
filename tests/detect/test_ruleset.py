"""Rule sets: findings, layers, pickles."""

import pickle

import pytest

from sekisho.detect.rules import load
from sekisho.detect.ruleset import layer_of
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence, Finding
from sekisho.model.ids import stable_id
from sekisho.model.rule import WEIGHTS

RULE = """
title: Script host from a mail folder
id: r-1
logsource: {category: process_creation, product: windows}
detection:
    selection:
        Image|endswith: '\\wscript.exe'
        CommandLine|contains: '\\Temp\\'
    condition: selection
level: high
tags: [attack.t1059.005]
sekisho: {title_ja: スクリプト}
"""
EVENT = Event(
    Logsource("windows", "process_creation", "sysmon"),
    {"Image": "C:\\Windows\\wscript.exe", "CommandLine": "wscript C:\\Temp\\a.js", "EventID": 1},
    time_ns=1,
    host="pc1.example",
    user="taro",
    source="a.evtx",
    record="7",
)


def test_finding():
    (found,) = load([("r.yml", RULE)]).match(EVENT)
    assert found == Finding(
        id=stable_id("f", "r-1", EVENT.id),
        rule_id="r-1",
        title="Script host from a mail folder",
        level="high",
        attack=("T1059.005",),
        source="a.evtx",
        record="7",
        time_ns=1,
        evidence=(Evidence("Image", "C:\\Windows\\wscript.exe"), Evidence("CommandLine", "wscript C:\\Temp\\a.js")),
        event_id=EVENT.id,
        host="pc1.example",
        user="taro",
        layer="endpoint",
        weight=WEIGHTS["high"],
        texts=(("ja", "スクリプト"),),
    )


def test_match_all_gives_every_event():
    other = Event(EVENT.logsource, {"Image": "x"})
    found = list(load([("r.yml", RULE)]).match_all([other, EVENT, other]))
    assert [(event, len(findings)) for event, findings in found] == [(other, 0), (EVENT, 1), (other, 0)]


@pytest.mark.parametrize(
    ("logsource", "matches"),
    [
        (Logsource("windows", "process_creation", ""), True),
        (Logsource("windows", "process_creation", "security"), True),
        (Logsource("linux", "process_creation", ""), False),
        (Logsource("windows", "", "sysmon"), False),
    ],
)
def test_logsource(logsource, matches):
    assert bool(load([("r.yml", RULE)]).match(Event(logsource, EVENT.fields))) is matches


def test_registry_event_rules_read_every_registry_category():
    rules = load([("r.yml", RULE.replace("process_creation", "registry_event"))])
    assert rules.match(Event(Logsource("windows", "registry_set"), EVENT.fields))


def test_pickle_keeps_rules_failures_and_answers():
    rules = load([("r.yml", RULE), ("bad.yml", "title: x\n")])
    rules.match(EVENT)
    again = pickle.loads(pickle.dumps(rules))
    assert len(again) == 1
    assert again.rules == rules.rules
    assert [str(one) for one in again.failed] == ["bad.yml:1: logsource is missing"]
    assert again.match(EVENT) == rules.match(EVENT)


@pytest.mark.parametrize(
    ("logsource", "layer"),
    [
        (Logsource("email", "message"), "mail"),
        (Logsource("email", "attachment"), "file"),
        (Logsource("email", "url"), "mail"),
        (Logsource("windows", "network_connection", "sysmon"), "network"),
        (Logsource("windows", "dns_query"), "network"),
        (Logsource("", "proxy"), "network"),
        (Logsource("", "firewall"), "network"),
        (Logsource("zeek", "", "http"), "network"),
        (Logsource("", "webserver"), "server"),
        (Logsource("windows", "process_creation"), "endpoint"),
        (Logsource("windows", "", "security"), "endpoint"),
    ],
)
def test_layer(logsource, layer):
    assert layer_of(logsource) == layer
