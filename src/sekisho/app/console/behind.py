"""Who may be behind an incident or a campaign: weighed when somebody asks, and kept until what it rests on changes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sekisho
from sekisho.app.attribution import judging, subject
from sekisho.app.attribution.subject import Subject
from sekisho.app.console.database import Database, packed, unpacked
from sekisho.app.mailmodel import knowledge
from sekisho.model.attribution import Attribution, Hypothesis
from sekisho.model.errors import SourceError
from sekisho.respond import attribution as words_of
from sekisho.respond.wording import Words

INDEX = "attack.index"
"""In the console's folder: what ``sekisho attribute learn`` wrote of ATT&CK; without it no actors are ranked."""
HYPOTHESES, LINES, MISSING = 6, 14, 8
MOST_KEPT = 5_000


def of_incident(database: Database, key: str, language: str) -> dict[str, Any]:
    """Give the answers for an incident.

    Raises:
        SourceError: there is no such incident, or the knowledge cannot be used.
    """
    row = database.one(f"SELECT doc_{'ja' if language == 'ja' else 'en'} AS doc FROM incidents WHERE id = ?", key)
    if row is None:
        raise SourceError("there is no such incident", key[:64])
    return _kept(database, key, language, row["doc"], lambda: _of_document(unpacked(row["doc"]), key))


def of_campaign(database: Database, key: str, language: str) -> dict[str, Any]:
    """Give the answers for a campaign.

    Raises:
        SourceError: there is no such campaign, or the knowledge cannot be used.
    """
    row = database.one("SELECT doc FROM campaigns WHERE id = ?", key)
    if row is None:
        raise SourceError("there is no such campaign", key[:64])
    return _kept(
        database, key, language, row["doc"], lambda: subject.of_document({**unpacked(row["doc"]), "members": []}, key)
    )


def _of_document(held: Mapping[str, Any], key: str) -> Subject:
    """Read an incident's document as one of a whole result."""
    whole = {
        "incidents": [held["incident"]],
        "findings": list(held["findings"].values()),
        "events": list(held["events"].values()),
        "artifacts": list(held["artifacts"].values()),
    }
    return subject.of_document(whole, key, key)


def _kept(database: Database, key: str, language: str, held: bytes, read: Callable[[], Subject]) -> dict[str, Any]:
    index = database.folder / INDEX
    attack = str(index) if index.is_file() else ""
    version = _version(held, attack)
    row = database.one("SELECT version, doc FROM attributions WHERE subject = ? AND language = ?", key, language)
    if row is not None and row["version"] == version:
        found: dict[str, Any] = unpacked(row["doc"])
        return found
    words = Words(language)
    judged = judging.judge(read(), language, attack=attack)
    told = {"answers": [_told(one, words) for one in judged], "actors": bool(attack)}
    with database.change() as base:
        base.execute(
            "INSERT OR REPLACE INTO attributions VALUES (?, ?, ?, ?, ?)",
            (key, language, version, int(time.time()), packed(told)),
        )
        base.execute(
            "DELETE FROM attributions WHERE (SELECT count(*) FROM attributions) > ? AND at <= "
            "(SELECT at FROM attributions ORDER BY at LIMIT 1)",
            (MOST_KEPT,),
        )
    return told


def _version(held: bytes, attack: str) -> str:
    """Name all that an answer rests on."""
    parts = [sekisho.__version__.encode(), hashlib.sha256(held).digest()]
    for path in (knowledge() / "families.toml", attack):
        if str(path):
            status = Path(path).stat()
            parts.append(f"{status.st_size} {status.st_mtime_ns}".encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]


def _told(one: Attribution, words: Words) -> dict[str, Any]:
    """Word one question's answer: never a name without its probability and what speaks for and against it."""
    return {
        "kind": one.kind,
        "headline": words_of.headline(one, words),
        "band": one.band,
        "reference": one.reference,
        "unknown": round(one.unknown, 4),
        "calibrated": one.calibrated,
        "hypotheses": [_hypothesis(each, words) for each in one.hypotheses[:HYPOTHESES]],
        "changes": words_of.changes(one, words),
        "links": words_of.links(one, words),
        "cautions": [words.say(caution) for caution in one.cautions],
    }


def _hypothesis(one: Hypothesis, words: Words) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "probability": round(one.probability, 4),
        "about": words_of.about(one, words),
        "for": [_line(item.weight, words_of.told(item, words)) for item in one.evidence if item.weight > 0][:LINES],
        "against": [_line(item.weight, words_of.told(item, words)) for item in one.evidence if item.weight < 0][:LINES],
        "missing": [item.name for item in one.missing[:MISSING]],
    }


def _line(weight: float, text: str) -> dict[str, Any]:
    return {"weight": round(weight, 2), "text": text}
