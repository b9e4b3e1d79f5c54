import csv
import io
import random

import orjson
import pytest

from sekisho.normalize.records import normalize
from sekisho.normalize.requests import described
from sekisho.sources import Row, load

AT = {"Timestamp": "2026-11-22T10:00:00.1234567Z", "DeviceId": "d1", "DeviceName": "pc-0142.corp.example"}
ACTOR = {
    "InitiatingProcessFileName": "excel.exe", "InitiatingProcessFolderPath": r"c:\program files\office\excel.exe",
    "InitiatingProcessCommandLine": '"EXCEL.EXE" a.xls', "InitiatingProcessId": 4711,
    "InitiatingProcessAccountName": "user01", "InitiatingProcessAccountDomain": "corp",
}  # fmt: skip
PROCESS = AT | ACTOR | {
    "ActionType": "ProcessCreated", "FileName": "regsvr32.exe", "FolderPath": r"C:\Windows\System32\regsvr32.exe",
    "ProcessCommandLine": r"regsvr32 ..\a.ocx", "ProcessId": 4712, "AccountName": "user01", "AccountDomain": "corp",
    "SHA1": "aa", "SHA256": "bb", "MD5": "cc",
}  # fmt: skip
FILE = AT | ACTOR | {"ActionType": "FileCreated", "FolderPath": r"C:\Users\user01\a.ocx", "SHA256": "bb"}
CONNECTION = AT | ACTOR | {
    "ActionType": "ConnectionSuccess", "RemoteIP": "203.0.113.9", "RemotePort": 8080,
    "RemoteUrl": "https://www.example.com/a", "LocalIP": "10.0.12.42", "Protocol": "Tcp",
}  # fmt: skip
REGISTRY = AT | ACTOR | {
    "ActionType": "RegistryValueSet", "RegistryKey": r"HKEY_CURRENT_USER\S-1-5-21-1\Software\Run",
    "RegistryValueName": "a", "RegistryValueData": "x",
}  # fmt: skip
LOGON = AT | {
    "ActionType": "LogonFailed", "LogonType": "RemoteInteractive", "AccountName": "user01", "AccountDomain": "corp",
    "RemoteIP": "203.0.113.9", "RemoteDeviceName": "x",
}  # fmt: skip
MAIL = {
    "Timestamp": "2026-11-22T10:00:00Z", "NetworkMessageId": "n1", "InternetMessageId": "<1@b.example>",
    "SenderFromAddress": "a@b.example", "RecipientEmailAddress": "user01@corp.example", "Subject": "Re: x",
    "SenderIPv4": "203.0.113.9", "DeliveryAction": "Delivered", "EmailDirection": "Inbound",
}  # fmt: skip
AUDIT = {"CreationTime": "2026-11-22T10:00:00", "Workload": "Exchange", "Operation": "New-InboxRule", "RecordType": 1}


def events(fields):
    return list(normalize([Row("1", fields)], source="a.csv"))


CREATION = {
    "Image": r"C:\Windows\System32\regsvr32.exe", "CommandLine": r"regsvr32 ..\a.ocx", "ProcessId": 4712,
    "ParentImage": r"c:\program files\office\excel.exe", "ParentProcessId": 4711, "User": r"corp\user01",
    "Hashes": "SHA1=aa,MD5=cc,SHA256=bb",
}  # fmt: skip


@pytest.mark.parametrize(
    ("record", "logsource", "fields"),
    [
        (PROCESS, ("windows", "process_creation", ""), CREATION),
        ({"time": "2026-11-22T10:00:01Z", "category": "AdvancedHunting-DeviceProcessEvents", "properties": PROCESS},
         ("windows", "process_creation", ""), CREATION),
        (FILE, ("windows", "file_event", ""),
         {"TargetFilename": r"C:\Users\user01\a.ocx", "Image": r"c:\program files\office\excel.exe",
          "Hashes": "SHA256=bb", "User": r"corp\user01"}),
        (FILE | {"ActionType": "FileDeleted"}, ("windows", "file_delete", ""), {}),
        (FILE | {"ActionType": "ImageLoaded"}, ("windows", "image_load", ""),
         {"ImageLoaded": r"C:\Users\user01\a.ocx"}),
        (CONNECTION, ("windows", "network_connection", ""),
         {"DestinationIp": "203.0.113.9", "DestinationPort": 8080, "DestinationHostname": "www.example.com",
          "Initiated": "true", "Image": r"c:\program files\office\excel.exe"}),
        (CONNECTION | {"ActionType": "InboundConnectionAccepted"}, ("windows", "network_connection", ""),
         {"Initiated": "false"}),
        (REGISTRY, ("windows", "registry_set", ""),
         {"TargetObject": r"HKU\S-1-5-21-1\Software\Run\a", "Details": "x"}),
        (LOGON, ("windows", "", "security"),
         {"EventID": 4625, "LogonType": 10, "TargetUserName": "user01", "IpAddress": "203.0.113.9"}),
        (AT | ACTOR | {"ActionType": "AntivirusDetection", "FileName": "a.exe", "FolderPath": "C:\\a.exe",
                       "AdditionalFields": '{"ThreatName":"Trojan:Win32/Emotet"}'}, ("windows", "antivirus", ""),
         {"Signature": "Trojan:Win32/Emotet"}),
        (AT | ACTOR | {"ActionType": "NamedPipeEvent"}, ("windows", "", "defender"), {}),
        (MAIL, ("email", "mailflow", "emailevents"),
         {"message_id": "<1@b.example>", "sender": "a@b.example", "recipients": "user01@corp.example",
          "src_ip": "203.0.113.9", "status": "Delivered"}),
        ({"Timestamp": "2026-11-22T10:00:00Z", "NetworkMessageId": "n1", "FileName": "a.xls", "SHA256": "bb"},
         ("m365", "", "emailattachmentinfo"), {"name": "a.xls"}),
        ({"Timestamp": "2026-11-22T10:00:00Z", "NetworkMessageId": "n1", "Url": "https://a.example/b",
          "UrlDomain": "a.example"}, ("m365", "", "emailurlinfo"), {"urls": "https://a.example/b"}),
        ({"Received": "2026-11-22T10:00:00", "SenderAddress": "a@b.example", "RecipientAddress": "c@d.example",
          "Subject": "s", "Status": "Delivered", "FromIP": "203.0.113.9", "MessageId": "<1@b.example>"},
         ("email", "mailflow", "messagetrace"), {"sender": "a@b.example", "src_ip": "203.0.113.9"}),
        ({"origin_timestamp_utc": "2026-11-22T10:00:00.0000000Z", "sender_address": "a@b.example",
          "recipient_status": "c@d.example##Receive, Deliver;e@d.example##Fail", "message_subject": "s"},
         ("email", "mailflow", "messagetrace"),
         {"recipients": ["c@d.example", "e@d.example"], "status": ["Receive, Deliver", "Fail"]}),
        ({"Timestamp": "2026-11-22T10:00:00Z", "Application": "Microsoft Exchange Online", "ApplicationId": 20893,
          "ActionType": "New-InboxRule", "RawEventData": orjson.dumps(AUDIT).decode(), "IPAddress": "203.0.113.9"},
         ("m365", "", "audit"), {"eventName": "New-InboxRule", "Workload": "Exchange", "ClientIP": "203.0.113.9"}),
        ({"Timestamp": "2026-11-22T10:00:00Z", "ActionType": "LogonSuccess", "Application": "Active Directory",
          "LogonType": "Interactive", "AccountUpn": "user01@corp.example", "IPAddress": "10.0.0.1",
          "AccountName": "user01", "DeviceName": "pc-0142.corp.example", "AccountObjectId": "x"},
         ("m365", "", "identitylogon"), {"User": "user01@corp.example", "src_ip": "10.0.0.1"}),
    ],
)  # fmt: skip
def test_hunting_tables_and_traces_become_events_that_rules_know(record, logsource, fields):
    (event,) = events(record)
    assert tuple(event.logsource) == logsource
    assert {name: event.fields.get(name) for name in fields} == fields
    assert event.time_ns // 10**9 in (1795341600, 1795341601)


def test_host_and_user_of_a_hunting_row():
    (event,) = events(PROCESS)
    assert (event.host, event.user) == ("pc-0142.corp.example", r"corp\user01")


def test_audit_data_in_a_table_is_the_record():
    (event, also) = events({"CreationDate": "2026-11-22T10:00:00Z", "AuditData": orjson.dumps(AUDIT).decode()})
    assert tuple(event.logsource) == ("m365", "", "audit")
    assert (event.fields["eventName"], also.logsource.service) == ("New-InboxRule", "exchange")


def table(*rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return ("\N{BOM}" + text.getvalue()).encode() if rows[0] is PROCESS else text.getvalue().encode()


TRACE = {"Received": "11/22/2026 10:00:00 AM", "SenderAddress": "a@b.example", "RecipientAddress": "c@d.example",
         "Subject": 'He said: "x, y"\nand more', "Status": "Delivered", "FromIP": "203.0.113.9"}  # fmt: skip
STREAMED = {"time": "2026-11-22T10:00:01Z", "category": "AdvancedHunting-DeviceProcessEvents", "properties": PROCESS}


@pytest.mark.parametrize(
    ("name", "data", "categories"),
    [
        ("hunting.csv", table(PROCESS, PROCESS), ["process_creation"] * 2),
        ("hunting.csv", table(FILE, CONNECTION, REGISTRY), ["file_event", "network_connection", "registry_set"]),
        ("api.json", orjson.dumps({"Schema": [{"Name": "Timestamp"}], "Results": [PROCESS, CONNECTION]}),
         ["process_creation", "network_connection"]),
        ("portal.json", orjson.dumps([MAIL, MAIL]), ["mailflow"] * 2),
        ("streamed.json", orjson.dumps(STREAMED) + b"\n" + orjson.dumps(STREAMED), ["process_creation"] * 2),
        ("trace.csv", table(TRACE, TRACE), ["mailflow"] * 2),
    ],
)  # fmt: skip
def test_exports_are_recognised_and_read_whole(tmp_path, name, data, categories):
    path = tmp_path / name
    path.write_bytes(data)
    (source,) = [one for one in load().values() if one.recognise(data[:65_536], path)][:1]
    rows = list(source.read(path))
    found = list(normalize(rows, source=name))
    assert source.event_class == "records"
    assert [event.logsource.category for event in found] == categories
    assert all(event.time_ns for event in found)


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
        record = dict(dice.choice((PROCESS, FILE, CONNECTION, REGISTRY, LOGON, MAIL, AUDIT, TRACE)))
        for _ in range(dice.randrange(1, 4)):
            record[dice.choice(sorted(record))] = dice.choice(ODD)
        for event in normalize([Row("1", record)], source="a"):
            described(event)
