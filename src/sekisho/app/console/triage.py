"""Triage: what people decide about incidents; nobody overwrites what they have not seen."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database
from sekisho.model.errors import SekishoError, SourceError

STATES = ("new", "progress", "contained", "closed")
DISPOSITIONS = ("true_positive", "benign", "false_positive", "duplicate")
LONGEST_REASON, LONGEST_COMMENT = 2_000, 20_000
MOST_AT_ONCE = 200
MOST_MERGES = 2_000  # kept apart at once: one reason may stand on hundreds
LOCAL = "local"
_MERGE = r"g[0-9a-f]{12}"
SORTS = {
    "severity": "rank DESC, last_at DESC, i.id",
    "latest": "last_at DESC, i.id",
    "first": "first_at DESC, i.id",
    "score": "score DESC, last_at DESC, i.id",
    "changed": "t.changed_at DESC, i.id",
}


class StaleError(SekishoError):
    """Somebody else changed an incident since it was shown."""

    def __init__(self, incident: str, now: sqlite3.Row) -> None:
        """``now`` is the incident's triage as it stands."""
        super().__init__(f"{now['changed_by'] or 'somebody'} changed {incident} since it was shown")
        self.incident, self.now = incident, now


class MissingError(SekishoError):
    """There is no such incident, or it is no part of the other."""


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody wants to be different; None leaves a thing as it is."""

    state: str | None = None
    assignee: str | None = None
    disposition: str | None = None
    reason: str | None = None


def of(database: Database, key: str) -> sqlite3.Row | None:
    """Give the triage of an incident."""
    return database.one("SELECT * FROM triage WHERE incident = ?", key)


def change(database: Database, shown: Sequence[tuple[str, int]], wanted: Change, by: Actor) -> None:
    """Change the triage of incidents, all of them or none.

    Args:
        database: the console's.
        shown: (id, version that the person saw) pairs, MOST_AT_ONCE at most.
        wanted: the change, the same for all.
        by: who.

    Raises:
        SourceError: a state, disposition or account is none, or an incident would be closed without saying as what.
        StaleError: somebody else changed one of them meanwhile; nothing was changed.
        MissingError: one of them does not exist.
    """
    if not 0 < len(shown) <= MOST_AT_ONCE:
        raise SourceError(f"1 to {MOST_AT_ONCE} incidents at once", str(len(shown)))
    _check(database, wanted)
    with database.change() as base:
        for key, version in dict(shown).items():
            row = _row(base, key)
            if row["version"] != version:
                raise StaleError(key, row)
            _apply(base, row, wanted, by)


def _row(base: sqlite3.Connection, key: str) -> sqlite3.Row:
    row: sqlite3.Row | None = base.execute(
        "SELECT t.* FROM triage t JOIN incidents i ON i.id = t.incident WHERE incident = ?", (key,)
    ).fetchone()
    if row is None:
        raise MissingError(f"there is no incident {key}")
    return row


def _check(database: Database, wanted: Change) -> None:
    if wanted.state is not None and wanted.state not in STATES:
        raise SourceError(f"a state is one of {', '.join(STATES)}", wanted.state[:100])
    if wanted.disposition not in (None, "", *DISPOSITIONS):
        raise SourceError(f"a disposition is one of {', '.join(DISPOSITIONS)}", str(wanted.disposition)[:100])
    if wanted.reason is not None and len(wanted.reason) > LONGEST_REASON:
        raise SourceError(f"a reason has {LONGEST_REASON} characters at most", "reason")
    if wanted.assignee and wanted.assignee not in people(database):
        raise SourceError("there is no such account, or it may not sign in", wanted.assignee[:100])


def people(database: Database) -> list[str]:
    """Give whom an incident can be assigned to."""
    rows = database.all("SELECT name FROM accounts WHERE NOT disabled AND role != 'viewer' ORDER BY name LIMIT 1000")
    return [row["name"] for row in rows] or [LOCAL]


def _apply(base: sqlite3.Connection, row: sqlite3.Row, wanted: Change, by: Actor) -> None:
    now = {name: row[name] for name in ("state", "assignee", "disposition", "reason")}
    given = {name: getattr(wanted, name) for name in now}
    new = {name: now[name] if value is None else clean(value) for name, value in given.items()}
    if new["state"] == "closed" and not (new["disposition"] and new["reason"].strip()):
        raise SourceError("say what it was and why before you close it", row["incident"])
    if now["state"] == "closed" and new["state"] != "closed" and wanted.disposition is None:
        new["disposition"] = new["reason"] = ""  # reopened: what it is, is open again
    changed = {name: [now[name], new[name]] for name in now if now[name] != new[name]}
    if not changed:
        return
    base.execute(
        "UPDATE triage SET state = ?, assignee = ?, disposition = ?, reason = ?, version = version + 1, "
        "changed_at = ?, changed_by = ? WHERE incident = ?",
        (*new.values(), int(time.time()), by.name, row["incident"]),
    )
    act = "incident.close" if new["state"] == "closed" and "state" in changed else "incident.triage"
    note(base, by, act, row["incident"], **changed)


def clean(text: str) -> str:
    """Give what somebody typed without what a database or another's screen would stumble over."""
    return "".join(one for one in text if one in "\n\t" or (one >= " " and not "\ud800" <= one <= "\udfff"))


def comment(database: Database, key: str, text: str, by: Actor) -> int:
    """Keep what somebody says about an incident and give its number.

    Raises:
        SourceError: it is empty or too long.
        MissingError: there is no such incident.
    """
    said = clean(text).strip()
    if not said or len(said) > LONGEST_COMMENT:
        raise SourceError(f"a comment has 1 to {LONGEST_COMMENT} characters", "comment")
    with database.change() as base:
        _row(base, key)
        made = base.execute(
            "INSERT INTO comments (incident, at, who, text) VALUES (?, ?, ?, ?)", (key, int(time.time()), by.name, said)
        )
        note(base, by, "incident.comment", key, comment=made.lastrowid, characters=len(said))
        return int(made.lastrowid or 0)


def comments(database: Database, keys: Sequence[str]) -> list[sqlite3.Row]:
    """Give the comments on an incident and on those merged into it, the oldest first."""
    marks = ", ".join("?" * len(keys))
    return database.all(f"SELECT * FROM comments WHERE incident IN ({marks}) ORDER BY id LIMIT 1000", *keys)


def history(database: Database, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Give what was done to an incident and those merged into it, the latest first."""
    marks = ", ".join("?" * len(keys))
    rows = database.all(f"SELECT * FROM audit WHERE target IN ({marks}) ORDER BY number DESC LIMIT 200", *keys)
    return [{**row, "detail": orjson.loads(row["detail"])} for row in map(dict, rows)]


def merge(database: Database, keys: Sequence[str], by: Actor) -> str:
    """Tell incidents as one, under the gravest of them, and give its id; what was merged into any comes along.

    Raises:
        SourceError: fewer than two, or too many.
        MissingError: one of them does not exist, or is part of another already.
    """
    wanted = list(dict.fromkeys(keys))
    if not 2 <= len(wanted) <= 20:
        raise SourceError("2 to 20 incidents can be told as one", str(len(wanted)))
    with database.change() as base:
        rows = []
        for key in wanted:
            if _row(base, key)["merged_into"]:
                raise MissingError(f"{key} is part of another incident already")
            rows.append(base.execute("SELECT id, rank, score FROM incidents WHERE id = ?", (key,)).fetchone())
        head = max(rows, key=lambda row: (row["rank"], row["score"], -wanted.index(row["id"])))["id"]
        others = [key for key in wanted if key != head]
        for key in others:
            moved = base.execute("SELECT incident FROM triage WHERE merged_into = ?", (key,)).fetchall()
            for part in (key, *(row["incident"] for row in moved)):
                _point(base, part, head, by)
            note(base, by, "incident.merge", key, into=head)
        _touch(base, head, by)
        note(base, by, "incident.merge", head, took=others)
        return str(head)


def unmerge(database: Database, head: str, part: str, by: Actor) -> None:
    """Tell an incident by itself again.

    Raises:
        MissingError: it is no part of the other.
    """
    with database.change() as base:
        if _row(base, part)["merged_into"] != head:
            raise MissingError(f"{part} is no part of {head}")
        _point(base, part, "", by)
        _touch(base, head, by)
        for one, other in ((part, {"out_of": head}), (head, {"gave": part})):
            note(base, by, "incident.unmerge", one, **other)


def _point(base: sqlite3.Connection, part: str, head: str, by: Actor) -> None:
    base.execute("UPDATE triage SET merged_into = ? WHERE incident = ?", (head, part))
    _touch(base, part, by)


def _touch(base: sqlite3.Connection, key: str, by: Actor) -> None:
    base.execute(
        "UPDATE triage SET version = version + 1, changed_at = ?, changed_by = ? WHERE incident = ?",
        (int(time.time()), by.name, key),
    )


def split(database: Database, key: str, merges: Sequence[str], by: Actor) -> str:
    """Keep apart what some merges of the correlation united, from the case's next investigation on; give the case.

    Args:
        database: the console's.
        key: the incident they united.
        merges: their ids, from the incident's document.
        by: who.

    Raises:
        SourceError: an id is none.
        MissingError: there is no such incident.
    """
    if not 0 < len(merges) <= MOST_MERGES or not all(re.fullmatch(_MERGE, one) for one in merges):
        raise SourceError("is no merge of this incident", " ".join(merges)[:200])
    with database.change() as base:
        _row(base, key)
        case = str(base.execute("SELECT case_id FROM incidents WHERE id = ?", (key,)).fetchone()["case_id"])
        _apart(base, case, add=merges)
        for target in (key, case):
            note(base, by, "incident.split", target, merges=list(merges), case=case, incident=key)
        return case


def unsplit(database: Database, case: str, merges: Sequence[str], by: Actor) -> None:
    """Let merges unite again what they did, from the case's next investigation on.

    Raises:
        MissingError: there is no such case, or it does not keep these apart.
    """
    with database.change() as base:
        row = base.execute("SELECT apart FROM cases WHERE id = ?", (case,)).fetchone()
        if row is None or not merges or not set(merges) <= set(row["apart"].split()):
            raise MissingError("this is not kept apart")
        _apart(base, case, drop=merges)
        note(base, by, "incident.unsplit", case, merges=list(merges))


def _apart(base: sqlite3.Connection, case: str, *, add: Sequence[str] = (), drop: Sequence[str] = ()) -> None:
    kept = base.execute("SELECT apart FROM cases WHERE id = ?", (case,)).fetchone()["apart"].split()
    kept = [one for one in dict.fromkeys([*kept, *add]) if one not in drop]
    base.execute("UPDATE cases SET apart = ? WHERE id = ?", (" ".join(kept), case))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents a list shows."""

    severity: str = ""
    state: str = "open"
    """``open`` is every state but closed; empty is all."""
    assignee: str = ""
    disposition: str = ""
    text: str = ""
    """Part of a title or an id."""
    sort: str = "severity"
    ids: tuple[str, ...] = ()
    """Only these."""


def listed(database: Database, wanted: Wanted, limit: int, offset: int = 0) -> tuple[list[sqlite3.Row], int]:
    """Give one page of the list of incidents, and how many there are in all."""
    where, values = _where(wanted)
    # CROSS keeps SQLite from walking through triage first: the order is the incidents', whose index ends at the limit.
    tables = "FROM incidents i CROSS JOIN triage t ON t.incident = i.id"
    named = f"{tables} CROSS JOIN cases c ON c.id = i.case_id"
    rows = database.all(
        "SELECT i.id, i.case_id, severity, i.verdict, score, title_en, title_ja, first_at, last_at, hosts, mailboxes, "
        "attack, state, assignee, disposition, version, t.changed_at, name, "
        "(SELECT count(*) FROM triage p WHERE p.merged_into = i.id AND p.merged_into != '') AS merged "
        f"{named} WHERE {where} ORDER BY {SORTS[wanted.sort]} LIMIT ? OFFSET ?",
        *values,
        limit,
        offset,
    )
    return rows, database.count(f"SELECT count(*) {named if wanted.text else tables} WHERE {where}", *values)


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    parts, values = ["merged_into = ''"], []
    for column in ("severity", "assignee", "disposition"):
        if value := getattr(wanted, column):
            parts.append(f"{column} = ?")
            values.append(value)
    if wanted.ids:
        parts.append(f"i.id IN ({', '.join('?' * len(wanted.ids))})")
        values += wanted.ids
    if wanted.state == "open":
        parts.append("state != 'closed'")
    elif wanted.state:
        parts.append("state = ?")
        values.append(wanted.state)
    if text := clean(wanted.text).strip()[:200]:
        folded = text.lower()
        plain = folded.replace("[.]", ".")  # titles are kept defanged
        parts.append(
            "(instr(replace(lower(title_en), '[.]', '.'), ?) OR instr(replace(lower(title_ja), '[.]', '.'), ?) "
            "OR i.id = ? OR instr(lower(name), ?))"
        )
        values += [plain, plain, folded, folded]
    return " AND ".join(parts), values
