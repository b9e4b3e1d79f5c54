"""What a reader sees of an Office document: its pictures, how much text there is, and whether it begs for macros.

What it does is read elsewhere (``ooxml``, ``ole``, ``rtf``); this only looks at the page. Text is searched in all
encodings that the formats use rather than laid out: a lure split over several pieces of formatting is put together,
one in the wrong order is not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sekisho.analyzers import _inflate, analyzer
from sekisho.analyzers._compound import MAGIC, Compound
from sekisho.analyzers._office_lures import FEATURES as LURES
from sekisho.analyzers._office_lures import lures
from sekisho.analyzers._zip_directory import Entry, packed, read_directory
from sekisho.analyzers.identify import extension_of, media_type
from sekisho.analyzers.ooxml import is_ooxml
from sekisho.analyzers.rtf import is_rtf
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT, MIB

PICTURES = 30
"""Pictures of one document handed on, in the order in which they are stored; letters have one to five."""
PICTURE_BYTES = 10 * MIB
LEAST_BYTES = 100
"""Of a picture: below are bullets and lines of one colour."""
ALMOST_NO_TEXT = 250
"""Characters that a page with nothing but a picture may hold, for a heading or a footer."""
LARGE_BYTES = 8_000
"""Of a picture that fills a page: public templates with the request drawn on them exceed it, most logos do not."""
PART_BYTES = 4 * MIB
PARTS_BYTES = 16 * MIB
_TEXT_PART = re.compile(
    r"word/(?:document\d{0,2}|header\d{0,3}|footer\d{0,3}|footnotes|glossary/document)\.xml"
    r"|xl/(?:sharedStrings\.(?:xml|bin)|worksheets/sheet\d{1,3}\.xml|drawings/(?:drawing|vmlDrawing)\d{1,3}\.(?:xml|vml))"
    r"|ppt/slides/slide\d{1,3}\.xml|content\.xml",
    re.IGNORECASE,
)
_PICTURE_PART = re.compile(
    r"(?:(?:word|xl|ppt|visio)/media|Pictures|media)/[^/]{1,200}\.(?:png|jpe?g|jfif|gif|bmp|tiff?|webp|bin|dat|tmp)",
    re.IGNORECASE,
)
_RUN = re.compile(
    r"<(?:\w{1,8}:)?t(?:\s[^<>]{0,200})?>([^<]{1,100000})|</(?:\w{1,8}:)?(?:p|si|c|is|tr)>|<(?:\w{1,8}:)?(?:br|tab|cr)\b"
)
_TAG = re.compile(r"<[^<>]{0,10000}>")
_BLOCK_END = re.compile(r"</(?:text:p|text:h|div|p)>", re.IGNORECASE)
_BLIP = re.compile(
    rb"(?:[\x1d\x2a]\xf0....(?=.{17}\xff\xd8\xff|.{33}\xff\xd8\xff)|\x1e\xf0....(?=.{17}\x89PNG|.{33}\x89PNG))", re.S
)
"""Records of pictures. Source: [MS-ODRAW] 2.2.27 OfficeArtBlipJPEG, 2.2.28 OfficeArtBlipPNG: UIDs go first."""
_RTF_PICTURE = re.compile(rb"\\(?:png|jpeg)blip")
_RTF_HEX = re.compile(rb"(?<![0-9a-f])(?=(89504e47|ffd8ff))", re.IGNORECASE)
_RTF_DIGITS = re.compile(rb"[0-9a-fA-F\s]{8,%d}" % (2 * PICTURE_BYTES))
_RTF_WORDS = 4_000
"""Bytes between the word that names a picture's format and its digits: sizes, and a group with an identifier."""
_RTF_UNICODE = re.compile(r"\\u(-?\d{1,6}) ?\??")
_RTF_BREAK = re.compile(r"\\(?:par|line|cell|row)\b ?")
_RTF_WORD = re.compile(r"\\[a-z]{1,32}-?\d{0,10} ?|[{}]|\\\*", re.IGNORECASE)
_RTF_HEX_RUN = re.compile(r"[0-9a-fA-F\s]{400,}")
_RTF_BYTE = re.compile(r"\\'([0-9a-fA-F]{2})")
_SST, _CONTINUE, _DRAWING, _LABEL, _TEXT_BOX = 0x00FC, 0x003C, 0x00EB, 0x0204, 0x01B6
_RECORDS = 300_000


def _is_document(artifact: Artifact) -> bool:
    data = artifact.data
    if data.startswith(MAGIC):
        return media_type(data) in ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint")
    return is_rtf(artifact) or is_ooxml(artifact)


@analyzer(
    "office_view",
    recognise=_is_document,
    features=("office.text_chars", "office.pictures", "office.picture_only", *LURES),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Look at text and pictures.

    Yields:
        ``lure.enable_content`` (asks to enable content, editing or macros), ``lure.pretext`` (says why nothing is to be
        seen), ``lure.trusted_location`` (asks to move the file where macros run unasked, or to unblock it), each with
        the words around; ``office.text_chars``; ``office.pictures`` with each as a child; ``office.picture_only`` when
        there is next to no text beside a large picture.

    Raises:
        MalformedError: a part cannot be read; what could has been looked at.
        LimitError: there are more pictures than PICTURES.
    """
    view = _view(artifact)
    yield from lures(view.text)
    yield Feature("office.text_chars", view.chars)
    yield Feature("office.pictures", len(view.pictures))
    if view.chars <= ALMOST_NO_TEXT and any(len(data) >= LARGE_BYTES for _, data in view.pictures):
        yield Feature("office.picture_only", True)
    for name, data in view.pictures[:PICTURES]:
        yield artifact.child(name, data, relation="embedded")
    if view.problems:
        raise view.problems[0]
    if len(view.pictures) > PICTURES:
        raise LimitError("children", PICTURES)


@dataclass(slots=True)
class _View:
    """What was seen of a document."""

    text: str = ""
    """To be searched: it may hold the same words several times, and what is no text at all."""
    chars: int = 0
    """How long the text is that a reader sees, near enough to tell a page of text from a picture."""
    pictures: list[tuple[str, bytes]] = field(default_factory=list)
    problems: list[MalformedError | LimitError] = field(default_factory=list)


def _view(artifact: Artifact) -> _View:
    if artifact.data.startswith(MAGIC):
        return _compound(artifact.data)
    return _package(artifact.data) if is_ooxml(artifact) else _rich_text(artifact.data)


def _package(data: bytes) -> _View:
    """Read the parts of a ZIP that are shown."""
    view, texts, room = _View(), [], PARTS_BYTES
    for entry in read_directory(data).entries[: 5 * DEFAULT.children]:
        name = entry.name.replace("\\", "/").lstrip("/")
        if _TEXT_PART.fullmatch(name) and room > 0:
            part = _part(data, entry, PART_BYTES, view.problems)
            room -= len(part)
            texts.append(_shown(name, part))
            view.chars += part.count(b"<v>")  # numbers in cells
        elif _PICTURE_PART.fullmatch(name) and len(view.pictures) <= PICTURES:
            picture = _part(data, entry, PICTURE_BYTES, view.problems)
            if len(picture) >= LEAST_BYTES and media_type(picture[:64]).startswith("image/"):
                view.pictures.append((name, picture))
    view.text = "\n".join(texts)
    view.chars += _count(view.text)
    return view


def _count(text: str) -> int:
    return sum(map(len, text.split()))


def _part(data: bytes, entry: Entry, cap: int, problems: list[MalformedError | LimitError]) -> bytes:
    try:
        return _inflate.inflate(iter((bytes(packed(data, entry)),)), entry.method, cap, "member_bytes")
    except (MalformedError, LimitError) as error:
        if entry.size_bytes <= cap or isinstance(error, MalformedError):
            problems.append(error)
        return b""


def _shown(name: str, data: bytes) -> str:
    """Give the text of one part, a line for each paragraph."""
    if name.lower().endswith(".bin"):
        return _wide(data)
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    if name.lower() == "content.xml" or name.lower().endswith(".vml"):
        return html.unescape(_TAG.sub("", _BLOCK_END.sub("\n", text)))
    return html.unescape(
        "".join(match[1] or ("\n" if match[0].startswith("</") else " ") for match in _RUN.finditer(text))
    )


def _wide(data: bytes) -> str:
    return "".join(character if character.isprintable() else "\n" for character in data.decode("utf-16-le", "replace"))


def _compound(data: bytes) -> _View:
    """Read the streams of a compound file that are shown."""
    compound, view = Compound(data), _View()
    texts: list[str] = []
    if word := compound.try_read("WordDocument"):
        # [MS-DOC] 2.5.4 FibRgLw97 ccpText; the text itself may lie in many pieces
        view.chars += max(0, int.from_bytes(word[0x4C:0x50], "little", signed=True))
        texts.append(_both(word))
        view.pictures += _blips(compound.try_read("Data"))
    for name in ("Workbook", "Book"):
        if book := compound.try_read(name):
            strings, drawings = _workbook(book)
            view.chars += len(strings)
            texts.append(_both(strings))
            view.pictures += _blips(drawings)
    if slides := compound.try_read("PowerPoint Document"):
        shown = _slides(slides)
        view.chars += _count(shown)
        texts.append(shown)
        view.pictures += _blips(compound.try_read("Pictures"))
    view.text = "\n".join(texts)
    return view


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else "\n" for character in text)


def _both(data: bytes) -> str:
    """Give bytes as 8-bit and as 16-bit text at both alignments, as formats mix them in one stream."""
    data = data[: DEFAULT.text_chars // 2]
    return "\n".join((_plain(data.decode("cp1252", "replace")), _wide(data), _wide(data[1:])))


def _workbook(stream: bytes) -> tuple[bytes, bytes]:
    """Give the strings and the drawings of a workbook, records put together. Source: [MS-XLS] 2.4."""
    strings, drawings, at, kind = bytearray(), bytearray(), 0, 0
    for _ in range(_RECORDS):
        if at + 4 > len(stream):
            break
        number, size = int.from_bytes(stream[at : at + 2], "little"), int.from_bytes(stream[at + 2 : at + 4], "little")
        kind = kind if number == _CONTINUE else number
        body = stream[at + 4 : at + 4 + size]
        if kind in (_SST, _LABEL, _TEXT_BOX):
            strings += body[8 if number == _SST else 0 :]
        elif kind == _DRAWING:
            drawings += body
        at += 4 + size
    return bytes(strings), bytes(drawings)


def _slides(stream: bytes) -> str:
    """Give the text atoms of a presentation. Source: [MS-PPT] 2.9.42 TextCharsAtom, 2.9.43 TextBytesAtom."""
    texts: list[str] = []
    for match in re.finditer(rb"\x00\x00(\xa0|\xa8)\x0f(....)", stream, re.S):
        body = stream[match.end() : match.end() + min(int.from_bytes(match[2], "little"), 100_000)]
        texts.append(_plain(body.decode("utf-16-le" if match[1] == b"\xa0" else "cp1252", "replace")))
        if len(texts) > DEFAULT.children:
            break
    return "\n".join(texts)


def _blips(data: bytes) -> list[tuple[str, bytes]]:
    """Give the pictures stored in drawing records."""
    found: list[tuple[str, bytes]] = []
    for match in _BLIP.finditer(data):
        size = int.from_bytes(match[0][2:6], "little")
        skip = 17 if media_type(data[match.end() + 17 : match.end() + 49]).startswith("image/") else 33
        picture = data[match.end() + skip : match.end() + min(size, PICTURE_BYTES)]
        if len(picture) >= LEAST_BYTES:
            found.append((_picture_name(len(found), picture), picture))
        if len(found) > PICTURES:
            break
    return found


def _rich_text(data: bytes) -> _View:
    """Read rich text without laying it out."""
    view = _View()
    for match in _RTF_PICTURE.finditer(data):
        found = _RTF_HEX.search(data, match.end(), match.end() + _RTF_WORDS)
        if found is None:
            continue
        digits = b"".join(_RTF_DIGITS.match(data, found.start(1))[0].split())  # type: ignore[index]
        picture = bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
        view.pictures.append((_picture_name(len(view.pictures), picture), picture))
        if len(view.pictures) > PICTURES:
            break
    text = _RTF_HEX_RUN.sub(" ", data[: DEFAULT.text_chars].decode("latin-1"))
    text = _RTF_UNICODE.sub(lambda match: chr(int(match[1]) % 0x10000), text)
    text = _RTF_BYTE.sub(lambda match: bytes.fromhex(match[1]).decode("cp1252", "replace"), text)
    view.text = _RTF_WORD.sub("", _RTF_BREAK.sub("\n", text.replace("\r", "").replace("\n", "")))
    view.chars = _count(view.text)
    return view


def _picture_name(number: int, data: bytes) -> str:
    return f"picture{number + 1}{extension_of(media_type(data[:64]))}"
