"""Records that repeat what matched nothing: what is told of them is what the long way would have given."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.app import ruleset
from sekisho.app.intake import Intake
from sekisho.app.logs import Asked, Piece, read_piece, remembering
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
    (", category: registry_delete", "{Status: needle}"),
    (", category: registry_delete", "['only deleted']"),
    (", category: registry_event", "{Details: x}"),
    (", service: security", "{EventID: 1102}"),
    (", service: security", "{Status: 1}"),
    (", service: security", "{Status: null, Name|exists: true}"),
    (", service: security", "{Computer|endswith: '2', Level: 2}"),
    (", service: sysmon", "{EventID: 1, Status: x}"),
    (", service: windefend", "{Signature: x}"),
    ("", "['needle word']"),
    ("", "['corp\\bob', setvalue, 'HKLM\\run', 'C:\\a.exe x', 'unfolded needle']"),
    ("", "{Message|contains: needle, Status|exists: true}"),
    ("", "{Status|fieldref: Image}"),
]
LOADED = [(f"{n}.yml", RULE.format(n=n, more=more, s=s)) for n, (more, s) in enumerate(RULES)]

sysmon, security = "Microsoft-Windows-Sysmon/Operational", "Security"
defender = "Microsoft-Windows-Windows Defender/Operational"
few = [
    "C:\\a.exe",
    "C:\\b.exe",
    "needle",
    "x",
    "",
    None,
    1,
    1.0,
    True,
    "1",
    ["x"],
    [True],
    {"x": 1},
    {"#text": "x"},
    "a needle word",
    "only deleted",
]
keys = ["HKLM\\run\\x", "HKLM\\y"]
names = {
    "Image": few,
    "CommandLine": ["a needle", "cmd /c unfolded n^eedle", "x"],
    "NewProcessName": few,
    "MandatoryLabel": ["S-1-16-12288", "S-1-16-8192"],
    "SubjectUserName": ["bob", "eve"],
    "SubjectDomainName": ["CORP", "-"],
    "ObjectName": ["\\REGISTRY\\MACHINE\\run", "q"],
    "OperationType": ["%%1906", "%%1904"],
    "Application": ["\\device\\harddiskvolume1\\a.exe x", "q"],
    "ThreatName": ["x", "y"],
    "Details": ["x", "y"],
    "Status": few,
    "Na me": few,
    "Level": [2, "Error", 4, None, True],
    "TargetObject": keys,
    "EventType": ["SetValue", "CreateKey", "DeleteKey", "INFO", "x"],
    "Event Type": ["SetValue", "CreateKey", "DeleteKey", "INFO"],
    "Message": ["x", "EventType: DeleteKey\r\nProcessId: 7", "needle word", "ne\u017fdle"],
    "Direction": ["%%14593", "%%14592"],
    "DestPort": ["443", 443, "80"],
    "SourcePort": ["443", "1"],
    "Initiated": ["true", True, "false"],
    "DestinationPort": [443, "443", 80],
    "tags": [["a"], [{"EventType": "SetValue"}], "a"],
}
ids = [(sysmon, 1), (sysmon, 3), (sysmon, 12), (sysmon, 13), (defender, 1116)]
ids += [(security, number) for number in (4688, 5156, 4657, 1102, 4625)]
times = ["2024-01-02T03:04:05Z", "2024-01-02 12:04:05", "2024-01-02 13:00:01", "2024-01-02T12:04:05+09:00"]
times += ["Jan 02, 2024 @ 12:04:05"]
# The zone is always the same where a record tells it; the second and the third time are far enough apart for that.
utc_times = ["2024-01-02 03:04:05.000", "2024-01-02 04:00:01", None]
hosts = ["PC1", "PC2"]


def drawn(rng, choices):
    return {name: rng.choice(values) for name, values in choices.items()}


def flat(rng):
    """Give a function that makes records with the same names."""
    channel, event_id = rng.choice(ids)
    choices = {
        "EventID": [event_id] * 8 + [str(event_id), float(event_id), True],
        "Channel": [channel] * 8 + [""],
        rng.choice(["Hostname", "Computer"]): hosts,
        rng.choice(["EventTime", "Event Time", "TimeCreated"]): times,
        **({"UtcTime": utc_times} if rng.random() < 0.5 else {}),
        **{name: names[name] for name in rng.sample(sorted(names), rng.randrange(1, 6))},
    }
    return lambda: drawn(rng, choices)


def xml(rng):
    channel, event_id = rng.choice(ids)
    data = {name: names[name] for name in rng.sample(sorted(names), rng.randrange(1, 6))}
    system = {
        "Provider": [{"#attributes": {"Name": "P"}}],
        "EventID": [event_id] * 4 + [{"#text": event_id, "#attributes": {"Qualifiers": 0}}, True],
        "Level": [2, 4, 4, True],
        "Task": [0],
        "Opcode": [0],
        "Keywords": ["0x0"] * 4 + [["0x0"]],
        "Channel": [channel],
        "Computer": hosts,
        "EventRecordID": [1],
        "TimeCreated": [{"#attributes": {"SystemTime": "2024-01-02T03:04:05.5Z"}}],
    }
    beside = [{}, {}, {}, {"#attributes": {}}, {"RenderingInfo": {"Message": "a needle"}}, {"UserData": {}}]
    return lambda: {"Event": {"System": drawn(rng, system), "EventData": drawn(rng, data), **rng.choice(beside)}}


def told(path, rules, *, story, repeats=None):
    piece = Piece(Intake(path, path.name, sources()["jsonl"]))
    found, read = [], 0
    for part in read_piece(piece, rules, Asked(story=story), repeats):
        read += part.read
        found += [
            (event.record, event.time_ns, event.host, event.user, [(one.title, one.evidence) for one in some])
            for event, some in part.found
        ]
    return read, found


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("seed", range(8))
def test_both_ways_find_the_same(tmp_path, seed):
    """Few records of few values, many times over: most are repetitions, and many differ in one thing only."""
    rng = random.Random(seed)
    rules, plain = load(LOADED), load(LOADED)
    known = hits = 0
    for number in range(40):
        if number % 10 == 0:
            repeats = remembering(rules)  # one memory for the next ten files
        makers = [rng.choice([flat, flat, xml])(rng) for _ in range(rng.randrange(1, 5))]
        some = [make() for make in makers for _ in range(rng.randrange(1, 8))]
        path = write(tmp_path / "log.jsonl", rng.choices(some, k=rng.randrange(4, 50)))
        expected = told(path, plain, story=True)
        assert told(path, rules, story=False, repeats=repeats) == expected
        hits += len(expected[1])
        known += sum(one.count for one in repeats.kinds)
    assert hits > 100 and known > 50


def row(event_id=4625, channel=security, **more):
    return {"EventID": event_id, "Channel": channel, "TimeCreated": "2024-01-02T03:04:05Z", "Hostname": "PC1", **more}


def tree(data, beside=(), **more):
    system = {
        "Provider": {"#attributes": {"Name": "P"}}, "EventID": 4625, "Level": 4, "Task": 0, "Opcode": 0, "Keywords": "0x0",
        "Channel": security, "Computer": "PC1", "EventRecordID": 1,
        "TimeCreated": {"#attributes": {"SystemTime": "2024-01-02T03:04:05Z"}},
    }  # fmt: skip
    return {"Event": {"System": system | more, "EventData": data, **dict(beside)}}


CREATED, DELETED = {"EventType": "CreateKey", "TargetObject": "k"}, {"EventType": "DeleteKey", "TargetObject": "k"}
NEVER = (", category: registry_add", "{TargetObject: zz}")
# What is in the last record only, or only by what is made of it: rules, records.
DIFFERENT = {
    "a rule of another registry category reads another field": (
        [NEVER, (", category: registry_delete", "{Image: needle}")],
        [row(12, sysmon, **(kind | {"Image": image})) for kind, image in ((CREATED, "i"), (DELETED, "i"), (DELETED, "needle"))],
    ),
    "the same in the element tree": (
        [NEVER, (", category: registry_delete", "{Image: needle}")],
        [
            tree(kind | {"Image": image}, EventID=12, Channel=sysmon)
            for kind, image in ((CREATED, "i"), (DELETED, "i"), (DELETED, "needle"))
        ],
    ),
    "the category is told by another field": (
        [(", category: registry_set", "{TargetObject: zz}"), (", category: registry_delete", "{Image: needle}")],
        [
            row(4657, OperationType=kind, ObjectName="k", ProcessName=image)
            for kind, image in (("%%1904", "i"), ("%%1906", "i"), ("%%1906", "needle"))
        ],
    ),
    "the category is told by a name with a space": (
        [NEVER, (", category: registry_delete", "{TargetObject: k}")],
        [row(12, sysmon, **{"Event Type": kind}, TargetObject="k") for kind in ("CreateKey", "DeleteKey")],
    ),
    "a keyword of another category": (
        [NEVER, (", category: registry_delete", "[needle]")],
        [row(12, sysmon, **CREATED), row(12, sysmon, **(DELETED | {"TargetObject": "needle"}))],
    ),
    "a keyword in an unfolded command line": (
        [("", "[needle]")],
        [row(1, sysmon, CommandLine=command) for command in ("cmd /c dir", "cmd /c n^eedle")],
    ),
    "a keyword across two fields that are joined": (
        [("", "['corp\\bob']")],
        [row(4688, SubjectUserName="bob", SubjectDomainName=domain) for domain in ("-", "CORP")],
    ),
    "a keyword that stands for a number": (
        [("", "[high]")],
        [row(4688, MandatoryLabel=label) for label in ("S-1-16-4096", "S-1-16-4096", "S-1-16-12288")],
    ),
    "a keyword in a hive's short name": (
        [("", "['HKLM\\x']")],
        [row(4657, OperationType="%%1904", ObjectName=key) for key in ("q", "\\REGISTRY\\MACHINE\\x")],
    ),
    "a keyword in a path of a drive": (
        [("", "['C:\\a.exe']")],
        [row(5156, Application=path) for path in ("q", "\\device\\harddiskvolume1\\a.exe")],
    ),
    "a keyword brought back from under NXLog's own": (
        [("", "[setvalue]")],
        [row(13, sysmon, EventType=kind) for kind in ("q", "INFO")],
    ),
    "a keyword with the braces of a GUID": (
        [("", "['{0000']")],
        [row(AGuid=guid) for guid in ("q", "00000000-0000-0000-0000-000000000000")],
    ),
    "a channel that only the provider tells": (
        [("", "{'|all': [system, needle]}")],
        [row(4625, "", SourceName="Service Control Manager", a=text) for text in ("q", "needle")],
    ),
    "one keyword in an unfolded command line, one beside it": (
        [("", "{'|all': [needle, thread]}")],
        [row(1, sysmon, CommandLine="cmd /c n^eedle", a=text) for text in ("q", "q", "thread")],
    ),
    "one keyword that stands for a number, one beside it": (
        [("", "{'|all': [system, needle]}")],
        [row(4688, MandatoryLabel="S-1-16-16384", a=text) for text in ("q", "q", "needle")],
    ),
    "true is no event id": ([("", "{EventID: 1, a: x}")], [tree({"a": "x"}, EventID=one) for one in (True, 1)]),
    "true is no level": ([("", "{Level: 1, a: x}")], [tree({"a": "x"}, Level=one) for one in (True, 1)]),
    "more beside the data": (
        [("", "{Message: needle}")],
        [tree({"a": True}, {"RenderingInfo": {"Message": text}}) for text in ("x", "needle")],
    ),
    "more beside the event": (
        [("", "{Image: needle}")],
        [tree({"a": True}), tree({"a": True}) | {"EventID": 4625, "Channel": security, "Image": "needle"}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_differs_is_found(tmp_path, case):
    rules, rows = DIFFERENT[case]
    texts = [(f"{n}.yml", RULE.format(n=n, more=more, s=s)) for n, (more, s) in enumerate(rules)]
    path = write(tmp_path / "log.jsonl", rows)
    _, found = told(path, load(texts), story=False)
    assert [one[0] for one in found] == [str(len(rows))]
    assert found == told(path, load(texts), story=True)[1]


CLOCKS = {
    "a time with a space in its name": ("Event Time", "2024-01-02 12:0{n}:05", ["03:00:05", None, "04:02:05", "04:03:05", None]),
    "a first record that does not tell the zone": ("EventTime", "2024-01-02 12:0{n}:05", ["03:00:05", None, "04:02:05", "04:03:05", None]),
    "a form in which the hour stands late": ("EventTime", "Jan 02, 2024 @ 12:0{n}:05", ["03:00:05", None, "04:02:05", "04:03:05", None]),
}  # fmt: skip


@pytest.mark.parametrize("case", CLOCKS)
def test_zones_are_learned_from_repetitions_too(tmp_path, case):
    """PC1 is nine hours ahead, PC2 eight, as only its third record says."""
    name, clock, utc_clocks = CLOCKS[case]
    rows = [
        {"EventID": 1102, "Channel": security, name: clock.format(n=n), "Hostname": "PC2" if n else "PC1",
         "UtcTime": utc and f"2024-01-02 {utc}", "Status": "needle" if n == 4 else "x"}
        for n, utc in enumerate(utc_clocks)
    ]  # fmt: skip
    texts = [("r.yml", RULE.format(n=0, more="", s="{Status: needle}"))]
    path = write(tmp_path / "log.jsonl", rows)
    _, found = told(path, load(texts), story=False)
    assert [(one[0], one[1]) for one in found] == [("5", 1_704_168_245 * 10**9)]  # 04:04:05
    assert found == told(path, load(texts), story=True)[1]


def test_a_clock_that_is_put_back_is_noticed(tmp_path):
    """Two shapes of one host: what one teaches counts for the other."""
    rows = [
        {"EventID": 1102, "Channel": security, "EventTime": local, "Hostname": "PC1", "UtcTime": utc, "Status": status}
        | ({"x": 1} if n in (2, 3) else {})
        for n, (local, utc, status) in enumerate(
            [("2024-01-02 12:04:05", "2024-01-02 03:04:05", "x")] * 2
            + [("2024-01-02 13:04:05", "2024-01-02 03:04:05", "x")] * 2
            + [("2024-01-02 12:04:05", "2024-01-02 03:04:05", "x"), ("2024-01-02 12:04:06", None, "needle")]
        )
    ]
    texts = [("r.yml", RULE.format(n=0, more="", s="{Status: needle}"))]
    path = write(tmp_path / "log.jsonl", rows)
    assert told(path, load(texts), story=False) == told(path, load(texts), story=True)


def test_repetitions_are_not_looked_at_again(tmp_path, monkeypatch):
    from sekisho.normalize.windows import Reader

    path, drafted = tmp_path / "log.jsonl", []
    write(path, [row(RecordNumber=n, Status=n % 2) for n in range(100)])
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
    write(path, rows)
    expected = told(path, load(LOADED), story=True)
    monkeypatch.setattr(windows_repeats, name, 3)
    assert told(path, load(LOADED), story=False) == expected


def test_what_is_kept_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(windows_repeats, "MAX_KEPT", 12)
    monkeypatch.setattr(windows_repeats, "MAX_CHARS", 100)
    monkeypatch.setattr(windows_repeats, "MAX_KINDS", 8)
    rules = load(LOADED)
    for share in (1, 4):
        repeats, most = remembering(rules, share), 0
        for first in range(0, 300, 50):
            rows = [row(Status=f"s{n}", **{f"x{n % 9}": "y"}) for n in range(first, first + 50)]
            rows += [row(channel=["x"], **{f"z{n}": "y"}) for n in range(first, first + 50)]
            rows += [row(12, sysmon, EventType=f"t{n}") for n in range(first, first + 50)]
            told(write(tmp_path / "log.jsonl", rows), rules, story=False, repeats=repeats)
            kept = [key for one in repeats.kinds for key in one.kept]
            most = max(most, len(kept))
            assert sum(len(text) for key in kept for text in key if isinstance(text, str)) <= 100 // share
            assert len(repeats.kinds) <= 8 + 3
            assert len(repeats._flat) <= 8
        assert 0 < most <= 12 // share


def test_no_value_is_held_for_its_kind(tmp_path):
    rules = load(LOADED)
    repeats = remembering(rules)
    told(write(tmp_path / "log.jsonl", [row(Message="x" * 100_000)]), rules, story=False, repeats=repeats)
    assert [set(one.draft.fields.values()) for one in repeats.kinds] == [{4625, None}]
    assert not any(one.kept for one in repeats.kinds)


def test_rules_are_credited_with_repetitions_under_their_own_category(tmp_path):
    path = write(tmp_path / "log.jsonl", [row(12, sysmon, **CREATED)] * 30 + [row(12, sysmon, **DELETED)] * 20)
    texts = [(f"{n}.yml", RULE.format(n=n, more=f", category: registry_{n}", s="{a: b}")) for n in ("add", "delete")]
    rules = load(texts)
    piece = Piece(Intake(path, path.name, sources()["jsonl"]))
    (part,) = read_piece(piece, rules, Asked(story=False, statistics=True))
    by_title = {one.title: part.statistics.uses[one.id].routed for one in rules.rules}
    assert by_title == {"tadd": 30, "tdelete": 20}


fields = st.dictionaries(
    st.sampled_from(
        sorted({*names, "ProcessId", "NewProcessId", "ParentProcessName", "TargetUserName", "TargetLogonId", "SubjectLogonId",
                "ObjectName", "ObjectValueName", "NewValue", "OperationType", "Application", "SourceAddress", "DestAddress",
                "Protocol", "ProcessID", "ThreatName", "Path", "DetectionUser", "FeatureName", "ProcessName", "EventID"})
    ),
    st.sampled_from([*few, "0x10", "6", "%%1906", "\\REGISTRY\\MACHINE\\x", "NT", 13]),
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
    rules = load(ruleset.texts([str(SHARED / "sigma" / "rules" / "windows")])[0][::4])
    logs = [
        *sorted((SHARED / "evtx").rglob("*.evtx"))[::25],
        *sorted((SHARED / "otrf" / "atomic").rglob("*.zip"))[::25],
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
    assert events > 10 and findings > 5
