"""Where the time of ``sekisho detect`` goes, step by step: ``./dev bench stages`` or ``python tests/bench/bench_stages.py``.

Not a test. Takes the host events of the attack emulations beside the project as JSON lines in memory, or with ``evtx``
as the first argument the EVTX files beside the project (twice, as what is met first costs more), and does what
``app/logs.py`` does with each, with a clock around every step; what the clock itself costs is measured and taken
off. One process, CPU time.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import orjson
from bench_logs import exports

from sekisho.analyzers.command_line import unfold
from sekisho.app import ruleset
from sekisho.detect.ruleset import finding
from sekisho.model.detection import Counts
from sekisho.normalize.commands import unfolded
from sekisho.normalize.windows import Reader
from sekisho.normalize.windows_repeats import Repeats
from sekisho.respond import document
from sekisho.respond.wording import Words
from sekisho.sources import Row
from sekisho.sources import load as load_sources

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
STEPS = {
    "parse": "JSON to values (orjson); EVTX: to JSON (evtx), to values, numbered",
    "known": "told as a repetition of what matched nothing",
    "unknown": "looked up as a repetition, and is none",
    "draft": "flattened, named as Sigma does, routed",
    "unfold": "command line unfolded",
    "match": "candidates found and conditions asked",
    "finish": "event completed: time, host, user (findings only)",
    "write": "findings made, counted and written as JSON (findings only)",
    "learn": "kept as a repetition to be",
}


def clock_cost() -> float:
    """Give the seconds between two looks at the clock."""
    started = process_time()
    for _ in range(50_000):
        process_time()
    return (process_time() - started) / 50_000


def json_rows(lines: list[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Give each record and its text."""
    for line in lines:
        yield orjson.loads(line), line


def evtx_rows(path: Path) -> Iterator[tuple[Any, Any]]:
    """Give each record of an EVTX file and its text."""
    for row in load_sources()["evtx"].read(path):
        if isinstance(row, Row):
            yield row.fields, row.text


class Steps:
    """One worker's work, with a clock around every step."""

    def __init__(self) -> None:
        self.rules = ruleset.load([str(SHARED / "sigma")])
        self.engine = self.rules.engine
        self.repeats = Repeats(lambda draft: self.engine.reads(draft.logsource, draft.fields))
        self.words = Words("en")
        self.clear()

    def clear(self) -> None:
        """Count from zero."""
        self.spent: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.events = self.findings = 0

    def step(self, name: str, since: float) -> float:
        """Note the end of a step and give the time from which the next one counts."""
        now = process_time()
        self.spent[name] += now - since
        self.asked[name] += 1
        return process_time()

    def run(self, rows: Iterator[tuple[Any, Any]]) -> None:
        """Do what is done with the records of one file."""
        reader, repeats, step = Reader("log"), self.repeats, self.step
        repeats.begin()
        while True:
            at = process_time()
            row = next(rows, None)
            if row is None:
                return
            raw, text = row
            self.events += 1
            at = step("parse", at)
            known = repeats.seen(raw, text)
            at = step("known" if known else "unknown", at)
            if known:
                continue
            draft = reader.draft(raw)
            at = step("draft", at)
            fields = unfolded(draft.logsource, draft.fields, unfold)
            at = step("unfold", at)
            found = self.engine.matches(draft.logsource, fields, silent=repeats.silent)
            at = step("match", at)
            self.findings += len(found)
            if found:
                event = reader.finish(draft._replace(fields=fields), "1")
                at = step("finish", at)
                counts = Counts()
                for one in found:
                    made = finding(one, event)
                    counts.add(made, "en")
                    document.line(made, self.words, None)
                step("write", at)
            else:
                if not repeats.taught:
                    reader.learn(draft)
                repeats.remember(raw, draft)
                step("learn", at)

    def show(self, title: str) -> None:
        """Print the cost of each step per event and its share."""
        cost, events = clock_cost(), self.events
        spent = Counter({name: seconds - cost * self.asked[name] for name, seconds in self.spent.items()})
        total = sum(spent.values())
        print(f"{title}: {events:,} events, {len(self.engine.entries):,} rules, {self.findings:,} findings")
        print(f"{'step':70} {'asked':>9} {'each':>9} {'per event':>10} {'share':>6}")
        for name, text in STEPS.items():
            seconds, times = spent[name], self.asked[name] or 1
            print(
                f"{text:70} {self.asked[name]:9,} {seconds / times * 1e6:6.1f} µs {seconds / events * 1e6:7.2f} µs"
                f" {seconds / total:6.0%}"
            )
        rate = f"{total / events * 1e6:7.2f} µs   = {events / total:,.0f} events/s"
        print(f"{'all':70} {'':9} {'':9} {rate}")


def main() -> None:
    """Print the steps of JSON lines, or of EVTX files for the first and the second time."""
    steps = Steps()
    if sys.argv[1:2] == ["evtx"]:
        paths = sorted((SHARED / "evtx").rglob("*.evtx"))
        for title in ("EVTX, first time", "EVTX, second time"):
            for path in paths:
                steps.run(evtx_rows(path))
            steps.show(title)
            steps.clear()
        return
    lines = list(exports())[: int(sys.argv[1]) if len(sys.argv) > 1 else None]
    steps.run(json_rows(lines))
    steps.show(f"JSON of {sum(map(len, lines)) / len(lines):,.0f} bytes")


if __name__ == "__main__":
    main()
