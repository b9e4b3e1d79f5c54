"""OneNote sections (.one): what a page shows, and the files on it that run when they are double-clicked.

Source: [MS-ONE] 2.1.12 (properties), 2.1.13 (classes), 2.2.32 (embedded file), 2.2.24 (image); the lure after MITRE
ATT&CK T1204.002 and the reports on Qakbot's sections of 2023: a picture that asks for a double click lies over files.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import islice

from sekisho.analyzers import analyzer, identify
from sekisho.analyzers._onestore import (
    CLOUD_PACKAGE,
    FORMAT_AT,
    Identity,
    Item,
    Store,
    Stored,
    read_store,
    stored_files,
)
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT
from sekisho.model.urltext import find_urls, parse_url

MAGIC = (bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3"), bytes.fromhex("a12ff643d9ef764c9ee2104fce1c6f90"))
FILE_NAME, SOURCE_PATH, FILE_CONTAINER = 0x1C001D9C, 0x1C001D9D, 0x20001D9B
PICTURE_CONTAINER, PICTURE_NAME, PICTURE_TEXT = 0x20001C3F, 0x1C001DD7, 0x1C001E58
TITLES, AUTHOR, LINK = (0x1C001CF3, 0x1C001D3C), 0x1C001D75, 0x1C001E20
TEXT, NARROW_TEXT = 0x1C001C22, 0x1C003498
LEFT, TOP, WIDTHS, HEIGHTS = 0x14001C14, 0x14001C15, (0x14001C1B, 0x140034CD), (0x14001C1C, 0x140034CE)
CHILDREN = (0x24001C20, 0x24001C1F)
EMBEDDED, PICTURE = 0x60035, 0x60011
TEXTS = 2_000
"""Text runs given of one section."""
_CLICK = re.compile(
    r"double[\s-]{0,2}click|ダブル\s?クリック|doppel\w{0,4}klick|doble clic|double[\s-]clic|fare doppio", re.I
)
_ENDING = re.compile(rb"\.\0(?:[A-Za-z0-9]\0){2,4}(?![\x20-\x7e]\0)")
_NAME_BYTES = 160
_HYPERLINK = re.compile('\ufddfHYPERLINK "([^"]{1,2000})"')
_SLACK = 0.5  # half an inch, in the half inches that a page is laid out in


@analyzer(
    "onenote",
    magic=MAGIC,
    media_type="application/onenote",
    features=(
        *("onenote.title", "onenote.author", "onenote.text", "onenote.file", "onenote.files", "onenote.source_path"),
        *("onenote.pictures", "onenote.asks_double_click", "onenote.covered", "onenote.encrypted", "url"),
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the texts and links of the pages, then hand back every file stored in the section.

    Yields:
        ``onenote.title``, ``onenote.author`` and ``onenote.text`` (each once); ``url``; ``onenote.file`` for the name
        of each file on a page and ``onenote.source_path`` for where its author had it; ``onenote.files`` and
        ``onenote.pictures`` (counts); ``onenote.asks_double_click`` (a text says so) and ``onenote.covered`` (a
        picture lies over a file); then the files as children, pictures too.

    Raises:
        MalformedError: lists or objects are broken; the stored files have been yielded.
        LimitError: there is more of something than is read.
    """
    store = read_store(artifact.data)
    names, pictures = _names(store)
    yield from _texts(store)
    yield from (Feature("onenote.encrypted", True) for _ in range(store.encrypted))
    bodies = list(_bounded(artifact.data, store))
    yield Feature("onenote.files", sum(one.at not in pictures for one in bodies))
    yield Feature("onenote.pictures", sum(one.at in pictures for one in bodies))
    yield Feature("onenote.covered", _is_covered(store))
    guesses = iter([] if names else _guessed(artifact.data))
    for number, one in enumerate(bodies, 1):
        media = identify.media_type(one.data)
        guess = "" if one.at in names or media.startswith("image/") else next(guesses, "")
        name = names.get(one.at) or guess or f"file{number}{identify.extension_of(media)}"
        if guess:
            yield Feature("onenote.file", guess, one.at)
        yield _child(artifact, name, one, store.encrypted and media == identify.UNKNOWN)
    if artifact.data.startswith(CLOUD_PACKAGE, FORMAT_AT):
        raise MalformedError("packed as the cloud store does, which is not read", FORMAT_AT)
    if store.flaw:
        raise store.flaw


def _child(artifact: Artifact, name: str, one: Stored, is_encrypted: bool) -> Artifact:
    if is_encrypted:
        return artifact.child(name, b"", relation="embedded", unscanned="encrypted: the section has a password")
    return artifact.child(name, one.data, relation="embedded")


def _bounded(data: bytes, store: Store) -> Iterator[Stored]:
    """Give the stored files, noting in the store what was wrong with one."""
    try:
        for count, one in enumerate(stored_files(data)):
            if count >= DEFAULT.children:
                store.flaw = LimitError("children", DEFAULT.children)
                return
            if one.missing:
                store.flaw = store.flaw or MalformedError(f"stored file: {one.missing} bytes are missing", one.at)
            yield one
    except LimitError as error:
        store.flaw = error


def _names(store: Store) -> tuple[dict[int, str], set[int]]:
    """Give the names of stored files by offset, and the offsets of those that are pictures."""
    names, pictures = {}, set()
    for item in store.items:
        for container, name in ((FILE_CONTAINER, FILE_NAME), (PICTURE_CONTAINER, PICTURE_NAME)):
            for identity in item.references.get(container, ()):
                reference, _ = store.files.get(identity, ("", ""))
                at = store.places.get(reference.upper().removeprefix("<IFNDF>").strip("{}"))
                if at is None:
                    continue
                if container == PICTURE_CONTAINER:
                    pictures.add(at)
                if name in item.values:
                    names[at] = _wide(item.values[name])
    return names, pictures


def _wide(value: bytes) -> str:
    return value.decode("utf-16-le", "replace").split("\0", 1)[0]


def _texts(store: Store) -> Iterator[Feature]:
    found: dict[tuple[str, str], None] = {}
    for item in store.items:
        for name, prid in (
            *(("title", prid) for prid in TITLES),
            *(("author", AUTHOR), ("text", TEXT), ("text", PICTURE_TEXT), ("link", LINK)),
            *(("file", FILE_NAME), ("source_path", SOURCE_PATH)),
        ):
            if prid in item.values:
                found[name, _wide(item.values[prid])] = None
        if NARROW_TEXT in item.values:
            found["text", item.values[NARROW_TEXT].split(b"\0", 1)[0].decode("cp1252", "replace")] = None
    spoken = "\n".join(text for name, text in found if name in ("text", "title"))[: DEFAULT.text_chars]
    linked = [text for name, text in found if name == "link"] + _HYPERLINK.findall(spoken)
    for name, text in list(found)[:TEXTS]:
        if name != "link" and text.strip():
            yield Feature(f"onenote.{name}", text[:4_000])
    urls = [parse_url(text, where="href") for text in linked[:TEXTS]] + find_urls(spoken, "text")
    yield from (Feature("url", url) for url in {url.canonical: url for url in reversed(urls)}.values() if url.canonical)
    yield Feature("onenote.asks_double_click", _CLICK.search(spoken) is not None)


def _guessed(data: bytes) -> list[str]:
    """Give the file names that stand in a section whose lists cannot be read, in file order."""
    names: dict[str, None] = {}
    for match in islice(_ENDING.finditer(data), DEFAULT.children):
        before = data[max(0, match.start() - _NAME_BYTES) : match.start()]
        text = before[len(before) % 2 :].decode("utf-16-le", "replace")
        stem = re.split(r"[^ -~]|[\\/:*?\"<>|]", text)[-1].strip()
        if stem:
            names[stem + match.group().decode("utf-16-le")] = None
    return list(names)


def _is_covered(store: Store) -> bool:
    """Tell whether a file on a page lies within a picture on it, by where page and outlines place them."""
    items: dict[Identity, Item] = {}
    for item in store.items:
        if not item.jcid and item.identity in items:  # a change does not repeat the class
            item.jcid = items[item.identity].jcid
        items[item.identity] = item
    parents = {
        child: item.identity for item in items.values() for prid in CHILDREN for child in item.references.get(prid, ())
    }
    pictures = [box for item in items.values() if item.jcid == PICTURE and (box := _box(item))]
    for item in items.values():
        if item.jcid != EMBEDDED or not pictures:
            continue
        left, top, placed = _place(item, items, parents)
        if placed and any(
            x - _SLACK <= left <= x + width and y - _SLACK <= top <= y + height
            for x, y, width, height in pictures[:100]
        ):
            return True
    return False


def _box(item: Item) -> tuple[float, float, float, float] | None:
    left, top = _number(item, LEFT), _number(item, TOP)
    width = max(_number(item, prid) or 0.0 for prid in WIDTHS)
    height = max(_number(item, prid) or 0.0 for prid in HEIGHTS)
    return None if left is None or top is None else (left, top, width, height)


def _place(item: Item, items: dict[Identity, Item], parents: dict[Identity, Identity]) -> tuple[float, float, bool]:
    """Add up the offsets of an object and of what it lies in."""
    left = top = 0.0
    placed = False
    current: Item | None = item
    for _ in range(DEFAULT.depth):
        if current is None:
            break
        x, y = _number(current, LEFT), _number(current, TOP)
        left, top, placed = left + (x or 0.0), top + (y or 0.0), placed or x is not None or y is not None
        current = items.get(parents.get(current.identity, (b"", -1)))
    return left, top, placed


def _number(item: Item, prid: int) -> float | None:
    value = item.values.get(prid, b"")
    return float(struct.unpack("<f", value)[0]) if len(value) == 4 else None
