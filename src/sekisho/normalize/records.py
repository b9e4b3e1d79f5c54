"""Records of any product become events: flat, under the names that rules use, with time, host and user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import orjson

from sekisho.model.event import Event, Logsource
from sekisho.model.host import inside_end
from sekisho.normalize._flatten import Fields, as_json, flatten
from sekisho.normalize._product import Product
from sekisho.normalize._records_derive import DERIVATIONS
from sekisho.normalize.clock import parse
from sekisho.normalize.records_logsources import PRODUCTS

MAX_SHAPES = 4_096
"""Remembered sets of field names."""
MAX_TOLD = 256
"""Remembered values of one shape."""
MAX_LOGSOURCES = 1_024
HOUR_NS = 3_600_000_000_000
MAX_WORD_CHARS = 64
"""Of a value that becomes a service."""
UNANSWERED = frozenset({"S0", "SH", "REJ", "RSTRH", "OTH"})
_WRAPPERS = ("_source", "result", "AuditData")
"""Keys under which Elasticsearch, Splunk and Microsoft Purview exports put the record itself."""

# In order: the event's own time before when it was received. Source: as of ``records_logsources``.
TIMES = (
    "eventtime", "@timestamp", "timestamp", "time", "ts", "timegenerated", "published", "createddatetime",
    "activitydatetime", "detecteddatetime", "eventtimestamp", "creationtime", "created_at", "_time", "datetime",
    "requestreceivedtimestamp", "stagetimestamp", "isotimestamp", "id.time", "utctime", "utc_time", "date_time",
    "date-time", "event_time", "event_timestamp", "date and time", "time_iso8601", "time_local", "msec", "startutc",
    "starttime", "start_time", "start", "__realtime_timestamp", "_source_realtime_timestamp", "event.created",
    "eventdate", "creationdate", "created", "createdat", "logtime", "log_time", "date", "t.$date", "time_created",
    "timecreated", "event.system.timecreated.#attributes.systemtime", "event.system.timecreated.systemtime",
    "receivetimestamp", "local_time", "generatedtime", "createtime", "iso_timestamp", "firstseen", "first_seen",
    "request_time", "received", "origin_timestamp_utc", "order_date", "order date", "created at", "create_date",
    "注文日", "注文日時", "受注日", "受注日時", "購入日時", "id",
)  # fmt: skip
HOSTS = (
    "host.name", "host.hostname", "hostname", "computer", "computername", "computer_name", "_hostname", "node",
    "device.hostname", "devicename", "host", "agent.hostname", "agent.name", "observer.name", "devname",
    "syslog_hostname", "event.system.computer", "s-computername", "node_id", "machine", "serverhostname",
    "server-hostname", "servername",
)  # fmt: skip
USERS = (
    "user", "user.name", "username", "user_name", "useridentity.username", "useridentity.arn", "actor.alternateid",
    "userprincipalname", "properties.userprincipalname", "initiatedby.user.userprincipalname",
    "properties.initiatedby.user.userprincipalname", "protopayload.authenticationinfo.principalemail", "actor.email",
    "actor", "userid", "caller", "user.email", "author_name", "author.name", "cs-username", "remote_user", "account",
    "srcuser", "client", "id.user", "authenticateduser",
)  # fmt: skip


class Row(Protocol):
    """What a source hands over: the record as logged and its place."""

    @property
    def record(self) -> str:
        """Row or line number, or ordinal."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """The record as the source spells it."""


class _Known(NamedTuple):
    """A product that records of one shape may come from."""

    product: Product
    where: tuple[tuple[str, tuple[str, ...]], ...]
    renames: tuple[tuple[str, str], ...]
    """New name and the shape's own."""
    service: str
    """The shape's own spelling of the field that names the service, if any."""
    time: str
    """The shape's own spelling of the field that says when it happened, if not the usual one."""


class _Shape(NamedTuple):
    """What all records with the same field names have in common."""

    known: tuple[_Known, ...]
    times: tuple[str, ...]
    hosts: tuple[str, ...]
    users: tuple[str, ...]
    asked: tuple[str, ...]
    """Fields whose values decide which of ``known`` it is."""
    told: dict[tuple[Any, ...], _Known | None]
    """What values met so far decided."""


def normalize(rows: Iterable[Row], source: str, logsource: Logsource | None = None) -> Iterator[Event]:
    """Give the events of each row, in order: one, or as many as the product's services have rules for.

    Args:
        rows: records of any product.
        source: path of the file as the user gave it.
        logsource: where they come from, as the user says; otherwise each record is recognised by its field names.

    Yields:
        Events whose fields are the record's own, flat (see :func:`sekisho.normalize._flatten.flatten`), with the names
        that rules use added by :mod:`sekisho.normalize.records_logsources`. The logsource is empty where nothing
        recognises the record.
    """
    reader = _Reader(source, logsource)
    for row in rows:
        yield from reader.events(row)


class _Reader:
    """The state of one file: what was learned about its shapes."""

    def __init__(self, source: str, logsource: Logsource | None) -> None:
        self._source, self._given = source, logsource
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._logsources: dict[tuple[str, str, str], Logsource] = {}

    def events(self, row: Row) -> Sequence[Event]:
        """Give the events of one row."""
        raw = _unwrapped(row.fields)
        fields = flatten(raw)
        key = tuple(fields)
        shape = self._shapes.get(key) or self._learn(key)
        known = _which(shape, fields)
        times = (known.time, *shape.times) if known is not None and known.time in fields else shape.times
        time_ns = _time(fields, times, known.product.ahead_h if known is not None else 0)
        host, user = _word(fields, shape.hosts), _word(fields, shape.users)
        logsource = self._given or Logsource()
        also: tuple[str, ...] = ()
        if known is not None:
            _complete(fields, raw, known)
            if ends := known.product.ends:
                host = inside_end(fields.get(ends[0]), "" if _unanswered(fields) else fields.get(ends[1]))
            elif known.product.category == "proxy":  # who asked, not the proxy's own name
                host = inside_end(fields.get("c-ip"), "") or host
            host, user = host or _text(fields.get("Computer")), user or _text(fields.get("User"))
            if self._given is None:
                logsource = self._logsource(known, fields)
                also = known.product.also
        event = Event(logsource, fields, time_ns, host, user, self._source, row.record)
        if not also:
            return (event,)
        more = (self._named(logsource.product, logsource.category, service) for service in also)
        return (event, *(replace(event, logsource=one, parts=(one.service,)) for one in more))

    def _learn(self, key: tuple[str, ...]) -> _Shape:
        if len(self._shapes) >= MAX_SHAPES:
            self._shapes.clear()
        folded: dict[str, str] = {}
        for name in key:
            folded.setdefault(name.lower(), name)
        known = tuple(_known(one, folded) for one in PRODUCTS if all(name in folded for name in one.needs))
        times, hosts, users = (
            tuple(folded[name] for name in names if name in folded) for names in (TIMES, HOSTS, USERS)
        )
        asked = tuple(dict.fromkeys(name for one in known for name, _ in one.where))
        self._shapes[key] = shape = _Shape(known, times, hosts, users, asked, {})
        return shape

    def _logsource(self, known: _Known, fields: Fields) -> Logsource:
        product, category, service = known.product[:3]
        if known.service:
            word = str(fields.get(known.service, "")).lower()[:MAX_WORD_CHARS]
            service = service[: service.index("{")] + word
        return self._named(product, category, service)

    def _named(self, product: str, category: str, service: str) -> Logsource:
        key = (product, category, service)
        found = self._logsources.get(key)
        if found is None:
            if len(self._logsources) >= MAX_LOGSOURCES:
                self._logsources.clear()
            found = self._logsources[key] = Logsource(*key)
        return found


def _unwrapped(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    for wrapper in _WRAPPERS:
        if wrapper in raw:
            inner = raw[wrapper]
            if type(inner) is str and inner[:1] == "{":
                try:
                    inner = orjson.loads(inner)
                except ValueError:
                    continue
            if isinstance(inner, dict):
                raw = inner
    return raw


def _known(product: Product, folded: Mapping[str, str]) -> _Known:
    """Put a product's names into the spelling of one shape."""
    renames: dict[str, str] = {}
    for target, *sources in product.aliases:
        own = next((folded[name.lower()] for name in sources if name.lower() in folded), None)
        if own is not None and target.lower() not in folded:
            renames.setdefault(target, own)
    for prefix in product.opened:
        for lower, own in folded.items():
            if lower.startswith(prefix) and lower[len(prefix) :] not in folded:
                renames.setdefault(own[len(prefix) :], own)
    where = tuple((folded.get(name, name), values) for name, values in product.where)
    own_time = folded.get(product.time, "") if product.time else ""
    named = product.service.partition("{")[2].rstrip("}").lower()
    return _Known(product, where, tuple(renames.items()), folded.get(named, "") if named else "", own_time)


def _which(shape: _Shape, fields: Fields) -> _Known | None:
    """Tell which product a record of this shape is of; the values that decide it repeat in every log."""
    key = tuple([fields.get(name) for name in shape.asked])
    try:
        return shape.told[key]
    except KeyError:
        pass
    except TypeError:  # a list of values
        return next((one for one in shape.known if _holds(one.where, fields)), None)
    known = next((one for one in shape.known if _holds(one.where, fields)), None)
    if len(shape.told) < MAX_TOLD:
        shape.told[key] = known
    return known


def _holds(where: Iterable[tuple[str, tuple[str, ...]]], fields: Fields) -> bool:
    for name, wanted in where:
        value = fields.get(name)
        values = value if type(value) is list else (value,)
        if not any(_is_one_of(str(one).lower(), wanted) for one in values):
            return False
    return True


def _is_one_of(text: str, wanted: tuple[str, ...]) -> bool:
    return text in wanted or any(one[-1:] == "*" and text.startswith(one[:-1]) for one in wanted)


def _complete(fields: Fields, raw: Mapping[str, Any], known: _Known) -> None:
    """Add the names that rules use."""
    for target, own in known.renames:
        fields.setdefault(target, fields[own])
    for target, path in known.product.whole:
        value = _at(raw, path)
        if isinstance(value, (dict, list)):
            fields.setdefault(target, as_json(value))
    if known.product.derive:
        DERIVATIONS[known.product.derive](fields, raw)


def _at(raw: Any, path: str) -> Any:
    """Give what lies at a dotted path of a record, None when nothing does; names compare without case."""
    for word in path.split("."):
        if not isinstance(raw, Mapping):
            return None
        if word in raw:
            raw = raw[word]
        else:
            raw = next((value for name, value in raw.items() if name.lower() == word.lower()), None)
    return raw


def _time(fields: Fields, names: Sequence[str], ahead_h: int) -> int | None:
    for name in names:
        value = fields[name]
        if type(value) is str and value[2:3] == ":" and "date" in fields:  # W3C logs have two columns
            value = f"{fields['date']} {value}"
        time_ns, has_zone = parse(value)
        if time_ns is None and type(value) is str:  # auditd writes 1615114232.375:15558
            time_ns, _ = parse(value.partition(":")[0])
        if time_ns is not None and time_ns > 0:
            return time_ns if has_zone or not ahead_h else time_ns - ahead_h * HOUR_NS
    return None


def _unanswered(fields: Fields) -> bool:
    """Tell a connection that nobody answered: a scan from outside names addresses inside at which there is no host.

    Source: Zeek, conn.log, ``conn_state``; Suricata, EVE, ``flow``.
    """
    state = fields.get("conn_state")
    return (type(state) is str and state in UNANSWERED) or fields.get("flow.pkts_toclient") == 0


def _text(value: Any) -> str:
    return value if type(value) is str and value != "-" else ""


def _word(fields: Fields, names: Sequence[str]) -> str:
    """Give the first of these fields that holds a text."""
    for name in names:
        value = fields[name]
        if type(value) is str and value not in ("", "-"):
            return value
    return ""
