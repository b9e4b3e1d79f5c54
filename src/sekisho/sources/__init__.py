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
from typing import Any, NamedTuple

from sekisho.model.artifact import Artifact


class Row(NamedTuple):
    """One raw record of a log, as the source spells it."""

    record: str
    """Record id or line number: finds it again in the file."""
    fields: Mapping[str, Any]
    text: bytes | str = b""
    """The JSON it was read from, where there is one."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A place in a source that could not be read; the rest was."""

    record: str
    reason: str


class Span(NamedTuple):
    """A stretch of a file that can be read by itself."""

    start: int
    """Offset of its first byte."""
    end: int
    """Offset behind its last byte."""
    first: int
    """Number of its first line or chunk, from 1."""


Read = Callable[[Path], Iterator[Row | Artifact | Gap]]
Split = Callable[[Path, int], Iterator[Span]]
"""Cuts a large file into spans of about so many bytes; gives none for a file that must be read as a whole."""
ReadSpan = Callable[[Path, Span], Iterator[Row | Gap]]


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
    split: Split | None = None
    """None where files of this kind are always read as a whole."""
    read_span: ReadSpan | None = None
    """Gives the rows of one span exactly as ``read`` gives them amid all others."""


_registry: dict[str, Source] = {}


def source(
    name: str,
    *,
    recognise: Callable[[bytes, Path], bool],
    event_class: str,
    fields: Mapping[str, str] | None = None,
    split: Split | None = None,
    read_span: ReadSpan | None = None,
) -> Callable[[Read], Read]:
    """Register a generator as the reader of one source."""

    def register(read: Read) -> Read:
        _registry[name] = Source(name, read, recognise, event_class, dict(fields or {}), split, read_span)
        return read

    return register


@cache
def load() -> dict[str, Source]:
    """Import every module of this folder once and give its sources by name, in name order."""
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue  # no source: some of them import what only files of one kind need
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_registry.items()))
