"""Compare rules fitted by pipelines/windows.yml over raw Windows records with the normal path over normalised ones.

What only the normal path can find is printed by rule, channel and event id; docs/guide/pipelines.md says why.

Run: .venv/bin/python tests/oracle/compare_windows.py RULES LOGS [LOGS ...]
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sekisho.detect import pipelines
from sekisho.detect.rules import RuleSet, load
from sekisho.model.errors import SekishoError
from sekisho.model.event import Event, Logsource
from sekisho.normalize.windows import normalize
from sekisho.normalize.windows_logsources import SERVICES
from sekisho.normalize.windows_shapes import Shapes
from sekisho.sources import Row, evtx, jsonl, zipped

WINDOWS = Path(__file__).parents[2] / "pipelines" / "windows.yml"
READERS = {".evtx": evtx.read, ".json": jsonl.read, ".jsonl": jsonl.read, ".zip": zipped.read}


def main() -> int:
    """Print how many records give the same findings, and what differs."""
    rules, *logs = map(Path, sys.argv[1:])
    normal, fitted = rule_sets(rules)
    same, total, findings = 0, 0, 0
    differing: Counter[tuple[str, str, str, str]] = Counter()
    for path in (path for log in logs for path in sorted([log] if log.is_file() else log.rglob("*"))):
        for event, raw in pairs(path):
            usual, told = ({one.rule_id for one in found.match(at)} for found, at in ((normal, event), (fitted, raw)))
            same, total, findings = same + (usual == told), total + 1, findings + len(usual)
            place = (str(raw.fields.get("Channel")), str(raw.fields.get("EventID")))
            differing.update(("only normal", one, *place) for one in usual - told)
            differing.update(("only fitted", one, *place) for one in told - usual)
    titles = {rule.id: rule.title for rule in normal.rules}
    print(f"{len(fitted)} rules, {total} records, {findings} findings; the same for {same} records")
    for (which, rule_id, channel, event_id), count in differing.most_common():
        print(f"{count:6} {which}: {titles[rule_id]} ({channel}, {event_id})")
    return 0 if same == total else 1


def rule_sets(rules: Path) -> tuple[RuleSet, RuleSet]:
    """Load the rules as they are and as the pipeline makes them."""
    paths = sorted(path for path in rules.rglob("*.yml") if "regression_data" not in path.parts)
    texts = [(str(path), path.read_text(encoding="utf-8")) for path in paths]
    fitting = pipelines.load([(str(WINDOWS), WINDOWS.read_text(encoding="utf-8"))])
    return load(texts), load(texts, pipelines=fitting)


def pairs(path: Path) -> Iterator[tuple[Event, Event]]:
    """Give each record as the normal path reads it, and as one flat record with nothing derived."""
    if path.suffix not in READERS:
        return
    rows: list[Row] = []
    try:
        rows.extend(row for row in READERS[path.suffix](path) if isinstance(row, Row))
    except SekishoError as error:
        print(error, file=sys.stderr)
    flatten = Shapes().flatten
    for row, event in zip(rows, normalize(rows, str(path)), strict=True):
        fields = flatten(row.fields)[0]
        service = SERVICES.get(str(fields.get("Channel")).lower(), "")
        yield event, Event(Logsource("windows", "", service), fields)


if __name__ == "__main__":
    sys.exit(main())
