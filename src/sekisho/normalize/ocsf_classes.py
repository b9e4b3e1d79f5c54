"""OCSF event classes and their activities to Sigma's logsources, and OCSF's attributes to Sigma's field names.

Source: OCSF schema 1.0 to 1.7 (classes, activity ids, objects); Sigma specification, appendix taxonomy; Sysmon and
Windows Security event fields; AWS, "Security Lake source versions" for what CloudTrail records become.
"""

from __future__ import annotations

Aliases = tuple[tuple[str, ...], ...]
"""The name rules use, and where OCSF has it: the first that is there."""

SYSTEMS = {100: "windows", 101: "windows", 200: "linux", 300: "macos"}
"""``device.os.type_id`` to Sigma's product."""

CLASSES = {
    "file system activity": 1001,
    "file activity": 1001,
    "kernel extension activity": 1002,
    "module activity": 1005,
    "scheduled job activity": 1006,
    "process activity": 1007,
    "script activity": 1009,
    "detection finding": 2004,
    "authentication": 3002,
    "network activity": 4001,
    "http activity": 4002,
    "dns activity": 4003,
    "email activity": 4009,
    "api activity": 6003,
    "registry key activity": 201001,
    "registry value activity": 201002,
    "windows service activity": 201004,
}
"""``class_name``, lower case, for records whose id says nothing."""
SAME = {1011: 201001, 1012: 201002}
"""Ids of the registry classes since they left the Windows extension."""

CATEGORIES = {
    (1001, 1): "file_event",
    (1001, 2): "file_access",
    (1001, 3): "file_event",
    (1001, 4): "file_delete",
    (1001, 5): "file_rename",
    (1001, 6): "file_change",
    (1002, 1): "driver_load",
    (1005, 1): "image_load",
    (1007, 1): "process_creation",
    (1007, 2): "process_termination",
    (1007, 3): "process_access",
    (1007, 4): "create_remote_thread",
    (1009, 1): "ps_script",
    (4001, 1): "network_connection",
    (201001, 1): "registry_add",
    (201001, 3): "registry_set",
    (201001, 4): "registry_delete",
    (201001, 5): "registry_rename",
    (201002, 2): "registry_set",
    (201002, 3): "registry_set",
    (201002, 4): "registry_delete",
}
"""(class, activity) to category of an endpoint's event."""

REGISTRY_EVENTS = {
    "registry_add": "CreateKey",
    "registry_set": "SetValue",
    "registry_rename": "RenameKey",
    "registry_delete": "DeleteKey",
}
"""Category to Sysmon's EventType."""

HIVES = {
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKEY_USERS": "HKU",
    "HKEY_CURRENT_USER": "HKCU",
    "HKEY_CLASSES_ROOT": "HKCR",
    "\\REGISTRY\\MACHINE": "HKLM",
    "\\REGISTRY\\USER": "HKU",
}

SECURITY_EVENTS = {
    (1006, 1): 4698,
    (1006, 2): 4702,
    (1006, 3): 4699,
    (1006, 4): 4700,
    (1006, 5): 4701,
    (3002, 1): 4624,
    (3002, 2): 4634,
    (3002, 3): 4768,
    (3002, 4): 4769,
    (3002, 6): 4648,
}
"""(class, activity) on Windows to the event of its Security log that says the same."""
LOGON, LOGON_FAILED = 4624, 4625
FAILED = 2
"""``status_id``."""
SERVICE_INSTALLED = 7045
"""Of the System log: (201004, 1)."""

_ACTOR = "actor.process"
_SOURCE: Aliases = (
    ("SourceImage", f"{_ACTOR}.file.path"),
    ("SourceProcessId", f"{_ACTOR}.pid"),
    ("SourceProcessGuid", f"{_ACTOR}.uid"),
    ("TargetImage", "process.file.path"),
    ("TargetProcessId", "process.pid"),
    ("TargetProcessGuid", "process.uid"),
)
_PROCESS: Aliases = (
    ("Image", "process.file.path", "process.path", "process.name"),
    ("CommandLine", "process.cmd_line"),
    ("CurrentDirectory", "process.working_directory"),
    ("ProcessId", "process.pid"),
    ("ProcessGuid", "process.uid"),
    ("IntegrityLevel", "process.integrity"),
    ("OriginalFileName", "process.file.internal_name"),
    ("Company", "process.file.company_name"),
    ("Product", "process.file.product.name"),
    ("Description", "process.file.desc"),
    ("FileVersion", "process.file.version"),
    ("LogonId", "process.session.uid", "actor.session.uid"),
    ("ParentImage", "process.parent_process.file.path", f"{_ACTOR}.file.path", "process.parent_process.name"),
    ("ParentCommandLine", "process.parent_process.cmd_line", f"{_ACTOR}.cmd_line"),
    ("ParentProcessId", "process.parent_process.pid", f"{_ACTOR}.pid"),
    ("ParentProcessGuid", "process.parent_process.uid", f"{_ACTOR}.uid"),
    ("ParentUser", "process.parent_process.user.name", f"{_ACTOR}.user.name"),
)
_BY_ACTOR: Aliases = (
    ("Image", f"{_ACTOR}.file.path", f"{_ACTOR}.path", f"{_ACTOR}.name"),
    ("CommandLine", f"{_ACTOR}.cmd_line"),
    ("ProcessId", f"{_ACTOR}.pid"),
    ("ProcessGuid", f"{_ACTOR}.uid"),
    ("ParentImage", f"{_ACTOR}.parent_process.file.path"),
    ("ParentCommandLine", f"{_ACTOR}.parent_process.cmd_line"),
)
_LOADED: Aliases = (
    ("Signed", "module.file.signature.state", "driver.file.signature.state"),
    ("Signature", "module.file.signature.certificate.subject", "driver.file.signature.certificate.subject"),
    ("OriginalFileName", "module.file.internal_name"),
    ("Company", "module.file.company_name"),
    ("Product", "module.file.product.name"),
    ("Description", "module.file.desc"),
)
_ADDRESSES: Aliases = (
    ("src_ip", "src_endpoint.ip"),
    ("src_port", "src_endpoint.port"),
    ("dst_ip", "dst_endpoint.ip"),
    ("dst_port", "dst_endpoint.port"),
)

ALIASES: dict[int, Aliases] = {
    1001: (*_BY_ACTOR, ("TargetFilename", "file_result.path", "file.path"), ("SourceFilename", "file.path")),
    1002: (("ImageLoaded", "driver.file.path"), *_LOADED),
    1005: (*_BY_ACTOR, ("ImageLoaded", "module.file.path"), *_LOADED),
    1006: (
        ("TaskName", "job.name"),
        ("TaskContent", "job.cmd_line"),
        ("Command", "job.cmd_line"),
        ("SubjectUserName", "actor.user.name"),
        ("SubjectDomainName", "actor.user.domain"),
    ),
    1007: _PROCESS,
    1009: (
        *_BY_ACTOR,
        ("ScriptBlockText", "script.script_content.value", "script.script_content"),
        ("Path", "script.file.path"),
    ),
    2004: (
        ("Signature", "malware.name", "finding_info.title"),
        ("Filename", "malware.files.path", "evidences.file.path", "malware.path", "resources.name"),
        ("Action", "disposition"),
    ),
    3002: (
        ("TargetUserName", "user.name"),
        ("TargetDomainName", "user.domain"),
        ("TargetUserSid", "user.uid"),
        ("SubjectUserName", "actor.user.name"),
        ("SubjectDomainName", "actor.user.domain"),
        ("SubjectUserSid", "actor.user.uid"),
        ("LogonType", "logon_type_id"),
        ("IpAddress", "src_endpoint.ip"),
        ("IpPort", "src_endpoint.port"),
        ("WorkstationName", "src_endpoint.hostname", "src_endpoint.name"),
        ("AuthenticationPackageName", "auth_protocol"),
        ("LogonProcessName", "logon_process.name"),
        ("ProcessName", "logon_process.file.path", "actor.process.file.path"),
        ("TargetLogonId", "session.uid"),
        ("Status", "status_code"),
    ),
    4001: (
        *_BY_ACTOR,
        ("SourceIp", "src_endpoint.ip"),
        ("SourcePort", "src_endpoint.port"),
        ("SourceHostname", "src_endpoint.hostname"),
        ("DestinationIp", "dst_endpoint.ip"),
        ("DestinationPort", "dst_endpoint.port"),
        ("DestinationHostname", "dst_endpoint.hostname", "dst_endpoint.domain", "dst_endpoint.name"),
        ("Protocol", "connection_info.protocol_name"),
        *_ADDRESSES,
        ("action", "action", "disposition"),
    ),
    4002: (
        ("c-uri", "http_request.url.url_string", "http_request.url.path"),
        ("cs-uri", "http_request.url.url_string", "http_request.url.path"),
        ("cs-uri-stem", "http_request.url.path"),
        ("cs-uri-query", "http_request.url.query_string"),
        ("c-uri-query", "http_request.url.query_string"),
        ("cs-host", "http_request.url.hostname", "http_request.url.domain", "dst_endpoint.hostname"),
        ("cs-method", "http_request.http_method"),
        ("c-useragent", "http_request.user_agent"),
        ("cs-user-agent", "http_request.user_agent"),
        ("cs-referer", "http_request.referrer"),
        ("cs-referrer", "http_request.referrer"),
        ("sc-status", "http_response.code", "http_status"),
        ("c-ip", "src_endpoint.ip"),
        *_ADDRESSES,
    ),
    4003: (
        *_BY_ACTOR,
        ("QueryName", "query.hostname"),
        ("QueryResults", "answers.rdata"),
        ("QueryStatus", "rcode_id"),
        ("query", "query.hostname"),
        ("record_type", "query.type"),
        ("answer", "answers.rdata"),
        *_ADDRESSES,
    ),
    4009: (
        ("subject", "email.subject"),
        ("sender.address", "email.from", "email.sender"),
        ("recipients", "email.to"),
        ("reply_to", "email.reply_to"),
        ("message_id", "email.message_uid"),
        ("attachment.name", "email.files.name"),
        ("urls", "email.urls.url_string"),
    ),
    201001: (*_BY_ACTOR, ("TargetObject", "reg_key.path"), ("NewName", "reg_key.path")),
    201002: (*_BY_ACTOR, ("Details", "reg_value.data")),
    201004: (
        ("ServiceName", "win_service.name"),
        ("ImagePath", "win_service.cmd_line", "win_service.file.path"),
        ("StartType", "win_service.service_start_type"),
        ("AccountName", "win_service.run_as"),
    ),
}
ACCESS: Aliases = (*_SOURCE, ("GrantedAccess", "actual_permissions"), ("CallTrace", "unmapped.CallTrace"))
"""Instead of those of 1007 when the activity is to open or inject."""

CLOUDTRAIL: Aliases = (
    ("eventName", "api.operation", "activity_name"),
    ("eventSource", "api.service.name"),
    ("eventID", "metadata.uid"),
    ("eventVersion", "metadata.product.version"),
    ("awsRegion", "cloud.region"),
    ("recipientAccountId", "cloud.account.uid", "cloud.account_uid"),
    ("sourceIPAddress", "src_endpoint.ip", "src_endpoint.domain"),
    ("userAgent", "http_request.user_agent"),
    ("requestID", "api.request.uid"),
    ("errorCode", "api.response.error"),
    ("errorMessage", "api.response.error_message", "api.response.message"),
    ("userIdentity.type", "actor.user.type"),
    ("userIdentity.arn", "actor.user.uid_alt", "actor.user.uid"),
    ("userIdentity.userName", "actor.user.name"),
    ("userIdentity.accountId", "actor.user.account.uid", "actor.user.account_uid"),
    ("userIdentity.accessKeyId", "actor.user.credential_uid"),
    ("userIdentity.principalId", "actor.user.uid"),
    ("userIdentity.invokedBy", "actor.invoked_by"),
    ("userIdentity.sessionContext.sessionIssuer.arn", "actor.session.issuer"),
    ("userIdentity.sessionContext.attributes.mfaAuthenticated", "actor.session.is_mfa", "actor.session.mfa"),
    ("requestParameters", "api.request.data"),
    ("responseElements", "api.response.data"),
)
CLOUDTRAIL_OPENED = (
    ("api.request.data.", "requestParameters."),
    ("api.response.data.", "responseElements."),
    ("unmapped.", ""),
)
"""Prefixes of OCSF paths, and what stands in their place."""

KUBERNETES: Aliases = (
    ("verb", "api.operation"),
    ("objectRef.resource", "resources.type"),
    ("objectRef.name", "resources.name"),
    ("objectRef.namespace", "resources.namespace"),
    ("objectRef.apiGroup", "api.group.name"),
    ("apiGroup", "api.group.name"),
    ("requestURI", "http_request.url.path", "http_request.url.url_string"),
    ("userAgent", "http_request.user_agent"),
    ("responseStatus.code", "api.response.code", "http_response.code"),
)
KUBERNETES_OPENED = (("unmapped.", ""),)
WEB_SERVERS = ("waf", "apache", "nginx", "iis", "load balancer", "elb", "alb", "envoy", "web server", "cloudfront")
"""Words in ``metadata.product.name`` of those that stand before a server; any other HTTP activity is a client's."""
HASHED = ("process.file", "module.file", "driver.file", "file")
"""Where ``hashes`` of the file that the event is about lie, nearest first."""
ALGORITHMS = {1: "MD5", 2: "SHA1", 3: "SHA256", 4: "SHA512"}
"""``algorithm_id``. Source: OCSF, fingerprint."""
