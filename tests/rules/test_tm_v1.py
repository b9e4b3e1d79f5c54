"""Trend Vision One's detection models run over our events, mapped by pipelines/tm-v1.yml."""

from functools import cache
from pathlib import Path

import pytest

from sekisho.detect import pipelines
from sekisho.detect.rules import load
from sekisho.model.event import Event, Logsource

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
MODELS = SHARED / "tm-v1-sigma"
TM_V1 = ROOT / "pipelines" / "tm-v1.yml"


@cache
def pipeline():
    return pipelines.load([(str(TM_V1), TM_V1.read_text(encoding="utf-8"))])


@cache
def models(fitted):
    paths = sorted(MODELS.rglob("*.yml"))
    texts = [(str(path.relative_to(MODELS)), path.read_text(encoding="utf-8")) for path in paths]
    return load(texts, pipelines=pipeline() if fitted else ())


def windows(category, **fields):
    return Event(Logsource("windows", category, "sysmon"), fields)


def found(event, *, fitted=True):
    names = {rule.id: Path(rule.path).stem for rule in models(fitted).rules}
    return {names[finding.rule_id] for finding in models(fitted).match(event)}


SCRIPT = Logsource("windows", "ps_script", "powershell")
TREAT_AS = r"HKU\S-1-5-21-1\Software\Classes\CLSID\{372fce38-4324-11d0-8810-00a0c903b83c}\TreatAs\(Default)"
ENDPOINT = [
    (
        "possible_icmp_backdoor_via_powershell",
        windows("process_creation", CommandLine="powershell (New-Object System.Net.NetworkInformation.Ping).Send($a)"),
        # The command of the creator, which these models call processCmd.
        windows("process_creation", ParentCommandLine="powershell (New-Object Net.NetworkInformation.Ping).Send($a)"),
    ),
    (
        "renamed_windows_script_host_execution",
        windows("process_creation", CommandLine=r"C:\Users\Public\a.exe //E:vbscript b.txt"),
        windows("process_creation", CommandLine=r"C:\Windows\System32\wscript.exe //E:vbscript b.txt"),
    ),
    (
        "drops_amsi_file_in_powershell_path",
        windows("file_event", TargetFilename=r"C:\Windows\System32\WindowsPowerShell\v1.0\amsi.dll"),
        windows("file_event", TargetFilename=r"C:\Windows\System32\amsi.dll"),
    ),
    (
        "suspicious_rat_remote_utilities_connection",
        windows("network_connection", CommandLine="a.exe -run_agent", DestinationPort=5650, Initiated="true"),
        windows("network_connection", CommandLine="a.exe -run_agent", DestinationPort=5651, Initiated="true"),
    ),
    (
        "identified_potential_outbound_network_activity_to_cryptocurrency_mining_pool",
        windows("dns_query", QueryName="pool.minexmr.example"),
        windows("dns_query", QueryName="www.example.com"),
    ),
    (
        "tor_client_dns_query",
        windows("dns_query", Image=r"C:\Users\a\Tor Browser\tor.exe", QueryName="a.example"),
        windows("dns_query", Image=r"C:\Users\a\motor.exe", QueryName="a.example"),
    ),
    (
        "suspicious_connection_of_rundll32_executed_by_ms_office",
        windows(
            "network_connection",
            Image=r"C:\Windows\System32\rundll32.exe",
            ParentImage=r"C:\Program Files\Microsoft Office\WINWORD.EXE",
        ),
        windows(
            "network_connection", Image=r"C:\Windows\System32\rundll32.exe", ParentImage=r"C:\Windows\explorer.exe"
        ),
    ),
    (
        "cmstp_in_autorun_registry",
        windows("registry_set", Details=r"cmstp.exe /s C:\Users\a\b.inf"),
        windows("registry_set", Details=r"cmstp.exe C:\Users\a\b.inf"),
    ),
    (
        "component_object_model_hijacking",
        windows("registry_set", TargetObject=TREAT_AS),
        windows("registry_set", TargetObject=TREAT_AS.replace("TreatAs", "ProgID")),
    ),
    (
        "mutex_creation_via_powershell",
        Event(SCRIPT, {"EventID": 4104, "ScriptBlockText": "$m = New-Object System.Threading.Mutex($false, 'a')"}),
        Event(SCRIPT, {"EventID": 4104, "ScriptBlockText": "$m = New-Object System.Threading.Timer"}),
    ),
    (
        "stage_popular_credential_files_for_exfiltration",
        Event(SCRIPT, {"ScriptBlockText": r"copy $env:APPDATA\Opera Software\Opera Stable\Login Data x"}),
        Event(SCRIPT, {"ScriptBlockText": r"copy $env:APPDATA\Opera Software\Opera Stable\History x"}),
    ),
    (
        "computer_name_discovery_via_powershell_windows_event_log",
        Event(SCRIPT, {"EventID": 4104, "ScriptBlockText": "[Win32]::GetComputerNameEx(3, $b, [ref]$n)"}),
        Event(SCRIPT, {"EventID": 4103, "Payload": "[Win32]::GetComputerNameEx(3, $b, [ref]$n)"}),
    ),
    (
        "possible_credential_dumping_via_powershell_windows_event_log",
        Event(SCRIPT, {"EventID": 4104, "ScriptBlockText": "Invoke-Mimikatz"}),
        Event(SCRIPT, {"EventID": 4104, "Path": "C:\\mimikatz.ps1", "ScriptBlockText": "exit"}),
    ),
]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
@pytest.mark.parametrize(("model", "hit", "miss"), ENDPOINT, ids=[one[0] for one in ENDPOINT])
def test_endpoint_models(model, hit, miss):
    assert model in found(hit)
    assert model not in found(miss)
    assert model not in found(hit, fitted=False)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_every_endpoint_model_is_tested():
    assert {one[0] for one in ENDPOINT} == {path.stem for path in (MODELS / "endpoint_activity").rglob("*.yml")}


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_all_models_load_with_and_without_the_pipeline():
    assert [str(error) for error in (*models(False).failed, *models(True).failed)] == []
    assert len(models(False).rules) == len(models(True).rules) == len(list(MODELS.rglob("*.yml")))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_native_records_match_without_the_pipeline():
    native = {"eventSubId": "TELEMETRY_PROCESS_CREATE", "objectCmd": "a.exe //e:jscript b"}
    event = Event(Logsource("windows", "endpoint_activity"), native)
    assert found(event, fitted=False) == {"renamed_windows_script_host_execution"}
    detection = Event(Logsource("", "detection"), {"ruleName": "SC-018"})
    assert found(detection, fitted=False) == found(detection) == {"possible_brute_force_attack"}


# Rules of our own in the taxonomy, for what the published models do not use.

MODEL = """
title: t
logsource: {category: %s, product: %s}
detection: {s: {%s}, condition: s}
taxonomy: tm-v1
"""


def mapped(selection, category="ENDPOINT_ACTIVITY", product="windows"):
    """Give the logsource and the fields that a model reads once it is mapped; else why it cannot run."""
    found = load([("m.yml", MODEL % (category, product, selection))], pipelines=pipeline())
    if found.failed:
        return found.failed[0].reason.split(": ", 1)[1]
    (rule,) = found.rules
    words = (rule.logsource.product, rule.logsource.category, rule.logsource.service)
    return "/".join(filter(None, words)), rule.fields


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (
            "eventSubId: TELEMETRY_PROCESS_CREATE, processFilePath: a, processCmd: b, objectFilePath: c",
            ("windows/process_creation", ("Image", "ParentCommandLine", "ParentImage")),
        ),
        ("eventSubId: 2, objectUser: a", ("windows/process_creation", ("User",))),
        ("eventSubId: '4', objectFilePath: a", ("windows/image_load", ("ImageLoaded",))),
        (
            "eventSubId: TELEMETRY_PROCESS_OPEN, processFilePath: a, objectFilePath: b",
            ("windows/process_access", ("SourceImage", "TargetImage")),
        ),
        (
            "eventSubId: TELEMETRY_MODIFIED_PROCESS_CREATE_REMOTETHREAD, objectFilePath: b",
            ("windows/create_remote_thread", ("TargetImage",)),
        ),
        ("eventSubId: TELEMETRY_FILE_DELETE, objectFilePath: a", ("windows/file_delete", ("TargetFilename",))),
        (
            "eventSubId: TELEMETRY_CONNECTION_CONNECT, dst: 192.0.2.1, objectPort: 1, hostName: a",
            ("windows/network_connection", ("DestinationHostname", "DestinationIp", "DestinationPort")),
        ),
        ("eventSubId: TELEMETRY_INTERNET_OPEN, request: a", ("proxy", ("c-uri",))),
        (
            "eventSubId: TELEMETRY_REGISTRY_CREATE, objectRegistryKeyHandle: a",
            ("windows/registry_add", ("TargetObject",)),
        ),
        (
            "eventSubId: [TELEMETRY_REGISTRY_SET, TELEMETRY_REGISTRY_DELETE], objectRegistryKeyHandle: a",
            ("windows/registry_event", ("TargetObject",)),
        ),
        (
            "winEventId: 4624, eventDataLogonType: 3, channel: Security",
            ("windows", ("Channel", "EventID", "LogonType")),
        ),
    ],
)
def test_what_models_become(selection, expected):
    assert mapped(selection) == expected


@pytest.mark.parametrize("product", ["linux", "macos"])
def test_other_systems_keep_their_product(product):
    assert mapped("eventSubId: TELEMETRY_PROCESS_CREATE, objectCmd: a", product=product) == (
        f"{product}/process_creation",
        ("CommandLine",),
    )


def test_mail_models():
    assert mapped("mailMsgSubject: a, mailFromAddresses: b, attachmentFileName: c", "EMAIL_ACTIVITY", "x") == (
        "email/message",
        ("attachment.name", "sender.address", "subject"),
    )
    assert mapped("attachmentFileName: a, attachmentSha256: b", "EMAIL_ACTIVITY", "x") == (
        "email/attachment",
        ("name", "sha256"),
    )


def test_fields_that_no_event_of_ours_has_fail_the_model():
    assert mapped("eventSubId: TELEMETRY_PROCESS_CREATE, parentCmd: a, objectCmd: b, objectSignerValid: 0") == (
        "fields are not mapped: objectSignerValid, parentCmd"
    )


@pytest.mark.parametrize(
    ("selection", "fields", "hits"),
    [
        ("eventSubId: 2, objectFileHashSha1: ABC", {"Hashes": "MD5=1,SHA1=ABC"}, True),
        ("eventSubId: 2, objectIntegrityLevel: 12288", {"IntegrityLevel": "High"}, True),
        ("eventSubId: 2, objectIntegrityLevel: 12288", {"IntegrityLevel": "Medium"}, False),
    ],
)
def test_values_of_process_models(selection, fields, hits):
    found = load([("m.yml", MODEL % ("ENDPOINT_ACTIVITY", "windows", selection))], pipelines=pipeline())
    assert bool(found.match(windows("process_creation", **fields))) is hits


@pytest.mark.parametrize(
    ("selection", "hit", "miss"),
    [
        (r"objectRegistryKeyHandle: 'HKLM\a'", r"HKLM\a\Value", r"HKLM\ab\Value"),
        (r"objectRegistryKeyHandle: '*\a'", r"HKLM\a\Value", r"HKLM\b\Value"),
        (r"objectRegistryKeyHandle: '*\a*'", r"HKLM\ab\Value", r"HKLM\b\a"[:-1]),
        ("objectRegistryValue: Value", r"HKLM\a\Value", r"HKLM\Value\a"),
    ],
)
def test_registry_key_and_value_are_one_field(selection, hit, miss):
    text = MODEL % ("ENDPOINT_ACTIVITY", "windows", f"eventSubId: 402, {selection}")
    found = load([("m.yml", text)], pipelines=pipeline())
    assert found.match(windows("registry_set", TargetObject=hit))
    assert not found.match(windows("registry_set", TargetObject=miss))


def test_direction_of_connections():
    text = MODEL % ("ENDPOINT_ACTIVITY", "windows", "eventSubId: TELEMETRY_CONNECTION_CONNECT_INBOUND, dpt: 22")
    found = load([("m.yml", text)], pipelines=pipeline())
    assert found.match(windows("network_connection", Initiated="false", DestinationPort=22))
    assert not found.match(windows("network_connection", Initiated="true", DestinationPort=22))
