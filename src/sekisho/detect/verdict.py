"""Verdicts on artifacts: findings become weighed reasons, and a container answers for what is in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sekisho.model.artifact import Analysis
from sekisho.model.finding import Finding
from sekisho.model.verdict import Judgement, Reason, Verdict, probability, verdict_of, weight_of

EVIDENCE_SHOWN = 6  # per reason


def judge(analyses: Sequence[Analysis], findings: Iterable[Finding]) -> dict[str, Judgement]:
    """Give a judgement for every artifact of one tree, by address.

    Args:
        analyses: one examined input and everything in it.
        findings: findings on these artifacts (``Finding.record`` is an address); others are ignored.
    """
    own: dict[str, dict[str, Reason]] = defaultdict(dict)
    for finding in findings:
        if finding.weight > 0:
            own[finding.record].setdefault(finding.rule_id, _reason(finding))
    below: dict[str, list[Analysis]] = defaultdict(list)
    for one in analyses:
        if one.artifact.parent is not None:
            below[one.artifact.parent].append(one)
    judged: dict[str, Judgement] = {}
    for one in sorted(analyses, key=lambda one: -one.artifact.depth):
        judged[one.address] = _judge_one(one, below[one.address], own[one.address], judged)
    return judged


def _judge_one(
    one: Analysis, children: Sequence[Analysis], own: Mapping[str, Reason], judged: Mapping[str, Judgement]
) -> Judgement:
    reasons = list(own.values())
    heaviest = max(children, key=lambda child: judged[child.address].probability, default=None)
    if heaviest is not None:
        worst = judged[heaviest.address]
        weight = weight_of(worst.probability)
        if worst.reasons and weight > 0:
            name = heaviest.artifact.name
            reasons.append(Reason(f"child:{worst.verdict}", name, weight, (heaviest.address,)))
    chance = probability(reason.weight for reason in reasons)
    verdict = verdict_of(chance)
    not_scanned = bool(one.unscanned) or any(judged[child.address].verdict is Verdict.UNSCANNED for child in children)
    if verdict is Verdict.CLEAN and not_scanned:
        verdict = Verdict.UNSCANNED
    return Judgement(verdict, chance, tuple(sorted(reasons, key=lambda reason: (-reason.weight, reason.signal))))


def _reason(finding: Finding) -> Reason:
    shown = tuple((item.field, item.value) for item in finding.evidence[:EVIDENCE_SHOWN])
    return Reason(finding.rule_id, finding.title, finding.weight, shown, finding.texts)
