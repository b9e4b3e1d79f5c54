"""A watched folder: what is put there becomes evidence of the day's case, once it is whole."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sekisho.app.console.audit import Actor, note
from sekisho.app.console.cases import Cases, pieces
from sekisho.app.console.database import Database
from sekisho.app.console.jobs import Jobs
from sekisho.model.errors import SekishoError

WATCHER = Actor("watched folder")
MOST_FILES = 200_000  # looked at in one round
DEEPEST = 20


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file's size and time of change: two equal looks at it mean that nobody is writing any more."""

    size: int
    changed_ns: int


class Watcher:
    """Takes in what a folder gets."""

    def __init__(
        self,
        database: Database,
        cases: Cases,
        folder: Path,
        most_bytes: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``most_bytes``: of one file; larger ones are left, and the audit log says so once."""
        self._database, self._cases, self._jobs = database, cases, Jobs(database)
        self._folder, self._most, self._clock = folder, most_bytes, clock
        self._before: dict[str, _Seen] = {}
        self._waiting: set[str] = set()

    def look(self) -> int:
        """Look once, take in what has not changed since the last look, and give how many files that were.

        A case is investigated as soon as a look brings nothing new for it.
        """
        now, taken = {}, 0
        for path, seen in self._files():
            now[path] = seen
            if self._before.get(path) == seen and not self._known(path, seen):
                taken += self._take(path, seen)
        self._before = now
        if not taken:
            for case in sorted(self._waiting):
                self._jobs.ask(case, WATCHER)
            self._waiting.clear()
        return taken

    def _files(self) -> Iterator[tuple[str, _Seen]]:
        """Give each plain file below the folder; hidden ones are still being written by their writer's custom."""
        left, found = [(str(self._folder), 0)], 0
        while left and found < MOST_FILES:
            folder, depth = left.pop()
            try:
                with os.scandir(folder) as entries:
                    for one in entries:
                        if one.name.startswith("."):
                            continue
                        if one.is_dir(follow_symlinks=False) and depth < DEEPEST:
                            left.append((one.path, depth + 1))
                        elif one.is_file(follow_symlinks=False):
                            found += 1
                            told = one.stat(follow_symlinks=False)
                            yield one.path, _Seen(told.st_size, told.st_mtime_ns)
            except OSError:
                continue  # gone, or not ours to read; the next look tries again

    def _known(self, path: str, seen: _Seen) -> bool:
        row = self._database.one("SELECT bytes, changed_ns FROM watched WHERE path = ?", path)
        return row is not None and (row["bytes"], row["changed_ns"]) == (seen.size, seen.changed_ns)

    def _take(self, path: str, seen: _Seen) -> int:
        """Take a file in and remember it, whether or not it could be taken."""
        name, failed = os.path.relpath(path, self._folder), ""
        if seen.size > self._most:
            failed = f"larger than {self._most} bytes"
        else:
            try:
                case = self._case()
                self._cases.add(case, name, pieces(path), WATCHER)
                self._waiting.add(case)
            except (SekishoError, OSError) as error:
                failed = str(error)
        with self._database.change() as base:
            base.execute("INSERT OR REPLACE INTO watched VALUES (?, ?, ?)", (path, seen.size, seen.changed_ns))
            if failed:
                note(base, WATCHER, "watch.refuse", name[:200], reason=failed[:300])
        return int(not failed)

    def _case(self) -> str:
        """Give the case of the day."""
        name = f"{self._folder.name} {time.strftime('%Y-%m-%d', time.gmtime(self._clock()))}"
        row = self._database.one("SELECT id FROM cases WHERE name = ? AND created_by = ?", name, WATCHER.name)
        return str(row["id"]) if row is not None else self._cases.create(name, WATCHER)
