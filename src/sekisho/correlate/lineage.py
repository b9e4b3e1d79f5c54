"""Lineage: what followed from a process, by what it started and by what it wrote that another ran."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from ntpath import basename

from sekisho.correlate.processes import Process, members

RUNNABLE_BY_PATH_CHARS = 8  # a written path shorter than this is no evidence that a command line names it


class Spread:
    """Follows what processes started, and who ran what these wrote; the same starts once."""

    def __init__(self, processes: Callable[[], Iterable[Process]]) -> None:
        """``processes`` gives all there are, linked."""
        self._processes = processes
        self._runners: Mapping[tuple[str, str], list[Process]] | None = None
        self._known: dict[tuple[str, ...], dict[str, Process]] = {}

    def __call__(self, starts: Sequence[Process]) -> dict[str, Process]:
        """Give all that follow from some processes, by key; a thousand copies of one file share them."""
        if self._runners is None:
            self._runners = runners(self._processes())
        key = tuple(sorted({process.key for process in starts}))
        if key not in self._known:
            self._known[key] = spread(starts, self._runners)
        return dict(self._known[key])


def runners(processes: Iterable[Process]) -> dict[tuple[str, str], list[Process]]:
    """Index processes by the base names that their command lines and images mention."""
    index: dict[tuple[str, str], list[Process]] = defaultdict(list)
    for process in processes:
        text = f"{process.command_line} {process.unfolded} {process.image}".replace("/", "\\")
        words = {basename(word.strip("\"',;()")).lower() for word in text.replace('"', " ").split()}
        words.add(process.name.lower())
        for word in words:
            if "." in word:
                index[process.host.lower(), word.partition(",")[0]].append(process)
    for ones in index.values():
        ones.sort(key=_started_at)
    return index


def spread(roots: Sequence[Process], by_name: Mapping[tuple[str, str], list[Process]]) -> dict[str, Process]:
    """Follow what roots started, and who ran what these wrote (file-write lineage).

    Runners of one name are in order of time and each is taken once, so the cost is that of the events.
    """
    found: dict[str, Process] = {}
    left: dict[tuple[str, str], int] = {}
    todo = list(roots)
    while todo:
        for process in members([todo.pop()]).values():
            if process.key in found:
                continue
            found[process.key] = process
            for event in process.actions:
                if event.logsource.category != "file_event":
                    continue
                path = str(event.fields.get("TargetFilename") or "")
                key = process.host.lower(), basename(path).lower()
                ones = by_name.get(key, ())
                if not ones or len(path) < RUNNABLE_BY_PATH_CHARS or "." not in key[1]:
                    continue
                end = left.get(key, len(ones))
                start = bisect_left(ones, event.time_ns or 0, 0, end, key=_started_at)
                left[key] = start
                todo += [one for one in ones[start:end] if one.key not in found and not one.is_hub]
    return found


def _started_at(process: Process) -> int:
    return process.at_ns or 0


def with_ancestors(processes: Iterable[Process]) -> dict[str, Process]:
    """Give processes and their ancestors below the programs that start everybody's programs, by key."""
    found: dict[str, Process] = {}
    for process in processes:
        current: Process | None = process
        while current is not None and current.key not in found:
            found[current.key] = current
            current = current.parent if current.parent is not None and not current.parent.is_hub else None
    return found
