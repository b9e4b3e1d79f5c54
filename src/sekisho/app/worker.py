"""One jailed process that answers over a pipe: the part that every kind of worker shares."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from sekisho.app import jail
from sekisho.model.limits import Limits

Serve = Callable[[Connection], None]
"""Takes work from the pipe and sends answers, for ever; ends when the pipe does."""


class Worker:
    """A forked process in the jail, with everything imported so far at hand and nothing else within reach."""

    def __init__(self, serve: Serve, limits: Limits, readable: Sequence[str] = ()) -> None:
        """``readable`` are files that it may open besides Python's own."""
        self.pipe, inside = Pipe()
        # An interrupt amid the fork would be lost in Python's fork hooks, or run the parent's clean-up in the child.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.pid = os.fork()
            if self.pid == 0:
                self.pipe.close()
                _live(inside, serve, limits, readable)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        inside.close()
        self.deadline = 0.0

    def end(self) -> str:
        """Kill the process and tell how it had ended."""
        self.pipe.close()
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        number = os.waitstatus_to_exitcode(status)
        return signal.Signals(-number).name if number < 0 else f"exit {number}"


def why(ended: str, limits: Limits) -> str:
    """Word how a worker ended as the reason that its work was lost."""
    if ended == signal.SIGXCPU.name:
        return f"limit reached: cpu_s = {limits.cpu_s}"
    return f"the analysis was ended by {ended}"


def _live(pipe: Connection, serve: Serve, limits: Limits, readable: Sequence[str]) -> None:
    """Enter the jail and serve until the pipe closes; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.disable()  # the run names a crash; its trace would only litter the terminal
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # and so would what libraries in C print about a broken file
    try:
        jail.enter(limits, readable)
        serve(pipe)
    except (EOFError, OSError, KeyboardInterrupt):
        os._exit(0)
    finally:
        os._exit(1)
