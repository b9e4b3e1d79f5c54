"""False positives become exclusions: proposed from an incident, their effect counted before, and taken back if wrong.

An exclusion is an entry of the tuning file; :mod:`sekisho.app.console.tuning_file` alone writes that file.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from sekisho.app.console import tuning_file
from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database
from sekisho.app.console.story import Story
from sekisho.app.console.tuning_file import New
from sekisho.detect import tuning
from sekisho.detect._tree import All
from sekisho.detect.compiled import Compiled
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import SourceError
from sekisho.model.event import Logsource
from sekisho.model.finding import LEVELS, Evidence, Finding
from sekisho.model.rule import Rule

MOST_RULES, MOST_VALUES = 30, 12  # proposed of one incident, and fields of one proposal
LONGEST_VALUE = 300  # characters; longer ones seldom come back as they are
MOST_FINDINGS = 50_000  # that an effect is counted over
SAMPLES = 5
_FIELD = re.compile(r"[^\W\d][\w.()-]{0,99}")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule that may be wrong here, and what all its findings in the incident have in common."""

    rule: str
    title: str
    level: str
    count: int
    host: str
    """Empty when there are several."""
    user: str
    values: tuple[tuple[str, str], ...]
    """(field, value): what each finding shows with the same value, as an exclusion writes it."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What somebody wants to be left out."""

    rules: tuple[str, ...]
    reason: str
    until: date | None
    host: str = ""
    user: str = ""
    values: tuple[tuple[str, str], ...] = ()

    @property
    def entry(self) -> New:
        """The entry of the tuning file."""
        match: dict[str, tuple[str, ...]] = {}
        for field, value in self.values:
            match[field] = (*match.get(field, ()), value)
        hosts, users = ((one,) if one else () for one in (self.host, self.user))
        return New(
            self.rules, " ".join(self.reason.split()), hosts=hosts, users=users, match=match or None, until=self.until
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """What an exclusion would have taken out of what the console holds, had it been there."""

    findings: int
    of: int
    """Findings of these rules in all."""
    incidents: tuple[tuple[str, int, int], ...]
    """(id, findings it would lose, findings it has), the most affected first."""
    emptied: int
    """Incidents that would have no finding left."""
    outside: int
    """Findings that belong to no incident."""
    samples: tuple[Finding, ...]
    partly: bool
    """There are more findings than were counted."""


def proposals(story: Story, language: str) -> list[Proposal]:
    """Give what could be left out: for each rule of an incident what all its findings share, the gravest first."""
    by_rule: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for key in story.incident["findings"]:
        if key in story.findings:
            by_rule[story.findings[key]["rule_id"]].append(story.findings[key])
    told = [
        Proposal(
            rule=rule,
            title=found[0]["titles"].get(language) or found[0]["title"],
            level=found[0]["level"],
            count=len(found),
            host=_same(one["host"] for one in found),
            user=_same(one["user"] for one in found),
            values=_shared(found),
        )
        for rule, found in by_rule.items()
    ]
    told.sort(key=lambda one: (-LEVELS.index(one.level), -one.count, one.rule))
    return told[:MOST_RULES]


def _same(values: Iterable[str]) -> str:
    """Give the value when there is only one."""
    different = {value.casefold(): value for value in values}
    value = next(iter(different.values())) if len(different) == 1 else ""
    return escaped(value) if value and _PLAIN.fullmatch(value) else ""


def _shared(found: Sequence[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Give fields that every finding shows with the same value, short ones of plain letters only."""
    rows = [{(one["field"], str(one["value"])) for one in finding["evidence"] if _usable(one)} for finding in found]
    common = set.intersection(*rows) if rows else set()
    order = [(one["field"], str(one["value"])) for one in found[0]["evidence"] if _usable(one)]
    kept = list(dict.fromkeys(pair for pair in order if pair in common))
    return tuple((field, escaped(value)) for field, value in kept[:MOST_VALUES])


def _usable(one: dict[str, Any]) -> bool:
    value = one["value"]
    if not isinstance(value, (str, int)) or isinstance(value, bool) or not _FIELD.fullmatch(str(one["field"])):
        return False
    return 0 < len(str(value)) <= LONGEST_VALUE and _PLAIN.fullmatch(str(value)) is not None


def escaped(value: str) -> str:
    """Write a value so that a rule's text means exactly it. Source: Sigma rules specification 2.0, "Escaping"."""
    out = []
    for at, letter in enumerate(value):
        special = letter in "*?" or (letter == "\\" and value[at + 1 : at + 2] in ("*", "?", "\\"))
        out.append(f"\\{letter}" if special else letter)
    return "".join(out)


def effect(database: Database, wanted: Exclusion, today: date) -> Effect:
    """Count what an exclusion would have taken out, by the values that the kept findings show.

    Raises:
        SourceError: the exclusion cannot be used.
    """
    _check(wanted)
    rules = stand_ins(database, wanted.rules)
    checked = tuning.load([(tuning_file.NAME, tuning_file.worded(wanted.entry))], rules.rules, today)
    if checked.failed:
        raise SourceError(checked.failed[0].error, tuning_file.NAME)
    marks = ", ".join("?" * len(wanted.rules))
    total = database.count(f"SELECT count(*) FROM findings WHERE rule_id IN ({marks})", *wanted.rules)
    lost: Counter[str] = Counter()
    samples: list[Finding] = []
    rows = database.base.execute(
        f"SELECT * FROM findings WHERE rule_id IN ({marks}) ORDER BY at DESC LIMIT ?", (*wanted.rules, MOST_FINDINGS)
    )
    for row in rows:
        finding = _finding(row)
        if not checked.apply(None, [finding], Counter()):
            lost[row["incident"]] += 1
            if len(samples) < SAMPLES:
                samples.append(finding)
    touched = [
        (key, count, database.count("SELECT count(*) FROM findings WHERE incident = ?", key))
        for key, count in lost.most_common(200)
        if key
    ]
    return Effect(
        findings=lost.total(),
        of=total,
        incidents=tuple(touched),
        emptied=sum(count >= has for _, count, has in touched),
        outside=lost[""],
        samples=tuple(samples),
        partly=total > MOST_FINDINGS,
    )


def _finding(row: Any) -> Finding:
    evidence = tuple(Evidence(one["field"], one["value"]) for one in orjson.loads(row["evidence"]))
    return Finding(
        id=row["id"],
        rule_id=row["rule_id"],
        title=row["title_en"],
        level=row["level"],
        attack=(),
        source=row["source"],
        record=row["record"],
        time_ns=None if row["at"] is None else row["at"] * 1_000_000_000,
        evidence=evidence,
        event_id=row["event"],
        host=row["host"],
        user=row["user"],
        layer=row["layer"],
        texts=(("ja", row["title_ja"]),),
    )


def stand_ins(database: Database, keys: Sequence[str]) -> RuleSet:
    """Give rules that have these ids and the titles of their findings: enough to be named by a tuning file.

    The rules themselves take a second to load, and an exclusion needs nothing else of them.

    Raises:
        SourceError: none of the console's findings is of such a rule.
    """
    rules = []
    for key in keys:
        row = database.one("SELECT title_en, level FROM findings WHERE rule_id = ? LIMIT 1", key)
        if row is None:
            raise SourceError("no finding is of this rule", key[:100])
        nothing = ("", (), Logsource(), "", 0, (), 0.0)
        rules.append(Compiled(Rule(key, row["title_en"], row["level"], *nothing), All(())))
    return RuleSet(rules)


def _check(wanted: Exclusion) -> None:
    if not 0 < len(wanted.rules) <= MOST_RULES:
        raise SourceError(f"an exclusion is for 1 to {MOST_RULES} rules", "rules")
    if not wanted.reason.strip():
        raise SourceError("say why: an exclusion needs a reason", "reason")
    if not (wanted.host or wanted.user or wanted.values):
        raise SourceError("say where: a host, a user or a value; a rule is switched off on its own page", "rules")
    if not all(_FIELD.fullmatch(field.partition("|")[0]) for field, _ in wanted.values):
        raise SourceError("is no field", wanted.values[0][0][:100])


def exclude(database: Database, key: str, wanted: Exclusion, by: Actor, today: date) -> None:
    """Write an exclusion into the tuning file; it applies from the next investigation of a case on.

    Raises:
        SourceError: it cannot be used, its last day is past, or the file cannot be written.
    """
    _check(wanted)
    if wanted.until is not None and wanted.until < today:
        raise SourceError("its last day is past", wanted.until.isoformat())
    tuning_file.add(database, by, wanted.entry, stand_ins(database, wanted.rules))
    with database.change() as base:
        note(base, by, "incident.exclude", key, entry=tuning_file.worded(wanted.entry), rules=list(wanted.rules))


def excluded(database: Database, key: str) -> list[dict[str, Any]]:
    """Give the exclusions that an incident led to and that still stand in the file.

    Returns:
        ``number`` (of the audit log), ``at``, ``who`` and ``entry`` of each, the latest first.
    """
    written = tuning_file.text(database)
    rows = database.all(
        "SELECT number, at, who, detail FROM audit WHERE target = ? AND action = 'incident.exclude' "
        "ORDER BY number DESC LIMIT 100",
        key,
    )
    told = [{**row, "entry": str(orjson.loads(row["detail"])["entry"])} for row in map(dict, rows)]
    return list({one["entry"]: one for one in told if _stands(written, one["entry"])}.values())


def _stands(written: str, entry: str) -> bool:
    return written.startswith(entry) or f"\n{entry}" in written


def include(database: Database, key: str, number: int, by: Actor) -> None:
    """Take an exclusion back that an incident led to.

    Raises:
        SourceError: there is none of this number, or somebody changed its entry since.
    """
    one = next((one for one in excluded(database, key) if one["number"] == number), None)
    if one is None:
        raise SourceError("there is no such exclusion in the tuning file any more", str(number))
    written = tuning_file.text(database)
    line = 1 + (
        0 if written.startswith(one["entry"]) else written[: written.index(f"\n{one['entry']}") + 1].count("\n")
    )
    held = tuning.load([(tuning_file.NAME, written)], (), date.min)
    place = next((entry.number for entry in held.entries if entry.line == line), None)
    if place is None:
        raise SourceError("somebody changed the entry; take it out on the rules' page", str(number))
    tuning_file.remove(database, by, place, RuleSet(()), tuning_file.digest(written))
    with database.change() as base:
        note(base, by, "incident.include", key, entry=one["entry"])
