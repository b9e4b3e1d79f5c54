"""The knowledge file of families and distributors: read and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import re2

from sekisho.app.mailmodel import knowledge
from sekisho.attribute.families import Family, Sign
from sekisho.model.attribution import Citation
from sekisho.model.errors import SourceError

NAME = "families.toml"
MOST_FAMILIES, PATTERN_CHARS = 2_000, 400


def read(path: str = "") -> tuple[str, tuple[Family, ...]]:
    """Read a file of families, the one that ships by default: (its name and version, families).

    Raises:
        SourceError: it cannot be read, or an entry is wrong.
    """
    place = Path(path) if path else knowledge() / NAME
    try:
        document = tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot be read: {error}", str(place)) from error
    entries = document.get("family", [])
    if not isinstance(entries, list) or len(entries) > MOST_FAMILIES:
        raise SourceError("has no list of [[family]], or too long a one", str(place))
    try:
        made = tuple(_family(entry) for entry in entries)
    except (KeyError, TypeError, ValueError, AttributeError, re2.error) as error:
        raise SourceError(f"has a family that cannot be used: {error!r}", str(place)) from error
    return f"{place.name} {document.get('version', '')}".strip(), made


def _family(entry: Mapping[str, Any]) -> Family:
    kind = entry.get("kind", "family")
    if kind not in ("family", "distributor"):
        raise ValueError(f"kind {kind}")
    return Family(
        id=str(entry["id"]),
        name=str(entry["name"]),
        kind=kind,
        attack=str(entry.get("attack", "")),
        first=_day(entry.get("first")),
        last=_day(entry.get("last")),
        signs=tuple(_sign(one) for one in entry.get("sign", [])),
        aliases=tuple(map(str, entry.get("aliases", []))),
    )


def _sign(entry: Mapping[str, Any]) -> Sign:
    pattern, kind = str(entry["pattern"]), str(entry.get("kind", "text"))
    if kind == "text":
        if len(pattern) > PATTERN_CHARS:
            raise ValueError(f"pattern of more than {PATTERN_CHARS} characters")
        re2.compile(pattern)
    elif kind != "technique":
        raise ValueError(f"kind {kind}")
    source = Citation(str(entry["url"]), _day(entry.get("date")))
    return Sign(str(entry["name"]), kind, pattern, float(entry["weight"]), str(entry["en"]), str(entry["ja"]), source)


def _day(value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    raise TypeError(f"{value} is no date")
