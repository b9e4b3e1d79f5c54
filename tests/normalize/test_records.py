import random

import pytest

from sekisho.model.event import Logsource
from sekisho.normalize.records import normalize
from sekisho.sources import Row

DAY_NS = 1_795_341_600 * 10**9  # 2026-11-22T10:00:00Z


def events(*records, logsource=None):
    rows = [Row(str(number), record) for number, record in enumerate(records, 1)]
    return list(normalize(rows, source="logs/a.json", logsource=logsource))


def one(record, logsource=None):
    (event,) = events(record, logsource=logsource)
    return event


def source(event):
    return event.logsource.product, event.logsource.category, event.logsource.service


CLOUDTRAIL = {
    "eventVersion": "1.08",
    "eventTime": "2026-11-22T10:00:00Z",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateAccessKey",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "192.0.2.7",
    "userIdentity": {"type": "IAMUser", "userName": "alice", "sessionContext": {"attributes": {"mfa": False}}},
    "requestParameters": {"userName": "bob", "policy": {"Action": ["s3:GetObject", "s3:PutObject"]}},
    "responseElements": None,
}


def test_a_nested_record_is_flat_under_dotted_names_and_keeps_its_types():
    event = one(CLOUDTRAIL)
    assert source(event) == ("aws", "", "cloudtrail")
    assert (event.time_ns, event.user, event.record, event.source) == (DAY_NS, "alice", "1", "logs/a.json")
    assert event.fields["userIdentity.sessionContext.attributes.mfa"] is False
    assert event.fields["requestParameters.policy.Action"] == ["s3:GetObject", "s3:PutObject"]
    assert '"s3:GetObject"' in event.fields["requestParameters"]
    assert not [name for name in event.fields if name.startswith("responseElements")]


def test_lists_of_objects_become_lists_of_values_and_named_values_get_their_names():
    fields = one({"time": 1, "target": [{"id": 1, "tags": ["a"]}, {"id": 2, "tags": ["b", "c"]}, "x", None]}).fields
    assert fields["target.id"] == [1, 2]
    assert fields["target.tags"] == ["a", "b", "c"]
    assert fields["target"] == ["x"]
    fields = one(
        {"Parameters": [{"Name": "ForwardTo", "Value": "a@evil.example"}, {"Name": "Keep", "Value": True}]}
    ).fields
    assert (fields["Parameters.ForwardTo"], fields["Parameters.Keep"]) == ("a@evil.example", True)
    assert fields["Parameters.Name"] == ["ForwardTo", "Keep"]


def test_json_inside_a_text_is_opened_and_the_text_stays():
    fields = one({"DeviceDetail": '{"trustType":"","id":7}', "note": "{not json}"}).fields
    assert fields["DeviceDetail"] == '{"trustType":"","id":7}'
    assert (fields["DeviceDetail.trustType"], fields["DeviceDetail.id"]) == ("", 7)
    assert fields["note"] == "{not json}"


def test_names_that_meet_keep_both_values():
    assert one({"a.b": 1, "a": {"b": 2}}).fields["a.b"] == [1, 2]


@pytest.mark.parametrize(
    ("record", "expected", "fields"),
    [
        (
            {"time": "2026-11-22T10:00:00Z", "category": "AuditLogs", "operationName": "Add member to role",
             "resourceId": "/tenants/x", "properties": {"activityDisplayName": "Add eligible member (permanent)",
             "loggedByService": "PIM", "result": "success", "targetResources": [{"type": "User", "displayName": "u"}]}},
            ("azure", "", "auditlogs"),
            {"properties.message": "Add eligible member (permanent)", "loggedByService": "PIM", "Status": "success",
             "targetResources.type": ["User"], "properties.targetResources": '[{"type":"User","displayName":"u"}]'},
        ),
        (
            {"time": "2026-11-22T10:00:00Z", "category": "SignInLogs", "operationName": "Sign-in activity",
             "resourceId": "/tenants/x", "resultType": "0",
             "properties": {"authenticationProtocol": "deviceCode", "clientAppUsed": "IMAP4",
                            "deviceDetail": {"trustType": ""}, "networkLocationDetails": []}},
            ("azure", "", "signinlogs"),
            {"properties.message": "Device Code", "ClientApp": "IMAP4", "deviceDetail.trustType": "",
             "NetworkLocationDetails": "[]", "Status": "Success", "resultType": "0"},
        ),
        (
            {"time": "2026-11-22T10:00:00Z", "category": "Administrative", "resourceId": "/SUBSCRIPTIONS/X",
             "operationName": "MICROSOFT.NETWORK/FIREWALLPOLICIES/WRITE"},
            ("azure", "", "activitylogs"),
            {"OperationNameValue": "MICROSOFT.NETWORK/FIREWALLPOLICIES/WRITE", "CategoryValue": "Administrative"},
        ),
        (
            {"riskEventType": "tokenIssuerAnomaly", "detectedDateTime": "2026-11-22T10:00:00Z"},
            ("azure", "", "riskdetection"),
            {"riskEventType": "tokenIssuerAnomaly"},
        ),
        (
            {"alertDefinitionId": "DirectoryRole_t1_TooManyGlobalAdminsAssignedToTenantAlert", "incidentCount": 1},
            ("azure", "", "pim"),
            {"riskEventType": "tooManyGlobalAdminsAssignedToTenantAlert"},
        ),
        (
            {"timestamp": "2026-11-22T10:00:00Z", "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
             "protoPayload": {"methodName": "v1.compute.firewalls.delete", "serviceName": "compute.googleapis.com"}},
            ("gcp", "", "gcp.audit"),
            {"gcp.audit.method_name": "v1.compute.firewalls.delete",
             "data.protoPayload.serviceName": "compute.googleapis.com"},
        ),
        (
            {"id": {"time": "2026-11-22T10:00:00Z", "applicationName": "admin"}, "actor": {"email": "a@corp.example"},
             "events": [{"name": "CHANGE_APPLICATION_SETTING", "parameters": [
                 {"name": "SETTING_NAME", "value": "ContextAwareAccess"}, {"name": "NEW_VALUE", "value": "false"}]}]},
            ("gcp", "", "google_workspace.admin"),
            {"eventService": "admin.googleapis.com", "eventName": ["CHANGE_APPLICATION_SETTING"],
             "setting_name": ["ContextAwareAccess"], "new_value": ["false"]},
        ),
        (
            {"published": "2026-11-22T10:00:00.000Z", "eventType": "user.session.start",
             "actor": {"alternateId": "a@corp.example"}, "debugContext": {"debugData": {"requestUri": "/x"}}},
            ("okta", "", "okta"),
            {"eventType": "user.session.start", "debugContext.debugData.requestUri": "/x"},
        ),
        ({"event_type_id": 3, "account_id": 9}, ("onelogin", "", "onelogin.events"), {}),
        ({"event_type": "authentication", "reason": "bypass_user", "txid": "x", "isotimestamp": "2026-11-22T10:00:00Z"},
         ("cisco", "", "duo"), {}),
        ({"action": "repo.destroy", "actor": "a", "created_at": 1795341600000, "org": "o"}, ("github", "", "audit"), {}),
        ({"auditType": {"action": "Global permission granted", "category": "Permissions"}}, ("bitbucket", "", "audit"), {}),
        (
            {"auditID": "1", "stage": "ResponseComplete", "verb": "create", "objectRef": {"resource": "pods", "apiGroup": "apps"},
             "requestObject": {"spec": {"volumes": [{"hostPath": {"path": "/"}}]}},
             "requestReceivedTimestamp": "2026-11-22T10:00:00.000000Z"},
            ("kubernetes", "application", "audit"),
            {"apiGroup": "apps", "hostPath": ["/"], "objectRef.resource": "pods"},
        ),
        (
            {"ID": "1795341600.000:15558", "SYSCALL": {"SYSCALL": "execve", "exe": "/usr/bin/arecord", "UID": "root"},
             "EXECVE": {"argc": 2, "ARGV": ["arecord", "-vv"]}, "CWD": {"cwd": "/tmp"}},
            ("linux", "process_creation", "auditd"),
            {"type": ["SYSCALL", "EXECVE", "CWD"], "a0": "arecord", "a1": "-vv", "CommandLine": "arecord -vv",
             "Image": "/usr/bin/arecord", "User": "root", "CurrentDirectory": "/tmp", "SYSCALL": "execve"},
        ),
        (
            {"@timestamp": "2026-11-22T10:00:00Z", "host": {"os": {"type": "macos"}, "name": "mac1"},
             "event": {"category": ["process"], "type": ["start"]},
             "process": {"executable": "/bin/sh", "args": ["sh", "-c", "id"], "parent": {"executable": "/bin/zsh"}}},
            ("macos", "process_creation", ""),
            {"Image": "/bin/sh", "CommandLine": "sh -c id", "ParentImage": "/bin/zsh"},
        ),
        (
            {"Event": {"System": {"EventID": 1, "Channel": "Linux-Sysmon/Operational", "Computer": "l1"},
                       "EventData": {"Image": "/bin/sh", "CommandLine": "sh"}}},
            ("linux", "process_creation", "sysmon"),
            {"Image": "/bin/sh", "CommandLine": "sh", "EventID": 1},
        ),
        ({"_SYSTEMD_UNIT": "x", "SYSLOG_IDENTIFIER": "sshd", "MESSAGE": "m", "__REALTIME_TIMESTAMP": "1795341600000000"},
         ("linux", "", "sshd"), {}),
        (
            {"ts": 1795341600.0, "uid": "C1", "id.orig_h": "192.0.2.1", "id.resp_h": "198.51.100.1", "method": "GET",
             "uri": "/a.bat", "user_agent": "x", "host": "h.example"},
            ("zeek", "proxy", "http"),
            {"c-uri": "/a.bat", "c-useragent": "x", "cs-method": "GET", "cs-host": "h.example", "uri": "/a.bat"},
        ),
        ({"_path": "dns", "ts": 1795341600.0, "query": "a.example", "qtype_name": "TXT", "answers": ["v"]},
         ("zeek", "dns", "dns"), {"record_type": "TXT", "answer": ["v"]}),
        ({"_path": "ntlm", "ts": 1795341600.0}, ("zeek", "", "ntlm"), {}),
        (
            {"timestamp": "2026-11-22T19:00:00.000000+0900", "event_type": "dns", "src_ip": "192.0.2.1",
             "dest_ip": "192.0.2.2", "dns": {"rrname": "a.example", "rrtype": "A"}},
            ("suricata", "dns", "dns"),
            {"query": "a.example", "record_type": "A"},
        ),
        (
            {"time_local": "22/Nov/2026:19:00:00 +0900", "remote_addr": "192.0.2.1", "status": 200,
             "request": "GET /a?b=1 HTTP/1.1", "http_user_agent": "x"},
            ("", "webserver", "nginx"),
            {"cs-method": "GET", "cs-uri-stem": "/a", "cs-uri-query": "b=1", "sc-status": 200, "c-ip": "192.0.2.1",
             "cs-user-agent": "x"},
        ),
        (
            {"date": "2026-11-22", "time": "10:00:00", "cs-method": "GET", "cs-uri-stem": "/a", "cs(User-Agent)": "x"},
            ("", "webserver", ""),
            {"cs-user-agent": "x"},
        ),
        ({"logtype": 5005, "node_id": "n", "src_host": "192.0.2.1", "local_time": "2026-11-22 10:00:00"},
         ("opencanary", "application", ""), {"logtype": 5005}),
        ({"x": 1, "when": "never"}, ("", "", ""), {"x": 1, "when": "never"}),
    ],
)  # fmt: skip
def test_products_are_told_by_their_fields_and_speak_the_names_of_the_rules(record, expected, fields):
    event = one(record)
    assert source(event) == expected
    assert {name: event.fields.get(name) for name in fields} == fields
    timed = any("2026" in str(value) or "17953416" in str(value) for value in record.values())
    assert event.time_ns == (DAY_NS if timed else None)


def test_a_microsoft_365_alert_is_an_event_of_each_service_that_has_rules_for_it():
    record = {"CreationTime": "2026-11-22T10:00:00", "RecordType": 40, "Workload": "SecurityComplianceCenter",
              "Operation": "AlertTriggered", "Name": "Impossible travel activity"}  # fmt: skip
    found = events(record)
    assert [event.logsource.service for event in found] == ["audit", "threat_management", "threat_detection"]
    assert len({event.id for event in found}) == 3
    assert all(event.time_ns == DAY_NS for event in found)
    wanted = {"eventSource": "SecurityComplianceCenter", "eventName": "Impossible travel activity", "status": "success"}
    assert wanted.items() <= found[1].fields.items()


def test_a_purview_export_is_read_from_its_audit_data():
    event = one(
        {
            "Operations": "x",
            "AuditData": '{"Workload":"AzureActiveDirectory","Operation":"UserLoggedIn","RecordType":15}',
        }
    )
    assert source(event) == ("m365", "", "audit")
    assert event.fields["Operation"] == "UserLoggedIn"


def test_the_users_logsource_wins_and_the_names_are_added_all_the_same():
    forced = Logsource("linux", "", "auditd")
    assert one({"msg": "x"}, forced).logsource == forced
    event = one({"_path": "dns", "ts": 1, "qtype_name": "A"}, forced)
    assert (event.logsource, event.fields["record_type"]) == (forced, "A")


@pytest.mark.parametrize(
    "written",
    ["2026-11-22T10:00:00Z", "2026-11-22 19:00:00+09:00", 1795341600, 1795341600.0, 1795341600000, "1795341600000",
     "1795341600.000", "2026/11/22 10:00:00", "11/22/2026 10:00:00 AM", "22/Nov/2026:10:00:00 +0000",
     "Sun, 22 Nov 2026 10:00:00 GMT"],
)  # fmt: skip
def test_a_time_in_any_writing_is_the_same(written):
    assert one({"Timestamp": written}).time_ns == DAY_NS


def test_the_bound_on_names_holds_a_long_key_over_many_members():
    fields = one({"k" * 3000: {"a": 1}, "l" * 900: {f"m{n}": n for n in range(10_000)}, "deep": nested(60)}).fields
    assert sum(map(len, fields)) < 20_000
    assert any(value == '{"a":1}' for value in fields.values())


def nested(depth):
    return {"n": nested(depth - 1)} if depth else 1


def test_random_records_give_one_event_each():
    rng = random.Random(5)

    def value(depth):
        kind = rng.randrange(8)
        if depth and kind < 2:
            return {rng.choice(["name", "value", "a.b", "", "Operation", "type"]): value(depth - 1) for _ in range(3)}
        if depth and kind < 4:
            return [value(depth - 1) for _ in range(3)]
        return rng.choice([None, True, 1, 10**400, 1.5, float("nan"), "", "{", '{"a":[{"a":1}]}', "\ud800", "[]"])

    names = ["time", "ts", "_path", "event_type", "Workload", "Operation", "RecordType", "host", "user", "eventName",
             "eventSource", "awsRegion", "AuditData", "_source", "id"]  # fmt: skip
    records = [{rng.choice(names): value(4) for _ in range(6)} for _ in range(600)]
    found = events(*records)
    assert len({event.record for event in found}) == 600
    plain = (str, int, float, bool)
    for event in found:
        for field in event.fields.values():
            assert isinstance(field, plain) or (isinstance(field, list) and all(isinstance(x, plain) for x in field))


IMAP4 = "dateTime sessionId seqNumber sIp cIp user duration rqsize rpsize command parameters context".split()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("sato", "login", "sato@corp.example *****", 'R=OK;Msg="ProxySuccess"'), ("sato", "sato", "success", "LOGIN")),
        (
            ("", "login", "sato@corp.example *****", 'R="a2 NO LOGIN failed."'),
            ("sato@corp.example", "sato", "failure", "LOGIN"),
        ),
        (("", "login", " *****", 'R="a2 NO LOGIN failed."'), (None, None, "failure", "LOGIN")),
        (("sato", "authenticate", "PLAIN", "R=OK"), ("sato", "sato", "success", "PLAIN")),
        (("", "authenticate", "PLAIN", ""), (None, None, "info", "PLAIN")),
    ],
)
def test_logins_of_exchange_have_the_names_of_other_servers(cells, expected):
    user, command, parameters, context = cells
    values = ("2021-10-07T01:00:00.000Z", "01", "2", "10.0.0.1:993", "192.0.2.4:50001", user, "1", "17", "21", command, parameters, context)  # fmt: skip
    fields = {name: value for name, value in zip(IMAP4, values, strict=True) if value} | {
        "_log_type": "IMAP4 Protocol Log"
    }
    (event,) = normalize([Row("1", fields)], "a.log")
    assert tuple(event.logsource) == ("imap", "authentication", "exchange")
    assert tuple(event.fields.get(name) for name in ("user", "account", "result", "method")) == expected
    assert (event.fields["src_ip"], event.fields["protocol"]) == ("192.0.2.4", "imap")
