import json
import random
from pathlib import Path

import orjson
import pytest
import yaml

from sekisho.model.event import Event, Logsource
from sekisho.normalize.windows import normalize
from sekisho.normalize.windows_logsources import CATEGORIES, SERVICES
from sekisho.sources import Row, load

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
TEN = 1_650_880_800 * 10**9  # 2022-04-25T10:00:00Z
SYSMON = "Microsoft-Windows-Sysmon/Operational"
PROCESS = {
    "UtcTime": "2022-04-25 10:00:00.000",
    "ProcessGuid": "11111111-2222-3333-4444-555555555555",
    "ProcessId": 420,
    "Image": r"C:\Windows\System32\regsvr32.exe",
    "CommandLine": r"regsvr32.exe ..\soci1.ocx",
    "User": r"EXAMPLE\alice",
    "ParentImage": r"C:\Program Files\Microsoft Office\EXCEL.EXE",
}


def one(raw, record="1") -> Event:
    (event,) = normalize([Row(record, raw)], "logs/host.json")
    return event


def xml(channel, event_id, data=None, provider="p", **system):
    return {
        "Event": {
            "System": {
                "Provider": {"#attributes": {"Name": provider}},
                "EventID": event_id,
                "Level": 4,
                "Task": 1,
                "Opcode": 0,
                "Keywords": "0x8000000000000000",
                "TimeCreated": {"#attributes": {"SystemTime": "2022-04-25T10:00:00.123456Z"}},
                "EventRecordID": 77,
                "Execution": {"#attributes": {"ProcessID": 3208, "ThreadID": 1}},
                "Channel": channel,
                "Computer": "ws1.example.com",
                "Security": {"#attributes": {"UserID": "S-1-5-18"}},
                **system,
            },
            "EventData": data,
        }
    }


def flat(channel, event_id, data=None, **other):
    return {"Channel": channel, "EventID": event_id, "Hostname": "ws1.example.com", **(data or {}), **other}


def beat(channel, event_id, data=None, **other):
    return {
        "@timestamp": "2022-04-25T10:00:00.123Z",
        "event": {"code": str(event_id)},
        "winlog": {
            "channel": channel,
            "event_id": str(event_id),
            "provider_name": "p",
            "computer_name": "ws1.example.com",
            "record_id": 77,
            "event_data": data or {},
        },
        **other,
    }


class TestShapes:
    def test_an_element_tree_becomes_one_flat_record(self):
        event = one(xml(SYSMON, 1, PROCESS), "77")
        assert event.logsource == Logsource("windows", "process_creation", "sysmon")
        assert event.fields == {
            **PROCESS,
            "ProcessGuid": "{11111111-2222-3333-4444-555555555555}",
            "EventID": 1,
            "Channel": SYSMON,
            "Provider_Name": "p",
            "Computer": "ws1.example.com",
            "Level": 4,
            "Task": 1,
            "Opcode": 0,
            "Keywords": "0x8000000000000000",
            "EventRecordID": 77,
            "System_ProcessID": 3208,
            "UserID": "S-1-5-18",
        }
        assert event.time_ns == TEN + 123_456_000
        assert (event.host, event.user) == ("ws1.example.com", r"EXAMPLE\alice")
        assert (event.source, event.record) == ("logs/host.json", "77")

    @pytest.mark.parametrize(
        "raw",
        [
            xml(SYSMON, 1, PROCESS),
            xml(SYSMON, "1", PROCESS, Level="4"),
            xml(SYSMON, {"#attributes": {"Qualifiers": 0}, "#text": 1}, PROCESS),
            xml(SYSMON, 1, PROCESS)["Event"],
            xml(SYSMON.upper(), 1, {"Data": [{"@Name": k, "#text": v} for k, v in PROCESS.items()]}),
            flat(SYSMON, 1, PROCESS),
            flat(SYSMON, "1", {**PROCESS, "ProcessId": "420"}, SourceModuleType="im_msvistalog", EventType="INFO"),
            beat(SYSMON, 1, PROCESS),
            {"_index": "x", "_source": beat(SYSMON, 1, PROCESS)},
            {"result": {"EventCode": "1", "LogName": SYSMON, "ComputerName": "ws1.example.com", **PROCESS}},
            {"@timestamp": "2022-04-25T10:00:00Z", "winlog.channel": SYSMON, "winlog.event_id": 1,
             "winlog.computer_name": "ws1.example.com", **{f"winlog.event_data.{k}": v for k, v in PROCESS.items()}},
            {"EventID": 1, "SourceName": "Microsoft-Windows-Sysmon", "Hostname": "ws1.example.com", **PROCESS},
        ],
    )  # fmt: skip
    def test_every_shape_gives_the_same_process(self, raw):
        event = one(raw)
        assert event.logsource == Logsource("windows", "process_creation", "sysmon")
        assert event.fields["EventID"] == 1
        assert event.fields["ProcessId"] == 420
        assert {name: event.fields[name] for name in ("Image", "CommandLine", "ParentImage")} == {
            name: PROCESS[name] for name in ("Image", "CommandLine", "ParentImage")
        }
        assert event.fields["Channel"].lower() == SYSMON.lower()
        assert event.fields["Computer"] == event.host == "ws1.example.com"
        assert event.user == r"EXAMPLE\alice"
        assert event.time_ns // 10**9 == TEN // 10**9

    def test_user_data_is_flattened_and_the_channel_of_the_record_wins(self):
        raw = xml("System", 104)
        raw["Event"]["UserData"] = {
            "LogFileCleared": {
                "#attributes": {"xmlns": "x"},
                "Channel": "Security",
                "SubjectUserName": "eve",
                "SubjectDomainName": "EXAMPLE",
                "Inner": {"#attributes": {"kind": "a"}, "Deep": 1},
            }
        }
        event = one(raw)
        assert event.logsource == Logsource("windows", "", "system")
        assert event.fields["Channel"] == "System"
        assert event.fields["SubjectUserName"] == "eve"
        assert (event.fields["Inner_kind"], event.fields["Deep"]) == ("a", 1)
        assert event.user == r"EXAMPLE\eve"

    def test_nameless_data_is_a_list_or_a_single_value(self):
        many = one(
            xml("MSExchange Management", 1, {"Data": {"#text": ["New-MailboxExportRequest", "x"]}, "Binary": None})
        )
        assert many.fields["Data"] == ["New-MailboxExportRequest", "x"]
        assert many.logsource.service == "msexchange-management"
        single = one(xml("Windows PowerShell", 400, {"Data": {"#text": "HostVersion=5"}}))
        assert single.fields["Data"] == "HostVersion=5"
        assert single.logsource.category == "ps_classic_start"
        numbered = one(beat("MSExchange Management", 1, {"param1": "a", "param2": "b"}))
        assert numbered.fields["Data"] == ["a", "b"]

    def test_booleans_are_text_numbers_stay_numbers_and_spaces_leave_names(self):
        event = one(xml(SYSMON, 3, {"Initiated": True, "DestinationPort": 8080, "A b C": False}))
        assert (event.fields["Initiated"], event.fields["DestinationPort"], event.fields["AbC"]) == (
            "true",
            8080,
            "false",
        )

    def test_defender_names(self):
        data = {"Threat Name": "EICAR", "Path": r"file:_C:\x.exe", "Detection User": r"EXAMPLE\bob"}
        event = one(xml("Microsoft-Windows-Windows Defender/Operational", 1116, data))
        assert event.logsource == Logsource("windows", "antivirus", "windefend")
        assert event.fields["ThreatName"] == event.fields["Signature"] == "EICAR"
        assert event.fields["Filename"] == r"file:_C:\x.exe"
        assert event.user == r"EXAMPLE\bob"

    def test_fields_of_the_event_win_over_task_and_opcode_only(self):
        event = one(xml("Application", 1, {"Task": "own", "Level": "own", "UserID": "own", "Computer": "own"}))
        assert event.fields["Task"] == event.fields["UserID"] == "own"
        assert (event.fields["Level"], event.fields["Computer"]) == (4, "ws1.example.com")

    def test_what_travelling_added_is_left_out(self):
        event = one(flat(SYSMON, 1, PROCESS, host="collector", tags=["x"], **{"@version": "1"}))
        assert not {"host", "tags", "@version"} & set(event.fields)
        assert one(flat("Application", 1, host="own")).fields["host"] == "own"

    def test_a_large_keyword_mask_is_written_as_windows_does(self):
        assert one(flat(SYSMON, 1, Keywords=-(2**63))).fields["Keywords"] == "0x8000000000000000"

    def test_modules_that_move_fields_to_ecs_lose_nothing(self):
        event = one(
            beat(SYSMON, 1, {}, process={"executable": r"C:\a.exe", "pid": 7, "parent": {"executable": r"C:\b.exe"}})
        )
        assert (event.fields["Image"], event.fields["ParentImage"], event.fields["ProcessId"]) == (
            r"C:\a.exe",
            r"C:\b.exe",
            7,
        )


class TestLogsources:
    @pytest.mark.parametrize(
        ("event_id", "category"),
        [(2, "file_change"), (3, "network_connection"), (4, "sysmon_status"), (5, "process_termination"),
         (6, "driver_load"), (7, "image_load"), (8, "create_remote_thread"), (9, "raw_access_thread"),
         (10, "process_access"), (11, "file_event"), (13, "registry_set"), (14, "registry_rename"),
         (15, "create_stream_hash"), (16, "sysmon_status"), (17, "pipe_created"), (18, "pipe_created"),
         (19, "wmi_event"), (21, "wmi_event"), (22, "dns_query"), (23, "file_delete"), (24, "clipboard_change"),
         (25, "process_tampering"), (26, "file_delete"), (27, "file_block_executable"),
         (28, "file_block_shredding"), (29, "file_executable_detected"), (255, "sysmon_error"), (99, "")],
    )  # fmt: skip
    def test_sysmon(self, event_id, category):
        assert one(xml(SYSMON, event_id, {})).logsource == Logsource("windows", category, "sysmon")

    @pytest.mark.parametrize(
        ("kind", "category"),
        [("CreateKey", "registry_add"), ("DeleteKey", "registry_delete"), ("DeleteValue", "registry_delete"),
         ("", "registry_event"), (None, "registry_event"), (7, "registry_event")],
    )  # fmt: skip
    def test_registry_keys_go_by_event_type(self, kind, category):
        event = one(xml(SYSMON, 12, {"EventType": kind}))
        assert event.logsource.category == category
        assert Logsource("windows", "registry_event").reads(event.logsource)

    @pytest.mark.parametrize(
        ("event_id", "message", "kind", "category"),
        [(12, "x:\r\nRuleName: -\r\nEventType: CreateKey\r\nUtcTime: x", "CreateKey", "registry_add"),
         (12, "", None, "registry_event"), (13, "", "SetValue", "registry_set"),
         (17, "", "CreatePipe", "pipe_created")],
    )  # fmt: skip
    def test_event_type_that_nxlog_overwrote_is_brought_back(self, event_id, message, kind, category):
        event = one(flat(SYSMON, event_id, EventType="INFO", Message=message))
        assert event.fields.get("EventType") == kind
        assert event.logsource.category == category

    def test_process_id_that_nxlog_dropped_is_brought_back(self):
        event = one(flat(SYSMON, 11, Message="File created:\r\nProcessId: 716\r\nParentProcessId: 2"))
        assert event.fields["ProcessId"] == 716

    def test_channels_are_compared_without_case(self):
        for channel, service in SERVICES.items():
            assert one(xml(channel.upper(), 1, {})).logsource.service == service

    def test_a_channel_without_a_word_in_sigma_has_no_service(self):
        assert one(xml("Setup", 1, {})).logsource == Logsource("windows")

    @pytest.mark.parametrize(("event_id", "category"), [(12, "file_access"), (27, "file_rename")])
    def test_kernel_file_activity(self, event_id, category):
        raw = xml("Microsoft-Windows-Kernel-File/Analytic", event_id, {}, provider="Microsoft-Windows-Kernel-File")
        assert one(raw).logsource.category == category

    @pytest.mark.shared
    @pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
    def test_every_windows_logsource_of_sigmahq_can_occur(self):
        events = {Logsource("windows", "", service) for service in SERVICES.values()}
        events |= {Logsource("windows", category, service) for (service, _), category in CATEGORIES.items()}
        events |= {Logsource("windows", category) for category in
                   ("file_access", "file_rename", "registry_add", "registry_delete")}  # fmt: skip
        missing = set()
        for path in (SHARED / "sigma").glob("rules*/**/*.yml"):
            text = path.read_text(encoding="utf-8")
            if "product: windows" in text:
                found = yaml.load(text, yaml.CSafeLoader)["logsource"]
                rule = Logsource(*(found.get(name, "") for name in ("product", "category", "service")))
                if not any(rule.reads(event) for event in events):
                    missing.add(rule)
        assert missing == set()


class TestMappings:
    def test_process_creation_of_the_security_log(self):
        event = one(
            xml("Security", 4688, {
                "SubjectUserName": "alice", "SubjectDomainName": "EXAMPLE", "SubjectLogonId": "0x3e7",
                "NewProcessId": "0x1a4", "NewProcessName": r"C:\Windows\System32\cmd.exe", "ProcessId": "0x10",
                "CommandLine": "cmd /c x", "TargetUserName": "-", "TargetDomainName": "-", "TargetLogonId": "0x0",
                "ParentProcessName": r"C:\Windows\explorer.exe", "MandatoryLabel": "S-1-16-12288",
            })
        )  # fmt: skip
        assert event.logsource == Logsource("windows", "process_creation", "security")
        wanted = {
            "Image": r"C:\Windows\System32\cmd.exe", "ParentImage": r"C:\Windows\explorer.exe", "ProcessId": 420,
            "ParentProcessId": 16, "CommandLine": "cmd /c x", "User": r"EXAMPLE\alice", "LogonId": "0x3e7",
            "IntegrityLevel": "High", "NewProcessId": "0x1a4", "NewProcessName": r"C:\Windows\System32\cmd.exe",
        }  # fmt: skip
        assert {name: event.fields[name] for name in wanted} == wanted
        assert event.user == r"EXAMPLE\alice"

    def test_registry_value_of_the_security_log(self):
        data = {"ObjectName": r"\REGISTRY\MACHINE\SOFTWARE\Run", "ObjectValueName": "x", "NewValue": "y.exe",
                "OperationType": "%%1904", "ProcessId": "0x1a4", "ProcessName": r"C:\a.exe",
                "SubjectUserName": "alice", "SubjectDomainName": "EXAMPLE"}  # fmt: skip
        event = one(xml("Security", 4657, data))
        assert event.logsource == Logsource("windows", "registry_set", "security")
        assert event.fields["TargetObject"] == r"HKLM\SOFTWARE\Run\x"
        assert (event.fields["Details"], event.fields["Image"], event.fields["ProcessId"]) == (
            "y.exe",
            r"C:\a.exe",
            420,
        )
        deleted = one(xml("Security", 4657, {**data, "OperationType": "%%1906"}))
        assert deleted.logsource.category == "registry_delete"

    @pytest.mark.parametrize(
        ("direction", "wanted"),
        [("%%14593", ("true", "192.0.2.1", "198.51.100.9", "8080")),
         ("%%14592", ("false", "198.51.100.9", "192.0.2.1", "50000"))],
    )  # fmt: skip
    def test_filtering_platform_connection(self, direction, wanted):
        event = one(xml("Security", 5156, {
            "Application": r"\device\harddiskvolume2\windows\regsvr32.exe", "Direction": direction, "Protocol": "6",
            "SourceAddress": "192.0.2.1", "SourcePort": "50000", "DestAddress": "198.51.100.9", "DestPort": "8080",
            "ProcessID": "3580",
        }))  # fmt: skip
        assert event.logsource == Logsource("windows", "network_connection", "security")
        fields = event.fields
        names = ("Initiated", "SourceIp", "DestinationIp", "DestinationPort")
        assert tuple(fields[name] for name in names) == wanted
        assert (fields["Image"], fields["ProcessId"], fields["SourcePort"]) == (
            r"C:\windows\regsvr32.exe",
            3580,
            "50000",
        )

    @pytest.mark.parametrize("event_id", [4624, 4625])
    def test_logons_act_as_the_account_that_logs_on(self, event_id):
        data = {"SubjectUserName": "WS1$", "SubjectDomainName": "EXAMPLE",
                "TargetUserName": "bob", "TargetDomainName": "EXAMPLE"}  # fmt: skip
        assert one(xml("Security", event_id, data)).user == r"EXAMPLE\bob"
        assert one(xml("Security", 4720, data)).user == r"EXAMPLE\WS1$"

    def test_the_account_of_the_writer_stands_in_but_not_for_sysmon(self):
        assert one(xml("Microsoft-Windows-PowerShell/Operational", 4104, {})).user == "S-1-5-18"
        assert one(xml(SYSMON, 11, {})).user == ""
        assert one(xml(SYSMON, 10, {"SourceUser": r"EXAMPLE\alice"})).user == r"EXAMPLE\alice"


class TestTimes:
    def test_local_times_are_put_right_by_sysmon_records_of_the_same_host(self):
        rows = [
            Row("1", flat("Security", 4624, TimeCreated="2022-04-25 19:00:00.500")),
            Row("2", flat(SYSMON, 1, PROCESS, TimeCreated="2022-04-25 19:00:00.010")),
            Row("3", flat("Security", 4624, TimeCreated="2022-04-25 19:00:01")),
        ]
        assert [event.time_ns - TEN for event in normalize(rows, "x")] == [500_000_000, 0, 1_000_000_000]

    def test_local_times_are_put_right_by_the_shipper_clock(self):
        raw = flat("Security", 1, EventTime="2022-04-25 06:00:00", **{"@timestamp": "2022-04-25T10:00:03.379Z"})
        assert one(raw).time_ns == TEN

    def test_without_any_zone_a_time_is_taken_as_utc(self):
        assert one(flat("Security", 1, EventTime="2022-04-25 10:00:00")).time_ns == TEN

    def test_without_any_time_there_is_none(self):
        assert one(flat("Security", 1)).time_ns is None

    def test_numbers_of_seconds(self):
        assert one(xml("Security", 1, {}, TimeCreated={"SystemTime": TEN / 10**9})).time_ns == TEN


VALUES = [None, True, 7, -1.5, "", "x", "0x10", [], [1, {"a": 2}], {}, {"#text": {"#text": 1}}, {"#attributes": 3}]
VALUES += [{"#attributes": {"Name": ["x"]}}, "2022-04-25T10:00:00Z", 2**70, float("inf"), {"a": {"b": {"c": {}}}}]


def test_records_that_are_put_together_wrongly_still_give_one_event_with_plain_fields():
    rng = random.Random(9)
    shapes = [
        xml("Security", 4688, {"NewProcessId": "0x1", "ProcessId": "0x2", "TargetUserName": "x"}),
        xml("Security", 4657, {"ObjectName": "x", "ObjectValueName": "y"}),
        xml("Security", 5156, {"Application": "x", "Direction": "y"}),
        xml(SYSMON, 12, {"EventType": "x", "User": "y", "ProcessGuid": "z", "Data": {"#text": "a"}}),
        flat(SYSMON, 1, {**PROCESS, "Message": "x", "EventType": "INFO"}, TimeCreated="2022-04-25 10:00:00"),
        {"_source": beat(SYSMON, 1, PROCESS, process={"parent": {"pid": 1}})},
        {"winlog.channel": "x", "winlog.event_data.a": 1, "winlog.event_data": 3},
    ]
    for number in range(3_000):
        raw = json.loads(json.dumps(shapes[number % len(shapes)]))
        for _ in range(rng.randrange(1, 4)):
            spoil(raw, rng)
        event = one(raw)
        assert event.logsource.product == "windows"
        assert isinstance(event.host, str)
        assert isinstance(event.user, str)
        assert event.time_ns is None or isinstance(event.time_ns, int)
        for name, value in event.fields.items():
            assert isinstance(name, str)
            items = value if isinstance(value, list) else [value]
            assert all(item is None or isinstance(item, (str, int, float)) for item in items), (name, value)


def spoil(value, rng):
    """Put a wrong value somewhere inside."""
    while True:
        key = rng.choice(list(value))
        if isinstance(value[key], dict) and value[key] and rng.random() < 0.8:
            value = value[key]
        else:
            value[key] = rng.choice(VALUES)
            return


def test_deep_and_wide_records_are_bounded():
    deep = "x"
    for _ in range(900):
        deep = {"a": deep}
    assert one(xml("Security", 1, {"deep": deep})).fields["EventID"] == 1
    wide = [Row(str(n), flat(f"c{n}", n, {f"field{n}": n})) for n in range(70_000)]
    assert sum(1 for _ in normalize(wide, "x")) == 70_000


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
class TestReal:
    def test_evtx_and_its_json_twin_give_the_same_events(self):
        """The twins were made with blanks at the ends of values cut off."""
        sources = load()
        count = 0
        for twin in sorted((SHARED / "sigma" / "regression_data").rglob("*.json")):
            log = twin.with_suffix(".evtx")
            pairs = zip(
                normalize(sources["evtx"].read(log), "x"), normalize(sources["jsonl"].read(twin), "x"), strict=True
            )
            for left, right in pairs:
                assert stripped(left.fields) == stripped(right.fields)
                assert (left.logsource, left.time_ns, left.host) == (right.logsource, right.time_ns, right.host)
                count += 1
        assert count >= 120

    def test_every_real_log_gives_dated_events_with_a_host(self):
        source = load()["evtx"]
        for path in (SHARED / "evtx").rglob("*.evtx"):
            for event in normalize(source.read(path), "x"):
                assert event.time_ns > 10**18
                assert event.host
                assert orjson.dumps(event.fields)

    def test_every_shape_of_real_campaign_is_read(self):
        source = load()["zipped"]
        categories = set()
        for path in sorted((SHARED / "otrf" / "atomic").rglob("*.zip"), key=lambda path: path.stat().st_size)[:25]:
            for event in normalize(source.read(path), "x"):
                assert event.time_ns > 10**18
                assert event.host
                categories.add(event.logsource.category)
        assert {"process_creation", "image_load", "file_event", "registry_set", "registry_add"} <= categories


def stripped(fields):
    return {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}
