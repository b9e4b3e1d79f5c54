"""Events per second of ``investigate`` and its peak memory against input size, as whole processes.

Run: ./dev bench investigate
One lab host log is repeated with shifted times and host names; our own rules, and SigmaHQ's Windows rules where the
shared data lies beside the project.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sekisho.app.lab import cases

SIGMA = Path(__file__).parents[2].parent / "shared" / "data" / "sigma" / "rules" / "windows"
SIZES = (10_000, 50_000, 200_000)


def main() -> None:
    """Print time, events per second and peak memory for each size and rule set."""
    with tempfile.TemporaryDirectory() as folder:
        case = cases.make("emotet-lnk-vbs", Path(folder))
        lines = (case / "evidence" / "endpoint" / "PC-0142.jsonl").read_text().splitlines()
        for rules in ([], ["--rules", str(SIGMA)] if SIGMA.exists() else []):
            for size in SIZES:
                path = Path(folder) / f"{size}.jsonl"
                write(path, lines, size)
                command = [str(Path(sys.executable).with_name("sekisho")), "investigate", str(path), "--quiet", *rules]
                run(command, size, "own and SigmaHQ Windows rules" if rules else "own rules", path)
            if not SIGMA.exists():
                break


def write(path: Path, lines: list[str], size: int) -> None:
    """Repeat a log as if one host after another had written it."""
    with path.open("w") as out:
        written = 0
        while written < size:
            host = f"PC-{written:07}"
            for line in lines[: size - written]:
                out.write(line.replace("PC-0142", host) + "\n")
            written += len(lines)


def run(command: list[str], size: int, rules: str, path: Path) -> None:
    """Run one command and print what it took, its children included."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - started
    print(
        f"{size:8,} events, {path.stat().st_size / 1e6:6.1f} MB, {rules}: {took:6.1f} s, {size / took:9,.0f} events/s, "
        f"peak of one process {usage.ru_maxrss / 1024:.0f} MiB"
    )


if __name__ == "__main__":
    main()
