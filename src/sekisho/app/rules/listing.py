"""``sekisho rules list``: what is loaded, what it covers, what cannot run, and how each rule fared in a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from sekisho.app.rules._show import Screen
from sekisho.app.rules._texts import Texts
from sekisho.detect.correlations import Correlation
from sekisho.detect.lint import named
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import RuleError, SourceError
from sekisho.model.event import Logsource
from sekisho.model.finding import LEVELS
from sekisho.model.rule import Rule

STATS_SCHEMA = "sekisho-stats/1"
SORTS = ("level", "title", "cost", "hits")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one rule did in a run."""

    routed: int = 0
    """Events of its logsource."""
    checked: int = 0
    """Events that its literals let through to be evaluated."""
    matched: int = 0
    seconds: float = 0.0
    missing: tuple[str, ...] = ()
    """Fields it reads that none of the routed events had."""


@dataclass(frozen=True, slots=True)
class Stats:
    """A run's statistics."""

    events: int
    rules: Mapping[str, Cost]
    """By rule id; a rule that is not there saw no event."""

    def of(self, rule: Rule) -> Cost:
        """Give a rule's part."""
        return self.rules.get(rule.id, Cost())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rules to list; empty means any."""

    logsource: str = ""
    """``product``, ``category`` or ``service``, or some of them in this order with slashes; ``*`` stands for any."""
    level: str = ""
    """A level, with ``+`` behind it for that level and above."""
    technique: str = ""
    """A technique, its sub-techniques included."""

    def __call__(self, rule: Rule) -> bool:
        """Tell whether a rule is one of them."""
        return self._level(rule) and self._logsource(rule) and self._technique(rule)

    def _level(self, rule: Rule) -> bool:
        level = self.level.rstrip("+").lower()
        if not self.level.endswith("+"):
            return level in ("", rule.level)
        return LEVELS.index(rule.level) >= LEVELS.index(level)

    def _logsource(self, rule: Rule) -> bool:
        words = [rule.logsource.product, rule.logsource.category, rule.logsource.service]
        for part in self.logsource.lower().split("/") if self.logsource else ():
            if part in ("", "*"):
                continue
            if part not in words:
                return False
            del words[: words.index(part) + 1]
        return True

    def _technique(self, rule: Rule) -> bool:
        wanted = self.technique.upper()
        return not wanted or any(one == wanted or one.startswith(f"{wanted}.") for one in rule.attack)


@dataclass(frozen=True, slots=True)
class Listed:
    """The rules to show and those that cannot run."""

    rules: tuple[Rule, ...]
    of: int
    """Rules that can run, shown or not."""
    failed: tuple[RuleError, ...]
    stats: Stats | None = field(default=None)


def every(loaded: RuleSet) -> list[Rule]:
    """Give the rules that can run and after them the correlations, under a category of their own."""
    return [*loaded.rules, *map(_as_rule, loaded.correlations)]


def _as_rule(one: Correlation) -> Rule:
    return Rule(
        id=one.id,
        title=one.title,
        level=one.level,
        status=one.status,
        attack=one.attack,
        logsource=Logsource("", "correlation", one.kind),
        path=one.path,
        line=one.line,
        fields=one.group_by,
        weight=one.weight,
        tags=one.tags,
    )


def listed(loaded: RuleSet, wanted: Wanted, stats: Stats | None = None, sort: str = "level") -> Listed:
    """Choose and sort rules; ties go by title."""
    keys: dict[str, Any] = {
        "level": lambda rule: -LEVELS.index(rule.level),
        "title": lambda rule: 0,
        "cost": lambda rule: -stats.of(rule).seconds if stats else 0,
        "hits": lambda rule: -stats.of(rule).matched if stats else 0,
    }
    chosen = sorted(filter(wanted, every(loaded)), key=lambda rule: (keys[sort](rule), rule.title.casefold(), rule.id))
    return Listed(tuple(chosen), len(loaded) + len(loaded.correlations), loaded.failed, stats)


def read_stats(path: str) -> Stats:
    """Read what a run wrote about its rules.

    Raises:
        SourceError: the file cannot be read or is of another kind.
    """
    try:
        value = orjson.loads(Path(path).read_bytes())
    except OSError as error:
        raise SourceError(error.strerror or "cannot be read", path) from error
    except orjson.JSONDecodeError as error:
        raise SourceError(f"not JSON: {error}", path) from error
    if not isinstance(value, dict) or value.get("schema") != STATS_SCHEMA or not isinstance(value.get("rules"), dict):
        raise SourceError(f"not the statistics of a run (schema {STATS_SCHEMA})", path)
    try:
        return Stats(int(value.get("events", 0)), {name: _cost(one) for name, one in value["rules"].items()})
    except (TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"statistics of the wrong shape: {error}", path) from error


def _cost(one: Mapping[str, Any]) -> Cost:
    routed, checked, matched = (int(one.get(name, 0)) for name in ("routed", "checked", "matched"))
    return Cost(routed, checked, matched, float(one.get("seconds", 0.0)), tuple(map(str, one.get("missing", ()))))


def render(found: Listed, texts: Texts, screen: Screen) -> None:
    """Show a table, the counts, and last what cannot run."""
    names = ["level", "title", "logsource", "status", "attack", "id", "file"]
    if found.stats:
        names = ["level", "title", "ran", "matched", "seconds", "missing", "logsource", "id"]
    right = [at for at, name in enumerate(names) if name in ("ran", "matched", "seconds")]
    rows = ([_cell(rule, name, found, texts) for name in names] for rule in found.rules)
    screen.table([texts.get(f"list.{name}") for name in names], rows, right=right)
    screen.line()
    screen.line(texts.get("list.counts", shown=len(found.rules), rules=found.of))
    if found.stats:
        costs = [found.stats.of(rule) for rule in found.rules]
        ran, matched = sum(one.routed > 0 for one in costs), sum(one.matched > 0 for one in costs)
        screen.line(texts.get("list.stats", ran=ran, matched=matched, events=found.stats.events))
    _failures(found.failed, texts, screen)


def _failures(failed: Sequence[RuleError], texts: Texts, screen: Screen) -> None:
    if failed:
        screen.line(texts.get("list.failed", count=len(failed)), "red")
    for error in failed:
        screen.line(f"  {error}", "red")


def _cell(rule: Rule, name: str, found: Listed, texts: Texts) -> str:
    cost = found.stats.of(rule) if found.stats else Cost()
    match name:
        case "attack":
            return " ".join(rule.attack)
        case "logsource":
            return named(rule.logsource)
        case "file":
            return os.path.relpath(rule.path) if Path(rule.path).absolute().is_relative_to(Path.cwd()) else rule.path
        case "ran":
            return str(cost.routed)
        case "matched":
            return str(cost.matched)
        case "seconds":
            return f"{cost.seconds:.4f}"
        case "missing":
            return ", ".join(cost.missing) if cost.routed else texts.get("list.not_run")
    return str(getattr(rule, name))


def document(found: Listed) -> dict[str, Any]:
    """Give the list for other programs."""
    return {
        "schema": "sekisho-rules/1",
        "rules": [_entry(rule, found.stats) for rule in found.rules],
        "failed": failures(found.failed),
    }


def failures(failed: Iterable[RuleError]) -> list[dict[str, Any]]:
    """Give the rules that cannot run for other programs."""
    return [{"path": one.path, "line": one.line, "reason": one.reason} for one in failed]


def _entry(rule: Rule, stats: Stats | None) -> dict[str, Any]:
    entry = {
        "id": rule.id,
        "title": rule.title,
        "level": rule.level,
        "status": rule.status,
        "logsource": {one: getattr(rule.logsource, one) for one in ("product", "category", "service")},
        "attack": list(rule.attack),
        "fields": list(rule.fields),
        "path": rule.path,
        "line": rule.line,
    }
    if stats is None:
        return entry
    cost = stats.of(rule)
    return entry | {
        "ran": cost.routed > 0,
        "routed": cost.routed,
        "checked": cost.checked,
        "matched": cost.matched,
        "seconds": cost.seconds,
        "missing": list(cost.missing),
    }
