"""Incidents: a graph of observables, its story, its score, and what is not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sekisho.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence to be worded in the reader's language: a key of the catalogue and what fills it."""

    key: str
    """``step.mail.delivered``: must be in every language's catalogue."""
    values: tuple[tuple[str, Any], ...] = ()
    """(placeholder, value); values are raw, the writer defangs and escapes them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, and the evidence it rests on."""

    at_ns: int | None
    """UTC nanoseconds; None for what has no time of its own (a file inside a mail)."""
    layer: str
    """mail file endpoint network."""
    what: Text
    attack: tuple[str, ...]
    evidence: tuple[str, ...]
    """Ids of artifacts, findings and events in the same result; never empty."""
    depth: int = 0
    """Indentation below the step it follows from."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Something the incident touches."""

    type: str
    """mailbox user host process file url domain ip message."""
    value: str
    role: str
    """sender recipient opener victim host dropped started contacted ... (catalogue: ``role.*``)."""


@dataclass(frozen=True, slots=True)
class Node:
    """A vertex of the attack chain as drawn."""

    id: str
    type: str
    label: str
    layer: str
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A timed, explained connection of two nodes."""

    source: str
    target: str
    relation: str
    """delivered contains dropped wrote started connected resolved (catalogue: ``edge.*``)."""
    at_ns: int | None
    why: Text
    """How the two were joined."""
    evidence: tuple[str, ...]
    weight: float = 1.0
    """0 to 1: how rare the shared value is, so how much the join is worth."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Something to do now, in order of urgency."""

    action: str
    """isolate quarantine block reset hunt collect notify."""
    targets: tuple[str, ...]
    why: Text
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """Why two parts of the evidence are told as one incident."""

    id: str
    """To undo it by."""
    why: Text
    value: str
    """What both sides share."""
    weight: float
    """0 to 1."""
    at_ns: int | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """Two names that the evidence shows to be one person's or machine's."""

    left: tuple[str, str]
    """(type, value) as of :class:`Entity`."""
    right: tuple[str, str]
    confidence: int
    """0 to 100."""
    why: Text
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offset:
    """How far a log's clock is from the others'."""

    source: str
    seconds: float
    """Positive: it shows later times."""
    pairs: int
    """Things seen by both sides that agree on it."""
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """One mailbox or machine that the attack got to, and how far."""

    type: str
    """mailbox host."""
    value: str
    state: str
    """received opened ran contacted: each goes further than the one before (catalogue: ``state.*``)."""
    at_ns: int | None
    why: Text
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """Another incident that shares something without being the same."""

    incident: str
    why: Text
    value: str


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened, as one story."""

    id: str
    verdict: Verdict
    probability: float
    severity: str
    """informational low medium high critical."""
    score: float
    """0 to 1 from severity, breadth and confidence."""
    title: Text
    root_cause: str
    """Id of the artifact or event it began with; empty when the evidence gives none."""
    root_text: Text
    first_at_ns: int | None
    last_at_ns: int | None
    steps: tuple[Step, ...]
    entities: tuple[Entity, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    findings: tuple[str, ...]
    """Ids of the findings that belong to it."""
    recommendations: tuple[Recommendation, ...]
    unknown: tuple[Text, ...]
    """Layers and spans without evidence."""
    merges: tuple[Merge, ...] = ()
    """Why its parts are one, first what united its largest parts; each can be undone."""
    identities: tuple[Identity, ...] = ()
    """Who is who among its entities, surest first."""
    clocks: tuple[Offset, ...] = ()
    """Of the logs it rests on, where they are known to be off."""
    reached: tuple[Reached, ...] = ()
    """Every recipient, opener and machine in the data, the furthest first."""
    related: tuple[Related, ...] = ()
