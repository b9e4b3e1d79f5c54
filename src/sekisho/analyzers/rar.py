"""RAR archives of both generations: names even where members are encrypted, and members by any password at hand."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from hashlib import blake2s

from sekisho.analyzers import _rar3_unpack, _rar4_headers, _rar5_headers, _rar5_unpack, analyzer
from sekisho.analyzers._archive import NAME_FEATURES, NAMES_HIDDEN, NOT_FOUND, Named, Room, leaves_folder, name_features
from sekisho.analyzers._passwords import candidates
from sekisho.analyzers._rar_crypto import Key, Keyring, keyed_blake2, keyed_crc
from sekisho.analyzers._rar_headers import MAGIC4, MAGIC5, METHODS, Archive, Member
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT, MIB

SFX_BYTES = 4 * MIB
"""How far behind the start of a program its archive is looked for, as WinRAR does."""
NAMED_RAR = (".rar", ".r00", ".rev")
"""Names at which WinRAR looks for an archive behind other bytes too."""
MAX_FAILURES = 4
"""Members that every password is tried on in vain; after them only those that opened another one are."""
COMMENT_CHARS = 10_000
UNPACKED_IN = {15: "RAR 1.5", 20: "RAR 2.0", 26: "RAR 2.0"}


def start_of(data: bytes, name: str = "") -> int:
    """Give where the archive begins, -1 without one: at the start, or behind a program with a sound first header."""
    if data.startswith((MAGIC4, MAGIC5)):
        return 0
    if not data.startswith((b"MZ", b"\x7fELF")) and not name.lower().endswith(NAMED_RAR):
        return -1
    at = data.find(MAGIC4[:6], 0, SFX_BYTES)
    while at >= 0:
        if data.startswith(MAGIC5, at) and _rar5_headers.is_header(data, at + len(MAGIC5)):
            return at
        if data.startswith(MAGIC4, at) and _rar4_headers.is_header(data, at + len(MAGIC4)):
            return at
        at = data.find(MAGIC4[:6], at + 1, SFX_BYTES)
    return -1


@dataclass(slots=True)
class _Unpacking:
    """What unpacking one archive has used up, and learned."""

    data: bytes
    keyring: Keyring
    room: Room = field(default_factory=Room)
    steps: _rar5_unpack.Steps = field(default_factory=_rar5_unpack.Steps)
    new: _rar5_unpack.Unpacker = field(init=False)
    old: _rar3_unpack.Unpacker = field(init=False)
    failures: int = 0
    decrypted_room: int = DEFAULT.unpacked_bytes
    broken: str = ""
    """Why a solid member cannot be had: one before it could not."""

    def __post_init__(self) -> None:
        self.new, self.old = _rar5_unpack.Unpacker(self.steps), _rar3_unpack.Unpacker(self.steps)


@analyzer(  # no media type: what an archive hangs on (a program) is told by content
    "rar",
    recognise=lambda artifact: start_of(artifact.data, artifact.name) >= 0,
    features=(
        *NAME_FEATURES,
        "archive.comment",
        "archive.header_encrypted",
        "archive.volume",
        "archive.stream",
        "archive.prefix_bytes",
        "archive.trailing_bytes",
        "archive.password",
        "archive.crc_mismatch",
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the headers, then unpack each member within the limits.

    Yields:
        Features of the headers first, so that names stand whatever happens later; then a child for each file and each
        NTFS stream, with ``unscanned`` set when it could not be opened; then a child ``trailing`` for bytes after the
        end.

    Raises:
        MalformedError: a header or a stream is broken or of a method that is not read; the rest has been yielded.
        LimitError: there are more members than ``children``, they unpack to too much, or passwords cost too much.

    Source: RARLAB, "RAR 5.0 archive format", and technote.txt of RAR 3 and 4.
    """
    start = start_of(artifact.data, artifact.name)
    if start > 0:
        yield Feature("archive.prefix_bytes", start)
    state = _Unpacking(artifact.data, Keyring(candidates(artifact.passwords)))
    headers = _rar5_headers if artifact.data.startswith(MAGIC5, start) else _rar4_headers
    archive = headers.read(artifact.data, start, state.keyring)
    yield from _archive_features(archive)
    problem: MalformedError | LimitError | None = archive.flaw
    if archive.locked:
        yield Feature("archive.encrypted", True)
        yield artifact.child(NAMES_HIDDEN, b"", unscanned=NOT_FOUND.format(state.keyring.tried))
    else:
        yield from name_features([_named(one) for one in archive.members if not one.service])
        problem = (yield from _members(artifact, archive, state)) or problem
    yield from (Feature("archive.password", password) for password in state.keyring.opened_with)
    trailing = artifact.data[archive.end_at :]
    if trailing.strip(b"\0"):
        yield Feature("archive.trailing_bytes", len(trailing), archive.end_at)
        yield artifact.child("trailing", trailing, relation="overlay")
    if problem is not None:
        raise problem


def _archive_features(archive: Archive) -> Iterator[Feature]:
    if archive.header_cipher:
        yield Feature("archive.header_encrypted", True)
    if archive.volume is not None:
        yield Feature("archive.volume", archive.volume)


def _named(member: Member) -> Named:
    cipher = member.cipher.name if member.cipher else ""
    packed = "" if member.is_directory else _method(member)
    return Named(member.name, member.at, member.is_directory, cipher, packed, "" if member.link == "?" else member.link)


def _method(member: Member) -> str:
    if not member.method:
        return "store"
    kind = {50: "rar5", 70: "rar7", 29: "rar3"}.get(member.version, f"rar{member.version / 10:.1f}")
    return f"{kind}-{METHODS[member.method]}" if member.method < len(METHODS) else f"{kind}-{member.method}"


def _members(
    artifact: Artifact, archive: Archive, state: _Unpacking
) -> Generator[Feature | Artifact, None, MalformedError | LimitError | None]:
    """Give a child for each file and NTFS stream, and comments; returns the first thing that went wrong."""
    problem: MalformedError | LimitError | None = None
    files, holder = 0, ""
    for member in archive.members:
        if member.service not in ("", "CMT", "STM") or member.is_directory:
            continue
        name = member.name
        if member.service == "STM":
            stream = member.service_text.removeprefix(":")
            name = f"{holder}:{stream}"
            yield Feature("archive.stream", name, member.at)
            if leaves_folder(name):
                yield Feature("archive.traversal", name, member.at)
        elif not member.service:
            holder = name
        files += 1
        if files > DEFAULT.children:
            return problem or LimitError("children", DEFAULT.children)
        reason, data = "", b""
        try:
            opened = _open(member, state)
            if opened is None:
                reason = NOT_FOUND.format(state.keyring.tried)
            else:
                data = opened
        except (MalformedError, LimitError) as error:
            problem = problem or error
            reason = f"encrypted: {error}" if member.cipher else str(error)
        yield from _shown(artifact, member, name, data, reason, state)
    return problem


def _shown(
    artifact: Artifact, member: Member, name: str, data: bytes, reason: str, state: _Unpacking
) -> Iterator[Feature | Artifact]:
    if member.service == "CMT":
        text = _comment(data)
        if text:
            yield Feature("archive.comment", text, member.at)
        return
    if not reason and member.cipher is None and not _is_sound(data, member, None):
        yield Feature("archive.crc_mismatch", name, member.at)
    if member.link == "?" and data:
        yield Feature("archive.link", f"{name} -> {data[:1_000].decode('utf-8', 'replace')}", member.at)
    yield artifact.child(name, data, unscanned=reason, passwords=tuple(state.keyring.opened_with))


def _comment(data: bytes) -> str:
    wide = len(data) > 1 and data[1::2].count(0) > len(data) // 4
    text = data[: 4 * COMMENT_CHARS].decode("utf-16-le" if wide else "utf-8", "replace")
    return text.partition("\0")[0][:COMMENT_CHARS]


def _open(member: Member, state: _Unpacking) -> bytes | None:
    """Give a member's plain bytes, None when no password opened it.

    Raises:
        MalformedError: its bytes cannot be had, or its compression or cipher is not read.
        LimitError: it is too large.
    """
    if member.elsewhere:
        raise MalformedError("it goes on in another volume", member.at)
    if member.link and not member.packed_bytes:
        return b""
    packed = memoryview(state.data)[member.packed_at : member.packed_at + member.packed_bytes]
    if len(packed) < member.packed_bytes:
        raise MalformedError("RAR member is cut", member.packed_at)
    if member.method and member.version not in (29, 50, 70):
        kind = UNPACKED_IN.get(member.version, f"RAR {member.version / 10:.1f}")
        raise MalformedError(f"compression of {kind} is not read")
    if member.cipher is None:
        return _unpacked(packed, member, state)
    if not member.cipher.name.startswith("aes-"):
        raise MalformedError(f"cipher {member.cipher.name} is not read")
    known = state.failures >= MAX_FAILURES or (member.solid and not member.cipher.check)
    for key in state.keyring.keys(member.cipher, only_known=known):
        plain = _opened(packed, member, key, state)
        if plain is not None:
            state.keyring.opened(key.password)
            return plain
    state.failures += 1
    if member.method:
        state.broken = "solid, and encrypted before it"
    return None


def _opened(packed: memoryview, member: Member, key: Key, state: _Unpacking) -> bytes | None:
    state.decrypted_room -= len(packed)
    if state.decrypted_room < 0:
        raise LimitError("unpacked_bytes", DEFAULT.unpacked_bytes)
    certain = bool(member.cipher and member.cipher.check)
    try:
        plain = _unpacked(memoryview(key.decrypt(bytes(packed))), member, state)
    except MalformedError:
        if certain:
            raise
        return None
    return plain if certain or _is_sound(plain, member, key) else None


def _unpacked(packed: memoryview, member: Member, state: _Unpacking) -> bytes:
    """Give the bytes of a member that is not encrypted any more."""
    longest = min(DEFAULT.member_bytes, state.room.left)
    if not member.method:
        size = len(packed) if member.size is None else member.size
        if size > len(packed):
            raise MalformedError("RAR stored member is cut", member.packed_at)
        return state.room.collect(bytes(packed[at : at + MIB]) for at in range(0, size, MIB))[:size]
    if member.solid and state.broken:
        raise MalformedError(state.broken)
    size = longest + 1 if member.size is None else member.size
    state.broken = "solid, and broken before it"
    if member.version == 29:
        out = state.old.unpack(bytes(packed), size, solid=member.solid, longest=longest)
    else:
        wide = member.version == 70
        out = state.new.unpack(bytes(packed), size, solid=member.solid, longest=longest, wide=wide)
    state.broken = ""
    state.room.left -= len(out)
    if member.size is not None and len(out) < member.size:
        raise MalformedError("RAR stream is cut", member.packed_at)
    return out


def _is_sound(data: bytes, member: Member, key: Key | None) -> bool:
    """Tell whether the checksum holds, or there is none."""
    secret = key.checksum_key if key else b""
    if member.crc is not None:
        crc = zlib.crc32(data)
        return member.crc == (keyed_crc(crc, secret) if secret else crc)
    if member.blake2:
        digest = blake2sp(data)
        return member.blake2 == (keyed_blake2(digest, secret) if secret else digest)
    return True


def blake2sp(data: bytes) -> bytes:
    """Give the digest of eight BLAKE2s in parallel.

    Source: "BLAKE2: simpler, smaller, fast as MD5", section 2.10 (tree hashing; BLAKE2sp: fanout 8, depth 2).
    """
    view, leaves = memoryview(data), b""
    for leaf in range(8):
        part = b"".join(view[at : at + 64] for at in range(64 * leaf, len(data), 512))
        leaves += blake2s(part, fanout=8, depth=2, inner_size=32, node_offset=leaf, last_node=leaf == 7).digest()
    return blake2s(leaves, fanout=8, depth=2, inner_size=32, node_depth=1, last_node=True).digest()
