"""What an evaluation saw: the record that features, verdict and children are made from."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

_SYSTEM = re.compile(
    r"\W*(?:[a-z]:|%(?:windir|systemroot|systemdrive)%)(?:\\+(?:windows|winnt|dos)(?:\\.*)?|\\*\*(?:\.\*)?|\\+(?:io|msdos)\.sys"
    r"|\\+(?:command|win)\.(?:com|ini)|\\+(?:autoexec\.bat|config\.sys|boot\.ini|ntldr))?$",
    re.IGNORECASE,
)
"""What Windows needs to start, and whole drives."""
_ALL = re.compile(r"(?:^|[\\/:}])(?:[a-z]{0,2}\*|\?+)(?:\.[\w*?]{0,10})?\W*$", re.IGNORECASE)
"""Patterns that mean every file, or every file of a type; one with a name of its own means a program's own files."""
_TEMPORARY = re.compile(r"te?mp", re.IGNORECASE)
_OUTPUT = re.compile(
    r"\{[^{}]{1,300}\}.{0,300}\.(?:csv|txt|log|tmp|bak|prn|pdf|xml|html?|png|jpe?g)\W*$", re.IGNORECASE
)
"""What programs write, in a folder that the code does not name outright: its own."""
COMMANDS, FILES, STRINGS = 64, 64, 300  # kept of each; more says nothing more
STRING_CHARS = 8_000


@dataclass(frozen=True, slots=True)
class Command:
    """Something started."""

    verb: str
    """``Shell``, ``Run``, ``Exec``, ``ShellExecute``, ``Create`` …"""
    text: str
    """The command line; parts in braces could not be computed."""


@dataclass(slots=True)
class Written:
    """A file written."""

    verb: str
    path: str
    content: list[str | bytes] = field(default_factory=list)
    size: int = 0
    automatic: bool = False

    def add(self, piece: str | bytes, room: int) -> None:
        """Append what is written, up to ``room`` characters in all."""
        if self.size < room:
            self.content.append(piece[: room - self.size])
            self.size += len(piece)


@dataclass(slots=True)
class Trace:
    """Everything worth telling, in the order it happened."""

    commands: list[Command] = field(default_factory=list)
    downloads: list[tuple[str, str]] = field(default_factory=list)
    """(verb, address)."""
    files: list[Written] = field(default_factory=list)
    objects: Counter[str] = field(default_factory=Counter)
    """ProgIDs and monikers given to CreateObject and GetObject."""
    actions: Counter[str] = field(default_factory=Counter)
    """``class:what`` tokens: executes:Shell, downloads:XMLHTTP …"""
    strings: dict[str, None] = field(default_factory=dict)
    """Computed text, in order of first sight."""
    tricks: Counter[str] = field(default_factory=Counter)
    layers: list[tuple[str, str]] = field(default_factory=list)
    """(language, source) of code that the code itself built and ran."""
    folded: dict[str, dict[tuple[int, int], str | None]] = field(default_factory=dict)
    """Module to span to text that stands there when it runs; None when it was not always the same."""
    ran: set[str] = field(default_factory=set)
    """Procedures that were entered."""
    cut: str = ""
    """Name of the limit that ended it, empty when it ran to its end."""
    automatic: bool = False
    """True while what runs would run without anybody asking for it."""
    auto: set[str] = field(default_factory=set)
    """Tokens of ``actions`` seen while ``automatic``."""

    def act(self, token: str) -> None:
        """Record a ``class:what`` token."""
        self.actions[token] += 1
        if self.automatic:
            self.auto.add(token)

    def remove(self, path: str, verb: str) -> None:
        """Record files deleted, and whether they are the system's or many."""
        many = _ALL.search(path) and not _TEMPORARY.search(path) and not _OUTPUT.search(path)
        self.act("deletes:system" if _SYSTEM.match(path) else "deletes:files" if many else f"removes:{verb}")

    def command(self, verb: str, text: str) -> None:
        """Record a started command once."""
        entry = Command(verb, text[: STRING_CHARS * 4].strip())
        if entry.text and entry not in self.commands and len(self.commands) < COMMANDS:
            self.commands.append(entry)
        self.act(f"executes:{verb}")

    def download(self, verb: str, address: str) -> None:
        """Record an address fetched once."""
        entry = (verb, address[:STRING_CHARS])
        if address and entry not in self.downloads and len(self.downloads) < COMMANDS:
            self.downloads.append(entry)
        self.act(f"downloads:{verb}")

    def write(self, verb: str, path: str) -> Written:
        """Record a file written and give where its content goes."""
        for known in self.files:
            if known.path == path[:1000] and known.verb == verb:
                known.automatic |= self.automatic
                return known
        written = Written(verb, path[:1000], automatic=self.automatic)
        if len(self.files) < FILES:
            self.files.append(written)
        return written

    def string(self, text: str) -> None:
        """Record a computed text."""
        if len(text) >= 4 and len(self.strings) < STRINGS:
            self.strings.setdefault(text[:STRING_CHARS])

    def fold(self, module: str, span: tuple[int, int], text: str) -> None:
        """Record what an expression came to."""
        spans = self.folded.setdefault(module, {})
        if spans.setdefault(span, text) != text:
            spans[span] = None


def base_name(path: str) -> str:
    """Give the last part of a path, ``written`` when there is none."""
    return re.split(r"[\\/]", path.strip().strip('"'))[-1][:120] or "written"
