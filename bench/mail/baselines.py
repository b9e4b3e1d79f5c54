#!/usr/bin/env python3
"""Score the same mails with rspamd and SpamAssassin, as their packages come: offline and untrained.

Run: .venv/bin/python bench/mail/baselines.py    (Debian: apt-get install rspamd spamassassin spamd)

Each runs on the loopback for this script alone, with its own folder for everything it writes, and ends with it.
Switched off is what asks the network (block lists, SPF, DKIM, DMARC, fuzzy storages, updates), learns or remembers;
what is left is the rules that the package ships. One that is not installed is skipped and named. Scores are kept below
``.cache/bench-mail`` by version and variant.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import corpus
from corpus import Sample
from fired import CACHE

HOST, RSPAMD_PORT, SPAMD_PORT = "127.0.0.1", 11399, 11398
THREADS, START_S, MAIL_S, STOP_S = 2, 60, 60, 10
OFFLINE = (
    "rbl surbl spf dkim dkim_signing arc dmarc asn fuzzy_check hfilter mx_check greylist ratelimit neural reputation "
    "replies history_redis redis url_redirector bimi rspamd_update whitelist elastic clickhouse p0f dcc antivirus "
    "external_services bayes_expiry milter_headers"
).split()
"""Modules of rspamd that need a network, a database or a past."""
SPAMASSASSIN = ("use_bayes 0", "use_bayes_rules 0", "bayes_auto_learn 0", "use_razor2 0", "use_pyzor 0")
"""Settings that keep SpamAssassin from learning and asking."""


def main() -> int:
    """Score everything with everything installed."""
    for name, tool in TOOLS.items():
        for variant in corpus.VARIANTS:
            found = scores(name, variant)
            told = f"{len(found)} mails" if found else f"skipped: {tool[0]} is not installed"
            sys.stdout.write(f"{name} {variant}: {told}\n")
    return 0


def scores(name: str, variant: str) -> dict[str, float]:
    """Give each mail's score by key, kept or fresh; empty where the tool is not installed."""
    program, start, ask = TOOLS[name]
    if not _found(program):
        return {}
    path = _path(name, variant)
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        samples = corpus.samples()
        with tempfile.TemporaryDirectory() as folder, start(Path(folder)), ThreadPoolExecutor(THREADS) as pool:
            made = list(pool.map(lambda one: _asked(ask, one, variant), samples))
        path.write_text(json.dumps({one.key: score for one, score in zip(samples, made, strict=True)}))
    return kept(name, variant)


def kept(name: str, variant: str) -> dict[str, float]:
    """Give the scores of an earlier run by the installed version, empty where there are none."""
    path = _path(name, variant)
    found: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _path(name: str, variant: str) -> Path:
    return CACHE / f"{name}-{version(name)}-{variant}.json"


def version(name: str) -> str:
    """Give the version of an installed tool, empty where it is none."""
    program = _found(TOOLS[name][0])
    if not program:
        return ""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    return next((word for word in told.split() if word[:1].isdigit()), "unknown")


def _found(program: str) -> str:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin") or ""


def _asked(ask: Callable[[bytes], float], sample: Sample, variant: str) -> float:
    try:
        return ask(sample.data(variant))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{sample.key}: {error}\n")
        return 0.0


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """Run a server until it answers, and end exactly that one."""
    with (folder / "output").open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        try:
            _wait(server, port)
            yield
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(STOP_S)


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as tried:
            tried.settimeout(1)
            if tried.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.3)
    raise OSError(f"{server.args} did not start")


@contextmanager
def _rspamd(folder: Path) -> Iterator[None]:
    override = folder / "conf" / "override.d"
    override.mkdir(parents=True)
    for name in OFFLINE:
        (override / f"{name}.conf").write_text("enabled = false;\n")
    for worker in ("controller", "rspamd_proxy", "fuzzy"):
        (override / f"worker-{worker.removeprefix('rspamd_')}.inc").write_text("enabled = false;\ncount = 0;\n")
    (override / "worker-normal.inc").write_text(f'bind_socket = "{HOST}:{RSPAMD_PORT}";\ncount = 2;\n')
    (override / "options.inc").write_text(
        'dns { nameserver = ["127.0.0.1:5399"]; timeout = 0.05s; retransmits = 1; }\nlocal_addrs = [];\n'
    )
    (override / "classifier-bayes.conf").write_text("enabled = false;\n")
    (override / "logging.inc").write_text('type = "console";\nlevel = "error";\n')
    places = [f"--var={name}={folder}" for name in ("DBDIR", "LOGDIR", "RUNDIR")]
    places += [f"--var=LOCAL_CONFDIR={folder / 'conf'}"]
    command = [_found("rspamd"), "--insecure", "-f", "-c", "/etc/rspamd/rspamd.conf", *places]
    with _running(command, RSPAMD_PORT, folder):
        yield


def _ask_rspamd(data: bytes) -> float:
    request = urllib.request.Request(f"http://{HOST}:{RSPAMD_PORT}/checkv2", data=data, method="POST")
    with urllib.request.urlopen(request, timeout=MAIL_S) as answer:
        return float(json.loads(answer.read())["score"])


@contextmanager
def _spamassassin(folder: Path) -> Iterator[None]:
    command = [_found("spamd"), "--local", "--nouser-config", "--max-children=2", "--min-children=2", "--syslog=stderr"]
    command += [f"--listen={HOST}:{SPAMD_PORT}", f"--helper-home-dir={folder}", f"--pidfile={folder / 'pid'}"]
    command += [*(f"--cf={line}" for line in SPAMASSASSIN), "--username=nobody"]
    with _running(command, SPAMD_PORT, folder):
        yield


def _ask_spamassassin(data: bytes) -> float:
    with socket.create_connection((HOST, SPAMD_PORT), timeout=MAIL_S) as line:
        line.sendall(f"CHECK SPAMC/1.5\r\nContent-length: {len(data)}\r\n\r\n".encode() + data)
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(65_536), b"")).decode("latin-1")
    # Spam: True ; 7.5 / 5.0
    return float(answer.partition("Spam:")[2].partition(";")[2].partition("/")[0])


TOOLS = {
    "rspamd": ("rspamd", _rspamd, _ask_rspamd),
    "SpamAssassin": ("spamd", _spamassassin, _ask_spamassassin),
}
"""Name -> program, how to run it, how to ask it for a score."""

if __name__ == "__main__":
    sys.exit(main())
