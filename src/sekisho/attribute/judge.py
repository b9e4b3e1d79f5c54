"""The judgement: ranked actors, each with its ledger, what is missing, and what would change the answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from sekisho.attribute import ranker, signals
from sekisho.attribute.learning import tools_of
from sekisho.attribute.ranker import Model, Ranking
from sekisho.attribute.reference import Actor, Reference, build, is_software
from sekisho.attribute.signals import Part
from sekisho.model.attribution import (
    Attribution,
    Change,
    Citation,
    Evidence,
    Hypothesis,
    Knowledge,
    Missing,
    Named,
    NameLink,
)
from sekisho.model.incident import Text

SHOWN, ITEMS_MOST = 10, 400
TRIED, CHANGES_SHOWN, SOURCES_TRIED = 24, 5, 6
FAINT = 0.01  # nats below which an item is not worth a line of the ledger
HABIT_SHARE, HABITS_SHOWN = 0.4, 8
THIN, FEW_ITEMS = 3, 5
"""An actor of fewer reports, and a question of fewer items, get a caution. Source: own setting."""
KINDS = {
    signals.TECHNIQUE: "technique",
    signals.PARENT: "technique",
    signals.MALWARE: "malware",
    signals.TOOL: "tool",
    signals.COREPORTED: "coreported",
    signals.RELATIVES: "relatives",
    signals.LIKENESS: "likeness",
    signals.ACTIVITY: "activity",
    signals.SILENCE: "activity",
}


def attribute(
    knowledge: Knowledge, model: Model, items: Sequence[str], *, subject: str, at: date, before: date | None = None
) -> Attribution:
    """Rank the actors of a knowledge base for what was seen.

    Args:
        knowledge: who used what.
        model: what earlier reports taught.
        items: ids of techniques and software.
        subject: what was asked about, to be shown.
        at: the day of the question.
        before: use only reports of earlier days; None for all, undated ones too.
    """
    reference = build(knowledge, before)
    asked = _known_items(knowledge, items)
    tools = tools_of(knowledge)
    parts = signals.read(reference, asked, at, tools)
    ranking = _ranking(model, reference, parts, asked)
    case = _Case(knowledge, model, reference, asked, at, before, tools, parts, ranking)
    hypotheses = tuple(_hypothesis(case, index) for index in ranking.order[:SHOWN])
    changes = _changes(case)
    left_out = tuple(item for item in dict.fromkeys(items) if item not in asked)
    return Attribution(
        subject=subject,
        kind="actor",
        at=before,
        reference=knowledge.title,
        items=tuple(_named(knowledge, item) for item in asked),
        hypotheses=hypotheses,
        unknown=max(0.0, 1 - sum(ranking.probabilities)),
        changes=tuple(changes),
        links=_links(knowledge, hypotheses),
        cautions=tuple(_cautions(case, left_out, hypotheses, changes)),
        calibrated=model.learnt_from > 0,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """One question with all that was read for it."""

    knowledge: Knowledge
    model: Model
    reference: Reference
    items: tuple[str, ...]
    at: date
    before: date | None
    tools: frozenset[str]
    parts: Mapping[str, Sequence[Part]]
    ranking: Ranking

    def rank(self, items: Sequence[str], reference: Reference) -> Ranking:
        """Rank anew by other items or another reference."""
        return _ranking(self.model, reference, signals.read(reference, items, self.at, self.tools), items)


def _ranking(model: Model, reference: Reference, parts: Mapping[str, Sequence[Part]], items: Sequence[str]) -> Ranking:
    return ranker.rank(model, ranker.summed(parts), ranker.covered(reference, items))


def _known_items(knowledge: Knowledge, items: Sequence[str]) -> tuple[str, ...]:
    """Keep what the knowledge base has a name for: techniques and software, each once, in order."""
    kinds = ("technique", "malware", "tool")
    found = [item for item in dict.fromkeys(items) if item in knowledge.names and knowledge.names[item].kind in kinds]
    return tuple(found[:ITEMS_MOST])


def _named(knowledge: Knowledge, key: str) -> Named:
    return knowledge.names.get(key) or Named(key, "", key)


def _hypothesis(case: _Case, index: int) -> Hypothesis:
    knowledge, reference, ranking = case.knowledge, case.reference, case.ranking
    name = ranking.names[index]
    actor = reference.actors[name]
    dates = [one.date for one in actor.reports if one.date is not None]
    averages = _averages(case.model, case.parts)
    ledger = [
        _evidence(knowledge, reference, actor, kind, item, weight - averages.get((kind, item), 0.0))
        for (kind, item), weight in _weights(case.model, case.parts[name]).items()
    ]
    ledger.sort(key=lambda one: (-abs(one.weight), one.kind, one.value))
    return Hypothesis(
        id=name,
        name=_named(knowledge, name).name,
        kind="actor",
        probability=ranking.probabilities[index],
        reports=len(actor.reports),
        undated=len(actor.reports) - len(dates),
        first=min(dates, default=None),
        last=max(dates, default=None),
        evidence=tuple(one for one in ledger if abs(one.weight) >= FAINT),
        missing=tuple(_missing(knowledge, actor, case.items)),
    )


def _weights(model: Model, parts: Sequence[Part]) -> dict[tuple[str, str], float]:
    """Add up what each line of the ledger weighs; likeness and activity are one line each, whatever they rest on."""
    found: dict[tuple[str, str], float] = {}
    for one in parts:
        key = KINDS[one.signal], "" if KINDS[one.signal] in ("activity", "likeness", "relatives") else one.item
        found[key] = found.get(key, 0.0) + model.weights[one.signal] * one.value
    return found


def _averages(model: Model, parts: Mapping[str, Sequence[Part]]) -> dict[tuple[str, str], float]:
    """Give what the average candidate has of what has no natural zero: activity and likeness."""
    totals: dict[tuple[str, str], float] = {}
    for found in parts.values():
        for key, weight in _weights(model, found).items():
            if key[0] in ("activity", "likeness", "relatives"):
                totals[key] = totals.get(key, 0.0) + weight
    return {key: total / len(parts) for key, total in totals.items()}


def _evidence(
    knowledge: Knowledge, reference: Reference, actor: Actor, kind: str, item: str, weight: float
) -> Evidence:
    citations: tuple[Citation, ...] = actor.cited(item) if item else ()
    count = actor.counts[item] if item else len(actor.reports)
    share = reference.counts[item] / max(1, reference.reports) if item else 0.0
    return Evidence(kind, item, _named(knowledge, item).name if item else "", weight, count, share, citations)


def _missing(knowledge: Knowledge, actor: Actor, items: Sequence[str]) -> Iterator[Missing]:
    total = len(actor.reports)
    if total < THIN:
        return
    habits = sorted(actor.counts.items(), key=lambda pair: (-pair[1], pair[0]))
    kept = [(item, count) for item, count in habits if count >= HABIT_SHARE * total and item not in items]
    for item, count in kept[:HABITS_SHOWN]:
        yield Missing(item, _named(knowledge, item).name, count / total)


def _changes(case: _Case) -> list[Change]:
    """Try what would put another actor first: one more item, one less, or a source left out."""
    knowledge, reference, ranking, items = case.knowledge, case.reference, case.ranking, case.items
    if not ranking.names or not items:
        return []
    first = ranking.names[ranking.order[0]]
    found: list[Change] = []

    def attempt(action: str, value: str, name: str, asked: Sequence[str], against: Reference) -> None:
        other = case.rank(asked, against)
        if other.names and other.names[other.order[0]] != first:
            top = other.order[0]
            said = _named(knowledge, other.names[top]).name
            found.append(Change(action, value, name, said, other.probabilities[top]))

    for item in _rival_items(reference, ranking, items):
        attempt("add", item, _named(knowledge, item).name, [*items, item], reference)
    if len(items) > 1:
        for item in items[:TRIED]:
            attempt("drop", item, _named(knowledge, item).name, [one for one in items if one != item], reference)
    for publisher, urls in _sources(reference.actors[first], items)[:SOURCES_TRIED]:
        attempt("source", publisher, publisher, items, build(knowledge, case.before, without=urls))
    best: list[Change] = []
    for action in ("source", "drop", "add"):
        of = sorted((one for one in found if one.action == action), key=lambda one: (-one.probability, one.value))
        best += of[:CHANGES_SHOWN]
    return best


def _rival_items(reference: Reference, ranking: Ranking, items: Sequence[str]) -> list[str]:
    """Give what the next actors are known for and was not seen, what tells them apart best first."""
    first = reference.actors[ranking.names[ranking.order[0]]]
    gains: dict[str, float] = {}
    for index in ranking.order[1:6]:
        rival = reference.actors[ranking.names[index]]
        for item, count in rival.counts.items():
            if item not in items:
                pseudo = signals.PSEUDO_SOFTWARE if is_software(item) else signals.PSEUDO_TECHNIQUES
                share = pseudo * reference.share(item)
                mine = (first.counts[item] + share) / (first.total + pseudo)
                gain = math.log((count + share) / (rival.total + pseudo) / mine)
                gains[item] = max(gain, gains.get(item, gain))
    return sorted(gains, key=lambda item: (-gains[item], item))[:TRIED]


def _sources(actor: Actor, items: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Give the publishers of an actor's reports that name what was seen, those who name most first."""
    urls: dict[str, list[str]] = {}
    named: dict[str, int] = {}
    for report in actor.reports:
        hits = len(set(items).intersection(report.items))
        if hits:
            publisher = publisher_of(report.url)
            urls.setdefault(publisher, []).append(report.url)
            named[publisher] = named.get(publisher, 0) + hits
    return [(one, tuple(urls[one])) for one in sorted(urls, key=lambda one: (-named[one], one))]


def publisher_of(url: str) -> str:
    """Give the host that published a report; what an archive keeps is the original's."""
    try:
        parts = urlsplit(url)
        inner = parts.path.find("/http") if (parts.hostname or "").endswith("archive.org") else -1
        host = urlsplit(parts.path[inner + 1 :]).hostname if inner >= 0 else parts.hostname
    except ValueError:
        return ""
    return (host or "").removeprefix("www.")


def _links(knowledge: Knowledge, hypotheses: Sequence[Hypothesis]) -> tuple[NameLink, ...]:
    shown = {one.id for one in hypotheses[:3]}
    found = [one for one in knowledge.links if one.one in shown or one.other in shown]
    return tuple(sorted(found, key=lambda one: (-one.weight, one.one, one.other))[:SHOWN])


def _cautions(
    case: _Case, left_out: Sequence[str], hypotheses: Sequence[Hypothesis], changes: Sequence[Change]
) -> Iterator[Text]:
    """Say what limits the answer; the first holds always."""
    yield Text("attribution.caution.techniques")
    if case.model.learnt_from == 0:
        yield Text("attribution.caution.uncalibrated")
    if len(case.items) < FEW_ITEMS:
        yield Text("attribution.caution.few", (("count", len(case.items)),))
    if not any(is_software(item) for item in case.items):
        yield Text("attribution.caution.no_software")
    if left_out:
        yield Text("attribution.caution.left_out", (("values", tuple(left_out)),))
    if not hypotheses:
        return
    top = hypotheses[0]
    name = ("name", top.name)
    if top.reports < THIN:
        yield Text("attribution.caution.thin", (name, ("count", top.reports)))
    if top.undated:
        yield Text("attribution.caution.undated", (name, ("count", top.undated)))
    repeated = sum(actor == top.id for _, actor in case.reference.repeated)
    if repeated:
        yield Text("attribution.caution.repeated", (name, ("count", repeated)))
    for one in changes:
        if one.action == "source":
            yield Text("attribution.caution.one_source", (name, ("source", one.value), ("other", one.top)))
            break
    shared = _contradicted(case.knowledge, top)
    if shared:
        yield Text("attribution.caution.contradicted", (name, ("values", shared)))


def _contradicted(knowledge: Knowledge, top: Hypothesis) -> tuple[str, ...]:
    """Name malware of the first hypothesis's ledger that one and the same source gives to another actor too."""
    found: list[str] = []
    for line in top.evidence:
        if line.kind == "malware" and line.weight > 0:
            urls = {one.url for one in line.citations}
            others = {
                knowledge.campaigns.get(use.source, use.source)
                for use in knowledge.uses
                if use.target == line.value and any(one.url in urls for one in use.citations)
            }
            actors = {one for one in others if knowledge.names.get(one) and knowledge.names[one].kind == "actor"}
            if actors - {top.id}:
                found.append(line.name)
    return tuple(found)
