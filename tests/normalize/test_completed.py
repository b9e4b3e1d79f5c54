"""Everything that is worked out of an event, in one go."""

from sekisho.analyzers.command_line import unfold
from sekisho.model.event import Event, Logsource
from sekisho.model.injection import find_injection
from sekisho.normalize.completed import completed


def complete(category, **fields):
    return completed(Event(Logsource("", category), fields, 0), unfold, find_injection).fields


def test_each_kind_of_event_gets_its_own():
    command = complete("process_creation", CommandLine="cmd /c m^sh^ta h^tt^p://0xc0000201/a.html")
    assert "http://192.0.2.1/a.html" in command["CommandLine.url"]
    assert complete("proxy", **{"c-uri": "http://0xc0000201/a"})["url.ip"] == "192.0.2.1"
    assert complete("order", address="1-2<script src=//x.example>")["injection.field"] == ["address"]


def test_an_event_that_says_it_all_comes_back_as_it_is():
    event = Event(Logsource("windows", "file_event"), {"TargetFilename": "C:\\a.txt"}, 0)
    assert completed(event, unfold, find_injection) is event
