#!/usr/bin/env python3
"""Write reference/rules-that-cannot-run.md: every public rule that cannot run, with its reason, and what the rest uses.

Run: .venv/bin/python docs/rule_coverage.py [folder]   (default: ../shared/data)
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sekisho.app import ruleset
from sekisho.app.rules.listing import every
from sekisho.detect import rules
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import RuleError
from sekisho.model.rule import Rule

DOCS = Path(__file__).resolve().parent
SETS = ("sigma/rules", "sigma/rules-emerging-threats", "sigma/rules-threat-hunting", "tm-v1-sigma")


def main() -> int:
    """Load every set and write the page."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS.parent.parent / "shared" / "data"
    missing = [name for name in SETS if not (root / name).is_dir()]
    if missing:
        print(f"{root / missing[0]}: no such folder; give the folder of the public rules", file=sys.stderr)
        return 2
    page = DOCS / "reference" / "rules-that-cannot-run.md"
    page.write_text("".join(lines(root)), encoding="utf-8")
    print(page)
    return 0


def lines(root: Path) -> Iterator[str]:
    """Give the page."""
    texts, unreadable = ruleset.texts([str(root / name) for name in SETS])
    loaded = rules.load(texts)
    failed = [*loaded.failed, *unreadable]
    yield "# Rules that cannot run\n\n"
    yield "Written by `.venv/bin/python docs/rule_coverage.py` over the public rules beside the project.\n"
    yield f"{len(every(loaded)) + len(failed):,} rules were read; {len(failed)} cannot run.\n\n"
    yield "| rule | line | reason |\n|---|---|---|\n"
    for one in sorted(failed, key=lambda one: (one.path, one.line)):
        yield f"| {Path(one.path).relative_to(root)} | {one.line or ''} | {cell(one.reason)} |\n"
    yield "\nRules of `tm-v1-sigma` name fields of their own and need `--pipeline tm-v1` to match our events."
    yield "\nA rule that names placeholders runs once `--placeholders FILE` gives their values.\n"
    yield "\n## By set\n\n| set | rules | can run | cannot |\n|---|---|---|---|\n"
    for name in SETS:
        good = len(below(root / name, every(loaded)))
        bad = len(below(root / name, failed))
        yield f"| {name} | {good + bad} | {good} | {bad} |\n"
    yield from table("By product", "product", Counter(one.logsource.product or "any" for one in every(loaded)))
    where = Counter(one.logsource.category or one.logsource.service or "any" for one in every(loaded))
    yield from table("By category, else service", "category", where)
    yield from table("Modifiers", "modifiers of one field", modifiers(texts, loaded))


def below(folder: Path, given: list[Rule] | list[RuleError]) -> list[Rule | RuleError]:
    """Give the rules or failures whose file is below a folder."""
    return [one for one in given if Path(one.path).is_relative_to(folder)]


def table(title: str, head: str, counted: Counter[str]) -> Iterator[str]:
    """Give a table of counts, largest first."""
    yield f"\n## {title}\n\n| {head} | count |\n|---|---|\n"
    for name, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"| {cell(name)} | {count} |\n"


def modifiers(texts: list[tuple[str, str]], loaded: RuleSet) -> Counter[str]:
    """Count the combinations of modifiers as rules that can run write them."""
    running = {(one.path, one.line) for one in loaded.rules}
    counted: Counter[str] = Counter()
    for path, text in texts:
        for document in rules.rule_documents(path, text):
            if (path, getattr(document, "line", 0)) in running:
                waiting = [value for name, value in document["detection"].items() if name != "condition"]
                while waiting:
                    value = waiting.pop()
                    waiting += value if isinstance(value, list) else []
                    if isinstance(value, dict):
                        counted.update("|".join(key.split("|")[1:]) or "(none)" for key in value)
                        waiting += [one for one in value.values() if isinstance(one, dict)]
    return counted


def cell(text: str) -> str:
    """Make a text fit for a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main())
