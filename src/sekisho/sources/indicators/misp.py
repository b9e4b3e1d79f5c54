"""MISP events and feeds as JSON: attributes that are marked for detection, in objects or not.

Source: MISP core format, attributes, objects, sightings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sekisho.sources import Gap
from sekisho.sources.indicators import NOTE_CHARS, Told, seconds, whole
from sekisho.sources.indicators._lists import objects

# Attribute type to kind, and to where the value stands where a type holds two. Source: MISP, attribute types.
_TYPES = {
    "ip-dst": "ip",
    "ip-src": "ip",
    "domain": "domain",
    "hostname": "domain",
    "url": "url",
    "uri": "url",
    "link": "",
    "email-src": "email",
    "email-dst": "",
    "email": "email",
    "md5": "md5",
    "sha1": "sha1",
    "sha256": "sha256",
    "filename": "file",
    "email-attachment": "file",
}
_PAIRS = {
    "ip-dst|port": ("ip", ""),
    "ip-src|port": ("ip", ""),
    "domain|ip": ("domain", "ip"),
    "hostname|port": ("domain", ""),
    "filename|md5": ("file", "md5"),
    "filename|sha1": ("file", "sha1"),
    "filename|sha256": ("file", "sha256"),
}
_ORGANISATION = re.compile(rb'"Orgc"\s*+:\s*+\{[^{}]{0,2000}?"name"\s*+:\s*+"([^"\\]{1,200})"')


def recognise(head: bytes, path: Path) -> bool:
    """Tell by the names every event has."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start[:1] in (b"{", b"[") and (b'"Attribute"' in head or b'"Event"' in head)


def read(path: Path) -> Iterator[Told | Gap]:
    """Give the values of all attributes with ``to_ids``; the rest is context, not for detection.

    Raises:
        SourceError: the file cannot be read.
    """
    data = whole(path)
    found = _ORGANISATION.search(data)
    source = found[1].decode("utf-8", "replace") if found else ""
    for item in objects(data, b"Attribute"):
        if isinstance(item, Gap):
            yield item
        elif item[1].get("to_ids") in (True, 1, "1", "true") and item[1].get("deleted") is not True:
            yield from _attribute(*item, source)


def _attribute(number: str, one: dict[str, Any], source: str) -> Iterator[Told | Gap]:
    name, value = str(one.get("type") or ""), str(one.get("value") or "")
    place = str(one.get("uuid") or number)[:80]
    if name in _PAIRS:
        kinds, parts = _PAIRS[name], value.split("|", 1)
    else:
        kinds, parts = (_TYPES.get(name, ""), ""), [value, ""]
    if not any(kinds):
        yield Gap(place, f"an attribute of type {name[:40]} is not looked for")
        return
    first, last = seconds(one.get("first_seen")), seconds(one.get("last_seen")) or seconds(one.get("timestamp"))
    sightings = one.get("Sighting")
    count = len(sightings) if isinstance(sightings, list) else 0
    for kind, part in zip(kinds, (*parts, ""), strict=False):
        if kind:
            note = str(one.get("comment") or "")[:NOTE_CHARS]
            yield Told(part, place, kind, None, first, last, None, source, note, count)
