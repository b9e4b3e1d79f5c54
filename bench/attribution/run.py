#!/usr/bin/env python3
"""Measure attribution forward in time: each report is asked about with the reports of earlier days alone.

Run: .venv/bin/python bench/attribution/run.py [FILE] [--from YEAR] [--until YEAR]

FILE has ATT&CK's relations with dated citations; the default is the real data beside the project, without which the
bench is skipped. A question is one source with its techniques and software as it ties them to one actor. Weights and
calibration of a year are learnt from earlier years.

Two protocols. ``main``: questions with 5 items or more; candidates have 10 different items on record or more; others
are unknown. ``hard``: questions with 3 items or more; every actor with one earlier report is a candidate.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sekisho.app.attribution.knowledge import read
from sekisho.attribute.learning import Example, examples, forward
from sekisho.attribute.reference import replay
from sekisho.model.attribution import Knowledge

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "attack" / "attack_v181_uses_with_citations.json.gz"
PROTOCOLS = {"main": (5, 10), "hard": (3, 1)}
"""Name -> (least items of a question, least items on record of a candidate)."""
PSEUDO = 100.0  # Dirichlet pseudo-counts of the unigram baseline


@dataclass(frozen=True, slots=True)
class Answer:
    """One question answered."""

    at: date
    rank: float
    """Of the right actor, ties at their middle; 0 when it is no candidate."""
    baseline: float
    probability: float
    """Of the first place, calibrated."""
    known: float
    """Probability that it is one of the candidates."""
    among: float
    """Probability of the first place if it is one of them."""

    @property
    def right(self) -> bool:
        """Tell whether the first place is the right actor."""
        return 0 < self.rank < 2


def main() -> int:
    """Print both protocols, whole and by period."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", default=str(DATA))
    parser.add_argument("--from", dest="since", type=int, default=0, metavar="YEAR")
    parser.add_argument("--until", type=int, default=2021, metavar="YEAR")
    chosen = parser.parse_args()
    if not Path(chosen.file).exists():
        sys.stdout.write(f"skipped: no {chosen.file}\n")
        return 0
    knowledge = read(chosen.file)
    asked = list(examples(knowledge, date(chosen.until, 12, 31)))
    baselines = unigram(knowledge, date(chosen.until, 12, 31))
    for name in PROTOCOLS:
        answers = ask(asked, baselines, name)
        for low, high in ((chosen.since, chosen.until), (chosen.since, 2019), (2020, chosen.until)):
            show(name, [one for one in answers if low <= one.at.year <= high], low, high)
    return 0


def ask(asked: Sequence[Example], baselines: dict[tuple[str, str], dict[str, float]], protocol: str) -> list[Answer]:
    """Answer every question of a protocol."""
    least, depth = PROTOCOLS[protocol]
    answers = []
    for one, _, ranking in forward(asked, lambda one: _deep(one, depth, least)):
        scores = dict(zip(ranking.names, ranking.scores, strict=True))
        told = {name: score for name, score in baselines[one.url, one.actor].items() if name in one.rows}
        top = ranking.order[0]
        ranks = (_rank(scores, one.actor), _rank(told, one.actor))
        answers.append(Answer(one.at, *ranks, ranking.probabilities[top], ranking.known, ranking.among[top]))
    return answers


def _deep(one: Example, depth: int, least: int) -> Example:
    names = [name for name in one.rows if one.depth[name] >= depth]
    names = names if len(names) >= 5 and len(one.items) >= least else []
    rows = {name: one.rows[name] for name in names}
    return Example(one.at, one.url, one.actor, one.items, rows, one.coverage, one.depth)


def _rank(scores: dict[str, float], actor: str) -> float:
    if actor not in scores:
        return 0.0
    mine = scores[actor]
    before = sum(score > mine for score in scores.values())
    return 1 + before + (sum(score == mine for score in scores.values()) - 1) / 2


def unigram(knowledge: Knowledge, until: date) -> dict[tuple[str, str], dict[str, float]]:
    """Give the baseline's scores: a smoothed unigram language model of each actor's techniques and software."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for reference, todays in replay(knowledge):
        if todays[0].date is None or todays[0].date > until:
            break
        size = len(knowledge.names)
        for report in todays:
            share = {item: (reference.counts[item] + 1) / (reference.total + size) for item in report.items}
            found[report.url, report.actor] = {
                name: sum(
                    math.log((actor.counts[item] + PSEUDO * part) / (actor.total + PSEUDO))
                    for item, part in share.items()
                )
                for name, actor in reference.actors.items()
            }
    return found


def show(name: str, answers: Sequence[Answer], low: int, high: int) -> None:
    """Print one block of figures."""
    closed = [one for one in answers if one.rank]
    if not closed:
        return
    say = sys.stdout.write
    outside = len(answers) - len(closed)
    say(f"\n{name}, {low or 'first'} to {high}: {len(closed)} questions, {outside} more of unknown actors\n")
    for label, ranks in (("unigram", [one.baseline for one in closed]), ("sekisho", [one.rank for one in closed])):
        first, five = _share([one < 2 for one in ranks]), _share([one < 6 for one in ranks])
        say(f"  {label}: top-1 {first:.3f}  top-5 {five:.3f}  MRR {sum(1 / one for one in ranks) / len(ranks):.3f}\n")
    pairs = [(one.probability, one.right) for one in answers]
    inner = [(one.probability, one.right) for one in closed]
    chance = chance_error([probability for probability, _ in pairs])
    say(f"  calibration error: {calibration_error(pairs):.3f} ({chance:.3f} if perfectly calibrated)\n")
    say(f"  coverage at 90 % precision: {coverage(inner):.3f} of known, {coverage(pairs):.3f} of all\n")
    unknown = [one.known for one in answers if not one.rank]
    if unknown:
        say(f"  open-set AUROC: {auroc([one.known for one in closed], unknown):.3f}\n")


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags)


def calibration_error(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> float:
    """Give the expected calibration error over bins of equal width."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for probability, right in pairs:
        groups[min(int(probability * bins), bins - 1)].append((probability, right))
    apart = [abs(sum(p for p, _ in group) - sum(right for _, right in group)) for group in groups]
    return sum(apart) / len(pairs)


def chance_error(probabilities: Sequence[float], rounds: int = 300) -> float:
    """Give the mean calibration error that perfectly calibrated probabilities of this number would show."""
    dice = random.Random(7)
    errors = [calibration_error([(p, dice.random() < p) for p in probabilities]) for _ in range(rounds)]
    return sum(errors) / rounds


def coverage(pairs: Sequence[tuple[float, bool]], precision: float = 0.9) -> float:
    """Give the largest share of questions, surest first, of which so many are answered rightly."""
    best = right = 0
    for number, (_, is_right) in enumerate(sorted(pairs, key=lambda pair: -pair[0]), 1):
        right += is_right
        if right >= precision * number:
            best = number
    return best / len(pairs)


def auroc(high: Sequence[float], low: Sequence[float]) -> float:
    """Give the chance that one of the first is above one of the second, ties half."""
    wins = sum((one > other) + (one == other) / 2 for one in high for other in low)
    return wins / len(high) / len(low)


if __name__ == "__main__":
    sys.exit(main())
