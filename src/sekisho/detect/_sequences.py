"""The windows of temporal correlations: rules together, in order, and with others that must not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sekisho.detect._bounds import Term
from sekisho.detect._chains import Chain, LastChain, PartChain, hits_of
from sekisho.detect._hits import Hit, Key
from sekisho.detect._windows import Group, Node, need_of
from sekisho.model.finding import Evidence


class LatestGroup(Group):
    """The latest hit of each rule."""

    __slots__ = ("hits", "times")

    hits: list[Hit | None]
    times: list[int | None]


class Together(Node):
    """So many of the rules within the window, in any order."""

    new: ClassVar[type[Group]] = LatestGroup

    def prepare(self) -> None:
        """See how many of how many rules are needed."""
        self.size = len(self.rule.rules)
        self.need = need_of(self.rule.bounds)

    def taker(self) -> Callable[[int, Key, Hit, Any], None]:
        """Only the latest hit of each rule matters; ``how`` holds the place of the rule."""
        groups, span, size, spare = self.groups, self.span, self.size, self.size - self.need

        def enough(times: Sequence[int | None], start: int) -> bool:
            left = spare
            for one in times:
                if one is None or one < start:
                    if not left:
                        return False
                    left -= 1
            return True

        def take(at: int, key: Key, hit: Hit, how: Any) -> None:
            group = groups.get(key)
            if group is None:
                group = self.open(key, at)
                group.hits, group.times = [None] * size, [None] * size
            group.last, times, start = at, group.times, at - span
            if group.active and not enough(times, start):
                group.active = False
            times[how[0]] = at
            group.hits[how[0]] = hit
            if not group.active and enough(times, start):
                group.active = True
                inside = [one for one in group.hits if one is not None and one[0].time_ns >= start]
                self.fire(self, at, key, in_time(inside), self.told(inside))

        return take

    def told(self, hits: Sequence[Hit]) -> Evidence:
        """Name the rules that came together, in the order of the correlation."""
        found = {hit[1].rule_id for hit in hits}
        pairs = zip(self.rule.rules, self.rule.labels, strict=True)
        return Evidence("rules", ", ".join(dict.fromkeys(label for rule, label in pairs if rule in found)))


def in_time(hits: Sequence[Hit]) -> list[Hit]:
    """Sort hits by time, those of one time as they are."""
    return sorted(hits, key=lambda hit: hit[0].time_ns)


class ChainGroup(Group):
    """The chains of one group."""

    __slots__ = ("chain",)

    chain: Chain


class InOrder(Together):
    """So many of the rules within the window, in their order."""

    new: ClassVar[type[Group]] = ChainGroup

    def taker(self) -> Callable[[int, Key, Hit, Any], None]:
        """``how`` holds the places of the rule, the last one first."""
        groups, span = self.groups, self.span

        def take(at: int, key: Key, hit: Hit, how: Any) -> None:
            group = groups.get(key)
            if group is None:
                group = self.open(key, at)
                group.chain = self.chain()
            group.last, chain, start = at, group.chain, at - span
            if group.active:
                best = chain.best()
                group.active = best is not None and best[0] >= start
            for place in how:
                chain.take(at, place, hit)
            if not group.active:
                best = chain.best()
                if best is not None and best[0] >= start:
                    group.active = True
                    found = hits_of(best)
                    self.fire(self, at, key, found, self.told(found))

        return take

    def chain(self) -> Chain:
        """Begin the chains of a group."""
        ties = len(set(self.rule.rules)) == self.size
        return Chain(self.size, ties=ties) if self.need == self.size else PartChain(self.size, self.need, ties=ties)


class TermsGroup(LatestGroup):
    """The latest hits, and for each alternative its chain and what waits for it."""

    __slots__ = ("chains", "waiting")

    chains: list[Chain | None]
    waiting: list[int | None]
    """Until when (ns) an alternative with "not" waits for what must not be."""


class Terms(Together):
    """A condition text: alternatives of rules that must be, in order or not, and rules that must not.

    What must not be may still come: an alternative with "not" is told when no hit can any more lie within the time
    span of all that it consists of, so from the time span before its last hit to the time span after its first. When
    that last hit was matters, not when it is asked: what spoilt it once spoils it for good.

    Source: Sigma correlation rules specification 2.1, which takes "not" in temporal conditions and leaves open when.
    """

    new = TermsGroup

    def prepare(self) -> None:
        """Look up for each rule the alternatives it takes part in."""
        self.size = len(self.rule.rules)
        self.terms = self.rule.terms
        self.ordered = self.rule.kind == "temporal_ordered"
        self.places = [{place: index for index, place in enumerate(term.all)} for term in self.terms]

    def taker(self) -> Callable[[int, Key, Hit, Any], None]:
        """Nothing is gained here by a closure."""
        return self.take

    def take(self, at: int, key: Key, hit: Hit, how: Any) -> None:
        """Note the latest hit of a rule; ``how`` holds its place."""
        group = self.groups.get(key)
        if group is None:
            group = self.open(key, at)
            group.hits = [None] * self.size
            group.waiting = [None] * len(self.terms)
            group.chains = [self._chain(term) if self.ordered else None for term in self.terms]
        group.last = at
        if group.active and not any(self._begin(group, index, at) is not None for index in range(len(self.terms))):
            group.active = False
        place = how[0]
        group.hits[place] = hit
        for index, term in enumerate(self.terms):
            if place in term.none:
                group.waiting[index] = None
            elif self.ordered and place in self.places[index]:
                group.chains[index].take(at, self.places[index][place], hit)
        self._judge(at, key, group)

    def _chain(self, term: Term) -> Chain:
        return (LastChain if term.none else Chain)(len(term.all), ties=True)

    def _judge(self, at: int, key: Key, group: TermsGroup) -> None:
        holding = False
        for index, term in enumerate(self.terms):
            begin = self._begin(group, index, at)
            if begin is None:
                continue
            if not term.none:
                holding = True
                if not group.active:
                    group.active = True
                    found = self._hits(group, index, term)
                    self.fire(self, at, key, found, self.told(found))
            elif group.active:
                holding = True
            elif group.waiting[index] is None:
                due = group.waiting[index] = begin + self.span
                self.wake(due, self, key, (index, self._hits(group, index, term)))
        if not holding:
            group.active = False

    def _begin(self, group: TermsGroup, index: int, at: int) -> int | None:
        """Give the time of the first hit of an alternative that holds in the window that ends at a time."""
        term, start = self.terms[index], at - self.span
        chain = group.chains[index]
        if chain is not None:
            best = chain.best()
            if best is None or best[0] < start:
                return None
            begin, end = best[0], best[1][0].time_ns
        else:
            begin, end = at, start
            for place in term.all:
                hit = group.hits[place]
                if hit is None or hit[0].time_ns < start:
                    return None
                begin, end = min(begin, hit[0].time_ns), max(end, hit[0].time_ns)
        for place in term.none:
            hit = group.hits[place]
            if hit is not None and hit[0].time_ns >= end - self.span:
                return None
        return begin

    def _hits(self, group: TermsGroup, index: int, term: Term) -> list[Hit]:
        chain = group.chains[index]
        if chain is not None:
            return hits_of(chain.best())
        return in_time([hit for place in term.all if (hit := group.hits[place]) is not None])

    def due(self, at: int, key: Key, token: Any) -> None:
        """Tell an alternative that nothing has undone."""
        index, found = token
        group = self.groups.get(key)
        if group is None or group.waiting[index] != at:
            return
        group.waiting[index] = None
        if not group.active:
            group.active = True
            self.fire(self, at, key, found, self.told(found))
