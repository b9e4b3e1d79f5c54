"""The windows of correlations: one class for each way to judge the hits of a group within a time span.

A window slides: it ends with each hit and reaches back by the time span, both ends included. Conditions that more
hits can only fulfil (at least, more than) are judged at every hit, in constant amortised time and, where a count is
asked for, with no more hits kept than it asks for. Conditions that more hits can undo (fewer than, exactly) say
nothing about a window that is still filling: ``Whole`` judges such a window when its time span is over.

Every class takes hits in the order of their times; hits of one time may come in any order.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from functools import partial
from heapq import nsmallest
from itertools import islice
from math import ceil, floor, fsum, inf
from operator import attrgetter, eq, ge, gt, le, lt, ne
from typing import Any, ClassVar, TypeAlias

from sekisho.detect._bounds import holds
from sekisho.detect._hits import LARGEST, Hit, Key
from sekisho.detect.correlations import Correlation
from sekisho.model.finding import Evidence

MAX_KEPT = 100_000
"""Hits of one window that are calculated with; the oldest are left out beyond it, and counted."""
MAX_GROUPS = 100_000
"""Groups of one correlation; the one without a hit for longest is forgotten beyond it, and counted."""
EVIDENCE = 100
"""Contributing hits that a finding names; the others are in its count."""

Fire: TypeAlias = Callable[["Node", int, Key, Sequence[Hit], Evidence], None]
"""Told (node, time of the verdict, group, first hits and the last one in order, what was counted)."""
Wake: TypeAlias = Callable[[int, "Node", Key, Any], None]
"""Asked to call ``Node.due`` as soon as a time (ns) is over."""


class Group:
    """What is kept of one group; each node adds its own."""

    __slots__ = ("active", "event", "last")

    def __init__(self) -> None:
        self.active = False
        """An episode lasts: the condition has held since it was last told."""
        self.event: Any = None
        """Of the latest hit; an event that two rules match is counted once."""
        self.last = 0
        """Time of the latest hit; read through :attr:`latest`."""

    @property
    def latest(self) -> int:
        """Time of the latest hit."""
        return self.last


class Node:
    """One correlation and its groups."""

    new: ClassVar[type[Group]] = Group

    def __init__(self, rule: Correlation, fire: Fire, wake: Wake) -> None:
        self.rule, self.fire, self.wake = rule, fire, wake
        self.span = rule.timespan_ns
        self.groups: dict[Key, Any] = {}
        self.sweep_at: float = inf
        self.missing = 0
        """Hits without a value for the fields they are grouped by."""
        self.unread = 0
        """Hits without a value to count or to calculate with."""
        self.dropped = 0
        """Hits and groups left out because of limits."""
        self.prepare()

    def prepare(self) -> None:
        """Take from the rule what the hot path needs."""

    def taker(self) -> Callable[[int, Key, Hit, Any], None]:
        """Give the function that takes the next hit of a group: (time, group, hit, how to read it).

        A closure, because at half a million hits a second every attribute of ``self`` counts.
        """
        raise NotImplementedError

    def due(self, at: int, key: Key, token: Any) -> None:
        """Judge what waited until ``at`` was over."""

    def open(self, key: Key, at: int) -> Any:
        """Give a new group; once in a time span, forget those whose window is over."""
        if self.sweep_at == inf:
            self.sweep_at = at + self.span
        if at > self.sweep_at or len(self.groups) >= MAX_GROUPS:
            self._sweep(at)
        group = self.groups[key] = self.new()
        return group

    def _sweep(self, at: int) -> None:
        """Forget idle groups; what is left was hit within two time spans, so this costs every hit a constant share."""
        start = at - self.span
        live = {key: group for key, group in self.groups.items() if group.latest >= start}
        self.groups.clear()  # in place: takers hold on to it
        self.groups.update(live)
        self.sweep_at = at + self.span
        if len(self.groups) >= MAX_GROUPS:
            idle = nsmallest(MAX_GROUPS // 10 or 1, self.groups, key=lambda key: self.groups[key].latest)
            for key in idle:
                del self.groups[key]
            self.dropped += len(idle)


def need_of(bounds: Sequence[tuple[str, float]]) -> int:
    """Give the least count that satisfies lower bounds."""
    return max(1, *(ceil(number) if operator == "gte" else floor(number) + 1 for operator, number in bounds))


class CountGroup(Group):
    """The latest hits, as many as are asked for."""

    __slots__ = ("times", "window")

    times: deque[int]
    window: deque[Hit]

    @property
    def latest(self) -> int:
        """Time of the latest hit."""
        return self.times[-1]


class Count(Node):
    """At least so many hits: the window has them when the last but so many of all hits is in it."""

    new = CountGroup

    def taker(self) -> Callable[[int, Key, Hit, Any], None]:
        """Only as many hits as the condition asks for are kept."""
        groups, span, need = self.groups, self.span, need_of(self.rule.bounds)
        counted = Evidence("event_count", need)

        def take(at: int, key: Key, hit: Hit, _how: Any) -> None:
            group = groups.get(key)
            if group is None:
                group = self.open(key, at)
                group.window, group.times = deque(maxlen=need), deque(maxlen=need)
            elif hit[0] is group.event:
                return
            group.event, times = hit[0], group.times
            if group.active and times[0] < at - span:
                group.active = False
            times.append(at)
            group.window.append(hit)
            if len(times) == need and not group.active and times[0] >= at - span:
                group.active = True
                self.fire(self, at, key, [*islice(group.window, EVIDENCE), hit], counted)

        return take


class DistinctGroup(Group):
    """The latest hit of each value, the oldest first."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        super().__init__()
        self.seen: OrderedDict[Any, Hit] = OrderedDict()


class Distinct(Node):
    """At least so many values: only the values seen last are kept, as many as the condition asks for."""

    new = DistinctGroup

    def taker(self) -> Callable[[int, Key, Hit, Any], None]:
        """The group has enough values when the one not seen for longest of those kept is in the window."""
        groups, span, need = self.groups, self.span, need_of(self.rule.bounds)
        counted = Evidence(f"value_count({', '.join(self.rule.field)})", need)
        single = len(self.rule.field) == 1

        def take(at: int, key: Key, hit: Hit, how: Any) -> None:
            value = hit[0].fields.get(how[0]) if single else None
            values = (value.casefold(),) if type(value) is str and value else how[1](hit[0])
            if not values:
                self.unread += 1
                return
            group = groups.get(key)
            if group is None:
                group = self.open(key, at)
            group.last = at
            seen = group.seen
            if group.active and next(iter(seen.values()))[0].time_ns < at - span:
                group.active = False
            for value in values:
                if value in seen:
                    seen.move_to_end(value)
                elif len(seen) == need:
                    seen.popitem(last=False)
                seen[value] = hit
            if len(seen) == need and not group.active and next(iter(seen.values()))[0].time_ns >= at - span:
                group.active = True
                self.fire(self, at, key, [*islice(seen.values(), EVIDENCE), hit], counted)

        return take


class NumberGroup(Group):
    """The numbers in the window, in order of time and, where needed, of size."""

    __slots__ = ("lost", "ordered", "total", "window")

    def __init__(self) -> None:
        super().__init__()
        self.window: deque[tuple[int, Any, Hit]] = deque()
        self.ordered: list[Any] = []
        self.total: Any = 0
        self.lost = 0
        """Numbers with a point taken from ``total`` since it was last summed afresh."""


class Numbers(Node):
    """A sum, mean, least, greatest, median or percentile of the numbers in the window, judged at every hit."""

    new = NumberGroup

    def taker(self) -> Callable[[int, Key, Hit, Any], None]:
        """What left the window is taken out first, then it is judged as it was, then with the hit."""
        groups, span = self.groups, self.span
        by_size = self.rule.kind not in ("value_sum", "value_avg")
        drop, value_of = _drop_from_order if by_size else _drop_from_sum, _value_reader(self.rule)
        passes, shown = test_of(self.rule.bounds), f"{self.rule.kind}({self.rule.field[0]})"

        def take(at: int, key: Key, hit: Hit, how: Any) -> None:
            event = hit[0]
            value = event.fields.get(how[0])
            numbers = (value,) if type(value) is int and -LARGEST <= value <= LARGEST else how[1](event)
            if not numbers:
                self.unread += 1
                return
            group = groups.get(key)
            if group is None:
                group = self.open(key, at)
            elif event is group.event:
                return
            group.event, group.last = event, at
            window, start = group.window, at - span
            while window and window[0][0] < start:
                drop(group)
            if group.active and not (window and passes(value_of(group))):
                group.active = False
            for number in numbers:
                if len(window) >= MAX_KEPT:
                    drop(group)
                    self.dropped += 1
                window.append((at, number, hit))
                if by_size:
                    insort(group.ordered, number)
                else:
                    group.total += number
            value = value_of(group)
            if not passes(value):
                group.active = False
            elif not group.active:
                group.active = True
                found = [one[2] for one in islice(window, EVIDENCE)]
                self.fire(self, at, key, [*found, hit], Evidence(shown, value))

        return take


def _drop_from_sum(group: NumberGroup) -> None:
    """Take the oldest number out; the sum is made afresh before what floats lose adds up."""
    number = group.window.popleft()[1]
    group.total -= number
    if type(number) is float:
        group.lost += 1
        if group.lost > len(group.window):
            group.total, group.lost = fsum(one[1] for one in group.window), 0


def _drop_from_order(group: NumberGroup) -> None:
    """Take the oldest number out."""
    number = group.window.popleft()[1]
    del group.ordered[bisect_left(group.ordered, number)]


def _value_reader(rule: Correlation) -> Callable[[Any], Any]:
    """Choose what is calculated of a window that is not empty."""
    if rule.kind == "value_sum":
        return attrgetter("total")
    if rule.kind == "value_avg":
        return lambda group: group.total / len(group.window)
    if rule.kind in ("value_min", "value_max"):
        at = 0 if rule.kind == "value_min" else -1
        return lambda group: group.ordered[at]
    share = rule.percentile
    return lambda group: percentile(group.ordered, share)


# "value > number" as "number < value", so that the number can be bound first.
SWAPPED: dict[str, Callable[[Any, Any], bool]] = {"gt": lt, "gte": le, "lt": gt, "lte": ge, "eq": eq, "neq": ne}


def test_of(bounds: Sequence[tuple[str, float]]) -> Callable[[Any], bool]:
    """Make the function that tells whether a value satisfies bounds; nearly always there is one."""
    if len(bounds) > 1:
        return lambda value: holds(bounds, value)
    ((operator, number),) = bounds
    return partial(SWAPPED[operator], number)


def percentile(ordered: Sequence[Any], share: float) -> Any:
    """Give a percentile of numbers in ascending order, between two of them in proportion.

    Source: the continuous definition of most query languages (SQL ``percentile_cont``); specification 2.1 has none.
    """
    place = share / 100 * (len(ordered) - 1)
    low = int(place)
    if place == low:
        return ordered[low]
    return ordered[low] + (ordered[low + 1] - ordered[low]) * (place - low)
