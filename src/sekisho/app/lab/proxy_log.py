"""A web proxy's log in W3C extended format, and an ordinary day in it.

Source: W3C Working Draft WD-logfile-960323; the field names that proxies share with IIS.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from sekisho.app.lab.corp import NETBIOS_DOMAIN, moment
from sekisho.app.lab.noise import SITES
from sekisho.app.lab.textlog import TextLog

COLUMNS = "date time time-taken c-ip cs-username cs-method cs-uri cs-host sc-status sc-bytes cs(User-Agent)"
REQUESTS = 5_000
PEOPLE = 40
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/95.0.4638.69 Safari/537.36"
)
OLD_PROGRAM = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E)"
PATHS = (
    "/",
    "/index.html",
    "/style.css",
    "/articles/autumn-timetable-20211109",
    "/item/blue-cup-1204377",
    "/photos/2021/11/maple.jpg",
    "/search?q=%E8%A6%8B%E7%A9%8D",
    "/download/catalogue.pdf",
    "/api/v2/news?after=44508",
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser or another program."""

    at: datetime
    ip: str
    user: str
    """Without a domain."""
    url: str
    """Whole; host and port for CONNECT."""
    status: int = 200
    size_bytes: int = 4_096
    agent: str = BROWSER
    method: str = "GET"
    key: str = ""


class ProxyLog:
    """The log of one day."""

    def __init__(self, case: str, day: date) -> None:
        self._case = case
        head = ("#Software: proxy", "#Version: 1.0", f"#Date: {day} 00:00:00", f"#Fields: {COLUMNS}")
        self.log = TextLog(f"proxy/access_{day:%Y%m%d}.log", "network", head, newline="\n")

    def add(self, one: Visit) -> None:
        """Write one request."""
        url = one.url
        utc, host = one.at.astimezone(UTC), url.split("/")[2] if "://" in url else url.partition(":")[0]
        spent = str(40 + len(self.log) % 300)
        words = [f"{utc:%Y-%m-%d %H:%M:%S}", spent, one.ip, f"{NETBIOS_DOMAIN}\\{one.user}", one.method, url]
        words += [host, str(one.status), str(one.size_bytes), one.agent.replace(" ", "+")]
        self.log.add(one.at, " ".join(words), one.key)


def busy_day(proxy: ProxyLog, day: date) -> None:
    """Write a day's ordinary browsing, with an old program of the house that calls itself by an old browser."""
    random = Random(f"proxy/{day}")
    hosts = sorted(SITES)
    for _ in range(REQUESTS):
        number, host = random.randrange(1, PEOPLE + 1), random.choice(hosts)
        at = moment(day, "00:00:00") + timedelta(hours=min(max(random.gauss(13, 3), 0), 23.9))
        at += timedelta(milliseconds=random.randrange(60_000))
        ip, user = f"10.0.{12 + number % 2}.{40 + number}", f"user{number:02d}"
        if random.random() < 0.4:
            proxy.add(Visit(at, ip, user, f"{host}:443", method="CONNECT", size_bytes=random.randrange(900, 90_000)))
            continue
        status = random.choice((200, 200, 200, 304, 404))
        proxy.add(
            Visit(
                at, ip, user, f"http://{host}{random.choice(PATHS)}", status=status, size_bytes=random.randrange(90_000)
            )
        )
    for hour in range(24):
        at = moment(day, f"{hour:02d}:20:00")
        proxy.add(Visit(at, "10.0.12.60", "user20", "http://www.news.example/rates/latest.xml", agent=OLD_PROGRAM))
