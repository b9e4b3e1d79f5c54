"""The logs of the lab's mail servers read back as what was written."""

from datetime import UTC, datetime, timedelta

from sekisho.app.lab.mail_server_logs import MailServerLogs
from sekisho.normalize import syslog
from sekisho.sources import Row
from sekisho.sources.syslog import read

AT = datetime(2021, 10, 7, 1, 0, tzinfo=UTC)


def events(log, tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(log.data())
    return list(syslog.normalize((one for one in read(path) if isinstance(one, Row)), "a.log"))


def test_logins_and_sessions(tmp_path):
    logs = MailServerLogs("x")
    logs.failure(AT, "user03", "203.0.113.66", "k")
    logs.visit(AT, "user03", "203.0.113.10", 7)
    found = events(logs.imap, tmp_path)
    assert [(one.logsource.category, one.fields.get("result"), one.fields.get("stage")) for one in found] == [
        ("authentication", "failure", "backend"),
        ("authentication", "success", None),
        ("authentication", "failure", None),
        ("session", None, None),
    ]
    assert (found[-1].fields["fetched"], found[-1].fields["src_ip"]) == (7, "203.0.113.10")
    assert [(one.key, one.record) for one in logs.imap.planted()] == [("k", found[0].record), ("k", found[2].record)]


def test_mails(tmp_path):
    logs = MailServerLogs("x")
    logs.submitted(AT, "user03", "203.0.113.10", ["a@partner.example", "user01@corp.example"], "1@corp.example")
    logs.received(AT + timedelta(minutes=1), "b@partner.example", "user01@corp.example")
    mails = [one for one in events(logs.smtp, tmp_path) if one.logsource.category == "mailflow"]
    assert [(one.user, one.fields["direction"]) for one in mails] == [
        ("user03@corp.example", "outbound"), ("user03@corp.example", "internal"), ("", "inbound"),
    ]  # fmt: skip
    assert mails[1].fields["message_id"] == "1@corp.example"
