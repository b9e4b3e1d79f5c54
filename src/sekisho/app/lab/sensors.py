"""What a company's proxy and its Zeek sensor write: rows of both for each thing that crosses the network.

Source: W3C Extended Log File Format, as Blue Coat's and other proxies use it; Zeek, log files reference (JSON streaming
logs); what a TLS sensor sees of a certificate: Zeek 3, where ssl.log still has subject and issuer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from sekisho.app.lab.corp import DESKS, DNS_IP, DOMAIN, Desk, moment
from sekisho.app.lab.textlog import TextLog

PROXY_HEAD = (
    "#Software: synthetic lab proxy",
    "#Version: 1.0",
    "#Fields: date time time-taken c-ip cs-username cs-method cs-uri cs-host cs(User-Agent) cs(Referer) cs(Cookie) "
    "sc-status sc-bytes",
)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/89.0.4389.82 Safari/537.36"
)
TRIDENT = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E)"
TRUSTED = "CN=Synthetic Web CA 1,O=Synthetic Trust Services,C=JP"
WIDGITS = "O=Internet Widgits Pty Ltd,ST=Some-State,C=AU"
SCHANNEL_JA3 = "a0e9f5d64349fb13191bc781f81f42e1"
"""What Windows' own TLS says of itself, whoever uses it."""
INTRANET, INTRANET_IP = f"intranet.{DOMAIN}", "10.0.0.40"
APPLIANCE_IP, TEST_SERVER_IP = "10.0.0.2", "10.0.0.77"
SAAS, SAAS_IP = "api.saas.example", "198.51.100.200"
CDN = ("d1zkz3k4cclnv6", "dqtpg127g2l9y", "d3ag4hukkh62yn", "d2wy8f7a9ursnm")
REQUESTS = 3_000


@dataclass(frozen=True, slots=True)
class Server:
    """Who answers."""

    name: str
    """Empty for a bare address."""
    address: str
    port: int = 443
    subject: str = ""
    issuer: str = TRUSTED


class Sensors:
    """The logs of one case; rows may be added in any order."""

    def __init__(self, case: str) -> None:
        """Begin five empty logs."""
        self.case = case
        self.proxy = TextLog("proxy/access.log", "web", PROXY_HEAD)
        self.zeek = {
            name: TextLog(f"zeek/{name}.log", "network", newline="\n") for name in ("conn", "ssl", "x509", "dns")
        }
        self._count = 0
        self._seen: set[str] = set()

    @property
    def logs(self) -> list[TextLog]:
        """Give all logs."""
        return [self.proxy, *self.zeek.values()]

    def fetch(
        self, at: datetime, desk: Desk, url: str, agent: str = CHROME, *, address: str, method: str = "GET",
        status: int = 200, size: int = 9_000, cookie: str = "", key: str = "",
    ) -> None:  # fmt: skip
        """Record a plain request through the proxy."""
        host = url.split("/")[2]
        stamp = at.astimezone(UTC)
        cells = (
            f"{stamp:%Y-%m-%d}", f"{stamp:%H:%M:%S}", "84", desk.ip, desk.account, method, url, host.partition(":")[0],
            _quoted(agent), "-", _quoted(cookie), str(status), str(size),
        )  # fmt: skip
        self.proxy.add(at, " ".join(cells), key)
        self._connection(at, desk.ip, address, 80, "http", size, key)

    def lookup(self, at: datetime, desk: Desk, name: str, address: str = "", *, key: str = "") -> None:
        """Record a DNS query; an empty address means that the name does not exist."""
        row: dict[str, Any] = {
            "query": name,
            "qtype_name": "A",
            "rcode_name": "NOERROR" if address else "NXDOMAIN",
            "proto": "udp",
        }
        if address:
            row["answers"] = [address]
        self._zeek("dns", at, desk.ip, DNS_IP, 53, row, key)

    def speak(self, at: datetime, desk: Desk, server: Server, *, size: int = 6_000, key: str = "") -> None:
        """Record a TLS connection that does not pass the proxy, with the certificate that was shown."""
        subject = server.subject or f"CN={server.name}"
        fingerprint = sha256(f"{server.issuer}/{subject}/{server.address}".encode()).hexdigest()
        self_signed = subject == server.issuer
        row = {
            "version": "TLSv12",
            "cipher": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "established": True,
            "cert_chain_fps": [fingerprint],
            "subject": subject,
            "issuer": server.issuer,
            "ja3": SCHANNEL_JA3,
            "validation_status": "self signed certificate" if self_signed else "ok",
        }
        if server.name:
            row["server_name"] = server.name
        self._connection(at, desk.ip, server.address, server.port, "ssl", size, key)
        self._zeek("ssl", at + timedelta(milliseconds=40), desk.ip, server.address, server.port, row, key)
        if fingerprint not in self._seen:  # Zeek tells of a certificate once a day
            self._seen.add(fingerprint)
            certificate = {"certificate.subject": subject, "certificate.issuer": server.issuer}
            self._write("x509", at + timedelta(milliseconds=60), {"fingerprint": fingerprint, **certificate}, key)

    def _connection(
        self, at: datetime, source: str, address: str, port: int, service: str, size: int, key: str
    ) -> None:
        row = {"proto": "tcp", "service": service, "conn_state": "SF", "orig_bytes": 700, "resp_bytes": size}
        self._zeek("conn", at, source, address, port, row, key)

    def _zeek(
        self, log: str, at: datetime, source: str, address: str, port: int, row: dict[str, Any], key: str
    ) -> None:
        self._count += 1
        uid = "C" + sha256(f"{self.case}/{self._count}".encode()).hexdigest()[:16]
        ends = {
            "id.orig_h": source,
            "id.orig_p": 49_700 + self._count % 15_000,
            "id.resp_h": address,
            "id.resp_p": port,
        }
        self._write(log, at, {"uid": uid, **ends, **row}, key)

    def _write(self, log: str, at: datetime, row: dict[str, Any], key: str) -> None:
        head = {"_path": log, "ts": round(at.timestamp(), 3)}
        self.zeek[log].add(at, json.dumps({**head, **row}), key)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if text else "-"


def ordinary_day(sensors: Sensors, day: date, desks: tuple[Desk, ...] = DESKS) -> None:
    """Record thousands of ordinary requests, names and connections, among them what looks odd and is not.

    Odd and honest: an application that polls its service every minute, an intranet that wants an old browser and has
    paths ending in slashes, content hosts with random names, a switch with a certificate of its own, a developer's test
    server with OpenSSL's default certificate, mistyped names, a partner's workbook, and a status page by address.
    """
    dice = Random(f"{sensors.case}/network")
    opening = moment(day, "08:40:00")
    for _ in range(REQUESTS):
        at = opening + timedelta(milliseconds=dice.randrange(8 * 3600 * 1000))
        dice.choices(_HABITS, _WEIGHTS)[0](sensors, at, dice.choice(desks), dice)
    for minute in range(8 * 60):
        at = opening + timedelta(minutes=minute, milliseconds=dice.randrange(-1_500, 1_500))
        sensors.speak(at, desks[1], Server(SAAS, SAAS_IP), size=400)
        if minute % 5 == 0:
            sensors.speak(at + timedelta(seconds=9), desks[2], Server("", APPLIANCE_IP, 443, "CN=switch", "CN=switch"))
    sensors.speak(opening, desks[3], Server("", TEST_SERVER_IP, 8443, WIDGITS, WIDGITS))
    workbook = "http://download.partner.example/prices/order_form.xlsb"
    sensors.fetch(opening + timedelta(minutes=50), desks[3], workbook, address="198.51.100.32")
    status = f"http://{INTRANET_IP}/status.html"
    sensors.fetch(opening + timedelta(minutes=55), desks[3], status, address=INTRANET_IP)


def _page(sensors: Sensors, at: datetime, desk: Desk, dice: Random) -> None:
    number = dice.randrange(400)
    name, address = f"www.site{number}.example", f"198.51.100.{number % 90 + 100}"
    sensors.lookup(at, desk, name, address)
    sensors.speak(at + timedelta(milliseconds=30), desk, Server(name, address), size=dice.randrange(900, 90_000))


def _plain(sensors: Sensors, at: datetime, desk: Desk, dice: Random) -> None:
    number = dice.randrange(120)
    name, path = f"www.site{number}.example", dice.choice(("", "news/", "img/a.png", "index.html", "blog/2021/03/"))
    sensors.fetch(
        at, desk, f"http://{name}/{path}", address=f"198.51.100.{number % 90 + 100}", size=dice.randrange(40_000)
    )


def _content(sensors: Sensors, at: datetime, desk: Desk, dice: Random) -> None:
    name = f"{dice.choice(CDN)}.cdn.example"
    sensors.lookup(at, desk, name, "198.51.100.210")
    sensors.speak(at + timedelta(milliseconds=20), desk, Server(name, "198.51.100.210"), size=dice.randrange(200_000))


def _intranet(sensors: Sensors, at: datetime, desk: Desk, dice: Random) -> None:
    path = dice.choice(("portal/", "portal/schedule/", "keihi/shinsei/", "kintai/"))
    sensors.fetch(at, desk, f"http://{INTRANET}/{path}", TRIDENT, address=INTRANET_IP)


def _mistyped(sensors: Sensors, at: datetime, desk: Desk, dice: Random) -> None:
    sensors.lookup(at, desk, dice.choice(("www.exmaple-shop.example", "fileserver.crop.example", "gogle-maps.example")))


_Habit = Callable[[Sensors, datetime, Desk, Random], None]
_HABITS: tuple[_Habit, ...] = (_page, _plain, _content, _intranet, _mistyped)
_WEIGHTS = (55, 20, 15, 9, 1)
