"""Where the time of ``sekisho detect`` goes, step by step: ``./dev bench stages`` or ``python tests/bench/bench_stages.py``.

Not a test. Takes the host events of the attack emulations beside the project as JSON lines in memory and does what
``app/logs.py`` does with each, with a clock around every step; what the clock itself costs is measured and taken
off. One process, wall time: other work on the machine is in it, so the shares say more than the figures.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from time import perf_counter

import orjson
from bench_logs import exports

from sekisho.analyzers.command_line import unfold
from sekisho.app import ruleset
from sekisho.normalize.commands import unfolded
from sekisho.normalize.windows import Reader
from sekisho.normalize.windows_repeats import Repeats

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
STEPS = {
    "parse": "JSON to values (orjson)",
    "known": "told as a repetition of what matched nothing",
    "unknown": "looked up as a repetition, and is none",
    "draft": "flattened, named as Sigma does, routed",
    "unfold": "command line unfolded",
    "match": "candidates found and conditions asked",
    "finish": "event completed: time, host, user (findings only)",
    "learn": "kept as a repetition to be",
}


def clock_cost() -> float:
    """Give the seconds between two looks at the clock."""
    started = perf_counter()
    for _ in range(200_000):
        perf_counter()
    return (perf_counter() - started) / 200_000


def main() -> None:
    """Print the cost of each step per event and its share, for the whole and by kind of event."""
    engine = ruleset.load([str(SHARED / "sigma")]).engine
    lines = list(exports())[: int(sys.argv[1]) if len(sys.argv) > 1 else None]
    reader = Reader("events.jsonl")
    repeats = Repeats(lambda draft: engine.reads(draft.logsource, draft.fields))
    spent: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    findings = 0

    def step(name: str, since: float) -> float:
        now = perf_counter()
        spent[name] += now - since
        asked[name] += 1
        return perf_counter()

    for line in lines:
        at = perf_counter()
        raw = orjson.loads(line)
        at = step("parse", at)
        known = repeats.seen(raw, line)
        at = step("known" if known else "unknown", at)
        if known:
            continue
        draft = reader.draft(raw)
        at = step("draft", at)
        fields = unfolded(draft.logsource, draft.fields, unfold)
        at = step("unfold", at)
        found = engine.matches(draft.logsource, fields, silent=repeats.silent)
        at = step("match", at)
        findings += len(found)
        if found:
            reader.finish(draft, "1")
            step("finish", at)
        else:
            if not repeats.taught:
                reader.learn(draft)
            repeats.remember(raw, draft)
            step("learn", at)
    cost = clock_cost()
    spent = Counter({name: seconds - cost * asked[name] for name, seconds in spent.items()})
    total = sum(spent.values())
    size = sum(map(len, lines)) / len(lines)
    print(f"{len(lines):,} events of {size:,.0f} bytes, {len(engine.entries):,} rules, {findings:,} findings")
    print(f"{'step':70} {'asked':>9} {'each':>9} {'per event':>10} {'share':>6}")
    for name, text in STEPS.items():
        seconds, times = spent[name], asked[name] or 1
        print(
            f"{text:70} {asked[name]:9,} {seconds / times * 1e6:6.1f} µs {seconds / len(lines) * 1e6:7.2f} µs {seconds / total:6.0%}"
        )
    print(f"{'all':70} {'':9} {'':9} {total / len(lines) * 1e6:7.2f} µs   = {len(lines) / total:,.0f} events/s")


if __name__ == "__main__":
    main()
