"""Command lines of process events are unfolded when they hide something, so that rules read what really runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from sekisho.model.event import Event, Logsource
from sekisho.model.url import Url

# What an unfolder can undo: carets, backticks, substring and replace expansion, encoded PowerShell, numeric hosts.
HIDES = re.compile(
    r"\^|`|%\w+:|![\w~:]+!|\s[-/]e(?:nc?|ncod\w*)?\s|frombase64|://|\"\w+\"\w|['\"]\s*\+\s*['\"]", re.IGNORECASE
)
FIELDS = ("CommandLine.unfolded", "CommandLine.tricks", "CommandLine.calls", "CommandLine.url", "url.hidden_by")


class Unfolded(Protocol):
    """What unfolding a command line gives."""

    @property
    def text(self) -> str:
        """The command line as it would run."""

    @property
    def tricks(self) -> tuple[str, ...]:
        """How it was hidden."""

    @property
    def calls(self) -> tuple[str, ...]:
        """What it does: ``downloads X``, ``writes X``, ``starts X``, encoded scripts included."""

    @property
    def urls(self) -> tuple[Url, ...]:
        """URLs in it, canonical."""


def enrich(event: Event, unfold: Callable[[str], Unfolded]) -> Event:
    """Add FIELDS to a process creation whose command line hides something; give any other event back as it is."""
    fields = unfolded(event.logsource, event.fields, unfold)
    return event if fields is event.fields else replace(event, fields=fields)


def unfolded(logsource: Logsource, fields: Mapping[str, Any], unfold: Callable[[str], Unfolded]) -> Mapping[str, Any]:
    """Give a record with FIELDS where its command line hides something, else the very same record."""
    if logsource.category != "process_creation":
        return fields
    command = fields.get("CommandLine")
    if not isinstance(command, str) or HIDES.search(command) is None:
        return fields
    found = unfold(command)
    hidden = sorted({trick.strip() for url in found.urls for trick in url.hidden_by.split(",") if trick.strip()})
    added = {
        "CommandLine.unfolded": found.text,
        "CommandLine.tricks": list(found.tricks),
        "CommandLine.calls": list(found.calls),
        "CommandLine.url": [url.canonical or url.raw for url in found.urls],
        "url.hidden_by": hidden,
    }
    return {**fields, **added}
