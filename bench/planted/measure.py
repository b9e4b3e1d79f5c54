#!/usr/bin/env python3
"""Show which planted steps of a lab case rules find, ours and those of a public folder apart.

Run: .venv/bin/python bench/planted/measure.py exchange-hijack [FOLDER of public Sigma rules]...

For each set it prints the steps found at any level and at ``high`` or above, those missed, and findings by level on
records where nothing was planted. The cases are our own, so a public set is measured on a home ground that is not its.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from sekisho.app import ruleset
from sekisho.app.lab import cases
from sekisho.app.lab.corp import DOMAIN
from sekisho.app.lab.planted import read
from sekisho.app.pipeline import Options, investigate
from sekisho.model.finding import Finding
from sekisho.model.organisation import Organisation

SERIOUS = ("high", "critical")


def show(name: str, found: Sequence[Finding], keys: dict[tuple[str, str], set[str]]) -> None:
    """Print what one set of rules found."""
    steps = sorted({key for shown in keys.values() for key in shown})
    any_level: set[str] = set()
    serious: set[str] = set()
    elsewhere: Counter[str] = Counter()
    for one in found:
        source = one.source.split(" » ")[0]
        shown = keys.get((source, one.record)) or keys.get((source, ""))
        if not shown:
            elsewhere[one.level] += 1
            continue
        any_level |= shown
        if one.level in SERIOUS:
            serious |= shown
    print(f"{name}: {len(any_level)} of {len(steps)} steps, {len(serious)} at high or above")  # noqa: T201
    print(f"  missed: {', '.join(one for one in steps if one not in any_level) or 'none'}")  # noqa: T201
    print(f"  elsewhere: {', '.join(f'{count} {level}' for level, count in sorted(elsewhere.items())) or 'nothing'}")  # noqa: T201


def main() -> None:
    """Measure one case."""
    case, *folders = sys.argv[1:] or ["exchange-hijack"]
    public = [str(Path(folder).resolve()) for folder in folders]
    rules = ruleset.load([])
    own = {one.id for one in (*rules.rules, *rules.correlations)}
    loaded = ruleset.load(public) if public else rules
    with tempfile.TemporaryDirectory() as place:
        folder = cases.make(case, Path(place))
        keys: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for one in read(folder):
            keys[one.source, one.record].add(one.key)
        os.chdir(folder)
        whose = Organisation(domains=frozenset({DOMAIN}))
        found = investigate(["evidence"], loaded, Options(jobs=os.cpu_count() or 1, organisation=whose)).findings
    show("our rules", [one for one in found if one.rule_id in own], keys)
    if public:
        show("public rules", [one for one in found if one.rule_id not in own], keys)


if __name__ == "__main__":
    main()
