"""The text logs of an Exchange server: IIS, HttpProxy, the control panel's and message tracking.

Source: Microsoft Learn, "W3C Logging" (IIS) and "Message tracking" (columns, source context of STOREDRIVER rows); the
column lines of Exchange 2016's HttpProxy and ECP logs as published with Microsoft's Test-ProxyLogon.ps1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from sekisho.app.lab.corp import STORE_IP
from sekisho.app.lab.textlog import TextLog

SERVER = "MBX01"
HTTP_PROXY_COLUMNS = tuple(
    "DateTime RequestId MajorVersion MinorVersion BuildVersion RevisionVersion ClientRequestId Protocol UrlHost "
    "UrlStem ProtocolAction AuthenticationType IsAuthenticated AuthenticatedUser Organization AnchorMailbox UserAgent "
    "ClientIpAddress ServerHostName HttpStatus BackEndStatus ErrorCode Method ProxyAction TargetServer "
    "TargetServerVersion RoutingType RoutingHint BackEndCookie RequestBytes ResponseBytes TotalRequestTime UrlQuery "
    "GenericInfo GenericErrors".split()
)
"""Of some seventy; the rest are latencies."""
TRACKING_COLUMNS = tuple(
    "date-time client-ip client-hostname server-ip server-hostname source-context connector-id source event-id "
    "internal-message-id message-id network-message-id recipient-address recipient-status total-bytes recipient-count "
    "related-recipient-address reference message-subject sender-address return-path message-info directionality "
    "tenant-id original-client-ip original-server-ip custom-data transport-traffic-type log-id schema-version".split()
)
IIS_COLUMNS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status "
    "sc-substatus sc-win32-status time-taken"
)
VERSION = "15.01.2308.014"


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the server's front end."""

    at: datetime
    method: str
    stem: str
    ip: str
    agent: str
    query: str = ""
    user: str = ""
    r"""``CORP\user01``; empty before a logon."""
    status: int = 200
    anchor: str = ""
    """What the proxy found the mailbox or server by."""
    protocol: str = ""
    """HttpProxy's word for it; empty: the web server answers by itself, and the proxy logs nothing."""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message that a mailbox submits."""

    at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    client: str = "MOMT"
    """Exchange's client type: MOMT is Outlook, WebServices is EWS."""
    message_id: str = ""
    """With angle brackets; made up when empty."""
    key: str = ""


class ExchangeLogs:
    """The logs of one server for one day."""

    def __init__(self, case: str, day: date) -> None:
        self._case = case
        name = f"{day:%y%m%d}"
        opened = f"#Date: {day.isoformat()}T00:00:00.000Z"
        exchange = ("#Software: Microsoft Exchange Server", f"#Version: {VERSION}")
        self.iis = TextLog(
            f"iis/W3SVC1/u_ex{name}.log",
            "web",
            (
                "#Software: Microsoft Internet Information Services 10.0",
                "#Version: 1.0",
                f"#Date: {day} 00:00:00",
                f"#Fields: {IIS_COLUMNS}",
            ),
        )
        self.proxy = TextLog(
            f"exchange/HttpProxy/HttpProxy_{day:%Y%m%d}.LOG",
            "server",
            (*exchange, "#Log-type: HttpProxy Logs", opened, f"#Fields: {','.join(HTTP_PROXY_COLUMNS)}"),
        )
        self.panel = TextLog(
            f"exchange/ECP/Server/ECPServer{day:%Y%m%d}-1.LOG",
            "server",
            (*exchange, "#Log-type: ECP Server Log", opened, "#Fields: TimeStamp,ServerName,EventId,EventData"),
        )
        self.tracking = TextLog(
            f"exchange/MessageTracking/MSGTRKMS{day:%Y%m%d}-1.LOG",
            "server",
            (*exchange, "#Log-type: Message Tracking Log", opened, f"#Fields: {','.join(TRACKING_COLUMNS)}"),
        )

    @property
    def all(self) -> tuple[TextLog, ...]:
        """Every log."""
        return (self.iis, self.proxy, self.panel, self.tracking)

    def request(self, one: Request) -> None:
        """Write one request to the web server's log, and to the proxy's where it was handed on."""
        number = len(self.iis)
        spent = 8 + int(self._hex("ms", number)[:2], 16)
        trace = f"&CorrelationID=<empty>;&cafeReqId={self._uuid('cafe', number)};" if one.protocol else ""
        utc = one.at.astimezone(UTC)
        words = [f"{utc:%Y-%m-%d %H:%M:%S}", STORE_IP, one.method, one.stem, one.query + trace or "-", "443"]
        words += [one.user or "-", one.ip, one.agent.replace(" ", "+") or "-", "-", f"{one.status} 0 0 {spent}"]
        self.iis.add(one.at, " ".join(words), one.key)
        if not one.protocol:
            return
        known = {
            "DateTime": _iso(one.at + timedelta(milliseconds=spent)),
            "RequestId": self._uuid("cafe", number),
            "MajorVersion": "15",
            "MinorVersion": "1",
            "BuildVersion": "2308",
            "RevisionVersion": "14",
            "Protocol": one.protocol,
            "UrlHost": "mail.corp.example",
            "UrlStem": one.stem,
            "AuthenticationType": "Negotiate" if one.user else "",
            "IsAuthenticated": str(bool(one.user)),
            "AuthenticatedUser": one.user,
            "AnchorMailbox": one.anchor,
            "UserAgent": one.agent,
            "ClientIpAddress": one.ip,
            "ServerHostName": SERVER,
            "HttpStatus": str(one.status),
            "BackEndStatus": str(one.status),
            "Method": one.method,
            "ProxyAction": "Proxy",
            "TargetServer": f"{SERVER.lower()}.corp.example",
            "TargetServerVersion": VERSION,
            "RequestBytes": str(200 + spent),
            "ResponseBytes": str(700 + 9 * spent),
            "TotalRequestTime": str(spent),
            "UrlQuery": f"?{one.query}" if one.query else "",
        }
        self.proxy.add(one.at, comma_row([known.get(name, "") for name in HTTP_PROXY_COLUMNS]), one.key)

    def panel_call(self, at: datetime, data: str, key: str = "") -> None:
        """Write what the control panel ran: ``S:CMD=...``."""
        self.panel.add(at, comma_row([_iso(at), SERVER, "ECP.Request", f"S:TIME=219;{data};S:EX="]), key)

    def message(self, one: Message) -> None:
        """Write a message that a mailbox submitted, and its delivery to each recipient inside the house."""
        number = len(self.tracking)
        message_id = one.message_id or f"<{self._hex('mail', number)}@mbx01.corp.example>"
        context = (
            f"MDB:{self._uuid('mdb', 0)}, Mailbox:{self._uuid(one.sender, 0)}, Event:{90_000 + number}, "
            f"MessageClass:IPM.Note, CreationTime:{_iso(one.at)}, ClientType:{one.client}, "
            "SubmissionAssistant:MailboxTransportSubmissionEmailAssistant"
        )
        known = {
            "client-ip": STORE_IP,
            "client-hostname": f"{SERVER.lower()}.corp.example",
            "server-ip": STORE_IP,
            "server-hostname": SERVER,
            "source": "STOREDRIVER",
            "internal-message-id": str(4_000_000 + number),
            "message-id": message_id,
            "network-message-id": self._uuid("net", number),
            "total-bytes": str(4_000 + 37 * (number % 500)),
            "message-subject": one.subject,
            "sender-address": one.sender,
            "return-path": one.sender,
            "directionality": "Originating",
            "schema-version": VERSION,
        }
        submitted = {"date-time": _iso(one.at), "event-id": "SUBMIT", "source-context": context}
        submitted |= {"recipient-address": ";".join(one.recipients), "recipient-count": str(len(one.recipients))}
        self._track(one.at, known | submitted, one.key)
        for order, recipient in enumerate(one.recipients):
            if not recipient.endswith("@corp.example"):
                continue
            arrived = one.at + timedelta(milliseconds=900 + 120 * order)
            delivered = {
                "date-time": _iso(arrived),
                "event-id": "DELIVER",
                "source-context": "08D9A2;ClientSubmitTime:",
            }
            delivered |= {"recipient-address": recipient, "recipient-count": "1"}
            self._track(arrived, known | delivered, one.key)

    def _track(self, at: datetime, known: dict[str, str], key: str) -> None:
        self.tracking.add(at, comma_row([known.get(name, "") for name in TRACKING_COLUMNS]), key)

    def _hex(self, word: str, number: int) -> str:
        return sha256(f"{self._case}/{word}/{number}".encode()).hexdigest()[:32]

    def _uuid(self, word: str, number: int) -> str:
        text = self._hex(word, number)
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"


def comma_row(values: list[str]) -> str:
    """Give a row as Exchange writes it: values with commas, quotes or breaks in quotes, quotes doubled."""
    special = frozenset(',"\r\n')
    return ",".join(
        '"{}"'.format(value.replace('"', '""')) if special.intersection(value) else value for value in values
    )


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
