"""Sigma rules from an incident: behaviour first, then names by their grammar, values of the incident last.

Drafts only: ``app.exchange.proving`` compiles each, makes sure that it hits the incident and nothing else of the
evidence, and offers the broadest that passes.

Source: Sigma specification 2.1, rules; field names of the taxonomy appendix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ntpath import basename, splitext
from typing import Any
from uuid import UUID, uuid5

import yaml

from sekisho.model.event import Event
from sekisho.model.incident import Incident
from sekisho.model.result import Result
from sekisho.respond._shapes import CARETS, HOSTS, LOADERS, carets, grammar, tokens
from sekisho.respond.observed import Observed, used

OWN = UUID("7d0c9b3e-52f3-5a0e-8b3c-3a8f1f0e6a21")
VALUES = 200  # of one rule of values
SURE = 3  # pieces of a command line that make a shape rare; two stand in some installers' command lines too
_SPECIAL = re.compile(r"(\\*)([*?])|(\\+)()")
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """One rule to be tried."""

    behaviour: str
    """What it is about; of drafts about the same, the first that passes is offered."""
    document: Document
    must_hit: tuple[str, ...]
    """Ids of events of the incident of which it must match one; empty where the result does not hold them."""

    @property
    def title(self) -> str:
        """Give its title."""
        return str(self.document["title"])

    @property
    def text(self) -> str:
        """Give it as YAML."""
        return yaml.safe_dump(self.document, sort_keys=False, allow_unicode=True, width=110)


def drafts(result: Result, incident: Incident, observed: Sequence[Observed], producer: str = "Sekisho") -> list[Draft]:
    """Give drafts for an incident, of each behaviour the broadest first."""
    events = {one.id: one for one in result.events}
    keys = dict.fromkeys(used(incident))
    keys |= dict.fromkeys(one.event_id for one in result.findings if one.id in keys)  # of files: found by their rules
    mine = [events[key] for key in keys if key in events]
    writer = _Writer(incident, producer)
    found: list[Draft] = []
    for make in (_processes, _files, _registry, _names):
        found += make(mine, writer)
    found += _values(observed, writer, result, incident)
    kept: dict[str, Draft] = {}
    for one in found:
        kept.setdefault(one.text, one)
    return list(kept.values())


class _Writer:
    """What all rules of one incident share."""

    def __init__(self, incident: Incident, producer: str) -> None:
        self.incident, self.producer = incident, producer
        at = incident.last_at_ns or 0
        self.date = datetime.fromtimestamp(at // 1_000_000_000, UTC).date().isoformat()
        self.attack = {key: step.attack for step in incident.steps for key in step.evidence}

    def rule(
        self, title: str, logsource: Document, selection: Document, level: str, evidence: Sequence[str], what: str
    ) -> Document:
        """Give a rule's document."""
        techniques = dict.fromkeys(one for key in evidence for one in self.attack.get(key, ()))
        key = f"{self.incident.id} {title} {sorted(selection.items())!r}"
        made: Document = {
            "title": title,
            "id": str(uuid5(OWN, key)),
            "status": "experimental",
            "description": f"{what} Generated from incident {self.incident.id}.",
            "author": self.producer,
            "date": self.date,
        }
        if techniques:
            made["tags"] = [f"attack.{one.lower()}" for one in techniques]
        detection = {"selection": selection, "condition": "selection"}
        return made | {
            "logsource": logsource,
            "detection": detection,
            "falsepositives": ["Unknown"],
            "level": level,
        }


def _processes(mine: Sequence[Event], writer: _Writer) -> Iterator[Draft]:
    """Give rules on which program started which, and how."""
    logsource = {"product": "windows", "category": "process_creation"}
    for event in mine:
        image, parent = _base(event, "Image"), _base(event, "ParentImage")
        command = str(event.fields.get("CommandLine") or "")
        if event.logsource.category != "process_creation" or not image or image not in LOADERS:
            continue
        shape = [_literal(one) for one in tokens(command) if one.lower() not in image]
        level = "high" if len(shape) >= SURE else "medium"
        about, own = f"{parent} {image}", (event.id,)
        names = f"{_title(parent)} Starts {_title(image)}"
        if parent in HOSTS and parent != image:  # of two bitnesses, one starts the other
            selection: Document = {"ParentImage|endswith": f"\\{parent}", "Image|endswith": f"\\{image}"}
            what = f"{parent} starts {image}."
            yield Draft(about, writer.rule(names, logsource, selection, "high", own, what), own)
        if carets(command):
            selection = {"Image|endswith": f"\\{image}", "CommandLine|re": CARETS}
            what = f"{image} runs a command line whose words are split by carets."
            title = f"{_title(image)} with Words Split by Carets"
            yield Draft(f"{about} carets", writer.rule(title, logsource, selection, "high", own, what), own)
        if len(shape) >= 2:
            selection = {"Image|endswith": f"\\{image}", "CommandLine|contains|all": shape}
            title = f"{_title(image)} with the Command Line Shape of the Incident"
            what = f"{image} runs with the same kind of command line as in the incident."
            yield Draft(f"{about} shape", writer.rule(title, logsource, selection, level, own, what), own)
            if parent:
                selection = {"ParentImage|endswith": f"\\{parent}"} | selection
                title = f"{names} with the Command Line Shape of the Incident"
                yield Draft(f"{about} shape", writer.rule(title, logsource, selection, level, own, what), own)


def _files(mine: Sequence[Event], writer: _Writer) -> Iterator[Draft]:
    """Give rules on programs that write what can run to folders that anybody may write to."""
    for event in mine:
        image, path = _base(event, "Image"), str(event.fields.get("TargetFilename") or "")
        extension = splitext(path)[1].lower()
        folder = next((one for one in tokens(path) if one.startswith("\\")), "")
        if event.logsource.category != "file_event" or not folder or image not in LOADERS | HOSTS:
            continue
        if extension not in (".dll", ".ocx", ".exe", ".hta", ".vbs", ".js", ".ps1", ".bat", ".lnk"):
            continue
        selection = {
            "Image|endswith": f"\\{image}",
            "TargetFilename|contains": _literal(folder),
            "TargetFilename|endswith": extension,
        }
        title = f"{_title(image)} Writes {extension[1:].upper()} Files to {folder.strip(chr(92))}"
        what = f"{image} writes a runnable file to a folder that anybody may write to."
        logsource = {"product": "windows", "category": "file_event"}
        own = (event.id,)
        yield Draft(title, writer.rule(title, logsource, selection, "high", own, what), own)


def _registry(mine: Sequence[Event], writer: _Writer) -> Iterator[Draft]:
    """Give rules on run keys that start what the incident's did."""
    for event in mine:
        target, details = str(event.fields.get("TargetObject") or ""), str(event.fields.get("Details") or "")
        loaders = [name for name in sorted(LOADERS) if name in details.lower()]
        shape = [_literal(one) for one in (*loaders, *tokens(details)) if one != "http"]
        if not event.logsource.category.startswith("registry") or "\\CurrentVersion\\Run" not in target:
            continue
        if not loaders or len(shape) < 2:
            continue  # a folder of the user's own alone starts half of all programs
        selection = {"TargetObject|contains": "\\CurrentVersion\\Run", "Details|contains|all": shape}
        title = "Run Key Starts a Program from a Folder Anybody May Write to"
        what = "A run key starts the same kind of command as in the incident."
        own = (event.id,)
        logsource = {"product": "windows", "category": "registry_set"}
        yield Draft(title, writer.rule(title, logsource, selection, "high", own, what), own)


def _names(mine: Sequence[Event], writer: _Writer) -> Iterator[Draft]:
    """Give rules on attachments named as the incident's were."""
    for event in mine:
        if event.logsource.product != "email" or event.logsource.category != "attachment":
            continue
        name = str(event.fields.get("name") or "")
        if not (shape := grammar(name)):
            continue
        title = f"Attachment Named like the Incident's ({splitext(name)[1][1:].lower()})"
        what = "A file in a mail has a name of the same grammar as the incident's."
        own = (event.id,)
        logsource = {"product": "email", "category": "attachment"}
        document = writer.rule(title, logsource, {"name|re": shape}, "medium", own, what)
        yield Draft(f"name {shape}", document, own)


# Kind of value: title, log source, field. Source: Sigma taxonomy appendix; ours in docs/reference/taxonomy.md.
_FIELDS = (
    ("ip", "Connection to an Address", {"product": "windows", "category": "network_connection"}, "DestinationIp"),
    ("ip", "Firewall Saw an Address", {"category": "firewall"}, "dst_ip"),
    ("domain", "Lookup of a Name", {"product": "windows", "category": "dns_query"}, "QueryName"),
    ("domain", "Name Server Was Asked for a Name", {"category": "dns"}, "query"),
    ("url", "Proxy Saw an Address", {"category": "proxy"}, "c-uri"),
    ("sha256", "Mail Carried a File", {"product": "email", "category": "attachment"}, "sha256"),
)


def _values(observed: Sequence[Observed], writer: _Writer, result: Result, incident: Incident) -> Iterator[Draft]:
    """Give rules of values; a source that the evidence lacks has them too, but nothing there to hit."""
    keys, events = set(used(incident)), {one.id: one for one in result.events}
    for kind, title, logsource, field in _FIELDS:
        found = [
            one
            for one in observed
            if one.kind == kind and one.strong and (not one.evidence or keys & set(one.evidence))
        ]
        values = [_literal(one.value) for one in found][:VALUES]
        if not values:
            continue
        evidence = [key for one in found for key in one.evidence if key.startswith("e")]
        own = tuple(key for key in evidence if _has(events.get(key), logsource, field))
        full = f"{title} of the Incident"
        what = f"Values of the incident in {field}; they grow old within weeks."
        yield Draft(full, writer.rule(full, logsource, {field: values}, "high", evidence, what), own)


def _has(event: Event | None, logsource: Document, field: str) -> bool:
    if event is None or field not in event.fields:
        return False
    return event.logsource.category == logsource.get("category")


def _base(event: Event, field: str) -> str:
    return basename(str(event.fields.get(field) or "")).lower()


def _title(program: str) -> str:
    return program.removesuffix(".exe").capitalize() or "Something"


def _literal(text: str) -> str:
    """Give a text with what Sigma reads as wildcards and escapes escaped. Source: Sigma specification, "Escaping"."""
    return _SPECIAL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    slashes, star = match[1] or match[3] or "", match[2]
    if star:
        return f"{slashes * 2}\\{star}"
    return slashes * 2 if len(slashes) > 1 else slashes
