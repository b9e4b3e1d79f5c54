"""What rules and correlations say about themselves, read from a document in the same way for both."""

from __future__ import annotations

import re
from typing import Any

from sekisho.detect._written import Table
from sekisho.model.errors import RuleError
from sekisho.model.finding import LEVELS
from sekisho.model.rule import WEIGHTS

MAX_WEIGHT = 10.0  # log-odds; beyond it nothing else would count
TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)
DEFAULT_LEVEL = "low"
LEVEL_ALIASES = {"info": "informational"}  # Trend Vision One's published models write it so


def text(path: str, document: Table, key: str, default: str = "") -> str:
    """Give one value as text.

    Raises:
        RuleError: it is a list or a mapping.
    """
    value = document.get(key)
    if value is None:
        return default
    if isinstance(value, (list, dict)):
        raise RuleError(f"{key} must be text", path, document.line_of(key))
    return str(value)


def texts(document: Table, key: str) -> tuple[str, ...]:
    """Give one value or a list of them as texts; what is no text is left out."""
    value = document.get(key)
    values = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(str(one) for one in values if not isinstance(one, (list, dict)))


def level(path: str, document: Table, default: str = DEFAULT_LEVEL) -> str:
    """Give the level.

    Raises:
        RuleError: it is none of ``LEVELS``.
    """
    written = text(path, document, "level", default).lower()
    found = LEVEL_ALIASES.get(written, written)
    if found not in LEVELS:
        raise RuleError(f"level {found!r} is not one of {', '.join(LEVELS)}", path, document.line_of("level"))
    return found


def attack(document: Table) -> tuple[str, ...]:
    """Give the ATT&CK technique ids of the tags, upper case, in their order."""
    tags: Any = document.get("tags")
    found = (TECHNIQUE.fullmatch(tag) for tag in (tags if isinstance(tags, list) else ()) if isinstance(tag, str))
    return tuple(dict.fromkeys(tag[1].upper() for tag in found if tag))


def own(path: str, document: Table, level: str) -> tuple[float, tuple[tuple[str, str], ...]]:
    """Read our own key: ``sekisho: {weight: 2.5, title_ja: ...}``.

    Source: Sigma rules specification 2.0, "File Structure" (arbitrary custom fields).
    """
    table = document.get("sekisho")
    if table is None:
        return WEIGHTS[level], ()
    if not isinstance(table, Table):
        raise RuleError("sekisho must be a mapping", path, document.line_of("sekisho"))
    titles: list[tuple[str, str]] = []
    weight = WEIGHTS[level]
    for key, value in table.items():
        if key == "weight" and isinstance(value, (int, float)) and abs(value) <= MAX_WEIGHT:
            weight = float(value)
        elif key.startswith("title_") and isinstance(value, str):
            titles.append((key.removeprefix("title_"), value))
        else:
            raise RuleError(f"sekisho.{key} is unknown or of the wrong kind", path, table.line_of(key))
    return weight, tuple(titles)
