import contextlib
import gzip
import random
import sys
from pathlib import Path

import pytest

from sekisho.model.errors import SourceError
from sekisho.normalize.windows import normalize
from sekisho.sources import Gap, Row, delimited
from sekisho.sources.delimited import read, recognise_records, recognise_windows

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = "time,user,note\n2026-11-22 10:00:00,alice,hello\n2026-11-22 10:00:01,bob,\n"
WINDOWS = "EventID,Channel,Computer,Image\n1,Microsoft-Windows-Sysmon/Operational,WS1,C:\\a.exe\n"


def rows(tmp_path, text, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read(path))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp932"])
def test_delimiter_and_encoding_are_found(tmp_path, mark, encoding):
    text = f'time,user,件名\n2026-11-22 10:00:00,田中,"a{mark}b"\n2026-11-22 10:00:01,佐藤,請求書\n'.replace(",", mark)
    data = text.encode(encoding)
    assert recognise_records(data, Path("x"))
    assert not recognise_windows(data, Path("x"))
    assert rows(tmp_path, data) == [
        Row("2", {"time": "2026-11-22 10:00:00", "user": "田中", "件名": f"a{mark}b"}),
        Row("3", {"time": "2026-11-22 10:00:01", "user": "佐藤", "件名": "請求書"}),
    ]


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_packed_tables_are_recognised_and_read(tmp_path, pack):
    assert recognise_records(pack(TEXT.encode()), Path("x"))
    assert recognise_windows(pack(WINDOWS.encode()), Path("x"))
    assert rows(tmp_path, pack(TEXT.encode())) == rows(tmp_path, TEXT)


def test_a_cut_packed_table_gives_its_rows_and_then_a_gap(tmp_path):
    rng = random.Random(1)
    text = "time,user\n" + "".join(f"2026-11-22 10:00:00,u{rng.random()}\n" for _ in range(20_000))
    found = rows(tmp_path, zstd.compress(text.encode())[:-500])
    assert len(found) > 1_000
    assert found[0].fields["time"] == "2026-11-22 10:00:00"
    assert isinstance(found[-1], Gap)
    assert "stream" in found[-1].reason


def test_quotes_line_breaks_and_line_numbers(tmp_path):
    text = 'time,note\r\n2026-11-22 10:00,"one\r\ntwo, ""three"""\r\n\r\n2026-11-22 10:01,x\r\n'
    assert rows(tmp_path, text) == [
        Row("2", {"time": "2026-11-22 10:00", "note": 'one\r\ntwo, "three"'}),
        Row("5", {"time": "2026-11-22 10:01", "note": "x"}),
    ]


def test_nothing_of_a_ragged_row_is_lost_and_names_are_unique(tmp_path):
    text = "time,a,a,\n2026-11-22 10:00:00,1,2,3\n2026-11-22 10:00:01,1,2,3,4,5\n2026-11-22 10:00:02,1\n2026-11-22 10:00:03,1,2,3\n"
    found = rows(tmp_path, text)
    assert found[0].fields == {"time": "2026-11-22 10:00:00", "a": "1", "a_2": "2", "column_4": "3"}
    assert found[1].fields["extra_columns"] == ["4", "5"]
    assert found[2].fields == {"time": "2026-11-22 10:00:02", "a": "1"}
    assert len(found) == 4


def test_an_end_inside_a_row_is_named(tmp_path):
    found = rows(tmp_path, TEXT + "2026-11-22 10:00:02,car")
    assert found[-2:] == [Row("4", {"time": "2026-11-22 10:00:02", "user": "car"}), Gap("4", "file ends inside a row")]


def test_one_japanese_line_among_others_decides_for_itself(tmp_path):
    lines = [TEXT.encode(), "2026-11-22 10:00:02,田中,x\n".encode("cp932"), "2026-11-22 10:00:03,佐藤,x\n".encode(),
             b"2026-11-22 10:00:04,\x81\xff,x\n"]  # fmt: skip
    assert [row.fields["user"] for row in rows(tmp_path, b"".join(lines))[2:]] == [
        "田中",
        "佐藤",
        "\ufffd\xff"[:1] + "\ufffd",
    ]


def test_a_line_of_100_mb_and_a_field_without_end_cost_themselves_only(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(TEXT.encode())
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b"\n2026-11-22 10:00:02,carol,after\n")
    found = list(read(path))
    assert [(item.record, item.reason) for item in found if isinstance(item, Gap)] == [
        ("4", "line is longer than 4 MiB")
    ]
    assert found[-1] == Row("5", {"time": "2026-11-22 10:00:02", "user": "carol", "note": "after"})
    monkeypatch.setattr(delimited, "MAX_LINE_BYTES", 100_000)
    text = TEXT + '2026-11-22 10:00:02,"' + "line\n" * 40_000 + 'end",x\n2026-11-22 10:00:03,carol,after\n'
    found = rows(tmp_path, text)
    assert [item.record for item in found] == ["2", "3", "4", "40005"]
    assert found[2].reason.startswith("lines 4 to 40004: field larger than field limit")


def test_nul_bytes_and_bare_carriage_returns_break_nothing(tmp_path):
    found = rows(tmp_path, TEXT + "2026-11-22 10:00:02,a\0b,x\n2026-11-22 10:00:03,a\rb,x\n2026-11-22 10:00:04,c,x\n")
    assert found[2].fields["user"] == "a\0b"
    assert found[-1].fields["user"] == "c"
    assert rows(tmp_path, TEXT.replace("\n", "\r"))[0] == Row(
        "2", {"time": "2026-11-22 10:00:00", "user": "alice", "note": "hello"}
    )


@pytest.mark.parametrize(
    "text",
    ["", "a", "a,b\n", "a,b\n1,2\n3,4\n", "time,b\nx,2\ny,3\n", "time,b\n2026-11-22 10:00:00,2\n", "date,amount\n2026-11-22,3\n2026-11-23,4\n",
     "Received: from a.example (a, b)\n by c.example; Sun\nSubject: x, y\n", "#fields\tts\tuid\n", "{\"time\": 1, \"b\": 2}\n",
     "1,2026-11-22 10:00:00\n2,2026-11-22 10:00:01\n3,2026-11-22 10:00:01\n", "=cmd|'/c calc'!A1,time\n1,2026-11-22 10:00:00\n1,2026-11-22 10:00:00\n",
     "\0,\0\n\0,\0\n\0,\0\n", "\"a\nb,c\n"],
)  # fmt: skip
def test_other_text_is_not_ours(text):
    assert not recognise_records(text.encode(), Path("x.csv"))
    assert not recognise_windows(text.encode(), Path("x.csv"))


PAYLOAD = '{"EventData":{"Data":[{"@Name":"Image","#text":"C:\\\\a.exe"},{"@Name":"CommandLine","#text":"a.exe, b"}]}}'
EVTXECMD = (
    "RecordNumber,EventRecordId,TimeCreated,EventId,Level,Provider,Channel,ProcessId,ThreadId,Computer,ChunkNumber,UserId,"
    "MapDescription,UserName,PayloadData1,Keywords,SourceFile,Payload\n"
    "1,4711,2026-11-22 10:00:00.1234567,1,Info,Microsoft-Windows-Sysmon,Microsoft-Windows-Sysmon/Operational,7,8,WS1,0,S-1-5-18,"
    'Process creation,,,0x8000000000000000,x.evtx,"' + PAYLOAD.replace('"', '""') + '"\n'
)
SYSMON = "Process Create:\nUtcTime: 2026-11-22 10:00:00.123\nImage: C:\\a.exe\nCommandLine: a.exe, b\n"
EXPORT_CSV = (
    "#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\n"
    '"Message","Id","Level","RecordId","ProviderName","LogName","MachineName","TimeCreated"\n'
    f'"{SYSMON}","1","4","4711","Microsoft-Windows-Sysmon","Microsoft-Windows-Sysmon/Operational","WS1","2026/11/22 19:00:00"\n'
)
SPLUNK = (
    "_time,EventCode,LogName,ComputerName,RecordNumber,Image,CommandLine\n"
    '2026-11-22T19:00:00.123+0900,1,Microsoft-Windows-Sysmon/Operational,WS1,4711,C:\\a.exe,"a.exe, b"\n'
)


@pytest.mark.parametrize("text", [EVTXECMD, EXPORT_CSV, SPLUNK])
def test_windows_tables_of_every_tool_become_the_same_event(tmp_path, text):
    assert recognise_windows(text.encode(), Path("x"))
    assert not recognise_records(text.encode(), Path("x"))
    (event,) = normalize(rows(tmp_path, text), source="x")
    assert (event.logsource.category, event.host) == ("process_creation", "WS1")
    wanted = {"EventID": 1, "EventRecordID": 4711, "Image": "C:\\a.exe", "CommandLine": "a.exe, b"}
    assert wanted.items() <= event.fields.items()
    assert event.time_ns // 10**6 == 1_795_341_600_123


@pytest.mark.parametrize(
    "header",
    ["Level,Date and Time,Source,Event ID,Task Category", "レベル,日付と時刻,ソース,イベント ID,タスクのカテゴリ"],
)
def test_event_viewers_own_export_keeps_its_nameless_message(tmp_path, header):
    text = f'{header}\n情報,2026/11/22 19:00:00,Service Control Manager,7045,なし,"A service\nwas installed"\n'
    data = text.encode("utf-8-sig")
    assert recognise_windows(data, Path("x"))
    (event,) = normalize(rows(tmp_path, data), source="x")
    assert (event.logsource.service, event.fields["EventID"]) == ("system", 7045)
    assert event.fields["Message"] == "A service\nwas installed"


def test_a_missing_file_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match="missing"):
        list(read(tmp_path / "missing.csv"))


def test_mutations_give_rows_gaps_or_a_source_error(tmp_path):
    rng = random.Random(4)
    for seed in (TEXT, WINDOWS, EVTXECMD, EXPORT_CSV, TEXT.encode("utf-16"), zstd.compress(TEXT.encode())):
        whole = seed.encode() if isinstance(seed, str) else seed
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(rng.randrange(1, 8)):
                data[rng.randrange(len(data))] = rng.choice([0, 10, 13, 34, 44, rng.randrange(256)])
            data = bytes(data[: rng.randrange(len(data) // 2, len(data) + 1)])
            recognise_records(data, Path("x"))
            with contextlib.suppress(SourceError):
                found = rows(tmp_path, data)
                assert all(isinstance(item, (Row, Gap)) for item in found)
                list(normalize([item for item in found if isinstance(item, Row)], source="x"))
