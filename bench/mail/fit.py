#!/usr/bin/env python3
"""Fit the weights of mail signals and write ``knowledge/mail-model.json``.

Run: .venv/bin/python bench/mail/fit.py

The same mails, rules and program give the same file. Weights are learnt on all neutral mails; thresholds come from
folds among them (``crossval``); ``evaluate.py`` says what such a model is worth. Rules that never or hardly fired keep
their level's weight and are listed as not fitted. The date is that of the newest rule, not that of the run.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from typing import Any

import crossval
import fired
import measures
import numpy as np
from corpus import ROOT
from crossval import Mails, Model

TARGET = ROOT / "knowledge" / "mail-model.json"


def main() -> int:
    """Fit and write."""
    mails = crossval.load("neutral")
    scored = crossval.grouped(mails)
    votes = Counter(model.strength for model in scored.models)
    strength = max(votes, key=lambda one: (votes[one], one))
    model = crossval.train(mails, np.arange(len(mails.rows)), strength)
    TARGET.parent.mkdir(exist_ok=True)
    text = json.dumps(document(mails, model, scored), ensure_ascii=False, indent=1)
    TARGET.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)}: {len(mails.rules)} rules fitted, prior strength {strength}\n")
    return 0


def document(mails: Mails, model: Model, scored: crossval.Scored) -> dict[str, Any]:
    """Give the file's content."""
    told = {rule.id: rule for rule in fired.rules().rules}
    weights = dict(zip(mails.rules, model.fit.weights.tolist(), strict=True))
    on_mail = [one for one in told.values() if one.logsource.category in ("message", "url")]
    listed = sorted(on_mail, key=lambda one: (-weights.get(one.id, -1.0), one.title))
    return {
        "about": "What each signal on a mail weighs, in log-odds. Written by bench/mail/fit.py; do not edit.",
        "as_of": rules_date(),
        "source": "Fitted on the neutral variant of the mails below; docs/decisions/0005-mail-verdict.md",
        "training": training(mails),
        "rules_digest": rules_digest(),
        "prior": {
            "deployed_log_odds": crossval.PRIOR,
            "of_weights": "the weight of each rule's level",
            "strength": model.strength,
        },
        "map": [list(point) for point in model.knots],
        "measured": measured(scored),
        "rules": {
            one.id: {
                "title": one.title,
                "weight": round(weights.get(one.id, one.weight), 3),
                "prior": one.weight,
                "fitted": one.id in weights,
                "fired": fired_on(mails, one.id),
            }
            for one in listed
            if one.weight > 0
        },
    }


def training(mails: Mails) -> dict[str, Any]:
    """Say what was learnt from."""
    sets = Counter(row.folder for row in mails.rows)
    groups = Counter(
        folder for _, folder in {(at, row.folder) for at, row in zip(mails.group, mails.rows, strict=True)}
    )
    return {name: {"mails": sets[name], "campaigns": groups[name]} for name in sorted(sets)}


def fired_on(mails: Mails, rule: str) -> dict[str, int]:
    """Count the mails of each set that a rule fired on."""
    counted = Counter(row.folder for row in mails.rows if rule in row.signals)
    return dict(sorted(counted.items()))


def measured(scored: crossval.Scored) -> dict[str, Any]:
    """Give the error figures of this kind of model, measured by campaigns on neutral mails."""
    return {
        **{
            f"recall_at_{rate:g}": round(measures.recall(scored.attacks, scored.honest, rate), 4)
            for rate in (0.01, 0.001)
        },
        "auc": round(measures.auc(scored.attacks, scored.honest), 4),
    }


def rules_digest() -> str:
    """Give the digest of the mail rules that were weighed."""
    made = hashlib.sha256()
    for path in sorted((ROOT / "rules" / "mail").glob("*.yml")):
        made.update(path.name.encode() + b"\0" + path.read_bytes())
    return made.hexdigest()


def rules_date() -> str:
    """Give the newest date in the mail rules."""
    lines = (line for path in (ROOT / "rules" / "mail").glob("*.yml") for line in path.read_text("utf-8").splitlines())
    return max(line.partition(":")[2].strip() for line in lines if line.startswith(("date:", "modified:")))


if __name__ == "__main__":
    sys.exit(main())
