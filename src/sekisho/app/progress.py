"""Progress on the terminal's standard error while a run works; nothing when nobody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_S = 0.7  # a run shorter than this shows nothing
EVERY_S = 0.1


@contextmanager
def reporter(*, quiet: bool) -> Iterator[Callable[[str, int, int, str], None]]:
    """Give a function to tell (stage, done, total, name) to; the line is wiped at the end."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    started = last = time.monotonic()
    shown = False

    def tell(stage: str, done: int, total: int, name: str) -> None:
        nonlocal last, shown
        now = time.monotonic()
        if now - started < PATIENCE_S or now - last < EVERY_S:
            return
        last, shown = now, True
        part = f" {done}/{total}" if total else ""
        visible = "".join(letter if letter.isprintable() else "?" for letter in name)
        sys.stderr.write(f"\r\x1b[2K{stage}{part} {visible[-60:]}")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
