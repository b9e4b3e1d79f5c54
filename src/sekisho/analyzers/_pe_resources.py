"""What the resources of a Windows program tell: its version strings, the rights it asks for, its icon, files inside.

Source: Microsoft, "VS_VERSIONINFO structure" and "Resource Types"; application manifests, ``requestedExecutionLevel``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import identify
from sekisho.analyzers._pe_image import Image, Resource
from sekisho.model.limits import DEFAULT

ICON, GROUP_ICON, VERSION, MANIFEST = 3, 14, 16, 24
DRAWN = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 16, 17, 20, 21, 22, 24})
"""Types that hold pictures, dialogs and strings: everything but raw data (10), HTML (23) and types of one's own."""
FILES = 100
ICONS = 24
STRINGS = 200
KEY = 200
"""Letters of a version string's name that are read."""
_KEPT = frozenset(
    "originalfilename internalname companyname productname filedescription fileversion legalcopyright".split()
)
_LEVEL = re.compile(rb"requestedExecutionLevel[^>]{0,200}?level\s*=\s*[\"'](\w{1,40})", re.IGNORECASE)
_NO_FILES = frozenset({identify.UNKNOWN, identify.TEXT, "text/xml", "text/csv"})


def version_strings(image: Image, leaves: list[Resource]) -> dict[str, str]:
    """Give the version strings by lower-case name; of several translations the first counts."""
    found: dict[str, str] = {}
    for leaf in leaves:
        if leaf.path[0] == VERSION:
            for key, value in _strings(image.take(leaf.rva, min(leaf.size_bytes, 65_536))):
                found.setdefault(key, value)
            break
    return found


def _strings(data: bytes) -> Iterator[tuple[str, str]]:
    """Walk the blocks; one that holds blocks is entered by going on behind its own head."""
    at = 0
    for _ in range(STRINGS):
        if at + 6 > len(data):
            return
        length, value_length = (
            int.from_bytes(data[at : at + 2], "little"),
            int.from_bytes(data[at + 2 : at + 4], "little"),
        )
        end = _wide_end(data, at + 6)
        key = data[at + 6 : end].decode("utf-16-le", "replace")
        start = -(-(end + 2) // 4) * 4
        if key.lower() in _KEPT:
            text = data[start : start + 2 * value_length][: max(0, at + length - start)]
            yield key.lower(), text.decode("utf-16-le", "replace").split("\0", 1)[0].strip()
        if key == "VS_VERSION_INFO":
            at = start + -(-value_length // 4) * 4
        elif key in ("StringFileInfo", "VarFileInfo") or re.fullmatch("[0-9a-fA-F]{8}", key):
            at = start
        else:
            at = -(-(at + max(length, 6)) // 4) * 4


def _wide_end(data: bytes, at: int) -> int:
    """Give where a key ends; none of Windows' own is longer than thirty letters."""
    end, last = at, min(len(data) - 1, at + 2 * KEY)
    while end < last and data[end : end + 2] != b"\0\0":
        end += 2
    return end


def asked_level(image: Image, leaves: list[Resource]) -> str:
    """Give the execution level that the manifest asks for, empty without one."""
    for leaf in leaves:
        if leaf.path[0] == MANIFEST:
            found = _LEVEL.search(image.take(leaf.rva, min(leaf.size_bytes, 65_536)))
            return found[1].decode() if found else ""
    return ""


def first_icons(image: Image, leaves: list[Resource]) -> list[bytes]:
    """Give the pictures of the first icon group, which Explorer shows, largest first."""
    group = next((leaf for leaf in leaves if leaf.path[0] == GROUP_ICON), None)
    if group is None:
        return []
    rows = image.take(group.rva, min(group.size_bytes, 6 + 14 * ICONS))[6:]
    sizes = {}
    for at in range(0, len(rows) - 13, 14):
        sizes[int.from_bytes(rows[at + 12 : at + 14], "little")] = (rows[at] or 256, rows[at + 6])
    icons = {leaf.path[1]: leaf for leaf in leaves if leaf.path[0] == ICON and len(leaf.path) > 1}
    found = sorted((number for number in sizes if number in icons), key=lambda number: sizes[number], reverse=True)
    return [image.take(icons[number].rva, min(icons[number].size_bytes, 1 << 20)) for number in found]


def files_inside(image: Image, leaves: list[Resource]) -> Iterator[tuple[str, bytes]]:
    """Give the raw data that are files of a known type: programs, archives, documents, scripts."""
    room, count = DEFAULT.member_bytes, 0
    for leaf in leaves:
        if leaf.path[0] in DRAWN or leaf.size_bytes < 32 or room < leaf.size_bytes or count >= FILES:
            continue
        data = image.take(leaf.rva, leaf.size_bytes)
        room -= len(data)
        media = identify.media_type(data)
        if media not in _NO_FILES and not media.startswith(("image/", "audio/", "font/")):
            count += 1
            yield "resource " + "-".join(map(str, leaf.path[:2])) + identify.extension_of(media), data
