"""Logs to findings, whole command: ``./dev bench logs`` or ``python tests/bench/bench_logs.py [10000 100000 1000000] [json] [evtx]``.

Not a test. Runs ``sekisho detect`` with all public rules beside the project, rules cached, on one worker and on two:

* json: the host events of the attack emulations beside the project as JSON lines, repeated with the times of each
  repetition moved by a day and its hosts renamed, in one file for each repetition. Made under a temporary folder
  (5,000,000 events take 12 GB), so the disk's own speed is in the figures when memory cannot hold the file.
* evtx: the EVTX files beside the project, repeated by copying (their records cannot be rewritten), once as they are
  (hundreds of small files) and up to each number of events.

Memory is the proportional set size of all processes of a run together, read ten times a second, highest value.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sekisho.sources import Row
from sekisho.sources import load as load_sources

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
SIZES = (10_000, 100_000, 1_000_000)
COMMAND = [str(Path(sys.executable).with_name("sekisho")), "detect"]
DAY = re.compile(rb'("(?:TimeCreated|EventTime|UtcTime|@timestamp|EventReceivedTime|CreationUtcTime)" ?: ?")(\d{4})')
HOST = re.compile(rb'("(?:Hostname|Computer|ComputerName|host)" ?: ?")([^".]*)')


def exports() -> Iterator[bytes]:
    """Give every event of the emulations as a line of JSON, as it is in its archive."""
    source = load_sources()["zipped"]
    for path in sorted(one for one in (SHARED / "otrf").rglob("*.zip") if "zeek" not in one.parts):
        for row in source.read(path):
            if isinstance(row, Row):
                yield (row.text if isinstance(row.text, bytes) else row.text.encode()).replace(b"\n", b" ")


def write_json(folder: Path, wanted: int) -> int:
    """Write so many events, a file for each repetition; gives the number of bytes."""
    folder.mkdir()
    written, size, turn = 0, 0, 0
    while written < wanted:
        with (folder / f"events-{turn:03}.jsonl").open("wb") as file:
            for line in exports():
                year = b"%d" % (2000 + turn)
                moved = HOST.sub(rb"\g<1>\g<2>-%d" % turn, DAY.sub(lambda found, year=year: found[1] + year, line))
                size += file.write(moved + b"\n")
                written += 1
                if written == wanted:
                    break
        turn += 1
    return size


def write_evtx(folder: Path, wanted: int) -> int:
    """Copy the logs until there are so many events (0: once); gives the number of bytes."""
    folder.mkdir()
    source, paths = load_sources()["evtx"], sorted((SHARED / "evtx").rglob("*.evtx"))
    counts = {path: sum(isinstance(row, Row) for row in source.read(path)) for path in paths} if wanted else {}
    written, size, turn = 0, 0, 0
    while turn == 0 or written < wanted:
        for number, path in enumerate(paths):
            if wanted and written >= wanted:
                break
            shutil.copyfile(path, folder / f"{turn:03}-{number:03}.evtx")
            written += counts.get(path, 0)
            size += path.stat().st_size
        turn += 1
    return size


def memory_mb(pid: int) -> float:
    """Give the proportional set size of a process and its children."""
    total = 0
    for one in [pid, *children(pid)]:
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
        total += int(found[1]) if found else 0
    return total / 1024


def children(pid: int) -> list[int]:
    """Give the processes that a process started."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def run(name: str, folder: Path, jobs: int, size: int) -> None:
    """Run the command once and print what it took."""
    out = folder.parent / "findings.jsonl"
    started = time.perf_counter()
    process = subprocess.Popen(
        [*COMMAND, str(folder), "--rules", str(SHARED / "sigma"), "--jobs", str(jobs), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, memory_mb(process.pid))
        time.sleep(0.1)
    took = time.perf_counter() - started
    text = process.stdout.read().decode() if process.stdout else ""
    found = re.search(r"([\d,]+) findings of \d+ rules in ([\d,]+) events", text)
    findings, events = (int(one.replace(",", "")) for one in found.groups()) if found else (0, 0)
    print(
        f"{name:5} {events:10,} events {size / 1e6:9,.0f} MB  {jobs} worker{'s' if jobs > 1 else ' '}  {took:7.2f} s"
        f"  {events / took:9,.0f}/s  {findings:9,} findings  {peak:6,.0f} MB",
        flush=True,
    )


def main() -> None:
    """Measure each size on one worker and two."""
    sizes = [int(one) for one in sys.argv[1:] if one.isdigit()] or SIZES
    kinds = [one for one in sys.argv[1:] if one in ("evtx", "json")] or ["evtx", "json"]
    jobs = sorted({1, min(2, os.cpu_count() or 1)})
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-", dir=os.environ.get("TMPDIR")) as made:
        once = Path(made) / "evtx"
        size = write_evtx(once, 0)
        run("cold", once, jobs[-1], size)  # fills the cache of rules
        for count in jobs:
            run("evtx", once, count, size)
        shutil.rmtree(once)
        for wanted in sizes:
            for name, write in (("evtx", write_evtx), ("json", write_json)):
                if name not in kinds:
                    continue
                folder = Path(made) / name
                size = write(folder, wanted)
                for count in jobs:
                    run(name, folder, count, size)
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
