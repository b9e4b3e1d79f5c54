"""Windows images (WIM): files stored, XPRESS or LZX; solid and LZMS ones are named.

Source: Microsoft, "Windows Imaging File Format (WIM)" white paper: header, resource headers, lookup table, metadata
resource; the layout of directory entries as documented by the wimlib project (facts only).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from sekisho.analyzers import _image, _xpress, analyzer
from sekisho.analyzers._image import Contents, Member, Room, too_deep
from sekisho.analyzers._lzx import Budget, Lzx
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT, MIB

MAGIC = b"MSWIM\0\0\0"
XPRESS, LZX, LZMS = 0x20000, 0x40000, 0x80000
METHODS = {XPRESS: "xpress", LZX: "lzx", LZMS: "lzms"}
WINDOWS = {XPRESS: range(12, 17), LZX: range(15, 22)}
"""Sizes of a chunk as powers of two."""
METADATA, COMPRESSED, SPANNED, SOLID = 0x02, 0x04, 0x08, 0x10
ENTRY_BYTES, HEADER_BYTES = 50, 208
MAX_RESOURCES = 50_000
MAX_IMAGES = 16
HIDDEN, SYSTEM, DIRECTORY = 0x02, 0x04, 0x10
NO_HASH = bytes(20)
NAME = re.compile(r"<NAME>([^<]{1,256})</NAME>")


@dataclass(frozen=True, slots=True)
class _Resource:
    at: int
    packed_bytes: int
    size_bytes: int
    flags: int


@dataclass(slots=True)
class _Image:
    data: bytes
    method: int
    chunk_bytes: int
    budget: Budget = field(default_factory=Budget)
    by_hash: dict[bytes, _Resource] = field(default_factory=dict)
    metadata: list[_Resource] = field(default_factory=list)


@analyzer(
    "wim",
    magic=MAGIC,
    media_type="application/x-ms-wim",
    features=(*_image.FILE_FEATURES[:-1], "archive.method", "image.label", "image.alternate_stream"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the metadata of every image in it, then hand out the files.

    Yields:
        ``archive.member`` for each file, then a child for each, with ``unscanned`` when its compression is not read.

    Raises:
        MalformedError: something is broken or not read; everything else has been yielded.
        LimitError: there are more files or bytes than the limits allow.
    """
    data = artifact.data
    if len(data) < HEADER_BYTES:
        raise MalformedError("WIM header is cut", len(data))
    flags, chunk_bytes = _u(data, 16, 4), _u(data, 20, 4)
    image = _Image(data, flags & (XPRESS | LZX | LZMS), chunk_bytes)
    yield Feature("archive.method", METHODS.get(image.method, "store"))
    yield from _labels(data)
    contents = Contents("WIM")
    try:
        _lookup(image)
        for number, resource in enumerate(image.metadata, 1):
            folder = f"{number}/" if len(image.metadata) > 1 else ""
            _walk(image, _read(image, resource), folder, contents)
    except (MalformedError, LimitError) as error:
        contents.broke(error)
    yield Feature("archive.members", len(contents.members))
    yield from (Feature(name, value) for name, value in contents.facts[: DEFAULT.children])
    yield from _image.named(contents.members, hidden_folders=contents.hidden_folders)
    room = Room(problem=contents.problem)
    yield from _image.children(artifact, contents.members, room)
    if room.problem:
        raise room.problem


def _u(raw: bytes, at: int, width: int) -> int:
    return int.from_bytes(raw[at : at + width], "little")


def _resource(raw: bytes, at: int) -> _Resource:
    return _Resource(_u(raw, at + 8, 8), _u(raw, at, 7), _u(raw, at + 16, 8), raw[at + 7])


def _labels(data: bytes) -> Iterator[Feature]:
    """Give the names of the images, from the XML that is never compressed."""
    xml = _resource(data, 72)
    text = data[xml.at : xml.at + min(xml.size_bytes, MIB)].decode("utf-16-le", "replace")
    yield from (Feature("image.label", name) for name in dict.fromkeys(NAME.findall(text)[: DEFAULT.children]))


def _lookup(image: _Image) -> None:
    """Read where each stream lies, by its hash."""
    raw = _read(image, _resource(image.data, 48))
    if len(raw) > MAX_RESOURCES * ENTRY_BYTES:
        raise LimitError("resources", MAX_RESOURCES)
    for at in range(0, len(raw) - ENTRY_BYTES + 1, ENTRY_BYTES):
        found = _resource(raw, at)
        if found.flags & METADATA:
            image.metadata.append(found)
        else:
            image.by_hash[raw[at + 30 : at + 50]] = found
    if len(image.metadata) > MAX_IMAGES:
        raise LimitError("images", MAX_IMAGES)
    if not image.metadata:
        raise MalformedError("WIM without metadata: part of a set?")


def _read(image: _Image, resource: _Resource) -> bytes:
    out = bytearray()
    _unpack(image, resource, out)
    return bytes(out)


def _unpack(image: _Image, resource: _Resource, out: bytearray) -> None:
    """Append the plain bytes of a resource.

    Raises:
        MalformedError: it is broken, or its compression is not read.
        LimitError: it is too large, or our decoders have no time left.
    """
    if resource.flags & (SOLID | SPANNED):
        raise MalformedError("solid and spanned resources are not read", resource.at)
    if resource.size_bytes > DEFAULT.member_bytes:
        raise LimitError("member_bytes", DEFAULT.member_bytes)
    raw = image.data[resource.at : resource.at + resource.packed_bytes]
    if not resource.flags & COMPRESSED:
        out += raw
    elif image.method == LZMS or image.method not in METHODS:
        raise MalformedError(f"{METHODS.get(image.method, 'unknown')} compression is not read", resource.at)
    else:
        _chunks(image, resource, raw, out)
    if len(raw) < resource.packed_bytes or len(out) < resource.size_bytes:
        raise MalformedError("WIM resource is cut", resource.at)


def _chunks(image: _Image, resource: _Resource, raw: bytes, out: bytearray) -> None:
    """Unpack chunk by chunk; a table before them tells where all but the first begin."""
    window_bits = image.chunk_bytes.bit_length() - 1
    if window_bits not in WINDOWS[image.method] or image.chunk_bytes != 1 << window_bits:
        raise MalformedError(f"WIM chunks of {image.chunk_bytes} bytes are not read")
    count = -(-resource.size_bytes // image.chunk_bytes)
    start = 4 * max(0, count - 1)
    starts = [0, *(_u(raw, at, 4) for at in range(0, start, 4)), len(raw) - start]
    for index in range(count):
        size = min(image.chunk_bytes, resource.size_bytes - len(out))
        packed = raw[start + starts[index] : start + starts[index + 1]]
        if not packed:
            raise MalformedError("WIM chunk is missing", resource.at)
        if len(packed) == size:
            out += packed
            continue
        if image.method == LZX:
            out += Lzx(window_bits, image.budget, wim=True).frame(packed, size)
        else:
            image.budget.spend(size)
            out += _xpress.expand(packed, size)


def _walk(image: _Image, raw: bytes, start: str, contents: Contents) -> None:
    """Walk the directory entries; security descriptors come before them."""
    root = -(-max(8, _u(raw, 0, 4)) // 8) * 8
    pending = [(start, _u(raw, root + 16, 8))]
    seen: set[int] = set()
    while pending:
        folder, at = pending.pop()
        if at in seen or too_deep(folder):
            contents.broke(MalformedError(f"folder {folder or '/'} lies in itself or too deep"))
            continue
        seen.add(at)
        below = []
        while at + 102 <= len(raw) and (length := _u(raw, at, 8)) > 8:
            contents.spend()
            attributes, subfolder = _u(raw, at + 8, 4), _u(raw, at + 16, 8)
            name = raw[at + 102 : at + 102 + _u(raw, at + 100, 2)].decode("utf-16-le", "replace")
            streams = _u(raw, at + 96, 2)
            extra = at + -(-length // 8) * 8
            found, after = _streams(raw, extra, streams, contents)
            if attributes & DIRECTORY:
                if subfolder:
                    below.append((f"{folder}{name}/", subfolder))
                if attributes & (HIDDEN | SYSTEM):
                    contents.hidden_folders.add(f"{folder}{name}/")
            else:
                _take(image, folder + name, [("", raw[at + 64 : at + 84]), *found], attributes, contents)
            at = after
        pending += reversed(below)


def _streams(raw: bytes, at: int, count: int, contents: Contents) -> tuple[list[tuple[str, bytes]], int]:
    """Give name and hash of the streams that follow an entry, and where the next entry begins."""
    found = []
    for _ in range(count):
        length = _u(raw, at, 8)
        if length < 38 or at + length > len(raw):
            break
        contents.spend()
        name = raw[at + 38 : at + 38 + _u(raw, at + 36, 2)].decode("utf-16-le", "replace")
        found.append((name, raw[at + 16 : at + 36]))
        at += -(-length // 8) * 8
    return found, at


def _take(image: _Image, name: str, streams: list[tuple[str, bytes]], attributes: int, contents: Contents) -> None:
    """Take in one file with its named streams; the unnamed one stands in the entry or among them."""
    unnamed = next((digest for stream, digest in streams if not stream and digest != NO_HASH), NO_HASH)
    hidden = bool(attributes & (HIDDEN | SYSTEM))
    contents.members.append(_member(image, name, unnamed, hidden, "member"))
    for stream, digest in streams:
        if stream:
            contents.facts.append(("image.alternate_stream", f"{name}:{stream}"))
            contents.members.append(_member(image, f"{name}:{stream}", digest, False, "embedded"))


def _member(image: _Image, name: str, digest: bytes, hidden: bool, relation: str) -> Member:
    resource = image.by_hash.get(digest)
    size = resource.size_bytes if resource else 0
    return Member(name, size, partial(_load, image, digest), hidden, relation=relation)


def _load(image: _Image, digest: bytes, out: bytearray) -> None:
    if digest == NO_HASH:
        return
    if digest not in image.by_hash:
        raise MalformedError("its data are not in this file")
    _unpack(image, image.by_hash[digest], out)
