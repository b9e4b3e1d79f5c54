"""Which messages belong together: by the ids that replies name, and by what their subjects say without prefixes."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sekisho.app.console.database import Database
from sekisho.app.console.messages import Listed, Message, by_ids

MOST_IDS = 30  # of one message; a long thread names all that came before
LONGEST_KEY = 300
SHORTEST_SUBJECT = 4  # characters; "Re: " and "hi" say nothing
NEAR_S = 30 * 86_400  # between messages of one subject that no id joins
# Prefixes of replies and forwards as programs in several languages write them, with Outlook's counters.
_PREFIX = re.compile(
    r"^\s*(?:(?:re|fw|fwd|aw|wg|sv|vs|rv|tr|ref|返信|転送|回复|答复|转发|回覆|轉寄)(?:\[\d{1,3}\])?\s*[:：]\s*)+"
)
_ID = re.compile(r"<?([^<>\s]{3,300})>?")


@dataclass(frozen=True, slots=True)
class Related:
    """Another message, and why it belongs to this one."""

    message: Listed
    why: str
    """copy: the same Message-ID; thread: a reply names it or the same; subject: the same subject within a month."""


def keys(features: Mapping[str, Sequence[Any]]) -> list[str]:
    """Give what a message can be found by: ``i:`` its own id, ``r:`` each id of its thread, ``s:`` its subject."""
    own = _ids(features.get("message_id", ()))[:1]
    named = [*own, *_ids(features.get("thread.in_reply_to", ())), *_ids(features.get("thread.references", ()))]
    found = [f"i:{one}" for one in own] + [f"r:{one}" for one in dict.fromkeys(named)][:MOST_IDS]
    if subject := plain_subject(str((features.get("subject") or ("",))[0])):
        found.append(f"s:{subject}")
    return [one[:LONGEST_KEY] for one in found]


def plain_subject(subject: str) -> str:
    """Give a subject without prefixes of replies, folded; empty when too little is left to tell anything."""
    folded = unicodedata.normalize("NFKC", subject[:1_000]).casefold()
    left = " ".join(_PREFIX.sub("", folded).split())
    return left if len(left) >= SHORTEST_SUBJECT else ""


def keep(
    base: sqlite3.Connection, case_id: str, key: str, at: int | None, features: Mapping[str, Sequence[Any]]
) -> None:
    """Note what a message can be found by."""
    rows = [(one.encode("utf-8", "replace").decode(), at or 0, key, case_id) for one in keys(features)]
    base.executemany("INSERT OR IGNORE INTO threads VALUES (?, ?, ?, ?)", rows)


def related(database: Database, message: Message, most: int = 50) -> list[Related]:
    """Give the messages of the same thread or subject in the store, the earliest first."""
    at, own = message.listed.at or 0, message.listed.id
    why: dict[str, str] = {}
    for key in keys(message.root["features"]):
        kind = {"i": "copy", "r": "thread", "s": "subject"}[key[0]]
        since, until = (at - NEAR_S, at + NEAR_S) if kind == "subject" else (-1, 1 << 40)
        for order, bound in (("DESC", "at <= ? AND at >= ?"), ("ASC", "at > ? AND at <= ?")):
            edge = since if order == "DESC" else until
            rows = database.all(
                f"SELECT message FROM threads WHERE key = ? AND {bound} ORDER BY at {order} LIMIT ?",
                key,
                at,
                edge,
                most,
            )
            for row in rows:
                if row["message"] != own:
                    why.setdefault(row["message"], kind)
    return [Related(one, why[one.id]) for one in by_ids(database, list(why)[:most])]


def _ids(values: Sequence[Any]) -> list[str]:
    """Give the message ids in some header values, without brackets."""
    return [found for value in list(values)[:MOST_IDS] for found in _ID.findall(str(value)[:10_000])[:MOST_IDS]]
