"""Sought: what names an event of a host into a story before any story is told, looked for while events stream by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from ahocorasick_rs import AhoCorasick

from sekisho.model.event import Event

BLANKS = re.compile(r"[\s\"'^]+")


@dataclass(frozen=True, slots=True)
class Sought:
    """Values that mails and files name, lower case."""

    patterns: tuple[str, ...] = ()
    """In order, each once."""
    hostile: frozenset[str] = frozenset()
    """Those of hostile mails and files; the others are names and digests of files that look honest."""
    kin: tuple[int, ...] = ()
    """For each pattern a number that the names and the digest of one file share."""


class Scanner:
    """Looks for all values at once in what an event of a host says."""

    def __init__(self, sought: Sought) -> None:
        """Build the search."""
        self.sought = sought
        self._scan = AhoCorasick(list(sought.patterns)) if sought.patterns else None

    def hits(self, event: Event) -> set[int]:
        """Give the places in ``patterns`` of the values that an event names, or seems to name: never fewer."""
        if self._scan is None:
            return set()
        return {match[0] for match in self._scan.find_matches_as_indexes(_text(event), overlapping=True)}


def _text(event: Event) -> str:
    """Give all that an event says, lower case, its command line also as it is compared, its address also in short."""
    fields = event.fields
    shown = [text for value in fields.values() for text in _texts(value)]
    if event.logsource.category == "process_creation":
        unfolded = next(iter(_texts(fields.get("CommandLine.unfolded"))), "")
        shown.append(plain(unfolded or str(fields.get("CommandLine") or "")))
    elif ":" in (address := str(fields.get("DestinationIp") or "")):
        with suppress(ValueError):
            shown.append(str(ip_address(address)))  # Sysmon writes every zero of an IPv6 address
    return "\n".join(shown).lower()


def _texts(value: Any) -> Iterable[str]:
    return map(str, value) if isinstance(value, list) else () if value is None else (str(value),)


def plain(command: str) -> str:
    """Fold a command line for comparison: lower case, without quotes and carets, single blanks."""
    return BLANKS.sub(" ", command).strip().lower()
