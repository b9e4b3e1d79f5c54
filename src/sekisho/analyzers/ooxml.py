"""Office Open XML (docx, xlsm, pptx, xlsb …) and OpenDocument: who wrote it, what it points to, what it carries.

The XML parts themselves are not handed on; the parts that can act are: macro projects, embedded objects, controls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from sekisho.analyzers import _inflate, analyzer
from sekisho.analyzers._dde import command_of
from sekisho.analyzers._macro_report import base_name
from sekisho.analyzers._office_xml import fields, links, try_elements
from sekisho.analyzers._zip_directory import Entry, packed, read_directory
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT
from sekisho.model.urltext import find_urls, parse_url

LOCAL = b"PK\x03\x04"
CONTENT_TYPES = "[Content_Types].xml"
_MARKS = (b"[Content_Types].xml", b"[content_types].xml", b"application/vnd.oasis.opendocument")
PART_BYTES = 20_000_000
"""Of one XML part; the main part of a 1,000-page document has about 15 MB."""
PARTS_BYTES = 60_000_000
"""Of all parts read."""

_MAIN = re.compile(
    r"application/vnd\.(?:openxmlformats-officedocument|ms-(?:word|excel|powerpoint|visio))\S*?"
    r"(document|template|sheet|addin|presentation|slideshow|drawing|stencil)\S*?(macroEnabled)?\.?(?:main)?(?:\+xml)?$",
    re.I,
)
_APPLICATIONS = (
    ("word/", "word"),
    ("xl/", "excel"),
    ("ppt/", "powerpoint"),
    ("visio/", "visio"),
    ("content.xml", "odf"),
)
_CARRIED = re.compile(r"(?:^|/)(?:embeddings|activeX)/|^Object \d|/oleObject|\.(?:bin|ole)$", re.I)
_NOT_CARRIED = re.compile(
    r"printerSettings|/binaryIndex\d|^xl/(?:workbook|styles|sharedStrings|calcChain|metadata)\.bin$"
    r"|^xl/(?:worksheets|macrosheets|externalLinks|chartsheets|dialogsheets|tables|pivot\w*|queryTables|theme|drawings|revisions)/"
    r"|\.(?:xml|rels|vml)$|vbaProject(?:Signature\w*)?\.bin$|attachedToolbars\.bin$",
    re.I,
)
_CORE = {"title": "title", "subject": "subject", "creator": "author", "keywords": "keywords", "description": "comments",
         "lastModifiedBy": "last_author", "created": "created_at",
         "modified": "saved_at", "category": "category"}  # fmt: skip
_APP = {"Application": "application", "Template": "template", "Company": "company", "Manager": "manager"}
_TEXT_CHARS = 2_000
_EXTERNALS = 300
_INTERNAL_LINKS = ("hyperlink",)
"""Relationship types that only a click follows."""


def is_ooxml(artifact: Artifact) -> bool:
    """Tell whether it is an Office package by the part that every one has."""
    data = artifact.data
    return data.startswith(LOCAL) and any(mark in data for mark in _MARKS)


class _Package:
    """The parts of a package, unpacked on demand within limits."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        directory = read_directory(data)
        self.flaw = directory.flaw
        self.parts: dict[str, Entry] = {}
        for entry in directory.entries[: 5 * DEFAULT.children]:
            self.parts.setdefault(entry.name.replace("\\", "/").lstrip("/"), entry)
        self.room = PARTS_BYTES
        self.problems: list[str] = []

    def read(self, name: str, cap: int = PART_BYTES) -> bytes:
        """Give a part's bytes, empty when it is absent or broken (which is noted)."""
        entry = self.parts.get(name)
        if entry is None or self.room <= 0:
            return b""
        try:
            data = _inflate.inflate(
                iter((bytes(packed(self.data, entry)),)), entry.method, min(cap, self.room), "member_bytes"
            )
        except (MalformedError, LimitError) as error:
            self.problems.append(f"{name}: {error}")
            return b""
        self.room -= len(data)
        return data


@analyzer(
    "ooxml",
    recognise=is_ooxml,
    media_type="application/vnd.openxmlformats-officedocument",
    features=(
        "ooxml.kind",
        "ooxml.macro_enabled",
        *(f"ooxml.{name}" for name in dict.fromkeys([*_CORE.values(), *_APP.values()])),
        "ooxml.external",
        "ooxml.external_template",
        "ooxml.dde",
        "ooxml.embedded",
        "ooxml.active_x",
        "ooxml.on_load",
        "url",
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read what a package says of itself, what it fetches when opened, and hand on what it carries.

    Yields:
        ``ooxml.kind`` (word excel powerpoint visio odf unknown) and ``ooxml.macro_enabled``; the document properties;
        ``ooxml.external`` as ``type: target`` for relationships that are followed without a click, with
        ``ooxml.external_template`` for templates, and a URL each; URLs of hyperlinks; ``ooxml.dde`` with a child
        ``kind="cmd"``; ``ooxml.on_load`` (macros the ribbon calls); one child for every embedded object, control and
        macro project (the latter ``kind="vba_project"``).

    Raises:
        MalformedError: the archive or a part is broken; everything else has been read.
    """
    package = _Package(artifact.data)
    types = package.read(CONTENT_TYPES) or package.read("[content_types].xml")
    yield from _kind(package, types)
    yield from _properties(package)
    yield from _relationships(package)
    yield from _acting(artifact, package)
    yield from _carried(artifact, package)
    if package.flaw:
        raise package.flaw
    if package.problems:
        raise MalformedError("; ".join(package.problems)[:500])


def _kind(package: _Package, types: bytes) -> Iterator[Feature]:
    kind = next(
        (kind for start, kind in _APPLICATIONS if any(name.startswith(start) for name in package.parts)), "unknown"
    )
    yield Feature("ooxml.kind", kind)
    enabled = b"macroEnabled" in types or any(name.lower().endswith("vbaproject.bin") for name in package.parts)
    yield Feature("ooxml.macro_enabled", enabled or any(name.startswith("xl/macrosheets/") for name in package.parts))


def _properties(package: _Package) -> Iterator[Feature]:
    for part, names in (("docProps/core.xml", _CORE), ("docProps/app.xml", _APP)):
        for element in try_elements(package.read(part), *names)[0]:
            if element.text.strip():
                yield Feature(f"ooxml.{names[element.name]}", element.text.strip()[:_TEXT_CHARS])


def _relationships(package: _Package) -> Iterator[Feature]:
    seen: set[tuple[str, str]] = set()
    for name in package.parts:
        if not name.endswith(".rels"):
            continue
        found, problem = try_elements(package.read(name), "Relationship")
        if problem:
            package.problems.append(f"{name}: {problem}")
        for element in found:
            attributes = element.attributes
            target = attributes.get("Target", "")
            kind = attributes.get("Type", "").rpartition("/")[2]
            if attributes.get("TargetMode", "").lower() != "external" or (kind, target) in seen:
                continue
            seen.add((kind, target))
            if len(seen) > _EXTERNALS:
                return
            yield from _external(kind, target)


def _external(kind: str, target: str) -> Iterator[Feature]:
    if kind not in _INTERNAL_LINKS:
        yield Feature("ooxml.external", f"{kind}: {target}"[:_TEXT_CHARS])
        if kind == "attachedTemplate":
            yield Feature("ooxml.external_template", target[:_TEXT_CHARS])
    address = target[target.lower().find("http") :] if target.lower().startswith(("mhtml:", "x-usc:")) else target
    where = "href" if kind in _INTERNAL_LINKS else "relationship"
    if "://" in address[:16] or address.lower().startswith(("mailto:", "\\\\")):
        url = parse_url(address.partition("!x-usc:")[2] or address.partition("!")[0], where=where)
        if url.canonical:
            yield Feature("url", url)


def _acting(artifact: Artifact, package: _Package) -> Iterator[Feature | Artifact]:
    """Give fields, links and ribbon callbacks that start something."""
    for name in package.parts:
        commands: list[str] = []
        if name.startswith("word/") and name.endswith(".xml") and name.count("/") == 1:
            commands = fields(package.read(name))
        elif name.startswith("xl/externalLinks/") and "/_rels/" not in name:
            commands = links(package.read(name))
        elif name.startswith("customUI/") and name.endswith(".xml"):
            yield from _callbacks(package.read(name))
        for command in commands:
            yield Feature("ooxml.dde", command[:_TEXT_CHARS])
            line = command.replace("|", " ", 1) if name.startswith("xl/") else command_of(command)
            yield artifact.child("DDE", line.encode("utf-8", "replace"), relation="decoded", kind="cmd")
            for url in find_urls(line, "dde"):
                yield Feature("url", url)


def _callbacks(data: bytes) -> Iterator[Feature]:
    for element in try_elements(data, "customUI")[0]:
        if macro := element.attributes.get("onLoad"):
            yield Feature("ooxml.on_load", macro)


def _carried(artifact: Artifact, package: _Package) -> Iterator[Feature | Artifact]:
    declared = _vba_parts(package)
    children = 0
    for name, entry in package.parts.items():
        is_project = name.lower().endswith("vbaproject.bin") or name in declared
        if not is_project and (not _CARRIED.search(name) or _NOT_CARRIED.search(name)):
            continue
        if entry.is_directory:
            continue
        children += 1
        if children > DEFAULT.children:
            raise LimitError("children", DEFAULT.children)
        problems = len(package.problems)
        data = package.read(name, DEFAULT.member_bytes)
        if len(package.problems) > problems or (not data and entry.size_bytes):
            reason = package.problems[-1] if package.problems else "limit reached: member_bytes"
            yield artifact.child(name, b"", relation="embedded", unscanned=reason)
            continue
        if is_project:
            yield artifact.child(base_name(name), data, relation="embedded", kind="vba_project")
            continue
        yield Feature("ooxml.active_x" if "activex/" in name.lower() else "ooxml.embedded", name)
        yield artifact.child(name, data, relation="embedded")


def _vba_parts(package: _Package) -> Mapping[str, bool]:
    """Give macro projects by their relationship, whatever the part is called."""
    found: dict[str, bool] = {}
    for name in list(package.parts):
        if not name.endswith(".rels") or name.count("/") > 2:
            continue
        folder = name.rpartition("_rels/")[0]
        for element in try_elements(package.read(name), "Relationship")[0]:
            if element.attributes.get("Type", "").endswith("/vbaProject"):
                target = unquote(element.attributes.get("Target", ""))
                found[target.lstrip("/") if target.startswith("/") else folder + target] = True
    return found
