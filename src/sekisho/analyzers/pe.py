"""Windows programs and libraries (PE): what they are, who claims to have made them, and what they hide.

Source: Microsoft, "PE Format"; packers by the section names that their own documentation gives; imphash after Mandiant.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

from sekisho.analyzers import _pe_image as pe
from sekisho.analyzers import _pe_resources as inside
from sekisho.analyzers import analyzer
from sekisho.analyzers._authenticode import read_signature
from sekisho.analyzers._pe_icon import shows_document
from sekisho.analyzers._pe_image import Image, Section
from sekisho.model.artifact import Artifact, Feature

MACHINES = {0x14C: "x86", 0x8664: "x64", 0xAA64: "arm64", 0x1C0: "arm", 0x1C4: "arm", 0x200: "ia64", 0xEBC: "efi"}
SUBSYSTEMS = {1: "native", 2: "gui", 3: "console", 9: "ce", 10: "efi", 11: "efi", 12: "efi", 13: "efi", 14: "xbox"}
EXECUTABLE, WRITABLE, UNINITIALISED = 0x20000000, 0x80000000, 0x80
NT_RELEASED = int(datetime(1993, 7, 27, tzinfo=UTC).timestamp())
DELPHI = 0x2A425E19
"""The constant that old Borland linkers wrote for every program's time."""
FAR = int(datetime(2090, 1, 1, tzinfo=UTC).timestamp())
DAY_S = 86_400
ENTROPY_BYTES = 1 << 20
"""Bytes of a section that its entropy is taken from."""
NAMES = 200
"""Names of exports and libraries given of one program."""
REPRODUCIBLE, CODE_VIEW = 16, 2
_PACKERS = {
    "UPX": re.compile(r"UPX[0-9!]"),
    "ASPack": re.compile(r"\.(?:aspack|adata)"),
    "VMProtect": re.compile(r"\.vmp\d"),
    "Themida": re.compile(r"\.(?:themida|winlice)|Themida"),
    "MPRESS": re.compile(r"\.MPRESS\d"),
    "PECompact": re.compile(r"PEC2|pec\d"),
    "Petite": re.compile(r"\.petite"),
    "NsPack": re.compile(r"\.?nsp\d"),
    "Enigma": re.compile(r"\.enigma\d"),
    "NSIS": re.compile(r"\.ndata"),
}
_MARKS = {
    "AutoIt": b"AU3!EA06",
    "PyInstaller": b"MEI\x0c\x0b\x0a\x0b\x0e",
    "NSIS": b"\xef\xbe\xad\xdeNullsoftInst",
    "Inno Setup": b"Inno Setup Setup Data",
    "7-Zip SFX": b";!@Install@!UTF-8!",
    "Nuitka": b"NUITKA_ONEFILE",
}
_VERSION_FEATURES = {
    "originalfilename": "pe.original_name",
    "internalname": "pe.internal_name",
    "companyname": "pe.company",
    "productname": "pe.product",
    "filedescription": "pe.description",
    "fileversion": "pe.file_version",
}
_PDB = re.compile(rb"[\x20-\xff]{1,400}?\.pdb", re.IGNORECASE)
_ORDINARY = re.compile(r"[.A-Za-z_/$][\w.$/@]*\Z")


def _recognise(artifact: Artifact) -> bool:
    """Tell a program by its header, or by the text of its stub when the header is cut off."""
    data = artifact.data
    return len(data) >= 64 and (pe.header_at(data) >= 0 or (data[:2] == b"MZ" and b"This program" in data[64:256]))


@analyzer(
    "pe",
    recognise=_recognise,
    media_type="application/x-dosexec",
    features=(
        *("pe.machine", "pe.kind", "pe.subsystem", "pe.compiled_at", "pe.debug_at", "pe.export_at", "pe.time_flaw"),
        *("pe.section", "pe.section_flaw", "pe.entropy", "pe.packer", "pe.import", "pe.imports", "pe.imphash"),
        *("pe.rich_hash", "pe.export", "pe.exports", "pe.export_name", "pe.pdb", *_VERSION_FEATURES.values()),
        *(
            "pe.renamed",
            "pe.asks_rights",
            "pe.icon",
            "pe.document_icon",
            "pe.dotnet",
            "pe.overlay_bytes",
            "pe.overlay_entropy",
        ),
        *("pe.signed", "pe.signer", "pe.signer_issuer", "pe.self_signed"),
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read headers, tables and signature, then hand back files among the resources and what follows the program.

    Yields:
        ``pe.kind`` (exe, dll, driver) and the rest of the header; times as ISO 8601; ``pe.section`` in file order with
        ``pe.section_flaw`` for odd ones and ``pe.entropy`` (the highest of any section, bits per byte, 0 to 8);
        ``pe.imphash`` and ``pe.rich_hash`` as pefile computes them; ``pe.export`` (names, the first 200) and how many
        there are; ``pe.renamed`` when the version strings name another file than the artifact's name;
        ``pe.signed``: ``none``, ``present`` (the digest is right; no chain is verified), ``digest mismatch`` or
        ``unreadable``; ``pe.icon`` (SHA-256 of the picture that Explorer shows) and
        ``pe.document_icon`` (it is a sheet of paper).

    Raises:
        MalformedError: there is no header, or it is cut.
    """
    image = pe.read_image(artifact.data)
    yield from _header(image)
    yield from _times(image)
    yield from _sections(image)
    yield from _tables(image)
    yield from _resources(image, artifact)
    yield from _signature(image)
    yield from _overlay(image, artifact)


def _header(image: Image) -> Iterator[Feature]:
    yield Feature("pe.machine", MACHINES.get(image.machine, f"{image.machine:#x}"))
    is_dll = bool(image.flags & pe.IS_DLL)
    yield Feature("pe.kind", "dll" if is_dll else "driver" if image.subsystem == 1 else "exe")
    yield Feature("pe.subsystem", SUBSYSTEMS.get(image.subsystem, str(image.subsystem)))
    if image.directory(pe.CLR)[0] and (version := _runtime(image)):
        yield Feature("pe.dotnet", version)


def _runtime(image: Image) -> str:
    """Give the version of .NET that a program was made for.

    Source: ECMA-335 II.25.3.3 CLI header, II.24.2.1 metadata root.
    """
    head = image.take(image.directory(pe.CLR)[0], 16)
    root = image.take(int.from_bytes(head[8:12], "little"), 16 + 64)
    if not root.startswith(b"BSJB"):
        return ""
    return root[16 : 16 + int.from_bytes(root[12:16], "little")].split(b"\0", 1)[0].decode("latin-1")


def _times(image: Image) -> Iterator[Feature]:
    entries = list(pe.debug_entries(image))
    if image.stamp:
        yield Feature("pe.compiled_at", _iso(image.stamp))
    exported = pe.exports(image)
    if exported is not None and exported.stamp and exported.stamp != 0xFFFFFFFF:
        yield Feature("pe.export_at", _iso(exported.stamp))
    stamps = [stamp for _, stamp, _ in entries if stamp]
    if stamps:
        yield Feature("pe.debug_at", _iso(stamps[0]))
    if not any(kind == REPRODUCIBLE for kind, _, _ in entries):  # then the time is a hash
        if 0 < image.stamp < NT_RELEASED and image.stamp != DELPHI:
            yield Feature("pe.time_flaw", "before Windows NT")
        if image.stamp >= FAR:
            yield Feature("pe.time_flaw", "far in the future")
        if stamps and image.stamp and abs(stamps[0] - image.stamp) > DAY_S:
            yield Feature("pe.time_flaw", "differs from debug entry")
    for kind, _, body in entries:
        found = _PDB.search(body, 4) if kind == CODE_VIEW else None
        if found:
            path = body[24:] if body.startswith(b"RSDS") else found[0]
            yield Feature("pe.pdb", path.split(b"\0", 1)[0].decode("utf-8", "replace")[:400])


def _iso(stamp: int) -> str:
    return datetime.fromtimestamp(stamp, UTC).isoformat()


def _sections(image: Image) -> Iterator[Feature]:
    highest = 0.0
    entry = image.section_of(image.entry_rva) if image.entry_rva else None
    names = [one.name for one in image.sections]
    for one in image.sections:
        yield Feature("pe.section", one.name, one.at)
        highest = max(highest, entropy(image.data[one.at : one.at + one.size_bytes]))
        for flaw in _flaws(one):
            yield Feature("pe.section_flaw", f"{one.name}: {flaw}")
    if image.entry_rva and entry is None:
        yield Feature("pe.section_flaw", "entry point in no section")
    elif entry is not None and not entry.flags & EXECUTABLE:
        yield Feature("pe.section_flaw", f"{entry.name}: entry point in data")
    yield Feature("pe.entropy", round(highest, 2))
    marks = {name for name, mark in _MARKS.items() if mark in image.data}
    packers = [name for name, pattern in _PACKERS.items() if any(map(pattern.match, names))]
    yield from (Feature("pe.packer", name) for name in dict.fromkeys([*packers, *sorted(marks)]))


def _flaws(one: Section) -> Iterator[str]:
    if one.flags & EXECUTABLE and one.flags & WRITABLE:
        yield "writable and executable"
    if not _ORDINARY.match(one.name):
        yield "odd name"
    if one.flags & EXECUTABLE and not one.size_bytes and one.virtual_bytes:
        yield "code without bytes in the file"


def entropy(data: bytes) -> float:
    """Give the entropy of bytes in bits a byte, 0 to 8, of a long text that of its first mebibyte."""
    sample = data[:ENTROPY_BYTES]
    size = len(sample)
    return -sum(count / size * math.log2(count / size) for count in Counter(sample).values()) if size else 0.0


def _tables(image: Image) -> Iterator[Feature]:
    imported = list(pe.imports(image))
    for library, _ in imported[:NAMES]:
        yield Feature("pe.import", library)
    yield Feature("pe.imports", sum(len(symbols) for _, symbols in imported))
    if digest := pe.import_hash(imported):
        yield Feature("pe.imphash", digest)
    if rich := pe.rich_header(image.data)[0]:
        yield Feature("pe.rich_hash", rich)
    exported = pe.exports(image)
    if exported is None:
        return
    if exported.name:
        yield Feature("pe.export_name", exported.name)
    yield Feature("pe.exports", exported.count)
    yield from (Feature("pe.export", name) for name in exported.names[:NAMES])


def _resources(image: Image, artifact: Artifact) -> Iterator[Feature | Artifact]:
    _, leaves = pe.resources(image)
    version = inside.version_strings(image, leaves)
    for key, name in _VERSION_FEATURES.items():
        if version.get(key):
            yield Feature(name, version[key][:400])
    names = [version.get("originalfilename", ""), version.get("internalname", "")]
    if any(names):
        yield Feature("pe.renamed", _stem(artifact.name) not in {_stem(name) for name in names if name})
    if level := inside.asked_level(image, leaves):
        yield Feature("pe.asks_rights", level)
    if icons := inside.first_icons(image, leaves):
        yield Feature("pe.icon", sha256(icons[0]).hexdigest())
        yield Feature("pe.document_icon", any(map(shows_document, icons)))
    for name, data in inside.files_inside(image, leaves):
        yield artifact.child(name, data, relation="embedded")


def _stem(name: str) -> str:
    base = re.split(r"[\\/]", name)[-1].lower()
    return re.sub(r"\.(?:exe|dll|mui|ocx|cpl|scr|sys|com|tmp)$", "", base)


def _signature(image: Image) -> Iterator[Feature]:
    found = read_signature(image)
    yield Feature("pe.signed", found.state if found else "none")
    if found is not None and found.signer:
        yield Feature("pe.signer", found.signer)
    if found is not None and found.issuer:
        yield Feature("pe.signer_issuer", found.issuer)
        yield Feature("pe.self_signed", found.is_self_signed)


def _overlay(image: Image, artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Give what follows the program, but for its certificates and its linker's symbols."""
    start, (symbols, symbols_end) = image.end, image.symbols
    if start == symbols and symbols < symbols_end <= len(image.data):
        start = symbols_end
    at, size = image.directory(pe.CERTIFICATES)
    overlay = image.data[start:at] + image.data[at + size :] if at >= start else image.data[start:]
    if overlay.strip(b"\0"):
        yield Feature("pe.overlay_bytes", len(overlay), start)
        yield Feature("pe.overlay_entropy", round(entropy(overlay), 2))
        yield artifact.child("overlay", overlay, relation="overlay")
