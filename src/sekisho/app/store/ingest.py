"""Evidence into the store: what is there already is left out, the rest is investigated and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sekisho.app import intake, pipeline
from sekisho.app.store.state import State, Stored
from sekisho.app.store.tables import Packed, pack
from sekisho.app.store.writing import Writer, digest_of
from sekisho.detect.ruleset import RuleSet
from sekisho.model.event import Event
from sekisho.model.limits import Limits
from sekisho.model.result import Input, Result

UNREAD = "unknown"
"""Kind of an input that nothing was read of."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What an ingest did."""

    result: Result | None
    """What the new evidence tells; None when all of it was known."""
    known: tuple[Stored, ...]
    """Inputs that were in the store before, as they were called then."""
    stored: tuple[Stored, ...]


class Keeper:
    """Keeps the events of a run in a store, those of inputs that it does not hold yet."""

    def __init__(self, state: State, new: Iterable[tuple[str, str, int]]) -> None:
        """``new``: path as shown, SHA-256 and size of each input to keep."""
        self._new = {path: (digest, size) for path, digest, size in new}
        self._writer = Writer(state)
        self.stored: list[Stored] = []

    @property
    def pack(self) -> Callable[[list[Event]], Any]:
        """What makes events ready to be kept."""
        return pack

    def take(self, path: str, packed: Iterable[Packed]) -> None:
        """Keep events of an input."""
        if path in self._new:
            self._writer.take(path, packed)

    def finish(self, one: Input) -> None:
        """Close an input, unless nothing of it could be read: it may be asked for again."""
        found = self._new.pop(one.path, None)
        if found is not None and one.kind != UNREAD:
            stored = Stored(found[0], one.path, one.kind, found[1], one.records, one.skipped)
            self.stored.append(stored)
            self._writer.finish(stored)

    def close(self) -> None:
        """Write what is still in memory."""
        self._writer.flush()


def look(state: State, paths: Sequence[str], limits: Limits) -> tuple[list[tuple[str, str, int]], list[Stored]]:
    """Tell which files below the paths are new to the store, and which it has; of equal ones the first is new.

    Gives:
        Path as shown, SHA-256 and size of each new file; and what the store calls those that it has.
    """
    new: dict[str, tuple[str, str, int]] = {}
    known: list[Stored] = []
    for one in intake.walk(paths, limits):
        if one.skipped:
            continue
        try:
            digest, size = digest_of(one.path), one.path.stat().st_size
        except OSError:
            continue  # the run says so
        if stored := state.known(digest):
            known.append(replace(stored, path=one.shown))
        else:
            new.setdefault(digest, (one.shown, digest, size))
    return list(new.values()), known


def ingest(
    folder: Path,
    paths: Sequence[str],
    rules: RuleSet,
    options: pipeline.Options,
    progress: pipeline.Progress = lambda *_: None,
) -> Ingested:
    """Investigate what is new below the paths and keep its events.

    Raises:
        SourceError: the folder cannot be used as a store.
    """
    with State(folder, write=True) as state:
        new, known = look(state, paths, options.limits)
        if not new and known:
            return Ingested(None, tuple(known), ())
        keeper = Keeper(state, new)
        have = {one.path for one in known}
        result = pipeline.investigate(paths, rules, replace(options, keeper=keeper, without=frozenset(have)), progress)
        keeper.close()
        return Ingested(result, tuple(known), tuple(keeper.stored))
