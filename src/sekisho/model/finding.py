"""Findings: a rule matched, and exactly what it matched on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LEVELS = ("informational", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One field and the value in it that made a rule match."""

    field: str
    """Field name, or ``*`` for a keyword found anywhere in the record."""
    value: Any


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that matched one event."""

    id: str
    rule_id: str
    title: str
    level: str
    """One of LEVELS."""
    attack: tuple[str, ...]
    """ATT&CK technique ids, upper case, in rule order: ``T1566.001``."""
    source: str
    record: str
    time_ns: int | None
    evidence: tuple[Evidence, ...]
    event_id: str
    host: str = ""
    user: str = ""
    layer: str = "endpoint"
    """mail file endpoint network server."""
    weight: float = 0.0
    """Log-odds that the record belongs to an attack; the rule's own or its level's."""
    texts: tuple[tuple[str, str], ...] = ()
    """(language, title) beside the English one."""
    level_of_rule: str = ""
    """The rule's own level where a tuning file gave the finding another; empty where none did."""
    of: tuple[str, ...] = ()
    """Ids of the events a correlation stands on, first to last, some hundred at most; empty for other rules."""

    def title_in(self, language: str) -> str:
        """Give the rule's title in a language, English when it has none."""
        return dict(self.texts).get(language, self.title)
