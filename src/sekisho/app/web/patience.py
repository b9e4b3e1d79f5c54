"""Long questions to the store: a few at a time, in threads, and ended when whoever asked has left."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request

from sekisho.app.console.hunts import BusyError, Watch

Answer = TypeVar("Answer")
AT_ONCE = 2
"""Each searches with two threads, and the goal is set for two cores."""
WAIT_S, LOOK_EVERY_S = 20.0, 0.2
_gate = threading.BoundedSemaphore(AT_ONCE)


async def patiently(request: Request, work: Callable[[Watch], Answer], *, heavy: bool = True) -> Answer:
    """Do something that may take long outside of the server's loop; its watch is told when the visitor left.

    What is heavy waits until fewer than AT_ONCE others are at work, without holding a thread.

    Raises:
        BusyError: it waited too long.
    """
    if not heavy:
        return await asyncio.to_thread(work, Watch())
    until = time.monotonic() + WAIT_S
    while not _gate.acquire(blocking=False):
        if time.monotonic() > until:
            raise BusyError(f"{AT_ONCE} hunts are running; try again when they are done")
        await asyncio.sleep(0.05)
    watch = Watch()
    doing = asyncio.get_running_loop().run_in_executor(None, _released, work, watch)
    try:
        while not (await asyncio.wait({doing}, timeout=LOOK_EVERY_S))[0]:
            if await request.is_disconnected():
                watch.leave()
    finally:
        watch.leave()
    return await doing


def _released(work: Callable[[Watch], Answer], watch: Watch) -> Answer:
    """Work, and let the next one go on when that is done, whatever became of who asked."""
    try:
        return work(watch)
    finally:
        _gate.release()
