"""Other names for the fields of a Windows event, by the shape that uses them."""

from __future__ import annotations

FLAT = (
    ("EventId", "EventID"),
    ("EventCode", "EventID"),
    ("event_id", "EventID"),
    ("Id", "EventID"),
    ("LogName", "Channel"),
    ("log_name", "Channel"),
    ("Hostname", "Computer"),
    ("ComputerName", "Computer"),
    ("MachineName", "Computer"),
    ("computer_name", "Computer"),
    ("SourceName", "Provider_Name"),
    ("ProviderName", "Provider_Name"),
    ("Provider", "Provider_Name"),
    ("source_name", "Provider_Name"),
    ("RecordNumber", "EventRecordID"),
    ("EventRecordId", "EventRecordID"),
    ("RecordId", "EventRecordID"),
    ("record_number", "EventRecordID"),
    ("ExecutionProcessID", "System_ProcessID"),
    ("OpcodeValue", "Opcode"),
    ("UserId", "UserID"),
    ("New_Process_Name", "NewProcessName"),
    ("Creator_Process_Name", "ParentProcessName"),
    ("Process_Command_Line", "CommandLine"),
)
"""NXLog im_msvistalog, OTRF Security-Datasets, Splunk WinEventLog, Get-WinEvent, EvtxECmd to ours.

Source: the reference pages of each of these for the fields they write.
"""

TRANSPORT = ("@version", "EventReceivedTime", "SourceModuleName", "SourceModuleType", "host", "port", "tags", "type")
"""What NXLog and Logstash add about the way the record travelled."""

WINLOG = (
    ("channel", "Channel"),
    ("provider_name", "Provider_Name"),
    ("computer_name", "Computer"),
    ("record_id", "EventRecordID"),
    ("level", "Level"),
    ("task", "Task"),
    ("opcode", "Opcode"),
    ("keywords", "Keywords"),
    ("process.pid", "System_ProcessID"),
    ("user.identifier", "UserID"),
)
"""``winlog.*`` to ours. Source: Elastic, Winlogbeat reference, exported fields."""

ECS = (
    ("message", "Message"),
    ("host.name", "Computer"),
    ("process.executable", "Image"),
    ("process.command_line", "CommandLine"),
    ("process.working_directory", "CurrentDirectory"),
    ("process.pid", "ProcessId"),
    ("process.entity_id", "ProcessGuid"),
    ("process.parent.executable", "ParentImage"),
    ("process.parent.command_line", "ParentCommandLine"),
    ("process.parent.pid", "ParentProcessId"),
    ("process.parent.entity_id", "ParentProcessGuid"),
    ("file.path", "TargetFilename"),
    ("registry.path", "TargetObject"),
    ("source.ip", "SourceIp"),
    ("source.port", "SourcePort"),
    ("destination.ip", "DestinationIp"),
    ("destination.port", "DestinationPort"),
    ("destination.domain", "DestinationHostname"),
    ("network.transport", "Protocol"),
    ("dns.question.name", "QueryName"),
    ("rule.name", "RuleName"),
)
"""ECS fields to which Winlogbeat's Sysmon and Security modules move event data. Source: Elastic, Sysmon module."""
