"""The fast matcher: every rule against every event, without asking most rules about most events.

An event is routed by its logsource and EventID to the rules that could match. Of these, one multi-pattern scan over
the texts of the fields that rules read finds the candidates: the rules of which a rarest literal is there. What came
out is kept for each distinct projection of those fields, because logs repeat themselves. Rules that look for keywords
anywhere get one scan over the whole record. ``oracle`` says the same thing plainly and gives the evidence.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeAlias

from ahocorasick_rs import AhoCorasick

from sekisho.detect._closures import Check, Row, closure
from sekisho.detect._tree import KEYWORD, Node, fields_of
from sekisho.detect._values import text_of, texts_of
from sekisho.detect._witness import Cost, Literal, literals_of, possible, required, witness_of
from sekisho.detect.oracle import explain
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence
from sekisho.model.rule import Rule

ROUTED_BY = "EventID"
MEMO_CHARS = 32_000_000  # texts kept in all memos together: 60 to 120 MB
MEMO_LONGEST = 100_000  # characters of one record worth keeping
MEMO_ENTRIES = 400_000
NUMERAL = re.compile(r"[-0-9]*")
MAX_SHAPES = 4_000  # sets of field names, of all routes together
MAX_IDS = 2_000  # event ids remembered for one logsource
MAX_LOGSOURCES = 2_000


class Compiled(NamedTuple):
    """A rule and its checked detection."""

    rule: Rule
    tree: Node


class Match(NamedTuple):
    """A rule that matched, and on what."""

    at: int
    rule: Rule
    evidence: tuple[Evidence, ...]


class Engine:
    """Routes events; owns the memory that routes may use. Not for two threads at a time."""

    def __init__(self, compiled: Sequence[Compiled]) -> None:
        cost = _costs(compiled)
        self.entries = [_Entry(at, one.rule, one.tree, cost) for at, one in enumerate(compiled)]
        self.buckets: dict[Logsource, _Bucket] = {}
        self.budget = _Budget()

    def match(self, event: Event) -> Sequence[Match]:
        """Give the rules that match an event, in their order."""
        bucket = self.buckets.get(event.logsource) or self._bucket(event.logsource)
        fields = event.fields
        written = fields.get(ROUTED_BY)
        kind = type(written)
        route = bucket.routes.get(written) if written is not None and (kind is int or kind is str) else None
        if route is None:
            route = bucket.route(written)
        if not route.entries:
            return ()
        shape = tuple(fields)
        plan = route.plans.get(shape) or self._plan(route, shape)
        return plan.match(fields)

    def _plan(self, route: _Route, shape: tuple[str, ...]) -> _Plan:
        if self.budget.shapes >= MAX_SHAPES:
            self.buckets.clear()
            self.budget = _Budget()
            route = _Route(route.entries, self.budget)
        self.budget.shapes += 1
        plan = route.plans[shape] = _Plan(route, shape)
        self.budget.memos.append(plan.memo)
        return plan

    def _bucket(self, logsource: Logsource) -> _Bucket:
        if len(self.buckets) >= MAX_LOGSOURCES:
            self.buckets.clear()
        rules = [one for one in self.entries if one.rule.logsource.reads(logsource)]
        bucket = self.buckets[logsource] = _Bucket(rules, self.budget)
        return bucket


class _Entry:
    """One rule of the engine, its function built on first use."""

    __slots__ = ("_check", "anywhere", "at", "event_ids", "fields", "rule", "tree", "witness")

    def __init__(self, at: int, rule: Rule, tree: Node, cost: Cost) -> None:
        self.at, self.rule, self.tree = at, rule, tree
        self._check: Check | None = None
        self.witness = witness_of(tree, cost)
        self.event_ids = required(tree, ROUTED_BY)
        self.fields = fields_of(tree) - {KEYWORD}
        self.anywhere = "*" in rule.fields
        """It looks for keywords in the whole record."""

    def check(self, row: Row) -> bool:
        """Tell whether the rule matches."""
        if self._check is None:
            self._check = closure(self.tree)
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

    def __init__(self, entries: list[_Entry], budget: _Budget) -> None:
        self.budget = budget
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
            self.made[wanted] = _Route(kept, self.budget)
        return self.made[wanted]


class _Scanner:
    """Finds the rules of which a literal is in a text."""

    def __init__(self, patterns: Mapping[str, list[_Entry]]) -> None:
        self.owners = list(patterns.values())
        clean = [_clean(text) for text in patterns]
        self.automaton = AhoCorasick(clean) if clean else None

    def candidates(self, text: str) -> set[_Entry]:
        """Give every rule with a literal in a text."""
        if self.automaton is None:
            return set()
        try:
            hits = self.automaton.find_matches_as_indexes(text, overlapping=True)
        except UnicodeError:  # half a surrogate pair
            hits = self.automaton.find_matches_as_indexes(_clean(text), overlapping=True)
        return {entry for at in {hit[0] for hit in hits} for entry in self.owners[at]}


def _clean(text: str) -> str:
    """Replace halves of surrogate pairs, which the scanner's UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


class _Route:
    """Rules that one kind of event is checked against, and the scanners that choose among them."""

    def __init__(self, entries: list[_Entry], budget: _Budget) -> None:
        self.entries, self.budget = entries, budget
        self.plans: dict[tuple[str, ...], _Plan] = {}
        self.always: list[_Entry] = []
        fields: dict[str, list[_Entry]] = defaultdict(list)
        record: dict[str, list[_Entry]] = defaultdict(list)
        self.tagged: set[str] = set()
        self.tags = {field: at for at, field in enumerate(sorted({f for one in entries for f in one.fields}))}
        for entry in entries:
            if entry.witness is None:
                self.always.append(entry)
                continue
            for literal in dict.fromkeys(entry.witness):
                if literal.field == KEYWORD:
                    record[literal.text].append(entry)
                else:
                    self.tagged.add(literal.field)
                    fields[self._tagged(literal)].append(entry)
        self.fields, self.record = _Scanner(fields), _Scanner(record)
        self.numerals = any(NUMERAL.fullmatch(text) or text in "true\nfalse" for text in record)

    def mark(self, field: str) -> tuple[str, str]:
        """Give what stands before and behind each value of a field in the text that is scanned."""
        at = self.tags[field]
        return f"\x01{at:x}\x02", f"\x03{at:x}\x04"

    def _tagged(self, literal: Literal) -> str:
        before, behind = self.mark(literal.field)
        start = before if literal.mode in ("equal", "start") else ""
        return start + literal.text + (behind if literal.mode in ("equal", "end") else "")


def _costs(compiled: Iterable[Compiled]) -> Cost:
    """Estimate how common literals are by how many literals of the rules hold them; shorter ones break ties."""
    texts = Counter(literal.text for one in compiled for literal in literals_of(one.tree))
    if not texts:
        return lambda literal: 0.0
    names = list(texts)
    held: Counter[int] = Counter()
    automaton = AhoCorasick([_clean(name) for name in names])
    for text, count in texts.items():
        for at in {hit[0] for hit in automaton.find_matches_as_indexes(_clean(text), overlapping=True)}:
            held[at] += count
    costs = {name: held[at] + 8.0 / len(name) for at, name in enumerate(names)}
    return lambda literal: costs[literal.text] * (0.25 if literal.mode == "equal" else 1.0)


_Kept: TypeAlias = tuple[tuple[type, ...], tuple[Match, ...], set[_Entry]]
"""The types of a projection when not all are texts; its matches; keyword rules that wait for the whole record."""


class _Plan:
    """A route for events with the same field names: what to read, and the memo of what came out."""

    def __init__(self, route: _Route, shape: tuple[str, ...]) -> None:
        self.route = route
        folded: dict[str, str] = {}
        for name in shape:
            folded.setdefault(name.casefold(), name)
        present = set(shape)
        wanted = {name: name if name in present else folded.get(name.casefold()) for name in route.tags}
        self.keys = {name: key for name, key in wanted.items() if key is not None}
        self.scanned = [(self.keys[name], *route.mark(name)) for name in sorted(route.tagged) if name in self.keys]
        self.always = [one for one in route.always if possible(one.tree, self.keys)]
        read = sorted({self.keys[name] for one in route.entries for name in one.fields if name in self.keys})
        self.projection = _getter(read)
        self.rest = _getter([name for name in shape if name not in set(read)])
        self.whole = route.record.automaton is not None
        self.memo: dict[tuple[Any, ...], _Kept] = {}

    def match(self, fields: Mapping[str, Any]) -> Sequence[Match]:
        """Give the rules that match a record, with evidence."""
        projected = self.projection(fields)
        try:
            kept = self.memo.get(projected)
        except TypeError:  # a list among the values
            kept = self._fresh(fields, projected)
        else:
            if kept is None or (kept[0] and kept[0] != _types(projected)):
                kept = self._kept(fields, projected, kept is None)
        _, found, waiting = kept
        if self.whole:
            waiting = waiting | self._scan(self.rest(fields))
        if not waiting:
            return found
        row = Row(fields, self.keys)
        more = [one for one in waiting if one.check(row)]
        return sorted((*found, *_matches(more, fields)), key=attrgetter("at")) if more else found

    def _kept(self, fields: Mapping[str, Any], projected: tuple[Any, ...], new: bool) -> _Kept:
        kept = self._fresh(fields, projected)
        if new and self.route.budget.spend(sum(len(one) for one in projected if isinstance(one, str))):
            self.memo[projected] = kept
        return kept

    def _fresh(self, fields: Mapping[str, Any], projected: tuple[Any, ...]) -> _Kept:
        """Evaluate a record as far as its projection decides."""
        pieces = [f"{a}{text}{b}" for key, a, b in self.scanned for text in texts_of(fields[key])]
        candidates = self.route.fields.candidates("".join(pieces).casefold())
        row = Row(fields, self.keys)
        found = [one for one in (*candidates, *self.always) if not one.anywhere and one.check(row)]
        waiting = {one for one in (*candidates, *self.always) if one.anywhere}
        if self.whole:
            waiting |= self._scan(projected)
        types = _types(projected)
        return (() if set(types) <= {str} else types), _matches(found, fields), waiting

    def _scan(self, values: tuple[Any, ...]) -> set[_Entry]:
        """Give the rules of which a keyword may be in one of the values."""
        if self.route.numerals:
            texts = [one if type(one) is str else "\n".join(texts_of(one)) for one in values]
        else:
            texts = [one if type(one) is str else "\n".join(texts_of(one)) for one in values if type(one) is not int]
        return self.route.record.candidates("\n".join(texts).casefold())


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Give a function that reads these fields as a tuple."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda fields: tuple(fields[name] for name in names)


def _types(projected: tuple[Any, ...]) -> tuple[type, ...]:
    """Give the types of a projection: 1, 1.0 and true are the same key but not the same text."""
    return tuple(map(type, projected))


def _matches(entries: list[_Entry], fields: Mapping[str, Any]) -> tuple[Match, ...]:
    """Give the matches of rules that hold for a record, in the order of the rules."""
    ordered = sorted(entries, key=attrgetter("at"))
    return tuple(Match(one.at, one.rule, explain(one.tree, fields, given=True) or ()) for one in ordered)
