"""Domains that are made to be taken for others: by letters that look alike, slips of the pen, added words, subdomains.

Letters outside ASCII are no signal by themselves: an ordinary Japanese, Greek or Russian name stays what it is. What
counts is a label whose scripts nobody mixes, or one that reads like a name that is known.

Source: Unicode UTS #39 "Security Mechanisms" 5.2 (restriction levels); the shapes of letters by their names in the
Unicode Character Database, chosen here; RFC 3492 (punycode). Tricks as reported on: "Bit-squatting, typo-squatting,
combo-squatting" (Kintis et al., CCS 2017), Booking.com lures with U+3093 as a slash (August 2025).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from sekisho.model.lookalike_letters import ADDED_WORDS, FAKE_SLASHES, LOOKS_LIKE, NEIGHBOURS, PROXIES
from sekisho.model.registered import belongs, registered_domain

SHORTEST = 5
"""Letters of a label that slips are looked for in; shorter ones are one slip from too many others."""
SHORTEST_BRAND = 6
GLUED = 4
"""Letters of a word that stands with a brand's name without a hyphen: ``net`` and ``inter`` are no lookalike."""
LONG = 11
"""Letters from which two slips count."""
# Source: UTS #39 5.2 "Highly Restrictive": these go together everywhere in the Far East.
_TOGETHER = (
    frozenset({"LATIN", "HIRAGANA", "KATAKANA", "CJK"}),
    frozenset({"LATIN", "HANGUL", "CJK"}),
    frozenset({"LATIN", "BOPOMOFO", "CJK"}),
)
# "Moderately Restrictive" lets Latin stand beside one other script, but for these, whose letters are its twins.
_TWINS = frozenset({"CYRILLIC", "GREEK", "CHEROKEE", "ARMENIAN", "COPTIC", "LISU"})
_MARKS = frozenset({"KATAKANA-HIRAGANA", "COMBINING", "IDEOGRAPHIC", "VARIATION", "ZERO"})
# What ends a name in front of another, as those who read from the left take it.
_SUFFIXES = frozenset("co.jp ne.jp or.jp go.jp ac.jp lg.jp co.uk com.br com.au co.kr com.cn com.tw".split())
_VOWELS = frozenset("aeiou")
_SLIPS = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("3", "e"), ("4", "a"))
_HANGING = re.compile(r"[-\u30fc\u4e00\u2010-\u2015\u2212]")


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a host looks like."""

    of: str
    """The domain it is taken for."""
    whose: str
    """``own``, ``partner`` or ``brand``, as the index was told."""
    how: str
    """``letters`` (they look alike), ``slip``, ``word`` (added), ``suffix`` (another top level), ``subdomain``."""


class Index:
    """Known domains, arranged to find what looks like one of them."""

    def __init__(self, domains: Mapping[str, str], also: frozenset[str] = frozenset()) -> None:
        """``domains`` maps each to whose it is; ``also`` are domains that look alike and are known to be fine."""
        self.domains = dict(domains)
        self.known = frozenset(self.domains) | also | NEIGHBOURS
        self.labels: dict[str, str] = {}
        self.shapes: dict[str, str] = {}
        ranks = ("own", "partner", "brand")
        # By name after rank: which of a company's domains stands for all must not hang on the order of a set.
        for domain in sorted(self.domains, key=lambda one: (ranks.index(self.domains[one]), one)):
            label = unicode_host(registered_domain(domain)).partition(".")[0]
            self.labels.setdefault(label, domain)
            self.shapes.setdefault(shape(label), domain)
        self.longer = [
            known for known in self.labels if len(known) >= (SHORTEST if self._brand(known) else SHORTEST - 1)
        ]
        self.slips = {1: self.longer, 2: [known for known in self.longer if len(known) >= LONG]}
        self.found = lru_cache(maxsize=8_192)(self._find)

    def match(self, host: str) -> Likeness | None:
        """Give what a host is made to look like; None for a known one and for any that looks like none."""
        return self.found(host.strip(".").lower()) if host and len(host) <= 255 and self.domains else None

    def _find(self, host: str) -> Likeness | None:
        if belongs(host, self.known):
            return None
        readable = unicode_host(host)
        domain = unicode_host(registered_domain(host))
        if domain in self.known or "." not in domain:
            return None
        label = domain.partition(".")[0]
        return self._letters(label) or self._same(label) or self._subdomain(readable, domain) or self._near(label)

    def _made(self, domain: str, how: str) -> Likeness:
        return Likeness(domain, self.domains[domain], how)

    def _letters(self, label: str) -> Likeness | None:
        if label in self.labels or len(label) < 3:
            return None
        domain = self.shapes.get(shape(label))
        if domain is None or (label.isascii() and len(label) < SHORTEST - (self.domains[domain] != "brand")):
            return None
        return self._made(domain, "letters")

    def _same(self, label: str) -> Likeness | None:
        """Tell the same label under another suffix, for those who surely do not have it: brands often do."""
        domain = self.labels.get(label)
        if domain is None or self.domains[domain] == "brand" or len(label) < SHORTEST - 1:
            return None
        return self._made(domain, "suffix")

    def _subdomain(self, host: str, domain: str) -> Likeness | None:
        """Tell a known domain that stands whole in front of another, with its dots or with hyphens instead."""
        front = host[: -len(domain)].strip(".")
        if (not front and "-" not in domain) or belongs(host, PROXIES):
            return None
        pieces = f"{front}.{domain.partition('.')[0]}".replace("-", ".").strip(".").split(".")[:64]
        for count in range(2, 6):
            for at in range(len(pieces) - count + 1):
                known = ".".join(pieces[at : at + count])
                if known in self.domains:
                    return self._made(known, "subdomain")
        return self._front(pieces)

    def _front(self, pieces: list[str]) -> Likeness | None:
        """Tell a known label that a suffix follows within the front: ``corp-card.co.jp.evil.test``."""
        for at, piece in enumerate(pieces):
            domain = self.labels.get(piece)
            if domain is None or len(piece) < SHORTEST - 1:
                continue
            for end in range(at + 1, min(at + 4, len(pieces))):
                if ".".join(pieces[end : end + 2]) in _SUFFIXES or (pieces[end] == "com" and end + 1 < len(pieces)):
                    return self._made(domain, "subdomain")
        return None

    def _near(self, label: str) -> Likeness | None:
        for known in [known for known in self.longer if known in label and known != label]:
            if self._added(label, known):
                return self._made(self.labels[known], "word")
        if _is_word(label):
            return None
        for allowed, choices in self.slips.items():
            found = process.extractOne(label, choices, scorer=OSA.distance, score_cutoff=allowed)
            if found is not None and found[1] and min(len(label), len(found[0])) >= self._least(found[0], allowed):
                if _inflected(label, found[0]):
                    continue
                return self._made(self.labels[found[0]], "slip")
        return None

    def _least(self, known: str, allowed: int) -> int:
        return LONG if allowed > 1 else SHORTEST_BRAND if self._brand(known) else SHORTEST

    def _added(self, label: str, known: str) -> bool:
        """Tell a known label with words added, behind a hyphen or without one."""
        brand = self._brand(known)
        pieces = [piece for piece in _HANGING.split(label) if piece]
        rest = [piece for piece in pieces if piece != known]
        if rest and len(rest) < len(pieces):
            return not brand or any(map(_is_word, rest))
        if len(pieces) > 1:
            return False
        glued = label.removeprefix(known) if label.startswith(known) else label.removesuffix(known)
        return len(glued) >= (GLUED if brand else 2) and glued != label and _is_word(glued)

    def _brand(self, known: str) -> bool:
        return self.domains[self.labels[known]] == "brand"


def _inflected(one: str, other: str) -> bool:
    """Tell words that differ only by an ending of grammar: names of others, far more often than slips."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    if len(longer) == len(shorter):
        return one[:-1] == other[:-1] and one[-1] in _VOWELS and other[-1] in _VOWELS
    return longer[: len(shorter)] == shorter and longer[len(shorter) :] in ("s", "e", "es", "a", "i", "o", "y", "x")


def _is_word(piece: str) -> bool:
    return piece in ADDED_WORDS or piece.rstrip("0123456789") in ADDED_WORDS


@lru_cache(maxsize=8_192)
def unicode_host(host: str) -> str:
    """Give a host as people read it: punycode decoded, width folded, lower case; broken labels stay as they are."""
    return ".".join(_readable(label) for label in host.strip(".").lower().split("."))


def _readable(label: str) -> str:
    if label.startswith("xn--") and len(label) < 64:
        try:
            label = label[4:].encode("ascii").decode("punycode")
        except (UnicodeError, OverflowError, ValueError):
            return label
    return label if label.isascii() else unicodedata.normalize("NFKC", label).lower()


@lru_cache(maxsize=8_192)
def shape(label: str) -> str:
    """Give what a label looks like at a glance; two that share a shape are hard to tell apart."""
    text = label
    if not text.isascii():
        bare = (char for char in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(char))
        text = "".join(LOOKS_LIKE.get(char, char) for char in bare)
    for written, read in _SLIPS:
        text = text.replace(written, read)
    return text


def scripts(text: str) -> frozenset[str]:
    """Give the scripts of a text's letters, by the first word of their Unicode names."""
    return frozenset(found for char in set(text) if (found := _script(char)))


@lru_cache(maxsize=4_096)
def _script(char: str) -> str:
    if char < "\x80":
        return "LATIN" if char.isalpha() else ""
    if not char.isalpha():
        return ""
    name = unicodedata.name(char, "UNKNOWN").partition(" ")[0]
    return {"FULLWIDTH": "LATIN", "HALFWIDTH": "KATAKANA"}.get(name, "" if name in _MARKS else name)


def is_mixed(label: str) -> bool:
    """Tell a label or word whose letters come from scripts that nobody mixes (``pаypal`` with a Cyrillic a)."""
    found = scripts(label) if not label.isascii() else frozenset()
    if len(found) < 2 or any(found <= allowed for allowed in _TOGETHER):
        return False
    return bool(found & _TWINS) or "LATIN" not in found or len(found) > 2


def mixed_host(host: str) -> bool:
    """Tell a host with a label of mixed scripts, or one where a letter of another script poses as slash or hyphen."""
    readable = unicode_host(host)
    if readable.isascii():
        return False
    return any(is_mixed(label) or _has_fake_mark(label) for label in readable.split("."))


def _has_fake_mark(label: str) -> bool:
    """Tell a Latin label whose only foreign letters look like punctuation."""
    foreign = {char for char in label if char > "\x7f"}
    return bool(foreign) and foreign <= FAKE_SLASHES and any("a" <= char <= "z" for char in label)
