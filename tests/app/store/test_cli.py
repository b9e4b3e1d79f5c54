"""The commands as people use them."""

import json

import pytest

from sekisho.app.cli import main


@pytest.fixture(scope="module")
def data(tmp_path_factory, lab_case):
    folder = tmp_path_factory.mktemp("data") / "store"
    assert main(["ingest", str(lab_case / "evidence"), "--data", str(folder), "--quiet"]) == 1
    return str(folder)


def test_a_second_ingest_says_that_all_is_known(data, lab_case, capsys):
    assert main(["ingest", str(lab_case / "evidence"), "--data", data, "--quiet"]) == 0
    assert "stored 0 new inputs" in capsys.readouterr().err


def test_hunting_shows_the_latest_answers(data, capsys):
    assert main(["hunt", "Image|endswith:\\regsvr32.exe", "--data", data, "--limit", "2"]) == 1
    shown = capsys.readouterr()
    assert shown.out.count("Image: C:\\Windows\\System32\\regsvr32.exe") == 2
    assert "there are more" in shown.err
    assert main(["hunt", "no-such-word", "--data", data]) == 0


def test_japanese(data, capsys):
    assert main(["hunt", "subject|exists:true", "--data", data, "--by", "nothing", "--lang", "ja"]) == 1
    shown = capsys.readouterr()
    assert "（値なし）" in shown.out
    assert "該当イベント" in shown.err


def test_whole_events_as_json(data, capsys, tmp_path):
    assert main(["hunt", "Image|endswith:\\regsvr32.exe", "--data", data, "--json", "-", "--limit", "3"]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 3
    assert all(row["fields"]["Image"].endswith("regsvr32.exe") and row["source"] and row["record"] for row in rows)
    assert main(["hunt", "x", "--data", data, "--json", str(tmp_path)]) == 2


def test_counts_by_a_field(data, capsys):
    assert main(["hunt", "Image|exists:true", "--data", data, "--by", "Image"]) == 1
    assert "█" in capsys.readouterr().out


def test_times(data, capsys):
    for since in ("2022-01-01", "2022-01-01T09:30+09:00", "20000d"):
        assert main(["hunt", "Image|exists:true", "--data", data, "--since", since]) == 1
    assert main(["hunt", "Image|exists:true", "--data", data, "--until", "2022-01-01"]) == 0
    assert main(["hunt", "Image|exists:true", "--data", data, "--since", "yesterday"]) == 2
    assert "write 2022-04-25" in capsys.readouterr().err
    assert main(["hunt", "x", "--data", data, "--timezone", "Asia/Nowhere"]) == 2


def test_status_and_pruning(data, capsys):
    assert main(["store", "status", "--data", data]) == 0
    assert "windows/process_creation/sysmon" in capsys.readouterr().out
    assert main(["store", "prune", "--keep-days", "3650", "--data", data]) == 0
    assert "removed 0 events" in capsys.readouterr().out
    assert main(["store", "prune", "--keep-days", "0", "--data", data]) == 0


def test_errors_say_what_to_do(tmp_path, capsys):
    assert main(["hunt", "x", "--data", str(tmp_path / "none")]) == 2
    assert "sekisho ingest makes one" in capsys.readouterr().err
    assert main(["hunt", "a:", "--data", str(tmp_path / "none")]) == 2
    assert "has no value" in capsys.readouterr().err
    assert main(["ingest", str(tmp_path / "none"), "--data", str(tmp_path / "s")]) == 2
