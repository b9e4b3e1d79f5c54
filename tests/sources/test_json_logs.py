import contextlib
import gzip
import json
import random
import sys
from pathlib import Path

import pytest

from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row, jsonl
from sekisho.sources.json_logs import read, recognise_ocsf, recognise_records

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

TRAIL = {"eventTime": "2026-11-22T10:00:00Z", "eventName": "GetUser", "eventSource": "iam.amazonaws.com"}
LATER = dict(TRAIL, eventName="DeleteUser", resources=[{"ARN": "a"}])
OCSF = {
    "class_uid": 1007,
    "category_uid": 1,
    "type_uid": 100701,
    "activity_id": 1,
    "time": 1795341600000,
    "metadata": {},
}
WINDOWS = {"EventID": 1, "Channel": "Security", "TimeCreated": "2026-11-22T10:00:00Z"}
X = Path("x")


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def rows(tmp_path, data):
    path = tmp_path / "a.json"
    path.write_bytes(data)
    return [Row(*item[:2]) if isinstance(item, Row) else item for item in read(path)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_a_log_is_two_objects_that_say_when_they_happened(pack):
    for text in (lines(TRAIL, LATER), json.dumps([TRAIL, LATER]).encode(), json.dumps([TRAIL, LATER], indent=1).encode(),
                 json.dumps({"Records": [TRAIL]}).encode(), json.dumps({"kind": "x", "items": [TRAIL, LATER]}, indent=2).encode()):  # fmt: skip
        assert recognise_records(pack(text), X)
        assert not recognise_ocsf(pack(text), X)
        assert not jsonl.recognise(pack(text), X)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_ocsf_and_windows_events_have_readers_of_their_own(pack):
    assert recognise_ocsf(pack(lines(OCSF)), X)
    assert not recognise_records(pack(lines(OCSF, OCSF)), X)
    assert jsonl.recognise(pack(lines(WINDOWS, WINDOWS)), X)
    assert not recognise_records(pack(lines(WINDOWS, WINDOWS)), X)


def test_sysmon_for_linux_is_no_windows_log():
    event = {
        "Event": {
            "System": {"EventID": 1, "Channel": "Linux-Sysmon/Operational"},
            "EventData": {"UtcTime": "2026-11-22 10:00:00.1"},
        }
    }
    assert recognise_records(lines(event, event), X)
    assert not jsonl.recognise(lines(event, event), X)


def test_a_single_object_is_a_log_only_where_the_name_says_one_object_a_line():
    assert not recognise_records(lines(TRAIL), Path("report.json"))
    assert recognise_records(lines(TRAIL), Path("trail.jsonl"))


BUNDLE = {"type": "bundle", "objects": [{"created": "2026-11-22T10:00:00Z", "text": "x" * 2000} for _ in range(40)]}


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b"text", b"\x1f\x8b", zstd.compress(b"")[:3], lines({"a": 1}, {"a": 2}), lines({"time": 5}, {"time": 6}),
     json.dumps(BUNDLE, indent=2).encode()[:65_536], json.dumps(BUNDLE).encode(), lines({"time": "noon"}, {"time": "soon"}),
     json.dumps({"name": "p", "time": {"created": "2026-11-22T10:00:00Z"}}, indent=2).encode()],
)  # fmt: skip
def test_a_document_is_no_log(text):
    assert not recognise_records(text, X)
    assert not recognise_ocsf(text, X)


def test_an_envelope_gives_its_records(tmp_path):
    found = [Row("1.1", TRAIL), Row("1.2", LATER)]
    assert rows(tmp_path, json.dumps({"Records": [TRAIL, LATER]}).encode()) == found
    assert (
        rows(tmp_path, json.dumps({"@odata.context": "x", "value": [TRAIL, LATER], "next": "y"}, indent=2).encode())
        == found
    )
    assert rows(tmp_path, lines({"records": [TRAIL]}, {"records": [LATER]})) == [Row("1.1", TRAIL), Row("2.1", LATER)]


def test_an_envelope_larger_than_a_record_may_be_is_streamed(tmp_path):
    text = b'{"Records":[' + b",".join([json.dumps(dict(TRAIL, text="x" * 2000)).encode()] * 10_000) + b"]}"
    assert recognise_records(text[:65_536], X)
    found = rows(tmp_path, text)
    assert [row.record for row in found] == [f"1.{n}" for n in range(1, 10_001)]


def test_cut_and_damaged_streams_keep_what_they_can(tmp_path):
    rng = random.Random(2)
    many = [dict(TRAIL, n=rng.random()) for _ in range(20_000)]
    found = rows(tmp_path, zstd.compress(lines(*many))[:-700])
    assert isinstance(found[-1], Gap)
    assert "stream" in found[-1].reason
    assert found[:1000] == [Row(str(n + 1), many[n]) for n in range(1000)]
    frames = zstd.compress(lines(TRAIL)) + b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstd.compress(lines(LATER))
    assert rows(tmp_path, frames) == [Row("1", TRAIL), Row("2", LATER)]
    assert rows(tmp_path, frames + b"garbage!")[:2] == [Row("1", TRAIL), Row("2", LATER)]


def test_a_zstandard_bomb_is_read_in_blocks(tmp_path):
    found = rows(tmp_path, zstd.compress(lines(TRAIL) + bytes(200 << 20) + b"\n" + lines(LATER)))
    assert [type(item) for item in found] == [Row, Gap, Row]
    assert found[-1].fields == LATER


def test_a_window_beyond_the_bound_is_refused(tmp_path):
    packed = zstd.compress(lines(TRAIL), options={zstd.CompressionParameter.window_log: 30})
    header = bytearray(packed)
    header[4:6] = bytes([header[4] & ~0x20 & ~0xC0, (30 - 10) << 3])  # a window descriptor instead of a content size
    found = rows(tmp_path, bytes(header))
    assert [type(item) for item in found] == [Gap]


def test_evtxecmds_json_is_read_from_its_payload(tmp_path):
    record = {"EventId": 1, "Provider": "Microsoft-Windows-Sysmon", "Channel": "Microsoft-Windows-Sysmon/Operational",
              "Computer": "WS1", "Payload": '{"EventData":{"Data":[{"@Name":"Image","#text":"C:\\\\a.exe"}]}}'}  # fmt: skip
    path = tmp_path / "a.json"
    path.write_bytes(lines(record, record))
    found = list(jsonl.read(path))
    assert len(found) == 2
    assert all(row.fields["Event"]["EventData"]["Data"][0]["#text"] == "C:\\a.exe" for row in found)


def test_mutations_give_rows_gaps_or_a_source_error(tmp_path):
    rng = random.Random(7)
    seeds = [lines(TRAIL, LATER), json.dumps({"a": [], "Records": [TRAIL, LATER]}, indent=1).encode()]
    for whole in [*seeds, *map(zstd.compress, seeds), *map(gzip.compress, seeds)]:
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(rng.randrange(1, 6)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            data = bytes(data[: rng.randrange(len(data) // 2, len(data) + 1)])
            recognise_records(data, X)
            with contextlib.suppress(SourceError):
                assert all(isinstance(item, (Row, Gap)) for item in rows(tmp_path, data))


def test_a_missing_file_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match="missing"):
        list(read(tmp_path / "missing.json"))
