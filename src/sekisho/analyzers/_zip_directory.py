"""The directory of a ZIP: what its central directory says, what its local headers say, and where they disagree.

Source: PKWARE APPNOTE 6.3.10: 4.3.7 local header, 4.3.9 data descriptor, 4.3.12 central directory, 4.3.14 to 4.3.16 end
records, 4.4.4 flags, 4.6.9 Unicode path; WinZip AES specification for extra field 0x9901.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from struct import Struct

from sekisho.analyzers import _inflate
from sekisho.model.errors import MalformedError

LOCAL, CENTRAL, END, END64, LOCATOR64 = b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7"
DESCRIPTOR = b"PK\7\x08"
ENCRYPTED, HAS_DESCRIPTOR, STRONG, UTF8 = 0x01, 0x08, 0x40, 0x800
EXTRA_ZIP64, EXTRA_AES, EXTRA_PATH = 0x0001, 0x9901, 0x7075
UNSET32, UNSET16 = 0xFFFFFFFF, 0xFFFF
MAX_ENTRIES = 20_000
"""Members read from a directory; an archive of a mail has few, and only a bomb this many."""
MAX_HITS = 100_000
"""Local header signatures looked at in one stretch."""
MAX_CANDIDATES = 8
"""End records tried from the back."""

_LOCAL = Struct("<4s5H3I2H")
_CENTRAL = Struct("<4s6H3I5H2I")
_END = Struct("<4s4H2IH")
_END64 = Struct("<4sQ2H2I4Q")
_KANA_OR_KANJI = re.compile("[\u3041-\u30fe\u4e00-\u9fff\uff66-\uff9f\uff21-\uff3a\uff10-\uff19]")
_LATIN_SOUP = re.compile("[\ue000-\uf8ff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One member as its headers describe it."""

    name: str
    flags: int
    method: int
    """Real compression method, also below AES."""
    crc: int
    packed_bytes: int
    size_bytes: int
    time: int
    """DOS time: its high byte is the check of the traditional cipher when sizes follow the data."""
    header_at: int
    data_at: int
    """First byte of the packed data; -1 when the local header is missing."""
    aes_strength: int = 0
    """1 to 3, 0 without AES."""
    aes_version: int = 0
    """2 means that the CRC is not stored."""
    comment: str = ""
    carved: bool = False
    """Found by its local header only."""
    mismatch: str = ""
    """How its local header disagrees with the central directory."""

    @property
    def encrypted(self) -> bool:
        """Its data are encrypted."""
        return bool(self.flags & ENCRYPTED)

    @property
    def is_directory(self) -> bool:
        """It stands for a folder."""
        return self.name.endswith(("/", "\\")) and self.size_bytes == 0


@dataclass(frozen=True, slots=True)
class Directory:
    """What an archive holds."""

    entries: tuple[Entry, ...]
    prefix_bytes: int
    """Bytes before the first member."""
    end_at: int
    """First byte after the end record and its comment; the length of the file when there is no end record."""
    comment: str
    flaw: MalformedError | None
    """Why the directory was read only in part, or not at all."""


def find_end(data: bytes, lowest: int = 0) -> int:
    """Give the offset of the end record that leads to a directory, -1 without one at ``lowest`` or after it."""
    at = len(data)
    for _ in range(MAX_CANDIDATES):
        at = data.rfind(END, max(0, lowest), at)
        if at < 0:
            return -1
        if len(data) - at < _END.size:
            continue
        count, size, offset = _end_fields(data, at)[:3]
        if (count == 0 and at == 0) or _central_at(data, at, size, offset) >= 0:
            return at
    return -1


def read_directory(data: bytes) -> Directory:
    """Read everything that names a member; never raises."""
    end = find_end(data)
    if end < 0:
        carved = tuple(_carve(data, [(0, len(data))]))
        first = min((entry.header_at for entry in carved), default=0)
        flaw = None if not data else MalformedError("no end of central directory", len(data))
        return Directory(carved, first, len(data), "", flaw)
    _, size, offset, comment_bytes = _end_fields(data, end)
    start = _central_at(data, end, size, offset)
    entries: list[Entry] = []
    flaw = None
    try:  # a list keeps what a generator gave before it broke off
        entries.extend(_central(data, start, end, start - offset))
    except MalformedError as error:
        flaw = error
    entries.extend(_carve(data, _gaps(entries, max(start, 0) or end)))
    first = min((entry.header_at for entry in entries if entry.data_at >= 0), default=0)
    comment_at = end + _END.size
    end_at = min(comment_at + comment_bytes, len(data))
    return Directory(tuple(entries), first, end_at, _name(data[comment_at:end_at], 0, b""), flaw)


def packed(data: bytes, entry: Entry) -> memoryview:
    """Give a member's packed bytes without copying them, for many members may claim the same ones.

    Raises:
        MalformedError: they run past the file, or there is no local header.
    """
    if entry.data_at < 0:
        raise MalformedError(f"no local header for {entry.name!r}", entry.header_at)
    stop = entry.data_at + entry.packed_bytes
    if stop > len(data):
        raise MalformedError(f"member of {entry.packed_bytes} bytes, {len(data) - entry.data_at} left", entry.data_at)
    return memoryview(data)[entry.data_at : stop]


def _end_fields(data: bytes, at: int) -> tuple[int, int, int, int]:
    """Give member count, directory size, directory offset and comment length, from the 64-bit record where needed."""
    _, _, _, _, count, size, offset, comment = _END.unpack_from(data, at)
    if (count == UNSET16 or UNSET32 in (size, offset)) and data[at - 20 : at - 16] == LOCATOR64:
        at64 = data.rfind(END64, 0, at)
        if at64 >= 0 and at - at64 >= _END64.size:
            *_, count, size, offset = _END64.unpack_from(data, at64)
    return count, size, offset, comment


def _central_at(data: bytes, end: int, size: int, offset: int) -> int:
    """Give where the directory really starts: right before its end record, else where it claims; -1 without one."""
    at64 = data.rfind(END64, max(0, end - 4_096), end)
    for at in (end - size, at64 - size, offset):
        if 0 <= at < end and data[at : at + 4] == CENTRAL:
            return at
    return -1


def _central(data: bytes, start: int, end: int, shift: int) -> Iterator[Entry]:
    at = start
    for _ in range(MAX_ENTRIES):
        if at < 0 or data[at : at + 4] != CENTRAL or at + _CENTRAL.size > end:
            break
        fields = _CENTRAL.unpack_from(data, at)
        name_bytes, extra_bytes, comment_bytes = fields[10], fields[11], fields[12]
        name_at = at + _CENTRAL.size
        extra_at = name_at + name_bytes
        comment_at = extra_at + extra_bytes
        raw, extra = data[name_at:extra_at], data[extra_at:comment_at]
        comment = data[comment_at : comment_at + comment_bytes]
        if comment_at + comment_bytes > end:
            raise MalformedError("central directory entry past its end", at)
        yield _entry(data, fields, raw, extra, comment, shift)
        at = comment_at + comment_bytes
    else:
        raise MalformedError(f"more than {MAX_ENTRIES} members", at)


def _entry(data: bytes, fields: tuple[int, ...], raw: bytes, extra: bytes, comment: bytes, shift: int) -> Entry:
    flags, method, time, crc, packed_bytes, size = fields[3], fields[4], fields[5], fields[7], fields[8], fields[9]
    offset = fields[16]
    extras = dict(_extras(extra))
    size, packed_bytes, offset = _zip64(extras.get(EXTRA_ZIP64, b""), size, packed_bytes, offset)
    method, strength, version = _aes(extras.get(EXTRA_AES, b""), method)
    header_at = next((at for at in (offset + shift, offset) if data[at : at + 4] == LOCAL and at >= 0), -1)
    entry = Entry(
        name=_name(raw, flags, extras.get(EXTRA_PATH, b"")),
        flags=flags,
        method=method,
        crc=crc,
        packed_bytes=packed_bytes,
        size_bytes=size,
        time=time,
        header_at=header_at if header_at >= 0 else offset,
        data_at=-1,
        aes_strength=strength,
        aes_version=version,
        comment=_name(comment, flags, b""),
    )
    if header_at < 0 or header_at + _LOCAL.size > len(data):
        return replace(entry, mismatch="no local header")
    return _with_local(data, entry, header_at)


def _with_local(data: bytes, entry: Entry, at: int) -> Entry:
    """Add where the data start, and what the local header says differently."""
    fields = _LOCAL.unpack_from(data, at)
    name_at = at + _LOCAL.size
    data_at = name_at + fields[9] + fields[10]
    extras = dict(_extras(data[name_at + fields[9] : data_at]))
    name = _name(data[name_at : name_at + fields[9]], fields[2], extras.get(EXTRA_PATH, b""))
    method, _, _ = _aes(extras.get(EXTRA_AES, b""), fields[3])
    differences = []
    if name != entry.name:
        differences.append(f"name {name!r} in the local header")
    if method != entry.method:
        differences.append(f"method {method} in the local header, {entry.method} in the directory")
    if (fields[2] ^ entry.flags) & ENCRYPTED:
        differences.append("encrypted in one header only")
    return replace(entry, data_at=data_at, mismatch="; ".join(differences))


def _gaps(entries: list[Entry], end: int) -> list[tuple[int, int]]:
    """Give the stretches before the directory that no known member covers."""
    spans = sorted((entry.header_at, entry.data_at + entry.packed_bytes) for entry in entries if entry.data_at >= 0)
    gaps, at = [], 0
    for start, stop in spans:
        if start - at >= _LOCAL.size:
            gaps.append((at, start))
        at = max(at, stop)
    if end - at >= _LOCAL.size:
        gaps.append((at, end))
    return gaps


def _carve(data: bytes, gaps: list[tuple[int, int]]) -> Iterator[Entry]:
    """Find members by their local headers alone, skipping over the data of each one found."""
    found = 0
    for start, end in gaps:
        hits = islice(_finds(data, LOCAL, start, end), MAX_HITS)
        headers = [at for at in hits if _plausible(data, at, end)]
        at = start
        for header_at in headers:
            if header_at < at:
                continue  # inside the data of the member before
            entry = _carved(data, header_at, end, headers)
            yield entry
            at = entry.data_at + entry.packed_bytes
            found += 1
            if found >= MAX_ENTRIES:
                return


def _finds(data: bytes, what: bytes, start: int, end: int) -> Iterator[int]:
    at = data.find(what, start, end)
    while at >= 0:
        yield at
        at = data.find(what, at + 1, end)


def _plausible(data: bytes, at: int, end: int) -> bool:
    if at + _LOCAL.size > end:
        return False
    fields = _LOCAL.unpack_from(data, at)
    name = data[at + _LOCAL.size : at + _LOCAL.size + fields[9]]
    return (
        fields[1] & 0xFF <= 63
        and fields[3] in _inflate.METHODS
        and 0 < fields[9] <= 1_024
        and at + _LOCAL.size + fields[9] + fields[10] <= end
        and b"\0" not in name
    )


def _carved(data: bytes, at: int, end: int, headers: list[int]) -> Entry:
    fields = _LOCAL.unpack_from(data, at)
    flags, method, time, crc, packed_bytes, size = fields[2], fields[3], fields[4], fields[6], fields[7], fields[8]
    name_at = at + _LOCAL.size
    data_at = name_at + fields[9] + fields[10]
    extras = dict(_extras(data[name_at + fields[9] : data_at]))
    size, packed_bytes, _ = _zip64(extras.get(EXTRA_ZIP64, b""), size, packed_bytes, 0)
    method, strength, version = _aes(extras.get(EXTRA_AES, b""), method)
    following = bisect_right(headers, at)
    next_at = headers[following] if following < len(headers) else end
    if flags & HAS_DESCRIPTOR and packed_bytes == 0:
        crc, packed_bytes, size = _descriptor(data, data_at, next_at)
    return Entry(
        name=_name(data[name_at : name_at + fields[9]], flags, extras.get(EXTRA_PATH, b"")),
        flags=flags,
        method=method,
        crc=crc,
        packed_bytes=min(packed_bytes, max(0, end - data_at)),
        size_bytes=size,
        time=time,
        header_at=at,
        data_at=data_at,
        aes_strength=strength,
        aes_version=version,
        carved=True,
    )


def _descriptor(data: bytes, data_at: int, next_at: int) -> tuple[int, int, int]:
    """Give CRC and sizes from the descriptor whose packed size fits; everything up to the next header without one."""
    for at in _finds(data, DESCRIPTOR, data_at, next_at):
        crc, packed_bytes, size = (int.from_bytes(data[at + skip : at + skip + 4], "little") for skip in (4, 8, 12))
        if packed_bytes == at - data_at:
            return crc, packed_bytes, size
    return 0, max(0, next_at - data_at), 0


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        size = int.from_bytes(extra[at + 2 : at + 4], "little")
        yield int.from_bytes(extra[at : at + 2], "little"), extra[at + 4 : at + 4 + size]
        at += 4 + size


def _zip64(extra: bytes, size: int, packed_bytes: int, offset: int) -> tuple[int, int, int]:
    """Replace the fields that say "see the 64-bit ones", which stand in this order and only where needed."""
    values = [int.from_bytes(extra[at : at + 8], "little") for at in range(0, len(extra) - 7, 8)]
    size = values.pop(0) if size == UNSET32 and values else size
    packed_bytes = values.pop(0) if packed_bytes == UNSET32 and values else packed_bytes
    offset = values.pop(0) if offset == UNSET32 and values else offset
    return size, packed_bytes, offset


def _aes(extra: bytes, method: int) -> tuple[int, int, int]:
    """Give the real method, the AES strength and the AE version."""
    if method != _inflate.AES or len(extra) < 7:
        return method, 0, 0
    return int.from_bytes(extra[5:7], "little"), extra[4], int.from_bytes(extra[:2], "little")


def _name(raw: bytes, flags: int, unicode_path: bytes) -> str:
    """Give a name: by the Unicode path field if its CRC holds, by the UTF-8 flag, else by what the bytes look like.

    Unflagged names are cp932 from Japanese tools, UTF-8 from many others and cp437 by specification.
    """
    if len(unicode_path) > 5 and int.from_bytes(unicode_path[1:5], "little") == zlib.crc32(raw):
        return unicode_path[5:].decode("utf-8", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if flags & UTF8:
            return raw.decode("utf-8", "replace")
    try:
        japanese = raw.decode("cp932")
    except UnicodeDecodeError:
        return raw.decode("cp437")
    return japanese if _KANA_OR_KANJI.search(japanese) and not _LATIN_SOUP.search(japanese) else raw.decode("cp437")
