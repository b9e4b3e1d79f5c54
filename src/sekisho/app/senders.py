"""Who wrote to a mailbox, when, under what names and about what: a store that is taught and then only read.

The store is one SQLite file. It keeps addresses, names and subjects as text, and message ids and passages of text as
hashes. Every entry has its day, so that a mail is judged only by what came before it, whatever the order of learning.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

from sekisho.app import intake
from sekisho.app._sqlite import opened
from sekisho.app.examine import Pool
from sekisho.model import names
from sekisho.model.artifact import Analysis, Artifact
from sekisho.model.errors import SourceError
from sekisho.model.history import Seen, passages, subject_of
from sekisho.model.limits import DEFAULT
from sekisho.model.registered import registered_domain
from sekisho.normalize.artifacts import is_message, time_ns

SENDER, DOMAIN, PAIR, THREAD, NAME = range(5)
MESSAGE_ID, PASSAGE = range(2)
DAY_S = 86_400
RECIPIENTS = 100
"""Of one mail; a pair is kept for each."""
TEXT_CHARS = 700
"""Of an address, pair, name or subject; two mail addresses fit."""
HASHES = 5_000_000
"""Kept at most; the oldest go first."""
BATCH = 500
"""Mails between two commits."""
LISTED = 20
_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS mail (key BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (kind INTEGER, value TEXT, day INTEGER, first INTEGER, count INTEGER,
  PRIMARY KEY (kind, value, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS name (name TEXT, address TEXT, first INTEGER, PRIMARY KEY (name, address)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS name_by_address ON name (address);
CREATE TABLE IF NOT EXISTS hash (kind INTEGER, value INTEGER, first INTEGER, PRIMARY KEY (kind, value)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hash_by_age ON hash (first);
"""
_ADD_SEEN = """INSERT INTO seen VALUES (?, ?, ?, ?, 1)
  ON CONFLICT DO UPDATE SET count = count + 1, first = min(first, excluded.first)"""
_ADD_NAME = "INSERT INTO name VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET first = min(first, excluded.first)"
_ADD_HASH = "INSERT INTO hash VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET first = min(first, excluded.first)"


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
            probe="SELECT count(*) FROM (SELECT 1 FROM mail LIMIT 1)",
            what="senders",
            maker="sekisho senders learn",
        )
        if not write:
            self.base.execute("PRAGMA query_only = 1")

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.base.close()

    def before(self, at: int) -> Past:
        """Give what came before a time."""
        return Past(self.base, at)

    def learn(self, message: Analysis) -> bool:
        """Keep what one mail shows; False when it has no time or sender, or was learned before."""
        at_ns = time_ns(message)
        sender = str(message.first("sender.address"))
        if at_ns is None or not sender:
            return False
        at = at_ns // 1_000_000_000
        identifier = str(message.first("message_id"))
        unique = f"{identifier}\0{message.first('delivered_to')}" if identifier else message.sha256
        with self._writing():
            made = self.base.execute("INSERT OR IGNORE INTO mail VALUES (?, ?)", (_digest(unique, 16), at))
            if not made.rowcount:
                return False
            day = at // DAY_S
            readers = {str(value) for name in ("delivered_to", "recipients") for value in message.values(name)}
            values = [(SENDER, sender), (DOMAIN, registered_domain(sender.rpartition("@")[2]))]
            values += [(PAIR, f"{sender} {reader}") for reader in sorted(readers)[:RECIPIENTS]]
            if subject := subject_of(str(message.first("subject"))):
                values.append((THREAD, subject))
            self.base.executemany(_ADD_SEEN, [(kind, _kept(value), day, at) for kind, value in values])
            if name := " ".join(names.words_of(str(message.first("sender.name")))):
                self.base.execute(_ADD_NAME, (_kept(name), _kept(sender), at))
            hashes = [(PASSAGE, value) for value in passages(str(message.first("body.text")))]
            if identifier:
                hashes.append((MESSAGE_ID, _number(identifier)))
            self.base.executemany(_ADD_HASH, [(kind, value, at) for kind, value in hashes])
        return True

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SourceError(f"cannot be written: {error}", self.path) from error

    def commit(self) -> None:
        """Make what was learned last, and forget the oldest hashes beyond what is kept."""
        with self._writing():
            (count,) = self.base.execute("SELECT count(*) FROM hash").fetchone()
            if count > HASHES:
                query = "DELETE FROM hash WHERE (kind, value) IN (SELECT kind, value FROM hash ORDER BY first LIMIT ?)"
                self.base.execute(query, (count - HASHES,))
            self.base.commit()

    def counts(self) -> dict[str, int]:
        """Give how much is in it, by name."""
        told = {"mails": "SELECT count(*) FROM mail", "passages": f"SELECT count(*) FROM hash WHERE kind = {PASSAGE}"}
        for name, kind in (("senders", SENDER), ("domains", DOMAIN), ("pairs", PAIR), ("subjects", THREAD)):
            told[name] = f"SELECT count(DISTINCT value) FROM seen WHERE kind = {kind}"
        return {name: int(self.base.execute(query).fetchone()[0]) for name, query in told.items()}


@dataclass(frozen=True, slots=True)
class Past:
    """What a store knew before one moment; ``model.history.History`` says what each answer is."""

    base: sqlite3.Connection
    at: int

    def _seen(self, kind: int, value: str) -> Seen:
        # Of the day itself only its first mail has a time; the others count from the next day on.
        query = """SELECT coalesce(sum(CASE WHEN day < ? THEN count ELSE 1 END), 0), min(first), max(first) FROM seen
          WHERE kind = ? AND value = ? AND first < ?"""
        ((count, first, last),) = self._ask(query, self.at // DAY_S, kind, _kept(value), self.at)
        return Seen(count, first or 0, last or 0)

    def _ask(self, query: str, *values: int | str) -> list[tuple[Any, ...]]:
        try:
            return self.base.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise SourceError(f"store of senders cannot be read: {error}") from error

    def seen_sender(self, address: str) -> Seen:
        """Tell how often an address sent."""
        return self._seen(SENDER, address.lower())

    def seen_domain(self, domain: str) -> Seen:
        """Tell how often a registered domain sent."""
        return self._seen(DOMAIN, registered_domain(domain))

    def seen_pair(self, sender: str, recipient: str) -> Seen:
        """Tell how often one wrote to the other."""
        return self._seen(PAIR, f"{sender.lower()} {recipient.lower()}")

    def thread(self, subject: str) -> Seen:
        """Tell how often a subject came, reply prefixes aside."""
        return self._seen(THREAD, subject_of(subject))

    def seen_message_id(self, identifier: str) -> bool:
        """Tell whether a message with this id came."""
        return bool(self._hashes(MESSAGE_ID, [_number(identifier)]))

    def seen_passages(self, hashes: Iterable[int]) -> int:
        """Count the passages that stood in an earlier mail."""
        return self._hashes(PASSAGE, list(hashes)[:1_000])

    def _hashes(self, kind: int, values: Sequence[int]) -> int:
        query = "SELECT 1 FROM hash WHERE kind = ? AND value = ? AND first < ?"
        return sum(bool(self._ask(query, kind, value, self.at)) for value in values)

    def names_of(self, address: str) -> tuple[str, ...]:
        """Give the names that an address showed."""
        query = "SELECT name FROM name WHERE address = ? AND first < ? ORDER BY first LIMIT ?"
        return tuple(name for (name,) in self._ask(query, _kept(address.lower()), self.at, LISTED))

    def addresses_of(self, name: str) -> tuple[str, ...]:
        """Give the addresses that showed a name."""
        query = "SELECT address FROM name WHERE name = ? AND first < ? ORDER BY first LIMIT ?"
        words = _kept(" ".join(names.words_of(name)))
        return tuple(address for (address,) in self._ask(query, words, self.at, LISTED))


def learn(paths: Sequence[str], store: str, jobs: int = 1) -> dict[str, int]:
    """Teach a store every mail below some paths; give how many were read, learned and could not be read.

    Raises:
        SourceError: the store cannot be written.
    """
    counts = {"mails": 0, "learned": 0, "unread": 0}
    with Store(store, write=True) as open_store, Pool(jobs, DEFAULT) as pool:
        for root, tree in pool.run(_roots(paths, store, counts)):
            first = next((one for one in tree if one.address == root.address), None)
            if first is None or not is_message(first):
                counts["unread"] += bool(first is not None and first.unscanned)
                continue
            counts["mails"] += 1
            counts["learned"] += open_store.learn(first)
            if counts["mails"] % BATCH == 0:
                open_store.commit()
        open_store.commit()
    return counts


def _roots(paths: Sequence[str], store: str, counts: dict[str, int]) -> Iterator[Artifact]:
    """Give the mails of files and mailboxes; the store itself may lie among them."""
    own = {Path(store + end).resolve() for end in ("", "-wal", "-shm", "-journal")}
    for one in intake.walk(paths, DEFAULT):
        if one.path.resolve() in own:
            continue
        if one.skipped:
            counts["unread"] += one.failed
            continue
        try:
            if one.source is None:
                yield intake.artifact(one, ())
            elif one.source.event_class == "artifact":
                yield from (item for item in one.source.read(one.path) if isinstance(item, Artifact))
        except (OSError, SourceError):
            counts["unread"] += 1


def show(store: str, addresses: Sequence[str]) -> list[str]:
    """Give lines on what a store holds, or on what it knows of some addresses or domains."""
    with Store(store) as found:
        if not addresses:
            return [f"{name:10} {count}" for name, count in found.counts().items()]
        past, lines = found.before(2**40), []
        for one in addresses:
            seen = past.seen_sender(one) if "@" in one else past.seen_domain(one)
            dates = f", {_date(seen.first_at)} to {_date(seen.last_at)}" if seen else ""
            lines.append(f"{one}: {seen.count} mails{dates}")
            lines += [f"    shows the name: {name}" for name in past.names_of(one)]
        return lines


def _date(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _kept(text: str) -> str:
    """Give a text as the store holds it: of bounded length, and Unicode whatever a mail made of it."""
    return text[:TEXT_CHARS].encode("utf-8", "replace").decode("utf-8")


def _digest(text: str, size: int) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def _number(identifier: str) -> int:
    return int.from_bytes(_digest(identifier.strip(" <>"), 8), "big", signed=True)
