"""Keys of encrypted RAR archives, each derived once and all within a budget.

Source: RARLAB, "RAR 5.0 archive format" (encryption record: PBKDF2 with HMAC-SHA256, check value, keyed checksums); the
published descriptions of RAR 3.x encryption (SHA-1 over password, salt and a counter, 2^18 times).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from hashlib import pbkdf2_hmac, sha1, sha256
from struct import pack, unpack
from typing import NamedTuple

from Cryptodome.Cipher import AES

from sekisho.analyzers._archive import texts
from sekisho.analyzers._rar_headers import Cipher
from sekisho.model.errors import LimitError

ROUNDS = 8_000_000
"""Rounds of PBKDF2 for one archive: 4 s at the two million a second measured, and six times what 40 passwords cost at
the 2^15 rounds that WinRAR asks for."""
SHA1_BYTES = 1_500_000_000
"""Bytes hashed for the keys of one RAR 3 archive; 40 passwords of 20 letters take 540 million."""
MAX_ROUNDS_POWER = 24
_RAR3_ROUNDS, _RAR3_STEP = 0x40000, 0x4000


class Key(NamedTuple):
    """What a password opens a member with."""

    password: str
    key: bytes
    iv: bytes
    checksum_key: bytes = b""
    """Empty when checksums are of the data alone."""

    def decrypt(self, data: bytes) -> bytes:
        """Give plain bytes of whole cipher blocks."""
        return AES.new(self.key, AES.MODE_CBC, iv=self.iv).decrypt(data[: len(data) & ~15])


class Keyring:
    """The passwords to try on one archive, those that opened something first."""

    def __init__(self, passwords: list[str]) -> None:
        self._passwords = passwords
        self.opened_with: list[str] = []
        self._known: dict[tuple[str, bytes, int, int], bytes] = {}
        self._rounds, self._hashed = ROUNDS, SHA1_BYTES

    @property
    def tried(self) -> int:
        """How many passwords there are to try."""
        return len(dict.fromkeys((*self.opened_with, *self._passwords)))

    def opened(self, password: str) -> None:
        """Remember a password that was right."""
        if password not in self.opened_with:
            self.opened_with.insert(0, password)

    def keys(self, cipher: Cipher, *, only_known: bool = False) -> Iterator[Key]:
        """Give keys to try, best first; with a check value only the right one.

        Raises:
            LimitError: deriving them costs too much.
        """
        passwords = self.opened_with if only_known else [*self.opened_with, *self._passwords]
        for password in dict.fromkeys(text for one in passwords for text in texts(one)):
            if cipher.name == "aes-128":
                key, iv = self._rar3(password, cipher.salt)
                yield Key(password, key, iv)
                continue
            if cipher.check and self._check(password, cipher) != cipher.check:
                continue
            checksum_key = self._pbkdf2(password, cipher, 16) if cipher.keyed_checksums else b""
            yield Key(password, self._pbkdf2(password, cipher, 0), cipher.iv, checksum_key)

    def _check(self, password: str, cipher: Cipher) -> bytes:
        value = self._pbkdf2(password, cipher, 32)
        words = unpack("<4Q", value)
        return pack("<Q", words[0] ^ words[1] ^ words[2] ^ words[3])

    def _pbkdf2(self, password: str, cipher: Cipher, more: int) -> bytes:
        known = (password, cipher.salt, cipher.rounds_power, more)
        if known not in self._known:
            rounds = (1 << min(cipher.rounds_power, MAX_ROUNDS_POWER)) + more
            self._rounds -= rounds
            if self._rounds < 0:
                raise LimitError("key_derivation_rounds", ROUNDS)
            raw = password.encode("utf-8", "surrogatepass")
            self._known[known] = pbkdf2_hmac("sha256", raw, cipher.salt, rounds)
        return self._known[known]

    def _rar3(self, password: str, salt: bytes) -> tuple[bytes, bytes]:
        known = (password, salt, 0, 3)
        if known not in self._known:
            raw = password.encode("utf-16-le", "surrogatepass") + salt
            self._hashed -= (len(raw) + 3) * _RAR3_ROUNDS
            if self._hashed < 0:
                raise LimitError("key_derivation_bytes", SHA1_BYTES)
            self._known[known] = b"".join(rar3_key(raw))
        both = self._known[known]
        return both[:16], both[16:]


def rar3_key(raw: bytes) -> tuple[bytes, bytes]:
    """Give key and initial vector from password and salt."""
    width = len(raw) + 3
    block = bytearray((raw + bytes(3)) * _RAR3_STEP)
    low = bytes(range(256))
    block[len(raw) :: width] = low * (_RAR3_STEP // 256)
    digest, iv = sha1(usedforsecurity=False), bytearray()
    for step in range(_RAR3_ROUNDS // _RAR3_STEP):
        high = step * _RAR3_STEP >> 8
        middle = b"".join(bytes([(high + one) & 0xFF]) * 256 for one in range(_RAR3_STEP // 256))
        block[len(raw) + 1 :: width] = middle
        block[len(raw) + 2 :: width] = bytes([high >> 8]) * _RAR3_STEP
        first = digest.copy()
        first.update(block[:width])
        iv.append(first.digest()[-1])  # after the first round of each step
        digest.update(block)
    words = unpack(">4I", digest.digest()[:16])
    return pack("<4I", *words), bytes(iv)


def keyed_crc(crc: int, key: bytes) -> int:
    """Give the checksum as an encrypted RAR 5 member stores it."""
    found = 0
    for word in unpack("<8I", hmac.new(key, pack("<I", crc), sha256).digest()):
        found ^= word
    return found


def keyed_blake2(digest: bytes, key: bytes) -> bytes:
    """Give the digest as an encrypted RAR 5 member stores it."""
    return hmac.new(key, digest, sha256).digest()
