"""Rates of loading and matching rules: ``./dev bench detect`` or ``python tests/bench/bench_detect.py [rules] [logs…]``.

Not a test. Without arguments it takes the public rules and real Windows logs beside the project. Events are read and
normalised before the clock starts; CPU time of one process. "first" builds the engine on the way, "again" keeps it
and begins with empty memos, as in a long run over logs that repeat themselves as much as these do.
"""

from __future__ import annotations

import pickle
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from sekisho.detect.rules import RuleSet, load
from sekisho.model.event import Event
from sekisho.normalize.windows import normalize
from sekisho.sources import Row, Source
from sekisho.sources import load as load_sources

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
REPEATS = 3
Result = TypeVar("Result")


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """Give what work gives, and its CPU seconds."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def texts_below(folder: Path) -> list[tuple[str, str]]:
    """Read every rule below a folder."""
    paths = sorted(path for path in folder.rglob("*.yml") if "regression_data" not in path.parts)
    return [(str(path), path.read_text(encoding="utf-8")) for path in paths]


def events_of(source: Source, paths: list[Path]) -> Iterator[Event]:
    """Read and normalise Windows logs."""
    for path in paths:
        yield from normalize((row for row in source.read(path) if isinstance(row, Row)), str(path))


def measure(name: str, rules: RuleSet, events: list[Event]) -> None:
    """Print the rates for one set of events."""
    fresh = pickle.loads(pickle.dumps(rules))
    hits, first = timed(lambda: sum(len(found) for _, found in fresh.match_all(events)))
    again = float("inf")
    for _ in range(REPEATS):
        for memo in fresh._engine.budget.memos:
            memo.clear()
        again = min(again, timed(lambda: sum(len(found) for _, found in fresh.match_all(events)))[1])
    count = len(events)
    print(
        f"{name:8} {count:8,} events {hits:6,} findings  first {count / first:8,.0f}/s  again {count / again:8,.0f}/s"
    )


def main() -> None:
    """Measure the public rules, or those of a folder, on real logs, or on the logs given."""
    texts = texts_below(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED / "sigma")
    rules, cold = timed(lambda: load(texts))
    packed = pickle.dumps(rules, pickle.HIGHEST_PROTOCOL)
    _, warm = timed(lambda: pickle.loads(packed))
    print(
        f"load {len(rules):,} rules ({len(rules.failed)} cannot run): {cold:.2f} s; pickle {len(packed) / 1e6:.1f} MB, {warm:.3f} s"
    )
    windows = RuleSet([one for one in rules.compiled if one.rule.logsource.product in ("", "windows")])
    print(f"rules that may read Windows events: {len(windows):,}")
    sources = load_sources()
    logs = [Path(one) for one in sys.argv[2:]]
    sets = {
        "evtx": logs or sorted((SHARED / "evtx").rglob("*.evtx")),
        "zipped": [] if logs else sorted(path for path in (SHARED / "otrf").rglob("*.zip") if "zeek" not in path.parts),
    }
    for name, paths in sets.items():
        if paths:
            measure(name, windows, list(events_of(sources[name], paths)))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, events included")


if __name__ == "__main__":
    main()
