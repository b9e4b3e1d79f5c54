"""Virtual disks of Windows: VHD (fixed and dynamic) and VHDX; files mounted from one carry no mark of the web."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sekisho.analyzers import _vhdx, _volumes, analyzer
from sekisho.analyzers._disk import Blocks, Disk, Flat, Window
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import MalformedError

FOOTER, DYNAMIC_HEADER = b"conectix", b"cxsparse"
FIXED, DYNAMIC, DIFFERENCING = 2, 3, 4
KINDS = {FIXED: "VHD fixed", DYNAMIC: "VHD dynamic", DIFFERENCING: "VHD differencing"}
SECTOR = 512
NOWHERE = 0xFFFFFFFF
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
FEATURES = (*_volumes.FEATURES, "image.kind", "image.virtual_bytes", "image.parent")


def is_virtual_disk(artifact: Artifact) -> bool:
    """Tell whether a footer of VHD stands at the end or its copy at the start, or it is a VHDX."""
    data = artifact.data
    return data.startswith((FOOTER, _vhdx.MAGIC)) or data[-512:].startswith(FOOTER) or data[-511:].startswith(FOOTER)


@analyzer("vhd", recognise=is_virtual_disk, features=FEATURES)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read every volume through the table of blocks.

    Yields:
        What the disk says of itself, then what :mod:`disk` gives of a raw one.

    Raises:
        MalformedError: something is broken or not read; everything else has been yielded.
        LimitError: there are more entries, children or bytes than the limits allow.

    Source: Microsoft, "Virtual Hard Disk Image Format Specification" 1.0; [MS-VHDX].
    """
    data = artifact.data
    disk, facts, problem = _vhdx.read(data) if data.startswith(_vhdx.MAGIC) else _vhd(data)
    yield from (Feature(name, value) for name, value in facts)
    yield from _volumes.unpack(artifact, disk)
    if problem:
        raise problem


def _vhd(data: bytes) -> tuple[Disk, list[tuple[str, str | int]], MalformedError | None]:
    footer = next((raw for raw in (data[-512:], data[-511:], data[:512]) if raw.startswith(FOOTER)), b"")
    if not footer:
        raise MalformedError("VHD without its footer", len(data))
    kind, size = _u(footer, 60, 4), _u(footer, 48, 8)
    facts: list[tuple[str, str | int]] = [
        ("image.kind", KINDS.get(kind, f"VHD {kind}")),
        ("image.virtual_bytes", size),
        ("image.created_at", (EPOCH + timedelta(seconds=_u(footer, 24, 4))).isoformat()),
    ]
    if maker := footer[28:32].decode("latin-1").strip(" \0"):
        facts.append(("image.application", maker))
    if kind not in (DYNAMIC, DIFFERENCING):
        return Window(Flat(data), 0, max(0, len(data) - len(footer))), facts, None
    head = _u(footer, 16, 8)
    raw = data[head : head + 1_024]
    if not raw.startswith(DYNAMIC_HEADER) or len(raw) < 1_024:
        raise MalformedError("VHD without its dynamic header", head)
    table, count, block = _u(raw, 16, 8), _u(raw, 28, 4), _u(raw, 32, 4)
    if block < SECTOR or block & (block - 1):
        raise MalformedError(f"VHD block of {block} bytes", head + 32)
    bitmap = -(-block // (SECTOR * 8 * SECTOR)) * SECTOR
    problem = None
    if kind == DIFFERENCING:
        parent = raw[64:576].decode("utf-16-be", "replace").split("\0")[0]
        facts.append(("image.parent", parent))
        problem = MalformedError(f"what lies in the parent {parent!r} is not here")

    def place(index: int) -> int | None:
        entry = _u(data[table + 4 * index : table + 4 * index + 4] or b"\xff" * 4, 0, 4) if index < count else NOWHERE
        return None if entry == NOWHERE else entry * SECTOR + bitmap

    return Blocks(data, size, block, place), facts, problem


def _u(raw: bytes, at: int, width: int) -> int:
    return int.from_bytes(raw[at : at + width], "big")
