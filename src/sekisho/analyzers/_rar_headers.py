"""What the headers of RAR archives say, in the words of both generations.

The two readers are ``_rar4_headers`` (RAR 1.5 to 4.x) and ``_rar5_headers`` (RAR 5.0 and later).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sekisho.model.errors import LimitError, MalformedError

MAGIC4, MAGIC5 = b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"
ENTRIES = 20_000
"""Headers of one archive that are read."""
METHODS = ("store", "fastest", "fast", "normal", "good", "best")


@dataclass(frozen=True, slots=True)
class Cipher:
    """How a member is encrypted."""

    name: str
    """``aes-256``, ``aes-128``, or the name of an older cipher, which is not read."""
    salt: bytes = b""
    iv: bytes = b""
    rounds_power: int = 0
    """Rounds of the key derivation, as a power of two (RAR 5)."""
    check: bytes = b""
    """What the right password derives to (RAR 5); empty when the archive does not tell."""
    keyed_checksums: bool = False
    """Checksums are of the data and the key (RAR 5)."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file, directory or service record."""

    name: str
    at: int
    """Byte offset of its header."""
    packed_at: int
    packed_bytes: int
    size: int | None
    """Unpacked bytes, None when the archive does not tell."""
    version: int
    """Of the compression: 50 and 70 (RAR 5), 29 (RAR 3 and 4), 26, 20 and 15 (older)."""
    method: int
    """0 stored, to 5."""
    crc: int | None = None
    blake2: bytes = b""
    is_directory: bool = False
    solid: bool = False
    """Its compression goes on from the member before."""
    elsewhere: bool = False
    """A part of it lies in another volume."""
    cipher: Cipher | None = None
    link: str = ""
    service: str = ""
    """Kind of a service record (CMT, STM, RR, QO), empty for files."""
    service_text: str = ""
    """What the record adds: the name of an NTFS stream."""


@dataclass(slots=True)
class Archive:
    """All headers of one archive, as far as they could be read."""

    version: int
    """4 or 5."""
    members: list[Member] = field(default_factory=list)
    end_at: int = 0
    """Byte offset behind the archive."""
    header_cipher: bool = False
    """Headers are encrypted."""
    locked: bool = False
    """Headers are encrypted and no password opened them."""
    solid: bool = False
    volume: int | None = None
    """Number of the volume from zero, None when the archive is whole."""
    flaw: MalformedError | LimitError | None = None
    """Why headers could not be read to their end."""
