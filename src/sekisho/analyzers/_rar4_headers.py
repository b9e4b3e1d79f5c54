"""Headers of RAR 1.5 to 4.x archives.

Source: RARLAB, "RAR archive file format" (technote.txt of RAR 3 and 4); the published descriptions of its packed names.
"""

from __future__ import annotations

import zlib

from Cryptodome.Cipher import AES

from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._rar_crypto import Key, Keyring
from sekisho.analyzers._rar_headers import ENTRIES, MAGIC4, Archive, Cipher, Member
from sekisho.model.errors import LimitError, MalformedError

MAIN, FILE, SUB, END = 0x73, 0x74, 0x7A, 0x7B
IS_VOLUME, IS_SOLID, COMMENT, LOCKED = 0x01, 0x08, 0x08, 0x80
SPLIT, PASSWORD, SOLID, DIRECTORY, LARGE, UNICODE, SALT = 0x03, 0x04, 0x10, 0xE0, 0x100, 0x200, 0x400
LONG = 0x8000
"""The block is followed by as many bytes as its first field says."""
HEAD_BYTES, SALT_BYTES = 7, 8
OLD_CIPHERS = {15: "rar-1.5", 20: "rar-2.0", 26: "rar-2.0"}
UNIX, LINK, MODE = 3, 0xA000, 0xF000


def is_header(data: bytes, at: int) -> bool:
    """Tell whether a main header with its right checksum stands here."""
    head = data[at : at + 13]
    return len(head) == 13 and head[2] == MAIN and _crc(head[2:]) == int.from_bytes(head[:2], "little")


def _crc(data: bytes) -> int:
    return zlib.crc32(data) & 0xFFFF


def read(data: bytes, start: int, keyring: Keyring) -> Archive:
    """Read all headers; ``flaw`` says why reading stopped before the end."""
    archive = Archive(4, end_at=len(data))
    reader = _Reader(data, start + len(MAGIC4), keyring, archive)
    try:
        reader.run()
    except (MalformedError, LimitError) as error:
        archive.flaw = error
    return archive


class _Reader:
    """Walks from block to block."""

    def __init__(self, data: bytes, at: int, keyring: Keyring, archive: Archive) -> None:
        self.data, self.at, self.keyring, self.archive = data, at, keyring, archive

    def run(self) -> None:
        """Take blocks until the last one."""
        for _ in range(ENTRIES):
            if self.at >= len(self.data):
                return
            place = self.at
            head = self._locked_block() if self.archive.header_cipher else self._block(self.data, self.at)
            if head is None:
                self.archive.locked = True
                return
            kind, flags = head[2], int.from_bytes(head[3:5], "little")
            body = Cursor(head, HEAD_BYTES)
            if kind in (FILE, SUB):
                self._member(body, kind, flags, place)
            elif kind == MAIN:
                self.archive.header_cipher = bool(flags & LOCKED)
                self.archive.solid = bool(flags & IS_SOLID)
                self.archive.volume = 0 if flags & IS_VOLUME else None
            elif kind == END:
                self.archive.end_at = self.at
                return
            elif flags & LONG:
                self.at += body.uint(4)
        raise LimitError("members", ENTRIES)

    def _block(self, data: bytes, at: int) -> bytes:
        """Give one block's header and stand behind it.

        Raises:
            MalformedError: it is cut, or its checksum is wrong.
        """
        size = int.from_bytes(data[at + 5 : at + 7], "little")
        head = data[at : at + size]
        if size < HEAD_BYTES or len(head) < size:
            raise MalformedError("RAR header is cut", at)
        # Checksums leave old comments inside a header out, and old authenticity blocks have none.
        known = 13 if head[2] == MAIN and head[3] & 0x02 else size
        checked = head[2] in (MAIN, SUB) or (head[2] == FILE and not head[3] & COMMENT)
        if checked and _crc(head[2:known]) != int.from_bytes(head[:2], "little"):
            raise MalformedError("RAR header is broken", at)
        self.at = at + size
        return head

    def _locked_block(self) -> bytes | None:
        """Give the next encrypted header; None when no password opens it."""
        salt, at = self.data[self.at : self.at + SALT_BYTES], self.at + SALT_BYTES
        if at + 16 > len(self.data):
            raise MalformedError("RAR encrypted header is cut", self.at)
        for key in self.keyring.keys(Cipher("aes-128", salt), only_known=bool(self.archive.members)):
            head = self._opened(key, at)
            if head:
                self.keyring.opened(key.password)
                return head
        if self.archive.members:
            raise MalformedError("RAR encrypted header is broken", self.at)
        return None

    def _opened(self, key: Key, at: int) -> bytes:
        cipher = AES.new(key.key, AES.MODE_CBC, iv=key.iv)
        plain = cipher.decrypt(self.data[at : at + 16])
        size = int.from_bytes(plain[5:7], "little")
        whole = size + 15 & ~15
        if size < HEAD_BYTES or at + whole > len(self.data) or not MAIN <= plain[2] <= END:
            return b""
        plain += cipher.decrypt(self.data[at + 16 : at + whole])
        if _crc(plain[2:size]) != int.from_bytes(plain[:2], "little"):
            return b""
        self.at = at + whole
        return plain[:size]

    def _member(self, body: Cursor, kind: int, flags: int, place: int) -> None:
        packed, size = body.uint(4), body.uint(4)
        system, crc = body.uint(1), body.uint(4)
        body.take(4)  # time
        version, method, name_size, attributes = body.uint(1), body.uint(1), body.uint(2), body.uint(4)
        if flags & LARGE:
            packed |= body.uint(4) << 32
            size |= body.uint(4) << 32
        raw = body.take(name_size, "RAR name")
        is_service = kind == SUB
        text = ""
        if is_service and not flags & SALT:
            text = body.take(body.left).decode("utf-16-le", "replace").rstrip("\0") if raw == b"STM" else ""
        salt = body.take(SALT_BYTES) if flags & SALT else b""
        name = _name(raw, flags)
        is_link = system == UNIX and attributes & MODE == LINK
        self.archive.members.append(
            Member(
                name=name,
                at=place,
                packed_at=self.at,
                packed_bytes=packed,
                size=None if size in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF) else size,
                version=version if version < 29 else 29,
                method=method - 0x30,
                crc=crc,
                is_directory=not is_service and (flags & DIRECTORY == DIRECTORY),
                solid=bool(flags & SOLID),
                elsewhere=bool(flags & SPLIT),
                cipher=_cipher(version, salt) if flags & PASSWORD else None,
                link="?" if is_link else "",
                service=name if is_service else "",
                service_text=text,
            )
        )
        self.at += packed


def _cipher(version: int, salt: bytes) -> Cipher:
    return Cipher("aes-128", salt) if version >= 29 else Cipher(OLD_CIPHERS.get(version, f"rar-{version}"))


def _name(raw: bytes, flags: int) -> str:
    if not flags & UNICODE:
        return _narrow(raw)
    plain, zero, packed = raw.partition(b"\0")
    if not zero:
        return raw.decode("utf-8", "replace")
    return _unpacked_name(plain, packed) or _narrow(plain)


def _narrow(raw: bytes) -> str:
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


def _unpacked_name(plain: bytes, packed: bytes) -> str:
    """Put a name together from its single-byte form and what differs from it."""
    if not packed:
        return ""
    cursor, units = Cursor(packed, 1), list[int]()
    high, flags, left = packed[0] << 8, 0, 0
    try:
        while cursor.left and len(units) < 4_096:
            if not left:
                flags, left = cursor.uint(1), 4
                if not cursor.left:
                    break
            left -= 1
            kind = flags >> 2 * left & 3
            if kind == 0:
                units.append(cursor.uint(1))
            elif kind == 1:
                units.append(cursor.uint(1) | high)
            elif kind == 2:
                units.append(cursor.uint(2))
            else:
                count = cursor.uint(1)
                shift, top = (cursor.uint(1), high) if count & 0x80 else (0, 0)
                run = plain[len(units) : len(units) + (count & 0x7F) + 2]
                units += [(one + shift & 0xFF) | top for one in run]
    except MalformedError:
        pass
    return b"".join(unit.to_bytes(2, "little") for unit in units).decode("utf-16-le", "replace")
