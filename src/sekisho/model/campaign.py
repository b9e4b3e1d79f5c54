"""Campaigns: sightings that belong together, why, and what they probably are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

DAY_S = 86_400


class Trait(NamedTuple):
    """One comparable property of a sighting; equal traits of two sightings are evidence that they belong together."""

    kind: str
    """``url.host``, ``text.passage``, ``file.sha256`` ...: a key of ``campaigns.weights.KINDS``."""
    value: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """A mail, artifact, incident or report as campaigns see it."""

    id: str
    """Stable: from content, so that the same mail from two places is one sighting."""
    kind: str
    """mail artifact incident report."""
    at_s: int | None
    """UTC seconds since 1970; None when nothing says when it was."""
    title: str
    """Subject or name, as written; hostile text."""
    source: str
    """Where it can be found again."""
    traits: tuple[Trait, ...]
    """Each once, sorted."""
    country: str = ""
    """ISO 3166 code of the recipient, lower case; empty when unknown."""
    theme: str = ""
    brand: str = ""
    family: str = ""
    """As somebody labelled it; never guessed."""
    distributor: str = ""

    @property
    def day(self) -> date | None:
        """Day in UTC."""
        return None if self.at_s is None else datetime.fromtimestamp(self.at_s, UTC).date()


@dataclass(frozen=True, slots=True)
class Shared:
    """A trait that two sightings share, and what that is worth."""

    trait: Trait
    carriers: int
    """Sightings that have it."""
    weight: float
    """Log-odds (natural) that it adds; 0 when it was left out."""
    ignored: str = ""
    """Why it counts nothing: ``hub`` (known to be shared by all), ``spread`` (measured so), ``common``; else empty."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two sightings that probably belong to one campaign."""

    a: str
    b: str
    score: float
    """Log-odds, prior and time included."""
    probability: float
    shared: tuple[Shared, ...]
    """Weightiest first."""
    time_weight: float
    """Log-odds from the time between them."""
    decision: str = ""
    """``same`` when a person said so."""
    evidence: float = 0.0
    """Log-odds of all that they share, prior and time left out."""
    wave: float = 0.0
    """Probability that both are of one wave, what one crew sends within a day or so; earlier labels left out."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said about two sightings."""

    verdict: str
    """same apart."""
    a: str
    b: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    """One answer about a campaign with its probability."""

    what: str
    """family distributor theme."""
    name: str
    """``unknown`` is an answer."""
    probability: float
    evidence: tuple[tuple[Trait, float], ...] = ()
    """Traits that speak for (> 0) or against (< 0) it, in log-odds, weightiest first."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Sightings that belong together."""

    id: str
    """From its anchor, the first sighting in time: an old id always finds the campaign that holds its anchor."""
    anchor: str
    members: tuple[str, ...]
    """Ids in order of time."""
    links: tuple[Link, ...]
    """What joined them, one fewer than members: the strongest tree."""
    refused: tuple[Link, ...]
    """Links to other campaigns that were not followed: by a decision, or because no others beside them are linked."""
    first_at_s: int | None
    last_at_s: int | None
    volume: tuple[tuple[date, int], ...]
    """Sightings by day, days without any left out."""
    common: tuple[tuple[Trait, int], ...]
    """Traits that most members share, with how many have them."""
    title: str
    """Title that occurs most."""
    undated: int = 0


@dataclass(frozen=True, slots=True)
class Dossier:
    """A campaign with all that others are told of it."""

    campaign: Campaign
    members: tuple[Sighting, ...]
    """In order of time."""
    guesses: tuple[Guess, ...] = ()
    """Family, distributor and theme as far as they are known."""
    everybodys: frozenset[Trait] = frozenset()
    """Traits that all the world shares: never told as the campaign's."""


def volume_of(sightings: list[Sighting]) -> tuple[tuple[date, int], ...]:
    """Count sightings by day; those without a time are left out."""
    return tuple(sorted(Counter(one.day for one in sightings if one.day is not None).items()))
