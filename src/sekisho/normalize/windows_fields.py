"""Which fields the events of a logsource can have, for logsources whose events are fully specified.

Source: the event manifest of Sysmon 15 (schema 4.90, ``sysmon -s``), which Sysmon for Linux shares; Microsoft's pages
on Security 4688, 4657 and 5156, on PowerShell 4103 and 4104, and on Defender's events; Sigma taxonomy appendix 2.1
for the categories that no single event stands for.
"""

from __future__ import annotations

from collections.abc import Mapping

from sekisho.model.event import Logsource
from sekisho.normalize import commands
from sekisho.normalize.windows_logsources import CATEGORIES, SYSMON

COMMON = tuple(
    "EventID Channel Provider_Name Provider Computer Level Task Opcode Keywords EventRecordID System_ProcessID UserID "
    "Message".split()
)
"""What every Windows event has."""

_ACTOR = "RuleName UtcTime ProcessGuid ProcessId Image User"
_SUBJECT = "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId"
_PROGRAM = "FileVersion Description Product Company OriginalFileName Hashes"
_SIGNED = "Signed Signature SignatureStatus"
_FILE = f"{_ACTOR} TargetFilename"
_POWERSHELL_CLASSIC = "Data"

SYSMON_FIELDS = {
    "process_creation": f"{_ACTOR} {_PROGRAM} CommandLine CurrentDirectory LogonGuid LogonId TerminalSessionId "
    "IntegrityLevel ParentProcessGuid ParentProcessId ParentImage ParentCommandLine ParentUser",
    "file_change": f"{_FILE} CreationUtcTime PreviousCreationUtcTime",
    "network_connection": f"{_ACTOR} Protocol Initiated SourceIsIpv6 SourceIp SourceHostname SourcePort "
    "SourcePortName DestinationIsIpv6 DestinationIp DestinationHostname DestinationPort DestinationPortName",
    "sysmon_status": "UtcTime State Version SchemaVersion Configuration ConfigurationFileHash",
    "process_termination": _ACTOR,
    "driver_load": f"RuleName UtcTime ImageLoaded Hashes {_SIGNED}",
    "image_load": f"{_ACTOR} ImageLoaded {_PROGRAM} {_SIGNED}",
    "create_remote_thread": "RuleName UtcTime SourceProcessGuid SourceProcessId SourceImage TargetProcessGuid "
    "TargetProcessId TargetImage NewThreadId StartAddress StartModule StartFunction SourceUser TargetUser",
    "raw_access_thread": f"{_ACTOR} Device",
    "process_access": "RuleName UtcTime SourceProcessGUID SourceProcessId SourceThreadId SourceImage "
    "TargetProcessGUID TargetProcessId TargetImage GrantedAccess CallTrace SourceUser TargetUser",
    "file_event": f"{_FILE} CreationUtcTime",
    "registry_event": f"{_ACTOR} EventType TargetObject Details NewName",
    "registry_set": f"{_ACTOR} EventType TargetObject Details",
    "registry_add": f"{_ACTOR} EventType TargetObject",
    "registry_delete": f"{_ACTOR} EventType TargetObject",
    "registry_rename": f"{_ACTOR} EventType TargetObject NewName",
    "create_stream_hash": f"{_FILE} CreationUtcTime Hash Contents",
    "pipe_created": f"{_ACTOR} EventType PipeName",
    "wmi_event": "RuleName EventType UtcTime Operation User EventNamespace Name Query Type Destination Consumer Filter",
    "dns_query": f"{_ACTOR} QueryName QueryStatus QueryResults",
    "file_delete": f"{_FILE} Hashes IsExecutable Archived",
    "clipboard_change": f"{_ACTOR} Session ClientInfo Hashes Archived",
    "process_tampering": f"{_ACTOR} Type",
    "file_block_executable": f"{_FILE} Hashes",
    "file_block_shredding": f"{_FILE} Hashes IsExecutable",
    "file_executable_detected": f"{_FILE} Hashes",
    "sysmon_error": "UtcTime ID Description",
}
"""Sysmon's categories."""

OTHER_FIELDS = {
    ("security", "process_creation"): f"{_SUBJECT} NewProcessId NewProcessName TokenElevationType ProcessId "
    "CommandLine TargetUserSid TargetUserName TargetDomainName TargetLogonId ParentProcessName MandatoryLabel "
    "Image ParentImage ParentProcessId User LogonId IntegrityLevel",
    ("security", "registry_set"): f"{_SUBJECT} ObjectName ObjectValueName HandleId OperationType OldValueType "
    "OldValue NewValueType NewValue ProcessId ProcessName TargetObject Details Image EventType User",
    ("security", "network_connection"): "ProcessID Application Direction SourceAddress SourcePort DestAddress "
    "DestPort Protocol FilterOrigin FilterRTID InterfaceIndex LayerName LayerRTID RemoteUserID RemoteMachineID "
    "OriginalProfile CurrentProfile Image Initiated SourceIp DestinationIp DestinationPort ProcessId User",
    ("powershell", "ps_script"): "MessageNumber MessageTotal ScriptBlockText ScriptBlockId Path",
    ("powershell", "ps_module"): "ContextInfo UserData Payload",
    ("powershell-classic", "ps_classic_start"): _POWERSHELL_CLASSIC,
    ("powershell-classic", "ps_classic_provider_start"): _POWERSHELL_CLASSIC,
    ("powershell-classic", "ps_classic_script"): _POWERSHELL_CLASSIC,
}
"""(service, category) of other logs that give Sigma's categories, with what the mapping adds."""

LINUX = ("process_creation", "network_connection", "process_termination", "raw_access_thread", "file_event")
"""Categories that Sysmon for Linux writes; file_delete differs between its versions."""


def known_fields() -> Mapping[Logsource, frozenset[str]]:
    """Give the fields by logsource; a logsource that is not there may have any field."""
    known: dict[Logsource, frozenset[str]] = {}
    for category, names in SYSMON_FIELDS.items():
        known[Logsource("windows", category, SYSMON)] = frozenset((*COMMON, *names.split()))
    for (service, category), names in OTHER_FIELDS.items():
        known[Logsource("windows", category, service)] = frozenset((*COMMON, *names.split()))
    for category in LINUX:
        known[Logsource("linux", category, SYSMON)] = known[Logsource("windows", category, SYSMON)]
    for one in list(known):
        if one.category == "process_creation":
            known[one] |= frozenset(commands.FIELDS)
    return known


def known_logsources() -> frozenset[Logsource]:
    """Give the Windows logsources that have a category."""
    return frozenset(Logsource("windows", category, service) for (service, _), category in CATEGORIES.items())
