"""Headers of RAR 5 archives.

Source: RARLAB, "RAR 5.0 archive format" (technote).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from Cryptodome.Cipher import AES

from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._rar_crypto import Keyring
from sekisho.analyzers._rar_headers import ENTRIES, MAGIC5, Archive, Cipher, Member
from sekisho.model.errors import LimitError, MalformedError

MAIN, FILE, SERVICE, ENCRYPTION, END = range(1, 6)
HAS_EXTRA, HAS_DATA, SPLIT_BEFORE, SPLIT_AFTER = 0x01, 0x02, 0x08, 0x10
MOST_HEADER_BYTES = 2 * 1024 * 1024
"""Source: the technote, which gives the size field three bytes."""
EXTRA_CIPHER, EXTRA_HASH, EXTRA_LINK, EXTRA_SERVICE = 1, 2, 5, 7


def vint(cursor: Cursor) -> int:
    """Give an integer of up to ten bytes with seven bits each, the low ones first."""
    value = 0
    for index in range(10):
        byte = cursor.uint(1, "number")
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value & 0xFFFFFFFFFFFFFFFF
    raise MalformedError("RAR number without an end", cursor.at)


def is_header(data: bytes, at: int) -> bool:
    """Tell whether a header with its right checksum stands here."""
    cursor = Cursor(data, at, at + 64)
    try:
        crc, start = cursor.uint(4), cursor.at
        size = vint(cursor)
    except MalformedError:
        return False
    end = cursor.at + size
    return size < MOST_HEADER_BYTES and end <= len(data) and zlib.crc32(data[start:end]) == crc


def read(data: bytes, start: int, keyring: Keyring) -> Archive:
    """Read all headers; ``flaw`` says why reading stopped before the end."""
    archive = Archive(5, end_at=len(data))
    reader = _Reader(data, start + len(MAGIC5), keyring, archive)
    try:
        reader.run()
    except (MalformedError, LimitError) as error:
        archive.flaw = error
    return archive


class _Reader:
    """Walks from header to header."""

    def __init__(self, data: bytes, at: int, keyring: Keyring, archive: Archive) -> None:
        self.data, self.at, self.keyring, self.archive = data, at, keyring, archive
        self.key = b""

    def run(self) -> None:
        """Take headers until the last one."""
        for _ in range(ENTRIES):
            if self.at >= len(self.data):
                return
            place = self.at
            header = self._header()
            kind, flags = vint(header), vint(header)
            extra = vint(header) if flags & HAS_EXTRA else 0
            data_bytes = vint(header) if flags & HAS_DATA else 0
            if extra > header.left:
                raise MalformedError("RAR extra area is larger than its header", place)
            fixed = Cursor(header.data, header.at, header.end - extra)
            records = list(_records(Cursor(header.data, header.end - extra, header.end)))
            data_at, self.at = self.at, self.at + data_bytes
            if kind == MAIN:
                self._main(fixed)
            elif kind in (FILE, SERVICE):
                self.archive.members.append(
                    _member(fixed, records, (place, data_at, data_bytes), flags, is_service=kind == SERVICE)
                )
            elif kind == ENCRYPTION:
                if not self._unlock(fixed):
                    return
            elif kind == END:
                self.archive.end_at = self.at
                return
        raise LimitError("members", ENTRIES)

    def _header(self) -> Cursor:
        """Give the next header from its type on, and stand behind it."""
        if self.key:
            return self._locked_header()
        cursor = Cursor(self.data, self.at)
        crc, start = cursor.uint(4, "RAR header checksum"), cursor.at
        size = vint(cursor)
        if size > MOST_HEADER_BYTES:
            raise MalformedError("RAR header is too large", self.at)
        end = cursor.at + size
        if end > len(self.data) or zlib.crc32(self.data[start:end]) != crc:
            raise MalformedError("RAR header is cut or broken", self.at)
        self.at = end
        return Cursor(self.data, cursor.at, end)

    def _locked_header(self) -> Cursor:
        iv, at = self.data[self.at : self.at + 16], self.at + 16
        if at + 16 > len(self.data):
            raise MalformedError("RAR encrypted header is cut", self.at)
        cipher = AES.new(self.key, AES.MODE_CBC, iv=iv)
        plain = cipher.decrypt(self.data[at : at + 16])
        cursor = Cursor(plain)
        crc = cursor.uint(4)
        size = vint(cursor)
        whole = cursor.at + size + 15 & ~15
        if size > MOST_HEADER_BYTES or at + whole > len(self.data):
            raise MalformedError("RAR encrypted header is cut", self.at)
        plain += cipher.decrypt(self.data[at + 16 : at + whole])
        if zlib.crc32(plain[4 : cursor.at + size]) != crc:
            raise MalformedError("RAR encrypted header is broken", self.at)
        self.at = at + whole
        return Cursor(plain, cursor.at, cursor.at + size)

    def _main(self, fixed: Cursor) -> None:
        flags = vint(fixed)
        self.archive.solid = bool(flags & 0x04)
        if flags & 0x01:
            self.archive.volume = vint(fixed) if flags & 0x02 else 0

    def _unlock(self, fixed: Cursor) -> bool:
        """Take the encryption header; tell whether a password opens the headers behind it."""
        self.archive.header_cipher = True
        vint(fixed)
        flags = vint(fixed)
        power, salt = fixed.uint(1), fixed.take(16)
        check = fixed.take(12)[:8] if flags & 1 else b""
        for key in self.keyring.keys(Cipher("aes-256", salt, b"", power, check)):
            self.key, place = key.key, self.at
            try:
                self._locked_header()
            except MalformedError:
                self.key = b""
                continue
            self.at = place
            self.keyring.opened(key.password)
            return True
        self.archive.locked = True
        return False


def _records(cursor: Cursor) -> Iterator[tuple[int, Cursor]]:
    """Give the records of an extra area; what is broken in it ends it."""
    while cursor.left:
        try:
            size = vint(cursor)
            inner = Cursor(cursor.take(size))
            yield vint(inner), inner
        except MalformedError:
            return


def _member(
    fixed: Cursor, records: list[tuple[int, Cursor]], place: tuple[int, int, int], flags: int, *, is_service: bool
) -> Member:
    kind = vint(fixed)
    size = vint(fixed)
    vint(fixed)  # attributes
    if kind & 0x02:
        fixed.take(4)
    crc = fixed.uint(4) if kind & 0x04 else None
    packing = vint(fixed)
    vint(fixed)  # system
    name = fixed.take(vint(fixed), "RAR name").decode("utf-8", "replace")
    cipher, blake2, link, text = None, b"", "", ""
    for record, inner in records:
        if record == EXTRA_CIPHER:
            cipher = _cipher(inner)
        elif record == EXTRA_HASH and vint(inner) == 0:
            blake2 = inner.take(min(32, inner.left))
        elif record == EXTRA_LINK:
            vint(inner)
            vint(inner)
            link = inner.take(min(vint(inner), inner.left)).decode("utf-8", "replace")
        elif record == EXTRA_SERVICE and is_service:
            text = inner.take(inner.left).decode("utf-8", "replace").rstrip("\0")
    return Member(
        name=name,
        at=place[0],
        packed_at=place[1],
        packed_bytes=place[2],
        size=None if kind & 0x08 else size,
        version=50 if packing & 0x3F == 0 else 70 if packing & 0x3F == 1 else packing & 0x3F,
        method=packing >> 7 & 7,
        crc=crc,
        blake2=blake2,
        is_directory=bool(kind & 0x01),
        solid=bool(packing & 0x40),
        elsewhere=bool(flags & (SPLIT_BEFORE | SPLIT_AFTER)),
        cipher=cipher,
        link=link,
        service=name if is_service else "",
        service_text=text,
    )


def _cipher(record: Cursor) -> Cipher:
    version = vint(record)
    flags = vint(record)
    power, salt, iv = record.uint(1), record.take(16), record.take(16)
    check = record.take(12)[:8] if flags & 1 else b""
    return Cipher("aes-256" if version == 0 else f"version {version}", salt, iv, power, check, bool(flags & 2))
