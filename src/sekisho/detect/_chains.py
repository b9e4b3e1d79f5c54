"""Hits in a given order: the algorithm behind ``temporal_ordered``, in time that does not grow with the window."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from sekisho.detect._hits import Hit

Link: TypeAlias = tuple[int, Hit, Any]
"""(time of the first hit of a chain, its last hit, the link before)."""


class Chain:
    """Hits in the order of the rules, the chain that begins latest for each place it may end at.

    A chain can only end in time when it begins late enough, so of all chains that end at a place only the one that
    begins latest matters: one link for each place is the whole state. Hits of one time count as in order, for
    nothing shows that they were not: places that already have a hit of this time are looked at again. Where a rule is
    in the list twice its hits would count twice in that way, so there they count in the order they come.
    """

    __slots__ = ("here", "links", "moment", "size", "ties")

    def __init__(self, size: int, *, ties: bool) -> None:
        """Begin for ``size`` places."""
        self.size, self.ties = size, ties
        self.moment: int | None = None
        self.here: dict[int, Hit] = {}
        """Place to latest hit, of the latest time only."""
        self.links: list[Any] = [None] * size

    def take(self, at: int, place: int, hit: Hit) -> None:
        """Take the hit of the rule at a place."""
        self.extend(at, place, hit)
        if not self.ties:
            return
        if at != self.moment:
            self.moment = at
            self.here.clear()
        elif self.here:
            for later in range(place + 1, self.size):
                if later in self.here:
                    self.extend(at, later, self.here[later])
        self.here[place] = hit

    def extend(self, at: int, place: int, hit: Hit) -> None:
        """Let chains end at a place."""
        links = self.links
        if not place:
            links[0] = (at, hit, None)
            return
        before, mine = links[place - 1], links[place]
        if before is not None and (mine is None or before[0] > mine[0]):
            links[place] = (before[0], hit, before)

    def best(self) -> Link | None:
        """Give the end of the full chain that begins latest."""
        found: Link | None = self.links[-1]
        return found


class LastChain(Chain):
    """Of the chains that begin latest, the one that ends last: what must not be may lie before an earlier end."""

    def extend(self, at: int, place: int, hit: Hit) -> None:
        """Let chains end at a place, again and again."""
        before = self.links[place - 1] if place else None
        if not place:
            self.links[0] = (at, hit, None)
        elif before is not None:
            self.links[place] = (before[0], hit, before)


class PartChain(Chain):
    """Chains of which only so many places need a hit: one link for each place and length."""

    __slots__ = ("need",)

    def __init__(self, size: int, need: int, *, ties: bool) -> None:
        """Begin for ``size`` places, of which ``need`` must be filled."""
        super().__init__(size, ties=ties)
        self.need = need
        self.links = [[None] * (need + 1) for _ in range(size)]

    def extend(self, at: int, place: int, hit: Hit) -> None:
        """Let chains of every length end at a place."""
        links, mine = self.links, self.links[place]
        for length in range(min(place + 1, self.need), 0, -1):
            if length == 1:
                mine[1] = (at, hit, None)
                continue
            befores = [link for before in links[length - 2 : place] if (link := before[length - 1]) is not None]
            best = max(befores, key=itemgetter(0), default=None)
            if best is not None and (mine[length] is None or best[0] > mine[length][0]):
                mine[length] = (best[0], hit, best)

    def best(self) -> Link | None:
        """Give the end of the chain of the needed length that begins latest."""
        ends = [link for places in self.links if (link := places[self.need]) is not None]
        return max(ends, key=itemgetter(0), default=None)


def hits_of(link: Link | None) -> list[Hit]:
    """Give the hits of a chain, the first one first."""
    found = []
    while link is not None:
        found.append(link[1])
        link = link[2]
    return found[::-1]


def longest(places: Sequence[tuple[int, int]], size: int, *, ties: bool) -> int:
    """Give the length of the longest ascending run of places among (time, place) in the order of time."""
    if ties:
        places = sorted(places)
    best = [0] * (size + 1)  # best[n]: longest run that ends before place n
    for _, place in places:
        length = best[place] + 1
        for after in range(place + 1, size + 1):
            if best[after] >= length:
                break
            best[after] = length
    return best[size]
