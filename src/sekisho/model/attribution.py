"""Attribution: who used what by which report, and ranked hypotheses with the evidence for and against each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sekisho.model.incident import Text


@dataclass(frozen=True, slots=True)
class Citation:
    """One public report, as a knowledge base cites it."""

    url: str
    date: date | None
    """The day it was published, the first of the month or year where no day is given; None when it says nothing."""


@dataclass(frozen=True, slots=True)
class Named:
    """Something the knowledge base has a name for."""

    id: str
    """ATT&CK's: ``G0016``, ``S0154``, ``T1566.001``, ``C0024``."""
    kind: str
    """actor, campaign, malware, tool or technique."""
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """One thing is said to use another."""

    source: str
    target: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class NameLink:
    """Two names that may mean the same actor: a link with a weight, never a merge."""

    one: str
    other: str
    weight: float
    """0 to 1: how sure the source is, or how exclusive the shared name is."""
    why: str
    """The shared name, or the source that says so."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A dated snapshot of who uses what."""

    title: str
    """``Enterprise ATT&CK 18.1``."""
    names: Mapping[str, Named]
    uses: tuple[Use, ...]
    campaigns: Mapping[str, str]
    """Campaign id -> the actor it is attributed to."""
    links: tuple[NameLink, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be read, a sentence each, in English."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one report says that one actor uses."""

    url: str
    date: date | None
    actor: str
    items: tuple[str, ...]
    """Ids of techniques and software, sorted."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of a ledger: what speaks for or against a hypothesis, and how much."""

    kind: str
    """technique malware tool coreported relatives likeness activity sign (catalogue: ``evidence.*``)."""
    value: str
    """An id, a URL for ``likeness``, a sign's name; empty for ``activity``."""
    name: str
    weight: float
    """Log-odds in nats against the average candidate: above 0 speaks for, below 0 against."""
    reports: int
    """Reports that say this hypothesis has it."""
    rarity: float
    """Share of all reports that have it, 0 to 1."""
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """A habit of a hypothesis that was not seen. It carries no weight: reports and logs are never complete."""

    value: str
    name: str
    share: float
    """Of its reports that have it, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One answer, and what it rests on."""

    id: str
    name: str
    kind: str
    """actor, family or distributor."""
    probability: float
    """Calibrated, 0 to 1; what all hypotheses lack to 1 is ``Attribution.unknown``."""
    reports: int
    undated: int
    first: date | None
    last: date | None
    evidence: tuple[Evidence, ...]
    """Heaviest first, whichever way it speaks."""
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One piece of evidence that would change the first place."""

    action: str
    """``add``: were it seen too; ``drop``: were it wrong; ``source``: were this source left out."""
    value: str
    name: str
    top: str
    """Name of the hypothesis that would then come first."""
    probability: float
    """That hypothesis would then have."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Ranked hypotheses, none of them a bare name."""

    subject: str
    kind: str
    """actor, family or distributor."""
    at: date | None
    """Only reports before this day were used; None for all."""
    reference: str
    """What the hypotheses come from, with its version."""
    items: tuple[Named, ...]
    """What was asked about."""
    hypotheses: tuple[Hypothesis, ...]
    """Most probable first."""
    unknown: float
    """Probability that it is none that the reference knows."""
    changes: tuple[Change, ...] = ()
    links: tuple[NameLink, ...] = ()
    """Names that may mean one of the first hypotheses."""
    cautions: tuple[Text, ...] = ()
    calibrated: bool = True
    """False where no measurement stands behind the probabilities."""

    @property
    def band(self) -> str:
        """Word for the first place: what may be said about it."""
        top = self.hypotheses[0].probability if self.hypotheses else 0.0
        return "unknown" if top <= self.unknown else band(top)


BANDS = ((0.95, "almost_certain"), (0.80, "very_likely"), (0.55, "likely"), (0.25, "possible"), (0.0, "unlikely"))
"""Lower end of each step of the wording scale. Source: the seven expressions of ICD 203 (2015), D.6.e.(2)(a), drawn
together to five because reports of this field are too few to tell seven apart."""


def band(probability: float) -> str:
    """Give the step of the wording scale (catalogue: ``band.*``)."""
    return next(word for least, word in BANDS if probability >= least)
