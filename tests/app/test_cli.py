"""The command line: exit codes, messages that say what to do, and nothing lost to bad input."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sekisho.app import cli

MAIL = b"From: a@partner.example\r\nTo: b@corp.example\r\nSubject: hello\r\nMessage-ID: <1@partner.example>\r\n\r\nhello\r\n"


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def mail(tmp_path):
    path = tmp_path / "one.eml"
    path.write_bytes(MAIL)
    return path


def run(*words):
    return cli.main([str(word) for word in words])


def test_clean_is_zero(mail, capsys):
    assert run("scan", mail, "--lang", "en") == cli.CLEAN
    assert "CLEAN" in capsys.readouterr().out


def test_findings_are_one_and_json_is_whole(lab_case, tmp_path, capsys):
    out = tmp_path / "result.json"
    assert (
        run("investigate", lab_case / "evidence", "--json", out, "--html", tmp_path / "r.html", "--lang", "ja")
        == cli.FINDINGS
    )
    assert "悪性" in capsys.readouterr().out
    told = json.loads(out.read_text())
    assert told["schema"] == "sekisho/1"
    assert told["language"] == "ja"
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")


def test_json_to_standard_output_is_json_alone(mail, capsysbinary):
    assert run("scan", mail, "--json", "-") == cli.CLEAN
    assert json.loads(capsysbinary.readouterr().out)["verdict"] == "clean"


@pytest.mark.parametrize(
    "words",
    [
        ["scan", "no-such-file.eml"],
        ["investigate", "no-such-folder"],
        ["lab", "make", "no-such-case", "--out", "x"],
        ["scan", __file__, "--timezone", "Mars/Olympus"],
        ["scan", __file__, "--rules", "no-such-rules"],
        ["scan", __file__, "--json", "/no/such/folder/x.json"],
    ],
)
def test_wrong_use_is_two_and_says_why(words, capsys):
    assert run(*words) == cli.USAGE
    error = capsys.readouterr().err
    assert error.startswith("sekisho: ")
    assert "Traceback" not in error


def test_unknown_command_is_two():
    with pytest.raises(SystemExit) as ended:
        run("fly")
    assert ended.value.code == cli.USAGE


def test_what_cannot_be_read_is_three(tmp_path, capsys):
    broken = tmp_path / "broken.evtx"
    broken.write_bytes(b"ElfFile\0" + bytes(200))
    assert run("investigate", broken, "--lang", "en") == cli.PARTIAL
    assert "broken.evtx" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file_is_named(mail, capsys):
    mail.chmod(0)
    assert run("scan", mail) == cli.PARTIAL
    assert "cannot be read" in capsys.readouterr().out


def test_empty_folder_is_clean_and_named(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert run("investigate", tmp_path / "empty", "--lang", "en") == cli.CLEAN
    assert "empty folder" in capsys.readouterr().out


def test_broken_rule_is_named_and_the_rest_runs(lab_case, tmp_path, capsys):
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "broken.yml").write_text(
        "title: broken\nlogsource: {product: windows}\ndetection:\n  a: {B|nonsense: 1}\n  condition: a\n"
    )
    out = tmp_path / "result.json"
    assert run("investigate", lab_case / "evidence", "--rules", rules, "--json", out, "--quiet") == cli.FINDINGS
    (failed,) = json.loads(out.read_text())["rules"]["failed"]
    assert failed["path"].endswith("broken.yml")
    assert failed["line"] == 4
    assert "nonsense" in failed["reason"]


def test_an_internal_error_is_four_without_traceback(mail, monkeypatch, capsys):
    monkeypatch.setattr(cli, "_exit_code", lambda result: 1 / 0)
    assert run("scan", mail) == cli.INTERNAL
    error = capsys.readouterr().err
    assert "internal error at test_cli.py" in error
    assert "Traceback" not in error


def test_rules_are_cached_and_give_the_same(mail, tmp_path, capsys):
    assert run("scan", mail) == cli.CLEAN
    assert list((tmp_path / "cache" / "sekisho").glob("rules-*.pickle"))
    assert run("scan", mail) == cli.CLEAN


def test_a_spoiled_cache_is_ignored(mail, tmp_path):
    run("scan", mail)
    (kept,) = (tmp_path / "cache" / "sekisho").glob("rules-*.pickle")
    kept.write_bytes(b"\x80\x05spoiled")
    assert run("scan", mail) == cli.CLEAN


@pytest.mark.parametrize("command", [[], ["investigate"], ["scan"], ["lab"], ["lab", "make"]])
def test_help_has_examples_and_exit_codes(command, capsys):
    with pytest.raises(SystemExit):
        run(*command, "--help")
    shown = capsys.readouterr().out
    assert "examples:" in shown or "exit codes:" in shown


def test_doctor_names_the_jail(capsys):
    assert run("doctor") == cli.CLEAN
    assert "rlimit" in capsys.readouterr().out


def test_closed_pipe_makes_no_noise(lab_case):
    program = Path(sys.executable).with_name("sekisho")
    command = f"'{program}' scan '{lab_case}/evidence/mailboxes' | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_log_given_to_scan_is_not_called_clean(lab_case, capsys):
    log = lab_case / "evidence" / "endpoint" / "PC-0142.jsonl"
    assert run("scan", log, "--lang", "en") == cli.PARTIAL
    assert "sekisho investigate reads it" in capsys.readouterr().out


FITTED = """
title: Written in other names
id: 00000000-0000-4000-8000-0000000000aa
logsource: {product: windows, category: process_creation}
detection: {s: {program|endswith: \\a.exe}, condition: s}
level: high
"""


def fitted_titles(run_of, path):
    assert run_of() in (cli.CLEAN, cli.FINDINGS)
    return [finding["title"] for finding in json.loads(path.read_text(encoding="utf-8"))["findings"]]


def test_pipelines_fit_rules_and_are_part_of_what_is_cached(tmp_path, capsys):
    record = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "Computer": "PC-1", "Image": "C:\\a.exe"}
    (tmp_path / "a.jsonl").write_text(json.dumps({**record, "UtcTime": "2024-05-06 07:08:09.000"}) + "\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "r.yml").write_text(FITTED)
    names = tmp_path / "names.yml"
    out = tmp_path / "out.json"
    words = ("investigate", tmp_path / "a.jsonl", "--rules", tmp_path / "rules", "--json", out, "--jobs", "1")
    names.write_text("transformations: [{type: field_name_mapping, mapping: {program: Image}}]\nfinalizers: [a]\n")
    assert fitted_titles(lambda: run(*words), out) == []
    for _ in range(2):  # the second time from the cache
        assert fitted_titles(lambda: run(*words, "--pipeline", names), out) == ["Written in other names"]
        assert "names.yml: finalizers shape the query text" in capsys.readouterr().err
    names.write_text("transformations: [{type: field_name_mapping, mapping: {program: Other}}]\n")
    assert fitted_titles(lambda: run(*words, "--pipeline", names), out) == []


def test_a_pipeline_that_cannot_be_used_stops_the_run(mail, tmp_path, capsys):
    assert run("scan", mail, "--pipeline", "tm-v2") == cli.USAGE
    assert "tm-v2: no such pipeline file; our own are called tm-v1, windows" in capsys.readouterr().err
    (tmp_path / "p.yml").write_text("transformations:\n- type: field_mapping\n")
    assert run("scan", mail, "--pipeline", tmp_path / "p.yml") == cli.USAGE
    assert "p.yml:2: pipeline refused: unknown transformation 'field_mapping'" in capsys.readouterr().err
