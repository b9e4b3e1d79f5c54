"""What archives of every kind have in common: what their members' names give away, and what unpacking them may cost."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sekisho.model.artifact import Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT, Limits

NOT_FOUND = "encrypted: no password found ({} tried)"
NAMES_HIDDEN = "encrypted names"
"""Name of the one child of an archive that hides even the names of its members."""
NAME_FEATURES = (
    "archive.members",
    "archive.member",
    "archive.encrypted",
    "archive.encryption",
    "archive.method",
    "archive.duplicate",
    "archive.traversal",
    "archive.folder_as_file",
    "archive.link",
)
"""What :func:`name_features` may yield."""
_PARTS = re.compile(r"[/\\:]")
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")


@dataclass(frozen=True, slots=True)
class Named:
    """One entry of an archive as its directory describes it."""

    name: str
    at: int | None = None
    """Byte offset of its header, when it has one of its own."""
    is_directory: bool = False
    encryption: str = ""
    """Name of the cipher, empty when it is not encrypted."""
    method: str = ""
    link: str = ""
    """What a link points to."""


def name_features(entries: Sequence[Named], limits: Limits = DEFAULT) -> Iterator[Feature]:
    """Give what an archive's directory shows, whatever can be unpacked later."""
    yield Feature("archive.members", len(entries))
    yield Feature("archive.encrypted", any(entry.encryption for entry in entries))
    shown = entries[: limits.children]
    yield from (Feature("archive.member", entry.name, entry.at) for entry in shown)
    yield from (Feature("archive.link", f"{entry.name} -> {entry.link}", entry.at) for entry in shown if entry.link)
    for feature, values in (
        ("archive.encryption", (entry.encryption for entry in entries)),
        ("archive.method", (entry.method for entry in entries)),
    ):
        yield from (Feature(feature, value) for value in dict.fromkeys(values) if value)
    doubles = [name for name, count in Counter(entry.name for entry in entries).items() if count > 1]
    yield from (Feature("archive.duplicate", name) for name in doubles[: limits.children])
    yield from odd_names([(entry.name, entry.is_directory) for entry in shown])


def odd_names(entries: Sequence[tuple[str, bool]]) -> Iterator[Feature]:
    """Give ``archive.traversal`` and ``archive.folder_as_file`` of names with whether each is a folder.

    A folder that is called as a file beside it, blanks at the end aside, makes WinRAR before 6.23 start what lies in
    the folder when the file is opened.

    Source: CVE-2023-38831 (ZIP and RAR), CVE-2025-8088 and CVE-2018-20250 (names that leave the folder).
    """
    for name, _ in entries:
        if leaves_folder(name):
            yield Feature("archive.traversal", name)
    files = {_plain(name) for name, is_directory in entries if not is_directory}
    folders = dict.fromkeys(folder for name, is_directory in entries for folder in _folders(name, is_directory))
    yield from (Feature("archive.folder_as_file", folder) for folder in folders if folder in files)


def leaves_folder(name: str) -> bool:
    """Tell whether a name, or that of a stream behind a colon, climbs out of the folder or names a drive or share."""
    return ".." in _PARTS.split(name) or bool(_DRIVE.match(name)) or name.startswith("\\\\")


def _plain(path: str) -> str:
    return "/".join(part.rstrip(" ") for part in path.replace("\\", "/").rstrip("/").split("/"))


def _folders(name: str, is_directory: bool) -> Iterator[str]:
    path = _plain(name)
    if is_directory:
        yield path
    elif "/" in path:
        yield path.rpartition("/")[0]


def texts(password: str) -> list[str]:
    """Give a password as written, with full-width forms folded, and without blanks around it."""
    spelled = (password, unicodedata.normalize("NFKC", password), password.strip())
    return [text for text in dict.fromkeys(spelled) if text]


class Room:
    """How many bytes the members of one archive may still unpack to."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.limits, self.left = limits, limits.unpacked_bytes

    def collect(self, chunks: Iterable[bytes]) -> bytes:
        """Give all of a member's bytes.

        Raises:
            LimitError: it has more than ``member_bytes``, or all have more than ``unpacked_bytes``; what was unpacked
                in vain counts, so a hundred bombs cost as much as four.
        """
        out = bytearray()
        for chunk in chunks:
            out += chunk
            self.left -= len(chunk)
            if len(out) > self.limits.member_bytes:
                raise LimitError("member_bytes", self.limits.member_bytes)
            if self.left < 0:
                raise LimitError("unpacked_bytes", self.limits.unpacked_bytes)
        return bytes(out)

    def skip(self, chunks: Iterable[bytes]) -> None:
        """Pass over the rest of a member that is too large, so that the next in the same stream can be had.

        Raises:
            LimitError: all members have more than ``unpacked_bytes``.
        """
        for chunk in chunks:
            self.left -= len(chunk)
            if self.left < 0:
                raise LimitError("unpacked_bytes", self.limits.unpacked_bytes)
