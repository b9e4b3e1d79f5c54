"""The rules of a console: which are loaded, where they come from, whether they run, what they found, and new ones.

The set is the one that investigations load: our own rules, those that the console was started with, and those in its
folder ``rules/``, which people add here.
"""

from __future__ import annotations

import argparse
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from sekisho.app import ruleset
from sekisho.app.console import tuning_file
from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database
from sekisho.app.rules.coverage import tactics_of
from sekisho.app.rules.listing import every
from sekisho.detect.ruleset import RuleSet
from sekisho.detect.tuning import Tuning
from sekisho.model.errors import RuleError, SourceError
from sekisho.model.finding import LEVELS
from sekisho.model.rule import Rule

FOLDER = "rules"
FRESH_S = 5.0  # the files are looked at again after this time
HITS_FRESH_S = 60.0  # counting 300,000 findings by rule takes 160 ms on a busy machine; a list need not be newer
DAY_S = 86_400
SHOWN_YAML = 64_000  # characters
MOST_UPLOADED = 20_000  # files
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}\.ya?ml")
ORIGINS = ("own", "given", "added")
STATES = ("on", "off", "tuned")
MATRIX = (
    "reconnaissance resource-development initial-access execution persistence privilege-escalation stealth "
    "defense-impairment defense-evasion credential-access discovery lateral-movement collection command-and-control "
    "exfiltration impact"
).split()
"""Tactics in the order of ATT&CK's matrix, version 19, and "defense-evasion", which it split in two."""


@dataclass(frozen=True, slots=True)
class Known:
    """One rule as the console knows it."""

    rule: Rule
    origin: str
    """One of ORIGINS."""
    state: str
    """One of STATES: ``tuned`` when an entry takes some of its findings out or changes their level."""
    words: str = ""
    """What a search by words looks into, folded."""
    tactics: tuple[str, ...] = ()

    def title(self, language: str) -> str:
        """Give its title, the English one where it has none in a language."""
        return dict(self.rule.texts).get(language, self.rule.title)


@dataclass(frozen=True, slots=True)
class Hits:
    """What a rule found in the store."""

    count: int = 0
    last_at: int | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """The rules at one moment."""

    rules: RuleSet
    known: tuple[Known, ...]
    by_id: Mapping[str, Known]
    tuning: Tuning
    failed: tuple[RuleError, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rules to list; empty means any."""

    text: str = ""
    """In title, id, description, field names or path."""
    level: str = ""
    logsource: str = ""
    """Product, category or service."""
    attack: str = ""
    """A technique, its sub-techniques included."""
    tactic: str = ""
    state: str = ""
    origin: str = ""

    def __call__(self, one: Known) -> bool:
        """Tell whether a rule is one of them."""
        rule, source = one.rule, one.rule.logsource
        return (
            self.level in ("", rule.level)
            and self.state in ("", one.state)
            and self.origin in ("", one.origin)
            and self.logsource in ("", source.product, source.category, source.service)
            and (not self.attack or any(f"{name}.".startswith(f"{self.attack.upper()}.") for name in rule.attack))
            and (not self.tactic or self.tactic in one.tactics)
            and all(word in one.words for word in self.text.casefold().split())
        )


@dataclass(slots=True)
class Rulebook:
    """Loads a console's rules, and keeps them until a file changes."""

    database: Database
    options: argparse.Namespace
    """As :func:`sekisho.app.console.work.options` reads them."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _book: Book | None = None
    _looked_at: float = 0.0
    _seen: tuple[str, str] = ("", "")
    _coverage: tuple[Book, Mapping[str, Hits], list[tuple[str, list[Cell]]]] | None = None
    _hits: tuple[float, Mapping[str, Hits]] = (0.0, MappingProxyType({}))

    def book(self) -> Book:
        """Give the rules, loaded anew when their files or the tuning changed.

        Raises:
            RuleError: a pipeline cannot be used.
        """
        with self._lock:
            if self._book is not None and time.monotonic() - self._looked_at < FRESH_S:
                return self._book
            digest = ruleset.digest(paths(self.database, self.options), fitted=fitted(self.options))
            seen = (digest, tuning_file.digest(tuning_file.text(self.database)))
            if self._book is None or seen != self._seen:
                same = self._book is not None and digest == self._seen[0]
                rules = self._book.rules if self._book is not None and same else load(self.database, self.options)
                self._book, self._seen = _book(self.database, rules), seen
            self._looked_at = time.monotonic()
            return self._book

    def coverage(self) -> list[tuple[str, list[Cell]]]:
        """Give the coverage of the rules that run, computed anew when rules or findings changed."""
        book, hits = self.book(), self.hits()
        kept = self._coverage
        if kept is None or kept[0] is not book or kept[1] is not hits:
            kept = self._coverage = (book, hits, coverage(book.known, hits))
        return kept[2]

    def forget(self) -> None:
        """Look at the files again next time: something was changed."""
        with self._lock:
            self._looked_at = float("-inf")

    def hits(self) -> Mapping[str, Hits]:
        """Give what each rule found in the store, not older than some seconds."""
        at, found = self._hits
        if not at or time.monotonic() - at > HITS_FRESH_S:
            rows = self.database.all(
                "SELECT rule_id, count(*) AS number, max(at) AS last FROM findings GROUP BY rule_id"
            )
            found = {row["rule_id"]: Hits(row["number"], row["last"]) for row in rows}
            self._hits = (time.monotonic(), found)
        return found


def paths(database: Database, options: argparse.Namespace) -> list[str]:
    """Give where the rules lie that an investigation loads beside our own."""
    given = [str(Path(one).absolute()) for one in options.rules]
    added = database.folder / FOLDER
    return [*given, str(added)] if added.is_dir() and any(_files(added)) else given


def load(database: Database, options: argparse.Namespace) -> RuleSet:
    """Load the rules as an investigation does.

    Raises:
        RuleError: a pipeline cannot be used.
    """
    return ruleset.load(paths(database, options), cache=True, fitted=fitted(options), placeholders="")


def fitted(options: argparse.Namespace) -> list[str]:
    """Give the pipelines that fit rules to our events: files, or names of our own."""
    return [str(Path(one).absolute()) if Path(one).exists() else Path(one).name for one in options.pipeline]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".yml", ".yaml")]


def _book(database: Database, rules: RuleSet) -> Book:
    tuned = tuning_file.read(database, rules)
    off = tuned.disabled
    touched = {key for one in tuned.entries if not one.expired and one.action != "disable" for key in one.rules or ()}
    own, added = str(ruleset.own_rules()), str(database.folder / FOLDER)
    known = []
    for rule in every(rules):
        origin = "added" if rule.path.startswith(added) else "own" if rule.path.startswith(own) else "given"
        state = "off" if rule.id in off else "tuned" if rule.id in touched else "on"
        known.append(known_of(rule, origin, state))
    known.sort(key=lambda one: (-LEVELS.index(one.rule.level), one.rule.title.casefold(), one.rule.id))
    return Book(rules, tuple(known), {one.rule.id: one for one in known}, tuned, rules.failed)


def known_of(rule: Rule, origin: str, state: str) -> Known:
    """Give a rule with what lists look for in it."""
    return Known(rule, origin, state, _text_of(rule), tuple(tactics_of(rule)))


def _text_of(rule: Rule) -> str:
    titles = " ".join(text for _, text in rule.texts)
    return f"{rule.title} {titles} {rule.id} {rule.description} {' '.join(rule.fields)} {rule.path}".casefold()


def whole(rule: Rule) -> str:
    """Give the file of a rule; empty when it is gone."""
    try:
        with Path(rule.path).open(encoding="utf-8-sig", errors="replace") as file:
            return file.read(ruleset.RULE_BYTES)
    except OSError:
        return ""


def written(rule: Rule) -> str:
    """Give a rule's document as it stands in its file; empty when the file is gone."""
    lines = whole(rule).splitlines() or [""]
    start = max(0, rule.line - 1)
    end = next((at for at in range(start + 1, len(lines)) if lines[at].rstrip() in ("---", "...")), len(lines))
    return "\n".join(lines[start:end])[:SHOWN_YAML]


def entries_of(book: Book, rule_id: str) -> list[tuple[int, str, str, str, bool]]:
    """Give the tuning entries that apply to a rule: number, action, level, reason, and whether it names others too."""
    return [
        (one.number, one.action, one.level, one.reason, one.rules is None or len(one.rules) > 1)
        for one in book.tuning.entries
        if one.rules is None or rule_id in one.rules
    ]


def by_day(database: Database, rule_id: str, days: int) -> list[tuple[int, int]]:
    """Count a rule's findings a day up to the last one: (day since 1970, findings), days without any included."""
    last = database.one("SELECT max(at) AS last FROM findings WHERE rule_id = ?", rule_id)
    if last is None or last["last"] is None:
        return []
    end = int(last["last"]) // DAY_S
    rows = database.all(
        "SELECT at / 86400 AS day, count(*) AS number FROM findings WHERE rule_id = ? AND at >= ? GROUP BY 1",
        rule_id,
        (end - days + 1) * DAY_S,
    )
    counts = {row["day"]: row["number"] for row in rows}
    first = max(min(counts), end - days + 1) if counts else end
    return [(day, counts.get(day, 0)) for day in range(max(end - days + 1, first - 1), end + 1)]


@dataclass(frozen=True, slots=True)
class Cell:
    """A technique in the coverage map."""

    technique: str
    rules: int
    hits: int
    heat: int
    """0 to 4."""
    parts: tuple[Cell, ...] = ()
    """Its sub-techniques that rules name."""


def coverage(known: Sequence[Known], hits: Mapping[str, Hits]) -> list[tuple[str, list[Cell]]]:
    """Give the techniques that rules look for, by tactic; those whose rules name no tactic come last, under ``""``.

    A technique stands under each tactic that a rule names beside it.
    """
    places: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in known:
        if one.state == "off":
            continue
        for tactic in one.tactics or ("",):
            for technique in one.rule.attack:
                if technique.startswith("T"):
                    places[tactic][technique].add(one.rule.id)
    whole = _whole_techniques(known)
    told = []
    for tactic in [*MATRIX, ""]:
        named = places.get(tactic, {})
        parents = sorted({name.partition(".")[0] for name in named})
        cells = [_cell(parent, named, whole, hits) for parent in parents]
        if cells:
            told.append((tactic, cells))
    return told


def _whole_techniques(known: Sequence[Known]) -> Mapping[str, int]:
    return Counter(name for one in known for name in one.rule.attack)


def _cell(parent: str, named: Mapping[str, set[str]], whole: Mapping[str, int], hits: Mapping[str, Hits]) -> Cell:
    parts = tuple(
        _one(name, ids, hits) for name, ids in sorted(named.items()) if name.startswith(f"{parent}.") and whole[name]
    )
    ids = set().union(*(ids for name, ids in named.items() if name.partition(".")[0] == parent))
    return replace(_one(parent, ids, hits), parts=parts)


def _one(name: str, ids: set[str], hits: Mapping[str, Hits]) -> Cell:
    count = len(ids)
    found = sum(hits[key].count for key in ids if key in hits)
    return Cell(name, count, found, sum(count >= least for least in (1, 3, 6, 10)))


def layer(known: Sequence[Known], language: str) -> bytes:
    """Give the coverage of the rules that run as a layer for the ATT&CK Navigator."""
    from sekisho.app.rules import coverage as maker
    from sekisho.app.rules._show import dump
    from sekisho.app.rules._texts import Texts

    return dump(maker.layer([one.rule for one in known if one.state != "off"], "Sekisho", Texts(language)))


def named(name: str) -> str:
    """Give a name for a rule file as it is.

    Raises:
        SourceError: it is none.
    """
    if not FILE_NAME.fullmatch(name):
        raise SourceError("name it with letters, digits, _ and -, ending in .yml", name[:200])
    return name


def keep(database: Database, by: Actor, name: str, text: str) -> str:
    """Put a rule file into the console's folder, in place of one of the same name, and give its name.

    The caller has it checked before (:func:`sekisho.app.console.trying.check`).

    Raises:
        SourceError: the name is none, there are too many, or it cannot be written.
    """
    named(name)
    folder = database.folder / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if not (folder / name).exists() and len(_files(folder)) >= MOST_UPLOADED:
            raise SourceError(f"has {MOST_UPLOADED} rule files already", str(folder))
        with database.change() as base:
            note(base, by, "rule.add", name, bytes=len(text.encode()))
            place = folder / f".{name}.new"
            place.write_text(text, encoding="utf-8")
            place.replace(folder / name)
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", str(folder / name)) from error
    return name


def discard(database: Database, by: Actor, rule: Rule) -> None:
    """Take the file of a rule out of the console's folder.

    Raises:
        SourceError: it is not there: rules that came with the program or its start are switched off instead.
    """
    folder, path = database.folder / FOLDER, Path(rule.path)
    if not path.is_relative_to(folder) or ".." in path.parts:
        raise SourceError("was not added here; switch it off instead", rule.id)
    try:
        with database.change() as base:
            note(base, by, "rule.remove", path.name, rule=rule.id)
            path.unlink()
    except OSError as error:
        raise SourceError(f"cannot be removed: {error.strerror}", str(path)) from error
