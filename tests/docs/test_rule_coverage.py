"""The page of rules that cannot run."""

import importlib.util
from pathlib import Path

import pytest

RULE = "title: {0}\nlogsource: {{product: windows}}\ndetection: {{a: {{B|{1}: c}}, condition: a}}\n"


@pytest.fixture(scope="module")
def coverage():
    spec = importlib.util.spec_from_file_location(
        "rule_coverage", Path(__file__).parents[2] / "docs" / "rule_coverage.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_rule_that_cannot_run_is_named_and_the_rest_counted(coverage, tmp_path):
    for name in coverage.SETS:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "good.yml").write_text(RULE.format(name, "contains"))
    (tmp_path / "tm-v1-sigma" / "bad.yml").write_text(RULE.format("bad", "containz"))
    page = "".join(coverage.lines(tmp_path))
    assert "5 rules were read; 1 cannot run." in page
    assert "| tm-v1-sigma/bad.yml | 3 | selection 'a', 'B\\|containz': unknown modifier 'containz' |" in page
    assert "| tm-v1-sigma | 2 | 1 | 1 |" in page
    assert "| contains | 4 |" in page
