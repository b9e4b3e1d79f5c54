"""Clusters: sightings become campaigns by weighed, explained links; the same set gives the same campaigns in any order.

Candidates come from an index of traits, each carrier with the next few in time, so that the work grows with what is
stored and not with its square. Links are followed from the strongest down, and only where members beside the two that
are linked belong together too, so that no chain of chance links makes a campaign. What a person decided goes before
what was computed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sekisho.campaigns import waves, weights
from sekisho.model.campaign import Campaign, Decision, Link, Shared, Sighting, Trait, volume_of
from sekisho.model.ids import stable_id

NEIGHBOURS = 6
"""Carriers of a trait, next in time, that each carrier is compared with; a chain joins the others."""
CANDIDATE_WEIGHT = 2.0
"""Log-odds below which a trait alone makes no pair worth comparing."""
COMPARED, SUPPORT = 4, 0.25
"""Two groups join when, of the pairs between so many members of each that are next in time, this share is linked.
Measured on tracker notes up to March 2022 and on phishing of 2021 to 2024: docs/decisions/0016-campaign-odds.md."""
SHOWN = 12
"""Shared traits named for a link, common ones for a campaign, refused links for a campaign."""
SPREAD_DAYS = 14
"""A trait shared by all the world is shared all the time; a wave is over by then."""


@dataclass(slots=True)
class Index:
    """Sightings by trait, and what each trait is worth among them."""

    sightings: list[Sighting]
    """Sorted by time, then id; each id once."""
    place: dict[str, int]
    carriers: dict[Trait, list[int]]
    worth: dict[Trait, tuple[float, str]]
    """(log-odds, why ignored) by trait that two or more carry."""
    near: list[float]
    """Share of all sightings that lie within some days of each, by place."""
    strong: list[frozenset[int]]
    """Numbers of the traits of each sighting that are worth anything, by place; numbers are compared fast."""
    parts: list[tuple[str, float]]
    """(group, log-odds) by the number of a trait."""

    def link(self, first: int, second: int, decision: str = "") -> Link:
        """Weigh two sightings against each other."""
        left, right = self.sightings[first], self.sightings[second]
        shared = self._shared(left, right)
        elapsed = weights.time_weight(left.at_s, right.at_s, self.near[first])
        crowded = weights.crowded(len(left.traits), len(right.traits))
        evidence = sum(one.weight for one in shared)
        score = weights.PRIOR + crowded + elapsed + evidence
        ordered = tuple(sorted(shared, key=lambda one: (-one.weight, one.trait))[:SHOWN])
        wave = waves.chance(evidence, days_between(left, right))
        return Link(left.id, right.id, score, weights.probability(score), ordered, elapsed, decision, evidence, wave)

    def score(self, first: int, second: int) -> float:
        """Give the score of two sightings alone."""
        left, right = self.sightings[first], self.sightings[second]
        score = weights.PRIOR + weights.time_weight(left.at_s, right.at_s, self.near[first])
        score += weights.crowded(len(left.traits), len(right.traits))
        return score + self.evidence(first, second)

    def evidence(self, first: int, second: int) -> float:
        """Give what two sightings share in log-odds, without prior and time."""
        groups: dict[str, list[float]] = {}
        for number in self.strong[first] & self.strong[second]:
            group, value = self.parts[number]
            groups.setdefault(group, []).append(value)
        return sum(decayed(group, values) for group, values in groups.items())

    def _shared(self, left: Sighting, right: Sighting) -> list[Shared]:
        found = sorted(set(left.traits) & set(right.traits))
        groups: dict[str, list[Trait]] = defaultdict(list)
        told = []
        for trait in found:
            worth, ignored = self.worth.get(trait, (0.0, "common"))
            if worth:
                groups[weights.KINDS[trait.kind].group].append(trait)
            else:
                told.append(Shared(trait, len(self.carriers.get(trait, ())), 0.0, ignored or "common"))
        for group, traits in groups.items():
            factor = 1.0
            for trait in sorted(traits, key=lambda one: (-self.worth[one][0], one)):
                told.append(Shared(trait, len(self.carriers[trait]), self.worth[trait][0] * factor))
                factor *= weights.DECAY.get(group, 0.5)
        return told


def days_between(one: Sighting, two: Sighting) -> float | None:
    """Give the days between two sightings, None when one has no date."""
    return None if one.at_s is None or two.at_s is None else abs(one.at_s - two.at_s) / 86_400


def decayed(group: str, values: list[float]) -> float:
    """Add up weights of one group, each further one worth less."""
    factor, total, step = 1.0, 0.0, weights.DECAY.get(group, 0.5)
    for value in sorted(values, reverse=True):
        total += value * factor
        factor *= step
    return total


def index(sightings: Iterable[Sighting]) -> Index:
    """Index sightings; of those with one id, the first in order of time counts."""
    unique: dict[str, Sighting] = {}
    for one in sorted(sightings, key=_order):
        unique.setdefault(one.id, one)
    ordered = list(unique.values())
    carriers: dict[Trait, list[int]] = {}
    for number, one in enumerate(ordered):
        for trait in one.traits:
            carriers.setdefault(trait, []).append(number)
    made = Index(ordered, {one.id: number for number, one in enumerate(ordered)}, carriers, {}, _near(ordered), [], [])
    told = [_told(one) for one in ordered]
    total = len(ordered)
    for trait, some in carriers.items():
        if len(some) > 1 and trait.kind in weights.KINDS:
            made.worth[trait] = _worth(trait, some, total, ordered, told)
    numbers: dict[Trait, int] = {}
    for trait, (value, _) in made.worth.items():
        if value > 0:
            numbers[trait] = len(made.parts)
            made.parts.append((weights.KINDS[trait.kind].group, value))
    made.strong += [frozenset(numbers[trait] for trait in one.traits if trait in numbers) for one in ordered]
    return made


def _near(ordered: Sequence[Sighting]) -> list[float]:
    times = [one.at_s for one in ordered if one.at_s is not None]
    span, total = int(weights.NEAR_DAYS * 86_400), len(ordered) + weights.PSEUDO
    shares = [(bisect_right(times, at + span) - bisect_left(times, at - span)) / total for at in times]
    return shares + [1.0] * (len(ordered) - len(times))


def _order(one: Sighting) -> tuple[int, int, str]:
    return (one.at_s is None, one.at_s or 0, one.id)


def _told(one: Sighting) -> tuple[str, str]:
    """Give what tells who wrote and what about, to see whether carriers of a trait have anything else in common."""
    sender = next((value for kind, value in one.traits if kind == "sender.domain"), one.id)
    subject = next((value for kind, value in one.traits if kind == "subject.shape"), one.title)
    return sender, subject


def _worth(
    trait: Trait, some: Sequence[int], total: int, sightings: Sequence[Sighting], told: Sequence[tuple[str, str]]
) -> tuple[float, str]:
    if weights.known_hub(trait):
        return 0.0, "hub"
    kind = weights.KINDS[trait.kind]
    if kind.identifies and kind.group in ("url", "sender", "c2") and len(some) >= weights.SPREAD_CARRIERS:
        senders, subjects = ({told[one][part] for one in some} for part in (0, 1))
        times = [at for one in some if (at := sightings[one].at_s) is not None]
        long = not times or max(times) - min(times) > SPREAD_DAYS * 86_400
        if long and min(len(senders), len(subjects)) >= weights.SPREAD_SHARE * len(some):
            return 0.0, "spread"
    value = weights.weight(trait.kind, len(some), total)
    return value, "" if value else "common"


def links(made: Index) -> list[tuple[float, int, int]]:
    """Give (score, first, second) of every candidate pair that is linked, strongest first."""
    found = []
    for first, second in sorted(_candidates(made)):
        score = made.score(first, second)
        if score >= weights.LINK_AT:
            found.append((score, first, second))
    return sorted(found, key=lambda one: (-round(one[0], 9), one[1], one[2]))


def _candidates(made: Index) -> set[tuple[int, int]]:
    pairs: set[tuple[int, int]] = set()
    for trait, (value, _) in made.worth.items():
        if value >= CANDIDATE_WEIGHT:
            some = made.carriers[trait]
            for at, first in enumerate(some):
                pairs.update((first, second) for second in some[at + 1 : at + 1 + NEIGHBOURS])
    return pairs


class _Groups:
    """Disjoint sets that know their members in order of time, and who must not be among them."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))
        self.members = {one: [one] for one in range(count)}
        self.foes: dict[int, set[int]] = {}

    def find(self, one: int) -> int:
        while self.parent[one] != one:
            self.parent[one] = self.parent[self.parent[one]]
            one = self.parent[one]
        return one

    def foe(self, first: int, second: int) -> bool:
        left, right = self.find(first), self.find(second)
        fewer, other = (left, right) if len(self.foes.get(left, ())) <= len(self.foes.get(right, ())) else (right, left)
        return any(self.find(one) == other for one in self.foes.get(fewer, ()))

    def join(self, first: int, second: int) -> None:
        left, right = self.find(first), self.find(second)
        if len(self.members[left]) < len(self.members[right]):
            left, right = right, left
        self.parent[right] = left
        for one in self.members.pop(right):
            insort(self.members[left], one)
        if right in self.foes:
            self.foes.setdefault(left, set()).update(self.foes.pop(right))

    def nearest(self, one: int, other: int) -> list[int]:
        """Give the members of one's group that are next in time to another sighting."""
        some = self.members[self.find(one)]
        at = bisect_left(some, other)
        return sorted(some[max(0, at - COMPARED) : at + COMPARED], key=lambda each: (abs(each - other), each))[
            :COMPARED
        ]


def cluster(sightings: Iterable[Sighting], decisions: Sequence[Decision] = ()) -> tuple[Campaign, ...]:
    """Group sightings into campaigns of two or more, largest first.

    The result depends on the set of sightings and the decisions only, not on their order.
    """
    made = index(sightings)
    return campaigns(made, links(made), decisions)


def campaigns(
    made: Index, found: Sequence[tuple[float, int, int]], decisions: Sequence[Decision] = ()
) -> tuple[Campaign, ...]:
    """Follow links, strongest first, and give the groups they make."""
    count = len(made.sightings)
    groups = _Groups(count)
    tree: list[Link] = []
    for first, second, verdict in _decided(made, decisions):
        if verdict == "apart":
            groups.foes.setdefault(first, set()).add(second)
            groups.foes.setdefault(second, set()).add(first)
    waiting = []
    for score, first, second in found:
        left, right = groups.find(first), groups.find(second)
        if left == right:
            continue
        if groups.foe(first, second) or not _supported(made, groups, first, second):
            waiting.append((score, first, second))
            continue
        tree.append(made.link(first, second))
        groups.join(first, second)
    for first, second, verdict in _decided(made, decisions):
        if verdict == "same" and groups.find(first) != groups.find(second) and not groups.foe(first, second):
            tree.append(made.link(first, second, "same"))
            groups.join(first, second)
    return _built(made, groups, tree, waiting)


def _decided(made: Index, decisions: Sequence[Decision]) -> Iterator[tuple[int, int, str]]:
    """Give decisions on sightings that are here, in an order of their own."""
    for one in sorted(decisions, key=lambda one: (one.a, one.b, one.verdict)):
        if one.a in made.place and one.b in made.place and one.a != one.b:
            yield made.place[one.a], made.place[one.b], one.verdict


def _supported(made: Index, groups: _Groups, first: int, second: int) -> bool:
    """Tell whether enough pairs across two groups, beside the one that is linked, belong together."""
    left, right = groups.nearest(first, second), groups.nearest(second, first)
    needed = SUPPORT * len(left) * len(right)
    if needed <= 1 and first in left and second in right:
        return True
    hits = 0
    for one in left:
        for other in right:
            hits += made.score(min(one, other), max(one, other)) >= weights.LINK_AT
            if hits >= needed:
                return True
    return False


def _built(
    made: Index, groups: _Groups, tree: Sequence[Link], waiting: Sequence[tuple[float, int, int]]
) -> tuple[Campaign, ...]:
    inside: dict[int, list[Link]] = defaultdict(list)
    for link in tree:
        inside[groups.find(made.place[link.a])].append(link)
    across: dict[int, list[Link]] = defaultdict(list)
    for _, first, second in waiting:
        ends = groups.find(first), groups.find(second)
        if ends[0] != ends[1] and any(len(across[end]) < SHOWN for end in ends):
            link = made.link(first, second)
            for end in ends:
                across[end] = [*across[end], link][:SHOWN]
    built = [
        campaign([made.sightings[one] for one in some], tuple(inside[root]), tuple(across.get(root, ())))
        for root, some in groups.members.items()
        if len(some) > 1
    ]
    return tuple(sorted(built, key=lambda one: (-len(one.members), one.id)))


def campaign(some: list[Sighting], joined: tuple[Link, ...] = (), refused: tuple[Link, ...] = ()) -> Campaign:
    """Describe sightings, sorted by time, as one campaign."""
    times = [one.at_s for one in some if one.at_s is not None]
    counted = Counter(trait for one in some for trait in one.traits)
    most = [pair for pair in counted.items() if pair[1] * 2 > len(some) and pair[1] > 1]
    titles = Counter(one.title for one in some if one.title)
    return Campaign(
        id=stable_id("c", some[0].id),
        anchor=some[0].id,
        members=tuple(one.id for one in some),
        links=joined,
        refused=refused,
        first_at_s=min(times, default=None),
        last_at_s=max(times, default=None),
        volume=volume_of(some),
        common=tuple(sorted(most, key=lambda pair: (-pair[1], pair[0]))[:SHOWN]),
        title=min(titles, key=lambda one: (-titles[one], one), default=""),
        undated=len(some) - len(times),
    )
