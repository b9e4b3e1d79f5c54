"""NTFS file systems: every record of the master file table, with named streams and compressed data.

Records are read in the order of the table, not through the folders' indexes, so a file that an index hides is found;
extension records name their base, so lists of attributes need not be followed.

Source: Microsoft, "Master File Table" structures (Win32 developer notes); [MS-FSCC] 2.6 file attributes, 2.1.4
alternate data streams; the on-disk layout as documented by the Linux-NTFS project (facts only).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from sekisho.analyzers import _disk, _lznt1
from sekisho.analyzers._disk import Disk, Extent
from sekisho.analyzers._image import MAX_DEPTH, Contents, Member, too_deep
from sekisho.model.errors import LimitError, MalformedError

STANDARD, FILE_NAME, VOLUME_NAME, DATA = 0x10, 0x30, 0x60, 0x80
END = 0xFFFFFFFF
IN_USE, DIRECTORY = 0x01, 0x02
HIDDEN, SYSTEM = 0x02, 0x04
COMPRESSED, ENCRYPTED = 0x0001, 0x4000
DOS_NAME = 2
ROOT, VOLUME, FIRST_USER, EXTEND = 5, 3, 16, 11
MAX_RECORDS = 50_000
"""Records looked at; 50 MiB of image hold no more."""
MAX_RUNS = 20_000
"""Runs of one stream."""
MAX_NAMES = 8
"""Names of one file."""
ZONE = "zone.identifier"
ZONE_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class _Attribute:
    kind: int
    name: str
    flags: int
    content: bytes | None
    """What stands in the record itself; None when runs hold it."""
    first: int = 0
    """Number of the first cluster that its runs cover; a long stream has several parts."""
    run_list: bytes = b""
    """Read only as far as somebody wants the data."""
    size_bytes: int = 0
    valid_bytes: int = 0
    unit_clusters: int = 1


@dataclass(slots=True)
class _File:
    """One file or folder with what its base record and its extension records say."""

    flags: int
    attributes: list[_Attribute] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Volume:
    disk: Disk
    sector: int
    cluster_bytes: int
    record_bytes: int
    table_at: int


def is_ntfs(boot: bytes) -> bool:
    """Tell whether a boot sector is of NTFS."""
    return boot[3:11] == b"NTFS    " and boot[510:512] == b"\x55\xaa"


def read(disk: Disk) -> Contents:
    """Read the master file table; never raises."""
    contents = Contents("NTFS")
    try:
        boot = disk.read(0, 512)
        volume = _volume(disk, boot)
        contents.size_bytes = (_u(boot, 40, 8) + 1) * volume.sector  # a copy of the boot sector follows
        files = _table(volume, contents)
        _take(volume, files, contents)
    except (MalformedError, LimitError) as error:
        contents.broke(error)
    return contents


def _u(raw: bytes, at: int, width: int) -> int:
    return int.from_bytes(raw[at : at + width], "little")


def _volume(disk: Disk, boot: bytes) -> _Volume:
    sector, per_cluster = _u(boot, 11, 2), boot[13]
    cluster_bytes = sector * (per_cluster if per_cluster <= 0x80 else 1 << min(256 - per_cluster, 12))
    size = boot[64]
    record_bytes = size * cluster_bytes if size < 0x80 else 1 << min(256 - size, 16)
    if sector not in (512, 1_024, 2_048, 4_096) or not cluster_bytes or record_bytes not in (1_024, 2_048, 4_096):
        raise MalformedError("NTFS boot sector")
    return _Volume(disk, sector, cluster_bytes, record_bytes, _u(boot, 48, 8) * cluster_bytes)


def _table(volume: _Volume, contents: Contents) -> dict[int, _File]:
    """Read all records; the first one tells where the table lies, extensions of it where it goes on."""
    files: dict[int, _File] = {}
    _, first = _record(volume, volume.disk.read(volume.table_at, volume.record_bytes))
    parts = [one for one in (first.attributes if first else []) if one.kind == DATA and not one.name]
    if not parts:
        raise MalformedError("NTFS master file table without data", volume.table_at)
    done: set[int] = set()
    while parts:
        part = parts.pop(0)
        done.add(part.first)
        number = part.first * volume.cluster_bytes // volume.record_bytes
        for raw in _records(volume, _runs(volume, part.run_list), contents):
            _adopt(volume, number, raw, files, contents)
            number += 1
        if not parts and 0 in files:
            found = [one for one in files[0].attributes if one.kind == DATA and one.first not in done]
            parts = sorted(found, key=lambda one: one.first)[:MAX_NAMES]
    return files


def _records(volume: _Volume, runs: Iterator[Extent], contents: Contents) -> Iterator[bytes]:
    for start, length in runs:
        for at in range(0, length - volume.record_bytes + 1, volume.record_bytes):
            contents.records += 1
            if contents.records > MAX_RECORDS:
                raise LimitError("file_records", MAX_RECORDS)
            if start is not None:
                try:
                    yield volume.disk.read(start + at, volume.record_bytes)
                except MalformedError as error:
                    contents.broke(error)
                    return


def _adopt(volume: _Volume, number: int, raw: bytes, files: dict[int, _File], contents: Contents) -> None:
    if raw[:4] != b"FILE":
        if raw[:4] == b"BAAD":
            contents.broke(MalformedError(f"NTFS record {number} is marked bad"))
        return
    try:
        base, one = _record(volume, raw)
    except MalformedError as error:
        contents.broke(error)
        return
    if one is None:
        return
    known = files.setdefault(number if base is None else base, _File(one.flags))
    if base is None:
        known.flags = one.flags
    known.attributes += one.attributes


def _record(volume: _Volume, raw: bytes) -> tuple[int | None, _File | None]:
    """Read one record: the number of its base, None when it is one, and its attributes."""
    if raw[:4] != b"FILE":
        return None, None
    fixed = _fixed(raw, volume.sector)
    found = _File(_u(raw, 22, 2))
    at = _u(fixed, 20, 2)
    while at + 16 <= len(fixed) and (kind := _u(fixed, at, 4)) != END:
        length = _u(fixed, at + 4, 4)
        if length < 16 or at + length > len(fixed):
            raise MalformedError("NTFS attribute is cut", at)
        if kind in (STANDARD, FILE_NAME, VOLUME_NAME, DATA):
            found.attributes.append(_attribute(volume, fixed[at : at + length], kind))
        at += length
    return _u(raw, 32, 6) if _u(raw, 32, 8) else None, found  # the upper two bytes count reuses


def _fixed(raw: bytes, sector: int) -> bytes:
    """Put back the last two bytes of every 512, which stand in the update sequence array."""
    out = bytearray(raw)
    at, count = _u(raw, 4, 2), _u(raw, 6, 2)
    for index in range(1, min(count, len(raw) // 512 + 1)):
        if at + 2 * index + 2 <= len(raw):
            out[512 * index - 2 : 512 * index] = raw[at + 2 * index : at + 2 * index + 2]
    return bytes(out)


def _attribute(volume: _Volume, raw: bytes, kind: int) -> _Attribute:
    name_at = _u(raw, 10, 2)
    name = raw[name_at : name_at + 2 * raw[9]].decode("utf-16-le", "replace")
    flags = _u(raw, 12, 2)
    if not raw[8]:
        start = _u(raw, 20, 2)
        content = raw[start : start + _u(raw, 16, 4)]
        return _Attribute(kind, name, flags, content, size_bytes=_u(raw, 16, 4))
    if len(raw) < 64:
        raise MalformedError("NTFS attribute without its sizes")
    return _Attribute(
        kind,
        name,
        flags,
        None,
        first=_u(raw, 16, 8),
        run_list=raw[_u(raw, 32, 2) :],
        size_bytes=_u(raw, 48, 8),
        valid_bytes=_u(raw, 56, 8),
        unit_clusters=1 << min(raw[34], 6),
    )


def _runs(volume: _Volume, raw: bytes) -> Iterator[Extent]:
    """Give the runs of a stream: each has the widths of its two numbers, a length, and a step from the last start."""
    at = cluster = 0
    for _ in range(MAX_RUNS):
        if at >= len(raw) or not raw[at]:
            return
        wide, far = raw[at] & 0xF, raw[at] >> 4
        length = _u(raw, at + 1, wide) * volume.cluster_bytes
        cluster += int.from_bytes(raw[at + 1 + wide : at + 1 + wide + far], "little", signed=True)
        if wide > 8 or far > 8 or not length or cluster < 0:
            raise MalformedError("NTFS run list")
        yield (cluster * volume.cluster_bytes if far else None), length
        at += 1 + wide + far


def _take(volume: _Volume, files: dict[int, _File], contents: Contents) -> None:
    """Turn records into members with paths."""
    for attribute in files.get(VOLUME, _File(0)).attributes:
        if attribute.kind == VOLUME_NAME and attribute.content:
            contents.facts.append(("image.label", attribute.content.decode("utf-16-le", "replace")))
    paths: dict[int, str | None] = {ROOT: "", EXTEND: None}
    for number, one in sorted(files.items()):
        if number < FIRST_USER and number != ROOT:
            continue
        names = [_path(files, number, name, paths) for name in _names(one)]
        for name in names if number != ROOT else ["."]:
            if name is None:
                continue
            if not one.flags & IN_USE:
                contents.facts.append(("image.deleted_entry", name))
                continue
            contents.spend()
            contents.members += _streams(volume, one, name, contents)


def _names(one: _File) -> list[tuple[int, str]]:
    """Give parent and name of each of a file's names; short ones only when there is no other."""
    found = []
    for attribute in one.attributes:
        raw = attribute.content or b""
        if attribute.kind == FILE_NAME and len(raw) >= 66:
            found.append((raw[65], _u(raw, 0, 6), raw[66 : 66 + 2 * raw[64]].decode("utf-16-le", "replace")))
    long = [(parent, name) for space, parent, name in found if space != DOS_NAME]
    return (long or [(parent, name) for _, parent, name in found])[:MAX_NAMES]


def _path(files: dict[int, _File], number: int, own: tuple[int, str], paths: dict[int, str | None]) -> str | None:
    """Give a path, None below the system's own folder; a folder that is gone or lies in itself ends the path."""
    parent, name = own
    steps: list[tuple[int, str]] = []
    seen = {number}
    at = parent
    while at not in paths and at not in seen and len(steps) < MAX_DEPTH:
        seen.add(at)
        names = _names(files[at]) if at in files else []
        if not names:
            break
        steps.append((at, names[0][1]))
        at = names[0][0]
    prefix = paths.get(at, "?/")
    for folder, folder_name in reversed(steps):
        prefix = None if prefix is None else f"{prefix if not too_deep(prefix) else '?/'}{folder_name}/"
        paths[folder] = prefix
    return None if prefix is None else prefix + name


def _streams(volume: _Volume, one: _File, name: str, contents: Contents) -> Iterator[Member]:
    """Give a file's data and its named streams."""
    hidden = any(
        _u(attribute.content or b"", 32, 4) & (HIDDEN | SYSTEM)
        for attribute in one.attributes
        if attribute.kind == STANDARD
    )
    if hidden and one.flags & DIRECTORY:
        contents.hidden_folders.add(f"{name}/")
    streams: dict[str, list[_Attribute]] = {}
    for attribute in one.attributes:
        if attribute.kind == DATA:
            streams.setdefault(attribute.name, []).append(attribute)
    for stream, parts in streams.items():
        parts.sort(key=lambda part: part.first)
        size = parts[0].size_bytes
        load = partial(_load, volume, parts, size)
        if stream.lower() == ZONE and size <= ZONE_CHARS:
            contents.facts.append(("image.zone_identifier", f"{name}: {_zone(load)}"))
        elif stream:
            contents.facts.append(("image.alternate_stream", f"{name}:{stream}"))
            yield Member(f"{name}:{stream}", size, load, relation="embedded")
        elif not one.flags & DIRECTORY:
            yield Member(name, size, load, hidden)
    if not streams and not one.flags & DIRECTORY:
        yield Member(name, 0, partial(_load, volume, [], 0), hidden)


def _zone(load: partial[None]) -> str:
    out = bytearray()
    with suppress(MalformedError):
        load(out)
    return " ".join(out.decode("utf-8", "replace").split())


def _load(volume: _Volume, parts: list[_Attribute], size: int, out: bytearray) -> None:
    if not parts:
        return
    first = parts[0]
    if first.flags & ENCRYPTED:
        raise MalformedError("encrypted: EFS")
    if first.content is not None:
        out += first.content
        if len(first.content) < size:
            raise MalformedError("NTFS data longer than their record")
        return
    runs = (run for part in parts for run in _runs(volume, part.run_list))
    held = min(size, first.valid_bytes)
    if first.flags & COMPRESSED:
        _expand(volume, runs, first.unit_clusters * volume.cluster_bytes, held, out)
    else:
        _disk.copy(volume.disk, runs, held, out)
    out += bytes(size - held)


def _expand(volume: _Volume, runs: Iterator[Extent], unit: int, size: int, out: bytearray) -> None:
    """Append compressed data: a unit without a gap is plain, one with a gap at its end is not, one of gap is zeros.

    Source: [MS-FSCC] 2.1.5 compression units, [MS-XCA] 2.5 LZNT1.
    """
    held: list[Extent] = []
    filled = 0
    for start, run in runs:
        begun, length = start, run
        while length > 0 and len(out) < size:
            count = min(length, unit - filled)
            held.append((begun, count))
            filled, length = filled + count, length - count
            begun = None if begun is None else begun + count
            if filled == unit:
                _unit(volume, held, unit, min(unit, size - len(out)), out)
                held, filled = [], 0
        if len(out) >= size:
            return
    if len(out) < size:
        raise MalformedError(f"{size - len(out)} bytes more announced than the file has room for")


def _unit(volume: _Volume, held: list[Extent], unit: int, wanted: int, out: bytearray) -> None:
    there = [extent for extent in held if extent[0] is not None]
    if not there:
        out += bytes(wanted)
        return
    raw = bytearray()
    _disk.copy(volume.disk, there, sum(length for _, length in there), raw)
    plain = raw[:wanted] if len(raw) == unit else _lznt1.expand(bytes(raw), wanted)
    out += plain.ljust(wanted, b"\0")
