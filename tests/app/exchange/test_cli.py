"""The exchange commands as a user meets them."""

import json

import pytest

from sekisho.app import cli
from sekisho.app.exchange import cli as exchange
from sekisho.respond import document
from sekisho.respond.wording import Words


@pytest.fixture(scope="module")
def result_file(lab_result, tmp_path_factory):
    path = tmp_path_factory.mktemp("result") / "result.json"
    path.write_bytes(document.dump(lab_result, Words("en", lab_result.findings)))
    return str(path)


def test_nothing_is_written_unless_told(result_file, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", result_file, "--to", "csv", "--exercise", "--lang", "en"]) == 0
    out, said = capsys.readouterr()
    assert out == ""
    assert "198.51.100[.]23" in said
    assert "nothing (no --out)" in said
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_written_and_counted(result_file, tmp_path, capsys):
    out = tmp_path / "b.json"
    assert cli.main(["export", result_file, "--to", "stix", "--exercise", "--out", str(out), "--lang", "ja"]) == 0
    assert json.loads(out.read_text())["type"] == "bundle"
    assert "遮断可能" in capsys.readouterr().err


def test_own_domains_come_from_the_organisation(result_file, tmp_path, capsys):
    own = tmp_path / "corp.yml"
    own.write_text("domains: [hotel.example]\n")
    command = ["export", result_file, "--to", "csv", "--exercise", "--organisation", str(own), "--lang", "en"]
    assert cli.main(command) == 0
    assert "left out: reservation@hotel[.]example (your own or a partner's)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["export", "none.json", "--to", "csv"], "no such file"),
        (["export", "RESULT", "--to", "csv", "--incident", "i0"], "no incident i0"),
        (["export", "RESULT", "--to", "csv", "--out", "/nowhere/x"], "cannot be written"),
    ],
)
def test_mistakes_are_named(result_file, command, said, capsys):
    assert cli.main([result_file if word == "RESULT" else word for word in command]) == 2
    assert said in capsys.readouterr().err


def test_a_cut_result_is_no_traceback(result_file, tmp_path, capsys):
    cut = tmp_path / "cut.json"
    with open(result_file, "rb") as file:
        cut.write_bytes(file.read(5000))
    assert cli.main(["export", str(cut), "--to", "csv"]) == 2
    assert "no whole JSON document" in capsys.readouterr().err


def test_rules_are_written_one_a_file_or_all_in_one(result_file, lab_case, tmp_path, capsys):
    evidence = str(lab_case / "evidence" / "mailboxes" / "user01@corp.example")
    command = ["export", result_file, "--evidence", evidence, "--exercise", "--lang", "en", "--to"]
    assert cli.main([*command, "yara", "--out", str(tmp_path / "all.yar")]) == 0
    assert (tmp_path / "all.yar").read_text().count("rule sekisho_") == 1
    assert "offered: a rule for ACH Form.xls" in capsys.readouterr().err
    exchange._rules({"a.yml": "x", "b.yml": "y"}, f"{tmp_path}/rules/")
    assert (tmp_path / "rules" / "b.yml").read_text() == "y"
    assert cli.main(["export", result_file, "--to", "yara"]) == 2
    assert "--evidence" in capsys.readouterr().err


def test_indicators_are_imported_listed_expired_and_swept(result_file, tmp_path, capsys):
    feed, store = tmp_path / "feed.txt", str(tmp_path / "i.db")
    feed.write_text("198.51.100[.]23\n10.0.0.1\n")
    assert cli.main(["indicators", "import", str(feed), "--store", store, "--exercise", "--lang", "en"]) == 0
    assert "1 of 2 values kept" in capsys.readouterr().err
    assert cli.main(["indicators", "list", "--store", store]) == 0
    assert "198.51.100[.]23" in capsys.readouterr().out
    assert cli.main(["indicators", "list", "--store", store, "--csv"]) == 0
    assert "ip,198.51.100.23,50" in capsys.readouterr().out
    assert cli.main(["sweep", result_file, "--indicators", store, "--out", str(tmp_path / "h.jsonl")]) == 1
    assert json.loads((tmp_path / "h.jsonl").read_text().splitlines()[0])["level"] == "medium"
    assert cli.main(["indicators", "expire", "--store", store, "--lang", "en"]) == 0
    assert "0 values have expired" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["sweep", "RESULT"], "nothing to look for"),
        (["sweep", "--rules", "RESULT"], "nowhere to look"),
        (["sweep", "--data", "none", "--rules", "RESULT"], "sekisho ingest makes one"),
        (["sweep", "RESULT", "--rules", "RESULT", "--out", "/nowhere/x"], "cannot be written"),
        (["sweep", "RESULT", "--indicators", "none.db"], "no such store"),
        (["indicators", "list", "--store", "none.db"], "no such store"),
        (["indicators", "import", "RESULT", "--store", "/nowhere/x.db"], "is no store"),
        (["indicators", "import", "RESULT", "--store", "STORE", "--age", "ip=x"], "write kind=days"),
        (["investigate", "RESULT", "--indicators", "none.db"], "no such store"),
    ],
)
def test_mistakes_with_indicators_are_named(result_file, command, said, capsys, tmp_path):
    words = {"RESULT": result_file, "STORE": str(tmp_path / "s.db")}
    assert cli.main([words.get(word, word) for word in command]) == 2
    assert said in capsys.readouterr().err


def test_a_store_of_events_is_swept(lab_case, tmp_path, capsys):
    feed, store, out, data = tmp_path / "feed.txt", str(tmp_path / "i.db"), tmp_path / "h.jsonl", str(tmp_path / "d")
    feed.write_text("198.51.100[.]23\n")
    assert cli.main(["indicators", "import", str(feed), "--store", store, "--exercise"]) == 0
    assert cli.main(["ingest", str(lab_case / "evidence"), "--data", data, "--quiet"]) == 1
    out.write_text("what was there before\n")
    capsys.readouterr()
    for _ in range(2):
        assert cli.main(["sweep", "--data", data, "--indicators", store, "--out", str(out), "--lang", "ja"]) == 1
        assert "198.51.100[.]23" in capsys.readouterr().err
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {row["rule_id"] for row in rows} == {rows[0]["rule_id"]}
    assert cli.main(["indicators", "list", "--store", store]) == 0
    assert int(capsys.readouterr().out.split()[3]) == len(rows)
    assert cli.main(["sweep", "--data", data, "--indicators", store, "--out", "-"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == len(rows)


def test_investigate_adds_findings_of_indicators_and_changes_nothing_else(lab_case, tmp_path, capsys):
    feed, store, out = tmp_path / "feed.txt", str(tmp_path / "i.db"), tmp_path / "r.json"
    feed.write_text("198.51.100[.]23\n")
    assert cli.main(["indicators", "import", str(feed), "--store", store, "--exercise"]) == 0
    log = str(next((lab_case / "evidence" / "endpoint").glob("PC-0142*")))
    cli.main(["investigate", log, "--quiet", "--json", str(tmp_path / "plain.json")])
    cli.main(["investigate", log, "--quiet", "--json", str(out), "--indicators", store])
    plain, more = (json.loads(path.read_text())["findings"] for path in (tmp_path / "plain.json", out))
    added = [one for one in more if one not in plain]
    assert [one for one in plain if one not in more] == []
    assert {one["title"] for one in added} == {"Known Bad Address"}


def test_an_advisory_is_printed_or_written(result_file, tmp_path, capsys):
    command = ["advisory", result_file, "--for", "staff", "--exercise", "--lang", "ja"]
    assert cli.main(command) == 0
    assert "注意喚起" in capsys.readouterr().out
    assert cli.main([*command, "--format", "pdf", "--out", str(tmp_path / "a.pdf")]) == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
