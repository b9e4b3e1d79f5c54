"""Answers on the screen."""

from io import StringIO

from rich.console import Console

from sekisho.model.event import Event, Logsource
from sekisho.respond import hunted
from sekisho.respond.wording import Words


def shown(tell):
    out = StringIO()
    tell(Console(file=out, width=120, no_color=True, highlight=False, markup=False))
    return out.getvalue()


def test_an_event_with_what_was_asked_for_first():
    fields = {"User": "u", "CommandLine": "cmd /c x", "Image": "C:\\a.exe", "Extra": "\x1b[31mred"}
    event = Event(Logsource("windows", "process_creation", "sysmon"), fields, 0, "PC", "u", "a.evtx", "7")
    text = shown(lambda console: hunted.show([event], ["extra"], Words("en"), console))
    assert text.index("Extra:") < text.index("Image:") < text.index("CommandLine:")
    assert "windows/process_creation/sysmon" in text
    assert "a.evtx #7" in text
    assert "\x1b" not in text


def test_an_event_of_no_known_kind_shows_some_fields():
    event = Event(Logsource(), {"a": "", "b": "http://bad.example/x", "c": None}, None, "", "", "m.eml", "m.eml » x")
    text = shown(lambda console: hunted.show([event], [], Words("ja"), console))
    assert "（時刻なし）" in text
    assert "b: hxxp://bad[.]example/x" in text
    assert "m.eml » x" in text
    assert "#" not in text


def test_counts_show_the_commonest_and_the_rarest():
    found = {f"v{n:03}": 100 - n for n in range(60)}
    text = shown(lambda console: hunted.counts(found, "Image", Words("en"), console))
    assert "v000" in text
    assert "v059" in text
    assert "v030" not in text
    assert "30 values in between" in text
    assert "(without a value)" in shown(lambda console: hunted.counts({"": 2}, "x", Words("en"), console))


def test_lines_are_json():
    (line,) = hunted.lines([Event(Logsource("p"), {"a": 1}, 0, "PC", "", "s", "1")])
    assert line.startswith(b'{"id":')
    assert b'"fields":{"a":1}' in line
