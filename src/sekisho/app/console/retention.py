"""How long things are kept: cases by age and by the size of all evidence, events by age; open incidents stay."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from sekisho.app.console.audit import SYSTEM, Actor, note
from sekisho.app.console.cases import Cases
from sekisho.app.console.database import Database
from sekisho.model.errors import SourceError

CASE_DAYS, CASE_BYTES, EVENT_DAYS = "retention.case_days", "retention.case_bytes", "retention.event_days"
DAY_S = 86_400
MOST = {CASE_DAYS: 36_500, CASE_BYTES: 1 << 50, EVENT_DAYS: 36_500}


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept; 0 means without limit."""

    case_days: int = 0
    """Since a case was last changed."""
    case_bytes: int = 0
    """Of the evidence of all cases."""
    event_days: int = 0
    """Before the latest event in the store."""


def policy(database: Database) -> Policy:
    """Give what was chosen; nothing is removed until something is."""
    return Policy(*(int(database.setting(name, "0")) for name in (CASE_DAYS, CASE_BYTES, EVENT_DAYS)))


def choose(database: Database, chosen: Policy, by: Actor) -> None:
    """Keep to another policy from now on.

    Raises:
        SourceError: a number is below nothing or beyond sense.
    """
    values = {CASE_DAYS: chosen.case_days, CASE_BYTES: chosen.case_bytes, EVENT_DAYS: chosen.event_days}
    for name, value in values.items():
        if not 0 <= value <= MOST[name]:
            raise SourceError(f"is not between 0 and {MOST[name]}", name)
    with database.change() as base:
        base.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", [(k, str(v)) for k, v in values.items()])
        note(base, by, "retention.change", "", **{name.partition(".")[2]: value for name, value in values.items()})


def due(database: Database, chosen: Policy, now: float) -> list[tuple[str, str]]:
    """Give id and name of the cases that a policy no longer keeps, the longest unchanged first.

    A case with an incident that is not closed stays, whatever its age, and so does one that is being investigated.
    """
    rows = database.all(
        "SELECT id, name, changed_at, (SELECT coalesce(sum(bytes), 0) FROM files WHERE case_id = cases.id) AS bytes, "
        "EXISTS (SELECT 1 FROM incidents i JOIN triage t ON t.incident = i.id "
        "WHERE i.case_id = cases.id AND t.state != 'closed') "
        "OR EXISTS (SELECT 1 FROM jobs WHERE case_id = cases.id AND state IN ('queued', 'running')) AS stays "
        "FROM cases ORDER BY changed_at, id"
    )
    total, found = sum(row["bytes"] for row in rows), []
    for row in rows:
        old = chosen.case_days and row["changed_at"] < now - chosen.case_days * DAY_S
        large = chosen.case_bytes and total > chosen.case_bytes
        if (old or large) and not row["stays"]:
            found.append((row["id"], row["name"]))
            total -= row["bytes"]
    return found


def apply(database: Database, cases: Cases, now: float | None = None) -> int:
    """Remove what the policy no longer keeps, and give how many cases that were."""
    chosen, removed = policy(database), 0
    for key, _ in due(database, chosen, time.time() if now is None else now):
        try:
            cases.delete(key, SYSTEM)
            removed += 1
        except SourceError:
            continue  # somebody has it investigated just now
    if chosen.event_days:
        _prune(database, database.folder, chosen.event_days)
    return removed


def _prune(database: Database, folder: Path, days: int) -> None:
    """Remove files of events that are older, unless somebody writes to the store just now."""
    from sekisho.app.store.state import State

    try:
        with State(folder, write=True) as state:
            old = state.prune(days)
    except SourceError:
        return
    if old:
        with database.change() as base:
            note(base, SYSTEM, "events.prune", "", files=len(old), events=sum(one.rows for one in old))
