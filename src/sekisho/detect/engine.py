"""The fast matcher: every rule against every event, without asking most rules about most events.

An event is routed by its logsource and EventID to the rules that could match. Of these, only those are asked of which
a rarest literal stands in the right field: each field's values are scanned for all its literals at once, and what was
found in a value is kept, because logs repeat their values far more than their records. Rules that look for keywords
anywhere get one scan over the whole record. ``oracle`` says the same thing plainly and gives the evidence.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from time import perf_counter
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from sekisho.detect._closures import Check, Row
from sekisho.detect._reasons import evidence
from sekisho.detect._tree import KEYWORD
from sekisho.detect._values import text_of, texts_of
from sekisho.detect._witness import possible
from sekisho.detect.compiled import ROUTED_BY, Compiled, clean, plan
from sekisho.detect.glance import glance
from sekisho.detect.statistics import Statistics, Use
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence
from sekisho.model.rule import Rule

MEMO_CHARS = 32_000_000  # texts kept in all memos together: 60 to 120 MB
MEMO_LONGEST = 10_000  # characters of one value worth keeping
MEMO_ENTRIES = 400_000
NUMERAL = re.compile(r"[-0-9]*")
MAX_SHAPES = 4_000  # sets of field names, of all routes together
MAX_IDS = 2_000  # event ids remembered for one logsource
MAX_LOGSOURCES = 2_000
START, END = "\x02", "\x03"  # stand before and behind a value that is scanned
NOTHING: frozenset[_Entry] = frozenset()


class Match(NamedTuple):
    """A rule that matched, and on what."""

    at: int
    rule: Rule
    evidence: tuple[Evidence, ...]


class Reads(NamedTuple):
    """What decides whether any rule matches a record of one kind."""

    names: frozenset[str]
    """Case-folded names of the fields that rules read."""
    glance: Callable[[bytes | str], bool] | None
    """Tells whether a keyword may stand in a record's JSON text; None when the text cannot tell."""


class Engine:
    """Routes events; owns the memory that routes may use. Not for two threads at a time."""

    def __init__(self, compiled: Sequence[Compiled]) -> None:
        plan(compiled)
        self.entries = [_Entry(at, one) for at, one in enumerate(compiled)]
        self.logsources = {one.rule.logsource for one in compiled}
        self.buckets: dict[Logsource, _Bucket] = {}
        self.scanners = _scanners(self.entries)
        self.budget = _Budget()
        self.timed = False
        """Measure what each condition costs, which itself costs a little."""
        self._past: Counter[tuple[int, str]] = Counter()

    def match(self, event: Event) -> Sequence[Match]:
        """Give the rules that match an event, in their order."""
        return self.matches(event.logsource, event.fields)

    def matches(self, logsource: Logsource, fields: Mapping[str, Any], *, silent: bool = False) -> Sequence[Match]:
        """Give the rules that match a record of a logsource, in their order.

        ``silent`` says that :meth:`reads` told that no keyword is in the record.
        """
        route = self._route(logsource, fields)
        if not route.entries:
            return ()
        shape = tuple(fields)
        known = route.plans.get(shape) or self._new_plan(logsource, fields)
        return known.match(fields, silent, self.timed)

    def reads(self, logsource: Logsource, fields: Mapping[str, Any]) -> Reads:
        """Tell what decides on records of this logsource with this event id."""
        return self._route(logsource, fields).reads()

    def _route(self, logsource: Logsource, fields: Mapping[str, Any]) -> _Route:
        bucket = self.buckets.get(logsource) or self._bucket(logsource)
        written = fields.get(ROUTED_BY)
        kind = type(written)
        route = bucket.routes.get(written) if written is not None and (kind is int or kind is str) else None
        return bucket.route(written) if route is None else route

    def _new_plan(self, logsource: Logsource, fields: Mapping[str, Any]) -> _Plan:
        if self.budget.shapes >= MAX_SHAPES:
            self._count_plans(self._past)
            self.buckets.clear()
            self.budget = _Budget()
        route, shape = self._route(logsource, fields), tuple(fields)
        self.budget.shapes += 1
        made = route.plans[shape] = _Plan(route, shape)
        return made

    def _bucket(self, logsource: Logsource) -> _Bucket:
        if len(self.buckets) >= MAX_LOGSOURCES:
            self._count_plans(self._past)
            self.buckets.clear()
        heard = {one for one in self.logsources if one.reads(logsource)}
        rules = [one for one in self.entries if one.rule.logsource in heard]
        bucket = self.buckets[logsource] = _Bucket(rules, self.scanners, self.budget)
        return bucket

    def credit(self, logsource: Logsource, fields: Mapping[str, Any], count: int) -> None:
        """Count records like this one that were told to match nothing before this matcher was asked."""
        route = self._route(logsource, fields)
        if route.entries and count:
            (route.plans.get(tuple(fields)) or self._new_plan(logsource, fields)).count += count

    def statistics(self) -> Statistics:
        """Give what each rule did so far; of rules that no event reached, nothing."""
        counted = Counter(self._past)
        self._count_plans(counted)
        present: dict[int, set[str]] = defaultdict(set)
        for at, name in counted:
            if name:
                present[at].add(name)
        return Statistics(
            {
                one.rule.id: Use(routed, one.checked, one.matched, one.seconds, frozenset(present[one.at]))
                for one in self.entries
                if (routed := counted[one.at, ""])
            }
        )

    def _count_plans(self, counted: Counter[tuple[int, str]]) -> None:
        """Add to (rule, "") the events it was routed to, and to (rule, field) those that had the field."""
        for bucket in self.buckets.values():
            for route in bucket.made.values():
                for known in route.plans.values():
                    if known.count:
                        for one in route.entries:
                            counted[one.at, ""] += known.count
                            for name in one.compiled.fields:
                                if name in known.keys:
                                    counted[one.at, name] += known.count


class _Entry:
    """One rule of the engine."""

    __slots__ = (
        "_check", "anywhere", "at", "checked", "compiled", "event_ids", "matched", "rule", "seconds", "witness",
    )  # fmt: skip

    def __init__(self, at: int, compiled: Compiled) -> None:
        assert compiled.plan is not None
        self.at, self.compiled, self.rule = at, compiled, compiled.rule
        self.witness, self.event_ids = compiled.plan
        self.anywhere = compiled.anywhere
        self._check: Check | None = None
        self.checked = self.matched = 0
        self.seconds = 0.0

    def check(self, row: Row) -> bool:
        """Tell whether the rule matches."""
        if self._check is None:
            self._check = self.compiled.check
        return self._check(row)


class _Budget:
    """Counts what memos hold and empties them all when it is too much."""

    def __init__(self) -> None:
        self.shapes = 0
        self.chars = 0
        self.entries = 0
        self.memos: list[dict[Any, Any]] = []

    def spend(self, chars: int) -> bool:
        """Account for one more entry; False when it is too long to be kept."""
        if chars > MEMO_LONGEST:
            return False
        if self.chars + chars > MEMO_CHARS or self.entries >= MEMO_ENTRIES:
            for memo in self.memos:
                memo.clear()
            self.chars = self.entries = 0
        self.chars += chars
        self.entries += 1
        return True


class _Bucket:
    """The rules that read one logsource, by the event ids they need."""

    def __init__(self, entries: list[_Entry], scanners: Mapping[str, _Scanner], budget: _Budget) -> None:
        self.scanners, self.budget = scanners, budget
        self.entries = entries
        self.known = frozenset(text for one in entries for text in one.event_ids or ())
        self.routes: dict[int | str, _Route] = {}  # by the event id as written
        self.made: dict[str | None, _Route] = {}

    def route(self, written: Any) -> _Route:
        """Give the route for an event id; events without a single one get all rules."""
        if written is None or isinstance(written, (list, tuple)):
            return self._made(None)
        text = text_of(written).casefold()
        route = self._made(text if text in self.known else "")
        if type(written) in (int, str) and len(self.routes) < MAX_IDS:
            self.routes[written] = route
        return route

    def _made(self, wanted: str | None) -> _Route:
        if wanted not in self.made:
            kept = [one for one in self.entries if wanted is None or one.event_ids is None or wanted in one.event_ids]
            self.made[wanted] = _Route(kept, self.scanners, self.budget)
        return self.made[wanted]


class _Scanner:
    """Finds the rules of which a literal stands in a value of one field, whatever their logsource."""

    def __init__(self) -> None:
        self.owners: dict[str, list[_Entry]] = defaultdict(list)
        self._lists: list[list[_Entry]] = []
        self._automaton: AhoCorasick | None = None

    def find(self, text: str) -> set[_Entry]:
        """Give every rule with a literal in a text that was folded and marked."""
        if self._automaton is None:
            self._lists = list(self.owners.values())
            self._automaton = AhoCorasick([clean(one) for one in self.owners])
        try:
            hits = self._automaton.find_matches_as_indexes(text, overlapping=True)
        except UnicodeError:  # half a surrogate pair
            hits = self._automaton.find_matches_as_indexes(clean(text), overlapping=True)
        lists = self._lists
        return {entry for hit in hits for entry in lists[hit[0]]}


def _scanners(entries: Sequence[_Entry]) -> dict[str, _Scanner]:
    """Give one scanner for each field that has literals; its automaton is built when a first value is scanned."""
    scanners: dict[str, _Scanner] = defaultdict(_Scanner)
    for entry in entries:
        for field, mode, text in entry.witness or ():
            if field != KEYWORD:
                text = (START if mode in ("equal", "start") else "") + text + (END if mode in ("equal", "end") else "")
            scanners[field].owners[text].append(entry)
    return dict(scanners)


class _Route:
    """Rules that one kind of event is checked against."""

    def __init__(self, entries: list[_Entry], scanners: Mapping[str, _Scanner], budget: _Budget) -> None:
        self.entries, self.scanners, self.budget = entries, scanners, budget
        self.members = frozenset(entries)
        self.plans: dict[tuple[str, ...], _Plan] = {}
        self.always = [one for one in entries if one.witness is None]
        self.names = {name for one in entries for name in one.compiled.fields}
        literals = [literal for one in entries for literal in one.witness or ()]
        self.scanned = sorted({field for field, _, _ in literals} - {KEYWORD})
        words = sorted({text for field, _, text in literals if field == KEYWORD})
        self.words = tuple(words)
        self.numerals = any(NUMERAL.fullmatch(text) or text in "true\nfalse" for text in words)
        # Leftmost matching lets the library skip through a text at memory speed; it may miss words inside others,
        # so it only tells whether a full scan is due.
        self.glance = AhoCorasick([clean(one) for one in words], matchkind=MatchKind.LeftmostFirst) if words else None
        self.memos: dict[str, dict[str, frozenset[_Entry]]] = {}
        self._reads: Reads | None = None

    def reads(self) -> Reads:
        """Tell what decides on records of this route."""
        if self._reads is None:
            names = frozenset(name.casefold() for name in self.names)
            # A keyword rule with a field as its witness, or with none, may match where no keyword literal is.
            other = any(one.anywhere and _elsewhere(one) for one in self.entries)
            self._reads = Reads(names, None if other or self.numerals else glance(self.words))
        return self._reads

    def memo(self, field: str) -> dict[str, frozenset[_Entry]]:
        """Give what is known of a field's values: the rules of this route with a literal in them."""
        if field not in self.memos:
            self.memos[field] = {}
            self.budget.memos.append(self.memos[field])
        return self.memos[field]

    def find(self, field: str, text: str) -> frozenset[_Entry]:
        """Give the rules with a literal in a value and keep the answer."""
        marked = f"{START}{text.casefold()}{END}"
        found = self.members.intersection(self.scanners[field].find(marked)) or NOTHING
        if self.budget.spend(len(text)):
            self.memo(field)[text] = found
        return found

    def find_words(self, text: str) -> set[_Entry] | frozenset[_Entry]:
        """Give the rules with a keyword in the joined texts of a record."""
        if self.glance is None:
            return NOTHING
        text = text.casefold()
        try:
            seen = self.glance.find_matches_as_indexes(text)
        except UnicodeError:
            seen = self.glance.find_matches_as_indexes(clean(text))
        return self.members & self.scanners[KEYWORD].find(text) if seen else NOTHING


def _timed(candidates: Iterable[_Entry], row: Row) -> list[_Entry]:
    """Ask each candidate and note the time it took."""
    matched = []
    for one in candidates:
        started = perf_counter()
        if one.check(row):
            matched.append(one)
            one.matched += 1
        one.seconds += perf_counter() - started
        one.checked += 1
    return matched


def _elsewhere(entry: _Entry) -> bool:
    return entry.witness is None or any(field != KEYWORD for field, _, _ in entry.witness)


class _Plan:
    """A route for events with the same field names: which values to look at."""

    def __init__(self, route: _Route, shape: tuple[str, ...]) -> None:
        self.route = route
        folded: dict[str, str] = {}
        for name in shape:
            folded.setdefault(name.casefold(), name)
        present = set(shape)
        wanted = {name: name if name in present else folded.get(name.casefold()) for name in route.names}
        self.keys = {name: key for name, key in wanted.items() if key is not None}
        self.scanned = [(self.keys[name], name, route.memo(name)) for name in route.scanned if name in self.keys]
        self.always = frozenset(one for one in route.always if possible(one.compiled.tree, self.keys))
        self.whole = route.glance is not None
        self.count = 0
        """Records it was asked about."""

    def match(self, fields: Mapping[str, Any], silent: bool, timed: bool) -> Sequence[Match]:
        """Give the rules that match a record, with evidence."""
        self.count += 1
        candidates: set[_Entry] | frozenset[_Entry] = self.always
        for key, name, memo in self.scanned:
            value = fields[key]
            if type(value) is str:
                found = memo.get(value)
                if found is None:
                    found = self.route.find(name, value)
                if found:
                    candidates = candidates | found
            else:
                for text in texts_of(value):
                    candidates = candidates | (memo.get(text) or self.route.find(name, text))
        if self.whole and not silent:
            candidates = candidates | self.route.find_words(self._joined(fields))
        if not candidates:
            return ()
        row = Row(fields, self.keys)
        matched = _timed(candidates, row) if timed else [one for one in candidates if one.check(row)]
        if not matched:
            return ()
        matched.sort(key=attrgetter("at"))
        return [Match(one.at, one.rule, evidence(one.compiled.reasons(row))) for one in matched]

    def _joined(self, fields: Mapping[str, Any]) -> str:
        """Give all texts of a record, numbers only where a keyword could be one."""
        if self.route.numerals:
            texts = [one if type(one) is str else "\n".join(texts_of(one)) for one in fields.values()]
        else:
            values = fields.values()
            texts = [one if type(one) is str else "\n".join(texts_of(one)) for one in values if type(one) is not int]
        return "\n".join(texts)
