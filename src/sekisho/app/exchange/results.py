"""Result documents are read back: what ``--json`` wrote becomes the result it was written from.

A document may come from anybody, so nothing in it is believed to have its type; bytes of artifacts are not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.errors import SourceError
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import LEVELS, Evidence, Finding
from sekisho.model.incident import (
    Edge,
    Entity,
    Identity,
    Incident,
    Merge,
    Node,
    Offset,
    Reached,
    Recommendation,
    Related,
    Step,
    Text,
)
from sekisho.model.result import Input, Result, RuleFailure, Tuned
from sekisho.model.url import Url
from sekisho.model.verdict import Judgement, Reason, Verdict
from sekisho.respond.document import SCHEMA
from sekisho.respond.wording import catalogue

MOST_BYTES = 512 * 1024 * 1024
"""Largest document read; a week of a large company's mail gives some 50 MB."""
YEARS_S = 8_000 * 366 * 86_400
Table = Mapping[str, Any]
T = TypeVar("T")


def read(path: str) -> Result:
    """Read the result document at a path.

    Raises:
        SourceError: it cannot be read, or is no result document of this version.
    """
    place = Path(path)
    try:
        if place.stat().st_size > MOST_BYTES:
            raise SourceError(f"is larger than {MOST_BYTES} bytes", path)
        data = place.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", path) from error
    return load(data, path)


def is_result(path: str) -> bool:
    """Tell whether a file begins as a result document does."""
    try:
        with Path(path).open("rb") as file:
            return b'"schema": "sekisho/' in file.read(200)
    except OSError:
        return False


def load(data: bytes, path: str = "") -> Result:
    """Read a result document.

    Raises:
        SourceError: it is none, is cut off, or was written by another version.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"is no whole JSON document: {error}", path) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise SourceError(f"is no result that sekisho investigate --json wrote (schema {SCHEMA})", path)
    try:
        return _result(document)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise SourceError(f"does not follow the result schema: {type(error).__name__} {error}", path) from error


def _result(document: Table) -> Result:
    rules = document["rules"]
    return Result(
        verdict=Verdict(document["verdict"]),
        inputs=_each(document["inputs"], _input),
        artifacts=_each(document["artifacts"], _artifact),
        findings=_each(document["findings"], _finding),
        incidents=_each(document["incidents"], _incident),
        events=_each(document["events"], _event),
        rules_loaded=int(rules["loaded"]),
        rules_failed=_each(
            rules["failed"], lambda one: RuleFailure(str(one["path"]), int(one["line"]), str(one["reason"]))
        ),
        timing={str(name): float(value) for name, value in document["timing"].items()},
        rules_disabled=int(rules["disabled"]),
        tuning=_each(document["tuning"], _tuned),
        notes=_strings(document["notes"]),
    )


def _input(one: Table) -> Input:
    skipped = one["skipped"]
    return Input(
        str(one["path"]),
        str(one["kind"]),
        int(one["records"]),
        None if skipped is None else str(skipped),
        bool(one["failed"]),
    )


def _artifact(one: Table) -> tuple[Analysis, Judgement]:
    address = str(one["address"])
    artifact = Artifact(
        name=str(one["name"]),
        data=b"",
        address=address,
        parent=_optional(one["parent"]),
        depth=address.count(" » "),
        relation=str(one["relation"]),
    )
    features = [Feature(str(name), value) for name, values in one["features"].items() for value in _list(values)]
    features += [Feature("url", _url(url)) for url in _list(one["urls"])]
    analysis = Analysis(
        artifact=artifact,
        sha256=str(one["sha256"] or ""),
        size_bytes=int(one["size"]),
        media_type=str(one["media_type"]),
        analyzers=_strings(one["analyzers"]),
        features=tuple(features),
        notes=_strings(one["notes"]),
        unscanned=str(one["unscanned"] or ""),
    )
    return analysis, Judgement(Verdict(one["verdict"]), float(one["probability"]), _each(one["reasons"], _reason))


def _url(one: Table) -> Url:
    names = ("raw", "canonical", "host", "ip", "hidden_by", "shown", "where")
    return Url(*(str(one.get(name) or "") for name in names))


def _reason(one: Table) -> Reason:
    pairs = _each(one["evidence"], lambda item: (str(item["field"]), item["value"]))
    evidence = tuple(value if name == "artifact" else (name, value) for name, value in pairs)
    return Reason(str(one["signal"]), str(one.get("text", "")), float(one["weight"]), evidence)


def _finding(one: Table) -> Finding:
    titles = one["titles"]
    level = str(one["level"])
    LEVELS.index(level)
    return Finding(
        id=str(one["id"]),
        rule_id=str(one["rule_id"]),
        title=str(titles["en"]),
        level=level,
        attack=_strings(one["attack"]),
        source=str(one["source"]),
        record=str(one["record"]),
        time_ns=_moment(one["time"]),
        evidence=_each(one["evidence"], lambda item: Evidence(str(item["field"]), item["value"])),
        event_id=str(one["event"]),
        host=str(one["host"]),
        user=str(one["user"]),
        layer=str(one["layer"]),
        weight=float(one["weight"]),
        texts=tuple((str(name), str(text)) for name, text in titles.items() if name != "en"),
        level_of_rule=str(one["level_of_rule"] or ""),
        of=_strings(one["events"]),
    )


def _incident(one: Table) -> Incident:
    return Incident(
        id=str(one["id"]),
        verdict=Verdict(one["verdict"]),
        probability=float(one["probability"]),
        severity=str(one["severity"]),
        score=float(one["score"]),
        title=_text(one["title_facts"]),
        root_cause=str(one["root_cause"] or ""),
        root_text=_text(one["root_cause_facts"]),
        first_at_ns=_moment(one["first_at"]),
        last_at_ns=_moment(one["last_at"]),
        steps=_each(one["steps"], _step),
        entities=_each(one["entities"], lambda item: Entity(str(item["type"]), str(item["value"]), str(item["role"]))),
        nodes=_each(one["graph"]["nodes"], _node),
        edges=_each(one["graph"]["edges"], _edge),
        findings=_strings(one["findings"]),
        recommendations=_each(
            one["recommendations"],
            lambda item: Recommendation(
                str(item["action"]), _strings(item["targets"]), _text(item["facts"]), _strings(item["evidence"])
            ),
        ),
        unknown=_each(one["unknown_facts"], _text),
        merges=_each(one["merges"], _merge),
        identities=_each(one["identities"], _identity),
        clocks=_each(one["clocks"], _offset),
        reached=_each(one["reached"], _reached),
        related=_each(
            one["related"], lambda item: Related(str(item["incident"]), _text(item["facts"]), str(item["value"]))
        ),
    )


def _merge(one: Table) -> Merge:
    return Merge(
        str(one["id"]),
        _text(one["facts"]),
        str(one["value"]),
        float(one["weight"]),
        _moment(one["at"]),
        _strings(one["evidence"]),
    )


def _identity(one: Table) -> Identity:
    left, right = ((str(one[side]["type"]), str(one[side]["value"])) for side in ("left", "right"))
    return Identity(left, right, int(one["confidence"]), _text(one["facts"]), _strings(one["evidence"]))


def _offset(one: Table) -> Offset:
    return Offset(str(one["source"]), float(one["seconds"]), int(one["pairs"]), _strings(one["evidence"]))


def _reached(one: Table) -> Reached:
    return Reached(
        str(one["type"]),
        str(one["value"]),
        str(one["state"]),
        _moment(one["at"]),
        _text(one["facts"]),
        _strings(one["evidence"]),
    )


def _step(one: Table) -> Step:
    evidence = _strings(one["evidence"])
    text = _text(one["facts"])
    findings = tuple(key for key in evidence if key.startswith("f"))
    what = Text(text.key, (*text.values, ("findings", findings)))
    return Step(
        _moment(one["at"]), str(one["layer"]), what, _strings(one["attack"]), evidence, int(one.get("depth", 0))
    )


def _node(one: Table) -> Node:
    return Node(str(one["id"]), str(one["type"]), str(one["label"]), str(one["layer"]), str(one.get("verdict") or ""))


def _edge(one: Table) -> Edge:
    return Edge(
        str(one["source"]),
        str(one["target"]),
        str(one["relation"]),
        _moment(one["at"]),
        _text(one["facts"]),
        _strings(one["evidence"]),
        float(one["weight"]),
    )


def _event(one: Table) -> Event:
    source = one["logsource"]
    fields = one["fields"]
    if not isinstance(fields, dict):
        raise TypeError("fields of an event")
    event = Read(
        logsource=Logsource(*(str(source[name] or "") for name in ("product", "category", "service"))),
        fields=fields,
        time_ns=_moment(one["time"]),
        host=str(one["host"]),
        user=str(one["user"]),
        source=str(one["source"]),
        record=str(one["record"]),
    )
    object.__setattr__(event, "parts", (str(one["id"]),))
    return event


class Read(Event):
    """An event as a document tells it: its id is what stands there, because what it was made of does not."""

    __slots__ = ()

    @property
    def id(self) -> str:
        """Give the id in the document."""
        return self.parts[0]


def _tuned(one: Table) -> Tuned:
    return Tuned(
        entry=int(one["entry"]),
        path=str(one["path"]),
        line=int(one["line"]),
        state=str(one["state"]),
        action=str(one["action"] or ""),
        reason=str(one["reason"]),
        until=str(one["until"] or ""),
        suppressed=int(one["suppressed"]),
        changed=int(one["changed"]),
        rules=_each(one["by_rule"], lambda item: (str(item["rule_id"]), str(item["title"]), int(item["findings"]))),
        unknown=_strings(one["unknown"]),
        error=str(one["error"] or ""),
    )


def _text(facts: Table) -> Text:
    """Read the facts of a sentence; only sentences of our own catalogue are told."""
    key = facts["key"]
    if key not in catalogue("en"):
        raise ValueError(f"no sentence {key!r:.80}")
    at = facts.get("at_ns")
    if at is not None and not 0 <= int(at) // 1_000_000_000 < YEARS_S:
        raise ValueError("at_ns")
    values = tuple(
        (str(name), tuple(value) if isinstance(value, list) else value)
        for name, value in facts.items()
        if name != "key"
    )
    return Text(key, values)


def _moment(text: Any) -> int | None:
    """Read what :func:`sekisho.respond.document.moment` wrote."""
    if text is None:
        return None
    at = datetime.fromisoformat(str(text)).astimezone(UTC)
    whole = at.replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000_000 + at.microsecond * 1_000


def _each(items: Any, make: Callable[[Any], T]) -> tuple[T, ...]:
    return tuple(make(one) for one in _list(items))


def _list(items: Any) -> Sequence[Any]:
    if not isinstance(items, list):
        raise TypeError(f"a list is missing, not {type(items).__name__}")
    return items


def _strings(items: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in _list(items))


def _optional(text: Any) -> str | None:
    return None if text is None else str(text)
