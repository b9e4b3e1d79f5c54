"""Windows events of every shape become events in Sigma's field names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol, TypeVar

from sekisho.model.event import Event, Logsource
from sekisho.normalize.clock import Zones, parse
from sekisho.normalize.windows_logsources import (
    CATEGORIES,
    CHANNELS,
    FILE_ACTIVITY,
    LOGONS,
    REGISTRY_CATEGORIES,
    REGISTRY_KEYS,
    SERVICES,
    SYSMON,
)
from sekisho.normalize.windows_mapping import MAPPINGS, account, sysmon, threat_found
from sekisho.normalize.windows_shapes import Fields, Shapes

LOOK_AHEAD = 2_000
"""Rows held back at the start of a file whose local times have no zone, until one row tells it."""
MAX_ROUTES = 65_536
"""Remembered pairs of channel and event id; a whole fleet has some thousands."""
LOCAL_TIMES = ("TimeCreated", "EventTime", "SystemTime", "TimeGenerated", "_time", "time")
_UTC_TIMES = ("UtcTime", "@timestamp", "timestamp")
_SYSTEM_USERS = ("AccountName", "UserID")


class Row(Protocol):
    """What a source hands over: the record as logged and its place."""

    @property
    def record(self) -> str:
        """Record id, line number or member and line."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """The record as the source spells it."""


AnyRow = TypeVar("AnyRow", bound=Row)


def normalize(rows: Iterable[Row], source: str) -> Iterator[Event]:
    """Give one event per row, in order.

    Args:
        rows: records in any shape that :mod:`sekisho.sources.jsonl` recognises, or of an EVTX file.
        source: path of the file as the user gave it.

    Yields:
        Events of product ``windows``; category and service are empty where Sigma has no word for the channel.
        Fields: see :mod:`sekisho.normalize.windows_shapes`, and what :mod:`sekisho.normalize.windows_mapping`
        derives.
    """
    reader = Reader(source)
    rows = iter(rows)
    event = reader.event
    for row in reader.prepared(rows):
        yield event(row)


class _Route:
    """What all events of one channel and id have in common."""

    __slots__ = ("channel", "derive", "logon", "logsource")

    def __init__(self, channel: str, provider: str, event_id: int) -> None:
        self.channel = channel or CHANNELS.get(provider.lower(), "")
        service = SERVICES.get(self.channel.lower(), "")
        category = CATEGORIES.get((service, event_id), "") or FILE_ACTIVITY.get((provider.lower(), event_id), "")
        self.logsource = Logsource("windows", category, service)
        self.logon = service == "security" and event_id in LOGONS
        self.derive: Callable[[Fields], None] | None = MAPPINGS.get((service, event_id))
        if category == "antivirus":
            self.derive = threat_found
        elif service == SYSMON:
            self.derive = sysmon


class Draft(NamedTuple):
    """A record under its logsource and in Sigma's field names, before its time and place are looked up."""

    logsource: Logsource
    fields: Mapping[str, Any]
    written: Any
    """Its time as written, when that is UTC or carries its zone."""
    route: Any


class Reader:
    """The state of one file: what was learned about its names, channels and clocks."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.shapes = Shapes()
        self.flatten = self.shapes.flatten
        self._zones = Zones()
        self._routes: dict[tuple[Any, ...], _Route] = {}
        self._variants: dict[tuple[Logsource, str], Logsource] = {}

    def learn(self, draft: Draft) -> None:
        """Learn what local times mean from a record that nothing else is asked of."""
        if draft.written is None:
            written = next((one for name in LOCAL_TIMES if (one := draft.fields.get(name)) is not None), "Z")
            if type(written) is not str or not written.endswith("Z"):
                self._time(draft.fields, str(draft.fields.get("Computer") or ""))

    def prepared(self, rows: Iterator[AnyRow]) -> Iterator[AnyRow]:
        """Give all rows; where the first one's time is local, rows are looked at ahead until one tells the zone."""
        head = list(islice(rows, 1))
        if head and self.zone_is_unknown(head[0].fields):
            for row in islice(rows, LOOK_AHEAD):
                head.append(row)
                if not self.zone_is_unknown(row.fields):
                    break
        return chain(head, rows)

    def event(self, row: Row) -> Event:
        """Give the event of one row."""
        return self.finish(self.draft(row.fields), row.record)

    def draft(self, raw: Mapping[str, Any]) -> Draft:
        """Give what rules look at; the rest of an event costs as much again and is often not asked for."""
        fields, written = self.flatten(raw)
        route = self._route(fields)
        logsource = route.logsource
        derive = route.derive
        if derive is not None:
            derive(fields)
        if logsource.category == REGISTRY_KEYS or logsource.category == "registry_set":
            logsource = self._registry(logsource, fields)
        return Draft(logsource, fields, written, route)

    def finish(self, draft: Draft, record: str) -> Event:
        """Give the whole event; also learns from it what local times mean."""
        fields = draft.fields
        host = fields.get("Computer")
        if type(host) is not str:
            host = "" if host is None else str(host)
        time_ns, _ = parse(draft.written)  # written without a zone here, it is UTC
        if time_ns is None:
            time_ns = self._time(fields, host)
        return Event(draft.logsource, fields, time_ns, host, _user(fields, draft.route), self._source, record)

    def _route(self, fields: Fields) -> _Route:
        key = (fields.get("Channel"), fields.get("Provider_Name"), fields.get("EventID"))
        try:
            route = self._routes.get(key)
        except TypeError:  # a list where a name should be
            key = (str(key[0]), str(key[1]), key[2])
            route = self._routes.get(key)
        if route is None:
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            channel, provider, event_id = key
            route = _Route(str(channel or ""), str(provider or ""), event_id if type(event_id) is int else -1)
            self._routes[key] = route
        if not key[0] and route.channel:
            fields["Channel"] = route.channel
        return route

    def _registry(self, logsource: Logsource, fields: Fields) -> Logsource:
        kind = fields.get("EventType")
        category = REGISTRY_CATEGORIES.get(kind.lower()) if type(kind) is str else None
        if category is None:
            return logsource
        key = (logsource, category)
        if key not in self._variants:
            self._variants[key] = Logsource(logsource.product, category, logsource.service)
        return self._variants[key]

    def zone_is_unknown(self, raw: Mapping[str, Any]) -> bool:
        """Tell whether this row's time is local and no row so far told the zone; learns from the row."""
        fields, written = self.flatten(raw)
        if written is not None:
            return False
        host = str(fields.get("Computer") or "")
        local = _first(fields, LOCAL_TIMES)
        if local is None or local[1]:
            return False
        self._learn(fields, host, local[0])
        return not self._zones.known(host)

    def _time(self, fields: Mapping[str, Any], host: str) -> int | None:
        """Give the time of a record that does not carry one UTC time at the usual place."""
        local = _first(fields, LOCAL_TIMES)
        if local is not None:
            if local[1]:
                return local[0]
            own = self._learn(fields, host, local[0])
            return own if own is not None else self._zones.utc(host, local[0])
        utc = _first(fields, _UTC_TIMES)
        return utc[0] if utc else None

    def _learn(self, fields: Mapping[str, Any], host: str, local_ns: int) -> int | None:
        """Note the zone that a record gives away; give its UTC time when it is the event's own."""
        own, _ = parse(fields.get("UtcTime"))
        if own is not None:
            self._zones.learn(host, local_ns, own)
            return own
        shipped, known = parse(fields.get("@timestamp"))
        if shipped is not None and known:
            self._zones.learn(host, local_ns, shipped)
        return None


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> tuple[int, bool] | None:
    for name in names:
        if name in fields:
            time_ns, known = parse(fields[name])
            if time_ns is not None:
                return time_ns, known
    return None


def _user(fields: Mapping[str, Any], route: _Route) -> str:
    """Give the acting account: Sysmon's User, the one that logs on, else the subject, else who wrote the record."""
    user = fields.get("User")
    if type(user) is str and user not in ("", "-"):
        return user
    if route.logsource.service == SYSMON:
        user = fields.get("SourceUser")
        return user if type(user) is str and user != "-" else ""
    user = (route.logon and account(fields, "Target")) or account(fields, "Subject")
    if user:
        return user
    name, domain = fields.get("AccountName"), fields.get("Domain")
    if type(name) is str and name and type(domain) is str and domain:
        return f"{domain}\\{name}"
    sid = fields.get("UserID")
    return sid if type(sid) is str else ""
