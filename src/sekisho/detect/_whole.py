"""Windows that are judged when they are over: fewer than, exactly, and ranges with an upper bound."""

from __future__ import annotations

from collections.abc import Callable
from math import fsum
from typing import Any

from sekisho.detect._bounds import holds
from sekisho.detect._chains import longest
from sekisho.detect._hits import Hit, Key
from sekisho.detect._sequences import Together
from sekisho.detect._windows import EVIDENCE, MAX_KEPT, Group
from sekisho.model.finding import Evidence


class WholeGroup(Group):
    """What is in one window that is not over."""

    __slots__ = ("count", "end", "final", "hits", "numbers", "values")

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.hits: list[Hit] = []
        self.final: Any = None
        """The latest hit."""
        self.values: set[Any] = set()
        self.numbers: list[Any] = []
        self.end = 0


class Whole(Together):
    """Windows that begin with the first hit after the last window and are judged when their time span is over."""

    new = WholeGroup

    def prepare(self) -> None:
        """Choose what is counted."""
        kind, field = self.rule.kind, self.rule.field
        self.size = len(self.rule.rules)
        self.shown = f"{kind}({', '.join(field)})" if field else kind if kind == "event_count" else "rules"

    def taker(self) -> Callable[[int, Key, Hit, Any], None]:
        """Nothing is gained here by a closure."""
        return self.take

    def take(self, at: int, key: Key, hit: Hit, how: Any) -> None:
        """Take a hit into the open window of its group."""
        kind = self.rule.kind
        values = how[1](hit[0]) if self.rule.field else how
        if not values and kind != "event_count":
            self.unread += 1
            return
        group = self.groups.get(key)
        if group is None:
            group = self.open(key, at)
            group.end = at + self.span
            self.wake(group.end, self, key, group)
        event = hit[0]
        again = event is group.event
        group.event, group.last, group.final = event, at, hit
        if len(group.hits) < EVIDENCE:
            group.hits.append(hit)
        if kind in ("value_count", "temporal"):
            room = max(0, MAX_KEPT - len(group.values))
            new = [one for one in values if one not in group.values]
            self.dropped += max(0, len(new) - room)
            group.values.update(new[:room])
        elif kind == "temporal_ordered":
            room = max(0, MAX_KEPT - len(group.numbers))
            self.dropped += max(0, len(values) - room)
            group.numbers.extend((at, place) for place in values[:room])
        elif not again:
            group.count += 1
            if kind != "event_count":
                room = max(0, MAX_KEPT - len(group.numbers))
                self.dropped += max(0, len(values) - room)
                group.numbers.extend(values[:room])

    def due(self, at: int, key: Key, token: Any) -> None:
        """Judge a window that is over."""
        group: WholeGroup = token
        if self.groups.get(key) is not group:
            return
        del self.groups[key]
        value = self._value(group)
        if holds(self.rule.bounds, value):
            found = group.hits if group.hits[-1] is group.final else [*group.hits, group.final]
            self.fire(self, at, key, found, Evidence(self.shown, value))

    def _value(self, group: WholeGroup) -> Any:
        kind = self.rule.kind
        if kind == "event_count":
            return group.count
        if kind in ("value_count", "temporal"):
            return len(group.values)
        if kind == "temporal_ordered":
            return longest(group.numbers, self.size, ties=len(set(self.rule.rules)) == self.size)
        if kind == "value_sum":
            return sum(group.numbers) if all(type(one) is int for one in group.numbers) else fsum(group.numbers)
        return min(group.numbers) if kind == "value_min" else max(group.numbers)
