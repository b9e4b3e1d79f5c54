"""OCSF events become events in Sigma's field names; everything else stays under its OCSF path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from sekisho.model.event import Event, Logsource
from sekisho.normalize._flatten import Fields, as_json, flatten
from sekisho.normalize.clock import parse
from sekisho.normalize.ocsf_classes import (
    ACCESS,
    ALGORITHMS,
    ALIASES,
    CATEGORIES,
    CLASSES,
    CLOUDTRAIL,
    CLOUDTRAIL_OPENED,
    FAILED,
    HASHED,
    HIVES,
    KUBERNETES,
    KUBERNETES_OPENED,
    LOGON,
    LOGON_FAILED,
    REGISTRY_EVENTS,
    SAME,
    SECURITY_EVENTS,
    SERVICE_INSTALLED,
    SYSTEMS,
    WEB_SERVERS,
    Aliases,
)

FILE, PROCESS, AUTHENTICATION, NETWORK, HTTP, DNS, EMAIL, API = 1001, 1007, 3002, 4001, 4002, 4003, 4009, 6003
DETECTION, KEY, VALUE, SERVICE = 2004, 201001, 201002, 201004
_TIMES = ("time", "time_dt", "start_time", "metadata.original_time", "metadata.logged_time")
_HOSTS = ("device.hostname", "device.name", "device.ip", "src_endpoint.hostname")
_DIRECTIONS = {1: "false", 2: "true"}
"""``connection_info.direction_id`` to Sysmon's Initiated."""
_PROCESS_ACCESS = ("process_access", "create_remote_thread")


class Row(Protocol):
    """What a source hands over: the record as logged and its place."""

    @property
    def record(self) -> str:
        """Row or line number."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """The record as the source spells it, nested or with dotted names."""


def normalize(rows: Iterable[Row], source: str) -> Iterator[Event]:
    """Give one event per row, in order.

    Yields:
        Events with the fields of OCSF under their paths, and those that :mod:`sekisho.normalize.ocsf_classes` names
        under Sigma's. Product is the device's system, or ``aws`` and ``kubernetes`` for their audit logs; category
        and service are empty for classes that Sigma has no word for.
    """
    for row in rows:
        yield _event(row, source)


def _event(row: Row, source: str) -> Event:
    fields = flatten(row.fields)
    kind = _class(fields)
    product = _product(fields, kind)
    if kind in (API, AUTHENTICATION) and _is_cloudtrail(fields):
        logsource = Logsource("aws", "", "cloudtrail")
        _rename(fields, CLOUDTRAIL, CLOUDTRAIL_OPENED)
        _whole(fields, row.fields)
    elif kind == API and _says(fields, "metadata.product.name", ("kubernetes", "eks", "aks", "gke")):
        logsource = Logsource("kubernetes", "application", "audit")
        _rename(fields, KUBERNETES, KUBERNETES_OPENED)
    else:
        logsource = _logsource(fields, kind, product)
        _rename(fields, ACCESS if logsource.category in _PROCESS_ACCESS else ALIASES.get(kind, ()))
        _derive(fields, kind, logsource)
    user = _user(fields, kind, product)
    if user and logsource.product in SYSTEMS.values():
        fields.setdefault("User", user)
    host = next((str(fields[name]) for name in _HOSTS if name in fields), "")
    if host and product == "windows":
        fields.setdefault("Computer", host)
    return Event(logsource, fields, _time(fields), host, user, source, row.record)


def _class(fields: Fields) -> int:
    kind = _number(fields.get("class_uid"))
    if kind not in ALIASES and kind not in SAME and kind != API:
        kind = CLASSES.get(str(fields.get("class_name", "")).lower(), kind)
    return SAME.get(kind, kind)


def _number(value: Any) -> int:
    """Give an id, however the file has it; -1 for none."""
    if type(value) is int:
        return value
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return -1


def _product(fields: Fields, kind: int) -> str:
    if kind in (KEY, VALUE, SERVICE):
        return "windows"
    known = SYSTEMS.get(_number(fields.get("device.os.type_id")))
    if known:
        return known
    named = f"{fields.get('device.os.type', '')} {fields.get('device.os.name', '')}".lower()
    words = (("windows", "windows"), ("linux", "linux"), ("macos", "macos"), ("mac os", "macos"), ("os x", "macos"))
    return next((system for word, system in words if word in named), "")


def _logsource(fields: Fields, kind: int, product: str) -> Logsource:
    activity = _number(fields.get("activity_id"))
    on_endpoint = "actor.process.file.path" in fields or "actor.process.pid" in fields
    if kind == HTTP:
        served = _says(fields, "metadata.product.name", WEB_SERVERS)
        return Logsource("", "webserver" if served else "proxy", "")
    if kind == DNS:
        return Logsource(product, "dns_query", "") if on_endpoint else Logsource("", "dns", "")
    if kind == NETWORK and not (on_endpoint or product):
        return Logsource("", "firewall", "")
    if kind == EMAIL:
        return Logsource("email", "message", "")
    if kind == DETECTION:
        return Logsource("", "antivirus", "") if "malware.name" in fields else Logsource(product)
    if product == "windows":
        if (kind, activity) == (SERVICE, 1):
            fields.setdefault("EventID", SERVICE_INSTALLED)
            return Logsource(product, "", "system")
        event_id = SECURITY_EVENTS.get((kind, activity))
        if event_id is not None:
            failed = event_id == LOGON and _number(fields.get("status_id")) == FAILED
            fields.setdefault("EventID", LOGON_FAILED if failed else event_id)
            return Logsource(product, "", "security")
    return Logsource(product, CATEGORIES.get((kind, activity), ""), "")


def _says(fields: Fields, name: str, words: tuple[str, ...]) -> bool:
    text = str(fields.get(name, "")).lower()
    return any(word in text for word in words)


def _is_cloudtrail(fields: Fields) -> bool:
    service = str(fields.get("api.service.name", ""))
    return service.endswith(".amazonaws.com") or _says(fields, "metadata.product.name", ("cloudtrail",))


def _rename(fields: Fields, aliases: Aliases, opened: tuple[tuple[str, str], ...] = ()) -> None:
    """Add the names that rules use."""
    for target, *sources in aliases:
        if target not in fields:
            for name in sources:
                if name in fields:
                    fields[target] = fields[name]
                    break
    for prefix, instead in opened:
        for name in [name for name in fields if name.startswith(prefix)]:
            fields.setdefault(instead + name[len(prefix) :], fields[name])


def _whole(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give what a CloudTrail call asked and was answered as JSON text, where the file holds it opened."""
    api = raw.get("api")
    for target, side in (("requestParameters", "request"), ("responseElements", "response")):
        part = api.get(side) if isinstance(api, dict) else None
        data = part.get("data") if isinstance(part, dict) else None
        if isinstance(data, dict):
            fields[target] = as_json(data)


def _derive(fields: Fields, kind: int, logsource: Logsource) -> None:
    hashes = _hashes(fields)
    if hashes:
        fields.setdefault("Hashes", hashes)
    if kind == NETWORK:
        initiated = _DIRECTIONS.get(_number(fields.get("connection_info.direction_id")))
        if initiated:
            fields.setdefault("Initiated", initiated)
    if kind == VALUE and type(path := fields.get("reg_value.path")) is str:
        name = fields.get("reg_value.name")
        ends = type(name) is not str or not name or path.lower().endswith("\\" + name.lower())
        fields.setdefault("TargetObject", path if ends else f"{path}\\{name}")
    if kind in (KEY, VALUE):
        _hive(fields)
        event = REGISTRY_EVENTS.get(logsource.category)
        if event:
            deleted = kind == VALUE and event == "DeleteKey"
            fields.setdefault("EventType", "DeleteValue" if deleted else event)
    if kind == FILE and logsource.category != "file_rename":
        fields.pop("SourceFilename", None)


def _hive(fields: Fields) -> None:
    """Write a registry path as Sysmon does, with the short name of its hive."""
    path = fields.get("TargetObject")
    if type(path) is str:
        for long, short in HIVES.items():
            if path.upper().startswith(long):
                fields["TargetObject"] = short + path[len(long) :]


def _hashes(fields: Fields) -> str:
    """Give hashes as Sysmon writes them: ``SHA1=…,MD5=…``."""
    for place in HASHED:
        values = fields.get(f"{place}.hashes.value")
        names = fields.get(f"{place}.hashes.algorithm_id", fields.get(f"{place}.hashes.algorithm"))
        if type(values) is list and type(names) is list:
            pairs = zip(names, values, strict=False)
            return ",".join(f"{_algorithm(name)}={str(value).upper()}" for name, value in pairs)
    return ""


def _algorithm(name: Any) -> str:
    return ALGORITHMS.get(_number(name), str(name).replace("-", "").upper())


def _user(fields: Fields, kind: int, product: str) -> str:
    """Give the account: of the new process, of who logs on, else of the actor; with its domain on Windows."""
    places = ["actor.user", "actor.process.user"]
    if kind == PROCESS:
        places.insert(0, "process.user")
    if kind == AUTHENTICATION:
        places.insert(0, "user")
    for place in (*places, "user"):
        name = next((fields[f"{place}.{one}"] for one in ("name", "uid") if f"{place}.{one}" in fields), None)
        if type(name) is str and name:
            domain = fields.get(f"{place}.domain")
            with_domain = product == "windows" and type(domain) is str and domain and "\\" not in name
            return f"{domain}\\{name}" if with_domain else name
    return ""


def _time(fields: Fields) -> int | None:
    for name in _TIMES:
        time_ns, _ = parse(fields.get(name))
        if time_ns is not None:
            return time_ns
    return None
