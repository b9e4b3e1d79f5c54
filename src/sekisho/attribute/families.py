"""Families and distributors: signs found in an incident, weighed by what is known of each family."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import re2

from sekisho.model.attribution import Attribution, Citation, Evidence, Hypothesis, Missing, Named
from sekisho.model.incident import Text

TEXTS, TEXT_CHARS = 20_000, 4_000
"""Texts of an incident that are looked at, and characters of each; patterns only ever see bounded text."""
PRIOR_UNKNOWN = 2.0
"""Log-odds of "none of these" against any one family. Source: own setting; a file names few of all families."""
MOST_OF_ONE = 4.0
"""What all signs of one kind may add up to: five names of one grammar are one habit. Source: own setting."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One dated fact about how something shows."""

    name: str
    kind: str
    """text (a pattern in any text of the incident) or technique."""
    pattern: str
    """A regular expression, or an ATT&CK id."""
    weight: float
    """Log-odds that it is this family rather than another when the sign is there."""
    text_en: str
    text_ja: str
    source: Citation


@dataclass(frozen=True, slots=True)
class Family:
    """A malware family, or a crew that distributes one."""

    id: str
    name: str
    kind: str
    """family or distributor."""
    attack: str
    """Its id in ATT&CK; empty where it has none."""
    first: date | None
    last: date | None
    """Between which days the signs were seen; None for open."""
    signs: tuple[Sign, ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What an incident offers to look at."""

    texts: tuple[str, ...]
    """Command lines, file names, URLs, subjects, macro strings."""
    techniques: tuple[str, ...]
    at: date | None


def weigh(
    families: Sequence[Family], seen: Seen, kind: str, *, subject: str, reference: str, language: str
) -> Attribution:
    """Rank the families, or the distributors, of a knowledge file for one incident.

    The probabilities are no measurement: they follow from the weights that the file states.
    """
    texts = [text[:TEXT_CHARS].encode("utf-8", "replace").decode() for text in seen.texts[:TEXTS]]
    found: list[Hypothesis] = []
    scores: list[float] = []
    for family in families:
        if family.kind == kind:
            lines, missing = _ledger(family, texts, seen, language)
            if any(line.weight > 0 for line in lines):
                scores.append(_total(family, lines))
                dates = [sign.source.date for sign in family.signs if sign.source.date is not None]
                found.append(
                    Hypothesis(
                        id=family.attack or family.id,
                        name=family.name,
                        kind=kind,
                        probability=0.0,
                        reports=len({sign.source.url for sign in family.signs}),
                        undated=sum(sign.source.date is None for sign in family.signs),
                        first=min(dates, default=None),
                        last=max(dates, default=None),
                        evidence=tuple(lines),
                        missing=tuple(missing),
                    )
                )
    raised = [math.exp(min(score, 50.0)) for score in scores]
    total = sum(raised) + math.exp(PRIOR_UNKNOWN)
    ranked = sorted(zip(raised, found, strict=True), key=lambda pair: (-pair[0], pair[1].name))
    hypotheses = tuple(replace(one, probability=weight / total) for weight, one in ranked)
    return Attribution(
        subject=subject,
        kind=kind,
        at=seen.at,
        reference=reference,
        items=tuple(Named(one, "technique", one) for one in seen.techniques),
        hypotheses=hypotheses,
        unknown=math.exp(PRIOR_UNKNOWN) / total,
        cautions=(Text("attribution.caution.stated"),),
        calibrated=False,
    )


def _ledger(family: Family, texts: Sequence[str], seen: Seen, language: str) -> tuple[list[Evidence], list[Missing]]:
    lines: list[Evidence] = []
    missing: list[Missing] = []
    for sign in family.signs:
        value = _match(sign, texts, seen.techniques)
        told = sign.text_ja if language == "ja" else sign.text_en
        if value is not None:
            lines.append(Evidence("sign", value, told, sign.weight, 1, 0.0, (sign.source,)))
        else:
            missing.append(Missing(sign.name, told, 0.0))
    if seen.at is not None and _outside(family, seen.at):
        lines.append(Evidence("period", seen.at.isoformat(), "", -1.5, 0, 0.0))
    lines.sort(key=lambda one: (-abs(one.weight), one.name))
    return lines, missing


def _outside(family: Family, at: date) -> bool:
    return (family.first is not None and at < family.first) or (family.last is not None and at > family.last)


def _total(family: Family, lines: Sequence[Evidence]) -> float:
    """Add the signs up, those of one kind to a bound."""
    kinds = {sign.text_en: sign.kind for sign in family.signs} | {sign.text_ja: sign.kind for sign in family.signs}
    sums: dict[str, float] = {}
    for line in lines:
        kind = kinds.get(line.name, line.kind)
        sums[kind] = sums.get(kind, 0.0) + line.weight
    return sum(min(value, MOST_OF_ONE * (2 if kind == "text" else 1)) for kind, value in sums.items())


def _match(sign: Sign, texts: Sequence[str], techniques: Sequence[str]) -> str | None:
    if sign.kind == "technique":
        return sign.pattern if sign.pattern in techniques else None
    pattern = re2.compile(f"(?i){sign.pattern}")
    return next((match[0] for match in map(pattern.search, texts) if match), None)


def software(judged: Attribution) -> Iterator[str]:
    """Give ATT&CK ids of families that are very likely or more, to be used as evidence on actors."""
    for one in judged.hypotheses:
        if one.probability >= 0.8 and re.fullmatch(r"S\d{4}", one.id):
            yield one.id
