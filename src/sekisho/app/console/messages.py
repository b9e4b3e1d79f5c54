"""Messages as pages show them: the list with its filters, one with its parts, and what else is known of the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sekisho.app.console.database import Database, unpacked
from sekisho.app.console.fulltext import query

MOST_LISTED = 5_000  # of one choice; who needs more narrows it
MOST_FOUND = 5_000  # of one text; the words of every mail would be a scan
MESSAGE_ID = re.compile(r"a[0-9a-f]{12}")
VERDICTS = ("malicious", "suspicious", "unscanned", "clean")
_LISTED = (
    "m.id, m.case_id, m.kind, m.address, m.message_id, m.subject, m.sender, m.sender_name, m.recipients, m.at, "
    "m.verdict, m.probability, m.attachments, m.urls, m.unscanned, m.incident"
)
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which messages a list shows; empty fields leave nothing out."""

    verdict: str = ""
    unscanned: bool = False
    """Only those of which a part could not be looked into."""
    case_id: str = ""
    since: int | None = None
    until: int | None = None
    """Seconds UTC, both included; messages without a time are left out by either."""
    text: str = ""
    incident: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One message in a list."""

    id: str
    case_id: str
    kind: str
    """``mail``, or ``file`` when it is none."""
    address: str
    message_id: str
    subject: str
    sender: str
    sender_name: str
    recipients: tuple[str, ...]
    at: int | None
    verdict: str
    probability: float
    attachments: int
    urls: int
    unscanned: int
    """Parts that could not be looked into."""
    incident: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message with all that was found in it."""

    listed: Listed
    tree: tuple[Document, ...]
    """Documents of its artifacts, itself first, parents before children."""

    @property
    def root(self) -> Document:
        """Itself."""
        return self.tree[0]

    def feature(self, name: str) -> str:
        """Give the first value of one of its own features as text; empty when there is none."""
        values = self.root["features"].get(name) or ("",)
        return str(values[0])

    def part(self, key: str) -> Document | None:
        """Give one of its artifacts; None when it has none of this id."""
        return next((one for one in self.tree if one["id"] == key), None)

    def within(self) -> Iterator[tuple[int, Document]]:
        """Give its artifacts with how deep each lies."""
        depths: dict[str, int] = {}
        for one in self.tree:
            depth = depths[one["address"]] = depths.get(one["parent"] or "", -1) + 1
            yield depth, one

    def passwords(self) -> tuple[str, ...]:
        """Give the words that opened parts of it."""
        return tuple(
            dict.fromkeys(str(word) for one in self.tree for word in one["features"].get("archive.password", ())[:20])
        )


def listed(database: Database, choice: Choice, rows: int, start: int = 0) -> list[Listed]:
    """Give the messages of a choice, the latest first; none beyond the first MOST_LISTED."""
    table, where, values = _where(choice)
    chosen = f"SELECT m.id FROM {table} WHERE {where} ORDER BY m.at DESC, m.id LIMIT ? OFFSET ?"  # by an index alone
    found = database.all(
        f"SELECT {_LISTED} FROM messages m WHERE m.id IN ({chosen}) ORDER BY m.at DESC, m.id",
        *values,
        max(0, min(rows, MOST_LISTED - start)),
        start,
    )
    return [_row(one) for one in found]


def counted(database: Database, choice: Choice) -> int:
    """Give how many messages a choice has, MOST_LISTED at most."""
    table, where, values = _where(choice)
    return database.count(f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {where} LIMIT {MOST_LISTED})", *values)


def get(database: Database, key: str) -> Message | None:
    """Give a message; None when there is none of this id."""
    row = database.one(f"SELECT {_LISTED}, m.doc FROM messages m WHERE m.id = ?", key)
    return Message(_row(row), tuple(unpacked(row["doc"]))) if row is not None else None


def unread(database: Database, keys: Sequence[str]) -> dict[str, list[Document]]:
    """Give, for some messages, the parts that could not be looked into."""
    found: dict[str, list[Document]] = {}
    for key in keys:
        row = database.one("SELECT doc FROM messages WHERE id = ?", key)
        if row is not None:
            found[key] = [one for one in unpacked(row["doc"]) if one["unscanned"]]
    return found


def same_files(database: Database, message: Message, most: int = 50) -> list[tuple[Listed, str]]:
    """Give other messages that carry a file of this one, byte for byte, each with that file's digest."""
    digests = [
        one["sha256"] for one in message.tree[1:] if one["sha256"] and one["relation"] in ("attachment", "member")
    ]
    found: dict[str, str] = {}
    for digest in dict.fromkeys(digests[:20]):
        rows = database.all(
            "SELECT DISTINCT ref FROM entities WHERE kind = 'sha256' AND value = ? AND owner = 'message' LIMIT ?",
            digest,
            most + 1,
        )
        for row in rows:
            if row["ref"] != message.listed.id:
                found.setdefault(row["ref"], digest)
    return [(one, found[one.id]) for one in by_ids(database, list(found)[:most])]


def by_ids(database: Database, keys: Sequence[str]) -> list[Listed]:
    """Give messages by their ids, the earliest first."""
    marks = ", ".join("?" * len(keys))
    rows = database.all(f"SELECT {_LISTED} FROM messages m WHERE m.id IN ({marks}) ORDER BY m.at, m.id", *keys)
    return [_row(one) for one in rows]


def _where(choice: Choice) -> tuple[str, str, list[Any]]:
    """Give the table, with the index that answers without reading rows, the condition of a choice and its values."""
    table, clauses, values = "messages m", ["1"], list[Any]()

    def add(clause: str, *more: Any) -> None:
        clauses.append(clause)
        values.extend(more)

    if choice.verdict:
        add("m.verdict = ?", choice.verdict)
    if choice.unscanned:
        add("m.unscanned > 0")
    if choice.case_id:
        add("m.case_id = ?", choice.case_id)
        table = "messages m INDEXED BY messages_of_case"
    if choice.incident:
        add("m.incident = ? AND m.incident != ''", choice.incident)
    if choice.since is not None:
        add("m.at >= ?", choice.since)
    if choice.until is not None:
        add("m.at <= ?", choice.until)
    if choice.text.strip():
        wanted = query(choice.text)
        found = f"SELECT printf('a%012x', rowid) FROM words WHERE words MATCH ? LIMIT {MOST_FOUND}"
        add(f"m.id IN ({found})", wanted) if wanted else add("0")
        table = "messages m INDEXED BY messages_narrow" if wanted else table
    return table, " AND ".join(clauses), values


def _row(row: Any) -> Listed:
    given = {name: row[name] for name in Listed.__dataclass_fields__ if name != "recipients"}
    return Listed(**given, recipients=tuple(orjson.loads(row["recipients"])))
