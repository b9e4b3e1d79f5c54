"""Texts that a document holds beside its macros: form controls and document properties, which macros read back.

Source: [MS-OFORMS] 2.2.10 FormControl and its sites, 2.2.5 MorphData, 2.2.4 Label, 2.2.1 CommandButton;
[MS-OSHARED] 2.3.3.2 document properties.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from sekisho.analyzers._compound import Compound, Path
from sekisho.analyzers._property_sets import read_properties

CONTROLS = 500
"""Controls read of one form; Office's designer becomes unusable long before."""

_MORPHS = frozenset({15, 23, 24, 25, 26, 27, 28})
_LABEL, _BUTTON = 21, 17
_DONT_SAVE_CLASS_TABLE = 0x8000
_FONT, _PICTURE = bytes.fromhex("0352e30b"), bytes.fromhex("0452e30b")  # first four bytes of their CLSIDs
_OWNERS = ("activedocument", "thisdocument", "me", "thisworkbook", "activeworkbook", "activepresentation", "")
_SUMMARY = {2: "title", 3: "subject", 4: "author", 5: "keywords", 6: "comments", 8: "last author"}
_DOCUMENT_SUMMARY = {2: "category", 14: "manager", 15: "company"}

Fields = tuple[tuple[int, int], ...]
"""(bit of the property mask, bytes of the field), in file order; a field is aligned to its own size."""

_SITE: Fields = (
    (0, 4),
    (1, 4),
    (2, 4),
    (3, 4),
    (4, 4),
    (5, 4),
    (6, 2),
    (7, 2),
    (9, 2),
    (11, 4),
    (12, 4),
    (13, 4),
    (14, 4),
)
_SITE_NAME, _SITE_TAG, _SITE_SIZE, _SITE_KIND = 0, 1, 5, 7
_MORPH: Fields = (
    (0, 4), (1, 4), (2, 4), (3, 4), (4, 1), (5, 1), (6, 1), (7, 1), (9, 2), (10, 4), (11, 2), (12, 2), (13, 2), (14, 2),
    (15, 2), (16, 1), (17, 1), (18, 1), (20, 1), (21, 1), (22, 4), (23, 4), (24, 4), (25, 4), (26, 4), (27, 2), (28, 2),
    (29, 2), (32, 4),
)  # fmt: skip
_MORPH_SIZE, _MORPH_VALUE, _MORPH_CAPTION = 8, 22, 23
_COMMAND: Fields = ((0, 4), (1, 4), (2, 4), (3, 4), (4, 4), (6, 1), (7, 2), (8, 2), (10, 2))
_LABELS: Fields = ((0, 4), (1, 4), (2, 4), (3, 4), (4, 4), (6, 1), (7, 4), (8, 2), (9, 2), (10, 2), (11, 2), (12, 2))
_CAPTION = 3


def document_texts(compound: Compound, place: Path) -> Mapping[str, str]:
    """Give texts by the names macros use for them, lower case: ``userform1.textbox1.text`` and the like.

    ``place`` is the storage of the project, where its forms lie too.
    """
    texts: dict[str, str] = {}
    for name, value in _properties(compound):
        for owner in _OWNERS:
            texts[f"{owner}.builtindocumentproperties.{name}".lstrip(".")] = value
    for entry in compound.entries.values():
        path = entry.path
        if entry.is_stream or len(path) <= len(place) or path[: len(place)] != place or path[-1].lower() == "vba":
            continue
        form = path[len(place)]
        for control, kind, value in _controls(compound.try_read(*path, "f"), compound.try_read(*path, "o")):
            texts.setdefault(f"{form}.{control}.{kind}".lower(), value)
            if kind != "tag":  # the others are what the control's bare name stands for
                for key in (f"{form}.{control}", f"me.{control}", f"{form}.controls.{control}"):
                    texts.setdefault(key.lower(), value)
    return texts


def _properties(compound: Compound) -> Iterator[tuple[str, str]]:
    for stream, names in (
        ("\x05SummaryInformation", _SUMMARY),
        ("\x05DocumentSummaryInformation", _DOCUMENT_SUMMARY),
    ):
        for number, value in read_properties(compound.try_read(stream)).items():
            if number in names and isinstance(value, str) and value:
                yield names[number], value


def _controls(form: bytes, objects: bytes) -> Iterator[tuple[str, str, str]]:
    """Give (control name, property, text) of a form's controls; stops quietly at the first thing that does not fit."""
    at = 0
    try:
        for name, kind, size, tag in _sites(form):
            body = objects[at : at + size]
            at += size
            if tag:
                yield name, "tag", tag
            for which, text in _control_texts(body, kind):
                if text:
                    yield name, which, text
    except (struct.error, IndexError):
        return


def _sites(form: bytes) -> Iterator[tuple[str, int, int, str]]:
    """Give (name, kind, size in the ``o`` stream, tag) of each site.

    Source: [MS-OFORMS] 2.2.10.6 FormSiteData, 2.2.10.12 OleSiteConcrete.
    """
    size, mask = struct.unpack_from("<HI", form, 2)
    at = _past_streams(form, 4 + size, mask)
    if not _flags(form, mask) & _DONT_SAVE_CLASS_TABLE:
        classes = struct.unpack_from("<H", form, at)[0]
        at += 2
        for _ in range(min(classes, CONTROLS)):
            at += 4 + struct.unpack_from("<H", form, at + 2)[0]
    count = min(struct.unpack_from("<I", form, at)[0], CONTROLS)
    at = _past_depths(form, at + 8, count)
    for _ in range(count):
        size = struct.unpack_from("<H", form, at + 2)[0]
        yield _site(form[at : at + 4 + size])
        at += 4 + size


def _flags(form: bytes, mask: int) -> int:
    """Give BooleanProperties, zero when the form stores none."""
    if not mask >> 6 & 1:
        return 0
    before = sum(4 for bit in (1, 2, 3) if mask >> bit & 1)
    return int(struct.unpack_from("<I", form, 8 + before)[0])


def _past_streams(form: bytes, at: int, mask: int) -> int:
    """Step over the mouse icon, font and picture that may follow the form's own data."""
    for bit in (15, 20, 21):
        if not mask >> bit & 1:
            continue
        clsid = form[at : at + 4]
        at += 16
        if clsid == _FONT:
            at += 11 + form[at + 10]
        elif clsid == _PICTURE:
            at += 8 + struct.unpack_from("<I", form, at + 4)[0]
        else:  # TextProps
            at += 4 + struct.unpack_from("<H", form, at + 2)[0]
    return at


def _past_depths(form: bytes, at: int, count: int) -> int:
    """Step over runs of (depth, type or count), padded to four bytes."""
    start, described = at, 0
    while described < count:
        run = form[at + 1]
        described += run & 0x7F if run & 0x80 else 1
        at += 3 if run & 0x80 else 2
        if at - start > 4 * CONTROLS:
            raise IndexError
    return start + -(-(at - start) // 4) * 4


def _fields(data: bytes, at: int, mask: int, fields: Fields) -> tuple[dict[int, int], int]:
    """Give the fields that the mask announces and where they end, aligned to four."""
    values: dict[int, int] = {}
    for bit, width in fields:
        if mask >> bit & 1:
            at += -at % width
            values[bit] = int.from_bytes(data[at : at + width], "little")
            at += width
    return values, at + -at % 4


def _site(data: bytes) -> tuple[str, int, int, str]:
    values, at = _fields(data, 8, struct.unpack_from("<I", data, 4)[0], _SITE)
    name, at = _text(data, at, values.get(_SITE_NAME, 0))
    tag, at = _text(data, at, values.get(_SITE_TAG, 0))
    return name, values.get(_SITE_KIND, 0), values.get(_SITE_SIZE, 0), tag


def _text(data: bytes, at: int, length: int) -> tuple[str, int]:
    """Read a text of ``length`` bytes, whose top bit says that it is stored one byte a character; padded to four.

    Source: [MS-OFORMS] 2.4.14 CountOfBytesWithCompressionFlag.
    """
    size = length & 0x7FFFFFFF
    raw = data[at : at + size]
    text = raw.decode("cp1252" if length >> 31 else "utf-16-le", "replace")
    return text, at + size + -size % 4


def _control_texts(data: bytes, kind: int) -> Iterator[tuple[str, str]]:
    if kind in _MORPHS:
        mask = struct.unpack_from("<Q", data, 4)[0]
        values, at = _fields(data, 12, mask, _MORPH)
        at += 8 if mask >> _MORPH_SIZE & 1 else 0
        value, at = _text(data, at, values.get(_MORPH_VALUE, 0))
        caption, at = _text(data, at, values.get(_MORPH_CAPTION, 0))
        yield from (("text", value), ("value", value), ("caption", caption))
    elif kind in (_LABEL, _BUTTON):
        values, at = _fields(data, 8, struct.unpack_from("<I", data, 4)[0], _LABELS if kind == _LABEL else _COMMAND)
        yield "caption", _text(data, at, values.get(_CAPTION, 0))[0]
