"""Correlations at work: findings of any layer in, findings that stand on several of them out.

Time is the time of events, not of their reading. Hits are taken in its order: finished evidence is sorted first
(:func:`correlate`), a live stream goes through :class:`Reorder`. A finding is given once when the condition of its
correlation begins to hold in a group, and again only after it has ceased to hold there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from math import inf
from operator import lt
from typing import Any, TypeAlias

from sekisho.detect._hits import MAX_GROUPS_OF_HIT, GroupReader, Hit, Joined, Key, number_reader, value_reader
from sekisho.detect._sequences import InOrder, Terms, Together
from sekisho.detect._values import texts_of
from sekisho.detect._whole import Whole
from sekisho.detect._windows import EVIDENCE, Count, Distinct, Node, Numbers
from sekisho.detect.correlations import Correlation
from sekisho.model.event import Event
from sekisho.model.finding import Evidence, Finding
from sekisho.model.ids import stable_id

MAX_WAITING = 1_000_000
"""Windows that wait for their end, of all correlations together; one more is not judged, and counted."""

Step: TypeAlias = tuple[Any, Any, Any, Any, tuple[GroupReader, Node]]
"""What is done with a hit of one rule in one correlation: (``Node.take``, ``how``, ``GroupReader.written`` and
``known``, (the reader itself, the node))."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one correlation could not use."""

    id: str
    title: str
    missing: int
    """Findings without a value for the fields it groups by."""
    unread: int
    """Findings without a value, or without a number, in the field it looks at."""
    dropped: int
    """Findings and groups left out because of limits: a count may be too low."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What correlations found, and what they could not use."""

    findings: tuple[Finding, ...]
    """In the order they became known; those of silent correlations included."""
    tallies: tuple[Tally, ...]
    """Of correlations that could not use something."""
    untimed: int = 0
    """Findings on events without a time."""
    late: int = 0
    """Findings that came after later ones had been judged; none in finished evidence."""

    def notes(self) -> list[str]:
        """Give a sentence for each thing that was not correlated."""
        told = [f"{self.untimed} findings have no time and were not correlated"] if self.untimed else []
        if self.late:
            told.append(f"{self.late} findings came too late to be correlated")
        for one in self.tallies:
            if one.dropped:
                told.append(
                    f"correlation {one.title!r}: {one.dropped} findings or groups left out, a limit was reached"
                )
            if one.unread:
                told.append(f"correlation {one.title!r}: {one.unread} findings have no value it can use")
            if one.missing:
                told.append(f"correlation {one.title!r}: {one.missing} findings lack a field it groups by")
        return told


def correlate(correlations: Sequence[Correlation], hits: Iterable[tuple[Event, Finding]]) -> Outcome:
    """Correlate the findings of finished evidence, in any order.

    Args:
        correlations: each after those it builds on (``RuleSet.correlations``).
        hits: every finding with its event, those of silent rules included. Events of one time are taken in the order
            of source and record.
    """
    engine = Correlator(correlations)
    found = engine.feed(_in_order(list(hits)))
    found += engine.finish()
    return engine.outcome(found)


def _in_order(hits: list[Hit]) -> list[Hit]:
    """Sort hits by time, those without one last."""
    times = [hit[0].time_ns for hit in hits]
    if None in times:
        timed = [hit for hit in hits if hit[0].time_ns is not None]
        return [*_in_order(timed), *(hit for hit in hits if hit[0].time_ns is None)]
    if all(map(lt, times, islice(times, 1, None))):
        return hits
    return _settled([hits[place] for place in sorted(range(len(times)), key=times.__getitem__)])


def _settled(hits: list[Hit]) -> list[Hit]:
    """Put hits of one time in order."""
    begin, end = 0, len(hits)
    for place in range(1, end + 1):
        if place < end and hits[place][0].time_ns == hits[begin][0].time_ns:
            continue
        if place - begin > 1:
            hits[begin:place] = sorted(hits[begin:place], key=_rank)
        begin = place
    return hits


def in_order(hit: Hit) -> tuple[Any, ...]:
    """Give the key by which hits are sorted before they are fed; those without a time come first."""
    at = hit[0].time_ns
    return (at is not None, at or 0, _rank(hit))


def _rank(hit: Hit) -> tuple[Any, ...]:
    """Order hits of one time: record numbers are texts, and the shorter one is the smaller one."""
    event, finding = hit
    return event.source, len(event.record), event.record, event.parts, finding.rule_id


class Reorder:
    """Puts a live stream in order of time: hits wait until none can come before them within a bounded lateness."""

    def __init__(self, lateness_ns: int) -> None:
        """Hits may come this much later than others of a later time."""
        self.lateness_ns = lateness_ns
        self.late = 0
        """Hits that came later than that; they were let go."""
        self._heap: list[tuple[int, tuple[Any, ...], int, Hit]] = []
        self._latest = -(1 << 63)
        self._count = 0

    def push(self, hit: tuple[Event, Finding]) -> list[Hit]:
        """Take a hit, and give those whose turn has come; one without a time comes at once."""
        at = hit[0].time_ns
        if at is None:
            return [hit]
        if at < self._latest - self.lateness_ns:
            self.late += 1
            return []
        self._count += 1
        heappush(self._heap, (at, _rank(hit), self._count, hit))
        self._latest = max(self._latest, at)
        # A hit of exactly this time may still come, and must be able to take its place among those of its time.
        return self._before(self._latest - self.lateness_ns)

    def flush(self) -> list[Hit]:
        """Give all that still waits."""
        return self._before(1 << 63)

    def _before(self, at: int) -> list[Hit]:
        ready = []
        while self._heap and self._heap[0][0] < at:
            ready.append(heappop(self._heap)[3])
        return ready


class Correlator:
    """Runs correlations over hits that come in the order of their times."""

    def __init__(self, correlations: Sequence[Correlation]) -> None:
        """``correlations``: each after those it builds on."""
        self.routes: dict[str, tuple[Step, ...]] = {}
        self.nodes = [_node_of(one)(one, self._fire, self._wait) for one in correlations]
        self.untimed = self.late = 0
        self._now: float = -inf
        self._found: list[Finding] = []
        self._due: list[tuple[int, int, Node, Key, Any]] = []
        self._count = 0
        for node in self.nodes:
            for rule in dict.fromkeys(node.rule.rules):
                self.routes[rule] = (*self.routes.get(rule, ()), _step(node, rule))

    def feed(self, hits: Iterable[Hit]) -> list[Finding]:
        """Take hits, and give the findings that became known by them."""
        routes, due, now = self.routes, self._due, self._now
        for hit in hits:
            event, finding = hit
            steps = routes.get(finding.rule_id)
            if steps is None:
                continue
            at = event.time_ns
            if at is None:
                self.untimed += 1
                continue
            if at < now:
                self.late += 1
                continue
            now = at
            if due and due[0][0] < at:
                self._wake(at)
            fields = event.fields
            for take, how, written, known, step in steps:
                try:
                    key = known[written(fields)]
                except (KeyError, TypeError):  # not seen before, a field that is not there, or a list
                    _take_new(take, how, step, at, hit)
                else:
                    take(at, key, hit, how)
        self._now = now
        found, self._found = self._found, []
        return found

    def finish(self) -> list[Finding]:
        """Give what was known only now that no more hits come."""
        self._wake(inf)
        found, self._found = self._found, []
        return found

    def outcome(self, findings: Iterable[Finding]) -> Outcome:
        """Give findings together with what could not be used."""
        tallies = (Tally(n.rule.id, n.rule.title, n.missing, n.unread, n.dropped) for n in self.nodes)
        used = tuple(one for one in tallies if one.missing or one.unread or one.dropped)
        return Outcome(tuple(findings), used, self.untimed, self.late)

    def _wait(self, due: int, node: Node, key: Key, token: Any) -> None:
        if len(self._due) >= MAX_WAITING:
            node.dropped += 1
            return
        self._count += 1
        heappush(self._due, (due, self._count, node, key, token))

    def _wake(self, at: float) -> None:
        """Judge what waited for a time that is over; a hit of exactly that time would still have counted."""
        while self._due and self._due[0][0] < at:
            due, _, node, key, token = heappop(self._due)
            node.due(due, key, token)

    def _fire(self, node: Node, at: int, key: Key, hits: Sequence[Hit], counted: Evidence) -> None:
        rule = node.rule
        parts = (key,) if isinstance(key, str) else key
        last_event, last = hits[-1]
        ids = dict.fromkeys(one for _, finding in hits for one in finding.of or (finding.event_id,))
        of = tuple(ids)
        if len(of) > EVIDENCE:
            of = (*of[: EVIDENCE - 1], of[-1])
        values = (
            Evidence(name, _written(last_event, name, node, last, part))
            for name, part in zip(rule.group_by, parts, strict=True)
        )
        made = Finding(
            id=stable_id("f", rule.id, *parts, of[0], last.id),
            rule_id=rule.id,
            title=rule.title,
            level=rule.level,
            attack=rule.attack,
            source=last.source,
            record=last.record,
            time_ns=last.time_ns,
            evidence=(*values, counted),
            event_id=last.event_id,
            host=last.host,
            user=last.user,
            layer=last.layer,
            weight=rule.weight,
            texts=rule.texts,
            of=of,
        )
        self._found.append(made)
        steps = self.routes.get(rule.id)
        if steps:
            # To those that build on it, which come after it.
            joined = (Joined(at, rule.group_by, parts, hits), made)
            for take, how, _, _, step in steps:
                _take_new(take, how, step, at, joined)


def _take_new(take: Any, how: Any, step: tuple[GroupReader, Node], at: int, hit: Hit) -> None:
    """Take a hit whose group is not known by what is written in its fields."""
    reader, node = step
    key = reader.read(hit[0])
    if key is None:
        node.missing += 1
        return
    keys = key if isinstance(key, list) else [key]
    if len(keys) > MAX_GROUPS_OF_HIT:
        node.dropped += 1
    for one in keys[:MAX_GROUPS_OF_HIT]:
        take(at, one, hit, how)


def _names(rule: Correlation, names: Sequence[str], joined: str) -> list[str]:
    """Give the fields that names stand for in the events of one rule."""
    aliases = {alias: field for alias, fields in rule.aliases for one, field in fields if one == joined}
    return [aliases.get(name, name) for name in names]


def _step(node: Node, joined: str) -> Step:
    rule = node.rule
    how: Any = None
    if rule.field:
        fields = _names(rule, rule.field, joined)
        how = (fields[0], value_reader(fields) if rule.kind == "value_count" else number_reader(fields[0]))
    else:
        how = tuple(place for place in reversed(range(len(rule.rules))) if rule.rules[place] == joined)
    reader = GroupReader(_names(rule, rule.group_by, joined))
    return node.taker(), how, reader.written, reader.known, (reader, node)


def _written(event: Any, name: str, node: Node, finding: Finding, folded: str) -> Any:
    """Give a group's value as its last event has it, where it has it."""
    field = _names(node.rule, [name], finding.rule_id)[0]
    value = event.fields.get(field)
    return next((text for text in texts_of(value) if text.casefold() == folded), folded)


def _node_of(rule: Correlation) -> type[Node]:
    """Choose how a correlation is judged."""
    operators = {operator for operator, _ in rule.bounds}
    kind = rule.kind
    if rule.terms:
        return Terms
    rising = {"lt", "lte"} if kind == "value_min" else {"gt", "gte"}
    if kind not in ("value_avg", "value_median", "value_percentile") and operators - rising:
        return Whole
    return {
        "event_count": Count,
        "value_count": Distinct,
        "temporal": Together,
        "temporal_ordered": InOrder,
    }.get(kind, Numbers)
