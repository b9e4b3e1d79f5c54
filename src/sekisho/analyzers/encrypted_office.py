"""Encrypted Office documents: opened with the password that Excel tries by itself, then with those from the mail."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.parsers.expat import ExpatError

from sekisho.analyzers import analyzer
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import MalformedError

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BUILT_IN = "VelvetSweatshop"
"""What Excel opens write-protected workbooks with, unasked. Source: [MS-OFFCRYPTO] 2.4.2.3."""
MAX_TRIES = 8
"""One try of agile encryption costs 0.13 to 0.3 s (measured), and a worker has ten."""
MAX_SPINS = 800_000
"""Hash rounds for all tries together, 1 to 2 s; Office writes 100,000 a try, and a file may ask for ten million."""
NOT_FOUND = "encrypted: no password found ({} tried)"

_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_WORD = "WordDocument".encode("utf-16-le")
_SECTOR = 64
"""Streams start at multiples of it, in the small streams' own container at least."""
_BOF = re.compile(rb"\x09\x08[\x08\x10]\x00..[\x05\x10\x20\x40\x00]\x00", re.DOTALL)
_FILEPASS = 0x2F
_RECORDS_BEFORE_FILEPASS = 6
_FIB = re.compile(rb"\xec\xa5..", re.DOTALL)
_FIB_ENCRYPTED = 0x0100
_CURRENT_USER = re.compile(rb"\x00\x00\xf6\x0f.{4}\x14\x00\x00\x00\xdf\xc4\xd1\xf3", re.DOTALL)


def is_encrypted(artifact: Artifact) -> bool:
    """Tell whether a compound file says that it is encrypted; looks at bytes only, for most files are not."""
    data = artifact.data
    if not data.startswith(OLE_MAGIC):
        return False
    return _PACKAGE in data or _has_filepass(data) or _has_encrypted_fib(data) or bool(_CURRENT_USER.search(data))


def _has_filepass(data: bytes) -> bool:
    """Look for a FILEPASS record right after the start of a workbook stream.

    Source: [MS-XLS] 2.4.117 and 2.1.7.20.3: only WriteProtect and a template's record may stand before it.
    """
    for match in _BOF.finditer(data):
        at = match.start()
        if at % _SECTOR:
            continue
        for _ in range(_RECORDS_BEFORE_FILEPASS):
            kind, size = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little")
            if kind == _FILEPASS and size >= 4:
                return True
            at += 4 + size
    return False


def _has_encrypted_fib(data: bytes) -> bool:
    """Look for the encryption flag of a Word document. Source: [MS-DOC] 2.5.2 (FibBase.fEncrypted)."""
    if _WORD not in data:
        return False
    return any(
        match.start() % _SECTOR == 0
        and int.from_bytes(data[match.start() + 10 : match.start() + 12], "little") & _FIB_ENCRYPTED
        for match in _FIB.finditer(data)
    )


@analyzer(
    "encrypted_office",
    recognise=is_encrypted,
    features=("office.encrypted", "office.encryption", "office.password"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Decrypt a document.

    Yields:
        ``office.encrypted``, then ``office.password`` and the document as a child of the same name; without a password
        that fits, a child without bytes that says so.

    Raises:
        MalformedError: what describes the encryption cannot be read.
    """
    yield Feature("office.encrypted", True)
    document = _open(artifact.data)
    kind = str(getattr(document, "type", None) or getattr(document, "format", ""))
    if kind:
        yield Feature("office.encryption", kind)
    passwords = list(dict.fromkeys((BUILT_IN, *artifact.passwords)))[: _tries(document)]
    for password in passwords:
        plain = _decrypt(document, password)
        if plain is not None:
            yield Feature("office.password", password)
            yield artifact.child(artifact.name, plain, relation="decoded", passwords=(password,))
            return
    yield artifact.child(artifact.name, b"", relation="decoded", unscanned=NOT_FOUND.format(len(passwords)))


def _tries(document: Any) -> int:
    info = getattr(document, "info", None)
    spins = info.get("spinValue", 0) if isinstance(info, dict) else 0
    if spins > MAX_SPINS:
        raise MalformedError(f"encrypted: asks for {spins} hash rounds a password")
    return min(MAX_TRIES, MAX_SPINS // spins) if spins else MAX_TRIES


def _open(data: bytes) -> Any:
    # Imported here: 60 ms with what it rests on, and few documents are encrypted.
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, ParseError

    if b"<!ENTITY" in data:
        raise MalformedError("encrypted document: entities in its description", data.index(b"<!ENTITY"))
    try:
        return msoffcrypto.OfficeFile(BytesIO(data))
    except (DecryptionError, FileFormatError, ParseError, *BROKEN) as error:
        raise MalformedError(f"encrypted document: {error}") from error


def _decrypt(document: Any, password: str) -> bytes | None:
    """Give the plain document, None when the password is wrong."""
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

    out = BytesIO()
    try:
        # No verify_password: it doubles the cost and fails on SHA-1 documents with the right password (6.1.0 compares a
        # padded hash). Decryption itself checks that a ZIP came out; the older formats always verify.
        document.load_key(password=password)
        document.decrypt(out)
    except (InvalidKeyError, DecryptionError):
        return None
    except (FileFormatError, ParseError, *BROKEN) as error:
        raise MalformedError(f"encrypted document: {error}") from error
    return out.getvalue()


BROKEN = (
    struct.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    ArithmeticError,
    AssertionError,
    NotImplementedError,
    ExpatError,
)
"""What the library lets out on broken input (measured by mutation)."""
