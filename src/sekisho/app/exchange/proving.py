"""Generated Sigma rules are proved before they are offered: they hit the incident, and nothing else we can look at.

What they must not hit is all other evidence the user names, else what the result holds of it, and the benign twins of
the lab's cases, which ship with the program.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename

from sekisho.detect import rules
from sekisho.detect.ruleset import RuleSet
from sekisho.model.artifact import SEPARATOR
from sekisho.model.event import Event
from sekisho.model.finding import Finding
from sekisho.model.incident import Incident
from sekisho.model.limits import DEFAULT, Limits
from sekisho.model.result import Result
from sekisho.respond.observed import used
from sekisho.respond.sigma import Draft
from sekisho.respond.wording import Words, safe

Place = tuple[str, str, int | None]
"""File name, record and time of an event: the same whichever way the path to the file was written."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What trying one draft gave."""

    draft: Draft
    hits: int = 0
    """Events of the incident that it matches."""
    others: int = 0
    """Events that are not of the incident, all of which it was tried on."""
    wrong: tuple[str, ...] = ()
    """Places of those among them that it matches."""
    reason: str = ""
    """Key of why it is not offered: ``cannot_run misses hits_others``; empty when it is."""
    detail: str = ""


def prove(
    drafts: Sequence[Draft],
    result: Result,
    incident: Incident,
    evidence: Sequence[str],
    *,
    jobs: int = 1,
    limits: Limits = DEFAULT,
) -> list[Proof]:
    """Try drafts on everything at hand.

    Args:
        drafts: of one incident.
        result: that the incident is part of.
        incident: whose own events they may match.
        evidence: files and folders to try them on, besides what the result holds; empty for none.
        jobs: worker processes.
        limits: in force.
    """
    compiled = {index: rules.load([(f"{one.title}.yml", one.text)]) for index, one in enumerate(drafts)}
    good = [index for index, one in compiled.items() if len(one) == 1]
    together = rules.load([(f"{drafts[index].title}.yml", drafts[index].text) for index in good])
    mine = {_place(one) for one in _events(result, used(incident))}
    hits: dict[str, set[Place]] = defaultdict(set)
    wrong: dict[str, dict[Place, str]] = defaultdict(dict)
    others = 0
    for event in result.events:
        others += _place(event) not in mine
        _count(together.match(event), mine, hits, wrong)
    tried, findings = _tried(together, evidence, jobs, limits)
    others += tried
    _count(findings, mine, hits, wrong)
    found = []
    for index, draft in enumerate(drafts):
        key = str(draft.document["id"])
        proof = Proof(draft, len(hits[key]), others, tuple(wrong[key].values()))
        if index not in good:
            reasons = [one.reason for one in compiled[index].failed]
            proof = Proof(draft, reason="cannot_run", detail="; ".join(reasons))
        elif wrong[key]:
            proof = Proof(draft, proof.hits, others, proof.wrong, "hits_others")
        elif draft.must_hit and not hits[key]:
            proof = Proof(draft, 0, others, (), "misses")
        found.append(proof)
    return found


def offered(proofs: Iterable[Proof]) -> list[Proof]:
    """Give, of drafts about the same behaviour, the first that passed."""
    kept: dict[str, Proof] = {}
    for one in proofs:
        if not one.reason:
            kept.setdefault(one.draft.behaviour, one)
    return list(kept.values())


def notes(proofs: Sequence[Proof], words: Words, *, evidence: bool) -> list[str]:
    """Say of each draft what became of it."""
    told, taken = [], {id(one) for one in offered(proofs)}
    for one in proofs:
        if id(one) in taken:
            told.append(words.get("export.rules.offered", title=one.draft.title, hits=one.hits, others=one.others))
        elif one.reason:
            example = one.wrong[0] if one.wrong else ""
            key, count = f"export.refused.{one.reason}", len(one.wrong)
            why = words.get(key, count=count, others=one.others, example=example, reason=one.detail)
            told.append(words.get("export.rules.refused", title=one.draft.title, why=why))
    if not evidence:
        told.append(words.get("export.no_evidence"))
    return told


def _count(
    findings: Iterable[Finding], mine: set[Place], hits: dict[str, set[Place]], wrong: dict[str, dict[Place, str]]
) -> None:
    for one in findings:
        place = _of(one.source, one.record, one.time_ns)
        if place in mine:
            hits[one.rule_id].add(place)
        else:
            wrong[one.rule_id].setdefault(place, safe(f"{one.source}#{one.record}"))


def _tried(drafts: RuleSet, evidence: Sequence[str], jobs: int, limits: Limits) -> tuple[int, Sequence[Finding]]:
    """Run drafts over evidence and the lab's benign cases; give how many records there were, and what they found."""
    from sekisho.app.pipeline import Options, investigate

    if not len(drafts):
        return 0, ()
    with tempfile.TemporaryDirectory(prefix="sekisho-benign-") as folder:
        write_benign(Path(folder))
        result = investigate([*evidence, folder], drafts, Options(jobs=max(1, jobs), limits=limits))
    return sum(one.records for one in result.inputs), result.findings


def write_benign(folder: Path) -> None:
    """Write the evidence of the lab's benign cases below a folder."""
    from sekisho.app.lab.cases import CASES

    for name, case in CASES.items():
        if not name.endswith("-benign"):
            continue
        for path, data in case.files().items():
            if path.startswith("evidence/"):
                place = folder / name / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)


def _events(result: Result, keys: Sequence[str]) -> Iterable[Event]:
    """Give the events of these ids, and those that findings and artifacts of these ids stand for."""
    wanted = set(keys)
    addresses = {one.address for one, _ in result.artifacts if one.id in wanted}
    wanted |= {one.event_id for one in result.findings if one.id in wanted}
    for one in result.events:
        if one.id in wanted or f"{one.source}{SEPARATOR}{one.record}" in addresses or one.record in addresses:
            yield one


def _place(event: Event) -> Place:
    return _of(event.source, event.record, event.time_ns)


def _of(source: str, record: str, time_ns: int | None) -> Place:
    inside = record.removeprefix(source)
    return basename(source), inside, time_ns
