"""Indicators that were told: one SQLite file, each value once, with everybody who told of it.

A value is refused when a warning list names it or when it is old already; both are counted with their reason. Nothing
is looked up anywhere.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from sekisho.app._sqlite import opened
from sekisho.model.errors import SourceError
from sekisho.model.indicator import AGE_DAYS, Indicator, canonical, guess
from sekisho.model.warninglists import why_not
from sekisho.sources import Gap
from sekisho.sources.indicators import Told, reader_of

DAY_S = 86_400
BATCH = 20_000
COUNTED = 100_000
"""Values counted of those that somebody looks through."""
EXAMPLES = 20
"""Refused values that are named; the rest are counted."""
CONFIDENCE = 50
"""Of what is told without one. Source: STIX 2.1, appendix A: the middle of the scale."""
FUTURE_S = 20 * 366 * DAY_S
"""Furthest end believed; a feed that wants its values kept for ever does not get it."""
_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS indicator (kind TEXT, value TEXT, confidence INTEGER, first INTEGER, last INTEGER,
  until INTEGER, note TEXT, seen INTEGER DEFAULT 0, seen_last INTEGER, PRIMARY KEY (kind, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told (kind TEXT, value TEXT, source TEXT, sightings INTEGER, at INTEGER,
  PRIMARY KEY (kind, value, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sighting (kind TEXT, value TEXT, finding TEXT,
  PRIMARY KEY (kind, value, finding)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_end ON indicator (until);
"""
_ADD = """INSERT INTO indicator (kind, value, confidence, first, last, until, note) VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET confidence = max(confidence, excluded.confidence),
  first = coalesce(min(first, excluded.first), first, excluded.first),
  last = coalesce(max(last, excluded.last), last, excluded.last), until = max(until, excluded.until),
  note = CASE WHEN excluded.note <> '' THEN excluded.note ELSE note END"""
_TELL = """INSERT INTO told VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET sightings = max(sightings, excluded.sightings), at = excluded.at"""
_LIST = """SELECT i.kind, i.value, i.confidence, i.first, i.last, i.until, group_concat(t.source, ', '), i.note,
  coalesce(sum(t.sightings), 0) + i.seen FROM indicator i LEFT JOIN told t ON t.kind = i.kind AND t.value = i.value
  WHERE {where} GROUP BY i.kind, i.value ORDER BY i.kind, i.value"""


@dataclass(slots=True)
class Counts:
    """What importing gave."""

    told: int = 0
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """By reason: one of ``model.warninglists.REASONS``, ``no_value`` or ``expired``."""
    examples: list[tuple[str, str]] = field(default_factory=list)
    """(value, reason) of the first refused."""
    gaps: list[tuple[str, Gap]] = field(default_factory=list)
    """(file, gap) of the first places that could not be read."""
    unread: int = 0


class Seen(NamedTuple):
    """One place where an indicator was seen."""

    kind: str
    value: str
    finding: str
    """Id of the finding: the same place, looked at again, is counted once."""
    at: int
    """UTC seconds, 0 when nothing says when."""


class Store:
    """An open store."""

    def __init__(self, path: str, *, write: bool = False) -> None:
        """Open a store; only one that is opened to write is made when there is none.

        Raises:
            SourceError: there is none, or it is no store.
        """
        self.path = path
        self.base = opened(
            path,
            write=write,
            schema=_SCHEMA,
            probe="SELECT count(*) FROM (SELECT seen FROM indicator LIMIT 1)",
            what="indicators",
            maker="sekisho indicators import",
        )

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.base.close()

    def add(self, indicators: Sequence[Indicator], now: int) -> None:
        """Keep indicators, joined with what is known of their values."""
        rows = [
            (one.kind, one.value, one.confidence, one.first_at, one.last_at, one.until_at, one.note)
            for one in indicators
        ]
        with self._writing():
            self.base.executemany(_ADD, rows)
            self.base.executemany(_TELL, [(one.kind, one.value, one.source, one.sightings, now) for one in indicators])

    def active(self, now: int) -> list[Indicator]:
        """Give what is not old."""
        return list(self._rows("i.until > ?", (now,)))

    def all(self, kind: str = "", *, old: bool = False, now: int = 0) -> Iterator[Indicator]:
        """Give what is kept, or only what is old, of one kind or of all."""
        where, values = ["1"], []
        if kind:
            where.append("i.kind = ?")
            values.append(kind)
        if old:
            where.append(f"i.until <= {int(now)}")
        yield from self._rows(" AND ".join(where), values)

    def page(self, kind: str, text: str, *, old: bool | None, now: int, most: int, skip: int) -> list[Indicator]:
        """Give some of what is kept, the latest told first by kind.

        Args:
            kind: of value; empty for all.
            text: in value or note; empty for any.
            old: only what is old, only what is not, or both where None.
            now: UTC seconds.
            most: how many.
            skip: how many before these.
        """
        where, values = _chosen(kind, text, old, now)
        return list(self._rows(where, values, f"LIMIT {int(most)} OFFSET {int(skip)}"))

    def count(self, kind: str, text: str, *, old: bool | None, now: int) -> int:
        """Count what :meth:`page` would give on all pages, up to COUNTED."""
        where, values = _chosen(kind, text, old, now)
        query = f"SELECT count(*) FROM (SELECT 1 FROM indicator i WHERE {where} LIMIT {COUNTED})"
        return int(self.base.execute(query, values).fetchone()[0])

    def forget(self, kind: str, value: str) -> bool:
        """Forget one value with all that was told of it; tell whether it was there."""
        with self._writing():
            gone = self.base.execute("DELETE FROM indicator WHERE kind = ? AND value = ?", (kind, value)).rowcount
            for table in ("told", "sighting"):
                self.base.execute(f"DELETE FROM {table} WHERE kind = ? AND value = ?", (kind, value))
        return bool(gone)

    def expire(self, now: int, *, really: bool) -> int:
        """Forget what is old; only count it unless it is really meant."""
        with self._writing():
            if not really:
                found = self.base.execute("SELECT count(*) FROM indicator WHERE until <= ?", (now,)).fetchone()
                return int(found[0])
            gone = self.base.execute("DELETE FROM indicator WHERE until <= ?", (now,)).rowcount
            for table in ("told", "sighting"):
                self.base.execute(
                    f"DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM indicator i WHERE i.kind = {table}.kind"
                    f" AND i.value = {table}.value)"
                )
            return int(gone)

    def sighted(self, seen: Iterable[Seen]) -> None:
        """Count what a sweep saw; what was counted before is not counted again."""
        with self._writing():
            for one in seen:
                known = self.base.execute(
                    "INSERT OR IGNORE INTO sighting SELECT kind, value, ? FROM indicator WHERE kind = ? AND value = ?",
                    (one.finding, one.kind, one.value),
                )
                if known.rowcount:
                    self.base.execute(
                        "UPDATE indicator SET seen = seen + 1, seen_last = max(coalesce(seen_last, 0), ?)"
                        " WHERE kind = ? AND value = ?",
                        (one.at, one.kind, one.value),
                    )

    def _rows(self, where: str, values: Sequence[object], end: str = "") -> Iterator[Indicator]:
        for kind, value, confidence, first, last, until, source, note, sightings in self.base.execute(
            f"{_LIST.format(where=where)} {end}", tuple(values)
        ):
            yield Indicator(kind, value, confidence, first, last, until, source or "", note, sightings)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self.base:
                yield
        except sqlite3.Error as error:
            raise SourceError(f"cannot be written: {error}", self.path) from error


def _chosen(kind: str, text: str, old: bool | None, now: int) -> tuple[str, list[object]]:
    where: list[str] = ["1"]
    values: list[object] = []
    if kind:
        where.append("i.kind = ?")
        values.append(kind)
    if text:
        held = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        where.append("(instr(i.value, ?) OR i.note LIKE ? ESCAPE '\\')")
        values += [text.lower(), f"%{held}%"]
    if old is not None:
        where.append(f"i.until {'<=' if old else '>'} ?")
        values.append(now)
    return " AND ".join(where), values


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms values are taken."""

    now: int
    """UTC seconds."""
    own: frozenset[str] = frozenset()
    exercise: bool = False
    days: Mapping[str, int] = field(default_factory=lambda: AGE_DAYS)
    """By kind: when a value is old that is told without an end."""
    confidence: int = CONFIDENCE
    source: str = ""
    """Who tells it, instead of what files say."""


def learn(paths: Iterable[str], store: Store, terms: Terms) -> Counts:
    """Import files of indicators; what cannot be read is named, the rest goes on."""
    counts = Counts()
    for path in paths:
        waiting: list[Indicator] = []
        name = Path(path).name
        try:
            _, read = reader_of(Path(path))
            for item in read(Path(path)):
                if isinstance(item, Gap):
                    counts.unread += 1
                    if len(counts.gaps) < EXAMPLES:
                        counts.gaps.append((path, item))
                    continue
                counts.told += 1
                indicator, reason = judge(item, name, terms)
                if indicator is None:
                    counts.refused[reason] += 1
                    if len(counts.examples) < EXAMPLES:
                        counts.examples.append((item.value[:200], reason))
                    continue
                counts.kept += 1
                waiting.append(indicator)
                if len(waiting) >= BATCH:
                    store.add(waiting, terms.now)
                    waiting = []
        except SourceError as error:
            counts.unread += 1
            counts.gaps.append((path, Gap("", error.reason)))
        store.add(waiting, terms.now)
    return counts


def judge(told: Told, file: str, terms: Terms) -> tuple[Indicator | None, str]:
    """Give what is kept of a told value, or the reason why nothing is."""
    found = guess(told.value) if not told.kind else None
    kind = told.kind or (found[0] if found else "")
    value = found[1] if found else canonical(kind, told.value) if kind else None
    if value is None:
        return None, "no_value"
    if reason := why_not(kind, value, terms.own, exercise=terms.exercise):
        return None, reason
    newest = max((at for at in (told.first_at, told.last_at) if at is not None), default=terms.now)
    until = told.until_at if told.until_at is not None else min(newest, terms.now) + terms.days[kind] * DAY_S
    if until <= terms.now:
        return None, "expired"
    confidence = told.confidence if told.confidence is not None else terms.confidence
    until = min(until, terms.now + FUTURE_S)
    source = terms.source or told.source or file
    return Indicator(kind, value, confidence, told.first_at, told.last_at, until, source, told.note, told.sightings), ""
