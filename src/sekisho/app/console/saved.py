"""Searches that people keep: run again, shared with others, and asked after each investigation if they are to alert."""

from __future__ import annotations

import secrets
import sqlite3
import time
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any

import orjson

from sekisho.app.console import hunts
from sekisho.app.console.answers import address, summary
from sekisho.app.console.audit import SYSTEM, Actor, note
from sekisho.app.console.database import Database
from sekisho.app.store.state import State
from sekisho.model.errors import LimitError, SekishoError, SourceError

LONGEST_NAME, MOST = 120, 500  # of one owner
ALERTED = 200
"""Latest answers that are compared with those told before, after each investigation; a search with more is too wide."""
ALERT_S, ALERTS_S = 10.0, 60.0
"""For one search, and for all of them together, after an investigation."""
ANY_TIME = hunts.Span()
KEPT = 1_000
"""Hits of a search that are kept; the oldest go."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search as it is kept."""

    name: str
    question: str
    span: hunts.Span = ANY_TIME
    logsource: str = ""
    shared: bool = False
    alert: bool = False

    def checked(self) -> Wanted:
        """Give it with what cannot be kept taken out.

        Raises:
            SourceError: it has no name.
            RuleError, SourceError: its question or its times cannot be read.
        """
        name = " ".join(self.name.replace("\0", "").split())[:LONGEST_NAME]
        if not name:
            raise SourceError("give it a name", "search")
        question = self.question.replace("\0", "").strip()
        hunts.understood(question)
        for text in (self.span.since, self.span.until):
            hunts.moment(text, UTC)
        return Wanted(name, question, self.span, self.logsource[:300], self.shared, self.alert)


class Saved:
    """The kept searches in a database; each is changed by its owner only, and seen by others when it is shared."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, who: str) -> list[dict[str, Any]]:
        """Give somebody's searches and the shared ones, by name, with the number of hits nobody looked at."""
        rows = self._database.all(
            "SELECT s.*, (SELECT count(*) FROM saved_hits h WHERE h.search = s.id AND NOT seen) AS hits "
            "FROM saved_searches s WHERE owner = ? OR shared ORDER BY owner = ? DESC, name LIMIT ?",
            who,
            who,
            2 * MOST,
        )
        return [_told(row) for row in rows]

    def get(self, key: str, who: str) -> dict[str, Any] | None:
        """Give a search that somebody may see."""
        row = self._database.one("SELECT * FROM saved_searches WHERE id = ? AND (owner = ? OR shared)", key, who)
        return None if row is None else _told(row)

    def add(self, wanted: Wanted, by: Actor) -> str:
        """Keep a search, and give its id.

        Raises:
            LimitError: they have too many.
            RuleError, SourceError: see :meth:`Wanted.checked`.
        """
        one, key, now = wanted.checked(), "s" + secrets.token_hex(6), int(time.time())
        with self._database.change() as base:
            count = base.execute("SELECT count(*) FROM saved_searches WHERE owner = ?", (by.name,)).fetchone()[0]
            if count >= MOST:
                raise LimitError("saved_searches", MOST)
            base.execute(
                "INSERT INTO saved_searches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (key, one.name, one.question, _span(one), by.name, one.shared, one.alert, now, now),
            )
            note(base, by, "search.add", key, name=one.name, shared=one.shared, alert=one.alert)
        return key

    def change(self, key: str, wanted: Wanted, by: Actor) -> bool:
        """Change one's own search; tell whether there is such a one."""
        one = wanted.checked()
        with self._database.change() as base:
            done = base.execute(
                "UPDATE saved_searches SET name = ?, question = ?, span = ?, shared = ?, alert = ?, changed_at = ? "
                "WHERE id = ? AND owner = ?",
                (one.name, one.question, _span(one), one.shared, one.alert, int(time.time()), key, by.name),
            ).rowcount
            if done:
                note(base, by, "search.change", key, name=one.name, shared=one.shared, alert=one.alert)
        return bool(done)

    def remove(self, key: str, by: Actor, *, anybody: bool) -> bool:
        """Remove one's own search, or anybody's shared one who may; tell whether there was such a one."""
        with self._database.change() as base:
            row = base.execute(
                "SELECT name FROM saved_searches WHERE id = ? AND (owner = ? OR (? AND shared))",
                (key, by.name, anybody),
            ).fetchone()
            if row is None:
                return False
            base.execute("DELETE FROM saved_hits WHERE search = ?", (key,))
            base.execute("DELETE FROM saved_searches WHERE id = ?", (key,))
            note(base, by, "search.remove", key, name=row["name"])
        return True

    def hits(self, key: str, limit: int = 50) -> list[Any]:
        """Give what a search found that was new after investigations, the latest first."""
        return self._database.all(
            "SELECT event, found_at, at, address, text, seen FROM saved_hits WHERE search = ? "
            "ORDER BY seen, found_at DESC, at DESC LIMIT ?",
            key,
            limit,
        )

    def seen(self, key: str, by: Actor) -> None:
        """Say that a search's hits were looked at."""
        with self._database.change() as base:
            if base.execute("UPDATE saved_hits SET seen = 1 WHERE search = ? AND NOT seen", (key,)).rowcount:
                note(base, by, "search.seen", key)

    def unseen(self, who: str) -> list[Any]:
        """Give somebody's searches and shared ones that have hits nobody looked at, with their number."""
        return self._database.all(
            "SELECT s.id, s.name, count(*) AS hits, max(found_at) AS found_at FROM saved_hits h "
            "JOIN saved_searches s ON s.id = h.search WHERE NOT seen AND (owner = ? OR shared) "
            "GROUP BY s.id ORDER BY found_at DESC LIMIT 20",
            who,
        )


def _span(one: Wanted) -> str:
    return orjson.dumps({**asdict(one.span), "logsource": one.logsource}).decode()


def _told(row: sqlite3.Row) -> dict[str, Any]:
    told = dict(row)
    told.update(orjson.loads(told.pop("span")), shared=bool(row["shared"]), alert=bool(row["alert"]))
    return told


def alert(database: Database) -> int:
    """Ask the searches that are to alert, and note the answers that are new; give how many.

    A search that cannot be read any more, or takes too long, is left out: the investigation it follows is done.
    """
    until, new = time.monotonic() + ALERTS_S, 0
    for row in map(_told, database.all("SELECT * FROM saved_searches WHERE alert ORDER BY id")):
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            new += _noted(database, row["id"], _hits(database, row, min(ALERT_S, left)), seen=False)
        except sqlite3.Error:  # somebody else writes for long; the next investigation asks again
            continue
    return new


def baseline(database: Database, key: str) -> None:
    """Note what a search finds now as looked at, so that it alerts of nothing old."""
    row = database.one("SELECT * FROM saved_searches WHERE id = ?", key)
    if row is not None:
        _noted(database, key, _hits(database, _told(row), ALERT_S), seen=True)


def _hits(database: Database, row: dict[str, Any], limit_s: float) -> list[tuple[Any, ...]]:
    """Give the latest answers of a search as rows."""
    span = hunts.Span(row["last"], row["since"], row["until"])
    try:
        with State(database.folder) as state:
            one = hunts.asked(state, row["question"], span, row["logsource"], UTC)
        found = hunts.answers(database.folder, one, ALERTED, hunts.Watch(limit_s))
    except SekishoError:
        return []
    named = [name for name in one.question.fields if not name.startswith(("@", "*"))]
    made = []
    for event in found.events:
        at = None if event.time_ns is None else event.time_ns // hunts.NS
        text = " ".join(f"{name}: {value[:120]}" for name, value in summary(event, named))[:400]
        made.append((row["id"], event.id, int(time.time()), at, address(event), _kept(text)))
    return made


def _kept(text: str) -> str:
    """Give a text without halves of surrogate pairs, which the database does not take."""
    return text.encode("utf-8", "backslashreplace").decode()


def _noted(database: Database, key: str, hits: list[tuple[Any, ...]], *, seen: bool) -> int:
    """Keep the hits that are new, and give how many they are."""
    with database.change() as base:
        if not base.execute("SELECT 1 FROM saved_searches WHERE id = ?", (key,)).fetchone():
            return 0
        before = base.total_changes
        base.executemany(f"INSERT OR IGNORE INTO saved_hits VALUES (?, ?, ?, ?, ?, ?, {int(seen)})", hits)
        new = base.total_changes - before
        base.execute(
            "DELETE FROM saved_hits WHERE search = ? AND event NOT IN (SELECT event FROM saved_hits WHERE search = ? "
            "ORDER BY found_at DESC, at DESC LIMIT ?)",
            (key, key, KEPT),
        )
        if new and not seen:
            note(base, SYSTEM, "search.alert", key, hits=new)
    return new
