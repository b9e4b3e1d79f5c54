"""The proxy's log is read as what it is, and its day is the same each time."""

from datetime import date

from sekisho.app.lab.corp import moment
from sekisho.app.lab.proxy_log import REQUESTS, ProxyLog, Visit, busy_day
from sekisho.normalize import records
from sekisho.sources.extended import read

DAY = date(2021, 11, 9)


def test_rows_become_proxy_events(tmp_path):
    proxy = ProxyLog("case", DAY)
    proxy.add(
        Visit(
            moment(DAY, "09:31:41"),
            "10.0.12.42",
            "user01",
            "http://old-books.example/a-31247564",
            agent="a b",
            key="link",
        )
    )
    path = tmp_path / "a.log"
    path.write_bytes(proxy.log.data())
    (event,) = records.normalize(read(path), "a.log")
    assert event.logsource.category == "proxy"
    assert (event.fields["c-uri"], event.fields["cs-host"]) == (
        "http://old-books.example/a-31247564",
        "old-books.example",
    )
    assert event.user == "CORP\\user01"
    assert [one.record for one in proxy.log.planted()] == ["5"]


def test_same_day_each_time():
    days = []
    for _ in range(2):
        proxy = ProxyLog("case", DAY)
        busy_day(proxy, DAY)
        days.append(proxy.log.data())
    assert days[0] == days[1]
    assert days[0].count(b"\n") > REQUESTS
