"""Where evidence comes from: one file a source, the only reading from outside.

The folder is the registry: every module here that uses ``@source`` is found by :func:`load`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sekisho.model.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Row:
    """One raw record of a log, as the source spells it."""

    record: str
    """Record id or line number: finds it again in the file."""
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """A place in a source that could not be read; the rest was."""

    record: str
    reason: str


Read = Callable[[Path], Iterator[Row | Artifact | Gap]]


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of evidence file and how to tell it by content."""

    name: str
    read: Read
    recognise: Callable[[bytes, Path], bool]
    """Gets the first 64 KiB and the path (the name only breaks ties)."""
    event_class: str
    """Which normaliser reads its rows (``windows``), or ``artifact`` when it yields artifacts."""
    fields: Mapping[str, str]
    """Column to Sigma field, applied by the normaliser."""


_registry: dict[str, Source] = {}


def source(
    name: str,
    *,
    recognise: Callable[[bytes, Path], bool],
    event_class: str,
    fields: Mapping[str, str] | None = None,
) -> Callable[[Read], Read]:
    """Register a generator as the reader of one source."""

    def register(read: Read) -> Read:
        _registry[name] = Source(name, read, recognise, event_class, dict(fields or {}))
        return read

    return register


@cache
def load() -> dict[str, Source]:
    """Import every module of this folder once and give its sources by name, in name order."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_registry.items()))
