"""What bytes are, for everything that no analyser recognises: a media type by content, the name only as a tie-break."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from sekisho.analyzers import _signatures as signatures

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
CONTAINERS_NOT_READ: Mapping[str, str] = MappingProxyType(signatures.CONTAINERS_NOT_READ)
"""Media type to the name of a format that can carry code but has no analyser yet."""

HEAD = 8_192
"""Bytes looked at for text, scripts and directory names."""
TAIL = 65_536
"""Bytes looked at from the end for a ZIP's directory."""
PRINTABLE_SHARE = 0.95
"""Share of printable characters that makes text; binary formats stay below 0.9 in their first 8 KiB (measured on the
shared Office and shortcut fixtures)."""
NAMES = {
    ".vbs": "text/vbscript",
    ".vbe": "text/vbscript",
    ".js": "text/javascript",
    ".jse": "text/javascript",
    ".ps1": "text/x-powershell",
    ".bat": "application/x-msdos-batch",
    ".cmd": "application/x-msdos-batch",
    ".hta": "application/hta",
    ".csv": "text/csv",
}
"""Text types that only a name can tell when the content has too few marks."""

_BMP_SIZES = (12, 40, 52, 56, 64, 108, 124)
_HEADER_LINE = re.compile(rb"(?:From|To|Subject|Date|Received|Return-Path|MIME-Version|Message-ID|Delivered-To):", re.I)
_CONTROL = bytes(set(range(32)) - {9, 10, 12, 13, 27}) + b"\x7f"  # ESC is in Japanese mail text


def media_type(data: bytes, name: str = "") -> str:
    """Give the media type of bytes, ``application/octet-stream`` when nothing fits; ``name`` only breaks ties of text.

    Source: magic numbers as listed in ``_signatures``.
    """
    found = _by_magic(data)
    if found == "application/x-ole-storage":
        return _compound_type(data)
    if found == "application/zip":
        return _zip_type(data)
    return found or _text_type(data, name) or UNKNOWN


def extension_of(media: str) -> str:
    """Give the file extension with its dot that Windows would open a media type by, ``.bin`` when unknown."""
    return signatures.EXTENSIONS.get(media, ".bin")


def _by_magic(data: bytes) -> str:
    if data.startswith(b"MZ") and len(data) >= 64:
        return "application/x-dosexec"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_SIZES:
        return "image/bmp"
    if data.startswith(b"RIFF"):
        return signatures.RIFF.get(data[8:12], "")
    for offset, magic, media in signatures.MAGIC:
        if data.startswith(magic, offset) and not (media == "image/vnd.microsoft.icon" and len(data) < 22):
            return media
    return signatures.TRAILERS.get(data[-512:-504], "") or signatures.TRAILERS.get(data[-512:-508], "")


def _compound_type(data: bytes) -> str:
    """Tell compound files apart by the names in their directory, which may lie anywhere."""
    for mark, media in signatures.OLE_STREAMS:
        if mark in data:
            return media
    return "application/x-ole-storage"


def _zip_type(data: bytes) -> str:
    edges = data[:HEAD] + data[-TAIL:]
    return next((media for mark, media in signatures.ZIP_MARKS if mark in edges), "application/zip")


def _text_type(data: bytes, name: str) -> str:
    text = _as_bytes_of_text(data[:HEAD])
    if not text:
        return ""
    lower = b"\n" + text.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if _HEADER_LINE.match(lower, 1):
        return "message/rfc822"
    for media, marks, needed in signatures.SCRIPT_MARKS[:1]:
        if sum(mark in lower for mark in marks) >= needed:
            return media
    if lower[1:].startswith(signatures.HTML_STARTS):
        return "text/html"
    if lower[1:].startswith(b"<?xml"):
        return "text/xml"
    for media, marks, needed in signatures.SCRIPT_MARKS:
        if sum(mark in lower for mark in marks) >= needed:
            return media
    dot = name.rfind(".")
    return NAMES.get(name[dot:].lower(), TEXT) if dot >= 0 else TEXT


def _as_bytes_of_text(head: bytes) -> bytes:
    """Give bytes that hold the ASCII of a text whatever its encoding; empty when it is no text."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head.decode("utf-16", "replace")
        return text.encode("utf-8", "replace") if text.count("\ufffd") <= len(text) // 20 else b""
    if not head or len(head.translate(None, _CONTROL)) < PRINTABLE_SHARE * len(head):
        return b""
    high = sum(byte >= 0x80 for byte in head)
    if high > len(head) // 3 and not _decodes(head):
        return b""
    return head


def _decodes(head: bytes) -> bool:
    """Tell whether bytes with many high ones are UTF-8, Shift_JIS or EUC text; a cut last character is no break."""
    for encoding in ("utf-8", "cp932", "euc_jp"):
        for cut in range(4):
            try:
                head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return True
    return False
