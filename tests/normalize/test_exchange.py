"""Exchange's own records get the fields that rules read, from every shape they are exported in."""

import random
from types import SimpleNamespace

import pytest

from sekisho.app import ruleset
from sekisho.normalize import records, windows
from sekisho.normalize.exchange import cmdlet, parameters, tracking

PAGE = "\\\\127.0.0.1\\C$\\inetpub\\wwwroot\\aspnet_client\\a.aspx"
LOCAL = f"{{Mailbox=user01, FilePath={PAGE}}}"
REMOTE = f'-Mailbox "user01" -FilePath "{PAGE}"'
CALL = [
    "New-MailboxExportRequest",
    LOCAL,
    "corp.example/Users/adm",
    "S-1-5-21-1",
    "S-1-5-21-1",
    "Remote",
    "2084 w3wp",
    "",
]
HEAD = {"Provider_Name": "MSExchange CmdletLogs", "Channel": "MSExchange Management", "EventID": 1, "Computer": "mbx01"}
TRACKING = {
    "date-time": "2021-11-08T01:02:03.004Z",
    "server-hostname": "MBX01",
    "source-context": "MDB:1, Mailbox:2, Event:3, MessageClass:IPM.Note, CreationTime:2021, ClientType:WebServices, X:Y",
    "source": "STOREDRIVER",
    "event-id": "SUBMIT",
    "message-id": "<1@corp.example>",
    "recipient-address": "b@corp.example;c@corp.example",
    "message-subject": "RE: offer",
    "sender-address": "a@corp.example",
}


def windows_event(fields):
    (event,) = windows.normalize([SimpleNamespace(record="1", fields=fields)], "x")
    return event


def record_event(fields):
    (event,) = records.normalize([SimpleNamespace(record="1", fields=fields)], "x")
    return event


def elements(data):
    """Give an event as an EVTX reader does."""
    system = {
        "Provider": {"#attributes": {"Name": "MSExchange CmdletLogs"}},
        "EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 1},
        "Level": 4,
        "Task": 1,
        "Keywords": "0x80000000000000",
        "TimeCreated": {"#attributes": {"SystemTime": "2021-11-09T01:02:03Z"}},
        "EventRecordID": 7,
        "Channel": "MSExchange Management",
        "Computer": "mbx01",
        "Security": None,
    }
    return {"Event": {"System": system, "EventData": {"Data": {"#text": data}, "Binary": None}}}


def winlogbeat(data):
    winlog = {"channel": "MSExchange Management", "provider_name": "MSExchange CmdletLogs", "event_id": 1}
    numbered = {f"param{number}": value for number, value in enumerate(data, 1)}
    return {
        "@timestamp": "2021-11-09T01:02:03Z",
        "winlog": {**winlog, "computer_name": "mbx01", "event_data": numbered},
    }


@pytest.mark.parametrize("shape", [elements, winlogbeat])
def test_a_call_from_the_data_of_the_event(shape):
    event = windows_event(shape(CALL))
    assert (event.logsource.service, event.user, event.host) == ("msexchange-management", "adm", "mbx01")
    assert event.fields["Cmdlet"] == "New-MailboxExportRequest"
    assert event.fields["CmdletParameters"] == LOCAL
    assert event.fields["CmdletParameter"] == ["Mailbox=user01", f"FilePath={PAGE}"]
    assert (event.fields["CmdletCaller"], event.fields["CmdletHost"]) == ("corp.example/Users/adm", "Remote")
    assert event.fields["CmdletProcess"] == "2084 w3wp"


@pytest.mark.parametrize("word", ["succeeded", "suceeded", "failed"])
def test_a_call_of_which_only_the_message_is_left(word):
    event = windows_event(HEAD | {"Message": f"Cmdlet {word}. Cmdlet New-MailboxExportRequest, parameters {REMOTE}."})
    assert event.fields["Cmdlet"] == "New-MailboxExportRequest"
    assert event.fields["CmdletParameter"] == ["Mailbox=user01", f"FilePath={PAGE}"]
    assert "CmdletCaller" not in event.fields


def test_a_message_in_another_language():
    said = f"コマンドレットが成功しました。コマンドレット New-MailboxExportRequest、パラメーター {LOCAL}。"
    event = windows_event(HEAD | {"Message": said})
    assert event.fields["Cmdlet"] == "New-MailboxExportRequest"
    assert event.fields["CmdletParameter"] == ["Mailbox=user01", f"FilePath={PAGE}"]


def test_a_message_without_parameters():
    event = windows_event(HEAD | {"Message": "Cmdlet succeeded. Cmdlet Get-Mailbox, parameters ."})
    assert (event.fields["Cmdlet"], event.fields["CmdletParameters"]) == ("Get-Mailbox", "")
    assert "CmdletParameter" not in event.fields


def test_other_events_of_the_log_stay_as_they_are():
    event = windows_event(HEAD | {"EventID": 8, "Message": "Cmdlet failed. Cmdlet A-B, parameters -X 1."})
    assert "Cmdlet" not in event.fields


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("{}", []),
        ("{A=1}", [("A", "1")]),
        ('-Confirm:$false -Identity "x y"', [("Confirm", "$false"), ("Identity", "x y")]),
        ("-Force -Name 'a-b'", [("Force", ""), ("Name", "a-b")]),
        ('-Url "http://f/<script src=\\"a\\">" -Id "1"', [("Url", 'http://f/<script src=\\"a\\">'), ("Id", "1")]),
    ],
)
def test_parameters(text, wanted):
    assert list(parameters(text)) == wanted


def test_a_value_that_looks_like_a_parameter_hides_none():
    named = list(parameters('-FilePath "\\\\a\\b.aspx" -Name "x" -FilePath "c.pst"'))
    assert ("FilePath", "\\\\a\\b.aspx") in named
    assert ("FilePath", "c.pst") in named


def test_a_submitted_message():
    event = record_event(TRACKING)
    assert (event.logsource.service, event.host) == ("message_tracking", "MBX01")
    assert event.fields["recipients"] == ["b@corp.example", "c@corp.example"]
    assert event.fields["recipient-domain"] == ["corp.example"]
    assert (event.fields["sender-domain"], event.fields["internal"]) == ("corp.example", "true")
    assert event.fields["client-type"] == "WebServices"


@pytest.mark.parametrize(
    ("changed", "name", "wanted"),
    [
        ({"recipient-address": "b@corp.example;c@Other.example"}, "internal", "false"),
        ({"sender-address": "<>"}, "internal", "false"),
        ({"source": "SMTP"}, "client-type", None),
        (
            {"source-context": "MessageClass:IPM.Note, ClientType:MOMT, CreationTime:1, ClientType:OWA"},
            "client-type",
            "OWA",
        ),
        ({"recipient-address": ""}, "recipients", None),
    ],
)
def test_what_a_message_is_not(changed, name, wanted):
    assert record_event(TRACKING | changed).fields.get(name) == wanted


def test_an_httpproxy_row_has_its_decoded_url_its_host_and_its_user():
    row = {
        "DateTime": "2021-11-08T01:02:03.004Z",
        "UrlStem": "/autodiscover/autodiscover.json",
        "UrlQuery": "%2540x.example/mapi/nspi/",
        "AnchorMailbox": "x",
        "HttpStatus": "200",
        "ServerHostName": "MBX01",
        "AuthenticatedUser": "NT AUTHORITY\\SYSTEM",
    }
    event = record_event(row)
    assert (event.logsource.service, event.host, event.user) == ("httpproxy", "MBX01", "NT AUTHORITY\\SYSTEM")
    assert event.fields["Url.decoded"] == "/autodiscover/autodiscover.json?@x.example/mapi/nspi/"


@pytest.mark.parametrize(
    ("kind", "service"),
    [
        ("HttpProxy Logs", "httpproxy"),
        ("Message Tracking Log", "message_tracking"),
        ("ECP Server Log", "ecp"),
        ("EWS Logs", "ews"),
        ("OWA Logs", "owa logs"),
    ],
)
def test_a_row_with_empty_columns_is_known_by_the_kind_of_its_log(kind, service):
    event = record_event({"_log_type": kind, "DateTime": "2021-11-08T01:02:03Z"})
    assert (event.logsource.product, event.logsource.service) == ("exchange", service)


@pytest.mark.parametrize(
    "recipients",
    ["b@corp.example;c@corp.example", "{b@corp.example, c@corp.example}", ["b@corp.example", "c@corp.example"]],
)
def test_message_tracking_as_the_cmdlet_exports_it(recipients):
    row = {
        "Timestamp": "2021-11-09T01:05:10Z",
        "ServerHostname": "MBX01",
        "SourceContext": TRACKING["source-context"],
        "Source": "STOREDRIVER",
        "EventId": "SUBMIT",
        "MessageId": "<1@corp.example>",
        "Recipients": recipients,
        "MessageSubject": "RE: offer",
        "Sender": "a@corp.example",
    }
    event = record_event(row)
    assert (event.logsource.service, event.host) == ("message_tracking", "MBX01")
    assert event.fields["recipients"] == ["b@corp.example", "c@corp.example"]
    assert (event.fields["client-type"], event.fields["internal"]) == ("WebServices", "true")
    assert {one.title for one in ruleset.load([], cache=False).match(event)} == {"Internal Reply Sent by a Program"}


def test_an_exported_httpproxy_row_without_a_mailbox():
    row = {"DateTime": "2021-03-03T06:49:51Z", "UrlHost": "mail.corp.example", "UrlStem": "/owa/", "HttpStatus": "302"}
    assert record_event(row).logsource.service == "httpproxy"


def test_an_ecp_row_names_its_server():
    row = {
        "_log_type": "ECP Server Log",
        "TimeStamp": "2021-03-03T07:14:24.911Z",
        "ServerName": "MBX01",
        "EventData": "S:CMD=X",
    }
    event = record_event(row)
    assert (event.logsource.service, event.host) == ("ecp", "MBX01")
    assert event.time_ns == 1_614_755_664_911_000_000


def test_broken_values_change_nothing_else():
    dice = random.Random(5)
    values = [None, 3, "", [], ["x"], ["x", None, 3], "{A=", '-A "', "a;b;@;c@", "ClientType:", True]
    for _ in range(300):
        fields = {name: dice.choice(values) for name in (*TRACKING, "Data", "Message")}
        before = dict(fields)
        cmdlet(fields)
        tracking(fields, {})
        assert before.items() <= fields.items()
