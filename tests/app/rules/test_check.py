"""The checker on our own rules."""

from pathlib import Path

from sekisho.app.rules._texts import Texts
from sekisho.app.rules.check import check, document

ROOT = Path(__file__).parents[3]


def test_our_own_rules_have_nothing_said_about_them():
    found = check([str(ROOT / "rules")], samples=str(ROOT / "tests" / "rules"))
    assert document(found, Texts("en"))["problems"] == []
    assert found.rules >= 48


def test_progress_names_each_file_twice(tmp_path):
    (tmp_path / "one.yml").write_text("title: x")
    seen = []
    check([str(tmp_path)], progress=lambda *words: seen.append(words))
    assert seen == [("rules", 1, 1, f"{tmp_path}/one.yml"), ("check", 1, 1, f"{tmp_path}/one.yml")]


def test_a_rule_without_samples_is_named_when_its_status_needs_them(tmp_path):
    text = "title: x\nstatus: {}\nlogsource: {{product: windows}}\ndetection: {{a: {{B: c}}, condition: a}}\n"
    for status in ("test", "stable", "experimental"):
        (tmp_path / f"{status}.yml").write_text(text.format(status).replace("title: x", f"title: {status}"))
    found = check([str(tmp_path)], samples=str(tmp_path))
    named = [(Path(one.path).stem, dict(one.values)["word"]) for one in found.problems if one.code == "sample_missing"]
    assert named == [("stable", "hit"), ("stable", "miss"), ("test", "hit"), ("test", "miss")]
