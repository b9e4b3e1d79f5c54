"""Logs with their columns in a comment: IIS, Exchange, CDN and Zeek, as they lie on disk."""

import gzip
import random

import pytest

from sekisho.normalize import records
from sekisho.sources import Gap, Row, json_stream
from sekisho.sources.extended import MAX_LINE_CHARS, read, read_span, recognise, split

IIS = (
    "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2021-08-19 02:00:00\r\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status\r\n"
    "2021-08-19 02:00:01 192.0.2.1 POST /autodiscover/autodiscover.json a=x@y.example/powershell/ 443 - 203.0.113.9"
    " python-requests/2.25.1 200\r\n"
)
AGAIN = (
    "#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time cs-method cs-uri-stem sc-status\r\n"
    "2021-08-19 03:00:00 GET /owa/ 302\r\n"
)
HTTPPROXY = (
    "DateTime,RequestId,UrlHost,UrlStem,AnchorMailbox,UserAgent,ClientIpAddress,HttpStatus\n"
    "#Software: Microsoft Exchange Server\n#Version: 15.01.2242.000\n#Log-type: HttpProxy Logs\n#Date: 2021-03-03T04:00:00.000Z\n"
    "#Fields: DateTime,RequestId,UrlHost,UrlStem,AnchorMailbox,UserAgent,ClientIpAddress,HttpStatus\n"
    '2021-03-03T04:00:01.000Z,1,mail.corp.example,/ecp/y.js,"ServerInfo~a]@mx.corp.example:444/autodiscover, x",,203.0.113.9,200\n'
)
TRACKING = (
    "\ufeff#Software: Microsoft Exchange Server\r\n#Version: 15.01.2242.000\r\n#Log-type: Message Tracking Log\r\n"
    "#Fields: date-time,client-ip,event-id,message-id,recipient-address,message-subject,sender-address\r\n"
    '2021-11-08T01:02:03.004Z,192.0.2.5,DELIVER,<1@corp.example>,b@corp.example,"Re: offer, ""final""",a@corp.example\r\n'
)
ZEEK = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2021-03-15-00-00-00\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tlocal_orig\tduration\ttunnel_parents\tservice\tconn_state\n"
    "#types\ttime\tstring\taddr\tport\taddr\tbool\tinterval\tset[string]\tstring\tstring\n"
    "1615800000.5\tC1\t192.0.2.7\t49152\t203.0.113.8\tT\t1.25\t(empty)\tht\\x09tp\tSF\n#close\t2021-03-15-01-00-00\n"
)
CDN = (
    "#Version: 1.0\n#Fields: date time c-ip cs-method cs(Host) cs-uri-stem sc-status\n"
    "2021-03-15\t01:02:03\t192.0.2.7\tGET\tshop.example\t/cart\t200\n"
)


def rows(tmp_path, text, name="a.log"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read(path))


@pytest.mark.parametrize("text", [IIS, HTTPPROXY, TRACKING, ZEEK, CDN, "\n#Fields: a b\n1 2\n"])
def test_recognised_by_the_directive(tmp_path, text):
    assert recognise(text.encode(), tmp_path / "x")
    assert recognise(gzip.compress(text.encode()), tmp_path / "x")


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "# Fields: of study\n", "x\n#Fields: a b\n", '{"#Fields": 1}', "#fields in a list\n"]
)
def test_anything_else_is_not(tmp_path, text):
    assert not recognise(text.encode(), tmp_path / "x")


def test_iis_rows_leave_out_what_is_missing_and_follow_new_columns(tmp_path):
    first, second = rows(tmp_path, IIS + AGAIN)
    assert first.record == "5"
    assert first.fields["cs-uri-query"] == "a=x@y.example/powershell/"
    assert "cs-username" not in first.fields
    assert second == Row(
        "8", {"date": "2021-08-19", "time": "03:00:00", "cs-method": "GET", "cs-uri-stem": "/owa/", "sc-status": "302"}
    )


def test_iis_rows_become_web_server_events(tmp_path):
    (event,) = records.normalize(rows(tmp_path, IIS), "a.log")
    assert event.logsource.category == "webserver"
    assert event.fields["cs-user-agent"] == "python-requests/2.25.1"
    assert event.time_ns == 1_629_338_401_000_000_000


def test_exchange_logs_keep_commas_and_quotes_and_say_what_they_are(tmp_path):
    (row,) = rows(tmp_path, HTTPPROXY)
    assert row.fields["AnchorMailbox"] == "ServerInfo~a]@mx.corp.example:444/autodiscover, x"
    assert row.fields["_log_type"] == "HttpProxy Logs"
    assert "UserAgent" not in row.fields
    (event,) = records.normalize([row], "a.log")
    assert (event.logsource.product, event.logsource.service) == ("exchange", "httpproxy")


def test_message_tracking(tmp_path):
    (event,) = records.normalize(rows(tmp_path, TRACKING), "a.log")
    assert event.fields["message-subject"] == 'Re: offer, "final"'
    assert (event.logsource.product, event.logsource.service) == ("exchange", "message_tracking")
    assert event.time_ns == 1_636_333_323_004_000_000


def test_a_quoted_value_may_span_lines(tmp_path):
    text = '#Fields: a,b\n1,"x\ny"\n3,4\n'
    assert [row.fields for row in rows(tmp_path, text)] == [{"a": "1", "b": "x\ny"}, {"a": "3", "b": "4"}]


def test_zeek_values_have_their_types(tmp_path):
    (row,) = rows(tmp_path, ZEEK)
    assert row.fields == {
        "_path": "conn", "ts": 1615800000.5, "uid": "C1", "id.orig_h": "192.0.2.7", "id.orig_p": 49152,
        "id.resp_h": "203.0.113.8", "local_orig": True, "duration": 1.25, "tunnel_parents": [], "service": "ht\ttp",
        "conn_state": "SF",
    }  # fmt: skip
    (event,) = records.normalize([row], "conn.log")
    assert (event.logsource.product, event.logsource.category) == ("zeek", "firewall")
    assert event.fields["dst_ip"] == "203.0.113.8"


def test_rows_parted_by_tabs_under_names_parted_by_blanks(tmp_path):
    (row,) = rows(tmp_path, CDN)
    assert row.fields["cs(Host)"] == "shop.example"


def test_a_row_that_does_not_fit_is_named_and_the_rest_is_read(tmp_path):
    found = rows(tmp_path, "#Fields: a b c\n1 2\n1 2 3\n\0\0\n1 2 3 4\n")
    assert [type(one) for one in found] == [Gap, Row, Gap]
    assert found[0] == Gap("2", "not as many values as the 3 columns")


def test_a_line_without_end_is_named_and_memory_is_bounded(tmp_path):
    path = tmp_path / "a.log"
    with path.open("wb") as file:
        file.write(b"#Fields: a b\n1 2\n")
        for _ in range(12):
            file.write(b"x" * (1 << 20))
        file.write(b"\n3 4\n")
    found = list(read(path))
    assert [one.record for one in found if isinstance(one, Row)] == ["2", "4"]
    assert [one.reason for one in found if isinstance(one, Gap)] == [
        f"line is longer than {MAX_LINE_CHARS >> 20} Mi characters"
    ]


def test_a_cut_stream_keeps_what_came_before(tmp_path):
    text = IIS.encode() + b"".join(
        b"2021-08-19 02:00:01 192.0.2.%d GET / q 443 - 203.0.113.9 a 200\r\n" % (n % 250) for n in range(9000)
    )
    found = rows(tmp_path, gzip.compress(text)[:-2_000], "a.log.gz")
    assert sum(isinstance(one, Row) for one in found) > 100
    assert isinstance(found[-1], Gap)


def test_nothing_breaks_on_broken_bytes(tmp_path):
    dice = random.Random(7)
    seeds = [IIS, HTTPPROXY, TRACKING, ZEEK, CDN]
    for _ in range(300):
        data = bytearray(dice.choice(seeds).encode() + dice.choice(seeds).encode())
        for _ in range(dice.randrange(1, 9)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        list(records.normalize([one for one in rows(tmp_path, bytes(data)) if isinstance(one, Row)], "a"))


def test_a_quote_without_an_end_costs_its_own_line_only(tmp_path):
    head = "#Log-type: ECP Server Log\n#Fields: TimeStamp,ServerName,EventId,EventData\n"
    found = rows(tmp_path, head + '1,A,x,"cut off\n2,A,x,whole\n3,A,x,"two\nlines"\n4,A,x,"open\n5,A,x,last\n')
    assert [one.record for one in found if isinstance(one, Row)] == ["3", "4", "5", "7", "8"]
    assert found[2].fields["EventData"] == "two\nlines"
    assert found[0].fields["EventData"] == "cut off"


def test_quotes_without_an_end_are_read_in_time_that_grows_with_the_file(tmp_path):
    head = "#Fields: a,b,c\n"
    text = head + ('1,2,"3\n' + "x\n" * 40) * 3_000
    found = rows(tmp_path, text)
    assert sum(isinstance(one, Row) for one in found) == 3_000


def test_line_breaks_in_a_value_make_no_rows_and_no_directives(tmp_path):
    head = "#Log-type: Message Tracking Log\n#Fields: date-time,message-subject,sender-address\n"
    forged = '"RE: a\n#Fields: sender-address,date-time\n2,forged,x@corp.example\n"'
    (whole,) = rows(tmp_path, head + f"1,{forged},a@corp.example\n")
    assert whole.fields["message-subject"].count("\n") == 3
    (gap, honest) = rows(tmp_path, head + f"1,{forged},a@corp.example,one too many\n3,b,b@corp.example\n")
    assert isinstance(gap, Gap)
    assert honest == Row(
        "7",
        {
            "_log_type": "Message Tracking Log",
            "date-time": "3",
            "message-subject": "b",
            "sender-address": "b@corp.example",
        },
    )


@pytest.mark.parametrize(
    "text", [IIS * 40 + AGAIN * 60 + IIS * 30 + "x\n" * 5, ZEEK * 30, CDN * 90, IIS + "2021-08-19\n" * 200]
)
@pytest.mark.parametrize("size", [1, 700, 5_000, 1 << 30])
def test_spans_give_the_rows_of_the_whole(tmp_path, monkeypatch, text, size):
    monkeypatch.setattr(json_stream, "BLOCK_BYTES", 512)
    path = tmp_path / "a.log"
    path.write_text(text, newline="")
    spans = list(split(path, size))
    assert spans[0].start == 0
    assert spans[-1].end == path.stat().st_size
    assert len(spans) > 1 or size > 1_000
    assert [item for span in spans for item in read_span(path, span)] == list(read(path))


@pytest.mark.parametrize("text", [TRACKING, HTTPPROXY])
def test_where_quotes_may_hold_line_breaks_the_file_stays_whole(tmp_path, text):
    path = tmp_path / "a.log"
    path.write_text(text * 50)
    assert list(split(path, 100)) == []
    path.write_bytes(gzip.compress(IIS.encode()))
    assert list(split(path, 100)) == []
    assert list(split(tmp_path / "missing", 100)) == []


def test_a_cut_log_of_iis_without_its_first_lines(tmp_path):
    row = "2021-11-09 01:00:00 10.0.0.25 POST /ecp/y.js - 443 - 203.0.113.77 python-requests/2.25.1 - 241 0 0 93\r\n"
    assert recognise(row.encode(), tmp_path / "x")
    assert recognise(b"half a line 0 93\r\n" + row.encode(), tmp_path / "x")
    half, _ = rows(tmp_path, "half a line 0 93\r\n" + row)
    assert isinstance(half, Gap)
    (event,) = records.normalize(rows(tmp_path, row), "a.log")
    assert event.logsource.category == "webserver"
    assert (event.fields["sc-status"], event.fields["cs-user-agent"]) == ("241", "python-requests/2.25.1")
    later = rows(tmp_path, row + AGAIN)
    assert [one.fields["sc-status"] for one in later] == ["241", "302"]
    assert not recognise(b"2021-11-09 01:00:00 10.0.0.25 POST /ecp/y.js\n", tmp_path / "x")
