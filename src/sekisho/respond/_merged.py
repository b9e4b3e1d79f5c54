"""Why an incident is one: merges that say the same are told once, with the ids that undo each."""

from __future__ import annotations

from typing import NamedTuple

from sekisho.model.incident import Incident
from sekisho.respond.wording import Words

IDS_SHOWN = 4


class Told(NamedTuple):
    """Merges of one wording."""

    text: str
    weight: float
    """Of the strongest."""
    ids: str


def merges(incident: Incident, words: Words) -> list[Told]:
    """Give the merges of an incident by what they say, in the order of the first of each."""
    groups: dict[str, list[tuple[float, str]]] = {}
    for one in incident.merges:
        groups.setdefault(words.say(one.why), []).append((one.weight, one.id))
    return [_told(text, some, words) for text, some in groups.items()]


def _told(text: str, some: list[tuple[float, str]], words: Words) -> Told:
    said = text + words.get("step.times", count=len(some)) if len(some) > 1 else text
    ids = " ".join(one for _, one in some[:IDS_SHOWN])
    if len(some) > IDS_SHOWN:
        ids += f" {words.get('label.more', count=len(some) - IDS_SHOWN)}"
    return Told(said, max(weight for weight, _ in some), ids)
