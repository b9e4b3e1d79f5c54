"""Tuning from end to end: what is suppressed weighs nothing, and is told in every view and language."""

import json
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from sekisho.app import cli, ruleset, tuning
from sekisho.model.errors import RuleError

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "reference" / "result.schema.json").read_text())
RUN_KEY = """
- rule: Run Key Starts a Loader
  host: PC-0142
  user: 'CORP\\user01'
  match: {Image|endswith: '\\rundll32.exe'}
  until: 2999-12-31
  reason: "Accepted; ticket CSIRT-412"
"""
EVERYTHING = "- {rule: any, host: 'PC-0*', reason: exercise}\n"


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def told(lab_case, tmp_path, monkeypatch, capsys):
    """Give a function that runs a command with a tuning file: exit code, JSON, what was printed, the page."""
    monkeypatch.chdir(tmp_path)

    def run(text, *words, evidence="evidence/endpoint/PC-0142.jsonl", lang="en"):
        Path("t.yml").write_text(text)
        paths = [str(lab_case / evidence), "--tuning", "t.yml", "--json", "r.json", "--lang", lang]
        pages = ["--html", "r.html"] if "scan" not in words else []
        code = cli.main([*(words or ("investigate",)), *paths, *pages])
        result = json.loads(Path("r.json").read_text())
        jsonschema.validate(result, SCHEMA)
        return code, result, capsys.readouterr().out, Path("r.html").read_text() if pages else ""

    return run


def by_title(result, title):
    return [one for one in result["findings"] if one["title"] == title]


def test_one_finding_less_and_the_rest_stands(told, lab_case):
    code, before, printed, _ = told("- {rule: 'Run Key Starts a Loader', host: elsewhere, reason: x}\n")
    assert (code, len(by_title(before, "Run Key Starts a Loader"))) == (cli.FINDINGS, 1)
    assert before["tuning"][0]["state"] == "unused"
    assert "findings suppressed by tuning: 0" in printed

    code, after, _, _ = told(RUN_KEY)
    assert (code, after["verdict"]) == (cli.FINDINGS, "malicious")
    gone = by_title(before, "Run Key Starts a Loader")
    assert after["findings"] == [one for one in before["findings"] if one not in gone]
    assert gone[0]["id"] not in after["incidents"][0]["findings"]
    assert after["tuning"] == [
        {
            "entry": 1,
            "path": "t.yml",
            "line": 2,
            "state": "active",
            "action": "exclude",
            "reason": "Accepted; ticket CSIRT-412",
            "until": "2999-12-31",
            "suppressed": 1,
            "changed": 0,
            "by_rule": [{"rule_id": gone[0]["rule_id"], "title": "Run Key Starts a Loader", "findings": 1}],
            "unknown": [],
            "error": None,
        }
    ]


@pytest.mark.parametrize(
    ("lang", "said", "heading"),
    [
        ("en", "findings suppressed by tuning: 1 · entries in use: 1", "<h2>Tuning</h2>"),
        ("ja", "チューニングで抑制した検出: 1 · 有効な項目: 1", "<h2>チューニング</h2>"),
    ],
)
def test_every_view_tells_it_in_both_languages(told, lang, said, heading):
    _, _, printed, page = told(RUN_KEY, lang=lang)
    assert said in printed
    assert "t.yml:2: " in printed
    assert "Accepted; ticket CSIRT-412" in printed
    assert said in page
    assert heading in page
    assert "Accepted; ticket CSIRT-412" in page


def test_without_a_tuning_file_no_view_speaks_of_it(lab_case, tmp_path, capsys):
    words = [str(lab_case / "evidence/endpoint/PC-0142.jsonl"), "--json", str(tmp_path / "r.json"), "--lang", "en"]
    cli.main(["investigate", *words, "--html", str(tmp_path / "r.html")])
    assert json.loads((tmp_path / "r.json").read_text())["tuning"] == []
    assert "uning" not in capsys.readouterr().out + (tmp_path / "r.html").read_text()


def test_what_is_suppressed_has_no_part_in_verdict_incident_and_exit_code(told):
    _, before, _, _ = told("- {rule: any, host: elsewhere, reason: x}\n")
    known = len(before["findings"])
    code, result, printed, _ = told(EVERYTHING)
    assert (code, result["verdict"], result["incidents"], result["findings"]) == (cli.CLEAN, "clean", [], [])
    assert result["events"] == []
    assert result["tuning"][0]["suppressed"] == sum(one["findings"] for one in result["tuning"][0]["by_rule"]) == known
    assert f"findings suppressed by tuning: {known} ·" in printed


def test_files_are_judged_by_what_is_left(told):
    mail = "evidence/mailboxes/user04@corp.example"
    _, before, _, _ = told("- {rule: any, user: nobody, reason: x}\n", "scan", evidence=mail)
    heavy = next(one for one in before["artifacts"] if one["name"] == "ACH Form.xls")
    title = "Obfuscated Macro Executes"
    assert title in {reason["text"] for reason in heavy["reasons"]}

    text = f"- {{rule: {title}, user: user04, match: {{name|endswith: .xls}}, reason: x}}\n"
    _, after, _, _ = told(text, "scan", evidence=mail)
    left = next(one for one in after["artifacts"] if one["name"] == "ACH Form.xls")
    assert left["reasons"] == [reason for reason in heavy["reasons"] if reason["text"] != title]

    code, result, _, _ = told("- {rule: any, user: user04@*, level: informational, reason: x}\n", "scan", evidence=mail)
    assert (code, result["verdict"]) == (cli.CLEAN, "clean")
    assert {(one["level"], one["weight"]) for one in result["findings"]} == {("informational", 0.0)}
    assert {"critical", "high", "medium", "low"} == {one["level_of_rule"] for one in result["findings"]}
    assert result["tuning"][0]["changed"] == len(result["findings"]) == len(before["findings"])


def test_a_disabled_rule_does_not_run_and_is_counted(told):
    _, result, printed, _ = told("- {rule: Run Key Starts a Loader, action: disable, reason: x}\n")
    assert by_title(result, "Run Key Starts a Loader") == []
    loaded = ruleset.load([], cache=False)
    own = len(loaded) + len(loaded.correlations)
    assert (result["rules"]["loaded"], result["rules"]["disabled"]) == (own - 1, 1)
    (entry,) = result["tuning"]
    assert (entry["state"], entry["suppressed"]) == ("active", 0)
    assert [(one["title"], one["findings"]) for one in entry["by_rule"]] == [("Run Key Starts a Loader", 0)]
    assert "rules disabled: 1" in printed


def test_expired_unknown_and_broken_entries_are_named(told):
    text = (
        EVERYTHING.replace("reason", "until: 2020-01-01, reason")
        + "- {rule: no-such-rule, reason: old}\n- {rule: any}\n"
    )
    code, result, printed, page = told(text)
    assert (code, result["verdict"]) == (cli.FINDINGS, "malicious")
    assert [one["state"] for one in result["tuning"]] == ["expired", "unknown_rule", "failed"]
    assert result["tuning"][1]["unknown"] == ["no-such-rule"]
    for line in (
        "expired: 1 · names no loaded rule: 1 · cannot be used: 1",
        "t.yml:1: expired · 2020-01-01 · exercise",
        "t.yml:2: names no loaded rule · no-such-rule · old",
        "t.yml:3: cannot be used · reason is missing: say why the entry is there",
    ):
        assert line in printed
    for word in ("2020-01-01", "no-such-rule", "reason is missing"):
        assert word in page


def test_several_files_are_one_tuning(told, tmp_path):
    (tmp_path / "second.yml").write_text(EVERYTHING)
    code, result, _, _ = told(RUN_KEY, "investigate", "--tuning", "second.yml")
    assert code == cli.CLEAN
    assert [(one["path"], one["state"]) for one in result["tuning"]] == [("second.yml", "active"), ("t.yml", "unused")]


@pytest.mark.parametrize("path", ["missing.yml", "."])
def test_a_file_that_is_none_is_wrong_use(path, lab_case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["scan", str(lab_case / "evidence"), "--tuning", path]) == cli.USAGE
    assert path in capsys.readouterr().err


def test_the_date_is_an_argument(tmp_path):
    path = tmp_path / "t.yml"
    path.write_text("\ufeff- {rule: any, host: a, until: 2027-03-31, reason: x}\n")
    rules = ruleset.load([], cache=False)
    for today, expired in ((date(2027, 3, 31), False), (date(2027, 4, 1), True)):
        assert tuning.read([str(path)], rules, today).entries[0].expired == expired
    assert tuning.read([], rules).entries == ()
    with pytest.raises(RuleError, match="cannot be read"):
        tuning.read([str(tmp_path)], rules)


def test_the_example_in_the_guide_can_be_used(tmp_path):
    guide = Path(__file__).parents[2] / "docs" / "guide" / "tuning.md"
    path = tmp_path / "t.yml"
    path.write_text(guide.read_text().split("```yaml\n")[1].split("```")[0])
    made = tuning.read([str(path)], ruleset.load([], cache=False))
    assert made.failed == ()
    assert [one.line for one in made.entries] == [2, 12, 16, 22, 25, 30]


def test_check_shows_what_each_entry_would_apply_to(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("good.yml").write_text(RUN_KEY)
    assert cli.main(["tuning", "check", "good.yml"]) == cli.CLEAN
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == "good.yml:2: exclude · rules: 1 · until 2999-12-31 · Accepted; ticket CSIRT-412"
    assert second.startswith("    Run Key Starts a Loader (critical, ")
    assert last.startswith("entries: 1 · cannot be used: 0 · rules loaded: ")

    Path("bad.yml").write_text(
        "- {rule: [mail/*, nonsense], level: low, reason: a}\n- {rule: any, host: b, until: 2020-01-01, reason: c}\n- d\n"
    )
    assert cli.main(["tuning", "check", "bad.yml"]) == cli.FINDINGS
    printed = capsys.readouterr().out
    mails = len(list((ruleset.own_rules() / "mail").glob("*.yml")))
    assert f"bad.yml:1: level low · rules: {mails} · a\n" in printed
    assert f"    and {mails - tuning.RULES_SHOWN} more\n    no such rule is loaded: nonsense\n" in printed
    assert "bad.yml:2: exclude · every rule · expired 2020-01-01 · c\n" in printed
    assert "bad.yml: cannot be used: entry 3 is no mapping\n" in printed


def test_check_knows_the_rules_it_is_given(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rule = "title: Of mine\nlogsource: {product: windows}\ndetection: {s: {A: b}, condition: s}\n"
    (tmp_path / "mine").mkdir()
    Path("mine/r.yml").write_text(rule)
    Path("t.yml").write_text("- {rule: mine/r.yml, reason: x}\n")
    assert cli.main(["tuning", "check", "t.yml"]) == cli.FINDINGS
    assert cli.main(["tuning", "check", "t.yml", "--rules", "mine"]) == cli.CLEAN
    assert "    Of mine (low, " in capsys.readouterr().out
    assert cli.main(["tuning", "check", "t.yml", "--rules", "nowhere"]) == cli.USAGE
