"""The audit log: who did what to which thing when, each entry chained to the one before, so that a gap shows."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from dataclasses import dataclass
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
