"""Our own Windows mapping in the form of a pySigma pipeline, written from the tables that the program itself uses.

What the program derives from a record by copying a field, the pipeline says as "this field or that one": the mapping
functions are run on a sample record of each event, and what they copied is read off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import yaml

from sekisho.normalize import windows_mapping as mapping
from sekisho.normalize.windows_logsources import (
    CATEGORIES,
    FILE_ACTIVITY,
    REGISTRY_CATEGORIES,
    REGISTRY_KEYS,
    SERVICES,
    SYSMON,
)

HEAD = """\
# Written by docs/generate.py from the tables in src/sekisho/normalize; change those, then run ./dev golden.
#
# Fits generic Sigma rules to Windows records as they were logged, before any normalisation: one flat record with
# Channel, EventID and the fields of EventData or UserData under their own names. For pySigma and for Sekisho's own
# engine. A list of fields means that any of them may hold the value. What a pipeline cannot say is in
# docs/guide/pipelines.md.
"""
PRODUCT = "windows"
WITHOUT_PRODUCT = "antivirus"
"""The category that rules use without naming a product."""
REGISTRY_SET, REGISTRY_DELETE = "registry_set", "registry_delete"
DELETED = mapping._VALUE_DELETED
SET = ("%%1904", "%%1905")  # Source: Microsoft, "4657(S): A registry value was modified": created, changed

# The fields of each event that is mapped, as its manifest names them. Numbers stand as Windows writes them there, so
# that what is converted is not taken for a copy.
SAMPLES: dict[str, tuple[Callable[[dict[str, Any]], None], dict[str, str]]] = {
    "process_creation": (
        mapping.process_created,
        {
            **{name: name for name in ("NewProcessName", "ParentProcessName", "CommandLine", "SubjectUserSid")},
            **{name: name for name in ("SubjectUserName", "SubjectDomainName", "SubjectLogonId", "TargetUserSid")},
            "NewProcessId": "0x10",
            "ProcessId": "0x20",
        },
    ),
    REGISTRY_SET: (
        mapping.value_modified,
        {
            **{name: name for name in ("ObjectName", "ObjectValueName", "NewValue", "OldValue", "ProcessName")},
            "OperationType": SET[1],
            "ProcessId": "0x20",
        },
    ),
    "network_connection": (
        mapping.connection_permitted,
        {
            **{name: name for name in ("Application", "SourceAddress", "SourcePort", "DestAddress", "DestPort")},
            "ProcessID": "0x20",
            "Direction": mapping._OUTBOUND,
            "Protocol": "6",
        },
    ),
    "antivirus": (
        mapping.threat_found,
        {name: name for name in ("ThreatName", "Path", "DetectionUser", "ProcessName")},
    ),
    "windefend": (mapping.feature_changed, {"FeatureName": "FeatureName"}),
}
SAME = {REGISTRY_DELETE: REGISTRY_SET, "registry_event": REGISTRY_SET}


def windows() -> str:
    """Give the text of pipelines/windows.yml."""
    steps = [*_services(), *_categories(), *_logsources()]
    dumped = "".join(_dumped([step]) for step in steps)
    return f"{HEAD}name: windows\npriority: 10\ntransformations:\n{dumped}"


def _services() -> Iterator[dict[str, Any]]:
    channels = defaultdict(list)
    for channel, service in SERVICES.items():
        channels[service].append(channel)
    for service, names in sorted(channels.items()):
        here = [{"type": "logsource", "product": PRODUCT, "service": service}]
        yield {
            "id": f"service_{service}",
            "type": "add_condition",
            "conditions": {"Channel": _one_or_all(names)},
            "rule_conditions": here,
        }
        yield from _fields(service, here)


def _categories() -> Iterator[dict[str, Any]]:
    for category, places in _places().items():
        here = _category(category)
        services = sorted({service for service, _ in places})
        conditions: dict[str, Any] = {
            "Channel": _one_or_all([channel for channel, service in SERVICES.items() if service in services]),
            "EventID": _one_or_all(sorted({event_id for _, event_id in places})),
        }
        types = [name for name, one in REGISTRY_CATEGORIES.items() if one == category]
        if types:
            conditions["EventType"] = _one_or_all(types)
        yield _added(category, conditions, here)
        if category == REGISTRY_SET:
            without = _added(f"{category}_kept", {"OperationType": DELETED}, here)
            yield without | {"negated": True}
        yield from _fields(SAME.get(category, category), here, category)
    for (provider, event_id), category in FILE_ACTIVITY.items():
        ids = sorted(number for (_, number), one in FILE_ACTIVITY.items() if one == category)
        if event_id == ids[0]:
            yield _added(category, {"Provider_Name": provider, "EventID": _one_or_all(ids)}, _category(category))


def _places() -> dict[str, list[tuple[str, int]]]:
    """Give each category's services and event ids; Sysmon's 12 belongs to the category its EventType tells."""
    places: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for (service, event_id), category in CATEGORIES.items():
        if category == REGISTRY_KEYS:
            for one in dict.fromkeys(REGISTRY_CATEGORIES.values()):
                places[one].append((service, event_id))
        else:
            places[category].append((service, event_id))
        if category.startswith("registry_") and category != REGISTRY_KEYS:
            places[REGISTRY_KEYS].append((service, event_id))
    places[REGISTRY_KEYS].append((SYSMON, 12))
    places[REGISTRY_DELETE] += [place for place in places[REGISTRY_SET] if place[0] != SYSMON]
    return dict(sorted(places.items()))


def _logsources() -> Iterator[dict[str, Any]]:
    places = _places()
    for category in sorted({*places, *FILE_ACTIVITY.values()}):
        services = {service for service, _ in places.get(category, ())}
        target = {"product": PRODUCT, **({"service": services.pop()} if len(services) == 1 else {})}
        yield {
            "id": f"logsource_{category}",
            "type": "change_logsource",
            **target,
            "rule_conditions": _category(category),
        }


def _fields(sample: str, here: list[dict[str, Any]], category: str = "") -> Iterator[dict[str, Any]]:
    """Give the mapping of field names for one sample, and of the values that are words in one place only."""
    if sample not in SAMPLES:
        return
    names = {name: [name, *raw] for name, raw in sorted(copied(*SAMPLES[sample]).items())}
    values: dict[str, dict[str, list[str]]] = {}
    if sample == "process_creation":
        names["IntegrityLevel"] = ["IntegrityLevel", "MandatoryLabel"]
        words = dict.fromkeys(mapping._INTEGRITY.values())
        values["IntegrityLevel"] = {
            word: [word, *(label for label, one in mapping._INTEGRITY.items() if one == word)] for word in words
        }
    if sample == "network_connection":
        names["Initiated"] = ["Initiated", "Direction"]
        values["Initiated"] = {"true": ["true", mapping._OUTBOUND], "false": ["false", mapping._INBOUND]}
        values["Protocol"] = {word: [word, number] for number, word in mapping._PROTOCOLS.items()}
    if sample == REGISTRY_SET:
        names["EventType"] = ["EventType", "OperationType"]
        values["EventType"] = {"SetValue": ["SetValue", *SET]}
        values["EventType"] |= {one: [one, DELETED] for one in ("DeleteValue", "deletevalue")}
    what = category or sample
    for field, known in values.items():
        yield {
            "id": f"values_{what}_{field}",
            "type": "map_string",
            "mapping": known,
            "field_name_conditions": [{"type": "include_fields", "fields": [field]}],
            "rule_conditions": here,
        }
    yield {"id": f"fields_{what}", "type": "field_name_mapping", "mapping": names, "rule_conditions": here}


def copied(derive: Callable[[dict[str, Any]], None], sample: Mapping[str, str]) -> dict[str, list[str]]:
    """Give the names under which a mapping gives a value again: derived name to raw names."""
    fields = dict(sample)
    derive(fields)
    found = {
        name: [raw for raw, original in sample.items() if original == value and raw != name]
        for name, value in fields.items()
        if sample.get(name) != value
    }
    return {name: raw for name, raw in found.items() if raw}


def _added(category: str, conditions: dict[str, Any], here: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"category_{category}",
        "type": "add_condition",
        "conditions": conditions,
        "rule_conditions": here,
    }


def _category(category: str) -> list[dict[str, Any]]:
    product = {} if category == WITHOUT_PRODUCT else {"product": PRODUCT}
    return [{"type": "logsource", **product, "category": category}]


def _one_or_all(values: Iterable[Any]) -> Any:
    listed = list(values)
    return listed[0] if len(listed) == 1 else listed


def _dumped(steps: list[dict[str, Any]]) -> str:
    return yaml.safe_dump(steps, sort_keys=False, width=118, default_flow_style=None, allow_unicode=True)
