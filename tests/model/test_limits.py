"""Limits of the user's: read strictly, and in force for everything that comes after."""

import subprocess
import sys

import pytest

from sekisho.model import limits
from sekisho.model.errors import SekishoError

READ = "from sekisho.model import limits; limits.configure({!r}); from sekisho.model.limits import DEFAULT; print({})"


def in_new_process(changes, shown):
    done = subprocess.run(
        [sys.executable, "-c", READ.format(changes, shown)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("change", "shown", "value"),
    [
        ("member_bytes=200m", "DEFAULT.member_bytes", str(200 * 1024 * 1024)),
        ("wall_s=2.5", "DEFAULT.wall_s", "2.5"),
        ("steps=5k", "DEFAULT.steps", "5120"),
        ("cpu_s=0.5", "DEFAULT.cpu_s", "1"),
        ("memory_bytes=2GiB", "DEFAULT.memory_bytes", str(2 * 1024**3)),
    ],
)
def test_a_limit_is_in_force_for_what_is_imported_later(change, shown, value):
    assert in_new_process([change], shown) == value


def test_analysers_keep_to_it():
    code = (
        "from sekisho.model import limits; limits.configure(['member_bytes=10'])\n"
        "import gzip; from sekisho.app.examine import analyse; from sekisho.model.artifact import Artifact\n"
        "print(analyse(Artifact('a.gz', gzip.compress(bytes(1000)), 'a.gz')).analysis.unscanned)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "limit reached: member_bytes = 10" in done.stdout


@pytest.mark.parametrize(
    "change", ["nothing=1", "wall_s", "wall_s=", "wall_s=-1", "steps=many", "steps=0", "depth=inf", "depth=nan"]
)
def test_anything_else_is_an_error_that_says_what_to_write(change, monkeypatch):
    monkeypatch.setattr(limits, "_KEPT_TO_BY", ())
    with pytest.raises(SekishoError, match=f"--limit {change}: "):
        limits.configure([change])


def test_too_late_is_an_error(monkeypatch):
    monkeypatch.setattr(limits, "_KEPT_TO_BY", ("sys",))
    with pytest.raises(SekishoError, match="start of a process"):
        limits.configure(["wall_s=1"])
