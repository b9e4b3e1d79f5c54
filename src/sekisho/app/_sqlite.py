"""One SQLite file that is a store of its own: opened, made where it may be, and told from other files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sekisho.model.errors import SourceError


def opened(path: str, *, write: bool, schema: str, probe: str, what: str, maker: str) -> sqlite3.Connection:
    """Open a store; only one that is opened to write is made when there is none.

    Args:
        path: the file.
        write: make it, and what of ``schema`` it lacks.
        schema: statements that may be run again.
        probe: a query that only a store of this kind answers.
        what: of what it is a store, for messages.
        maker: the command that makes one.

    Raises:
        SourceError: there is none, or it is no such store.
    """
    if not write and not Path(path).is_file():
        raise SourceError(f"no such store; {maker} makes one", path)
    try:
        base = sqlite3.connect(path, timeout=10.0)
        if write:
            base.executescript(schema)
        base.execute(probe)
    except sqlite3.Error as error:
        raise SourceError(f"is no store of {what}: {error}", path) from error
    return base
