"""ZIP archives: names even when encrypted, members by any password at hand, and what lies before, between and after."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sekisho.analyzers import _inflate, analyzer
from sekisho.analyzers import _zip_crypto as crypto
from sekisho.analyzers._archive import odd_names
from sekisho.analyzers._passwords import candidates, spellings
from sekisho.analyzers._zip_directory import (
    END,
    HAS_DESCRIPTOR,
    LOCAL,
    STRONG,
    Directory,
    Entry,
    find_end,
    packed,
    read_directory,
)
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT, Limits

OFFICE_ROOTS = ("word/", "xl/", "ppt/", "visio/")
FOREIGN = frozenset(
    "lnk exe scr com pif dll cpl ocx msi js jse vbs vbe wsf wsh hta bat cmd ps1 chm iso img vhd vhdx zip rar 7z cab "
    "one url jar".split()
)
"""Extensions that no Office document has among its parts: one that has is read as an archive too."""
TAIL = 66_000
"""Bytes in which the end record of an archive with something before it must lie: record, comment and a little more."""
OTHERS = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes.fromhex("4c00000001140200"))
"""Compound files and shortcuts hold archives as parts of their own, which their analysers hand out."""
MAX_FAILURES = 8
"""Members that every password is tried on in vain; after them only those that opened another one are."""
NOT_FOUND = "encrypted: no password found ({} tried)"


def is_zip(artifact: Artifact) -> bool:
    """Tell whether it is an archive to unpack: not an Office document, which has its own analyser."""
    data = artifact.data
    if not data.startswith((LOCAL, END)) and (data.startswith(OTHERS) or find_end(data, len(data) - TAIL) < 0):
        return False
    return not _is_office(read_directory(data))


def _is_office(directory: Directory) -> bool:
    names = [entry.name for entry in directory.entries]
    if "[Content_Types].xml" not in names or not any(name.startswith(OFFICE_ROOTS) for name in names):
        return False
    return not any(name.rpartition(".")[2].lower() in FOREIGN for name in names)


@dataclass(slots=True)
class _Unpacking:
    """What unpacking one archive has used up, and learned."""

    passwords: list[str]
    limits: Limits
    room: int
    """Bytes that members may still unpack to."""
    aes: int
    """Packed bytes that may still be authenticated and decrypted with AES."""
    traditional: int = crypto.TRADITIONAL_BYTES
    """Bytes that may still be decrypted with the traditional cipher."""
    tried: int = 0
    failures: int = 0
    """Members that no password opened."""
    opened_with: list[str] = field(default_factory=list)


FEATURES = (
    "archive.members",
    "archive.member",
    "archive.member_comment",
    "archive.encrypted",
    "archive.encryption",
    "archive.method",
    "archive.comment",
    "archive.mismatch",
    "archive.duplicate",
    "archive.traversal",
    "archive.folder_as_file",
    "archive.hidden_member",
    "archive.prefix_bytes",
    "archive.trailing_bytes",
    "archive.password",
    "archive.crc_mismatch",
)


@analyzer(  # no media type: what an archive hangs on (a program, a JAR) is told by content
    "zip",
    recognise=is_zip,
    features=FEATURES,
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the directory, then unpack each member within the limits.

    Yields:
        Features of the directory first, so that names stand whatever happens later; then a child for each file, with
        ``unscanned`` set when it could not be opened; then a child ``trailing`` for bytes after the end.

    Raises:
        MalformedError: the directory or a member's stream is broken; everything else has been yielded.
        LimitError: there are more members than ``children``, or they unpack to more than ``unpacked_bytes``.
    """
    directory = read_directory(artifact.data)
    yield from _directory_features(directory, artifact)
    files = [entry for entry in directory.entries if not entry.is_directory]
    state = _Unpacking(candidates(artifact.passwords), DEFAULT, DEFAULT.unpacked_bytes, DEFAULT.unpacked_bytes)
    problem: MalformedError | LimitError | None = directory.flaw
    for entry in files[: DEFAULT.children]:
        try:
            data = _unpack(artifact.data, entry, state)
        except (MalformedError, LimitError) as error:
            problem = problem or error
            yield artifact.child(entry.name, b"", unscanned=str(error))
            continue
        if data is None:
            yield artifact.child(entry.name, b"", unscanned=NOT_FOUND.format(state.tried))
            continue
        if entry.aes_version != 2 and entry.crc != zlib.crc32(data):
            yield Feature("archive.crc_mismatch", entry.name, entry.header_at)
        yield artifact.child(entry.name, data, passwords=tuple(state.opened_with))
    yield from (Feature("archive.password", password) for password in state.opened_with)
    trailing = artifact.data[directory.end_at :]
    if trailing.strip(b"\0"):
        yield artifact.child("trailing", trailing, relation="overlay")
    if len(files) > DEFAULT.children:
        raise LimitError("children", DEFAULT.children)
    if problem:
        raise problem


def _directory_features(directory: Directory, artifact: Artifact) -> Iterator[Feature]:
    entries = directory.entries
    has_central = not all(entry.carved for entry in entries)
    yield Feature("archive.members", len(entries))
    yield Feature("archive.encrypted", any(entry.encrypted for entry in entries))
    for entry in entries[: DEFAULT.children]:
        yield Feature("archive.member", entry.name, entry.header_at)
        if entry.comment:
            yield Feature("archive.member_comment", entry.comment, entry.header_at)
        if entry.mismatch:
            yield Feature("archive.mismatch", f"{entry.name}: {entry.mismatch}", entry.header_at)
        if entry.carved and has_central:
            yield Feature("archive.hidden_member", entry.name, entry.header_at)
    encryptions = dict.fromkeys(_encryption(entry) for entry in entries if entry.encrypted)
    yield from (Feature("archive.encryption", name) for name in encryptions)
    methods = dict.fromkeys(_inflate.METHODS.get(entry.method, str(entry.method)) for entry in entries)
    yield from (Feature("archive.method", name) for name in methods)
    doubles = [name for name, count in Counter(entry.name for entry in entries).items() if count > 1]
    yield from (Feature("archive.duplicate", name) for name in doubles[: DEFAULT.children])
    yield from odd_names([(entry.name, entry.is_directory) for entry in entries[: DEFAULT.children]])
    if directory.comment:
        yield Feature("archive.comment", directory.comment)
    if directory.prefix_bytes:
        yield Feature("archive.prefix_bytes", directory.prefix_bytes)
    if directory.end_at < len(artifact.data):
        yield Feature("archive.trailing_bytes", len(artifact.data) - directory.end_at, directory.end_at)


def _encryption(entry: Entry) -> str:
    if entry.flags & STRONG:
        return "pkware-strong"
    if entry.aes_strength:
        return f"aes-{64 + 64 * entry.aes_strength}"
    return "zipcrypto"


def _unpack(data: bytes, entry: Entry, state: _Unpacking) -> bytes | None:
    """Give a member's plain bytes, None when no password opened it.

    Raises:
        MalformedError: its bytes cannot be had, or their compression is not read.
        LimitError: it is too large.
    """
    body = packed(data, entry)
    if not entry.encrypted:
        return _inflated(_chunks(body), entry, state)
    if entry.flags & STRONG or (entry.method == _inflate.AES and not entry.aes_strength):
        raise MalformedError("encrypted: PKWARE strong encryption is not read", entry.header_at)
    if entry.method not in _inflate.READABLE:
        raise MalformedError(f"compression method {_inflate.METHODS.get(entry.method, entry.method)} is not read")
    _charge(entry, state)
    passwords = list(dict.fromkeys((*state.opened_with, *state.passwords)))
    state.tried = len(passwords)
    for password in passwords if state.failures < MAX_FAILURES else state.opened_with:
        plain = _open_with(password, body, entry, state)
        if plain is not None:
            if plain and password not in state.opened_with:
                state.opened_with.insert(0, password)
            return plain
    state.failures += 1
    return None


def _chunks(body: memoryview) -> Iterator[bytes]:
    return (bytes(body[at : at + _inflate.CHUNK]) for at in range(0, len(body), _inflate.CHUNK))


def _charge(entry: Entry, state: _Unpacking) -> None:
    """Refuse to decrypt more than the budgets allow, before any password is tried.

    Raises:
        LimitError: the member is too long for what is left.
    """
    if entry.aes_strength:
        state.aes -= entry.packed_bytes
        if state.aes < 0:
            raise LimitError("unpacked_bytes", state.limits.unpacked_bytes)
    elif entry.packed_bytes > state.traditional:
        raise LimitError("traditional_cipher_bytes", crypto.TRADITIONAL_BYTES)


def _open_with(password: str, body: memoryview, entry: Entry, state: _Unpacking) -> bytes | None:
    for raw in spellings(password):
        if entry.aes_strength:
            chunks = crypto.open_aes(body, raw, entry.aes_strength)
        else:
            chunks = crypto.open_traditional(body, raw, _check_bytes(entry))
        if chunks is None:
            continue
        if entry.aes_strength:
            return _inflated(chunks, entry, state)
        try:
            plain = _inflated(_counted(chunks, state), entry, state, certain=False)
        except MalformedError:
            continue  # one wrong password in 256 gets this far
        if zlib.crc32(plain) == entry.crc:
            state.room -= len(plain)
            return plain
    return None


def _check_bytes(entry: Entry) -> frozenset[int]:
    """Give the last byte of the cipher's header: of the CRC, or of the time when the CRC follows the data."""
    if entry.flags & HAS_DESCRIPTOR:
        return frozenset({entry.time >> 8 & 0xFF, entry.crc >> 24})
    return frozenset({entry.crc >> 24})


def _counted(chunks: Iterator[bytes], state: _Unpacking) -> Iterator[bytes]:
    """Pass chunks of the slow cipher on until its budget is used up."""
    for chunk in chunks:
        state.traditional -= len(chunk)
        if state.traditional < 0:
            raise LimitError("traditional_cipher_bytes", crypto.TRADITIONAL_BYTES)
        yield chunk


def _inflated(chunks: Iterator[bytes], entry: Entry, state: _Unpacking, *, certain: bool = True) -> bytes:
    limits = state.limits
    cap, limit = limits.member_bytes, "member_bytes"
    if state.room < cap:
        cap, limit = state.room, "unpacked_bytes"
    try:
        plain = _inflate.inflate(chunks, entry.method, cap, limit)
    except LimitError:
        state.room -= cap  # what was unpacked in vain counts: four bombs, not a thousand
        raise
    if certain:
        state.room -= len(plain)
    return plain
