"""Objects embedded by Object Packager: a file with its name and the path it came from.

Source: [MS-OLEDS] 2.3.6 OLENativeStream; the layout of class Package is not specified, but the same in every
document since Word 97.
"""

from __future__ import annotations

from dataclasses import dataclass

from sekisho.model.errors import MalformedError

STREAM = "\x01Ole10Native"
_EMBEDDED = 3


@dataclass(frozen=True, slots=True)
class Package:
    """One packaged file."""

    label: str
    """What the reader sees; names the file."""
    source: str
    """Path on the author's machine."""
    temporary: str
    """Path it would be written to when opened."""
    data: bytes
    linked: bool
    """Only the path is stored."""


def read_package(data: bytes) -> Package:
    """Read an OLENativeStream.

    Raises:
        MalformedError: it ends before its data; data without the header of class Package are given as they are.
    """
    size = int.from_bytes(data[:4], "little")
    body = data[4 : 4 + size] if size <= len(data) - 4 else data[4:]
    if body[:2] != b"\x02\x00":
        return Package("", "", "", body, linked=False)
    try:
        label, at = _text(body, 2)
        source, at = _text(body, at)
        kind = int.from_bytes(body[at + 2 : at + 4], "little")
        if kind != _EMBEDDED:
            return Package(label, source, "", b"", linked=True)
        at += 4
        length = int.from_bytes(body[at : at + 4], "little")
        temporary = body[at + 4 : at + 4 + length].split(b"\0")[0].decode("cp1252", "replace")
        at += 4 + length
        length = int.from_bytes(body[at : at + 4], "little")
    except ValueError as error:
        raise MalformedError("package header has no end") from error
    if at + 4 > len(body):
        raise MalformedError("package ends before its data", at)
    label, source, temporary = _wide_names(body, at + 4 + length) or (label, source, temporary)
    return Package(label, source, temporary, body[at + 4 : at + 4 + length], linked=False)


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(b"\0", at, at + 4096)
    raw = data[at:end]
    return raw.decode("cp932" if _is_cp932(raw) else "cp1252", "replace"), end + 1


def _is_cp932(raw: bytes) -> bool:
    if raw.isascii():
        return False
    try:
        raw.decode("cp932")
    except UnicodeDecodeError:
        return False
    return True


def _wide_names(data: bytes, at: int) -> tuple[str, str, str] | None:
    """Give (label, source, temporary) from the Unicode copies that newer versions append; None without them."""
    names: list[str] = []
    for _ in range(3):  # temporary path, label, source
        length = int.from_bytes(data[at : at + 4], "little")
        raw = data[at + 4 : at + 4 + 2 * length]
        if not 0 < length < 4096 or len(raw) != 2 * length:
            return None
        names.append(raw.decode("utf-16-le", "replace").rstrip("\0"))
        at += 4 + 2 * length
    return names[1], names[2], names[0]
