"""Weeding: of linked processes, those that some story may tell are kept, and all others are let go.

A process is kept whole when a rule found something telling in it, when it names something sought, when it follows from
one that does (was started by it, or ran what it wrote), when it is an ancestor of one of these below the hubs, or when
it stands for the system itself. Of further ancestors, and of hubs that name something sought, only what names it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sekisho.correlate.lineage import runners, spread, with_ancestors
from sekisho.correlate.processes import Process, is_pseudo
from sekisho.correlate.sought import Scanner
from sekisho.model.event import Event
from sekisho.model.finding import Finding


@dataclass(frozen=True, slots=True)
class Weeder:
    """Tells which events a story may be about."""

    scanner: Scanner
    telling: frozenset[str]
    """Ids of events on which findings weigh something, or that a telling correlation stands on."""

    def tells(self, event: Event) -> bool:
        """Tell whether what rules found on an event may matter."""
        return event.id in self.telling


def telling(findings: Sequence[Finding], weighs: float) -> frozenset[str]:
    """Give the events of findings that weigh something, and those that correlations of some weight stand on."""
    sums: dict[str, float] = {}
    for one in findings:
        sums[one.event_id] = sums.get(one.event_id, 0.0) + one.weight
    joined = {key for one in findings if one.weight >= weighs for key in one.of}
    return frozenset({key for key, weight in sums.items() if weight > 0} | joined)


def weed(
    processes: Mapping[str, Process], telling: Collection[int], touched: Collection[int]
) -> tuple[dict[str, Process], list[Event]]:
    """Give what is kept of the processes of some hosts, changed in place, and the events that were let go.

    Args:
        processes: of whole hosts, linked, by key.
        telling: ``id()`` of events in which rules found something that may be told.
        touched: ``id()`` of events that name something sought.
    """
    found = [one for one in processes.values() if _has(one, telling)] if telling else []
    naming = [one for one in processes.values() if _has(one, touched)] if touched else []
    roots = [one for one in naming if not one.is_hub]
    whole = spread(roots, runners(processes.values())) if roots else {}
    whole.update({one.key: one for one in found})
    whole.update({key: one for key, one in processes.items() if is_pseudo(one)})
    whole = with_ancestors(whole.values())
    kept = dict(whole)
    for process in [*whole.values(), *naming]:
        current: Process | None = process
        while current is not None and (current.key not in kept or current is process):
            kept[current.key] = current
            current = current.parent
    gone: list[Event] = []
    for key, process in processes.items():
        if key not in kept:
            gone += process.events
            process.parent, process.children = None, []  # so that they are freed at once, and not only when looked for
            continue
        if key not in whole:
            gone += [event for event in process.actions if id(event) not in touched]
            process.actions = [event for event in process.actions if id(event) in touched]
        process.children = [child for child in process.children if child.key in kept]
    return {key: one for key, one in processes.items() if key in kept}, gone


def _has(process: Process, some: Collection[int]) -> bool:
    """Tell whether a process's own events are among some."""
    return id(process.creation) in some or any(id(event) in some for event in process.actions)
