"""Rates of reading and normalising logs: ``python tests/bench/bench_sources.py [files…]``; not a test.

Without files it measures the real sets beside the project, the large EVTX and JSON files apart from the small ones, and
one table of GENERATED_ROWS made-up rows in each of the other formats.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sekisho.normalize import ocsf, records, syslog, windows
from sekisho.sources import Row, Source, load

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

NORMALIZE = {
    "windows": windows.normalize,
    "ocsf": ocsf.normalize,
    "records": records.normalize,
    "syslog": syslog.normalize,
}
GENERATED_ROWS = 100_000
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
REPEATS = 3


def _rows(source: Source, paths: list[Path]) -> Iterator[Row]:
    for path in paths:
        for row in source.read(path):
            if isinstance(row, Row):
                yield row


def measure(name: str, source: Source, paths: list[Path]) -> None:
    """Print CPU rates of reading alone and of reading and normalising, best of REPEATS."""
    best = {"read": float("inf"), "events": float("inf")}
    count = 0
    for _ in range(REPEATS):
        start = time.process_time()
        count = sum(1 for _ in _rows(source, paths))
        best["read"] = min(best["read"], time.process_time() - start)
        start = time.process_time()
        for path in paths:
            for _event in NORMALIZE[source.event_class](_rows(source, [path]), str(path)):
                pass
        best["events"] = min(best["events"], time.process_time() - start)
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    print(
        f"{name:34} {len(paths):4} files {megabytes:7.1f} MB {count:8,} rows"
        f"  read {count / best['read']:9,.0f}/s  read+normalize {count / best['events']:9,.0f}/s"
    )


def _process(number: int) -> dict[str, Any]:
    """Give a Sysmon process creation of 26 fields."""
    return {
        "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Provider_Name": "Microsoft-Windows-Sysmon",
        "Computer": f"WS{number % 50}.corp.example", "EventRecordID": number, "Level": 4, "Task": 1, "Opcode": 0,
        "UtcTime": f"2026-11-22 10:{number // 60 % 60:02}:{number % 60:02}.123", "ProcessGuid": f"{{guid-{number}}}",
        "ProcessId": number % 60_000, "Image": f"C:\\Windows\\System32\\tool{number % 97}.exe",
        "FileVersion": "10.0.1", "Description": "a tool", "Product": "Windows", "Company": "Example",
        "OriginalFileName": f"tool{number % 97}.exe", "CommandLine": f"tool{number % 97}.exe /c {number % 4999}",
        "CurrentDirectory": "C:\\Windows\\", "User": f"CORP\\user{number % 200}", "LogonId": "0x3e7",
        "IntegrityLevel": "High", "Hashes": f"SHA256={number * 7919:064x}", "ParentProcessId": 4,
        "ParentImage": "C:\\Windows\\explorer.exe", "ParentCommandLine": "explorer.exe",
    }  # fmt: skip


def _trail(number: int) -> dict[str, Any]:
    """Give a CloudTrail record."""
    return {
        "eventVersion": "1.09", "eventTime": f"2026-11-22T10:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventSource": "iam.amazonaws.com", "eventName": f"Operation{number % 31}", "awsRegion": "us-east-1",
        "sourceIPAddress": f"192.0.2.{number % 256}", "userAgent": "cli", "eventID": f"id-{number}",
        "userIdentity": {"type": "IAMUser", "userName": f"user{number % 99}", "accountId": "1", "arn": "arn:x"},
        "requestParameters": {"userName": f"user{number % 99}", "tags": [{"key": "a", "value": "b"}]},
        "responseElements": None, "requestID": f"r-{number}", "readOnly": False, "recipientAccountId": "1",
    }  # fmt: skip


def _launch(number: int) -> dict[str, Any]:
    """Give an OCSF process launch."""
    file = {"path": f"C:\\tool{number % 97}.exe", "hashes": [{"algorithm_id": 3, "value": f"{number:064x}"}]}
    return {
        "class_uid": 1007, "category_uid": 1, "type_uid": 100701, "activity_id": 1, "severity_id": 1,
        "time": 1_795_341_600_000 + number, "metadata": {"version": "1.3.0", "product": {"name": "x"}},
        "device": {"hostname": f"WS{number % 50}", "os": {"name": "Windows", "type_id": 100}},
        "actor": {"process": {"file": {"path": "C:\\explorer.exe"}, "pid": 4}, "user": {"name": "u", "domain": "d"}},
        "process": {"file": file, "cmd_line": f"tool /c {number % 4999}", "pid": number, "user": {"name": "u"}},
    }  # fmt: skip


def _generated(folder: Path) -> Iterator[Path]:
    """Write the same made-up logs in every format."""
    processes = [_process(number) for number in range(GENERATED_ROWS)]
    trails = [_trail(number) for number in range(GENERATED_ROWS)]
    launches = [_launch(number) for number in range(GENERATED_ROWS)]
    with (folder / "sysmon.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(processes[0]))
        table.writeheader()
        table.writerows(processes)
    for name, rows in (("sysmon", processes), ("cloudtrail", trails), ("ocsf", launches)):
        (folder / f"{name}.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet", compression="zstd")
    for name in ("sysmon.csv", "sysmon.json", "cloudtrail.json"):
        (folder / f"{name}.zst").write_bytes(zstd.compress((folder / name).read_bytes()))
    (folder / "sysmon.csv.gz").write_bytes(gzip.compress((folder / "sysmon.csv").read_bytes(), 6))
    yield from sorted(folder.iterdir())


def _measure_each(paths: Iterable[Path]) -> None:
    sources = load()
    for path in paths:
        with path.open("rb") as file:
            head = file.read(65_536)
        for name, source in sources.items():
            if source.recognise(head, path):
                measure(f"{name} {path.name}", source, [path])
                break


def main() -> None:
    """Measure the files given, each by the source that recognises it, or the real sets."""
    sources = load()
    if sys.argv[1:]:
        _measure_each(map(Path, sys.argv[1:]))
        return
    with tempfile.TemporaryDirectory() as folder:
        _measure_each(_generated(Path(folder)))
    if not SHARED.exists():
        return
    logs = sorted((SHARED / "evtx").rglob("*.evtx"))
    measure("evtx, all", sources["evtx"], logs)
    large = [path for path in logs if path.stat().st_size > 1_500_000]
    measure("evtx, above 1.5 MB", sources["evtx"], large)
    measure("zipped OTRF JSON", sources["zipped"], sorted((SHARED / "otrf" / "atomic").rglob("*.zip")))


if __name__ == "__main__":
    main()
