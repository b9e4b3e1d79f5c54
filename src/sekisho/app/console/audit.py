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
    conditions, values = ["1"], []
    for condition, value in (
        ("who = ?", asked.who),
        ("target = ?", asked.target),
        ("at >= ?", asked.since_at),
        ("at < ?", asked.until_at),
        ("number < ?", asked.before),
    ):
        if value not in ("", None):
            conditions.append(condition)
            values.append(value)
    if asked.action:
        conditions.append("action >= ? AND action < ?" if "." not in asked.action else "action = ?")
        values += [f"{asked.action}.", f"{asked.action}/"] if "." not in asked.action else [asked.action]  # / follows .
    where = " AND ".join(conditions)
    return database.all(f"SELECT * FROM audit WHERE {where} ORDER BY number DESC LIMIT ?", *values, most)


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
    for row in database.base.execute("SELECT * FROM audit ORDER BY number"):
        entry = (row["at"], row["who"], row["address"], row["action"], row["target"], row["detail"])
        if row["previous"] != previous or row["digest"] != _digest(previous, *entry):
            return int(row["number"])
        previous = row["digest"]
    return None


def _digest(previous: str, *entry: object) -> str:
    return hashlib.sha256("\x1f".join([previous, *map(str, entry)]).encode("utf-8", "surrogatepass")).hexdigest()
