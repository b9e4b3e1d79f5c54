"""Office documents in one XML or MIME file: Word 2003 XML, Flat OPC, Excel 2003 XML, and web archives with macros."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer
from sekisho.analyzers._dde import command_of
from sekisho.analyzers._office_xml import fields, try_elements
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.limits import DEFAULT
from sekisho.model.urltext import parse_url

HEAD = 4_096
_PROGRAM = re.compile(rb'<\?mso-application\s+progid="([\w.]+)"')
_ROOTS = (b"http://schemas.microsoft.com/office/word/2003/wordml", b"http://schemas.microsoft.com/office/2006/xmlPackage",
          b"urn:schemas-microsoft-com:office:spreadsheet")  # fmt: skip
_ACTIVE_MIME = b"QWN0aXZlTWlt"
"""``ActiveMim`` in base64, which every ActiveMime part of a web archive starts with."""
_BASE64_RUN = re.compile(rb"QWN0aXZlTWlt[A-Za-z0-9+/=\r\n\t ]{40,}")
_KINDS = {b"Word.Document": "word-xml", b"Excel.Sheet": "excel-xml", b"PowerPoint.Show": "powerpoint-xml"}
_PARTS = re.compile(r"(?:vbaProject\.bin|/embeddings/|/activeX/|oleObject|editdata\.mso|oledata\.mso)", re.I)
_CARRIERS = 50


def is_office_xml(artifact: Artifact) -> bool:
    """Tell by the root's namespace or Office's own processing instruction, or by an ActiveMime part in MIME text."""
    data = artifact.data
    head = data[:HEAD]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return bool(_PROGRAM.search(head)) or any(root in head for root in _ROOTS)
    return b"MIME-Version" in head and _ACTIVE_MIME in data


@analyzer(
    "office_xml",
    recognise=is_office_xml,
    media_type="application/vnd.ms-office-xml",
    features=("office_xml.kind", "office_xml.part", "office_xml.dde", "office_xml.template", "url"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Hand on what the text carries in base64, and read the fields and links that start something.

    Yields:
        ``office_xml.kind`` (word-xml excel-xml powerpoint-xml flat-opc mht); ``office_xml.part`` with a child for every
        embedded binary; ``office_xml.dde`` with a child ``kind="cmd"``; ``office_xml.template`` for a template attached
        from elsewhere.

    Raises:
        MalformedError: the XML breaks; what came before has been read.
    """
    data = artifact.data
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<":
        yield Feature("office_xml.kind", "mht")
        yield from _web_archive(artifact)
        return
    program = _PROGRAM.search(data[:HEAD])
    flat = _ROOTS[1] in data[:HEAD]
    yield Feature("office_xml.kind", "flat-opc" if flat else _KINDS.get(program[1] if program else b"", "office-xml"))
    yield from _acting(artifact)
    yield from (_flat_parts(artifact) if flat else _binary_data(artifact))


def _web_archive(artifact: Artifact) -> Iterator[Feature | Artifact]:
    for count, found in enumerate(_BASE64_RUN.finditer(artifact.data)):
        if count >= _CARRIERS:
            return
        body = re.split(rb"\r?\n\r?\n", found.group(), maxsplit=1)[0]
        if decoded := decode(body):
            yield Feature("office_xml.part", "editdata.mso", found.start())
            yield artifact.child("editdata.mso", decoded, relation="embedded")


def _binary_data(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Give ``w:binData`` and ``w:docOleData``: macros as ActiveMime, embedded objects as a compound file."""
    for element in try_elements(artifact.data, "binData")[0][:_CARRIERS]:
        name = element.attributes.get("name", "binData")
        if not (_PARTS.search(name) or name.endswith((".mso", ".bin", ".ole"))):
            continue
        if decoded := decode(element.text.encode("ascii", "ignore")):
            yield Feature("office_xml.part", name)
            yield artifact.child(name, decoded, relation="embedded")


def _flat_parts(artifact: Artifact) -> Iterator[Feature | Artifact]:
    name, carried = "", 0
    for element in try_elements(artifact.data, "part", "binaryData")[0]:
        if element.name == "part":
            name = element.attributes.get("name", "")
        elif (
            _PARTS.search(name) and carried < _CARRIERS and (decoded := decode(element.text.encode("ascii", "ignore")))
        ):
            carried += 1
            yield Feature("office_xml.part", name)
            kind = "vba_project" if name.lower().endswith("vbaproject.bin") else ""
            yield artifact.child(name.rpartition("/")[2], decoded, relation="embedded", kind=kind)


def _acting(artifact: Artifact) -> Iterator[Feature | Artifact]:
    data = artifact.data
    commands = [(command, command_of(command)) for command in fields(data)]
    paths = try_elements(data, "Path")[0] if b"SupBook" in data else []
    commands += [(path.text, path.text.replace("|", " ", 1)) for path in paths if "|" in path.text]
    for shown, line in commands:
        yield Feature("office_xml.dde", shown[:2_000])
        yield artifact.child("DDE", line.encode("utf-8", "replace"), relation="decoded", kind="cmd")
    for element in try_elements(data, "attachedTemplate", "Relationship")[0]:
        attributes = element.attributes
        target = attributes.get("val", "") or attributes.get("Target", "")
        outside = element.name == "attachedTemplate" or attributes.get("Type", "").endswith("/attachedTemplate")
        if outside and "://" in target:
            yield Feature("office_xml.template", target[:2_000])
            yield Feature("url", parse_url(target, where="relationship"))


def decode(text: bytes) -> bytes:
    """Undo base64 with line breaks, empty when it is none."""
    compact = re.sub(rb"[^A-Za-z0-9+/]", b"", text[: 2 * DEFAULT.member_bytes])
    try:
        return base64.b64decode(compact + b"=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        return b""
