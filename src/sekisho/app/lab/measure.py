"""How well a result tells planted attacks: step recall, precision, the root, and whether incidents fit attacks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sekisho.app.lab.mixed import Attack
from sekisho.model.artifact import SEPARATOR
from sekisho.model.finding import LEVELS
from sekisho.model.incident import Incident
from sekisho.model.result import Result

ROOT_WITHIN_NS = 15 * 60 * 1_000_000_000  # the root is right when it is planted and nothing planted is told long before


@dataclass(frozen=True, slots=True)
class Told:
    """One attack as an investigation told it."""

    case: str
    incident: str
    """Id of the incident that tells most of it; empty when none does."""
    steps: int
    found: int
    """Steps of which that incident shows at least one record."""
    missed: tuple[str, ...]
    evidence: int
    """Records and mails that the incident rests on."""
    unrelated: tuple[str, ...]
    """Of these, what nobody planted."""
    root_right: bool
    split: int
    """Other incidents that tell planted records of the same attack."""

    @property
    def recall(self) -> float:
        """Share of the steps found."""
        return self.found / self.steps if self.steps else 1.0

    @property
    def precision(self) -> float:
        """Share of the evidence that was planted."""
        return 1.0 - len(self.unrelated) / self.evidence if self.evidence else 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """All attacks of one folder, and what was told beside them."""

    told: tuple[Told, ...]
    merged: int
    """Incidents that tell the main part of more than one attack."""
    others: tuple[Incident, ...]
    """Incidents that tell no attack's records at all."""

    @property
    def false_alarms(self) -> tuple[Incident, ...]:
        """Those of them that are of severity high or more."""
        return tuple(one for one in self.others if LEVELS.index(one.severity) >= LEVELS.index("high"))


Place = tuple[str, str]
"""(source, record); the record of a whole file is empty."""


def measure(result: Result, attacks: Sequence[Attack], prefix: str = "") -> Measured:
    """Hold a result against the attacks planted in its evidence.

    Args:
        result: of an investigation.
        attacks: with paths as below the folder of the case.
        prefix: what stands before these paths in the result.
    """
    places = _places(result, prefix)
    shown = {one.id: _shown(one, places) for one in result.incidents}
    items = {one.id: _items(one, places) for one in result.incidents}
    steps = {attack.case: _steps(attack) for attack in attacks}
    hits = {
        attack.case: Counter({key: sum(place in steps[attack.case] for place in some) for key, some in shown.items()})
        for attack in attacks
    }
    main = {case: next((key for key, count in counts.most_common(1) if count), "") for case, counts in hits.items()}
    by_id = {one.id: one for one in result.incidents}
    told = [_told(attack, main[attack.case], by_id, shown, items, hits[attack.case], places) for attack in attacks]
    uses = Counter(key for key in main.values() if key)
    touched = {key for counts in hits.values() for key, count in counts.items() if count}
    return Measured(
        tuple(told),
        sum(count > 1 for count in uses.values()),
        tuple(one for one in result.incidents if one.id not in touched),
    )


def _told(
    attack: Attack,
    main: str,
    by_id: Mapping[str, Incident],
    shown: Mapping[str, set[Place]],
    items: Mapping[str, list[list[Place]]],
    hits: Mapping[str, int],
    places: Mapping[str, list[tuple[Place, int | None]]],
) -> Told:
    by_place = _steps(attack)
    keys = {one.key for one in attack.steps}
    mine = shown.get(main, set())
    found = {key for place in mine for key in by_place.get(place, ())}
    known = by_place.keys() | attack.allowed
    unrelated = sorted("#".join(ones[0]) for ones in items.get(main, ()) if known.isdisjoint(ones))
    return Told(
        attack.case,
        main,
        len(keys),
        len(found),
        tuple(sorted(keys - found)),
        len(items.get(main, ())),
        tuple(unrelated),
        main in by_id and _root_right(by_id[main], by_place, places),
        sum(1 for key, count in hits.items() if count and key != main),
    )


def _root_right(
    incident: Incident, steps: Mapping[Place, set[str]], places: Mapping[str, list[tuple[Place, int | None]]]
) -> bool:
    root = places.get(incident.root_cause, [])
    if not any(place in steps for place, _ in root):
        return False
    at = next((time for _, time in root if time is not None), None)
    planted = [
        time
        for step in incident.steps
        for key in step.evidence
        for place, time in places.get(key, ())
        if time is not None and place in steps
    ]
    return at is None or not planted or at <= min(planted) + ROOT_WITHIN_NS


def _steps(attack: Attack) -> dict[Place, set[str]]:
    found: dict[Place, set[str]] = defaultdict(set)
    for one in attack.steps:
        found[one.source, one.record].add(one.key)
    return found


def _places(result: Result, prefix: str) -> dict[str, list[tuple[Place, int | None]]]:
    """Give where the events and mails of a result lie, by id; one event may stand for several lines of a log."""
    found: dict[str, list[tuple[Place, int | None]]] = {}
    for event in result.events:
        source = event.source.removeprefix(prefix)
        lines = [event.record, *map(str, _listed(event.fields.get("joined_records")))]
        found[event.id] = [((source, line), event.time_ns) for line in lines]
    for analysis, _ in result.artifacts:
        path = analysis.address.partition(SEPARATOR)[0].removeprefix(prefix)
        found[analysis.id] = [((path, ""), None)]
    return found


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, list | tuple) else () if value in (None, "") else (value,)


def _items(incident: Incident, places: Mapping[str, list[tuple[Place, int | None]]]) -> list[list[Place]]:
    """Give where each record and mail that an incident's steps rest on lies; each once, copies of a mail apart."""
    evidence = {key for step in incident.steps for key in step.evidence}
    evidence |= {key for one in incident.reached for key in one.evidence}
    found = {tuple(place for place, _ in places[key]) for key in evidence if key in places}
    return [list(ones) for ones in sorted(found)]


def _shown(incident: Incident, places: Mapping[str, list[tuple[Place, int | None]]]) -> set[Place]:
    """Give every place that an incident's steps rest on."""
    return {place for ones in _items(incident, places) for place in ones}
