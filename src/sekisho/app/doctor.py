"""What this machine offers Sekisho: versions, rules, and which layers of the jail hold."""

from __future__ import annotations

import os
import platform
from multiprocessing import Pipe

import sekisho
from sekisho import analyzers, sources
from sekisho.app import captures, jail, ruleset
from sekisho.model.limits import DEFAULT


def look() -> dict[str, str]:
    """Give what was found, by name, in the order to show it."""
    rules = ruleset.load([], cache=False)
    layers = jail_layers()
    missing = [name for name in ("rlimit", "no_new_privs", "landlock", "seccomp") if name not in layers]
    return {
        "sekisho": sekisho.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores",
        "jail": ", ".join(layers) + (f"; missing here: {', '.join(missing)}" if missing else ""),
        "rules": f"{len(rules)} own rules, {len(rules.failed)} cannot run",
        "formats": ", ".join(analyzers.load()),
        "sources": ", ".join(sources.load()),
        "captures": captures.installed(),
    }


def jail_layers() -> tuple[str, ...]:
    """Enter the jail in a process of its own and tell which layers held there."""
    ours, theirs = Pipe()
    pid = os.fork()
    if pid == 0:
        try:
            theirs.send(jail.enter(DEFAULT))
        finally:
            os._exit(0)
    theirs.close()
    try:
        layers: tuple[str, ...] = ours.recv()
    except EOFError:
        layers = ()
    os.waitpid(pid, 0)
    return layers
