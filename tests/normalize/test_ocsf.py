import random

import pytest

from sekisho.normalize.ocsf import normalize
from sekisho.sources import Row

DAY_NS = 1_795_341_600 * 10**9  # 2026-11-22T10:00:00Z
WINDOWS = {"hostname": "WS1", "os": {"name": "Windows 11", "type_id": 100}}
ACTOR = {"process": {"file": {"path": "C:\\Windows\\explorer.exe"}, "pid": 4, "cmd_line": "explorer.exe"},
         "user": {"name": "alice", "domain": "CORP"}}  # fmt: skip


def one(class_uid, activity_id, **more):
    record = {
        "class_uid": class_uid,
        "activity_id": activity_id,
        "time": 1795341600000,
        "metadata": {"version": "1.3.0"},
    }
    (event,) = normalize([Row("7", record | more)], source="lake.parquet")
    return event


def source(event):
    return event.logsource.product, event.logsource.category, event.logsource.service


LAUNCH = {
    "device": WINDOWS,
    "actor": ACTOR,
    "process": {
        "file": {"path": "C:\\Windows\\System32\\cmd.exe", "internal_name": "Cmd.Exe", "hashes": [
            {"algorithm_id": 3, "algorithm": "SHA-256", "value": "ab12"}, {"algorithm_id": 1, "value": "cd34"}]},
        "cmd_line": "cmd.exe /c whoami", "pid": 77, "integrity": "High", "user": {"name": "bob", "domain": "CORP"},
    },
}  # fmt: skip


def test_a_launch_is_a_process_creation_in_sysmons_names_and_loses_nothing():
    event = one(1007, 1, **LAUNCH)
    assert source(event) == ("windows", "process_creation", "")
    assert (event.time_ns, event.host, event.user, event.record) == (DAY_NS, "WS1", "CORP\\bob", "7")
    wanted = {
        "Image": "C:\\Windows\\System32\\cmd.exe", "CommandLine": "cmd.exe /c whoami", "ProcessId": 77,
        "ParentImage": "C:\\Windows\\explorer.exe", "ParentCommandLine": "explorer.exe", "IntegrityLevel": "High",
        "OriginalFileName": "Cmd.Exe", "Hashes": "SHA256=AB12,MD5=CD34", "User": "CORP\\bob", "Computer": "WS1",
        "process.cmd_line": "cmd.exe /c whoami", "metadata.version": "1.3.0",
    }  # fmt: skip
    assert wanted.items() <= event.fields.items()


def test_dotted_columns_of_parquet_give_the_same_as_nested_objects():
    nested = one(1007, 1, **LAUNCH)
    dotted = {}

    def spread(path, value):
        if isinstance(value, dict):
            for name, inner in value.items():
                spread(f"{path}.{name}" if path else name, inner)
        elif isinstance(value, list):
            dotted[f"{path}.algorithm_id"], dotted[f"{path}.value"] = [3, 1], ["ab12", "cd34"]
        else:
            dotted[path] = value

    spread("", LAUNCH)
    again = one(1007, 1, **dotted)
    assert again.logsource == nested.logsource
    names = ("Image", "CommandLine", "ParentImage", "Hashes", "User", "Computer")
    assert [again.fields[name] for name in names] == [nested.fields[name] for name in names]


LINUX = {"hostname": "l1", "os": {"type_id": 200}}
MODULE = {"file": {"path": "C:\\a.dll", "signature": {"certificate": {"subject": "CN=Example"}}}}
VALUE = {"path": "HKEY_LOCAL_MACHINE\\Software\\Run", "name": "x", "data": "calc"}


@pytest.mark.parametrize(
    ("event", "expected", "fields"),
    [
        (one(1007, 1, device=LINUX, process={"file": {"path": "/bin/sh"}, "cmd_line": "sh"}),
         ("linux", "process_creation", ""), {"Image": "/bin/sh", "CommandLine": "sh"}),
        (one(1007, 1, device={"os": {"name": "macOS 15", "type_id": 0}}, process={"cmd_line": "x"}),
         ("macos", "process_creation", ""), {"CommandLine": "x"}),
        (one(1007, 2, device=WINDOWS, process={"pid": 7}), ("windows", "process_termination", ""), {"ProcessId": 7}),
        (one(1007, 4, device=WINDOWS, actor=ACTOR, process={"file": {"path": "C:\\b.exe"}}),
         ("windows", "create_remote_thread", ""),
         {"SourceImage": "C:\\Windows\\explorer.exe", "TargetImage": "C:\\b.exe", "Image": None}),
        (one(1001, 1, device=WINDOWS, actor=ACTOR, file={"path": "C:\\x.exe"}), ("windows", "file_event", ""),
         {"TargetFilename": "C:\\x.exe", "Image": "C:\\Windows\\explorer.exe", "SourceFilename": None}),
        (one(1001, 5, device=WINDOWS, file={"path": "C:\\a"}, file_result={"path": "C:\\b"}),
         ("windows", "file_rename", ""), {"SourceFilename": "C:\\a", "TargetFilename": "C:\\b"}),
        (one(1005, 1, device=WINDOWS, actor=ACTOR, module=MODULE), ("windows", "image_load", ""),
         {"ImageLoaded": "C:\\a.dll", "Signature": "CN=Example", "Image": "C:\\Windows\\explorer.exe"}),
        (one(201002, 2, reg_value=VALUE), ("windows", "registry_set", ""),
         {"TargetObject": "HKLM\\Software\\Run\\x", "Details": "calc", "EventType": "SetValue"}),
        (one(1012, 4, reg_value=VALUE), ("windows", "registry_delete", ""), {"EventType": "DeleteValue"}),
        (one(201001, 1, reg_key={"path": "\\REGISTRY\\MACHINE\\Software\\k"}), ("windows", "registry_add", ""),
         {"TargetObject": "HKLM\\Software\\k", "EventType": "CreateKey"}),
        (one(4001, 1, device=WINDOWS, actor=ACTOR, dst_endpoint={"ip": "203.0.113.5", "port": 443},
             connection_info={"direction_id": 2, "protocol_name": "tcp"}), ("windows", "network_connection", ""),
         {"DestinationIp": "203.0.113.5", "DestinationPort": 443, "Initiated": "true", "Protocol": "tcp"}),
        (one(4001, 6, dst_endpoint={"ip": "203.0.113.5"}), ("", "firewall", ""), {"dst_ip": "203.0.113.5"}),
        (one(4002, 3, http_request={"url": {"url_string": "http://h.example/a?b", "path": "/a"}, "user_agent": "u"}),
         ("", "proxy", ""), {"c-uri": "http://h.example/a?b", "c-useragent": "u"}),
        (one(4002, 3, http_request={"url": {"path": "/a", "query_string": "b=1"}}, metadata={"product": {"name": "AWS WAF"}}),
         ("", "webserver", ""), {"cs-uri-stem": "/a", "cs-uri-query": "b=1"}),
        (one(4003, 1, query={"hostname": "a.example", "type": "TXT"}, answers=[{"rdata": "v"}]), ("", "dns", ""),
         {"query": "a.example", "record_type": "TXT", "answer": ["v"]}),
        (one(4003, 1, device=WINDOWS, actor=ACTOR, query={"hostname": "a.example"}), ("windows", "dns_query", ""),
         {"QueryName": "a.example", "Image": "C:\\Windows\\explorer.exe"}),
        (one(3002, 1, device=WINDOWS, status_id=2, logon_type_id=10, user={"name": "bob", "domain": "CORP"},
             src_endpoint={"ip": "198.51.100.4"}), ("windows", "", "security"),
         {"EventID": 4625, "LogonType": 10, "IpAddress": "198.51.100.4", "TargetUserName": "bob"}),
        (one(3002, 1, status_id=1, user={"name": "bob"}), ("", "", ""), {"TargetUserName": "bob", "EventID": None}),
        (one(1006, 1, device=WINDOWS, job={"name": "\\x", "cmd_line": "calc"}), ("windows", "", "security"),
         {"EventID": 4698, "TaskName": "\\x", "TaskContent": "calc"}),
        (one(201004, 1, win_service={"name": "s", "cmd_line": "C:\\s.exe"}), ("windows", "", "system"),
         {"EventID": 7045, "ServiceName": "s", "ImagePath": "C:\\s.exe"}),
        (one(4009, 1, email={"from": "a@evil.example", "subject": "s", "to": ["b@corp.example"]}),
         ("email", "message", ""), {"sender.address": "a@evil.example", "recipients": ["b@corp.example"]}),
        (one(2004, 1, malware=[{"name": "Mimikatz"}]), ("", "antivirus", ""), {"Signature": ["Mimikatz"]}),
        (one(6003, 1, api={"operation": "DeleteTrail", "service": {"name": "cloudtrail.amazonaws.com"},
                           "request": {"data": {"name": "t"}}, "response": {"error": "AccessDenied"}},
             actor={"user": {"type": "IAMUser", "name": "bob"}}, src_endpoint={"ip": "192.0.2.9"},
             unmapped={"eventType": "AwsApiCall"}), ("aws", "", "cloudtrail"),
         {"eventName": "DeleteTrail", "eventSource": "cloudtrail.amazonaws.com", "userIdentity.type": "IAMUser",
          "errorCode": "AccessDenied", "requestParameters": '{"name":"t"}', "requestParameters.name": "t",
          "eventType": "AwsApiCall", "sourceIPAddress": "192.0.2.9"}),
        (one(6003, 1, api={"operation": "create"}, metadata={"product": {"name": "Amazon EKS"}},
             resources=[{"type": "pods", "name": "p"}]), ("kubernetes", "application", "audit"),
         {"verb": "create", "objectRef.resource": ["pods"]}),
        (one("1007", "1", device=WINDOWS), ("windows", "process_creation", ""), {}),
        (one(None, 1, class_name="Process Activity", device=WINDOWS), ("windows", "process_creation", ""), {}),
        (one(5001, 1, device=WINDOWS), ("windows", "", ""), {"device.hostname": "WS1"}),
    ],
)  # fmt: skip
def test_classes_and_activities_become_sigmas_logsources_and_names(event, expected, fields):
    assert source(event) == expected
    assert {name: event.fields.get(name) for name in fields} == fields
    assert event.time_ns == DAY_NS


def test_attributes_of_the_wrong_type_give_an_event_all_the_same():
    rng = random.Random(6)
    names = ["class_uid", "activity_id", "time", "device", "actor", "process", "file", "reg_value", "api", "user",
             "query", "answers", "unmapped", "metadata"]  # fmt: skip
    junk = [None, True, -1, 1007, 6003, 201002, 1e300, float("inf"), "x", "1007", [], [1], {}, {"name": {"name": 1}},
            {"process": {"user": {"name": 5}, "pid": "x"}}, {"hashes": [{"value": 1, "algorithm_id": []}]},
            {"file": {"hashes": [{"value": "a"}, {"algorithm_id": 3}]}}, {"path": 3, "name": []},
            {"service": {"name": "x.amazonaws.com"}, "request": 5}]  # fmt: skip
    rows = [Row(str(n), {rng.choice(names): rng.choice(junk) for _ in range(8)}) for n in range(600)]
    assert [event.record for event in normalize(rows, "x")] == [row.record for row in rows]
