"""The console's way to the outside: threads that do approved actions and send what waits to be told.

No page waits for another system: it writes down what is to be done, and these do it, each at its own pace.
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
    """Runs errands, each in a thread of its own, until it is told to stop."""

    def __init__(self, database: Database, errands: Sequence[Errand], begin: Sequence[Callable[[], None]] = ()) -> None:
        """``begin``: what puts right what an earlier console left unfinished."""
        self._database, self._begin = database, begin
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(one,), daemon=True) for one in errands]

    def start(self) -> None:
        """Begin."""
        for one in self._begin:
            one()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is being sent, for some seconds at most."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=5)

    def _run(self, errand: Errand) -> None:
        while not self._stop.is_set():
            try:
                busy = errand()
            except (sqlite3.Error, OSError, SekishoError):  # a full disk, a database held too long: later
                busy = False
            if not busy:
                self._stop.wait(POLL_S)
        self._database.close()
