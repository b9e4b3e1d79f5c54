"""Everything known of one thing: a mailbox, an account, a host, an address, a file, a link.

Rows that are read are bounded, so that the page of a domain that every mail names is as fast as any other.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database, unpacked
from sekisho.app.console.hunts import Asked
from sekisho.app.store._search import Where
from sekisho.detect.hunting import parse, term
from sekisho.model.errors import RuleError, SourceError

KINDS = (
    "mailbox", "user", "host", "process", "file", "path", "url", "domain", "ip", "sha256", "message", "registry",
    "account", "sid",
)  # fmt: skip
OWNERS = ("incident", "message", "finding")
COUNTED = 3_000
"""Places of one entity that are counted, of each owner; more are said to be more."""
SHOWN, RELATED = 20, 16
LATEST = {"incident": 60, "message": 80, "finding": 20}
"""Places that say what is named together; a finding names little else."""
MOST_TOGETHER = 6_000
COMMON = 60  # uses above which a thing is called common, and counted no further
MOST_DOCUMENTS = 4  # incidents whose documents are opened for who is who
LONGEST_NOTE, MOST_NOTES = 4_000, 200
ACTIONS = {
    "host": "isolate",
    "mailbox": "quarantine",
    "ip": "block",
    "domain": "block",
    "url": "block",
    "sha256": "block",
}
"""What is proposed for a kind of thing."""
_SAME = {"user": ("account",), "account": ("user",), "host": ("host",), "ip": ("ip",), "mailbox": ("mailbox",)}
INDICATORS = {"sha256": "sha256", "ip": "ip", "domain": "domain", "url": "url", "mailbox": "email", "file": "file"}
"""Kinds of indicators that are the same thing."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of an entity."""

    kind: str
    value: str
    """As it was first met."""
    uses: int
    """Places that name it, of each owner at most COUNTED."""
    first_at: int | None
    last_at: int | None
    roles: tuple[tuple[str, str, int], ...]
    """What names it (``incident``, ``message`` or ``finding``), in which role, and how many of these, at most
    COUNTED."""
    others: tuple[tuple[str, str], ...]
    """Kind and value of what is called the same: another kind, or the host by its long or short name."""


def known(database: Database, kind: str, value: str) -> Known:
    """Give what is known of an entity; of one that nothing names, that it was never met."""
    roles: list[tuple[str, str, int]] = []
    times: list[int] = []
    spelled = value
    for owner in OWNERS:
        place = (kind, value, owner)
        where = "FROM entities WHERE kind = ? AND value = ? AND owner = ?"
        counted = database.all(
            f"SELECT role, count(*) AS number, min(value) AS value FROM (SELECT role, value {where} LIMIT ?) "
            "GROUP BY role ORDER BY number DESC",
            *place,
            COUNTED,
        )
        if counted:
            spelled = counted[0]["value"]
            roles += [(owner, row["role"], row["number"]) for row in counted]
            for least in ("min(at)", "max(at)"):
                row = database.one(f"SELECT {least} AS at {where}", *place)
                times += [row["at"]] if row is not None and row["at"] is not None else []
    return Known(
        kind,
        spelled,
        sum(number for _, _, number in roles),
        min(times, default=None),
        max(times, default=None),
        tuple(roles),
        tuple(_others(database, kind, value)),
    )


def _others(database: Database, kind: str, value: str) -> Iterator[tuple[str, str]]:
    """Give things that are called the same."""
    for other in KINDS:
        if other != kind:
            row = database.one("SELECT value FROM entities WHERE kind = ? AND value = ? LIMIT 1", other, value)
            if row is not None:
                yield other, row["value"]
    if kind == "host" and value:
        short = value.partition(".")[0]
        rows = database.all(
            "SELECT DISTINCT value COLLATE NOCASE AS value FROM (SELECT value FROM entities WHERE kind = 'host' "
            "AND (value = ? OR (value > ? AND value < ?)) AND value != ? LIMIT 500) LIMIT 5",
            short,
            f"{short}.",
            f"{short}/",
            value,
        )
        yield from (("host", row["value"]) for row in rows)
    if kind == "user" and "\\" in value:
        row = database.one(
            "SELECT value FROM entities WHERE kind = 'user' AND value = ? LIMIT 1", value.rpartition("\\")[2]
        )
        if row is not None:
            yield "user", row["value"]


def incidents(database: Database, kind: str, value: str) -> list[dict[str, Any]]:
    """Give the latest incidents that name it, or whose findings do, with the roles it has in each."""
    roles: dict[str, list[str]] = {}
    named = database.all(
        "SELECT ref, role FROM entities WHERE kind = ? AND value = ? AND owner = 'incident' ORDER BY at DESC LIMIT 200",
        kind,
        value,
    )
    found = database.all(
        "SELECT DISTINCT f.incident AS ref, e.role FROM (SELECT ref, case_id, role FROM entities WHERE kind = ? "
        "AND value = ? AND owner = 'finding' ORDER BY at DESC LIMIT 500) e JOIN findings f ON f.case_id = e.case_id "
        "AND f.id = e.ref WHERE f.incident != ''",
        kind,
        value,
    )
    for row in named:
        roles.setdefault(row["ref"], []).append(row["role"])
    for row in found:
        roles.setdefault(row["ref"], [row["role"]])
    wanted = list(roles)[:200]
    rows = database.all(
        "SELECT i.id, severity, title_en, title_ja, first_at, last_at, state FROM incidents i "
        f"JOIN triage t ON t.incident = i.id WHERE i.id IN ({', '.join('?' * len(wanted))}) "
        "ORDER BY last_at DESC LIMIT ?",
        *wanted,
        SHOWN,
    )
    return [{**dict(row), "roles": " ".join(roles[row["id"]])} for row in rows]


def messages(database: Database, kind: str, value: str) -> list[dict[str, Any]]:
    """Give the latest messages that name it, each with the roles it has there."""
    rows = database.all(
        "SELECT ref, role FROM entities WHERE kind = ? AND value = ? AND owner = 'message' ORDER BY at DESC LIMIT ?",
        kind,
        value,
        4 * SHOWN,
    )
    roles: dict[str, list[str]] = {}
    for row in rows:
        roles.setdefault(row["ref"], []).append(row["role"])
    wanted = list(roles)[:SHOWN]
    marks = ", ".join("?" * len(wanted))
    found = database.all(
        f"SELECT id, kind, subject, sender, at, verdict, attachments FROM messages WHERE id IN ({marks}) "
        "ORDER BY at DESC",
        *wanted,
    )
    return [{**dict(row), "roles": " ".join(roles[row["id"]])} for row in found]


def findings(database: Database, kind: str, value: str) -> list[Any]:
    """Give the latest findings on it, alike ones once with their number."""
    return database.all(
        "SELECT rule_id, level, title_en, title_ja, count(*) AS number, min(f.at) AS first_at, max(f.at) AS last_at, "
        "max(f.incident) AS incident FROM (SELECT ref, case_id FROM entities WHERE kind = ? AND value = ? "
        "AND owner = 'finding' ORDER BY at DESC LIMIT 500) e JOIN findings f ON f.case_id = e.case_id AND f.id = e.ref "
        "GROUP BY rule_id ORDER BY max(f.at) DESC LIMIT ?",
        kind,
        value,
        SHOWN,
    )


@dataclass(frozen=True, slots=True)
class Near:
    """Something that is named together with an entity."""

    kind: str
    value: str
    shared: int
    """Incidents, messages and findings that name both."""
    uses: int
    """All that name it; COMMON when more."""
    role: str


def related(database: Database, kind: str, value: str) -> list[Near]:
    """Give what is named together with it: what shares much and is rare elsewhere first."""
    latest = " UNION ALL ".join(
        f"SELECT ref FROM (SELECT DISTINCT ref FROM entities WHERE kind = :kind AND value = :value "
        f"AND owner = '{owner}' ORDER BY at DESC LIMIT {most})"
        for owner, most in LATEST.items()
    )
    rows = database.base.execute(
        "SELECT e.kind, e.value, count(DISTINCT e.ref) AS shared, max(e.role) AS role FROM (SELECT o.kind, o.value, "
        f"o.ref, o.role FROM ({latest}) r JOIN entities o ON o.ref = r.ref WHERE NOT (o.kind = :kind AND "
        "o.value = :value) AND o.kind != 'message' LIMIT :most) e GROUP BY e.kind, e.value COLLATE NOCASE "
        "ORDER BY shared DESC LIMIT 150",
        {"kind": kind, "value": value, "most": MOST_TOGETHER},
    ).fetchall()
    made = []
    for row in rows:
        uses = database.count(
            "SELECT count(*) FROM (SELECT 1 FROM entities WHERE kind = ? AND value = ? LIMIT ?)",
            row["kind"],
            row["value"],
            COMMON,
        )
        made.append(Near(row["kind"], row["value"], row["shared"], uses, row["role"]))
    made.sort(key=lambda one: (-one.shared / (max(one.uses, one.shared) + 2), -one.shared, one.kind, one.value))
    return _mixed(made)


def _mixed(found: list[Near]) -> list[Near]:
    """Give the first, but no more than a third of one kind, so that a list of forty links hides no host."""
    counts: Counter[str] = Counter()
    kept = []
    for one in found:
        counts[one.kind] += 1
        if counts[one.kind] <= max(3, RELATED // 3):
            kept.append(one)
    return kept[:RELATED]


def identities(database: Database, kind: str, value: str) -> list[dict[str, Any]]:
    """Give who is who: the ties of this entity in the latest incidents that name it."""
    kinds = _SAME.get(kind)
    if kinds is None:
        return []
    names = {value.casefold(), value.rpartition("\\")[2].casefold()}
    if kind == "host":
        names.add(value.partition(".")[0].casefold())
    rows = database.all(
        "SELECT DISTINCT i.id, doc_en FROM (SELECT DISTINCT ref FROM entities WHERE kind = ? AND value = ? "
        "AND owner = 'incident' ORDER BY at DESC LIMIT 50) JOIN incidents i ON i.id = ref "
        "ORDER BY last_at DESC LIMIT ?",
        kind,
        value,
        MOST_DOCUMENTS,
    )
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        for tie in unpacked(row["doc_en"])["incident"].get("identities", ()):
            for mine, other in ((tie["left"], tie["right"]), (tie["right"], tie["left"])):
                if mine["type"] in kinds and mine["value"].casefold() in names:
                    told = {"kind": other["type"], "value": other["value"], "confidence": tie["confidence"]}
                    told.update(key=tie["facts"].get("key", ""), why=tie["why"], incident=row["id"])
                    found.setdefault((other["type"], other["value"].casefold()), told)
    return sorted(found.values(), key=lambda one: (-one["confidence"], one["kind"], one["value"]))[:SHOWN]


def indicators(database: Database, kind: str, value: str) -> list[dict[str, Any]]:
    """Give what was told of it by others, from the store of indicators beside the database."""
    path = database.folder / "indicators.db"
    wanted = INDICATORS.get(kind)
    if wanted is None or not path.is_file():
        return []
    from sekisho.app.exchange.store import Store

    try:
        with Store(str(path)) as store:
            rows = store.base.execute(
                "SELECT i.value, confidence, first, last, until, note, (SELECT group_concat(source, ', ') FROM told t "
                "WHERE t.kind = i.kind AND t.value = i.value) FROM indicator i WHERE i.kind = ? AND i.value IN (?, ?)",
                (wanted, value, value.casefold()),
            ).fetchall()
    except SourceError:
        return []
    names = ("value", "confidence", "first_at", "last_at", "until_at", "note", "sources")
    return [dict(zip(names, tuple(row), strict=True)) for row in rows]


def hunt_for(kind: str, value: str) -> str:
    """Write the question that finds events which name it."""
    text = value
    if kind == "host":
        short = value.partition(".")[0] if not re.fullmatch(r"[\d.]+|.*:.*", value) else value
        longer = term("@host", f"{short}.").replace(":", "|startswith:", 1)
        return f"{term('@host', short)} or {longer}" if short else ""
    if kind == "user":
        return term("@user", value)
    if kind == "message":
        text = value.strip("<>")
    if kind == "url":
        text = value.partition("://")[2] or value
    return '"' + term("x", text[:300]).removeprefix("x:").strip('"') + '"' if text.strip() else ""


def asked_for(kind: str, value: str) -> Asked | None:
    """Give the hunt for events that name it; None when no question can name it."""
    text = hunt_for(kind, value)
    try:
        return Asked(parse(text), Where()) if text else None
    except RuleError:
        return None


def notes(database: Database, kind: str, value: str) -> list[Any]:
    """Give what people noted about it, the latest first."""
    return database.all(
        "SELECT id, at, who, text FROM entity_notes WHERE kind = ? AND value = ? ORDER BY id DESC LIMIT ?",
        kind,
        value,
        MOST_NOTES,
    )


def add_note(database: Database, kind: str, value: str, text: str, by: Actor) -> int:
    """Note something about an entity, and give the note's number.

    Raises:
        SourceError: there is no text, or too much of it, or too many notes.
    """
    kept = text.replace("\0", "").strip()
    if not kept or len(kept) > LONGEST_NOTE:
        raise SourceError(f"write 1 to {LONGEST_NOTE} characters", "note")
    with database.change() as base:
        count = base.execute("SELECT count(*) FROM entity_notes WHERE kind = ? AND value = ?", (kind, value)).fetchone()
        if count[0] >= MOST_NOTES:
            raise SourceError(f"there are {MOST_NOTES} already; remove one first", "note")
        made = base.execute(
            "INSERT INTO entity_notes (kind, value, at, who, text) VALUES (?, ?, ?, ?, ?)",
            (kind, value, int(time.time()), by.name, kept),
        ).lastrowid
        note(base, by, "note.add", f"{kind}:{value}"[:200], note=made)
    return int(made or 0)


def remove_note(database: Database, number: int, by: Actor, *, anybody: bool) -> bool:
    """Remove a note: who wrote it may, and who may remove anybody's; tell whether it was removed."""
    with database.change() as base:
        row = base.execute("SELECT who, kind, value, text FROM entity_notes WHERE id = ?", (number,)).fetchone()
        if row is None or not (anybody or row["who"].casefold() == by.name.casefold()):
            return False
        base.execute("DELETE FROM entity_notes WHERE id = ?", (number,))
        note(base, by, "note.remove", f"{row['kind']}:{row['value']}"[:200], note=number, text=row["text"][:500])
    return True
