"""Which product wrote a record, told by its field names and values; and the names that Sigma rules use for its fields.

Names are compared without case. An entry applies when the record has all names of ``needs`` and, for each of
``where``, one of the values (a ``*`` at the end stands for anything). The first that applies is taken.

Source: the logsources and field names of the SigmaHQ rules, and each product's own reference of its log records, named
above its entries.
"""

from __future__ import annotations

from sekisho.normalize._product import Product
from sekisho.normalize.records_microsoft import MICROSOFT
from sekisho.normalize.records_network import SURICATA, ZEEK
from sekisho.normalize.records_vision_one import VISION_ONE

# Source: AWS, "CloudTrail record contents".
AWS = (
    Product(
        "aws", "", "cloudtrail", ("eventsource", "eventname", "awsregion"),
        whole=(("requestParameters", "requestParameters"), ("responseElements", "responseElements")),
    ),
)  # fmt: skip

_AUDIT_ALIASES = (
    ("properties.message", "properties.activityDisplayName", "activityDisplayName", "OperationName"),
    ("ActivityDisplayName", "properties.activityDisplayName", "OperationName"),
    ("OperationName", "activityDisplayName"),
    ("Status", "properties.result", "result"),
    ("properties.result", "result"),
    ("additionalDetails.additionalInfo", "properties.additionalDetails.additionalInfo", "resultReason"),
    ("failure_status_reason", "properties.resultReason", "resultReason"),
    ("ActivityType", "properties.activityDisplayName", "activityDisplayName", "OperationName"),
    ("ConsentContext.IsAdminConsent", "properties.targetResources.modifiedProperties.ConsentContext.IsAdminConsent",
     "targetResources.modifiedProperties.ConsentContext.IsAdminConsent"),
)  # fmt: skip
_AUDIT_WHOLE = (
    ("TargetResources", "properties.targetResources"),
    ("TargetResources", "targetResources"),
    ("properties.targetResources", "properties.targetResources"),
    ("properties.targetResources", "targetResources"),
)
_SIGN_IN_ALIASES = (
    ("ResultType", "properties.status.errorCode", "status.errorCode"),
    ("ResultDescription", "properties.status.failureReason", "status.failureReason"),
    ("ClientApp", "properties.clientAppUsed", "clientAppUsed"),
    ("Username", "properties.userPrincipalName", "userPrincipalName", "identity"),
    ("properties.message", "properties.authenticationProtocol", "authenticationProtocol"),
)
_SIGN_IN_WHOLE = (
    ("NetworkLocationDetails", "properties.networkLocationDetails"),
    ("NetworkLocationDetails", "networkLocationDetails"),
)
_SIGN_INS = (
    "signinlogs", "noninteractiveusersigninlogs", "serviceprincipalsigninlogs", "managedidentitysigninlogs",
    "adfssigninlogs", "aadnoninteractiveusersigninlogs", "aadserviceprincipalsigninlogs",
    "aadmanagedidentitysigninlogs",
)  # fmt: skip
_RISKS = ("userriskevents", "serviceprincipalriskevents", "aaduserriskevents", "aadserviceprincipalriskevents")
_ACTIVITIES = (
    "administrative", "security", "servicehealth", "alert", "recommendation", "policy", "autoscale", "resourcehealth",
    "action", "write", "delete",
)  # fmt: skip
_ACTIVITY_ALIASES = (
    ("operationName", "OperationNameValue", "operationName.value"),
    ("OperationNameValue", "operationName.value", "operationName"),
    ("CategoryValue", "category.value", "category"),
    ("ResourceProviderValue", "resourceProviderName.value", "resourceProviderName"),
    ("properties.message", "operationName.localizedValue", "properties.message"),
)
# Source: Microsoft, "Azure Monitor activity log event schema", "Interpret the Microsoft Entra audit log schema",
# "… sign-in log schema", Graph resource types directoryAudit, signIn, riskDetection, unifiedRoleManagementAlert, and
# the Azure Monitor Logs tables AzureActivity, AuditLogs, SigninLogs, AADUserRiskEvents.
AZURE = (
    *(
        product
        for name, known in (("category", ("operationname", "resourceid")), ("type", ("tenantid", "timegenerated")))
        for product in (
            Product("azure", "", "auditlogs", (name, *known), ((name, ("auditlogs",)),), _AUDIT_ALIASES,
                    ("properties.",), _AUDIT_WHOLE),
            Product("azure", "", "signinlogs", (name, *known), ((name, _SIGN_INS),), _SIGN_IN_ALIASES,
                    ("properties.",), _SIGN_IN_WHOLE, derive="sign_in"),
            Product("azure", "", "riskdetection", (name, *known), ((name, _RISKS),), opened=("properties.",)),
        )
    ),
    Product("azure", "", "activitylogs", ("type", "operationnamevalue"), (("type", ("azureactivity",)),),
            _ACTIVITY_ALIASES),
    Product("azure", "", "activitylogs", ("category", "operationname", "resourceid"), (("category", _ACTIVITIES),),
            _ACTIVITY_ALIASES),
    Product("azure", "", "activitylogs", ("operationname.value", "resourceid"), (), _ACTIVITY_ALIASES),
    Product("azure", "", "auditlogs", ("activitydisplayname", "loggedbyservice", "category"), (), _AUDIT_ALIASES,
            (), _AUDIT_WHOLE),
    Product("azure", "", "pim", ("alertdefinitionid", "incidentcount"), (),
            (("riskEventType", "alertDefinitionId"),), derive="pim"),
    Product("azure", "", "riskdetection", ("riskeventtype", "detecteddatetime")),
    Product("azure", "", "signinlogs", ("userprincipalname", "appdisplayname", "conditionalaccessstatus"), (),
            _SIGN_IN_ALIASES, (), _SIGN_IN_WHOLE, derive="sign_in"),
)  # fmt: skip

_PAYLOAD = "protoPayload"
_GCP_ALIASES = (
    ("gcp.audit.method_name", "protoPayload.methodName"),
    ("data.protoPayload.authorizationInfo.permission", "protoPayload.authorizationInfo.permission"),
    ("data.protoPayload.authorizationInfo.granted", "protoPayload.authorizationInfo.granted"),
    ("data.protoPayload.serviceName", "protoPayload.serviceName"),
    ("data.protoPayload.methodName", "protoPayload.methodName"),
    ("data.protoPayload.resource.type", "resource.type"),
    ("data.protoPayload.logName", "logName"),
)
_WORKSPACE_ALIASES = (
    ("eventService", "protoPayload.serviceName"),
    ("eventName", "protoPayload.metadata.event.eventName", "events.name"),
    ("protoPayload.metadata.event.eventName", "events.name"),
    ("setting_name", "protoPayload.metadata.event.parameter.SETTING_NAME", "events.parameters.SETTING_NAME"),
    ("new_value", "protoPayload.metadata.event.parameter.NEW_VALUE", "events.parameters.NEW_VALUE"),
)
# Source: Google Cloud, LogEntry and AuditLog; Google Workspace, Reports API, activities.
GOOGLE = (
    Product("gcp", "", "google_workspace.login", ("protopayload.servicename", "logname"),
            (("protopayload.servicename", ("login.googleapis.com",)),), _WORKSPACE_ALIASES),
    Product("gcp", "", "google_workspace.admin", ("protopayload.servicename", "logname"),
            (("protopayload.servicename", ("admin.googleapis.com",)),), _WORKSPACE_ALIASES),
    Product("gcp", "", "gcp.audit", ("protopayload.methodname",), (), _GCP_ALIASES),
    Product("gcp", "", "gcp.audit", ("data.protopayload.methodname",), (),
            (("gcp.audit.method_name", "data.protoPayload.methodName"),)),
    Product("gcp", "", "gcp.audit", ("gcp.audit.method_name",)),
    Product("gcp", "", "google_workspace.{id.applicationName}", ("id.applicationname", "events.name", "actor.email"),
            (("id.applicationname", ("admin", "login")),), _WORKSPACE_ALIASES, derive="workspace"),
)  # fmt: skip

_M365_ALIASES = (
    ("eventSource", "Workload"),
    ("eventName", "Name", "Operation"),
    ("Payload", "Data", "Parameters"),
    ("RequestType", "ExtendedProperties.RequestType"),
)
_M365_WHOLE = (("Parameters", "Parameters"), ("OperationProperties", "OperationProperties"))
# Source: Microsoft, "Office 365 Management Activity API schema".
M365 = (
    Product("m365", "", "audit", ("workload", "operation", "recordtype"),
            (("workload", ("securitycompliancecenter",)),), _M365_ALIASES, (), _M365_WHOLE, "outcome",
            ("threat_management", "threat_detection")),
    Product("m365", "", "audit", ("workload", "operation", "recordtype"), (("workload", ("exchange",)),),
            _M365_ALIASES, (), _M365_WHOLE, "outcome", ("exchange",)),
    Product("m365", "", "audit", ("workload", "operation", "recordtype"), (), _M365_ALIASES, (), _M365_WHOLE,
            "outcome"),
)  # fmt: skip

# Source: Okta, System Log API; OneLogin, Events API; Duo, Admin API authentication logs; GitHub, "Audit log events";
# GitLab, "Audit events"; Atlassian, "View and configure the audit log" of Bitbucket Data Center.
IDENTITY_AND_CODE = (
    Product("okta", "", "okta", ("eventtype", "actor.alternateid", "published")),
    Product("okta", "", "okta", ("eventtype", "legacyeventtype")),
    Product("okta", "", "okta", ("okta.event_type",), (), (("eventType", "okta.event_type"),), ("okta.",)),
    Product("onelogin", "", "onelogin.events", ("event_type_id", "account_id")),
    Product("cisco", "", "duo", ("event_type", "reason", "txid")),
    Product("cisco", "", "duo", ("event_type", "access_device.ip", "reason")),
    Product("github", "", "audit", ("action", "actor", "_document_id")),
    Product("github", "", "audit", ("action", "actor", "created_at", "org")),
    Product("github", "", "audit", ("action", "actor", "created_at", "business")),
    Product("gitlab", "", "audit", ("author_id", "entity_type", "entity_id")),
    Product("bitbucket", "", "audit", ("audittype.action", "audittype.category")),
)

# Source: Kubernetes, audit.k8s.io/v1 Event.
KUBERNETES = (
    Product("kubernetes", "application", "audit", ("auditid", "verb", "stage"), (), (
        ("apiGroup", "objectRef.apiGroup"),
        ("hostPath", "requestObject.spec.volumes.hostPath.path",
         "requestObject.spec.template.spec.volumes.hostPath.path"),
        ("capabilities", "requestObject.spec.containers.securityContext.capabilities.add",
         "requestObject.spec.template.spec.containers.securityContext.capabilities.add"),
    )),
)  # fmt: skip

# Source: Laurel, log format; Elastic, Auditbeat exported fields; systemd.journal-fields(7); Apple, eslogger(1).
_AUDIT_RECORD = (
    ("exe", "SYSCALL.exe"), ("comm", "SYSCALL.comm"), ("key", "SYSCALL.key"), ("euid", "SYSCALL.euid"),
    ("name", "PATH.name"), ("nametype", "PATH.nametype"), ("cwd", "CWD.cwd"), ("unit", "SERVICE_START.unit"),
    ("Image", "SYSCALL.exe"), ("User", "SYSCALL.UID"), ("ParentImage", "PARENT_INFO.exe", "SYSCALL.PPID.EXE"),
    ("CurrentDirectory", "CWD.cwd"), ("ProcessId", "SYSCALL.pid"), ("ParentProcessId", "SYSCALL.ppid"),
)  # fmt: skip
_JOURNAL = {
    "sshd": "sshd", "sshd-session": "sshd", "sudo": "sudo", "cron": "cron", "crond": "cron", "clamd": "clamav",
    "freshclam": "clamav", "vsftpd": "vsftpd", "guacd": "guacamole", "pkexec": "auth", "su": "auth", "login": "auth",
}  # fmt: skip
LINUX = (
    Product("linux", "process_creation", "auditd", ("execve.argv",), (), _AUDIT_RECORD, derive="auditd"),
    Product("linux", "process_creation", "auditd", ("execve.a0",), (), _AUDIT_RECORD, derive="auditd"),
    Product("linux", "", "auditd", ("syscall.syscall", "id"), (), _AUDIT_RECORD, derive="auditd"),
    Product("linux", "", "auditd", ("service_start.unit", "id"), (), _AUDIT_RECORD, derive="auditd"),
    Product("linux", "process_creation", "auditd", ("type", "a0", "argc"), (("type", ("execve",)),),
            derive="audit_line"),
    Product("linux", "", "auditd", ("type", "exe", "auid")),
    Product("linux", "", "auditd", ("type", "nametype")),
    *(
        Product("linux", "", service, ("syslog_identifier", "message"), (("syslog_identifier", (name,)),))
        for name, service in _JOURNAL.items()
    ),
    Product("linux", "", "syslog", ("syslog_identifier", "message", "_hostname")),
    Product("linux", "", "syslog", ("__realtime_timestamp", "message")),
    Product("macos", "process_creation", "", ("event.exec.target.executable.path",), (), (
        ("Image", "event.exec.target.executable.path"),
        ("ParentImage", "process.executable.path"),
        ("ProcessId", "event.exec.target.audit_token.pid"),
        ("ParentProcessId", "process.audit_token.pid"),
        ("CurrentDirectory", "event.exec.cwd.path"),
    ), derive="exec_args"),
)  # fmt: skip

_SYSMON_LINUX = {
    1: "process_creation", 3: "network_connection", 5: "process_termination", 9: "raw_access_thread",
    11: "file_event", 23: "file_delete",
}  # fmt: skip
# Source: Microsoft, Sysmon for Linux; the ids are those of Sysmon.
SYSMON_LINUX = tuple(
    Product("linux", category, "sysmon", (name, "event.system.channel"),
            ((name, (str(number),)), ("event.system.channel", ("linux-sysmon/*",))),
            (("EventID", name), ("Computer", "event.system.computer")), ("event.eventdata.",))
    for number, category in _SYSMON_LINUX.items()
    for name in ("event.system.eventid", "event.system.eventid.#text")
)  # fmt: skip

_ECS_ALIASES = (
    ("Image", "process.executable"), ("CommandLine", "process.command_line"),
    ("CurrentDirectory", "process.working_directory"), ("ProcessId", "process.pid"),
    ("ProcessGuid", "process.entity_id"), ("ParentImage", "process.parent.executable"),
    ("ParentCommandLine", "process.parent.command_line"), ("ParentProcessId", "process.parent.pid"),
    ("OriginalFileName", "process.pe.original_file_name"), ("User", "user.name"), ("TargetFilename", "file.path"),
    ("SourceIp", "source.ip"), ("SourcePort", "source.port"), ("DestinationIp", "destination.ip"),
    ("DestinationPort", "destination.port"), ("DestinationHostname", "destination.domain"),
    ("Protocol", "network.transport"), ("QueryName", "dns.question.name"), ("TargetObject", "registry.path"),
    ("ImageLoaded", "dll.path"), ("logonid", "process.Ext.session"),
)  # fmt: skip
_ECS_CATEGORIES = (
    ("process", ("start", "process_started", "creation"), "process_creation", "process.executable"),
    ("process", ("end", "process_stopped"), "process_termination", "process.executable"),
    ("file", ("creation", "change"), "file_event", "file.path"),
    ("file", ("deletion",), "file_delete", "file.path"),
    ("network", ("start", "connection", "protocol", "allowed"), "network_connection", "destination.ip"),
    ("registry", ("change", "creation"), "registry_set", "registry.path"),
    ("library", ("start",), "image_load", "dll.path"),
)
_SYSTEMS = (
    ("linux", ("linux", "ubuntu", "debian", "centos", "rhel", "amzn", "sles", "fedora")),
    ("macos", ("macos", "darwin")),
    ("windows", ("windows",)),
)
# Source: Elastic Common Schema, event.category, event.type and host.os.*; Elastic, Auditbeat, event.dataset.
ECS = (
    *(
        Product(product, category, "", ("event.category", "event.type", needed, system),
                (("event.category", (kind,)), ("event.type", types), (system, names)), _ECS_ALIASES,
                derive="initiated")
        for system in ("host.os.type", "host.os.family", "host.os.platform")
        for product, names in _SYSTEMS
        for kind, types, category, needed in _ECS_CATEGORIES
    ),
    Product("linux", "process_creation", "auditd", ("auditd.data.a0", "process.executable"), (),
            (*_ECS_ALIASES, ("type", "auditd.message_type"), ("exe", "process.executable"), ("comm", "process.name")),
            ("auditd.data.",)),
    Product("linux", "", "auditd", ("auditd.message_type",), (),
            (("type", "auditd.message_type"), ("exe", "process.executable"), ("comm", "process.name"),
             ("name", "file.path"), ("SYSCALL", "auditd.data.syscall")), ("auditd.data.",)),
)  # fmt: skip

_W3C_ALIASES = (
    ("cs-user-agent", "cs(User-Agent)", "cs-useragent", "c-useragent"), ("cs-referer", "cs(Referer)", "cs-referrer"),
    ("cs-cookie", "cs(Cookie)"), ("cs-host", "cs(Host)"), ("c-useragent", "cs(User-Agent)", "cs-user-agent"),
)  # fmt: skip
_WEB = (
    ("c-ip", "remote_addr", "client_ip", "clientip", "remote_ip", "request.remote_ip", "ClientHost", "source.ip",
     "request.client_ip", "remoteAddr", "client.ip"),
    ("cs-method", "request_method", "verb", "method", "request.method", "RequestMethod", "http.request.method"),
    ("cs-host", "http_host", "host_header", "request.host", "RequestHost", "url.domain", "server_name"),
    ("sc-status", "status", "response", "response_code", "DownstreamStatus", "http.response.status_code"),
    ("sc-bytes", "body_bytes_sent", "bytes_sent", "bytes", "http.response.body.bytes"),
    ("cs-user-agent", "http_user_agent", "user_agent", "agent", "request.headers.User-Agent", "userAgent",
     "request_User-Agent", "user_agent.original"),
    ("cs-referer", "http_referer", "referer", "referrer", "request.headers.Referer", "http.request.referrer"),
    ("cs-username", "remote_user", "auth", "user.name"),
    ("cs-cookie", "http_cookie", "request.headers.Cookie"),
    ("cs-content-type", "content_type", "request.headers.Content-Type"),
)  # fmt: skip
# Source: W3C Extended Log File Format; nginx, ngx_http_log_module and its embedded variables; Logstash,
# COMBINEDAPACHELOG; Caddy, access logs; Traefik, access logs; ECS, http and url.
WEB = (
    Product("", "proxy", "", ("cs-method", "c-uri"), (), _W3C_ALIASES),
    Product("", "proxy", "", ("cs-method", "cs-uri", "cs-host"), (), (*_W3C_ALIASES, ("c-uri", "cs-uri"))),
    Product("", "webserver", "", ("cs-method", "cs-uri-stem"), (), _W3C_ALIASES, derive="w3c"),
    Product("", "webserver", "nginx", ("event.dataset", "url.original"),
            (("event.dataset", ("nginx.access", "nginx.error")),), _WEB, derive="request"),
    Product("", "webserver", "apache", ("event.dataset", "url.original"),
            (("event.dataset", ("apache.access", "apache.error")),), _WEB, derive="request"),
    Product("", "webserver", "", ("http.request.method", "url.original"), (), _WEB, derive="request"),
    Product("", "webserver", "", ("http.request.method", "url.path"), (), _WEB, derive="request"),
    Product("", "webserver", "nginx", ("remote_addr", "request", "status"), (), _WEB, derive="request"),
    Product("", "webserver", "nginx", ("remote_addr", "request_uri", "status"), (), _WEB, derive="request"),
    Product("", "webserver", "apache", ("clientip", "verb", "request", "response"), (), _WEB, derive="request"),
    Product("", "webserver", "", ("request.method", "request.uri", "status"), (), _WEB, derive="request"),
    Product("", "webserver", "", ("requestmethod", "requestpath", "downstreamstatus"), (), _WEB, derive="request"),
)  # fmt: skip

# Apache's, nginx's and Squid's text logs, as ``sources/access_log.py`` and ``sources/squid.py`` name their values.
ACCESS_LOGS = (
    Product("", "proxy", "", ("time_local", "request_uri", "squid_result"), (), (
        ("c-ip", "remote_host"), ("cs-method", "request_method"), ("sc-status", "status"), ("sc-bytes", "bytes_sent"),
        ("c-useragent", "http_user_agent"), ("cs-referrer", "http_referer"), ("cs-username", "remote_user"),
        ("c-uri", "request_uri"),
    ), derive="proxy"),
    Product("", "proxy", "", ("client", "squid_result", "request_method", "url"), (), (
        ("c-ip", "client"), ("src_ip", "client"), ("cs-method", "request_method"), ("sc-bytes", "bytes_sent"),
        ("cs-username", "user"), ("c-uri", "url"), ("cs-content-type", "content_type"),
    ), derive="proxy"),
    *(
        Product("", "webserver", "", ("time_local", one), (), (
            ("c-ip", "remote_host"), ("cs-method", "request_method"), ("cs-host", "server_name"),
            ("sc-status", "status"), ("sc-bytes", "bytes_sent"), ("cs-user-agent", "http_user_agent"),
            ("cs-referer", "http_referer"), ("cs-username", "remote_user"), ("cs-version", "server_protocol"),
        ), derive="access")
        for one in ("request_uri", "request_line", "request_rest", "remote_host")
    ),
)  # fmt: skip

_ORDER_ALIASES = (
    ("order.id", "order_no", "order_number", "order_id", "注文番号", "受注番号", "注文ID", "受注ID"),
    ("order.mail", "order_email", "customer_email", "billing_email", "Email", "メールアドレス", "注文者メールアドレス"),
    ("c-ip", "customer_ip_address", "customer_ip", "browser_ip", "ip_address"),
    ("cs-user-agent", "customer_user_agent", "user_agent"),
)
JAPAN_H = 9
"""Source: EC-CUBE, ``ECCUBE_TIMEZONE`` (Asia/Tokyo by default); Japanese malls write the time of Japan."""
# The shops' own tables of orders. Source: as of ``sources/orders.py``.
SHOPS = (
    *(
        Product("shop", "order", service, needs, (), _ORDER_ALIASES, ahead_h=JAPAN_H if service == "eccube" else 0)
        for service, needs in (
            ("woocommerce", ("billing_first_name",)),
            ("woocommerce", ("billing_address_1",)),
            ("eccube", ("order_name01",)),
            ("eccube", ("order_addr01",)),
            ("eccube", ("order_no", "addr01")),
            ("eccube", ("order_no", "name01")),
            ("eccube", ("お名前(姓)",)),
            ("eccube", ("注文番号", "住所1")),
            ("", ("order_id", "company_name")),
        )
    ),
    *(
        Product("shop", "order", "shopify", ("name", one), (),
                (("order.id", "Name"), ("order.mail", "Email"), ("c-ip", "browser_ip")))
        for one in ("lineitem name", "financial status", "billing address1")
    ),
    *(
        Product("shop", "order", "", (one,), (), _ORDER_ALIASES, ahead_h=0 if one.isascii() else JAPAN_H)
        for one in ("注文番号", "受注番号", "注文id", "受注id", "order number", "order id", "伝票番号")
    ),
)  # fmt: skip

# What browsers report, as ``sources/csp_report.py`` names it.
BROWSERS = (
    Product("browser", "csp_violation", "", ("document-uri", "blocked-uri"), (),
            (("cs-user-agent", "user_agent"), ("c-ip", "remote_addr", "client_ip", "ip")), derive="csp"),
)  # fmt: skip

# Columns without a value are left out of a row, so the kind of log tells first; exports by other programs have no such
# header. Source: Microsoft Learn, "Message tracking"; the column lines of Exchange's HttpProxy and ECP logs, and
# Test-ProxyLogon.ps1 of CSS-Exchange, which reads the same columns.
_TRACKING_EXPORT = (
    ("date-time", "Timestamp"), ("client-ip", "ClientIp"), ("client-hostname", "ClientHostname"),
    ("server-ip", "ServerIp"), ("server-hostname", "ServerHostname"), ("source-context", "SourceContext"),
    ("connector-id", "ConnectorId"), ("event-id", "EventId"), ("message-id", "MessageId"),
    ("network-message-id", "NetworkMessageId"), ("recipient-address", "Recipients"),
    ("recipient-count", "RecipientCount"), ("message-subject", "MessageSubject"), ("sender-address", "Sender"),
    ("return-path", "ReturnPath"), ("original-client-ip", "OriginalClientIp"),
)  # fmt: skip
"""Source: Microsoft Learn, "Get-MessageTrackingLog": what Export-Csv and ConvertTo-Json make of its objects."""
EXCHANGE = (
    Product("exchange", "", "message_tracking", ("_log_type",), (("_log_type", ("message tracking*",)),),
            derive="tracking"),
    Product("exchange", "", "httpproxy", ("_log_type",), (("_log_type", ("httpproxy*",)),), derive="proxied"),
    Product("exchange", "", "ecp", ("_log_type",), (("_log_type", ("ecp*",)),)),
    Product("exchange", "", "ews", ("_log_type",), (("_log_type", ("ews*",)),)),
    Product("exchange", "", "oabgenerator", ("_log_type",), (("_log_type", ("oab*",)),)),
    # Source: Microsoft Learn, "Protocol logging for POP3 and IMAP4", and the column line of these logs since 2013.
    Product("imap", "authentication", "exchange", ("sessionid", "cip", "command", "rqsize"),
            (("command", ("login", "authenticate", "pass")),), derive="imap4"),
    Product("exchange", "", "imap4", ("sessionid", "cip", "command", "rqsize")),
    Product("exchange", "", "{_log_type}", ("_log_type",)),
    Product("exchange", "", "message_tracking", ("event-id", "message-subject", "sender-address", "recipient-address"),
            derive="tracking"),
    Product("exchange", "", "message_tracking", ("eventid", "source", "messageid", "serverhostname", "sender"), (),
            _TRACKING_EXPORT, derive="tracking"),
    Product("exchange", "", "httpproxy", ("anchormailbox", "urlstem", "httpstatus"), derive="proxied"),
    Product("exchange", "", "httpproxy", ("urlhost", "urlstem", "httpstatus"), derive="proxied"),
)  # fmt: skip

# Source: OpenCanary, "Logtypes"; RPC Firewall, event log; Fortinet, FortiOS log message reference; PostgreSQL,
# "Using JSON-Format Log Output"; MongoDB, "Log Messages"; logstash-logback-encoder; python-json-logger.
OTHERS = (
    Product("opencanary", "application", "", ("logtype", "node_id", "src_host")),
    Product("rpc_firewall", "application", "", ("eventlog", "eventid", "interfaceuuid")),
    Product("fortigate", "", "event", ("logid", "devid", "type"), (("type", ("event",)),)),
    Product("", "firewall", "", ("logid", "devid", "type"), (("type", ("traffic",)),),
            (("src_ip", "srcip"), ("dst_ip", "dstip"), ("src_port", "srcport"), ("dst_port", "dstport"))),
    Product("", "antivirus", "", ("signature", "filename", "action")),
    Product("", "database", "", ("backend_type", "error_severity", "message")),
    Product("", "database", "", ("t.$date", "ctx", "msg")),
    Product("jvm", "application", "", ("logger_name", "thread_name", "message")),
    Product("python", "application", "", ("exc_info", "levelname", "message")),
)  # fmt: skip

PRODUCTS = (
    *AWS, *AZURE, *GOOGLE, *MICROSOFT, *M365, *VISION_ONE, *IDENTITY_AND_CODE, *KUBERNETES, *SYSMON_LINUX, *LINUX, *ECS,
    *ZEEK, *SURICATA, *WEB, *ACCESS_LOGS, *SHOPS, *BROWSERS, *EXCHANGE, *OTHERS,
)  # fmt: skip
