import gzip
import json
from pathlib import Path

import pytest

from sekisho.model.errors import SourceError
from sekisho.sources import Gap, Row
from sekisho.sources.jsonl import read, recognise

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

EVTX_DUMP = {"Event": {"System": {"EventID": 1, "Channel": "Security"}, "EventData": {}}}
WINLOGBEAT = {"@timestamp": "2022-04-25T10:00:00.000Z", "winlog": {"channel": "Security", "event_id": "1"}}
OTRF = {"EventID": 1, "Channel": "Security", "Hostname": "WS1"}
NXLOG = {"EventID": 1, "SourceName": "Microsoft-Windows-Sysmon", "EventTime": "2022-04-25 10:00:00"}
SPLUNK = {"EventCode": "4688", "LogName": "Security", "ComputerName": "WS1"}
ELASTIC = {"_index": "x", "_source": WINLOGBEAT}
DOTTED = {"winlog.channel": "Security", "winlog.event_id": 1}
SHAPES = [EVTX_DUMP, WINLOGBEAT, OTRF, NXLOG, SPLUNK, ELASTIC, DOTTED, {"result": SPLUNK}]


def head(*items, **how):
    return "\n".join(json.dumps(item, **how) for item in items).encode()


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_windows_event_is_recognised_in_every_layout(shape):
    for text in (head(shape, shape), json.dumps([shape, shape]).encode(), head(shape, indent=2)):
        assert recognise(text, Path("x"))
        assert recognise(b"\xef\xbb\xbf" + text, Path("x"))
        assert recognise(text.decode().encode("utf-16"), Path("x"))
        assert recognise(gzip.compress(text), Path("x.gz"))


def test_a_sample_that_ends_inside_a_record_is_recognised_by_the_records_before_it():
    text = json.dumps([OTRF] * 3).encode()
    assert recognise(text[:-20], Path("x"))
    assert recognise(gzip.compress(head(*[dict(OTRF, n=n) for n in range(50_000)]))[:65_536], Path("x"))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        b"{",
        b"text",
        b"\x1f\x8b",
        b"\x1f\x8b\x08garbage",
        head({"_path": "conn", "ts": 1, "id.orig_h": "192.0.2.1"}),
        head({"timestamp": "2022", "event_type": "smtp", "src_ip": "192.0.2.1"}),
        head({"Event": "login", "System": "web"}),
        head({"EventID": "abc", "user": "x"}),
        head({"Id": 1, "name": "x"}),
        b"PK\x03\x04",
        b"MZ\x90\x00",
        "関所".encode("utf-16"),
    ],
)
def test_other_data_is_not_ours(text):
    assert not recognise(text, Path("windows.jsonl"))


def test_plain_and_packed_files_give_the_same_rows(tmp_path):
    text = head(OTRF, NXLOG)
    plain, packed = tmp_path / "a.json", tmp_path / "a.json.gz"
    plain.write_bytes(text)
    packed.write_bytes(gzip.compress(text))
    assert list(read(plain)) == list(read(packed))
    assert [row[:2] for row in read(plain)] == [("1", OTRF), ("2", NXLOG)]


def test_a_cut_gzip_gives_its_rows_and_then_a_gap(tmp_path):
    path = tmp_path / "a.json.gz"
    lines = [dict(OTRF, EventRecordID=n, text=f"{n * 7919 % 10007}") for n in range(5_000)]
    path.write_bytes(gzip.compress(head(*lines))[:-2_000])
    found = list(read(path))
    assert len(found) > 4_000
    assert isinstance(found[-1], Gap)
    assert "stream" in found[-1].reason
    assert [row[:2] for row in found[:100]] == [(str(n + 1), lines[n]) for n in range(100)]


def test_a_missing_file_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match="missing"):
        list(read(tmp_path / "missing.json"))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_real_exports_are_recognised_and_other_json_is_not():
    for path in (SHARED / "sigma" / "regression_data").rglob("*.json"):
        with path.open("rb") as file:
            assert recognise(file.read(65_536), path), path
        assert all(isinstance(item, Row) for item in read(path))
    for folder in ("zeek", "suricata-verify", "url", "fixtures"):
        for path in (SHARED / folder).rglob("*.json"):
            with path.open("rb") as file:
                assert not recognise(file.read(65_536), path), path
