"""Packet captures are read by Zeek or Suricata, when the user asks for it: in a sandbox, with limits, off by default.

The program is the user's own, and so is the decision to let it read a hostile file. It runs under bubblewrap: no
network, nothing of the file system but programs and their settings, one folder to write its logs to, and bounds on
time, memory and output. Its logs are then read as any others.

Source: Zeek, "Command-Line Zeek"; Suricata, "Command Line Options"; bwrap(1).
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sekisho.app import intake
from sekisho.app.intake import Intake
from sekisho.model.artifact import SEPARATOR
from sekisho.model.limits import Limits

SOURCE = "pcap"
CAPTURE, FOLDER = "/capture", "/logs"
PROGRAMS = {
    "zeek": ("-C", "-r", CAPTURE, "LogAscii::use_json=T"),
    "suricata": ("-r", CAPTURE, "-l", FOLDER, "-k", "none", "--runmode", "single"),
}
READABLE = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/opt")
"""Where programs and their settings lie on Debian."""
ENDINGS = (".log", ".json")
NOT_RECORDS = ("stats.log", "suricata.log", "fast.log")
"""What Suricata writes besides in lines of prose; eve.json has all of it."""
WALL_S, CPU_S = 900, 600
MEMORY_BYTES = 4 << 30
FILE_BYTES = 8 << 30
SAID_CHARS = 300


def installed() -> str:
    """Tell which of the programs are there, and the sandbox that they need."""
    there = [name for name in PROGRAMS if shutil.which(name)]
    sandbox = "bubblewrap" if shutil.which("bwrap") else "no bubblewrap, so that none is run"
    return f"{', '.join(there) or 'neither ' + ' nor '.join(PROGRAMS)}; {sandbox}"


@contextmanager
def replayed(found: Iterable[Intake], program: str, limits: Limits) -> Iterator[list[Intake]]:
    """Give the evidence with the logs of each capture in its place, as long as the block lasts.

    Args:
        found: evidence.
        program: one of PROGRAMS; empty: captures stay what they are, and reading one says why it is not read.
        limits: to recognise the logs by.

    Yields:
        The evidence; a capture that could not be read is skipped with the reason.
    """
    evidence = list(found)
    if not program or not any(map(_is_capture, evidence)):
        yield evidence
        return
    with tempfile.TemporaryDirectory(prefix="sekisho-captures-") as folder:
        read: list[Intake] = []
        for number, one in enumerate(evidence):
            if not _is_capture(one):
                read.append(one)
                continue
            logs = Path(folder) / str(number)
            logs.mkdir()
            reason = _run(program, one.path.resolve(), logs)
            made = list(_logs(one, logs, limits))
            read += made
            if reason or not made:
                read.append(replace(one, source=None, skipped=reason or f"{program} wrote no logs", failed=True))
        yield read


def _is_capture(one: Intake) -> bool:
    return one.source is not None and one.source.name == SOURCE and not one.skipped


def _logs(capture: Intake, folder: Path, limits: Limits) -> Iterator[Intake]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name in NOT_RECORDS or path.suffix not in ENDINGS:
            continue
        one = intake.recognise(path, f"{capture.shown}{SEPARATOR}{path.relative_to(folder)}", limits)
        if one.source is not None:
            yield one


def _run(program: str, capture: Path, folder: Path) -> str:
    """Have the program write the logs of one capture; gives why it could not, empty when it did."""
    installed, sandbox = shutil.which(program), shutil.which("bwrap")
    if installed is None:
        return f"{program} is not installed (not on PATH)"
    if sandbox is None:
        return f"{program} runs in a sandbox only: install bubblewrap"
    try:
        done = subprocess.run(
            _command(sandbox, installed, PROGRAMS[program], capture, folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=WALL_S,
            preexec_fn=_bound,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{program} was ended after {WALL_S} s"
    except OSError as error:
        return f"{program} could not be started: {error.strerror or error}"
    if done.returncode == 0:
        return ""
    said = " ".join(done.stderr.decode("utf-8", "replace").split())
    return f"{program} ended with {done.returncode}: {said[-SAID_CHARS:]}"


def _command(sandbox: str, program: str, words: Sequence[str], capture: Path, folder: Path) -> list[str]:
    prefix = str(Path(program).resolve().parents[1])  # /opt/zeek of /opt/zeek/bin/zeek
    places = dict.fromkeys((*READABLE, prefix))
    bound = [word for place in places if place != "/" for word in ("--ro-bind-try", place, place)]
    return [
        sandbox, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--setenv", "PATH",
        "/usr/sbin:/usr/bin:/sbin:/bin", "--setenv", "LC_ALL", "C.UTF-8", "--tmpfs", "/tmp", "--tmpfs", "/run",
        *bound, "--proc", "/proc", "--dev", "/dev", "--ro-bind", str(capture), CAPTURE, "--bind", str(folder), FOLDER,
        "--chdir", FOLDER, str(Path(program).resolve()), *words,
    ]  # fmt: skip


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
