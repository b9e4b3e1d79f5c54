"""Item identifier lists (PIDL): the path that Explorer walks to a target, item by item.

Source: [MS-SHLLINK] 2.2 for the list; the items themselves are undocumented by Microsoft and read as described in
"Windows Shell Item format" of the libfwsi project (J. Metz), sections on volume, file entry, users files folder
(delegate), network location, control panel CPL file and URI items, and on extension block 0xbeef0004.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._known_folders import FOLDERS
from sekisho.analyzers._windows_text import ansi, ansi_z, fat_time, guid, utf16, utf16_z_bytes
from sekisho.model.errors import MalformedError

MAX_ITEMS = 512
"""A path of 260 characters has fewer parts; a list of 64 KiB of empty items would have 30,000."""
CLASS_ROOT, CLASS_CPL, CLASS_CONTROL_PANEL, CLASS_URI = 0x1F, 0x00, 0x71, 0x61
FAMILY_MASK, FAMILY_VOLUME, FAMILY_FILE, FAMILY_NETWORK = 0x70, 0x20, 0x30, 0x40
VOLUME_HAS_NAME, FILE_IS_DIRECTORY, FILE_IS_UNICODE = 0x01, 0x01, 0x04
NETWORK_HAS_DESCRIPTION, NETWORK_HAS_COMMENT = 0x80, 0x40
DELEGATE = b"CFSF"
FILE_EXTENSION = 0xBEEF0004
# Offset of the long name in extension block 0xbeef0004 by the block's version.
LONG_NAME_AT = {3: 20, 7: 38, 8: 42, 9: 46}


@dataclass(frozen=True, slots=True)
class Item:
    """One step of the path."""

    kind: str
    """root volume file delegate network cpl control_panel uri unknown."""
    class_type: int
    """Class type indicator: family in the high bits, flags in the low ones."""
    at: int
    name: str = ""
    """What the path shows for it: the long name where there is one."""
    short_name: str = ""
    """Primary (8.3) name of a file entry."""
    guid: str = ""
    sort_index: int = 0
    size_bytes: int = 0
    attributes: int = 0
    modified_at: datetime | None = None
    created_at: datetime | None = None
    accessed_at: datetime | None = None
    is_directory: bool = False
    comment: str = ""
    """Description and comment of a network location, comment of a control panel file."""


def read_items(data: bytes, at: int, end: int) -> Iterator[Item]:
    """Give the items of a list lying between two offsets, up to its empty item.

    Raises:
        MalformedError: an item runs past the list; the items before it stand.
    """
    cursor = Cursor(data, at, end)
    for _ in range(MAX_ITEMS):
        start = cursor.at
        if cursor.left == 0:
            return  # Explorer accepts a list without its empty item
        size = cursor.uint(2, "item size")
        if size == 0:
            return
        if size < 3:
            raise MalformedError(f"item of {size} bytes", start)
        cursor.take(size - 2, "item")
        yield _item(data[start : start + size], start)
    raise MalformedError(f"more than {MAX_ITEMS} items", cursor.at)


def path_of(items: Iterable[Item]) -> str:
    """Give the path that the items spell, as Explorer would show it; empty when no item has a name."""
    parts: list[str] = []
    for item in items:
        name = item.name.rstrip("\\") if len(item.name) > 1 else item.name
        if item.kind in ("volume", "network", "uri", "cpl") and name:
            parts = [name]
        elif item.kind == "root":
            parts = [name] if name else []
        elif name:
            parts.append(name)
    return "\\".join(parts) + ("\\" if len(parts) == 1 and parts[0].endswith(":") else "")


def _item(raw: bytes, at: int) -> Item:
    """Read one item; an item too short for its kind is unknown, for Explorer skips it as well."""
    class_type = raw[2]
    family = class_type & FAMILY_MASK
    try:
        if class_type == CLASS_ROOT:
            return _root(raw, at)
        if raw[6:10] == DELEGATE:
            return _delegate(raw, at)
        if family == FAMILY_VOLUME:
            return _volume(raw, at)
        if family == FAMILY_FILE:
            return _file(raw, at)
        if family == FAMILY_NETWORK:
            return _network(raw, at)
        if class_type == CLASS_CONTROL_PANEL:
            identifier = guid(raw[14:30])
            return Item("control_panel", class_type, at, name=f"::{{{identifier}}}", guid=identifier)
        if class_type == CLASS_URI:
            return _uri(raw, at)
        if class_type == CLASS_CPL:
            return _cpl(raw, at)
    except MalformedError:
        pass
    return Item("unknown", class_type, at)


def _root(raw: bytes, at: int) -> Item:
    identifier = guid(raw[4:20])
    return Item("root", raw[2], at, FOLDERS.get(identifier, f"::{{{identifier}}}"), guid=identifier, sort_index=raw[3])


def _volume(raw: bytes, at: int) -> Item:
    if raw[2] & VOLUME_HAS_NAME:
        return Item("volume", raw[2], at, name=ansi_z(raw, 3, len(raw)))
    identifier = guid(raw[4:20])
    return Item("volume", raw[2], at, FOLDERS.get(identifier, f"::{{{identifier}}}"), guid=identifier)


def _file(raw: bytes, at: int) -> Item:
    return _file_entry(raw, 0, _extension_at(raw), at, "file")


def _delegate(raw: bytes, at: int) -> Item:
    """Read a folder's item that wraps a file entry (class 0x74): entry at 10, then two GUIDs, then extensions."""
    return _file_entry(raw, 10, 6 + int.from_bytes(raw[4:6], "little"), at, "delegate")


def _file_entry(raw: bytes, base: int, name_end: int, at: int, kind: str) -> Item:
    cursor = Cursor(raw, base + 2)
    class_type = cursor.uint(1)
    cursor.take(1)
    size, modified, attributes = cursor.uint(4), cursor.uint(4), cursor.uint(2)
    short_name = _primary_name(raw, cursor.at, name_end, class_type)
    long_name, created, accessed = _long_name(raw)
    return Item(
        kind,
        class_type,
        at,
        name=long_name or short_name,
        short_name=short_name,
        guid=guid(raw[name_end : name_end + 16]) if kind == "delegate" else "",
        size_bytes=size,
        attributes=attributes,
        modified_at=fat_time(modified),
        created_at=fat_time(created),
        accessed_at=fat_time(accessed),
        is_directory=bool(class_type & FILE_IS_DIRECTORY),
    )


def _primary_name(raw: bytes, at: int, end: int, class_type: int) -> str:
    if class_type & FILE_IS_UNICODE:
        return utf16(utf16_z_bytes(raw, at, end))
    return ansi_z(raw, at, end)


def _extension_at(raw: bytes) -> int:
    """Give the offset of the first extension block, which the item's last two bytes hold; its length without one."""
    offset = int.from_bytes(raw[-2:], "little")
    sane = 14 <= offset <= len(raw) - 10 and raw[offset + 6 : offset + 8] == b"\xef\xbe"
    return offset if sane else len(raw)


def _long_name(raw: bytes) -> tuple[str, int, int]:
    """Give the long name and the FAT times of creation and access from extension block 0xbeef0004, else blanks."""
    at = _extension_at(raw)
    while at + 18 <= len(raw):
        size = int.from_bytes(raw[at : at + 2], "little")
        version = int.from_bytes(raw[at + 2 : at + 4], "little")
        if int.from_bytes(raw[at + 4 : at + 8], "little") == FILE_EXTENSION:
            block = Cursor(raw, at + 8)
            created, accessed = block.uint(4), block.uint(4)
            name_at = at + LONG_NAME_AT.get(version, LONG_NAME_AT[9] if version > 9 else LONG_NAME_AT[3])
            return utf16(utf16_z_bytes(raw, name_at, min(at + size, len(raw)))), created, accessed
        if size < 8:
            break
        at += size
    return "", 0, 0


def _network(raw: bytes, at: int) -> Item:
    texts = raw[5:].split(b"\0", 3)
    flags = raw[4] if len(raw) > 4 else 0
    announced = sum(bool(flags & flag) for flag in (NETWORK_HAS_DESCRIPTION, NETWORK_HAS_COMMENT))
    comment = [ansi(text) for text in texts[1 : 1 + announced]]
    return Item("network", raw[2], at, name=ansi(texts[0]), comment="; ".join(filter(None, comment)))


def _uri(raw: bytes, at: int) -> Item:
    unicode, data_size = raw[3] & 0x80, int.from_bytes(raw[4:6], "little")
    start = 6 + data_size
    text = utf16(utf16_z_bytes(raw, start, len(raw))) if unicode else ansi_z(raw, start, len(raw))
    return Item("uri", raw[2], at, name=text)


def _cpl(raw: bytes, at: int) -> Item:
    """Read a control panel file: path at 24, then name and comment at offsets counted in characters from there."""
    cursor = Cursor(raw, 20)
    name_at, comment_at = 24 + 2 * cursor.uint(2), 24 + 2 * cursor.uint(2)
    path = utf16(utf16_z_bytes(raw, 24, len(raw)))
    if not path.isprintable() or "." not in path:
        return Item("unknown", raw[2], at)
    texts = [utf16(utf16_z_bytes(raw, start, len(raw))) for start in (name_at, comment_at) if start < len(raw)]
    return Item("cpl", raw[2], at, name=path, comment="; ".join(filter(None, texts)))
