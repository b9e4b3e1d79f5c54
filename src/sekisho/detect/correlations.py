"""Correlation rules are read and checked: Sigma correlation documents in, what ``correlator`` runs out.

A correlation counts or orders the findings of other rules, or of other correlations, within a time span and a group.
Source: Sigma correlation rules specification 2.0.2 and 2.1 (value_sum, value_avg, value_min, value_max,
value_percentile), and its change 2.2 (a condition may be a text over the rules, ``a and not b``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import NamedTuple

from sekisho.detect import _document as read
from sekisho.detect._bounds import TEMPORAL, VALUES, Term, condition_of, names_of
from sekisho.detect._written import Table
from sekisho.model.errors import RuleError
from sekisho.model.finding import LEVELS
from sekisho.model.ids import stable_id
from sekisho.model.rule import WEIGHTS

KINDS = frozenset({"event_count", *VALUES, *TEMPORAL})
KEYS = frozenset({"type", "rules", "group-by", "timespan", "aliases", "condition", "generate"})
TIMESPAN = re.compile(r"([0-9]{1,9})([smhdwMy])")
# A month is a twelfth of the mean Gregorian year, which is 365.2425 days.
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2629746, "y": 31556952}
NS = 1_000_000_000
CIRCLE = "correlations refer to one another in a circle"
MAX_CHAIN = 30  # correlations over correlations


@dataclass(frozen=True, slots=True)
class Correlation:
    """One correlation that can run."""

    id: str
    name: str
    """By which other correlations may refer to it; may be empty."""
    title: str
    level: str
    """The highest level of its rules where the document gives none."""
    status: str
    attack: tuple[str, ...]
    kind: str
    """One of KINDS."""
    rules: tuple[str, ...]
    """Ids of the rules and correlations it joins, in the order written."""
    labels: tuple[str, ...]
    """How it calls each of them."""
    group_by: tuple[str, ...]
    """Field or alias names; empty: all findings are one group."""
    timespan_ns: int
    bounds: tuple[tuple[str, float], ...]
    """(operator, number), all of which must hold; empty where ``terms`` say it."""
    terms: tuple[Term, ...]
    """Alternatives of a condition text, for temporal kinds only."""
    field: tuple[str, ...]
    """Whose values are counted or calculated with; only value_count takes more than one."""
    percentile: float
    """0 to 100; 50 for value_median."""
    aliases: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """(alias, ((rule id, field), ...))."""
    generate: bool
    """True: the rules it joins show findings of their own as well."""
    path: str
    line: int
    weight: float
    texts: tuple[tuple[str, str], ...] = ()
    description: str = ""
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Known(NamedTuple):
    """A rule that a correlation may refer to."""

    id: str
    name: str
    level: str
    path: str
    line: int


def silent(correlations: Iterable[Correlation]) -> frozenset[str]:
    """Give the ids of rules that only feed correlations: none that joins them says ``generate: true``.

    Source: Sigma correlation rules specification 2.0.2, "Generate".
    """
    every = list(correlations)
    shown = {rule for one in every if one.generate for rule in one.rules}
    return frozenset(rule for one in every for rule in one.rules) - shown


def draft(path: str, document: Table) -> Correlation:
    """Read one correlation document; its rules are still called as they are written.

    Raises:
        RuleError: with the line of what is wrong.
    """
    table = document.get("correlation")
    if not isinstance(table, Table):
        raise RuleError("correlation must be a mapping", path, document.line_of("correlation"))
    if document.get("title") is None:
        raise RuleError("title is missing", path, document.line)
    for key in table:
        if key not in KEYS:
            raise RuleError(f"correlation.{key} is unknown", path, table.line_of(key))
    kind = read.text(path, table, "type")
    if kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        reason = f"correlation type {kind!r} is not one of {known}" if kind else "correlation has no type"
        raise RuleError(reason, path, table.line_of("type"))
    condition = condition_of(path, table, kind)
    rules = condition.rules
    title = read.text(path, document, "title")
    level = read.level(path, document, "") if document.get("level") is not None else ""
    weight, titles = read.own(path, document, level or LEVELS[0])
    given = isinstance(own := document.get("sekisho"), Table) and "weight" in own
    return Correlation(
        id=read.text(path, document, "id", stable_id("r", title, kind, *rules)),
        name=read.text(path, document, "name"),
        title=title,
        level=level,
        status=read.text(path, document, "status").lower(),
        attack=read.attack(document),
        kind=kind,
        rules=rules,
        labels=rules,
        group_by=names_of(path, table, "group-by"),
        timespan_ns=_timespan(path, table),
        bounds=condition.bounds,
        terms=condition.terms,
        field=condition.field,
        percentile=condition.percentile,
        aliases=_aliases(path, table),
        generate=_generate(path, table),
        path=path,
        line=document.line,
        weight=weight if given else -inf,
        texts=titles,
        description=read.text(path, document, "description").strip(),
        references=read.texts(document, "references"),
        falsepositives=read.texts(document, "falsepositives"),
        tags=tuple(tag.lower() for tag in read.texts(document, "tags")),
    )


def _timespan(path: str, table: Table) -> int:
    line = table.line_of("timespan")
    if table.get("timespan") is None:
        raise RuleError("correlation has no timespan", path, line)
    found = TIMESPAN.fullmatch(read.text(path, table, "timespan"))
    if not found or not int(found[1]):
        written = read.text(path, table, "timespan")
        raise RuleError(f"timespan {written!r} is not a number above 0 and one of s m h d w M y", path, line)
    return int(found[1]) * UNITS_S[found[2]] * NS


def _generate(path: str, table: Table) -> bool:
    value = table.get("generate", False)
    if not isinstance(value, bool):
        raise RuleError("generate must be true or false", path, table.line_of("generate"))
    return value


def _aliases(path: str, table: Table) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    written = table.get("aliases")
    if written is None:
        return ()
    if not isinstance(written, Table):
        raise RuleError("aliases must be a mapping", path, table.line_of("aliases"))
    found = []
    for alias, fields in written.items():
        if not isinstance(fields, Table):
            raise RuleError(f"alias {alias!r} must map rules to fields", path, written.line_of(alias))
        for rule, field in fields.items():
            if not isinstance(field, str) or not field:
                raise RuleError(f"alias {alias!r} has no field name for {rule!r}", path, fields.line_of(rule))
        found.append((alias, tuple(fields.items())))
    return tuple(found)


class Resolver:
    """Finds the rules that correlations refer to, and puts correlations after those they build on."""

    def __init__(
        self, rules: Iterable[Known], drafts: Sequence[Correlation], broken: Iterable[tuple[str, RuleError]]
    ) -> None:
        """``broken`` are the ids and names of rules that could not be loaded, each with the reason."""
        self.failed: list[RuleError] = []
        self.drafts: dict[str, Correlation] = {}
        self.broken = dict(broken)
        self.levels: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        self.names: dict[str, dict[str, str]] = {}  # name -> path -> id
        self.done: dict[str, Correlation] = {}
        self.depth: dict[str, int] = {}
        for rule in rules:
            self.levels[rule.id], self.paths[rule.id] = rule.level, rule.path
            self._name(rule)
        for one in drafts:
            if one.id in self.paths:
                error = RuleError(f"rule id {one.id} is taken by {self.paths[one.id]}", one.path, one.line)
                self.failed.append(error)
            elif self._name(Known(one.id, one.name, one.level, one.path, one.line)):
                self.drafts[one.id], self.paths[one.id] = one, one.path

    def _name(self, rule: Known) -> bool:
        """Note a name; of two equal ones in one file only the first counts."""
        if not rule.name:
            return True
        places = self.names.setdefault(rule.name, {})
        if rule.path in places:
            error = RuleError(f"name {rule.name!r} is there twice in this file", rule.path, rule.line)
            self.failed.append(error)
            self.broken[rule.id] = error
            return False
        places[rule.path] = rule.id
        return True

    def resolve(self) -> tuple[Correlation, ...]:
        """Give the correlations that can run, each after those it builds on; ``failed`` has the others."""
        for key, one in self.drafts.items():
            try:
                self._visit(key, {})
            except RuleError as error:
                if error.path == one.path and error.line == one.line:
                    self.failed.append(error)
        return tuple(self.done.values())

    def _visit(self, key: str, open_: dict[str, None]) -> None:
        if key in self.done:
            return
        one = self.drafts[key]
        if key in self.broken:
            raise self.broken[key]
        if key in open_:
            ring = [*list(open_)[list(open_).index(key) :], key]
            called = " -> ".join(self.drafts[part].name or part for part in ring)
            raise RuleError(f"{CIRCLE}: {called}", one.path, one.line)
        open_[key] = None
        try:
            self._finish(one, open_)
        except RuleError as error:
            self.broken[key] = error
            raise
        finally:
            del open_[key]

    def _finish(self, one: Correlation, open_: dict[str, None]) -> None:
        ids: dict[str, str] = {}
        for label in one.labels:
            found = ids[label] = self._find(label, one)
            if found not in self.drafts or found in self.done:
                continue
            if len(open_) > MAX_CHAIN:
                raise RuleError(f"correlations build on one another more than {MAX_CHAIN} deep", one.path, one.line)
            try:
                self._visit(found, open_)
            except RuleError as error:
                reason = error.reason
                if not reason.startswith(CIRCLE):
                    reason = f"rule {label!r}, which it joins, cannot be used: {reason}"
                raise RuleError(reason, one.path, one.line) from error
        if one.kind != "temporal_ordered" and len(set(ids.values())) < len(ids):
            raise RuleError("correlation names a rule twice, by its id and its name", one.path, one.line)
        depth = 1 + max(self.depth.get(part, 0) for part in ids.values())
        if depth > MAX_CHAIN:
            raise RuleError(f"correlations build on one another more than {MAX_CHAIN} deep", one.path, one.line)
        aliases = tuple((alias, self._alias(alias, of, one, ids)) for alias, of in one.aliases)
        level = one.level or max((self.levels[part] for part in ids.values()), key=LEVELS.index)
        self.levels[one.id], self.depth[one.id] = level, depth
        self.done[one.id] = replace(
            one,
            level=level,
            weight=WEIGHTS[level] if one.weight == -inf else one.weight,
            rules=tuple(ids[label] for label in one.labels),
            aliases=aliases,
        )

    def _alias(
        self, alias: str, fields: Iterable[tuple[str, str]], one: Correlation, ids: Mapping[str, str]
    ) -> tuple[tuple[str, str], ...]:
        """Give an alias by rule id; a rule may be called there in another way than in the list of rules."""
        found = []
        for label, field in fields:
            rule = ids.get(label) or self._find(label, one)
            if rule not in ids.values():
                raise RuleError(f"alias {alias!r} is for {label!r}, which is none of the rules", one.path, one.line)
            found.append((rule, field))
        return tuple(found)

    def _find(self, label: str, one: Correlation) -> str:
        """Find a rule by a name in the same file, by its id, or by a name that only one rule has."""
        places = self.names.get(label, {})
        found = places.get(one.path) or (label if label in self.levels or label in self.drafts else "")
        if found:
            return found
        if len(places) > 1:
            where = ", ".join(sorted(places))
            raise RuleError(f"rule {label!r} is in several files: {where}; refer to its id", one.path, one.line)
        if places:
            return next(iter(places.values()))
        if label in self.broken:
            reason = f"rule {label!r}, which it joins, cannot be used: {self.broken[label]}"
        else:
            reason = f"rule {label!r}, which it joins, is not there"
        raise RuleError(reason, one.path, one.line)
