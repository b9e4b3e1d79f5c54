"""Finds brands in names, subjects and text, and tells a claim to be one from a mention of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ahocorasick_rs import AhoCorasick, MatchKind

from sekisho.model.brands import BESIDE, Brand, brands
from sekisho.model.folded import fold

_ALNUM = re.compile(r"[a-z0-9]")
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc]")
_WORDS = re.compile(r"[^\W_]+")
# What stands right before or after a brand's name where the writer speaks as the brand, not about it.
_BEFORE = re.compile(
    r"(?:©|\(c\)|copyright)[\s\d,\u2013-]{0,14}$|(?:^|[\s,.])(?:your|the|dear|from|with|by|sincerely"
    r"|regards|thanks|thank you|using|team|sua|tu|su|votre|ihr|ihre|dein|equipe|equipo|de)[\s,:-]{1,3}(?:new |own )?$"
)
_AFTER = re.compile(
    r"^['\u2019]?s?[\s,:-]{0,3}(?:account|team|support|security|customer|service|services"
    r"|inc\b|llc\b|corporation|id\b|user|member|card|wallet|online|notification|alert"
    r"|subscription|membership|billing|prime|konto|compte|cuenta|conta\b|kundenservice|cliente|clientes"
    r"|カスタマー|サポート|サービス|アカウント|カスタマ|をご利用|お客様|会員|事務局|株式会社|セキュリティ|ログイン|カード|からのお知らせ|より)"
)
_ENDING = re.compile(
    r"(?<=[a-z])\.(?:com?(?:\.[a-z]{2})?|de|fr|jp|net|org)(?![a-z])|[\u00ae\u2122]|(?<=[a-z])(?:tm|\(r\))(?![a-z])"
)
_VIA = re.compile(r"(?:^|[\s(])(?:via|por|uber|mit)\s")
"""A service that sends for somebody (``Anna (via Google Docs)``) names both."""
_PARTING = frozenset("-|:\u2013\u2014/,(\uff5c\u300c\u3010")
"""What parts a brand's name from the topic behind it (``DHL | Delivery``)."""
_LEFT, _RIGHT = 30, 24


class _Names:
    """The names of all brands behind one automaton; ordinary words only where they stand alone."""

    def __init__(self) -> None:
        owner: dict[str, str] = {}
        alone: dict[str, str] = {}
        for brand in brands().values():
            for name in brand.names:
                owner.setdefault(" ".join(fold(name).split()), brand.id)
            for name in (*brand.words, *brand.names):
                alone.setdefault(" ".join(fold(name).split()), brand.id)
        self.alone = alone
        self.names = list(owner)
        self.owners = list(owner.values())
        self.machine = AhoCorasick(self.names, matchkind=MatchKind.LeftmostLongest)


@cache
def _names() -> _Names:
    return _Names()


def mentions(folded: str) -> Iterator[tuple[str, int, int]]:
    """Give brand id, start and end of every name in a folded text, each as a word of its own."""
    names = _names()
    size = len(folded)
    for number, start, end in names.machine.find_matches_as_indexes(folded):
        kind = _ALNUM if _ALNUM.match(folded[start]) else _KATAKANA if _KATAKANA.match(folded[start]) else None
        if kind is not None and start > 0 and kind.match(folded[start - 1]):
            continue
        kind = _ALNUM if _ALNUM.match(folded[end - 1]) else _KATAKANA if _KATAKANA.match(folded[end - 1]) else None
        if kind is not None and end < size and kind.match(folded[end]):
            continue
        if (start > 0 and folded[start - 1] in ".@/") or (end < size and folded[end] == "@"):
            continue  # part of an address
        yield names.owners[number], start, end


def claims(folded: str) -> list[str]:
    """Give the brands that a text speaks as (``your X account``, ``The X Team``, ``© X``), in reading order."""
    found: dict[str, None] = {}
    for brand, start, end in mentions(folded):
        before, after = folded[max(0, start - _LEFT) : start], folded[end : end + _RIGHT]
        sign = _BEFORE.search(before)
        if _AFTER.match(after) or (sign and sign[0].lstrip()[:1] in ("©", "(", "c")):
            found[brand] = None
    return list(found)


def named(sender: str) -> str:
    """Give the brand that a sender's name claims to be, empty when it is none or only mentions one.

    The name must consist of the brand's and of words that go with any brand's (``Amazon Support Team``).
    """
    folded = " ".join(_ENDING.sub("", fold(sender[:200])).split())
    if _VIA.search(folded):
        return ""
    names = _names()
    words = [word for word in _WORDS.findall(folded) if word not in BESIDE and not word.isdigit()]
    bare = " ".join(words)
    for text in (folded.strip("\"'<>[]()【】 .,:|-_"), bare):
        if text in names.alone:
            return names.alone[text]
    found = [(brand, start, end) for brand, start, end in mentions(folded)]
    if not found:
        return ""
    if found[0][1] == 0 and folded[found[0][2] :].lstrip()[:1] in _PARTING:
        return found[0][0]
    rest = folded
    for _, start, end in reversed(found):
        rest = rest[:start] + " " + rest[end:]
    left = [word for word in _WORDS.findall(rest) if word not in BESIDE and not word.isdigit() and len(word) > 1]
    return found[0][0] if len(left) <= 1 else ""


def in_host(host: str) -> str:
    """Give the brand whose name stands in a host (``login-paypal.example``), empty when there is none.

    Short names must be a whole part between dots and hyphens; long ones may stand inside one.
    """
    name = host[:253].lower()
    for part in _PARTS.split(name):
        if len(part) > 2 and part in _labels() and part not in _ORDINARY:
            return _labels()[part]
    for number, _, _ in _inside().find_matches_as_indexes(name.replace("-", "")):
        return list(_long().values())[number]
    return ""


def in_path(path: str) -> str:
    """Give the brand whose name is a whole part of a path (``/netflix/login``), empty when there is none."""
    for part in _PARTS.split(path[:300].lower()):
        if len(part) > 5 and part in _labels() and part not in _ORDINARY:
            return _labels()[part]
    return ""


_PARTS = re.compile(r"[^a-z0-9]+")


@cache
def _labels() -> dict[str, str]:
    """Give names as hosts and paths write them, without blanks and marks."""
    plain = {_PARTS.sub("", name): brand for name, brand in _names().alone.items() if name.isascii()}
    return {name: brand for name, brand in plain.items() if len(name) > 2}


@cache
def _long() -> dict[str, str]:
    return {name: brand for name, brand in _labels().items() if len(name) > 6 and name not in _ORDINARY}


@cache
def _inside() -> AhoCorasick:
    return AhoCorasick(list(_long()), matchkind=MatchKind.LeftmostLongest)


_ORDINARY = frozenset(_PARTS.sub("", fold(word)) for brand in brands().values() for word in brand.words) | frozenset(
    """adobe github shopify cloudflare google twitter facebook instagram linkedin youtube whatsapp tiktok gmail
    hotmail orange telekom bestbuy rewe lidl aldi ionos roundcube zimbra cpanel nintendo steam slack visa
    detran microsoft bookingcom""".split()
)
"""Names in hosts and paths that mean the thing, a plug-in, a partner or a share button."""


def brand_of(identifier: str) -> Brand:
    """Give a brand by its id."""
    return brands()[identifier]
