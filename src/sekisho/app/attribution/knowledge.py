"""Knowledge of who used what: read from ATT&CK's STIX bundle, or from its relations with dated citations.

Nothing of ATT&CK ships with Sekisho; users give the file. Source: MITRE ATT&CK terms of use (attack.mitre.org).
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sekisho.model.attribution import Citation, Knowledge, Named, NameLink, Use
from sekisho.model.errors import SourceError

MOST_BYTES = 512 << 20  # a bundle of all three ATT&CK domains is below 100 MiB
KINDS = {
    "intrusion-set": "actor",
    "campaign": "campaign",
    "malware": "malware",
    "tool": "tool",
    "attack-pattern": "technique",
}
MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
WRITTEN = re.compile(r"\(((?:19|20)\d\d)(?:,\s{0,4}([A-Za-z]{3,9})\.?(?:\s{1,4}(\d{1,2}))?)?[^()]{0,20}\)")
"""The date of a reference: ``(2018, December 12)``, ``(2018, December)``, ``(2018)``. Source: ATT&CK's own style."""


def read(path: str) -> Knowledge:
    """Read a knowledge file, packed with gzip or not.

    Raises:
        SourceError: it cannot be read, is too large or is none of the two forms.
    """
    return understand(load(path), path)


def load(path: str) -> Any:
    """Read a JSON file, packed with gzip or not.

    Raises:
        SourceError: it cannot be read or is too large.
    """
    try:
        return json.loads(_bytes(Path(path)))
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise SourceError(f"cannot be read as ATT&CK data: {error}", path) from error


def understand(document: Any, path: str) -> Knowledge:
    """Read either form of knowledge.

    Raises:
        SourceError: it is none of them.
    """
    if isinstance(document, dict) and isinstance(document.get("objects"), list):
        return from_bundle(document["objects"])
    if isinstance(document, dict) and isinstance(document.get("uses"), list):
        return from_relations(document)
    raise SourceError("is neither a STIX bundle of ATT&CK nor its relations (keys names and uses)", path)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else path.open("rb") as opened:
        data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES >> 20} MiB")
    return data


def from_relations(document: Mapping[str, Any]) -> Knowledge:
    """Read ``names`` (id -> [kind, name]) and ``uses`` ([source, relation, target, [[url, yyyymmdd or null] ...]])."""
    names: dict[str, Named] = {}
    given = document.get("names")
    for key, value in (given if isinstance(given, dict) else {}).items():
        if isinstance(value, list) and len(value) == 2 and value[0] in KINDS:
            names[str(key)] = Named(str(key), KINDS[value[0]], str(value[1]))
    uses: list[Use] = []
    campaigns: dict[str, str] = {}
    broken = 0
    for row in document["uses"]:
        try:
            source, relation, target, cited = row
            citations = tuple(Citation(str(url), _number(day)) for url, day in cited)
        except (TypeError, ValueError, OverflowError):
            broken += 1
            continue
        if relation == "attributed-to":
            campaigns[str(source)] = str(target)
        elif relation == "uses":
            uses.append(Use(str(source), str(target), citations))
    notes = (f"{broken} relations could not be read",) if broken else ()
    return Knowledge(str(document.get("source", "ATT&CK"))[:80], names, tuple(uses), campaigns, (), notes)


def _number(day: Any) -> date | None:
    """Read yyyymmdd; months and days of 0 are the first."""
    if day is None:
        return None
    year, rest = divmod(int(day), 10_000)
    return date(year, max(1, rest // 100), max(1, rest % 100))


def from_bundle(objects: list[Any]) -> Knowledge:
    """Read a STIX 2 bundle as ATT&CK publishes it; revoked and deprecated objects are left out."""
    names: dict[str, Named] = {}
    by_stix: dict[str, str] = {}
    title = "ATT&CK"
    valid = [one for one in objects if isinstance(one, dict) and not one.get("revoked")]
    valid = [one for one in valid if not one.get("x_mitre_deprecated")]
    for one in valid:
        if one.get("type") == "x-mitre-collection":
            title = f"{one.get('name', 'ATT&CK')} {one.get('x_mitre_version', '')}".strip()
        kind, key = KINDS.get(str(one.get("type"))), _attack_id(one)
        if kind and key:
            given = one.get("aliases") or one.get("x_mitre_aliases")
            aliases = given if isinstance(given, list) else []
            others = tuple(str(alias) for alias in aliases if alias != one.get("name"))
            names[key] = Named(key, kind, str(one.get("name", key)), others)
            by_stix[str(one.get("id"))] = key
    uses, campaigns, broken = _relations(valid, by_stix)
    notes = (f"{broken} relations could not be read",) if broken else ()
    return Knowledge(title[:80], names, tuple(uses), campaigns, shared_names(names), notes)


def _relations(objects: list[dict[str, Any]], by_stix: Mapping[str, str]) -> tuple[list[Use], dict[str, str], int]:
    uses: list[Use] = []
    campaigns: dict[str, str] = {}
    broken = 0
    for one in objects:
        if one.get("type") != "relationship" or one.get("relationship_type") not in ("uses", "attributed-to"):
            continue
        source, target = by_stix.get(str(one.get("source_ref"))), by_stix.get(str(one.get("target_ref")))
        if source is None or target is None:
            broken += 1
        elif one["relationship_type"] == "attributed-to":
            campaigns[source] = target
        else:
            uses.append(Use(source, target, tuple(_citations(one))))
    return uses, campaigns, broken


def _citations(one: Mapping[str, Any]) -> Iterator[Citation]:
    references = one.get("external_references")
    for reference in references if isinstance(references, list) else []:
        if isinstance(reference, dict) and reference.get("url"):
            yield Citation(str(reference["url"]), written_date(str(reference.get("description", ""))))


def written_date(text: str) -> date | None:
    """Read the date of a reference as ATT&CK writes it; None when it has none."""
    found = WRITTEN.search(text[:2_000])
    if not found:
        return None
    month = MONTHS.get((found[2] or "jan").lower()[:3], 1)
    try:
        return date(int(found[1]), month, int(found[3] or 1))
    except ValueError:
        return date(int(found[1]), month, 1)


def _attack_id(one: Mapping[str, Any]) -> str:
    references = one.get("external_references")
    for reference in references if isinstance(references, list) else []:
        if isinstance(reference, dict) and str(reference.get("source_name", "")).startswith("mitre-"):
            return str(reference.get("external_id", ""))
    return ""


def shared_names(names: Mapping[str, Named]) -> tuple[NameLink, ...]:
    """Link actors that one alias is said of; the more actors bear it, the weaker the link."""
    bearers: dict[str, list[str]] = defaultdict(list)
    for one in names.values():
        if one.kind == "actor":
            for alias in {one.name.casefold(), *(alias.casefold() for alias in one.aliases)}:
                bearers[alias].append(one.id)
    found: list[NameLink] = []
    for alias, ids in sorted(bearers.items()):
        if 2 <= len(ids) <= 20:
            pairs = [(a, b) for i, a in enumerate(sorted(ids)) for b in sorted(ids)[i + 1 :]]
            found += [NameLink(a, b, round(1 / len(ids), 3), alias) for a, b in pairs]
    return tuple(found)
