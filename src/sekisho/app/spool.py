"""Findings on disk while a run over logs works, a file for each piece: bounded memory, and a run that can go on.

A piece is done when its last file, the one with its counts, is there under its final name. A run that was interrupted
finds the pieces that are done by the place, size and time of change of their logs and leaves them out.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from heapq import merge
from pathlib import Path
from typing import Any, BinaryIO

from sekisho.app.logs import Piece
from sekisho.detect.correlator import in_order
from sekisho.model.event import Event, Logsource
from sekisho.model.finding import Evidence, Finding

MANIFEST = "run.json"
ASSEMBLED = "all"
"""The findings of all pieces, until they get their final name."""
OURS = re.compile(rf"{re.escape(MANIFEST)}|{ASSEMBLED}|[0-9a-f]{{32}}\.(json|jsonl|hits|new)")
READ_BYTES = 256 * 1024
HITS_BYTES = 64 * 1024 * 1024  # read ahead in all files of hits together, when they are merged
NOTED = frozenset({"jsonl", "hits", "told", "check"})
"""SHA-256 of a finished piece's files, what its reader told, and the SHA-256 of that."""
Hit = tuple[Event, Finding]


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

    def done(self, piece: Piece) -> dict[str, Any] | None:
        """Give what was noted of a piece that is done and whole, else None."""
        noted = _load(self._path(piece, "json"))
        if not isinstance(noted, dict) or not NOTED.issuperset(noted) or len(noted) != len(NOTED):
            return None
        whole = all(_digest(self._path(piece, kind)) == noted[kind] for kind in ("jsonl", "hits"))
        told = noted["told"]
        return told if whole and isinstance(told, dict) and noted["check"] == _check(told) else None

    def write(self, piece: Piece, lines: Iterable[bytes], hits: Iterable[Hit]) -> None:
        """Add findings of a piece, and those that correlations join."""
        under_way = self._open.setdefault(self._name(piece), _Open())
        written = b"".join(line + b"\n" for line in lines)
        if written:
            if under_way.file is None:
                under_way.file = open(self._path(piece, "jsonl"), "wb")  # noqa: PTH123, SIM115
            under_way.file.write(written)
            under_way.digest.update(written)
        under_way.hits.extend(hits)

    def finish(self, piece: Piece, told: dict[str, Any]) -> None:
        """Close a piece and note what a later run needs to know of it."""
        under_way = self._open.pop(self._name(piece), None) or _Open()
        under_way.close()
        hits = "".join(json.dumps(_packed(hit), default=str) + "\n" for hit in sorted(under_way.hits, key=in_order))
        if hits:
            self._path(piece, "hits").write_text(hits, encoding="utf-8")
        unfinished = self._path(piece, "new")
        written = json.dumps(told, default=str)
        sums = {"jsonl": under_way.digest.hexdigest(), "hits": sha256(hits.encode()).hexdigest()}
        noted = json.dumps({**sums, "check": sha256(written.encode()).hexdigest()})
        unfinished.write_text(f'{noted[:-1]}, "told": {written}}}', encoding="utf-8")
        unfinished.replace(self._path(piece, "json"))

    def copy_lines(self, pieces: Iterable[Piece], target: BinaryIO) -> None:
        """Write the findings of all pieces one after another."""
        for piece in pieces:
            path = self._path(piece, "jsonl")
            if path.exists():
                with path.open("rb") as file:
                    shutil.copyfileobj(file, target)

    def hits(self, pieces: Iterable[Piece]) -> Iterator[Hit]:
        """Give all that correlations join, in the order of time, a few at a time from the disk."""
        paths = [path for piece in pieces if (path := self._path(piece, "hits")).exists()]
        ahead = min(READ_BYTES, HITS_BYTES // max(1, len(paths)))
        return merge(*(_read(path, ahead) for path in paths), key=in_order)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Close what is open and let others have the folder, which stays."""
        for one in self._open.values():
            one.close()
        os.close(self._held)

    def _path(self, piece: Piece, ending: str) -> Path:
        return self.folder / f"{self._name(piece)}.{ending}"

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
    """A piece under way; its file is made with its first finding."""

    file: BinaryIO | None = None
    digest: Any = field(default_factory=sha256)
    hits: list[Hit] = field(default_factory=list)

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


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


def _read(path: Path, ahead: int) -> Iterator[Hit]:
    # Opened anew for each block, so that thousands of pieces do not need thousands of open files.
    at = 0
    while True:
        with path.open("rb") as file:
            file.seek(at)
            lines = file.readlines(ahead)
            at = file.tell()
        if not lines:
            return
        for line in lines:
            yield _unpacked(json.loads(line))


def _digest(path: Path) -> str:
    """Give the SHA-256 of a file; of no file, that of nothing."""
    digest = sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(READ_BYTES):
                digest.update(block)
    except FileNotFoundError:
        pass
    except OSError as error:
        return str(error)
    return digest.hexdigest()


def _check(told: dict[str, Any]) -> str:
    return sha256(json.dumps(told).encode()).hexdigest()


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _packed(hit: Hit) -> list[Any]:
    event, finding = hit
    logsource = event.logsource
    place = [event.time_ns, event.host, event.user, event.source, event.record, list(event.parts)]
    return [[logsource.product, logsource.category, logsource.service], dict(event.fields), place, asdict(finding)]


def _unpacked(row: list[Any]) -> Hit:
    logsource, fields, (time_ns, host, user, source, record, parts), told = row
    event = Event(Logsource(*logsource), fields, time_ns, host, user, source, record, tuple(parts))
    told["evidence"] = tuple(Evidence(one["field"], one["value"]) for one in told["evidence"])
    for name in ("attack", "of"):
        told[name] = tuple(told[name])
    told["texts"] = tuple((language, title) for language, title in told["texts"])
    return event, Finding(**told)
