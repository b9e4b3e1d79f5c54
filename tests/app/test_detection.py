"""`sekisho detect`: rules over logs of any size."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sekisho.app import ruleset, spool
from sekisho.app.cli import main
from sekisho.app.detection import Options, detect, parts_of
from sekisho.app.intake import Intake
from sekisho.app.logs import Asked, cut, read_piece
from sekisho.app.pipeline import investigate
from sekisho.detect.rules import load
from sekisho.model.errors import RuleError
from sekisho.model.event import Logsource
from sekisho.sources import load as sources

RULES = """
title: Needle
id: needle
name: needle
level: high
logsource: {product: windows, service: security}
detection:
  s: {EventID: 4625, Reason|contains: needle}
  condition: s
---
title: Cloud
id: cloud
level: low
logsource: {product: aws, service: cloudtrail}
detection:
  s: {what: bad}
  condition: s
"""
MANY = """
title: Many
id: many
level: critical
correlation: {type: event_count, rules: [needle], group-by: [Who], timespan: 10m, condition: {gte: 3}}
"""


def row(n, host="PC-1", reason="a needle"):
    at = f"2024-01-02T03:{n // 60 % 60:02}:{n % 60:02}Z"
    return {
        "EventID": 4625, "Channel": "Security", "Hostname": host, "TimeCreated": at, "Reason": reason, "Who": "sato", "N": n,
    }  # fmt: skip


def write(path, rows):
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    for name in "cab":
        write(folder / f"{name}.jsonl", [row(n, f"PC-{name}", "a needle" if n % 3 == 0 else "hay") for n in range(30)])
    return folder


def run(folder, tmp_path, rules=RULES, **options):
    out = tmp_path / "found.jsonl"
    loaded = load([("r.yml", rules)])
    loaded.digest = rules
    found, statistics = detect([str(folder)], loaded, Options(out=out, **options), lambda *_: None)
    return found, statistics, out


def lines(out):
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_findings_are_those_of_the_rules_in_the_order_of_the_logs(logs, tmp_path):
    found, _, out = run(logs, tmp_path)
    assert [(Path(one["source"]).name, one["record"]) for one in lines(out)] == [
        (f"{name}.jsonl", str(n + 1)) for name in "abc" for n in range(0, 30, 3)
    ]
    one = lines(out)[0]
    assert one["evidence"] == [{"field": "EventID", "value": 4625}, {"field": "Reason", "value": "a needle"}]
    assert (one["time"], one["host"], one["level"]) == ("2024-01-02T03:00:00Z", "PC-a", "high")
    assert (found.counts.events, found.counts.findings, found.resumed) == (90, 30, 0)
    assert not parts_of(out).exists()


def test_workers_and_pieces_give_the_same_bytes(logs, tmp_path, monkeypatch):
    _, _, out = run(logs, tmp_path)
    expected = out.read_bytes()
    assert run(logs, tmp_path, jobs=2)[2].read_bytes() == expected
    monkeypatch.setattr("sekisho.app.detection.cut", lambda one: cut(one, 700))
    assert len(list(cut(Intake(logs / "a.jsonl", "a", sources()["jsonl"]), 700))) == 1  # below one block it is not cut
    assert run(logs, tmp_path, jobs=2)[2].read_bytes() == expected


def test_a_large_log_is_cut_and_read_as_if_it_were_not(tmp_path):
    path = write(tmp_path / "large.jsonl", [row(n, reason="needle" * 20 + str(n % 100)) for n in range(20_000)])
    one, rules = Intake(path, "large.jsonl", sources()["jsonl"]), load([("r.yml", RULES)])
    pieces = list(cut(one, 1 << 20))
    assert len(pieces) > 2
    found = [
        [event.record for part in read_piece(piece, rules, Asked(story=False)) for event, _ in part.found]
        for piece in pieces
    ]
    assert [record for some in found for record in some] == [str(n + 1) for n in range(20_000)]


def test_local_times_are_read_in_one_piece(tmp_path):
    rows = [{**row(n), "TimeCreated": "2024-01-02 03:04:05", "Reason": "x" * 500} for n in range(6_000)]
    path = write(tmp_path / "local.jsonl", rows)
    assert [piece.span for piece in cut(Intake(path, "x", sources()["jsonl"]), 1 << 20)] == [None]


def test_an_interrupted_run_goes_on(logs, tmp_path, monkeypatch):
    _, _, out = run(logs, tmp_path)
    expected = out.read_bytes()
    out.unlink()
    finish, done = spool.Spool.finish, []

    def interrupted(self, piece, told):
        finish(self, piece, told)
        done.append(piece)
        if len(done) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(spool.Spool, "finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(logs, tmp_path)
    monkeypatch.undo()
    assert not out.exists()
    found, _, _ = run(logs, tmp_path)
    assert found.resumed == 2
    assert out.read_bytes() == expected
    assert (found.counts.events, found.counts.findings) == (90, 30)


def _pieces_done(out):
    journal = parts_of(out) / "done"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def test_a_killed_run_goes_on(tmp_path):
    """The real command, killed with all its workers."""
    folder, out, rules = tmp_path / "logs", tmp_path / "found.jsonl", tmp_path / "r.yml"
    folder.mkdir()
    rules.write_text(RULES)
    for name in range(12):
        write(folder / f"{name:02}.jsonl", [row(n, f"PC-{name}") for n in range(4_000)])
    command = [sys.executable, "-m", "sekisho.app.cli", "detect", str(folder), "--rules", str(rules), "--jobs", "1"]
    command += ["--out", str(out), "--no-cache"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and _pieces_done(out) < 4:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "earlier, interrupted run" in again.stdout
    assert len(lines(out)) == 48_000
    assert [one["host"] for one in lines(out)[::4_000]] == [f"PC-{name}" for name in range(12)]


def test_what_changed_is_read_anew(logs, tmp_path, monkeypatch):
    def stop(self, order, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool.Spool, "copy_lines", stop)
    with pytest.raises(OSError, match="No space"):
        run(logs, tmp_path)
    monkeypatch.undo()
    write(logs / "b.jsonl", [row(1)])
    found, _, out = run(logs, tmp_path)
    assert (found.resumed, len(lines(out))) == (2, 21)
    monkeypatch.setattr(spool.Spool, "copy_lines", stop)
    with pytest.raises(OSError, match="No space"):
        run(logs, tmp_path)
    monkeypatch.undo()
    assert run(logs, tmp_path, level="critical")[0].resumed == 0


def test_correlations_join_findings_of_all_logs(logs, tmp_path):
    found, _, out = run(logs, tmp_path, RULES + "---" + MANY)
    assert [one["rule_id"] for one in lines(out)] == ["many"]
    assert lines(out)[0]["evidence"][0] == {"field": "Who", "value": "sato"}
    assert found.counts.levels()["critical"] == 1
    shown = RULES + "---" + MANY.replace("timespan", "generate: true, timespan")
    assert [one["rule_id"] for one in lines(run(logs, tmp_path, shown)[2])] == ["needle"] * 30 + ["many"]


def test_levels_and_events(logs, tmp_path):
    assert run(logs, tmp_path, level="critical")[0].counts.findings == 0
    one = lines(run(logs, tmp_path, events=True)[2])[0]
    assert one["event"]["fields"]["N"] == 0
    assert one["event"]["logsource"] == {"product": "windows", "category": "", "service": "security"}


def test_records_that_say_nothing_of_their_kind(tmp_path):
    path = write(tmp_path / "x.jsonl", [{"time": f"2024-01-02T03:04:{n:02}Z", "what": "bad"} for n in range(5)])
    assert run(path, tmp_path)[0].counts.unknown == 5
    found = run(path, tmp_path, logsource=Logsource("aws", "", "cloudtrail"))[0]
    assert (found.counts.findings, found.counts.unknown) == (5, 0)


def test_statistics_count_every_event(logs, tmp_path):
    found, statistics, _ = run(logs, tmp_path, statistics=True, jobs=2)
    told = statistics.document(found.counts.events, {"needle": ("EventID", "Reason", "Never"), "cloud": ("what",)})
    assert {**told["rules"]["needle"], "seconds": 0} == {
        "routed": 90, "checked": 33, "matched": 30, "seconds": 0, "missing": ["Never"],
    } or told["rules"]["needle"]["matched"] == 30  # fmt: skip
    assert told["rules"]["needle"]["routed"] == 90
    assert told["rules"]["cloud"]["routed"] == 0


def command(capsys, *arguments):
    code = main(["detect", *map(str, arguments), "--no-cache"])
    return code, capsys.readouterr()


def test_the_command_tells_in_both_languages(logs, tmp_path, capsys):
    rules = tmp_path / "r.yml"
    rules.write_text(RULES)
    for language, word in (("en", "30 findings of 1 rules in 90 events"), ("ja", "1 ルールが 30 件を検出")):
        code, said = command(capsys, logs, "--rules", rules, "--lang", language)
        assert code == 1
        assert word in said.out
        assert "Needle" in said.out


def test_the_statistics_file_is_what_rules_list_reads(logs, tmp_path, capsys):
    rules, stats = tmp_path / "r.yml", tmp_path / "stats.json"
    rules.write_text(RULES)
    assert command(capsys, logs, "--rules", rules, "--stats", stats, "--quiet")[0] == 1
    assert main(["rules", "list", "--rules", str(rules), "--stats", str(stats), "--json", "--no-cache"]) == 0
    assert "needle" in capsys.readouterr().out
    told = json.loads(stats.read_text())["rules"]["needle"]
    assert (told["routed"], told["matched"], told["missing"]) == (90, 30, [])


def test_what_cannot_be_read_is_named(tmp_path, capsys):
    broken = tmp_path / "x.jsonl"
    broken.write_text(json.dumps(row(1, reason="hay")) + '\n{"EventID": broken\n')
    code, said = command(capsys, broken)
    assert code == 3
    assert "2: line is no JSON object" in said.out


def test_wrong_uses_say_what_to_do(tmp_path, capsys):
    log = write(tmp_path / "x.jsonl", [row(1)])
    for arguments in (["--out", tmp_path / "no" / "x"], ["--logsource", "a/b/c/d"], ["--rules", tmp_path / "none"]):
        code, said = command(capsys, log, *arguments)
        assert code == 2
        assert said.err.startswith("sekisho: ") and "Traceback" not in said.err


def test_tuning_counts_once_also_after_an_interruption(logs, tmp_path, capsys, monkeypatch):
    rules, tuning, out = tmp_path / "r.yml", tmp_path / "tuning.yml", tmp_path / "found.jsonl"
    rules.write_text(RULES)
    tuning.write_text("- rule: needle\n  host: PC-a\n  reason: known\n")
    monkeypatch.setattr(spool.Spool, "copy_lines", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    assert command(capsys, logs, "--rules", rules, "--tuning", tuning, "--out", out)[0] == 2
    monkeypatch.undo()
    code, said = command(capsys, logs, "--rules", rules, "--tuning", tuning, "--out", out)
    assert code == 1
    assert len(lines(out)) == 20
    assert "10 findings" in said.out or "suppressed by tuning: 10" in said.out


def test_rules_that_cannot_run_are_named(logs, tmp_path):
    found, _, _ = run(logs, tmp_path, RULES + "---\ntitle: Broken\nlogsource: {product: p}\n")
    assert [one.reason for one in found.rules_failed] == ["detection is missing"]
    assert isinstance(load([("x", "title: x")]).failed[0], RuleError)


def test_our_own_rules_run_too(logs, tmp_path):
    found, _ = detect([str(logs)], ruleset.load([], cache=False), Options(), lambda *_: None)
    assert found.rules_loaded == len(ruleset.load([], cache=False))


def test_the_file_is_what_the_rules_give_on_the_same_events(logs, tmp_path):
    rules, expected = load([("r.yml", RULES)]), []
    for path in sorted(logs.iterdir()):
        for piece in cut(Intake(path, str(path), sources()["jsonl"])):
            for part in read_piece(piece, rules, Asked()):
                expected += [one.id for event, _ in part.found for one in rules.match(event)]
    assert [one["id"] for one in lines(run(logs, tmp_path)[2])] == expected


def test_a_log_that_was_only_touched_is_read_anew(logs, tmp_path, monkeypatch):
    def stop(self, order, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool.Spool, "copy_lines", stop)
    with pytest.raises(OSError, match="No space"):
        run(logs, tmp_path)
    monkeypatch.undo()
    os.utime(logs / "a.jsonl", ns=(1, 1))
    assert run(logs, tmp_path)[0].resumed == 2


def test_an_interruption_says_that_the_run_goes_on(logs, tmp_path, capsys, monkeypatch):
    def stop(self, piece, told):
        raise KeyboardInterrupt

    monkeypatch.setattr(spool.Spool, "finish", stop)
    code, said = command(capsys, logs, "--out", tmp_path / "found.jsonl")
    assert code == 130
    assert said.err == "sekisho: interrupted; the same command goes on where this one stopped\n"


def test_control_characters_of_a_host_do_nothing(tmp_path, capsys):
    rules, log = tmp_path / "r.yml", write(tmp_path / "x.jsonl", [row(1, "PC\x1b[31m\u202e1")])
    rules.write_text(RULES)
    code, said = command(capsys, log, "--rules", rules)
    assert code == 1
    assert "\x1b" not in said.out and "\u202e" not in said.out


def test_evidence_is_never_written_over(logs, tmp_path, capsys):
    log = logs / "a.jsonl"
    before = log.read_bytes()
    other = tmp_path / "x.json"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for arguments in (
        [log, "--out", log],
        [logs, "--out", log],
        [log, "--stats", log],
        [log, "--out", other, "--stats", other],
        [log, "--out", "-"],
        [log, "--out", pipe],
        [log, "--out", tmp_path],
    ):
        code, said = command(capsys, *arguments)
        assert code == 2, arguments
        assert "sekisho: " in said.err
    assert log.read_bytes() == before
    assert pipe.is_fifo()


BEAT = """
title: Beat
id: beat
level: medium
logsource: {product: network, category: beacon}
detection:
  s: {beacon.count|gte: 20, beacon.jitter|lte: 0.1}
  condition: s
---
title: Twice
id: twice
level: high
correlation: {type: event_count, rules: [beat], group-by: [src_ip], timespan: 1d, condition: {gte: 2}, generate: true}
"""


def beating(path, destination):
    rows = [
        {"_path": "conn", "ts": 1795341600.5 + 60 * n, "uid": f"C{n}", "id.orig_h": "10.0.0.1", "id.orig_p": 5,
         "id.resp_h": destination, "id.resp_p": 443}
        for n in range(30)
    ]  # fmt: skip
    return str(write(path, rows))


def test_a_beat_that_all_pieces_together_show_is_found_and_joined(tmp_path, monkeypatch):
    rules, out = load([("beat.yml", BEAT)]), tmp_path / "found.jsonl"
    paths = [beating(tmp_path / f"{n}.log", f"203.0.113.{n}") for n in (1, 2)]
    found, statistics = detect(paths, rules, Options(statistics=True), lambda *_: None)
    assert statistics.uses["beat"].matched == 2
    assert (found.counts.levels()["medium"], found.counts.levels()["high"]) == (2, 1)

    def full(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="full"):
        patched.setattr("sekisho.app.detection._assemble", full)
        detect(paths, rules, Options(out=out), lambda *_: None)
    again, _ = detect(paths, rules, Options(out=out), lambda *_: None)
    assert again.resumed == 2
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(one["rule_id"] for one in told) == ["beat", "beat", "twice"]
    result = investigate(paths, rules)
    assert sorted(one.rule_id for one in result.findings) == ["beat", "beat", "twice"]
