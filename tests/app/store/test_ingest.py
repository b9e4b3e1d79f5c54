"""Evidence in: once, whole, and again after a crash."""

import json
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from sekisho.app import ruleset
from sekisho.app.pipeline import Options
from sekisho.app.store.ingest import ingest
from sekisho.app.store.state import State
from sekisho.app.store.tables import events


@pytest.fixture(scope="module")
def rules():
    return ruleset.load([], cache=False)


def log(path, count, host="PC"):
    rows = (
        {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": host, "Image": f"C:\\{n}.exe",
         "UtcTime": f"2022-04-25 00:{n // 60 % 60:02}:{n % 60:02}.000", "ProcessId": n}
        for n in range(count)
    )  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def ids(folder):
    with State(folder) as state:
        return [
            event.id
            for one in state.segments()
            for event in events(pq.read_table(state.events / one.path), one.logsource)
        ]


def test_the_same_evidence_twice_changes_nothing(tmp_path, lab_case, rules, monkeypatch):
    monkeypatch.chdir(lab_case)
    first = ingest(tmp_path, ["evidence"], rules, Options(jobs=2))
    assert first.result.verdict == "malicious"
    assert len(first.stored) == len([one for one in first.result.inputs if not one.failed])
    held = sorted(ids(tmp_path))
    assert len(held) == len(set(held)) > 500
    again = ingest(tmp_path, ["evidence"], rules, Options(jobs=2))
    assert again.result is None
    assert len(again.known) == len(first.stored)
    assert sorted(ids(tmp_path)) == held


def test_only_what_is_new_is_read(tmp_path, rules):
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    log(one, 30)
    ingest(tmp_path / "s", [str(tmp_path / "one.jsonl")], rules, Options())
    log(other, 20, "OTHER")
    done = ingest(tmp_path / "s", [str(one), str(other)], rules, Options())
    assert [(item.path, item.records) for item in done.stored] == [(str(other), 20)]
    assert len(ids(tmp_path / "s")) == 50


def test_equal_files_count_once(tmp_path, rules):
    for name in ("a.jsonl", "b.jsonl"):
        log(tmp_path / name, 25)
    ingest(tmp_path / "s", [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")], rules, Options())
    assert len(ids(tmp_path / "s")) == 25


def test_a_killed_run_loses_nothing_and_doubles_nothing(tmp_path):
    folder = tmp_path / "evidence"
    folder.mkdir()
    for n in range(6):
        log(folder / f"{n}.jsonl", 4_000, f"PC-{n}")
    store = tmp_path / "s"
    code = (
        "import sys\nfrom pathlib import Path\nfrom sekisho.app import ruleset\nfrom sekisho.app.pipeline import Options\n"
        "from sekisho.app.store import ingest, writing\nwriting.GATHERED_ROWS = 3_000\n"
        "print('go', flush=True)\n"
        "ingest.ingest(Path(sys.argv[1]), [sys.argv[2]], ruleset.load([], cache=False), Options(jobs=1))\nprint('end')"
    )
    command = [sys.executable, "-c", code, str(store), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "go\n"
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up and not list(store.rglob("*.parquet")):
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.endswith("end\n")
    held = ids(store)
    assert len(held) == len(set(held)) == 24_000
