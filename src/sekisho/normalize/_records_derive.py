"""What a record of a known product says only between the lines: command lines from arguments, a URI from a request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sekisho.model.host import is_address
from sekisho.normalize import exchange
from sekisho.normalize._flatten import Fields
from sekisho.normalize.mailservers._common import account, client_of
from sekisho.normalize.web_requests import decoded

MAX_ARGUMENTS = 4_096
_REQUEST_FIELDS = (
    "cs-uri", "request_uri", "request.uri", "RequestPath", "url.original", "uri", "path", "request", "url.path",
)  # fmt: skip
_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}):[/\\]{2}([^/\\?#]{0,300})")
_AUTHORITY = re.compile(r"[^\s/?#]{1,300}:\d{1,5}$")
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,10})$")
_PARTS_OF_REQUEST = 3
# Source: Microsoft, riskDetection and sign-in protocols: the words of the portal, which rules quote.
_PROTOCOLS = {"ropc": "ROPC", "devicecode": "Device Code"}
_FAILURES = ("fail", "false", "error", "denied")
# Source: Microsoft, unifiedRoleManagementAlertDefinition: ids are "<scope>_<tenant>_<alert name>".
_ALERT_SEPARATOR = "_"
_LOG_TYPE, _STARS = "_log_type", "*****"
# The tag is the client's own text: a word without blanks.
_REFUSED = re.compile(r'R="(?:[^\s"]{1,255} (?:NO|BAD) |-ERR)')


def request(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give ``cs-uri-stem`` and ``cs-uri-query`` of a web request, and ``cs-method`` where it is in the request line."""
    for name in _REQUEST_FIELDS:
        line = fields.get(name)
        if type(line) is not str or not line:
            continue
        words = line.split(" ")
        if len(words) == _PARTS_OF_REQUEST and words[2].startswith("HTTP/"):
            fields.setdefault("cs-method", words[0])
            line = words[1]
        if "://" in line:
            try:
                parts = urlsplit(line)
            except ValueError:
                continue
            fields.setdefault("cs-host", parts.netloc)
            line = parts.path + (f"?{parts.query}" if parts.query else "")
        stem, mark, query = line.partition("?")
        fields.setdefault("cs-uri", line)
        fields.setdefault("cs-uri-stem", stem)
        other = fields.get("url.query") or fields.get("query_string") or fields.get("args")
        query = query if mark else other if type(other) is str else ""
        if query:
            fields.setdefault("cs-uri-query", query)
        decoded(fields)
        return


def w3c(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give a row of a W3C web log its request with the encoding undone."""
    decoded(fields)


def access(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give ``cs-uri``, ``cs-uri-stem`` and ``cs-uri-query`` of a request line as written, and with encoding undone."""
    uri = fields.get("request_uri", fields.get("request_line", fields.get("request_rest")))
    if type(uri) is not str:
        return
    if found := _ABSOLUTE.match(uri):
        fields.setdefault("cs-host", found[2])
        uri = uri[found.end() :] or "/"
    stem, mark, query = uri.partition("?")
    fields.setdefault("cs-uri", uri)
    fields.setdefault("cs-uri-stem", stem)
    if mark:
        fields.setdefault("cs-uri-query", query)
    decoded(fields)


def proxy(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give the parts of the URL that a client asked a proxy for, and the status that Squid joins with its own word."""
    uri = fields.get("c-uri")
    if type(uri) is str:
        found = _ABSOLUTE.match(uri)
        host = found[2] if found else uri if _AUTHORITY.match(uri) else ""
        host = host.rpartition("@")[2]
        if host:
            fields.setdefault("cs-host", host)
            fields.setdefault("r-dns", host.rpartition(":")[0] if _AUTHORITY.match(host) else host)
        stem, mark, query = (uri[found.end() :] if found else uri).partition("?")
        fields.setdefault("c-uri-stem", stem)
        if mark:
            fields.setdefault("c-uri-query", query)
        if extension := _EXTENSION.search(stem):
            fields.setdefault("c-uri-extension", extension[1].lower())
    result = fields.get("squid_result")
    if type(result) is str and (status := result.rpartition("/")[2]).isdigit():
        fields.setdefault("sc-status", status)


def csp(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give ``document-host`` and ``blocked-host``; a blocked thing without an address is named by its kind alone."""
    for name in ("document", "blocked"):
        uri = fields.get(f"{name}-uri")
        if type(uri) is str and (found := _ABSOLUTE.match(uri)):
            host = found[2].rpartition("@")[2]
            fields.setdefault(f"{name}-host", (host.rpartition(":")[0] if _AUTHORITY.match(host) else host).lower())


def auditd(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give a Laurel record the names of the audit lines that it was made of."""
    kinds = [name for name in raw if isinstance(name, str) and name.isupper() and name != "ID"]
    if kinds:
        fields.setdefault("type", kinds)
    call = fields.get("SYSCALL.SYSCALL") or fields.get("SYSCALL.syscall")
    if call is not None:
        fields.setdefault("SYSCALL", call)
    arguments = fields.get("EXECVE.ARGV")
    if arguments is None:
        arguments = [fields[name] for n in range(MAX_ARGUMENTS) if (name := f"EXECVE.a{n}") in fields]
    if type(arguments) is list and arguments:
        for number, value in enumerate(arguments[:MAX_ARGUMENTS]):
            fields.setdefault(f"a{number}", value)
        fields.setdefault("CommandLine", " ".join(map(str, arguments)))
        return
    for number in range(4):
        value = fields.get(f"SYSCALL.a{number}")
        if value is not None:
            fields.setdefault(f"a{number}", value)


def audit_line(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give the command line of one EXECVE line."""
    words: list[str] = []
    while len(words) < MAX_ARGUMENTS and f"a{len(words)}" in fields:
        words.append(str(fields[f"a{len(words)}"]))
    fields.setdefault("CommandLine", " ".join(words))


def exec_args(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give the command line of a macOS exec event."""
    words = fields.get("event.exec.args")
    if type(words) is list:
        fields.setdefault("CommandLine", " ".join(map(str, words)))


def initiated(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give Sysmon's ``Initiated`` of an ECS connection, and a command line where only its arguments are there."""
    direction = fields.get("network.direction")
    if type(direction) is str:
        fields.setdefault("Initiated", "true" if direction in ("egress", "outbound") else "false")
    words = fields.get("process.args")
    if "CommandLine" not in fields and type(words) is list:
        fields["CommandLine"] = " ".join(map(str, words))


def sign_in(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give the words that rules compare a sign-in's status and protocol with."""
    code = fields.get("ResultType", fields.get("resultType"))
    if code is not None:
        fields.setdefault("Status", "Success" if str(code) == "0" else "Failure")
    protocol = fields.get("properties.message")
    if type(protocol) is str and protocol.lower() in _PROTOCOLS:
        fields["properties.message"] = _PROTOCOLS[protocol.lower()]
    fields.setdefault("ActivityDetails", "Sign-ins")


def pim(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give the name of a PIM alert without its scope and tenant."""
    kind = fields.get("riskEventType")
    if type(kind) is str:
        name = kind.rpartition(_ALERT_SEPARATOR)[2]
        fields["riskEventType"] = name[:1].lower() + name[1:]


def workspace(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give the service of a Google Workspace activity as Cloud Logging names it."""
    service = f"{fields.get('id.applicationName')}.googleapis.com"
    for name in ("eventService", "protoPayload.serviceName"):
        fields.setdefault(name, service)


def outcome(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give ``status`` of a Microsoft 365 record: success unless its ResultStatus says otherwise."""
    result = str(fields.get("ResultStatus", "")).lower()
    fields.setdefault("status", "failure" if result.startswith(_FAILURES) else "success")


def imap4(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give a login in Exchange's IMAP4 or POP3 log the names that logins in other servers' logs have.

    The client's own text is its parameters: the name, then stars for the password. The answer is ``R=OK``, or in quotes
    what was sent.
    """
    client = client_of(str(fields.get("cIp", "")).rpartition(":")[0])
    if client.ip:
        fields["src_ip"], fields["src_net"] = client.ip, client.net
    command, given = str(fields.get("command", "")).lower(), str(fields.get("parameters", ""))
    fields["protocol"] = "pop3" if str(fields.get(_LOG_TYPE, "")).upper().startswith("POP") else "imap"
    fields["method"] = given.partition(" ")[0].upper() if command == "authenticate" else "LOGIN"
    if "user" not in fields and command == "login" and (name := given.removesuffix(_STARS).strip()):
        fields["user"] = name
    if bare := account(str(fields.get("user", ""))):
        fields["account"] = bare
    answer = str(fields.get("context", ""))
    if answer.startswith(("R=OK", "R=ok")):
        fields["result"] = "success"
    elif _REFUSED.match(answer):
        fields["result"], fields["reason"] = "failure", answer
    else:
        fields["result"] = "info"  # the client is asked for more


# Source: Microsoft Learn, DeviceLogonEvents, LogonType; Windows security event 4624, "Logon Type".
_LOGON_TYPES = {
    "interactive": 2, "network": 3, "batch": 4, "service": 5, "unlock": 7, "networkcleartext": 8,
    "newcredentials": 9, "remoteinteractive": 10, "cachedinteractive": 11, "remote interactive (rdp) logons": 10,
    "local": 2,
}  # fmt: skip
LOGON, FAILED_LOGON = 4624, 4625
_ROOTS = (
    ("hkey_local_machine", "HKLM"), ("hkey_users", "HKU"), ("hkey_current_user", "HKU"), ("hkey_classes_root", "HKCR"),
)  # fmt: skip


_ACTOR = (("User", "InitiatingProcess"),)


def hunting(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give what Sysmon would say of a row of a device table: a registry path, hashes, a direction, a host name."""
    key = fields.get("RegistryKey")
    if type(key) is str:
        fields.setdefault("TargetObject", _registry_path(key, fields.get("RegistryValueName")))
    kind = str(fields.get("ActionType", "")).lower()
    owner = "InitiatingProcess" if kind.startswith(("connection", "registry", "inbound", "listening")) else ""
    _hashes(fields, (("SHA1", f"{owner}SHA1"), ("MD5", f"{owner}MD5"), ("SHA256", f"{owner}SHA256")))
    if "RemoteIP" in fields:
        fields.setdefault("Initiated", "false" if kind.startswith(("inbound", "listening")) else "true")
    for target, actor in (("User", ""), ("ParentUser", "InitiatingProcess")) if "processcreated" in kind else _ACTOR:
        name, domain = fields.get(f"{actor}AccountName"), fields.get(f"{actor}AccountDomain")
        if type(name) is str and type(domain) is str and name and domain:
            fields[target] = f"{domain}\\{name}"
    url = fields.get("RemoteUrl")
    if type(url) is str and url:
        fields.setdefault("DestinationHostname", _host_of(url))
    folder, name = fields.get("InitiatingProcessFolderPath"), fields.get("InitiatingProcessFileName")
    if type(folder) is str and type(name) is str and not folder.lower().endswith(name.lower()):
        target = "ParentImage" if "processcreated" in kind else "Image"
        fields[target] = folder.rstrip("\\") + "\\" + name


def hunting_logon(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give the event id and the number of the logon type that Windows' own Security log has for a logon."""
    kind = str(fields.get("ActionType", "")).lower()
    if kind in ("logonsuccess", "logonfailed"):
        fields.setdefault("EventID", LOGON if kind == "logonsuccess" else FAILED_LOGON)
    written = fields.get("LogonType")
    number = _LOGON_TYPES.get(str(written).lower())
    if number is not None:
        fields["LogonType"] = number


def _registry_path(key: str, value: Any) -> str:
    lower = key.lower()
    for written, short in _ROOTS:
        if lower.startswith(written):
            key = short + key[len(written) :]
            break
    return f"{key}\\{value}" if type(value) is str and value else key


def _hashes(fields: Fields, names: tuple[tuple[str, str], ...]) -> None:
    """Give Sysmon's list of hashes."""
    sums = [f"{label}={value}" for label, name in names if type(value := fields.get(name)) is str and value]
    if sums:
        fields.setdefault("Hashes", ",".join(sums))


def _host_of(url: str) -> str:
    if "://" not in url:
        return url.partition("/")[0]
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


# Source: trendmicro/tm-v1-schema, objectIntegrityLevel; Windows, mandatory integrity levels.
_INTEGRITY = {"4096": "Low", "8192": "Medium", "8448": "MediumPlus", "12288": "High", "16384": "System"}


def vision_one(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give what Sysmon would say of an endpoint activity: a registry path, hashes, a direction."""
    kind = str(fields.get("eventSubId", "")).upper()
    created = kind == "2" or kind.endswith("PROCESS_CREATE")
    level = _INTEGRITY.get(str(fields.get("objectIntegrityLevel")))
    if created and level:
        fields["IntegrityLevel"] = level
    key = fields.get("objectRegistryKeyHandle")
    if type(key) is str:
        fields.setdefault("TargetObject", _registry_path(key, fields.get("objectRegistryValue")))
    owner = "object" if created or "objectFileHashSha256" in fields else "process"
    _hashes(fields, tuple((label, f"{owner}FileHash{label.title()}") for label in ("SHA1", "MD5", "SHA256")))
    if kind == "203" or kind.endswith("INBOUND"):
        fields.setdefault("Initiated", "false")
    elif kind == "204" or kind.endswith("OUTBOUND"):
        fields.setdefault("Initiated", "true")


def message_trace(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give the recipients of a historical message trace, which writes each with what became of the mail.

    Source: Microsoft Learn, "Run a message trace and view the results": ``address##status[;address##status]``.
    """
    written = fields.get("recipient_status")
    if type(written) is str:
        pairs = [one.partition("##") for one in written.split(";")[:MAX_ARGUMENTS]]
        fields["recipients"] = [address.strip() for address, _, _ in pairs if address.strip()]
        fields["status"] = [status.strip() for _, _, status in pairs if status.strip()]


_SELF_SIGNED = "self signed", "self-signed"


def tls(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give what a TLS connection asked for, and whether who it met vouches for itself.

    ``tls.asks`` is ``name``, ``address`` or ``nothing``; ``tls.self_signed`` is there only where the certificate, or
    what a sensor says of it, is.
    """
    if "dst_ip" in fields or "src_ip" in fields:
        name = fields.get("tls.server_name")
        asked = "nothing" if not name else "address" if is_address(str(name).strip("[]")) else "name"
        fields.setdefault("tls.asks", asked)
    subject, issuer = fields.get("tls.subject"), fields.get("tls.issuer")
    said = str(fields.get("tls.validation", "")).lower()
    if said.startswith(_SELF_SIGNED) or (subject and subject == issuer):
        fields.setdefault("tls.self_signed", "true")
    elif subject or said:
        fields.setdefault("tls.self_signed", "false")


DERIVATIONS: dict[str, Callable[[Fields, Mapping[str, Any]], None]] = {
    one.__name__: one
    for one in (
        request, w3c, access, proxy, csp, auditd, audit_line, exec_args, initiated, sign_in, pim, workspace, outcome,
        imap4, hunting, hunting_logon, vision_one, tls, message_trace, exchange.tracking, exchange.proxied,
    )
}  # fmt: skip
