"""Microsoft Defender's hunting tables and Exchange Online's message traces, as events that rules know.

A hunting export is a table (CSV) or a list of objects (JSON of the portal, the API, or streamed to storage, where the
row stands in ``properties``). The device tables become what Sysmon and the Security log tell of the same deed.

Source: Microsoft Learn, "Advanced hunting schema tables" of Defender XDR, with the values of ``ActionType``; "Streaming
API"; "Get-MessageTrace" and "Historical message trace reports" of Exchange Online.
"""

from __future__ import annotations

from sekisho.normalize._product import Aliases, Product

_PROCESS: Aliases = (
    ("Image", "FolderPath"), ("CommandLine", "ProcessCommandLine"), ("ProcessId", "ProcessId"),
    ("ParentImage", "InitiatingProcessFolderPath"), ("ParentCommandLine", "InitiatingProcessCommandLine"),
    ("ParentProcessId", "InitiatingProcessId"), ("OriginalFileName", "ProcessVersionInfoOriginalFileName"),
    ("Company", "ProcessVersionInfoCompanyName"), ("Product", "ProcessVersionInfoProductName"),
    ("Description", "ProcessVersionInfoFileDescription"), ("IntegrityLevel", "ProcessIntegrityLevel"),
    ("User", "AccountName"), ("Computer", "DeviceName"), ("ParentUser", "InitiatingProcessAccountName"),
)  # fmt: skip
_ACTOR: Aliases = (
    ("Image", "InitiatingProcessFolderPath"), ("CommandLine", "InitiatingProcessCommandLine"),
    ("ProcessId", "InitiatingProcessId"), ("ParentImage", "InitiatingProcessParentFileName"),
    ("ParentProcessId", "InitiatingProcessParentId"), ("User", "InitiatingProcessAccountName"),
    ("Computer", "DeviceName"),
)  # fmt: skip
_FILE: Aliases = (("TargetFilename", "FolderPath"), ("SourceFilename", "PreviousFolderPath"), *_ACTOR)
_CONNECTION: Aliases = (
    ("DestinationIp", "RemoteIP"), ("DestinationPort", "RemotePort"), ("SourceIp", "LocalIP"),
    ("SourcePort", "LocalPort"), ("Protocol", "Protocol"), *_ACTOR,
)  # fmt: skip
_REGISTRY: Aliases = (("Details", "RegistryValueData"), *_ACTOR)
_LOADED: Aliases = (("ImageLoaded", "FolderPath"), *_ACTOR)
_ANTIVIRUS: Aliases = (
    ("Signature", "AdditionalFields.ThreatName", "ThreatName"), ("Filename", "FolderPath", "FileName"),
    ("Action", "AdditionalFields.Action", "ActionType"), *_ACTOR,
)  # fmt: skip
_LOGON: Aliases = (
    ("TargetUserName", "AccountName"), ("TargetDomainName", "AccountDomain"), ("TargetUserSid", "AccountSid"),
    ("IpAddress", "RemoteIP"), ("IpPort", "RemotePort"), ("WorkstationName", "RemoteDeviceName"),
    ("ProcessName", "InitiatingProcessFolderPath"), ("Computer", "DeviceName"),
    ("AuthenticationPackageName", "Protocol"), ("TargetLogonId", "LogonId"),
)  # fmt: skip
# What is below is read by its own names too where a record carries it whole.
_STREAMED = ("properties.",)
_DEVICE = (
    # Columns that tell the table, category, its ActionTypes, names
    (("processcommandline", "initiatingprocessfilename"), "process_creation", ("processcreated",), _PROCESS),
    (("folderpath", "initiatingprocessfilename"), "file_event", ("filecreated", "filemodified"), _FILE),
    (("folderpath", "initiatingprocessfilename"), "file_rename", ("filerenamed",), _FILE),
    (("folderpath", "initiatingprocessfilename"), "file_delete", ("filedeleted",), _FILE),
    (("folderpath", "initiatingprocessfilename"), "image_load", ("imageloaded",), _LOADED),
    (("remoteip", "initiatingprocessfilename"), "network_connection",
     ("connectionsuccess", "connectionattempt", "connectionfailed", "connectionrequest", "connectionfound",
      "inboundconnectionaccepted", "listeningconnectioncreated", "httpconnectioninspected", "sslconnectioninspected"),
     _CONNECTION),
    (("filename", "initiatingprocessfilename"), "antivirus",
     ("antivirusdetection", "antivirusreport", "antivirusdetectionactiontype"), _ANTIVIRUS),
    (("registrykey", "initiatingprocessfilename"), "registry_set", ("registryvalueset",), _REGISTRY),
    (("registrykey", "initiatingprocessfilename"), "registry_add", ("registrykeycreated",), _REGISTRY),
    (("registrykey", "initiatingprocessfilename"), "registry_delete",
     ("registrykeydeleted", "registryvaluedeleted"), _REGISTRY),
)  # fmt: skip
_PREFIXES = ("", "properties.")
_MAIL: Aliases = (
    ("message_id", "InternetMessageId"), ("sender", "SenderFromAddress", "SenderMailFromAddress"),
    ("envelope_sender", "SenderMailFromAddress"), ("sender_name", "SenderDisplayName"),
    ("recipients", "RecipientEmailAddress"), ("subject", "Subject"), ("src_ip", "SenderIPv4", "SenderIPv6"),
    ("direction", "EmailDirection"), ("status", "DeliveryAction"), ("urls", "Url"), ("url.host", "UrlDomain"),
    ("name", "FileName"), ("sha256", "SHA256"), ("size", "FileSize"),
)  # fmt: skip
_IDENTITY: Aliases = (
    ("User", "AccountUpn", "AccountName", "AccountDisplayName"), ("src_ip", "IPAddress"), ("Computer", "DeviceName"),
    ("user", "AccountUpn", "AccountName"),
)  # fmt: skip
_CLOUD: Aliases = (
    ("eventName", "ActionType"), ("eventSource", "RawEventData.Workload", "Application"),
    ("Operation", "RawEventData.Operation", "ActionType"), ("Workload", "RawEventData.Workload"),
    ("ClientIP", "IPAddress"), ("UserId", "RawEventData.UserId", "AccountId"),
    ("RecordType", "RawEventData.RecordType"),
    ("Payload", "RawEventData.Data", "RawEventData.Parameters"), ("ResultStatus", "RawEventData.ResultStatus"),
)  # fmt: skip
_CLOUD_OPENED = ("raweventdata.",)
_CLOUD_WHOLE = (("Parameters", "RawEventData.Parameters"), ("OperationProperties", "RawEventData.OperationProperties"))


def _under(prefix: str, aliases: Aliases) -> Aliases:
    return tuple((target, *(f"{prefix}{name}" for name in names)) for target, *names in aliases) if prefix else aliases


def _named(prefix: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}{name}" for name in names)


def _tables(prefix: str) -> tuple[Product, ...]:
    """Give the tables with their columns as they are, or below what streaming puts them in."""
    action, opened = f"{prefix}actiontype", _STREAMED if prefix else ()
    return (
        *(
            Product("windows", category, "", (*_named(prefix, "devicename", *columns), action), ((action, kinds),),
                    _under(prefix, aliases), opened, derive="hunting")
            for columns, category, kinds, aliases in _DEVICE
        ),
        Product("m365", "", "identitylogon", (*_named(prefix, "application", "logontype"), action), (),
                _under(prefix, _IDENTITY), opened),
        Product("windows", "", "security", (*_named(prefix, "devicename", "logontype", "accountname"), action),
                ((action, ("logon*",)),), _under(prefix, _LOGON), opened, derive="hunting_logon"),
        Product("m365", "", "audit", (*_named(prefix, "application", "applicationid"), action), (),
                _under(prefix, _CLOUD), (*opened, *_named(prefix, *_CLOUD_OPENED)),
                tuple((target, prefix + path) for target, path in _CLOUD_WHOLE), "outcome"),
        Product("m365", "", "emailattachmentinfo", _named(prefix, "networkmessageid", "filename", "sha256"), (),
                _under(prefix, _MAIL), opened),
        Product("m365", "", "emailurlinfo", _named(prefix, "networkmessageid", "url", "urldomain"), (),
                _under(prefix, _MAIL), opened),
        Product("email", "mailflow", "emailevents", _named(prefix, "networkmessageid", "senderfromaddress", "subject"),
                (), _under(prefix, _MAIL), opened),
        Product("windows", "", "defender", (*_named(prefix, "devicename", "initiatingprocessfilename"), action), (),
                _under(prefix, _ACTOR), opened, derive="hunting"),
    )  # fmt: skip


HUNTING = tuple(product for prefix in _PREFIXES for product in _tables(prefix))

_TRACE: Aliases = (
    ("message_id", "MessageId", "message_id"), ("sender", "SenderAddress", "sender_address"),
    ("recipients", "RecipientAddress", "recipient_status"), ("subject", "Subject", "message_subject"),
    ("src_ip", "FromIP", "original_client_ip"), ("dst_ip", "ToIP"), ("status", "Status", "delivery_status"),
    ("direction", "directionality"), ("size", "Size", "total_bytes"),
)  # fmt: skip
MESSAGE_TRACE = (
    Product("email", "mailflow", "messagetrace", ("senderaddress", "recipientaddress", "received"), (), _TRACE),
    Product("email", "mailflow", "messagetrace", ("sender_address", "recipient_status", "origin_timestamp_utc"), (),
            _TRACE, derive="message_trace"),
)  # fmt: skip

MICROSOFT = (*HUNTING, *MESSAGE_TRACE)
