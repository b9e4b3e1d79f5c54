"""STIX 2.1: incidents as a bundle that any threat-intelligence platform reads.

Ids are derived from content, so exporting the same result twice gives the same bytes, and two exports of one attack
meet in a platform instead of doubling it. Victims are not named unless the reader is inside (``hide``).

Source: STIX Version 2.1, OASIS Standard of 10 June 2021; TLP 2.0 markings: OASIS cti-stix-common-objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import orjson

import sekisho
from sekisho.model.artifact import Analysis
from sekisho.model.attack import name_of, page_of
from sekisho.model.incident import Incident
from sekisho.model.indicator import AGE_DAYS, canonical
from sekisho.model.result import Result
from sekisho.respond._discreet import Hide, keep
from sekisho.respond.observed import Observed, Picked, used
from sekisho.respond.wording import Words, safe

OWN = UUID("5f1f0a5c-6ae5-5f0f-9d8e-2c7f3f7a5e10")
"""Namespace of our own ids; any fixed UUID serves."""
OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""Namespace of deterministic ids of observables. Source: STIX 2.1, section 2.9."""
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
"""TLP 2.0 labels and the markings that all platforms know. Source: OASIS cti-stix-common-objects."""
MESSAGES, PROCESSES = 50, 200  # of one incident; copies of one mail look alike
MALWARE, CONTACTS = 50, 50  # of one incident, related with one another; all values stand as indicators anyway
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Telling:
    """How to tell it."""

    tlp: str = "amber"
    """A key of TLP."""
    producer: str = "Sekisho"
    """Name of who tells it."""
    at_ns: int = 0
    """UTC nanoseconds of the bundle where the evidence has no time."""
    hide: Hide = keep


def bundle(result: Result, incidents: Sequence[Incident], picked: Picked, words: Words, how: Telling) -> bytes:
    """Give a bundle as UTF-8 JSON."""
    writer = Writer(how, words)
    indicators = writer.indicators(picked.observed)
    for incident in incidents:
        writer.incident(result, incident, picked, words, indicators)
    return writer.bundle()


def indicator_objects(observed: Iterable[Observed], words: Words, how: Telling) -> list[Object]:
    """Give the marking, the identity and one indicator object for each value that is worth looking for."""
    writer = Writer(how, words)
    writer.indicators(observed)
    return list(writer.objects.values())


class Writer:
    """Objects of one bundle so far, each id once."""

    def __init__(self, how: Telling, words: Words) -> None:
        self.how, self.words = how, words
        self.objects: dict[str, Object] = {}
        self.by = _id("identity", how.producer)
        self.marks = [TLP[how.tlp]]
        self.add(_marking(how.tlp))
        told = f"Sekisho {sekisho.__version__}"
        named = {"name": how.producer, "description": told, "identity_class": "organization"}
        self.add(self.sdo("identity", how.producer, named, how.at_ns))

    def bundle(self) -> bytes:
        """Give all objects as a bundle in UTF-8 JSON."""
        made = {"type": "bundle", "id": _id("bundle", *self.objects), "objects": list(self.objects.values())}
        return orjson.dumps(made, option=orjson.OPT_INDENT_2)

    def add(self, one: Object) -> str:
        """Keep an object and give its id."""
        self.objects.setdefault(one["id"], one)
        return str(one["id"])

    def sdo(self, kind: str, key: str, rest: Mapping[str, Any], at_ns: int | None) -> Object:
        """Give a domain object; what it is made of and when it was seen decide its id."""
        at = moment(at_ns if at_ns is not None else self.how.at_ns)
        made: Object = {"type": kind, "spec_version": "2.1", "id": _id(kind, key), "created": at, "modified": at}
        if kind != "identity":
            made |= {"created_by_ref": self.by}
        return made | dict(rest) | {"object_marking_refs": self.marks}

    def sco(self, kind: str, rest: Mapping[str, Any], *parts: str) -> str:
        """Keep an observable; ``parts`` name the properties its id comes from."""
        named = {name: rest[name] for name in parts if name in rest} or rest
        key = orjson.dumps(named, option=orjson.OPT_SORT_KEYS).decode()
        found = uuid5(OBSERVABLES, key)
        if kind == "process":  # nothing in it is unique, so the standard asks for version 4: the same bits, so marked
            found = UUID(bytes=found.bytes, version=4)
        made = {"type": kind, "spec_version": "2.1", "id": f"{kind}--{found}"}
        return self.add(made | dict(rest) | {"object_marking_refs": self.marks})

    def relate(self, source: str, verb: str, target: str, at_ns: int | None) -> str:
        """Keep a relationship."""
        rest = {"relationship_type": verb, "source_ref": source, "target_ref": target}
        return self.add(self.sdo("relationship", f"{source} {verb} {target}", rest, at_ns))

    def indicators(self, observed: Iterable[Observed]) -> dict[tuple[str, str], str]:
        """Keep an indicator for each value worth looking for; ids by kind and value."""
        found = {}
        for one in observed:
            if one.kind == "file" and not one.strong and one.role != "named":
                continue  # names of written files are in the observed data
            first = one.first_ns if one.first_ns is not None else self.how.at_ns
            rest = {
                "name": safe(one.value),
                "description": self.words.word("observed", one.role),
                "indicator_types": ["malicious-activity" if one.strong else "anomalous-activity"],
                "pattern": pattern(one.kind, one.value),
                "pattern_type": "stix",
                "valid_from": moment(first),
                "valid_until": moment(first + AGE_DAYS[one.kind] * 86_400 * 1_000_000_000),
                "confidence": one.confidence,
                "labels": [one.role.replace("_", "-"), "block" if one.strong else "hunt-only"],
            }
            key = one.kind, one.value
            found[key] = self.add(self.sdo("indicator", f"{one.kind} {one.value}", rest, first))
        return found

    def observable(self, one: Observed) -> str:
        """Keep the observable of a value."""
        if one.kind == "ip":
            return self.sco("ipv6-addr" if ":" in one.value else "ipv4-addr", {"value": one.value}, "value")
        if one.kind in ("domain", "url", "email"):
            kind = {"domain": "domain-name", "url": "url", "email": "email-addr"}[one.kind]
            return self.sco(kind, {"value": one.value}, "value")
        if one.kind == "file":
            return self.sco("file", {"name": self.how.hide(plain(one.value))}, "name")
        algorithm = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256"}[one.kind]
        named = {"name": self.how.hide(plain(one.name))} if one.name else {}
        return self.sco("file", {"hashes": {algorithm: one.value}, **named}, "hashes")

    def incident(
        self,
        result: Result,
        incident: Incident,
        picked: Picked,
        words: Words,
        indicators: Mapping[tuple[str, str], str],
    ) -> None:
        """Keep all of one incident, and the report that holds it together."""
        keys = set(used(incident))
        mine = [one for one in picked.observed if not one.evidence or keys & set(one.evidence)]
        first, last = incident.first_at_ns, incident.last_at_ns
        refs: list[str] = []
        techniques = [self.technique(one, last) for one in _techniques(incident)]
        refs += techniques
        for one in mine:
            seen = self.observable(one)
            data = self.observed_data(f"{incident.id} {one.kind} {one.value}", [seen], one.first_ns, one.last_ns)
            refs += [seen, data]
            if (indicator := indicators.get((one.kind, one.value))) is not None:
                refs += [indicator, self.relate(indicator, "based-on", data, last)]
                refs.append(self._sighting(indicator, data, one, incident))
        refs += self._malware(mine, indicators, techniques, last)
        refs += self._story(result, incident, keys)
        rest = {
            "name": self.how.hide(words.say(incident.title)),
            "description": "\n".join(self._told(incident, words)),
            "report_types": ["threat-report"],
            "published": moment(last if last is not None else self.how.at_ns),
            "confidence": round(incident.probability * 100),
            "lang": words.language,
            "object_refs": list(dict.fromkeys(refs)) or [self.by],
        }
        self.add(self.sdo("report", incident.id, rest, first))

    def _told(self, incident: Incident, words: Words) -> Iterator[str]:
        for step in incident.steps:
            when = moment(step.at_ns) if step.at_ns is not None else "-"
            yield f"{when} {words.word('layer', step.layer)}: {self.how.hide(words.say(step.what))}"

    def technique(self, technique: str, at_ns: int | None) -> str:
        """Keep an attack pattern of ATT&CK."""
        source = {"source_name": "mitre-attack", "external_id": technique, "url": page_of(technique)}
        return self.add(
            self.sdo("attack-pattern", technique, {"name": name_of(technique), "external_references": [source]}, at_ns)
        )

    def observed_data(self, key: str, refs: Sequence[str], first: int | None, last: int | None) -> str:
        """Keep that observables were seen."""
        at = first if first is not None else self.how.at_ns
        end = last if last is not None else at
        rest = {
            "first_observed": moment(at),
            "last_observed": moment(end),
            "number_observed": 1,
            "object_refs": list(dict.fromkeys(refs)),
        }
        return self.add(self.sdo("observed-data", key, rest, at))

    def _sighting(self, indicator: str, data: str, one: Observed, incident: Incident) -> str:
        rest: Object = {"sighting_of_ref": indicator, "observed_data_refs": [data], "where_sighted_refs": [self.by]}
        if one.first_ns is not None and one.last_ns is not None:
            rest |= {"first_seen": moment(one.first_ns), "last_seen": moment(one.last_ns)}
        rest["count"] = max(1, len(one.evidence))
        return self.add(self.sdo("sighting", f"{incident.id} {indicator}", rest, one.last_ns))

    def _malware(
        self,
        mine: Sequence[Observed],
        indicators: Mapping[tuple[str, str], str],
        techniques: Sequence[str],
        at_ns: int | None,
    ) -> Iterator[str]:
        """Keep each hostile file as malware: what shows it, what it did, and whom its processes spoke to."""
        contacts = [one for one in mine if one.role == "contacted" and one.strong][:CONTACTS]
        files = [one for one in mine if one.kind == "sha256" and one.strong]
        for one in files[:MALWARE]:
            rest = {
                "name": self.how.hide(plain(one.name)) or one.value,
                "is_family": False,
                "malware_types": ["unknown"],
                "sample_refs": [self.observable(one)],
            }
            malware = self.add(self.sdo("malware", one.value, rest, one.first_ns))
            yield malware
            yield self.relate(indicators[one.kind, one.value], "indicates", malware, at_ns)
            for technique in techniques:
                yield self.relate(malware, "uses", technique, at_ns)
            for contact in contacts:
                yield self.relate(malware, "communicates-with", self.observable(contact), at_ns)

    def _story(self, result: Result, incident: Incident, keys: set[str]) -> Iterator[str]:
        """Keep the mails and the command lines of an incident as observed data."""
        mails = [one for one, _ in result.artifacts if one.id in keys and one.values("message_id")][:MESSAGES]
        seen = [self._mail(one) for one in mails]
        if seen:
            yield from seen
            yield self.observed_data(f"{incident.id} mails", seen, incident.first_at_ns, incident.first_at_ns)
        commands: dict[str, int | None] = {}
        for step in incident.steps:
            if command := str(dict(step.what.values).get("command") or ""):
                commands.setdefault(self.how.hide(plain(command)), step.at_ns)
        for command, at in list(commands.items())[:PROCESSES]:
            ran = self.sco("process", {"command_line": command})
            yield ran
            yield self.observed_data(f"{incident.id} {command}", [ran], at, at)

    def _mail(self, one: Analysis) -> str:
        rest: Object = {"is_multipart": False, "subject": plain(str(one.first("subject")))}
        rest["message_id"] = plain(str(one.first("message_id")))
        if sender := canonical("email", str(one.first("sender.address"))):
            rest["from_ref"] = self.sco("email-addr", {"value": sender}, "value")
        return self.sco("email-message", rest, "from_ref", "subject", "message_id")


def pattern(kind: str, value: str) -> str:
    """Give a STIX pattern that matches a value. Source: STIX 2.1, section 9."""
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    if kind == "ip":
        return f"[ipv{6 if ':' in value else 4}-addr:value = '{quoted}']"
    if kind in ("md5", "sha1", "sha256"):
        algorithm = {"md5": "MD5", "sha1": "'SHA-1'", "sha256": "'SHA-256'"}[kind]
        return f"[file:hashes.{algorithm} = '{quoted}']"
    path = {
        "domain": "domain-name:value",
        "url": "url:value",
        "email": "email-message:from_ref.value",
        "file": "file:name",
    }[kind]
    return f"[{path} = '{quoted}']"


def moment(at_ns: int) -> str:
    """Give a STIX timestamp in UTC with milliseconds. Source: STIX 2.1, section 2.14."""
    seconds, rest = divmod(max(0, at_ns), 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC).strftime('%Y-%m-%dT%H:%M:%S')}.{rest // 1_000_000:03d}Z"


def _id(kind: str, *parts: str) -> str:
    return f"{kind}--{uuid5(OWN, chr(31).join((kind, *parts)))}"


def plain(text: str) -> str:
    """Give a text that JSON can hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def _techniques(incident: Incident) -> list[str]:
    return list(dict.fromkeys(one for step in incident.steps for one in step.attack))


def _marking(tlp: str) -> Object:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP[tlp],
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{tlp.upper()}",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp}},
    }
