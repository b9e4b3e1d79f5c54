#!/usr/bin/env python3
"""List the attacks that stay uncaught and the honest mails that do not, by campaign, with what fired on each.

Run: .venv/bin/python bench/mail/misses.py [neutral|raw] [file]

Every mail is judged by a model that did not learn from its campaign. Quotes of real mails are for reading only; the
list belongs outside the project.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import crossval
import fired
import numpy as np
from crossval import Mails, Scored

KINDS = {
    "prize, gift, voucher, survey": (
        "congratulat|prize|reward|gift ?card|voucher|gutschein|survey|winner|gewonnen|parabéns|sorte|bônus"
    ),
    "loan, investment, inheritance": (
        "loan|invest|bitcoin|btc|crypto|wallet|inherit|fund|donat|beneficiary|empréstimo|kredit|million"
    ),
    "account alert": "sign-?in|password|unusual|verify|account (?:has|will|is)|suspend|senha|konto|acceso|compte",
    "mailbox full, messages held": "mailbox|quota|storage|undelivered|pending (?:message|mail)|held|webmail|postfach",
    "parcel": "parcel|package|delivery|shipment|paket|colis|encomenda|correios|dhl|fedex|usps",
    "bank, card, tax": r"\bbank|banco|card|cart[aã]o|tax|irpf|sparkasse|crédito|fatura|pontos|milhas|boleto|multa",
    "invoice, document": "invoice|payment|order|receipt|rechnung|contract|docusign|document|factura",
    "extortion": "recorded you|webcam|masturb|hacked|trojan|malware on your",
    "dating": "dating|single|meet|lonely|nude|sex",
    "health, shop, product": "weight|keto|cbd|viagra|pill|blood|diabet|solar|insurance|antivirus|mcafee|norton",
}


def main() -> int:
    """Write the list."""
    variant = sys.argv[1] if len(sys.argv) > 1 else "neutral"
    mails = tested = crossval.load("neutral")
    if variant != "neutral":
        tested = crossval.load(variant, mails)
    text = "".join(report(tested, crossval.grouped(mails, tested), variant))
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def report(mails: Mails, scored: Scored, variant: str) -> list[str]:
    """Give the lines: kinds, missed campaigns largest first, then honest mails from the worst down."""
    said = dict(zip(scored.rows.tolist(), scored.log_odds.tolist(), strict=True))
    attacks = np.flatnonzero(mails.hostile).tolist()
    missed = [at for at in attacks if said[at] < 0]
    lines = [f"# Misses and false positives, {variant} mails, {len(mails.rules)} signals seen\n\n"]
    lines.append(
        f"{len(missed)} of {len(attacks)} attacks below suspicious.\n\n| kind | attacks | missed |\n|---|---|---|\n"
    )
    every, lost = Counter(_kind(mails, at) for at in attacks), Counter(_kind(mails, at) for at in missed)
    lines += [f"| {kind} | {count} | {lost[kind]} |\n" for kind, count in every.most_common()]
    campaigns: dict[float, list[int]] = defaultdict(list)
    for at in missed:
        campaigns[mails.group[at]].append(at)
    lines.append("\n## Missed campaigns\n\n")
    for members in sorted(campaigns.values(), key=len, reverse=True):
        lines += _told(mails, members, said)
    lines.append("\n## Honest mails that score highest\n\n")
    honest = sorted(np.flatnonzero(mails.hostile == 0).tolist(), key=lambda at: -said[at])
    for at in [at for at in honest if said[at] > -1.5][:80]:
        lines += _told(mails, [at], said)
    return lines


def _kind(mails: Mails, at: int) -> str:
    row = mails.rows[at]
    text = f"{row.subject} {row.text}".lower()
    counts = {kind: len(re.findall(pattern, text)) for kind, pattern in KINDS.items()}
    best = max(counts, key=lambda kind: counts[kind])
    return best if counts[best] else "other"


def _told(mails: Mails, members: list[int], said: dict[int, float]) -> list[str]:
    row = mails.rows[members[0]]
    titles = {rule.id: rule.title for rule in fired.rules().rules}
    fired_on = ", ".join(titles[one] for one in row.signals) or "nothing"
    shown = " ".join(row.text.split())[:220]
    names = ", ".join(mails.rows[at].key.partition("/")[2] for at in members[:4])
    return [
        f"- **{len(members)}x** {said[members[0]]:+.1f} `{row.subject[:90]}` from `{row.sender[:80]}` "
        f"({_kind(mails, members[0])}; links {row.urls}, words {row.words}; {names})\n",
        f"  fired: {fired_on}\n  text: {shown}\n",
    ]


if __name__ == "__main__":
    sys.exit(main())
