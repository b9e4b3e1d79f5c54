"""How well planted attacks are told: recall, precision, root, merges, splits and false alarms, case by case.

Run: .venv/bin/python bench/stories/measure.py [CASE ...] [--json FILE]
Every case with planted steps alone, then all of them in the mixed week.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sekisho.app import ruleset
from sekisho.app.lab import cases, mixed
from sekisho.app.lab.measure import Measured, measure
from sekisho.app.lab.mixed import Attack
from sekisho.app.pipeline import Options, investigate
from sekisho.detect.ruleset import RuleSet

COLUMNS = ("case", "steps found", "precision", "root", "split", "other incidents", "of high severity")


def main() -> None:
    """Print a table, and write what was missed and what was unrelated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    rules = ruleset.load([])
    _say(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    told = []
    for case in cases.EVERY.values():
        name = case.name
        if chosen.cases and name not in chosen.cases:
            continue
        if not mixed.is_attack(case) and not chosen.cases and not name.endswith("-benign"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            made = cases.make(name, Path(folder))
            attacks = [mixed.attack_of(case)] if mixed.is_attack(case) else []
            told.append(_one(name, made, attacks, rules))
    if not chosen.cases:
        with tempfile.TemporaryDirectory() as folder:
            made = mixed.make(Path(folder))
            told.append(_one(mixed.NAME, made, mixed.week()[1], rules))
    if chosen.json:
        chosen.json.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")


def _one(name: str, folder: Path, attacks: Sequence[Attack], rules: RuleSet) -> dict[str, object]:
    result = investigate([str(folder / "evidence")], rules, Options(jobs=2))
    measured = measure(result, attacks, f"{folder}/")
    _print(name, measured)
    if measured.merged:
        _say(f"{name}: {measured.merged} incidents tell more than one attack")
    return {"folder": name, "merged": measured.merged, "told": [asdict(one) for one in measured.told]}


def _print(name: str, measured: Measured) -> None:
    alarms = f"{len(measured.others)} | {len(measured.false_alarms)}"
    if not measured.told:
        _say(f"| {name} | - | - | - | - | {alarms} |")
    for one in measured.told:
        shown = name if name == one.case else f"{name}: {one.case}"
        root = "right" if one.root_right else "wrong"
        steps = f"{one.found} of {one.steps}"
        _say(f"| {shown} | {steps} | {one.precision:.3f} | {root} | {one.split} | {alarms} |")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
