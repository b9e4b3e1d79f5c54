from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.choices import Inbox, load

MAIL = b"From: <script>@x.example\r\nSubject: <img src=x onerror=alert(1)>\r\nMessage-ID: <a@b>\r\n\r\n<b>x</b>\r\n"


def test_reports_are_listed_shown_and_answered(desk, people, browser):
    key = desk.reports.receive(MAIL, SYSTEM, "api", "user01@corp.example")
    client = browser("analyst")
    for path in ("/reported", f"/reported/{key}"):
        page = client.get(path)
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert "user01@corp[.]example" in page.text
    assert browser("viewer").post(f"/reported/{key}/answer", data={"answer": "clean"}).status_code == 403
    assert client.post(f"/reported/{key}/answer", data={"answer": "clean"}).status_code == 303
    assert desk.reports.get(key)["answered_by"] == "analyst"
    assert client.post(f"/reported/{key}/answer", data={"answer": "maybe"}).status_code == 422
    assert client.get("/reported/r0").status_code == 404
    assert client.post("/reported/r0/answer", data={"answer": "clean"}).status_code == 404


def test_where_reports_come_in_is_an_administrator_s_choice(desk, people, browser):
    client = browser("admin")
    given = {"imap": "mail.corp.example", "imap_security": "tls", "account": "report@corp.example", "folder": "INBOX"}
    assert client.post("/settings/reported", data={**given, "secret_inbox": "s3cret"}).status_code == 303
    assert load(desk.database, Inbox).account == "report@corp.example"
    assert "s3cret" not in client.get("/settings/reported").text
    assert client.post("/settings/reported", data={**given, "folder": "a\r\nb"}).status_code == 400
    assert browser("responder").get("/settings/reported").status_code == 403


def test_a_report_outlives_the_case_of_its_mail(desk, people, browser):
    key = desk.reports.receive(MAIL, SYSTEM, "api", "user01@corp.example")
    desk.cases.delete(desk.reports.get(key)["case_id"], SYSTEM)
    client = browser("viewer")
    assert "not kept any more" in client.get("/reported").text
    assert "not kept any more" in client.get(f"/reported/{key}").text
    again = desk.reports.receive(MAIL, SYSTEM, "api", "other@corp.example")
    assert desk.reports.get(again)["kept"]
