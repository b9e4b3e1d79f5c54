"""The plain matcher against the fast ones on real logs, every rule on every event.

Run: .venv/bin/python tests/oracle/compare_matchers.py [evtx] [otrf] [regression] [--every N]

Not a test: it takes minutes. For each event of the logs beside the project, every rule whose logsource reads it is asked
plainly (``detect/oracle``), and the answer with its evidence must be that of ``RuleSet.match``; then what
``sekisho detect`` finds in the whole file, leaving out repetitions, must be the same again. ``--every N`` asks the
plain matcher about each Nth event only; the two fast ways are always compared on all.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, defaultdict
from multiprocessing import Pool
from pathlib import Path

from sekisho.analyzers.command_line import unfold
from sekisho.app import ruleset
from sekisho.app.intake import Intake
from sekisho.app.logs import Asked, Piece, read_piece
from sekisho.detect.oracle import explain
from sekisho.model.event import Logsource
from sekisho.normalize import windows
from sekisho.normalize.commands import enrich
from sekisho.sources import Row
from sekisho.sources import load as load_sources

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
CORPORA = {
    "evtx": ("evtx", sorted((SHARED / "evtx").rglob("*.evtx"))),
    "otrf": ("zipped", sorted(one for one in (SHARED / "otrf").rglob("*.zip") if "zeek" not in one.parts)),
    "regression": ("evtx", sorted((SHARED / "sigma" / "regression_data").rglob("*.evtx"))),
}
RULES = ruleset.load([str(SHARED / "sigma")])


def compare(work: tuple[str, Path, int]) -> tuple[Counter[str], list[str]]:
    """Compare the three ways on one file."""
    kind, path, every = work
    source = load_sources()[kind]
    counted: Counter[str] = Counter()
    different: list[str] = []
    readers: dict[Logsource, list] = {}
    matched: dict[str, list[str]] = defaultdict(list)
    rows = (row for row in source.read(path) if isinstance(row, Row))
    for number, plain in enumerate(windows.normalize(rows, path.name)):
        event = enrich(plain, unfold)
        found = [(one.rule_id, one.evidence) for one in RULES.match(event)]
        matched[event.record] += [rule_id for rule_id, _ in found]
        counted["events"] += 1
        counted["findings"] += len(found)
        if number % every:
            continue
        if event.logsource not in readers:
            readers[event.logsource] = [one for one in RULES.compiled if one.rule.logsource.reads(event.logsource)]
        asked = readers[event.logsource]
        counted["pairs"] += len(asked)
        counted["asked"] += 1
        expected = [(one.rule.id, why) for one in asked if (why := explain(one.tree, event.fields)) is not None]
        if found != expected:
            different.append(f"{path.name} {event.record}: {found} is not {expected}"[:500])
    quick: dict[str, list[str]] = defaultdict(list)
    for part in read_piece(Piece(Intake(path, path.name, source)), RULES, Asked(story=False)):
        for event, some in part.found:
            quick[event.record] += [one.rule_id for one in some]
    if quick != {record: ids for record, ids in matched.items() if ids}:
        different.append(f"{path.name}: what detect finds is not what every event gives")
    return counted, different


def main() -> int:
    """Compare on all cores and print a row for each corpus; 1 when anything differs."""
    every = int(sys.argv[sys.argv.index("--every") + 1]) if "--every" in sys.argv else 1
    chosen = [one for one in sys.argv[1:] if one in CORPORA] or list(CORPORA)
    worst = 0
    print(f"{len(RULES.compiled):,} rules")
    with Pool(os.cpu_count()) as pool:
        for name in chosen:
            kind, paths = CORPORA[name]
            total: Counter[str] = Counter()
            problems: list[str] = []
            started = time.perf_counter()
            largest_first = sorted(paths, key=lambda path: -path.stat().st_size)
            for done, (counted, different) in enumerate(
                pool.imap_unordered(compare, [(kind, path, every) for path in largest_first]), 1
            ):
                total.update(counted)
                problems += different
                print(f"\r{name}: {done}/{len(paths)} files", end="", file=sys.stderr, flush=True)
            took = time.perf_counter() - started
            print(
                f"\r{name}: {len(paths)} files, {total['events']:,} events, {total['asked']:,} asked plainly,"
                f" {total['pairs']:,} pairs of rule and event, {total['findings']:,} findings,"
                f" {len(problems)} differences, {took:.0f} s"
            )
            for one in problems[:20]:
                print(f"  {one}")
            worst = max(worst, int(bool(problems)))
    return worst


if __name__ == "__main__":
    sys.exit(main())
