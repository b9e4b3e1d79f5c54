"""Explaining rules on events of every origin."""

import io
import json
import sys

import pytest

from sekisho.app.rules._chosen import Chosen
from sekisho.app.rules._show import Screen, dump
from sekisho.app.rules._texts import Texts
from sekisho.app.rules.explain import document, explain, render
from sekisho.detect.rules import load
from sekisho.model.errors import SourceError

RULE = r"""title: One
logsource: {product: windows, category: process_creation}
detection:
  a: {Image|endswith: '\mshta.exe'}
  b: {User: x}
  condition: a or b
"""
MAIL_RULE = """title: Mail
logsource: {product: email, category: message}
detection: {a: {subject|contains: hello}, condition: a}
"""
SYSMON = {"Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "PC"}
MAIL = (
    b"From: a@partner.example\r\nTo: b@corp.example\r\nSubject: hello\r\nMessage-ID: <1@partner.example>\r\n\r\nhi\r\n"
)


def chosen(text=RULE):
    return Chosen(load([("r.yml", text)]).compiled[0], {})


def told(answer, capsys, language="en"):
    screen = Screen()
    render(answer, Texts(language), screen)
    screen.show()
    return capsys.readouterr().out


def write(tmp_path, value, name="e.json"):
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


def test_a_log_is_read_with_its_own_logsources(tmp_path, capsys):
    path = write(
        tmp_path, [{**SYSMON, "EventID": 11, "Image": r"c:\mshta.exe"}, {**SYSMON, "EventID": 1, "Image": "x"}]
    )
    answer = explain(chosen(), path)
    assert (answer.records, answer.matched) == (2, 0)
    assert [one.event.fields["Image"] for one in answer.shown] == ["x"], "a file event is no process creation"
    assert "No record matches. The 1 nearest of 2:" in told(answer, capsys)


def test_another_logsource_is_said_first(tmp_path, capsys):
    path = write(tmp_path, [{**SYSMON, "EventID": 11, "Image": r"c:\mshta.exe"}])
    answer = explain(chosen(), path)
    assert not answer.shown[0].matched
    said = told(answer, capsys).splitlines()
    assert said[1].startswith("✗ One: does not match")
    assert "The event is windows/file_event/sysmon; the rule wants windows/process_creation." in said[2]
    assert document(answer)["events"][0]["logsource_fits"] is False


def test_a_mail_is_taken_apart(tmp_path):
    path = tmp_path / "one.eml"
    path.write_bytes(MAIL)
    answer = explain(chosen(MAIL_RULE), str(path))
    assert (answer.matched, answer.records) == (1, 1)
    assert answer.shown[0].event.record.endswith("one.eml")


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"Image": "a"}\n{"Image": "x\\\\mshta.exe"}\n')))
    answer = explain(chosen(), "-")
    assert (answer.matched, answer.shown[0].event.record) == (1, "2")


def test_five_records_at_most_are_shown_and_the_nearest_first(tmp_path):
    both = RULE.replace("a or b", "a and b")
    some = [{"Image": str(number)} for number in range(9)]
    answer = explain(chosen(both), write(tmp_path, [{}, *some, {"User": "x"}]))
    assert [one.event.record for one in answer.shown] == ["11", "2", "3", "4", "5"]


def test_records_that_are_alike_are_shown_once(tmp_path):
    answer = explain(chosen(), write(tmp_path, [{"User": "y", "at": number} for number in range(9)]))
    assert [one.event.record for one in answer.shown] == ["1"]
    assert answer.records == 9
    keyword = RULE.replace("{User: x}", "[needle]")
    answer = explain(chosen(keyword), write(tmp_path, [{"User": "y", "at": number} for number in range(9)]))
    assert len(answer.shown) == 5, "a keyword rule reads every field"


def test_what_acts_on_a_screen_does_not(tmp_path, capsys):
    answer = explain(chosen(), write(tmp_path, [{"Image": "a\x1b[31mb\nhttp://x.example/"}]))
    said = told(answer, capsys)
    assert "\x1b" not in said
    assert "a‹001B›[31mb hxxp://x[.]example/" in said


def test_json_of_odd_values_is_json():
    assert json.loads(dump({"a": ["\ud800", 1 << 70, {1: None}]})) == {"a": ["?", str(1 << 70), {"1": None}]}


@pytest.mark.parametrize(
    ("text", "said"), [("", "empty file"), ('{"a": ', "not JSON objects"), ("[1]", "not JSON objects")]
)
def test_what_holds_no_event_is_said(tmp_path, text, said):
    with pytest.raises(SourceError, match=said):
        explain(chosen(), write(tmp_path, text))


def test_a_file_without_events_is_no_error(tmp_path, capsys):
    assert "holds no event" in told(explain(chosen(), write(tmp_path, [])), capsys)


def test_a_record_that_is_not_there(tmp_path):
    with pytest.raises(SourceError, match="no record 7 among 1"):
        explain(chosen(), write(tmp_path, [{}]) + "#7")
