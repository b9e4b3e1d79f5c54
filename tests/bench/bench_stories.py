"""What correlation costs against the number of events: ``./dev bench stories``.

Not a test. One lab host's log is repeated as one host after another, each with an attack of its own (the worst case:
every host is an incident) or one in twenty of them, beside a proxy log of the same length. Prints the seconds of each
stage, what share of the whole correlation takes (the median of three runs but for the larger ones), and the memory that
all processes together held at most. Each run is a process of its own, so that none inherits another's memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from sekisho.app import ruleset
from sekisho.app.lab import cases
from sekisho.app.pipeline import Options, investigate

RUNS_UP_TO = 100_000  # larger ones are run once
LOOKED_AT_S = 0.5  # how often memory is looked at
PROXY = (
    '{{"@timestamp": "2022-04-25T{hour:02}:{minute:02}:{second:02}Z", "c-ip": "10.{a}.{b}.9", "cs-method": "GET", '
    '"c-uri": "http://site{site}.example/page{page}.html", "sc-status": 200}}\n'
)


def main() -> None:
    """Print a line for each size."""
    if sys.argv[1:2] == ["--one"]:
        return one(Path(sys.argv[2]))
    sizes = tuple(map(int, sys.argv[1:])) or (25_000, 100_000, 400_000)
    with tempfile.TemporaryDirectory() as folder:
        case = cases.make("emotet-lnk-vbs", Path(folder) / "lab")
        lines = (case / "evidence" / "endpoint" / "PC-0142.jsonl").read_text().splitlines()
        story = set(case_story(case))
        quiet = [line for number, line in enumerate(lines, 1) if number not in story]
        for size, attacked in ((size, every) for size in sizes for every in (20, 1)):
            evidence = Path(folder) / f"{size}-{attacked}"
            evidence.mkdir()
            write_hosts(evidence / "hosts.jsonl", lines, quiet, size // 2, attacked)
            write_proxy(evidence / "proxy.jsonl", size // 2)
            runs = [measured(evidence) for _ in range(3 if size <= RUNS_UP_TO else 1)]
            stages = {name: median(run["timing"].get(name, 0.0) for run in runs) for name in runs[0]["timing"]}
            share = stages["correlation"] / stages["total"]
            told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.items())
            peak = median(run["peak_bytes"] for run in runs) / 1e6
            print(
                f"{size:9,} events, {runs[0]['incidents']:6,} incidents: {told}; correlation {share:.1%}; "
                f"memory {peak:,.0f} MB",
                flush=True,
            )
    return None


def one(evidence: Path) -> None:
    """Investigate a folder and print what it took, as JSON."""
    result = investigate([str(evidence)], ruleset.load([]), Options(jobs=2))
    print(json.dumps({"timing": result.timing, "incidents": len(result.incidents)}))


def measured(evidence: Path) -> dict[str, Any]:
    """Investigate a folder in a process of its own; gives what that printed and ``peak_bytes`` of it and its workers."""
    command = [sys.executable, __file__, "--one", str(evidence)]
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, held_bytes(process.pid))
            time.sleep(LOOKED_AT_S)
        assert process.stdout is not None
        return {**json.loads(process.stdout.read()), "peak_bytes": peak}


def held_bytes(pid: int) -> int:
    """Give the memory of a process and all below it; pages that several share count once (Linux: ``Pss``)."""
    held, todo = 0, [pid]
    while todo:
        folder = Path("/proc") / str(todo.pop())
        try:
            rollup = (folder / "smaps_rollup").read_text()
            held += next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
            for task in (folder / "task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except (OSError, StopIteration):
            continue  # it has ended meanwhile
    return held


def case_story(case: Path) -> list[int]:
    """Give the numbers of the lines that belong to the case's attack."""
    return list(json.loads((case / "truth.json").read_text())["events"]["evidence/endpoint/PC-0142.jsonl"]["story"])


def write_hosts(path: Path, lines: list[str], quiet: list[str], size: int, every: int) -> None:
    """Repeat a host's log as if one host after another had written it, with the attack on every so-manieth."""
    with path.open("w") as out:
        written = number = 0
        while written < size:
            host, user = f"PC-{number:07}", f"user{number:07}"
            mine = quiet if number % every else lines
            for line in mine[: size - written]:
                out.write(line.replace("PC-0142", host).replace("user01", user) + "\n")
            written, number = written + len(mine), number + 1


def write_proxy(path: Path, size: int) -> None:
    """Write ordinary requests of a company to some thousand sites."""
    with path.open("w") as out:
        for number in range(size):
            values = {
                "hour": number // 3600 % 24, "minute": number // 60 % 60, "second": number % 60, "a": number % 7,
                "b": number % 251, "site": number * 7919 % 4001, "page": number,
            }  # fmt: skip
            out.write(PROXY.format(**values))


if __name__ == "__main__":
    main()
