import json
import random
import socket
from email import message_from_bytes
from email.policy import default

import pytest

from sekisho.model.errors import ResponseError
from sekisho.respond.notices import Notice, letter, send_syslog, slack, syslog, teams

URL = "https://hooks.example/T0/B0/secret"


def notice(title="Attack", text="line one\nline two", **more):
    given = {
        "kind": "incident",
        "severity": "high",
        "id": "i1",
        "link": "https://soc.example/incidents/i1",
        "at": 1_700_000_000,
    }
    return Notice(title=title, text=text, **{**given, **more})


def test_slack_text_links_mentions_and_formats_nothing():
    told = json.loads(slack(URL, notice("<!channel> <https://evil.example|click> *bold* & `x`")).body)
    text = told["blocks"][0]["text"]["text"]
    assert "<!channel>" not in text
    assert "<https://evil" not in text
    assert "&lt;!channel&gt;" in text
    assert text.count("<") == 1  # our own link
    assert "evil[.]example" in text


def test_a_teams_card_is_of_its_schema_and_holds_no_link_of_the_attacker():
    told = json.loads(teams(URL, notice("[click](https://evil.example/) <b>x</b>")).body)
    card = told["attachments"][0]["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert told["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert "](" not in card["body"][0]["text"].replace("\\]\\(", "")
    assert card["actions"][0]["url"] == "https://soc.example/incidents/i1"


def test_a_letter_has_one_subject_line_and_no_header_of_the_attacker():
    made = letter("soc@corp.example", ("a@corp.example",), notice("x\r\nBcc: evil@evil.example\r\n\r\nbody", "添付\nx"))
    read = message_from_bytes(made.as_bytes(), policy=default)
    assert read["Bcc"] is None
    assert read["To"] == "a@corp.example"
    assert read["Auto-Submitted"] == "auto-generated"
    assert "添付" in read.get_content()


def fields_of(record):
    """Read a record as a SIEM does."""
    head, _, cef = record.decode().partition("\ufeffCEF:0|")
    parts, at = [], 0
    current = ""
    while len(parts) < 6:
        char = cef[at]
        if char == "\\":
            current, at = current + cef[at + 1], at + 2
            continue
        if char == "|":
            parts.append(current)
            current = ""
        else:
            current += char
        at += 1
    return head, parts, cef[at:]


def test_a_record_is_rfc_5424_around_cef():
    head, parts, extension = fields_of(syslog("soc-1", "1.0", notice()))
    assert head == "<107>1 2023-11-14T22:13:20Z soc-1 sekisho - incident - "
    assert parts == ["Sekisho", "Sekisho", "1.0", "incident", "Attack", "8"]
    assert extension == (
        "rt=1700000000000 externalId=i1 msg=line one\\nline two request=https://soc.example/incidents/i1"
    )


def test_no_title_or_text_forges_a_record_or_a_field():
    dice = random.Random(5)
    parts = ["|", "=", "\\", "\n", "\r", " act=allowed", "CEF:0|x|", "\u2028", "\x00", "<1>1 ", "a", "\ud800", "\x85"]
    for _ in range(500):
        hostile = "".join(dice.choice(parts) for _ in range(dice.randrange(1, 9)))
        record = syslog("h", "1", notice(hostile, hostile))
        assert len(record.splitlines()) == 1
        assert b"\x00" not in record
        _, found, extension = fields_of(record)
        assert found[-1] == "8"
        pairs = [one for one in range(1, len(extension)) if extension[one] == "=" and extension[one - 1] != "\\"]
        assert len([at for at in pairs if not extension[:at].endswith("\\")]) == 4


def test_records_go_by_udp_and_counted_by_tcp():
    record = syslog("h", "1", notice())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)
        send_syslog(one.getsockname(), "udp", record)
        assert one.recv(9000) == record
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        send_syslog(server.getsockname(), "tcp", record)
        with server.accept()[0] as got:
            assert got.recv(9000) == b"%d %s" % (len(record), record)
        place = server.getsockname()
    with pytest.raises(ResponseError, match="cannot be reached"):
        send_syslog(place, "tcp", record)
