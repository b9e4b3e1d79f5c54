"""Unix archives (ar): Debian packages above all, whose members are archives in turn.

Source: deb(5) and ar(5) of Debian; long names as GNU and BSD write them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sekisho.analyzers import _disk, _image, analyzer
from sekisho.analyzers._disk import Flat
from sekisho.analyzers._image import Contents, Member, Room
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

MAGIC = b"!<arch>\n"
HEAD_BYTES, HEAD_END = 60, b"`\n"
GNU_NAMES, GNU_SYMBOLS = "//", ("/", "/SYM64/")
BSD_NAME = "#1/"


@analyzer("ar", magic=MAGIC, features=_image.FILE_FEATURES[:-1])
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the headers one after the other, then hand out the members.

    Yields:
        ``archive.member`` for each file, then a child for each.

    Raises:
        MalformedError: a header is broken; everything before it has been yielded.
        LimitError: there are more members or bytes than the limits allow.
    """
    contents = Contents("ar")
    try:
        _walk(artifact.data, contents)
    except (MalformedError, LimitError) as error:
        contents.broke(error)
    yield Feature("archive.members", len(contents.members))
    yield from _image.named(contents.members)
    room = Room(problem=contents.problem)
    yield from _image.children(artifact, contents.members, room)
    if room.problem:
        raise room.problem


def _walk(data: bytes, contents: Contents) -> None:
    disk, at, long_names = Flat(data), len(MAGIC), b""
    while at < len(data):
        contents.spend()
        head = data[at : at + HEAD_BYTES]
        digits = head[48:58].strip()
        if head[58:60] != HEAD_END or not digits.isdigit():
            raise MalformedError("ar header", at)
        name, size, start = head[:16].decode("latin-1").rstrip(), int(digits), at + HEAD_BYTES
        at = start + size + size % 2
        if name == GNU_NAMES:
            long_names = data[start : start + size]
        elif name not in GNU_SYMBOLS:
            if name.startswith(BSD_NAME) and name[3:].isdecimal():
                length = min(int(name[3:]), size)
                name = data[start : start + length].rstrip(b"\0").decode("utf-8", "replace")
                start, size = start + length, size - length
            elif name[:1] == "/" and name[1:].isdecimal():
                name = long_names[int(name[1:]) :].split(b"\n", 1)[0].decode("utf-8", "replace")
            load = partial(_disk.copy, disk, [(start, size)], size)
            contents.members.append(Member(name.removesuffix("/"), size, load))
