"""The store of campaigns: sightings and people's decisions in one SQLite file; campaigns are computed from these."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from sekisho.app._sqlite import opened
from sekisho.model.campaign import Decision, Sighting, Trait
from sekisho.model.errors import SekishoError, SourceError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sighting (id TEXT PRIMARY KEY, kind TEXT, at INTEGER, title TEXT, source TEXT, country TEXT,
  theme TEXT, brand TEXT, family TEXT, distributor TEXT, traits TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS decision (number INTEGER PRIMARY KEY AUTOINCREMENT, verdict TEXT, a TEXT, b TEXT,
  reason TEXT);
"""
BATCH = 500


class Store:
    """An open store of campaigns."""

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
            probe="SELECT count(*) FROM (SELECT 1 FROM sighting, decision LIMIT 1)",
            what="campaigns",
            maker="sekisho campaigns add",
        )

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.base.close()

    @contextmanager
    def _safe(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise SourceError(f"cannot be read or written: {error}", self.path) from error

    def add(self, sightings: Iterable[Sighting]) -> int:
        """Keep sightings; give how many were new."""
        new = 0
        for number, one in enumerate(sightings, 1):
            with self._safe():
                row = [one.id, one.kind, one.at_s, one.title, one.source, one.country, one.theme, one.brand]
                row += [one.family, one.distributor, json.dumps(one.traits)]
                clean = [
                    value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in row
                ]
                query = f"INSERT OR IGNORE INTO sighting VALUES ({', '.join('?' * len(clean))})"
                new += self.base.execute(query, clean).rowcount
                if number % BATCH == 0:
                    self.base.commit()
        with self._safe():
            self.base.commit()
        return new

    def keep_only(self, place: str, ids: Collection[str]) -> int:
        """Forget sightings found at a place, or below it, but these; give how many went.

        Args:
            place: how their source begins, up to a slash or ``#``.
            ids: of those that stay.
        """
        with self._safe():
            query = "SELECT id FROM sighting WHERE substr(source, 1, ?) IN (?, ?)"
            ends = (len(place) + 1, f"{place}/", f"{place}#")
            gone = [row for row in self.base.execute(query, ends).fetchall() if row[0] not in ids]
            self.base.executemany("DELETE FROM sighting WHERE id = ?", gone)
            self.base.commit()
        return len(gone)

    def places(self) -> set[str]:
        """Give how sources begin, up to the first slash or ``#``."""
        with self._safe():
            rows = self.base.execute("SELECT DISTINCT source FROM sighting").fetchall()
        return {row[0].partition("/")[0].partition("#")[0] for row in rows}

    def sightings(self) -> list[Sighting]:
        """Give all sightings, by id."""
        with self._safe():
            rows = self.base.execute("SELECT * FROM sighting ORDER BY id").fetchall()
            return [_sighting(row) for row in rows]

    def decisions(self) -> list[Decision]:
        """Give what people decided, in order."""
        with self._safe():
            rows = self.base.execute("SELECT verdict, a, b, reason FROM decision ORDER BY number").fetchall()
        return [Decision(*row) for row in rows]

    def decide(self, decision: Decision) -> None:
        """Keep a decision."""
        with self._safe():
            self.base.execute(
                "INSERT INTO decision (verdict, a, b, reason) VALUES (?, ?, ?, ?)",
                (decision.verdict, decision.a, decision.b, decision.reason),
            )
            self.base.commit()

    def undo(self) -> Decision:
        """Take the last decision back, and give it.

        Raises:
            SekishoError: there is none.
        """
        with self._safe():
            row = self.base.execute(
                "SELECT number, verdict, a, b, reason FROM decision ORDER BY number DESC"
            ).fetchone()
        if row is None:
            raise SekishoError("no decision to undo")
        with self._safe():
            self.base.execute("DELETE FROM decision WHERE number = ?", (row[0],))
            self.base.commit()
        return Decision(*row[1:])

    def label(self, keys: Iterable[str], family: str, distributor: str) -> int:
        """Write labels on sightings; an empty one is left as it is. Gives how many were labelled."""
        count = 0
        with self._safe():
            for what, name in (("family", family), ("distributor", distributor)):
                if name:
                    query = f"UPDATE sighting SET {what} = ? WHERE id = ?"
                    count = sum(self.base.execute(query, (name.lower(), key)).rowcount for key in keys)
            self.base.commit()
        return count


def _sighting(row: tuple[Any, ...]) -> Sighting:
    key, kind, at_s, title, source, country, theme, brand, family, distributor, traits = row
    found = tuple(Trait(str(name), str(value)) for name, value in json.loads(traits))
    return Sighting(key, kind, at_s, title, source, found, country, theme, brand, family, distributor)
