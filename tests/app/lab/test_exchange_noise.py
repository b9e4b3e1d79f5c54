"""An ordinary day of an Exchange server has what an attack looks like from afar, and the same bytes each time."""

from datetime import date

from sekisho.app.lab.corp import Desk, moment
from sekisho.app.lab.endpoint import Machine
from sekisho.app.lab.exchange_logs import ExchangeLogs
from sekisho.app.lab.exchange_noise import SCANNERS, administer, busy_day

DAY = date(2021, 11, 9)


def day():
    logs = ExchangeLogs("case", DAY)
    server = Machine(Desk("it-admin", "MBX01", "10.0.0.25", 90), "case", moment(DAY, "00:00:01"))
    busy_day(logs, DAY)
    administer(logs, server, DAY)
    return logs, server


def test_same_day_each_time_and_nothing_planted():
    (one, server), (other, _) = day(), day()
    assert [log.data() for log in one.all] == [log.data() for log in other.all]
    assert not any(log.planted() for log in one.all)
    assert not server.export().planted


def test_scanners_are_refused_and_twins_are_there():
    logs, server = day()
    rows = logs.iis.data().decode().splitlines()
    scans = [row.split(" ") for row in rows if any(ip in row for ip in SCANNERS)]
    assert len(scans) == 12
    assert {row[-4] for row in scans} == {"401", "404"}
    assert sum("autodiscover.json" in row and "Email=user" in row for row in rows) > 200
    assert sum("python-requests" in row for row in rows) > 900
    assert sum("healthcheck.htm" in row for row in rows) > 400
    told = server.export().data.decode()
    assert "user33.pst" in told
    assert "Remove-MailboxExportRequest" in told
