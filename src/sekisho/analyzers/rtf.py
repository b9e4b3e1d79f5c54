"""Rich text (.rtf): embedded objects however they are spelled, fields that fetch or start something, and links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer
from sekisho.analyzers._dde import command_of, is_dde, unquoted
from sekisho.analyzers._ole1 import Ole1, read_ole1
from sekisho.analyzers._ole_package import read_package
from sekisho.analyzers._rtf_tokens import Parsed, Parser, Text
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT
from sekisho.model.urltext import find_urls, parse_url

TEXT_CHARS = 10_000
FIELDS = 2_000
"""Fields and links of one document; the 220 pages of the specification have 143."""
OVERLAY_BYTES = 16
"""Bytes behind the last brace that are worth handing out; editors leave line ends and zeros."""
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_NOT_HEX = bytes(sorted(set(range(256)) - set(b"0123456789abcdefABCDEF")))
_FETCHES = re.compile(r"^\s*(?:INCLUDEPICTURE|INCLUDETEXT|INCLUDE|IMPORT|LINK|RD|DATABASE)\b", re.IGNORECASE)
_HYPERLINK = re.compile(r'^\s*HYPERLINK\b\s*(?:\\[a-z]\s+)*(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_BLANKS = b"\0\t\n\r\x1a }"


def is_rtf(artifact: Artifact) -> bool:
    """Tell whether a document begins as Word asks for, blanks and a byte order mark aside."""
    return artifact.data[:64].lstrip(b"\xef\xbb\xbf\t\r\n ").startswith(b"{\\rt")


@analyzer(
    "rtf",
    media_type="application/rtf",
    magic=b"{\\rt",
    recognise=is_rtf,
    features=(
        "rtf.title",
        "rtf.author",
        "rtf.generator",
        "rtf.template",
        "rtf.objupdate",
        "rtf.object_class",
        "rtf.link",
        "rtf.package_name",
        "rtf.package_source",
        "rtf.dde",
        "rtf.field",
        "rtf.overlay_bytes",
        "rtf.flaw",
        "url",
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the groups, then objects and fields, then the text.

    Yields:
        ``rtf.objupdate`` (bool); ``rtf.title``, ``rtf.author``, ``rtf.generator``; ``rtf.template`` (where a template
        is taken from); for each object ``rtf.object_class`` (what the text and what the data say), ``rtf.link`` (a
        linked object's source), ``rtf.package_*``, and its data as a child; ``rtf.dde`` with a child ``kind="cmd"``;
        ``rtf.field`` for fields that fetch something; ``url``; ``rtf.overlay_bytes`` with what follows the document as
        a child; ``rtf.flaw`` for objects that are none.

    Raises:
        LimitError: more groups, objects or fields than any real document has; what came before has been yielded.
    """
    found = Parser(artifact.data).parse()
    yield Feature("rtf.objupdate", found.updates)
    yield from _objects(artifact, found)
    yield from _fields(artifact, found)
    yield from _overlay(artifact, found)
    if found.body.size_bytes > found.body.room_bytes:
        yield Feature("rtf.flaw", f"text beyond {found.body.room_bytes} characters was not searched for addresses")
    for url in find_urls(found.body.decoded(), "text"):
        yield Feature("url", url)
    if found.limit:
        raise found.limit


def _objects(artifact: Artifact, found: Parsed) -> Iterator[Feature | Artifact]:
    classes: set[str] = set()
    number = 0
    for text in found.texts:
        if text.destination == "objclass":
            name = text.decoded().strip("\0 ")
            if name and name not in classes:
                classes.add(name)
                yield Feature("rtf.object_class", name[:TEXT_CHARS], text.at)
        elif text.destination == "objdata":
            number += 1
            if number > DEFAULT.children:
                raise LimitError("children", DEFAULT.children)
            yield from _object(artifact, text, number, classes)


def _object(artifact: Artifact, text: Text, number: int, classes: set[str]) -> Iterator[Feature | Artifact]:
    data, ole = _read(text)
    if not data:
        return
    name = f"object {number}"
    if ole is None:
        yield Feature("rtf.flaw", f"{name}: no OLE header", text.at)
        at = max(0, data.find(COMPOUND))
        yield artifact.child(name, data[at:], relation="embedded")
        return
    if ole.class_name and ole.class_name not in classes:
        classes.add(ole.class_name)
        yield Feature("rtf.object_class", ole.class_name, text.at)
    if ole.cut:
        yield Feature("rtf.flaw", f"{name}: ends before its data", text.at)
    if ole.linked:
        if ole.topic:
            yield Feature("rtf.link", ole.topic, text.at)
    elif ole.class_name.lower() == "package":
        yield from _package(artifact, ole, name, text.at)
    elif ole.data:
        yield artifact.child(f"{name} {ole.class_name}".strip(), ole.data, relation="embedded")


def _read(text: Text) -> tuple[bytes, Ole1 | None]:
    r"""Give an object's bytes and their reading.

    Readers pass over ``\'xx`` among the digits, unless the writer meant it as the byte: what has a header is right.
    """
    first = _bytes_of(text, codes=False)
    readings = [first]
    if any(kind == "code" for kind, _ in text.parts):
        readings.append(_bytes_of(text, codes=True))
    for data in readings:
        try:
            return data, read_ole1(data)
        except MalformedError:
            continue
    return first, None


def _bytes_of(text: Text, *, codes: bool) -> bytes:
    """Put digits, binary data and (``codes``) character codes together; other characters are no data."""
    out, digits = bytearray(), bytearray()
    for kind, data in (*text.parts, ("binary", b"")):
        if kind == "text":
            digits += data.translate(None, _NOT_HEX)
        elif kind == "code" and codes:
            digits += data.hex().encode("ascii")
        elif kind == "binary":
            out += bytes.fromhex(digits[: len(digits) - len(digits) % 2].decode("ascii"))
            digits.clear()
            out += data
    return bytes(out)


def _package(artifact: Artifact, ole: Ole1, name: str, at: int) -> Iterator[Feature | Artifact]:
    try:
        package = read_package(len(ole.data).to_bytes(4, "little") + ole.data)
    except MalformedError as error:
        yield Feature("rtf.flaw", f"{name}: {error}", at)
        yield artifact.child(name, ole.data, relation="embedded")
        return
    for word, value in (("name", package.label), ("source", package.source)):
        if value:
            yield Feature(f"rtf.package_{word}", value, at)
    if package.linked:
        yield Feature("rtf.link", package.source or package.label, at)
    else:
        shown = re.split(r"[\\/]", package.label or package.source)[-1]
        yield artifact.child(shown or name, package.data, relation="embedded")


def _fields(artifact: Artifact, found: Parsed) -> Iterator[Feature | Artifact]:
    seen: set[tuple[str, str]] = set()
    link: tuple[str, int] | None = None
    for text in found.texts:
        if text.destination in ("objdata", "objclass"):
            continue
        if text.destination != "fldrslt" and link is not None:
            yield from _link(*link, "")
            link = None
        words = " ".join(text.decoded().split()) if text.destination != "fldrslt" or link else ""
        key = (text.destination, words)
        if text.destination == "fldrslt":
            if link is not None:
                yield from _link(*link, words)
                link = None
        elif words and key not in seen:
            if len(seen) >= FIELDS:
                raise LimitError("features", FIELDS)
            seen.add(key)
            if text.destination == "fldinst":
                hyperlink = _HYPERLINK.match(words)
                link = ((hyperlink[1] or hyperlink[2] or "").replace("\\\\", "\\"), text.at) if hyperlink else None
                yield from _instruction(artifact, words, text.at)
            else:
                yield Feature(f"rtf.{text.destination}", words[:TEXT_CHARS], text.at)
                if text.destination == "template":
                    yield from _link(words, text.at, "", where="relationship")
    if link is not None:
        yield from _link(*link, "")


def _link(target: str, at: int, shown: str, where: str = "link") -> Iterator[Feature]:
    url = parse_url(target, where=where, shown=shown[:1_000] if shown != target else "")
    if url.canonical:
        yield Feature("url", url, at)


def _instruction(artifact: Artifact, instruction: str, at: int) -> Iterator[Feature | Artifact]:
    plain = unquoted(instruction).strip()
    if is_dde(plain):
        yield Feature("rtf.dde", plain[:TEXT_CHARS], at)
        yield artifact.child("DDE", command_of(plain).encode("utf-8", "replace"), relation="decoded", kind="cmd")
    elif _FETCHES.match(plain):
        yield Feature("rtf.field", plain[:TEXT_CHARS], at)
        for url in find_urls(plain.replace("\\\\", "\\"), "relationship"):
            yield Feature("url", url, at)


def _overlay(artifact: Artifact, found: Parsed) -> Iterator[Feature | Artifact]:
    end = len(artifact.data) if found.end_at is None else found.end_at
    if len(rest := artifact.data[end:].strip(_BLANKS)) > OVERLAY_BYTES:
        yield Feature("rtf.overlay_bytes", len(artifact.data) - end, end)
        yield artifact.child("overlay", rest, relation="overlay")
