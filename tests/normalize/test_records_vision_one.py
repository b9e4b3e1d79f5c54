import random

import pytest

from sekisho.normalize.records import normalize
from sekisho.normalize.requests import described
from sekisho.sources import Row

AT = {"eventTime": 1795341600000, "endpointHostName": "PC-0142", "logonUser": ["user01"], "productCode": "xes"}
ACTOR = {
    "processFilePath": r"C:\Program Files\Office\EXCEL.EXE", "processCmd": "EXCEL.EXE a.xls", "processPid": 4711,
    "processHashId": "-77", "parentFilePath": r"C:\Windows\explorer.exe", "processUser": "user01",
}  # fmt: skip
PROCESS = AT | ACTOR | {
    "eventId": "TELEMETRY_PROCESS", "eventSubId": "TELEMETRY_PROCESS_CREATE", "objectCmd": r"regsvr32 ..\a.ocx",
    "objectFilePath": r"C:\Windows\System32\regsvr32.exe", "objectPid": 4712, "objectHashId": "88",
    "objectUser": "user01", "objectFileHashSha256": "bb", "objectIntegrityLevel": 8192,
}  # fmt: skip
CREATION = {
    "Image": r"C:\Windows\System32\regsvr32.exe", "CommandLine": r"regsvr32 ..\a.ocx", "ProcessId": 4712,
    "ParentImage": r"C:\Program Files\Office\EXCEL.EXE", "ParentCommandLine": "EXCEL.EXE a.xls",
    "ProcessGuid": "88", "ParentProcessGuid": "-77", "Hashes": "SHA256=bb", "IntegrityLevel": "Medium",
}  # fmt: skip

WEB = (
    AT | ACTOR | {"eventSubId": 603, "request": "http://a.example/b.dll", "dst": "203.0.113.9", "hostName": "a.example"}
)
MAIL = {"eventTime": 1795341600000, "mailMsgSubject": "Re: x", "mailFromAddresses": ["a@b.example"], "mailMsgId": "<1>"}
DETECTION = {"eventTime": 1795341600000, "productCode": "sds", "malName": "TROJ_X", "ja3Hash": "j", "src": "10.0.0.1"}


def one(record):
    (event,) = normalize([Row("1", record)], source="a.json")
    return event


@pytest.mark.parametrize(
    ("record", "logsource", "fields"),
    [
        (PROCESS, ("windows", "process_creation", ""), CREATION),
        (PROCESS | {"eventSubId": 2}, ("windows", "process_creation", ""), CREATION),
        (PROCESS | {"eventSubId": "2 - TELEMETRY_PROCESS_CREATE"}, ("windows", "process_creation", ""), CREATION),
        (AT | ACTOR | {"eventSubId": 101, "objectFilePath": r"C:\a.ocx"}, ("windows", "file_event", ""),
         {"TargetFilename": r"C:\a.ocx", "Image": r"C:\Program Files\Office\EXCEL.EXE", "ProcessGuid": "-77"}),
        (AT | ACTOR | {"eventSubId": 204, "dst": "203.0.113.9", "dpt": 8080, "src": "10.0.12.42"},
         ("windows", "network_connection", ""),
         {"DestinationIp": "203.0.113.9", "DestinationPort": 8080, "Initiated": "true"}),
        (AT | ACTOR | {"eventSubId": 603, "request": "http://a.example/b.dll", "dst": "203.0.113.9"},
         ("windows", "proxy", ""), {"c-uri": "http://a.example/b.dll", "dst_ip": "203.0.113.9"}),
        (AT | ACTOR | {"eventSubId": "TELEMETRY_DNS_QUERY", "hostName": "a.example"}, ("windows", "dns_query", ""),
         {"QueryName": "a.example"}),
        (AT | ACTOR | {"eventSubId": 402, "objectRegistryKeyHandle": r"HKCU\Software\Run", "objectRegistryValue": "a",
                       "objectRegistryData": "x"}, ("windows", "registry_set", ""),
         {"TargetObject": r"HKCU\Software\Run\a", "Details": "x"}),
        (AT | ACTOR | {"eventSubId": 901, "objectRawDataStr": "iex 1"}, ("windows", "ps_script", ""),
         {"ScriptBlockText": "iex 1"}),
        (AT | {"winEventId": 4625, "channel": "Security", "eventDataLogonType": "3"}, ("windows", "", "security"),
         {"EventID": 4625, "LogonType": "3"}),
        ({"eventTime": 1795341600000, "mailMsgSubject": "Re: x", "mailFromAddresses": ["a@b.example"],
          "mailToAddresses": ["c@d.example"], "mailMsgId": "<1@b.example>", "mailSenderIp": "203.0.113.9"},
         ("email", "mailflow", "vision_one"),
         {"sender": ["a@b.example"], "message_id": "<1@b.example>", "src_ip": "203.0.113.9"}),
        ({"eventTime": 1795341600000, "productCode": "sds", "ruleName": "r", "malName": "TROJ_X", "fileName": "a.exe",
          "fileHashSha256": "bb", "endpointHostName": "PC-0142"}, ("trend", "antivirus", "vision_one"),
         {"signature": "TROJ_X", "fileName": "a.exe", "sha256": "bb"}),
        ({"eventTime": 1795341600000, "productCode": "xns", "ruleName": "Cobalt Strike", "src": "10.0.0.1",
          "dst": "203.0.113.9"}, ("trend", "detection", "vision_one"), {"signature": "Cobalt Strike"}),
        ({"eventTime": 1795341600000, "request": "http://a.example/", "requestMethod": "GET", "clientIp": "10.0.0.1",
          "serverIp": "203.0.113.9"}, ("trend", "proxy", "vision_one"),
         {"c-uri": "http://a.example/", "src_ip": "10.0.0.1"}),
        ({"eventTime": 1795341600000, "ja3Hash": "j", "clientIp": "10.0.0.1", "serverIp": "203.0.113.9",
          "sslCertCommonName": "a.example", "sslCertIssuer": "a.example"}, ("trend", "tls", "vision_one"),
         {"tls.ja3": "j", "tls.self_signed": "true", "tls.asks": "nothing"}),
    ],
)  # fmt: skip
def test_activities_and_detections_become_events_that_rules_know(record, logsource, fields):
    event = one(record)
    assert tuple(event.logsource) == logsource
    assert {name: event.fields.get(name) for name in fields} == fields
    assert event.time_ns == 1795341600 * 10**9


def test_host_and_user_are_of_the_endpoint():
    event = one(PROCESS)
    assert (event.host, event.user) == ("PC-0142", "user01")


ODD = (
    None,
    "",
    [],
    {},
    -1,
    1e308,
    True,
    "x" * 5_000,
    ["a", None, {"b": 1}],
    "10.0.0.1",
    {"hash": 1},
    "http://[::1",
    2**70,
)


def test_records_with_odd_values_raise_nothing():
    dice = random.Random(9)
    for _ in range(1_500):
        record = dict(dice.choice((PROCESS, WEB, MAIL, DETECTION)))
        for _ in range(dice.randrange(1, 4)):
            record[dice.choice(sorted(record))] = dice.choice(ODD)
        for event in normalize([Row("1", record)], source="a"):
            described(event)
