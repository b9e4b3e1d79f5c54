"""Rules: what one Sigma document says about itself, apart from how it matches."""

from __future__ import annotations

from dataclasses import dataclass

from sekisho.model.event import Logsource

# Log-odds that a record which a rule of this level matches belongs to an attack.
WEIGHTS = {"informational": 0.0, "low": 0.5, "medium": 1.5, "high": 3.5, "critical": 6.0}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that can run."""

    id: str
    """As written; derived from title and logsource where the rule gives none. Unique in a rule set."""
    title: str
    level: str
    """One of ``model.finding.LEVELS``; ``low`` where the rule gives none."""
    status: str
    """Lower case; empty where the rule gives none."""
    attack: tuple[str, ...]
    """ATT&CK technique ids of its tags, upper case, in the rule's order."""
    logsource: Logsource
    path: str
    line: int
    """Where its document begins in the file, from 1."""
    fields: tuple[str, ...]
    """Field names it reads, sorted; ``*`` when it looks for keywords in all of them."""
    weight: float
    """Log-odds that a record it matches belongs to an attack."""
    texts: tuple[tuple[str, str], ...] = ()
    """(language, title) beside the English one."""
    description: str = ""
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """As written, lower case: ``attack.t1059``."""
