"""Sweeps: indicators and rules are looked for in every stored event, as a job, and what is found is kept."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from sekisho.app.console import indicators, rulebook
from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database
from sekisho.app.console.jobs import Job, Jobs
from sekisho.app.exchange import sweep
from sekisho.model.errors import SourceError
from sekisho.model.finding import LEVELS, Finding
from sekisho.model.indicator import Indicator

KIND = "sweep"
MOST_HITS = 50_000
"""Kept of a sweep: those of the latest events; all are counted."""
MOST_GROUPS = 1_000
MOST_SWEEPS = 200
LONGEST_EVIDENCE = 4_000
Report = Callable[[str, int, int, str], None]


def ask(database: Database, by: Actor, *, known: bool, rules: bool) -> str:
    """Have everything stored searched, for the indicators, the rules that were added here, or both; give an id.

    Raises:
        SourceError: there is nothing to look for.
    """
    known = known and indicators.place(database).exists()
    folder = database.folder / rulebook.FOLDER
    rules = rules and folder.is_dir() and any(folder.rglob("*.y*ml"))
    if not known and not rules:
        raise SourceError("there is nothing to look for: import indicators or add rules first", KIND)
    key = "s" + secrets.token_hex(6)
    with database.change() as base:
        base.execute(
            "INSERT INTO sweeps (id, asked_by, asked_at, indicators, rules) VALUES (?, ?, ?, ?, ?)",
            (key, by.name, int(time.time()), known, str(folder) if rules else ""),
        )
        old = base.execute("SELECT id FROM sweeps ORDER BY asked_at DESC, id LIMIT -1 OFFSET ?", (MOST_SWEEPS,))
        for row in old.fetchall():
            base.execute("DELETE FROM sweep_hits WHERE sweep = ?", (row["id"],))
            base.execute("DELETE FROM sweeps WHERE id = ?", (row["id"],))
        note(base, by, "sweep.ask", key, indicators=known, rules=rules)
    Jobs(database).ask(key, by, KIND)
    return key


def run(database: Database, job: Job, report: Report) -> None:
    """Do a sweep; one that was ended before begins anew.

    Raises:
        SourceError: a store cannot be read.
    """
    row = database.one("SELECT * FROM sweeps WHERE id = ?", job.case_id)
    if row is None:
        return
    store = str(indicators.place(database)) if row["indicators"] else ""
    with database.change() as base:
        base.execute("DELETE FROM sweep_hits WHERE sweep = ?", (row["id"],))
    number = 0

    def keep(found: list[Finding], known: Mapping[str, Indicator]) -> None:
        nonlocal number
        room = max(0, MOST_HITS - number)
        with database.change() as base:
            for one in found[:room]:
                _write(base, row["id"], number, one)
                number += 1
        if store:
            sweep.record(found, known, store)

    kept = sweep.Kept(database.folder, report)
    outcome = sweep.run([], store, [row["rules"]] if row["rules"] else [], kept=kept, keep=keep)
    with database.change() as base:
        base.execute(
            "UPDATE sweeps SET ended_at = ?, total = ?, summary = ? WHERE id = ?",
            (int(time.time()), outcome.total, orjson.dumps(_summary(outcome)).decode(), row["id"]),
        )


def _write(base: sqlite3.Connection, key: str, number: int, one: Finding) -> None:
    evidence = orjson.dumps([[item.field, str(item.value)[:500]] for item in one.evidence[:8]]).decode()
    at = None if one.time_ns is None else one.time_ns // 1_000_000_000
    values = (one.rule_id, one.level, one.title, at, one.host, one.user, one.source, one.record, one.event_id)
    cleaned = [value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in values]
    kept = evidence if len(evidence) <= LONGEST_EVIDENCE else "[]"
    base.execute(f"INSERT INTO sweep_hits VALUES ({', '.join('?' * 12)})", (key, number, *cleaned, kept))


def _summary(outcome: sweep.Outcome) -> dict[str, Any]:
    """Give what was looked at, and what was found by indicator and rule, the gravest first."""
    order = sorted(outcome.groups.values(), key=lambda one: (-LEVELS.index(one.sample.level), -one.count))
    groups = []
    for one in order[:MOST_GROUPS]:
        told = outcome.indicators.get(one.sample.rule_id)
        groups.append(
            {
                "rule": one.sample.rule_id,
                "titles": {"en": one.sample.title_in("en"), "ja": one.sample.title_in("ja")},
                "level": one.sample.level,
                "kind": told.kind if told else "",
                "value": told.value if told else "",
                "source": told.source if told else "",
                "count": one.count,
                "hosts": list(one.hosts)[:20],
                "first": None if one.first_ns is None else one.first_ns // 1_000_000_000,
                "last": None if one.last_ns is None else one.last_ns // 1_000_000_000,
            }
        )
    unread = [f"{one.path}: {one.skipped or ''}" for one in outcome.unread]
    unread += [f"{path}: {reason}" for path, reason in outcome.failed]
    summary: dict[str, Any] = _clean(
        {
            "events": outcome.events,
            "indicators": len(outcome.indicators),
            "rules": outcome.rules,
            "groups": groups,
            "more": max(0, len(order) - MOST_GROUPS),
            "notes": [*unread[:50], *outcome.notes[:50]],
        }
    )
    return summary


def _clean(value: Any) -> Any:
    """Give a value as JSON can hold it."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value
