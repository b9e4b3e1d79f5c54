"""Links: which units of evidence share an observable, and how much that is worth.

A unit is a mail with its files, a chain of processes, or a record of any other log. A value links two units by its
kind (a Message-ID says more than a domain), by how few parties share it, and only within a bounded time. Of all units
that share a value each is linked to its nearest only, so links grow with the sightings and not with their pairs.

A site's name or an address that several beginnings hold does not tell which of them a record belongs to. Links by it
are doubtful: they are weighed after all others, when what a whole URL or a file's name joins has found its beginning.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log2
from typing import NamedTuple

from sekisho.correlate.observables import ACTOR, OBJECT, outside
from sekisho.model.ids import stable_id
from sekisho.model.observable import Observable

SECOND_NS = 1_000_000_000
MINUTE_NS, DAY_NS = 60 * SECOND_NS, 24 * 3600 * SECOND_NS
REGULAR = 60  # ordinary records of one address, from which on it is somebody's who works there
AROUND_NS = 30 * SECOND_NS  # of a regular's records, those so near to a telling one are its context
MERGE_AT = 0.5  # what a link, or all links of one pair together, must be worth to make one incident of two units
HUB_PARTIES = 50  # parties that share a value, from which on it links nothing at all
CARRIERS = ("mail:", "file:")  # units that hold a value for somebody who need not have touched it
# Types whose values are one thing by nature, however many act on it.
OF_ONE = ("server", "account", "mailbox", "written", "lateral", "callback")
SAME_BY_NATURE = ("server", "callback")  # of which an equal party says nothing more
SAME_PARTY = 0.25  # added when the same machine or account touched the value on both sides within a day
CLOSE = 0.1  # ... and within minutes
SLACK_NS = 10 * MINUTE_NS  # clocks of two logs, where nothing shows their offset
TELLING = 1.5  # weight of a record's findings from which on what it did, and not only what it names, counts
GRAVE = 3.5  # ... from which on one server's grave findings within minutes belong together


class Kind(NamedTuple):
    """What sharing a value of one type is worth."""

    weight: float
    """0 to 1, when two parties at most share the value."""
    within_ns: int
    proves: bool = False
    """The value stands for one act, so that it may unite what has two beginnings."""


# Source of the order: what an attacker can share by chance. Message-IDs and digests are unique by construction (RFC
# 5322 3.6.4, FIPS 180-4); sessions within one server; the rest by the mission's cases: the address an intruder comes
# from stays for days (mission 5 and 6), a hacked site serves many waves (mission 4).
KINDS: Mapping[str, Kind] = {
    "message": Kind(1.0, 30 * DAY_NS, proves=True),
    "sha256": Kind(1.0, 30 * DAY_NS),
    "session": Kind(0.95, DAY_NS),
    "url": Kind(0.9, 30 * DAY_NS),
    "ip": Kind(0.85, 7 * DAY_NS),
    "order": Kind(0.8, 30 * DAY_NS, proves=True),
    "file": Kind(0.8, 30 * DAY_NS),
    "domain": Kind(0.7, 30 * DAY_NS),
    "account": Kind(0.7, 7 * DAY_NS),
    "mailbox": Kind(0.7, 7 * DAY_NS),
    "server": Kind(0.6, 10 * MINUTE_NS),
    # Of these, one unit shows the cause (role actor) and others its effect.
    "fetched": Kind(0.8, DAY_NS),
    "written": Kind(0.9, 30 * DAY_NS),
    "lateral": Kind(0.6, 10 * MINUTE_NS),
    "callback": Kind(0.55, DAY_NS),
}
SHARED = ("domain", "ip")  # what hostile mails of different attacks hold alike: hacked sites, hired servers
CAUSAL = ("fetched", "written", "lateral", "callback")


@dataclass(frozen=True, slots=True)
class Mark:
    """One observable as one unit shows it."""

    unit: str
    what: Observable
    role: str
    at_ns: int | None
    party: str
    """The machine, account or address on whose behalf it was touched; empty when nothing tells."""
    weight: float
    """Of the findings on the record; 0 for context."""
    evidence: str
    """Id of the record or artifact."""
    enters: bool = False
    """The record shows a way in."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two units that belong together, and why."""

    left: str
    right: str
    how: str
    """A type of observable, or: rule wave connection (catalogue: ``why.merge.*``)."""
    value: str
    weight: float
    evidence: tuple[str, ...]
    at_ns: int | None = None
    proves: bool = False
    acts: bool = False
    """Both sides show the same one acting, or grave acts on one server: an intruder's address in two requests, an
    account that was taken, a page called moments after it was sent there."""
    soon: bool = True
    """Both sides lie within a day."""
    doubtful: bool = False
    """Several beginnings hold the value, so that it speaks for each of them."""

    @property
    def id(self) -> str:
        """Stable id, to undo a merge by; the same for every copy of a file and every sign that one process ran it."""
        if self.how.startswith("join."):
            return stable_id("g", "file", self.right)
        return stable_id("g", *sorted((self.left, self.right)), self.how, self.value)


def links(marks: Iterable[Mark], rooted: Callable[[str], str], shared: Mapping[Observable, int]) -> list[Link]:
    """Give the links that marks make, each pair once a value; not yet weighed together.

    Args:
        marks: of all units, in any order.
        rooted: gives the group of a unit that belongs to a mail or file an incident can begin with, else nothing.
        shared: parties per observable as counted over all the data, where that was done.
    """
    by_value: dict[Observable, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.what.type in KINDS:
            by_value[mark.what].append(mark)
    found: list[Link] = []
    for what, ones in sorted(by_value.items()):
        if len({mark.unit for mark in ones}) < 2 or (what.type == "ip" and not outside(what.value)):
            continue
        touched = {mark.party for mark in ones if mark.party and not mark.unit.startswith(CARRIERS)}
        parties = max(shared.get(what, 0), len(touched))
        if parties >= HUB_PARTIES:
            continue
        ones.sort(key=lambda mark: (mark.at_ns or 0, mark.unit, mark.evidence))
        share = 1.0 if what.type in OF_ONE else rarity(parties)
        made = _of_value(what, ones, rooted, KINDS[what.type].weight * share)
        if what.type in SHARED and len({rooted(mark.unit) for mark in ones} - {""}) > 1:
            made = _doubtful(made, rooted, KINDS[what.type].weight * share)
        found += made
    return found


def _doubtful(made: Iterable[Link], rooted: Callable[[str], str], weight: float) -> Iterator[Link]:
    """Mark links by a value of several beginnings, except between what one party did within minutes."""
    for one in made:
        at_once = one.weight >= min(1.0, weight + SAME_PARTY + CLOSE)
        yield one if at_once and not (rooted(one.left) or rooted(one.right)) else replace(one, doubtful=True)


def rarity(parties: int) -> float:
    """Give what is left of a value's worth when so many parties share it: all for one, half for sixteen."""
    return 1.0 / (1.0 + log2(max(1, parties)) / 4)


def worth(found: Iterable[Link]) -> list[list[Link]]:
    """Group links by the pair they join and give the groups that are worth a merge, the worthiest first.

    Independent values add up: a pair that shares two things is what one would be with ``1 - (1 - a)(1 - b)``. Of pairs
    of one worth, that comes first whose value says most by its nature: a whole URL before the name of its site. Pairs
    that share nothing but doubtful values come last.
    """
    pairs: dict[tuple[str, str], dict[tuple[str, str], Link]] = defaultdict(dict)
    for one in found:
        left, right = sorted((one.left, one.right))
        known = pairs[left, right].setdefault((one.how, one.value), one)
        if one.weight > known.weight:
            pairs[left, right][one.how, one.value] = one
    groups = []
    for pair, ones in pairs.items():
        total = together(ones.values())
        if total >= MERGE_AT:
            best = sorted(ones.values(), key=lambda one: (-one.weight, one.how, one.value))
            doubtful = all(one.doubtful for one in best)
            groups.append((doubtful, -total, -max(map(_says, best)), pair, best))
    groups.sort(key=lambda group: group[:-1])
    return [group[-1] for group in groups]


def _says(link: Link) -> float:
    """Give what a link's kind of value says by its nature; what is no shared value is a fact."""
    kind = KINDS.get("domain" if link.how == "join.address" and link.weight < 1.0 else link.how)
    return kind.weight if kind else 1.0


def together(found: Iterable[Link]) -> float:
    """Give what several links of one pair are worth; a name and its address are one thing, so one of a kind counts."""
    by_how: dict[str, float] = {}
    for one in found:
        how = "address" if one.how in ("url", "domain", "ip") else one.how
        by_how[how] = max(by_how.get(how, 0.0), one.weight)
    left = 1.0
    for weight in by_how.values():
        left *= 1.0 - weight
    return 1.0 - left


def _of_value(what: Observable, ones: Sequence[Mark], rooted: Callable[[str], str], weight: float) -> Iterator[Link]:
    if what.type in ("account", "mailbox"):
        yield from _acting(what, ones, weight)
        return
    if what.type == "server":
        grave = [mark for mark in ones if mark.weight >= GRAVE]
        yield from (_link(what, *pair, weight) for pair in pairwise(grave) if _near(*pair, KINDS["server"].within_ns))
        return
    within = KINDS[what.type].within_ns
    if what.type in CAUSAL:
        causes = [mark for mark in ones if mark.role == ACTOR]
        if causes:
            yield from _to_roots(what, causes, [mark for mark in ones if mark.role != ACTOR], weight)
        return
    if what.type in ("ip", "session"):
        ones = _telling(ones)
    roots: list[Mark] = []
    others: list[Mark] = []
    for mark in ones:
        (roots if rooted(mark.unit) else others).append(mark)
    if roots:
        yield from _to_roots(what, roots, others, weight)
    lines = [others] if not roots else _by_party(others)  # what one party did belongs together before all else
    for line in lines:
        yield from (_link(what, *pair, weight) for pair in pairwise(line) if _joins(*pair) and _near(*pair, within))
    if KINDS[what.type].proves:
        yield from (_link(what, *pair, weight) for pair in pairwise(roots))


def _telling(ones: Sequence[Mark]) -> Sequence[Mark]:
    """Give what an address did that may belong to an attack: all of it for a stranger, what is near for a regular.

    The address of an office that opens orders all day is in the log for each of them; what its browser was made to do
    within seconds is not told by its whole day.
    """
    grave = [mark.at_ns or 0 for mark in ones if mark.weight >= TELLING or mark.role != ACTOR]
    if len(ones) - len(grave) <= REGULAR:
        return ones
    near: list[Mark] = []
    for mark in ones:
        place = bisect_right(grave, mark.at_ns or 0)
        around = grave[max(0, place - 1) : place + 1]
        if mark.weight >= TELLING or any(abs((mark.at_ns or 0) - at) <= AROUND_NS for at in around):
            near.append(mark)
    return near


def _by_party(marks: Iterable[Mark]) -> list[list[Mark]]:
    lines: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.party:
            lines[mark.party].append(mark)
    return list(lines.values())


def _to_roots(what: Observable, roots: Sequence[Mark], others: Sequence[Mark], weight: float) -> Iterator[Link]:
    """Link each unit to the root of its own party, else to the last one that came before it."""
    times = [mark.at_ns or 0 for mark in roots]
    of_party: dict[str, list[Mark]] = defaultdict(list)
    for mark in roots:
        of_party[mark.party].append(mark)
    within = KINDS[what.type].within_ns
    for mark in others:
        place = bisect_right(times, (mark.at_ns or 0) + SLACK_NS)
        if not place and mark.at_ns is not None:
            continue  # before any of them came: not their effect
        best = roots[max(0, place - 1)]
        mine = [one for one in of_party.get(mark.party, ())[-20:] if mark.party and _near(one, mark, within)]
        best = mine[-1] if mine else best
        if _near(best, mark, within) and best.unit != mark.unit and _answers(best, mark):
            yield _link(what, best, mark, weight)


def _acting(what: Observable, ones: Sequence[Mark], weight: float) -> Iterator[Link]:
    """Link what an account did in the logs of servers, and what was done to it before it did so.

    What shows a way in, such as a login after guessed passwords, explains what the account does afterwards. What it did
    before needs another explanation.
    """
    within = KINDS[what.type].within_ns
    last: Mark | None = None
    waiting: list[Mark] = []
    for mark in ones:
        if mark.role == OBJECT and mark.weight >= TELLING:
            waiting.append(mark)
        if mark.role != ACTOR or mark.weight < TELLING:
            continue
        for before in [*waiting, *([last] if last is not None and not mark.enters else [])]:
            if _near(before, mark, within):
                yield _link(what, before, mark, weight)
        waiting, last = [], mark


def _joins(left: Mark, right: Mark) -> bool:
    """Tell whether the parts two units play for a value let it join them: two who contact one place need not meet."""
    if left.what.type == "ip":
        return _answers(left, right) and (ACTOR in (left.role, right.role) or left.party == right.party != "")
    return True


def _answers(left: Mark, right: Mark) -> bool:
    """Tell whether an address that was contacted did something telling; being called makes no call of its own bad."""
    if left.what.type != "ip" or left.role == right.role:
        return True
    return min(one.weight for one in (left, right) if one.role == ACTOR) >= TELLING


def _near(left: Mark, right: Mark, within_ns: int) -> bool:
    return left.at_ns is None or right.at_ns is None or abs(right.at_ns - left.at_ns) <= within_ns


def _link(what: Observable, left: Mark, right: Mark, weight: float) -> Link:
    same = 0.0
    if left.party and left.party == right.party and what.type not in SAME_BY_NATURE and _near(left, right, DAY_NS):
        same = SAME_PARTY + (CLOSE if _near(left, right, SLACK_NS) else 0.0)
    at = max(left.at_ns or 0, right.at_ns or 0) or None
    evidence = tuple(dict.fromkeys((left.evidence, right.evidence)))
    acts = what.type in ("account", "server") or (what.type in ("ip", "session") and left.role == right.role == ACTOR)
    proves = KINDS[what.type].proves
    soon = _near(left, right, DAY_NS)
    return Link(left.unit, right.unit, what.type, what.value, min(1.0, weight + same), evidence, at, proves, acts, soon)
