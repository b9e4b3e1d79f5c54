"""STIX 2.0 and 2.1 bundles and TAXII envelopes: indicators with their patterns, and sightings of them.

Source: STIX Version 2.1, sections 4.7 (Indicator), 5.2 (Sighting), 9 (patterning); TAXII 2.1, section 3.7 (envelope).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sekisho.sources import Gap
from sekisho.sources.indicators import NOTE_CHARS, Told, percent, seconds, whole
from sekisho.sources.indicators._lists import objects

PATTERN_CHARS = 100_000
VALUES = 1_000  # of one pattern
# Object path to kind. Source: STIX 2.1, section 6.
_PATHS = {
    "ipv4-addr:value": "ip",
    "ipv6-addr:value": "ip",
    "domain-name:value": "domain",
    "url:value": "url",
    "email-addr:value": "email",
    "email-message:from_ref.value": "email",
    "email-message:sender_ref.value": "email",
    "file:name": "file",
    "file:hashes.md5": "md5",
    "file:hashes.'md5'": "md5",
    "file:hashes.'sha-1'": "sha1",
    "file:hashes.sha1": "sha1",
    "file:hashes.'sha1'": "sha1",
    "file:hashes.'sha-256'": "sha256",
    "file:hashes.sha256": "sha256",
    "file:hashes.'sha256'": "sha256",
    "network-traffic:dst_ref.value": "ip",
    "network-traffic:src_ref.value": "ip",
}
_QUOTED = r"'(?:[^'\\]|\\.)*+'"
_ONE = re.compile(
    rf"([a-z0-9-]+:[a-z0-9_.]+(?:'[a-z0-9-]+')?)\s*+(?:=\s*+({_QUOTED})|IN\s*+\(\s*+({_QUOTED}(?:\s*+,\s*+{_QUOTED})*+)\s*+\))",
    re.IGNORECASE,
)
_VALUE = re.compile(_QUOTED)
_GLUE = re.compile(r"(?:\s|[\[\]()]|\bOR\b)*+", re.IGNORECASE)


def recognise(head: bytes, path: Path) -> bool:
    """Tell by the first names of the file."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"{"):
        return False
    return b'"objects"' in head and (b'"bundle"' in head or b'"spec_version"' in head or b'"indicator"' in head)


def read(path: Path) -> Iterator[Told | Gap]:
    """Give a value for each alternative of each indicator's pattern, then what was sighted.

    References are looked up by id once and never followed, so they may run in circles.

    Raises:
        SourceError: the file cannot be read.
    """
    names: dict[str, str] = {}
    values: dict[str, list[tuple[str, str]]] = {}
    sighted: dict[str, tuple[int, int | None]] = {}
    for item in objects(whole(path), b"objects"):
        if isinstance(item, Gap):
            yield item
            continue
        number, one = item
        kind = one.get("type")
        if kind == "identity":
            names[str(one.get("id"))] = str(one.get("name") or "")[:NOTE_CHARS]
        elif kind == "sighting":
            count, last = sighted.get(str(one.get("sighting_of_ref")), (0, None))
            more = one.get("count")
            times = [at for at in (last, seconds(one.get("last_seen"))) if at is not None]
            added = min(more, 10**9) if isinstance(more, int) and more > 0 else 1
            sighted[str(one.get("sighting_of_ref"))] = count + added, max(times, default=None)
        elif kind == "indicator" and one.get("revoked") is not True:
            yield from _indicator(number, one, names, values)
    for key, (count, last) in sighted.items():
        for kind, value in values.get(key, ()):
            yield Told(value, key[:80], kind, last_at=last, sightings=count)


def _indicator(
    number: str, one: dict[str, Any], names: dict[str, str], values: dict[str, list[tuple[str, str]]]
) -> Iterator[Told | Gap]:
    place = str(one.get("id") or number)[:80]
    if str(one.get("pattern_type") or "stix") != "stix":
        yield Gap(place, f"a pattern of {str(one.get('pattern_type'))[:20]}, not of values")
        return
    found = alternatives(str(one.get("pattern") or ""))
    if not found:
        yield Gap(place, "the pattern is no choice of single values")
        return
    values[str(one.get("id"))] = found
    note = str(one.get("name") or one.get("description") or "")[:NOTE_CHARS]
    for kind, value in found:
        yield Told(
            value,
            place,
            kind,
            percent(one.get("confidence")),
            seconds(one.get("valid_from")),
            None,
            seconds(one.get("valid_until")),
            names.get(str(one.get("created_by_ref")), ""),
            note,
        )


def alternatives(pattern: str) -> list[tuple[str, str]]:
    """Give (kind, value) of each alternative of a pattern; nothing where one value alone does not decide.

    ``AND``, ``FOLLOWEDBY``, ``NOT``, ``LIKE``, ``MATCHES`` and time windows make a pattern more than its values.
    """
    found: list[tuple[str, str]] = []
    text, at = pattern[:PATTERN_CHARS], 0
    while len(found) <= VALUES:
        glue = _GLUE.match(text, at)
        at = glue.end() if glue else at
        if at >= len(text):
            return found if len(pattern) <= PATTERN_CHARS else []
        match = _ONE.match(text, at)
        kind = _PATHS.get(match[1].lower()) if match else None
        if match is None or kind is None:
            return []
        found += [(kind, _unquoted(one[0])) for one in _VALUE.finditer(match[2] or match[3])]
        at = match.end()
    return []


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
