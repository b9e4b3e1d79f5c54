"""Rows a second of network and cloud logs: read, made events, described, listened to for beats; CPU time, median of 5.

Run: ./dev bench network
"""

from __future__ import annotations

import csv
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from sekisho.detect.beacons import Beacons
from sekisho.normalize import records
from sekisho.normalize.requests import described
from sekisho.sources import Row, load

ROWS, RUNS = 30_000, 5
ENDS = {"id.orig_h": "10.0.12.42", "id.orig_p": 50123, "id.resp_h": "203.0.113.9", "id.resp_p": 443}
TRIDENT = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0)"


def conn(n: int) -> dict:
    return {"_path": "conn", "ts": 1795341600.5 + n, "uid": f"C{n}", **ENDS, "proto": "tcp", "service": "ssl",
            "duration": 1.5, "orig_bytes": 700, "resp_bytes": 9000, "conn_state": "SF", "history": "ShADadFf"}  # fmt: skip


def http(n: int) -> dict:
    return {"_path": "http", "ts": 1795341600.5 + n, "uid": f"C{n}", **ENDS, "trans_depth": 1, "method": "GET",
            "host": f"www{n % 500}.example.com", "uri": f"/wp-content/a{n}/b.png?c=1", "user_agent": TRIDENT,
            "status_code": 200, "resp_mime_types": ["image/png"]}  # fmt: skip


def dns(n: int) -> dict:
    return {"_path": "dns", "ts": 1795341600.5 + n, "uid": f"C{n}", **ENDS, "proto": "udp", "query": f"h{n % 900}.example.com",
            "qtype": 1, "qtype_name": "A", "rcode_name": "NOERROR", "answers": ["203.0.113.9"], "TTLs": [60.0]}  # fmt: skip


def eve(n: int) -> dict:
    return {"timestamp": "2026-11-22T10:00:00.5+0000", "flow_id": n, "event_type": "tls", "src_ip": "10.0.12.42",
            "src_port": 50123, "dest_ip": "203.0.113.9", "dest_port": 443, "proto": "TCP",
            "tls": {"sni": "www.example.com", "version": "TLS 1.2", "subject": "CN=a", "issuerdn": "CN=b",
                    "ja3": {"hash": "a" * 32, "string": "771"}}}  # fmt: skip


def hunting(n: int) -> dict:
    return {"Timestamp": "2026-11-22T10:00:00.1234567Z", "DeviceName": "pc-0142.corp.example", "DeviceId": "d" * 40,
            "ActionType": "ProcessCreated", "FileName": "cmd.exe", "FolderPath": "C:\\Windows\\System32\\cmd.exe",
            "ProcessCommandLine": f"cmd /c echo {n}", "ProcessId": n, "AccountName": "user01", "AccountDomain": "corp",
            "SHA256": "a" * 64, "InitiatingProcessFileName": "explorer.exe", "InitiatingProcessId": 1,
            "InitiatingProcessFolderPath": "c:\\windows\\explorer.exe", "InitiatingProcessCommandLine": "explorer.exe"}  # fmt: skip


def vision_one(n: int) -> dict:
    return {"eventTime": 1795341600000 + n, "endpointHostName": "PC-0142", "eventId": "TELEMETRY_PROCESS",
            "eventSubId": "TELEMETRY_PROCESS_CREATE", "objectFilePath": "C:\\Windows\\System32\\cmd.exe",
            "objectCmd": f"cmd /c echo {n}", "objectPid": n, "objectHashId": str(n), "processFilePath": "C:\\a.exe",
            "processCmd": "a.exe", "processPid": 7, "processHashId": "7", "objectFileHashSha256": "a" * 64}  # fmt: skip


def lines(make: Callable[[int], dict]) -> bytes:
    return "".join(json.dumps(make(n)) + "\n" for n in range(ROWS)).encode()


def table(make: Callable[[int], dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(make(0)))
    writer.writeheader()
    writer.writerows(make(n) for n in range(ROWS))
    return text.getvalue().encode()


def tabs(make: Callable[[int], dict]) -> bytes:
    names = [name for name in make(0) if name != "_path"]
    head = f"#separator \\x09\n#path\t{make(0)['_path']}\n#fields\t" + "\t".join(names) + "\n"
    return (head + "".join("\t".join(str(make(n)[name]) for name in names) + "\n" for n in range(ROWS))).encode()


LOGS = {
    "zeek conn, JSON": lines(conn), "zeek conn, tabs": tabs(conn), "zeek http, JSON": lines(http),
    "zeek dns, JSON": lines(dns), "suricata tls": lines(eve), "hunting, CSV": table(hunting),
    "hunting, JSON lines": lines(hunting), "vision one, JSON lines": lines(vision_one),
}  # fmt: skip


def measure(path: Path) -> tuple[float, ...]:
    """Give rows a second of each stage, and of all together."""
    source = next(one for one in load().values() if one.recognise(path.read_bytes()[:65_536], path))
    times = [time.process_time()]
    rows = [one for one in source.read(path) if isinstance(one, Row)]
    times.append(time.process_time())
    events = list(records.normalize(rows, source=path.name))
    times.append(time.process_time())
    events = list(map(described, events))
    times.append(time.process_time())
    heard = Beacons()
    for event in events:
        heard.add(event)
    times.append(time.process_time())
    spent = [after - before for before, after in pairwise(times)]
    return *(len(rows) / max(one, 1e-9) for one in spent), len(rows) / sum(spent)


def main() -> None:
    print(f"{'log':26}" + "".join(f"{name:>12}" for name in ("read", "events", "described", "beats", "all")))
    with tempfile.TemporaryDirectory() as folder:
        for name, data in LOGS.items():
            path = Path(folder) / "log"
            path.write_bytes(data)
            runs = [measure(path) for _ in range(RUNS)]
            print(f"{name:26}" + "".join(f"{statistics.median(run[at] for run in runs):12,.0f}" for at in range(5)))


if __name__ == "__main__":
    sys.exit(main())
