"""Compound files (OLE2): which application wrote it, who and when, and what is embedded."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from sekisho.analyzers import _powerpoint, analyzer
from sekisho.analyzers._compound import MAGIC, Compound, Entry, Path
from sekisho.analyzers._dde import command_of, field_instructions
from sekisho.analyzers._macro_report import base_name
from sekisho.analyzers._ole_package import STREAM as PACKAGE
from sekisho.analyzers._ole_package import read_package
from sekisho.analyzers._ovba import has_project
from sekisho.analyzers._property_sets import read_properties
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

_KINDS = (
    ("EncryptedPackage", "encrypted"),
    ("__properties_version1.0", "msg"),
    ("WordDocument", "word"),
    ("Workbook", "excel"),
    ("Book", "excel"),
    (_powerpoint.STREAM, "powerpoint"),
    ("VisioDocument", "visio"),
    ("Quill", "publisher"),
    ("Equation Native", "equation"),
    ("SwDocContentMgr", "solidworks"),
    ("BodyText", "hwp"),
    ("PROJECT", "vba"),
    (PACKAGE, "package"),
    ("\x01CompObj", "object"),
)
"""First stream or storage that is there decides."""
_INSTALLERS = ("000C1084-0000-0000-C000-000000000046", "000C1086-0000-0000-C000-000000000046")
CLASSES = {
    "0002CE02-0000-0000-C000-000000000046": "Microsoft Equation 3.0",
    "0002CE03-0000-0000-C000-000000000046": "MathType Equation",
    "0003000C-0000-0000-C000-000000000046": "Package",
    "F20DA720-C02F-11CE-927B-0800095AE340": "Package",
    "00021401-0000-0000-C000-000000000046": "Shortcut",
    "D27CDB6E-AE6D-11CF-96B8-444553540000": "Shockwave Flash",
    "BDD1F04B-858B-11D1-B16A-00C0F0283628": "MSCOMCTL.ListView",
    "996BF5E0-8044-4650-ADEB-0B013914E99C": "MSCOMCTL.ListView",
    "EAE50EB0-4A62-11CE-BED6-00AA00611080": "Forms.TabStrip",
    "3050F4D8-98B5-11CF-BB82-00AA00BDCE0B": "HTML Application",
    "06290BD3-48AA-11D2-8432-006008C3FBFC": "Script moniker",
    "79EAC9E0-BAF9-11CE-8C82-00AA004BA90B": "URL moniker",
    "00000309-0000-0000-C000-000000000046": "Composite moniker",
}
"""CLSIDs worth naming. Source: Office's registry and the advisories of CVE-2017-11882, -0199 and CVE-2012-0158."""
_SUMMARY = {2: "title", 3: "subject", 4: "author", 5: "keywords", 6: "comments", 7: "template", 8: "last_author",
            12: "created_at", 13: "saved_at", 18: "application"}  # fmt: skip
_DOCUMENT_SUMMARY = {2: "category", 14: "manager", 15: "company"}
_TEXT_CHARS = 2_000
_URL_MONIKER = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")
_TEXT_RUN = re.compile(rb"(?:[\x20-\x7e]\x00){6,2000}")
_PACKED_NAME = re.compile(r"_\d{6,12}")
STREAMS = 200


@analyzer(
    "ole",
    magic=MAGIC,
    media_type="application/x-ole-storage",
    features=(
        "ole.kind",
        *(f"ole.{name}" for name in (*_SUMMARY.values(), *_DOCUMENT_SUMMARY.values())),
        "ole.class",
        "ole.stream",
        "ole.dde",
        "ole.link",
        "ole.package_name",
        "ole.package_source",
        "ole.package_temporary",
        "ole.flaw",
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the directory, the property sets, the fields and the embedded objects.

    Yields:
        ``ole.kind``; ``ole.title`` and the like; ``ole.class`` for the classes of embedded objects; ``ole.stream``
        (paths); ``ole.dde`` for DDE fields, with a child ``kind="cmd"`` each; ``ole.link`` for linked objects;
        ``ole.package_*`` with the packaged file as a child; embedded files of other kinds as children.

    Raises:
        MalformedError: the directory or a stream is broken.
        LimitError: more objects than ``children`` are embedded.
    """
    compound = Compound(artifact.data)
    kind = kind_of(compound)
    yield Feature("ole.kind", kind)
    yield from _properties(compound)
    for entry in list(compound.entries.values())[: 4 * STREAMS]:
        if entry.clsid and entry.clsid in CLASSES:
            yield Feature("ole.class", CLASSES[entry.clsid])
    for entry in [entry for entry in compound.entries.values() if entry.is_stream][:STREAMS]:
        yield Feature("ole.stream", "/".join(entry.path))
    for problem in compound.problems()[:10]:
        yield Feature("ole.flaw", problem[:200])
    if kind in ("msg", "encrypted"):  # their own analysers hand out what is inside
        return
    yield from _fields(artifact, compound)
    yield from _objects(artifact, compound)


def kind_of(compound: Compound) -> str:
    """Name what wrote it: word, excel, powerpoint, visio, msg, msi, encrypted … or unknown."""
    root = compound.entries.get(())
    if root is not None and root.clsid in _INSTALLERS:
        return "msi"
    return next((kind for name, kind in _KINDS if compound.find(name) is not None), "unknown")


def _properties(compound: Compound) -> Iterator[Feature]:
    for stream, names in (
        ("\x05SummaryInformation", _SUMMARY),
        ("\x05DocumentSummaryInformation", _DOCUMENT_SUMMARY),
    ):
        for number, value in read_properties(compound.try_read(stream)).items():
            if number in names and value != "":
                yield Feature(f"ole.{names[number]}", value[:_TEXT_CHARS] if isinstance(value, str) else value)


def _fields(artifact: Artifact, compound: Compound) -> Iterator[Feature | Artifact]:
    text = compound.try_read("WordDocument")
    for instruction in field_instructions(text):
        yield Feature("ole.dde", instruction)
        yield artifact.child("DDE", command_of(instruction).encode(), relation="decoded", kind="cmd")


def _objects(artifact: Artifact, compound: Compound) -> Iterator[Feature | Artifact]:
    found = 0
    for entry in list(compound.entries.values()):
        for item in _object(artifact, compound, entry):
            found += isinstance(item, Artifact)
            yield item
        if found >= DEFAULT.children:
            raise LimitError("children", DEFAULT.children)
    stream = compound.try_read(_powerpoint.STREAM)
    for at, stored in _powerpoint.stored_objects(stream):
        if not has_project(stored):  # macros are read with the presentation itself
            yield artifact.child(f"object at {at}", stored, relation="embedded")


def _object(artifact: Artifact, compound: Compound, entry: Entry) -> Iterator[Feature | Artifact]:
    name = entry.path[-1] if entry.path else ""
    if not entry.is_stream:
        return
    if name.lower() == PACKAGE.lower():
        yield from _package(artifact, compound.read(*entry.path), entry.path)
    elif name in ("Package", "CONTENTS") and len(entry.path) > 1:
        yield artifact.child("/".join(entry.path), compound.read(*entry.path), relation="embedded")
    elif len(entry.path) == 1 and _PACKED_NAME.fullmatch(name):
        yield from _packed(artifact, compound.read(name), name)
    elif name == "Equation Native":
        yield Feature("ole.class", "Microsoft Equation 3.0")
    elif name == "\x01Ole":
        yield from _links(compound.try_read(*entry.path))


def _package(artifact: Artifact, data: bytes, path: Path) -> Iterator[Feature | Artifact]:
    try:
        package = read_package(data)
    except MalformedError:
        yield artifact.child("/".join(path), data, relation="embedded")
        raise
    if package.linked:
        yield Feature("ole.link", package.source or package.label)
        return
    for name, value in (("name", package.label), ("source", package.source), ("temporary", package.temporary)):
        if value:
            yield Feature(f"ole.package_{name}", value)
    name = base_name(package.label or package.source or "/".join(path))
    yield artifact.child(name, package.data, relation="embedded")


def _packed(artifact: Artifact, data: bytes, name: str) -> Iterator[Artifact]:
    """Give an object of ``oledata.mso``, where Word 2003 XML keeps each one compressed behind its size."""
    if data[4:6] in (b"x\x9c", b"x\x01", b"x\xda"):
        try:
            yield artifact.child(
                name, zlib.decompressobj().decompress(data[4:], DEFAULT.member_bytes), relation="embedded"
            )
        except zlib.error as error:
            raise MalformedError(f"object {name}: {error}") from error


def _links(data: bytes) -> Iterator[Feature]:
    """Give where a linked object points to.

    Source: [MS-OLEDS] 2.3.3 OLEStream: monikers follow; [MS-OSHARED] 2.3.7.6 URLMoniker.
    """
    if len(data) < 8 or not data[4] & 1:  # the flag of a linked object
        return
    at = data.find(_URL_MONIKER)
    for found in _TEXT_RUN.finditer(data, max(at, 0)):
        yield Feature("ole.link", found.group().decode("utf-16-le"))
        break
