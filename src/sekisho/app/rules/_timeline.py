"""Samples of a correlation: a list of events with their times, on which it must be found or must not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from sekisho.analyzers.command_line import unfold
from sekisho.detect.correlations import Correlation
from sekisho.detect.correlator import correlate
from sekisho.detect.ruleset import RuleSet
from sekisho.model.errors import SourceError
from sekisho.model.event import Event, Logsource
from sekisho.model.injection import find_injection
from sekisho.normalize.clock import parse
from sekisho.normalize.completed import completed

KEYS = frozenset({"time", "logsource", "host", "user", "fields"})
TIMELINE_BYTES = 16 * 1024 * 1024


def found(one: Correlation, rules: RuleSet, path: Path) -> bool:
    """Tell whether a correlation is found in a timeline, by the rules it joins and through the engine of every run.

    Raises:
        SourceError: the file is no timeline.
    """
    hits = [(event, finding) for event in events(path) for finding in rules.match(event)]
    return any(finding.rule_id == one.id for finding in correlate(rules.correlations, hits).findings)


def events(path: Path) -> list[Event]:
    """Read a timeline: ``[{"time": …, "logsource": "product/category/service", "fields": {}, "host": …, "user": …}]``.

    Times are ISO 8601, in any order; host and user may be left out.

    Raises:
        SourceError: it is none.
    """
    try:
        with path.open("rb") as file:
            written = orjson.loads(file.read(TIMELINE_BYTES))
    except OSError as error:
        raise SourceError(error.strerror or "cannot be read", str(path)) from error
    except orjson.JSONDecodeError as error:
        raise SourceError("not JSON", str(path)) from error
    if not isinstance(written, list) or not written:
        raise SourceError("not a list of events with times", str(path))
    return [_event(one, number, path) for number, one in enumerate(written, 1)]


def _event(one: Any, number: int, path: Path) -> Event:
    if not isinstance(one, dict) or not KEYS.issuperset(one) or not isinstance(one.get("fields"), dict):
        raise SourceError(f"event {number}: give time, logsource and fields, and host and user where known", str(path))
    time_ns, _ = parse(one.get("time"))
    parts = str(one.get("logsource", "")).lower().split("/")
    if time_ns is None:
        raise SourceError(f"event {number}: no time", str(path))
    if len(parts) > 3 or not any(parts):
        raise SourceError(f"event {number}: write logsource as product/category/service", str(path))
    host, user = (str(one.get(name, "")) for name in ("host", "user"))
    event = Event(Logsource(*parts), one["fields"], time_ns, host, user, str(path), str(number))
    return completed(event, unfold, find_injection)
