"""Rules that are started from a skeleton."""

from datetime import date
from uuid import UUID

import pytest

from sekisho.app.rules.skeleton import KINDS, create
from sekisho.detect.rules import load, rule_documents
from sekisho.model.errors import ResponseError, SekishoError

DAY = date(2026, 1, 31)


def made(tmp_path, **given):
    options = {"kind": "mail", "title": "A: title's", "day": DAY, "folder": str(tmp_path / "rules"), **given}
    return create("one", **options)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "correlation"])
def test_a_skeleton_loads(tmp_path, kind):
    rule, hit, miss = made(tmp_path, kind=kind)
    assert rule == tmp_path / "rules" / kind / "one.yml"
    assert (hit, miss.name) == (tmp_path / "tests" / "rules" / kind / "one" / "hit.json", "miss.json")
    assert hit.read_text() == "[]\n"
    loaded = load([(str(rule), rule.read_text())])
    assert not loaded.failed
    assert (loaded.rules[0].title, loaded.rules[0].status) == ("A: title's", "experimental")
    assert UUID(loaded.rules[0].id).version == 4
    (document,) = rule_documents(str(rule), rule.read_text())
    assert document["date"] == "2026-01-31"


def test_a_logsource_of_its_own(tmp_path):
    (rule, *_) = made(tmp_path, kind="endpoint", logsource="windows//Security", samples=str(tmp_path / "s"))
    (one,) = load([(str(rule), rule.read_text())]).rules
    assert (one.logsource.product, one.logsource.category, one.logsource.service) == ("windows", "", "security")
    assert (tmp_path / "s" / "endpoint" / "one" / "hit.json").exists()


def test_a_correlation_has_no_samples_and_asks_for_its_rules(tmp_path):
    (rule,) = made(tmp_path, kind="correlation")
    (error,) = load([(str(rule), rule.read_text())]).failed
    assert "FILL_IN" in error.reason


def test_nothing_is_overwritten(tmp_path):
    (_, hit, miss) = made(tmp_path)
    hit.unlink()
    miss.write_text("mine")
    with pytest.raises(ResponseError, match="is there already"):
        made(tmp_path)
    assert not hit.exists()
    assert miss.read_text() == "mine"


@pytest.mark.parametrize("logsource", ["/", "a/b/c/d"])
def test_a_logsource_that_is_none(tmp_path, logsource):
    with pytest.raises(SekishoError, match="product/category/service"):
        made(tmp_path, logsource=logsource)
    assert not (tmp_path / "rules").exists()


@pytest.mark.parametrize("title", ["true", "- x", "a # b", "'", "日本語", "x\ny"])
def test_any_title_reads_back(tmp_path, title):
    (rule, *_) = made(tmp_path, title=title)
    assert load([(str(rule), rule.read_text())]).rules[0].title == " ".join(title.split())
