"""OCSF: findings and incidents for a SIEM or a security lake, one JSON object a line.

Source: OCSF 1.5.0, classes Detection Finding (2004) and Incident Finding (2005), category Findings (2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

import sekisho
from sekisho.model.attack import name_of, page_of
from sekisho.model.event import Event
from sekisho.model.finding import Finding
from sekisho.model.incident import Incident
from sekisho.model.result import Result
from sekisho.respond.observed import Observed, Picked, used
from sekisho.respond.wording import Words

VERSION = "1.5.0"
SEVERITY = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
CREATE = 1
# Kind of value to OCSF's type of observable. Source: OCSF 1.5.0, object observable, type_id.
OBSERVABLE = {"ip": 2, "domain": 1, "url": 6, "email": 5, "md5": 8, "sha1": 8, "sha256": 8, "file": 7}
HOST, USER, PROCESS = 1, 4, 9
Object = dict[str, Any]


def lines(result: Result, incidents: Sequence[Incident], picked: Picked, words: Words, at_ns: int) -> bytes:
    """Give an Incident Finding for each incident, then a Detection Finding for each of their findings.

    Args:
        result: what the incidents are part of.
        incidents: those to tell of; empty tells of all findings.
        picked: values to give as observables.
        words: the language of titles.
        at_ns: time of what has none.
    """
    wanted = {key for incident in incidents for key in incident.findings}
    events = {one.id: one for one in result.events}
    made = [_incident(one, result, picked, words, at_ns) for one in incidents]
    made += [
        _detection(one, events.get(one.event_id), words, at_ns)
        for one in result.findings
        if one.id in wanted or not incidents
    ]
    return b"".join(orjson.dumps(one, default=str) + b"\n" for one in made)


def _base(class_uid: int, severity: str, time_ms: int) -> Object:
    return {
        "activity_id": CREATE,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Incident Finding" if class_uid == 2005 else "Detection Finding",
        "class_uid": class_uid,
        "type_uid": class_uid * 100 + CREATE,
        "severity": severity.capitalize(),
        "severity_id": SEVERITY[severity],
        "status": "New",
        "status_id": 1,
        "time": time_ms,
        "metadata": {
            "version": VERSION,
            "product": {"name": "Sekisho", "vendor_name": "Sekisho", "version": sekisho.__version__},
        },
    }


def _detection(one: Finding, event: Event | None, words: Words, at_ns: int) -> Object:
    time_ms = (one.time_ns if one.time_ns is not None else at_ns) // 1_000_000
    made = _base(2004, one.level, time_ms)
    made["finding_info"] = {
        "uid": one.id,
        "title": _plain(one.title_in(words.language)),
        "created_time": time_ms,
        "analytic": {"name": _plain(one.title), "uid": one.rule_id, "type": "Rule", "type_id": 1},
        "attacks": [_attack(technique) for technique in one.attack],
        "data_sources": [_plain(one.source)],
    }
    told: Object = {"data": {item.field: _value(item.value) for item in one.evidence}}
    if event is not None:
        told |= _process(event)
    made["evidences"] = [told]
    made["is_alert"] = SEVERITY[one.level] >= SEVERITY["high"]
    made["observables"] = [
        {"name": name, "type_id": kind, "value": _plain(value)}
        for name, kind, value in (("device.hostname", HOST, one.host), ("actor.user.name", USER, one.user))
        if value
    ]
    made["raw_data"] = f"{_plain(one.source)}#{_plain(one.record)}"
    return made


def _process(event: Event) -> Object:
    command = str(event.fields.get("CommandLine") or "")
    image = str(event.fields.get("Image") or "")
    if not image and not command:
        return {}
    return {"process": {"name": _plain(image.rpartition("\\")[2]), "cmd_line": _plain(command)}}


def _incident(one: Incident, result: Result, picked: Picked, words: Words, at_ns: int) -> Object:
    last = one.last_at_ns if one.last_at_ns is not None else at_ns
    first = one.first_at_ns if one.first_at_ns is not None else last
    made = _base(2005, one.severity, last // 1_000_000)
    keys = set(used(one))
    findings = [item for item in result.findings if item.id in set(one.findings)]
    made |= {
        "start_time": first // 1_000_000,
        "end_time": last // 1_000_000,
        "desc": _plain(words.say(one.title)),
        "confidence_score": round(one.probability * 100),
        "verdict": "True Positive" if one.verdict.value == "malicious" else "Suspicious",
        "verdict_id": 2 if one.verdict.value == "malicious" else 4,
        "attacks": [_attack(item) for item in dict.fromkeys(name for step in one.steps for name in step.attack)],
        "finding_info_list": [{"uid": item.id, "title": _plain(item.title_in(words.language))} for item in findings]
        or [{"uid": one.id, "title": _plain(words.say(one.title))}],
        "observables": list(_observables(picked.observed, keys)),
    }
    return made


def _observables(observed: Sequence[Observed], keys: set[str]) -> Iterator[Object]:
    for one in observed:
        if not one.evidence or keys & set(one.evidence):
            yield {"name": one.role, "type_id": OBSERVABLE[one.kind], "value": _plain(one.value)}


def _attack(technique: str) -> Object:
    parent, dot, _ = technique.partition(".")
    made: Object = {"technique": {"uid": parent, "name": name_of(parent), "src_url": page_of(parent)}}
    if dot:
        made["sub_technique"] = {"uid": technique, "name": name_of(technique), "src_url": page_of(technique)}
    return made | {"version": "18"}


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_value(item) for item in value[:50]]
    return value if isinstance(value, bool | float) or value is None else _plain(str(value))


def _plain(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
