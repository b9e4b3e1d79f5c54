"""The console's way to the outside: a thread that does approved actions and sends what waits to be told.

No page waits for another system: it writes down what is to be done, and this does it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence

from sekisho.app.console.database import Database
from sekisho.model.errors import SekishoError

POLL_S = 1.0
Errand = Callable[[], bool]
"""Does something that waits, and tells whether there was anything."""


class Courier:
    """Runs errands until it is told to stop."""

    def __init__(self, database: Database, errands: Sequence[Errand], begin: Sequence[Callable[[], None]] = ()) -> None:
        """``begin``: what puts right what an earlier console left unfinished."""
        self._database, self._errands, self._begin = database, errands, begin
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin."""
        for one in self._begin:
            one()
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being sent, for some seconds at most."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.is_set():
            busy = False
            for errand in self._errands:
                if self._stop.is_set():
                    break
                try:
                    busy = errand() or busy
                except (sqlite3.Error, OSError, SekishoError):  # a full disk, a database held too long: later
                    busy = False
            if not busy:
                self._stop.wait(POLL_S)
        self._database.close()
