"""Invitations."""

import base64
import random

import pytest

from sekisho.analyzers import calendar
from sekisho.analyzers.calendar import _recognise as recognise
from sekisho.analyzers.calendar import analyze
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.url import Url

SCRIPT = b'WScript.Echo "nothing"\r\n' * 5
INVITATION = f"""BEGIN:VCALENDAR
PRODID:-//Example//Calendar 1.0//EN
METHOD:REQUEST
BEGIN:VEVENT
DTSTART;TZID="Asia/Tokyo":20261128T100000
SUMMARY:会議\\, 緊急
ORGANIZER;CN="Accounts; Payable":mailto:Boss@Example.com
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:user@example.net
DESCRIPTION:Please sign in at https://www.exam
 ple.com/login?u=1\\nbefore noon.
X-ALT-DESC;FMTTYPE=text/html:<html><a href="https://www.example.org/x">here</a></html>
ATTACH;FMTTYPE=application/pdf:https://files.example.com/a.pdf
ATTACH;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=text/vbscript;X-FILENAME="note.vbs":{base64.b64encode(SCRIPT).decode()}
BEGIN:VALARM
ACTION:PROCEDURE
ATTACH:file://192.0.2.4/share/a.exe
END:VALARM
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n").encode()


def read(data, name="a.ics"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(
                    one.value.canonical if isinstance(one.value, Url) else one.value
                )
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def test_who_invites_to_what():
    features, children, error = read(INVITATION)
    assert error is None
    assert features["calendar.method"] == ["REQUEST"]
    assert features["calendar.summary"] == ["会議, 緊急"]
    assert features["calendar.start"] == ["20261128T100000"]
    assert features["calendar.organizer"] == ["boss@example.com"]
    assert features["calendar.organizer_name"] == ["Accounts; Payable"]
    assert features["calendar.attendee"] == ["user@example.net"]
    assert features["calendar.alarm"] == ["procedure"]
    assert features["calendar.events"] == [1]
    assert features["calendar.remote_host"] == ["192.0.2.4"]
    assert features["calendar.is_outside"] == [True]
    assert features["calendar.attachment"] == ["https://files.example.com/a.pdf", "file://192.0.2.4/share/a.exe"]
    assert set(features["url"]) == {
        "https://www.example.com/login?u=1",
        "https://files.example.com/a.pdf",
        "file://192.0.2.4/share/a.exe",
    }
    assert [(child.name, child.relation) for child in children] == [
        ("description.html", "embedded"),
        ("note.vbs", "attachment"),
    ]
    assert children[1].data == SCRIPT


def test_a_plain_event():
    features, children, _ = read(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Lunch\nEND:VEVENT\nEND:VCALENDAR\n")
    assert features == {"calendar.summary": ["Lunch"], "calendar.events": [1]}
    assert children == []


@pytest.mark.parametrize(
    ("data", "claimed"),
    [(INVITATION, True), (b"\xef\xbb\xbfbegin:vcalendar\r\n", True), (b"BEGIN:VCARD\r\n", False), (b"", False)],
)
def test_what_is_claimed(data, claimed):
    assert recognise(Artifact("a", data, "a")) is claimed


def test_too_many_lines_are_named():
    error = read(b"BEGIN:VCALENDAR\n" + b"X:1\n" * calendar.LINES)[2]
    assert error.limit == "steps"


def test_only_foreseen_errors_come_out_of_broken_invitations():
    dice = random.Random(7)
    for _ in range(300):
        data = bytearray(INVITATION)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        read(bytes(data[: dice.randrange(1, len(data) + 1)]))
