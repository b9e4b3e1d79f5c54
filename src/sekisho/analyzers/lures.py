"""What a mail's text asks of its reader: themes, pressure, and requests for what only thieves need.

Scores run from 0 to 1 and say how much of a lure's wording is there, not that it is one: an honest bank writes about
cards too. Rules hold them against where the mail leads and who sent it.

Source: ``_lure_words`` has the words; RFC 5322 3.4.1 (local part).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from ahocorasick_rs import AhoCorasick

from sekisho.analyzers import _lure_words as words
from sekisho.analyzers._mailing_marks import marks
from sekisho.model.artifact import Feature
from sekisho.model.folded import disguised, fold

LURE_FEATURES = (
    *(f"lure.{theme}" for theme in words.THEMES),
    *(
        "lure.theme",
        "lure.words",
        "lure.secrecy",
        "lure.urgency",
        "lure.threat",
        "lure.credentials",
        "lure.action",
        "lure.greeting",
    ),
    *("lure.pressure", "lure.address_in_subject", "lure.sum", "text.obfuscated", "text.placeholder"),
    *("text.filler", "text.length"),
)
CHARS = 8_000
"""Characters of a body that are looked at: lures say what they want on the first page."""
APART = 40
"""Characters between an act and the thing it is asked for, in either order."""
SHOWN_WORDS = 12
_CLASSES = {
    **words.THEMES,
    "secrecy": words.SECRECY,
    "urgency": words.URGENCY,
    "threat": words.THREAT,
    "credentials": words.CREDENTIALS,
    "act": words.ACTS,
    "thing": words.THINGS,
    "action": words.CALLS,
    "greeting": words.GREETINGS,
}
_WEIGHTS = {"+": 1.0, "-": 0.25}
_LATIN = re.compile(r"[a-z0-9]")
_NOT = ("'t", "\u2019t")
"""What makes another word of the one before: "you won't" promises no prize."""
_LIGHT = re.compile(
    r"information|details|e-?mail|ownership|profile|membership|review|upgrade|submit|provide|login|dati|dados|datos|gegevens"
)
"""Pairs that honest services ask for as well: to confirm an address, to review details."""
_SUM = re.compile(
    r"(?:[$\u00a3\u20ac\u00a5]|\b(?:usd|eur|gbp|us\$|r\$|btc))\s?\d{1,3}(?:[.,]?\d{3}){1,4}(?!\d)"
    r"|(?<![\d.,])\d{1,3}(?:[.,]?\d{3}){1,4}\s?(?:[$\u00a3\u20ac]|(?:usd|eur|gbp|dollars?|euros?|pounds)\b|\u4e07?\u5186)"
    r"|\b\d{1,3}(?:[.,]\d{1,4})?\s?(?:million|btc|bitcoins?)\b|\d{1,4}(?:\u4e07|\u5104)\u5186"
)
"""A sum of a thousand and more, or of coins that are worth as much."""
OFFERS, OFFERED = ("prize", "crypto", "inheritance", "job"), 0.5
"""Themes beside which a sum is looked for, and the score from which on."""
_SENTENCE = re.compile(r"[.!?。！？]\s|\n")


class _Terms:
    """Every phrase once, with what it means, behind one automaton."""

    def __init__(self) -> None:
        meanings: dict[str, list[tuple[str, float]]] = {}
        self.open: set[str] = set()
        for name, table in _CLASSES.items():
            for written in table.split(","):
                phrase = " ".join(written.split())
                weight = _WEIGHTS.get(phrase[:1], 0.5)
                phrase = phrase.lstrip("+-")
                if phrase.endswith("*"):
                    phrase = phrase[:-1]
                    self.open.add(phrase)
                if (name, weight) not in meanings.setdefault(phrase, []):
                    meanings[phrase].append((name, weight))
        self.phrases = list(meanings)
        self.meanings = list(meanings.values())
        self.latin = [
            (bool(_LATIN.match(one[0])), bool(_LATIN.match(one[-1])) and one not in self.open) for one in meanings
        ]
        self.machine = AhoCorasick(self.phrases)

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Give number, start and end of each phrase that stands as words of its own."""
        size = len(text)
        for number, start, end in self.machine.find_matches_as_indexes(text, overlapping=True):
            before, after = self.latin[number]
            if before and start > 0 and _LATIN.match(text[start - 1]):
                continue
            if after and end < size and (_LATIN.match(text[end]) or text.startswith(_NOT, end)):
                continue
            yield number, start, end


_TERMS = _Terms()


def lures(subject: str, text: str, recipients: list[str], sender: str = "") -> Iterator[Feature]:
    """Give what subject and visible text work with.

    Yields:
        ``lure.<theme>`` for each theme with a word in it, ``lure.theme`` (the strongest), ``lure.secrecy``,
        ``lure.urgency``, ``lure.threat``, ``lure.pressure`` (these two together), ``lure.credentials``,
        ``lure.action`` (scores),
        ``lure.greeting`` (``generic`` or ``address``), ``lure.words`` (what made the scores, in reading order),
        ``lure.address_in_subject``, ``lure.sum`` (the first large sum, where money is offered),
        ``text.obfuscated`` (words written to
        be overlooked by programs), ``text.placeholder`` and ``text.filler`` (what a mailing program left) and
        ``text.length`` (characters of visible text).
    """
    body = unescape(text[:CHARS]) if "&" in text[:CHARS] else text[:CHARS]  # plain parts made of HTML keep its entities
    head = " ".join(fold(subject[:400]).split())
    flat = " ".join(fold(body).split())
    scores, shown = _scores(f"{head} \n {flat}", len(head))
    for name in (*words.THEMES, "secrecy", "urgency", "threat", "credentials", "action"):
        if name in scores:
            yield Feature(f"lure.{name}", scores[name])
    if themes := [name for name in words.THEMES if name in scores]:
        yield Feature("lure.theme", max(themes, key=lambda name: scores[name]))
    if pressure := round(1 - (1 - scores.get("urgency", 0)) * (1 - scores.get("threat", 0)), 2):
        yield Feature("lure.pressure", pressure)
    locals_ = _local_parts(recipients)
    if greeting := "address" if _greets(flat, locals_) else "generic" if "greeting" in scores else "":
        yield Feature("lure.greeting", greeting)
    yield from (Feature("lure.words", word) for word in shown)
    if any(address.lower() in head for address in recipients[:5] if "@" in address):
        yield Feature("lure.address_in_subject", True)
    offers = any(scores.get(name, 0) >= OFFERED for name in OFFERS)
    if offers and (found := _SUM.search(f"{head} \n {flat}")):
        yield Feature("lure.sum", found[0])
    hidden = dict.fromkeys((*disguised(subject[:400]), *disguised(sender[:200]), *disguised(body)))
    if len(hidden) > 1 or disguised(subject[:400] + " " + sender[:200]):
        yield from (Feature("text.obfuscated", word) for word in hidden)
    yield from (Feature(f"text.{name}", value) for name, value in marks(subject[:400], body))
    yield Feature("text.length", len(text.strip()))


def _scores(text: str, head: int) -> tuple[dict[str, float], list[str]]:
    """Give a score for each class with a hit, and the phrases that made them; ``head`` is where the subject ends."""
    total: dict[str, float] = {}
    seen: set[int] = set()
    shown: dict[str, None] = {}
    acts: list[tuple[int, int]] = []
    things: list[tuple[int, int]] = []
    for number, start, end in _TERMS.find(text):
        for name, weight in _TERMS.meanings[number]:
            if name == "act":
                acts.append((start, end))
            elif name == "thing":
                things.append((start, end))
            elif number not in seen:
                total[name] = total.get(name, 0.0) + weight * (1.5 if start < head else 1.0)
                shown[_TERMS.phrases[number]] = None
        seen.add(number)
    for pair in _pairs(text, acts, things)[:4]:
        total["credentials"] = total.get("credentials", 0.0) + (0.6 if _LIGHT.search(pair) else 1.0)
        shown[pair] = None
    return {name: round(1 - 0.5**value, 2) for name, value in total.items()}, list(shown)[:SHOWN_WORDS]


def _pairs(text: str, acts: list[tuple[int, int]], things: list[tuple[int, int]]) -> list[str]:
    """Give the different stretches in which an act and its thing stand close together in one sentence."""
    found: dict[tuple[str, str], str] = {}
    at = 0
    for start, end in sorted(acts)[:200]:
        while at < len(things) and things[at][1] < start - APART:
            at += 1
        for first, last in things[at : at + 6]:
            if first > end + APART:
                break
            low, high = min(start, first), max(end, last)
            stretch = text[low:high]
            if high - low <= APART + 30 and first != start and not _SENTENCE.search(stretch):
                found.setdefault((text[start:end], text[first:last]), stretch)
                break
    return list(found.values())


def _local_parts(recipients: list[str]) -> list[str]:
    return [part for part in (fold(one.partition("@")[0]) for one in recipients[:5]) if len(part) > 2]


_SALUTATION = re.compile(
    r"(?:dear|hello|hi|hey|attention|attn|greetings|hola|ola|oi|prezado|prezada|estimado|hallo|guten tag"
    r"|liebe|lieber|bonjour|cher|ciao|gentile|beste|geachte)"
    r"[ ,:]{1,3}([^\s,!:;]{3,64})"
)


def _greets(text: str, locals_: list[str]) -> bool:
    """Tell a salutation whose name is the local part of the recipient's address, or the whole of it."""
    if not locals_:
        return False
    found = _SALUTATION.search(text[:2_000])
    if found and ("@" in found[1] or (found[1] in locals_ and (re.search(r"[0-9._-]", found[1]) is not None))):
        return True
    return any(f"{one} 様" in text[:2_000] or f"@{one}様" in text[:2_000] for one in locals_) and "@" in text[:2_000]
