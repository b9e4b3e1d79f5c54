#!/usr/bin/env python3
"""Write reference/real-input.md: what came of every file of the real data beside the project.

Run: .venv/bin/python docs/real_input.py [folder]   (default: ../shared/data)
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from sekisho.app import intake, logs, ruleset
from sekisho.app.gaps import Gaps
from sekisho.app.pipeline import Options, investigate
from sekisho.model.limits import DEFAULT
from sekisho.model.result import Result

DOCS = Path(__file__).resolve().parent
SETS = {
    "mail/phishing_pot": False,
    "mail/spamassassin_corpus": False,
    "mail/modern_ham_derived": False,
    "fixtures/mail-parser": False,
    "fixtures/spamassassin": False,
    "fixtures/oletools": False,
    "fixtures/lnkparse3/samples": False,
    "evtx": True,
    "otrf/atomic": True,
    "otrf/apt29-day1": True,
    "zeek": True,
    "suricata-verify": True,
    "sigma/regression_data": True,
}
LOGS = ("evtx", "otrf", "zeek", "suricata-verify", "maillogs", "weblogs", "sigma/regression_data")
RULES = ("sigma/rules", "sigma/rules-emerging-threats", "sigma/rules-threat-hunting")
REASONS = 30


def main() -> int:
    """Run every set and write the page."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS.parent.parent / "shared" / "data"
    if not root.is_dir():
        print(f"{root}: no such folder; give the folder of the real data", file=sys.stderr)
        return 2
    own = ruleset.load([])
    public = ruleset.load([str(root / name) for name in RULES])
    lines = [
        "# Real input: what came of every file\n\n",
        "Written by `docs/real_input.py` over the real data beside the project; a verdict is no accuracy figure.\n",
        "`unscanned` files are named with their reasons below. Nothing crashed, nothing hung: the run ends, and each\n",
        "worker that had to be stopped would stand here with its reason.\n\n",
        "| set | files | malicious | suspicious | clean | unscanned | records | findings |\n",
        "|---|---|---|---|---|---|---|---|\n",
    ]
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for name, with_logs in SETS.items():
        result = investigate([str(root / name)], public if with_logs else own, Options(jobs=2, logs=with_logs))
        lines.append(row(name, result))
        for one, _ in result.artifacts:
            if one.unscanned:
                reasons[name][short(one.unscanned)] += 1
        for given in result.inputs:
            if given.skipped and not given.failed:
                reasons[name][f"skipped: {given.skipped}"] += 1
    lines += reading(root)
    lines.append("\n## Not read, with reasons\n\n| set | artifacts | reason |\n|---|---|---|\n")
    for name, counted in reasons.items():
        lines += [f"| {name} | {count} | {reason} |\n" for reason, count in counted.most_common(REASONS)]
    (DOCS / "reference" / "real-input.md").write_text("".join(lines), encoding="utf-8")
    return 0


def reading(root: Path) -> Iterator[str]:
    """Give the table of what was read of logs, and how much of it was understood."""
    yield "\n## Logs: records read, understood and not\n\n"
    yield "A record is understood when its logsource is known, so that rules can be about it. A gap is a place that\n"
    yield "could not be read.\n\n"
    yield "| set | files | logs | records | understood | not understood | without a time | gaps |\n"
    yield "|---|---|---|---|---|---|---|---|\n"
    for name in LOGS:
        files = [one for one in intake.walk([str(root / name)], DEFAULT) if not one.skipped]
        read = [one for one in files if one.source is not None and one.source.event_class != "artifact"]
        counts = sum((counted(one) for one in read), Counter[str]())
        cells = (counts[what] for what in ("records", "understood", "unknown", "untimed", "gaps"))
        yield f"| {name} | {len(files)} | {len(read)} | {' | '.join(map(str, cells))} |\n"


def counted(one: intake.Intake) -> Counter[str]:
    """Count the records of one log."""
    counts: Counter[str] = Counter()
    gaps = Gaps()
    for event in logs.events_of(one, gaps):
        known = any(event.logsource)
        counts.update(records=1, understood=known, unknown=not known, untimed=event.time_ns is None)
    counts["gaps"] = gaps.count
    return counts


def row(name: str, result: Result) -> str:
    """Give one line of the table; a log file has records instead of verdicts."""
    verdicts = Counter(judgement.verdict.value for one, judgement in result.artifacts if one.artifact.parent is None)
    words = " | ".join(str(verdicts[word]) for word in ("malicious", "suspicious", "clean", "unscanned"))
    records = sum(one.records for one in result.inputs)
    return f"| {name} | {len(result.inputs)} | {words} | {records} | {len(result.findings)} |\n"


def short(reason: str) -> str:
    """Give a reason without what differs from file to file."""
    return reason.partition(" (at byte")[0].partition("; ")[0].replace("|", "/")[:100]


if __name__ == "__main__":
    sys.exit(main())
