"""Known indicators are looked for in events: one scan of a record for all of them, whatever their number.

All text of a record is scanned once for every value at a time; what it finds is then looked at again, for a value is
only there when it stands by itself: ``10.1.1.1`` is not in ``110.1.1.10``, and ``evil.example`` is in
``www.evil.example`` but not in ``notevil.example``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick

from sekisho.model.event import Event
from sekisho.model.finding import Evidence, Finding
from sekisho.model.ids import stable_id
from sekisho.model.indicator import Indicator
from sekisho.model.rule import WEIGHTS

BETWEEN = "\x1f"
TEXT_CHARS = 2_000_000
"""Of one record; a mail's body and headers are far below it."""
MOST = 50
"""Different indicators told of one record; more than that is a list of indicators, such as a threat report."""
SHORTEST = 4
SCANNED_CHARS = 1_000_000
"""Of many values, scanned at a time."""
MEMO_CHARS, MEMO_LONGEST = 16_000_000, 4_000
"""Characters of values remembered to hold nothing, in all and of one."""
KIND_NAMES = {
    "ip": ("address", "アドレス"),
    "domain": ("domain", "ドメイン"),
    "url": ("URL", "URL"),
    "email": ("mail address", "メールアドレス"),
    "md5": ("file", "ファイル"),
    "sha1": ("file", "ファイル"),
    "sha256": ("file", "ファイル"),
    "file": ("file name", "ファイル名"),
}
# What may not stand right before and right behind a value of a kind.
_BEFORE = {
    "ip": re.compile(r"[0-9a-z.]$"),
    "ip6": re.compile(r"[0-9a-z:.]$"),
    "domain": re.compile(r"[a-z0-9_-]$"),
    "url": re.compile(r"[a-z0-9_.-]$"),
    "email": re.compile(r"[a-z0-9._%+-]$"),
    "file": re.compile(r"[\w-]$"),
}
_BEHIND = {
    "ip": re.compile(r"[0-9a-z]|\.[0-9a-z]"),
    "ip6": re.compile(r"[0-9a-z:]|\.[0-9]"),
    "domain": re.compile(r"[a-z0-9_-]|\.[a-z0-9]"),
    "url": re.compile(r"[a-z0-9/_.~%?&=+-]"),
    "email": re.compile(r"[a-z0-9_-]|\.[a-z0-9]"),
    "file": re.compile(r"[\w-]|\.\w"),
}
_HEX_BEFORE, _HEX_BEHIND = re.compile(r"[0-9a-f]$"), re.compile(r"[0-9a-f]")


class Hit(NamedTuple):
    """An indicator that stands in a record."""

    indicator: Indicator
    field: str
    value: str
    """The whole value of the field."""


class Index:
    """All indicators, ready to be looked for. Not for two threads at a time."""

    def __init__(self, indicators: Iterable[Indicator]) -> None:
        """Keep indicators; those too short to stand for anything are left out."""
        kept: dict[str, list[Indicator]] = {}
        for one in indicators:
            pattern = _pattern(one)
            if len(pattern) >= SHORTEST:
                kept.setdefault(pattern, []).append(one)
        self.patterns = list(kept)
        self.by_pattern = list(kept.values())
        self.kinds = ["ip6" if one[0].kind == "ip" and ":" in one[0].value else one[0].kind for one in self.by_pattern]
        self._engine: AhoCorasick | None = None
        self._clean: set[str] = set()
        self._clean_chars = 0

    def __len__(self) -> int:
        """Count the indicators."""
        return sum(map(len, self.by_pattern))

    def ready(self) -> None:
        """Build the scanner now: workers that are forked later share it."""
        if self._engine is None and self.patterns:
            self._engine = AhoCorasick(self.patterns)

    def find(self, event: Event) -> list[Hit]:
        """Give the indicators that stand in an event, each once, with the first field that holds it."""
        self.ready()
        if self._engine is None:
            return []
        fresh = [text for text in _texts(event.fields.values()) if text not in self._clean]
        if not fresh:
            return []
        found = self._found(BETWEEN.join(fresh).lower())
        if not found:
            self._remember(fresh)
        return [hit for index in found for hit in self._hits(index, event)]

    def _found(self, text: str) -> dict[int, None]:
        """Give the patterns that stand in a text by themselves."""
        assert self._engine is not None
        if len(text) > TEXT_CHARS:
            text = text[:TEXT_CHARS]
        found: dict[int, None] = {}
        for index, start, end in self._engine.find_matches_as_indexes(text, overlapping=True):
            if index not in found and _alone(self.kinds[index], text, start, end):
                found[index] = None
                if len(found) >= MOST:
                    break
        return found

    def holding(self, texts: Sequence[str]) -> set[int]:
        """Give the places of the texts in which an indicator stands.

        An event that :meth:`find` finds anything in has a value of which this says so.
        """
        self.ready()
        found: set[int] = set()
        some: list[str] = []
        first = chars = 0
        for place, text in enumerate(texts):
            some.append(text[:TEXT_CHARS].lower())
            chars += len(some[-1])
            if chars >= SCANNED_CHARS:
                found.update(first + one for one in self._places(some))
                some, first, chars = [], place + 1, 0
        found.update(first + one for one in self._places(some))
        return found

    def _places(self, texts: list[str]) -> Iterator[int]:
        """Give the places of lower-case texts that hold something, scanned as one."""
        if self._engine is None or not texts:
            return
        starts, at = [], 0
        for one in texts:
            starts.append(at)
            at += len(one) + len(BETWEEN)
        text = BETWEEN.join(texts)
        for index, start, end in self._engine.find_matches_as_indexes(text, overlapping=True):
            if _alone(self.kinds[index], text, start, end):
                yield bisect_right(starts, start) - 1

    def _remember(self, texts: list[str]) -> None:
        """Keep values that hold nothing: logs repeat their values far more than their records."""
        for text in texts:
            if len(text) <= MEMO_LONGEST:
                self._clean.add(text)
                self._clean_chars += len(text)
        if self._clean_chars > MEMO_CHARS:
            self._clean.clear()
            self._clean_chars = 0

    def findings(self, event: Event, layer: str) -> list[Finding]:
        """Give a finding for each indicator that stands in an event."""
        return [finding(hit, event, layer) for hit in self.find(event)]

    def _hits(self, index: int, event: Event) -> Iterator[Hit]:
        pattern = self.patterns[index]
        for one in self.by_pattern[index]:
            for name, value in event.fields.items():
                written = next((text for text in _texts([value]) if pattern in text.lower()), None)
                if written is not None:
                    yield Hit(one, name, written[:2_000])
                    break

    def __getstate__(self) -> list[Indicator]:
        """Leave the scanner out."""
        return [one for group in self.by_pattern for one in group]

    def __setstate__(self, state: list[Indicator]) -> None:
        """Restore what :meth:`__getstate__` gave."""
        self.__init__(state)  # type: ignore[misc]


def _alone(kind: str, text: str, start: int, end: int) -> bool:
    """Tell whether what stands between two places stands there by itself."""
    before, behind = _BEFORE.get(kind, _HEX_BEFORE), _BEHIND.get(kind, _HEX_BEHIND)
    return not before.search(text[max(0, start - 2) : start]) and not behind.match(text[end : end + 2])


def _pattern(one: Indicator) -> str:
    """Give what is looked for: URLs without their scheme, because logs often leave it out."""
    value = one.value.lower()
    return value.partition("://")[2] if one.kind == "url" else value


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if type(value) is str:
            yield value
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, str):
                    yield item


def level_of(one: Indicator) -> str:
    """Give the level of a hit: names and senders are weak, whatever a feed says of them."""
    if one.kind in ("file", "email"):
        return "medium" if one.confidence >= 75 else "low"
    return "high" if one.confidence >= 75 else "medium" if one.confidence >= 50 else "low"


def finding(hit: Hit, event: Event, layer: str) -> Finding:
    """Give what a hit says."""
    one = hit.indicator
    rule_id, event_id, level = rule_of(one), event.id, level_of(one)
    english, japanese = KIND_NAMES[one.kind]
    return Finding(
        id=stable_id("f", rule_id, event_id),
        rule_id=rule_id,
        title=f"Known Bad {english[:1].upper()}{english[1:]}",
        level=level,
        attack=(),
        source=event.source,
        record=event.record,
        time_ns=event.time_ns,
        evidence=(Evidence(hit.field, hit.value), Evidence("indicator", one.value)),
        event_id=event_id,
        host=event.host,
        user=event.user,
        layer=layer,
        weight=WEIGHTS[level],
        texts=(("ja", f"既知の悪性{japanese}"),),
    )


def rule_of(one: Indicator) -> str:
    """Give the id under which findings of an indicator stand where rules have theirs."""
    return stable_id("indicator-", one.kind, one.value)
