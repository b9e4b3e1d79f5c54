"""What every kind of disk image gives out: its files as children, and the facts that hide in how they are kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sekisho.analyzers._archive import leaves_folder
from sekisho.model.artifact import Artifact, Feature, Value
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

MAX_ENTRIES = 20_000
"""Directory entries read of one file system; an image in a mail has few, and only a bomb this many."""
MAX_DEPTH = 64
"""Folders below folders."""
MAX_PATH = 1_024
"""Characters of a folder's path; names of many files in a deep one would fill the memory."""
HOUSEKEEPING = ("System Volume Information/", "$RECYCLE.BIN/")
"""Folders that Windows itself hides on every volume it writes to."""
FILE_FEATURES = ("archive.members", "archive.member", "archive.hidden_file", "archive.traversal", "archive.mismatch")
FEATURES = (
    *FILE_FEATURES,
    "image.filesystem",
    "image.label",
    "image.application",
    "image.preparer",
    "image.publisher",
    "image.system",
    "image.created_at",
    "image.modified_at",
    "image.trailing_bytes",
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an image."""

    name: str
    """Path with ``/`` between folders, each name as the image spells it; never a path to write to."""
    size_bytes: int
    load: Callable[[bytearray], None]
    """Appends its bytes; when it raises, what was read before is there."""
    hidden: bool = False
    """Its own hidden or system attribute keeps it out of a folder's view."""
    key: tuple[object, ...] = ()
    """Where its bytes lie, to know it again in a second directory tree."""
    relation: str = "member"


@dataclass(slots=True)
class Contents:
    """What one file system holds, as far as it could be read."""

    filesystem: str
    members: list[Member] = field(default_factory=list)
    facts: list[tuple[str, Value]] = field(default_factory=list)
    size_bytes: int = 0
    """Bytes that the file system says it takes; 0 when it does not."""
    used: list[tuple[int, int]] = field(default_factory=list)
    """Start and end of what is known on the volume beside the files, where that is kept."""
    hidden_folders: set[str] = field(default_factory=set)
    """Paths with ``/`` at their end."""
    problem: MalformedError | LimitError | None = None
    spent: int = 0
    records: int = 0
    """Records of a file table looked at."""

    def broke(self, error: MalformedError | LimitError) -> None:
        """Keep the first error; reading goes on elsewhere."""
        self.problem = self.problem or error

    def spend(self, count: int = 1) -> None:
        """Charge directory entries, or sectors without any, to what the tree may cost.

        Raises:
            LimitError: it has too many.
        """
        self.spent += count
        if self.spent > MAX_ENTRIES:
            raise LimitError("directory_entries", MAX_ENTRIES)


@dataclass(slots=True)
class Room:
    """Bytes that all files of an image may still come to, and children that it may still have."""

    bytes_left: int = DEFAULT.unpacked_bytes
    children_left: int = DEFAULT.children
    problem: MalformedError | LimitError | None = None


def named(members: Sequence[Member], label: str = "", hidden_folders: Collection[str] = ()) -> Iterator[Feature]:
    """Give the names and what is odd about them, so that they stand whatever happens later."""
    for member in members[: DEFAULT.children]:
        name = label + member.name
        yield Feature("archive.member", name)
        if (member.hidden or _within(member.name, hidden_folders)) and not member.name.startswith(HOUSEKEEPING):
            yield Feature("archive.hidden_file", name)
        if member.relation == "member" and leaves_folder(member.name):
            yield Feature("archive.traversal", name)


def _within(name: str, folders: Collection[str]) -> bool:
    """Tell whether a file lies in one of the folders, at any depth."""
    return bool(folders) and any(name[: at + 1] in folders for at, letter in enumerate(name) if letter == "/")


def too_deep(folder: str) -> bool:
    """Tell whether a folder's path, with ``/`` at its end, is longer than any honest one."""
    return len(folder) > MAX_PATH or folder.count("/") > MAX_DEPTH


def children(artifact: Artifact, members: Iterable[Member], room: Room, label: str = "") -> Iterator[Artifact]:
    """Give a child for each file within the limits; the first problem is kept in ``room``."""
    for member in members:
        if room.children_left <= 0:
            room.problem = room.problem or LimitError("children", DEFAULT.children)
            return
        room.children_left -= 1
        yield _child(artifact, member, room, label + member.name)


def _child(artifact: Artifact, member: Member, room: Room, name: str) -> Artifact:
    out = bytearray()
    reason = ""
    try:
        _load(member, room, out)
    except (MalformedError, LimitError) as error:
        room.problem = room.problem or error
        reason = str(error)
    room.bytes_left -= len(out)
    return artifact.child(name, bytes(out), relation=member.relation, unscanned=reason)


def _load(member: Member, room: Room, out: bytearray) -> None:
    if member.size_bytes > DEFAULT.member_bytes:
        raise LimitError("member_bytes", DEFAULT.member_bytes)
    if member.size_bytes > room.bytes_left:
        raise LimitError("unpacked_bytes", DEFAULT.unpacked_bytes)
    member.load(out)
