"""The audit log: who did what to which thing when, each entry chained to the one before, so that a gap shows."""

from __future__ import annotations

import csv
import hashlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import orjson

from sekisho.app.console.database import Database

START = "0" * 64


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts."""

    name: str
    address: str = ""
    """IP address that the request came from; empty for the program itself."""


SYSTEM = Actor("sekisho")


def note(base: sqlite3.Connection, who: Actor, action: str, target: str = "", **detail: Any) -> None:
    """Add an entry, in the transaction of what it tells of.

    Args:
        base: a connection inside :meth:`Database.change`.
        who: the account.
        action: two words, what and how: ``incident.close``, ``account.add``.
        target: the id of what it was done to.
        detail: anything JSON can hold, no secrets.
    """
    last = base.execute("SELECT digest FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    entry = (int(time.time()), who.name, who.address, action, target, orjson.dumps(detail).decode())
    previous = last["digest"] if last else START
    base.execute(
        "INSERT INTO audit VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*entry, previous, _digest(previous, *entry)),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries somebody wants to see."""

    who: str = ""
    action: str = ""
    """The first word, or both."""
    target: str = ""
    since_at: int | None = None
    until_at: int | None = None
    before: int | None = None
    """Only entries of lower numbers."""


def entries(database: Database, asked: Asked, most: int) -> list[sqlite3.Row]:
    """Give entries, the latest first."""
    if not asked.action:
        return _entries(database, asked, most)
    found: list[sqlite3.Row] = []
    for action in _actions(database, asked.action):  # an index answers each in order; a range would be sorted whole
        found += _entries(database, asked, most, action)
    return sorted(found, key=lambda row: -int(row["number"]))[:most]


def _entries(database: Database, asked: Asked, most: int, action: str = "") -> list[sqlite3.Row]:
    conditions, values = ["1"], []
    for condition, value in (
        ("who = ?", asked.who),
        ("action = ?", action),
        ("target = ?", asked.target),
        ("at >= ?", asked.since_at),
        ("at < ?", asked.until_at),
        ("number < ?", asked.before),
    ):
        if value not in ("", None):
            conditions.append(condition)
            values.append(value)
    where = " AND ".join(conditions)
    return database.all(f"SELECT * FROM audit WHERE {where} ORDER BY number DESC LIMIT ?", *values, most)


def _actions(database: Database, wanted: str) -> list[str]:
    """Give the actions that there are of a first word; the action itself when both words are given."""
    if "." in wanted:
        return [wanted]
    found: list[str] = []
    last, end = f"{wanted}.", f"{wanted}/"  # / follows . in ASCII
    while row := database.one("SELECT min(action) AS next FROM audit WHERE action > ? AND action < ?", last, end):
        if row["next"] is None:
            break
        last = row["next"]
        found.append(last)
    return found


def table(database: Database, asked: Asked, piece: int = 2_000) -> Iterator[bytes]:
    """Give entries as CSV, piece by piece; what a spreadsheet would calculate is quoted."""
    from dataclasses import replace

    from sekisho.respond.blocklist import STARTS_FORMULA

    names = ("number", "at", "who", "address", "action", "target", "detail", "previous", "digest")
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    while True:
        rows = entries(database, asked, piece)
        for row in rows:
            moment = datetime.fromtimestamp(row["at"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            cells = [moment if name == "at" else str(row[name]) for name in names]
            writer.writerow([f"'{cell}" if cell.startswith(STARTS_FORMULA) else cell for cell in cells])
        yield out.getvalue().encode("utf-8", "backslashreplace")
        if len(rows) < piece:
            return
        asked = replace(asked, before=rows[-1]["number"])
        out.seek(0)
        out.truncate()


def broken(database: Database) -> int | None:
    """Give the number of the first entry that does not follow from the one before; None when all do."""
    previous = START
    query = "SELECT number, at, who, address, action, target, detail, previous, digest FROM audit ORDER BY number"
    cursor = database.base.cursor()
    cursor.row_factory = None  # plain tuples: a million entries are read
    for number, *entry, before, digest in cursor.execute(query):
        if before != previous or digest != _digest(previous, *entry):
            return int(number)
        previous = digest
    return None


def _digest(previous: str, *entry: object) -> str:
    return hashlib.sha256("\x1f".join([previous, *map(str, entry)]).encode("utf-8", "surrogatepass")).hexdigest()
