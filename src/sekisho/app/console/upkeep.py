"""What a running console does by itself: it looks into the watched folder and keeps to how long things are kept."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time

from sekisho.app.console import retention
from sekisho.app.console.cases import Cases
from sekisho.app.console.database import Database
from sekisho.app.console.watching import Watcher

LOOK_EVERY_S, RETAIN_EVERY_S = 2.0, 3600.0
_log = logging.getLogger(__name__)


class Upkeep:
    """A thread that does so until it is told to stop."""

    def __init__(self, database: Database, cases: Cases, watcher: Watcher | None) -> None:
        self._database, self._cases, self._watcher = database, cases, watcher
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait until it has."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        retained = 0.0
        while not self._stop.is_set():
            try:
                if self._watcher is not None:
                    self._watcher.look()
                if time.monotonic() - retained >= RETAIN_EVERY_S or not retained:
                    retained = time.monotonic()
                    retention.apply(self._database, self._cases)
            except (sqlite3.Error, OSError) as error:  # a full disk may have room again at the next look
                _log.warning("upkeep: %s", error)
            self._stop.wait(LOOK_EVERY_S)
        self._database.close()
