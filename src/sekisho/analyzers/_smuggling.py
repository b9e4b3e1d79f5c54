"""Files that a page carries inside its own script, and would write when it is opened.

Source: MITRE ATT&CK T1027.006; RFC 2397 for data: URIs; ECMA-262 B.2.1 for ``unescape``. Nothing is run: literals are
joined and decoded, and kept when the result is a file of a known kind.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

LITERAL = 400
"""Letters of base64 that make a literal a file: 300 bytes, less than any archive with a program in it."""
FILES = 10
"""Smuggled files kept of one page."""
_ALPHABET = "A-Za-z0-9+/"
_RUN = re.compile(rf"(?<![{_ALPHABET}])[{_ALPHABET}]{{{LITERAL},}}={{0,2}}")
_BLANKED = bytes(byte if (chr(byte).isalnum() and byte < 128) or byte in b"+/" else 32 for byte in range(256))
_SHORT_RUN = re.compile(rf"atob\s*\(\s*[\"'`]([{_ALPHABET}=\s]{{16,}})[\"'`]", re.IGNORECASE)
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}){300,}(?![0-9a-fA-F])")
_NUMBERS = re.compile(r"\[\s*((?:(?:0x[0-9a-fA-F]{1,2}|\d{1,3})\s*,\s*){100,}(?:0x[0-9a-fA-F]{1,2}|\d{1,3}))\s*,?\s*\]")
_JOINTS = re.compile(r"[\"'`]\s*(?:\+|,|\\\r?\n)\s*[\"'`]|\\\r?\n")
_NAME = re.compile(
    r"(?:\.download\s*=|msSave(?:OrOpen)?Blob\s*\([^,()]{1,100},|saveAs\s*\([^,()]{1,100},)\s*[\"'`]([^\"'`]{1,200})"
)
_NAMED = re.compile(
    r"[\"'`]([^\"'`\s/\\<>]{1,80}\.(?:zip|iso|img|vhdx?|rar|7z|js|jse|vbs|vbe|lnk|exe|dll|msi|docm?|xls[mb]?|html?|hta|pdf|one|wsf))[\"'`]",
    re.I,
)
_DATA_URI = re.compile(r"data:([\w.+-]{1,80}/[\w.+-]{1,80})?((?:;[^,;]{0,100}){0,6}),", re.IGNORECASE)
_UNESCAPE = re.compile(r"(?:unescape|decodeURIComponent|decodeURI)\s*\(\s*[\"'`]([^\"'`]{16,})[\"'`]", re.IGNORECASE)
_PERCENT_U = re.compile(r"%u([0-9a-fA-F]{4})")
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"MZ", "exe"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"%PDF-", "pdf"),
    (b"conectix", "vhd"),
    (b"vhdxfile", "vhdx"),
    (b"MSCF", "cab"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "lnk"),
    (b"{\\rtf", "rtf"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "one"),
    (b"\x1f\x8b\x08", "gz"),
    (b"<html", "html"),
    (b"<!DOCTYPE", "html"),
    (b"<!doctype", "html"),
    (b"<script", "html"),
    (b"<HTML", "html"),
)
_ISO_AT = 0x8001
_TRICKS = (
    ("atob", re.compile(r"\batob\b|frombase64|base64(?:toarraybuffer|decode)", re.I)),
    ("blob", re.compile(r"new\s+(?:window\.)?Blob\b|\[[\"']Blob[\"']\]|new\s+File\s*\(")),
    ("object-url", re.compile(r"createObjectURL", re.I)),
    ("ms-save", re.compile(r"msSave(?:OrOpen)?Blob", re.I)),
    ("download", re.compile(r"\.download\b|[\"']download[\"']")),
    ("char-code", re.compile(r"charCodeAt|fromCharCode")),
    ("unescape-write", re.compile(r"document\.write(?:ln)?\s*\(\s*(?:unescape|decodeURI|atob)", re.I)),
    ("eval", re.compile(r"\beval\s*\(|new\s+Function\s*\(|\bFunction\s*\(")),
)


@dataclass(frozen=True, slots=True)
class Smuggled:
    """A child to be made."""

    name: str
    data: bytes
    relation: str
    kind: str = ""
    media_type: str = ""


def tricks(code: str, *, has_download: bool) -> list[str]:
    """Give the names of the tricks by which a page can write a file that no gateway saw."""
    found = [name for name, pattern in _TRICKS if pattern.search(code)] if code else []
    if has_download and "download" not in found:
        found.append("download")
    if _longest(joined(code)) >= LITERAL:
        found.append("base64-literal")
    return found


def joined(code: str) -> str:
    """Give script with the joints of cut string literals taken out."""
    return _JOINTS.sub("", code)


def _longest(text: str) -> int:
    """Give the length of the longest run of base64 letters, without a regular expression over all of the text."""
    runs = text.encode("utf-8", "replace").translate(_BLANKED).split()
    return max(map(len, runs), default=0)


def hidden_files(source: str, code: str) -> Iterator[Smuggled]:
    """Give the files that literals of a page hold as base64, hex or lists of numbers, under the name it saves them.

    Without script nothing can write them, so a page without any has none.
    """
    if not code:
        return
    name = _file_name(code)
    seen: set[bytes] = set()
    for data in (*_literals(joined(code)), *_literals(source)):
        kind = file_kind(data)
        if kind and data not in seen and len(seen) < FILES:
            seen.add(data)
            given = name if len(seen) == 1 and name else f"smuggled{len(seen)}.{kind}"
            yield Smuggled(given, data, "decoded", "html" if kind == "html" else "")


def _literals(text: str) -> Iterator[bytes]:
    for match in _NUMBERS.finditer(text):
        numbers = [int(number.strip(), 0) if "x" in number.lower() else int(number) for number in match[1].split(",")]
        if max(numbers) < 256:
            yield bytes(numbers)
    if _longest(text) < LITERAL:
        return
    for match in _RUN.finditer(text):
        if text[max(0, match.start() - 8) : match.start()].lower() != ";base64,":
            yield from _base64(match[0])
    for match in _HEX.finditer(text):
        yield bytes.fromhex(match[0])


def _base64(text: str) -> Iterator[bytes]:
    """Decode a literal forwards, and backwards, as some loaders reverse it."""
    for spelling in (text, text[::-1]) if not text.startswith(("UEs", "TVq", "0M8")) else (text,):
        clean = spelling.strip("=")
        clean = clean[:-1] if len(clean) % 4 == 1 else clean
        yield binascii.a2b_base64(clean + "=" * (-len(clean) % 4))


def file_kind(data: bytes) -> str:
    """Name the kind of file that bytes are, empty when it is none that a page would smuggle."""
    head = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind if kind != "exe" or b"\0" in data[:256] else ""
    return "iso" if data[_ISO_AT : _ISO_AT + 5] == b"CD001" else ""


def _file_name(code: str) -> str:
    found = _NAME.search(code) or _NAMED.search(code)
    return found[1].strip() if found else ""


def written_markup(code: str) -> Iterator[Smuggled]:
    """Give the markup that ``document.write(unescape("%3C…"))`` and ``atob("…")`` would put into the page."""
    texts = [_unescaped(match[1]) for match in _UNESCAPE.finditer(code)]
    for match in _SHORT_RUN.finditer(code):
        texts += list(_base64("".join(match[1].split())))[:1]
    kept = dict.fromkeys(text for text in texts if b"<" in text)
    for number, text in enumerate(list(kept)[:FILES], 1):
        if re.search(
            rb"<(?:!doctype|html|body|form|script|iframe|meta|a|div|input|title|head)[\s/>]", text, re.IGNORECASE
        ):
            yield Smuggled(f"written{number}.html", text, "decoded", "html")


def _unescaped(text: str) -> bytes:
    text = _PERCENT_U.sub(lambda match: chr(int(match[1], 16)), text)
    return unquote_to_bytes(text.encode("utf-8", "replace"))


def data_uri(value: str, number: int) -> Smuggled | None:
    """Give the bytes of a data: URI, None when it is malformed or empty."""
    head = _DATA_URI.match(value)
    if head is None:
        return None
    payload = unquote_to_bytes(value[head.end() :].encode("utf-8", "replace"))
    if "base64" in head[2].lower():
        clean = re.sub(rb"[^A-Za-z0-9+/]", b"", payload)
        clean = clean[:-1] if len(clean) % 4 == 1 else clean
        payload = binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    media_type = (head[1] or "text/plain").lower()
    suffix = re.sub(r"[^a-z0-9]", "", media_type.rpartition("/")[2].partition("+")[0])[:8]
    return Smuggled(f"data{number}.{suffix}", payload, "embedded", "", media_type) if payload else None
