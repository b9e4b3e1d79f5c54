"""Shortcuts in text (.url .website .scf .wsh .desktop, desktop.ini): what they open, and which host their icon asks.

Source: Microsoft, "Internet Shortcuts" and the profile of .scf files; freedesktop.org Desktop Entry Specification 1.5.
Working directories and remote targets after CVE-2025-33053, CVE-2024-43451 and CVE-2023-36025.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer
from sekisho.analyzers._locations import Remote, is_outside, remote_of
from sekisho.analyzers._settings import Settings, read_settings
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.urltext import parse_url

HEAD = 4_096
KINDS = {
    "internetshortcut": "url",
    "internetshortcut.w": "url",
    "internetshortcut.a": "url",
    "shell": "scf",
    "scriptfile": "wsh",
    "desktop entry": "desktop",
    ".shellclassinfo": "desktop-ini",
}
"""Section to kind, in the order in which they decide."""
_MARKS = tuple(f"[{section}]".encode() for section in KINDS)
_NEEDS = {"scf": ("command", "iconfile"), "wsh": ("path",), "desktop": ("exec", "url", "type")}
_SECTIONS = re.compile(
    r"^[ \t]*\[(?:InternetShortcut(?:\.[AW])?|Shell|ScriptFile|Desktop Entry|\.ShellClassInfo)\]", re.I | re.M
)
_TARGETS = ("url", "exec", "path", "command")
_ICONS = ("iconfile", "icon", "iconresource")
_PLACES = ("workingdirectory", "localizedresourcename", "infotip")
_RUNS = re.compile(
    r"\.(?:exe|com|scr|pif|bat|cmd|vb[es]|jse?|ws[fh]|hta|ps1|msi|dll|cpl|lnk|url|jar|zip|iso|img|vhdx?|one|chm|"
    r"search-ms|library-ms|appref-ms|application|settingcontent-ms|rdp|sct|xll|inf)(?:[?#!\s\"]|$)",
    re.IGNORECASE,
)
_DRIVE = re.compile(r"\s*[a-z]:[\\/]", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,40}):(?!\\)", re.IGNORECASE)


def _recognise(artifact: Artifact) -> bool:
    head = artifact.data[:HEAD]
    if b"[" not in head:
        return False
    plain = head.replace(b"\0", b"")
    if not any(mark in plain.lower() for mark in _MARKS):
        return False
    text = plain.decode("latin-1").lstrip("\ufeff\xef\xbb\xbf\xff\xfe")
    return _SECTIONS.search(text) is not None and bool(_kind(read_settings(head)))


def _kind(settings: Settings) -> str:
    for section, kind in KINDS.items():
        if section in settings and (kind not in _NEEDS or any(name in settings[section] for name in _NEEDS[kind])):
            return kind
    return ""


@analyzer(
    "internet_shortcut",
    recognise=_recognise,
    media_type="application/x-mswinurl",
    features=(
        *("shortcut.kind", "shortcut.target", "shortcut.scheme", "shortcut.icon", "shortcut.working_dir"),
        *("shortcut.remote_host", "shortcut.webdav", "shortcut.starts_remote", "shortcut.leaks_logon", "url"),
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read where it leads.

    Yields:
        ``shortcut.kind`` (url scf wsh desktop desktop-ini); ``shortcut.target`` with its ``shortcut.scheme``;
        ``shortcut.icon``, ``shortcut.working_dir``; ``shortcut.remote_host`` for each host that shares or WebDAV
        folders among them ask, ``shortcut.webdav``; ``shortcut.starts_remote`` when a program, archive or further
        shortcut is opened from there, or a program here with a working directory there; ``shortcut.leaks_logon`` when
        only showing the file would log on to a host of the internet; ``url``; a child ``kind="cmd"`` for a command.
    """
    settings = read_settings(artifact.data)
    kind = _kind(settings)
    section: dict[str, str] = {}
    for name, found in KINDS.items():
        if found == kind:
            section = {**settings.get(name, {}), **section}
    yield Feature("shortcut.kind", kind)
    targets = [section[name] for name in _TARGETS if section.get(name)]
    icons = [section[name] for name in _ICONS if section.get(name)]
    places = [section[name] for name in _PLACES if section.get(name)]
    for target in targets:
        yield Feature("shortcut.target", target[:2_000])
        if scheme := _SCHEME.match(target):
            yield Feature("shortcut.scheme", scheme[1].lower())
    yield from (Feature("shortcut.icon", icon[:2_000]) for icon in icons)
    if section.get("workingdirectory"):
        yield Feature("shortcut.working_dir", section["workingdirectory"][:2_000])
    yield from _remotes(targets, icons, places)
    for target in targets:
        url = parse_url(target, where="href")
        if url.canonical and not _DRIVE.match(target) and not remote_of(target, "href"):
            yield Feature("url", url)
    if kind == "desktop" and section.get("exec"):
        yield artifact.child("Exec", section["exec"].encode(), relation="decoded", kind="cmd")


def _remotes(targets: list[str], icons: list[str], places: list[str]) -> Iterator[Feature]:
    opened = [remote for text in targets if (remote := remote_of(text, "href"))]
    shown = [remote for text in icons if (remote := remote_of(text, "icon"))]
    worked = [remote for text in places if (remote := remote_of(text, "text"))]
    every: list[Remote] = [*opened, *shown, *worked]
    yield from (Feature("shortcut.remote_host", host) for host in dict.fromkeys(one.host for one in every))
    if every:
        yield Feature("shortcut.webdav", any(one.is_webdav for one in every))
    starts = any(_RUNS.search(one.path) for one in opened)
    local = any(_RUNS.search(text) and not remote_of(text, "href") for text in targets)
    yield Feature("shortcut.starts_remote", starts or bool(worked and local))
    yield Feature("shortcut.leaks_logon", any(is_outside(one.host) for one in [*shown, *worked]))
    yield from (Feature("url", one.url) for one in every if one.url.canonical)
