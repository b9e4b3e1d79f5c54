"""Rates of correlating: ``./dev bench correlation`` or ``python tests/bench/bench_correlation.py [most hits]``.

Not a test. Hits are made before the clock starts: 1,000 users, three rules, some 300 hits a second, in the order of
time; CPU time of one process, sorting included.
"""

from __future__ import annotations

import gc
import random
import resource
import sys
import time

from sekisho.detect.correlator import correlate
from sekisho.detect.rules import RuleSet, load
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Finding

RULES = ("a", "b", "c")
BASE = "title: {0}\nid: {0}\nlogsource: {{product: p}}\ndetection:\n  s: {{f: {0}}}\n  condition: s\n---\n"
SIZES = (10_000, 100_000, 1_000_000)
REPEATS = 3
KINDS = {
    "event_count": "gte: 40",
    "event_count (lt)": "lt: 8",
    "value_count": "{field: Ip, gte: 35}",
    "value_sum": "{field: Bytes, gt: 20000}",
    "value_avg": "{field: Bytes, gt: 900}",
    "value_min": "{field: Bytes, lt: 1}",
    "value_median": "{field: Bytes, gt: 900}",
    "value_percentile": "{field: Bytes, percentile: 95, gt: 998}",
    "temporal": "gte: 3",
    "temporal (not)": "a and b and not c",
    "temporal_ordered": "gte: 3",
    "temporal_ordered (some)": "gte: 2",
}


def rules_for(name: str) -> RuleSet:
    """Give one correlation of a kind."""
    condition = KINDS[name] if KINDS[name][0] in "{a" else f"{{{KINDS[name]}}}"
    text = "".join(BASE.format(rule) for rule in RULES) + (
        f"title: bench\ncorrelation:\n  type: {name.split()[0]}\n  rules: [a, b, c]\n  group-by: [User, Host]\n"
        f"  timespan: 1m\n  condition: {condition}\n"
    )
    rules = load([("bench.yml", text)])
    assert not rules.failed, rules.failed
    return rules


def hits_of(count: int) -> list[tuple[Event, Finding]]:
    """Make hits; an event is some dozen fields wide, as logs are."""
    source = random.Random(7)
    logsource = Logsource("p")
    made = []
    at = 0
    for number in range(count):
        at += source.randrange(6_000_000)
        user = source.randrange(1000)
        fields = {
            "User": f"CORP\\user{user}", "Host": f"PC{user % 50}", "Ip": f"192.0.2.{source.randrange(200)}",
            "Bytes": source.randrange(1000), **{f"Field{n}": n for n in range(10)},
        }  # fmt: skip
        rule = RULES[source.randrange(3)]
        event = Event(logsource, fields, at, "PC", "user", "log.evtx", str(number))
        made.append(
            (event, Finding(f"f{number}", rule, rule, "low", (), "log.evtx", str(number), at, (), f"e{number}"))
        )
    return made


def main() -> None:
    """Measure every kind at every size."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1]
    every = hits_of(most)
    sizes = [size for size in SIZES if size <= most]
    gc.collect()
    gc.freeze()
    print(f"{'':24}" + "".join(f"{size:>22,} hits" for size in sizes))
    for name in KINDS:
        rules = rules_for(name)
        cells = []
        for size in sizes:
            hits = every[:size]
            best, found = float("inf"), 0
            for _ in range(REPEATS):
                start = time.process_time()
                outcome = correlate(rules.correlations, hits)
                best = min(best, time.process_time() - start)
                found = len(outcome.findings)
            cells.append(f"{size / best:>12,.0f}/s {found:>6} found")
        print(f"{name:24}" + "   ".join(cells), flush=True)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, hits included")


if __name__ == "__main__":
    main()
