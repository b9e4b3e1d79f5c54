"""Tuning files are read here, and checked without a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

from sekisho.detect import tuning
from sekisho.detect.correlations import Correlation
from sekisho.detect.ruleset import RuleSet
from sekisho.detect.tuning import Entry, Tuning
from sekisho.model.errors import RuleError
from sekisho.model.rule import Rule

RULES_SHOWN = 5  # of one entry


def read(paths: Iterable[str], rules: RuleSet, today: date | None = None) -> Tuning:
    """Read tuning files; ``today`` is the date on this machine unless given.

    Raises:
        RuleError: a file cannot be read at all. What is wrong inside one is in ``Tuning.failed``.
    """
    texts = [(path, _text(path)) for path in paths]
    if not texts:
        return Tuning()
    return tuning.load(texts, known(rules), today or datetime.now().astimezone().date())


def check(paths: Iterable[str], rules: RuleSet, today: date | None = None) -> tuple[list[str], bool]:
    """Tell what each entry of some tuning files would apply to, without any evidence.

    Returns:
        Lines to print, and whether every entry can be used, is in force and names only rules that are loaded.
    """
    checked = read(paths, rules, today)
    by_id = {rule.id: rule for rule in known(rules)}
    lines = [line for one in checked.entries for line in _entry(one, by_id)]
    lines += [f"{RuleError('cannot be used', one.path, one.line)}: {one.error}" for one in checked.failed]
    counts = (len(checked.entries), len(checked.failed), len(rules))
    lines.append("entries: {} · cannot be used: {} · rules loaded: {}".format(*counts))
    return lines, not checked.failed and not any(one.expired or one.unknown for one in checked.entries)


def known(rules: RuleSet) -> list[Rule | Correlation]:
    """Give everything that tuning may name."""
    return [*rules.rules, *rules.correlations]


def _text(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8-sig", errors="replace") as file:
            return file.read(tuning.MAX_CHARS + 1)
    except OSError as error:
        raise RuleError(f"cannot be read: {error.strerror}", path) from error


def _entry(one: Entry, by_id: Mapping[str, Rule | Correlation]) -> Iterator[str]:
    """Give the lines on one entry: what it does until when and why, then the rules it selects."""
    does = f"level {one.level}" if one.action == "level" else one.action
    count = "every rule" if one.rules is None else f"rules: {len(one.rules)}"
    ends = f" · {'expired' if one.expired else 'until'} {one.until}" if one.until else ""
    yield f"{one.path}:{one.line}: {does} · {count}{ends} · {one.reason}"
    chosen = sorted((by_id[key] for key in one.rules or ()), key=lambda rule: (rule.title, rule.id))
    for rule in chosen[:RULES_SHOWN]:
        yield f"    {rule.title} ({rule.level}, {rule.id})"
    if len(chosen) > RULES_SHOWN:
        yield f"    and {len(chosen) - RULES_SHOWN} more"
    for name in one.unknown:
        yield f"    no such rule is loaded: {name}"
