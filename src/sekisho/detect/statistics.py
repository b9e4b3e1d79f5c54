"""What each rule did in a run: how many events it could read, how often it was asked, what it found, what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Use(NamedTuple):
    """What one rule did."""

    routed: int = 0
    """Events of its logsource and event id."""
    checked: int = 0
    """Of these, events that had one of its rarest literals, so that its whole condition was looked at."""
    matched: int = 0
    seconds: float = 0.0
    """Spent on its condition, not on reading events and finding candidates, which all rules share."""
    present: frozenset[str] = frozenset()
    """Its fields that occurred in an event it was routed to."""

    def plus(self, other: Use) -> Use:
        """Add what the rule did elsewhere."""
        return Use(
            self.routed + other.routed,
            self.checked + other.checked,
            self.matched + other.matched,
            self.seconds + other.seconds,
            self.present | other.present,
        )


@dataclass(slots=True)
class Statistics:
    """What the rules did, by rule id; those that no event reached are left out."""

    uses: dict[str, Use] = field(default_factory=dict)

    def add(self, other: Statistics) -> None:
        """Add what another worker counted."""
        for rule_id, use in other.uses.items():
            known = self.uses.get(rule_id)
            self.uses[rule_id] = use if known is None else known.plus(use)

    def since(self, before: Statistics) -> Statistics:
        """Give what was counted after an earlier state of the same matcher."""
        grown: dict[str, Use] = {}
        for rule_id, use in self.uses.items():
            old = before.uses.get(rule_id, Use())
            if use.routed != old.routed or use.matched != old.matched:
                counts = (use.routed - old.routed, use.checked - old.checked, use.matched - old.matched)
                grown[rule_id] = Use(*counts, use.seconds - old.seconds, use.present)
        return Statistics(grown)

    def document(self, events: int, fields: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
        """Give the JSON form, which ``sekisho rules list --stats`` reads; ``fields`` are those that each rule reads."""
        rules: dict[str, Any] = {}
        for rule_id, names in sorted(fields.items()):
            use = self.uses.get(rule_id, Use())
            rules[rule_id] = {
                "routed": use.routed,
                "checked": use.checked,
                "matched": use.matched,
                "seconds": round(use.seconds, 6),
                "missing": sorted(set(names) - use.present - {"*"}) if use.routed else [],
            }
        return {"schema": "sekisho-stats/1", "events": events, "rules": rules}
