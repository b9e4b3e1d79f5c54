"""What programs for mass mailing leave in a text: fields they did not fill, and filler that makes each copy differ.

Fields of reputable services (``*|FNAME|*``, ``{{name}}``, ``%%email%%``) are left out: honest senders slip there too.

Source: MITRE ATT&CK T1027 (each copy its own hash); how often honest mail shows them: docs/reference/mail-verdict.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FILLER_CHARS = 40
"""Letters and digits in one run: longer than any word, order number or tracking code."""
FILLERS = 5
"""Runs above which a text is a key, a certificate or another encoded block; one sign of base64 in any tells it too."""
_WORDS = r"(?:rand(?:om)?[a-z_]{0,12}|e-?mail|to_?email|domain|victim\w{0,8}|redirect|recipient)[\d_-]{0,4}"
_PLACEHOLDER = re.compile(
    rf"(?<![%\w])%{_WORDS}%(?![%\w])|##{_WORDS}##|\[\[-?{_WORDS}-?\]\]|\[-{_WORDS}-\]|(?<!\{{)\{{%{_WORDS}%\}}"
    r"|\[(?:rand(?:om)?)[a-z0-9_:-]{0,24}\]",
    re.IGNORECASE,
)
_RUN = re.compile(r"[A-Za-z0-9+/=]+")
_TOKEN = re.compile(r"(?<![\w@./:-])[A-Za-z0-9]{12,40}(?![\w@./:-])")
_TURNS = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])")
_NUMBER = re.compile(r"[0-9]+")
MANY_TURNS, NUMBERS = 4, 2
"""Changes between small letters, capitals and digits in a subject's token, and numbers in it: ``iPhone14ProMax`` has as
many changes, and one number."""


def marks(subject: str, text: str) -> Iterator[tuple[str, str]]:
    """Give ``placeholder`` and ``filler`` with what was found, each at most once."""
    for part in (subject, text):
        gated = "%" in part or "##" in part or "[" in part  # one pattern for all is slow where there is nothing
        if gated and (found := _PLACEHOLDER.search(part)):
            yield "placeholder", found[0]
            break
    runs = [one for one in text.split() if len(one) >= FILLER_CHARS and _RUN.fullmatch(one)]
    if "-----BEGIN " in text or any(set(one) & set("+/=") for one in runs):
        runs = []
    runs = [one for one in runs if _mixed(one)]
    tokens = [one for one in _TOKEN.findall(subject) if _mixed(one) and _is_chance(one)]
    if tokens or 0 < len(runs) <= FILLERS:
        yield "filler", (tokens or runs)[0][:60]


def _is_chance(token: str) -> bool:
    return len(_TURNS.findall(token)) >= MANY_TURNS and len(_NUMBER.findall(token)) >= NUMBERS


def _mixed(run: str) -> bool:
    return not run.islower() and not run.isupper() and any(map(str.isdigit, run)) and any(map(str.isalpha, run))
