"""The shapes in which Windows events are written, each to one flat record in Sigma's field names.

A flat record has every field of EventData or UserData under its own name, and of the rest ``EventID``, ``Channel``,
``Provider_Name``, ``Computer``, ``Level``, ``Task``, ``Opcode``, ``Keywords``, ``EventRecordID``,
``System_ProcessID`` and ``UserID`` where the record says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from sekisho.normalize.windows_aliases import ECS, FLAT, TRANSPORT, WINLOG

Fields = dict[str, Any]

MAX_DEPTH = 8
"""Elements below elements in UserData that are followed; deeper ones are left out."""
MAX_PLANS = 4_096
"""Remembered sets of field names; real logs have one per event id and version."""
GUID_CHARS = 36
_PLAIN = {str, int, float, type(None)}
NESTED = frozenset({dict, list, bool})
_YIELDING = frozenset({"Task", "Opcode", "Keywords", "UserID"})
"""System fields that give way to a field of EventData of the same name."""
ATTRIBUTES, TEXT = "#attributes", "#text"
_NOT_PAYLOAD = frozenset({"System", "RenderingInfo", ATTRIBUTES})
_USUAL_SECTIONS = 3
"""``#attributes``, ``System`` and ``EventData``."""
_INT64 = 1 << 64
# Source: Microsoft, "LevelType complex type" of the event schema.
_LEVELS = {"critical": 1, "error": 2, "warning": 3, "information": 4, "informational": 4, "info": 4, "verbose": 5}
_NUMBERS = ("Level", "Task", "Opcode", "EventRecordID", "System_ProcessID")

Plan = tuple[bool, tuple[str, ...] | None, tuple[str, ...]]
"""Whether no name is a System field's, the names without spaces where any has some, and the names of GUID fields."""


FlatPlan = tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[str, ...]]
"""Names without spaces, the (alias, name) pairs among them in their order of preference, and names of GUID fields."""


class Shapes:
    """Reads records of every shape; remembers the sets of field names it has met."""

    def __init__(self) -> None:
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._flat_plans: dict[tuple[str, ...], FlatPlan] = {}

    def flatten(self, raw: Mapping[str, Any]) -> tuple[Fields, Any]:
        """Give the flat record and its time as written (or None when only the record's fields can tell)."""
        if "Event" in raw:
            try:
                return self._usual_xml(raw["Event"])
            except (KeyError, TypeError, ValueError, AttributeError):
                pass
        fields, written = self._flat(raw) if "EventID" in raw and "Channel" in raw else self._any(raw)
        tidy(fields)
        return fields, written

    def _usual_xml(self, event: Fields) -> tuple[Fields, Any]:
        """The element tree of nearly all EVTX records, read without a question asked: any surprise raises."""
        system, data = event["System"], event.get("EventData") or {}
        event_id, level = system["EventID"], system["Level"]
        if type(event_id) is dict:
            event_id = event_id[TEXT]
        if len(event) > _USUAL_SECTIONS or "UserData" in event:
            raise ValueError
        usual, names, guids = self._plans.get(tuple(data)) or self._remember(tuple(data))
        if not usual:
            raise ValueError
        fields = data.copy() if names is None else dict(zip(names, data.values(), strict=True))
        for name in guids:
            value = fields[name]
            if type(value) is str and len(value) == GUID_CHARS:
                fields[name] = f"{{{value}}}"
        nameless = fields.get("Data")
        if type(nameless) is dict:
            fields["Data"] = None
        fields["Task"] = system["Task"]
        fields["Opcode"] = system.get("Opcode")
        fields["Keywords"] = system["Keywords"]
        fields["Level"] = level
        fields["EventID"] = event_id
        fields["Channel"] = system["Channel"]
        fields["Provider_Name"] = system["Provider"][ATTRIBUTES]["Name"]
        fields["Computer"] = system["Computer"]
        fields["EventRecordID"] = system["EventRecordID"]
        execution = system.get("Execution")
        if execution is not None:
            fields["System_ProcessID"] = execution[ATTRIBUTES]["ProcessID"]
        security = system.get("Security")
        if security is not None:
            fields["UserID"] = security[ATTRIBUTES]["UserID"]
        if not NESTED.isdisjoint(map(type, fields.values())):
            raise ValueError
        if type(nameless) is dict:
            fields["Data"] = _plain(nameless[TEXT])
        if not type(event_id) is type(level) is int:
            tidy(fields)
        return fields, system["TimeCreated"][ATTRIBUTES]["SystemTime"]

    def _any(self, raw: Mapping[str, Any]) -> tuple[Fields, Any]:
        for wrapper in ("_source", "result"):
            inner = raw.get(wrapper)
            if isinstance(inner, dict):
                raw = inner
        event = raw.get("Event", raw)
        if isinstance(event, dict) and isinstance(event.get("System"), dict):
            return self._xml(event)
        winlog = _winlog(raw)
        if winlog is not None:
            return self._winlogbeat(raw, winlog)
        return self._flat(raw)

    def _xml(self, event: Mapping[str, Any]) -> tuple[Fields, Any]:
        """Any element tree of evtx_dump and its like; also Velociraptor's, which has no ``Event`` around it."""
        system = event["System"]
        data = event.get("EventData")
        fields = self._payload(data) if type(data) is dict else {}
        for name, section in event.items():
            if name not in _NOT_PAYLOAD and (name != "EventData" or type(data) is not dict):
                _flatten_into(fields, name, section)
        for name in ("Task", "Opcode", "Keywords"):
            fields.setdefault(name, _text(system.get(name)))
        for name in ("Level", "EventRecordID", "Channel", "Computer", "EventID"):
            fields[name] = _text(system.get(name))
        fields["Provider_Name"] = _attribute(system.get("Provider"), "Name")
        fields["System_ProcessID"] = _attribute(system.get("Execution"), "ProcessID")
        user = _attribute(system.get("Security"), "UserID")
        if user is not None:
            fields.setdefault("UserID", user)
        rendering = event.get("RenderingInfo")
        if isinstance(rendering, dict):
            fields.setdefault("Message", _text(rendering.get("Message")))
        return fields, _attribute(system.get("TimeCreated"), "SystemTime")

    def _payload(self, data: Fields) -> Fields:
        """Give the fields of EventData in a new dict: names without spaces, values plain."""
        _, names, guids = self._plans.get(tuple(data)) or self._remember(tuple(data))
        if not NESTED.isdisjoint(map(type, data.values())):
            plain: Fields = {}
            _flatten_into(plain, "EventData", data)
            return {name.replace(" ", ""): value for name, value in plain.items()}
        fields = data.copy() if names is None else dict(zip(names, data.values(), strict=True))
        for name in guids:
            value = fields[name]
            if type(value) is str and len(value) == GUID_CHARS:
                fields[name] = f"{{{value}}}"
        return fields

    def _remember(self, key: tuple[str, ...]) -> Plan:
        names = tuple(name.replace(" ", "") for name in key)
        guids = tuple(name for name in names if name.lower().endswith("guid"))
        plan = (_YIELDING.isdisjoint(names), None if names == key else names, guids)
        if len(self._plans) >= MAX_PLANS:
            self._plans.clear()
        self._plans[key] = plan
        return plan

    def _flat(self, raw: Mapping[str, Any]) -> tuple[Fields, Any]:
        """NXLog, OTRF, Splunk, Get-WinEvent, EvtxECmd: everything at top level, under several names for one thing."""
        nested = not NESTED.isdisjoint(map(type, raw.values()))
        if nested and holds_objects(raw):
            plain: Fields = {}
            _flatten_into(plain, "EventData", raw)
            raw = plain
        names, aliases, guids = self.flat_names(tuple(raw))
        fields = dict(zip(names, raw.values(), strict=True))
        if nested:
            for name in [name for name, value in fields.items() if type(value) in NESTED]:
                fields[name] = _plain(fields[name])
        for name in guids:
            fields[name] = _braced(name, fields[name])
        fields.pop("", None)
        for alias, name in aliases:
            fields.setdefault(name, fields[alias])
        if type(fields.get("Keywords")) is int:
            fields["Keywords"] = hex(fields["Keywords"] % _INT64)
        return fields, None

    def flat_names(self, key: tuple[str, ...]) -> FlatPlan:
        """Give our name for each name of a flat record, empty for what is left out, and the aliases among them."""
        known = self._flat_plans.get(key)
        if known is None:
            left_out = frozenset(TRANSPORT) if "SourceModuleType" in key or "@version" in key else frozenset()
            names = tuple("" if name in left_out else name.replace(" ", "") for name in key)
            guids = tuple(name for name in dict.fromkeys(names) if name.lower().endswith("guid"))
            known = (names, tuple((alias, name) for alias, name in FLAT if alias in names), guids)
            if len(self._flat_plans) >= MAX_PLANS:
                self._flat_plans.clear()
            self._flat_plans[key] = known
        return known

    def _winlogbeat(self, raw: Mapping[str, Any], winlog: Mapping[str, Any]) -> tuple[Fields, Any]:
        """Winlogbeat and Elastic Agent: ``winlog.*``, with ECS fields standing in for what their modules move."""
        fields: Fields = {}
        for section in ("user_data", "event_data"):
            data = winlog.get(section)
            if isinstance(data, dict):
                fields.update(self._payload({name: value for name, value in data.items() if name != "xml_name"}))
        _numbered_to_data(fields)
        _alias(fields, winlog, WINLOG)
        flat = _dotted(raw)
        for path, name in ECS:
            if name not in fields and flat.get(path) is not None:
                fields[name] = _plain(flat[path])
        event_id = winlog.get("event_id")
        fields["EventID"] = event_id if event_id is not None else flat.get("event.code")
        return fields, raw.get("@timestamp")


def holds_objects(record: Mapping[str, Any]) -> bool:
    """Tell whether a value is an object or a list of some, which have fields of their own."""
    values = record.values()
    if dict in map(type, values):
        return True
    return any(dict in map(type, value) for value in values if type(value) is list)


def tidy(fields: Fields) -> None:
    """Make numbers of the few System fields that are numbers, however a source wrote them; in place."""
    for name in _NUMBERS:
        value = fields.get(name)
        if type(value) is str:
            fields[name] = whole(value, _LEVELS.get(value.lower(), value) if name == "Level" else value)
        elif value is None:
            fields.pop(name, None)
    event_id = fields.get("EventID")
    if type(event_id) is not int:
        number = whole(event_id, None)
        if number is None:
            fields.pop("EventID", None)
        else:
            fields["EventID"] = number


def whole(value: Any, otherwise: Any) -> Any:
    """Give an int written as text, decimal or ``0x`` hexadecimal; anything else as ``otherwise``."""
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is str and len(value) <= 20:
        try:
            return int(value, 16) if value[:2] in ("0x", "0X") else int(value)
        except ValueError:
            pass
    return otherwise


def _flatten_into(fields: Fields, element: str, value: Any, depth: int = 0) -> None:
    """Put an element's leaves under their own names; attributes of inner elements as ``Element_Attribute``."""
    if not isinstance(value, dict):
        if value is not None:
            fields.setdefault(element, _plain(value))
        return
    if depth > MAX_DEPTH:
        return
    for name, inner in value.items():
        if name == ATTRIBUTES:
            _attributes_into(fields, element, inner)
        elif name == TEXT:
            fields.setdefault(element, _plain(inner))
        elif isinstance(inner, list) and any(isinstance(item, dict) for item in inner):
            _named_data_into(fields, name, inner)
        elif isinstance(inner, dict):
            _flatten_into(fields, name, inner, depth + 1)
        else:
            fields.setdefault(name, _braced(name, _plain(inner)))


def _braced(name: str, value: Any) -> Any:
    """Give a GUID its braces as Windows writes them: the EVTX library leaves them out, rules compare with them."""
    if type(value) is str and len(value) == GUID_CHARS and name.lower().endswith("guid"):
        return f"{{{value}}}"
    return value


def _attributes_into(fields: Fields, element: str, attributes: Any) -> None:
    if isinstance(attributes, dict):
        for name, value in attributes.items():
            if not name.startswith("xmlns"):
                fields.setdefault(f"{element}_{name}", _plain(value))


def _named_data_into(fields: Fields, element: str, items: Iterable[Any]) -> None:
    """Read ``Data: [{"@Name": "Image", "#text": …}]``, as XML converters write it; nameless ones stay a list."""
    nameless = []
    for item in items:
        if not isinstance(item, dict):
            nameless.append(_plain(item))
            continue
        attributes = item.get(ATTRIBUTES)
        name = item.get("@Name", item.get("Name", attributes.get("Name") if isinstance(attributes, dict) else None))
        value = _plain(item.get(TEXT, item.get("Value", item.get("value"))))
        if isinstance(name, str) and name:
            fields.setdefault(name, _braced(name, value))
        else:
            nameless.append(value)
    if nameless:
        fields.setdefault(element, nameless[0] if len(nameless) == 1 else nameless)


def _plain(value: Any) -> Any:
    """Give a value that a field may hold: text, number, None, or a list of these; booleans as Windows writes them."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is bool:
        return "true" if value else "false"
    if kind is list:
        return [_plain(item) if not isinstance(item, (dict, list)) else _as_json(item) for item in value]
    if kind is dict and TEXT in value and not isinstance(value[TEXT], dict):
        return _plain(value[TEXT])
    return _as_json(value)


def _as_json(value: Any) -> str:
    """Give what is nested where a value was expected as one text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return "(nested too deep)"


def _text(element: Any) -> Any:
    """Give what stands in an element that may carry attributes."""
    if isinstance(element, dict):
        return _plain(element.get(TEXT, element.get("Value")))
    return _plain(element)


def _attribute(element: Any, name: str) -> Any:
    if isinstance(element, dict):
        attributes = element.get(ATTRIBUTES, element)
        if isinstance(attributes, dict):
            return _plain(attributes.get(name, attributes.get(f"@{name}")))
    return _plain(element) if isinstance(element, str) else None


def _winlog(raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give the ``winlog`` object, also when an export wrote its keys with dots."""
    winlog = raw.get("winlog")
    if isinstance(winlog, dict):
        return winlog
    if "winlog.channel" not in raw and "winlog.event_id" not in raw:
        return None
    built: Fields = {}
    for key, value in raw.items():
        if key.startswith("winlog."):
            head, _, tail = key.removeprefix("winlog.").partition(".")
            if tail and head in ("event_data", "user_data"):
                data = built.setdefault(head, {})
                if isinstance(data, dict):
                    data[tail] = value
            else:
                built[f"{head}.{tail}" if tail else head] = value
    return built


def _dotted(raw: Mapping[str, Any]) -> Fields:
    """Give the ECS groups of a record as dotted names, three levels deep."""
    flat: Fields = {}
    for group, members in raw.items():
        if group == "winlog":
            continue
        if not isinstance(members, dict):
            flat[group] = members
            continue
        for name, value in members.items():
            if isinstance(value, dict):
                for inner, leaf in value.items():
                    flat[f"{group}.{name}.{inner}"] = leaf
            else:
                flat[f"{group}.{name}"] = value
    return flat


def _numbered_to_data(fields: Fields) -> None:
    """Give nameless data, which Winlogbeat numbers ``param1`` and so on, also as the list that rules look in."""
    if "param1" in fields and "Data" not in fields:
        fields["Data"] = [fields[name] for n in range(1, len(fields) + 1) if (name := f"param{n}") in fields]


def _alias(fields: Fields, source: Mapping[str, Any], aliases: Iterable[tuple[str, str]]) -> None:
    """Give values under Sigma's names; the first alias that has a value wins, a name already there stays."""
    for alias, name in aliases:
        if name not in fields:
            value: Any = source.get(alias)
            if value is None and "." in alias:
                head, _, tail = alias.partition(".")
                inner = source.get(head)
                value = inner.get(tail) if isinstance(inner, dict) else None
            if value is not None:
                fields[name] = _plain(value)
