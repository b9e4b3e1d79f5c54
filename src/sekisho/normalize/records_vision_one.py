"""What Trend Vision One exports of its activity data and detections, as events that rules know.

In endpoint activity "process" is who acts and "object" what it acts on; when a process is created, the new one is the
object. ``pipelines/tm-v1.yml`` says the same for rules. Ids come as numbers, as names, or as both.

Source: trendmicro/tm-v1-schema 1.205, field names and samples (Apache-2.0).
"""

from __future__ import annotations

from sekisho.normalize._product import Aliases, Product

_CREATED: Aliases = (
    ("Image", "objectFilePath", "objectName"), ("CommandLine", "objectCmd"), ("ProcessId", "objectPid"),
    ("ProcessGuid", "objectHashId"), ("ParentImage", "processFilePath", "processName"),
    ("ParentCommandLine", "processCmd"), ("ParentProcessId", "processPid"), ("ParentProcessGuid", "processHashId"),
    ("User", "objectUser", "logonUser"), ("ParentUser", "processUser"), ("Computer", "endpointHostName"),
    ("IntegrityLevel", "objectIntegrityLevel"), ("OriginalFileName", "objectFileOriginalName"),
    ("LogonId", "objectAuthId"), ("TerminalSessionId", "objectSessionId"),
)  # fmt: skip
_ACTOR: Aliases = (
    ("Image", "processFilePath", "processName"), ("CommandLine", "processCmd"), ("ProcessId", "processPid"),
    ("ProcessGuid", "processHashId"), ("ParentImage", "parentFilePath", "parentName"),
    ("ParentCommandLine", "parentCmd"), ("ParentProcessId", "parentPid"), ("ParentProcessGuid", "parentHashId"),
    ("User", "processUser", "logonUser"), ("Computer", "endpointHostName"),
)  # fmt: skip
_ON_PROCESS: Aliases = (
    ("SourceImage", "processFilePath", "processName"), ("SourceProcessId", "processPid"),
    ("SourceUser", "processUser"), ("TargetImage", "objectFilePath", "objectName"), ("TargetProcessId", "objectPid"),
    ("TargetUser", "objectUser"), ("Computer", "endpointHostName"),
)  # fmt: skip
_FILE: Aliases = (
    ("TargetFilename", "objectFilePath", "objectName"), ("SourceFilename", "srcFilePath"), *_ACTOR,
)  # fmt: skip
_CONNECTION: Aliases = (
    ("DestinationIp", "dst", "objectIp"), ("DestinationPort", "dpt", "objectPort"), ("SourceIp", "src"),
    ("SourcePort", "spt"), ("DestinationHostname", "hostName", "objectHostName"), ("Protocol", "proto"), *_ACTOR,
)  # fmt: skip
_DNS: Aliases = (("QueryName", "hostName", "objectHostName"), ("QueryResults", "objectIps", "objectIp"), *_ACTOR)
_REGISTRY: Aliases = (("Details", "objectRegistryData"), *_ACTOR)
_LOADED: Aliases = (
    ("ImageLoaded", "objectFilePath", "objectName"), ("Signature", "objectSigner"),
    ("OriginalFileName", "objectFileOriginalName"), *_ACTOR,
)  # fmt: skip
_SCRIPT: Aliases = (
    ("ScriptBlockText", "objectRawDataStr"), ("Path", "objectContentName"), *_ACTOR,
)  # fmt: skip
_WINDOWS_EVENT: Aliases = (
    ("EventID", "winEventId"), ("Channel", "channel"), ("Provider_Name", "providerName"),
    ("Computer", "endpointHostName"), ("LogonType", "eventDataLogonType"), ("IpAddress", "eventDataIpAddress"),
    ("TargetUserName", "eventDataTargetUserName"), ("SubjectUserName", "eventDataSubjectUserName"),
    ("ServiceName", "eventDataServiceName"), ("ImagePath", "eventDataServiceFileName"),
    ("TaskName", "eventDataTaskName"), ("ScriptBlockText", "eventDataScriptBlockText"),
)  # fmt: skip


def _ids(number: int, name: str) -> tuple[str, ...]:
    """Give the ways an id is written: ``2``, ``TELEMETRY_PROCESS_CREATE``, ``2 - TELEMETRY_PROCESS_CREATE``."""
    return str(number), name, f"{number} - *"


_ENDPOINT = (
    ("process_creation", _CREATED, _ids(2, "telemetry_process_create")),
    ("process_access", _ON_PROCESS,
     (*_ids(1, "telemetry_process_open"), *_ids(704, "telemetry_modified_process_read_process"))),
    ("create_remote_thread", _ON_PROCESS, _ids(701, "telemetry_modified_process_create_remotethread")),
    ("image_load", _LOADED, _ids(4, "telemetry_process_load_image")),
    ("driver_load", _LOADED, _ids(8, "telemetry_process_load_kernel_image")),
    ("file_event", _FILE,
     (*_ids(101, "telemetry_file_create"), *_ids(105, "telemetry_file_copy"), *_ids(106, "telemetry_file_move"),
      *_ids(109, "telemetry_file_modify"))),
    ("file_delete", _FILE, _ids(103, "telemetry_file_delete")),
    ("file_change", _FILE, _ids(108, "telemetry_file_modify_timestamp")),
    ("network_connection", _CONNECTION,
     (*_ids(201, "telemetry_connection_connect"), *_ids(203, "telemetry_connection_connect_inbound"),
      *_ids(204, "telemetry_connection_connect_outbound"), *_ids(601, "telemetry_internet_open"),
      *_ids(602, "telemetry_internet_connect"), *_ids(603, "telemetry_internet_download"))),
    ("dns_query", _DNS, _ids(301, "telemetry_dns_query")),
    ("registry_add", _REGISTRY, _ids(401, "telemetry_registry_create")),
    ("registry_set", _REGISTRY, _ids(402, "telemetry_registry_set")),
    ("registry_delete", _REGISTRY, _ids(403, "telemetry_registry_delete")),
    ("ps_script", _SCRIPT, _ids(901, "telemetry_amsi_execute")),
)  # fmt: skip
_WEB: Aliases = (
    ("c-uri", "request"), ("cs-method", "requestMethod"), ("c-useragent", "userAgent", "requestClientApplication"),
    ("sc-status", "respCode", "status"), ("cs-referrer", "httpReferer"), ("cs-host", "hostName"),
    ("src_ip", "clientIp", "src"), ("src_port", "clientPort", "spt"), ("dst_ip", "serverIp", "dst"),
    ("dst_port", "serverPort", "dpt"), ("sc-content-type", "mimeType", "respFileType"),
)  # fmt: skip
_FLOW: Aliases = (
    ("src_ip", "clientIp", "src"), ("src_port", "clientPort", "spt"), ("dst_ip", "serverIp", "dst"),
    ("dst_port", "serverPort", "dpt"), ("query", "hostName"), ("answer", "objectIps"), ("record_type", "dnsQueryType"),
    ("tls.subject", "sslCertCommonName"), ("tls.issuer", "sslCertIssuer"), ("tls.ja3", "ja3Hash", "tlsJA3Fingerprint"),
    ("tls.ja3s", "ja3sHash", "tlsJA3SFingerprint"), ("tls.fingerprint", "sslCertFingerprint"),
    ("tls.server_name", "hostName"), ("tls.version", "serverTls"),
)  # fmt: skip
_MAIL: Aliases = (
    ("message_id", "mailMsgId", "msgId"), ("sender", "mailFromAddresses", "suser"), ("subject", "mailMsgSubject"),
    ("envelope_sender", "mailSmtpFromAddresses", "mailReturnPath"), ("recipients", "mailToAddresses", "duser"),
    ("src_ip", "mailSenderIp"), ("client_name", "mailHelo"), ("direction", "mailDirection"),
    ("name", "attachmentFileName"), ("sha256", "attachmentSha256", "attachmentFileHashSha256s"),
    ("sha1", "attachmentSha1"), ("urls", "mailUrlsRealLink"), ("reply_to", "mailReplyToAddresses"),
)  # fmt: skip
_DETECTION: Aliases = (
    ("signature", "malName", "ruleName"), ("Signature", "malName", "ruleName"), ("filename", "fileName"),
    ("Filename", "fullPath", "filePathName", "fileName"), ("sha256", "fileHashSha256"), ("action", "act", "actResult"),
    ("src_ip", "src"), ("dst_ip", "dst"), ("Computer", "endpointHostName", "dvchost"),
)  # fmt: skip
_ENDS = ("src_ip", "dst_ip")
VISION_ONE = (
    Product("windows", "proxy", "", ("eventtime", "eventsubid", "processfilepath", "request", "endpointhostname"),
            (("eventsubid", (*_ids(601, "telemetry_internet_open"), *_ids(602, "telemetry_internet_connect"),
                             *_ids(603, "telemetry_internet_download"))),), (*_WEB, *_ACTOR), derive="vision_one"),
    *(
        Product("windows", category, "", ("eventtime", "eventsubid", "endpointhostname"), (("eventsubid", ids),),
                aliases, derive="vision_one")
        for category, aliases, ids in _ENDPOINT
    ),
    Product("windows", "", "security", ("eventtime", "wineventid", "endpointhostname"),
            (("channel", ("security",)),), _WINDOWS_EVENT),
    Product("windows", "", "", ("eventtime", "wineventid", "endpointhostname"), (), _WINDOWS_EVENT),
    Product("email", "mailflow", "vision_one", ("eventtime", "mailmsgsubject", "mailfromaddresses"), (), _MAIL),
    Product("trend", "antivirus", "vision_one", ("eventtime", "productcode", "malname"), (), _DETECTION, ends=_ENDS),
    Product("trend", "detection", "vision_one", ("eventtime", "productcode", "rulename"), (), _DETECTION, ends=_ENDS),
    Product("trend", "proxy", "vision_one", ("eventtime", "requestmethod", "request"), (), (*_FLOW, *_WEB), ends=_ENDS),
    Product("trend", "dns", "vision_one", ("eventtime", "dnsquerytype", "hostname"), (), _FLOW, ends=_ENDS),
    Product("trend", "tls", "vision_one", ("eventtime", "ja3hash"), (), _FLOW, derive="tls", ends=_ENDS),
    Product("trend", "tls", "vision_one", ("eventtime", "sslcertcommonname"), (), _FLOW, derive="tls", ends=_ENDS),
    Product("trend", "firewall", "vision_one", ("eventtime", "serverip", "clientip"), (), _FLOW, ends=_ENDS),
    Product("trend", "firewall", "vision_one", ("eventtime", "dst", "src", "dpt"), (), _FLOW, ends=_ENDS),
)  # fmt: skip
