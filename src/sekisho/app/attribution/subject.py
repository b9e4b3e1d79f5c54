"""What is asked about: techniques, software and texts of a result of Sekisho, or of a list of one's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sekisho.model.comparison import Features
from sekisho.model.errors import SourceError

MOST_BYTES, TEXTS, DEPTH = 512 << 20, 20_000, 12
NO_TEXTS = {"timing", "rules", "tuning", "notes", "schema", "version", "language", "reasons", "graph", "steps"}
"""Parts of a result that hold our own words, not evidence: a rule's title must not count as a sign."""
PE = {
    "pe.imphash": "imphash",
    "pe.rich_hash": "rich",
    "pe.pdb": "pdb",
    "pe.export_name": "strings",
    "pe.export": "strings",
    "pe.signer": "certificates",
}
"""Features of analysed files that are compared, and as what."""
DYNAMIC = tuple(
    f".{one}" for one in "duckdns.org ddns.net hopto.org zapto.org sytes.net no-ip.org no-ip.biz myftp.biz".split()
)
"""Free dynamic DNS under which anybody may name a host. Source: the C&C names in the 2020 report on Earth Kitsune, and
the documentation of No-IP and Duck DNS."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One question."""

    name: str
    techniques: tuple[str, ...]
    software: tuple[str, ...]
    texts: tuple[str, ...]
    at: date | None


def load(path: str) -> Mapping[str, Any]:
    """Read a JSON object.

    Raises:
        SourceError: it cannot be read, is too large or is no object.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        document = json.loads(data) if len(data) <= MOST_BYTES else None
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"cannot be read as JSON: {error}", path) from error
    if not isinstance(document, dict):
        raise SourceError("is no JSON object, or too large", path)
    return document


def read(path: str, incident: str = "") -> Subject:
    """Read a result (``sekisho investigate --json``), a campaign (``sekisho campaigns show --json``), or a list.

    A list is an object with techniques, software, texts and first_at; a campaign has these too, under its own names.

    Raises:
        SourceError: it cannot be read, or has no such incident.
    """
    return of_document(load(path), path, incident)


def of_document(document: Mapping[str, Any], path: str, incident: str = "") -> Subject:
    """Read what :func:`read` reads from a document that is at hand; ``path`` names it.

    Raises:
        SourceError: it has no such incident.
    """
    if "findings" not in document:
        at = _day(document.get("first_at") or document.get("first"))
        name = str(document.get("name") or document.get("title") or Path(path).name)
        techniques, software, texts = (_words(document.get(key)) for key in ("techniques", "software", "texts"))
        if "members" in document:  # sightings bring what rules name, a technique beside its sub-technique
            techniques = _finest(list(techniques))
        return Subject(name, techniques, software, texts[:TEXTS], at)
    incidents = _objects(document.get("incidents"))
    chosen = [one for one in incidents if not incident or one.get("id") == incident]
    if incident and not chosen:
        raise SourceError(f"has no incident {incident}", path)
    wanted = {str(key) for one in chosen for key in _words(one.get("findings"))}
    findings = _objects(document["findings"])
    findings = [one for one in findings if one.get("id") in wanted] if wanted else findings
    named = [key for one in findings for key in _words(one.get("attack"))]
    named += [key for one in chosen for step in _objects(one.get("steps")) for key in _words(step.get("attack"))]
    days = [day for one in chosen if (day := _day(one.get("first_at"))) is not None]
    title = str(chosen[0].get("title", "")) if len(chosen) == 1 else ""
    evidence = {key: value for key, value in document.items() if key in ("artifacts", "events", "findings")}
    texts = tuple(dict.fromkeys(_texts(evidence)))[:TEXTS]
    return Subject(title or Path(path).name, _finest(named), (), texts, min(days, default=None))


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < DEPTH and isinstance(value, dict):
        for key, item in value.items():
            if key not in NO_TEXTS and key != "title":
                yield from _texts(item, depth + 1)
    elif depth < DEPTH and isinstance(value, list):
        for item in value:
            yield from _texts(item, depth + 1)


def _finest(techniques: list[str]) -> tuple[str, ...]:
    """Leave out a technique of which a sub-technique was seen: rules name both, reports seldom do."""
    whole = {one.partition(".")[0] for one in techniques if "." in one}
    return tuple(one for one in dict.fromkeys(techniques) if one not in whole)


def _objects(value: Any) -> list[dict[str, Any]]:
    """Give the objects of a list, nothing of anything else: the file may be anybody's."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _words(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(one) for one in value)) if isinstance(value, list) else ()


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def features(path: str) -> Features:
    """Read what is compared side by side: ``{"name": ..., "features": {kind: [values]}}``, or a result of Sekisho.

    Raises:
        SourceError: it cannot be read or is neither.
    """
    document = load(path)
    name = str(document.get("name", Path(path).name))
    given = document.get("features")
    if isinstance(given, dict):
        return Features(name, {str(key): _words(value) for key, value in given.items()})
    if "findings" not in document:
        raise SourceError("has neither features nor findings", path)
    found: dict[str, list[str]] = {"techniques": list(read(path).techniques)}
    for artifact in _objects(document.get("artifacts")):
        held = artifact.get("features")
        for key, values in (held if isinstance(held, dict) else {}).items():
            if key in PE and isinstance(values, list):
                found.setdefault(PE[key], []).extend(map(str, values))
        for stamp in _words(held.get("pe.compiled_at") if isinstance(held, dict) else None):
            found.setdefault("hours", []).extend(re.findall(r"T([0-2]\d):", stamp[:40]))
        for url in _objects(artifact.get("urls")):
            if url.get("host"):
                host = str(url["host"]).lower()
                found.setdefault("domains", []).append(host)
                found.setdefault("dyndns", []).extend(one[1:] for one in DYNAMIC if host.endswith(one))
    for event in _objects(document.get("events")):
        fields = event.get("fields")
        if isinstance(fields, dict) and fields.get("CommandLine"):
            found.setdefault("commands", []).append(str(fields["CommandLine"]))
    return Features(name, {key: tuple(dict.fromkeys(values)) for key, values in found.items()})
