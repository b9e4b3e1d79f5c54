"""Verdicts on artifacts: findings become weighed reasons, and a container answers for what is in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sekisho.model.artifact import Analysis
from sekisho.model.finding import Finding
from sekisho.model.mailmodel import NOT_FITTED, MailModel
from sekisho.model.verdict import Judgement, Reason, Verdict, probability, verdict_of, weight_of

EVIDENCE_SHOWN = 6  # per reason
BODY = "body"  # relation of a part that is the mail's own text


def judge(
    analyses: Sequence[Analysis],
    findings: Iterable[Finding],
    mails: Collection[str] = (),
    model: MailModel = NOT_FITTED,
) -> dict[str, Judgement]:
    """Give a judgement for every artifact of one tree, by address.

    Args:
        analyses: one examined input and everything in it.
        findings: findings on these artifacts (``Finding.record`` is an address); others are ignored.
        mails: addresses of the messages among them. A message takes what rules found in its bodies for its own, and is
            weighed by ``model``; everything else by levels alone.
        model: what the signals of mails weigh.
    """
    own: dict[str, dict[str, _Signal]] = defaultdict(dict)
    for finding in findings:
        if finding.weight > 0:
            own[finding.record].setdefault(finding.rule_id, _signal(finding, model))
    below: dict[str, list[Analysis]] = defaultdict(list)
    for one in analyses:
        if one.artifact.parent is not None:
            below[one.artifact.parent].append(one)
    judged: dict[str, Judgement] = {}
    for one in sorted(analyses, key=lambda one: -one.artifact.depth):
        if one.address in mails:
            judged[one.address] = _judge_mail(one, below, own, judged, model)
        else:
            reasons = [signal.reason for signal in own[one.address].values()]
            reasons += _worst(below[one.address], judged)
            chance = probability(reason.weight for reason in reasons)
            judged[one.address] = _judgement(one, chance, reasons, below[one.address], judged)
    return judged


@dataclass(frozen=True, slots=True)
class _Signal:
    """What one rule says about one artifact: as a reason by its level, and its fitted weight if it has one."""

    reason: Reason
    fitted: float | None


def _signal(finding: Finding, model: MailModel) -> _Signal:
    shown = tuple((item.field, item.value) for item in finding.evidence[:EVIDENCE_SHOWN])
    reason = Reason(finding.rule_id, finding.title, finding.weight, shown, finding.texts)
    # A level that a user's tuning file gives is the user's word on the weight.
    return _Signal(reason, None if finding.level_of_rule else model.weights.get(finding.rule_id))


def _judge_mail(
    one: Analysis,
    below: Mapping[str, Sequence[Analysis]],
    own: Mapping[str, Mapping[str, _Signal]],
    judged: Mapping[str, Judgement],
    model: MailModel,
) -> Judgement:
    """Weigh a message with its bodies, and add its worst file as one more signal."""
    bodies = [part for part in below[one.address] if part.artifact.relation == BODY]
    files = [part for part in below[one.address] if part.artifact.relation != BODY]
    files += [part for body in bodies for part in below[body.address]]
    signals: dict[str, _Signal] = {}
    for part in (one, *bodies):
        signals = {**own.get(part.address, {}), **signals}
    fitted = [(signal.reason, signal.fitted) for signal in signals.values() if signal.fitted is not None]
    weighed = [replace(reason, weight=weight) for reason, weight in fitted if weight > 0]
    others = [signal.reason for signal in signals.values() if signal.fitted is None]
    others += _worst(files, judged)
    chance = model.probability((reason.weight for reason in weighed), (reason.weight for reason in others))
    return _judgement(one, chance, [*weighed, *others], below[one.address], judged)


def _worst(children: Sequence[Analysis], judged: Mapping[str, Judgement]) -> Iterator[Reason]:
    """Give the worst part as a reason, unless nothing speaks against it."""
    heaviest = max(children, key=lambda child: judged[child.address].probability, default=None)
    if heaviest is not None:
        worst = judged[heaviest.address]
        weight = weight_of(worst.probability)
        if worst.reasons and weight > 0:
            yield Reason(f"child:{worst.verdict}", heaviest.artifact.name, weight, (heaviest.address,))


def _judgement(
    one: Analysis,
    chance: float,
    reasons: Sequence[Reason],
    children: Sequence[Analysis],
    judged: Mapping[str, Judgement],
) -> Judgement:
    verdict = verdict_of(chance)
    not_scanned = bool(one.unscanned) or any(judged[child.address].verdict is Verdict.UNSCANNED for child in children)
    if verdict is Verdict.CLEAN and not_scanned:
        verdict = Verdict.UNSCANNED
    return Judgement(verdict, chance, tuple(sorted(reasons, key=lambda reason: (-reason.weight, reason.signal))))
