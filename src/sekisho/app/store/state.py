"""What the store knows of its files: one SQLite database in which an ingest is a fact wholly or not at all.

A file of events counts only once a row says so, and that row is written together with those of the inputs whose
events the file holds. What a killed run left behind has no row, and goes when the store is next opened to write.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sekisho.model.errors import SourceError
from sekisho.model.event import Logsource

DATABASE, EVENTS, LOCK = "store.db", "events", "lock"
VERSION = 1
DAY_NS = 86_400 * 1_000_000_000
ANY = Logsource()
_SCHEMA = f"""
PRAGMA user_version = {VERSION};
CREATE TABLE IF NOT EXISTS input (digest TEXT PRIMARY KEY, path TEXT NOT NULL, kind TEXT NOT NULL,
  bytes INTEGER NOT NULL, records INTEGER NOT NULL, skipped TEXT, added INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segment (path TEXT PRIMARY KEY, product TEXT NOT NULL, category TEXT NOT NULL,
  service TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, first INTEGER, last INTEGER,
  added INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS segment_by_last ON segment (last);
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """One input that is in the store."""

    digest: str
    """SHA-256 of its bytes."""
    path: str
    """As it was given."""
    kind: str
    size_bytes: int
    records: int
    skipped: str | None
    """What of it could not be read."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of events."""

    path: str
    """Below the folder of events."""
    logsource: Logsource
    rows: int
    size_bytes: int
    first_ns: int | None
    """Of the events that have a time; None when none has."""
    last_ns: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """What a store holds."""

    inputs: int
    segments: int
    rows: int
    size_bytes: int
    first_ns: int | None
    last_ns: int | None
    logsources: tuple[tuple[Logsource, int], ...]
    """With the number of events, most first."""


class State:
    """The open database of a store, and the folders beside it."""

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        """Open a store; only one that is opened to write is made when there is none.

        Raises:
            SourceError: there is none, it is no store or a newer version's, or another process writes to it.
        """
        self.folder, self.events = folder, folder / EVENTS
        self._held: int | None = None
        if not write and not (folder / DATABASE).is_file():
            raise SourceError("no store here; sekisho ingest makes one", str(folder))
        try:
            if write:
                self._prepare()
            self.base = sqlite3.connect(folder / DATABASE, timeout=10.0)
            version = self.base.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise SourceError(f"a newer Sekisho wrote this store (version {version})", str(folder))
            if write:
                self.base.execute("PRAGMA journal_mode = WAL")
                self.base.execute("PRAGMA synchronous = FULL")  # what is said to be stored is on the disk
                self.base.executescript(_SCHEMA)
                self._sweep()
            else:
                self.base.execute("PRAGMA query_only = 1")
            self.base.execute("SELECT count(*) FROM (SELECT 1 FROM segment LIMIT 1)")
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise SourceError(f"cannot be used as a store: {error}", str(folder)) from error

    def __enter__(self) -> State:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database and of the right to write."""
        if hasattr(self, "base"):
            self.base.close()
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _prepare(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self.folder / DATABASE).exists() and any(one.name != LOCK for one in self.folder.iterdir()):
            raise FileExistsError(errno.EEXIST, "the folder holds other files")
        self.events.mkdir(mode=0o700, exist_ok=True)
        self._held = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise BlockingIOError(errno.EAGAIN, "another process is writing to it") from error

    def _sweep(self) -> None:
        """Remove files of events that no row tells of: a run was killed before it came to that."""
        known = {path for (path,) in self.base.execute("SELECT path FROM segment")}
        for path in self.events.rglob("*"):
            if path.is_file() and str(path.relative_to(self.events)) not in known:
                path.unlink()

    def known(self, digest: str) -> Stored | None:
        """Give the input with these bytes, if it was ingested."""
        row = self.base.execute(
            "SELECT digest, path, kind, bytes, records, skipped FROM input WHERE digest = ?", (digest,)
        ).fetchone()
        return Stored(*row) if row else None

    def add(self, inputs: Iterable[Stored], segments: Iterable[Segment]) -> None:
        """Say at once that these inputs are in the store and that these files hold their events."""
        now = int(time.time())
        with self.base:
            self.base.executemany(
                "INSERT OR IGNORE INTO input VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(one.digest, one.path, one.kind, one.size_bytes, one.records, one.skipped, now) for one in inputs],
            )
            self.base.executemany(
                "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (one.path, *one.logsource, one.rows, one.size_bytes, one.first_ns, one.last_ns, now)
                    for one in segments
                ],
            )

    def segments(
        self, wanted: Logsource = ANY, since_ns: int | None = None, until_ns: int | None = None
    ) -> list[Segment]:
        """Give the files that may hold events of a logsource (empty words: any) and of a time, the latest first.

        Events without a time are given only where no time is asked for.
        """
        rows = self.base.execute(
            """SELECT path, product, category, service, rows, bytes, first, last FROM segment
            WHERE (:since IS NULL OR last >= :since) AND (:until IS NULL OR first <= :until)
            ORDER BY last DESC NULLS LAST, path""",
            {"since": since_ns, "until": until_ns},
        )
        found = (Segment(path, Logsource(*words), *rest) for path, words, rest in ((r[0], r[1:4], r[4:]) for r in rows))
        return [one for one in found if wanted.reads(one.logsource)]

    def older(self, than_ns: int) -> list[Segment]:
        """Give the files all of whose events are older than a time."""
        return [one for one in self.segments(until_ns=than_ns) if one.last_ns is not None and one.last_ns < than_ns]

    def prune(self, keep_days: int) -> list[Segment]:
        """Take out the files all of whose events are that many days older than the latest event, and give them."""
        last = self.status().last_ns
        old = [] if last is None else self.older(last - keep_days * DAY_NS)
        self.remove(old)
        return old

    def status(self) -> Status:
        """Count what is there."""
        inputs = self.base.execute("SELECT count(*) FROM input").fetchone()[0]
        segments, rows, size, first, last = self.base.execute(
            "SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(bytes), 0), min(first), max(last) FROM segment"
        ).fetchone()
        kinds = self.base.execute(
            "SELECT product, category, service, sum(rows) FROM segment GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"
        )
        counted = tuple((Logsource(*words), rows) for *words, rows in kinds)
        return Status(inputs, segments, rows, size, first, last, counted)

    def remove(self, segments: Sequence[Segment]) -> None:
        """Take files of events out, the rows first: a file without a row counts no more."""
        with self.base:
            self.base.executemany("DELETE FROM segment WHERE path = ?", [(one.path,) for one in segments])
        for one in segments:
            (self.events / one.path).unlink(missing_ok=True)
