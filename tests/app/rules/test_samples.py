"""Where samples of a rule are looked for."""

from pathlib import Path

import pytest

from sekisho.app.rules.samples import AbsentError, Sample, beside, find, regression
from sekisho.detect.rules import rule_documents
from sekisho.model.errors import RuleError

INFO = """regression_tests_info:
  - {name: Positive, type: evtx, match_count: 2, path: regression_data/r/a.evtx}
  - {name: Positive, type: evtx, path: regression_data/r/b.evtx}
"""


def made(folder, *names):
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("[]")
    return folder


def rule_with(named):
    (document,) = rule_documents("x.yml", f"title: x\nregression_tests_path: {named}\n")
    return document


def test_samples_lie_under_the_folders_of_the_rule(tmp_path):
    place = made(
        tmp_path / "samples" / "mail" / "one", "hit.json", "hit_2.evtx", "miss-1.json", "notes.txt", "hitch.json"
    )
    found, files = find(str(tmp_path / "rules" / "mail" / "one.yml"), tmp_path / "samples")
    assert found == place
    assert [(one.path.name, one.word) for one in files] == [
        ("hit.json", "hit"),
        ("hit_2.evtx", "hit"),
        ("miss-1.json", "miss"),
    ]


def test_the_folder_that_should_be_there_is_named(tmp_path):
    assert find("/rules/mail/one.yml", tmp_path) == (tmp_path / "mail" / "one", [])


def test_samples_beside_the_rule(tmp_path):
    made(tmp_path / "one", "miss.json")
    assert beside(str(tmp_path / "one.yml")) == [Sample(tmp_path / "one" / "miss.json", "miss")]
    assert beside(str(tmp_path / "two.yml")) == []


def test_the_layout_of_public_rules(tmp_path):
    made(tmp_path / "regression_data" / "r", "info.yml")
    (tmp_path / "regression_data" / "r" / "info.yml").write_text(INFO)
    rule = str(tmp_path / "rules" / "deep" / "one.yml")
    found = list(regression(rule, rule_with("regression_data/r/info.yml")))
    assert [(one.path, one.wanted) for one in found] == [
        (tmp_path / "regression_data" / "r" / "a.evtx", 2),
        (tmp_path / "regression_data" / "r" / "b.evtx", None),
    ]
    assert list(regression(rule, rule_with("null"))) == []
    with pytest.raises(AbsentError, match="regression_data/other"):
        list(regression(rule, rule_with("regression_data/other/info.yml")))


@pytest.mark.parametrize("where", ["../../etc/passwd", "/etc/passwd", "5"])
def test_a_path_that_leaves_the_repository_is_refused(tmp_path, where):
    made(tmp_path / "data", "info.yml")
    (tmp_path / "data" / "info.yml").write_text(f"regression_tests_info: [{{path: {where}}}]")
    with pytest.raises(RuleError, match="no path inside the repository"):
        list(regression(str(tmp_path / "one.yml"), rule_with("data/info.yml")))


def test_our_own_samples_are_found():
    root = Path(__file__).parents[3]
    for rule in (root / "rules").rglob("*.yml"):
        assert {one.word for one in find(str(rule), root / "tests" / "rules")[1]} == {"hit", "miss"}
