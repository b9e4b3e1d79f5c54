"""Workers: whatever one artifact does, the others are still analysed."""

import time
from pathlib import Path

import pytest

from sekisho import analyzers
from sekisho.analyzers import Analyzer
from sekisho.app.examine import analyse, examine
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import MalformedError
from sekisho.model.limits import Limits

TIGHT = Limits(
    wall_s=1.5, cpu_s=1, memory_bytes=128 * 1024 * 1024, depth=4, children=5, artifacts=12, member_bytes=1000
)


def misbehave(artifact):
    """An analyser that does what the artifact's bytes say."""
    what = artifact.data.split(b" ")[1]
    yield Feature("test.seen", what.decode())
    if what == b"sleep":
        time.sleep(60)
    if what == b"spin":
        while True:
            pass
    if what == b"grow":
        kept = []
        while True:
            kept.append(bytes(1_000_000))
    if what == b"crash":
        import ctypes

        ctypes.string_at(0)
    if what == b"break":
        raise MalformedError("broken here", 7)
    if what == b"fault":
        raise KeyError("an analyser's own fault")
    if what == b"recurse":
        deep = []
        for _ in range(100_000):
            deep = [deep]
        repr(deep)
    if what == b"nest":
        yield artifact.child("inner", artifact.data)
    if what == b"many":
        for number in range(50):
            yield artifact.child(f"child {number}", b"plain")
    if what == b"big":
        yield artifact.child("big", b"x" * 2000)
    if what == b"twins":
        yield artifact.child("same", b"one")
        yield artifact.child("same", b"two")
    if what == b"escape":
        yield Feature("test.escaped", escape())


def escape():
    """Try to reach outside; give what worked."""
    import os
    import socket

    worked = []
    for name, attempt in {
        "socket": lambda: socket.socket(),
        "read": lambda: Path("/etc/passwd").read_text(),
        "write": lambda: Path("/tmp/sekisho-escape").write_text("x"),
        "list": lambda: os.listdir("/home"),
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "signal": lambda: os.kill(os.getppid(), 0),
    }.items():
        try:
            attempt()
            worked.append(name)
        except OSError:
            continue
    return ",".join(worked)


@pytest.fixture(autouse=True)
def test_analyzer(monkeypatch):
    one = Analyzer("test", misbehave, "application/x-test", (b"TEST ",), None, ("test.seen", "test.escaped"))
    monkeypatch.setattr(analyzers, "load", lambda: {"test": one})


def trees(*words):
    inputs = [Artifact(word, b"TEST " + word.encode() + b" ", word) for word in words]
    return {root.name: tree for root, tree in examine(inputs, jobs=2, limits=TIGHT)}


def test_the_rest_goes_on_whatever_one_does():
    found = trees("sleep", "fine", "spin", "grow", "crash", "break", "fault", "recurse", "fine2")
    assert found["fine"][0].unscanned == found["fine2"][0].unscanned == ""
    assert "wall_s" in found["sleep"][0].unscanned
    assert "cpu_s" in found["spin"][0].unscanned or "wall_s" in found["spin"][0].unscanned
    assert "memory" in found["grow"][0].unscanned
    assert "SIGSEGV" in found["crash"][0].unscanned
    assert "broken here (at byte 7)" in found["break"][0].unscanned
    assert found["break"][0].values("test.seen") == ["break"], "what was read before the break stands"
    assert "KeyError" in found["fault"][0].unscanned
    assert "nested too deeply" in found["recurse"][0].unscanned


def test_limits_are_named():
    found = trees("nest", "many", "big", "twins")
    assert "depth" in found["nest"][-1].unscanned
    assert "children" in found["many"][0].unscanned
    assert "member_bytes" in found["big"][1].unscanned
    assert [one.address for one in found["twins"]] == ["twins", "twins » same", "twins » same #2"]


def test_jail_holds():
    tree = trees("escape")["escape"]
    assert tree[0].values("test.escaped") == [""]


def test_unreadable_artifact_keeps_its_reason():
    one = Artifact("locked.doc", b"", "a » locked.doc", "a", 1, unscanned="encrypted: no password found (3 tried)")
    assert analyse(one).analysis.unscanned.startswith("encrypted")
