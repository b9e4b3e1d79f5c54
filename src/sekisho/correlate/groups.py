"""Groups: units of evidence united one explained merge at a time.

Two groups that each have a beginning, a hostile mail or file or an attack on a server from outside, are two incidents:
they may share a site, an address, a tool. Only a value that stands for one act unites them, or one who acts in both:
an account that was taken on a server and then sends mail. Attacks on one server may be one attack in many requests;
of two attacks on servers, each from outside, one account's name makes one attack only within a day, and only where not
both show a way in of their own, since a mailbox is worth taking to more than one intruder.
Since the worthiest links go first, a record ends up with the beginning that it fits best, and what else it shares is
told as a relation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sekisho.correlate.links import Link

MAIL, FILE, SERVER = "mail", "file", "server"
ENTERED = "entered"  # besides SERVER: how the intruder got in is shown, not only what was done inside
NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class Groups:
    """Union-find over units by key, with the merges that were made and those that were not."""

    apart: Collection[str] = frozenset()
    """Ids of links that the user does not accept."""
    merges: list[tuple[int, Link]] = field(default_factory=list)
    """Links that united two groups, and how many units the smaller of both had."""
    refused: list[Link] = field(default_factory=list)
    """Links between two groups with beginnings of their own."""
    _parent: dict[str, str] = field(default_factory=dict)
    _size: dict[str, int] = field(default_factory=dict)
    _roots: dict[str, frozenset[str]] = field(default_factory=dict)
    """Kinds of beginnings of groups that have any, by representative: mail file server entered."""

    def find(self, key: str) -> str:
        """Give the representative of a unit's group."""
        parent = self._parent
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    def join(self, left: str, right: str) -> int:
        """Unite two units that are parts of one thing; give the size of the smaller group, 0 where both were one."""
        first, second = sorted((self.find(left), self.find(right)))
        if first == second:
            return 0
        sizes = self._size.pop(first, 1), self._size.pop(second, 1)
        self._size[first] = sum(sizes)
        self._parent[second] = first
        kinds = self._roots.pop(first, NONE) | self._roots.pop(second, NONE)
        if kinds:
            self._roots[first] = kinds
        return min(sizes)

    def begin(self, key: str, kind: str = MAIL) -> None:
        """Say that a unit is something an incident can begin with."""
        root = self.find(key)
        self._roots[root] = self._roots.get(root, NONE) | {kind}

    def rooted(self, key: str) -> str:
        """Give a unit's group if that begins with a mail or file, else nothing."""
        group = self.find(key)
        return "" if self._roots.get(group, NONE).isdisjoint((MAIL, FILE)) else group

    def _two(self, link: Link) -> bool:
        """Tell whether a link joins two groups that stay two incidents."""
        left, right = (self._roots.get(self.find(key), NONE) for key in (link.left, link.right))
        if not left or not right or link.proves:
            return False
        if link.how == "account" and SERVER in left & right and (not link.soon or ENTERED in left & right):
            return True
        if link.acts and SERVER in left | right:
            return False
        return MAIL in left | right or FILE in left & right

    def merge(self, link: Link) -> bool:
        """Unite two units for a reason that is told, unless the user keeps them apart."""
        if link.id in self.apart:
            return False
        if size := self.join(link.left, link.right):
            self.merges.append((size, link))
        return True

    def merge_weighed(self, pairs: Iterable[Sequence[Link]]) -> None:
        """Unite pairs by their links, best pair first; two beginnings only by a value that proves one act."""
        for found in pairs:
            kept = [one for one in found if one.id not in self.apart]
            if not kept:
                continue
            best = next((one for one in kept if not self._two(one)), None)
            if self.find(kept[0].left) == self.find(kept[0].right):
                continue
            if best is None:
                self.refused.append(kept[0])
            else:
                self.merges.append((self.join(best.left, best.right), best))
