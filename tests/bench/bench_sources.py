"""Rates of reading and normalising endpoint logs: ``python tests/bench/bench_sources.py [files…]``; not a test.

Without files it measures the real sets beside the project, the large EVTX and JSON files apart from the small ones.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sekisho.normalize.windows import normalize
from sekisho.sources import Row, Source, load

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
            for _event in normalize(_rows(source, [path]), str(path)):
                pass
        best["events"] = min(best["events"], time.process_time() - start)
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    print(
        f"{name:28} {len(paths):4} files {megabytes:7.1f} MB {count:8,} rows"
        f"  read {count / best['read']:9,.0f}/s  read+normalize {count / best['events']:9,.0f}/s"
    )


def main() -> None:
    """Measure the files given, each by the source that recognises it, or the real sets."""
    sources = load()
    if sys.argv[1:]:
        for path in map(Path, sys.argv[1:]):
            head = path.open("rb").read(65_536)
            for name, source in sources.items():
                if source.recognise(head, path):
                    measure(f"{name} {path.name}", source, [path])
        return
    logs = sorted((SHARED / "evtx").rglob("*.evtx"))
    measure("evtx, all", sources["evtx"], logs)
    large = [path for path in logs if path.stat().st_size > 1_500_000]
    measure("evtx, above 1.5 MB", sources["evtx"], large)
    measure("zipped OTRF JSON", sources["zipped"], sorted((SHARED / "otrf" / "atomic").rglob("*.zip")))


if __name__ == "__main__":
    main()
