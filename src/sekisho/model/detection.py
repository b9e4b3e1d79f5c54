"""What rules found in logs, counted: the size of the result does not grow with the logs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sekisho.model.finding import LEVELS, Finding
from sekisho.model.result import Input, RuleFailure, Tuned

NAMED = 10_000
"""Hosts, days and users counted by name; all others together."""
NAME_CHARS = 256
"""Of a host's name; a DNS name has 253 at most. Source: RFC 1035 2.3.4."""
OTHERS = "*"
DAY_NS = 86_400 * 10**9


class RuleCount(NamedTuple):
    """The findings of one rule."""

    title: str
    level: str
    times: int
    first_ns: int | None
    last_ns: int | None
    """UTC nanoseconds of the first and last event; None where no event had a time."""


@dataclass(slots=True)
class Counts:
    """Findings by rule, host and day."""

    events: int = 0
    unknown: int = 0
    """Events of which the logsource is not known."""
    rules: dict[str, RuleCount] = field(default_factory=dict)
    hosts: dict[str, Counter[str]] = field(default_factory=dict)
    """By host: level to number."""
    days: dict[str, Counter[str]] = field(default_factory=dict)
    """By UTC day (``2022-04-25``): level to number."""

    @property
    def findings(self) -> int:
        """Count all findings."""
        return sum(one.times for one in self.rules.values())

    def levels(self) -> dict[str, int]:
        """Give the number of findings of each level, gravest first."""
        found: Counter[str] = Counter()
        for one in self.rules.values():
            found[one.level] += one.times
        return {level: found[level] for level in reversed(LEVELS)}

    def add(self, one: Finding, language: str) -> None:
        """Count one finding."""
        at = one.time_ns
        self._rule(one.rule_id, RuleCount(one.title_in(language), one.level, 1, at, at))
        _bump(self.hosts, one.host[:NAME_CHARS], one.level, 1)
        if at is not None:
            _bump(self.days, _day(at // DAY_NS), one.level, 1)

    def join(self, other: Counts) -> None:
        """Add what was counted elsewhere."""
        self.events += other.events
        self.unknown += other.unknown
        for rule_id, one in other.rules.items():
            self._rule(rule_id, one)
        for mine, theirs in ((self.hosts, other.hosts), (self.days, other.days)):
            for name, levels in theirs.items():
                for level, count in levels.items():
                    _bump(mine, name, level, count)

    def document(self) -> dict[str, Any]:
        """Give a form that JSON can hold."""
        return {
            "events": self.events,
            "unknown": self.unknown,
            "rules": {rule_id: list(one) for rule_id, one in self.rules.items()},
            "hosts": {name: dict(levels) for name, levels in self.hosts.items()},
            "days": {name: dict(levels) for name, levels in self.days.items()},
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> Counts:
        """Read what :meth:`document` gave."""
        return cls(
            document["events"],
            document["unknown"],
            {rule_id: RuleCount(*one) for rule_id, one in document["rules"].items()},
            {name: Counter(levels) for name, levels in document["hosts"].items()},
            {name: Counter(levels) for name, levels in document["days"].items()},
        )

    def _rule(self, rule_id: str, one: RuleCount) -> None:
        known = self.rules.get(rule_id)
        if known is None:
            self.rules[rule_id] = one
            return
        level, first, last = known.level, known.first_ns, known.last_ns
        if level != one.level:
            level = max(level, one.level, key=LEVELS.index)  # tuning gives a rule's findings different levels
        if first is None or (one.first_ns is not None and one.first_ns < first):
            first = one.first_ns
        if last is None or (one.last_ns is not None and one.last_ns > last):
            last = one.last_ns
        self.rules[rule_id] = RuleCount(known.title, level, known.times + one.times, first, last)


def _bump(table: dict[str, Counter[str]], name: str, level: str, count: int) -> None:
    if name not in table:
        if len(table) >= NAMED:
            name = OTHERS
        table.setdefault(name, Counter())
    table[name][level] += count


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    """Give the date of a day since 1970."""
    try:
        return datetime.fromtimestamp(number * 86_400, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return OTHERS


@dataclass(frozen=True, slots=True)
class Detections:
    """The outcome of one run over logs."""

    counts: Counts
    inputs: tuple[Input, ...]
    rules_loaded: int
    rules_failed: tuple[RuleFailure, ...]
    rules_disabled: int = 0
    tuning: tuple[Tuned, ...] = ()
    notes: tuple[str, ...] = ()
    """What correlations could not use."""
    resumed: int = 0
    """Pieces of logs whose findings an earlier, interrupted run had written."""
    seconds: float = 0.0
