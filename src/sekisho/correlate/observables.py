"""What a record names: its observables, typed and written in the one form that equal values share.

Names of fields are those of Sigma and of the products' own logs, so one table serves every log. Only values that can
tell one incident from another are taken; who plays which part matters, because an address that failed at a hundred
accounts did something to them, and they did nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import unquote

from sekisho.model.artifact import Analysis
from sekisho.model.event import Event
from sekisho.model.observable import Observable, Sighting

ACTOR, OBJECT, TARGET, RECEIVER = "actor", "object", "target", "receiver"
VALUE_CHARS = 2_048  # of one value; what is longer names nothing that two records share by chance or design
VALUES = 50  # of one field; a mail to more recipients is a list, not a link
FIELDS: Mapping[str, tuple[str, str]] = {
    # Who asked. Source: W3C Extended Log File Format; Exchange HttpProxy and message tracking column lines; Microsoft
    # Learn, events 4624, 4625, 5145; Zeek and Suricata log references; Defender advanced hunting schema.
    **dict.fromkeys(
        ("c-ip", "src_ip", "ClientIpAddress", "ClientIPAddress", "client-ip", "IpAddress", "id.orig_h", "ClientIP",
         "IPAddress", "ipAddress", "srcip", "remote_addr", "RemoteIP", "rip", "client_ip", "original-client-ip"),
        ("ip", ACTOR),
    ),
    **dict.fromkeys(
        ("cs-username", "user", "AuthenticatedUser", "TargetUserName", "SubjectUserName", "UserId", "AccountUpn",
         "userPrincipalName", "UserPrincipalName", "sasl_username", "User", "AccountName"),
        ("account", ACTOR),
    ),
    **dict.fromkeys(("sender-address", "sender", "SenderFromAddress", "SenderAddress", "mailfrom"), ("mailbox", ACTOR)),
    **dict.fromkeys(("session", "session_id", "SessionId", "sid", "cs-session"), ("session", ACTOR)),
    # What was touched.
    **dict.fromkeys(
        ("dst_ip", "DestinationIp", "dest_ip", "id.resp_h", "dstip", "r-ip"),
        ("ip", OBJECT),
    ),
    **dict.fromkeys(
        ("r-dns", "cs-host", "query", "QueryName", "server_name", "tls.sni", "host_name", "DestinationHostname",
         "blocked-host", "injection.host", "dest_host", "RemoteDomain"),
        ("domain", OBJECT),
    ),
    **dict.fromkeys(("c-uri", "RemoteUrl", "url", "Url", "blocked-uri"), ("url", OBJECT)),
    **dict.fromkeys(
        ("recipient-address", "recipient", "recipients", "RecipientEmailAddress", "RecipientAddress"),
        ("mailbox", RECEIVER),
    ),
    **dict.fromkeys(("Mailbox", "AnchorMailbox", "mailbox", "MailboxOwnerUPN"), ("mailbox", OBJECT)),
    **dict.fromkeys(
        ("message-id", "message_id", "InternetMessageId", "MessageId", "msgid", "Message-ID"), ("message", OBJECT)
    ),
    **dict.fromkeys(("sha256", "SHA256", "Hashes", "Hash", "fileinfo.sha256", "hash"), ("sha256", OBJECT)),
    **dict.fromkeys(
        ("cs-uri-stem", "UrlStem", "TargetFilename", "FilePath", "RelativeTargetName", "FileName", "filename",
         "CommandLine", "cs-uri-query", "Parameters", "Data", "CmdletParameters", "cs-uri.decoded", "Url.decoded",
         "path"),
        ("file", OBJECT),
    ),
    "CmdletParameter": ("parameter", OBJECT),
    **dict.fromkeys(("order_id", "order_no", "order_number", "order.id"), ("order", OBJECT)),
}  # fmt: skip
# Files that a web server runs: their names are looked for in paths, parameters and command lines.
# Source: ATT&CK T1505.003; the extensions are those of ASP.NET, PHP and JSP.
SERVED = re.compile(r"[\w.~-]{1,80}\.(?:aspx|ashx|asmx|php\d?|phtml|jspx?)(?![\w.])", re.IGNORECASE)
# Names under which files are fetched and opened, after the folder that Windows unpacks archives to for a look.
# Source: the extensions that the mission's cases were downloaded under, and those Windows opens on a double click.
FETCHED = re.compile(
    r"(?:^|(?<=[\\/\"'= ]))(?:Temp\d{1,2}_)?([^\s\\/\"'<>|:*?&=%]{4,120}\.(?:zip|7z|rar|gz|iso|img|vhdx?|cab|lnk|hta|"
    r"js|vbs|wsf|one|chm|msi|exe|dll|dat|doc[mx]?|xls[bmx]?|ppt[mx]?|rtf|pdf|html?))(?![\w.-])",
    re.IGNORECASE,
)
# Entry points that every request to an installation goes through say nothing. Source: Exchange's virtual directories;
# the file layouts of WordPress, WooCommerce and EC-CUBE.
EVERYDAY = frozenset(
    "index.php default.aspx logon.aspx errorfe.aspx auth.owa exchange.asmx autodiscover.aspx proxylogon.ecp "
    "services.wsdl reset.aspx signout.aspx admin-ajax.php wp-login.php wp-cron.php admin.php post.php edit.php "
    "plugins.php plugin-install.php update.php theme-editor.php plugin-editor.php upload.php async-upload.php "
    "xmlrpc.php login.php logout.php home.php list.php detail.php cart.php shopping.php entry.php top.php "
    "template.php frame.aspx authredirect.aspx healthcheck.aspx owa.aspx".split()
)
ORDER_PATH = re.compile(r"/order/(?:edit/|detail/|mail/|show/)?(\d{1,12})(?![\w])|[?&](?:order_id|post)=(\d{1,12})\b")
ORDER_NUMBER = re.compile(r"\d{3,12}$")
ORDER_SUBJECT = re.compile(r"(?:注文|受注|\border\b)[^\d]{0,30}?(\d{3,12})(?!\d)", re.IGNORECASE)
HEX_64 = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])")
HOST_OF_URL = re.compile(r"(?i)^(?:[a-z][a-z0-9+.-]{0,20}:)?//(?:[^/@?#]{0,200}@)?(\[[0-9a-f:.]+\]|[^/:?#\s]{1,255})")
ANY_URL = re.compile(r"(?i)(?:https?:)?//[a-z0-9][a-z0-9.-]{2,250}(?::\d{1,5})?(?:/[^\s\"'<>`\\]{0,500})?")
TEXT_CHARS = 20_000  # of a text in which addresses are looked for
MAIL = re.compile(r"[^\s<>\"',;:@~/\\\[\]{}()=]{1,64}@[\w.-]{1,255}")
# Addresses that only mean something inside. The documentation blocks are not among them: real and lab logs alike use
# them for what is outside. Source: RFC 1918, RFC 1122, RFC 3927, RFC 4193, RFC 4291, RFC 6598.
INSIDE = tuple(
    map(ip_network, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 127.0.0.0/8 169.254.0.0/16 100.64.0.0/10".split())
)
INSIDE_6 = tuple(map(ip_network, "::1/128 fc00::/7 fe80::/10".split()))
# Resolvers that everybody asks. Source: the operators' documentation (Google, Cloudflare, Quad9, OpenDNS, AdGuard).
RESOLVERS = frozenset(
    "8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220 94.140.14.14 "
    "2001:4860:4860::8888 2606:4700:4700::1111 2620:fe::fe".split()
)
NOBODY = frozenset(
    (
        "system",
        "localsystem",
        "local service",
        "network service",
        "anonymous",
        "anonymous logon",
        "-",
        "",
        "unknown",
        "none",
        "root",
    )
)
# Mailboxes that Exchange keeps for itself. Source: Microsoft Learn, "Arbitration mailboxes", "Health mailboxes".
OF_THE_SERVER = ("healthmailbox", "systemmailbox{", "discoverysearchmailbox{", "federatedemail.", "migration.")
FAILED = frozenset("failure fail failed denied rejected error invalid 4625 4771 4776".split())
WITHOUT = ("", "-", "(empty)", "(null)", "::", "0.0.0.0", "N/A", "unknown")


def sightings(event: Event) -> tuple[Sighting, ...]:
    """Give the observables of one record, each once in the strongest part it plays; empty when it names none."""
    fields = event.fields
    found: dict[Observable, str] = {}
    tried = _failed(fields)
    for name, value in fields.items():
        known = FIELDS.get(name)
        if known is None or value in WITHOUT or value is None:
            continue
        kind, role = known
        for text in value[:VALUES] if isinstance(value, list) else (value,):
            for what in _read(kind, str(text)[:VALUE_CHARS]):
                part = TARGET if tried and role == ACTOR and what.type in ("account", "mailbox") else role
                if found.get(what) != ACTOR:
                    found[what] = part
    if event.user and event.logsource.product != "email":
        for what in _read("account", event.user[:VALUE_CHARS]):
            found.setdefault(what, TARGET if tried else ACTOR)
    return tuple(Sighting(what, role) for what, role in found.items())


def of_text(text: str) -> Iterator[Sighting]:
    """Give the addresses that stand somewhere in a text, such as the script that an order's field loads."""
    for match in ANY_URL.findall(text[:TEXT_CHARS])[:VALUES]:
        for what in _read("url", match):
            yield Sighting(what, OBJECT)


def of_message(message: Analysis) -> Iterator[Sighting]:
    """Give the observables of a mail."""
    for what in _read("mailbox", str(message.first("sender.address"))):
        yield Sighting(what, ACTOR)
    for what in _read("message", str(message.first("message_id"))):
        yield Sighting(what, OBJECT)
    for number in ORDER_SUBJECT.findall(str(message.first("subject"))[:200]):
        yield Sighting(Observable("order", number), OBJECT)
    for value in [*message.values("delivered_to"), *message.values("recipients")][:VALUES]:
        for what in _read("mailbox", str(value)):
            yield Sighting(what, RECEIVER)


def of_file(file: Analysis) -> Iterator[Sighting]:
    """Give the observables of a file: its bytes, its name where a server would run it, the addresses it holds."""
    if file.sha256:
        yield Sighting(Observable("sha256", file.sha256.lower()), OBJECT)
    for what in _read("file", file.artifact.name[:VALUE_CHARS]):
        yield Sighting(what, OBJECT)
    for url in file.urls[:VALUES]:
        for what in _read("url", url.canonical or url.raw):
            yield Sighting(what, OBJECT)
        if url.ip:
            yield Sighting(Observable("ip", url.ip), OBJECT)


def outside(address: str) -> bool:
    """Tell whether an IP address means the same everywhere."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    nets = INSIDE if parsed.version == 4 else INSIDE_6
    return address not in RESOLVERS and not any(parsed in net for net in nets) and not parsed.is_multicast


def account_of(name: str) -> str:
    r"""Give the bare account of ``CORP\user01``, ``user01@corp.example`` or ``user01``; empty for nobody's."""
    bare = name.rpartition("\\")[2].partition("@")[0].strip().lower()
    return "" if bare in NOBODY or bare.endswith("$") or bare.startswith(OF_THE_SERVER) else bare


def _failed(fields: Mapping[str, Any]) -> bool:
    """Tell whether a record is of a try that did not succeed."""
    for name in ("result", "Result", "status", "outcome", "EventID", "ResultStatus", "ActionType"):
        value = fields.get(name)
        if value is not None and str(value).lower() in FAILED:
            return True
    return str(fields.get("ActionType", "")) == "LogonFailed"


@lru_cache(maxsize=65_536)
def _read(kind: str, text: str) -> tuple[Observable, ...]:
    """Read one value; a value may name nothing, or several things."""
    return tuple(dict.fromkeys(READERS[kind](text.strip())))


def _ip(text: str) -> Iterator[Observable]:
    bare = text.removeprefix("[").partition("]")[0]
    if bare.count(".") == 3 and bare.count(":") == 1:
        bare = bare.partition(":")[0]  # address:port
    try:
        yield Observable("ip", str(ip_address(bare.removeprefix("::ffff:"))))
    except ValueError:
        return


def _domain(text: str) -> Iterator[Observable]:
    name = text.lower().rstrip(".")
    if ":" in name and name.count(":") == 1:
        name = name.partition(":")[0]
    if name.replace(".", "").isdigit() or ":" in name:
        yield from _ip(name)
    elif "." in name and len(name) <= 253 and not name.endswith((".in-addr.arpa", ".ip6.arpa", ".local")):
        yield Observable("domain", name)


def _url(text: str) -> Iterator[Observable]:
    match = HOST_OF_URL.match(text)
    if match is None:
        yield from _domain(text) if "/" not in text and "." in text and ":" in text else ()  # CONNECT host:port
        return
    yield Observable("url", f"{match[1].lower()}{text[match.end() :].partition('#')[0]}".rstrip("/"))
    yield from _domain(match[1].strip("[]"))
    path = text[match.end() :].partition("#")[0].partition("?")[0]
    yield from (Observable("fetched", name) for name in fetched_names(path.rpartition("/")[2]))


def _account(text: str) -> Iterator[Observable]:
    if name := account_of(text):
        yield Observable("account", name)
    if "@" in text:
        yield from _mailbox(text)


def _mailbox(text: str) -> Iterator[Observable]:
    for address in MAIL.findall(text):
        yield Observable("mailbox", address.lower().rstrip("."))


def _message(text: str) -> Iterator[Observable]:
    bare = text.strip("<> \t")
    if len(bare) > 5:
        yield Observable("message", bare)


def _sha256(text: str) -> Iterator[Observable]:
    for match in HEX_64.findall(text):
        yield Observable("sha256", match.lower())


def fetched_names(text: str) -> list[str]:
    """Give the names of files in a path or command line that a browser may have fetched, lower case."""
    shown = unquote(text) if "%" in text else text
    return list(dict.fromkeys(name.lower() for name in FETCHED.findall(shown[:VALUE_CHARS])))


def _file(text: str) -> Iterator[Observable]:
    """Find names of files that a server runs, and orders that a path is about."""
    shown = unquote(text) if "%" in text else text
    for name in SERVED.findall(shown):
        if name.lower() not in EVERYDAY:
            yield Observable("file", name.lower())
    for one, other in ORDER_PATH.findall(shown):
        yield Observable("order", one or other)


def _parameter(text: str) -> Iterator[Observable]:
    """Read ``Mailbox=name`` of a cmdlet: whose mailbox it is about. Other parameters name files, if anything."""
    name, _, value = text.partition("=")
    if name.lower() in ("mailbox", "identity") and (bare := account_of(value.strip("\"'"))):
        yield Observable("account", bare)


def _order(text: str) -> Iterator[Observable]:
    """Give an order by its number: lists write it with letters before it, paths without."""
    if match := ORDER_NUMBER.search(text):
        yield Observable("order", match[0])


def _session(text: str) -> Iterator[Observable]:
    if len(text) >= 8:  # shorter ones are counters
        yield Observable("session", text)


READERS = {
    "ip": _ip, "domain": _domain, "url": _url, "account": _account, "mailbox": _mailbox, "message": _message,
    "sha256": _sha256, "file": _file, "order": _order, "parameter": _parameter, "session": _session,
}  # fmt: skip


def values(seen: Iterable[Sighting]) -> set[Observable]:
    """Give the observables alone."""
    return {one.what for one in seen}
