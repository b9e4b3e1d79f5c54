"""Parts of an Open XML workbook: members by name without case, relationships, and XML read without entities."""

from __future__ import annotations

import lzma
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import TypeAlias
from xml.parsers import expat

from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT

PART_BYTES = 16 * 1024 * 1024
"""Largest part read: a hundred times the largest macro sheet of the public campaigns."""
XML_DEPTH = 200
Attributes: TypeAlias = dict[str, str]
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # encrypted members, and NotImplementedError for methods unknown
    ValueError,
    IndexError,
    OverflowError,
)
"""What the standard library raises on damaged containers."""


class Parts:
    """The members of an Open XML file.

    Raises:
        MalformedError: it is no ZIP.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self.archive = zipfile.ZipFile(BytesIO(data))
        except _DAMAGE as problem:
            raise MalformedError(f"Open XML container: {problem}") from None
        self.names = {info.filename.replace("\\", "/").lstrip("/").lower(): info for info in self.archive.infolist()}
        self.read_bytes = 0

    def find(self, name: str) -> bool:
        """Tell whether a part is there."""
        return name.lower() in self.names

    def read(self, name: str) -> bytes:
        """Give a part.

        Raises:
            MalformedError: it is missing or damaged.
            LimitError: it is too large.
        """
        info = self.names.get(name.lower())
        if info is None:
            raise MalformedError(f"part {name} is missing")
        try:
            with self.archive.open(info) as member:
                data = member.read(PART_BYTES + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            RuntimeError,
            NotImplementedError,
            ValueError,
        ) as why:
            raise MalformedError(f"part {name}: {why}") from None
        self.read_bytes += len(data)
        if len(data) > PART_BYTES or self.read_bytes > DEFAULT.unpacked_bytes:
            raise LimitError("member_bytes", PART_BYTES)
        return data

    def workbook(self) -> str:
        """Give the path of the main part; empty when none is named."""
        return next((path for path, kind in self.relations("").values() if kind == "officeDocument"), "")

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """Give target part and kind of each relationship of a part, by id; empty when it has none."""
        folder, _, base = name.rpartition("/")
        path = f"{folder}/_rels/{base}.rels".lstrip("/")
        found: dict[str, tuple[str, str]] = {}
        if self.find(path):

            def start(tag: str, attributes: Attributes) -> None:
                if tag == "Relationship" and attributes.get("TargetMode") != "External":
                    target = attributes.get("Target", "").replace("\\", "/")
                    whole = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                    found[attributes.get("Id", "")] = (
                        posixpath.normpath(whole).lower(),
                        attributes.get("Type", "").rpartition("/")[2],
                    )

            read_xml(self.read(path), start)
        return found


def _ignore(_: str) -> None:
    return


def read_xml(
    data: bytes,
    start: Callable[[str, Attributes], None],
    text: Callable[[str], None] = _ignore,
    end: Callable[[str], None] = _ignore,
) -> None:
    """Read XML by call-backs with tags and attributes stripped of their namespace.

    Raises:
        MalformedError: it is no XML, declares a document type, or nests without bound.
    """
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    depth = 0

    def open_tag(tag: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > XML_DEPTH:
            raise MalformedError("XML nests too deep", parser.CurrentByteIndex)
        start(tag.rpartition("}")[2], {key.rpartition("}")[2]: value for key, value in attributes.items()})

    def close_tag(tag: str) -> None:
        nonlocal depth
        depth -= 1
        end(tag.rpartition("}")[2])

    def refuse(*_: object) -> None:
        raise MalformedError("XML with a document type", parser.CurrentByteIndex)

    parser.StartElementHandler, parser.EndElementHandler = open_tag, close_tag
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as problem:
        raise MalformedError(f"XML: {problem}", parser.ErrorByteIndex) from None
    except (LookupError, ValueError) as problem:  # an encoding that is none
        raise MalformedError(f"XML: {problem}") from None
