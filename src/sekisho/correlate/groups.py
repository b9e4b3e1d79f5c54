"""Groups: units of evidence united one explained merge at a time.

Two groups that each hold a mail or file to begin with are two incidents; only a value that stands for one act unites
them. Since the worthiest links go first, a record ends up with the beginning that it fits best, and the rest of what
it shares is told as a relation between incidents.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sekisho.correlate.links import Link


@dataclass(slots=True)
class Groups:
    """Union-find over units by key, with the merges that were made and those that were not."""

    apart: Collection[str] = frozenset()
    """Ids of links that the user does not accept."""
    merges: list[Link] = field(default_factory=list)
    """Links that united two groups, heaviest evidence of each pair first."""
    refused: list[Link] = field(default_factory=list)
    """Links between two groups with beginnings of their own."""
    _parent: dict[str, str] = field(default_factory=dict)
    _rooted: set[str] = field(default_factory=set)
    """Representatives of groups with a beginning."""

    def find(self, key: str) -> str:
        """Give the representative of a unit's group."""
        parent = self._parent
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    def join(self, left: str, right: str) -> bool:
        """Unite two units that are parts of one thing; tell whether that united two groups."""
        first, second = sorted((self.find(left), self.find(right)))
        if first == second:
            return False
        self._parent[second] = first
        if second in self._rooted:
            self._rooted.add(first)
        return True

    def begin(self, key: str) -> None:
        """Say that a unit is something an incident can begin with."""
        self._rooted.add(self.find(key))

    def rooted(self, key: str) -> bool:
        """Tell whether a unit's group has a beginning."""
        return self.find(key) in self._rooted

    def merge(self, link: Link) -> bool:
        """Unite two units for a reason that is told, unless the user keeps them apart."""
        if link.id in self.apart:
            return False
        if self.join(link.left, link.right):
            self.merges.append(link)
        return True

    def merge_weighed(self, pairs: Iterable[Sequence[Link]]) -> None:
        """Unite pairs by their links, best pair first; two beginnings only by a value that proves one act."""
        for found in pairs:
            kept = [one for one in found if one.id not in self.apart]
            if not kept:
                continue
            left, right = kept[0].left, kept[0].right
            if self.find(left) == self.find(right):
                continue
            if self.rooted(left) and self.rooted(right) and not any(one.proves for one in kept):
                self.refused.append(kept[0])
            else:
                self.join(left, right)
                self.merges.append(kept[0])
