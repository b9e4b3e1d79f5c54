"""The rules commands as a user types them: exit codes, both languages, JSON, and errors that say what to do."""

import json
import tomllib
from pathlib import Path
from string import Formatter

import pytest

from sekisho.app import cli

WORDS = Path(cli.__file__).parent / "rules" / "words"
RULE = r"""title: Mshta Opens a Page
id: 3b6a5e4c-1d5e-4f44-9d0e-6a1f3d1f6b77
status: test
level: high
date: 2026-11-22
tags: [attack.stealth, attack.t1218.005]
logsource: {product: windows, category: process_creation}
detection:
  image:
    Image|endswith: '\mshta.exe'
  page:
    CommandLine|contains: ['http:', 'https:']
  filter:
    ParentImage|endswith: '\setup.exe'
  condition: image and page and not filter
"""
HIT = {"Image": r"C:\Windows\mshta.exe", "CommandLine": "mshta http://192.0.2.1/a"}
MISS = {"Image": r"C:\Windows\mshta.exe", "CommandLine": "mshta a.hta"}


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LANG", "C")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def rule(tmp_path):
    folder = tmp_path / "rules" / "endpoint"
    folder.mkdir(parents=True)
    (folder / "mshta_page.yml").write_text(RULE)
    return folder / "mshta_page.yml"


@pytest.fixture
def samples(tmp_path):
    def write(hits, misses):
        folder = tmp_path / "samples" / "endpoint" / "mshta_page"
        folder.mkdir(parents=True)
        (folder / "hit.json").write_text(json.dumps(hits))
        (folder / "miss_2.json").write_text(json.dumps(misses))
        return tmp_path / "samples"

    return write


def run(*words):
    return cli.main(["rules", *map(str, words)])


def asked(capsys, *words):
    code = run(*words, "--json")
    return code, json.loads(capsys.readouterr().out)


def test_check_says_nothing_of_a_good_rule(rule, samples, capsys):
    assert run("check", rule, "--samples", samples([HIT], [MISS])) == 0
    assert capsys.readouterr().out == "1 rules checked, nothing to say\n"


def test_check_names_file_and_line_and_counts(rule, tmp_path, capsys):
    rule.write_text(RULE.replace("CommandLine|", "ComandLine|").replace("level: high", "level: higher", 1))
    (rule.parent / "other.yml").write_text(RULE.replace("CommandLine|", "ComandLine|"))
    assert run("check", tmp_path / "rules", "--samples", tmp_path) == 1
    said = capsys.readouterr().out
    assert f"{rule}:4: error: cannot run: level 'higher' is not one of" in said
    assert f"{rule.parent}/other.yml:12: warning: events of windows/process_creation have no field ComandLine;" in said
    assert "did you mean CommandLine? [field_unknown]" in said
    assert "      1  error  cannot_run\n" in said
    assert "2 rules checked: 1 errors, 4 warnings" in said


def test_check_in_japanese_and_as_json(rule, capsys):
    rule.write_text(RULE.replace("attack.stealth", "attack.stealt"))
    assert run("check", rule, "--lang", "ja") == 1
    assert "警告: タグ attack.stealt は" in capsys.readouterr().out
    code, told = asked(capsys, "check", rule)
    assert code == 1
    assert (told["schema"], told["rules"]) == ("sekisho-check/1", 1)
    (one,) = told["problems"]
    assert (one["line"], one["severity"], one["code"]) == (6, "warning", "tactic_unknown")
    assert one["values"]["close"] == "attack.stealth"


def test_check_leaves_out_what_is_to_be_ignored(rule, capsys):
    rule.write_text(RULE.replace("attack.stealth", "attack.stealt"))
    assert run("check", rule, "--ignore", "tactic_unknown") == 0
    assert run("check", rule, "--ignore", "typo") == cli.USAGE
    assert "no such code; there are: cannot_run" in capsys.readouterr().err


def test_samples_that_do_what_they_should(rule, samples, capsys):
    assert run("test", rule.parents[1], "--samples", samples([HIT, HIT], [MISS])) == 0
    said = capsys.readouterr().out
    assert "Mshta Opens a Page   2/2     1/1  pass" in said
    assert "1 rules tested: 1 passed, 0 failed; 0 rules without samples" in said


def test_a_failed_hit_says_why_not(rule, samples, capsys):
    assert run("test", rule, "--samples", samples([HIT, MISS], [HIT])) == 1
    said = capsys.readouterr().out
    assert "1/2     0/1  FAIL" in said
    assert "hit.json#2: must match and does not" in said
    assert "✗ page: CommandLine contains “http:” or contains “https:” — is “mshta a.hta”" in said
    assert "miss_2.json#1: must not match and does" in said


def test_test_as_json(rule, samples, capsys):
    code, told = asked(capsys, "test", rule, "--samples", samples([MISS], [MISS]))
    assert code == 1
    (one,) = told["rules"]
    assert [(sample["word"], sample["passed"]) for sample in one["samples"]] == [("hit", False), ("miss", True)]
    assert one["samples"][0]["condition"]["parts"][1]["selection"] == "page"


def test_list_shows_what_is_loaded_and_what_cannot_run_last(rule, capsys):
    (rule.parent / "broken.yml").write_text(RULE.replace("|endswith", "|endwith"))
    assert run("list", "--rules", rule.parent, "--logsource", "windows/process_creation", "--technique", "T1218") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("high") and "Mshta Opens a Page" in line and "T1218.005" in line for line in lines)
    assert lines[-2] == "1 rules cannot run:"
    assert lines[-1].endswith("broken.yml:10: selection 'image', 'Image|endwith': unknown modifier 'endwith'")


def test_list_with_the_statistics_of_a_run(rule, tmp_path, capsys):
    (rule.parent / "idle.yml").write_text(RULE.replace("3b6a", "3b6b").replace("Opens", "Never Opens"))
    ran = {"routed": 90, "checked": 7, "matched": 2, "seconds": 0.25, "missing": ["ParentImage"]}
    stats = {"schema": "sekisho-stats/1", "events": 100, "rules": {"3b6a5e4c-1d5e-4f44-9d0e-6a1f3d1f6b77": ran}}
    (tmp_path / "stats.json").write_text(json.dumps(stats))
    words = ("list", "--rules", rule.parent, "--stats", "stats.json", "--sort", "cost")
    assert run(*words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:9] == ["high", "Mshta", "Opens", "a", "Page", "90", "2", "0.2500", "ParentImage"]
    assert any("Mshta Never Opens a Page" in line and "not run: no event had its logsource" in line for line in lines)
    assert "1 rules ran over 100 events, 1 of them matched" in lines
    code, told = asked(capsys, *words)
    assert code == 0
    assert told["rules"][0] | ran == told["rules"][0]
    assert [one["ran"] for one in told["rules"][:2]] == [True, False]


def test_explain_a_record_and_the_nearest_ones(rule, tmp_path, capsys):
    (tmp_path / "events.json").write_text(json.dumps([MISS, HIT, {}]))
    assert run("explain", rule, "events.json#2") == 0
    said = capsys.readouterr().out
    assert "✓ Mshta Opens a Page: matches  events.json#2" in said
    assert "✓ page: CommandLine contains “http:” or contains “https:” — is “mshta hxxp://192.0.2[.]1/a”" in said
    assert run("explain", rule, "events.json#1", "--lang", "ja") == 0
    said = capsys.readouterr().out
    assert "3 項目のうち 1 項目が違っていれば一致します" in said
    assert "イベントにないもの: ParentImage" in said
    assert run("explain", "mshta opens a page", "events.json", "--rules", rule.parent) == 0
    assert "1 of 3 records match. The first:" in capsys.readouterr().out


def test_explain_as_json_with_the_nearest_first(rule, tmp_path, capsys):
    (tmp_path / "events.json").write_text(json.dumps([{"Image": "x"}, MISS]))
    code, told = asked(capsys, "explain", "3b6a5e4c-1d5e-4f44-9d0e-6a1f3d1f6b77", "events.json", "--rules", rule.parent)
    assert code == 0
    assert (told["records"], told["matched"]) == (2, 0)
    assert [(one["record"], one["needed"]) for one in told["events"]] == [("2", 1), ("1", 2)]
    page = told["events"][0]["condition"]["parts"][1]
    assert (page["selection"], page["field"], page["found"]) == ("page", "CommandLine", ["mshta a.hta"])


def test_coverage_by_tactic_and_as_a_layer(rule, capsys):
    assert run("coverage", "--rules", rule.parent, "--navigator", "layer.json") == 0
    said = capsys.readouterr().out
    assert "stealth" in said
    assert "written: layer.json" in said
    layer = json.loads(Path("layer.json").read_text())
    assert {one["techniqueID"] for one in layer["techniques"]} >= {"T1218.005", "T1566.001"} - {"T1566.001"}
    assert layer["versions"]["layer"] == "4.5"


@pytest.mark.parametrize(("kind", "files"), [("mail", 3), ("endpoint", 3), ("correlation", 1)])
def test_new_writes_what_only_needs_filling_in(kind, files, capsys):
    assert run("new", "a_rule", "--kind", kind, "--title", "It's: a rule", "--out", "rules") == 0
    assert (
        len([path for path in Path().rglob("a_rule*") if path.is_file()]) + len([*Path("tests").rglob("*.json")])
        == files
    )
    capsys.readouterr()
    _, told = asked(capsys, "check", "rules")
    odd = {one["code"] for one in told["problems"]} - {"unfilled"}
    assert odd <= ({"cannot_run"} if kind == "correlation" else set())
    assert run("new", "a_rule", "--kind", kind, "--title", "again") == cli.USAGE
    assert "is there already" in capsys.readouterr().err


def test_placeholders_reach_every_command(rule, tmp_path, capsys):
    rule.write_text(RULE.replace("CommandLine|contains: ['http:', 'https:']", "User|expand: '%admins%'"))
    (tmp_path / "words.yml").write_text("admins: [root]\n")
    (tmp_path / "event.json").write_text(json.dumps({**HIT, "User": "ROOT"}))
    assert run("check", rule) == 1
    assert run("check", rule, "--placeholders", "words.yml") == 0
    capsys.readouterr()
    _, told = asked(capsys, "explain", rule, "event.json", "--placeholders", "words.yml")
    assert told["matched"] == 1
    _, told = asked(capsys, "list", "--rules", rule.parent, "--placeholders", "words.yml")
    assert told["failed"] == []
    _, told = asked(capsys, "list", "--rules", rule.parent)
    assert "placeholder %admins% has no values" in told["failed"][0]["reason"]
    (tmp_path / "words.yml").write_text("admins: [someone]\n")
    _, told = asked(
        capsys, "explain", "mshta_page", "event.json", "--rules", rule.parent, "--placeholders", "words.yml"
    )
    assert told["matched"] == 0, "the cache knows other values"


def test_pipelines_reach_test_and_explain(rule, samples, tmp_path, capsys):
    mapping = "transformations: [{type: field_name_mapping, mapping: {Image: exe, CommandLine: argv}}]\n"
    (tmp_path / "p.yml").write_text(mapping)
    hit = {"exe": HIT["Image"], "argv": HIT["CommandLine"]}
    folder = samples([hit], [MISS])
    assert run("test", rule, "--samples", folder) == 1
    assert run("test", rule, "--samples", folder, "--pipeline", "p.yml") == 0
    (tmp_path / "event.json").write_text(json.dumps(hit))
    capsys.readouterr()
    _, told = asked(capsys, "explain", rule, "event.json", "--pipeline", "p.yml")
    assert told["matched"] == 1
    assert told["events"][0]["condition"]["parts"][0]["selection"] == "image"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "nowhere"], "no such file or folder: nowhere"),
        (["test", "nowhere"], "no such file or folder: nowhere"),
        (["list", "--level", "higher"], "--level higher: one of informational"),
        (["list", "--sort", "cost"], "--sort cost needs --stats FILE"),
        (["list", "--stats", "nowhere"], "nowhere: No such file"),
        (["explain", "mshta_remot", "x.json"], "mshta_remot: no rule has this file, id or title"),
        (["explain", "mshta_remote", "x.json"], "x.json: No such file"),
        (["explain", "shortcut", "x.json"], "rules are called so"),
        (["check", ".", "--placeholders", "nowhere"], "nowhere: cannot be read"),
        (["coverage", "--navigator", "/proc/x/y"], "/proc/x/y: cannot be written"),
        (["new", "A-b", "--kind", "mail", "--title", "t"], "A-b: a rule's file name has"),
        (["new", "a", "--kind", "mail", "--title", "t", "--logsource", "a/b/c/d"], "a logsource is written"),
    ],
)
def test_wrong_use_says_what_to_do(words, said, capsys):
    assert run(*words) == cli.USAGE
    error = capsys.readouterr().err
    assert error.startswith("sekisho: ")
    assert said in error


def test_every_text_is_there_in_both_languages_with_the_same_values():
    english, japanese = (tomllib.loads((WORDS / f"{one}.toml").read_text()) for one in ("en", "ja"))
    assert english.keys() == japanese.keys()
    for key, text in english.items():
        names = [{name for _, name, _, _ in Formatter().parse(one) if name} for one in (text, japanese[key])]
        assert names[0] == names[1], key


def test_every_problem_has_words():
    from sekisho.detect.lint import CODES

    english = tomllib.loads((WORDS / "en.toml").read_text())
    assert {f"problem.{code}" for code in CODES} | {"problem.close"} == {one for one in english if "problem." in one}
