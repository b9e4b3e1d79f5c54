"""MISP events: incidents as objects and attributes, with techniques as galaxy tags.

Only strong values are marked for detection (``to_ids``); a sender's address or a file's name is told, not blocked.

Source: MISP core format (draft-dulaunoy-misp-core-format), object templates of misp-objects: email 19, file 25, url 10.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import orjson

from sekisho.model.artifact import Analysis
from sekisho.model.attack import name_of
from sekisho.model.incident import Incident
from sekisho.model.result import Result
from sekisho.respond.observed import Observed, Picked, used
from sekisho.respond.stix import Telling
from sekisho.respond.wording import Words

OWN = UUID("0b9e5d0e-8f43-5d7b-9d0a-5b6f6b2d5a77")
THREAT = {"critical": "1", "high": "1", "medium": "2", "low": "3", "informational": "4"}
"""Severity to MISP's threat level: 1 high, 2 medium, 3 low, 4 undefined."""
# Kind of value, whether strong: type and category of the attribute. Source: MISP, "Attribute Categories vs. Types".
ATTRIBUTES = {
    "ip": ("ip-dst", "Network activity"),
    "domain": ("domain", "Network activity"),
    "url": ("url", "Network activity"),
    "email": ("email-src", "Payload delivery"),
    "md5": ("md5", "Payload delivery"),
    "sha1": ("sha1", "Payload delivery"),
    "sha256": ("sha256", "Payload delivery"),
    "file": ("filename", "Payload delivery"),
}
TEMPLATES = {
    "email": ("a0c666e0-fc65-4be8-b48f-3423d788b552", "network", "19"),
    "file": ("688c46fb-5edb-40a3-8273-1af7923e2215", "file", "25"),
    "url": ("60efb77b-40b5-4c46-871b-ed1ed999fce5", "network", "10"),
}
MAILS, COMMANDS = 50, 100
Object = dict[str, Any]


def events(result: Result, incidents: Sequence[Incident], picked: Picked, words: Words, how: Telling) -> bytes:
    """Give one event, or ``{"response": [...]}`` of several, as UTF-8 JSON; MISP imports both."""
    made = [{"Event": _Writer(result, one, picked, words, how).event()} for one in incidents]
    if not incidents:
        made = [{"Event": _Writer(result, None, picked, words, how).event()}]
    return orjson.dumps(made[0] if len(made) == 1 else {"response": made}, option=orjson.OPT_INDENT_2)


class Parts:
    """Attributes and objects of one event."""

    def __init__(self, key: str, first_ns: int, last_ns: int, words: Words, how: Telling) -> None:
        self.key, self.first_ns, self.last_ns, self.words, self.how = key, first_ns, last_ns, words, how

    def head(self, title: str, threat: str, tags: Sequence[str]) -> Object:
        """Give an event without attributes and objects."""
        return {
            "uuid": self.uuid("event"),
            "info": self.how.hide(title),
            "date": datetime.fromtimestamp(self.first_ns // 1_000_000_000, UTC).date().isoformat(),
            "timestamp": str(self.last_ns // 1_000_000_000),
            "threat_level_id": threat,
            "analysis": "1",
            "distribution": "0",
            "published": False,
            "Orgc": {"name": self.how.producer, "uuid": str(uuid5(OWN, self.how.producer))},
            "Tag": [{"name": name} for name in (f"tlp:{self.how.tlp}", *tags)],
        }

    def attribute(self, one: Observed) -> Object:
        """Give a value with its role and the time it was seen."""
        kind, category = ATTRIBUTES[one.kind]
        if one.role == "sent_from":
            kind = "ip-src"
        made = self.value(kind, category, self.how.hide(plain(one.value)), one.role, strong=one.strong)
        made["comment"] = self.words.word("observed", one.role)
        for name, at in (("first_seen", one.first_ns), ("last_seen", one.last_ns)):
            if at is not None:
                made[name] = datetime.fromtimestamp(at // 1_000_000_000, UTC).isoformat()
        return made

    def value(self, kind: str, category: str, value: str, key: str, *, strong: bool) -> Object:
        """Give an attribute; ``key`` tells it from others of the same value."""
        return {
            "uuid": self.uuid("attribute", kind, value, key),
            "type": kind,
            "category": category,
            "value": value,
            "to_ids": strong,
            "disable_correlation": not strong,
            "distribution": "5",
            "timestamp": str(self.last_ns // 1_000_000_000),
        }

    def object(self, name: str, key: str, values: Sequence[tuple[str, str, str, bool]]) -> Object:
        """Give an object; values are (relation, type, value, strong)."""
        template, category, version = TEMPLATES[name]
        attributes = []
        for relation, kind, value, strong in values:
            if not value:
                continue
            made = self.value(
                kind, _category(name, kind), self.how.hide(plain(value)), f"{key} {relation}", strong=strong
            )
            attributes.append({"object_relation": relation, **made})
        return {
            "uuid": self.uuid("object", name, key),
            "name": name,
            "meta-category": category,
            "template_uuid": template,
            "template_version": version,
            "distribution": "5",
            "timestamp": str(self.last_ns // 1_000_000_000),
            "Attribute": attributes,
        }

    def uuid(self, *parts: str) -> str:
        """Give an id from what a part is made of."""
        return str(uuid5(OWN, "\x1f".join((self.key, *parts))))


class _Writer(Parts):
    """The event of an incident, or of all malicious files."""

    def __init__(self, result: Result, incident: Incident | None, picked: Picked, words: Words, how: Telling) -> None:
        first = incident.first_at_ns if incident else None
        last = incident.last_at_ns if incident else None
        begun = first if first is not None else how.at_ns
        super().__init__(incident.id if incident else "files", begun, last if last is not None else begun, words, how)
        self.result, self.incident = result, incident
        self.keys = set(used(incident)) if incident else set()
        self.mine = [one for one in picked.observed if self._belongs(one)]

    def _belongs(self, one: Observed) -> bool:
        return self.incident is None or not one.evidence or bool(self.keys & set(one.evidence))

    def event(self) -> Object:
        """Give the event."""
        incident = self.incident
        title = self.words.say(incident.title) if incident else self.words.get("export.files")
        techniques = dict.fromkeys(one for step in (incident.steps if incident else ()) for one in step.attack)
        threat = THREAT[incident.severity] if incident else "2"
        parts = {"Attribute": list(self._attributes()), "Object": [*self._mails(), *self._files(), *self._urls()]}
        return self.head(title, threat, [technique_tag(one) for one in techniques]) | parts

    def _attributes(self) -> Iterator[Object]:
        for one in self.mine:
            if one.kind not in ("sha256", "url"):  # these are in objects
                yield self.attribute(one)
        if self.incident is None:
            return
        commands = dict.fromkeys(str(dict(step.what.values).get("command") or "") for step in self.incident.steps)
        for command in list(filter(None, commands))[:COMMANDS]:
            told = self.how.hide(plain(command))
            yield self.value("text", "Artifacts dropped", told, f"command {told}", strong=False)

    def _mails(self) -> Iterator[Object]:
        found = (one for one, _ in self.result.artifacts if one.id in self.keys and one.values("message_id"))
        for one in list(found)[:MAILS]:
            yield self.object(
                "email",
                one.id,
                [
                    ("subject", "email-subject", str(one.first("subject")), False),
                    ("from", "email-src", str(one.first("sender.address")), False),
                    ("from-display-name", "email-src-display-name", str(one.first("sender.name")), False),
                    ("message-id", "email-message-id", str(one.first("message_id")), False),
                    ("x-mailer", "email-x-mailer", str(one.first("headers.x_mailer")), False),
                    *(("attachment", "email-attachment", name, False) for name in _names(one)),
                ],
            )

    def _files(self) -> Iterator[Object]:
        sizes = {one.sha256: one for one, _ in self.result.artifacts}
        for one in self.mine:
            if one.kind == "sha256":
                known = sizes.get(one.value)
                values = [("filename", "filename", one.name, False), ("sha256", "sha256", one.value, one.strong)]
                if known is not None:
                    values.append(("size-in-bytes", "size-in-bytes", str(known.size_bytes), False))
                yield self.object("file", one.value, values)

    def _urls(self) -> Iterator[Object]:
        for one in self.mine:
            if one.kind == "url":
                yield self.object("url", one.value, [("url", "url", one.value, one.strong)])


def technique_tag(technique: str) -> str:
    """Give the tag of MISP's galaxy for a technique."""
    return f'misp-galaxy:mitre-attack-pattern="{name_of(technique)} - {technique}"'


def _names(one: Analysis) -> list[str]:
    return [str(value) for value in one.values("attachment.name")][:20]


def _category(name: str, kind: str) -> str:
    if kind == "size-in-bytes":
        return "Other"
    return "Network activity" if name == "url" else "Payload delivery"


def plain(text: str) -> str:
    """Give a text that JSON can hold."""
    return text.encode("utf-8", "backslashreplace").decode()
