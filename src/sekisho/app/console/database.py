"""The console's database: one SQLite file beside the store of events, opened once a thread.

Documents are compressed JSON; what pages filter and sort by stands in columns. Times are seconds, UTC.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from sekisho.model.errors import SourceError

NAME = "console.db"
VERSION = 1
WAIT_S = 10.0  # for another process's transaction; those of the worker are the longest
_SCHEMA = f"""
PRAGMA user_version = {VERSION};
CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY COLLATE NOCASE, role TEXT NOT NULL,
  password TEXT NOT NULL DEFAULT '', subject TEXT UNIQUE, email TEXT NOT NULL DEFAULT '',
  disabled INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (digest TEXT PRIMARY KEY, account TEXT NOT NULL, csrf TEXT NOT NULL,
  created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, address TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
  name TEXT NOT NULL, scopes TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  used_at INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL,
  address TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, detail TEXT NOT NULL,
  previous TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS cases (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL, changed_at INTEGER NOT NULL, apart TEXT NOT NULL DEFAULT '',
  verdict TEXT NOT NULL DEFAULT '', summary TEXT NOT NULL DEFAULT '{{}}') WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (case_id TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL,
  bytes INTEGER NOT NULL, added_at INTEGER NOT NULL, added_by TEXT NOT NULL, kind TEXT NOT NULL DEFAULT '',
  records INTEGER NOT NULL DEFAULT 0, skipped TEXT, PRIMARY KEY (case_id, path)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_by_digest ON files (digest);
CREATE TABLE IF NOT EXISTS watched (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL,
  changed_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, case_id TEXT NOT NULL,
  asked_by TEXT NOT NULL, asked_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER,
  state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, stage TEXT NOT NULL DEFAULT '',
  done INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0, what TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, id);
CREATE INDEX IF NOT EXISTS jobs_by_case ON jobs (case_id, id);

CREATE TABLE IF NOT EXISTS incidents (id TEXT PRIMARY KEY, case_id TEXT NOT NULL, severity TEXT NOT NULL,
  rank INTEGER NOT NULL, verdict TEXT NOT NULL, score REAL NOT NULL, title_en TEXT NOT NULL, title_ja TEXT NOT NULL,
  first_at INTEGER, last_at INTEGER, hosts INTEGER NOT NULL, mailboxes INTEGER NOT NULL, attack TEXT NOT NULL,
  evidence BLOB NOT NULL, doc_en BLOB NOT NULL, doc_ja BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS incidents_by_case ON incidents (case_id);
CREATE INDEX IF NOT EXISTS incidents_by_rank ON incidents (rank DESC, last_at DESC);
CREATE TABLE IF NOT EXISTS triage (incident TEXT PRIMARY KEY, state TEXT NOT NULL DEFAULT 'new',
  assignee TEXT NOT NULL DEFAULT '', disposition TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
  merged_into TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL DEFAULT 0, changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS comments (id INTEGER PRIMARY KEY AUTOINCREMENT, incident TEXT NOT NULL, at INTEGER NOT NULL,
  who TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS comments_by_incident ON comments (incident, id);

CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, case_id TEXT NOT NULL, kind TEXT NOT NULL,
  address TEXT NOT NULL,
  message_id TEXT NOT NULL, subject TEXT NOT NULL, sender TEXT NOT NULL, sender_name TEXT NOT NULL,
  recipients TEXT NOT NULL, at INTEGER, verdict TEXT NOT NULL, probability REAL NOT NULL, attachments INTEGER NOT NULL,
  urls INTEGER NOT NULL, unscanned INTEGER NOT NULL, incident TEXT NOT NULL DEFAULT '',
  doc BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_by_case ON messages (case_id);
CREATE INDEX IF NOT EXISTS messages_by_time ON messages (at DESC);
CREATE INDEX IF NOT EXISTS messages_by_verdict ON messages (verdict, at DESC);
CREATE INDEX IF NOT EXISTS audit_by_target ON audit (target, number);
CREATE INDEX IF NOT EXISTS messages_by_incident ON messages (incident) WHERE incident != '';
CREATE INDEX IF NOT EXISTS messages_daily ON messages (kind, at, verdict);
CREATE INDEX IF NOT EXISTS messages_unscanned ON messages (at DESC) WHERE unscanned > 0;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (text, tokenize = 'unicode61');
CREATE TABLE IF NOT EXISTS findings (case_id TEXT NOT NULL, id TEXT NOT NULL, rule_id TEXT NOT NULL,
  level TEXT NOT NULL, layer TEXT NOT NULL, title_en TEXT NOT NULL, title_ja TEXT NOT NULL, at INTEGER,
  host TEXT NOT NULL, user TEXT NOT NULL, source TEXT NOT NULL, record TEXT NOT NULL, event TEXT NOT NULL,
  incident TEXT NOT NULL DEFAULT '', evidence TEXT NOT NULL, PRIMARY KEY (case_id, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS findings_by_rule ON findings (rule_id, at DESC);
CREATE TABLE IF NOT EXISTS entities (kind TEXT NOT NULL, value TEXT NOT NULL COLLATE NOCASE, case_id TEXT NOT NULL,
  owner TEXT NOT NULL, ref TEXT NOT NULL, role TEXT NOT NULL, at INTEGER,
  PRIMARY KEY (kind, value, owner, ref, role)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entities_by_value ON entities (value);
CREATE INDEX IF NOT EXISTS entities_by_case ON entities (case_id);
CREATE INDEX IF NOT EXISTS entities_by_ref ON entities (ref);

-- Searches that people keep, what those told that are to tell of new answers, and notes about entities.
CREATE TABLE IF NOT EXISTS saved_searches (id TEXT PRIMARY KEY, name TEXT NOT NULL, question TEXT NOT NULL,
  span TEXT NOT NULL, owner TEXT NOT NULL COLLATE NOCASE, shared INTEGER NOT NULL DEFAULT 0,
  alert INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS saved_hits (search TEXT NOT NULL, event TEXT NOT NULL, found_at INTEGER NOT NULL,
  at INTEGER, address TEXT NOT NULL, text TEXT NOT NULL, seen INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (search, event)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entity_notes (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,
  value TEXT NOT NULL COLLATE NOCASE, at INTEGER NOT NULL, who TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entities_by_time ON entities (kind, value, owner, at DESC);
CREATE INDEX IF NOT EXISTS entities_of_cases ON entities (kind, value) WHERE owner != 'message';
CREATE INDEX IF NOT EXISTS entity_notes_by_value ON entity_notes (kind, value, id);
-- Messages: what joins them, passwords that people gave for what is locked, and indexes that answer what a list asks
-- without reading the rows, each of which holds a whole document.
CREATE TABLE IF NOT EXISTS threads (key TEXT NOT NULL, at INTEGER NOT NULL, message TEXT NOT NULL,
  case_id TEXT NOT NULL, PRIMARY KEY (key, at, message)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS threads_by_case ON threads (case_id);
CREATE TABLE IF NOT EXISTS passwords (case_id TEXT NOT NULL, word TEXT NOT NULL, given_at INTEGER NOT NULL,
  given_by TEXT NOT NULL, PRIMARY KEY (case_id, word)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_of_case ON messages (case_id, at DESC, verdict, unscanned, incident);
CREATE INDEX IF NOT EXISTS messages_narrow ON messages (id, at, verdict, unscanned, case_id, incident);
-- Triage: what was told under an incident, what was done to one, and exclusions that false positives led to.
CREATE INDEX IF NOT EXISTS triage_merged ON triage (merged_into) WHERE merged_into != '';
CREATE INDEX IF NOT EXISTS audit_by_target ON audit (target, number);
CREATE INDEX IF NOT EXISTS incidents_by_severity ON incidents (severity, rank DESC, last_at DESC);
CREATE INDEX IF NOT EXISTS incidents_by_case_rank ON incidents (case_id, rank DESC, last_at DESC);
CREATE INDEX IF NOT EXISTS findings_by_incident ON findings (incident) WHERE incident != '';
-- What is done to the outside: actions with their targets, block lists, and what waits to be told.
CREATE TABLE IF NOT EXISTS actions (id TEXT PRIMARY KEY, kind TEXT NOT NULL, way TEXT NOT NULL, incident TEXT NOT NULL,
  reason TEXT NOT NULL, state TEXT NOT NULL, proposed_by TEXT NOT NULL, proposed_at INTEGER NOT NULL,
  decided_by TEXT NOT NULL DEFAULT '', decided_at INTEGER, run_by TEXT NOT NULL DEFAULT '',
  undoing INTEGER NOT NULL DEFAULT 0, changed_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS actions_by_state ON actions (state, changed_at DESC);
CREATE INDEX IF NOT EXISTS actions_by_time ON actions (changed_at DESC);
CREATE INDEX IF NOT EXISTS actions_by_incident ON actions (incident) WHERE incident != '';
CREATE TABLE IF NOT EXISTS action_targets (action TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL,
  value TEXT NOT NULL, messages TEXT NOT NULL DEFAULT '[]', reached TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'waiting', said TEXT NOT NULL DEFAULT '', receipt TEXT NOT NULL DEFAULT '{{}}',
  changed_at INTEGER NOT NULL, PRIMARY KEY (action, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (kind TEXT NOT NULL, value TEXT NOT NULL, action TEXT NOT NULL,
  since_at INTEGER NOT NULL, until_at INTEGER, who TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (kind, value, action)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reports (id TEXT PRIMARY KEY, at INTEGER NOT NULL, came_by TEXT NOT NULL,
  reporter TEXT NOT NULL, language TEXT NOT NULL, subject TEXT NOT NULL, note TEXT NOT NULL,
  case_id TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, message_id TEXT NOT NULL DEFAULT '',
  answer TEXT NOT NULL DEFAULT '', answered_at INTEGER, answered_by TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reports_by_time ON reports (at DESC);
CREATE INDEX IF NOT EXISTS reports_by_case ON reports (case_id);
CREATE INDEX IF NOT EXISTS messages_by_address ON messages (address);
CREATE TABLE IF NOT EXISTS announced (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, way TEXT NOT NULL, notice TEXT NOT NULL,
  made_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'queued', error TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS outbox_by_state ON outbox (state, next_at);
CREATE INDEX IF NOT EXISTS audit_of_target ON audit (target, number DESC);
CREATE INDEX IF NOT EXISTS audit_of_person ON audit (who, action, number DESC);
CREATE INDEX IF NOT EXISTS audit_by_who ON audit (who, number DESC);
CREATE INDEX IF NOT EXISTS audit_by_action ON audit (action, number DESC);
CREATE INDEX IF NOT EXISTS audit_by_time ON audit (at);
-- Campaigns: what each message and incident is a sighting of, and campaigns as they were last computed.
CREATE TABLE IF NOT EXISTS sightings (ref TEXT PRIMARY KEY, case_id TEXT NOT NULL, kind TEXT NOT NULL,
  sighting TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sightings_by_id ON sightings (sighting);
CREATE INDEX IF NOT EXISTS sightings_by_case ON sightings (case_id);
CREATE TABLE IF NOT EXISTS campaigns (id TEXT PRIMARY KEY, title TEXT NOT NULL, size INTEGER NOT NULL,
  first_at INTEGER, last_at INTEGER, messages INTEGER NOT NULL, recipients INTEGER NOT NULL, incidents INTEGER NOT NULL,
  verdict TEXT NOT NULL, family TEXT NOT NULL, family_odds REAL NOT NULL, theme TEXT NOT NULL, theme_odds REAL NOT NULL,
  doc BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS campaigns_by_last ON campaigns (last_at DESC);
CREATE TABLE IF NOT EXISTS campaign_members (campaign TEXT NOT NULL, number INTEGER NOT NULL, sighting TEXT NOT NULL,
  kind TEXT NOT NULL, at INTEGER, title TEXT NOT NULL, PRIMARY KEY (campaign, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS campaign_members_by_sighting ON campaign_members (sighting);
CREATE TABLE IF NOT EXISTS trends (series TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attributions (subject TEXT NOT NULL, language TEXT NOT NULL, version TEXT NOT NULL,
  at INTEGER NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (subject, language)) WITHOUT ROWID;
-- Sweeps: what was looked for in everything stored, and what was found.
CREATE TABLE IF NOT EXISTS sweeps (id TEXT PRIMARY KEY, asked_by TEXT NOT NULL, asked_at INTEGER NOT NULL,
  indicators INTEGER NOT NULL, rules TEXT NOT NULL, ended_at INTEGER, total INTEGER NOT NULL DEFAULT 0,
  summary TEXT NOT NULL DEFAULT '{{}}') WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sweep_hits (sweep TEXT NOT NULL, number INTEGER NOT NULL, rule_id TEXT NOT NULL,
  level TEXT NOT NULL, title TEXT NOT NULL, at INTEGER, host TEXT NOT NULL, user TEXT NOT NULL, source TEXT NOT NULL,
  record TEXT NOT NULL, event TEXT NOT NULL, evidence TEXT NOT NULL, PRIMARY KEY (sweep, number)) WITHOUT ROWID;
-- What is told by TAXII: STIX objects of incidents, each with the time it was put here.
CREATE TABLE IF NOT EXISTS told (id TEXT PRIMARY KEY, added REAL NOT NULL, digest TEXT NOT NULL,
  doc BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told_by (object TEXT NOT NULL, incident TEXT NOT NULL, case_id TEXT NOT NULL,
  PRIMARY KEY (object, incident)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS told_by_case ON told_by (case_id);
"""


class Database:
    """The open database; each thread has a connection of its own."""

    def __init__(self, folder: Path) -> None:
        """Open the console's database in a store's folder, and make what it lacks.

        Raises:
            SourceError: it cannot be used, or a newer version wrote it.
        """
        self.folder, self._path, self._local = folder, folder / NAME, threading.local()
        try:
            base = self.base
            version = base.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise SourceError(f"a newer Sekisho wrote this database (version {version})", str(self._path))
            base.execute("PRAGMA journal_mode = WAL")
            base.executescript(_SCHEMA)
            self._path.chmod(0o600)
        except (sqlite3.Error, OSError) as error:
            raise SourceError(f"cannot be used: {error}", str(self._path)) from error

    @property
    def base(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "base", None)
        if found is None:
            found = sqlite3.connect(self._path, timeout=WAIT_S, isolation_level=None)
            found.row_factory = sqlite3.Row
            found.execute("PRAGMA synchronous = FULL")  # what a person was told is done is on the disk
            found.execute("PRAGMA foreign_keys = ON")
            self._local.base = found
        return found

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Change something wholly or not at all; changes of several connections wait for one another."""
        base = self.base
        base.execute("BEGIN IMMEDIATE")
        try:
            yield base
        except BaseException:
            base.execute("ROLLBACK")
            raise
        base.execute("COMMIT")

    def all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Give the rows that answer a query."""
        return self.base.execute(query, values).fetchall()

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        """Give the first row that answers a query."""
        row: sqlite3.Row | None = self.base.execute(query, values).fetchone()
        return row

    def count(self, query: str, *values: Any) -> int:
        """Give the number that a query counts."""
        row = self.one(query, *values)
        return int(row[0] or 0) if row is not None else 0

    def setting(self, name: str, default: str = "") -> str:
        """Give a setting that was chosen in the console."""
        row = self.one("SELECT value FROM settings WHERE name = ?", name)
        return str(row["value"]) if row is not None else default

    def close(self) -> None:
        """Close this thread's connection."""
        if (found := getattr(self._local, "base", None)) is not None:
            found.close()
            self._local.base = None


def packed(document: Any) -> bytes:
    """Give a document as it is kept."""
    return zlib.compress(orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS), 6)


def unpacked(kept: bytes) -> Any:
    """Give a kept document back."""
    return orjson.loads(zlib.decompress(kept))
