"""Fields that Sigma's categories ask for, derived from events that carry them under other names.

Every function changes the flat record of its event in place: what is derived stands beside what was logged, except
``ProcessId`` of event 4688, which Windows uses for the creator and Sigma for the new process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sekisho.normalize.exchange import CMDLET_FIELDS, cmdlet
from sekisho.normalize.windows_logsources import EVENT_TYPES
from sekisho.normalize.windows_shapes import Fields, whole

# Source: Microsoft, "Security identifiers", mandatory label authority S-1-16.
_INTEGRITY = {
    "S-1-16-0": "Untrusted",
    "S-1-16-4096": "Low",
    "S-1-16-8192": "Medium",
    "S-1-16-8448": "Medium",
    "S-1-16-12288": "High",
    "S-1-16-16384": "System",
    "S-1-16-20480": "System",
}
_HIVES = (("\\registry\\machine\\", "HKLM\\"), ("\\registry\\user\\", "HKU\\"))
_DEVICE = re.compile(r"\\device\\harddiskvolume\d+\\", re.IGNORECASE)
# Source: Microsoft, "4657(S): A registry value was modified": operation types.
_VALUE_DELETED = "%%1906"
# Source: Microsoft, "5156(S): The Windows Filtering Platform has permitted a connection".
_INBOUND, _OUTBOUND = "%%14592", "%%14593"
_PROTOCOLS = {"6": "tcp", "17": "udp"}
_NXLOG_TYPES = frozenset({"INFO", "WARNING", "ERROR", "CRITICAL", "VERBOSE", "AUDIT_SUCCESS", "AUDIT_FAILURE"})
"""What NXLog writes into EventType, over Sysmon's own. Source: NXLog reference, im_msvistalog fields."""
_MESSAGE_TYPE = re.compile(r"^EventType: *([A-Za-z]+)", re.MULTILINE)
_PROCESS_LINE, _PID_CHARS = "\nProcessId: ", 12


def account(fields: Mapping[str, Any], prefix: str) -> str:
    r"""Give ``DOMAIN\name`` of a subject or target; empty when the record has none."""
    name = fields.get(f"{prefix}UserName")
    if not isinstance(name, str) or name in ("", "-"):
        return ""
    domain = fields.get(f"{prefix}DomainName")
    return name if not isinstance(domain, str) or domain in ("", "-") else f"{domain}\\{name}"


def process_created(fields: Fields) -> None:
    """Security 4688. Source: Microsoft, "4688(S): A new process has been created"."""
    copy(fields, "NewProcessName", "Image")
    copy(fields, "ParentProcessName", "ParentImage")
    creator, new = whole(fields.get("ProcessId"), None), whole(fields.get("NewProcessId"), None)
    if creator is not None:
        fields["ParentProcessId"] = creator
    if new is not None:
        fields["ProcessId"] = new
    else:
        fields.pop("ProcessId", None)
    user = account(fields, "Target") or account(fields, "Subject")
    if user:
        fields.setdefault("User", user)
    target = fields.get("TargetLogonId")
    copy(fields, "SubjectLogonId" if target in (None, "", "0x0") else "TargetLogonId", "LogonId")
    level = _INTEGRITY.get(str(fields.get("MandatoryLabel")))
    if level:
        fields.setdefault("IntegrityLevel", level)


def value_modified(fields: Fields) -> None:
    """Security 4657: key and value joined and written with the short hive names, as Sysmon does."""
    key, value = fields.get("ObjectName"), fields.get("ObjectValueName")
    if isinstance(key, str):
        for long, short in _HIVES:
            if key.lower().startswith(long):
                key = short + key[len(long) :]
        fields.setdefault("TargetObject", f"{key}\\{value}" if isinstance(value, str) and value else key)
    copy(fields, "NewValue", "Details")
    copy(fields, "ProcessName", "Image")
    fields.setdefault("EventType", "DeleteValue" if fields.get("OperationType") == _VALUE_DELETED else "SetValue")
    _own_user(fields)
    _whole_process_id(fields)


def connection_permitted(fields: Fields) -> None:
    """Security 5156; the device path of the program becomes a path on C:, the only drive most workstations have."""
    application = fields.get("Application")
    if isinstance(application, str):
        fields.setdefault("Image", _DEVICE.sub(lambda _: "C:\\", application, count=1))
    direction = fields.get("Direction")
    if direction in (_INBOUND, _OUTBOUND):
        fields.setdefault("Initiated", "true" if direction == _OUTBOUND else "false")
    # Source is this host in either direction here, but the initiator in Sysmon's words. SourcePort keeps the port
    # as logged, because rules on 5156 itself read it.
    local, remote = ("Destination", "Source") if direction == _INBOUND else ("Source", "Destination")
    copy(fields, "SourceAddress", f"{local}Ip")
    copy(fields, "DestAddress", f"{remote}Ip")
    copy(fields, "SourcePort" if direction == _INBOUND else "DestPort", "DestinationPort")
    protocol = _PROTOCOLS.get(str(fields.get("Protocol")))
    if protocol:
        fields["Protocol"] = protocol
    process = whole(fields.get("ProcessID"), None)
    if process is not None:
        fields.setdefault("ProcessId", process)


def threat_found(fields: Fields) -> None:
    """Defender's detections under the names of Sigma's antivirus rules."""
    copy(fields, "ThreatName", "Signature")
    copy(fields, "Path", "Filename")
    copy(fields, "DetectionUser", "User")


def feature_changed(fields: Fields) -> None:
    """Defender 5010 and the like: one rule spells ``Feature Name`` with an underscore."""
    copy(fields, "FeatureName", "Feature_Name")


def event_type(fields: Mapping[str, Any], event_id: Any) -> Any:
    """Give the EventType of a Sysmon record, also where NXLog wrote its own over it; None where nothing tells."""
    written = fields.get("EventType")
    if type(written) is not str or written not in _NXLOG_TYPES:
        return written
    kind: Any = EVENT_TYPES.get(event_id) if isinstance(event_id, int) else None
    message = fields.get("Message")
    if kind is None and isinstance(message, str):
        found = _MESSAGE_TYPE.search(message)
        kind = found[1] if found else None
    return kind


def sysmon(fields: Fields) -> None:
    """Bring back what NXLog overwrites in Sysmon records: EventType and, when only the message has it, ProcessId."""
    message = fields.get("Message")
    written = fields.get("EventType")
    if type(written) is str and written in _NXLOG_TYPES:
        kind = event_type(fields, fields.get("EventID"))
        if kind:
            fields["EventType"] = kind
        else:
            del fields["EventType"]
    if "ProcessId" not in fields and isinstance(message, str):
        at = message.find(_PROCESS_LINE) + len(_PROCESS_LINE)
        if at >= len(_PROCESS_LINE):
            process = whole(message[at : at + _PID_CHARS].split("\r", 1)[0].split("\n", 1)[0], None)
            if process is not None:
                fields["ProcessId"] = process
    elif type(fields.get("ProcessId")) is str:
        _whole_process_id(fields)


def copy(fields: Fields, original: str, name: str) -> None:
    """Give a value under a second name, unless that is taken."""
    if original in fields and name not in fields:
        fields[name] = fields[original]


def _own_user(fields: Fields) -> None:
    user = account(fields, "Subject")
    if user:
        fields.setdefault("User", user)


def _whole_process_id(fields: Fields) -> None:
    if "ProcessId" in fields:
        fields["ProcessId"] = whole(fields["ProcessId"], fields["ProcessId"])


MAPPINGS: dict[tuple[str, int], Callable[[Fields], None]] = {
    ("security", 4657): value_modified,
    ("security", 4688): process_created,
    ("security", 5156): connection_permitted,
    ("msexchange-management", 1): cmdlet,
    ("msexchange-management", 6): cmdlet,
    ("windefend", 3002): feature_changed,
    **{("windefend", event_id): feature_changed for event_id in range(5000, 5014)},
}
"""(service, event id) to the mapping of its fields; ``sysmon`` reads a whole service, ``threat_found`` a category."""

OUTPUTS: dict[Callable[[Fields], None], frozenset[str]] = {
    process_created: frozenset(
        {"Image", "ParentImage", "ParentProcessId", "ProcessId", "User", "LogonId", "IntegrityLevel"}
    ),
    value_modified: frozenset({"TargetObject", "Details", "Image", "EventType", "User", "ProcessId"}),
    connection_permitted: frozenset(
        {"Image", "Initiated", "SourceIp", "DestinationIp", "DestinationPort", "Protocol", "ProcessId"}
    ),
    cmdlet: frozenset({*CMDLET_FIELDS, "User"}),
    threat_found: frozenset({"Signature", "Filename", "User"}),
    feature_changed: frozenset({"Feature_Name"}),
    sysmon: frozenset({"EventType", "ProcessId"}),
}
"""The fields that each mapping may set or change."""
