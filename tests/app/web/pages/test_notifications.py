from sekisho.app.console.choices import Notify, Post, load

FORM = {
    "severity": "medium",
    "language": "ja",
    "approvals": "true",
    "syslog": "127.0.0.1:1514",
    "mail_to": "soc@corp.example",
    "smtp": "mail.corp.example",
    "sender": "sekisho@corp.example",
}


def test_who_hears_of_what_is_kept_and_tested(desk, people, browser):
    client = browser("admin")
    given = {**FORM, "secret_slack": "https://hooks.slack.example/s3cret"}
    assert client.post("/settings/notifications", data=given).status_code == 303
    assert load(desk.database, Notify).severity == "medium"
    assert load(desk.database, Notify).failures is False
    assert load(desk.database, Post).sender == "sekisho@corp.example"
    assert client.post("/settings/notifications/test", data={"way": "syslog"}).status_code == 303
    assert client.post("/settings/notifications/test", data={"way": "teams"}).status_code == 400
    page = client.get("/settings/notifications").text
    assert "Test of notifications" in page
    assert "s3cret" not in page
    assert browser("responder").get("/settings/notifications").status_code == 403


def test_what_cannot_be_used_is_said(desk, people, browser):
    client = browser("admin")
    for changed in (
        {"mail_to": "a b"},
        {"severity": "loud"},
        {"sender": ""},
        {"smtp": "a b"},
        {"base": "javascript:x"},
    ):
        answer = client.post("/settings/notifications", data={**FORM, **changed})
        assert answer.status_code == 400, changed
        assert 'role="alert"' in answer.text
    assert load(desk.database, Notify) == Notify()
