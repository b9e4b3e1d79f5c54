"""What is told by TAXII: the STIX objects of the incidents, written down when a case was investigated.

An object counts as added when it was first written here or changed, so that clients that ask for what is new get it.
Incidents that people called false positives are not told.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import orjson

from sekisho.app.console import exporting
from sekisho.app.console.audit import SYSTEM, Actor, note
from sekisho.app.console.database import Database, packed, unpacked
from sekisho.app.exchange.export import Wish
from sekisho.model.errors import SekishoError
from sekisho.respond.taxii import Collection

OWN = UUID("0d5f3f0a-54e5-5d0c-8a85-0f1f9b8e3c11")
INCIDENTS = str(uuid5(OWN, "incidents"))
"""Id of the collection."""
KIND = "share"
"""Of the job that writes down anew what all incidents tell."""
MOST_OBJECTS = 50_000
"""Told, the latest."""
EXERCISE, TLP, INTERNAL = "share.exercise", "share.tlp", "share.internal"
"""Settings: ``yes`` keeps names reserved for documentation; a TLP label; ``yes`` names victims."""


def wish(database: Database, own: frozenset[str] = frozenset()) -> Wish:
    """Give how incidents are told, as the settings say."""
    return Wish(
        own=own,
        exercise=database.setting(EXERCISE) == "yes",
        internal=database.setting(INTERNAL) == "yes",
        tlp=database.setting(TLP, "amber"),
    )


def choose(database: Database, by: Actor, *, tlp: str, exercise: bool, internal: bool) -> None:
    """Choose how incidents are told from now on."""
    chosen = ((TLP, tlp), (EXERCISE, "yes" if exercise else "no"), (INTERNAL, "yes" if internal else "no"))
    with database.change() as base:
        base.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", chosen)
        note(base, by, "share.choose", "taxii", tlp=tlp, exercise=exercise, internal=internal)


def refresh_all(database: Database, own: frozenset[str], report: Callable[[str, int, int, str], None]) -> None:
    """Write down anew what the incidents of all cases tell.

    Raises:
        SekishoError: an incident cannot be told.
    """
    cases = [row["id"] for row in database.all("SELECT id FROM cases ORDER BY id")]
    for done, key in enumerate(cases):
        report(KIND, done, len(cases), key)
        refresh(database, key, own)


def after_investigation(database: Database, case_id: str, own: frozenset[str]) -> None:
    """Write down what a case's incidents tell; what goes wrong is noted and takes no investigation with it."""
    try:
        refresh(database, case_id, own)
    except (SekishoError, sqlite3.Error, ValueError) as error:
        with database.change() as base:
            note(base, SYSTEM, "share.fail", case_id, reason=str(error)[:500])


def refresh(database: Database, case_id: str, own: frozenset[str] = frozenset()) -> int:
    """Write down what a case's incidents tell, in place of what they told before; give how many objects changed.

    Raises:
        SekishoError: an incident cannot be told.
    """
    keys = [row["id"] for row in database.all("SELECT id FROM incidents WHERE case_id = ? ORDER BY id", case_id)]
    made: dict[str, dict[str, Any]] = {}
    owners: list[tuple[str, str, str]] = []
    for key in keys:
        asked = wish(database, own)
        data, _ = exporting.make(database, key, "stix", asked)
        for one in orjson.loads(data)["objects"]:
            made[one["id"]] = one
            owners.append((one["id"], key, case_id))
    with database.change() as base:
        base.execute("DELETE FROM told_by WHERE case_id = ?", (case_id,))
        base.executemany("INSERT OR REPLACE INTO told_by VALUES (?, ?, ?)", owners)
        changed = _write(base, made.values())
        _prune(base)
    return changed


def prune(database: Database) -> None:
    """Forget what cases told that were deleted."""
    with database.change() as base:
        _prune(base)


def _prune(base: sqlite3.Connection) -> None:
    base.execute("DELETE FROM told_by WHERE case_id NOT IN (SELECT id FROM cases)")
    base.execute("DELETE FROM told WHERE id NOT IN (SELECT object FROM told_by)")


def _write(base: sqlite3.Connection, objects: Iterable[dict[str, Any]]) -> int:
    changed = 0
    last = base.execute("SELECT max(added) FROM told").fetchone()[0] or 0.0
    at_us = max(int(time.time() * 1_000_000), round(last * 1_000_000) + 1)
    for one in objects:
        digest = hashlib.sha256(orjson.dumps(one, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
        held = base.execute("SELECT digest FROM told WHERE id = ?", (one["id"],)).fetchone()
        if held is None or held["digest"] != digest:
            added = (at_us + changed) / 1_000_000  # no two in one microsecond: clients ask for what came after one
            changed += 1
            base.execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)", (one["id"], added, digest, packed(one)))
    return changed


def state(database: Database) -> tuple[int, ...]:
    """Give what changes whenever the collection does."""
    row = database.one(
        "SELECT count(*), CAST(max(added) * 1000000 AS INTEGER), "
        "(SELECT count(*) FROM triage WHERE disposition LIKE 'false%'), (SELECT count(*) FROM incidents) FROM told"
    )
    return tuple(int(value or 0) for value in row) if row is not None else ()


def collection(database: Database) -> Collection:
    """Give the collection of the incidents' objects, the oldest first."""
    rows = database.all(
        "SELECT added, doc FROM told WHERE id IN (SELECT object FROM told_by JOIN incidents ON id = incident "
        "WHERE incident NOT IN (SELECT incident FROM triage WHERE disposition LIKE 'false%')) "
        "ORDER BY added DESC, id LIMIT ?",
        MOST_OBJECTS,
    )
    objects = tuple((_moment(row["added"]), unpacked(row["doc"])) for row in reversed(rows))
    return Collection(INCIDENTS, "Incidents", f"{len(objects)} objects", objects)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
