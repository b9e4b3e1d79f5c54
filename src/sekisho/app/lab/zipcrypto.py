"""ZIP writer with fixed times and salts: plain, traditional encryption, or AES-256."""

from __future__ import annotations

import hmac
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import pbkdf2_hmac, sha256

from Cryptodome.Cipher import AES  # what pyzipper, which cannot be given a salt, stands on
from Cryptodome.Util import Counter

DEFLATED, AES_METHOD = 8, 99
ENCRYPTED, UTF_8 = 0x0001, 0x0800
AES_256, AE_2 = 3, 2
AES_ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Packing:
    """How members are written."""

    at: datetime
    """Modification time of every member, as local wall time."""
    password: str = ""
    aes: bool = False
    """AES-256 (AE-2) instead of traditional encryption."""
    names: str = "cp932"
    """Code page of member names, as Japanese Windows writes them; ``utf-8`` sets the language flag."""


def write_zip(members: Mapping[str, bytes], packing: Packing) -> bytes:
    """Give an archive of ``members`` in their order.

    Source: APPNOTE.TXT 4.3 records, 6.1 traditional encryption; WinZip "AES Encryption Information", AE-2.
    """
    body, directory = b"", b""
    for name, data in members.items():
        local, central = _member(name, data, packing)
        directory += (
            b"PK\x01\x02" + central + struct.pack("<I", len(body)) + name.encode(packing.names) + _extra(packing)
        )
        body += local
    end = struct.pack("<4H2IH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def _member(name: str, data: bytes, packing: Packing) -> tuple[bytes, bytes]:
    """Give the local record with its data, and the central record up to its offset."""
    crc, packed = zlib.crc32(data), _deflate(data)
    aes = bool(packing.password) and packing.aes
    seed = sha256(f"{packing.password}\0{name}".encode() + data).digest()
    if aes:
        packed = _aes(packed, packing.password, seed[:16])
    elif packing.password:
        packed = _traditional(packed, packing.password, seed[:11] + bytes([crc >> 24]))
    raw_name, extra = name.encode(packing.names), _extra(packing)
    flags = (ENCRYPTED if packing.password else 0) | (UTF_8 if packing.names == "utf-8" and not name.isascii() else 0)
    needed, method = (51, AES_METHOD) if aes else (20, DEFLATED)
    sizes = (0 if aes else crc, len(packed), len(data))
    shared = struct.pack("<5H3I2H", needed, flags, method, *_dos_time(packing.at), *sizes, len(raw_name), len(extra))
    local = b"PK\x03\x04" + shared + raw_name + extra + packed
    return local, struct.pack("<H", needed) + shared + struct.pack("<3HI", 0, 0, 0, 0x20)


def _extra(packing: Packing) -> bytes:
    if not (packing.password and packing.aes):
        return b""
    return struct.pack("<HHH2sBH", 0x9901, 7, AE_2, b"AE", AES_256, DEFLATED)


def _dos_time(at: datetime) -> tuple[int, int]:
    return at.hour << 11 | at.minute << 5 | at.second // 2, (at.year - 1980) << 9 | at.month << 5 | at.day


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _aes(data: bytes, password: str, salt: bytes) -> bytes:
    keys = pbkdf2_hmac("sha1", password.encode(), salt, AES_ROUNDS, 66)
    counter = Counter.new(128, little_endian=True)
    hidden = AES.new(keys[:32], AES.MODE_CTR, counter=counter).encrypt(data)
    return salt + keys[64:] + hidden + hmac.digest(keys[32:64], hidden, "sha1")[:10]


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0xEDB88320 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


class _Keys:
    """The three keys of traditional encryption."""

    def __init__(self, password: bytes) -> None:
        self.table = _crc_table()
        self.x, self.y, self.z = 0x12345678, 0x23456789, 0x34567890
        for byte in password:
            self.update(byte)

    def update(self, byte: int) -> None:
        self.x = self.x >> 8 ^ self.table[(self.x ^ byte) & 0xFF]
        self.y = ((self.y + (self.x & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        self.z = self.z >> 8 ^ self.table[(self.z ^ self.y >> 24) & 0xFF]

    def hide(self, byte: int) -> int:
        mask = self.z & 0xFFFF | 2
        hidden = byte ^ (mask * (mask ^ 1) >> 8) & 0xFF
        self.update(byte)
        return hidden


def _traditional(data: bytes, password: str, head: bytes) -> bytes:
    """Encrypt, with twelve bytes in front whose last one proves the password."""
    keys = _Keys(password.encode("cp932"))
    return bytes(keys.hide(byte) for byte in head + data)
