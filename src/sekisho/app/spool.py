"""Findings on disk while a run over logs works: bounded memory, and a run that can go on.

Parts of all pieces are written into one file as they come, and a journal notes of each piece that is done where its
parts lie: to make a file costs as much as to read 40 events. A run that was interrupted finds the pieces that are done
by the place, size and time of change of their logs and leaves them out.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from hashlib import sha256
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sekisho.app.logs import Piece
from sekisho.detect.correlator import in_order
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence, Finding

MANIFEST = "run.json"
WRITTEN = 2
"""How hits are written; a run that was interrupted under another number starts anew."""
ASSEMBLED = "all"
"""The findings of all pieces, until they get their final name."""
LINES, HITS, JOURNAL = "lines", "hits", "done"
"""Findings and hits of all pieces, and a line for each piece that is done: checksum, name, what was noted."""
OURS = re.compile(rf"{re.escape(MANIFEST)}|{ASSEMBLED}|{LINES}|{HITS}|{JOURNAL}")
_PLAIN = tuple(one.name for one in fields(Finding) if one.name != "evidence")
READ_BYTES = 256 * 1024
HITS_BYTES = 64 * 1024 * 1024  # read ahead in all files of hits together, when they are merged
Hit = tuple[Event, Finding]


class Packed(NamedTuple):
    """A hit as it is written, so that workers hand over and the spool keeps bytes: objects cost several times more."""

    order: tuple[Any, ...]
    """By which hits are sorted."""
    line: bytes


Block = tuple[int, int]
"""Where a stretch of a file begins and ends."""


class Spool:
    """A folder of what pieces gave."""

    def __init__(self, folder: Path, run: dict[str, Any]) -> None:
        """``run`` is what must be the same for findings of an earlier run to count in this one.

        Raises:
            OSError: the folder cannot be made or written, holds what no run wrote, or is another run's that is at work.
        """
        self.folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        found = list(folder.iterdir())
        if not all(OURS.fullmatch(path.name) for path in found):
            raise FileExistsError(errno.EEXIST, f"the folder {folder.name} beside it holds other files")
        manifest = folder / MANIFEST
        self._held = _hold(manifest)
        # Nothing may open the manifest from here on: closing it anywhere in this process would let go of it.
        told = json.dumps(run).encode()
        with os.fdopen(self._held, "r+b", closefd=False) as file:
            if file.read() != told:
                for path in found:
                    if path != manifest:
                        path.unlink()
                file.seek(0)
                file.truncate()
                file.write(told)
        self._names: dict[tuple[str, int], str] = {}
        self._open: dict[str, _Open] = {}
        self._places: dict[str, _Places] = {}
        """Of the pieces that are done."""
        self._files = {name: _opened(folder / name) for name in (LINES, HITS, JOURNAL)}
        self._noted = dict(_journal(self._files[JOURNAL]))

    def done(self, piece: Piece) -> dict[str, Any] | None:
        """Give what was noted of a piece that is done and whole, else None."""
        name = self._name(piece)
        try:
            places, told = _noted(self._read(JOURNAL, [self._noted[name]]), name)
            whole = all(self._sum(kind, blocks) == sum_ for kind, (blocks, sum_) in places.items())
        except (KeyError, ValueError, TypeError, RecursionError, OSError):
            return None
        if not whole or not isinstance(told, dict):
            return None
        self._places[name] = places
        return told

    def write(self, piece: Piece, lines: Iterable[bytes], hits: Iterable[Packed]) -> None:
        """Add findings of a piece, and those that correlations join, each made by :func:`packed`."""
        under_way = self._open.setdefault(self._name(piece), _Open())
        if written := b"".join(line + b"\n" for line in lines):
            under_way.blocks.append(self._add(LINES, written))
            under_way.digest.update(written)
        under_way.hits.extend(hits)

    def finish(self, piece: Piece, told: dict[str, Any]) -> None:
        """Close a piece and note what a later run needs to know of it."""
        name = self._name(piece)
        under_way = self._open.pop(name, None) or _Open()
        written = b"".join(hit.line for hit in sorted(under_way.hits, key=itemgetter(0)))
        block = [self._add(HITS, written)] if written else []
        self._places[name] = {
            LINES: (under_way.blocks, under_way.digest.hexdigest()),
            HITS: (block, sha256(written).hexdigest()),
        }
        text = json.dumps([name, self._places[name], told], default=str).encode()
        line = b"%s %s %s\n" % (sha256(text).hexdigest().encode(), name.encode(), text)
        self._noted[name] = self._add(JOURNAL, line)

    def copy_lines(self, pieces: Iterable[Piece], target: BinaryIO) -> None:
        """Write the findings of all pieces one after another."""
        for piece in pieces:
            for start, end in self._blocks(piece, LINES):
                for at in range(start, end, READ_BYTES):
                    target.write(self._read(LINES, [(at, min(end, at + READ_BYTES))]))

    def hits(self, pieces: Iterable[Piece]) -> Iterator[Hit]:
        """Give all that correlations join, in the order of time, a few at a time from the disk."""
        blocks = [block for piece in pieces for block in self._blocks(piece, HITS)]
        ahead = min(READ_BYTES, HITS_BYTES // max(1, len(blocks)))
        return merge(*(self._hits(block, ahead) for block in blocks), key=in_order)

    def _blocks(self, piece: Piece, kind: str) -> list[Block]:
        places = self._places.get(self._name(piece))
        return places[kind][0] if places else []

    def _hits(self, block: Block, ahead: int) -> Iterator[Hit]:
        at, end = block
        file = self._files[HITS]
        while at < end:
            file.seek(at)  # others read here between two blocks
            lines = file.readlines(max(1, min(ahead, end - at) - 1))  # it stops when it has more than that
            if not lines:
                return
            at += sum(map(len, lines))
            for line in lines:
                yield _unpacked(json.loads(line))

    def _add(self, kind: str, written: bytes) -> Block:
        """Write behind what is there; what a journal line tells of must be there before it."""
        file = self._files[kind]
        start = file.seek(0, os.SEEK_END)
        file.write(written)
        file.flush()
        return start, start + len(written)

    def _read(self, kind: str, blocks: Iterable[Block]) -> bytes:
        file, parts = self._files[kind], []
        for start, end in blocks:
            file.seek(start)
            parts.append(file.read(end - start))
        return b"".join(parts)

    def _sum(self, kind: str, blocks: Iterable[Block]) -> str:
        digest = sha256()
        for start, end in blocks:
            for at in range(start, end, READ_BYTES):
                digest.update(self._read(kind, [(at, min(end, at + READ_BYTES))]))
        return digest.hexdigest()

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Close what is open and let others have the folder, which stays."""
        for file in self._files.values():
            file.close()
        os.close(self._held)

    def _name(self, piece: Piece) -> str:
        """Name a piece by its log's place, size and time of change, as they were when it was first asked for."""
        key = piece.intake.shown, piece.number
        if key not in self._names:
            told: tuple[Any, ...] = (piece.intake.shown, os.path.realpath(piece.intake.path), piece.span)
            try:
                status = piece.intake.path.stat()
                told = (*told, status.st_size, status.st_mtime_ns)
            except OSError:
                pass  # gone; reading it says so
            self._names[key] = sha256(repr(told).encode("utf-8", "backslashreplace")).hexdigest()[:32]
        return self._names[key]


@dataclass(slots=True)
class _Open:
    """A piece under way."""

    blocks: list[Block] = field(default_factory=list)
    digest: Any = field(default_factory=sha256)
    hits: list[Packed] = field(default_factory=list)


_Places = dict[str, tuple[list[Block], str]]
"""For LINES and HITS: where those of a piece lie, and the SHA-256 of all of them."""


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "r+b")


def _journal(file: BinaryIO) -> Iterator[tuple[str, Block]]:
    """Give the names in a journal and where their lines are; ends a last line that was cut."""
    at, line = 0, b"\n"
    for line in file:
        parts = line.split(b" ", 2)
        if len(parts) == 3:
            yield parts[1].decode("ascii", "replace"), (at, at + len(line))
        at += len(line)
    if not line.endswith(b"\n"):
        file.seek(0, os.SEEK_END)
        file.write(b"\n")
        file.flush()


def _noted(line: bytes, name: str) -> tuple[_Places, Any]:
    """Read a line of the journal.

    Raises:
        ValueError: it is not whole, or another piece's.
    """
    check, _, rest = line.partition(b" ")
    text = rest.partition(b" ")[2].removesuffix(b"\n")
    if sha256(text).hexdigest().encode() != check:
        raise ValueError
    own, places, told = json.loads(text)
    if own != name:
        raise ValueError
    return {kind: ([(start, end) for start, end in places[kind][0]], places[kind][1]) for kind in (LINES, HITS)}, told


def _hold(manifest: Path) -> int:
    """Open a manifest for this process alone; gives its descriptor.

    A lock of the process, not of the open file: workers that outlive a killed run do not hold it.
    """
    held = os.open(manifest, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        os.close(held)
        raise BlockingIOError(errno.EAGAIN, "another run is writing the same findings") from error
    except OSError:
        pass  # a file system without locks
    return held


def packed(hit: Hit) -> Packed:
    """Give a hit as it is written: the event, and the finding without what the event says as well."""
    event, finding = hit
    place = [event.time_ns, event.host, event.user, event.source, event.record, list(event.parts)]
    evidence = [[one.field, one.value] for one in finding.evidence]
    plain = [getattr(finding, name) for name in _PLAIN]
    row = [list(event.logsource), dict(event.fields), place, plain, evidence]
    return Packed(in_order(hit), json.dumps(row, default=str).encode() + b"\n")


def _unpacked(row: list[Any]) -> Hit:
    logsource, fields, (time_ns, host, user, source, record, parts), plain, evidence = row
    event = Event(Logsource(*logsource), fields, time_ns, host, user, source, record, tuple(parts))
    told = dict(zip(_PLAIN, plain, strict=True))
    told["attack"], told["of"] = tuple(told["attack"]), tuple(told["of"])
    told["texts"] = tuple((language, title) for language, title in told["texts"])
    return event, Finding(evidence=tuple(Evidence(*one) for one in evidence), **told)
