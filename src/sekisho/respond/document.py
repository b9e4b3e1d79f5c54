"""The result as JSON: the versioned contract that other programs read (``docs/reference/result.schema.json``).

Values are raw, neither defanged nor cut: they are evidence. Sentences are worded in the chosen language.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import orjson

import sekisho
from sekisho.model.artifact import Analysis
from sekisho.model.event import Event
from sekisho.model.finding import Finding
from sekisho.model.incident import Edge, Incident, Step, Text
from sekisho.model.result import Result, Tuned
from sekisho.model.url import Url
from sekisho.model.verdict import Judgement
from sekisho.respond.wording import Words

SCHEMA = "sekisho/1"
FINDINGS_TOLD = ("findings",)  # a title names one of them in its sentence
NESTING = 100  # the writer takes 254; evidence nested deeper than this is nobody's record


def dump(result: Result, words: Words) -> bytes:
    """Give the result as indented UTF-8 JSON, keys in the contract's order."""
    told, option = document(result, words), orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    try:
        return orjson.dumps(told, option=option, default=_plain)
    except orjson.JSONEncodeError:  # evidence may hold what JSON or UTF-8 cannot; looking for it costs, and it is rare
        return orjson.dumps(_encodable(told), option=option, default=_plain)


def _encodable(value: Any, depth: int = 0) -> Any:
    """Give a value without what cannot be encoded: halves of surrogate pairs, huge integers, nesting without end."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        return f"{value:#x}"  # decimal digits of a huge number take quadratic time
    if isinstance(value, dict | list | tuple) and depth >= NESTING:
        return "…"
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item, depth + 1) for item in value]
    return value


def document(result: Result, words: Words) -> dict[str, Any]:
    """Give the result as plain dictionaries and lists."""
    return {
        "schema": SCHEMA,
        "version": sekisho.__version__,
        "language": words.language,
        "verdict": result.verdict.value,
        "inputs": [
            {"path": one.path, "kind": one.kind, "records": one.records, "skipped": one.skipped, "failed": one.failed}
            for one in result.inputs
        ],
        "artifacts": [_artifact(analysis, judgement, words) for analysis, judgement in result.artifacts],
        "findings": [_finding(one, words) for one in result.findings],
        "incidents": [_incident(one, words) for one in result.incidents],
        "events": [_event(one) for one in result.events],
        "rules": {
            "loaded": result.rules_loaded,
            "disabled": result.rules_disabled,
            "failed": [{"path": one.path, "line": one.line, "reason": one.reason} for one in result.rules_failed],
        },
        "tuning": [_tuned(one) for one in result.tuning],
        "notes": list(result.notes),
        "timing": result.timing,
    }


def moment(at_ns: int | None) -> str | None:
    """Give ISO 8601 in UTC with microseconds, or null."""
    if at_ns is None:
        return None
    seconds, rest = divmod(at_ns, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest // 1000:06d}Z" if rest else f"{text}Z"


def _artifact(one: Analysis, judgement: Judgement, words: Words) -> dict[str, Any]:
    features: dict[str, list[Any]] = defaultdict(list)
    for feature in one.features:
        if not isinstance(feature.value, Url):
            features[feature.name].append(feature.value)
    return {
        "id": one.id,
        "address": one.address,
        "parent": one.artifact.parent,
        "name": one.artifact.name,
        "relation": one.artifact.relation,
        "sha256": one.sha256 or None,
        "size": one.size_bytes,
        "media_type": one.media_type,
        "analyzers": list(one.analyzers),
        "verdict": judgement.verdict.value,
        "probability": round(judgement.probability, 4),
        "reasons": [
            {
                "signal": reason.signal,
                "text": dict(reason.texts).get(words.language, reason.text),
                "weight": round(reason.weight, 3),
                "evidence": [_evidence(item) for item in reason.evidence],
            }
            for reason in judgement.reasons
        ],
        "unscanned": one.unscanned or None,
        "notes": list(one.notes),
        "features": dict(features),
        "urls": [_url(url) for url in one.urls],
    }


def _evidence(item: Any) -> dict[str, Any]:
    if isinstance(item, tuple):
        return {"field": item[0], "value": item[1]}
    return {"field": "artifact", "value": item}


def _url(url: Url) -> dict[str, Any]:
    return {
        "raw": url.raw,
        "canonical": url.canonical,
        "host": url.host,
        "ip": url.ip or None,
        "hidden_by": url.hidden_by or None,
        "shown": url.shown or None,
        "where": url.where or None,
    }


def line(one: Finding, words: Words, event: Event | None) -> bytes:
    """Give a finding as one line of JSON; with an event, that stands whole in ``event`` instead of its id."""
    told = _finding(one, words)
    if event is not None:
        told["event"] = _event(event)
    return _encoded(told)


def event_line(one: Event) -> bytes:
    """Give an event as one line of JSON."""
    return _encoded(_event(one))


def _encoded(told: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS, default=_plain)
    except orjson.JSONEncodeError:
        return orjson.dumps(_encodable(told), option=orjson.OPT_NON_STR_KEYS, default=_plain)


def _finding(one: Finding, words: Words) -> dict[str, Any]:
    return {
        "id": one.id,
        "rule_id": one.rule_id,
        "title": one.title_in(words.language),
        "titles": {"en": one.title, **dict(one.texts)},
        "level": one.level,
        "attack": list(one.attack),
        "layer": one.layer,
        "source": one.source,
        "record": one.record,
        "time": moment(one.time_ns),
        "host": one.host,
        "user": one.user,
        "event": one.event_id,
        "events": list(one.of),
        "weight": one.weight,
        "level_of_rule": one.level_of_rule or None,
        "evidence": [{"field": item.field, "value": item.value} for item in one.evidence],
    }


def _incident(one: Incident, words: Words) -> dict[str, Any]:
    return {
        "id": one.id,
        "verdict": one.verdict.value,
        "probability": one.probability,
        "severity": one.severity,
        "score": one.score,
        "title": words.say(one.title),
        "title_facts": _facts(one.title, *FINDINGS_TOLD),
        "root_cause": one.root_cause or None,
        "root_cause_text": words.say(one.root_text),
        "root_cause_facts": _facts(one.root_text),
        "first_at": moment(one.first_at_ns),
        "last_at": moment(one.last_at_ns),
        "steps": [_step(step, words) for step in one.steps],
        "entities": [{"type": entity.type, "value": entity.value, "role": entity.role} for entity in one.entities],
        "graph": {
            "nodes": [
                {
                    "id": node.id,
                    "type": node.type,
                    "label": node.label,
                    "layer": node.layer,
                    "verdict": node.verdict or None,
                }
                for node in one.nodes
            ],
            "edges": [_edge(edge, words) for edge in one.edges],
        },
        "findings": list(one.findings),
        "recommendations": [
            {
                "action": item.action,
                "targets": list(item.targets),
                "why": words.say(item.why),
                "evidence": list(item.evidence),
                "facts": _facts(item.why),
            }
            for item in one.recommendations
        ],
        "unknown": [words.say(text) for text in one.unknown],
        "merges": [
            {
                "id": merge.id,
                "why": words.say(merge.why),
                "facts": _facts(merge.why),
                "value": merge.value,
                "weight": merge.weight,
                "at": moment(merge.at_ns),
                "evidence": list(merge.evidence),
            }
            for merge in one.merges
        ],
        "identities": [
            {
                "left": {"type": tie.left[0], "value": tie.left[1]},
                "right": {"type": tie.right[0], "value": tie.right[1]},
                "confidence": tie.confidence,
                "why": words.say(tie.why),
                "facts": _facts(tie.why),
                "evidence": list(tie.evidence),
            }
            for tie in one.identities
        ],
        "clocks": [
            {"source": off.source, "seconds": off.seconds, "pairs": off.pairs, "evidence": list(off.evidence)}
            for off in one.clocks
        ],
        "reached": [
            {
                "type": who.type,
                "value": who.value,
                "state": who.state,
                "at": moment(who.at_ns),
                "why": words.say(who.why),
                "facts": _facts(who.why),
                "evidence": list(who.evidence),
            }
            for who in one.reached
        ],
        "related": [
            {
                "incident": other.incident,
                "why": words.say(other.why),
                "facts": _facts(other.why),
                "value": other.value,
            }
            for other in one.related
        ],
        "unknown_facts": [_facts(text) for text in one.unknown],
    }


def _step(step: Step, words: Words) -> dict[str, Any]:
    return {
        "at": moment(step.at_ns),
        "layer": step.layer,
        "what": words.say(step.what),
        "reasons": words.reasons(step.what),
        "attack": list(step.attack),
        "evidence": list(step.evidence),
        "facts": _facts(step.what),
        "depth": step.depth,
    }


def _facts(text: Text, *kept: str) -> dict[str, Any]:
    """Give what a sentence was made of, raw, for programs that must not parse prose and for other languages.

    The findings that a step's sentence carries stand among its evidence; ``kept`` names what to give all the same.
    """
    told = {name: value for name, value in text.values if (name != "findings" or name in kept) and value != ""}
    return {"key": text.key, **told}


def _edge(edge: Edge, words: Words) -> dict[str, Any]:
    return {
        "source": edge.source,
        "target": edge.target,
        "relation": edge.relation,
        "at": moment(edge.at_ns),
        "why": words.say(edge.why),
        "facts": _facts(edge.why),
        "weight": round(edge.weight, 3),
        "evidence": list(edge.evidence),
    }


def _event(event: Event) -> dict[str, Any]:
    source = event.logsource
    return {
        "id": event.id,
        "logsource": {"product": source.product, "category": source.category, "service": source.service},
        "source": event.source,
        "record": event.record,
        "time": moment(event.time_ns),
        "host": event.host,
        "user": event.user,
        "fields": dict(event.fields),
    }


def _tuned(one: Tuned) -> dict[str, Any]:
    return {
        "entry": one.entry,
        "path": one.path,
        "line": one.line,
        "state": one.state,
        "action": one.action or None,
        "reason": one.reason,
        "until": one.until or None,
        "suppressed": one.suppressed,
        "changed": one.changed,
        "by_rule": [{"rule_id": key, "title": title, "findings": count} for key, title, count in one.rules],
        "unknown": list(one.unknown),
        "error": one.error or None,
    }


def _plain(value: Any) -> Any:
    """Give something JSON can hold for the few values that are not plain already."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
