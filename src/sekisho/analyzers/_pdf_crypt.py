"""The standard security handler of PDF: the file key from a password, and what it decrypts.

Source: ISO 32000-1 7.6 (algorithms 1 to 7), ISO 32000-2 7.6.4 (algorithms 2.A and 2.B).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sekisho.model.errors import MalformedError

_PAD = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_METHODS = {"V2": "rc4", "AESV2": "aes", "AESV3": "aes256", "None": "", "Identity": ""}


@dataclass(frozen=True, slots=True)
class Handler:
    """What an /Encrypt dictionary says."""

    revision: int
    key_bytes: int
    owner: bytes
    user: bytes
    owner_key: bytes
    user_key: bytes
    permissions: int
    file_id: bytes
    metadata: bool
    """Metadata streams are encrypted too."""
    strings: str
    """rc4, aes, aes256 or empty for plain."""
    streams: str


@dataclass(frozen=True, slots=True)
class Key:
    """A handler opened with a password."""

    handler: Handler
    key: bytes
    password: str

    def plain(self, data: bytes, number: int, generation: int, *, stream: bool) -> bytes:
        """Decrypt a string or stream of one indirect object; data that are no whole blocks give what they hold."""
        method = self.handler.streams if stream else self.handler.strings
        if not method or not data:
            return data
        key = self.key
        if method != "aes256":
            salted = key + (number & 0xFFFFFF).to_bytes(3, "little") + (generation & 0xFFFF).to_bytes(2, "little")
            salted += b"sAlT" if method == "aes" else b""
            key = _md5(salted)[: min(len(key) + 5, 16)]
        return _rc4(key, data) if method == "rc4" else _aes_cbc(key, data)


def handler_of(encrypt: dict[str, Any], file_id: bytes) -> Handler:
    """Read an /Encrypt dictionary whose strings are as stored.

    Raises:
        MalformedError: another handler than the standard one, a version that is not known, or a broken dictionary.
    """
    version, revision = _int(encrypt, "V"), _int(encrypt, "R")
    if str(encrypt.get("Filter", "Standard")) != "Standard":
        raise MalformedError(f"handler {str(encrypt['Filter'])[:40]} is not read")
    if version not in (1, 2, 4, 5) or revision not in (2, 3, 4, 5, 6):
        raise MalformedError(f"encryption version {version} revision {revision} is not read")
    bits = _int(encrypt, "Length", 40)
    bits = bits * 8 if bits <= 16 else bits
    key_bytes = 5 if version == 1 else 32 if version == 5 else 16 if version == 4 else min(max(bits // 8, 5), 16)
    strings = streams = "rc4"
    if version >= 4:
        strings, streams = _method(encrypt, "StrF"), _method(encrypt, "StmF")
    return Handler(
        revision=revision,
        key_bytes=key_bytes,
        owner=_bytes(encrypt, "O"),
        user=_bytes(encrypt, "U"),
        owner_key=_bytes(encrypt, "OE"),
        user_key=_bytes(encrypt, "UE"),
        permissions=_int(encrypt, "P"),
        file_id=file_id,
        metadata=encrypt.get("EncryptMetadata") is not False,
        strings=strings,
        streams=streams,
    )


def open_with(handler: Handler, passwords: Iterable[str]) -> Key | None:
    """Try passwords as user's and as owner's; None when none fits.

    Raises:
        MalformedError: the fields that hold the key are too short.
    """
    for password in passwords:
        key = _key_of_5(handler, password) if handler.revision >= 5 else _key_of_4(handler, password)
        if key is not None:
            return Key(handler, key, password)
    return None


def _int(encrypt: dict[str, Any], name: str, default: int = 0) -> int:
    value = encrypt.get(name, default)
    return value if isinstance(value, int) else default


def _bytes(encrypt: dict[str, Any], name: str) -> bytes:
    value = encrypt.get(name)
    return value[:127] if isinstance(value, bytes) else b""


def _method(encrypt: dict[str, Any], which: str) -> str:
    filters, name = encrypt.get("CF"), str(encrypt.get(which, "Identity"))
    if name == "Identity":
        return ""
    one = filters.get(name) if isinstance(filters, dict) else None
    method = str(one.get("CFM", "None")) if isinstance(one, dict) else "None"
    if method not in _METHODS:
        raise MalformedError(f"encryption method {method[:40]} is not read")
    return _METHODS[method]


def _key_of_4(handler: Handler, password: str) -> bytes | None:
    """Give the key of revisions 2 to 4 when the password is the user's or the owner's."""
    raw = password.encode("cp1252", "replace")
    for user in (raw, _user_password(handler, raw)):
        key = _file_key(handler, user)
        if _is_user(handler, key):
            return key
    return None


def _padded(password: bytes) -> bytes:
    return (password + _PAD)[:32]


def _file_key(handler: Handler, password: bytes) -> bytes:
    """Algorithm 2."""
    permissions = (handler.permissions & 0xFFFFFFFF).to_bytes(4, "little")
    seed = _padded(password) + handler.owner[:32] + permissions + handler.file_id
    if handler.revision >= 4 and not handler.metadata:
        seed += b"\xff\xff\xff\xff"
    digest = _md5(seed)
    if handler.revision >= 3:
        for _ in range(50):
            digest = _md5(digest[: handler.key_bytes])
    return digest[: handler.key_bytes]


def _is_user(handler: Handler, key: bytes) -> bool:
    """Algorithm 6."""
    if handler.revision == 2:
        return bool(handler.user) and _rc4(key, _PAD) == handler.user[:32]
    value = _md5(_PAD + handler.file_id)
    for number in range(20):
        value = _rc4(bytes(byte ^ number for byte in key), value)
    return value == handler.user[:16]


def _user_password(handler: Handler, owner: bytes) -> bytes:
    """Algorithm 7: the user's password out of the owner's."""
    digest = _md5(_padded(owner))
    if handler.revision >= 3:
        for _ in range(50):
            digest = _md5(digest)
    key, value = digest[: handler.key_bytes], handler.owner[:32]
    for number in (0,) if handler.revision == 2 else range(19, -1, -1):
        value = _rc4(bytes(byte ^ number for byte in key), value) if value else value
    return value


def _key_of_5(handler: Handler, password: str) -> bytes | None:
    """Algorithm 2.A: give the key of revisions 5 and 6."""
    if min(len(handler.user), len(handler.owner)) < 48 or min(len(handler.user_key), len(handler.owner_key)) < 32:
        raise MalformedError("encryption keys are cut")
    raw = password.encode("utf-8", "replace")[:127]
    for stored, wrapped, extra in (
        (handler.user, handler.user_key, b""),
        (handler.owner, handler.owner_key, handler.user[:48]),
    ):
        if _hash(handler, raw, stored[32:40], extra) == stored[:32]:
            return _aes(_hash(handler, raw, stored[40:48], extra), bytes(16)).decrypt(wrapped[:32])  # type: ignore[no-any-return]
    return None


def _hash(handler: Handler, password: bytes, salt: bytes, extra: bytes) -> bytes:
    """Algorithm 2.B; revision 5 hashes once."""
    key = hashlib.sha256(password + salt + extra).digest()
    if handler.revision == 5:
        return key
    number = 0
    while True:
        block = _aes(key[:16], key[16:32]).encrypt((password + key + extra) * 64)
        kind = sum(block[:16]) % 3
        key = (hashlib.sha256, hashlib.sha384, hashlib.sha512)[kind](block).digest()
        number += 1
        if number >= 64 and block[-1] <= number - 32:
            return key[:32]


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _rc4(key: bytes, data: bytes) -> bytes:
    # Imported here: 67 ms with AES (measured), and few documents are encrypted.
    from Cryptodome.Cipher import ARC4

    return ARC4.new(key).decrypt(data)


def _aes(key: bytes, start: bytes) -> Any:
    from Cryptodome.Cipher import AES

    return AES.new(key, AES.MODE_CBC, start)


def _aes_cbc(key: bytes, data: bytes) -> bytes:
    """Decrypt what follows its initialisation vector, and take the padding off."""
    body = data[16 : len(data) - len(data) % 16]
    if not body:
        return b""
    plain: bytes = _aes(key, data[:16]).decrypt(body)
    return plain[: -plain[-1]] if 1 <= plain[-1] <= 16 else plain
