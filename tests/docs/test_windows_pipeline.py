"""pipelines/windows.yml is what the program's own tables say, and finds in raw records what the normal path finds."""

import importlib.util
from functools import cache
from pathlib import Path

import pytest

from sekisho.detect import pipelines
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource
from sekisho.normalize.windows import normalize
from sekisho.normalize.windows_logsources import SERVICES
from sekisho.normalize.windows_shapes import Shapes
from sekisho.sources import Row, evtx

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
SIGMA = SHARED / "sigma"
WINDOWS = ROOT / "pipelines" / "windows.yml"
SYSMON = "Microsoft-Windows-Sysmon/Operational"
DEFENDER = "Microsoft-Windows-Windows Defender/Operational"


def test_it_is_what_the_tables_say():
    spec = importlib.util.spec_from_file_location("windows_pipeline", ROOT / "docs" / "windows_pipeline.py")
    written = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(written)
    assert WINDOWS.read_text(encoding="utf-8") == written.windows(), "run ./dev golden"


@cache
def pipeline():
    return pipelines.load([(str(WINDOWS), WINDOWS.read_text(encoding="utf-8"))])


def raw_of(fields):
    """Give a record as one flat event with nothing derived, its logsource the channel's service alone."""
    flat = Shapes().flatten(fields)[0]
    return Event(Logsource("windows", "", SERVICES.get(str(flat.get("Channel")).lower(), "")), flat)


def answers(rule, fields):
    """Tell whether a rule finds a record on the normal path, and fitted by the pipeline in the raw record."""
    text = f"title: t\n{rule}\n"
    (event,) = normalize([Row("1", fields)], "x.jsonl")
    normal, fitted = load([("r.yml", text)]), load([("r.yml", text)], pipelines=pipeline())
    assert not (normal.failed or fitted.failed)
    return bool(normal.match(event)), bool(fitted.match(raw_of(fields)))


def record(channel, event_id, **fields):
    return {"Channel": channel, "EventID": event_id, "Computer": "PC-1", **fields}


def rule(category, selection, condition="s", product="product: windows, "):
    return f"logsource: {{{product}category: {category}}}\ndetection: {{s: {{{selection}}}, condition: {condition}}}"


CREATED = record(
    "Security",
    4688,
    NewProcessName=r"C:\a.exe",
    ParentProcessName=r"C:\p.exe",
    CommandLine="a -x",
    MandatoryLabel="S-1-16-12288",
)
STARTED = record(SYSMON, 1, Image=r"C:\a.exe", ParentImage=r"C:\p.exe", CommandLine="a -x", IntegrityLevel="High")
CONNECTED = record(
    "Security", 5156, Application=r"\device\harddiskvolume1\a.exe", Direction="%%14593", SourceAddress="192.0.2.1",
    SourcePort="50000", DestAddress="198.51.100.7", DestPort="443", Protocol="6",
)  # fmt: skip
THREAT = record(DEFENDER, 1116, **{"Threat Name": "Trojan:Test", "Path": "file:_C:\\a.exe"})
VALUE = record(
    "Security", 4657, ObjectName=r"\REGISTRY\MACHINE\SOFTWARE\a", ObjectValueName="v", NewValue="1",
    OperationType="%%1905", ProcessName=r"C:\a.exe",
)  # fmt: skip
GONE = {**VALUE, "OperationType": "%%1906"}
KEY = record(SYSMON, 12, EventType="CreateKey", TargetObject=r"HKLM\SOFTWARE\a")


@pytest.mark.parametrize(
    ("written", "fields", "found"),
    [
        (rule("process_creation", r"Image|endswith: \a.exe, ParentImage|endswith: \p.exe"), CREATED, True),
        (rule("process_creation", r"Image|endswith: \a.exe, ParentImage|endswith: \p.exe"), STARTED, True),
        (rule("process_creation", r"Image|endswith: \b.exe"), CREATED, False),
        (rule("process_creation", r"Image|endswith: \a.exe", "not s"), CREATED, False),
        (rule("process_creation", "Image: null"), CREATED, False),
        (rule("process_creation", "Image: null"), STARTED, False),
        (rule("process_creation", "OriginalFileName: null"), CREATED, True),
        (rule("process_creation", "IntegrityLevel: High"), CREATED, True),
        (rule("process_creation", "IntegrityLevel: High"), STARTED, True),
        (rule("process_creation", "IntegrityLevel: Medium"), CREATED, False),
        (rule("process_creation", "CommandLine: a -x"), record(SYSMON, 5, CommandLine="a -x"), False),
        (rule("network_connection", "Initiated: 'true', DestinationIp|cidr: 198.51.100.0/24"), CONNECTED, True),
        (rule("network_connection", "Initiated: 'false'"), CONNECTED, False),
        (rule("network_connection", r"Image|endswith: \a.exe, DestinationPort: 443, Protocol: tcp"), CONNECTED, True),
        (rule("antivirus", "Signature|startswith: Trojan", product=""), THREAT, True),
        (rule("antivirus", r"Filename|endswith: \a.exe", product=""), THREAT, True),
        (rule("antivirus", "Signature|startswith: Trojan", product=""), {**THREAT, "EventID": 5001}, False),
        (rule("registry_set", r"Details: 1, Image|endswith: \a.exe, EventType: SetValue"), VALUE, True),
        (rule("registry_set", r"Image|endswith: \a.exe"), GONE, False),
        (rule("registry_delete", r"Image|endswith: \a.exe, EventType: DeleteValue"), GONE, True),
        (rule("registry_delete", r"Image|endswith: \a.exe"), VALUE, False),
        (rule("registry_event", r"Image|endswith: \a.exe"), GONE, True),
        (rule("registry_add", r"TargetObject|endswith: \a"), KEY, True),
        (rule("registry_add", r"TargetObject|endswith: \a"), {**KEY, "EventType": "DeleteKey"}, False),
        (rule("registry_event", r"TargetObject|endswith: \a"), KEY, True),
        (
            rule("ps_script", "ScriptBlockText: a"),
            record("PowerShellCore/Operational", 4104, ScriptBlockText="a"),
            True,
        ),
        (
            "logsource: {product: windows, service: windefend}\ndetection: {s: {Feature_Name: a}, condition: s}",
            record(DEFENDER, 5001, **{"Feature Name": "a"}),
            True,
        ),
        (
            "logsource: {product: linux, category: process_creation}\ndetection: {s: {Image: a}, condition: s}",
            STARTED,
            False,
        ),
    ],
)
def test_raw_records_give_what_the_normal_path_gives(written, fields, found):
    assert answers(written, fields) == (found, found)


@pytest.mark.parametrize(
    ("written", "fields", "normal", "fitted"),
    [
        # Joined from two fields of the record.
        (rule("registry_set", r"TargetObject: HKLM\SOFTWARE\a\v"), VALUE, True, False),
        # A device path becomes a path on a drive.
        (rule("network_connection", r"Image: C:\a.exe"), CONNECTED, True, False),
        # Of connections from outside, the ends change places.
        (rule("network_connection", "SourceIp: 198.51.100.7"), {**CONNECTED, "Direction": "%%14592"}, True, False),
    ],
)
def test_what_a_pipeline_cannot_say(written, fields, normal, fitted):
    assert answers(written, fields) == (normal, fitted)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_regression_data_give_the_same():
    """Every rule that has data of its own, over all of these data; tests/oracle/compare_windows.py takes any."""
    named = {path.parent.name for path in SIGMA.glob("regression_data/**/info.yml")}
    paths = sorted(path for path in SIGMA.rglob("*.yml") if path.stem in named)
    texts = [(str(path), path.read_text(encoding="utf-8")) for path in paths]
    normal, fitted = load(texts), load(texts, pipelines=pipeline())
    assert len(normal) == len(fitted) > 0
    for path in sorted(SIGMA.glob("regression_data/**/*.evtx")):
        rows = [row for row in evtx.read(path) if isinstance(row, Row)]
        for row, event in zip(rows, normalize(rows, str(path)), strict=True):
            usual = [finding.rule_id for finding in normal.match(event)]
            assert [finding.rule_id for finding in fitted.match(raw_of(row.fields))] == usual
