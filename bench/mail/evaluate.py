#!/usr/bin/env python3
"""Measure the verdict on mail and write ``docs/reference/mail-verdict.md``.

Run: .venv/bin/python bench/mail/evaluate.py            (some minutes the first time; what was examined is kept)
     .venv/bin/python bench/mail/evaluate.py --print    (to the terminal, the page stays as it is)

Needs the real data beside the project. ``fit.py`` writes the weights that ship, ``misses.py`` lists what stays
uncaught, ``baselines.py`` scores the same mails with other programs; this script takes those scores where they lie.
"""

from __future__ import annotations

import os
import platform
import sys
from collections import Counter
from collections.abc import Iterator

import baselines
import corpus
import crossval
import fired
import measures
import numpy as np
from corpus import ROOT
from crossval import HAM_SETS, RATES, Mails, Scored
from logistic import Array, fit

from sekisho.app import mailmodel
from sekisho.model.verdict import MALICIOUS_AT, PRIOR, SUSPICIOUS_AT

TARGET = ROOT / "docs" / "reference" / "mail-verdict.md"
COMMAND = ".venv/bin/python bench/mail/evaluate.py"
BOUNDS = (0.0, 0.06, 0.12, 0.25, 0.5, 0.75, 0.9, 1.0)
UNLIKELY, TIMES = 0.001, 5
"""A signal is marked when its rates on the two honest sets differ by this factor and less likely than this."""
ABLATION_STRENGTH = 1.0


def main() -> int:
    """Measure and write."""
    neutral = crossval.load("neutral")
    raw = crossval.load("raw", neutral)
    runs = {
        ("neutral", "campaigns"): crossval.grouped(neutral),
        ("neutral", "time"): crossval.by_time(neutral),
        ("raw", "campaigns"): crossval.grouped(neutral, raw),
        ("raw", "time"): crossval.by_time(neutral, raw),
    }
    main_run = runs["neutral", "campaigns"]
    text = "".join(
        [
            *_head(neutral),
            *_recall(runs),
            *_words(runs, neutral),
            *_strata(main_run, neutral),
            *_calibration(main_run),
            *_others(neutral, runs),
            *_artefacts(neutral, raw, runs),
            *_signals(neutral, raw),
        ]
    )
    if "--print" in sys.argv:
        sys.stdout.write(text)
    else:
        TARGET.write_text(text, encoding="utf-8")
    return 0


def _head(mails: Mails) -> Iterator[str]:
    sets = Counter(row.folder for row in mails.rows)
    attacks, honest = sets["phishing_pot"], sum(sets[name] for name in HAM_SETS)
    yield "# The verdict on mail, measured\n\n"
    yield f"Written by `{COMMAND}` on {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}. "
    yield "Why the verdict has this form: [decision 5](../decisions/0005-mail-verdict.md).\n\n"
    yield f"{attacks} real phishing mails of 2021 to 2024 against {honest} honest ones: "
    yield f"{sets[HAM_SETS[0]]} of 2002 and "
    yield f"{sets[HAM_SETS[1]]} bodies of today's transactional and marketing mail in invented envelopes. "
    yield "**neutral** has neither trace, authentication nor list fields, one recipient, one date and one encoding "
    yield "(`bench/mail/corpus.py`), and shows a signal where the raw mail shows it too; **raw** is the file. "
    yield "Weights are learnt on neutral mails only.\n\n"
    yield "*by campaigns*: five folds, near-duplicates never on both sides. *by time*: attacks of "
    yield "each later quarter by "
    yield "models of all earlier ones. Weights, prior strength and thresholds are chosen inside the training mails.\n\n"
    yield f"What {honest} honest mails can show: 1 % are {int(honest * 0.01)} mails, 0.1 % are {int(honest * 0.001)}; "
    yield "two unlucky mails more or less move the second figure visibly. Nine in ten honest mails are plain text of "
    yield "2002, so a rate measured here is not the rate on anybody's mail of today. And the rules "
    yield "were written by people "
    yield "who had these mails at hand: folds keep weights and thresholds honest, not the choice of "
    yield "rules. Only mail that "
    yield "nobody here has seen can test that.\n\n"


def _recall(runs: dict[tuple[str, str], Scored]) -> Iterator[str]:
    yield "## Recall at a given rate of false positives\n\n"
    yield "Thresholds on the scores themselves; intervals (95 %) by drawing campaigns anew, thresholds with them.\n\n"
    yield "| mails | measured | recall at 1 % | recall at 0.1 % | campaigns at 1 % | AUC |\n|---|---|---|---|---|---|\n"
    for (variant, how), one in runs.items():
        cells = []
        for rate in RATES:
            low, high = measures.bootstrap(one.log_odds, one.hostile, one.group, rate)
            cells.append(f"{measures.recall(one.attacks, one.honest, rate):.1%} ({low:.0%} to {high:.0%})")
        auc = measures.auc(one.attacks, one.honest)
        yield f"| {variant} | by {how} | {cells[0]} | {cells[1]} | {_campaigns(one, RATES[0]):.1%} | {auc:.3f} |\n"
    yield "\n"


def _campaigns(one: Scored, rate: float) -> float:
    """Give the recall when every campaign counts once, by the share of its mails that are caught."""
    at = measures.threshold(one.honest, rate)
    group, caught = one.group[one.hostile == 1], one.attacks >= at
    return float(np.mean([caught[group == name].mean() for name in np.unique(group)]))


def _words(runs: dict[tuple[str, str], Scored], mails: Mails) -> Iterator[str]:
    yield "## What the words mean\n\n"
    yield "The verdicts as the product gives them; thresholds come from the training folds.\n\n"
    yield "| mails | measured | word or worse | attacks | honest of 2002 | honest of today |\n"
    yield "|---|---|---|---|---|---|\n"
    for (variant, how), one in runs.items():
        folder = np.array([mails.rows[at].folder for at in one.rows])
        for word, chance in (("suspicious", SUSPICIOUS_AT), ("malicious", MALICIOUS_AT)):
            hit = one.log_odds >= np.log(chance / (1 - chance)) - 1e-9
            cells = [_share(hit[folder == name]) for name in ("phishing_pot", *HAM_SETS)]
            yield f"| {variant} | by {how} | {word} | {' | '.join(cells)} |\n"
    yield "\n"


def _share(hit: Array) -> str:
    low, high = measures.wilson(int(hit.sum()), len(hit))
    return f"{int(hit.sum())} of {len(hit)}: {hit.mean():.1%} ({low:.1%} to {high:.1%})"


def _strata(one: Scored, mails: Mails) -> Iterator[str]:
    html = np.array([mails.rows[at].html for at in one.rows])
    attacks, honest = one.log_odds[html & (one.hostile == 1)], one.log_odds[html & (one.hostile == 0)]
    today = np.array([mails.rows[at].folder == HAM_SETS[1] for at in one.rows])
    yield "## Among HTML mails only\n\n"
    yield "Nearly all attacks and hardly any honest mail of 2002 have HTML, so the whole comparison could be one of "
    yield f"formats. Among HTML mails alone ({len(attacks)} attacks, {len(honest)} honest, neutral, by campaigns) the "
    yield f"AUC is {measures.auc(attacks, honest):.3f}"
    yield f" and the recall at {RATES[0]:.0%} ({int(len(honest) * RATES[0])} of them) is "
    yield f"{measures.recall(attacks, honest, RATES[0]):.1%}"
    above = int((one.log_odds[today] >= measures.threshold(one.honest, RATES[0])).sum())
    yield f"; at the threshold of 1 % over all honest mail, {above} of {int(today.sum())} of today's lie above it.\n\n"


def _calibration(one: Scored) -> Iterator[str]:
    attacks = one.hostile == 1
    base = measures.logistic(PRIOR)
    shares = np.where(attacks, base / attacks.sum(), (1 - base) / (~attacks).sum()) * len(attacks)
    chance = np.minimum(0.99, 1 / (1 + np.exp(-one.log_odds)))
    bins = measures.reliability(chance, one.hostile, shares, BOUNDS)
    brier = float(shares @ (chance - one.hostile) ** 2 / shares.sum())
    yield "## Calibration\n\n"
    yield f"With the classes weighted to the deployed prior ({base:.1%} attacks): expected calibration error "
    yield f"{measures.calibration_error(bins):.3f}, Brier score {brier:.4f} (always saying {base:.1%}: "
    yield f"{base * (1 - base):.4f}). Neutral mails, by campaigns. A mail without any signal stays at "
    yield "the prior on purpose: "
    yield "that no rule of ours knows a trick is weak evidence of honesty, so the lowest row says more than was.\n\n"
    yield "| said | mails | mean said | were attacks |\n|---|---|---|---|\n"
    for bin_ in bins:
        inside = (chance >= bin_.low) & ((chance < bin_.high) | (bin_.high == BOUNDS[-1]))
        yield f"| {bin_.low:.0%} to {bin_.high:.0%} | {int(inside.sum())} | {bin_.said:.1%} | {bin_.was:.1%} |\n"
    yield "\n"


def _others(mails: Mails, runs: dict[tuple[str, str], Scored]) -> Iterator[str]:
    yield "## Other programs on the same mails\n\n"
    yield "As packaged by Debian, untrained and without network (`bench/mail/baselines.py`), so "
    yield "without block lists and "
    yield "checks of authentication, which are most of their strength in service: what content rules alone recall. "
    yield "A program that was not there when this page was written keeps the line it had: the same mails, and "
    yield "no rules of ours.\n\n"
    yield "| program | mails | recall at 1 % | recall at 0.1 % | AUC | HTML mails only, 1 % |\n"
    yield "|---|---|---|---|---|---|\n"
    for name in baselines.TOOLS:
        version = baselines.version(name)
        for variant in corpus.VARIANTS:
            found = baselines.kept(name, variant)
            if not found:
                reason = "not installed" if not version else "not scored yet: run bench/mail/baselines.py"
                yield _standing(name, variant) or f"| {name} {version} | {variant} | {reason} | | | |\n"
                continue
            score = np.array([found[row.key] for row in mails.rows])
            yield _scores_row(f"{name} {version}", variant, score, mails)
    for variant in corpus.VARIANTS:
        yield _scores_row("Sekisho", variant, _ordered(runs[variant, "campaigns"]), mails)
    yield "\n"


def _standing(name: str, variant: str) -> str:
    """Give the line that the page has for a program which was scored elsewhere: its scores do not depend on ours."""
    lines = TARGET.read_text(encoding="utf-8").splitlines(keepends=True) if TARGET.exists() else []
    return next((one for one in lines if one.startswith(f"| {name} ") and f"| {variant} |" in one and "%" in one), "")


def _scores_row(name: str, variant: str, score: Array, mails: Mails) -> str:
    """Give one line for scores in the order of the mails."""
    html, hostile = np.array([row.html for row in mails.rows]), mails.hostile == 1
    attacks, honest = score[hostile], score[~hostile]
    cells = [f"{measures.recall(attacks, honest, rate):.1%}" for rate in RATES]
    alone = measures.recall(score[hostile & html], score[~hostile & html], RATES[0])
    return f"| {name} | {variant} | {cells[0]} | {cells[1]} | {measures.auc(attacks, honest):.3f} | {alone:.1%} |\n"


def _ordered(one: Scored) -> Array:
    """Give scores in the order of the mails."""
    score = np.zeros(len(one.rows))
    score[one.rows] = one.log_odds
    return score


def _artefacts(neutral: Mails, raw: Mails, runs: dict[tuple[str, str], Scored]) -> Iterator[str]:
    yield "## Control: what only tells the sets apart\n\n"
    yield "A plain regression on facts that say nothing about attacks (HTML or not, lengths, number "
    yield "of links and parts, "
    yield "a wrong charset; on raw mails also whether authentication results and list fields exist). What it reaches "
    yield "is what a model could reach by learning where a mail comes from, and none of these is a signal of ours.\n\n"
    yield "| features | mails | recall at 1 % | recall at 0.1 % | AUC | HTML mails only, 1 % |\n"
    yield "|---|---|---|---|---|---|\n"
    for variant, mails in (("neutral", neutral), ("raw", raw)):
        yield _scores_row("artefacts only", variant, _artefact_scores(mails, raw_fields=variant == "raw"), mails)
    yield _scores_row("our signals", "neutral", _ordered(runs["neutral", "campaigns"]), neutral)
    yield "\n"


def _artefact_scores(mails: Mails, *, raw_fields: bool) -> Array:
    columns = [
        [row.html, row.guessed, *(row.words > n for n in (20, 60, 150, 400)), *(row.urls > n for n in (0, 2, 6, 15))]
        + [row.parts > 1, row.parts > 2]
        + ([row.authenticated, row.listed] if raw_fields else [])
        for row in mails.rows
    ]
    given = np.array(columns, dtype=float)
    rows = np.arange(len(given))
    folds = crossval.folds(mails, rows, crossval.FOLDS)
    scores = np.zeros(len(given))
    for fold in range(crossval.FOLDS):
        learn = folds != fold
        means = np.zeros(given.shape[1])
        made = fit(given[learn], mails.hostile[learn], mails.shares[learn], means, 0.1, lowest=-np.inf)
        scores[~learn] = made.log_odds(given[~learn])
    return scores


def _signals(neutral: Mails, raw: Mails) -> Iterator[str]:
    yield "## The signals\n\n"
    yield "Rates on neutral mails, and on raw attacks. *without*: change of recall at 1 % / 0.1 % "
    yield "when the rule is taken "
    yield "out and everything is learnt anew (percentage points, prior strength "
    yield f"{ABLATION_STRENGTH:g}). *shipped*: the "
    yield "weight in `knowledge/mail-model.json`; in brackets the level's, where too few mails of "
    yield "ours show the signal. "
    yield f"**≠** marks rates on the two honest sets that differ {TIMES}-fold and by less than 1 "
    yield "chance in 1,000: there "
    yield "the age of the mail decides, or only today's mail has what the rule looks at.\n\n"
    yield "| signal | level's | shipped | attacks | raw | 2002 | today | | without |\n"
    yield "|---|---|---|---|---|---|---|---|---|\n"
    whole = _two(crossval.grouped(neutral, strength=ABLATION_STRENGTH))
    shipped = mailmodel.own().weights
    known = {rule.id: rule for rule in fired.rules().rules}
    folder = np.array([row.folder for row in neutral.rows])
    seen = sorted({one for mails in (neutral, raw) for row in mails.rows for one in row.signals})
    for rule in sorted(seen, key=lambda one: (-shipped.get(one, 0.0), known[one].title)):
        hit = np.array([rule in row.signals for row in neutral.rows])
        raw_hit = np.array([rule in row.signals for row in raw.rows])
        rates = [hit[folder == name].mean() for name in ("phishing_pot", *HAM_SETS)]
        without = ""
        if rule in neutral.rules:
            rest = [at for at, one in enumerate(neutral.rules) if one != rule]
            less = _two(crossval.grouped(neutral.only(rest), strength=ABLATION_STRENGTH))
            without = f"{(less[0] - whole[0]) * 100:+.1f} / {(less[1] - whole[1]) * 100:+.1f}"
        weight = f"{shipped[rule]:.2f}" if rule in shipped else f"({known[rule].weight:.2f})"
        cells = [known[rule].title, f"{known[rule].weight:g}", weight, f"{rates[0]:.1%}"]
        cells += [f"{raw_hit[folder == 'phishing_pot'].mean():.1%}", f"{rates[1]:.2%}", f"{rates[2]:.2%}"]
        yield f"| {' | '.join([*cells, _mark(hit, folder), without])} |\n"


def _two(one: Scored) -> list[float]:
    return [measures.recall(one.attacks, one.honest, rate) for rate in RATES]


def _mark(hit: Array, folder: Array) -> str:
    counts: list[tuple[int, int]] = [(int(hit[folder == name].sum()), int((folder == name).sum())) for name in HAM_SETS]
    (a, n), (b, m) = counts
    high, low = max(a / n, b / m), min(a / n, b / m)
    return "≠" if high > TIMES * low and measures.fisher(a, n, b, m) < UNLIKELY else ""


if __name__ == "__main__":
    sys.exit(main())
