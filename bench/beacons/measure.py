#!/usr/bin/env python3
"""Measure how many pairs of a real network have a steady beat, by the thresholds of our rules and looser ones.

Run: .venv/bin/python bench/beacons/measure.py [folder]   (default: ../shared/data)

Pairs of Zeek's sample data fall into two halves by hash: thresholds were chosen on the first. Planted beats are seeded:
a call every so often with jitter, nights and lost calls, beside which the share that a rule finds is printed.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from sekisho.app import ruleset
from sekisho.detect.beacons import Beacons
from sekisho.model.event import Event, Logsource
from sekisho.normalize import records
from sekisho.normalize.requests import described
from sekisho.sources import Row, load

START_S = 1_795_341_600
TRIALS = 200


def main() -> int:
    """Print both tables."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[3] / "shared" / "data"
    rules = ruleset.load([])
    names = {rule.id: Path(rule.path).stem for rule in rules.rules}
    heard = Beacons()
    paths = [*sorted((root / "zeek").rglob("*.json.gz")), root / "otrf" / "apt29-day1" / "zeek" / "combined_zeek.log"]
    for path in paths:
        for event in events(path):
            heard.add(event)
    counts = {half: {"pairs with a beat": 0} for half in (0, 1)}
    for event in heard.events():
        half = sha256(f"{event.fields['src_ip']}>{event.fields['dst_ip']}".encode()).digest()[0] % 2
        counts[half]["pairs with a beat"] += 1
        for finding in rules.match(event):
            name = names[finding.rule_id]
            counts[half][name] = counts[half].get(name, 0) + 1
            write(f"  half {half}: {name}: {dict(event.fields)}")
    write(f"half looked at: {counts[0]}\nhalf held back: {counts[1]}\n")
    write(f"{'planted':44}" + "".join(f"{name:>22}" for name in ("beacon_bare_address", "beacon_regular")))
    for title, step_s, jitter, count, lost in PLANTED:
        found = {"beacon_bare_address": 0, "beacon_regular": 0}
        for seed in range(TRIALS):
            planted = Beacons()
            for event in calls(step_s, jitter, count, lost, seed):
                planted.add(event)
            hit = {names[one.rule_id] for event in planted.events() for one in rules.match(event)}
            for name in found:
                found[name] += name in hit
        write(f"{title:44}" + "".join(f"{found[name] / TRIALS:22.3f}" for name in found))
    return 0


PLANTED = (
    ("every minute, 10 % jitter, 2 hours", 60, 0.1, 120, 0.0),
    ("every minute, 37 % jitter, 2 hours", 60, 0.37, 120, 0.0),
    ("every 5 minutes, 20 % jitter, 5 % lost, 8 h", 300, 0.2, 96, 0.05),
    ("every 15 minutes, 50 % jitter, 1 day", 900, 0.5, 96, 0.0),
    ("every minute, 90 % jitter, 2 hours", 60, 0.9, 120, 0.0),
    ("every minute, no jitter, 10 calls", 60, 0.0, 10, 0.0),
)


def calls(step_s: float, jitter: float, count: int, lost: float, seed: int) -> Iterator[Event]:
    """Give the connections of one implant; jitter shortens the pause, as Cobalt Strike has it."""
    dice, at = random.Random(seed), 0.0
    fields = {"src_ip": "10.0.12.42", "dst_ip": "203.0.113.9", "dst_port": 8080}
    for _ in range(count):
        at += step_s * (1 - dice.uniform(0, jitter))
        if dice.random() >= lost:
            yield Event(Logsource("zeek", "firewall", "conn"), fields, int((START_S + at) * 10**9))


def events(path: Path) -> Iterator[Event]:
    """Give the events of one log."""
    source = load()["json-records"]
    rows = (one for one in source.read(path) if isinstance(one, Row))
    return map(described, records.normalize(rows, source=path.name))


def write(line: str) -> None:
    """Print one line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
