"""A result becomes rows that pages can find: incidents, messages, findings and everything known of an entity."""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from sekisho.app.console import threads
from sekisho.app.console.answers import named
from sekisho.app.console.audit import SYSTEM, note
from sekisho.app.console.cases import forget, free_orphans
from sekisho.app.console.database import Database, packed, unpacked
from sekisho.app.console.fulltext import row_of, terms
from sekisho.model.finding import LEVELS
from sekisho.model.result import Result
from sekisho.respond.document import document
from sekisho.respond.wording import LANGUAGES, Words

LONGEST_EVIDENCE = 20_000  # characters of a finding's evidence in a row; the incident's document has all
MOST_ENTITIES = 400  # of one message: a list of a thousand links is no message's identity
_ENTITY_FEATURES = {
    "sender.address": ("mailbox", "sender"),
    "recipients": ("mailbox", "recipient"),
    "reply_to": ("mailbox", "reply_to"),
    "return_path": ("mailbox", "return_path"),
    "message_id": ("message", "message"),
    "origin.ip": ("ip", "origin"),
    "sender.domain": ("domain", "sender"),
}
ATTACKED = ("victim", "server", "opener")
"""Roles of hosts that an incident reached."""
Document = dict[str, Any]


def index(database: Database, key: str, result: Result) -> None:
    """Put what an investigation of a case found in place of what was there before, wholly or not at all.

    What people did to an incident goes to the one that follows it: the same id, or the one that shares most of its
    evidence.
    """
    told = {language: document(result, Words(language, result.findings)) for language in LANGUAGES}
    english, japanese = told["en"], told["ja"]
    _declare(english, result)
    incidents = list(_incidents(key, english, japanese))
    with database.change() as base:
        if not base.execute("SELECT 1 FROM cases WHERE id = ?", (key,)).fetchone():
            return  # it was deleted while it was investigated
        before = base.execute("SELECT id, evidence FROM incidents WHERE case_id = ?", (key,)).fetchall()
        forget(base, key)
        _succeed(base, {row["id"]: set(unpacked(row["evidence"])) for row in before}, incidents)
        base.execute("DELETE FROM incidents WHERE case_id = ?", (key,))
        base.executemany(f"INSERT INTO incidents VALUES ({_marks(16)})", [row for row, _ in incidents])
        now = int(time.time())
        base.executemany(
            "INSERT OR IGNORE INTO triage (incident, changed_at) VALUES (?, ?)", [(row[0], now) for row, _ in incidents]
        )
        free_orphans(base)
        owner = {ref: row[0] for row, evidence in incidents for ref in evidence}
        _messages(base, key, english, japanese, owner)
        _findings(base, key, english, owner)
        base.executemany("INSERT OR IGNORE INTO entities VALUES (?, ?, ?, ?, ?, ?, ?)", _touched(key, english))
        for one in english["inputs"]:
            path = one["path"].partition("/")[2]
            base.execute(
                "UPDATE files SET kind = ?, records = ?, skipped = ? WHERE case_id = ? AND path = ?",
                (one["kind"], one["records"], one["skipped"], key, path),
            )
        summary = {
            "rules": english["rules"],
            "notes": english["notes"],
            "timing": english["timing"],
            "tuning": english["tuning"],
            "findings": len(english["findings"]),
            "messages": sum(one["parent"] is None for one in english["artifacts"]),
        }
        base.execute(
            "UPDATE cases SET verdict = ?, summary = ?, changed_at = ? WHERE id = ?",
            (english["verdict"], orjson.dumps(summary, option=orjson.OPT_NON_STR_KEYS).decode(), now, key),
        )


def _declare(told: Document, result: Result) -> None:
    """Add what each part's container said it is, which the document does not tell."""
    declared = {analysis.id: analysis.artifact.declared_type for analysis, _ in result.artifacts}
    for one in told["artifacts"]:
        one["declared"] = declared.get(one["id"], "")


def seconds(moment: str | None) -> int | None:
    """Give a document's time in seconds."""
    from datetime import datetime

    return int(datetime.fromisoformat(moment).timestamp()) if moment else None


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _incidents(key: str, english: Document, japanese: Document) -> Iterator[tuple[tuple[Any, ...], set[str]]]:
    """Give a row for each incident, and the ids of all evidence it rests on."""
    ja = {one["id"]: one for one in japanese["incidents"]}
    for one in english["incidents"]:
        evidence = set(one["findings"])
        for step in (*one["steps"], *one["graph"]["edges"], *one["recommendations"]):
            evidence.update(step["evidence"])
        kinds = defaultdict(set)
        for who in one["reached"]:
            kinds[who["type"]].add(who["value"].casefold())
        for entity in one["entities"]:
            if entity["type"] == "host" and entity["role"] in ATTACKED:
                kinds["host"].add(entity["value"].casefold())
        attack = sorted({name for step in one["steps"] for name in step["attack"]})
        docs = [packed(_whole(told, doc, evidence)) for told, doc in ((one, english), (ja[one["id"]], japanese))]
        yield (
            (
                one["id"],
                key,
                one["severity"],
                LEVELS.index(one["severity"]),
                one["verdict"],
                one["score"],
                one["title"],
                ja[one["id"]]["title"],
                seconds(one["first_at"]),
                seconds(one["last_at"]),
                len(kinds["host"]),
                len(kinds["mailbox"]),
                " ".join(attack),
                packed(sorted(evidence)),
                *docs,
            ),
            evidence,
        )


def _whole(incident: Document, told: Document, evidence: set[str]) -> Document:
    """Give an incident with the findings, events and artifacts that it rests on, each under its id."""
    findings = {one["id"]: one for one in told["findings"] if one["id"] in evidence}
    wanted = evidence | {key for one in findings.values() for key in (one["event"], *one["events"][:20]) if key}
    return {
        "incident": incident,
        "findings": findings,
        "events": {one["id"]: one for one in told["events"] if one["id"] in wanted},
        "artifacts": {one["id"]: one for one in told["artifacts"] if one["id"] in wanted},
    }


def _succeed(
    base: sqlite3.Connection, before: dict[str, set[str]], incidents: Iterable[tuple[tuple[Any, ...], set[str]]]
) -> None:
    """Hand what people did from incidents that are no more to those that took most of their evidence.

    An heir that is new takes state and comments; one that people know already keeps its own state and takes the
    comments. An incident that was told under one which is no more stands by itself again.
    """
    now = {row[0]: evidence for row, evidence in incidents}
    gone = sorted((old for old in before if old not in now), key=lambda old: (-len(before[old]), old))
    for old in gone:
        shared = [(len(before[old] & new), key not in before, key) for key, new in now.items()]
        most, _, heir = max(shared, default=(0, False, ""))
        if not most:
            continue
        if base.execute("SELECT 1 FROM triage WHERE incident = ?", (heir,)).fetchone():
            act = "incident.absorb"
        else:
            act = "incident.succeed"
            base.execute("UPDATE triage SET incident = ? WHERE incident = ?", (heir, old))
        base.execute("UPDATE comments SET incident = ? WHERE incident = ?", (heir, old))
        base.execute("UPDATE triage SET merged_into = ? WHERE merged_into = ? AND incident != ?", (heir, old, heir))
        base.execute("UPDATE OR IGNORE announced SET id = ? WHERE id = ?", (heir, old))
        note(base, SYSTEM, act, heir, before=old, shared=most)


def _messages(base: sqlite3.Connection, key: str, english: Document, japanese: Document, owner: dict[str, str]) -> None:
    """Keep every mail with all that lies in it; a file that is no mail is kept the same way, without a sender."""
    trees: dict[str, list[Document]] = defaultdict(list)
    texts = {one["id"]: [reason["text"] for reason in one["reasons"]] for one in japanese["artifacts"]}
    address = ""
    for one in english["artifacts"]:
        if one["parent"] is None:
            address = one["address"]  # a tree's parts follow its root
        mine = texts[one["id"]]
        one["reasons"] = [
            {**reason, "text": {"en": reason["text"], "ja": ja}}
            for reason, ja in zip(one["reasons"], mine, strict=True)
        ]
        trees[address].append(one)
    for address, tree in trees.items():
        root = tree[0]
        features = root["features"]
        incident = next((owner[one["id"]] for one in tree if one["id"] in owner), "")
        at = seconds(_first(features, "received_at") or _first(features, "sent_at") or None)
        recipients = [str(one) for one in features.get("recipients", ())]
        base.execute(
            f"INSERT OR REPLACE INTO messages VALUES ({_marks(17)})",
            (
                root["id"],
                key,
                "mail" if "subject" in features or "sender.address" in features else "file",
                address,
                _first(features, "message_id"),
                _first(features, "subject") or root["name"],
                _first(features, "sender.address"),
                _first(features, "sender.name"),
                orjson.dumps(recipients[:1000]).decode(),
                at,
                root["verdict"],
                root["probability"],
                sum(one["relation"] in ("attachment", "member") for one in tree),
                sum(len(one["urls"]) for one in tree),
                sum(bool(one["unscanned"]) for one in tree),
                incident,
                packed(tree),
            ),
        )
        found = [_first(features, name) for name in ("subject", "sender.name", "sender.address", "body.text")]
        names = [one["name"] for one in tree[1:]]
        text = terms("\n".join([*found, *recipients[:50], *names]))
        base.execute("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?)", (row_of(root["id"]), text))
        threads.keep(base, key, root["id"], at, features)
        rows = [(kind, value, key, "message", root["id"], role, at) for kind, value, role in _of_tree(tree)]
        base.executemany("INSERT OR IGNORE INTO entities VALUES (?, ?, ?, ?, ?, ?, ?)", rows[:MOST_ENTITIES])


def _first(features: Document, name: str) -> str:
    values = features.get(name) or ("",)
    return str(values[0])


def _of_tree(tree: list[Document]) -> Iterator[tuple[str, str, str]]:
    """Give kind, value and role of all that a mail and its parts name."""
    for one in tree:
        for name, (kind, role) in _ENTITY_FEATURES.items():
            for value in one["features"].get(name, ())[:100]:
                if value:
                    yield kind, str(value)[:400], role
        if one["relation"] in ("attachment", "member", "embedded", "input") and one["sha256"]:
            yield "sha256", one["sha256"], one["relation"]
            yield "file", one["name"][:400], one["relation"]
        for url in one["urls"][:100]:
            if url["canonical"]:
                yield "url", url["canonical"][:400], "link"
            if url["host"]:
                yield "ip" if url["ip"] else "domain", (url["ip"] or url["host"])[:400], "link"


def _findings(base: sqlite3.Connection, key: str, english: Document, owner: dict[str, str]) -> None:
    for one in english["findings"]:
        evidence = orjson.dumps(one["evidence"], option=orjson.OPT_NON_STR_KEYS, default=str).decode()
        base.execute(
            f"INSERT OR REPLACE INTO findings VALUES ({_marks(15)})",
            (
                key,
                one["id"],
                one["rule_id"],
                one["level"],
                one["layer"],
                one["titles"]["en"],
                one["titles"].get("ja") or one["titles"]["en"],
                seconds(one["time"]),
                one["host"],
                one["user"],
                one["source"],
                one["record"],
                one["event"],
                owner.get(one["id"], ""),
                evidence if len(evidence) <= LONGEST_EVIDENCE else "[]",
            ),
        )


def _touched(key: str, english: Document) -> Iterator[tuple[Any, ...]]:
    """Give what incidents and findings name."""
    for one in english["incidents"]:
        at = seconds(one["first_at"])
        for entity in one["entities"]:
            yield entity["type"], entity["value"][:400], key, "incident", one["id"], entity["role"], at
    events = {one["id"]: one["fields"] for one in english["events"]}
    for one in english["findings"]:
        at = seconds(one["time"])
        for kind in ("host", "user"):
            if one[kind]:
                yield kind, one[kind][:400], key, "finding", one["id"], kind, at
        for kind, value in named(events.get(one["event"], {})):
            yield kind, value, key, "finding", one["id"], "event", at
