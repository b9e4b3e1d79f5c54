"""Records that repeat what matched nothing: what is told of them is what the long way would have given."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.app import ruleset
from sekisho.app.intake import Intake
from sekisho.app.logs import Asked, Piece, read_piece
from sekisho.detect.rules import load
from sekisho.normalize import windows_mapping, windows_repeats
from sekisho.normalize.windows_mapping import OUTPUTS
from sekisho.sources import load as sources

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
RULE = "title: t{n}\nlogsource: {{product: windows{more}}}\ndetection:\n  s: {s}\n  condition: s\n"
RULES = [
    (", category: process_creation", "{Image|endswith: '\\a.exe', CommandLine|contains: needle}"),
    (", category: process_creation", "{IntegrityLevel: High, User|contains: bob}"),
    (", category: network_connection", "{Initiated: 'true', DestinationPort: 443}"),
    (", category: registry_set", "{TargetObject|contains: run, EventType: SetValue}"),
    (", category: registry_add", "{TargetObject|contains: run}"),
    (", category: registry_delete", "{TargetObject|contains: run, EventType: DeleteKey}"),
    (", service: security", "{EventID: 1102}"),
    (", service: security", "{Status: 1}"),
    (", service: security", "{Status: null, Name|exists: true}"),
    (", service: security", "{Computer|endswith: '2', Level: 2}"),
    ("", "['needle word']"),
]
LOADED = [(f"{n}.yml", RULE.format(n=n, more=more, s=s)) for n, (more, s) in enumerate(RULES)]

sysmon, security = "Microsoft-Windows-Sysmon/Operational", "Security"
few = st.sampled_from(
    ["C:\\a.exe", "C:\\b.exe", "needle", "x", "", None, 1, 1.0, True, "1", ["x"], {"x": 1}, "a needle word"]
)
keys = st.sampled_from(["HKLM\\run\\x", "HKLM\\y"])
names = {
    "Image": few,
    "CommandLine": st.sampled_from(["a needle", "cmd /c n^eedle", "x"]),
    "NewProcessName": few,
    "MandatoryLabel": st.sampled_from(["S-1-16-12288", "S-1-16-8192"]),
    "SubjectUserName": st.sampled_from(["bob", "eve"]),
    "Status": few,
    "Na me": few,
    "Level": st.sampled_from([2, "Error", 4, None]),
    "TargetObject": keys,
    "EventType": st.sampled_from(["SetValue", "CreateKey", "DeleteKey", "INFO", "x"]),
    "Message": st.sampled_from(["x", "EventType: DeleteKey\r\nProcessId: 7", "needle word", "ne\u017fdle"]),
    "Direction": st.sampled_from(["%%14593", "%%14592"]),
    "DestPort": st.sampled_from(["443", 443, "80"]),
    "SourcePort": st.sampled_from(["443", "1"]),
    "Initiated": st.sampled_from(["true", True, "false"]),
    "DestinationPort": st.sampled_from([443, "443", 80]),
    "tags": st.sampled_from([["a"], [{"EventType": "SetValue"}], "a"]),
}
ids = st.sampled_from([(sysmon, 1), (sysmon, 3), (sysmon, 12), (sysmon, 13), (security, 4688), (security, 5156), (security, 1102), (security, 4625)])  # fmt: skip
times = st.sampled_from(["2024-01-02T03:04:05Z", "2024-01-02 12:04:05", "2024-01-02 13:00:01"])
hosts = st.sampled_from(["PC1", "PC2"])


@st.composite
def flat(draw):
    (channel, event_id), chosen = draw(ids), draw(st.sets(st.sampled_from(sorted(names)), max_size=6))
    record = {"EventID": draw(st.sampled_from([event_id, str(event_id)])), "Channel": channel}
    record[draw(st.sampled_from(["Hostname", "Computer"]))] = draw(hosts)
    record["EventTime"] = draw(times)
    if draw(st.booleans()):
        record["UtcTime"] = "2024-01-02 03:04:05.000"
    return record | {name: draw(names[name]) for name in sorted(chosen)}


@st.composite
def xml(draw):
    (channel, event_id), chosen = draw(ids), draw(st.sets(st.sampled_from(sorted(names)), min_size=1, max_size=6))
    system = {
        "Provider": {"#attributes": {"Name": "P"}},
        "EventID": draw(st.sampled_from([event_id, {"#text": event_id, "#attributes": {"Qualifiers": 0}}])),
        "Level": draw(st.sampled_from([2, 4])),
        "Task": 0,
        "Keywords": "0x0",
        "Channel": channel,
        "Computer": draw(hosts),
        "EventRecordID": draw(st.integers(1, 9)),
        "TimeCreated": {"#attributes": {"SystemTime": "2024-01-02T03:04:05.5Z"}},
    }
    return {"Event": {"System": system, "EventData": {name: draw(names[name]) for name in sorted(chosen)}}}


def told(path, rules, *, story):
    piece = Piece(Intake(path, path.name, sources()["jsonl"]))
    found, read = [], 0
    for part in read_piece(piece, rules, Asked(story=story)):
        read += part.read
        found += [
            (event.record, event.time_ns, event.host, event.user, [(one.rule_id, one.evidence) for one in some])
            for event, some in part.found
        ]
    return read, found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("repeats")


@settings(max_examples=120, deadline=None, database=None, derandomize=True)
@given(st.data())
def test_both_ways_find_the_same(folder, data):
    """Few records of few values, many times over: most are repetitions, and many differ in one thing only."""
    some = data.draw(st.lists(st.one_of(flat(), flat(), xml()), min_size=1, max_size=6))
    rows = [some[at % len(some)] for at in data.draw(st.lists(st.integers(0, 9), min_size=4, max_size=30))]
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert told(path, load(LOADED), story=False) == told(path, load(LOADED), story=True)


def test_repetitions_are_not_looked_at_again(tmp_path, monkeypatch):
    from sekisho.normalize.windows import Reader

    path, drafted = tmp_path / "log.jsonl", []
    row = {"EventID": 4625, "Channel": "Security", "Hostname": "PC1", "TimeCreated": "2024-01-02T03:04:05Z"}
    path.write_text("".join(json.dumps(row | {"RecordNumber": n, "Status": n % 2}) + "\n" for n in range(100)))
    draft = Reader.draft
    monkeypatch.setattr(Reader, "draft", lambda self, raw: drafted.append(raw) or draft(self, raw))
    read, found = told(path, load(LOADED), story=False)
    assert (read, len(found)) == (100, 50)
    assert len(drafted) == 51


@pytest.mark.parametrize("name", ["MAX_KEPT", "MAX_CHARS", "MAX_KINDS", "MAX_LONGEST"])
def test_little_memory_changes_nothing(tmp_path, monkeypatch, name):
    path = tmp_path / "log.jsonl"
    rows = [
        {"EventID": 4625, "Channel": "Security", "Hostname": "PC1", "Status": n % 7, f"x{n % 5}": "y" * (n % 40)}
        for n in range(300)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    expected = told(path, load(LOADED), story=True)
    monkeypatch.setattr(windows_repeats, name, 3)
    assert told(path, load(LOADED), story=False) == expected


fields = st.dictionaries(
    st.sampled_from(
        sorted({*names, "ProcessId", "NewProcessId", "ParentProcessName", "TargetUserName", "TargetLogonId", "SubjectLogonId",
                "ObjectName", "ObjectValueName", "NewValue", "OperationType", "Application", "SourceAddress", "DestAddress",
                "Protocol", "ProcessID", "ThreatName", "Path", "DetectionUser", "FeatureName", "ProcessName", "EventID"})
    ),
    st.one_of(few, st.sampled_from(["0x10", "6", "%%1906", "\\REGISTRY\\MACHINE\\x", "NT", 13])),
    max_size=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.sampled_from(sorted(OUTPUTS, key=lambda one: one.__name__)), fields)
def test_mappings_change_only_what_they_declare(mapping, record):
    before = dict(record)
    mapping(record)
    changed = {name for name in before.keys() | record.keys() if before.get(name, ...) != record.get(name, ...)}
    assert changed <= OUTPUTS[mapping]


def test_every_mapping_declares_what_it_changes():
    used = {*windows_mapping.MAPPINGS.values(), windows_mapping.sysmon, windows_mapping.threat_found}
    assert used == set(OUTPUTS)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_both_ways_find_the_same_in_real_logs():
    rules = load(ruleset.texts([str(SHARED / "sigma" / "rules" / "windows")])[0])
    logs = [
        *sorted((SHARED / "evtx").rglob("*.evtx"))[::12],
        *sorted((SHARED / "otrf" / "atomic").rglob("*.zip"))[::12],
    ]
    events = findings = 0
    for path in logs:
        source = sources()["evtx" if path.suffix == ".evtx" else "zipped"]
        if source.recognise(path.read_bytes()[:65536], path):
            piece = Piece(Intake(path, path.name, source))
            both = [
                [(event, found) for part in read_piece(piece, rules, Asked(story=story)) for event, found in part.found]
                for story in (False, True)
            ]
            assert both[0] == both[1], path
            findings += len(both[0])
            events += 1
    assert events > 20 and findings > 50
