"""Cases: evidence that belongs together, kept as files below one folder and investigated as a whole.

A file is on the disk, whole and flushed, before a row tells of it; what a killed upload left behind has no row and goes
when the console next starts.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import sqlite3
import time
import unicodedata
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.database import Database
from sekisho.app.console.fulltext import row_of
from sekisho.app.console.jobs import Jobs
from sekisho.model.errors import LimitError, SourceError

CASES, INCOMING = "cases", "incoming"
LONGEST_NAME_BYTES = 200  # of one part of a path; Linux takes 255, and a number may be added
DEEPEST = 30
PIECE_BYTES = 1024 * 1024
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f/\\]|[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a file that was given."""

    path: str
    """Below the case's folder."""
    digest: str
    size_bytes: int
    new: bool
    """False: the case has a file of these bytes, under ``path``."""


def pieces(place: str | Path) -> Iterator[bytes]:
    """Give a plain file's bytes piece by piece; a link is not followed, and nothing that is no file is waited for."""
    held = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(held, "rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


class Cases:
    """The cases in a database and their folders."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.folder = database.folder / CASES
        self.incoming = database.folder / INCOMING

    def prepare(self) -> None:
        """Make the folders, and remove what has no row: half an upload, or a case that was being deleted."""
        for folder in (self.folder, self.incoming):
            folder.mkdir(mode=0o700, exist_ok=True)
        for left in self.incoming.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
        known = {row["id"] for row in self._database.all("SELECT id FROM cases")}
        for folder in self.folder.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder)

    def create(self, name: str, by: Actor) -> str:
        """Make an empty case and give its id."""
        key, now = "c" + secrets.token_hex(6), int(time.time())
        (self.folder / key).mkdir(mode=0o700)
        with self._database.change() as base:
            base.execute(
                "INSERT INTO cases (id, name, created_at, created_by, changed_at) VALUES (?, ?, ?, ?, ?)",
                (key, shown_name(name) or key, now, by.name, now),
            )
            note(base, by, "case.create", key, name=name[:200])
        return key

    def exists(self, key: str) -> bool:
        """Tell whether there is a case of this id."""
        return self._database.one("SELECT 1 FROM cases WHERE id = ?", key) is not None

    @asynccontextmanager
    async def received(self, name: str, body: AsyncIterator[bytes], most_bytes: int) -> AsyncIterator[Path]:
        """Give where a file lies that came in over the network, whole; it goes when it is done with.

        Raises:
            LimitError: it is larger than allowed.
            SourceError: the disk is full.
        """
        place, size = self.incoming / secrets.token_hex(16), 0
        try:
            with place.open("xb") as file:
                async for piece in body:
                    size += len(piece)
                    if size > most_bytes:
                        raise LimitError("upload_bytes", most_bytes)
                    file.write(piece)
            yield place
        except OSError as error:
            raise SourceError(f"cannot be kept: {error.strerror or error}", name[:200]) from error
        finally:
            place.unlink(missing_ok=True)

    def add(self, key: str, name: str, pieces: Iterable[bytes], by: Actor) -> Added:
        """Add a file that is already here.

        Raises:
            SourceError: there is no such case, the name is none, or the disk is full.
        """
        place, digest, size = self.incoming / secrets.token_hex(16), hashlib.sha256(), 0
        try:
            with place.open("xb") as file:
                for piece in pieces:
                    size += len(piece)
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            return self._keep(key, name, place, digest.hexdigest(), size, by)
        except OSError as error:
            raise SourceError(f"cannot be kept: {error.strerror or error}", name[:200]) from error
        finally:
            place.unlink(missing_ok=True)

    def _keep(self, key: str, name: str, place: Path, digest: str, size: int, by: Actor) -> Added:
        """Give a received file its name in a case, unless the case has its bytes."""
        path = shown_path(name)
        with self._database.change() as base:
            if not base.execute("SELECT 1 FROM cases WHERE id = ?", (key,)).fetchone():
                raise SourceError("there is no such case", key)
            same = base.execute("SELECT path FROM files WHERE case_id = ? AND digest = ?", (key, digest)).fetchone()
            if same:
                return Added(same["path"], digest, size, new=False)
            target = _free(self.folder / key, path)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.link(place, target)
            _flush_folder(target.parent)
            path = str(target.relative_to(self.folder / key))
            now = int(time.time())
            base.execute(
                "INSERT INTO files (case_id, path, digest, bytes, added_at, added_by) VALUES (?, ?, ?, ?, ?, ?)",
                (key, path, digest, size, now, by.name),
            )
            base.execute("UPDATE cases SET changed_at = ? WHERE id = ?", (now, key))
            note(base, by, "evidence.add", key, path=path, sha256=digest, bytes=size)
        return Added(path, digest, size, new=True)

    def evidence(self, key: str, path: str) -> Path:
        """Give where a file of a case lies.

        Raises:
            SourceError: the case has no such file.
        """
        if self._database.one("SELECT 1 FROM files WHERE case_id = ? AND path = ?", key, path) is None:
            raise SourceError("the case has no such file", path)
        return self.folder / key / path

    def delete(self, key: str, by: Actor) -> None:
        """Take a case out with all that was found in it; the audit log keeps that it was there.

        Events that its logs gave stay in the store until they are pruned.

        Raises:
            SourceError: there is no such case, or a job is at work on it.
        """
        with self._database.change() as base:
            row = base.execute("SELECT name FROM cases WHERE id = ?", (key,)).fetchone()
            if row is None:
                raise SourceError("there is no such case", key)
            if base.execute("SELECT 1 FROM jobs WHERE case_id = ? AND state = 'running'", (key,)).fetchone():
                raise SourceError("is being investigated; try again when that is done", row["name"])
            forget(base, key)
            own = "(SELECT id FROM incidents WHERE case_id = ?)"
            base.execute(f"DELETE FROM comments WHERE incident IN {own}", (key,))
            base.execute(f"DELETE FROM triage WHERE incident IN {own}", (key,))
            for table in ("incidents", "files", "jobs", "passwords"):
                base.execute(f"DELETE FROM {table} WHERE case_id = ?", (key,))
            base.execute("DELETE FROM cases WHERE id = ?", (key,))
            free_orphans(base)
            note(base, by, "case.delete", key, name=row["name"])
        shutil.rmtree(self.folder / key, ignore_errors=True)
        Jobs(self._database).ask("campaigns", by, "campaigns")  # they forget what the case brought


def forget(base: sqlite3.Connection, key: str) -> None:
    """Take out what was found in a case, but its incidents, whose successors may take over what people did."""
    rows = [(row_of(row["id"]),) for row in base.execute("SELECT id FROM messages WHERE case_id = ?", (key,))]
    base.executemany("DELETE FROM words WHERE rowid = ?", rows)
    for table in ("messages", "findings", "entities", "threads"):
        base.execute(f"DELETE FROM {table} WHERE case_id = ?", (key,))


def free_orphans(base: sqlite3.Connection) -> None:
    """Let incidents stand by themselves that were told under one which is no more, or which is told elsewhere."""
    base.execute(
        "UPDATE triage SET merged_into = '' WHERE merged_into != '' AND (merged_into = incident OR merged_into NOT IN "
        "(SELECT i.id FROM incidents i JOIN triage h ON h.incident = i.id WHERE h.merged_into = ''))"
    )


def shown_name(name: str) -> str:
    """Give a name as one line of at most 200 characters that shows what it is."""
    return _UNSHOWN.sub("_", unicodedata.normalize("NFC", name.strip()))[:200]


def shown_path(name: str) -> str:
    """Give a relative path that stays below its folder, from one that anybody may have written.

    Raises:
        SourceError: nothing is left of it.
    """
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    kept = [_part(part) for part in parts[-DEEPEST:]]
    kept = [part for part in kept if part]
    if not kept:
        raise SourceError("is no name of a file", name[:200])
    return "/".join(kept)


def _part(part: str) -> str:
    part = _UNSHOWN.sub("_", unicodedata.normalize("NFC", part)).strip(" .")
    if len(part.encode()) <= LONGEST_NAME_BYTES:
        return part
    stem, dot, suffix = part.rpartition(".")
    suffix = dot + suffix if stem and len(suffix.encode()) <= 16 else ""
    return part.encode()[: LONGEST_NAME_BYTES - len(suffix.encode())].decode("utf-8", "ignore") + suffix


def _free(folder: Path, path: str) -> Path:
    """Give where a file of this name can be put: a number is added to what another file is called already."""
    whole = PurePosixPath(path)
    for parent in reversed(whole.parents[:-1]):  # evidence may hold a file where this one's folder should be
        if (folder / parent).is_file():
            whole = PurePosixPath(path.replace("/", "_"))
    target, number = folder / whole, 1
    while target.exists():
        number += 1
        target = folder / whole.parent / f"{whole.stem} ({number}){whole.suffix}"
    return target


def _flush_folder(folder: Path) -> None:
    """Make a new name last."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
