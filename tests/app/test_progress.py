"""Progress: one line while it works, nothing left behind, nothing when nobody looks."""

import sys
from io import StringIO

from sekisho.app import progress


class Screen(StringIO):
    def isatty(self):
        return True


def told(monkeypatch, screen, *, quiet=False):
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    monkeypatch.setattr(sys, "stderr", screen)
    with progress.reporter(quiet=quiet) as tell:
        tell("files", 1, 9, "evidence/\x1b[31mmail.eml")
    return screen.getvalue()


def test_a_terminal_sees_stage_count_and_name_and_then_nothing(monkeypatch):
    shown = told(monkeypatch, Screen())
    assert "files 1/9 evidence/?[31mmail.eml" in shown
    assert shown.endswith("\r\x1b[2K")


def test_a_pipe_or_a_quiet_run_sees_nothing(monkeypatch):
    assert told(monkeypatch, StringIO()) == ""
    assert told(monkeypatch, Screen(), quiet=True) == ""
