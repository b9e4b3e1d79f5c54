"""One box over everything: entities, incidents, messages, files, comments, rules, notes and saved searches.

What is looked for is first taken for the name of one thing, as analysts write it: defanged, in brackets, in capitals.
Every part reads a bounded number of rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sekisho.app.console.database import Database
from sekisho.app.console.fulltext import query
from sekisho.model.host import canonical_ip
from sekisho.model.urltext import parse_url, refang

MOST_CHARS = 500
SHOWN = 20
COUNTED = 1_000
"""Hits that are counted, and of which the latest are shown; of more, it is said so."""
SHORTEST, LOOKED_AT = 3, 100_000
"""Letters of a text that is looked for inside names; the names of incidents and findings that are looked through."""
_ID = re.compile(r"[iacf][0-9a-f]{12}")
_PLACES = {"i": ("incidents", "incident"), "a": ("messages", "message"), "c": ("cases", "case")}
_LIKE = re.compile(r"[%_\\]")
_HIGHEST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of one kind."""

    kind: str
    """``entities``, ``incidents``, ``messages``, ``files``, ``comments``, ``notes``, ``rules`` or ``searches``."""
    rows: tuple[dict[str, Any], ...]
    total: int
    more: bool = False
    """There are more than ``total``."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave."""

    text: str
    """What was looked for, refanged."""
    groups: tuple[Group, ...]
    exact: tuple[tuple[str, str], ...] = field(default=())
    """Kind and value of what is called exactly so; kind ``incident``, ``case`` or ``message-page`` with an id."""


def search(database: Database, written: str) -> Found:
    """Look for a text everywhere."""
    text = cleaned(written)
    if not text:
        return Found("", ())
    exact = tuple(_exact(database, text))
    parts = (
        _entities(database, text),
        _incidents(database, text),
        _messages(database, text),
        _files(database, text),
        _comments(database, text),
        _notes(database, text),
        _rules(database, text),
        _searches(database, text),
    )
    return Found(text, tuple(one for one in parts if one.rows), exact)


def cleaned(written: str) -> str:
    """Give what somebody wrote or pasted as the name of a thing."""
    text = refang(written.replace("\0", "")[:MOST_CHARS].encode("utf-8", "replace").decode()).strip()
    return text.strip("\"'`“”「」")


def spellings(text: str) -> list[str]:
    """Give the ways in which what is meant may be kept."""
    made = [text, text.strip("<>"), f"<{text.strip('<>')}>"]
    if address := canonical_ip(text.strip("[]")):
        made.append(address)
    if "://" in text:
        url = parse_url(text)
        made += [one for one in (url.canonical,) if one]
    elif "/" in text and "." in text.partition("/")[0]:
        made += [url.canonical for url in map(parse_url, (f"http://{text}", f"https://{text}")) if url.canonical]
    made.append(text.rstrip("."))
    return [one[:400] for one in dict.fromkeys(made) if one]


def _exact(database: Database, text: str) -> Iterator[tuple[str, str]]:
    if _ID.fullmatch(text) and text[0] in _PLACES:
        table, kind = _PLACES[text[0]]
        if database.one(f"SELECT 1 FROM {table} WHERE id = ?", text):
            yield kind if kind != "message" else "message-page", text
    seen: set[tuple[str, str]] = set()
    for value in spellings(text):
        # a row of each kind; an address that half of all mails name is not read to its end
        kinds = database.all("SELECT DISTINCT kind FROM (SELECT kind FROM entities WHERE value = ? LIMIT 5000)", value)
        for row in kinds:
            kept = database.one("SELECT value FROM entities WHERE kind = ? AND value = ? LIMIT 1", row["kind"], value)
            key = (row["kind"], value.casefold())
            if kept is not None and key not in seen:
                seen.add(key)
                yield row["kind"], kept["value"]


def _entities(database: Database, text: str) -> Group:
    """Give entities whose value begins with a text, or the host of a link; those of incidents where it holds it too."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    hosts = [parse_url(text).host] if "://" in text else []
    for value in (*spellings(text), *filter(None, hosts)):
        for row in database.all(
            "SELECT kind, value, count(*) AS uses, max(at) AS last_at FROM (SELECT kind, value, at FROM entities "
            "WHERE value >= ? AND value < ? LIMIT 3000) GROUP BY kind, value COLLATE NOCASE "
            "ORDER BY length(value), value LIMIT ?",
            value,
            value + _HIGHEST,
            SHOWN + 1,
        ):
            rows.setdefault((row["kind"], row["value"].casefold()), dict(row))
    if len(text) >= SHORTEST and len(rows) <= SHOWN:
        for row in database.all(
            "SELECT kind, value, count(*) AS uses FROM (SELECT kind, value FROM entities WHERE owner != 'message' "
            "LIMIT ?) WHERE value LIKE ? ESCAPE '\\' GROUP BY kind, value COLLATE NOCASE "
            "ORDER BY length(value), value LIMIT ?",
            LOOKED_AT,
            like(text),
            SHOWN + 1,
        ):
            rows.setdefault((row["kind"], row["value"].casefold()), dict(row))
    for one in rows.values():
        if "last_at" not in one:
            latest = (_latest(database, one["kind"], one["value"], owner) for owner in ("incident", "finding"))
            one["last_at"] = max((at for at in latest if at is not None), default=None)
    found = list(rows.values())
    return Group("entities", tuple(found[:SHOWN]), min(len(found), SHOWN), len(found) > SHOWN)


def _latest(database: Database, kind: str, value: str, owner: str) -> int | None:
    row = database.one("SELECT max(at) FROM entities WHERE kind = ? AND value = ? AND owner = ?", kind, value, owner)
    return None if row is None else row[0]


def _incidents(database: Database, text: str) -> Group:
    found = database.all(
        "SELECT i.id, severity, title_en, title_ja, last_at, state FROM incidents i JOIN triage t ON t.incident = i.id "
        "WHERE i.id = ? OR title_en LIKE ? ESCAPE '\\' OR title_ja LIKE ? ESCAPE '\\' "
        "ORDER BY rank DESC, last_at DESC LIMIT ?",
        text,
        *[like(text)] * 2,
        SHOWN + 1,
    )
    return _group("incidents", found)


def _messages(database: Database, text: str) -> Group:
    """Give the latest of the messages that hold all words."""
    wanted = query(text)
    if not wanted:
        return Group("messages", (), 0)
    hits = database.all("SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", wanted, COUNTED + 1)
    ids = [f"a{row['rowid']:012x}" for row in hits[:COUNTED]]
    rows: list[dict[str, Any]] = []
    for at in range(0, len(ids), 500):
        some = ids[at : at + 500]
        marks = ", ".join("?" * len(some))
        rows += map(
            dict,
            database.all(
                f"SELECT id, subject, sender, at, verdict, kind, incident FROM messages WHERE id IN ({marks})", *some
            ),
        )
    rows.sort(key=lambda row: row["at"] or 0, reverse=True)
    return Group("messages", tuple(rows[:SHOWN]), len(ids), len(hits) > COUNTED)


def _files(database: Database, text: str) -> Group:
    found = database.all(
        "SELECT path, case_id, digest, bytes, kind, name FROM files JOIN cases ON id = case_id "
        "WHERE digest = ? OR path LIKE ? ESCAPE '\\' LIMIT ?",
        text.lower(),
        like(text),
        SHOWN + 1,
    )
    return _group("files", found)


def _comments(database: Database, text: str) -> Group:
    found = database.all(
        "SELECT incident, at, who, text FROM comments WHERE text LIKE ? ESCAPE '\\' ORDER BY id DESC LIMIT ?",
        like(text),
        SHOWN + 1,
    )
    return _group("comments", found)


def _notes(database: Database, text: str) -> Group:
    found = database.all(
        "SELECT kind, value, at, who, text FROM entity_notes WHERE text LIKE ? ESCAPE '\\' ORDER BY id DESC LIMIT ?",
        like(text),
        SHOWN + 1,
    )
    return _group("notes", found)


def _rules(database: Database, text: str) -> Group:
    """Give rules that found something, by their title or id."""
    # each id once, found by its index; the table has a row for every finding
    found = database.all(
        "WITH RECURSIVE each(id) AS (SELECT min(rule_id) FROM findings UNION ALL "
        "SELECT (SELECT min(rule_id) FROM findings WHERE rule_id > each.id) FROM each WHERE each.id IS NOT NULL) "
        "SELECT id AS rule_id, level, title_en, title_ja FROM (SELECT each.id, "
        "(SELECT level FROM findings WHERE rule_id = each.id LIMIT 1) AS level, "
        "(SELECT title_en FROM findings WHERE rule_id = each.id LIMIT 1) AS title_en, "
        "(SELECT title_ja FROM findings WHERE rule_id = each.id LIMIT 1) AS title_ja FROM each "
        "WHERE each.id IS NOT NULL) WHERE id = ? OR title_en LIKE ? ESCAPE '\\' OR title_ja LIKE ? ESCAPE '\\' "
        "ORDER BY title_en LIMIT ?",
        text,
        *[like(text)] * 2,
        SHOWN + 1,
    )
    return _group("rules", found)


def _searches(database: Database, text: str) -> Group:
    found = database.all(
        "SELECT id, name, question, owner FROM saved_searches WHERE shared AND (name LIKE ? ESCAPE '\\' "
        "OR question LIKE ? ESCAPE '\\') ORDER BY name LIMIT ?",
        *[like(text)] * 2,
        SHOWN + 1,
    )
    return _group("searches", found)


def _group(kind: str, found: list[Any]) -> Group:
    return Group(kind, tuple(map(dict, found[:SHOWN])), min(len(found), SHOWN), len(found) > SHOWN)


def like(text: str) -> str:
    """Give a LIKE pattern for texts that hold this one; a backslash escapes."""
    return f"%{_LIKE.sub(lambda found: chr(92) + found[0], text)}%"
