"""Evidence as given: everything is read or named, nothing is followed that should not be."""

import os

import pytest

from sekisho.app.intake import walk
from sekisho.model.limits import Limits

LIMITS = Limits(input_bytes=1000)


def seen(*paths):
    return {one.shown: one for one in walk([str(path) for path in paths], LIMITS)}


def test_folder_is_walked_in_order_with_paths_as_given(tmp_path, monkeypatch):
    (tmp_path / "case" / "b").mkdir(parents=True)
    for name in ("z.txt", "a.txt", "b/c.txt"):
        (tmp_path / "case" / name).write_text("x")
    monkeypatch.chdir(tmp_path)
    assert list(seen("case")) == ["case/a.txt", "case/z.txt", "case/b/c.txt"]


@pytest.mark.parametrize(
    ("make", "reason", "failed"),
    [
        (lambda path: path.write_text(""), "empty file", False),
        (lambda path: path.write_bytes(b"\1" * 2000), "limit reached: input_bytes", True),
        (lambda path: path.symlink_to("/etc/passwd"), "symbolic link", False),
        (lambda path: os.mkfifo(path), "not a regular file", False),
    ],
)
def test_what_is_not_read_is_named(tmp_path, make, reason, failed):
    make(tmp_path / "thing")
    (one,) = seen(tmp_path).values()
    assert reason in one.skipped
    assert one.failed is failed


def test_missing_path_and_empty_folder_are_named(tmp_path):
    assert "no such file" in seen(tmp_path / "none").popitem()[1].skipped
    assert seen(tmp_path).popitem()[1].skipped == "empty folder"


def test_logs_are_told_by_content_not_by_name(tmp_path):
    line = b'{"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": "PC-1", "Image": "a.exe"}\n'
    (tmp_path / "holiday.jpg").write_bytes(line)
    (tmp_path / "events.evtx").write_bytes(b"not an event log")
    found = {one.path.name: one.source for one in walk([str(tmp_path)], LIMITS)}
    assert found["holiday.jpg"].name == "jsonl"
    assert found["events.evtx"] is None


def test_a_maildir_is_read_message_by_message(tmp_path):
    mail = b"From: a@partner.example\nTo: b@corp.example\nSubject: hello\nMessage-ID: <1@partner.example>\n\nhello\n"
    for folder, name in (
        ("cur", "1650845642.M1P2.mx:2,S"),
        ("new", "1650845700.M3P4.mx"),
        ("tmp", "1650845701.M5P6.mx"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(mail)
    (tmp_path / "dovecot-uidlist").write_text("3 V1 N4")
    found = seen(tmp_path)
    assert sum(not one.skipped for one in found.values()) == 3
    assert [one.skipped for one in found.values() if one.skipped] == ["index file, holds no evidence"]
