"""A web proxy's log in W3C extended format, and an ordinary day in it.

Source: W3C Working Draft WD-logfile-960323; the field names that proxies share with IIS.
"""

from __future__ import annotations

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


class ProxyLog:
    """The log of one day."""

    def __init__(self, case: str, day: date) -> None:
        self._case = case
        head = ("#Software: proxy", "#Version: 1.0", f"#Date: {day} 00:00:00", f"#Fields: {COLUMNS}")
        self.log = TextLog(f"proxy/access_{day:%Y%m%d}.log", "network", head, newline="\n")

    def get(
        self,
        at: datetime,
        ip: str,
        user: str,
        url: str,
        *,
        status: int = 200,
        size_bytes: int = 4_096,
        agent: str = BROWSER,
        method: str = "GET",
        key: str = "",
    ) -> None:
        """Write one request; the user is without a domain, the URL whole."""
        utc, host = at.astimezone(UTC), url.split("/")[2] if "://" in url else url.partition(":")[0]
        words = [
            f"{utc:%Y-%m-%d %H:%M:%S}",
            str(40 + len(self.log) % 300),
            ip,
            f"{NETBIOS_DOMAIN}\\{user}",
            method,
            url,
        ]
        words += [host, str(status), str(size_bytes), agent.replace(" ", "+")]
        self.log.add(at, " ".join(words), key)


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
            proxy.get(at, ip, user, f"{host}:443", method="CONNECT", size_bytes=random.randrange(900, 90_000))
            continue
        status = random.choice((200, 200, 200, 304, 404))
        proxy.get(
            at, ip, user, f"http://{host}{random.choice(PATHS)}", status=status, size_bytes=random.randrange(90_000)
        )
    for hour in range(24):
        at = moment(day, f"{hour:02d}:20:00")
        proxy.get(at, "10.0.12.60", "user20", "http://www.news.example/rates/latest.xml", agent=OLD_PROGRAM)
