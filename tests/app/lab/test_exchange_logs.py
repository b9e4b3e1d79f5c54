"""Rows of an Exchange server as its own logs spell them, read back by the sources that read real ones."""

from datetime import date

from sekisho.app.lab.corp import moment
from sekisho.app.lab.exchange_logs import ExchangeLogs, Message, Request, comma_row
from sekisho.normalize import records
from sekisho.sources.extended import read

DAY = date(2021, 11, 9)
AT = moment(DAY, "02:10:11")


def events(log, tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(log.data())
    return list(records.normalize(read(path), "a.log"))


def test_a_request_stands_in_both_logs(tmp_path):
    logs = ExchangeLogs("case", DAY)
    logs.request(
        Request(
            AT,
            "POST",
            "/ecp/y.js",
            "203.0.113.77",
            "a b",
            "q=1",
            "CORP\\user01",
            241,
            "ServerInfo~a]@b:444/x",
            "Ecp",
            "k",
        )
    )
    (web,) = events(logs.iis, tmp_path)
    (proxied,) = events(logs.proxy, tmp_path)
    assert web.logsource.category == "webserver"
    assert (web.user, web.fields["cs-user-agent"], web.fields["sc-status"]) == ("CORP\\user01", "a+b", "241")
    assert web.fields["cs-uri.decoded"] == "/ecp/y.js?q=1"
    assert "&CorrelationID=" in web.fields["cs-uri-query"]
    assert (proxied.logsource.service, proxied.host, proxied.user) == ("httpproxy", "MBX01", "CORP\\user01")
    assert (proxied.fields["AnchorMailbox"], proxied.fields["Url.decoded"]) == (
        "ServerInfo~a]@b:444/x",
        "/ecp/y.js?q=1",
    )
    assert [(one.key, one.record) for one in (*logs.iis.planted(), *logs.proxy.planted())] == [("k", "5"), ("k", "6")]


def test_what_the_web_server_answers_itself_is_not_handed_on(tmp_path):
    logs = ExchangeLogs("case", DAY)
    logs.request(Request(AT, "GET", "/owa/healthcheck.htm", "10.0.0.5", "probe"))
    assert (len(logs.iis), len(logs.proxy)) == (1, 0)
    (event,) = events(logs.iis, tmp_path)
    assert "cs-uri-query" not in event.fields


def test_a_message_is_submitted_once_and_delivered_to_each_inside(tmp_path):
    logs = ExchangeLogs("case", DAY)
    recipients = ("b@corp.example", "c@corp.example", "d@partner.example")
    logs.message(Message(AT, "a@corp.example", recipients, 'RE: "x", y', "WebServices", key="k"))
    submitted, *delivered = events(logs.tracking, tmp_path)
    assert submitted.fields["recipients"] == list(recipients)
    assert (submitted.fields["client-type"], submitted.fields["internal"]) == ("WebServices", "false")
    assert submitted.fields["message-subject"] == 'RE: "x", y'
    assert [one.fields["recipient-address"] for one in delivered] == ["b@corp.example", "c@corp.example"]
    assert len(logs.tracking.planted()) == 3


def test_what_the_control_panel_ran(tmp_path):
    logs = ExchangeLogs("case", DAY)
    logs.panel_call(AT, "S:CMD=Set-X.Url='<script language=\"a\">'")
    (event,) = events(logs.panel, tmp_path)
    assert event.logsource.service == "ecp"
    assert '<script language="a">' in event.fields["EventData"]


def test_values_with_commas_quotes_and_breaks():
    assert comma_row(["a", "b,c", 'd"e', "f\ng", ""]) == 'a,"b,c","d""e","f\ng",'
