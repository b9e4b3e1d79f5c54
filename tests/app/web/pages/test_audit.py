import csv
from io import StringIO

from sekisho.app.console.audit import Actor, note


def test_the_log_is_filtered_checked_and_exported(desk, people, browser):
    with desk.database.change() as base:
        note(base, Actor("=cmd"), "hostile.thing", "<script>alert(1)</script>", name="=1+1")
    client = browser("admin")
    page = client.get("/settings/audit", params={"action": "hostile"}).text
    assert "&lt;script&gt;" in page
    assert "session.begin" not in page
    assert "follow from one another" in client.get("/settings/audit?check=true").text
    for given in ({"since": "2020-01-01", "until": "2020-01-02"}, {"who": "nobody"}, {"target": "x"}):
        assert "hostile.thing" not in client.get("/settings/audit", params=given).text
    assert client.get("/settings/audit", params={"since": "yesterday", "before": "1"}).status_code == 200
    answer = client.get("/settings/audit/export.csv?action=hostile.thing")
    rows = list(csv.reader(StringIO(answer.text)))
    assert [rows[1][2], rows[1][4]] == ["'=cmd", "hostile.thing"]
    assert len(rows) == 2
    everything = list(csv.reader(StringIO(client.get("/settings/audit/export.csv").text)))
    assert len(everything) == desk.database.count("SELECT count(*) FROM audit") + 1
    desk.database.base.execute("UPDATE audit SET who = 'nobody' WHERE number = 3")
    assert "Entry 3 does not follow" in client.get("/settings/audit?check=true").text
    assert browser("responder").get("/settings/audit").status_code == 403
