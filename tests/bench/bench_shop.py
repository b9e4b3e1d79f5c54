"""Rates of reading a web shop's evidence and looking for script in it: ``python tests/bench/bench_shop.py``; not a test.

The lab's ordinary day is written out some times over. CPU time of one process, median of REPEATS.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path

from sekisho.app.lab import shop
from sekisho.model.injection import find_injection
from sekisho.normalize import injections, records
from sekisho.sources import Row, Source, load

DAY = date(2021, 4, 28)
REPEATS = 5
SQUID = (
    "1619311236.129   2345 192.0.2.3 TCP_MISS/200 4512 GET http://www.example:8080/a/b.dat?x={n} sato"
    " HIER_DIRECT/198.51.100.3 text/html\n"
)


def evidence(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write the files and give each with the name of its source."""
    log, _ = shop.log(shop.visits("bench", DAY))
    for name, file, data in (
        ("access-log", "access.log", log * 15),
        ("csv-orders", "orders.csv", shop.table(shop.orders("bench", DAY) * 15)),
        ("csp-report", "csp.jsonl", shop.report_lines(shop.reports("bench", DAY)) * 200),
        ("squid", "squid.log", "".join(SQUID.format(n=n) for n in range(60_000)).encode()),
    ):
        (folder / file).write_bytes(data)
        yield name, folder / file


def median_s(work: Callable[[], int]) -> tuple[int, float]:
    """Give how many rows there were, and the median of the seconds that they took."""
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        count = work()
        times.append(time.process_time() - started)
    return count, statistics.median(times)


def looked_at(source: Source, path: Path) -> int:
    """Read, normalise and look for script, as a run does."""
    find = lru_cache(maxsize=20_000)(find_injection)
    rows = (row for row in source.read(path) if isinstance(row, Row))
    return sum(1 for event in records.normalize(rows, str(path)) if injections.enrich(event, find))


def main() -> None:
    """Print the rates of each source."""
    with tempfile.TemporaryDirectory() as name:
        for kind, path in evidence(Path(name)):
            source = load()[kind]
            count, read_s = median_s(lambda source=source, path=path: sum(1 for _ in source.read(path)))
            _, whole_s = median_s(lambda source=source, path=path: looked_at(source, path))
            print(f"{kind:12} {count:8,} rows  read {count / read_s:9,.0f}/s  with script {count / whole_s:9,.0f}/s")


if __name__ == "__main__":
    sys.exit(main())
