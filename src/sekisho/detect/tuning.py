"""Tuning: what a site knows about its own hosts, users and programs decides about findings, rules stay as they are.

A tuning file is a list of entries. Each selects rules, says where it applies, and takes findings out, gives them
another level, or keeps rules from running. Nothing is hidden in silence: every entry is told with what it did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeAlias

from sekisho.detect._closures import Row, closure
from sekisho.detect._modifiers import Placeholders
from sekisho.detect._tree import fields_of
from sekisho.detect._tuning_file import MAX_CHARS, Entry, Index, Reader
from sekisho.detect.correlations import Correlation
from sekisho.detect.oracle import explain
from sekisho.model.event import Event
from sekisho.model.finding import Finding
from sekisho.model.host import canonical_ip
from sekisho.model.result import Tuned
from sekisho.model.rule import WEIGHTS, Rule

__all__ = ["MAX_CHARS", "Counts", "Entry", "Tuning", "load"]

MAX_NEAR = 50_000  # (rule, host, user) whose entries are remembered

Counts: TypeAlias = Counter[tuple[int, str]]
"""(index of an entry, rule id) -> findings it applied to. Picklable; counts of several workers add up by ``update``."""


class Tuning:
    """Entries in the order of their files; the first one that applies to a finding decides about it."""

    def __init__(self, entries: Iterable[Entry] = (), failed: Iterable[Tuned] = (), paths: Iterable[str] = ()) -> None:
        """Keep entries, those that cannot be used, and the files of both in the order given."""
        self.entries = tuple(entries)
        self.failed = tuple(failed)
        written = (one.path for group in (self.entries, self.failed) for one in group)
        self.paths = tuple(dict.fromkeys([*paths, *written]))
        self._checks = [None if one.match is None else closure(one.match) for one in self.entries]
        self._reads = {name for one in self.entries if one.match is not None for name in fields_of(one.match)}
        self._by_rule: dict[str, tuple[int, ...]] = {}
        self._near: dict[tuple[str, str, str], tuple[int, ...]] = {}

    def __reduce__(self) -> tuple[type[Tuning], tuple[Any, ...]]:
        """Pickle without the functions made of ``match``."""
        return Tuning, (self.entries, self.failed, self.paths)

    @property
    def disabled(self) -> frozenset[str]:
        """Ids of the rules that must not run."""
        chosen = (one.rules or () for one in self.entries if one.action == "disable" and not one.expired)
        return frozenset(key for rules in chosen for key in rules)

    def apply(self, event: Event | None, findings: Sequence[Finding], counts: Counts) -> list[Finding]:
        """Give what is left of one event's findings; what was done is added to ``counts``.

        Args:
            event: what the findings are on; None where a finding rests on several events. ``match`` then looks at
                the fields and values of the finding's evidence.
            findings: all of this event, or some.
            counts: of this run or worker.
        """
        if not self.entries:
            return list(findings)
        kept = []
        for finding in findings:
            at = self._deciding(event, finding)
            if at is None:
                kept.append(finding)
                continue
            counts[at, finding.rule_id] += 1
            if level := self.entries[at].level:
                kept.append(replace(finding, level=level, weight=WEIGHTS[level], level_of_rule=finding.level))
        return kept

    def uses(self, counts: Counts, rules: Iterable[Rule | Correlation]) -> tuple[Tuned, ...]:
        """Tell what every entry did, in the order of files and entries.

        Args:
            counts: of the whole run.
            rules: all that were loaded, the disabled ones included.
        """
        titles = {rule.id: rule.title for rule in rules}
        by_entry: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for (at, rule_id), count in counts.items():
            by_entry[at].append((rule_id, count))
        told = [_told(one, by_entry[at], titles) for at, one in enumerate(self.entries)]
        return tuple(sorted([*told, *self.failed], key=lambda one: (self.paths.index(one.path), one.entry)))

    def _deciding(self, event: Event | None, finding: Finding) -> int | None:
        """Give the index of the first entry that applies to a finding."""
        row: Row | None = None
        for at in self._candidates(finding):
            check = self._checks[at]
            if check is None:
                return at
            row = row or self._row(finding if event is None else event)
            if check(row):
                return at
        return None

    def _candidates(self, finding: Finding) -> tuple[int, ...]:
        """Give the entries that apply to a rule's findings on one host by one user, but for ``match``; kept."""
        key = (finding.rule_id, finding.host, finding.user)
        if (near := self._near.get(key)) is None:
            if len(self._near) >= MAX_NEAR:
                self._near.clear()
            near = tuple(at for at in self._of_rule(finding.rule_id) if _is_where(self.entries[at], finding))
            self._near[key] = near
        return near

    def _of_rule(self, rule_id: str) -> tuple[int, ...]:
        if rule_id not in self._by_rule:
            self._by_rule[rule_id] = tuple(
                at
                for at, one in enumerate(self.entries)
                if not one.expired and one.action != "disable" and (one.rules is None or rule_id in one.rules)
            )
        return self._by_rule[rule_id]

    def _row(self, place: Event | Finding) -> Row:
        fields = place.fields if isinstance(place, Event) else _evidence(place)
        folded: dict[str, str] = {}
        for name in fields:
            folded.setdefault(name.casefold(), name)
        spelled = {name: name if name in fields else folded.get(name.casefold()) for name in self._reads}
        return Row(fields, {name: key for name, key in spelled.items() if key is not None})


def load(
    texts: Iterable[tuple[str, str]],
    rules: Iterable[Rule | Correlation],
    today: date,
    placeholders: Placeholders | None = None,
) -> Tuning:
    """Read tuning files; an entry that cannot be used is in ``Tuning.failed`` and takes no other with it.

    Args:
        texts: (path, YAML text) pairs; the path is for messages only.
        rules: all that are loaded, for entries to name.
        today: the date where the user is; an entry applies up to and with its ``until``.
        placeholders: values for the names that ``match`` uses with ``expand``.
    """
    reader = Reader(Index(rules), today, placeholders or {})
    paths = []
    for path, text in texts:
        paths.append(path)
        reader.read(path, text)
    return Tuning(reader.entries, reader.failed, paths)


def _is_where(entry: Entry, finding: Finding) -> bool:
    names = {"host": _host_names(finding.host), "user": _user_names(finding.user)}
    return entry.where is None or explain(entry.where, names) is not None


def _host_names(host: str) -> list[str]:
    """Give a host's name as logged, and its first label: logs write either."""
    return [host] if "." not in host or canonical_ip(host) else [host, host.partition(".")[0]]


def _user_names(user: str) -> list[str]:
    r"""Give an account as logged, and the bare name of ``CORP\name`` or ``name@corp.example``."""
    return list(dict.fromkeys((user, user.rpartition("\\")[2].partition("@")[0])))


def _evidence(finding: Finding) -> dict[str, list[Any]]:
    fields: dict[str, list[Any]] = defaultdict(list)
    for one in finding.evidence:
        fields[one.field].append(one.value)
    return dict(fields)


def _told(entry: Entry, counted: Sequence[tuple[str, int]], titles: Mapping[str, str]) -> Tuned:
    total = sum(count for _, count in counted)
    if entry.action == "disable" and not entry.expired:
        counted = [(key, 0) for key in entry.rules or ()]
    rows = [(key, titles.get(key, key), count) for key, count in counted]
    return Tuned(
        entry=entry.number,
        path=entry.path,
        line=entry.line,
        state=_state(entry, used=bool(counted)),
        action=entry.action,
        reason=entry.reason,
        until=entry.until.isoformat() if entry.until else "",
        suppressed=total if entry.action == "exclude" else 0,
        changed=total if entry.action == "level" else 0,
        rules=tuple(sorted(rows, key=lambda row: (-row[2], row[1], row[0]))),
        unknown=entry.unknown,
    )


def _state(entry: Entry, *, used: bool) -> str:
    if entry.expired:
        return "expired"
    if entry.rules is not None and not entry.rules:
        return "unknown_rule"
    return "active" if used else "unused"
