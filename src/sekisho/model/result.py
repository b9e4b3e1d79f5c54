"""The one result document every view is made from."""

from __future__ import annotations

from dataclasses import dataclass, field

from sekisho.model.artifact import Analysis
from sekisho.model.event import Event
from sekisho.model.finding import LEVELS, Finding
from sekisho.model.incident import Incident
from sekisho.model.verdict import Judgement, Verdict


@dataclass(frozen=True, slots=True)
class Input:
    """One file as given, and what became of it."""

    path: str
    kind: str
    """Source or format name: eml mbox msg evtx jsonl zip ... ; ``unknown`` when nothing reads it."""
    records: int
    skipped: str | None = None
    """Why it, or a part of it, was not read."""
    failed: bool = False
    """True when ``skipped`` means lost evidence rather than a file that is none of ours."""


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that cannot run."""

    path: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Tuned:
    """One entry of a tuning file, and what it did."""

    entry: int
    """Its number in the file, from 1; 0 when the file itself cannot be read."""
    path: str
    line: int
    state: str
    """active, unused (nothing it applies to), expired, unknown_rule (names none that is loaded) or failed."""
    action: str = ""
    """exclude level disable; empty when failed."""
    reason: str = ""
    """Why it is there, in its author's words."""
    until: str = ""
    """ISO date of the last day it applies; empty when it does not end."""
    suppressed: int = 0
    """Findings it took out."""
    changed: int = 0
    """Findings it gave another level."""
    rules: tuple[tuple[str, str, int], ...] = ()
    """(rule id, title, findings) of the rules whose findings it applied to, or that it disabled; most first."""
    unknown: tuple[str, ...] = ()
    """What it names that is no loaded rule."""
    error: str = ""
    """Why it cannot be used."""

    @property
    def needs_look(self) -> bool:
        """Tell whether its author should mend or remove it."""
        return self.state in ("expired", "unknown_rule", "failed") or bool(self.unknown)


@dataclass(frozen=True, slots=True)
class Result:
    """Everything one run found."""

    verdict: Verdict
    inputs: tuple[Input, ...]
    artifacts: tuple[tuple[Analysis, Judgement], ...]
    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...]
    events: tuple[Event, ...]
    """Only the events that findings and incident steps point to."""
    rules_loaded: int
    rules_failed: tuple[RuleFailure, ...]
    timing: dict[str, float] = field(default_factory=dict)
    """Seconds per stage; the only part that differs between two runs."""
    rules_disabled: int = 0
    """Loaded, and not run because a tuning file says so; not counted in ``rules_loaded``."""
    tuning: tuple[Tuned, ...] = ()
    """By file, in the order of its entries."""
    notes: tuple[str, ...] = ()
    """What correlations could not use, a sentence each, in English."""

    def other_findings(self) -> list[tuple[Finding, int, tuple[str, ...]]]:
        """Give the findings that no incident holds: one of each rule, how often, on which hosts; gravest first."""
        told = {key for incident in self.incidents for key in incident.findings}
        groups: dict[str, list[Finding]] = {}
        for finding in self.findings:
            if finding.id not in told:
                groups.setdefault(finding.rule_id, []).append(finding)
        rows = [
            (group[0], len(group), tuple(dict.fromkeys(one.host for one in group if one.host)))
            for group in groups.values()
        ]
        return sorted(rows, key=lambda row: (-LEVELS.index(row[0].level), -row[1], row[0].title))
