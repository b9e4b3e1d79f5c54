"""Shortcuts in text."""

import random

import pytest

from sekisho.analyzers._locations import is_outside, remote_of
from sekisho.analyzers.internet_shortcut import _recognise as recognise
from sekisho.analyzers.internet_shortcut import analyze
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.url import Url

PLAIN = b"[InternetShortcut]\r\nURL=https://www.example.com/page?a=b\r\nIconIndex=0\r\nIconFile=C:\\icons\\a.ico\r\n"
SHARE = (
    b"[{000214A0-0000-0000-C000-000000000046}]\r\nProp3=19,9\r\n[InternetShortcut]\r\nIDList=\r\n"
    b"URL=file://192.0.2.7@80/share/invoice.vbs\r\nIconFile=\\\\files.example.net\\pub\\pdf.ico\r\n"
)
WORKING = (
    b"[InternetShortcut]\r\nURL=C:\\Program Files\\Internet Explorer\\tool.exe\r\n"
    b"WorkingDirectory=\\\\files.example.net@ssl@443\\DavWWWRoot\\job\r\n"
)
SCF = b"[Shell]\r\nCommand=2\r\nIconFile=\\\\203.0.113.5\\share\\x.ico\r\n[Taskbar]\r\nCommand=ToggleDesktop\r\n"
DESKTOP = b'[Desktop Entry]\nType=Application\nName=Invoice\nExec=sh -c "echo nothing"\nIcon=pdf\n'


def read(data, name="a.url"):
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


def test_a_link_to_a_page():
    features, children, _ = read(PLAIN)
    assert features == {
        "shortcut.kind": ["url"],
        "shortcut.target": ["https://www.example.com/page?a=b"],
        "shortcut.scheme": ["https"],
        "shortcut.icon": ["C:\\icons\\a.ico"],
        "shortcut.starts_remote": [False],
        "shortcut.leaks_logon": [False],
        "url": ["https://www.example.com/page?a=b"],
    }
    assert children == []


def test_a_script_on_a_share_and_an_icon_that_logs_on():
    for data in (SHARE, SHARE.decode().encode("utf-16")):
        assert recognise(Artifact("a", data, "a"))
        features, _, _ = read(data)
        assert features["shortcut.remote_host"] == ["192.0.2.7", "files.example.net"]
        assert features["shortcut.webdav"] == [True]
        assert features["shortcut.starts_remote"] == [True]
        assert features["shortcut.leaks_logon"] == [True]
        assert features["url"] == ["http://192.0.2.7/share/invoice.vbs", "file://files.example.net/pub/pdf.ico"]


def test_a_program_here_that_works_there():
    features, _, _ = read(WORKING)
    assert features["shortcut.starts_remote"] == [True]
    assert features["shortcut.working_dir"] == ["\\\\files.example.net@ssl@443\\DavWWWRoot\\job"]
    assert features["url"] == ["https://files.example.net/DavWWWRoot/job"]


def test_a_folder_of_the_own_network_is_nothing_special():
    features, _, _ = read(
        b"[InternetShortcut]\r\nURL=file://fileserver/share/plans\r\nIconFile=\\\\fileserver\\x\\a.ico\r\n"
    )
    assert features["shortcut.remote_host"] == ["fileserver"]
    assert features["shortcut.starts_remote"] == [False]
    assert features["shortcut.leaks_logon"] == [False]


def test_shell_commands_and_desktop_entries():
    features, _, _ = read(SCF, "a.scf")
    assert features["shortcut.kind"] == ["scf"]
    assert features["shortcut.leaks_logon"] == [True]
    features, (child,), _ = read(DESKTOP, "a.desktop")
    assert features["shortcut.kind"] == ["desktop"]
    assert (child.kind, child.data) == ("cmd", b'sh -c "echo nothing"')
    assert read(b"[ScriptFile]\r\nPath=\\\\192.0.2.1\\a\\b.vbs\r\n")[0]["shortcut.starts_remote"] == [True]


@pytest.mark.parametrize(
    ("data", "claimed"),
    [
        (PLAIN, True),
        (b"\xef\xbb\xbf; comment\r\n" + PLAIN, True),
        (b"[Shell]\r\nother=1\r\n", False),
        (b"[Settings]\r\nURL=https://www.example.com/\r\n", False),
        (b"In the file [InternetShortcut] is the section.\r\n", False),
        (b"\0" * 64, False),
    ],
)
def test_what_is_claimed(data, claimed):
    assert recognise(Artifact("a", data, "a")) is claimed


@pytest.mark.parametrize(
    ("text", "host", "webdav"),
    [
        (r"\\host.example.com\share\a.exe", "host.example.com", False),
        (r"\\host.example.com@SSL\DavWWWRoot\a", "host.example.com", True),
        (r"\\192.0.2.1@8080\a", "192.0.2.1", True),
        ("file://host.example.com/a", "host.example.com", False),
        ("file:////host.example.com/a", "host.example.com", False),
        (r"\\?\UNC\host.example.com\share", "host.example.com", False),
        ("//host.example.com/share", "host.example.com", False),
        ("file:///C:/Windows/a.txt", None, None),
        (r"\\.\pipe\x", None, None),
        (r"\\?\C:\x", None, None),
        (r"\\localhost\c$", None, None),
        (r"C:\Windows", None, None),
        ("https://www.example.com/", None, None),
    ],
)
def test_remote_places(text, host, webdav):
    found = remote_of(text, "text")
    assert (found and found.host) == host
    assert (found and found.is_webdav) == webdav


def test_hosts_of_the_internet():
    assert is_outside("www.example.com")
    assert is_outside("203.0.113.9")
    assert not any(map(is_outside, ("fileserver", "10.0.0.1", "192.168.1.2", "nas.local")))


def test_only_foreseen_errors_come_out_of_broken_shortcuts():
    dice = random.Random(7)
    for _ in range(300):
        data = bytearray(dice.choice([PLAIN, SHARE, WORKING, SCF, DESKTOP, SHARE.decode().encode("utf-16")]))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        artifact = Artifact("a", bytes(data[: dice.randrange(1, len(data) + 1)]), "a")
        recognise(artifact)
        read(artifact.data)
