"""Milliseconds per document of the xlm analyser: ``python tests/bench/bench_xlm.py``; not a test.

The seven macro samples beside the project, a workbook that builds its code at run time, and a large one without macros,
which must cost next to nothing.
"""

from __future__ import annotations

import time
from pathlib import Path

from sekisho.analyzers import load
from sekisho.app.lab.biff8 import Sheet, write_xls
from sekisho.app.lab.case_xlm import fragmented
from sekisho.app.lab.payloads import fallback_urls, xlm_lines
from sekisho.model.artifact import Artifact

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "fixtures" / "oletools" / "excel4-macros"
REPEATS = 30


def samples() -> dict[str, bytes]:
    """Give documents by name."""
    found = {path.name: path.read_bytes() for path in sorted(SHARED.glob("*"))}
    found["fragments on hidden sheets (lab)"] = write_xls(*fragmented(xlm_lines(fallback_urls(2)), "bench"))
    rows = {f"{col}{row}": float(row) for row in range(1, 20_001) for col in "AB"}
    found["40,000 cells, no macros"] = write_xls([Sheet("Data", rows)])
    return found


def milliseconds(name: str, data: bytes) -> float:
    """Give the least CPU time of recognising and analysing a document."""
    analyzer = load()["xlm"]
    artifact = Artifact(name, data, name)
    least = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        if analyzer.claims(artifact):
            list(analyzer.run(artifact))
        least = min(least, time.process_time() - start)
    return least * 1_000


def main() -> None:
    """Print one line a document."""
    for name, data in samples().items():
        print(f"{milliseconds(name, data):8.2f} ms  {len(data):>9,} bytes  {name}")


if __name__ == "__main__":
    main()
