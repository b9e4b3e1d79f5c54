"""Exports of Windows events as tables: the columns of each tool, put into a shape that the normaliser reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

Record = dict[str, Any]
Shape = Callable[[Record], Record]

# Source: Event Viewer, "Save All Events As… CSV", English and Japanese; the sixth column, the message, has no name.
EVENT_VIEWER = {
    "Level": "Level",
    "Date and Time": "TimeCreated",
    "Source": "ProviderName",
    "Event ID": "EventID",
    "Task Category": "TaskCategory",
    "レベル": "Level",
    "日付と時刻": "TimeCreated",
    "ソース": "ProviderName",
    "イベント ID": "EventID",
    "タスクのカテゴリ": "TaskCategory",
}
_EVENT_VIEWER_COLUMNS = 5
# Source: EvtxECmd, column list of its CSV output; Payload is EventData or UserData as JSON.
EVTXECMD = frozenset({"EventId", "Channel", "Provider", "TimeCreated", "Payload", "MapDescription"})
_EVTXECMD_SYSTEM = frozenset(
    "RecordNumber EventRecordId TimeCreated EventId Level Provider Channel ProcessId ThreadId Computer UserId Keywords"
    " Payload ChunkNumber HiddenRecord SourceFile ExtraDataOffset".split()
)
_EVTXECMD_LEVELS = {"loglways": 0, "logalways": 0, "info": 4, "warning": 3, "error": 2, "critical": 1, "verbose": 5}
SYSMON = "Microsoft-Windows-Sysmon"
_SYSMON_LINE = re.compile(r"^([A-Z][A-Za-z0-9]{1,40}): (.*?)\r?$", re.MULTILINE)


def shape_of(names: Sequence[str]) -> Shape | None:
    """Give what makes a Windows event of each row of a table with these columns; None when rows are that already."""
    present = frozenset(names)
    if is_event_viewer(names):
        return _event_viewer
    if present >= EVTXECMD:
        return evtxecmd
    if "Message" in present and "ProviderName" in present:
        return _get_winevent
    return None


def is_event_viewer(names: Sequence[str]) -> bool:
    """Tell Event Viewer's own export."""
    return sum(name in EVENT_VIEWER for name in names) >= _EVENT_VIEWER_COLUMNS


def _event_viewer(row: Record) -> Record:
    record = {EVENT_VIEWER.get(name, name): value for name, value in row.items()}
    unnamed = record.pop("extra_columns", None)
    if unnamed:
        record["Message"] = unnamed[0] if len(unnamed) == 1 else unnamed
    return _get_winevent(record)


def evtxecmd(row: Mapping[str, Any]) -> Record:
    """Give the event that EvtxECmd wrote: its ``Payload`` is the event data, the other columns were drawn from it."""
    try:
        payload = orjson.loads(row.get("Payload") or "{}")
    except (ValueError, TypeError):
        payload = None
    if not isinstance(payload, dict):
        return dict(row)
    level = row.get("Level")
    system = {
        "EventID": row.get("EventId"),
        "Channel": row.get("Channel"),
        "Computer": row.get("Computer"),
        "Level": _EVTXECMD_LEVELS.get(level.lower(), level) if isinstance(level, str) else level,
        "Keywords": row.get("Keywords"),
        "EventRecordID": row.get("EventRecordId"),
        "Provider": {"#attributes": {"Name": row.get("Provider")}},
        "Execution": {"#attributes": {"ProcessID": row.get("ProcessId")}},
        "Security": {"#attributes": {"UserID": row.get("UserId")}},
        "TimeCreated": {"#attributes": {"SystemTime": row.get("TimeCreated")}},
    }
    drawn = {name: value for name, value in row.items() if name not in _EVTXECMD_SYSTEM}
    return {"Event": {"System": system, **payload, **drawn}}


def _get_winevent(row: Record) -> Record:
    """Add to a Sysmon event the fields that its message lists one a line, in Sysmon's own names in any language."""
    message = row.get("Message")
    if row.get("ProviderName") != SYSMON or not isinstance(message, str):
        return row
    for name, value in _SYSMON_LINE.findall(message):
        row.setdefault(name, value)
    return row
