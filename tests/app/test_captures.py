"""Captures are read by an installed program in a sandbox when asked for, and named with the reason else."""

import os
import shutil
import subprocess

import pytest

from sekisho.app import captures
from sekisho.app.detection import Options as DetectOptions
from sekisho.app.detection import detect
from sekisho.app.intake import walk
from sekisho.app.pipeline import Options, investigate
from sekisho.detect.rules import load
from sekisho.model.limits import DEFAULT
from sekisho.sources.pcap import NOT_READ

PCAP = bytes.fromhex("d4c3b2a1 02000400 00000000 00000000 00000400 01000000")
CONN = '{"_path":"conn","ts":1795341600.5,"uid":"C1","id.orig_h":"10.0.0.1","id.resp_h":"203.0.113.9","id.resp_p":8080}'
RULES = load(
    [
        (
            "a.yml",
            "title: A\nid: a\nlevel: low\nlogsource: {product: zeek}\ndetection: {s: {dst_port: 8080}, condition: s}",
        )
    ]
)


def usable():
    sandbox = shutil.which("bwrap")
    words = ["--unshare-all", "--ro-bind", "/", "/", "true"]
    return sandbox is not None and subprocess.run([sandbox, *words], check=False, capture_output=True).returncode == 0


needs_sandbox = pytest.mark.skipif(not usable(), reason="bubblewrap is not installed or may not make namespaces here")


@pytest.fixture
def zeek(tmp_path, monkeypatch):
    """Install programs of these names that run a shell script."""

    def install(script, name="zeek"):
        folder = tmp_path / "programs" / "bin"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    return install


@pytest.fixture
def capture(tmp_path):
    path = tmp_path / "evidence" / "a.pcap"
    path.parent.mkdir()
    path.write_bytes(PCAP)
    return str(path)


def replay(capture, program="zeek"):
    with captures.replayed(walk([capture], DEFAULT), program, DEFAULT) as found:
        return [(one.shown, one.source.name if one.source else None, one.skipped) for one in found]


def test_a_capture_is_left_alone_unless_asked_for(capture):
    assert replay(capture, "") == [(capture, "pcap", "")]
    result = investigate([capture], RULES)
    assert [(one.path, one.skipped, one.failed) for one in result.inputs] == [(capture, NOT_READ, True)]


@needs_sandbox
def test_the_logs_of_the_program_stand_in_its_place(capture, zeek):
    zeek(f"echo '{CONN}' > conn.log; echo text > suricata.log; ln -s /etc/passwd link.log; test -s /capture")
    assert replay(capture) == [(f"{capture} » conn.log", "json-records", "")]
    (finding,) = investigate([capture], RULES, Options(captures="zeek")).findings
    assert (finding.source, finding.record, finding.host) == (f"{capture} » conn.log", "1", "10.0.0.1")
    found, _ = detect([capture], RULES, DetectOptions(captures="zeek"), lambda *_: None)
    assert found.counts.events == 1


@needs_sandbox
def test_the_program_has_no_network_and_sees_no_evidence(capture, zeek, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    zeek(
        f"cat {tmp_path}/secret.txt /root/.profile >&2; ls {tmp_path}/evidence >&2; wc -l < /proc/net/dev > net.txt\n"
        f"echo '{CONN}' > conn.log; echo x > /usr/x; (: < /dev/tcp/203.0.113.9/80) ; exit 3"
    )
    (made, skipped) = replay(capture)
    assert made[0] == f"{capture} » conn.log"
    assert "zeek ended with 3" in skipped[2]
    assert "No such file" in skipped[2] or "Read-only" in skipped[2] or "cannot" in skipped[2]
    assert "secret" not in skipped[2].replace("secret.txt", "")


@needs_sandbox
@pytest.mark.parametrize(
    ("script", "reason"), [("exit 0", "zeek wrote no logs"), ("echo no good >&2; exit 1", "zeek ended with 1: no good")]
)
def test_a_program_that_writes_nothing_is_named(capture, zeek, script, reason):
    zeek(script)
    assert replay(capture) == [(capture, None, reason)]


@needs_sandbox
def test_a_program_that_hangs_is_ended(capture, zeek, monkeypatch):
    monkeypatch.setattr(captures, "WALL_S", 1)
    zeek("sleep 60")
    assert replay(capture)[0][2] == "zeek was ended after 1 s"


def test_what_is_not_installed_is_said(capture, zeek, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert replay(capture) == [(capture, None, "zeek is not installed (not on PATH)")]
    zeek("exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "programs" / "bin"))
    assert replay(capture) == [(capture, None, "zeek runs in a sandbox only: install bubblewrap")]


def test_what_is_there_is_told(zeek, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert captures.installed() == "neither zeek nor suricata; no bubblewrap, so that none is run"
    zeek("exit 0")
    zeek("exit 0", "bwrap")
    assert captures.installed() == "zeek; bubblewrap"
