"""Disc images: ISO 9660 with Joliet and Rock Ridge, UDF, or both; files mounted from one carry no mark of the web."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

from sekisho.analyzers import _image, _iso9660, _udf, analyzer
from sekisho.analyzers._disk import Flat
from sekisho.analyzers._image import Contents, Member, Room
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import MalformedError
from sekisho.model.limits import DEFAULT

RANK = ("UDF", "Joliet", "ISO 9660")
"""Which directory tree Windows shows when a disc has several; the others are compared with it."""
STANDARDS = (b"CD001", b"BEA01", b"NSR02", b"NSR03")
FIRST = _iso9660.FIRST_DESCRIPTOR * _iso9660.SECTOR


def is_disc(artifact: Artifact) -> bool:
    """Tell whether a descriptor of a disc stands where the first one belongs, or in one of the next two sectors."""
    data = artifact.data
    return any(data.startswith(STANDARDS, FIRST + step + 1) for step in (0, 2_048, 4_096))


@analyzer(
    "iso",
    recognise=is_disc,
    features=(
        *_image.FEATURES,
        "image.boot",
        "image.deleted_entry",
        "image.system_area_bytes",
        "image.unreferenced_bytes",
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read every directory tree of the disc, then hand out each file once.

    Yields:
        What the descriptors say; ``archive.member`` for each file, with ``archive.mismatch`` for one that only some
        trees show; then a child for each file; then a child ``trailing`` for bytes after the volume, and a child
        ``unreferenced`` for sectors in it that nothing refers to.

    Raises:
        MalformedError: a tree or a file is broken; everything else has been yielded.
        LimitError: there are more entries, children or bytes than the limits allow.
    """
    data = artifact.data
    found = _iso9660.descriptors(data)
    trees = [_iso9660.read(data, one) for one in found if one.raw[0] in (_iso9660.PRIMARY, _iso9660.SUPPLEMENTARY)]
    udf = _udf.read(Flat(data))
    if udf:
        trees.insert(0, udf)
    yield from _about(found, trees)
    if system_area := len(data[:FIRST].rstrip(b"\0")):
        yield Feature("image.system_area_bytes", system_area, 0)
    members = yield from _compare(trees, {_iso9660.catalog_at(one) for one in found if one.raw[0] == _iso9660.BOOT})
    yield Feature("archive.members", len(members))
    yield from _image.named(members, hidden_folders=set().union(*(tree.hidden_folders for tree in trees)))
    room = Room(problem=next((tree.problem for tree in trees if tree.problem), None))
    yield from _image.children(artifact, members, room)
    end = max((one.space_bytes for one in found if one.raw[0] == _iso9660.PRIMARY), default=0)
    if found and not udf and 0 < end < len(data) and data[end:].strip(b"\0"):
        yield Feature("image.trailing_bytes", len(data) - end, end)
        yield artifact.child("trailing", data[end:], relation="overlay")
    if not udf and (hidden := _iso9660.unreferenced(data, found, trees, end)):
        yield Feature("image.unreferenced_bytes", len(hidden))
        yield artifact.child("unreferenced", hidden, relation="overlay")
    if not trees:
        raise MalformedError("a disc without a volume", FIRST)
    if room.problem:
        raise room.problem


def _about(found: list[_iso9660.Descriptor], trees: list[Contents]) -> Iterator[Feature]:
    for name in dict.fromkeys(tree.filesystem for tree in trees):
        yield Feature("image.filesystem", name)
    said: dict[tuple[str, object], None] = {}
    for one in found:
        if one.raw[0] == _iso9660.BOOT:
            said[("image.boot", _iso9660.boot_system(one))] = None
        elif one.raw[0] in (_iso9660.PRIMARY, _iso9660.SUPPLEMENTARY):
            said.update((fact, None) for fact in _iso9660.facts(one) if not _is_cut(fact, said))
    for tree in trees:
        said.update(dict.fromkeys(tree.facts))
    for name, value in list(said)[: DEFAULT.children]:
        yield Feature(name, str(value))


def _is_cut(fact: tuple[str, str], said: dict[tuple[str, object], None]) -> bool:
    """Tell whether a Joliet text only repeats the beginning of another one, as its shorter fields do."""
    name, text = fact
    return any(
        name == other and str(value).replace("/", "_").startswith(text.replace("/", "_")) for other, value in said
    )


def _compare(trees: list[Contents], catalogs: set[int]) -> Generator[Feature, None, list[Member]]:
    """Give the files of all trees, each once under the name that Windows shows, and say where trees differ.

    Boot catalogs are not compared: genisoimage gives the UDF tree another size of them. A file that any tree hides
    counts as hidden.
    """
    if not trees:
        return []
    first, *others = sorted(trees, key=_rank)
    members = list(first.members)
    known = {mark for member in members for mark in _marks(member)}
    said: list[str] = []
    for tree in others:
        there = {mark for member in tree.members for mark in _marks(member)}
        extra = [member for member in tree.members if known.isdisjoint(_marks(member)) and _counts(member, catalogs)]
        lacking = [member for member in first.members if there.isdisjoint(_marks(member)) and _counts(member, catalogs)]
        said += [f"{member.name}: only in {tree.filesystem}" for member in extra]
        said += [f"{member.name}: not in {tree.filesystem}" for member in lacking]
        members += extra
        known.update(mark for member in extra for mark in _marks(member))
    for text in said[: DEFAULT.children]:
        yield Feature("archive.mismatch", text)
    hidden = {mark for tree in trees for member in tree.members if member.hidden for mark in _marks(member)}
    return [replace(one, hidden=True) if not hidden.isdisjoint(_marks(one)) else one for one in members]


def _counts(member: Member, catalogs: set[int]) -> bool:
    return bool(member.size_bytes) and member.key[0] not in catalogs


def _rank(tree: Contents) -> int:
    return next(index for index, name in enumerate(RANK) if tree.filesystem.startswith(name))


def _marks(member: Member) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Give what makes it the same file in another tree: its place, or its size and name."""
    return member.key, (member.size_bytes, member.name.lower())
